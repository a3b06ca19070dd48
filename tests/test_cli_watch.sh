#!/bin/sh
# test_cli_watch.sh TENKA: what a training writes to be looked at: TensorBoard's events and the report. Both are read in
# Python, by TensorBoard where it is installed, and the report is shown by Chromium where that is. Runs on the CPU.
# Skipped without Python; TENKA_PYTHON names another than python3.
set -u
tenka=$1
python=${TENKA_PYTHON:-python3}
here=$(dirname "$0")
command -v "$python" > /dev/null || exit 77
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 $pid 2> /dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work" OMP_WAIT_POLICY=passive
. "$here/cli.sh"

# ---- Data: two halves of grey images, in a folder whose name means something in HTML and in shells ----

data="$work/a <b> & 'c'"
mkdir "$data"
images 60 12 > "$data/train-images-idx3-ubyte"
labels 60 > "$data/train-labels-idx1-ubyte"
images 35 12 > "$data/t10k-images-idx3-ubyte"
labels 35 > "$data/t10k-labels-idx1-ubyte"
printf '%s\n' '<script>alert(1)</script>' '"q"' "it's" '&amp;' e f g h i j > "$work/names"
net='Conv2d(1, 4, 3) ReLU() Flatten() Linear(400, 10)'

# fit ARG...: 4 epochs of 8 steps on it.
fit() {
    succeed train --backend cpu --threads 1 --epochs 4 --batch-size 8 --seed 3 --data "$data" --net "$net" \
        --classes "$work/names" "$@"
}

# page FILE: a report is a whole page; what it has is in $work/page.
page() {
    "$python" "$here/report.py" "$1" > "$work/page" 2> "$work/err" || bad "the report $1: $(tail -n 1 "$work/err")"
}

# has PATTERN: the page does.
has() {
    grep -q -e "$1" "$work/page" || bad "no '$1' in the report"
}

# events FOLDER: what TensorBoard would show is in $work/events; told by TensorBoard too, where it is there.
events() {
    "$python" "$here/events.py" "$1" > "$work/events" 2> "$work/err" || bad "the events in $1: $(tail -n 1 "$work/err")"
}

# losses: the steps and losses among them.
losses() {
    grep '^train/loss ' "$work/events"
}

# ---- A run, and the same watched ----

fit --save "$work/plain.st" --no-shuffle
fit --save "$work/seen.st" --no-shuffle --report "$work/seen.html" --tensorboard "$work/seen"
cmp -s "$work/plain.st" "$work/seen.st" || bad "a run that is watched trains another network"
prints "^report   $work/seen.html\$"
page "$work/seen.html"
cat "$work/page"
for section in Curves Confusion Classes 'The largest losses' 'Filters of the first layer' Network Run; do
    has "^section $section\$"
done
has '^card Epochs: 4 of 4$'
has '^card Parameters: 4,050$'
has '^pictures 25 \[(12, 12)\]$'
has '^confusion 35$'
has "^command .*tenka train .* --data '.*a <b> & '.''c'.'''"
! grep -q '<script>alert' "$work/seen.html" || bad "a class's name is not escaped"
! grep -q '<b> & ' "$work/seen.html" || bad "a folder's name is not escaped"
accuracy=$(sed -n 's/^card Test accuracy: //p' "$work/page")
succeed test --backend cpu --load "$work/seen.st" --confusion --report "$work/test.html"
prints "test accuracy $accuracy  "
page "$work/test.html"
has '^section The largest losses$'
has '^confusion 35$'
! grep -q '^section Curves' "$work/page" || bad "a test has curves"

events "$work/seen"
[ "$(losses | wc -l)" = 32 ] || bad "there are $(losses | wc -l) losses of steps instead of 32"
for tag in 'epoch/train loss' test/loss test/accuracy test/F1 weights/0.weight gradients/0.weight gradients/3.bias \
    samples/0 'samples'; do
    [ "$(grep -c "^$tag " "$work/events")" -ge 4 ] || bad "the events of $tag"
done
cat > "$work/want" << 'END'
node input Input
node 0 Conv2d input
node 1 ReLU 0
node 2 Flatten 1
node 3 Linear 2
END
grep '^node' "$work/events" | diff "$work/want" - || bad "another graph"
# Of a frozen layer there are none; and gradients of several batches change nothing where they are watched, nor clipped.
fit --accumulate 3 --clip-grad-norm 0.1 --freeze 0 --save "$work/plain.st"
fit --accumulate 3 --clip-grad-norm 0.1 --freeze 0 --save "$work/seen.st" --tensorboard "$work/frozen"
cmp -s "$work/plain.st" "$work/seen.st" || bad "a run whose gradients are watched trains another network"
events "$work/frozen"
[ "$(grep -c '^gradients/3.weight .* histogram of 4000$' "$work/events")" = 4 ] || bad "the gradients of the last layer"
! grep -q '^gradients/0' "$work/events" || bad "gradients of a frozen layer"
grep -q '^options 0 text | option | value |' "$work/events" || bad "no options"
grep '^TensorBoard' "$work/events" || echo "TensorBoard is not installed"

