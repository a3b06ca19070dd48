#!/bin/sh
# test_static.sh SOURCE: the static gate catches each fault that it is for. Nothing is compiled. Returns 77 (skipped)
# without Python 3.
set -u
python=$(command -v python3) || { echo "skipped: it needs python3"; exit 77; }
exec "$python" "$1/tests/test_static.py" "$1"
