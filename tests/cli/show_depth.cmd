# Modules in place of nodes.
t show 8C3-BN-LIF-MP2-16C3-BN-LIF-FC20-LIF-FC10 --input 1x8x8 --depth auglocal:a=1
t show 8C3-LIF-12C3-LIF-FC10 --input 1x8x8 --depth greedy --json
t show 8C3-LIF-FC10 --input 1x8x8 --depth global
t show 8C3-LIF-FC10 --depth greedy --yaml
t show 8C3-LIF-8C3-LIF-FC10 --depth auglocal:a=99
myelin train --net 4C3-LIF-4C3-LIF-FC2 --data idx --data-dir "$DATA" --batch 16 --epochs 1 --threads 1 --depth dgl:modules=2 --out run 2>&1 >/dev/null | sed -E '1s/[a-z0-9]+$/KERNELS/; s#(folder) .*#\1#'
grep -oE '"modules":[0-9]+,"auxiliary_weights":[0-9]+' run/metrics.jsonl
grep -oE 'The network is cut into <b>[^<]*</b>' run/report.html
grep -c '(auxiliary)' run/report.html
# Their neurons are no part of a test.
tail -2 run/metrics.jsonl | grep -oE '"rates":\{[^}]*\}' | sed -E 's/[0-9.e-]+([,}])/N\1/g'
t show run --depth dgl
t plan --net 4C3-ReLU-4C3-ReLU-FC2 --input 1x8x8 --neuron relu --T 1 --batch 2 --threads 1 --depth greedy
myelin plan --net 4C3-ReLU-4C3-ReLU-FC2 --input 1x8x8 --neuron relu --T 1 --batch 2 --depth greedy --json | grep -oE '"(modules|auxiliary_macs|auxiliary_weights)":[0-9.]+|"node":"aux0.fc1"|"auxiliary":true'
