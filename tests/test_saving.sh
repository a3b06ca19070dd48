#!/bin/sh
# test_saving.sh TENKA: where `tenka train` saves: names as long as a folder takes, symbolic links, what cannot be saved
# to and is refused before anything is trained, the folder for what cannot be written; and names that could command a
# terminal.
set -u
tenka=$1
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
export TMPDIR="$work/tmp"
mkdir "$work/tmp" "$work/disk"
: > "$work/found" # so that it is found the first time, too
. "$(dirname "$0")/cli.sh"
cd "$work" || exit 1

# refuse PATTERN ARG...: the same, before anything is trained and without a trace in any folder.
refuse() {
    find "$work" | sort > "$work/found"
    expect 1 "$@"
    ! grep -q '^epoch' "$work/out" || bad "refused after training"
    find "$work" | sort | cmp -s - "$work/found" || bad "something is left"
}

# loads FILE: it is a network or a checkpoint.
loads() {
    succeed test --backend cpu --quiet --data "$work/data" --net "$net" --load "$1"
}

# is_link LINK TARGET
is_link() {
    [ "$(readlink "$1")" = "$2" ] || bad "$1 is no link to $2 any more"
}

# name LENGTH ENDING: a file's name of so many bytes.
name() {
    printf "%0$(($1 - ${#2}))d%s" 0 "$2"
}

# ---- Data ----

mkdir "$work/data"
for half in train t10k; do
    images 40 8 > "$work/data/$half-images-idx3-ubyte"
    labels 40 > "$work/data/$half-labels-idx1-ubyte"
done
net='Flatten() Linear(64, 10)'
few="train --backend cpu --threads 1 --batch-size 8 --data $work/data --epochs 1"
train="$few --quiet"

# ---- Long names ----

cd "$work/disk" || exit 1
for length in 143 244 250 255; do
    saved=$(name $length .st)
    checkpoint=$(name $length .ckpt)
    succeed $train --net "$net" --save "$saved" --checkpoint "$checkpoint"
    loads "$saved"
    succeed $train --net "$net" --epochs 2 --resume "$checkpoint" --checkpoint "$checkpoint"
    [ "$(ls)" = "$(printf '%s\n' "$checkpoint" "$saved" | sort)" ] || bad "the files are $(ls)"
    rm "$saved" "$checkpoint"
done
cd "$work" || exit 1
for option in save checkpoint; do
    refuse "cannot save to .*: File name too long" $few --net "$net" --$option "disk/$(name 256 .st)"
done
# The checkpoint before a training that explodes comes back under such a name, too, and through a link.
growing="$train --net Flatten()Linear(64,20)ReLU()Linear(20,10) --optimizer sgd --lr 1e6 --weight-decay 1e6 --limit 8"
succeed $growing --checkpoint "$work/first.ckpt"
long=$(name 255 .ckpt)
ln -s "disk/$long" link.ckpt
for file in run.ckpt "$long" link.ckpt; do
    expect 1 "; $file is again the checkpoint before;" $growing --epochs 9 --checkpoint "$file"
    cmp -s first.ckpt "$file" || bad "$file is not the last good checkpoint"
    expect 1 "no finite number" $growing --epochs 9 --resume "$file" --checkpoint "$file"
    cmp -s first.ckpt "$file" || bad "$file is not the last good checkpoint after it was resumed"
