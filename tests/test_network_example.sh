#!/bin/sh
# test_network_example.sh PROGRAM STEPS RIGHT TENKA BACKEND: examples/unet.c or resnet20.c: after so many steps it has at
# least RIGHT % of the last two batches that it tells of right, a run that was killed goes on bit for bit, and its files load into it alone.
set -u
program=$1
steps=$2
right=$3
tenka=$4
backend=$5
. "$(dirname "$0")/example.sh"

wrong_arguments
train_whole
tail -n 2 "$work/out" | awk -v right="$right" '{ sum += $6 } END { exit !(sum / NR >= right) }' || bad "it has not learned"
train_killed

# The command has no such class, and says so.
"$tenka" summary --load "$work/whole.safetensors" --backend cpu > "$work/out" 2> "$work/err" && bad "it was opened"
grep -q 'the forward of [A-Z][a-z]* is code' "$work/err" || bad "another sentence: $(cat "$work/err")"
refuse_cut
exit $failed
