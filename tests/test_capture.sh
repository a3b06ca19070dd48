#!/bin/sh
# test_capture.sh TENKA: a RenderDoc capture of one step, without a window, and what RenderDoc's Python module finds in
# it. Skipped (77) without RenderDoc's packages (renderdoccmd librenderdoc-dev python3-renderdoc), and without a Vulkan
# device unless TENKA_REQUIRE_VULKAN=1.
set -u
tenka=$1
here=$(dirname "$0")
python=/usr/bin/python3 # Debian's, which has the module
backend=vulkan
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/cli.sh"

"$python" -c 'import renderdoc' 2> "$work/err" || { echo "skipped: there is no python3-renderdoc"; exit 77; }
skip_without_device

# Without RenderDoc: one sentence that says how to start, status 1, and no file.
timeout 120 "$tenka" profile --backend vulkan --batch-size 2 --steps 1 --capture "$work/no.rdc" > "$work/out" \
    2> "$work/err"
status=$?
if grep -q 'librenderdoc-dev' "$work/err"; then
    echo "skipped: this build makes no captures"
    exit 77
fi
[ $status = 1 ] || bad "status $status instead of 1 without RenderDoc"
grep -q 'ENABLE_VULKAN_RENDERDOC_CAPTURE=1' "$work/err" || bad "it is not said how to load RenderDoc"
[ ! -e "$work/no.rdc" ] || bad "there is a capture without RenderDoc"

# capture NAME OPTION...: the capture of a network, compared with its profile from a run without RenderDoc.
capture() {
    name=$1
    shift
    mkdir "$work/$name"
    timeout 300 "$tenka" profile --backend vulkan --steps 1 "$@" --json > "$work/$name.json" 2> "$work/err" \
        || { bad "$name: no profile"; return; }
    ENABLE_VULKAN_RENDERDOC_CAPTURE=1 timeout 300 "$tenka" profile --backend vulkan --steps 1 "$@" \
        --capture "$work/$name/step.rdc" > "$work/out" 2> "$work/err" || { bad "$name: no capture"; return; }
    [ "$(ls "$work/$name")" = step.rdc ] || bad "$name: the files are $(ls "$work/$name")"
    timeout 300 "$python" "$here/test_capture.py" "$work/$name.json" "$work/$name/step.rdc" > "$work/out" \
        2> "$work/err" || bad "$name: the capture is not what it should be"
    sed "s/^/$name: /" "$work/out"
}

capture reference --batch-size 4
capture batch_norm --batch-size 3 --optimizer sgd --momentum 0.9 \
    --net 'Conv2d(1,4,3) BatchNorm2d(4) ReLU() MaxPool2d(2) Dropout() Flatten() Linear(676,10)'
# Through a link, to a file whose name is as long as a folder takes, and whose permissions stay.
long=$(printf '%0251d.rdc' 0)
mkdir "$work/linked"
echo old > "$work/linked/$long"
chmod 606 "$work/linked/$long"
ln -s "linked/$long" "$work/link.rdc"
ENABLE_VULKAN_RENDERDOC_CAPTURE=1 timeout 300 "$tenka" profile --backend vulkan --steps 1 --batch-size 2 --input 1,2,2 \
    --net 'Flatten() Linear(4, 2)' --capture "$work/link.rdc" > "$work/out" 2> "$work/err" || bad "no capture through a link"
[ -L "$work/link.rdc" ] || bad "the capture took the link's place"
[ "$(ls "$work/linked")" = "$long" ] || bad "the files are $(ls "$work/linked")"
[ "$(stat -c %a "$work/linked/$long")" = 606 ] || bad "the capture has other permissions than the file before"
[ "$(wc -c < "$work/linked/$long")" -gt 1000 ] || bad "the capture is too small"
# The check would notice the capture of another network.
if [ $failures = 0 ] && timeout 300 "$python" "$here/test_capture.py" "$work/batch_norm.json" \
    "$work/reference/step.rdc" > "$work/out" 2> "$work/err"; then
    bad "another network's capture was taken for this one's"
fi

verdict
