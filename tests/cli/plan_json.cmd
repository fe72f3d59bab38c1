myelin plan --net 8C3-LIF-FC10 --input 1x28x28 --json | tee json | grep -oE '"(peak_bytes|kept_bytes|run_bytes|nodes)"'
wc -l <json
myelin plan --net 8C3-LIF-FC10 --input 1x28x28 --compare time --json | grep -c '"peak_bytes"' | awk '{print ($1 >= 2)}'
myelin plan --net 8C3-LIF-FC10 --input 1x28x28 --memory 64M --json | tail -1 | grep -oE '"(asked|memory_bytes|batch|peak_bytes)"'
