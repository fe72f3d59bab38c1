# A network without spikes becomes spiking ones; what was saved is a network like others.
little() { sed -E 's/differ by [^ ]+ of/differ by LITTLE of/'; }
t train --data idx --data-dir "$DATA" --net 4C3-BN-RELU-MP2-FC6-RELU-FC2 --T 1 --batch 16 --epochs 3 --threads 1 --step adamw:lr=0.02 --out ann -q
t convert ann --method max,aug --steps 1,2 --verify --events 0.5x --threads 1 --out conv | little
ls conv
t eval conv/aug.safetensors
myelin eval conv/aug.safetensors --T 1 -q --json | grep -oE '"accuracy":[^,]*' | head -n 1
t show conv/aug.safetensors
t show conv/aug.safetensors --depth global
for time in bptt sltt; do
    t train --net conv/aug.yaml --init conv/aug.safetensors --data idx --data-dir "$DATA" --T 2 --epochs 1 --threads 1 --time $time --out tuned-$time -q
done
# again into the same folder: what the new call does not name is gone
t convert ann --method ter --steps 4 --stop-stable 2 --out conv -q >/dev/null
ls conv
myelin convert ann --method aug:levels=16,exact --steps 2 --limit 8 --calibrate 16 --verify --json 2>/dev/null | grep -oE '"(source|calibrated|images|is_exact|differ|accuracy|method|label)":[^],}]*'
# those that run the network while they convert it
t convert ann --method calib,calib-advanced,spikenorm --steps 2 --threads 1 -q | sed -n '/^accuracy in/,/^$/p'
