# Ctrl-C: the step is finished, the state saved, the exit code 130; then the run goes on.
set -m
myelin train --data idx --data-dir "$DATA" --net 64C3-LIF-64C3-LIF-64C3-LIF-FC2 --T 8 --batch 4 --epochs 2000 --threads 1 --out run >out 2>err &
for i in $(seq 100); do
    [ -s out ] && break
    sleep 0.1
done
kill -INT $!
wait $!
echo "-> $?"
grep -E 'stop' err
ls run/last.safetensors
myelin train run --resume --epochs 1 -q >/dev/null 2>&1 </dev/null
echo "-> $?"
