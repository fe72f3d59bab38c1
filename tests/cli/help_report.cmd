t report --help
