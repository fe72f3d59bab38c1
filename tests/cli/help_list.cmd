t list --help
