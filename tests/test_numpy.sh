#!/bin/sh
# test_numpy.sh TENKA: arrays and archives as NumPy writes them, with NumPy's values; the cases are in test_numpy.py.
# Returns 77 (skipped) without Python 3 and NumPy.
set -u
python=/usr/bin/python3
"$python" -c 'import numpy' 2> /dev/null || { echo "skipped: it needs python3 with numpy"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work" PYTHONDONTWRITEBYTECODE=1
"$python" "$(dirname "$0")/test_numpy.py" "$1" "$work"
