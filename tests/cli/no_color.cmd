# Nothing coloured without a terminal; nor on one when NO_COLOR is set.
if command -v script >/dev/null; then
    NO_COLOR=1 script -qec 'myelin list time' /dev/null </dev/null | grep -c $'\033'
    script -qec 'myelin list time' /dev/null </dev/null | grep -c $'\033' | awk '{print ($1 > 0)}'
else
    printf '0\n1\n'
fi
myelin list time -q | grep -c $'\033'
true
