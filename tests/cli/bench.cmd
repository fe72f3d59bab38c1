myelin bench 4C3-LIF-FC3 --input 1x6x6 --batch 2 --rounds 3 --json | tee json | grep -oE '"(time|median_s|memory_bytes)"'
wc -l <json
myelin bench 4C3-LIF-FC2 --data idx --data-dir "$DATA" --batch 2 --rounds 1 --time bptt --infer | head -1 | sed -E 's/ +/ /g'
printf '2\n1\n' | myelin bench 4C3-LIF-FC3 --input 1x6x6 --batch 2 --time bptt --serve | grep -oE '"[a-z_]+":' | tr -d '\n'
echo
printf '0\n' | myelin bench 4C3-LIF-FC3 --input 1x6x6 --batch 2 --time bptt --serve >/dev/null
t bench 4C3-LIF-FC3 --input 1x6x6 --serve
t bench 4C3-LIF-FC3 --input 1x6x6 --time bptt --weights none.safetensors
