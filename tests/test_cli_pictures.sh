#!/bin/sh
# test_cli_pictures.sh TENKA GOLDEN: training on folders of pictures by class: halves and splits, the size that a network
# takes, testing what was kept from training, pictures that are bad. Runs on the CPU.
set -u
tenka=$1
golden=$2/images
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

# classes FOLDER COUNT NAME...: so many pictures, of several sizes and kinds, in a folder for each name.
classes() {
    to=$1 count=$2
    shift 2
    for name in "$@"; do
        mkdir -p "$work/$to/$name"
        n=0
        for picture in rgb8.png photo.jpg grey8.png palette8.png rgba8.png grey.jpg progressive.jpg cmyk.jpg rgb16.png; do
            n=$((n + 1))
            [ $n -gt "$count" ] || cp "$golden/$picture" "$work/$to/$name/"
        done
    done
}

any='Conv2d(3, 4, 3) ReLU() AdaptiveAvgPool2d(2) Flatten() Linear(16, 3)'
grey='Flatten() Linear(784, 3)'
train="train --backend cpu --threads 1 --epochs 1 --batch-size 4"
test="test --backend cpu --threads 1"

# ---- Halves ----

classes good/train 8 cat dog eel
classes good/val 3 cat dog eel
classes good/test 2 cat dog eel
succeed $train --data "$work/good" --net "$any" --save "$work/any.st"
silent
prints '^data     .*/good: 24 training, 9 test images, 3x224x224, 3 classes$'
prints '^pictures from 1[0-9]*x[0-9]* to [0-9]*x[0-9]* pixels, resized to 224x224 in colour$'
# Tested are those of test, with the class names and the size that were saved.
succeed $test --load "$work/any.st"
silent
prints ': 6 test images, 3x224x224, 3 classes$'
succeed predict --backend cpu --load "$work/any.st" --top 3 "$work/good/val/dog/rgb8.png"
prints 'rgb8.png: .*\(cat\|dog\|eel\) '
# The network's first layer says how large pictures are, and whether they are grey.
succeed $train --data "$work/good" --net "$grey"
prints ' 1x28x28, 3 classes$'
prints 'resized to 28x28 in grey$'
succeed $train --data "$work/good" --net "$any" --input 3,40,24
prints ' 3x40x24, 3 classes$'
prints 'resized to 24x40 in colour$'
refuse 'does not fit the images (1x40x24)' $train --data "$work/good" --net "$any" --input 1,40,24
refuse '^tenka: --input: pictures have three numbers' $train --data "$work/good" --net "$any" --input 3,40
refuse 'none of the usual sizes' $train --data "$work/good" --net 'Flatten() Linear(77, 3)'
refuse 'one output for each class\|needs one for each class' $train --data "$work/good" --net 'Flatten() Linear(784, 2)'
# A training half alone is nobody's class.
mkdir "$work/alone"
cp -r "$work/good/train" "$work/alone"
succeed $train --data "$work/alone" --net "$grey"
prints ': 24 training images, .* 3 classes$'
says 'has no test half, so that nothing is tested'
mkdir "$work/tested"
cp -r "$work/good/test" "$work/tested"
refuse 'tested: there is no folder train in it' $train --data "$work/tested" --net "$grey"
succeed $test --data "$work/tested" --load "$work/any.st"
# A class of that name is one, where there are others.
classes vehicles 4 car plane train
succeed $train --data "$work/vehicles" --net "$grey"
prints ': 12 training images, .* 3 classes$'
mkdir -p "$work/mixed/train" "$work/mixed/val"
cp -r "$work/good/train/"* "$work/mixed/train"
cp -r "$work/good/val/cat" "$work/good/val/dog" "$work/mixed/val"
refuse "the class 'eel' has a folder in the training half and none in the test half" $train --data "$work/mixed" \
    --net "$grey"
cp -r "$work/good/val/eel" "$work/mixed/val/fox"
cp -r "$work/good/val/eel" "$work/mixed/val/eel"
refuse "the class 'fox' has a folder in the test half and none in the training half" $train --data "$work/mixed" \
    --net "$grey"

# ---- Splits ----

classes flat 9 cat dog eel
for option in '--missing mean' '--without id' '--target price'; do
    refuse "${option%% *} is for the columns of a CSV file, and .*/flat is none" data "$work/flat" $option
    refuse "${option%% *} is for the columns of a CSV file, and .*/flat is none" profile --backend cpu --net "$grey" \
        --data "$work/flat" $option
done
refuse '--split takes a part of the training images for testing, but .*/good has a test half' $train \
    --data "$work/good" --net "$grey" --split 0.2
