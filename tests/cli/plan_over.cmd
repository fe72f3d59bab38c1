# Time rules over a list of steps; what is refused says why.
plan() { myelin plan --net 8C3-BN-LIF-MP2-FC10 --input 1x28x28 --batch 16 --threads 2 --compare time "$@"; }
plan | sed -E 's/ +/ /g'
plan --T 1,4 --time sltt:K=4 --loss ce_step --html plan.html | sed -E 's/ +/ /g'
grep -oE "<h1>[^<]*</h1>|Planned peak over time steps</text>" plan.html
plan --T 1,2 --json | grep -cE '^\{"method":"[a-z]+[^"]*","T":[12],"(peak_bytes|refused)":'
# One number: what each rule keeps as well.
plan --T 4 | sed -E 's/ +/ /g; s/[0-9]+\.[0-9]{3}$/N/'
t plan --net FC10 --input 10 --compare time --T 2,x
t plan --net FC10 --input 10 --compare time --T 0,1
t plan --net FC10 --input 10 --T 1,2
t plan --net FC10 --input 10 --compare time --T 2 --html plan.html
t plan --net FC10 --input 10 --compare time --html /nowhere/plan.html --T 1,2
