t train nosuch.yaml
printf 'net: 8C3\nepocs: 3\n' >wrong.yaml
t train wrong.yaml
printf 'net: [8C3\n' >broken.yaml
t train broken.yaml
t train --data npz:file=nosuch.npz
t eval nosuch
t report nosuch
mkdir empty
: >empty/metrics.jsonl
t report empty
t verify nosuch.json
printf '\000\000\010\003\377\377\377\377' >train-images-idx3-ubyte
t data info idx --data-dir .
