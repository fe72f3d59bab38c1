# The configuration's own rows belong to another test.
myelin train --help | sed '/^configuration/,/^examples/d'
