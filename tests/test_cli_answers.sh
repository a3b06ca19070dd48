#!/bin/sh
# test_cli_answers.sh TENKA: what `tenka test` counts beyond loss and accuracy, against NumPy, and how it is shown. Runs
# on the CPU. Skipped without NumPy.
set -u
tenka=$1
for python in "${TENKA_PYTHON:-python3}" /usr/bin/python3 none; do
    ! "$python" -c 'import numpy' 2> /dev/null || break
done
[ "$python" != none ] || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"
"$python" "$(dirname "$0")/answers.py" make "$work" || exit 1

# try KIND NET LOSS: trains a network on arrays of that kind, and compares what is said of its test half.
try() {
    kind=$1 data=
    for half in train test; do
        data=$data${data:+,}$work/$1_x_$half.npy,$work/$1_y_$half.npy
    done
    succeed train --backend cpu --threads 1 --epochs 2 --batch-size 8 --lr 0.01 --data "$data" --net "$2" --loss "$3" \
        --save "$work/$1.st" --log "$work/$1.log"
    cp "$work/out" "$work/$1.train"
    succeed predict --backend cpu --load "$work/$1.st" --out "$work/$1.npy" "$work/$1_x_test.npy"
    # Batches of 7 leave a smaller one.
    succeed test --backend cpu --load "$work/$1.st" --batch-size 7 --loss "$3" --top 3 --worst 6 --json
    is_json
    cp "$work/out" "$work/$1.json"
    "$python" "$(dirname "$0")/answers.py" check "$1" "$work" "$work/$1.json" "$work/$1.npy" ||
        bad "the measures of $1"
    succeed test --backend cpu --load "$work/$1.st" --loss "$3" --confusion --top 3 --worst 6
}

try classes 'Linear(6, 6)' 'CrossEntropyLoss()'
prints '^test loss [0-9.]*  test accuracy [0-9.]* %  top 3 [0-9.]* %  ([0-9.]* s, '
prints '^Confusion: a row for each class'
[ "$(grep -c '^ *[0-5] [0-5] *\( *[0-9.]\)\{6\}$' "$work/out")" = 6 ] || bad "there are not six rows"
prints '^Class  *precision  *recall  *F1  *count$'
prints '^    mean  *0[.][0-9]* '
prints '^ *[0-9]* *[0-9.]*  [0-5], answered as [0-5] with [0-9.]* %$'
[ "$(grep -c 'answered as' "$work/out")" = 6 ] || bad "there are not six of the worst"
try many 'Linear(6, 30)' 'CrossEntropyLoss()'
prints '^Confusion: the classes that are taken for others most often'
prints '^[0-9]*  *answered as [0-9]*  *[0-9]*$'
try numbers 'Linear(6, 3)' 'MSELoss()'
prints '^test loss [0-9.]*  MAE [0-9.]*  RMSE [0-9.]*  R2 -*[0-9.]*  ([0-9.]* s, '
prints 'the first number is [-0-9.e]*, answered as '
prints '^Target  *MAE  *RMSE  *R2$'
[ "$(grep -c '^  [0-2]   *[0-9.]*  *[0-9.]*  *-*[0-9.]*$' "$work/out")" = 3 ] || bad "there are not three targets"
grep -q '^epoch 2/2  train loss [0-9.]*  test loss [0-9.]*  MAE [0-9.]*  R2 -*[0-9.]*  ([0-9.]* s, ' \
    "$work/numbers.train" || bad "an epoch does not say the error"
grep -q '"test_accuracy":null,"test_mae":[0-9.]*,"test_rmse":[0-9.]*,"test_r2":' "$work/numbers.log" ||
    bad "the log does not say the error"
try labels 'Linear(6, 4)' 'BCEWithLogitsLoss()'
prints '^test loss [0-9.]*  exact [0-9.]* %  F1 [0-9.]*  ('
prints '^Label  *precision'
prints '% of its labels are right$'
try pixels 'Conv2d(1, 3, 3, padding=1)' 'CrossEntropyLoss()'
prints '^test loss [0-9.]*  test accuracy [0-9.]* %  top 3 100.00 %  mean IoU [0-9.]*  ('
prints '^Class  *precision  *recall  *F1  *IoU  *count$'
prints '% of its places are right$'
try pictures 'Conv2d(1, 1, 3, padding=1)' 'MSELoss()'
prints '^test loss [0-9.]*  MAE [0-9.]*  RMSE [0-9.]*  R2 -*[0-9.]*  PSNR [0-9.]* dB  ('

# Shares of classes and losses that compare outputs have no such measures.
succeed train --backend cpu --epochs 1 --data "$work/labels_x_train.npy,$work/labels_y_train.npy" --net 'Linear(6, 4)' \
    --loss 'CrossEntropyLoss()' --save "$work/shares.st"
succeed test --backend cpu --load "$work/shares.st" --loss 'CrossEntropyLoss()' --confusion --worst 2 --json \
    --data "$work/labels_x_test.npy,$work/labels_y_test.npy"
is_json
expect 2 "is no whole number from 1" test --load "$work/classes.st" --top 0
expect 2 "is no whole number from 1" test --load "$work/classes.st" --worst 0

verdict
