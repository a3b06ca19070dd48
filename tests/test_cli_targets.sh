#!/bin/sh
# test_cli_targets.sh TENKA BACKEND: targets of other kinds than a class for each sample: networks that give again what they
# are given, several labels, weights of classes, and losses by names that they have not. Skipped without a Vulkan device
# unless TENKA_REQUIRE_VULKAN=1.
set -u
tenka=$1
backend=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

skip_without_device
train="train --backend $backend --threads 1 --epochs 2 --batch-size 8"
test="test --backend $backend"

# Images of 8 x 8, of three classes: 16, 16 and 8 of them to train, 12 to test.
mkdir "$work/idx"
images 40 8 > "$work/idx/train-images-idx3-ubyte"
images 12 8 > "$work/idx/t10k-images-idx3-ubyte"
labels 12 3 > "$work/idx/t10k-labels-idx1-ubyte"
{ be32 2049; be32 40; awk 'BEGIN { for (i = 0; i < 40; i++) printf "%s", i % 5 < 4 ? i % 2 : 2 }' |
    tr 012 '\000\001\002'; } > "$work/idx/train-labels-idx1-ubyte"

# ---- What is given again ----

auto='Flatten() Linear(64, 16) ReLU() Linear(16, 64) Unflatten(1, (1, 8, 8))'
given="--data $work/idx --target input --net"
succeed $train $given "$auto" --save "$work/a.st" --log "$work/a.log"
silent
prints '^data .*: 40 training, 12 test images, 1x8x8, targets 1x8x8$'
prints 'it is to give again what it is given, so the loss is MSELoss$'
prints '^epoch 2/2  train loss [0-9.]*  test loss [0-9.]*  MAE [0-9.]*  R2 [-0-9.]*  PSNR [-0-9.]* dB'
grep -q '"test_psnr":[-0-9]' "$work/a.log" || bad "no PSNR in the log"
# The saved network knows it.
succeed $test --load "$work/a.st"
prints 'test loss [0-9.]*  MAE [0-9.]*  RMSE [0-9.]*  R2 [-0-9.]*  PSNR [-0-9.]* dB'
loss=$(sed -n 's/.*"test_loss":\([0-9.]*\).*/\1/p' "$work/a.log" | tail -n 1)
prints "^test loss $(printf %.4f "$loss") "
# One that changes nothing makes no mistake, whatever the images are normalised by.
succeed $train $given 'Identity() Dropout(0) Conv2d(1, 1, 1)' --init 'ones_()' --init '*.bias: zeros_()' --lr 0
prints 'test loss 0.0000  MAE 0  R2 1.0000'
refuse 'MSELoss: the output has the shape \[2, 64\], but the targets have \[2, 1, 8, 8\]: expected two of one shape' \
    $train $given 'Flatten() Linear(64, 64)'
# Shares of pixels.
refuse 'BCELoss takes targets from 0 to 1, but the images are normalised.*: give --mean 0 --std 1' $train $given \
    'Conv2d(1, 1, 1) Sigmoid()' --loss 'BCELoss()'
succeed $train $given 'Conv2d(1, 1, 1) Sigmoid()' --loss 'BCELoss()' --mean 0 --std 1 --save "$work/b.st"
prints '^epoch 2/2 .*  PSNR [-0-9.]* dB'
succeed $test --load "$work/b.st"
prints 'it is to give again what it is given, so the loss is BCELoss$'
refuse 'leave Normalize() out of the transform' $train $given 'Conv2d(1, 1, 1) Sigmoid()' --loss 'BCELoss()' \
    --transform 'Compose([ToTensor(), Normalize(0.5, 0.5)])'
# What a transform makes, drawn anew in each epoch, and after --resume.
drawn='Compose([RandomCrop(8, padding=2), RandomHorizontalFlip(), ToTensor(), Normalize(0.5, 0.5)])'
still='Compose([ToTensor(), Normalize(0.5, 0.5)])'
for run in whole parts; do
    rm -f "$work/c.st"
    for epochs in 1 3; do
        [ $run = parts ] || [ $epochs = 3 ] || continue
        resumed=
        [ ! -e "$work/c.st" ] || resumed="--resume $work/c.st"
        # shellcheck disable=SC2086
        succeed train --backend $backend --batch-size 8 --quiet --transform "$drawn" --eval-transform "$still" $given \
            "$auto" --epochs $epochs --checkpoint "$work/c.st" --save "$work/$run.st" $resumed
    done
