t trian
t --frobnicate
t train --epoch 3
t train --epochs
t train --epochs x
t train --set foo
t train --set step.lrr=1
t train --time bppt
t train a b
t train --resume
t train --net 8Q3 --data idx --data-dir "$DATA"
t show
t show 8C3 --input 3x3
t list tim
t list time bpt
t data look idx
t data info
t completion zsh
t man train
t doctor --threads 1000
myelin doctor --kernels nonsense 2>&1 | head -1
