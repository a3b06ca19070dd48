#!/bin/sh
# test_resume.sh TENKA [KILLS] [SEED]: a run that is killed and resumed ends with the same bytes as one that is not.
# Kills KILLS runs (5) with SIGKILL at random moments on the CPU, a fifth as many on Vulkan where there is a device
# (TENKA_REQUIRE_VULKAN=1: a missing one is a failure), interrupts some with SIGINT and SIGTERM, and tries checkpoints
# that do not fit. SEED, printed at the beginning, repeats the moments.
set -u
tenka=$1
kills=${2:-5}
seed=${3:-$(($(date +%s) % 1000000))}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
. "$(dirname "$0")/cli.sh"
echo "seed $seed: to repeat, $0 $tenka $kills $seed"

# random MODULUS: the next number, in $drawn, of a generator of our own, so that every shell draws the same.
random() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    drawn=$((seed / 65536 % $1))
}

now_ms() {
    echo $(($(date +%s%N) / 1000000))
}

# ---- Images: noise with a bright band that tells the class ----

# half PREFIX COUNT: images of 20x20 and labels of 0 to 9 in turn.
half() {
    { be32 2051; be32 "$2"; be32 20; be32 20; } > "$work/data/$1-images-idx3-ubyte"
    awk -v count="$2" 'BEGIN {
        x = 1
        for (i = 0; i < count; i++)
            for (p = 0; p < 400; p++) {
                x = (x * 16807) % 2147483647
                printf "%c", 33 + x % 60 + (int(p / 40) == i % 10 ? 30 : 0)
            }
    }' >> "$work/data/$1-images-idx3-ubyte"
    { be32 2049; be32 "$2"; } > "$work/data/$1-labels-idx1-ubyte"
    awk -v count="$2" 'BEGIN { for (i = 0; i < count; i++) printf "%s", i % 10 }' |
        tr 0123456789 '\000\001\002\003\004\005\006\007\010\011' >> "$work/data/$1-labels-idx1-ubyte"
}
mkdir "$work/data"
half train 250
half t10k 150
printf '%s\n' 'Conv2d(1, 6, 5) BatchNorm2d(6) ReLU() MaxPool2d(2) Dropout(0.3) Flatten()' \
    'Linear(384, 20) ReLU() Dropout(0.5) Linear(20, 10)' > "$work/net"
sed 's/0.5/0.6/' "$work/net" > "$work/other_net"

# ---- Kills ----

# numbers LOG: what a log says, without times and names.
numbers() {
    sed -e 1d -e 's/,"train_seconds".*//' "$1"
}

# same NAME: run.st and run.log are those of an unbroken run.
same() {
    cmp "$work/whole.st" "$work/run.st" || bad "$1: other weights than without a break"
    cmp "$work/whole.best" "$work/run.best" || bad "$1: another best network than without a break"
    numbers "$work/whole.log" > "$work/a"
    numbers "$work/run.log" > "$work/b"
    cmp "$work/a" "$work/b" || bad "$1: another log than without a break"
}

# begin ARG...: trains in the background, from the checkpoint if there is one; its process is $pid.
begin() {
    resume=
    [ ! -e "$work/run.ckpt" ] || resume="--resume $work/run.ckpt"
    # shellcheck disable=SC2086
    "$tenka" $train --save "$work/run.st" --best "$work/run.best" --log "$work/run.log" \
        --checkpoint "$work/run.ckpt" $resume "$@" > "$work/out" 2> "$work/err" &
    pid=$!
}

fresh() {
    rm -f "$work"/run.*
}

# finished NAME STATUS: a run that came to its end by itself.
finished() {
    [ "$2" = 0 ] || bad "$1: status $2"
    same "$1"
    [ -z "$(find "$work" -name '*.tmp-*')" ] || bad "$1: temporary files stay behind"
    fresh
}

# kill_runs NAME COUNT: kills runs, each going on where the one before was killed, until COUNT have been hit.
kill_runs() {
    hit=0 tries=0
    fresh
    while [ $hit -lt "$2" ] && [ $tries -lt $(($2 * 10)) ]; do
        tries=$((tries + 1))
        random 3
        case $drawn in
        0) every=1 ;;
        1) every=7 ;;
        *) every=1000000 ;;
        esac
        random $((duration + 1))
        had=0
        [ ! -e "$work/run.ckpt" ] || had=1
        begin --checkpoint-every $every
        sleep "$((drawn / 1000)).$(printf %03d $((drawn % 1000)))"
        kill -s KILL $pid 2> /dev/null
        wait $pid 2> /dev/null
        got=$?
        if [ $got != 137 ]; then
            finished "$1, $hit kills" $got
            continue
        fi
        hit=$((hit + 1))
        [ $had = 0 ] || [ -e "$work/run.ckpt" ] || bad "$1: the checkpoint is gone"
        echo "$1: kill $hit after $drawn ms, a checkpoint every $every steps, $(lines "$work/run.log") lines of log"
    done
    [ $hit = "$2" ] || bad "$1: only $hit of $2 runs were hit"
    begin
    wait $pid
    finished "$1, at last" $?
}

