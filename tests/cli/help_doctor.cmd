t doctor --help
