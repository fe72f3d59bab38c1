#!/usr/bin/env bash
# Installs into a temporary prefix, builds the examples against it in both ways that users have
# (pkg-config and find_package), trains with one and classifies with the other.
# usage: test_install.sh BUILD SOURCE [SANITIZERS]
set -euo pipefail
build=$1 source=$2 sanitize=${3:-}
cc=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix=$dir/prefix
flags=(-std=c11 -Wall -Wextra -Werror)
[ -z "$sanitize" ] || flags+=("-fsanitize=$sanitize")

fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }
step() { printf -- '-- %s\n' "$*"; }

# 20 training and 10 test pictures of 8x8: class 0 is bright above, class 1 below.
write_split() {
    local name=$1 n=$2 i bright dark
    bright=$(printf '\\377%.0s' {1..32}) dark=$(printf '\\000%.0s' {1..32})
    printf '\0\0\010\003\0\0\0'"\\$(printf %03o "$n")"'\0\0\0\010\0\0\0\010' >"$dir/$name-images-idx3-ubyte"
    printf '\0\0\010\001\0\0\0'"\\$(printf %03o "$n")" >"$dir/$name-labels-idx1-ubyte"
    for ((i = 0; i < n; i++)); do
        if ((i % 2)); then printf "$dark$bright"; else printf "$bright$dark"; fi \
            >>"$dir/$name-images-idx3-ubyte"
        printf "\\00$((i % 2))" >>"$dir/$name-labels-idx1-ubyte"
    done
}

# try NAME COMMAND...: silent unless it fails
try() {
    local what=$1
    shift
    step "$what"
    "$@" >"$dir/log" 2>&1 || { cat "$dir/log" >&2; fail "$what"; }
}

try "install" cmake --install "$build" --prefix "$prefix"
pc=$(find "$prefix" -name myelin.pc)
lib=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH=$lib/pkgconfig
for file in include/myelin/myelin.h bin/myelin share/bash-completion/completions/myelin; do
    [ -s "$prefix/$file" ] || fail "$file is not installed"
done
if command -v scdoc >/dev/null; then
    for page in man1/myelin.1 man5/myelin-config.5; do
        [ -s "$prefix/share/man/$page" ] || fail "$page is not installed"
    done
fi
[ "$(readlink "$lib/libmyelin.so")" = libmyelin.so.0 ] || fail "libmyelin.so is not a link to libmyelin.so.0"
bash -n "$prefix/share/bash-completion/completions/myelin" || fail "the completion is not bash"
"$prefix/bin/myelin" version >/dev/null || fail "the installed tool does not start"

# Headers stand alone, in C and in C++.
for header in "$prefix"/include/myelin/*.h; do
    "$cc" "${flags[@]}" -I"$prefix/include" -fsyntax-only -x c "$header" || fail "$header in C"
    if command -v c++ >/dev/null; then
        c++ -std=c++11 -Wall -Werror -I"$prefix/include" -fsyntax-only -x c++ "$header" ||
            fail "$header in C++"
    fi
done

mkdir "$dir/pc" "$dir/static"
for name in train classify neuron; do
    try "$name by pkg-config" "$cc" "${flags[@]}" $(pkg-config --cflags myelin) -o "$dir/pc/$name" \
        "$source/examples/$name.c" $(pkg-config --libs myelin) "-Wl,-rpath,$lib"
    try "$name by pkg-config --static" "$cc" "${flags[@]}" $(pkg-config --cflags myelin) \
        -o "$dir/static/$name" "$source/examples/$name.c" \
        "-Wl,--as-needed" $(pkg-config --static --libs myelin | sed "s|-lmyelin|$lib/libmyelin.a|")
done
try "configure examples" cmake -S "$source/examples" -B "$dir/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="${flags[*]}"
try "examples by find_package" cmake --build "$dir/cmake"
mkdir "$dir/component"
cat >"$dir/component/CMakeLists.txt" <<EOT
cmake_minimum_required(VERSION 3.18)
project(component LANGUAGES C)
find_package(Myelin 0.1 REQUIRED COMPONENTS static)
add_executable(train $source/examples/train.c)
target_link_libraries(train PRIVATE Myelin::myelin_static)
EOT
try "configure with the component static" cmake -S "$dir/component" -B "$dir/component/build" \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="${flags[*]}"
try "example by find_package, static" cmake --build "$dir/component/build"

write_split train 20
write_split test 10
for kind in pc static cmake component/build; do
    try "train ($kind)" "$dir/$kind/train" "$dir/run-${kind%/*}" idx "$dir"
    grep -q '^accuracy ' "$dir/log" || fail "train ($kind) printed: $(cat "$dir/log")"
done
for kind in pc static cmake; do
    try "classify ($kind)" "$dir/$kind/classify" "$dir/run-cmake" 10
    [ "$(wc -l <"$dir/log")" = 10 ] || fail "classify ($kind) printed: $(cat "$dir/log")"
    try "neuron ($kind)" "$dir/$kind/neuron"
    grep -q '^learned after ' "$dir/log" || fail "neuron ($kind) printed: $(cat "$dir/log")"
done
echo "installed, built four ways, trained and classified"