# interrupt NAME SIGNAL STATUS LINES [ARG...]: the signal comes when the log has that many lines.
interrupt() {
    name=$1 signal=$2 want=$3 count=$4
    shift 4
    fresh
    begin "$@"
    wait_for_lines "$work/run.log" "$count"
    kill -s "$signal" $pid
    wait $pid
    got=$?
    [ $got = "$want" ] || bad "$name: status $got instead of $want after SIG$signal"
    grep -q "^tenka: stopped by a signal after .* steps*; the same command with --resume $work/run.ckpt goes on" \
        "$work/err" ||
        bad "$name: what is said after SIG$signal"
    echo "$name: SIG$signal, $(lines "$work/run.log") lines of log"
    begin "$@"
    wait $pid
    finished "$name, SIG$signal" $?
}

# unbroken NAME: $duration becomes the run's time in ms, $spent that of its epochs.
unbroken() {
    begun=$(now_ms)
    # shellcheck disable=SC2086
    succeed $train --save "$work/whole.st" --best "$work/whole.best" --log "$work/whole.log"
    duration=$(($(now_ms) - begun))
    spent=$(sed -n '/"after_step"/d; s/.*"train_seconds":\([^,]*\),"test_seconds":\([^,]*\),.*/\1 \2/p' "$work/whole.log" |
        awk '{ sum += $1 + $2 } END { printf "%d", 1000 * sum }')
    echo "$1: unbroken in $duration ms, $spent of them in epochs"
}

# whole NAME EPOCHS: an unbroken run of at least EPOCHS epochs, and of as many as leave time for a signal.
whole() {
    options=$train
    train="$options --epochs $2"
    unbroken "$1"
    if [ "$spent" -lt 1000 ]; then
        train="$options --epochs $(($2 * (1 + 1200 / (spent + 1))))"
        unbroken "$1, longer"
    fi
}

# One thread: results do not depend on it, and a machine that has other work is no slower then.
common="train --quiet --threads 1 --data $work/data --net $work/net --batch-size 16"
train="$common --backend cpu"
whole cpu 4
kill_runs cpu "$kills"
# 16 steps an epoch, the log's first line and an epoch's: in the middle of the second epoch.
interrupt cpu INT 130 25
interrupt cpu TERM 143 12 --threads 2
# One step an epoch: the signal comes while the network is evaluated, more likely than not.
train="$common --backend cpu --limit 16 --test-batch-size 3"
whole 'cpu, evaluating' 30
interrupt 'cpu, evaluating' INT 130 22
train="$common --backend cpu --optimizer sgd --momentum 0.9 --weight-decay 1e-3"
whole 'cpu, sgd' 4
interrupt 'cpu, sgd' INT 130 20
train="$common --backend cpu-f64"
whole cpu-f64 4
interrupt cpu-f64 INT 130 25

# A step is three batches, and the last of an epoch one; the schedule goes on with each, and so does the average.
train="$common --backend cpu --optimizer nadam --accumulate 3 --clip-grad-norm 0.5 --weight-decay 0.01"
train="$train --no-decay-norms --group 9:lr=0.002 --schedule OneCycleLR(max_lr=0.01) --ema 0.9 --val-every 2"
whole 'cpu, accumulating' 4
kill_runs 'cpu, accumulating' $(((kills + 4) / 5))
interrupt 'cpu, accumulating' INT 130 25

# Tests within epochs: the schedule, the best network and the run's end depend on them.
train="$common --backend cpu --accumulate 3 --ema 0.9 --val-every 5steps --patience 1000000"
train="$train --schedule ReduceLROnPlateau(patience=1,factor=0.5)"
whole 'cpu, testing within' 4
grep -q '"epoch":1,"after_step":6,' "$work/whole.log" || bad "no test after the first update behind step 5"
kill_runs 'cpu, testing within' $(((kills + 1) / 2))
interrupt 'cpu, testing within' INT 130 25
interrupt 'cpu, testing within' TERM 143 9 --threads 2

# ---- Checkpoints that do not fit ----

train="$common --backend cpu --epochs 4"
# shellcheck disable=SC2086
succeed $train --epochs 2 --save "$work/model.st" --checkpoint "$work/good" --log "$work/log"
resume="$train --resume"
cp "$work/good" "$work/good.before"
# shellcheck disable=SC2086
succeed $train --epochs 1 --checkpoint "$work/two" --loss 'CrossEntropyLoss()' --accumulate 2
expect 1 "$work/none" $resume "$work/none"
expect 1 "$work/data" $resume "$work/data"
expect 1 "no checkpoint" $resume "$work/model.st"
expect 1 "$work/net" $resume "$work/net"
for bytes in 0 7 100 3000 9000; do
    head -c $bytes "$work/good" > "$work/cut"
    expect 1 "$work/cut" $resume "$work/cut"
