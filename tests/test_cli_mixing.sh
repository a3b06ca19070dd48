#!/bin/sh
# test_cli_mixing.sh TENKA BACKEND: --mixup and --cutmix of the command: what is said, what is saved, what is refused, and
# that a run that was killed and resumed ends with the same bytes, with one and with two threads. Skipped without a Vulkan
# device unless TENKA_REQUIRE_VULKAN=1.
set -u
tenka=$1
backend=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

skip_without_device

mkdir "$work/data"
images 43 6 > "$work/data/train-images-idx3-ubyte"; labels 43 > "$work/data/train-labels-idx1-ubyte"
cp "$work/data/train-images-idx3-ubyte" "$work/data/t10k-images-idx3-ubyte"
cp "$work/data/train-labels-idx1-ubyte" "$work/data/t10k-labels-idx1-ubyte"
net='Conv2d(1, 4, 3) ReLU() Flatten() Linear(64, 10)'
common="--backend $backend --epochs 2 --batch-size 5 --data $work/data"

# ---- What is said ----

# shellcheck disable=SC2086
{
succeed train $common --net "$net" --mixup 0.2
silent
prints '^mixing   by mixup, alpha 0.2; the train loss is that of mixed targets$'
succeed train $common --net "$net" --cutmix 1
prints '^mixing   by cutmix, alpha 1; '
succeed train $common --net "$net" --mixup 0.2 --cutmix 1 --loss 'CrossEntropyLoss(label_smoothing=0.1)'
prints '^mixing   by mixup, alpha 0.2, or cutmix, alpha 1, as is drawn for each batch; '
succeed train $common --net "$net" --mixup 0
! grep -q '^mixing' "$work/out" || bad "nothing is mixed, and it is said"

# ---- What is refused ----

refuse '^tenka: --mixup makes shares of classes .* only CrossEntropyLoss takes, and this one is NLLLoss; --loss .CrossEntropyLoss()' \
    train $common --mixup 0.2 --net "$net LogSoftmax(1)"
succeed train $common --mixup 0.2 --net "$net LogSoftmax(1)" --loss 'CrossEntropyLoss()'
refuse '^tenka: --cutmix makes shares .* this one is MultiMarginLoss;' train $common --net "$net" --cutmix 1 \
    --loss 'MultiMarginLoss()'
refuse '^tenka: --mixup: some targets are what the loss ignores' train $common --net "$net" --mixup 1 \
    --loss 'CrossEntropyLoss(ignore_index=3)'
printf 'a,b,c\n1,2,0\n3,4,1\n5,6,0\n' > "$work/t.csv"
table="train --backend $backend --epochs 1 --data $work/t.csv --target c --net"
succeed $table 'Linear(2, 2)' --mixup 0.2
refuse '^tenka: --cutmix puts rectangles of pictures into others, but the samples of .*t.csv are none; --mixup' $table 'Linear(2, 2)' \
    --cutmix 1
expect 2 "'-1' is no number from 0 to 1e+06" train $common --mixup -1
}

# ---- Kills ----

whole="train --quiet --backend $backend --epochs 60 --batch-size 5 --data $work/data --mixup 0.4 --cutmix 1"
# shellcheck disable=SC2086
succeed $whole --threads 1 --net "$net" --save "$work/whole.st" --checkpoint "$work/whole.ckpt"
for count in 9 60 150; do
    resume=
    [ ! -e "$work/run.ckpt" ] || resume="--resume $work/run.ckpt"
    # shellcheck disable=SC2086
    "$tenka" $whole --threads 2 --net "$net" --save "$work/run.st" --log "$work/run.log" --checkpoint "$work/run.ckpt" \
        --checkpoint-every 1 $resume > "$work/out" 2> "$work/err" &
    pid=$!
    wait_for_lines "$work/run.log" $count
    kill -s KILL $pid 2> /dev/null
    wait $pid 2> /dev/null
    [ $? = 137 ] || bad "it was not killed"
done
# shellcheck disable=SC2086
{
succeed $whole --threads 2 --net "$net" --save "$work/run.st" --log "$work/run.log" --checkpoint "$work/run.ckpt" \
    --resume "$work/run.ckpt"
cmp "$work/whole.st" "$work/run.st" || bad "other weights than without a break"
cmp "$work/whole.ckpt" "$work/run.ckpt" || bad "another checkpoint than without a break"
succeed train --quiet --backend $backend --epochs 60 --batch-size 5 --data "$work/data" --net "$net" \
    --save "$work/plain.st"
! cmp -s "$work/whole.st" "$work/plain.st" || bad "mixing changes nothing"
other="train --backend $backend --epochs 61 --batch-size 5 --data $work/data --resume $work/run.ckpt --net"
refuse 'belongs to a run with mixup 0.4, this one has off' $other "$net" --cutmix 1
refuse 'belongs to a run with mixup 0.4, this one has 0.3' $other "$net" --mixup 0.3 --cutmix 1
refuse 'belongs to a run with cutmix 1.0, this one has off' $other "$net" --mixup 0.4
}

verdict
