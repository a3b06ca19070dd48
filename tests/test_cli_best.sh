#!/bin/sh
# test_cli_best.sh TENKA: which weights of a run are tested and kept: the average of --ema.
set -u
tenka=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
. "$(dirname "$0")/cli.sh"

mkdir "$work/data"
images 40 6 > "$work/data/train-images-idx3-ubyte"
labels 40 3 > "$work/data/train-labels-idx1-ubyte"
images 20 6 > "$work/data/t10k-images-idx3-ubyte"
labels 20 3 > "$work/data/t10k-labels-idx1-ubyte"
net='Conv2d(1,3,3) BatchNorm2d(3) ReLU() Flatten() Linear(48,3)'
train="train --backend cpu --threads 1 --data $work/data --batch-size 8"

# misuse PATTERN ARG...
misuse() {
    sentence=$1
    shift
    expect 2 "$sentence" $train --net "$net" "$@"
}

# logged NAME [LOG]: that number of each epoch in the log.
logged() {
    sed -n 's/.*"'"$1"'":\([^,}]*\)[,}].*/\1/p' "${2:-$work/log}"
}

# ---- --ema ----

succeed $train --net "$net" --epochs 3 --log "$work/plain"
succeed $train --net "$net" --epochs 3 --log "$work/log" --ema 0.9 --save "$work/net.st" --checkpoint "$work/ckpt"
logged train_loss > "$work/a"
logged train_loss "$work/plain" > "$work/b"
cmp "$work/a" "$work/b" || bad "an average changes the training"
logged test_loss > "$work/a"
logged test_loss "$work/plain" > "$work/b"
! cmp -s "$work/a" "$work/b" || bad "the average is not what is tested"
last=$(logged test_loss | tail -n 1)
for file in net.st ckpt; do
    succeed test --backend cpu --data "$work/data" --batch-size 8 --load "$work/$file" --json
    loss=$(logged loss "$work/out")
    awk -v a="$loss" -v b="$last" 'BEGIN { exit !(a - b < 1e-6 && b - a < 1e-6) }' ||
        bad "$file has the loss $loss, the run had $last"
done
succeed info "$work/ckpt"
prints '^optimizer.value.0.weight  *F32'
prints '^optimizer.value.1.running_mean  *F32'
succeed $train --net "$net" --epochs 3 --log "$work/log" --ema 0 --quiet
cmp "$work/b" - << END || bad "a decay of 0 keeps an average"
$(logged test_loss)
END
misuse 'no number from 0 to 1' --ema 1.5
expect 1 'an average of the weights, of decay 0.9, this one has none' $train --net "$net" --resume "$work/ckpt"
expect 1 'an average of the weights, of decay 0.9, this one has 0.5' $train --net "$net" --resume "$work/ckpt" --ema 0.5
succeed summary --net "$net" --input 1,6,6 --backend cpu
plain=$(sed -n 's/^  peak .* \([0-9,]*\) bytes/\1/p' "$work/out" | tr -d ,)
succeed summary --net "$net" --input 1,6,6 --backend cpu --ema 0.9
prints 'moments and average'
peak=$(sed -n 's/^  peak .* \([0-9,]*\) bytes/\1/p' "$work/out" | tr -d ,)
[ "$peak" -ge $((plain + 4 * (27 + 3 + 12 + 144 + 3))) ] || bad "$peak bytes with an average, $plain without"

verdict
