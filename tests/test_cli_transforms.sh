#!/bin/sh
# test_cli_transforms.sh TENKA GOLDEN: training, testing and predicting pictures by transforms: what is said, what is
# saved, what is refused, and that a run with random ones that was killed and resumed ends with the same bytes. On the
# CPU.
set -u
tenka=$1
golden=$2/images
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

for half in train val; do
    for class in cat dog eel; do
        mkdir -p "$work/data/$half/$class"
        for picture in rgb8.png photo.jpg grey8.png palette8.png rgba8.png grey.jpg progressive.jpg cmyk.jpg; do
            cp "$golden/$picture" "$work/data/$half/$class/"
        done
    done
done
end='ToTensor(), Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))'
drawn="Compose([RandomResizedCrop(12), RandomHorizontalFlip(), ColorJitter(0.4, 0.4, 0.4, 0.1), $end])"
erased="Compose([RandomResizedCrop(14), $end, RandomErasing(p=0.7, value='random')])"
still="Compose([Resize(20), CenterCrop(16), $end])"
net='Conv2d(3, 4, 3) ReLU() AdaptiveAvgPool2d(2) Flatten() Linear(16, 3)'
# shellcheck disable=SC2089
common="--backend cpu --threads 1"

# train ARG...: trains quickly, with ARG.
train() {
    # shellcheck disable=SC2086
    succeed train $common --epochs 1 --batch-size 5 --data "$work/data" --net "$net" "$@"
}

# ---- What is said, and what is saved ----

train --transform "$drawn" --eval-transform "$still" --save "$work/drawn.st"
silent
prints '^data     .*: 24 training, 24 test images, 3x12x12, 3 classes$'
prints '^pictures from 19x13 to [0-9]*x[0-9]* pixels$'
prints '^training Compose(RandomResizedCrop(size=(12, 12).*, RandomHorizontalFlip(p=0.5).*Normalize(.*)), which makes 3x12x12$'
prints '^testing  Compose(Resize(size=20.*, CenterCrop(size=(16, 16)), ToTensor(), .*), which makes 3x16x16$'
tested=$(sed -n 's/.*\(test loss [0-9.]*\)  .*/\1/p' "$work/out")
succeed info "$work/drawn.st"
prints '^input  *3,16,16$'
prints '^mean  *0.485,0.456,0.406$'
prints '^transform  *Compose('
# Tested and predicted are they as they were saved.
# shellcheck disable=SC2086
succeed test $common --load "$work/drawn.st"
silent
prints ': 24 test images, 3x16x16, 3 classes$'
prints '^testing  Compose(Resize(size=20'
prints "^$tested "
# shellcheck disable=SC2086
succeed test $common --load "$work/drawn.st" --eval-transform "Compose([Resize(40), CenterCrop(32), $end])"
prints ', which makes 3x32x32$'
! grep -q "^$tested " "$work/out" || bad "another transform gives the same loss"
# shellcheck disable=SC2086
succeed test $common --load "$work/drawn.st" --input 3,16,16
prints 'resized to 16x16 in colour$'
# shellcheck disable=SC2086
succeed predict $common --load "$work/drawn.st" --top 3 "$work/data/val/dog"
silent
cp "$work/out" "$work/saved"
# shellcheck disable=SC2086
succeed predict $common --load "$work/drawn.st" --top 3 --batch-size 3 --eval-transform "$still" "$work/data/val/dog"
cmp "$work/saved" "$work/out" || bad "the transform that was saved is another"
# shellcheck disable=SC2086
succeed predict $common --load "$work/drawn.st" --top 3 --eval-transform "Compose([Resize((9, 9)), $end])" \
    "$work/data/val/dog"
prints ': images of 3x9x9, 3 classes$'
! cmp -s "$work/saved" "$work/out" || bad "another transform gives the same answers"
# What the training goes on with where nothing is said is what was saved.
# shellcheck disable=SC2086
succeed train $common --epochs 1 --data "$work/data" --load "$work/drawn.st"
prints '^training Compose(Resize(size=20.*, which makes 3x16x16$'
# One that draws nothing is for both halves, and a file may have it, as Python writes it.
printf 'T.Compose([\n    T.Resize((10, 11)),\n    T.Grayscale(),\n    T.ToTensor(),\n])\n' > "$work/still.txt"
succeed train --backend cpu --epochs 1 --data "$work/data" --net 'Flatten() Linear(110, 3)' \
    --transform "$work/still.txt" --save "$work/still.st"
