t synapse capacity --units 20 --load 6,0.5 --runs 2 --epochs 300
# numbers alone, and those that never came about
myelin synapse capacity --units 20 --load 6 --runs 1 --epochs 20 --json 2>/dev/null | sed -E 's/"seconds":[0-9.e-]+/"seconds":SECONDS/'
# threads make no difference
for n in 1 3; do
    myelin synapse capacity --units 20 --load 0.5,1 --runs 3 --epochs 100 -q --threads $n >$n.txt
done
cmp 1.txt 3.txt && echo same