done
cmp -s "$work/whole.st" "$work/parts.st" || bad "another network after --resume"
refuse "but 'tenka train --target input' makes targets of what the network is given" $train --data "$work/idx" --target price \
    --net "$auto"

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
refuse '^tenka: --class-weights weighs classes, but the targets of .* are floats' $train $given "$auto" \
    --class-weights balanced
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

# ---- Several labels ----

cat > "$work/l.csv" <<'END'
a,b,red,round
1,0,1,0
2,0,1,0
0,1,0,1
0,2,0,1
1,1,1,1
2,1,1,1
0,0,0,0
1,2,1,1
END
cp "$work/l.csv" "$work/lt.csv"
succeed $train --data "$work/l.csv,$work/lt.csv" --target red,round --net 'Linear(2, 2)' --loss 'BCEWithLogitsLoss()' \
    --epochs 200 --lr 0.1 --save "$work/l.st"
prints '^epoch 200/200 .*  exact 100.00 %  F1 1.0000'
# The loss is the one that it was trained with.
succeed $test --load "$work/l.st" --confusion
prints 'the targets are floats, so the loss is BCEWithLogitsLoss$'
prints '^test loss [0-9.]*  exact 100.00 %  F1 1.0000'
prints '^Label  *precision  *recall  *F1  *count$'
prints '^  1 round  *1.0000  *1.0000  *1.0000  *5$'
succeed $test --load "$work/l.st" --json
is_json
prints '"label":0,"name":"red"'
succeed predict --backend $backend --load "$work/l.st" "$work/lt.csv"
prints '^network .*, 2 labels$'
# Each has a probability of its own: both of the fifth line are likely, none of the seventh.
[ "$(sed -n 's/.*\[4\]: //p' "$work/out" | grep -o '[5-9][0-9][0-9.]* %' | wc -l)" = 2 ] || bad "not both labels"
[ "$(sed -n 's/.*\[6\]: //p' "$work/out" | grep -o '[5-9][0-9][0-9.]* %' | wc -l)" = 0 ] || bad "a label of none"
prints 'lt.csv\[0\]: red [0-9.]* %, round [0-9.]* %$'
# A table has probabilities, an array what the network gives.
succeed predict --backend $backend --load "$work/l.st" "$work/lt.csv" --out "$work/l_y.csv"
succeed predict --backend $backend --load "$work/l.st" "$work/lt.csv" --out "$work/l_y.npy"
says "l_y.npy has the network's outputs, which are logits; --out FILE.csv has probabilities"
tail -c +129 "$work/l_y.npy" | od -A n -v -t $([ $backend = cpu-f64 ] && echo f8 || echo f4) |
    awk '{ for (i = 1; i <= NF; i++) print 1 / (1 + exp(-$i)) }' > "$work/a"
sed 1d "$work/l_y.csv" | awk -F, '{ print $2; print $3 }' | paste "$work/a" - |
    awk '{ d = $1 - $2; if (d > 1e-5 || d < -1e-5) exit 1 } END { exit !(NR > 8) }' ||
    bad "the table has no probabilities of the array's logits"
succeed predict --backend $backend --load "$work/l.st" --classes RED,ROUND "$work/lt.csv"
prints 'lt.csv\[0\]: RED [0-9.]* %, ROUND [0-9.]* %$'
succeed predict --backend $backend --load "$work/l.st" --json "$work/lt.csv"
is_json

# ---- Losses by other names ----

wrong() {
    expect 2 "^tenka: --loss takes a loss as torch.nn has it, with its arguments: write '$2()' for '$1'$" $train \
        --data "$work/idx" --net "$classes" --loss "$1"
}
wrong cross_entropy CrossEntropyLoss
wrong mse MSELoss
wrong binary_cross_entropy_with_logits BCEWithLogitsLoss
wrong nll_loss NLLLoss
expect 2 '^tenka: --loss: ' $train --data "$work/idx" --net "$classes" --loss banana

verdict
