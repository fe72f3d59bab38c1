myelin synapse make single:units=50,patterns=4,coefficient=one --out a.npz -q >/dev/null
t synapse show a.npz --pattern 1
t synapse show single:units=3,patterns=1,times=equal
t synapse show poisson:patterns=2,units=5,rate=0
t synapse show single:units=2,patterns=2 --json
t --json synapse show single:units=1,patterns=1 --seed 8
