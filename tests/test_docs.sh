#!/usr/bin/env bash
# Runs the commands that README.md and docs/*.md print. A fence is run when the line before it is
#
#   <!-- test -->                    ```sh   run; must leave with 0
#   <!-- test: WORD... -->           ```sh   the same, where every WORD is there (see `have`);
#                                            exit=N: must leave with N
#   <!-- file: PATH -->              ```c    written to PATH in the working folder first
#
# Each page has a working folder of its own, in which its fences run one after the other, with the
# folders recipes, examples, tests, include and src of the project. What cannot run here is skipped, and said.
# usage: test_docs.sh BUILD SOURCE [SANITIZERS [PAGE]...]
set -uo pipefail
build=$(realpath "$1") source=$(realpath "$2") sanitize=${3:-}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n_run=0 n_skipped=0 n_failed=0

# A compiler that fits the library, and the library installed.
mkdir "$dir/bin"
printf '#!/bin/sh\nexec %s %s "$@"\n' "$(command -v "${CC:-cc}")" "${sanitize:+-fsanitize=$sanitize}" >"$dir/bin/cc"
chmod +x "$dir/bin/cc"
export PATH="$dir/bin:$build:$PATH" CC="$dir/bin/cc" NO_COLOR=1
unset MYELIN_KERNELS
install_library() {
    local pc
    [ -d "$dir/prefix" ] || cmake --install "$build" --prefix "$dir/prefix" >"$dir/log" 2>&1 || return 1
    pc=$(find "$dir/prefix" -name myelin.pc)
    export PKG_CONFIG_PATH="${pc%/*}" LD_LIBRARY_PATH="$(dirname "${pc%/*}")"
}

# Is this there? Says why not.
have() {
    case $1 in
    exit=*) ;;
    slow) [ -n "${MYELIN_SLOW:-}" ] || { echo "slow; MYELIN_SLOW=1 runs it"; return 1; } ;;
    cc) command -v pkg-config >/dev/null && install_library || { echo "no installed library"; return 1; } ;;
    cmocka) echo '#include <cmocka.h>' | "${CC}" -include setjmp.h -include stdarg.h -include stddef.h \
        -include stdint.h -fsyntax-only -x c - 2>/dev/null || { echo "no cmocka"; return 1; } ;;
    python3-numpy) python3 -c 'import numpy' 2>/dev/null || { echo "no python3-numpy"; return 1; } ;;
    *)  [ -z "$sanitize" ] || { echo "training is slow under sanitizers"; return 1; }
        myelin data info "$1" >/dev/null 2>&1 || { echo "no data set $1"; return 1; } ;;
    esac
}

# run_fence PAGE LINE WORDS: runs $dir/fence in the page's folder
run_fence() {
    local page=$1 line=$2 word why expect=0 code
    for word in $3; do
        case $word in exit=*) expect=${word#exit=} ;; esac
        if ! why=$(have "$word"); then
            printf 'SKIP %s:%s (%s)\n' "$page" "$line" "$why"
            n_skipped=$((n_skipped + 1))
            return
        fi
        have "$word" >/dev/null # again, outside of the subshell: it may set the environment
    done
    (cd "$work" && bash -euo pipefail "$dir/fence") >"$dir/log" 2>&1 </dev/null
    code=$?
    n_run=$((n_run + 1))
    if [ $code -eq "$expect" ]; then
        printf 'ok   %s:%s\n' "$page" "$line"
    else
        printf 'FAIL %s:%s left with %s, expected %s\n' "$page" "$line" "$code" "$expect"
        sed 's/^/     | /' "$dir/fence"
        tail -n 15 "$dir/log" | sed 's/^/     > /'
        n_failed=$((n_failed + 1))
    fi
}

run_page() {
    local path=$1 page=${1#"$source"/} line=0 text mark="" fence="" start=0
    work=$dir/work-$(basename "$path" .md)
    mkdir "$work"
    cp -r "$source"/{recipes,examples,include,src,tests} "$work" || exit 1
    while IFS= read -r text || [ -n "$text" ]; do
        line=$((line + 1))
        if [ -n "$fence" ]; then
            if [ "$text" = '```' ]; then
                case $mark in
                file:*) mkdir -p "$(dirname "$work/${mark#file:}")" && cp "$dir/fence" "$work/${mark#file:}" ;;
                test*) run_fence "$page" "$start" "${mark#test}" ;;
                esac
                fence="" mark=""
            else
                printf '%s\n' "$text" >>"$dir/fence"
            fi
        elif [[ $text =~ ^'<!-- '(test|file):?' '?(.*)' -->'$ ]]; then
            mark=${BASH_REMATCH[1]}
            [ "$mark" = file ] && mark=file:${BASH_REMATCH[2]} || mark="test ${BASH_REMATCH[2]}"
        elif [[ $text == '```'* ]]; then
            fence=yes start=$line
            : >"$dir/fence"
        else
            [ -z "$mark" ] || { printf 'FAIL %s:%s a mark without a fence\n' "$page" "$line"; n_failed=$((n_failed + 1)); }
            mark=""
        fi
    done <"$path"
    rm -rf "$work"
}

# Links between pages, and to files of the project.
check_links() {
    local path page target
    for path in "$source"/README.md "$source"/docs/*.md; do
        page=${path#"$source"/}
        while IFS= read -r target; do
            case $target in http*|'#'*|'') continue ;; esac
            [ -e "$(dirname "$path")/${target%%#*}" ] || {
                printf 'FAIL %s links to %s, which is not there\n' "$page" "$target"
                n_failed=$((n_failed + 1))
            }
        done < <(grep -oE '\]\([^)]+\)' "$path" | sed -e 's/^](//' -e 's/)$//')
    done
}

pages=("$source"/README.md "$source"/docs/*.md)
[ $# -le 3 ] || pages=("${@:4}")
for path in "${pages[@]}"; do
    run_page "$(realpath "$path")"
done
check_links
printf '%s run, %s skipped, %s failed\n' "$n_run" "$n_skipped" "$n_failed"
[ "$n_failed" -eq 0 ] && [ "$n_run" -gt 0 ]
