#!/bin/sh
# test_cli_tuning.sh TENKA: how a network begins and what of it is trained: --init, --load-partial, --reset, --freeze,
# --train and --freeze-stats. Runs on the CPU.
set -u
tenka=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

mkdir "$work/data"
images 21 8 > "$work/data/train-images-idx3-ubyte"
labels 21 3 > "$work/data/train-labels-idx1-ubyte"
images 9 8 > "$work/data/t10k-images-idx3-ubyte"
labels 9 3 > "$work/data/t10k-labels-idx1-ubyte"
trunk='(conv): Conv2d(1, 4, 3) (bn): BatchNorm2d(4) (relu): ReLU() (flat): Flatten()'
net="Sequential($trunk (fc): Linear(144, 3))"
wide="Sequential($trunk (fc): Linear(144, 5))"
train="train --backend cpu --threads 1 --epochs 1 --batch-size 7 --data $work/data --quiet"

# same FILE: $work/got is that file, bit for bit.
same() {
    cmp -s "$work/got" "$work/$1" || bad "it is another network than $1"
}
other() {
    ! cmp -s "$work/got" "$work/$1" || bad "it is the network $1"
}

succeed $train --net "$wide" --save "$work/wide.pt"

# ---- Weights in part ----

expect 1 'size mismatch for fc.weight: .* add --load-partial$' $train --net "$net" --load "$work/wide.pt"
succeed train --backend cpu --threads 1 --epochs 1 --data "$work/data" --net "$net" --load "$work/wide.pt" --load-partial
says 'wide.pt: 6 of 8 tensors are taken; of another shape: fc.weight (\[5, 144\] there, \[3, 144\] here), fc.bias'
succeed $train --net "$net" --load "$work/wide.pt" --load-partial
silent
expect 1 'nothing in it fits the network: 0 of 2' $train --net 'Flatten() Linear(64, 3)' --load "$work/wide.pt" \
    --load-partial
expect 2 'load-partial takes weights of --load FILE into the network of --net' $train --load "$work/wide.pt" \
    --load-partial

labels 21 7 > "$work/data/more"
pair="$work/data/train-images-idx3-ubyte,$work/data/more"
expect 1 'have 7 classes, 0 to 6, but the network gives 5 outputs: .* --load-partial gives it all other weights$' \
    train --backend cpu --net "$wide" --load "$work/wide.pt" --data "$pair,$pair"

# ---- Freezing ----

still="--optimizer SGD(lr=0) --freeze conv --freeze bn --freeze-stats"
succeed $train --net "$net" --load "$work/wide.pt" --load-partial $still --save "$work/start.pt"
succeed $train --net "$net" --load "$work/start.pt" --freeze '*' --train fc.bias --freeze-stats --save "$work/tuned.pt"
# A bias of three numbers, and the zip's checksum of them, are all that differs.
differing=$(cmp -l "$work/start.pt" "$work/tuned.pt" | wc -l)
[ "$differing" -gt 0 ] && [ "$differing" -le 20 ] || bad "$differing bytes have changed"
expect 1 "freeze: 'convv' names no part of the network: .* the network has conv, bn, relu, flat, fc$" $train \
    --net "$net" --freeze convv
expect 1 'freeze leaves nothing to train: add --train' $train --net "$net" --freeze '*'
expect 2 'freeze-stats is about frozen layers: which are they' $train --net "$net" --freeze-stats
expect 2 "freeze needs a name, but '' is given" $train --net "$net" --freeze ''
succeed summary --backend cpu --net "$net" --input 1,8,8 --freeze conv --freeze bn --json
prints '"trainable": *435'
prints '"optimizer": *3480'
succeed profile --backend cpu --net "$net" --input 1,8,8 --batch-size 4 --steps 2 --json
cp "$work/out" "$work/all"
succeed profile --backend cpu --net "$net" --input 1,8,8 --batch-size 4 --steps 2 --freeze conv --freeze bn \
    --freeze-stats --json
for pass in conv2d_dw batch_norm2d_backward batch_norm2d_dx; do
    ! grep -q "$pass" "$work/out" || bad "a backward pass of a frozen layer: $pass"
done
grep -q 'conv2d_dw' "$work/all" || bad "no backward pass of a layer that is trained"

# ---- Stopping and going on ----

tune="$train --net $work/net.txt --freeze conv --freeze bn --freeze-stats"
printf '%s\n' "$net" > "$work/net.txt"
succeed $tune --checkpoint "$work/k"
succeed $tune --epochs 2 --resume "$work/k" --save "$work/got"
succeed $tune --epochs 2 --save "$work/whole"
same whole
grep -q '"frozen": *{[^}]*conv.weight' "$work/k" || grep -q 'frozen.*conv.weight.*bn.running_mean' "$work/k" ||
    bad "the checkpoint does not say what is frozen"
expect 1 'a run in which conv.weight is frozen, in this one it is not' $train --net "$work/net.txt" --epochs 2 \
    --resume "$work/k"
expect 1 'in which bn.running_mean is frozen, in this one it is not' $train --net "$work/net.txt" --epochs 2 \
    --resume "$work/k" --freeze conv --freeze bn
expect 1 'in which fc.bias is not frozen, in this one it is' $tune --epochs 2 --resume "$work/k" --freeze fc.bias

# ---- Beginning ----

begin="$train --net $work/net.txt --optimizer SGD(lr=0) --freeze bn --freeze-stats"
succeed $begin --save "$work/plain"
succeed $begin --init 'kaiming_normal_(mode="fan_out", nonlinearity="relu")' --save "$work/kaiming"
cp "$work/kaiming" "$work/got"
other plain
succeed $begin --init 'conv.weight: kaiming_normal_(mode=fan_out, nonlinearity=relu)' \
    --init 'fc.weight: kaiming_normal_(mode=fan_out, nonlinearity=relu)' --save "$work/got"
same kaiming
succeed $begin --load "$work/kaiming" --reset fc --save "$work/got"
other kaiming
cp "$work/got" "$work/reset"
succeed $begin --load "$work/kaiming" --reset fc --save "$work/got"
same reset
expect 2 'init draws weights that those of --load take the place of' $begin --load "$work/kaiming" --init 'zeros_()'
succeed $begin --load "$work/wide.pt" --load-partial --init 'fc.bias: constant_(1)' --check-finite
expect 1 "reset: 'head' names no part of the network" $begin --reset head
expect 1 'do you mean kaiming_normal_?' $begin --init 'kaiming_norml_()'
expect 1 'xavier_normal_ looks at fans, .* but bn.weight is \[4\]' $begin --init 'bn: xavier_normal_()'
verdict
