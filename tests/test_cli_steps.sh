#!/bin/sh
# test_cli_steps.sh TENKA: optimizers, parameter groups, schedules, clipping and accumulated batches by the command: what
# is said, what is refused, and what follows when a run is resumed with another learning rate. The numbers are those of
# PyTorch in test_recipes.sh.
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
train="train --backend cpu --threads 1 --data $work/data --batch-size 8 --epochs 3"

# lrs: the learning rates of the epochs in the log, in one line.
lrs() {
    sed -n 's/.*"lr":\([^,}]*\)}$/\1/p' "$work/log" | tr '\n' ' '
}

# has WHAT WANT: the learning rates of the log.
has() {
    [ "$(lrs)" = "$2 " ] || bad "$1: learning rates $(lrs)instead of $2"
}

# misuse PATTERN ARG...
misuse() {
    sentence=$1
    shift
    expect 2 "$sentence" $train --net "$net" "$@"
}

# ---- Optimizers by their names ----

for name in sgd adam adamw rmsprop adagrad adadelta nadam radam adamax lion lamb; do
    succeed $train --net "$net" --quiet --epochs 1 --optimizer $name --log "$work/log"
done
succeed $train --net "$net" --quiet --epochs 1 --optimizer adadelta --log "$work/log"
has 'the default of Adadelta' 1
succeed $train --net "$net" --quiet --epochs 1 --optimizer RAdam --lr 0.25 --log "$work/log"
has '--lr' 0.25
misuse 'Adagrad has no argument momentum' --optimizer adagrad --momentum 0.5

# ---- Groups ----

expect 1 "'conv\*' names no part of the network" $train --net "$net" --quiet --group 'conv*: lr=1'
succeed $train --net "$net" --optimizer adamw --no-decay-norms --group '4: lr=0.5, weight_decay=0'
prints '^group    4 tensors of norms and biases: weight_decay=0$'
prints '^group    2 tensors of 4: lr=0.5, weight_decay=0$'
expect 1 'nothing that is trained is 0' $train --net "$net" --quiet --freeze 0 --group '0: lr=1'
expect 1 'nothing that is trained is norms and biases' $train --quiet --no-decay-norms \
    --net 'Flatten() Linear(36,3,bias=False)'
misuse "expected PATTERN: CHANGES" --group 'lr=1'
misuse "expected PATTERN: CHANGES" --group ':lr=1'
misuse "Adam has no argument momentum" --group '4: momentum=0.5'
misuse "lr must be a number of at least 0" --group '4: lr=-1'

# ---- Schedules ----

succeed $train --net "$net" --schedule 'ExponentialLR(gamma=0.5)' --lr 1 --log "$work/log"
prints '^schedule ExponentialLR(gamma=0.5), per epoch$'
prints 'epoch 3/3 .*  lr 0.25  ('
has 'per epoch' '1 0.5 0.25'
succeed $train --net "$net" --schedule 'ExponentialLR(0.5)' --schedule-per step --lr 1 --log "$work/log" --accumulate 2
prints '^schedule ExponentialLR(0.5), per step$'
has 'per step, of which an epoch has three' '0.125 0.015625 0.001953125'
# 5 batches an epoch; the last value is that of the end.
succeed $train --net "$net" --schedule 'OneCycleLR(max_lr=0.1)' --log "$work/log"
prints '^schedule OneCycleLR(max_lr=0.1), per step$'
succeed $train --net "$net" --schedule 'WarmupCosine(warmup=1)'
says 'warning: this schedule begins with a learning rate of 0, .*--schedule-per step'
succeed $train --net "$net" --schedule 'WarmupCosine(warmup=1)' --schedule-per step
silent
misuse "there is no schedule StepLr; do you mean StepLR?" --schedule 'StepLr(3)'
misuse "step_size is missing" --schedule 'StepLR()'
misuse "ReduceLROnPlateau looks at epochs" --schedule 'ReduceLROnPlateau()' --schedule-per step
misuse "which is it? Give --schedule" --schedule-per epoch
expect 1 'OneCycleLR cycles the momentum, and the optimizer has none' $train --net "$net" --quiet --optimizer sgd \
    --schedule 'OneCycleLR(0.1)'
