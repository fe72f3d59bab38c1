t gradcheck --help
