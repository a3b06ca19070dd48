#!/bin/sh
# test_custom_example.sh CUSTOM TENKA BACKEND: examples/custom.c, a network whose classes are C: what it learns, that it
# goes on bit for bit after kill -9, and that the command refuses its files with the class's name instead of running
# them as another network.
set -u
custom=$1
tenka=$2
backend=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
bad() {
    echo "FAILED: $*"
    failed=1
}

if [ "$backend" = vulkan ] && ! "$custom" 1 vulkan > /dev/null; then
    [ "${TENKA_REQUIRE_VULKAN-}" = 1 ] && exit 1
    exit 77
fi

for arguments in many '10 gpu' '1x'; do
    # shellcheck disable=SC2086
    "$custom" $arguments > /dev/null 2> "$work/err" && bad "done: custom $arguments"
    grep -q '^usage: custom' "$work/err" || bad "no usage after custom $arguments"
done
steps=200
"$custom" $steps "$backend" "$work/whole.ckpt" "$work/whole.safetensors" > "$work/out" || bad "the whole run"
cat "$work/out"
grep -q 'trunk.2 *Block *8 parameters' "$work/out" || bad "no summary of the block"
# Guessing is at log 4 = 1.39 and at 0.4; what was learned is far below.
tail -n 1 "$work/out" | awk '{ exit !($6 < 0.3 && $10 < 0.1) }' || bad "it has not learned"

# Killed as soon as there is a checkpoint; a run that ended before that is not what is to be shown.
"$custom" $steps "$backend" "$work/run.ckpt" "$work/run.safetensors" > /dev/null &
running=$!
while kill -0 $running 2>/dev/null && [ ! -e "$work/run.ckpt" ]; do
    sleep 0.01
done
kill -9 $running
wait $running 2>/dev/null
[ -e "$work/run.safetensors" ] && bad "the run ended before it was killed"
"$custom" $steps "$backend" "$work/run.ckpt" "$work/run.safetensors" > "$work/out" || bad "the resumed run"
grep 'goes on after step' "$work/out" || bad "it has not gone on"
cmp "$work/whole.safetensors" "$work/run.safetensors" || bad "the resumed run has other weights"
cmp "$work/whole.ckpt" "$work/run.ckpt" || bad "the resumed run has another checkpoint"

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

# Damaged and other files change nothing.
head -c 3000 "$work/whole.ckpt" > "$work/cut.ckpt"
cp "$work/cut.ckpt" "$work/before.ckpt"
"$custom" $steps "$backend" "$work/cut.ckpt" > /dev/null 2> "$work/err" && bad "a cut checkpoint was taken"
cat "$work/err"
cmp "$work/cut.ckpt" "$work/before.ckpt" || bad "a cut checkpoint was written over"
exit $failed
