# Speeds are left out: the accuracy columns and the folders are the same everywhere.
table() { sed -E 's/ +/ /g; s/ % [0-9.]+( [kM])? / % SPEED /'; }
compare() { myelin compare --data idx --data-dir "$DATA" --net 4C3-LIF-FC2 --batch 16 --epochs 2 --threads 1 --step sgd:lr=0.05 --out cmp -q "$@" | table; }
compare --T 2,3 --time bptt --time rate --seeds 1,2
ls cmp
grep -c run cmp/compare.jsonl
# Finished runs are kept.
compare --T 2,3 --time bptt,rate --seeds 1,2 --resume
grep -c run cmp/compare.jsonl
# What a combination cannot do is a row too.
myelin compare --data idx --data-dir "$DATA" --net 'FC2;8Q3' --epochs 1 --out refused -q | sed -E 's/ +/ /g; s/ % [0-9.]+( [kM])? / % SPEED /'
echo "-> ${PIPESTATUS[0]}"
