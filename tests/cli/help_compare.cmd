# The configuration's own rows belong to another test.
myelin compare --help | sed '/^configuration/,/^examples/d'
