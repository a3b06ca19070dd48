#!/bin/sh
# test_custom_example.sh PROGRAM TENKA BACKEND: examples/custom.c, a network whose classes are C: what it learns, that it
# goes on bit for bit after kill -9, and that the command refuses its files with the class's name instead of running
# them as another network.
set -u
program=$1
steps=200
tenka=$2
backend=$3
. "$(dirname "$0")/example.sh"

wrong_arguments
train_whole
grep -q 'trunk.2 *Block *8 parameters' "$work/out" || bad "no summary of the block"
# Guessing is at log 4 = 1.39 and at 0.4; what was learned is far below.
tail -n 1 "$work/out" | awk '{ exit !($6 < 0.3 && $10 < 0.1) }' || bad "it has not learned"

train_killed

# refuse PATTERN ARG...: the command says one sentence with PATTERN in it.
refuse() {
    pattern=$1
    shift
    "$tenka" "$@" --backend cpu > "$work/out" 2> "$work/err" && bad "done: tenka $*"
    grep -q -e "$pattern" "$work/err" || bad "no '$pattern' in $(cat "$work/err")"
    grep -q -e '--net' "$work/err" && bad "advice that does not help: $(cat "$work/err")"
    tail -n 1 "$work/err"
}
refuse 'the forward of Block is code' summary --load "$work/whole.safetensors"
refuse 'the forward of Block is code' summary --load "$work/whole.ckpt"
echo 'Spots((trunk): Sequential(Conv2d(1, 8, 3, padding=1), ReLU(), Block((body): Sequential(Conv2d(8, 8, 3, padding=1),
    ReLU()))), (quarter): Linear(1152, 4), (place): Linear(4, 2))' > "$work/net.txt"
refuse 'the forward of Block is code' summary --net "$work/net.txt" --input 1,12,12 --load "$work/whole.safetensors"
# A nested class of a text is a warning, also where nothing else is said.
"$tenka" summary --net "$work/net.txt" --input 1,12,12 --quiet --backend cpu > /dev/null 2> "$work/err"
grep -q 'does not show what forward does in Spots, Block' "$work/err" || bad "no warning: $(cat "$work/err")"

refuse_cut
exit $failed
