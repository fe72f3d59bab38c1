t completion --help