done
is_link link.ckpt "disk/$long"
[ -z "$(find . -name '*last-good')" ] || bad "a last good checkpoint stays: $(find . -name '*last-good')"
rm -f "./$long" disk/* ./*.ckpt

# The folder goes: what has a long name is put elsewhere under a shorter one, and not where somebody's link leads.
for file in "$(name 255 .pt)" é"$(name 253 .st)" "$(printf 'é%.0s' $(seq 120))x.st" net.st; do
    mkdir gone
    echo precious > precious
    start --save "gone/$file"
    case $file in
    net.st) ln -s "$work/precious" "$work/tmp/tenka-$pid-net.st" ;;
    esac
    mv gone away
    kill -s INT $pid
    await
    ended 1 $got
    says "there is no folder gone; the network is in $work/tmp/tenka-[0-9-]*.*${file#"${file%.*}"} instead"
    other=$(sed 's/.* is in \(.*\) instead$/\1/' err)
    loads "$other"
    [ "$(cat precious)" = precious ] || bad "the rescue followed a link"
    rm -rf away tmp/*
done

# A .pt is made in memory. Where that is too small, which some limit on addresses will find, the network is written as
# safetensors; not under the address sanitizer, which takes terabytes.
wide='Flatten() Linear(64, 100000) Linear(100000, 10)'
if (ulimit -v 600000 && "$tenka" --version) > /dev/null 2>&1; then
    limit=100000
    until grep -q 'out of host memory; the network is in .*-net.pt.safetensors instead' err || [ $limit = 600000 ]; do
        limit=$((limit + 10000))
        (
            ulimit -v $limit
            # shellcheck disable=SC2086
            "$tenka" $train --limit 2 --optimizer sgd --net "$wide" --save net.pt > "$work/out" 2> "$work/err"
        )
    done
    says 'the network is in .*-net.pt.safetensors instead'
    succeed test --backend cpu --quiet --data "$work/data" --load tmp/tenka-*-net.pt.safetensors
    rm -f tmp/* net.pt
fi

# ---- Symbolic links ----

echo old > disk/net.st
chmod 664 disk/net.st
ln -s disk/net.st net.st
ln -s "$work/disk/later.ckpt" run.ckpt
ln -s net.st again.st
succeed $train --net "$net" --save net.st --checkpoint run.ckpt
is_link net.st disk/net.st
is_link run.ckpt "$work/disk/later.ckpt"
loads disk/net.st
loads disk/later.ckpt
[ "$(stat -c %a disk/net.st)" = 664 ] || bad "the mode of a file that is replaced is $(stat -c %a disk/net.st)"
cp disk/net.st before.st
succeed $train --net "$net" --seed 1 --save again.st
cmp -s disk/net.st before.st && bad "a link to a link saved nothing"
is_link again.st net.st
# The file is the same by either name.
succeed $train --net "$net" --epochs 2 --resume disk/later.ckpt --checkpoint run.ckpt
is_link run.ckpt "$work/disk/later.ckpt"
ln -sf disk/later.log run.log
succeed $train --net "$net" --log run.log
is_link run.log disk/later.log
[ -s disk/later.log ] || bad "no log where the link leads"
nothing_left
[ "$(ls disk | tr '\n' ' ')" = 'later.ckpt later.log net.st ' ] || bad "the files are $(ls disk)"
# A run that was killed while it wrote leaves its file where the link leads, and the next one sweeps it up.
: > "$work/disk/later.ckpt.tmp-$(sh -c 'echo $$')-7"
succeed $train --net "$net" --checkpoint run.ckpt
nothing_left
rm run.log

# ---- What cannot be saved to ----

mkfifo pipe
ln -s missing/net.st nowhere
ln -s round about
ln -s about round
ln -s /dev/full device
ln -s pipe to-pipe
ln -s disk to-disk
: > file
for option in save checkpoint; do
    while read -r path why; do
        refuse "$path: $why" $few --net "$net" --$option "$path"
    done << END
pipe it exists and is no regular file
to-pipe it exists and is no regular file
device it exists and is no regular file
/dev/null it exists and is no regular file
disk it is a folder
to-disk it is a folder
nowhere there is no folder missing$
missing/net.st there is no folder missing$
missing/ there is no folder missing$
round Too many levels
about Too many levels
file/net.st file is no folder
END
    refuse "needs the name of a file" $few --net "$net" --$option ''
done
refuse "the network has a tensor called optimizer.exp_avg.*" $few --checkpoint x.st --net \
    'Net((0): Flatten() (optimizer): Sequential((exp_avg): Sequential((1): Linear(64, 10))) (1): Linear(10, 10))'
if [ "$(id -u)" = 0 ] && mkdir mount && mount -t tmpfs -o size=16k tmpfs mount 2> /dev/null; then
    mounted=$work/mount
    head -c 100000 /dev/zero > mount/full 2> /dev/null
    refuse "cannot save to mount/net.st: No space left" $few --net "$net" --save mount/net.st
    rm mount/full
    echo old > mount/old.st
    mount -o remount,ro mount
    refuse "cannot save to mount/net.st: Read-only" $few --net "$net" --save mount/net.st
    refuse "cannot save to mount/old.st: Read-only" $few --net "$net" --checkpoint mount/old.st
    umount mount && mounted=
fi
if [ "$(id -u)" = 0 ] && echo old > mounted.st && echo other > other.st &&
    mount --bind other.st mounted.st 2> /dev/null; then
    mounted=$work/mounted.st
    for option in save checkpoint; do
        refuse "mounted.st: it is a mount point" $few --net "$net" --$option mounted.st
    done
    umount mounted.st && mounted=
fi
# A trace may go into a pipe.
profile="profile --backend cpu --quiet --steps 1 --batch-size 2 --input 1,8,8 --net $(echo "$net" | tr -d ' ')"
cat pipe > trace &
# shellcheck disable=SC2086
timeout 60 "$tenka" $profile --trace pipe > "$work/out" 2> "$work/err" || bad "no trace into a pipe"
wait $!
grep -q traceEvents trace || bad "the pipe got no trace"
for path in disk nowhere "$(name 256 .json)"; do
    refuse "cannot save to $path" $profile --trace "$path"
done

# ---- One file for two ----

echo old > both.st
ln -s both.st to-both
ln -s fresh.st to-fresh
ln -s disk folder
cp disk/later.ckpt start.ckpt
while read -r one other; do
    for options in "save checkpoint" "checkpoint save" "log save" "checkpoint log"; do
        refuse "are one file: give each" $few --net "$net" --${options% *} "$one" --${options#* } "$other"
    done
done << END
fresh.st fresh.st
./fresh.st $work/fresh.st
to-fresh fresh.st
folder/fresh.st disk/fresh.st
both.st both.st
both.st to-both
END
refuse "and the last good checkpoint one.ckpt.last-good are one file" $few --net "$net" --checkpoint one.ckpt \
    --save ./one.ckpt.last-good
refuse "--log start.ckpt and --resume ./start.ckpt are one file" $few --net "$net" --epochs 2 --log start.ckpt \
    --resume ./start.ckpt
refuse "--log start.ckpt and --load start.ckpt are one file" $few --net "$net" --log start.ckpt --load start.ckpt
refuse "--trace x and --capture ./x are one file" $profile --trace x --capture ./x
loads start.ckpt
[ "$(cat both.st)" = old ] || bad "a file that was refused is written"
succeed $train --net "$net" --load start.ckpt --save start.ckpt --checkpoint disk/start.ckpt --log start.log

# ---- Many classes ----

mkdir many
{ be32 2051; be32 8; be32 8; be32 8; head -c 512 /dev/zero; } > many/train-images-idx3-ubyte
# rows LABEL...: eight of them as QMNIST has them, the first of eight columns of 32 bits.
rows() {
    printf '\000\000\014\002'; be32 8; be32 8
    for label in "$@"; do
        be32 "$label"
        head -c 28 /dev/zero
    done
}
rows 0 1 2 3 4 5 6 1099 > many/train-labels-idx2-int
cp many/train-images-idx3-ubyte many/t10k-images-idx3-ubyte
cp many/train-labels-idx2-int many/t10k-labels-idx2-int
thousand="train --backend cpu --threads 1 --quiet --batch-size 8 --data $work/many --net Flatten()Linear(64,1100)"
succeed $thousand --epochs 1
succeed $thousand --epochs 1 --save many.st --checkpoint many.ckpt
succeed $thousand --epochs 2 --resume many.ckpt --checkpoint many.ckpt
succeed test --backend cpu --quiet --data "$work/many" --load many.st
rows 0 4294967295 2 3 4 5 6 7 > many/train-labels-idx2-int
expect 1 "many/train-labels-idx2-int: label 1 is -1, but must be" $thousand --epochs 1

# ---- Names that could command a terminal ----

evil=$(printf 'a\033[2Jb\nc\177d\302\233e\351f')
shown='a?\[2Jb?c?d?e?f'

# harmless: neither output has what a terminal takes for a command, and both are UTF-8.
harmless() {
    for output in out err; do
        ! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$work/$output" || bad "control characters in $output"
        ! LC_ALL=C grep -q "$(printf '\302[\200-\237]')" "$work/$output" || bad "C1 control characters in $output"
        iconv -f UTF-8 -t UTF-8 "$work/$output" > /dev/null 2>&1 || bad "$output is no UTF-8"
    done
}

mkdir "$evil"
cp data/* "$evil"
evil_net=$(printf 'Sequential((0): Flatten() (weird\302\205l\303\244yer): Linear(64, 10))')
succeed $few --data "$evil" --net "$evil_net" --save "$evil/net.st" --checkpoint "$evil/run.ckpt"
prints "^data     $shown: 40 training"
prints "^saved    $shown/net.st$"
harmless
succeed $few --data "$evil" --epochs 2 --resume "$evil/run.ckpt" --checkpoint "$evil/run.ckpt"
prints "^resumed  $shown/run.ckpt: 1 epoch"
harmless
succeed test --backend cpu --data "$evil" --load "$evil/net.st"
harmless
succeed summary --backend cpu --input 1,8,8 --load "$evil/net.st"
prints "weird?läyer: Linear  *\[100, 10\]"
harmless
succeed summary --backend cpu --input 1,8,8 --load "$evil/net.st" --json
prints '"path":"weird\\u0085läyer"'
harmless
succeed profile --backend cpu --steps 1 --batch-size 2 --input 1,8,8 --net "$evil_net" --trace "$evil/trace.json"
prints "^trace    $shown/trace.json: open"
prints 'weird?läyer'
harmless
expect 1 "there is no folder $shown/none" $train --save "$evil/none/net"
harmless
expect 1 "$shown/none: " $train --net "$net" --load "$evil/none"
harmless
expect 1 "the network does not fit.*weird?l" $train --net "$(echo "$evil_net" | sed 's/64/65/')"
harmless
: > "$evil/empty"
expect 1 "$shown/empty" $train --net "$net" --classes "$evil/empty"
harmless
expect 1 "$shown" $train --net "$evil"
harmless
expect 2 "'$shown' is no whole number" train --epochs "$evil"
harmless
expect 2 "'$shown'" "$evil"
harmless
verdict
