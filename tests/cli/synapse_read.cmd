myelin synapse classify --patterns poisson:units=40,patterns=4 --runs 1 --save n.safetensors -q >/dev/null
t synapse read n.safetensors poisson:units=40,patterns=4
t synapse read n.safetensors poisson:units=40,patterns=4 --each --limit 1 --readout vmax
t synapse read n.safetensors poisson:units=40,patterns=4 --ordinary --seed 2 --split test
t synapse read n.safetensors poisson:units=40,patterns=4 --json
# patterns of a file: what learned is there to be read
myelin synapse make poisson:units=40,patterns=4 --out a.npz -q >/dev/null
t synapse read n.safetensors a.npz
t synapse read n.safetensors a.npz --each --json --limit 2
# its own spikes, for others
t synapse read n.safetensors a.npz --emit b.npz -q
myelin synapse show b.npz --json 2>/dev/null | grep -oE '"(afferents|patterns|spikes)":[0-9]+'
# what does not fit
t synapse read n.safetensors a.npz --emit b.txt
t synapse read n.safetensors a.npz --emit none/b.npz
t synapse read n.safetensors poisson:units=41
t synapse read n.safetensors poisson:units=40,classes=3
t synapse read n.safetensors a.npz --split test
t synapse read n.safetensors a.npz --readout loudest
t synapse read n.safetensors none.npz
t synapse read none.safetensors a.npz
t synapse read a.npz a.npz
t synapse read n.safetensors
echo text >text.safetensors
t synapse read text.safetensors a.npz
