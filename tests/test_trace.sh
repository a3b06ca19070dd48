#!/bin/sh
# test_trace.sh TENKA BACKEND: the trace of `tenka profile` is what the same run printed, and nests. Skipped (77) without
# python3, and without a Vulkan device unless TENKA_REQUIRE_VULKAN=1.
set -u
tenka=$1 backend=$2
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/cli.sh"

command -v python3 > /dev/null || { echo "skipped: there is no python3"; exit 77; }
skip_without_device

# profile NAME OPTION...
profile() {
    name=$1
    shift
    timeout 300 "$tenka" profile --backend "$backend" --steps 3 "$@" --trace "$work/$name.trace" --json \
        > "$work/$name.json" || exit 1
}

profile reference --batch-size 4
profile other --batch-size 3 --optimizer sgd \
    --net 'Conv2d(1,4,3) BatchNorm2d(4) ReLU() MaxPool2d(2) Flatten() Linear(676,10)'
python3 "$here/test_trace.py" "$work/reference.trace" "$work/reference.json" || exit 1
python3 "$here/test_trace.py" "$work/other.trace" "$work/other.json" || exit 1
# The check would notice another network's trace, and dispatches that overlap.
if python3 "$here/test_trace.py" "$work/reference.trace" "$work/other.json" > "$work/out"; then
    echo "FAILED: another network's trace was taken for this one's"
    exit 1
fi
sed '/"cat":"dispatch"/s/"dur":\([0-9]*\)/"dur":9\1/' "$work/other.trace" > "$work/longer.trace"
if python3 "$here/test_trace.py" "$work/longer.trace" "$work/other.json" > "$work/out"; then
    echo "FAILED: dispatches that overlap were not noticed"
    exit 1
fi
