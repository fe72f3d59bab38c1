#!/usr/bin/env bash
# Networks that PyTorch exports now, with other weights than those beside this file: the reader must give
# PyTorch's logits. Without PyTorch this is skipped (77).
# usage: fresh.sh TEST_ONNX FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$2"
for seed in 1 2; do
    status=0
    PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/make.py" "$2/$seed" "$seed" || status=$?
    [ "$status" -eq 0 ] || exit "$status"
    MYELIN_ONNX_DIR=$2/$seed "$1"
done
