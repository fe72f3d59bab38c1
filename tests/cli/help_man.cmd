t man --help
