t synapse robustness --patterns poisson:units=100,rate=10 --copies 3 --runs 2 --noise "jitter=0,500;delete=1"
t synapse robustness --patterns poisson:units=100,rate=10 --copies 1 --runs 1 --noise jitter=0 --train-noise jitter:sd=0 -q
