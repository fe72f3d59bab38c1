t data info idx --data-dir "$DATA"
t data stats idx --data-dir "$DATA" --split test
t data verify idx --data-dir "$DATA"
t data preview idx --data-dir "$DATA" --count 2
t data preview idx --data-dir "$DATA" --count 1 --width 4 --no-color
t data info idx --data-dir "$DATA" --json
