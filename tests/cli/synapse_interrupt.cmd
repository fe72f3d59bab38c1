# Ctrl-C ends an experiment: exit code 130, nothing printed, nothing written.
set -m
for what in "capacity --units 500 --load 5 --runs 1 --epochs 1000000" \
    "causality --spikes 500 --epochs 100000000" \
    "features --trials 1000000000 --tasks 5x5" \
    "classify --patterns poisson:patterns=400 --epochs 1000000" \
    "robustness --patterns poisson:patterns=400 --epochs 1000000"; do
    rm -rf run
    myelin synapse $what --threads 1 --out run >out 2>err &
    for i in $(seq 100); do
        [ -d run ] && break
        sleep 0.1
    done
    sleep 0.2
    kill -INT $!
    wait $!
    echo "${what%% *} -> $?, $(wc -c <out) bytes"
    ls
    grep error err
done
true
