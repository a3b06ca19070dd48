#!/bin/sh
# test_events.sh TEST_EVENTS: what it writes is what a reader in Python finds, and TensorBoard's, where it is installed.
# Skipped without Python. TENKA_PYTHON names another than python3.
set -u
program=$1
python=${TENKA_PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v "$python" > /dev/null || exit 77
"$program" "$work/run" || exit 1
"$python" "$(dirname "$0")/events.py" "$work/run" > "$work/out" || exit 1
grep -v '^TensorBoard' "$work/out" > "$work/got"
cat > "$work/want" << 'END'
options 0 text | a | b |
train/loss 0 1.0
train/loss 1 0.5
train/loss 2 0.3333333432674408
weight 2 histogram of 4
equal 2 histogram of 2
nothing 2 histogram of 0
train/loss 3 0.5
node features/0 Conv2d
node features/1 ReLU features/0
node ende-ü add features/1 features/0
END
diff "$work/want" "$work/got" || exit 1
# A byte that changed is found.
for file in "$work/run/"*; do
    size=$(wc -c < "$file")
    printf x | dd of="$file" bs=1 seek=$((size / 2)) conv=notrunc 2> /dev/null
done
if "$python" "$(dirname "$0")/events.py" "$work/run" > /dev/null 2>&1; then
    echo "damage is not seen"
    exit 1
fi
tail -n 1 "$work/out"
