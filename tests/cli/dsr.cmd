# DSR from the command line: training, resume, evaluation, timing, comparison; what does not fit.
options=(--data idx --data-dir "$DATA" --net 4C3-BN-N-FC2 --T 4 --batch 16 --threads 1)
learn() { myelin train "${options[@]}" --time dsr --step sgd:lr=0.05 --out "$1" -q "${@:2}" >/dev/null; }
for neuron in dsr_if:theta=1 dsr_lif:theta=0.2; do
    learn "${neuron%%:*}" --neuron $neuron --epochs 4
    grep -oE '"best_test_accuracy":[0-9.]+' "${neuron%%:*}/metrics.jsonl"
    myelin eval "${neuron%%:*}" --data idx --data-dir "$DATA" --json | grep -oE '"accuracy":[0-9.]+' | head -1
done
myelin show 4C3-BN-N-FC2 --input 1x8x8 --neuron dsr_lif:tau=2 --yaml | grep -A3 readout
myelin bench 4C3-BN-N-FC2 --data idx --data-dir "$DATA" --batch 2 --rounds 1 --neuron dsr_lif --time dsr --json | grep -oE '"time":"[a-z]+"'
myelin bench 4C3-BN-N-FC2 --data idx --data-dir "$DATA" --batch 2 --rounds 1 --neuron dsr_lif --time dsr --infer | head -1 | sed -E 's/ +/ /g'
myelin compare "${options[@]}" --neuron lif,dsr_if --time bptt,dsr --epochs 1 --step sgd:lr=0.05 --out cmp -q | sed -E 's/ +/ /g; s/ % [0-9.]+( [kM])? / % SPEED /'
t train "${options[@]}" --neuron dsr_if --time bptt --out none -q
t train "${options[@]}" --neuron lif --time dsr --out none -q
t train "${options[@]}" --neuron dsr_if --time dsr --rate-strength 1 --out none -q
t gradcheck 4C3-N-FC2 --neuron dsr_lif
