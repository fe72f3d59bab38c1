myelin train --data idx --data-dir "$DATA" --net 4C3-LIF-FC2 --T 2 --batch 16 --epochs 2 --threads 1 --out run --json -q >json
grep -oE '"event":"[a-z]+"' json
tail -1 json | grep -oE '"[a-z_]+":' | tr -d '\n'
echo
