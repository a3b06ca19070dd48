#!/bin/sh
# test_cli_best.sh TENKA: which weights of a run are tested and kept, and when it ends: --ema, --best, --patience,
# --val-every, --max-time, --find-lr.
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

# near A B: two numbers are the same but for rounding.
near() {
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a - b < 1e-6 && b - a < 1e-6) }'
}

# ---- --ema ----

succeed $train --net "$net" --epochs 3 --log "$work/plain"
succeed $train --net "$net" --epochs 3 --log "$work/log" --ema 0.9 --save "$work/net.st" --checkpoint "$work/ckpt"
prints '^average  of the weights with decay 0.9, which is tested and saved$'
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
    near "$loss" "$last" || bad "$file has the loss $loss, the run had $last"
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

# ---- --best ----

# best NAME MEASURE ORDER ARG...: --best has the first of the epochs with the least or the most (ORDER: -r) of it.
best() {
    name=$1 measure=$2 order=$3
    shift 3
    succeed $train --net "$net" --epochs 8 --lr 0.02 --log "$work/log" --best "$work/best.st" "$@"
    logged "test_$measure" | awk '{ print $1, NR }' | sort -s -g $order -k1,1 | head -n 1 > "$work/want"
    read -r value epoch < "$work/want"
    prints "^best     $work/best.st: $measure .* of epoch $epoch\$"
    grep -q "^epoch $epoch/8 .*  best\$" "$work/out" || bad "$name: epoch $epoch is not said to be the best"
    succeed test --backend cpu --data "$work/data" --batch-size 8 --load "$work/best.st" --json
    near "$(logged "$measure" "$work/out")" "$value" || bad "$name: the file has not $measure $value of epoch $epoch"
}
best 'by accuracy' accuracy -r
best 'by loss' loss '' --best-by loss --ema 0.5
succeed $train --net "$net" --epochs 2 --best "$work/best.st" --best-by f1
prints '^best     .*: f1 0'
misuse "no test measures 'beauty'; choose" --best "$work/best.st" --best-by beauty
misuse 'give one of the two' --best-by loss
refuse '--best-by mae: a test of these data with CrossEntropyLoss does not measure it; it measures loss, accuracy, f1$' \
    $train --net "$net" --best "$work/best.st" --best-by mae
refuse 'are one file' $train --net "$net" --best "$work/a.st" --save "$work/a.st"
refuse "$work/none" $train --net "$net" --best "$work/none/best.st"
awk 'BEGIN {
    print "a,b,y"
    for (i = 0; i < 24; i++) print i % 5 "," i % 7 "," i % 5 + 2 * (i % 7) + 0.5
}' > "$work/t.csv"
table="train --backend cpu --threads 1 --data $work/t.csv --target y --batch-size 6 --net Linear(2,1) --lr 0.1"
refuse '--patience looks at tests, and .* has no test half; --split' $table --quiet --patience 2
refuse 'it measures loss, mae, rmse, r2$' $table --split 0.25 --best "$work/b.st" --best-by accuracy
succeed $table --split 0.25 --best "$work/b.st" --best-by r2 --epochs 3
prints '^best     .*/b.st: r2 '
succeed $table --split 0.25 --best "$work/b.st" --epochs 3
prints '^best     .*/b.st: loss '

# ---- --patience ----

# Nothing changes, so the first test is the best.
still="$train --net Flatten()Linear(36,3) --lr 0 --optimizer sgd --epochs 9"
succeed $still --patience 2 --checkpoint "$work/ckpt" --best "$work/best.st" --log "$work/log"
says '2 tests in a row were not better than accuracy .* of epoch 1, so that --patience 2 ends the run'
[ "$(logged test_loss | wc -l)" = 3 ] || bad "--patience 2 ends after $(logged test_loss | wc -l) epochs"
succeed $still --patience 2 --resume "$work/ckpt" --best "$work/best.st" --log "$work/log"
says '2 tests in a row were not better'
[ "$(logged test_loss | wc -l)" = 3 ] || bad "a run that --patience has ended goes on"
succeed $still --patience 4 --resume "$work/ckpt" --best "$work/best.st" --log "$work/log" --checkpoint "$work/ckpt"
[ "$(logged test_loss | wc -l)" = 5 ] || bad "with more patience it has $(logged test_loss | wc -l) epochs"
expect 1 'looked for its best by accuracy, and not by loss; give --best-by accuracy' $still --patience 4 --quiet \
    --resume "$work/ckpt" --best-by loss

# ---- --val-every ----

succeed $train --net "$net" --epochs 5 --val-every 2 --log "$work/log" --report "$work/report.html" --patience 9
grep -q '<span>Best test</span><b>accuracy [0-9.]* % of epoch [245]</b>' "$work/report.html" || bad "the report has no best"
[ "$(logged test_loss | tr '\n' ' ' | sed 's/[0-9.]\{2,\}/x/g')" = 'null x null x x ' ] ||
    bad "--val-every 2 tests $(logged test_loss | tr '\n' ' ')"
[ "$(grep -c '  test loss' "$work/out")" = 3 ] || bad "other epochs are said to be tested"
# Of each test after the first the schedule thinks that it is worse: it has risen, as it should not.
succeed $train --net 'Flatten() Linear(36,3)' --epochs 6 --val-every 2 --log "$work/log" --lr 0.0009765625 \
    --schedule 'ReduceLROnPlateau(mode=max, patience=0, factor=0.5)'
same=0.0009765625
[ "$(logged lr | tail -n 6 | tr '\n' ' ')" = "$same $same $same $same 0.00048828125 0.00048828125 " ] ||
    bad "a schedule that looks at tests has the learning rates $(logged lr | tail -n 6 | tr '\n' ' ')"
