# Rules of depth bring two columns, also to what an older run is read from.
compare() { myelin compare --data idx --data-dir "$DATA" --net 4C3-LIF-4C3-LIF-4C3-LIF-FC2 --batch 16 --epochs 1 --threads 1 --depth 'global;auglocal:a=1' --out cmp -q "$@" | sed -E 's/ +/ /g; s/ % [0-9.]+( [kM])? / % SPEED /'; }
compare | head -3
compare --resume | head -3
grep -oE '"macs":[0-9.]+,"modules":[0-9.]+' cmp/compare.jsonl
grep -oE '<th class="n">(modules|step MACs)</th>|Multiply-adds of a training step' cmp/compare.html
myelin compare --data idx --data-dir "$DATA" --net 4C3-LIF-FC2 --batch 16 --epochs 1 --threads 1 --T 1,2 --out other -q >/dev/null
grep -c "step MACs" other/compare.html || true