done
head -c -1 "$work/good" > "$work/cut"
expect 1 "$work/cut" $resume "$work/cut"
sed 's/"running/"rumming/' "$work/good" > "$work/cut"
expect 1 "damaged" $resume "$work/cut"
expect 1 "another network: line 10 .*0.5.*0.6" $resume "$work/good" --net "$work/other_net"
expect 1 "optimizer adam, this one has sgd" $resume "$work/good" --optimizer sgd
expect 1 "weight_decay is 0.0, this one has 0.1" $resume "$work/good" --weight-decay 0.1
expect 1 "lr 0.001, this one has 0.1; given as --lr 0.1 it would go on" $resume "$work/good" --optimizer 'Adam(lr=0.1)'
expect 1 "the schedule none, this one has StepLR(3); give the options of that run again$" \
    $resume "$work/good" --schedule 'StepLR(3)'
expect 1 "the loss CrossEntropyLoss() of 2 batches, this one has CrossEntropyLoss() of 3 batches; give the options" \
    $resume "$work/two" --loss 'CrossEntropyLoss()' --accumulate 3
expect 1 "the loss CrossEntropyLoss() of 2 batches, this one has CrossEntropyLoss(); give the options" $resume \
    "$work/two"
expect 1 "a run with 1 parameter group, this one has 2; give the options of that run again$" $resume \
    "$work/good" --no-decay-norms
expect 1 "training batch size of 16, this one has 32" $resume "$work/good" --batch-size 32
expect 1 "test batch size of 16, this one has 5" $resume "$work/good" --test-batch-size 5
expect 1 "a run with 250 training images, this one has 100; give the options of that run again$" $resume \
    "$work/good" --limit 100
expect 1 "dropout mask torch, this one has philox" $resume "$work/good" --dropout-mask philox
expect 1 "seed 0, this one has 1" $resume "$work/good" --seed 1
echo text > "$work/notes"
expect 1 "no log of 'tenka train'" $resume "$work/good" --log "$work/notes"
expect 1 "$work/none/log" $resume "$work/good" --log "$work/none/log"
expect 2 "checkpoint-every needs" $train --checkpoint-every 3
expect 2 "no whole number" $train --checkpoint "$work/run.ckpt" --checkpoint-every 0
expect 1 "$work/none" $train --checkpoint "$work/none/run.ckpt"
expect 1 "checkpoint needs" $train --checkpoint ''
expect 1 "folder" $train --checkpoint "$work/data"
mkdir "$work/other"
cp "$work/data/"* "$work/other"
{ be32 2049; be32 250; head -c 250 /dev/zero; } > "$work/other/train-labels-idx1-ubyte"
expect 1 "other training images: their labels differ" $resume "$work/good" --data "$work/other"
cp "$work/data/"* "$work/other"
{ head -c 16 "$work/data/train-images-idx3-ubyte"; head -c 100000 /dev/zero; } > "$work/other/train-images-idx3-ubyte"
expect 1 "other training images: their inputs differ; give it the data" $resume "$work/good" --data "$work/other"
cp "$work/data/train-images-idx3-ubyte" "$work/other"
{ head -c 16 "$work/data/t10k-images-idx3-ubyte"; head -c 60000 /dev/zero; } > "$work/other/t10k-images-idx3-ubyte"
expect 1 "other test images: their inputs differ" $resume "$work/good" --data "$work/other"
# Older versions did not write down what the inputs are.
sed 's/"inputs/"inputz/g' "$work/good" > "$work/older"
succeed $resume "$work/older" --data "$work/other"
cmp "$work/good" "$work/good.before" || bad "a run that was refused changed the checkpoint"

# A run that is over can be evaluated, and lengthened as if it had been longer from the beginning.
succeed test --backend cpu --quiet --data "$work/data" --load "$work/good"
succeed $resume "$work/good" --epochs 2 --save "$work/again.st"
cmp "$work/model.st" "$work/again.st" || bad "a finished run changes when it is resumed"
grep -q "nothing is left" "$work/err" || bad "nothing is said about a finished run"
unbroken 'cpu, lengthened'
succeed $resume "$work/good" --epochs 4 --save "$work/run.st"
cmp "$work/whole.st" "$work/run.st" || bad "a lengthened run differs"

# ---- Vulkan ----

"$tenka" devices --json > "$work/out"
if grep -q '"kind":"[^c].*"usable":true' "$work/out"; then
    train="$common --backend vulkan --ema 0.95 ${TENKA_VALIDATE:+--validate}"
    # The first run fills the cache of pipelines, so that the next one's time says when to kill.
    unbroken 'vulkan, first'
    whole vulkan 2
    kill_runs vulkan $(((kills + 4) / 5))
    interrupt vulkan INT 130 8
    # On the CPU it goes on as well, but the user hears that the bits are not the same.
    train="$common --backend vulkan"
    cp "$work/good" "$work/run.ckpt"
    begin --epochs 3
    wait $pid || bad "a checkpoint of the CPU on Vulkan"
    grep -q 'another device' "$work/err" || bad "nothing is said about another device"
elif [ "${TENKA_REQUIRE_VULKAN:-}" = 1 ]; then
    bad "no Vulkan device, though TENKA_REQUIRE_VULKAN is 1"
fi

verdict
