# Depth rules beside backpropagation and its checkpoints; what is refused says why.
plan() { myelin plan --batch 16 --threads 2 --compare depth "$@"; }
# Ratios of sizes are as steady as sizes; what a checkpoint keeps and counts is for its own tests.
table() { sed -E '/checkpoint=[^n]/d; s/(checkpoint=node).*/\1/; s/ +/ /g; s/(iB) [0-9.]+/\1 RATIO/'; }
net() { plan --net 8C3-BN-ReLU-MP2-12C3-BN-ReLU-FC16-ReLU-FC10 --input 1x12x12 --neuron relu --T 1 "$@"; }
net | table
net --json | sed -E '/checkpoint=[^n]/d; s/"peak_bytes":[0-9]+,"peak_ratio":[0-9.]+/"peak_bytes":SIZE,"peak_ratio":RATIO/; /checkpoint=node/s/"macs.*/.../'
# A rule that was given has a line of its own, once; rivals of a time rule without checkpoints.
plan --net 8C3-LIF-MP2-12C3-LIF-8C3-LIF-FC10 --input 1x12x12 --T 2 --time rate --depth auglocal:a=1,tau=1 | table
net --depth auglocal | grep -c auglocal
# Nothing to cut.
plan --net FC10 --input 20 | table
t plan --net 8Q3 --input 20 --compare depth
t show FC10 --input 20 --depth dgl
t plan --net FC10 --input 20 --depth dgl
t plan --net 8C3-ReLU-8C3-ReLU-FC10 --input 1x8x8 --depth auglocal:a=99
t plan --net 8C3-ReLU-8C3-ReLU-FC10 --input 1x8x8 --depth auglocl
