#!/bin/bash
# Runs the cases of the command line: tests/cli/NAME.cmd is a bash script, NAME.out, NAME.err and
# NAME.exit are what it must print and return. Sizes, times and speeds are replaced by words first.
#
#   run.sh BINARY [--rewrite] [NAME...]     --rewrite: take what it prints now, for review with git
#
# Inside a case: `t ARGS` runs myelin and shows the command, its stdout, its stderr (behind "2| ")
# and its exit code; $DATA is a tiny data set of two classes (IDX, 8x8).
set -u
here=$(cd "$(dirname "$0")" && pwd)
binary=$(realpath "$1")
shift
rewrite=no
if [ "${1:-}" = --rewrite ]; then
    rewrite=yes
    shift
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$binary" "$work/bin/myelin"

export DATA="$here/data" PATH="$work/bin:$PATH" MYELIN_KERNELS=base LC_ALL=C.UTF-8
unset NO_COLOR MYELIN_DATA COLORTERM COLUMNS

t()
{
    local code
    echo "\$ myelin $*"
    myelin "$@" >"$OUT.o" 2>"$OUT.e" </dev/null
    code=$?
    cat "$OUT.o"
    sed 's/^/2| /' "$OUT.e"
    echo "-> $code"
    return 0
}
export -f t

# What differs from machine to machine, or from run to run, becomes a word.
steady()
{
    sed -E -e "s#$here#TESTS#g; s#$work#WORK#g" \
        -e 's#"memory_bytes":[0-9]+#"memory_bytes":SIZE#g' \
        -e 's#[0-9.]+ (B|[KMGT]iB)\b#SIZE#g' \
        -e 's#(best, epoch )[0-9]+#\1N#g' \
        -e 's#[0-9.]+( [kM])? images/s#SPEED#g; s#[0-9.]+( [kM])? img/s#SPEED#g' \
        -e 's#\b[0-9]+:[0-9]+ (min|h)\b#TIME#g; s#\b[0-9.]+ m?s\b#TIME#g' \
        -e 's#runs/compare-[0-9]{8}-[0-9]{6}#runs/compare-DATE#g'
}

check()
{
    local name=$1 what=$2
    if [ $rewrite = yes ]; then
        if [ -s "$work/$name.$what" ]; then
            cp "$work/$name.$what" "$here/$name.$what"
        else
            rm -f "$here/$name.$what"
        fi
        return 0
    fi
    local expected="$here/$name.$what"
    [ -e "$expected" ] || expected=/dev/null
    diff -u "$expected" "$work/$name.$what"
}

one()
{
    local name=$1
    mkdir "$work/$name"
    (
        cd "$work/$name" || exit 99
        OUT="$work/$name.t" bash "$here/$name.cmd" >"$work/$name.1" 2>"$work/$name.2" </dev/null
        echo $? >"$work/$name.exit"
    )
    steady <"$work/$name.1" >"$work/$name.out"
    steady <"$work/$name.2" >"$work/$name.err"
    [ "$(cat "$work/$name.exit")" = 0 ] && : >"$work/$name.exit"
    check "$name" out && check "$name" err && check "$name" exit
}

failed=0
n=0
for file in "$here"/*.cmd; do
    name=$(basename "$file" .cmd)
    if [ $# -gt 0 ]; then
        case " $* " in *" $name "*) ;; *) continue ;; esac
    fi
    n=$((n + 1))
    if one "$name" >"$work/diff" 2>&1; then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        cat "$work/diff"
        failed=$((failed + 1))
    fi
done
echo "$n cases, $failed failed"
[ $failed = 0 ]
