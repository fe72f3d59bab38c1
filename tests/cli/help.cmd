t --help
t help list
t list -h
