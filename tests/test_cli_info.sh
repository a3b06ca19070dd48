#!/bin/sh
# test_cli_info.sh TENKA GOLDEN: what `tenka info` tells of models, checkpoints and files of others. Runs on the CPU.
set -u
tenka=$1 golden=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"
images 30 8 > "$work/x"
labels 30 > "$work/y"
data="$work/x,$work/y,$work/x,$work/y"
succeed train --backend cpu --epochs 2 --batch-size 10 --data "$data" --net 'Flatten() Linear(64, 10)' \
    --optimizer 'SGD(lr=0.125, momentum=0.5)' --save "$work/net.st" --checkpoint "$work/run.ckpt"
succeed train --backend cpu --epochs 1 --batch-size 10 --data "$data" --net 'Flatten() Linear(64, 10)' --save "$work/net.pt"

succeed info "$work/net.st"
prints "^$work/net.st: safetensors, a model, [0-9,]* bytes\$"
prints '^2 tensors of the network with 650 numbers$'
prints '^version *0'
prints '^input *1,8,8$'
prints '^classes *\["0","1"'
prints '^1.weight  F32    \[10, 64\]$'
prints '^  (1): Linear(in_features=64, out_features=10, bias=True)$'
silent
succeed info "$work/run.ckpt"
prints "^$work/run.ckpt: safetensors, a checkpoint, "
prints "and the optimizer's with 650"
prints '^epoch *2$'
prints '^step *6$'
prints '^optimizer.kind *sgd$'
prints '^optimizer.group *lr=0.125, momentum=0.5$'
prints '^criterion *CrossEntropyLoss()$'
! grep -q 'generator' "$work/out" || bad "a generator's state is shown"
# ---- The same network in the other format ----

# The other way round it is the same file again, but for what a .pt does not say.
succeed convert --load "$work/net.st" --save "$work/other.pt"
prints "^saved    $work/other.pt: 650 parameters\$"
says "--save $work/other.pt: a .pt holds weights alone, and not size, normalisation and classes of the pictures, which"
succeed convert --load "$work/other.pt" --net 'Flatten() Linear(64, 10)' --save "$work/other.st" --quiet
silent
succeed convert --load "$work/net.st" --save "$work/same.st"
cmp -s "$work/net.st" "$work/same.st" || bad "another file of the same format"
succeed convert --load "$work/run.ckpt" --save "$work/run.pt"
for file in net.st other.pt other.st same.st run.pt; do
    succeed test --backend cpu --load "$work/$file" --net 'Flatten() Linear(64, 10)' --data "$data"
    grep '^test loss' "$work/out" | sed 's/ *(.*//' > "$work/$file.loss"
    cmp -s "$work/net.st.loss" "$work/$file.loss" || bad "another loss of $file"
done
refuse 'name a network for the weights with --net' convert --load "$work/other.pt" --save "$work/none.st"
[ ! -e "$work/none.st" ] || bad "a file without a network"
refuse 'are one file: give each a file of its own' convert --load "$work/net.st" --save "$work/net.st"
expect 2 'with --save FILE what is to be written' convert --load "$work/net.st"
for name in z.onnx z.bin z.h5 -; do
    (cd "$work" && run 1 convert --load net.st --save "$name"
        says 'a name that ends in .pt asks for PyTorch.s format, one that ends in .safetensors for safetensors'
        [ ! -e "$name" ] && [ $failures = 0 ]) || bad "$name is written"
done
refuse 'size mismatch for 1.weight' convert --load "$work/other.pt" --net 'Flatten() Linear(64, 9)' --save "$work/none.st"
! grep -q 'load-partial' "$work/err" || bad "an option is advised that convert lacks"
# A file that cannot become as long as it must leaves nothing behind.
succeed convert --load "$work/net.st" --net 'Flatten() Linear(64, 10)' --save "$work/same.st"
ran="tenka convert of a file that is too long"
(ulimit -f 1; exec "$tenka" convert --load "$work/net.st" --save "$work/long.st" > /dev/null 2> "$work/err")
[ $? = 1 ] || bad "another status"
one_sentence
says '/long.st: '
[ -z "$(find "$work" -name '*long.st*')" ] || bad "a temporary file stays"
if "${TENKA_PYTHON:-python3}" -c 'import torch' 2> /dev/null; then
    "${TENKA_PYTHON:-python3}" -c 'import sys, torch
state = torch.load(sys.argv[1])
torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10)).load_state_dict(state)' "$work/other.pt" ||
        bad "PyTorch does not take what was converted"
fi

succeed info "$work/run.ckpt" --json
is_json
prints '"kind":"checkpoint"'
prints '"checkpoint.step":"6"'
prints '"name":"1.weight","dtype":"F32","shape":\[10,64\],"network":true'
prints '"network":false'
succeed info "$work/net.pt"
prints "^$work/net.pt: PyTorch .pt, a file of weights, "
succeed info "$golden/predict/colour.safetensors" --json
is_json

# A run goes on with the data that its checkpoint names.
again="train --backend cpu --epochs 3 --batch-size 10 --optimizer SGD(lr=0.125,momentum=0.5) --resume $work/run.ckpt"
succeed $again --net 'Flatten() Linear(64, 10)'
prints "^data *$work/x.*: 30 training"
mv "$work/y" "$work/z"
refuse "which $work/run.ckpt was trained on, are no longer there: name others with --data" $again \
    --net 'Flatten() Linear(64, 10)'
mv "$work/z" "$work/y"

expect 1 'cannot .*none' info "$work/none"
expect 1 "$work/x" info "$work/x"
head -c 100 "$work/net.st" > "$work/cut.st"
expect 1 "$work/cut.st" info "$work/cut.st"
expect 2 'name the file' info
expect 2 'name one file alone' info "$work/net.st" "$work/net.pt"
verdict
