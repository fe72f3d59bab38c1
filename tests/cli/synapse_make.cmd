t synapse make poisson:patterns=6,units=60,classes=3 --out a.npz
t synapse make single:units=4,patterns=3,coefficient=one --out a.npy --seed 3 --json
# noise and coefficients of a file that was written
t synapse make a.npz --noise "jitter:sd=2 delete:share=0.5" --ordinary --out b.npz -q
t synapse make file:path=a.npz,hold_out=0.5 --split test --out c.npz -q --data-dir .
# the same command makes the same file
myelin synapse make poisson --out 1.npz -q >/dev/null
myelin synapse make poisson --out 2.npz -q >/dev/null
cmp 1.npz 2.npz && echo same
# a pattern without spikes fits into an archive alone
t synapse make poisson:rate=0,patterns=1 --out d.npz -q
t synapse make d.npz --out d.npy
ls
