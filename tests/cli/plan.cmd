myelin plan --net 8C3-BN-LIF-MP2-FC10 --input 1x28x28 --batch 16 | sed -E 's/ +/ /g; s/-{5,}/---/; s/[0-9.e+-]+( [kMG])? (bytes a|multiply)/N \2/g; s/[0-9.]+ k$/N/'
myelin plan --net 8C3-LIF-FC2 --data idx --data-dir "$DATA" | grep -E "in preparation|^peak" | sed -E "s/ +/ /g"
