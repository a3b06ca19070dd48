#!/bin/sh
# test_cli.sh TENKA: the command with good and with bad input. Each failure must be one sentence with the right exit status
# and leave nothing behind. Runs on the CPU, and on Vulkan where there is a device; TENKA_REQUIRE_VULKAN=1 makes a missing
# one a failure.
set -u
tenka=$1
work=$(mktemp -d)
mounted=
leave() {
    [ -z "$mounted" ] || umount "$mounted"
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work" # where files go that cannot be written elsewhere
. "$(dirname "$0")/cli.sh"
vulkan= # 1: there is a device

# notes PATTERN ARG...: the command succeeds and says PATTERN, but not with --quiet.
notes() {
    pattern=$1
    shift
    succeed "$@"
    says "^tenka: $pattern"
    succeed "$@" --quiet
    silent
}

# ---- Small data ----

# data NAME: a good folder, for a test to break.
data() {
    rm -rf "${work:?}/$1"
    mkdir "$work/$1"
    cp "$work/parts/"* "$work/$1"
}

mkdir "$work/parts"
images 70 28 > "$work/parts/train-images-idx3-ubyte"
labels 70 > "$work/parts/train-labels-idx1-ubyte"
images 30 28 | gzip > "$work/parts/t10k-images-idx3-ubyte.gz"
labels 30 | gzip > "$work/parts/t10k-labels-idx1-ubyte.gz"
data good
small='Flatten() Linear(784, 10)'
loud="train --backend cpu --epochs 1 --batch-size 20 --data $work/good"
train="$loud --quiet"

# ---- Usage ----

expect 2 "no command 'fly'" fly
expect 2 "no backend 'quantum'" train --backend quantum
expect 2 "no optimizer 'lbfgs'" train --optimizer lbfgs
expect 2 "nobody draws masks by 'dice'" train --dropout-mask dice
expect 2 "'sometimes' is none of auto, on and off" train --tune sometimes
expect 2 "no whole number" train --epochs 0
expect 2 "no whole number" train --batch-size -5
expect 2 "no whole number" train --batch-size 99999999999999999999
expect 2 "no whole number" train --batch-size " +5"
expect 2 "is no list of whole numbers" bench --batch-size 1,,2
expect 2 "no whole number" train --seed 1.5
expect 2 "no number" train --lr nan
expect 2 "no number" train --lr -1
expect 2 "momentum" train --momentum 0.9
expect 2 "device" train --backend cpu --device 0
export TENKA_CPU=486
expect 2 "none of avx512, avx2, plain" summary --backend cpu
unset TENKA_CPU
expect 2 "flag" train --flag
# Whole names only: a beginning could be that of another option than is meant.
expect 2 "'tenka profile' has no option --op, but these have: 'tenka verify --op conv2d', 'tenka bench --op conv2d'" \
    profile --op conv2d
expect 2 "'tenka profile' has no option --op, but these have: .*'tenka bench --op conv2d'" profile --op=conv2d
expect 2 "'tenka test' has no option --epochs, but these have: 'tenka train --epochs 3'" test --epochs 3
expect 2 "'tenka devices' has no option --backend, but these have: 'tenka train --backend cpu'" devices --backend cpu
expect 2 "'tenka profile' has no option --js; do you mean --json?" profile --js
expect 2 "'tenka train' has no option --resu; do you mean --resume?" train --resu "$work/none"
expect 2 "'tenka train' has no option --check; do you mean --checkpoint?" train --check "$work/none"
expect 2 "'tenka summary' has no option --; its --help lists them" summary --=3
for command in train test data predict summary bench verify profile devices; do
    for option in $("$tenka" $command --help | grep -o -e ' --[a-z-]*' | sort -u); do
        part=${option%?}
        # All but the last letter may be the whole of another, as --net is not, nor --op.
        "$tenka" $command --help | grep -q -e " $part[ =,]" || "$tenka" $command --help | grep -q -e " $part\$" ||
            expect 2 "'tenka $command' has no option $part" $command "$part"
    done
done
# Else the nearest name, with a letter too many, too few, changed or swapped.
expect 2 "'tenka train' has no option --epcohs; do you mean --epochs?" train --epcohs 3
expect 2 "'tenka train' has no option --batchsize; do you mean --batch-size?" train --batchsize=3
expect 2 "'tenka verify' has no option --bakend; do you mean --backend?" verify --bakend cpu
expect 2 "'tenka predict' has no option --topp; do you mean --top?" predict --topp 3
expect 2 "'tenka test' has no option --epcohs; do you mean 'tenka train --epochs'?" test --epcohs 3
expect 2 "'tenka train' has no option --frobnicate; its --help lists them" train --frobnicate
expect 2 "'tenka train' has no option -epochs; do you mean --epochs?" train -epochs 3
expect 2 "'tenka train' has no option -x; its --help lists them" train -x
# What other programs call it, which need not be near.
expect 2 "'tenka train' has no option --learning-rate; do you mean --lr?" train --learning-rate 0.1
expect 2 "'tenka train' has no option --learning_rate; do you mean --lr?" train --learning_rate=0.1
expect 2 "'tenka train' has no option --num_train_epochs; do you mean --epochs?" train --num_train_epochs 3
expect 2 "'tenka train' has no option --wd; do you mean --weight-decay?" train --wd 0.1
expect 2 "'tenka train' has no option --weight_decay; do you mean --weight-decay?" train --weight_decay 0.1
expect 2 "'tenka train' has no option --epoch; do you mean --epochs?" train --epoch 3
expect 2 "'tenka train' has no option --batch_size; do you mean --batch-size?" train --batch_size 3
expect 2 "'tenka train' has no option --model; do you mean --net?" train --model x
expect 2 "'tenka predict' has no option --output; do you mean --out?" predict --load x --output y x.png
expect 2 "'tenka predict' has no option --save-to; do you mean --out?" predict --load x --save-to y x.png
expect 2 "'tenka train' has no option --output; do you mean --save?" train --output x
expect 2 "'tenka convert' has no option --output-file; do you mean --save?" convert --output-file x
expect 2 "'tenka info' has no option --model; do you mean 'tenka info FILE'?" info --model x
expect 2 "'tenka data' has no option --dataset; do you mean 'tenka data FOLDER|FILES'?" data --dataset x
for command in test predict; do
    expect 2 "'tenka $command' has no option --missing; it does what the network's training did: leave it out" \
        $command --load x --missing drop x.csv
done
expect 2 "'tenka train' has no option --top-k; do you mean 'tenka test --top'?" train --top-k 3
expect 2 "'tenka predict' has no option --learning-rate; do you mean 'tenka train --lr'?" predict --learning-rate 1
expect 2 "no command 'trian'; do you mean 'tenka train'?" trian
expect 2 "no command 'benhc'; do you mean 'tenka bench'?" benhc
expect 2 "requires an argument" train --epochs
expect 2 "tenka train: --quiet takes no argument, but '3' is given" train --quiet=3
expect 2 "'--epochs' is no option; each value" train -- --epochs 3
# Files in the place of an option, or behind another one's.
echo 'Flatten() Linear(784, 10)' > "$work/wrong.txt"
printf '\2\0\0\0\0\0\0\0{}' > "$work/wrong.st"
expect 2 "wrong.txt' is no option; do you mean --net $work/wrong.txt?" train "$work/wrong.txt"
expect 2 "wrong.st' is no option; do you mean --load $work/wrong.st?" test "$work/wrong.st"
expect 2 "' is no option; do you mean --data $work?" train "$work"
expect 2 "wrong.st' is no option; each value" verify "$work/wrong.st"
expect 1 "wrong.st is a saved network, which --load takes" summary --backend cpu --net "$work/wrong.st"
expect 1 "wrong.txt: this is neither .* but text; a network's text belongs to --net" summary --backend cpu \
    --load "$work/wrong.txt"
expect 1 "wrong.st: the file has weights but no network text to make their network of; name .* with --net$" summary \
    --backend cpu --load "$work/wrong.st"
expect 1 "cannot open .*none" predict --backend cpu --quiet --load "$work/none" -- --top
expect 2 "is neither stretch nor crop" predict --fit squeeze
expect 2 "there is no part 'all'; choose ceilings, kernels, shapes or steps" bench --only all
expect 2 "no option" train extra
expect 2 "load FILE is needed" test
"$tenka" > "$work/out" 2> "$work/err"
[ $? = 2 ] || bad "status without a command"
for help in --help 'train --help' 'test --help' 'predict --help' 'summary --help' 'bench --help' 'verify --help' \
    'profile --help' 'devices --help' --version; do
    succeed $help
    [ -s "$work/out" ] || bad "tenka $help says nothing"
    awk 'length > 79 || / $/ { exit 1 }' "$work/out" || bad "tenka $help is too wide, or has blanks at a line's end"
done
succeed train --help
cp "$work/out" "$work/help"
succeed help train
cmp -s "$work/help" "$work/out" || bad "tenka help train is not tenka train --help"
expect 2 "there is no command 'trian'; do you mean 'tenka train'" help trian
for short in '-h' '-?'; do
    succeed train "$short"
    cmp -s "$work/help" "$work/out" || bad "tenka train $short is not --help"
done
for pattern in '^      --epochs=N  *Passes over the training images. Default: 5$' '^      --drop-last  *Leave' \
    '^  -h, --help  ' '^Stopping and going on:$'; do
    grep -q -e "$pattern" "$work/help" || bad "no '$pattern' in tenka train --help"
done
succeed predict --usage
grep -q '^Usage: tenka predict \[--load=FILE\]' "$work/out" && tail -n 1 "$work/out" | grep -q ' X.NPY|X.CSV|PICTURE|FOLDER...$' ||
    bad "what tenka predict --usage prints"

# ---- Data ----

expect 1 "$work/none" $train --data "$work/none" --net "$small"
data broken
rm "$work/broken/train-labels-idx1-ubyte"
expect 1 "train-labels-idx1-ubyte" $train --data "$work/broken"
data broken
head -c 1000 "$work/parts/train-images-idx3-ubyte" > "$work/broken/train-images-idx3-ubyte"
expect 1 "train-images-idx3-ubyte" $train --data "$work/broken"
data broken
head -c 1000 "$work/parts/t10k-images-idx3-ubyte.gz" > "$work/broken/t10k-images-idx3-ubyte.gz"
expect 1 "t10k-images-idx3-ubyte.gz" $train --data "$work/broken"
data broken
images 30 28 > "$work/broken/t10k-images-idx3-ubyte.gz"
expect 1 "t10k-images-idx3-ubyte.gz.*gzip" $train --data "$work/broken"
data broken
cp "$work/parts/train-labels-idx1-ubyte" "$work/broken/train-images-idx3-ubyte"
expect 1 "train-images-idx3-ubyte" $train --data "$work/broken"
data broken
labels 69 > "$work/broken/train-labels-idx1-ubyte"
expect 1 "69" $train --data "$work/broken"
data broken
{ be32 2051; be32 4294967295; be32 4294967295; be32 4294967295; } > "$work/broken/train-images-idx3-ubyte"
expect 1 "train-images-idx3-ubyte" $train --data "$work/broken"
data broken
: > "$work/broken/train-images-idx3-ubyte"
expect 1 "train-images-idx3-ubyte" $train --data "$work/broken"

# ---- Networks ----

expect 1 "5 outputs" $train --net "Flatten() Linear(784, 5)"
expect 1 "Linear" $train --net "Flatten() Linear(100, 10)"
expect 1 "28x28" $train --net "Conv2d(3, 4, 5) Flatten() Linear(2304, 10)"
expect 1 "no file" $train --net no-such-file.txt
expect 1 "Fly" $train --net "Fly(3)"
: > "$work/empty.pt"
expect 1 "net: $work/empty.pt: .*expected a layer.*the text ends" $train --net "$work/empty.pt"
expect 1 "empty.pt: expected a safetensors or .pt file, found only 0 bytes" $train --load "$work/empty.pt"
{ printf 'Flatten() Linear(784, 10)'; head -c 8000000 /dev/zero | tr '\0' ' '; printf 'Fly(3)'; } > "$work/long.txt"
expect 1 "long.txt: network text, line 1, column 8000026: .*Fly" $train --net "$work/long.txt"
head -c 9000000 /dev/zero > "$work/huge.txt"
expect 1 "huge.txt: it has more than 8 MiB; it should be a network's text" $train --net "$work/huge.txt"
expect 1 "net" $train --net "Linear(4294967295, 4294967295)"
expect 1 "net" $train --net "Linear(99999999999999999999, 10)"
expect 1 "net" $train --net "Linear(2147483647, 2147483647)"
expect 1 "." $train --net "Linear(65536, 65536)"
expect 1 "rank 4" $train --net "Conv2d(1, 4, 5)"

notes "a batch of 1,000 is more than the 70 training images: each epoch is one step" $loud --net "$small" \
    --batch-size 1000
notes "a batch of 2 is more than the 1 training image: " $loud --net "$small" --limit 1 --batch-size 2
succeed $loud --net "$small" --batch-size 70
! grep -q 'a batch of' "$work/err" || bad "a word about a batch of as many images as there are"

# ---- Files ----

expect 1 "$work/none" $train --net "$small" --load "$work/none"
expect 1 "$work/none/net" $train --net "$small" --save "$work/none/net"
expect 1 "folder" $train --net "$small" --save "$work/good"
expect 1 "$work/none/log" $train --net "$small" --log "$work/none/log"
expect 1 "/dev/full" $train --net "$small" --log /dev/full
echo "no weights at all" > "$work/junk"
expect 1 "$work/junk: this is neither a safetensors nor a .pt file" $train --net "$small" --load "$work/junk"
succeed $train --net "$small" --save "$work/small.st"
succeed $train --net "$small" --save "$work/small.pt"
expect 0 "warning: network text: it does not show what forward does in Block, so" $train \
    --net "Net((body): Block((0): ReLU()) Flatten() Linear(784, 10))"
notes "--save: $work/x.onnx becomes a safetensors file" $loud --net "$small" --save "$work/x.onnx"
for name in plain x.y/plain .hidden x.pth x.st x.safetensors; do
    mkdir -p "$work/x.y"
    succeed $loud --net "$small" --save "$work/$name" --checkpoint "$work/x.ckpt"
    [ ! -s "$work/err" ] || bad "a word about the name $name"
done
notes "the run goes on with the weights of .*x.ckpt; those of --load" $loud --net "$small" --resume "$work/x.ckpt" \
    --load "$work/small.st" --epochs 2
notes "this run writes no checkpoints; with --checkpoint $work/x.ckpt" $loud --net "$small" --resume "$work/x.ckpt" \
    --epochs 2
# A checkpoint knows its network: what is trained on is what --net would have made.
succeed $train --net "$small" --resume "$work/x.ckpt" --epochs 2 --save "$work/named.st"
succeed $train --resume "$work/x.ckpt" --epochs 2 --save "$work/found.st"
cmp "$work/named.st" "$work/found.st" || bad "--resume without --net is another run"
expect 1 "small.pt.* name a network for the weights with --net" test --backend cpu --quiet --data "$work/good" \
    --load "$work/small.pt"
expect 1 "small.pt.* name a network for the weights with --net" $train --load "$work/small.pt"
mv "$work/small.pt" "$work/small.named.otherwise"
succeed test --backend cpu --quiet --data "$work/good" --load "$work/small.named.otherwise" --net "$small"
expect 1 "weight" $train --net "Flatten() Linear(784, 20) ReLU() Linear(20, 10)" --load "$work/small.st"
head -c 5000 "$work/small.st" > "$work/half.st"
expect 1 "$work/half.st" test --backend cpu --quiet --data "$work/good" --load "$work/half.st"
cp "$work/small.st" "$work/small.copy"
succeed test --backend cpu --quiet --data "$work/good" --load "$work/small.st"
grep -q '^test loss .* test accuracy .* %' "$work/out" || bad "what tenka test prints"

# A disk that is full while saving: the old file stays, and nothing else does.
full=$work/full
mkdir "$full"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=48k tmpfs "$full" 2> /dev/null; then
    mounted=$full
    cp "$work/small.st" "$full/net"
    expect 1 "$full/net" $train --net "$small" --save "$full/net"
    cmp -s "$work/small.st" "$full/net" || bad "a full disk changed the old file"
    [ "$(ls "$full")" = net ] || bad "a full disk left $(ls -A "$full")"
    umount "$full" && mounted=
fi
cp "$work/small.st" "$full/net"
(
    # Writing beyond the limit is an error then, and no signal.
    trap '' XFSZ
    ulimit -f 16
    # shellcheck disable=SC2086
    "$tenka" $train --net "$small" --save "$full/net" > "$work/out" 2> "$work/err"
)
[ $? = 1 ] || bad "status when the file grows too large"
grep -q "^tenka: .*$full/net" "$work/err" || bad "what is said when the file grows too large"
cmp -s "$work/small.st" "$full/net" || bad "a file too large changed the old one"
[ "$(ls -A "$full")" = net ] || bad "a file too large left $(ls -A "$full")"

# ---- Signals ----

# interrupt SIGNAL STATUS: the step ends, the network is saved.
interrupt() {
    rm -f "$work/run.st"
    start --save "$work/run.st"
    kill -s "$1" $pid
    await
    ended "$2" $got
    says "^tenka: stopped by a signal after .* is in $work/run.st"
    succeed test --backend cpu --quiet --data "$work/good" --load "$work/run.st"
}
net=$small
interrupt INT 130
interrupt TERM 143

# ---- A little training on each backend ----

# losses FILE: the step losses of a log.
losses() {
    sed -n 's/^{"epoch":[0-9]*,"step":[0-9]*,"loss":\([^}]*\)}$/\1/p' "$1"
}

# trains BACKEND LOG OPTION...
trains() {
    backend=$1 log=$2
    shift 2
    succeed train --backend "$backend" --data "$work/good" --epochs 2 --batch-size 16 --limit 40 --log "$log" "$@"
    [ "$(grep -c '^epoch [12]/2  train loss [0-9.]*  test loss [0-9.]*  test accuracy [0-9.]* %  (.* images/s)$' \
        "$work/out")" = 2 ] || bad "the epoch lines of $backend"
    # 40 images are 3 steps an epoch; one line for the run and one for each epoch.
    [ "$(losses "$log" | wc -l)" = 6 ] && [ "$(wc -l < "$log")" = 9 ] || bad "the lines of $log"
    head -n 1 "$log" | grep -q '^{"version":".*"device":.*"driver":.*"seed":0,"options":{.*}}$' || bad "the first line of $log"
    for option in '"data":"[^"]*/good"' '"net":null' '"epochs":2' '"batch_size":16' '"limit":40' '"optimizer":"adam"' \
        '"lr":0.001' '"drop_last":false' '"dropout_mask":"auto"' '"check_finite":false' '"checkpoint":null' \
        "\"backend\":\"$backend\""; do
        head -n 1 "$log" | grep -q -e "[{,]$option[,}]" || bad "no $option in the first line of $log"
    done
    grep -q '^{"epoch":1,"train_loss":.*,"test_loss":.*,"test_accuracy":.*,"train_seconds":.*,"test_seconds":.*,"images_per_second":.*}$' \
        "$log" || bad "the epoch lines of $log"
}

# close_to LOG LOG BOUND
close_to() {
    losses "$1" > "$work/a"
    losses "$2" > "$work/b"
    paste "$work/a" "$work/b" | awk -v bound="$3" '{ d = $1 - $2; if (d < 0) d = -d; if (!(d <= bound)) far = 1 } END { exit far }' \
        || bad "losses of $1 and $2 differ by more than $3"
}

trains cpu "$work/cpu.log" --save "$work/cpu.st"
trains cpu "$work/one.log" --threads 1
trains cpu-f64 "$work/f64.log"
close_to "$work/cpu.log" "$work/one.log" 0
close_to "$work/cpu.log" "$work/f64.log" 1e-4
succeed $train --load "$work/cpu.st" --optimizer sgd --momentum 0.9 --weight-decay 1e-4
# A diverged run keeps the file that was there.
cp "$work/cpu.st" "$work/kept.st"
expect 1 "has diverged" $train --quiet --optimizer sgd --lr 1e6 --epochs 9 --save "$work/kept.st"
cmp -s "$work/cpu.st" "$work/kept.st" || bad "a diverged network replaced a saved one"
printf '%s\n' "$small" > "$work/net.txt"
succeed $train --net "$work/net.txt"
succeed devices
succeed devices --json
if grep -q '"kind":"[^c].*"usable":true' "$work/out"; then
    vulkan=1
    trains vulkan "$work/vulkan.log" --save "$work/vulkan.st" ${TENKA_VALIDATE:+--validate}
    close_to "$work/cpu.log" "$work/vulkan.log" 1e-4
    succeed test --backend vulkan --data "$work/good" --load "$work/cpu.st"
    expect 2 "no such device" train --backend vulkan --quiet --device "no such device"
    expect 2 "no Vulkan device 99" train --backend vulkan --quiet --device 99
    expect 2 "name is empty" train --backend vulkan --quiet --device ""
    # A device alone says which backend is meant.
    expect 2 "no such device" train --quiet --device "no such device"
    expect 2 "no Vulkan device 99" train --quiet --device 99
    succeed devices --json
    for device in $(sed -n 's/^ *{"index":\([0-9][0-9]*\),.*"uuid":"\([^"]*\)",.*"usable":true.*/\1 \2/p' "$work/out"); do
        succeed verify --device "$device" --op fill --json
        grep -q '"backend":"vulkan"' "$work/out" || bad "--device $device is not Vulkan"
    done
elif [ "${TENKA_REQUIRE_VULKAN:-}" = 1 ]; then
    bad "no Vulkan device, though TENKA_REQUIRE_VULKAN is 1"
else
    expect 1 "Vulkan" train --backend vulkan --quiet
    expect 1 "Vulkan" train --device 0 --quiet
fi
succeed verify --device CPU --op fill --json
grep -q '"backend":"cpu"' "$work/out" || bad "--device CPU is not the CPU"
expect 2 "device chooses among Vulkan devices; leave it out with '--backend cpu-f64'" verify --backend cpu-f64 \
    --device cpu
expect 2 "fallback goes on on the CPU" train --device cpu --fallback

# ---- Summary ----

succeed summary --backend cpu --batch-size 64
prints 'base_net.*\[64, 40, 8, 8\]'
prints '3: Conv2d .* 20,040  *81,920,000$'
prints '^Parameters  *277,670$'
prints '^Multiply-adds  *[0-9,]* ([0-9,]* for each image)$'
prints 'peak .* bytes$'
succeed summary --backend cpu --batch-size 64 --accumulate 4
prints 'gradients of earlier batches .* 1,110,680 bytes$'
succeed summary --backend cpu --net "Linear(3, 4)" --input 5,3
prints 'No training step'
succeed summary --backend cpu --load "$work/cpu.st" --optimizer sgd
prints "batch size 100 with SGD, on cpu"
prints "the optimizer's moments  *0.00 MiB"
# A class that is no layer of PyTorch's, in the text of print(model).
printf 'Net(\n  (conv): Conv2d(3, 8, kernel_size=(3, 3))\n  (shift): Shift()\n)\n' > "$work/printed.txt"
"$tenka" summary --backend cpu --net "$work/printed.txt" --input 3,8,8 > "$work/out" 2> "$work/err" &&
    bad "a network with a Shift was taken"
says "does not show what Shift does; print(torch.fx.symbolic_trace(model)) does"
says "line 3, column 12: Shift is no known layer"
# Forward as torch.fx shows it: each call, with what it costs; a layer's parameters where it is first called.
cat > "$work/traced.txt" << 'END'
Net(
  (conv): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
  (fc): Linear(in_features=16, out_features=16, bias=True)
)



def forward(self, x):
    conv = self.conv(x);  x = None
    size = conv.size(0)
    mean = conv.mean([2, 3]);  conv = None
    cat = torch.cat([mean, mean], 1);  mean = None
    fc = self.fc(cat);  cat = None
    fc_1 = self.fc(fc);  fc = None
    add = fc_1 + 1;  fc_1 = None
    return add
END
succeed summary --backend cpu --net "$work/traced.txt" --input 3,8,8 --batch-size 2
prints '^conv: Conv2d  *\[2, 8, 8, 8\]  *224  *27,648$'
prints '^fc: Linear  *\[2, 16\]  *272  *512$'
prints '^fc: Linear  *\[2, 16\]  *512$'
prints '^Multiply-adds  *28,672 (14,336 for each image)$'
sed -n 's/  *\[2.*//p' "$work/out" | tr '\n' ' ' | grep -q '^conv: Conv2d mean torch.cat fc: Linear fc: Linear + Input $' ||
    bad "other calls: $(cat "$work/out")"
succeed summary --backend cpu --net "$work/traced.txt" --input 3,8,8 --json
prints '{"function":"+","output":\[100,16\],"parameters":0,"multiply_adds":0}'
# A network that no machine of the tests could hold.
wide='Flatten() Linear(784, 10000) Linear(10000, 10000) Linear(10000, 10000) Linear(10000, 10000)'
succeed summary --backend cpu --net "$wide Linear(10000, 10000) Linear(10000, 10000) Linear(10000, 10)" --json
prints '"multiply_adds":[0-9]*,"device"'
prints '"path":"1","class":"Linear","depth":1,"container":false,"output":\[100,10000\],"parameters":7850000,'
prints '"total":81[0-9]*}}$'
if command -v python3 > /dev/null && ! python3 -c 'import json, sys; json.load(sys.stdin)' < "$work/out"; then
    bad "summary --json is no JSON"
fi
expect 2 "no shape of an image" summary --input 1,28,
expect 2 "no shape of an image" summary --input 0
expect 2 "'1x28x28' is no shape of an image: three numbers, channels, height and width" summary --input 1x28x28
expect 1 "an image has three numbers, channels, height and width" profile --backend cpu --input 3,32
expect 2 "momentum" summary --momentum 0.9
expect 2 "epochs" summary --epochs 3
expect 1 "layer 1 (Linear): expected in_features=100" summary --backend cpu --net "Flatten() Linear(100, 10)"
expect 1 "line 1, column 1: Fly is no known layer; known are Conv2d" summary --backend cpu --net "Fly(3)"
# Tensors of more than a GiB are no limit of the CPU's; of more than 2^31 elements they are.
conv='Conv2d(1, 64, 3) Flatten() Linear(43264, 10)'
succeed summary --backend cpu --net "$conv" --batch-size 20000
expect 1 "has more than 2147483647 elements" summary --backend cpu --net "$conv" --batch-size 100000
# What is not a question of memory is said as train says it, below the figures.
if [ -n "$vulkan" ]; then
    expect 1 "linear_fwd .*loop [0-9]* times.*use smaller tensors (fewer input features), or --backend cpu" summary \
        --backend vulkan --net 'Conv2d(1, 512, 3, padding=1) Flatten() Linear(401408, 10)' --batch-size 2
    prints 'peak .* bytes$'
fi
expect 1 "no-such" summary --backend cpu --load "$work/no-such.safetensors"

# ---- Bench ----

tiny='Flatten() Linear(16, 4)'
for backend in cpu cpu-f64 ${vulkan:+vulkan}; do
    succeed bench --backend $backend --quick --seconds 0.01 --op relu --json
    is_json
    prints '"ceilings":{"gflops":[0-9.e+]*,"gb_per_s":[0-9.e+-]*,"dispatch_us":.*,"independent_dispatch_us":.*,"submit_us":'
    prints '"op":"relu","case":"1 M","kernel":"relu_fwd","shapes":"1048576 -> 1048576","us":[0-9.]*,"best_us":[0-9.]*,"flops":0,"bytes":'
    prints '"kernel":"relu_dx".*"share":[0-9nul.]*,"bound":"\(memory\|cache\)"'
    # What comes from a cache is no share of the memory's ceiling.
    grep '"kernel":"relu_' "$work/out" | while read -r line; do
        case $line in
        *'"share":null,"bound":"cache"'* | *'"share":'[01]*',"bound":"memory"'*) ;;
        *) echo wrong ;;
        esac
    done > "$work/a"
    [ ! -s "$work/a" ] || bad "a share of the memory's ceiling that is more than all of it on $backend"
    succeed bench --backend $backend --quick --seconds 0.01 --net "$tiny" --input 1,4,4 --batch-size 2,3 --json
    is_json
    prints '"kernels_batch_size":2'
    prints '"kernel":"linear_dw","shapes":"2x16 2x4 -> 4x16 4","us":[0-9.]*,"best_us":[0-9.]*,"flops":256,"bytes":'
    prints '"mode":"inference","batch_size":2,"steps":[0-9]*,"ms":[0-9.]*,"best_ms":[0-9.]*,"images_per_s":[0-9.e+]*,"host_us":'
    prints '"mode":"training","batch_size":3,.*"dispatches":[0-9]*,"device_bytes":[0-9]*,"resident_bytes":[0-9]*}'
