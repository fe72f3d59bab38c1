t version --help
