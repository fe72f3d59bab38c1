# Shapes, not contents: a new method must not break this.
myelin list 2>/dev/null | head -1
for kind in time depth sample step neuron node net dataset loss; do
    myelin list 2>/dev/null | grep -c "^$kind " | sed "s/^/$kind /"
done
myelin list time 2>/dev/null | head -1
myelin list time 2>/dev/null | grep -o '^bptt '
t list step sgd -q
myelin list --json | head -1 | grep -oE '"(kind|methods|question)"'
myelin list loss ce_mean --json | grep -oE '"(kind|name|params|default)"' | sort -u