done
succeed bench --backend cpu --quick --seconds 0.01 --net "$tiny" --input 1,4,4
prints '^  training  *100 '
succeed bench --backend cpu --quick --seconds 0.01 --best --only steps --net "$tiny" --input 1,4,4 \
    --batch-size 7
[ "$(wc -l < "$work/out")" = 6 ] || bad "--only steps prints other things too"
succeed bench --backend cpu --quick --seconds 0.01 --op nll_loss
prints 'nll_loss_dx'
expect 2 "there is no 'fly' to be measured; choose among .*conv2d, .*relu" bench --backend cpu --op fly
expect 2 "no part 'all'" bench --only steps,all
expect 2 "no list of whole numbers" bench --batch-size 32,
expect 2 "no whole number" bench --batch-size 32,0
expect 2 "goes together neither" bench --op relu --only steps
expect 2 "epochs" bench --epochs 3
expect 1 "Fly" bench --backend cpu --only steps --net "Fly(3)"
expect 1 "three numbers" bench --backend cpu --only steps --input 784
expect 1 "does not fit the input" bench --backend cpu --only steps --input 3,32,32
expect 1 "rank 4" bench --backend cpu --only steps --net "Conv2d(1, 4, 5)"
expect 1 "no parameters" bench --backend cpu --only steps --net "Flatten()"
"$tenka" bench --backend cpu --seconds 60 --json --only steps > "$work/out" 2> "$work/err" &
pid=$!
sleep 1
kill -s INT $pid
wait $pid
[ $? = 130 ] || bad "status of bench after SIGINT"
[ ! -s "$work/out" ] || bad "bench prints half an object after SIGINT"
grep -q '^tenka: stopped by a signal' "$work/err" || bad "what bench says after SIGINT"