expect 2 'more than 0 and less than 1' $train --data "$work/flat" --net "$grey" --split 1
succeed $train --data "$work/flat" --net "$grey" --split 0.25 --seed 3 --save "$work/flat.st" --quiet --log "$work/a.log"
silent
succeed $train --data "$work/flat" --net "$grey" --split 0.25 --seed 3 --threads 2 --log "$work/b.log"
prints ': 21 training, 6 test images, '
prints '^split    0.25 of each class is kept from training and tested, chosen by seed 3$'
# Neither threads nor decoding ahead show in the numbers.
sed -e 1d -e 's/,"train_seconds".*//' "$work/a.log" > "$work/a"
sed -e 1d -e 's/,"train_seconds".*//' "$work/b.log" | cmp -s - "$work/a" || bad "other numbers with two threads"
succeed $test --load "$work/flat.st"
says 'tested are the 6 images that --split 0.25 kept from training'
prints ': 6 test images, '
[ "$(sed -n 's/.*"test_loss":\([0-9.]*\),.*/\1/p' "$work/a.log" | cut -c 1-6)" = \
    "$(sed -n 's/^test loss \([0-9.]*\) .*/\1/p' "$work/out" | cut -c 1-6)" ] || bad "another test loss"
# Weights that know nothing of it are tested on the same part where it is asked for.
succeed $train --data "$work/flat" --net "$grey" --split 0.25 --seed 3 --save "$work/flat.pt" --quiet
succeed $test --load "$work/flat.st"
loss=$(sed -n 's/^test loss \([0-9.]*\) .*/\1/p' "$work/out")
for file in flat.pt flat.st; do
    succeed $test --load "$work/$file" --net "$grey" --data "$work/flat" --split 0.25 --seed 3
    says 'tested are the 6 images that --split 0.25 kept from training'
    prints "^test loss $loss  "
done
succeed $test --load "$work/flat.pt" --net "$grey" --data "$work/flat" --split 0.25 --seed 4
says 'kept from training, if it was trained with --split 0.25 --seed 4$'
# The same folder by other names; in another folder nothing is known of training.
ln -s flat "$work/link"
for name in flat/ ./flat/. link link/; do
    succeed $test --load "$work/flat.st" --data "$work/$name"
    says 'tested are the 6 images that --split 0.25 kept from training$'
    prints "^test loss $loss  "
done
cp -r "$work/flat" "$work/copy"
succeed $test --load "$work/flat.st" --data "$work/copy" --split 0.25
says 'tested are 6 images, a part of 0.25 that is chosen by seed 0$'
! grep -q 'kept from training' "$work/err" || bad "what was kept is not known"
refuse 'flat.st was trained with --split 0.25 --seed 3, which its file says: leave --split out' $test \
    --load "$work/flat.st" --split 0.25
refuse '--split tests the part of the images that training kept, but .*/good has a test half: leave it out' $test \
    --load "$work/flat.st" --data "$work/good" --split 0.25
expect 2 '--seed says which part --split tests: give that, too' $test --load "$work/flat.st" --seed 3
expect 2 'more than 0 and less than 1' $test --load "$work/flat.st" --split 1
succeed $test --load "$work/flat.st" --data "$work/good/val"
prints ': 9 test images, '
cp "$golden/rgb8.png" "$work/flat/cat/more.png"
refuse '/flat had 27 images when .*/flat.st was trained on a part of them, and has 28 now' $test --load "$work/flat.st"
succeed $test --load "$work/flat.st" --data "$work/good"
rm "$work/flat/cat/more.png"
mkdir "$work/single"
cp -r "$work/flat/cat" "$work/flat/dog" "$work/single"
mkdir "$work/single/eel"
cp "$golden/rgb8.png" "$work/single/eel"
refuse 'the class eel has 1 sample only, and a split needs 2' $train --data "$work/single" --net "$grey" --split 0.5
# A run that is killed goes on with the same halves.
succeed $train --data "$work/flat" --net "$grey" --split 0.25 --epochs 3 --log "$work/whole.log" --quiet
succeed $train --data "$work/flat" --net "$grey" --split 0.25 --epochs 1 --checkpoint "$work/run.ckpt" \
    --log "$work/run.log" --quiet
succeed $train --data "$work/flat" --net "$grey" --split 0.25 --epochs 3 --resume "$work/run.ckpt" \
    --log "$work/run.log" --quiet
sed -e 1d -e 's/,"train_seconds".*//' "$work/whole.log" > "$work/a"
sed -e 1d -e 's/,"train_seconds".*//' "$work/run.log" | cmp -s - "$work/a" || bad "other numbers after --resume"

# ---- Normalisation ----

