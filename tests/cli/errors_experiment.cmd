t synapse capacity --lode 1
t synapse capacity extra
t synapse capacity --load
t synapse capacity --load 1,x
t synapse capacity --load 0.5,
t synapse capacity --units 0
t synapse capacity --rule psd
t synapse capacity --move
t synapse capacity --data-dir .
t synapse causality --spikes 1.5
t synapse causality --window 10
t synapse features --tasks 2x2
t synapse features --tasks 1x1,1x1
t synapse features --longest 10
t synapse features --rule psd --trials 1
t synapse classify --patterns posson
t synapse classify --patterns "poisson;poisson"
t synapse classify --patterns file:path=none.npz
t synapse classify --folds 1
t synapse classify --folds 11
t synapse classify --snr 10
t synapse classify --test-noise jiter
t synapse classify --train-noise jiter
t synapse classify --readout loudest
t synapse classify --spikes none
t synapse classify --runs 1 --save none/n.safetensors -q
t synapse robustness --noise jitter
t synapse robustness --noise delete=2
t synapse robustness --noise "jitter=1;jitter=2"
# before the work
touch file
t synapse capacity --out file
t synapse capacity --out file/run
t synapse capacity --load x --out run
ls