prints '^testing  Compose(Resize(size=(10, 11).*Grayscale(num_output_channels=1), ToTensor()), which makes 1x10x11$'
# shellcheck disable=SC2086
succeed predict $common --load "$work/still.st" "$work/data/val/dog/rgb8.png"
# Samples of floats, on each precision; a report has their pictures.
train --transform "$erased" --eval-transform "$still" --report "$work/report.html"
prints ', RandomErasing(p=0.7,.*, which makes 3x14x14$'
prints '24 training, 24 test images'
# shellcheck disable=SC2086
succeed train --backend cpu-f64 --epochs 1 --data "$work/data" --net "$net" --transform "$erased" \
    --eval-transform "$still"
# Without a test half the evaluation's is saved all the same.
mkdir "$work/alone"
cp -r "$work/data/train" "$work/alone"
# shellcheck disable=SC2086
succeed train $common --epochs 1 --data "$work/alone" --net "$net" --transform "$erased" --eval-transform "$still" \
    --save "$work/alone.st"
succeed info "$work/alone.st"
prints '^input  *3,16,16$'
prints '^transform  *Compose(.*Resize(size=20'
# shellcheck disable=SC2086
succeed train $common --epochs 1 --data "$work/alone" --split 0.25 --net "$net" --transform "$drawn" \
    --eval-transform "$still"
prints ': 18 training, 6 test images, 3x12x12'

# ---- A sheet of what a network is given ----

succeed data "$work/data" --transform "$drawn" --sheet "$work/drawn.png"
prints '^training Compose(RandomResizedCrop.*, which makes 3x12x12$'
says 'drawn.png shows 24 of the training images as the network is given them$'
succeed data "$work/data" --transform "$drawn" --sheet "$work/again.png"
cmp "$work/drawn.png" "$work/again.png" || bad "the sheet is another each time"
succeed data "$work/data" --transform "$drawn" --mixup 0.5 --sheet "$work/mixed.png"
says 'mixed.png shows 24 of the training images as the network is given them$'
! cmp -s "$work/drawn.png" "$work/mixed.png" || bad "the sheet shows nothing mixed"
succeed data "$work/data" --transform "$drawn" --mixup 0.5 --sheet "$work/again.png"
cmp "$work/mixed.png" "$work/again.png" || bad "the sheet of mixed images is another each time"
succeed data "$work/data" --transform "$erased" --cutmix 1 --sheet "$work/cut.png"
succeed data "$work/data" --transform "$erased" --sheet "$work/erased.png" --json
is_json
mkdir -p "$work/sheets/a"
mv "$work/drawn.png" "$work/erased.png" "$work/sheets/a"
succeed data "$work/sheets"
# 8 columns and 3 rows of samples with 12 and 14 pixels a side, 2 between them.
prints '^pictures 110 to 126 pixels wide, 40 to 46 high, 0 of them in grey$'
expect 1 '--sheet shows what a network is given of pictures: say what that is with --transform' data "$work/data" \
    --sheet "$work/none.png"
expect 1 '^tenka: --transform: .*end with ToTensor()' data "$work/data" --transform 'CenterCrop(9)' --sheet "$work/none.png"
[ ! -e "$work/none.png" ] || bad "a sheet of nothing"

# ---- How fast samples are made ----

for keep in '' '--keep-pictures 0' '--keep-pictures 1'; do
    # shellcheck disable=SC2086
    succeed data "$work/data" --transform "$drawn" --passes 2 --batch-size 2 $keep
    prints '^pass     1 in [0-9.]* s, [0-9,]* images/s$'
    prints '^pass     2 in [0-9.]* s, [0-9,]* images/s$'
done
succeed data "$work/data" --transform "$drawn" --passes 1 --json
prints ',"passes":\[{"seconds":[0-9.e-]*,"samples_per_s":[0-9.e+]*}\]}$'
expect 1 '--passes makes what a network is given of pictures: say what that is with --transform' data "$work/data" \
    --passes 1