# ---- A run that is killed again and again has the same course ----

fit --epochs 30 --report "$work/whole.html" --tensorboard "$work/whole" --checkpoint "$work/whole.ckpt" \
    --checkpoint-every 3 --val-every 5steps
events "$work/whole"
losses > "$work/want"
# tests: the steps and losses of those within epochs.
tests() {
    grep '^test/loss ' "$work/events" | awk '$2 % 5 == 0'
}
tests > "$work/want_tests"
[ "$(wc -l < "$work/want_tests")" = 42 ] || bad "there are $(wc -l < "$work/want_tests") tests within epochs"
# What took how long differs.
course() {
    sed -n '/id="history"/,/<\/script>/p' "$1" |
        awk '$1 == "epoch" { $5 = $6 = $9 = "" } $1 == "test" { $7 = $8 = $11 = "" }
            $1 == "step" || $1 == "epoch" || $1 == "test" || $1 == "begins"'
}
course "$work/whole.html" > "$work/want_course"
[ "$(grep -c '^step' "$work/want_course")" = 240 ] || bad "the history has not all steps"
[ "$(grep -c '^epoch' "$work/want_course")" = 30 ] || bad "the history has not all epochs"
[ "$(grep -c '^test' "$work/want_course")" = 42 ] || bad "the history has not all tests"
rm -f "$work/torn.log"
kills=0 resume=
while :; do
    # shellcheck disable=SC2086
    "$tenka" train --backend cpu --threads 1 --epochs 30 --batch-size 8 --seed 3 --data "$data" --net "$net" \
        --classes "$work/names" --report "$work/torn.html" --tensorboard "$work/torn" --checkpoint "$work/torn.ckpt" \
        --checkpoint-every 3 --val-every 5steps --log "$work/torn.log" $resume > "$work/out" 2> "$work/err" &
    pid=$!
    if [ $kills -lt 6 ]; then
        wait_for_lines "$work/torn.log" $((38 * kills + 38))
        kill -9 $pid 2> /dev/null
    fi
    await
    [ $got != 0 ] || break
    [ $got = 137 ] || { bad "status $got after $kills kills"; break; }
    kills=$((kills + 1))
    [ ! -e "$work/torn.ckpt" ] || resume="--resume $work/torn.ckpt"
done
echo "killed $kills times"
[ $kills -ge 3 ] || bad "the run was too fast to be killed"
ran=resume
cmp -s "$work/whole.ckpt" "$work/torn.ckpt" || bad "another checkpoint after the kills"
events "$work/torn"
losses > "$work/got"
sort -u "$work/got" | sort -k 2n > "$work/once"
cmp -s "$work/want" "$work/once" || bad "other losses of steps after the kills: $(diff "$work/want" "$work/once" | head -n 4)"
[ "$(wc -l < "$work/got")" = 240 ] || bad "losses of steps twice after the kills"
tests > "$work/got"
cmp -s "$work/want_tests" "$work/got" || bad "other tests after the kills: $(diff "$work/want_tests" "$work/got" | head -n 4)"
course "$work/torn.html" > "$work/got_course"
cmp -s "$work/want_course" "$work/got_course" ||
    bad "another history after the kills: $(diff "$work/want_course" "$work/got_course" | head -n 4)"
page "$work/torn.html"
has '^card Epochs: 30 of 30$'

# A report that begins in the middle says so.
fit --resume "$work/torn.ckpt" --checkpoint "$work/again.ckpt" --epochs 31 --report "$work/late.html"
says "there is no report $work/late.html to go on with: the new one begins at step 240"
grep -q 'was resumed at step 240' "$work/late.html" || bad "the late report does not say so"
# Stopped by a signal.
train="train --backend cpu --threads 1 --batch-size 8"
start --data "$data" --report "$work/stopped.html"
kill -INT $pid
await
[ $got = 130 ] || bad "status $got after SIGINT"
page "$work/stopped.html"
grep -q 'stopped before its end' "$work/stopped.html" || bad "the report does not say that it was stopped"

# ---- The graph of a network whose text shows forward: sums of two, concatenations of four, layers that run twice ----

