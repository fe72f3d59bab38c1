t data --help