misuse 'no whole number' --val-every 0
misuse 'no whole number' --val-every 0steps
misuse "'5x' is no whole number, such as 2 for epochs, or 500steps" --val-every 5x

# In steps: 5 an epoch, so that a test falls on the end of the second one; the last epoch is always tested.
succeed $train --net "$net" --epochs 3 --val-every 2steps --log "$work/log" --report "$work/report.html" \
    --best "$work/best.st" --best-by loss
grep -o '"epoch":[0-9]*,"after_step":[0-9]*' "$work/log" | tr '\n' ' ' > "$work/a"
[ "$(cat "$work/a")" = '"epoch":1,"after_step":2 "epoch":1,"after_step":4 "epoch":2,"after_step":6 "epoch":2,"after_step":8 "epoch":3,"after_step":12 "epoch":3,"after_step":14 ' ] ||
    bad "--val-every 2steps tests at $(cat "$work/a")"
prints '^epoch 1/3, step 2  train loss [0-9.]*  test loss [0-9.]*  test accuracy'
[ "$(logged test_loss | sed 's/[0-9.]\{2,\}/x/' | tr '\n' ' ')" = 'x x null x x x x x x ' ] ||
    bad "--val-every 2steps tests $(logged test_loss | tr '\n' ' ')"
grep -q '"val_every":"2steps"' "$work/log" || bad "the log does not say how often"
least=$(logged test_loss | grep -v null | sort -g | head -n 1)
place=$(sed -n 's/.*"after_step":\([0-9]*\),.*"test_loss":'"$least"',.*/step \1/p' "$work/log")
[ -n "$place" ] || place=$(sed -n 's/^{"epoch":\([0-9]*\),.*"test_loss":'"$least"',.*/epoch \1/p' "$work/log")
prints "^best     .*: loss .* of $place\$"
# Of two equal tests the first is the best one; the second ends the run, in the middle of the first epoch.
succeed $still --patience 1 --val-every 2steps --checkpoint "$work/ckpt" --best "$work/best.st" --log "$work/log"
says '1 test in a row was not better than accuracy .* of step 2, so that --patience 1 ends the run'
[ "$(logged test_loss | wc -l)" = 2 ] || bad "--patience 1 ends after $(logged test_loss | wc -l) tests"
succeed $still --patience 3 --val-every 2steps --resume "$work/ckpt" --best "$work/best.st" --log "$work/log"
[ "$(sed -n 's/.*"after_step":\([0-9]*\).*/\1/p' "$work/log" | tr '\n' ' ')" = '2 4 6 8 ' ] ||
    bad "with more patience it tests at $(sed -n 's/.*"after_step":\([0-9]*\).*/\1/p' "$work/log" | tr '\n' ' ')"

# ---- --max-time ----

succeed $train --net "$net" --epochs 400 --quiet --save "$work/whole.st" --best "$work/whole.best" --ema 0.9
rm -f "$work"/run.*
parts=0
resume=
while [ $parts -lt 99 ]; do
    parts=$((parts + 1))
    # shellcheck disable=SC2086
    succeed $train --net "$net" --epochs 400 --save "$work/run.st" --best "$work/run.best" --ema 0.9 --max-time 0.3s \
        --checkpoint "$work/run.ckpt" $resume > "$work/ok"
    grep -q -e '--max-time is over' "$work/err" || break
    says "--max-time is over: stopped after .* steps*; the same command with --resume .*/run.ckpt goes on; the network so far"
    resume="--resume $work/run.ckpt"
done
echo "$parts parts"
[ $parts -gt 1 ] || bad "nothing was stopped"
cmp "$work/whole.st" "$work/run.st" || bad "a run in $parts parts has other weights"
cmp "$work/whole.best" "$work/run.best" || bad "a run in $parts parts has another best"
for time in 0 '' 2x 1h30 -5 5m3 h nan; do
    misuse "is no time, such as 2h30m, 90m, 45s, or 3600" --max-time "$time"
done
succeed $train --net "$net" --epochs 1 --max-time 1d2h3m4.5s --quiet

# ---- --find-lr ----

find="$train --batch-size 40 --find-lr"
succeed $find --net "$net" --optimizer sgd --momentum 0.9 --save "$work/no.st" --checkpoint "$work/no.ckpt" \
    --log "$work/no.log" --best "$work/no.best" --report "$work/range.html"
prints 'The loss falls fastest at [0-9.e-]* and is lowest at .*: --lr [0-9.e-]* is a good beginning'
prints '^ *1e-07 *1e-06 .* 1 *10$'
[ "$(grep -c '^ *[0-9.e-]* |' "$work/out")" = 12 ] || bad "the plot has $(grep -c '^ *[0-9.e-]* |' "$work/out") lines"
for file in "$work"/no.*; do
    [ ! -e "$file" ] || bad "--find-lr has written $file"
done
grep -q 'log10 of the learning rate' "$work/range.html" || bad "the report has no curve"
sed '/^report/d' "$work/out" > "$work/a"
succeed $find --net "$net" --optimizer sgd --momentum 0.9 --group '4: lr=0.1' --schedule 'StepLR(1)' --accumulate 2 \
    --patience 1 --ema 0.9
succeed $find --net "$net" --optimizer sgd --momentum 0.9
sed '/^report/d' "$work/out" > "$work/b"
cmp "$work/a" "$work/b" || bad "another curve the second time"
succeed $find --net "$net" --optimizer 'SGD(lr=0.1, momentum=0.9)'
prints ': lr=[0-9.e-]* in --optimizer is a good beginning'
misuse 'leave --resume out' --find-lr --resume "$work/ckpt"
nothing_left

verdict
