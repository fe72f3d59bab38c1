t eval --help
