# Exit code 4: planned memory over the limit, before anything is allocated.
t train --data idx --data-dir "$DATA" --net 8C3-LIF-FC2 --memory 100K --out run -q
myelin plan --net 8C3-LIF-FC10 --input 1x28x28 --memory 100K >out
echo "-> $?"
grep -c 'does not fit' out
