# Frames of events: a small N-MNIST whose digits lie on different rows, made here.
event() { printf "\\x$(printf %02x "$1")\\x$(printf %02x "$2")\\x$(printf %02x $(($3 * 128)))\\x$(printf %02x $(($4 / 256)))\\x$(printf %02x $(($4 % 256)))"; }
for digit in 0 1 2 3 4 5 6 7 8 9; do
    for split in Train Test; do
        mkdir -p nmnist/$split/$digit
        for n in 1 2; do
            for k in 0 1 2 3 4 5 6 7 8 9 10 11; do event $((2 * k + n)) $((3 * digit)) $((k % 2)) $((100 * k)); done >nmnist/$split/$digit/0000$n.bin
        done
    done
done
t data info nmnist --data-dir nmnist --T 4
t data preview nmnist --data-dir nmnist --T 2 --count 1 --width 17
t data stats nmnist:bin=window,window=500,rest=drop --data-dir nmnist --T 2 --split test --json
t data verify nmnist --data-dir nmnist
myelin plan --data nmnist --data-dir nmnist --net 4C5s2-LIF-FC10 --T 3 --batch 4 --json | grep -oE '"(kept_bytes|loader_bytes)":[0-9]+' | head -n 2
t train --data nmnist --data-dir nmnist --net 4C5s2-LIF-FC10 --T 3 --batch 4 --epochs 1 --threads 1 --out run -q
myelin eval run -q --json | grep -oE '"(data|samples)":[^,]*'
t train --data nmnist:frames=2 --data-dir nmnist --net FC10 --T 3 --out bad
t train --data nmnist --data-dir nmnist --net FC10 --T 3 --encoder rate --out bad
t plan --data nmnist:frames=2 --data-dir nmnist --net FC10 --T 3
printf 123 >nmnist/Test/0/00001.bin
t data verify nmnist --data-dir nmnist