# ---- What is refused ----

try="train $common --epochs 1 --data $work/data --net"
misuse() {
    # shellcheck disable=SC2086
    expect 2 "$@"
}
# shellcheck disable=SC2086
{
refuse 'transform draws at random, which testing and .* must not: say with --eval-transform' $try "$net" --transform "$drawn"
refuse '^tenka: --eval-transform: it draws at random' $try "$net" --transform "$drawn" --eval-transform "$drawn"
refuse '^tenka: --transform: .*line 1, column 10: there is no transform CentreCrop' $try "$net" \
    --transform 'Compose([CentreCrop(3)])'
refuse "^tenka: --transform: there is no file '$work/none', and as text it is no transform" $try "$net" \
    --transform "$work/none"
refuse '^tenka: --transform: cannot read .*: Is a directory' $try "$net" --transform "$work/data"
head -c 70000 /dev/zero | tr '\0' ' ' > "$work/large"
refuse '^tenka: --transform: cannot read .*: it has more than 64 KiB' $try "$net" --transform "$work/large"
refuse '^tenka: --transform: .*photo.jpg becomes\|^tenka: --transform: .*, and a batch has one size: write Resize' \
    $try "$net" --transform 'Compose([Resize(20), ToTensor()])'
refuse 'rgb8.png: RandomCrop: the crop of 16x16 is larger than the picture\|: RandomCrop: the crop of 16x16 is larger' \
    $try "$net" --transform 'Compose([RandomCrop(16), ToTensor()])' --eval-transform "$still"
refuse '^tenka: --transform: .*end with ToTensor()' $try "$net" --transform 'CenterCrop(16)'
refuse 'does not fit the images (1x16x16)' $try "$net" --transform 'Compose([CenterCrop(16), Grayscale(), ToTensor()])'
refuse 'does not fit the test images (3x16x16)' $try 'Flatten() Linear(432, 3)' --transform "$drawn" \
    --eval-transform "$still"
misuse '--input and a transform both say what pictures become: leave --input out' $try "$net" --input 3,16,16 \
    --transform "$still"
misuse '--mean and --std are for pictures without a transform: .*write Normalize' $try "$net" --std 0.5 \
    --transform "$still"
misuse '--fit says how a picture is resized without a transform' predict $common --load "$work/drawn.st" --fit crop \
    --eval-transform "$still" "$work/data/val/dog"
expect 1 'end with ToTensor()' predict $common --load "$work/drawn.st" --eval-transform 'CenterCrop(16)' \
    "$work/data/val/dog"
run 1 predict $common --load "$work/drawn.st" --eval-transform 'ToTensor()' "$work/data/val/dog"
says 'rgb8.png: the transform makes 3x[0-9]*x[0-9]* of it, and the network is given 3x'
}
mkdir "$work/idx"
images 40 6 > "$work/idx/train-images-idx3-ubyte"; labels 40 > "$work/idx/train-labels-idx1-ubyte"
cp "$work/idx/train-images-idx3-ubyte" "$work/idx/t10k-images-idx3-ubyte"
cp "$work/idx/train-labels-idx1-ubyte" "$work/idx/t10k-labels-idx1-ubyte"
succeed data "$work/idx" --sheet "$work/sheet.png"
says 'sheet.png shows 40 of the training images'
# Images in memory are transformed as pictures are, in grey too.
padded='Compose([RandomCrop(6, padding=1), RandomHorizontalFlip(), ToTensor(), Normalize(0.13, 0.31)])'
grey='Compose([ToTensor(), Normalize(0.13, 0.31)])'
# shellcheck disable=SC2086
succeed train $common --epochs 2 --data "$work/idx" --net 'Flatten() Linear(36, 10)' --transform "$padded" \
    --eval-transform "$grey" --save "$work/idx.st"
prints '^training Compose(RandomCrop(size=(6, 6), padding=1), .*, which makes 1x6x6$'
prints '^testing  Compose(ToTensor(), Normalize(mean=(0.13,), std=(0.31,))), which makes 1x6x6$'
tested=$(sed -n 's/^epoch 2.*\(test loss [0-9.]*\)  .*/\1/p' "$work/out")
# shellcheck disable=SC2086
succeed test $common --load "$work/idx.st"
prints "^$tested "
# That transform is what is done to such images without one.
# shellcheck disable=SC2086
succeed test $common --load "$work/idx.st" --input 1,6,6
prints "^$tested "
# shellcheck disable=SC2086
succeed train $common --epochs 2 --data "$work/idx" --net 'Flatten() Linear(36, 10)' --mean 0.13 --std 0.31 \
    --save "$work/plain.st"
