# A page is made from what is there: half a line at the end, no "end", hostile text.
mkdir run
cat >run/metrics.jsonl <<'X'
{"event":"start","version":"0","config":{"net":"<script>alert(1)</script>","data":"a&b"},"plan":{"total_bytes":1e300,"kept_bytes":-5}}
{"event":"epoch","epoch":1,"test_accuracy":0.5,"train_loss":null,"rates":{"<b>":0.1}}
{"event":"epoch","epoch":2,"test_accu
X
t report run
grep -c '<script>' run/report.html
grep -o 'not at its end yet' run/report.html
grep -o '1 line of metrics.jsonl could not be read' run/report.html
t report run run --title '<i>' --out c.html
grep -c "<i>" c.html
true
