# how long neurons learn is a time: of one run, so that it is one word, of any width
t synapse classify --readout levels:step=1 --rule tempotron --runs 1 | tr -s ' '
t synapse classify --patterns "poisson:units=40,patterns=8;single:units=40,patterns=8,times=equal" --runs 1 --epochs 30 --spikes augmented --test-noise "jitter:sd=0;delete:share=1" -q | tr -s ' '
t synapse classify --patterns poisson:units=40,patterns=9,classes=3 --runs 1 --epochs 5 --neurons 2 --rule mst --readout count --threads 1 -q | tr -s ' '
# ten patterns in five parts
myelin synapse classify --folds 5 --runs 1 --epochs 3 --json 2>/dev/null | head -1 | sed -E 's/"seconds":[0-9.e-]+/"seconds":SECONDS/'