# ---- Verify ----

succeed verify --backend cpu --quiet
prints '^  conv2d  *[1-9][0-9][0-9]*  *[0-9.]* %'
prints '^  order .* -  '
prints '^this device can be trusted: all [0-9,]* cases of [0-9]* operators and of whole training steps are right; 1 skipped$'
[ ! -s "$work/err" ] || bad "verify --quiet says something"
for backend in cpu cpu-f64 ${vulkan:+vulkan}; do
    succeed verify --backend $backend --op relu --json
    is_json
    prints '{"name":"relu","operator":true,"cases":[0-9]*,"failed":0,"skipped":0,"worst":[0-9.e-]*,"worst_where":"'
    prints '"trusted":true,"conclusion":"this device can be trusted with relu: '
done
succeed verify --backend cpu --op order --json
prints '"trusted":false,"conclusion":"nothing of order could be checked on this device; 1 skipped"'
expect 2 "choose among relu" verify --backend cpu --op reshape
expect 2 "shader-dir has kernels for Vulkan" verify --backend cpu --shader-dir "$work"
"$tenka" verify --backend cpu-f64 --json --op repeatability > "$work/out" 2> "$work/err" &
pid=$!
sleep 1
kill -s INT $pid
wait $pid
[ $? = 130 ] || bad "status of verify after SIGINT"
[ ! -s "$work/out" ] || bad "verify prints half an object after SIGINT"
grep -q '^tenka: stopped by a signal' "$work/err" || bad "what verify says after SIGINT"

