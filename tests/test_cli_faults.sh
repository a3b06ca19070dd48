#!/bin/sh
# test_cli_faults.sh TENKA LAYERS: what a user of `tenka train` meets when something breaks: a device that is lost, a
# batch that does not fit, losses that are no numbers, files that are cut off or cannot be written, signals. Each ends
# in one sentence with a way on, and loses nothing that was computed. LAYERS is the folder of the layer that loses the
# device. TENKA_REQUIRE_VULKAN=1 makes a missing device a failure.
set -u
tenka=$1 layers=$2
work=$(mktemp -d)
mounted=
pid=
leave() {
    [ -z "$pid" ] || kill -s KILL "$pid" 2> /dev/null
    [ -z "$mounted" ] || umount "$mounted"
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 1' INT TERM
mkdir "$work/tmp"
export TMPDIR="$work/tmp"
. "$(dirname "$0")/cli.sh"

# whole_lines LOG: every line is an object.
whole_lines() {
    [ -s "$1" ] || bad "$1 is empty"
    ! grep -v -q '^{.*}$' "$1" || bad "half a line in $1"
    [ "$(tail -c 1 "$1" | od -An -c | tr -d ' ')" = '\n' ] || bad "the last line of $1 has no end"
}

# ---- Data ----

mkdir "$work/data"
images 80 28 > "$work/data/train-images-idx3-ubyte"
labels 80 > "$work/data/train-labels-idx1-ubyte"
images 30 28 > "$work/data/t10k-images-idx3-ubyte"
labels 30 > "$work/data/t10k-labels-idx1-ubyte"
# Very many tiny images of one class; the other is in the tests alone.
many=2000000
mkdir "$work/many"
{ be32 2051; be32 $many; be32 2; be32 2; head -c $((4 * many)) /dev/zero; } > "$work/many/train-images-idx3-ubyte"
{ be32 2049; be32 $many; head -c $many /dev/zero; } > "$work/many/train-labels-idx1-ubyte"
{ be32 2051; be32 10; be32 2; be32 2; head -c 40 /dev/zero; } > "$work/many/t10k-images-idx3-ubyte"
{ be32 2049; be32 10; head -c 9 /dev/zero; printf '\001'; } > "$work/many/t10k-labels-idx1-ubyte"

net='Flatten() Linear(784, 20) ReLU() Linear(20, 10)'
common="train --quiet --threads 1 --batch-size 8 --data $work/data"
train="$common --backend cpu --epochs 1"
backends=cpu
"$tenka" devices --json > "$work/out"
if grep -q '"kind":"[^c].*"usable":true' "$work/out"; then
    backends='cpu vulkan'
elif [ "${TENKA_REQUIRE_VULKAN:-}" = 1 ]; then
    bad "no Vulkan device, though TENKA_REQUIRE_VULKAN is 1"
fi

# ---- Losses that are no numbers ----

# poison FILE TENSOR: the tensor's first number becomes NaN.
poison() {
    header=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
    begin=$(head -c $((header + 8)) "$1" | tail -c +9 | tr '{' '\n' | grep -A 1 "\"$2\":" | tail -n 1 |
        sed 's/.*"data_offsets":\[\([0-9]*\),.*/\1/')
    printf '\000\000\300\177' | dd of="$1" bs=1 seek=$((header + 8 + begin)) conv=notrunc 2> /dev/null
}

succeed $train --net "$net" --save "$work/net.st"
cp "$work/net.st" "$work/bad.st"
poison "$work/bad.st" 3.weight
cmp -s "$work/net.st" "$work/bad.st" && bad "no weight was poisoned"
cp "$work/net.st" "$work/kept.st"
for backend in $backends; do
    run="$common --backend $backend --epochs 1"
    expect 1 "step 0 of epoch 1 .*the weight of layer 3 (Linear), 1 of 200 numbers: they came from $work/bad.st, and" \
        $run --load "$work/bad.st" --check-finite --save "$work/kept.st"
    expect 1 "has numbers that are not finite, first in the .*: the training has diverged.*smaller --lr" \
        $run --net 'Flatten() Linear(784, 20) Linear(20, 10)' --epochs 3 --optimizer sgd --lr 1e6 --check-finite \
        --save "$work/kept.st"
    # A slow machine looks earlier.
    expect 1 "from \(step 0\|one of the steps 0 to [0-9]\) on: .*has diverged.*--check-finite" $run \
        --load "$work/bad.st" --save "$work/kept.st"
    expect 1 "from step 0 on: .*has diverged.*--check-finite" $run --load "$work/bad.st" --log "$work/log"
    whole_lines "$work/log"
    grep -q '"step":0,"loss":null}$' "$work/log" || bad "the log has no line of the bad step"
    cmp -s "$work/net.st" "$work/kept.st" || bad "a network that has diverged replaced a file"
    # Looking changes nothing but the rounding.
    succeed $run --net "$net"
    sed 's/(.*//' "$work/out" > "$work/plain"
    succeed $run --net "$net" --check-finite
    sed 's/(.*//' "$work/out" | cmp -s - "$work/plain" || bad "--check-finite changes the result on $backend"
done
# The epoch's last update, after losses that are all finite, makes the weights infinite.
exploding="$train --limit 32 --net Flatten()Linear(784,10)Tanh() --optimizer sgd --lr 1e6 --weight-decay 1e6"
for option in save checkpoint; do
    expect 1 "has diverged and its network was not saved" $exploding --$option "$work/kept.st"
    cmp -s "$work/net.st" "$work/kept.st" || bad "weights that are infinite replaced the file of --$option"
done
says "^tenka: after 4 steps 1.weight has numbers that are not finite"
# The update multiplies the weights by -1e12: finite ones, but after the second update no loss is. The checkpoint of the
# first stays, be it an epoch's or a step's; so does another run's, and where there was none there is none.
growing="$common --backend cpu --optimizer sgd --lr 1e6 --weight-decay 1e6"
deep='Flatten()Linear(784,20)Linear(20,20)Linear(20,20)Linear(20,10)'
bursting="$growing --limit 8 --epochs 1 --net $deep"
growing="$growing --net $(echo "$net" | tr -d ' ')"
exploded() {
    nothing_left
    [ ! -e "$1.last-good" ] || bad "$1.last-good stays"
    cmp -s "$2" "$1" || bad "a checkpoint that has exploded replaced the last good one"
}
succeed $growing --limit 8 --epochs 1 --checkpoint "$work/first.ckpt"
[ ! -e "$work/first.ckpt.last-good" ] || bad "a checkpoint is kept beside a good one"
expect 1 "the test loss of epoch 2 is no finite number.*not saved; $work/grown.ckpt is again the checkpoint before;" \
    $growing --limit 8 --epochs 3 --checkpoint "$work/grown.ckpt"
exploded "$work/grown.ckpt" "$work/first.ckpt"
expect 1 "the test loss of epoch 2 is no finite number" $growing --limit 8 --epochs 3 --resume "$work/grown.ckpt" \
    --checkpoint "$work/grown.ckpt"
exploded "$work/grown.ckpt" "$work/first.ckpt"
for option in '' '--check-finite' "--log $work/log"; do
    rm "$work/grown.ckpt"
    expect 1 "step 2 .*has diverged" $growing --limit 24 --epochs 3 --checkpoint-every 1 $option \
        --checkpoint "$work/grown.ckpt"
    [ ! -e "$work/grown.ckpt.last-good" ] || bad "the last good checkpoint has two names"
    # What is left is of step 1.
    expect 1 "steps 1 to 2 .*has diverged" $growing --limit 24 --epochs 1 --resume "$work/grown.ckpt"
done
cp "$work/net.st" "$work/kept.st"
expect 1 "the test loss of epoch 1 is no finite number" $bursting --checkpoint "$work/kept.st"
exploded "$work/kept.st" "$work/net.st"
expect 1 "the test loss of epoch 1 is no finite number.*; its checkpoint $work/none.ckpt was removed;" $bursting \
    --checkpoint "$work/none.ckpt"
[ ! -e "$work/none.ckpt" ] || bad "a checkpoint of a run whose first loss is no number"
# A run that is stopped while it evaluates, at once or gently, has lost nothing, and the one that goes on decides, be it
# from the file, from what was kept beside it, or anew.
tests=100000
cp -r "$work/data" "$work/slow"
{ be32 2051; be32 $tests; be32 28; be32 28; head -c $((784 * tests)) /dev/zero; } > "$work/slow/t10k-images-idx3-ubyte"
{ be32 2049; be32 $tests; head -c $tests /dev/zero; } > "$work/slow/t10k-labels-idx1-ubyte"
slow="$growing --limit 8 --epochs 3 --data $work/slow --test-batch-size 1"
succeed $slow --epochs 1 --checkpoint "$work/first.ckpt"
for way in KILL,137,grown.ckpt TERM,143,grown.ckpt KILL,137,grown.ckpt.last-good KILL,137,; do
    signal=${way%,*}
    from=${way##*,}
    cp "$work/first.ckpt" "$work/grown.ckpt"
    # shellcheck disable=SC2086
    "$tenka" $slow --resume "$work/grown.ckpt" --checkpoint "$work/grown.ckpt" > "$work/out" 2> "$work/err" &
    pid=$!
    tries=0
    while [ ! -e "$work/grown.ckpt.last-good" ] || cmp -s "$work/grown.ckpt.last-good" "$work/grown.ckpt"; do
        tries=$((tries + 1))
        [ $tries -lt 3000 ] || break
        sleep 0.01
    done
    kill -s ${signal%,*} $pid
    wait $pid
    got=$?
    pid=
    [ $got = ${signal#*,} ] || bad "status $got after SIG$signal"
    cmp -s "$work/first.ckpt" "$work/grown.ckpt.last-good" || bad "SIG$signal: the last good checkpoint is gone"
    cmp -s "$work/first.ckpt" "$work/grown.ckpt" && bad "SIG$signal: the epoch that was not evaluated is lost"
    # A run that only reads says where the good one is.
    [ "$from" != grown.ckpt ] || expect 1 "; the last good checkpoint is $work/grown.ckpt.last-good;" $slow --epochs 9 \
        --resume "$work/grown.ckpt"
    expect 1 "the test loss of epoch 2 is no finite number" $slow ${from:+--resume "$work/$from"} \
        --checkpoint "$work/grown.ckpt"
    exploded "$work/grown.ckpt" "$work/first.ckpt"
done
rm -r "$work/slow"
# Found while the epoch runs, not at its end.
succeed train --quiet --backend cpu --data "$work/many" --limit 8 --net 'Flatten() Linear(4, 2)' --epochs 1 \
    --save "$work/tiny.st"
poison "$work/tiny.st" 1.weight
expect 1 "steps* [0-9 to]* on: the training has diverged" train --quiet --backend cpu --threads 1 --batch-size 1 \
    --data "$work/many" --load "$work/tiny.st"
last=$(sed 's/.* \([0-9]*\) on: .*/\1/' "$work/err")
[ "$last" -lt $((many - 1)) ] || bad "only the epoch's end finds a loss that is no number"

# ---- Batches that do not fit ----

wide='Flatten() Linear(4, 64) Tanh() Linear(64, 2)'
fit="train --quiet --threads 1 --epochs 1 --data $work/many --net"
# Too many elements for any device.
for backend in $backends; do
    expect 1 "a training step of 2,000,000 images .*'--batch-size [0-9]*' is the largest that fits" $fit \
        'Flatten() Linear(4, 4000) Linear(4000, 2)' --backend $backend --batch-size 1000000000
done
case $backends in
# By the device: its memory, or what it can bind.
*vulkan) expect 1 "needs [0-9.]* GiB, but vulkan.* has [0-9.]* .iB for it\|can bind only [0-9]*: use a" $fit \
    'Flatten() Linear(4, 900) Tanh() Linear(900, 900) Tanh() Linear(900, 2)' --backend vulkan --batch-size 2000000 ;;
esac
# Within 600 MiB of addresses: not under the address sanitizer, which takes terabytes.
if (ulimit -v 600000 && "$tenka" --version) > /dev/null 2>&1; then
    (
        ulimit -v 600000
        # shellcheck disable=SC2086
        "$tenka" $fit "$wide" --backend cpu --batch-size 2000000 > "$work/out" 2> "$work/err"
    )
    ended 1 $?
    says "a training step of 2,000,000 images needs [0-9.]* GiB, but cpu.* has [0-9.]* MiB for it"
    largest=$(sed "s/.*'--batch-size \([0-9]*\)'.*/\1/" "$work/err")
    (
        ulimit -v 600000
        # shellcheck disable=SC2086
        "$tenka" $fit "$wide" --backend cpu --batch-size "$largest" --limit "$largest" > "$work/out" 2> "$work/err"
    ) || bad "the batch size that is said to fit does not: $largest"
    [ "$largest" -gt 10000 ] || bad "a batch of $largest only"
fi

# ---- Datasets that are cut off ----

# cut NAME BYTES: a copy of the data whose file NAME has only its first BYTES.
cut_data() {
    rm -rf "$work/cut"
    cp -r "$work/data" "$work/cut"
    head -c "$2" "$work/cut/$1" > "$work/cut/part"
    mv "$work/cut/part" "$work/cut/$1"
}
file=train-images-idx3-ubyte
for bytes in 0 3 15; do
    cut_data $file $bytes
    expect 1 "$work/cut/$file: expected an IDX header of 16 bytes, found only $bytes" $train --net "$net" \
        --data "$work/cut"
done
cut_data $file 62735
expect 1 "$work/cut/$file: expected 62720 bytes after the header, found only 62719: the file is cut off" $train \
    --net "$net" --data "$work/cut"
gzip "$work/data/t10k-images-idx3-ubyte"
file=t10k-images-idx3-ubyte.gz
size=$(wc -c < "$work/data/$file")
for bytes in 5 40 $((size / 2)) $((size - 8)) $((size - 1)); do
    cut_data $file "$bytes"
    expect 1 "$work/cut/$file: " $train --net "$net" --data "$work/cut"
done
cut_data $file "$size"
printf 'x' | dd of="$work/cut/$file" bs=1 seek=$((size - 6)) conv=notrunc 2> /dev/null
expect 1 "$work/cut/$file: the gzip data is damaged" $train --net "$net" --data "$work/cut"

# ---- Files that cannot be written ----

# rescued NAME: the file that was written elsewhere is whole.
rescued() {
    says "; .* is in $work/tmp/tenka-[0-9]*-$1 instead"
    found=$(find "$work/tmp" -name "tenka-*-$1")
    succeed test --backend cpu --quiet --data "$work/data" --load "$found"
    rm -f "$work/tmp/tenka-"*
    nothing_left
}

# The folder goes while training runs: once that of the network, once that of the checkpoint.
mkdir "$work/gone"
start --save "$work/gone/net.pt"
mv "$work/gone" "$work/away"
kill -s INT $pid
await
ended 1 $got
says "cannot .* $work/gone/net.pt"
says "; the network is in $work/tmp/tenka-[0-9]*-net.pt instead"
succeed test --backend cpu --quiet --data "$work/data" --net "$net" --load "$work/tmp/"tenka-*-net.pt
rm -f "$work/tmp/tenka-"*
mkdir "$work/gone"
start --checkpoint "$work/gone/run.ckpt"
mv "$work/gone" "$work/away2"
await
ended 1 $got
says "cannot .* $work/gone/run.ckpt"
rm -r "$work/away" "$work/away2" # what was being written moved with its folder
rescued run.ckpt
# A limit that only the checkpoint exceeds. The folder for temporary files is no help then.
cp "$work/net.st" "$work/old"
for option in save checkpoint; do
    (
        ulimit -f 16
        # shellcheck disable=SC2086
        "$tenka" $train --net "$net" --$option "$work/old" > "$work/out" 2> "$work/err"
    )
    ended 1 $?
    says "cannot write $work/old: "
    cmp -s "$work/net.st" "$work/old" || bad "a file too large changed the old one of --$option"
    nothing_left
done
small='Flatten() Linear(784, 2) Linear(2, 10)'
# The network fits: it is saved, with the steps after the last checkpoint.
succeed $train --net "$small" --checkpoint "$work/small.ckpt"
cp "$work/small.ckpt" "$work/small.before"
rm -f "$work/small.st"
(
    ulimit -f 16
    # shellcheck disable=SC2086
    "$tenka" $train --net "$small" --checkpoint "$work/small.ckpt" --epochs 2 --resume "$work/small.ckpt" \
        --save "$work/small.st" > "$work/out" 2> "$work/err"
)
ended 1 $?
says "cannot write $work/small.ckpt: .*; stopped after 20 steps; the same command with --resume $work/small.ckpt goes on from step 10"
says "; the network so far is in $work/small.st$"
cmp -s "$work/small.ckpt" "$work/small.before" || bad "a checkpoint that could not be written changed the old one"
[ ! -e "$work/small.ckpt.last-good" ] || bad "a checkpoint that could not be written has a second name"
nothing_left
succeed test --backend cpu --quiet --data "$work/data" --load "$work/small.st"
# The folder goes, and there is none for temporary files.
mkdir "$work/gone"
TMPDIR=$work/nowhere start --checkpoint "$work/gone/run.ckpt" --checkpoint-every 3 --save "$work/run.st"
mv "$work/gone" "$work/away"
await
ended 1 $got
says "cannot .* $work/gone/run.ckpt: .*; stopped after [0-9]* steps*; the network so far is in $work/run.st$"
succeed test --backend cpu --quiet --data "$work/data" --load "$work/run.st"
whole_lines "$work/run.log"
rm -r "$work/away" "$work/run.st"
# Neither can be written.
mkdir "$work/gone"
TMPDIR=$work/nowhere start --checkpoint "$work/gone/run.ckpt" --save "$work/gone/run.st"
mv "$work/gone" "$work/away"
await
ended 1 $got
says "cannot .* $work/gone/run\.st"
rm -r "$work/away"
# The log outgrows it: the network is saved.
(
    ulimit -f 16
    # shellcheck disable=SC2086
    "$tenka" $train --net "$small" --epochs 100000 --log "$work/long.log" --save "$work/small.st" \
        > "$work/out" 2> "$work/err"
)
ended 1 $?
says "cannot write the log $work/long.log: .*; stopped after [0-9]* steps*; the network so far is in $work/small.st"
whole_lines "$work/long.log"
succeed test --backend cpu --quiet --data "$work/data" --load "$work/small.st"
# A disk that is full, where we may mount one.
mkdir "$work/full"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=80k tmpfs "$work/full" 2> /dev/null; then
    mounted=$work/full
    cp "$work/net.st" "$work/full/net"
    for option in save checkpoint; do
        expect 1 "cannot write $work/full/net: .* is in $work/tmp" $train --net "$net" --$option "$work/full/net"
        rescued net
        cmp -s "$work/net.st" "$work/full/net" || bad "a full disk changed the old file of --$option"
        [ "$(ls -A "$work/full")" = net ] || bad "a full disk left $(ls -A "$work/full")"
    done
    rm "$work/full/net"
    expect 1 "cannot write the log $work/full/log: .*; the network so far is in $work/small.st" $train \
        --net "$small" --epochs 100000 --log "$work/full/log" --save "$work/small.st"
    whole_lines "$work/full/log"
    umount "$work/full" && mounted=
fi
# Results that nobody gets are a failure; the network is saved all the same.
rm "$work/small.st"
# shellcheck disable=SC2086
"$tenka" $train --net "$small" --save "$work/small.st" > /dev/full 2> "$work/err"
ended 1 $?
says "standard output"
[ -s "$work/small.st" ] || bad "no network where the output cannot be written"
# Without a home, and with one where nothing can be written.
for backend in $backends; do
    for home in /proc /dev/null ''; do
        env -u XDG_CACHE_HOME HOME=$home "$tenka" $common --epochs 1 --backend $backend --limit 8 --net "$small" \
            > "$work/out" 2> "$work/err" || bad "training with HOME=$home on $backend"
    done
    env -u XDG_CACHE_HOME -u HOME "$tenka" $common --epochs 1 --backend $backend --limit 8 --net "$small" \
        > "$work/out" 2> "$work/err" || bad "training without HOME on $backend"
done
env -u HOME -u XDG_DATA_HOME "$tenka" train --backend cpu --data "$work/none" > "$work/out" 2> "$work/err"
ended 1 $?
says "$work/none"

# ---- Signals ----

# interrupt SIGNAL STATUS
interrupt() {
    start --save "$work/run.st" --checkpoint "$work/run.ckpt"
    kill -s "$1" $pid
    await
    ended "$2" $got
    says "stopped by a signal after .* is in $work/run.st"
    whole_lines "$work/run.log"
    nothing_left
    # shellcheck disable=SC2086
    succeed $train --epochs 1 --net "$net" --resume "$work/run.ckpt"
}
# is_deadly SIGNAL: else this test was started by something like nohup, which its programs respect.
is_deadly() {
    [ -z "$(sh -c "kill -s $1 \$\$; echo alive" 2> /dev/null)" ]
}
if is_deadly HUP; then
    interrupt HUP 129
fi
interrupt TERM 143
# Killed at once, it leaves whole lines and the checkpoint before; the next run that writes it sweeps up what it was
# writing, if it was.
start --checkpoint "$work/run.ckpt"
leftover=$work/run.ckpt.tmp-$pid-7
kill -s KILL $pid
await
whole_lines "$work/run.log"
succeed $train --net "$net" --resume "$work/run.ckpt"
: > "$leftover"
succeed $train --net "$net" --checkpoint "$work/run.ckpt"
nothing_left
# nohup means it.
: > "$work/out"
(
    trap '' HUP
    # shellcheck disable=SC2086
    exec "$tenka" $train --epochs 100000 --net "$net" > "$work/out" 2> "$work/err"
) &
pid=$!
tries=0
while [ ! -s "$work/out" ] && [ $tries -lt 600 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
kill -s HUP $pid
sleep 0.5
kill -s TERM $pid
await
ended 143 $got
# Nobody reads what is printed: the network is saved.
if is_deadly PIPE; then
    rm -f "$work/run.st"
    # shellcheck disable=SC2086
    { "$tenka" $train --epochs 100000 --net "$net" --save "$work/run.st" 2> "$work/err"; echo $? > "$work/status"; } |
        head -n 1 > "$work/out"
    ended 141 "$(cat "$work/status")"
    says "the network so far is in $work/run.st"
    [ "$(wc -l < "$work/out")" = 1 ] || bad "no line before the pipe was closed"
    succeed test --backend cpu --quiet --data "$work/data" --load "$work/run.st"
fi
# Twice: a step of many seconds is not waited for. It begins soon after the network is named.
: > "$work/out"
"$tenka" train --threads 1 --data "$work/data" --backend cpu-f64 --batch-size 80 \
    --net 'Conv2d(1, 128, 9) Conv2d(128, 128, 9) Linear(18432, 10)' --save "$work/twice.st" > "$work/out" 2> "$work/err" &
pid=$!
tries=0
while ! grep -q '^network' "$work/out" && [ $tries -lt 600 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
sleep 1
kill -s INT $pid
sleep 0.2
kill -s INT $pid
await
[ $got = 130 ] || bad "status after Ctrl-C twice"
[ ! -e "$work/twice.st" ] || bad "Ctrl-C twice waited for the step and saved"
nothing_left

# ---- A device that is lost ----

# lose AT ARG...: trains on Vulkan and loses the device at submission AT.
lose() {
    at=$1
    shift
    # shellcheck disable=SC2086
    VK_LAYER_PATH=$layers VK_INSTANCE_LAYERS=VK_LAYER_TENKA_lost TENKA_LOSE_AT=$at timeout 300 "$tenka" $common \
        --net "$dropping" --epochs 3 "$@" > "$work/out" 2> "$work/err"
}

# steps LOG: epoch and step of each line.
steps() {
    sed -n 's/^\({"epoch":[0-9]*,"step":[0-9]*\),.*/\1/p' "$1"
}

# fell_back PATTERN ARG...: the run is whole, though the device was lost.
fell_back() {
    pattern=$1
    shift
    lose 25 "$@" --backend vulkan --fallback --save "$work/lost.st" --log "$work/lost.log"
    [ $? = 0 ] || bad "status with --fallback"
    says "^tenka: warning: the device failed after [0-9]* steps* (.*lost.*); the run .* on the CPU, which may be much"
    says "$pattern"
    steps "$work/lost.log" > "$work/a"
    steps "$work/whole.log" | cmp - "$work/a" || bad "the steps of a run that fell back"
    [ "$(grep -c '"test_loss"' "$work/lost.log")" = 3 ] || bad "the epochs of a run that fell back"
    whole_lines "$work/lost.log"
    succeed test --backend cpu --quiet --data "$work/data" --load "$work/lost.st"
    nothing_left
}

dropping='Flatten() Linear(784, 20) ReLU() Dropout(0.5) Linear(20, 10)'
case $backends in
*vulkan)
    # shellcheck disable=SC2086
    succeed $common --net "$dropping" --epochs 3 --backend vulkan --save "$work/whole.st" --log "$work/whole.log"
    # Early, before the first step, and late: one sentence, whatever the program was doing. The log makes each step a
    # submission.
    for at in 1 2 3 5 8 13 21; do
        lose $at --backend vulkan --log "$work/lost.log"
        ended 1 $?
        says "lost"
    done
    says "the device failed after [0-9]* steps* (.*lost.*) and nothing was saved: with --checkpoint FILE"
    # What is said can be typed, and ends as a run does that nothing happened to.
    lose 25 --backend vulkan --checkpoint "$work/it's lost.ckpt" --checkpoint-every 4 --save "$work/lost.st" \
        --log "$work/lost.log"
    ended 1 $?
    says "the device failed after [0-9]* steps* (.*lost.*); this goes on from step [0-9]*: .* --resume '.*lost.ckpt'$"
    [ ! -e "$work/lost.st" ] || bad "a network of a device that is lost was saved"
    nothing_left
    sed 's/.*this goes on from step [0-9]*: //' "$work/err" > "$work/again.sh"
    sh "$work/again.sh" > "$work/out" 2> "$work/err" || bad "the command that goes on: $(cat "$work/again.sh")"
    cmp "$work/whole.st" "$work/lost.st" || bad "a run that went on after a lost device differs"
    steps "$work/lost.log" > "$work/a"
    steps "$work/whole.log" | cmp - "$work/a" || bad "the steps of a run that went on"
    # It does not begin with weights of its own.
    lose 25 --backend vulkan --load "$work/whole.st" --checkpoint "$work/loaded.ckpt" --checkpoint-every 4
    ended 1 $?
    says "this goes on from step [0-9]*: .* --resume $work/loaded.ckpt$"
    sed 's/.*this goes on from step [0-9]*: //' "$work/err" > "$work/again.sh"
    sh "$work/again.sh" > "$work/out" 2> "$work/err" || bad "the command that goes on: $(cat "$work/again.sh")"
    fell_back 'the run begins anew'
    fell_back "from step [0-9]* in $work/lost.ckpt" --checkpoint "$work/lost.ckpt" --checkpoint-every 4
    # The CPU has no kernels of a folder, where this build can compile them.
    shaders=$(dirname "$0")/../shaders
    # shellcheck disable=SC2086
    if "$tenka" $common --net "$small" --epochs 1 --limit 8 --backend vulkan --shader-dir "$shaders" \
        > "$work/out" 2> "$work/err"; then
        fell_back 'the run begins anew' --shader-dir "$shaders"
    fi
    ;;
esac
expect 2 "fallback" $train --fallback
expect 2 "fallback.*validate" train --fallback --validate

# ---- Names ----

for option in data net load log resume; do
    expect 2 "--$option needs a name" train --$option ''
done
expect 1 "there is no folder $work/none, nor a file; 'tools/fetch-data" $train --data "$work/none"
expect 1 "found neither train-images-idx3-ubyte nor .*dataset-fashion-mnist .*tools/fetch-data" $train \
    --data "$work/tmp"
expect 1 "$work/old is no folder" $train --save "$work/old/net"
verdict
