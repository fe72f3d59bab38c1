t convert --help
