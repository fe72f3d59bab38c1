# Defaults, then the file, then the options in their order.
printf 'epochs: 7\nstep: {name: sgd, lr: 0.3}\nT: 9\n' >c.yaml
myelin train c.yaml --T 2 --set step.momentum=0.5 --set T=3 --print-config | grep -E '^(epochs|step|T):' | sed 's/ *#.*//'
# A folder for --data says what it holds.
mkdir mnist
myelin train --data ./mnist --print-config | grep -E '^data(_dir)?:' | sed 's/ *#.*//'
myelin train --data "$DATA" --print-config | grep -E '^data:' | sed 's/ *#.*//'