expect 1 'max_lr has 3 numbers, but the optimizer has 2 parameter groups' $train --net "$net" --quiet \
    --no-decay-norms --schedule 'OneCycleLR([1, 2, 3])'
expect 1 'it ends after 3 steps, but this run has 15' $train --net "$net" --quiet --schedule 'OneCycleLR(0.1, 3)'

# ---- Another learning rate for a run that goes on ----

succeed $train --net "$net" --epochs 2 --lr 1 --schedule 'StepLR(1,gamma=0.5)' --group '4: lr=0.4' \
    --checkpoint "$work/ckpt"
expect 1 'a run with --lr 1, this one has 0.001; given as --lr 0.001 it would go on' $train --net "$net" --quiet \
    --schedule 'StepLR(1,gamma=0.5)' --group '4: lr=0.4' --resume "$work/ckpt"
expect 1 'the schedule StepLR(1,gamma=0.5), this one has none' $train --net "$net" --quiet --lr 1 --group '4: lr=0.4' \
    --resume "$work/ckpt"
rm -f "$work/log"
succeed $train --net "$net" --lr 1 --schedule 'StepLR(1, gamma=0.5)' --group '4: lr=0.4' --resume "$work/ckpt" \
    --log "$work/log"
has 'as it was' 0.25
rm -f "$work/log"
succeed $train --net "$net" --lr 0.1 --schedule 'StepLR(1, gamma=0.5)' --group '4: lr=0.4' --resume "$work/ckpt" \
    --log "$work/log" --checkpoint "$work/other"
says 'the run began with a learning rate of 1, and goes on as if it had been 0.1'
has 'changed on purpose' 0.025000000000000001
# What goes on from there began with it.
rm -f "$work/log"
succeed $train --net "$net" --lr 0.1 --epochs 4 --schedule 'StepLR(1, gamma=0.5)' --group '4: lr=0.4' --quiet \
    --resume "$work/other" --log "$work/log"
silent
has 'and again' 0.012500000000000001

# Of a group with a learning rate of its own --lr is not the advice; what a schedule does not go below changes as well.
succeed $train --net "$net" --epochs 1 --group '4: lr=0.4' --checkpoint "$work/group"
expect 1 'whose parameter group 1 begins with a learning rate of 0.4, in this one it is 0.5; give the --group options' \
    $train --net "$net" --quiet --group '4: lr=0.5' --resume "$work/group"
floor='CosineAnnealingLR(T_max=2, eta_min=0.5)'
succeed $train --net "$net" --epochs 1 --lr 1 --schedule "$floor" --checkpoint "$work/floor" --quiet
rm -f "$work/log"
succeed $train --net "$net" --lr 0.25 --schedule "$floor" --resume "$work/floor" --log "$work/log"
has 'the floor, in proportion' '0.1875 0.125'

# ---- Clipping and accumulating ----

# numbers OPTION...: the losses of a run.
numbers() {
    succeed $train --net "$net" --quiet --optimizer sgd --lr 0.1 --log "$work/log" "$@"
    grep '"step"' "$work/log"
}
numbers > "$work/plain"
numbers --clip-grad-norm 1e20 --clip-grad-value 1e20 --accumulate 1 > "$work/loose"
# A norm below its limit multiplies by 1.
sed '/^ok/d' "$work/plain" > "$work/a"
sed '/^ok/d' "$work/loose" > "$work/b"
cmp "$work/a" "$work/b" || bad 'clipping to what is never reached changes something'
for option in '--clip-grad-norm 1e-3' '--clip-grad-value 1e-4' '--accumulate 2'; do
    # shellcheck disable=SC2086
    numbers $option | sed '/^ok/d' > "$work/c"
    [ "$(lines "$work/a")" = "$(lines "$work/c")" ] || bad "$option: another number of steps"
    ! cmp -s "$work/a" "$work/c" || bad "$option changes nothing"
done
expect 2 "no whole number" $train --net "$net" --accumulate 0
expect 2 "no number" $train --net "$net" --clip-grad-norm -1
verdict
