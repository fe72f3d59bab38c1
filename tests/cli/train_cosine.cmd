# The gradient beside that of a reference, before the first step and behind each epoch.
train() { myelin train --data idx --data-dir "$DATA" --net 4C3-BN-LIF-MP2-8C3-BN-LIF-FC2 --T 4 --batch 16 --threads 1 --step sgd:lr=0.05 "$@"; }
train --epochs 2 --time rate --cosine --out a 2>&1 | grep gradient
train --epochs 1 --time sltt --cosine bptt --cosine-batches 1 --out b 2>&1 | grep -E "gradient|comparison"
train --epochs 1 --time bptt --cosine bptt:keep=bf16 --out c --json -q | grep '"cosine"' | grep -oE '"(event|epoch|rule|reference|batches|samples|layers|conv2|fc1)":'
train --loss ce_step --time ottt:variant=O --cosine --out d
echo "-> $?"
grep -oE "<h2>Gradient</h2>|beside that of <b>[^<]*</b>" a/report.html
# A plan counts it.
myelin plan --net 4C3-BN-LIF-MP2-8C3-BN-LIF-FC2 --input 1x8x8 --time rate --cosine | grep -E "comparison" | sed -E 's/ +/ /g'
myelin plan --net 4C3-LIF-FC2 --input 1x8x8 --json | grep -oE '"cosine_bytes":0'
