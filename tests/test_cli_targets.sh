#!/bin/sh
# test_cli_targets.sh TENKA BACKEND: weights of classes, and losses by names that they have not. Skipped without a Vulkan device
# unless TENKA_REQUIRE_VULKAN=1.
set -u
tenka=$1
backend=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

if [ "$backend" = vulkan ] && ! "$tenka" devices --json | grep -q '"index":[0-9].*"usable":true'; then
    [ "${TENKA_REQUIRE_VULKAN:-0}" != 1 ] || { echo "no Vulkan device"; exit 1; }
    echo "skipped: there is no Vulkan device"
    exit 77
fi
train="train --backend $backend --threads 1 --epochs 2 --batch-size 8"
test="test --backend $backend"

# Images of 8 x 8, of three classes: 16, 16 and 8 of them to train, 12 to test.
mkdir "$work/idx"
images 40 8 > "$work/idx/train-images-idx3-ubyte"
images 12 8 > "$work/idx/t10k-images-idx3-ubyte"
labels 12 3 > "$work/idx/t10k-labels-idx1-ubyte"
{ be32 2049; be32 40; awk 'BEGIN { for (i = 0; i < 40; i++) printf "%s", i % 5 < 4 ? i % 2 : 2 }' |
    tr 012 '\000\001\002'; } > "$work/idx/train-labels-idx1-ubyte"

# ---- Weights of classes ----

classes='Flatten() Linear(64, 3)'
succeed $train --data "$work/idx" --net "$classes" --class-weights balanced --log "$work/w.log" --checkpoint "$work/w.ck" \
    --save "$work/w.st"
prints '^weights  0 0.8333, 1 0.8333, 2 1.667$'
succeed $train --data "$work/idx" --net "$classes" --log "$work/v.log" --save "$work/v.st" \
    --loss 'CrossEntropyLoss(weight=[0.8333333333333334, 0.8333333333333334, 1.6666666666666667])'
sed -e 1d -e 's/,"train_seconds".*//' "$work/v.log" > "$work/v"
sed -e 1d -e 's/,"train_seconds".*//' "$work/w.log" | cmp -s - "$work/v" || bad "other losses than by the weights"
succeed train --backend $backend --threads 2 --batch-size 8 --data "$work/idx" --net "$classes" --class-weights balanced \
    --epochs 3 --resume "$work/w.ck" --save "$work/parts.st"
succeed train --backend $backend --batch-size 8 --data "$work/idx" --net "$classes" --class-weights balanced --epochs 3 \
    --save "$work/whole.st"
cmp -s "$work/whole.st" "$work/parts.st" || bad "another network after --resume with weights"
expect 1 'balanced classes' $train --data "$work/idx" --net "$classes" --resume "$work/w.ck"
# Behind LogSoftmax the loss has them too; outputs beyond the classes weigh nothing.
succeed $train --data "$work/idx" --net "Flatten() Linear(64, 5) LogSoftmax(1)" --class-weights balanced
prints '^weights  0 0.8333, 1 0.8333, 2 1.667$'
refuse 'both say what a class counts' $train --data "$work/idx" --net "$classes" --class-weights balanced \
    --loss 'CrossEntropyLoss(weight=[1, 2, 3])'
expect 2 'class-weights' $train --data "$work/idx" --net "$classes" --class-weights heavy
cat > "$work/t.csv" <<'END'
a,b,kind
1,2,x
2,1,x
3,4,x
4,2,x
2,2,y
1,1,y
END
succeed $train --data "$work/t.csv" --target kind --net 'Linear(2, 2)' --class-weights balanced
prints '^weights  x 0.75, y 1.5$'

# ---- Losses by other names ----

wrong() {
    expect 2 "^tenka: --loss takes a loss as torch.nn has it, with its arguments: write '$2()' for '$1'$" $train \
        --data "$work/idx" --net "$classes" --loss "$1"
}
wrong cross_entropy CrossEntropyLoss
wrong CrossEntropyLoss CrossEntropyLoss
wrong mse MSELoss
wrong binary_cross_entropy_with_logits BCEWithLogitsLoss
wrong nll_loss NLLLoss
expect 2 '^tenka: --loss: ' $train --data "$work/idx" --net "$classes" --loss banana

verdict
