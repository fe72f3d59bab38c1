# The folder explains itself; nothing else is left in it.
t synapse capacity --units 10 --load 0.5,3 --runs 1 --epochs 50 --out deep/run/
ls deep/run
cat deep/run/README.txt
head -c 5 deep/run/figure-1.svg
echo
grep -c '</html>' deep/run/report.html
sed -E 's/"seconds": [0-9.e-]+/"seconds": SECONDS/' deep/run/study.json | head -20
# once more over what is there
t synapse robustness --patterns poisson:units=20 --copies 1 --runs 1 --noise "jitter=0,1;delete=0" --out deep/run -q
ls deep/run
cat deep/run/README.txt | head -1
# too many classes to draw a confusion of them
myelin synapse classify --patterns poisson:classes=70,patterns=70,units=30 --runs 1 --epochs 1 -q --out many | tail -1
ls many
myelin synapse capacity --units 10 --load 0.5 --runs 1 --epochs 5 --out json --json | grep -c page; ls json | wc -l
