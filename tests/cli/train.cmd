# stdout has the results, stderr the rest; the folder explains itself.
t train --data idx --data-dir "$DATA" --net 4C3-LIF-FC2 --T 2 --batch 16 --epochs 2 --threads 1 --step sgd:lr=0.05 --out run
ls run
t train run --epochs 3 --out run
t train run --resume --out other -q
t train run --resume -q
t eval run -q
myelin eval run --report -q --json | grep -oE ".(accuracy|confusion).:[^a-z]*,"
grep -o '>Mistakes<' run/report.html
t show run
t report run/
