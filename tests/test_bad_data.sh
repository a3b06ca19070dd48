#!/bin/sh
# test_bad_data.sh TENKA GOLDEN: data that are wrong in many ways, each with its sentence; the cases are in
# test_bad_data.py. Returns 77 (skipped) without Python 3.
set -u
python=$(command -v python3) || { echo "skipped: it needs python3"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work" PYTHONDONTWRITEBYTECODE=1
"$python" "$(dirname "$0")/test_bad_data.py" "$1" "$2" "$work"