# ---- Profile ----

for backend in cpu cpu-f64 ${vulkan:+vulkan}; do
    succeed profile --backend $backend --steps 2 --net "$tiny" --input 1,4,4 --batch-size 3 --json
    is_json
    prints '"batch_size":3,"steps":2,"loop_ms":[0-9.]*,"untimed_ms":[0-9.]*,"timed_ms":[0-9.]*,"device_ms":'
    prints '"label":"linear_fwd [0-9]*","kernel":"linear_fwd","phase":"forward","layer":"1","shapes":"3x16 4x16 4 -> 3x4"'
    prints '"kernel":"linear_dw","phase":"backward","layer":"1".*"flops":384,"bytes":'
    prints '"kernel":"adam_fwd","phase":"update","layer":"1"'
    prints '"kernel":"load_batch_fwd","phase":"forward","layer":"loader".*"gap_us":null'
done
succeed profile --backend cpu --steps 2 --data "$work/good" --batch-size 7 --trace "$work/trace.json"
prints 'load_batch_fwd.*70x1x28x28 .* -> 7x1x28x28 7'
prints '^  gaps '
cp "$work/trace.json" "$work/out"
is_json
expect 1 "70 images, fewer than a batch" profile --backend cpu --data "$work/good" --batch-size 100
expect 1 "have 10 classes, 0 to 9, but the network gives 4 outputs" profile --backend cpu --data "$work/good" --batch-size 7 \
    --net 'Flatten() Linear(784, 4)'
expect 1 "cannot save to" profile --backend cpu --trace "$work/none/trace.json"
expect 1 "cannot write the trace" profile --backend cpu --steps 50 --net "$tiny" --input 1,4,4 --trace /dev/full
expect 1 "there is no folder $work/none, nor a file; 'tools/fetch-data" profile --backend cpu --data "$work/none"
expect 1 "only the backend vulkan.*; add --backend vulkan$" profile --backend cpu --net "$tiny" --input 1,4,4 --capture "$work/x.rdc"
expect 2 "no whole number" profile --steps 0
expect 1 "three numbers" profile --backend cpu --input 784
"$tenka" profile --backend cpu --steps 10000 --json > "$work/out" 2> "$work/err" &
pid=$!
sleep 1
kill -s INT $pid
wait $pid
[ $? = 130 ] || bad "status of profile after SIGINT"
[ ! -s "$work/out" ] || bad "profile prints half an object after SIGINT"

verdict
