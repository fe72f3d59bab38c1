t show --help
