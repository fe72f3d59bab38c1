t verify --help