sed -n 's/  (.*//; /^epoch/p' "$work/out" > "$work/plain"
# shellcheck disable=SC2086
succeed train $common --epochs 2 --data "$work/idx" --net 'Flatten() Linear(36, 10)' --transform "$grey" \
    --save "$work/grey.st"
sed -n 's/  (.*//; /^epoch/p' "$work/out" | cmp "$work/plain" - || bad "--mean and --std say another Normalize"
# shellcheck disable=SC2086
succeed predict $common --load "$work/grey.st" --eval-transform 'Compose([Grayscale(), Resize((6, 6)), ToTensor()])' \
    "$work/data/val/dog/rgb8.png"
# shellcheck disable=SC2086
{
run 1 predict $common --load "$work/grey.st" "$work/data/val/dog/rgb8.png"
says 'rgb8.png: the transform makes 1x[0-9]*x[0-9]* of it, and the network is given 1x6x6'
refuse '^tenka: --transform: RandomCrop: the crop of 9x9 is larger' train $common --epochs 1 --data "$work/idx" \
    --net 'Flatten() Linear(36, 10)' --transform 'Compose([RandomCrop(9), ToTensor()])' --eval-transform "$grey"
printf 'a,b,c\n1,2,x\n3,4,y\n' > "$work/t.csv"
refuse '^tenka: --transform is for pictures, and .*t.csv has arrays' train $common --epochs 1 --data "$work/t.csv" \
    --target c --net 'Linear(2, 2)' --transform "$grey"
}

# ---- Kills ----

# resumed NAME TRANSFORM [OPTIONS]: a run that is killed in the middle of epochs, and goes on each time.
resumed() {
    rm -f "$work"/run.*
    whole="train $common --quiet --epochs 100 --batch-size 5 --data $work/data ${3:-}"
    # shellcheck disable=SC2086
    succeed $whole --net "$net" --transform "$2" --eval-transform "$still" --save "$work/whole.st"
    for count in 9 60 150; do
        resume=
        [ ! -e "$work/run.ckpt" ] || resume="--resume $work/run.ckpt"
        # shellcheck disable=SC2086
        "$tenka" $whole --net "$net" --transform "$2" --eval-transform "$still" --save "$work/run.st" \
            --log "$work/run.log" --checkpoint "$work/run.ckpt" --checkpoint-every 1 $resume \
            > "$work/out" 2> "$work/err" &
        pid=$!
        wait_for_lines "$work/run.log" $count
        kill -s KILL $pid 2> /dev/null
        wait $pid 2> /dev/null
        [ $? = 137 ] || bad "$1: it was not killed"
    done
    # shellcheck disable=SC2086
    succeed $whole --net "$net" --transform "$2" --eval-transform "$still" --save "$work/run.st" --log "$work/run.log" \
        --resume "$work/run.ckpt"
    cmp "$work/whole.st" "$work/run.st" || bad "$1: other weights than without a break"
}
resumed drawn "$drawn"
resumed mixed "$drawn" '--mixup 0.4 --cutmix 1'
resumed erased "$erased"
# shellcheck disable=SC2086
{
refuse 'run with another transform of training images: line 2 is "RandomResizedCrop(size=(14, 14).* there and "RandomResizedCrop(size=(12, 12)' \
    $whole --net "$net" --transform "$drawn" --eval-transform "$still" --resume "$work/run.ckpt"
refuse 'run with another transform of test images: line 2 is "Resize(size=20,.* there and "Resize(size=21,.* here' \
    $whole --net "$net" --transform "$erased" --eval-transform "Compose([Resize(21), CenterCrop(16), $end])" \
    --resume "$work/run.ckpt"
refuse 'run with another transform of training images: line 1 is "Compose(" there and "none" here' \
    $whole --net "$net" --input 3,16,16 --resume "$work/run.ckpt"
}

verdict
