myelin gradcheck 4C3-BN-LIF-FC3 --input 1x6x6 | sed -E 's/[0-9.]+e[-+][0-9]+/N/g; s/ +/ /g'
echo "-> ${PIPESTATUS[0]}"
t gradcheck 4C3-LIF-FC3 --input 1x6x6 --tolerance 1e-9 --entries 2 --json -q | grep -c '"passed":false' | awk '{print ($1 > 0)}'
