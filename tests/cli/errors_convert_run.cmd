# What is refused once the network is looked at, and folders that cannot take the result.
train() { myelin train --data idx --data-dir "$DATA" --batch 16 --epochs 1 --threads 1 -q "$@" >/dev/null 2>&1; }
train --net 4C3-RELU-FC2 --T 1 --out ann
train --net 4C3-LIF-FC2 --T 2 --out snn
mkdir plain && touch plain/file
t convert nosuch
t convert plain
t convert snn
t convert ann --data nosuch
t convert ann --normalise 0/0
t convert ann --net 4C3-RELU-FC2
t convert ann/best.safetensors --data idx --data-dir "$DATA" --net 5C3-RELU-FC2
t convert ann --method nosuch
t convert ann --method maxx
t convert ann --method max,,aug
t convert ann --method max:levels=0
t convert ann --method aug:balance=qcfs -q 2>&1 | tail -n 2
t convert ann --method max --events 0.5x -q 2>&1 | tail -n 3
t convert ann --method exact:levels=1e6 --steps 4096 --limit 1 --verify -q 2>&1 | tail -n 2
t convert ann --input rate --method exact --steps 1 --verify -q 2>&1 | tail -n 2
t convert ann --out ann
# events are no images
event() { printf "\\x$(printf %02x "$1")\\x$(printf %02x "$2")\\x80\\x00\\x$(printf %02x "$3")"; }
for split in Train Test; do
    for digit in 0 1 2 3 4 5 6 7 8 9; do
        mkdir -p nmnist/$split/$digit
        for k in 1 2 3 4; do event $((2 * k)) $((3 * digit)) $((50 * k)); done >nmnist/$split/$digit/00001.bin
    done
done
myelin train --data nmnist --data-dir nmnist --net 4C5s2-RELU-FC10 --T 1 --batch 4 --epochs 1 --threads 1 --out events -q >/dev/null 2>&1
t convert events
t convert ann --data nmnist --data-dir nmnist
# where a full disk kept a conversion from being written, it can be written again
myelin convert ann --method max --steps 1 --out conv -q >/dev/null 2>&1
rm conv/conversion.json
t convert ann --method max --steps 1 --out conv -q | tail -n 3
printf 'notes of mine' >conv/README.txt
rm conv/conversion.json
t convert ann --method max --steps 1 --out conv
