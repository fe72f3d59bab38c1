# Policies of data pruning: ratios for each that has some, two columns, a figure.
steady() { sed -E 's/ +/ /g; s/ % [0-9.]+( [kM])? / % SPEED /; s/[0-9.]+ ± //'; }
compare() { myelin compare --data idx --data-dir "$DATA" --net FC2 --T 1 --batch 4 --epochs 4 --threads 1 --out cmp -q "$@" | steady; }
compare --sample 'all;random;short' --rho 0.25,0.5 | head -6
ls cmp
grep -oE '"visited":[0-9.]+' cmp/compare.jsonl
# Finished runs are kept, with what they visited.
compare --sample all,random,short --rho 0.25,0.5 --resume | head -6
grep -c visited cmp/compare.jsonl
grep -oE '<th class="n">visited</th>|Test accuracy over the samples learned from' cmp/compare.html
grep -c '<h2>Samples</h2>' cmp/02-random-rho-0.25/report.html
grep -c '<h2>Samples</h2>' cmp/01-all/report.html || true
# What --rho cannot do.
t compare --rho 0.5
t compare --sample all --rho 0.5
t compare --sample random:rho=0.2,all --rho 0.5
t compare --sample randm,all --rho 0.5
t compare --sample random --rho 2