cat > "$work/traced.txt" << 'END'
Block(
  (stem): Conv2d(1, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
  (layer): Module(
    (0): Conv2d(4, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (drop): Identity()
  )
  (fc): Linear(in_features=12, out_features=10, bias=True)
)



def forward(self, x):
    stem = self.stem(x);  x = None
    size = stem.size(0)
    layer_0 = getattr(self.layer, "0")(stem)
    layer_drop = self.layer.drop(layer_0);  layer_0 = None
    add = layer_drop + stem;  layer_drop = None
    relu = torch.nn.functional.relu(add, inplace = True);  add = None
    layer_0_1 = getattr(self.layer, "0")(relu)
    chunk = torch.chunk(relu, 2, 1)
    getitem = chunk[0]
    cat = torch.cat([stem, layer_0_1, relu, getitem, getitem], 1)
    mul = cat[:, :12] * 2
    part = mul[:, :2]
    relu_1 = torch.nn.functional.relu(part, inplace = True)
    mean = mul.mean((2, 3)).view(size, -1)
    return self.fc(mean)
END
cat > "$work/want" << 'END'
node input Input
node stem Conv2d input
node layer/0 Conv2d stem
node layer/drop Identity layer/0
node add add layer/drop stem
node relu relu add
node layer/0.2 Conv2d relu
node chunk chunk relu
node cat cat stem layer/0.2 relu chunk
node getitem getitem cat
node mul mul getitem
node getitem.2 getitem mul
node relu.2 relu getitem.2
node slice_scatter slice_scatter mul relu.2
node mean mean slice_scatter
node view view mean
node fc Linear view
END
succeed train --backend cpu --epochs 1 --batch-size 8 --data "$data" --net "$work/traced.txt" \
    --tensorboard "$work/traced"
events "$work/traced"
grep '^node' "$work/events" | diff "$work/want" - || bad "another graph of the traced network"

# ---- Other kinds of targets ----

if "$python" -c 'import numpy' 2> /dev/null; then
    "$python" "$here/answers.py" make "$work"
    for case in 'numbers:Linear(6, 3):MSELoss()' 'labels:Linear(6, 4):BCEWithLogitsLoss()' \
        'pixels:Conv2d(1, 3, 3, padding=1):CrossEntropyLoss()' 'pictures:Conv2d(1, 1, 3, padding=1):MSELoss()' \
        'many:Linear(6, 40):CrossEntropyLoss()'; do
        kind=${case%%:*} rest=${case#*:} files=
        for half in train test; do
            files=$files${files:+,}$work/${kind}_x_$half.npy,$work/${kind}_y_$half.npy
        done
        succeed train --backend cpu --epochs 2 --batch-size 8 --data "$files" --net "${rest%:*}" --loss "${rest##*:}" \
            --report "$work/$kind.html" --tensorboard "$work/$kind"
        page "$work/$kind.html"
        has '^section The largest losses$'
        events "$work/$kind"
        grep -q '^samples 4 text ' "$work/events" || bad "no samples of $kind"
    done
    has '^section Confusion$'
fi

# ---- What cannot be written ----

some="train --backend cpu --epochs 1 --batch-size 8"
# shellcheck disable=SC2086
{
    expect 1 "cannot save to $work/none/r.html" $some --data "$data" --net "$net" --report "$work/none/r.html"
    expect 1 "needs the name of a file" $some --data "$data" --net "$net" --report ''
    expect 1 "are one file: give each a file of its own" $some --data "$data" --net "$net" --report "$work/same" \
        --save "$work/same"
    expect 1 "cannot .* $work/names" $some --data "$data" --net "$net" --tensorboard "$work/names"
    expect 1 "it is no report of 'tenka train'; name another file" train --backend cpu --threads 1 --epochs 40 \
        --batch-size 8 --seed 3 --data "$data" --net "$net" --resume "$work/torn.ckpt" --checkpoint "$work/torn.ckpt" \
        --report "$work/names"
    expect 1 "cannot save to $work/none/r.html" test --load "$work/seen.st" --report "$work/none/r.html"
}
grep -q '<script>alert' "$work/names" || bad "a file that is no report was replaced"

# ---- As a browser shows it ----

if command -v chromium > /dev/null && [ "${TENKA_CHROMIUM-1}" = 1 ]; then
    timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" \
        --enable-logging=stderr --virtual-time-budget=1000 --window-size=1200,2400 --screenshot="$work/shot.png" \
        "file://$work/seen.html" > "$work/out" 2>&1
    ran=chromium
    ! grep 'CONSOLE' "$work/out" || bad "the browser complains"
    [ "$(wc -c < "$work/shot.png")" -gt 60000 ] || bad "the screenshot is empty"
else
    echo "Chromium is not installed"
fi

nothing_left
verdict
