t synapse causality --units 100 --rate 20 --spikes 1,2 --runs 2 --epochs 500
t synapse causality --units 1 --rate 0.01 --spikes 1 --runs 1 --epochs 2 -q
