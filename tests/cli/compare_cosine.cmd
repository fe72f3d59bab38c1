# Columns and a table of layers more; speeds are left out.
compare() { myelin compare --data idx --data-dir "$DATA" --net 4C3-BN-LIF-FC2 --T 2 --batch 16 --epochs 1 --threads 1 --step sgd:lr=0.05 --out cmp -q --time 'bptt,rate:mode=s' --seeds 1,2 --cosine "$@"; }
compare | sed -E 's/ +/ /g; s/ % [0-9.]+( [kM])? / % SPEED /'
grep -c '"gradient"' cmp/compare.jsonl
# Runs that are there already have theirs too.
compare --resume | grep -A 9 "^gradient" | sed -E 's/ +/ /g'
grep -oE "<h2>Gradient</h2>|Cosine, layer by layer, at the end</text>|Cosine over the epochs, everything trained</text>" cmp/compare.html
compare --resume --json >json
echo "-> $?"
head -1 cmp/compare.jsonl | grep -oE '"(gradient|rule|reference|samples|cosine|norm_ratio|weights_cosine|layers|conv1)":' | tr -d '\n'
echo