succeed $train --data "$work/flat" --net "$any" --mean 0.5 --std 0.25,0.5,0.5 --save "$work/mean.st" --quiet
grep -q -a '"tenka.mean":"0.5,0.5,0.5"' "$work/mean.st" || bad "the mean is not saved"
grep -q -a '"tenka.std":"0.25,0.5,0.5"' "$work/mean.st" || bad "the deviation is not saved"
grep -q -a '"tenka.mean":"0.485,0.456,0.406"' "$work/any.st" || bad "the usual mean is not saved"
refuse '--std has 2 numbers, but the images have 3 channels' $train --data "$work/flat" --net "$any" --std 1,2

# ---- What is bad ----

# spoil NAME: a copy of good, and a place for something bad in it, which comes first.
spoil() {
    rm -rf "$work/bad"
    cp -r "$work/good" "$work/bad"
    place="$work/bad/train/dog/0$1"
}
# spoiled PATTERN [LEFT]: the bad file is said; with --skip-bad it is named and left out, and so many are trained on.
spoiled() {
    refuse "$1.*; --skip-bad leaves pictures out" $train --data "$work/bad" --net "$any" --input 3,32,32
    succeed $train --data "$work/bad" --net "$any" --input 3,32,32 --skip-bad
    says "^tenka: warning: .*$1.*; it is left out$"
    prints ': 24 training, 9 test images'
}
spoil .png; : > "$place"; spoiled '0.png: the file is empty; get it again'
spoil .png; head -c 100 "$golden/rgb8.png" > "$place"; spoiled '0.png: the PNG file is cut off at byte 100; get it again'
spoil .jpg; head -c 5000 "$golden/photo.jpg" > "$place"; spoiled '0.jpg: the JPEG file is cut off at byte 5000'
spoil .jpg; echo 'this is no picture' > "$place"; spoiled '0.jpg: it is no PNG, JPEG, BMP, GIF, WebP or TIFF picture'
spoil .heic; printf '\0\0\0\030ftypheic\0\0\0\0mif1heic' > "$place"; spoiled '0.heic: it is HEIF, but'
spoil .png; ln -s nowhere "$place"; spoiled 'cannot open .*0.png: No such file'
spoil .png
if [ "$(id -u)" != 0 ]; then
    cp "$golden/rgb8.png" "$place"
    chmod 0 "$place"
    spoiled 'cannot open .*0.png: Permission denied'
fi
# 30,000 x 30,000 pixels.
spoil .png
printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\165\060\0\0\165\060\010\002\0\0\0\351\105\157\355' > "$place"
printf '\0\0\0\0IDAT\065\257\006\036\0\0\0\0IEND\256\102\140\202' >> "$place"
spoiled '0.png: the picture has 30000x30000 pixels, more than the limit of 134217728; make it smaller first'
# What is damaged in its middle is found when it is decoded.
spoil .png
{ head -c 300 "$golden/rgb8.png"; printf '\377\377\377'; tail -c +304 "$golden/rgb8.png"; } > "$place"
expect 1 '0.png: the PNG file is damaged' $train --data "$work/bad" --net "$any" --input 3,32,32 --quiet
succeed $train --data "$work/bad" --net "$any" --input 3,32,32 --skip-bad
says '^tenka: warning: .*0.png: the PNG file is damaged.*; it is left out$'
# Folders.
spoil x; rm "$work/bad/train/dog"/*
refuse 'bad/train/dog: there is no picture in this folder of a class' $train --data "$work/bad" --net "$any"
spoil x; ln -s .. "$work/bad/train/dog/loop"
refuse 'this link leads back to a folder above it, in a circle; remove the link' $train --data "$work/bad" --net "$any"
spoil x; mkdir "$work/bad/train/$(printf 'a\351')"
cp "$golden/rgb8.png" "$work/bad/train/$(printf 'a\351')/"
refuse 'is no UTF-8 text; rename the folder' $train --data "$work/bad" --net "$any"
spoil x; cp "$golden/rgb8.png" "$work/bad/train/dog/$(printf 'a\351.png')"; echo text > "$work/bad/train/dog/list.txt"
succeed $train --data "$work/bad" --net "$any" --input 3,32,32
says '1 of its files are passed over'
prints ': 25 training, 9 test images'
spoil x; rm -r "$work/bad/train/dog"; ln -s "$work/good/train/dog" "$work/bad/train/dog"
succeed $train --data "$work/bad" --net "$any" --input 3,32,32
prints ': 24 training, 9 test images'

# ---- Looking at data ----

succeed data "$work/good"
prints '^data     .*/good: 24 training, 9 test images$'
prints '^pictures 1[0-9]* to [0-9]* pixels wide, [0-9]* to [0-9]* high, 6 of them in grey$'
prints '^class    1 dog: 8 training, 3 test$'
[ "$(grep -c '^channel  [012] mean 0' "$work/out")" = 3 ] || bad "not a line a channel"
succeed data "$work/good" --json
is_json

verdict
