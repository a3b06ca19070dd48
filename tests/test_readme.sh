#!/bin/sh
# test_readme.sh TENKA README: the commands of "From PyTorch and back", as they stand in the README. Returns 77 (skipped)
# without PyTorch, numpy or the images.
set -eu
tenka=$(readlink -f "$1") readme=$(readlink -f "$2")
# Debian's Python first: another one may stand before it in the path.
PATH=/usr/bin:$PATH
if ! python3 -c 'import numpy, torch' 2> /dev/null || ! [ -d /usr/share/datasets/fashion-mnist ]; then
    echo "skipped: it needs python3-torch, python3-numpy and dataset-fashion-mnist"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
mkdir build
ln -s "$tenka" build/tenka
awk '/^## / { section = $0 == "## From PyTorch and back" }
     /^```/ { block = section && $0 == "```sh"; next }
     block' "$readme" > walk.sh
grep -q 'tenka train' walk.sh
sh -eux walk.sh > out 2> err || { cat out err; echo "the README's commands failed"; exit 1; }
cat out

# All four say the same accuracy, but for an image on the edge between two classes; both runs print the same epoch.
grep -o 'test accuracy [0-9.]*' out > accuracies
[ "$(wc -l < accuracies)" = 4 ] || { echo "expected four accuracies"; exit 1; }
awk '{ if (NR > 1 && ($3 - first > 0.03 || first - $3 > 0.03)) bad = 1; if (NR == 1) first = $3 } END { exit bad }' accuracies \
    || { echo "the accuracies differ"; exit 1; }
[ "$(grep '^epoch' out | sed 's/ (.*//' | sort -u | wc -l)" = 1 ] || { echo "the two runs differ"; exit 1; }
