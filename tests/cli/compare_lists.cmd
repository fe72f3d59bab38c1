# sgd with two parameters is one value; ';' separates where a value has commas.
myelin compare --data idx --data-dir "$DATA" --net 4C3-LIF-FC2 --T 2 --batch 16 --epochs 1 --step sgd:lr=0.1,momentum=0.5,adam:lr=0.01 --out a -q | sed -E 's/ +.*//'
myelin compare --data idx --data-dir "$DATA" --net '4C3-LIF-FC2;FC2' --T 2 --batch 16 --epochs 1 --out b -q | sed -E 's/ +.*//'
