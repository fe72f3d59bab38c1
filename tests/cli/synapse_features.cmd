t synapse features --units 50 --features 5 --trials 30 --probes 2 --runs 1 --tasks 1x1,5x5 --threads 1
