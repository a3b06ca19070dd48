#!/bin/sh
# test_network_example.sh PROGRAM STEPS RIGHT TENKA BACKEND: examples/unet.c or resnet20.c: after so many steps it has at
# least RIGHT % of a batch right, a run that was killed goes on bit for bit, and its files load into it alone.
set -u
program=$1
steps=$2
right=$3
tenka=$4
backend=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
bad() {
    echo "FAILED: $*"
    failed=1
}

if [ "$backend" = vulkan ] && ! "$program" 1 vulkan > /dev/null; then
    [ "${TENKA_REQUIRE_VULKAN-}" = 1 ] && exit 1
    exit 77
fi

for arguments in many '10 gpu' '1x'; do
    # shellcheck disable=SC2086
    "$program" $arguments > /dev/null 2> "$work/err" && bad "done: $program $arguments"
    grep -q '^usage: ' "$work/err" || bad "no usage after $program $arguments"
done
"$program" "$steps" "$backend" "$work/whole.ckpt" "$work/whole.safetensors" > "$work/out" || bad "the whole run"
cat "$work/out"
tail -n 1 "$work/out" | awk -v right="$right" '{ exit !($6 >= right) }' || bad "it has not learned"

# Killed as soon as there is a checkpoint; a run that ended before that is not what is to be shown.
"$program" "$steps" "$backend" "$work/run.ckpt" "$work/run.safetensors" > /dev/null &
running=$!
while kill -0 $running 2>/dev/null && [ ! -e "$work/run.ckpt" ]; do
    sleep 0.01
done
kill -9 $running
wait $running 2>/dev/null
[ -e "$work/run.safetensors" ] && bad "the run ended before it was killed"
"$program" "$steps" "$backend" "$work/run.ckpt" "$work/run.safetensors" > "$work/out" || bad "the resumed run"
grep 'goes on after step' "$work/out" || bad "it has not gone on"
cmp "$work/whole.safetensors" "$work/run.safetensors" || bad "the resumed run has other weights"
cmp "$work/whole.ckpt" "$work/run.ckpt" || bad "the resumed run has another checkpoint"

# The command has no such class, and says so.
"$tenka" summary --load "$work/whole.safetensors" --backend cpu > "$work/out" 2> "$work/err" && bad "it was opened"
grep -q 'the forward of [A-Z][a-z]* is code' "$work/err" || bad "another sentence: $(cat "$work/err")"
# A cut checkpoint is refused and stays as it is.
head -c 3000 "$work/whole.ckpt" > "$work/cut.ckpt"
"$program" "$steps" "$backend" "$work/cut.ckpt" > /dev/null 2> "$work/err" && bad "a cut checkpoint was taken"
[ "$(wc -c < "$work/cut.ckpt")" = 3000 ] || bad "a cut checkpoint was written over"
exit $failed
