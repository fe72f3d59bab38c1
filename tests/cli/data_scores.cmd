# Hard samples and doubtful labels of a run: numbers depend on the machine's kernels a little.
steady() { sed -E 's/ +/ /g; s/[0-9]+\.[0-9]+/N/g'; }
myelin train --data idx --data-dir "$DATA" --net FC2 --T 1 --batch 8 --epochs 2 --threads 1 --sample sadp:score=loss,rho=0.3 --out run -q >train.log
myelin data scores run --count 3 --csv all.csv --html page.html | steady | sed -E 's/^ [0-9]+ [01] [01]/ SAMPLE/'
head -1 all.csv
echo "$(($(wc -l <all.csv) - 1)) rows"
grep -c 'data:image/png' page.html
grep -o 'Samples by score of training' page.html | head -1
myelin data scores run/last.safetensors --limit 5 --json | grep -oE '"(samples|scored)": ?[0-9]+|"by": ?"[a-z]+"'
# The files of training are checked.
printf 'sample,score\n0,x\n' >run/scores.csv
t data scores run
t data scores nowhere
t data scores run --csv no/where.csv --limit 5 --data-dir nowhere
t data scores run --split test
t data info idx --csv a.csv
