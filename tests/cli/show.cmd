t show 8C3-BN-LIF-MP2-FC10
t show 8C3-LIF-FC2 --input 3x8x8 --neuron lif:tau=4 --json
t show FC10-LIF --input 20
myelin show 8C3-BN-LIF-FC10 --yaml >net.yaml
myelin show net.yaml >a && myelin show 8C3-BN-LIF-FC10 >b && cmp a b && echo same
