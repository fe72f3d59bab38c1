# The configuration's own rows belong to another test.
myelin plan --help | sed '/^configuration/,/^examples/d'
