#!/bin/sh
# test_cli_masks.sh TENKA BACKEND WRITE_SHAPES GOLDEN: segmentation by the command: pictures with masks in the folders that
# people have, a U-Net that learns its shapes, what is counted of pixels, masks that are predicted, what is refused.
# Skipped without a Vulkan device unless TENKA_REQUIRE_VULKAN=1.
set -u
tenka=$1
backend=$2
shapes=$3
golden=$4/images
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

skip_without_device

# What torch.fx prints of a small U-Net.
cat > "$work/unet.txt" <<'END'
UNet(
  (down1): Module(
    (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (1): ReLU()
  )
  (pool): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  (down2): Module(
    (0): Conv2d(8, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (1): ReLU()
  )
  (up): ConvTranspose2d(16, 8, kernel_size=(2, 2), stride=(2, 2))
  (join): Module(
    (0): Conv2d(16, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (1): ReLU()
  )
  (out): Conv2d(8, 3, kernel_size=(1, 1), stride=(1, 1))
)



def forward(self, x):
    down1_0 = getattr(self.down1, "0")(x);  x = None
    down1_1 = getattr(self.down1, "1")(down1_0);  down1_0 = None
    pool = self.pool(down1_1)
    down2_0 = getattr(self.down2, "0")(pool);  pool = None
    down2_1 = getattr(self.down2, "1")(down2_0);  down2_0 = None
    up = self.up(down2_1);  down2_1 = None
    cat = torch.cat([down1_1, up], 1);  down1_1 = up = None
    join_0 = getattr(self.join, "0")(cat);  cat = None
    join_1 = getattr(self.join, "1")(join_0);  join_0 = None
    out = self.out(join_1);  join_1 = None
    return out
END
net="$work/unet.txt"
flat='Conv2d(3, 3, 1)'
train="train --backend $backend --batch-size 8 --threads 1"
one="$train --epochs 1 --net $work/unet.txt --input 3,32,32"

mkdir "$work/seg"
"$shapes" "$work/seg/train" 0 48 32 && "$shapes" "$work/seg/val" 100 16 32 || bad "no shapes"

# ---- Learning ----

succeed $train --data "$work/seg" --net "$net" --input 3,32,32 --epochs 12 --lr 0.01 --save "$work/m.st" \
    --log "$work/log" --report "$work/r.html"
silent
prints '^data     .*/seg: 48 training, 16 test images, 3x32x32, 3 classes$'
prints '^epoch 12/12 .*  test accuracy 9[0-9.]* %  mean IoU 0.[0-9]*'
iou=$(sed -n 's/.*"test_mean_iou":\([0-9.]*\).*/\1/p' "$work/log" | tail -n 1)
[ "$(echo "$iou" | cut -c 1-3)" = 0.8 ] || [ "$(echo "$iou" | cut -c 1-3)" = 0.9 ] || bad "a mean IoU of $iou"
grep -q 'IoU' "$work/r.html" || bad "no IoU in the report"
succeed test --backend $backend --load "$work/m.st" --confusion --worst 2
prints "mean IoU $(printf %.4f "$iou")"
prints '^Class  *precision  *recall  *F1  *IoU  *count$'
prints '^    mean .* 16384$'
prints '% of its places are right  .*/seg/val/images/1[01][0-9].png$'
succeed test --backend $backend --load "$work/m.st" --json
is_json
prints '"mean_iou":0.[89]'

# ---- Predicting ----

succeed predict --backend $backend --load "$work/m.st" --out "$work/pm" "$work/seg/val/images"
prints "images/100.png: $work/pm/100.png, 0 [0-9.]* %, 1 [0-9.]* %"
[ "$(find "$work/pm" -name '*.png' | wc -l)" = 16 ] || bad "not 16 masks"
# What is predicted are masks again, nearly those of the data.
succeed test --backend $backend --load "$work/m.st" --data "$work/seg/val/images" --masks "$work/pm"
prints '  test accuracy 100.00 %  mean IoU 1.0000'
# A picture of another size gets a mask of its own size.
cp "$golden/rgb8.png" "$work/other.png"
succeed predict --backend $backend --load "$work/m.st" --out "$work/pm" --json "$work/other.png" "$work/seg/val/images/100.png"
is_json
prints '"mask":".*/pm/other.png","classes":\[{"class":[012],"name":"[012]","share":'
mkdir -p "$work/pair/images" "$work/pair/masks"
cp "$work/other.png" "$work/pair/images"
cp "$work/pm/other.png" "$work/pair/masks"
succeed test --backend $backend --load "$work/m.st" --data "$work/pair"
expect 1 'gives a class for each pixel: say with --out FOLDER' predict --backend $backend --load "$work/m.st" "$work/other.png"
expect 1 'would take its place' predict --backend $backend --load "$work/m.st" --out "$work" "$work/other.png"
mkdir "$work/again"
cp "$work/other.png" "$work/again"
expect 1 'masks of two pictures would both be' predict --backend $backend --load "$work/m.st" --out "$work/pm" \
    "$work/other.png" "$work/again/other.png"
expect 1 'cannot make the folder' predict --backend $backend --load "$work/m.st" --out "$work/none/pm" "$work/other.png"

# ---- Folders ----

# Names of classes are those that were saved.
succeed $one --data "$work/seg" --classes ground,disc,square --save "$work/n.st" --quiet
succeed test --backend $backend --load "$work/n.st" --confusion
prints '^  2 square '
succeed predict --backend $backend --load "$work/n.st" --out "$work/pm" "$work/seg/val/images/100.png"
prints '100.png, \(ground\|disc\|square\) '
# The same in two folders, each with halves, gives the same numbers.
mkdir "$work/p" "$work/q"
for half in train val; do
    cp -r "$work/seg/$half/images" "$work/p/$half"
    cp -r "$work/seg/$half/masks" "$work/q/$half"
done
succeed $one --data "$work/p" --masks "$work/q" --save "$work/a.st"
prints ': 48 training, 16 test images, '
succeed $one --data "$work/seg" --save "$work/b.st"
succeed test --backend $backend --load "$work/a.st"
cp "$work/out" "$work/first"
succeed test --backend $backend --load "$work/b.st"
[ "$(sed -n 's/ *(.*//; /^test loss/p' "$work/first")" = "$(sed -n 's/ *(.*//; /^test loss/p' "$work/out")" ] ||
    bad "other numbers of the same pictures"
mkdir "$work/both"
mv "$work/p" "$work/both/images"
mv "$work/q" "$work/both/masks"
succeed $one --data "$work/both"
prints ': 48 training, 16 test images, '
succeed $one --data "$work/seg/train" --split 0.25 --save "$work/s.st"
prints ': 36 training, 12 test images, '
prints '^split    0.25 of the samples is kept from training'
succeed test --backend $backend --load "$work/s.st"
says 'tested are the 12 images that --split 0.25 kept from training'
succeed data "$work/seg"
prints '^class    1 1: [0-9,]* training pixels, [0-9,]* test pixels$'
succeed data "$work/both/images" --masks "$work/both/masks" --json
is_json

# ---- Transforms, and going on ----

drawn='Compose([RandomResizedCrop(16), RandomHorizontalFlip(), RandomRotation(20), ColorJitter(0.3, 0.3), ToTensor(), Normalize(0.5, 0.5)])'
still='Compose([Resize((16, 16)), ToTensor(), Normalize(0.5, 0.5)])'
long="train --backend $backend --batch-size 8 --net $net --data $work/seg --quiet"
succeed $long --epochs 3 --transform "$drawn" --eval-transform "$still" --save "$work/whole.st" --threads 2 --log "$work/w.log"
succeed $long --epochs 1 --transform "$drawn" --eval-transform "$still" --checkpoint "$work/c.st" --threads 1 --log "$work/c.log"
succeed $long --epochs 3 --transform "$drawn" --eval-transform "$still" --resume "$work/c.st" --save "$work/parts.st" \
    --threads 1 --log "$work/c.log"
cmp -s "$work/whole.st" "$work/parts.st" || bad "another network after --resume"
sed -e 1d -e 's/,"train_seconds".*//' "$work/w.log" > "$work/w"
sed -e 1d -e 's/,"train_seconds".*//' "$work/c.log" | cmp -s - "$work/w" || bad "other losses after --resume"
succeed predict --backend $backend --load "$work/whole.st" --out "$work/pm" --quiet "$work/seg/val/images/100.png"

# ---- What the loss ignores ----

succeed $one --data "$work/seg" --loss 'CrossEntropyLoss(ignore_index=255)'
succeed $one --data "$work/seg" --loss 'CrossEntropyLoss(ignore_index=0)'
[ "$backend" != cpu ] || {
# ---- What is refused ----

# spoil NAME: a copy of the data, and the mask or picture that is to be replaced.
spoil() {
    rm -rf "$work/bad"
    cp -r "$work/seg" "$work/bad"
    place="$work/bad/train/$1"
    rm -f "$place"
}
# spoiled PATTERN: is said, and left out on demand.
spoiled() {
    refuse "$1.*; --skip-bad leaves pictures out that have no mask" $one --data "$work/bad"
    succeed $one --data "$work/bad" --skip-bad
    prints ': 47 training, 16 test images'
}
spoil masks/7.png; spoiled 'images/7.png: it has no mask; expected .*/masks/7.png'
spoil masks/7.png; cp "$golden/rgb8.png" "$place"; spoiled 'masks/7.png: a mask has the class of each pixel .* but this file has colours'
spoil masks/7.png; cp "$golden/grey8.png" "$place"
spoiled 'images/7.png: it has 32x32 pixels, but its mask .*masks/7.png has [0-9x]*; they must be of one size'
spoil masks/7.png; head -c 60 "$work/seg/train/masks/7.png" > "$place"; spoiled 'masks/7.png: the PNG file is cut off'
spoil masks/7.png; cp "$golden/grey.jpg" "$place"; spoiled 'masks/7.png: it is a JPEG picture, but a mask is a PNG file'
spoil masks/7.png; rm -r "$work/bad/train/masks"; mkdir "$work/bad/train/masks"
refuse 'train/masks: there are no pictures in it' $one --data "$work/bad"
refuse 'the labels of .* have 3 classes, 0 to 2, but the network gives 2 outputs' $train --epochs 1 --data "$work/seg" \
    --net 'Conv2d(3, 2, 1)' --input 3,32,32
refuse 'the output has the shape \[2, 3, 30, 30\], but the targets have \[2, 32, 32\]' $train --epochs 1 --data "$work/seg" \
    --net 'Conv2d(3, 3, 3)' --input 3,32,32
spoil images/7.png; rm -r "$work/bad/train/images" "$work/bad/val/images"
cp -r "$work/seg/train/masks" "$work/bad/train/images"
cp -r "$work/seg/val/masks" "$work/bad/val/images"
succeed $train --epochs 1 --net "$flat" --data "$work/bad" --input 3,16,16
mkdir -p "$work/blank/images" "$work/blank/masks"
for i in 1 2; do
    cp "$golden/one_pixel.png" "$work/blank/images/$i.png"
    # Grey of one bit: 0.
    printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\001\0\0\0\001\010\0\0\0\0\072\176\233\125\0\0\0\012IDAT\170\234\143\140\0\0\0\002\0\001\110\257\244\161\0\0\0\0IEND\256\102\140\202' > "$work/blank/masks/$i.png"
done
refuse 'all pixels of the masks are 0, or 255, which counts for nothing' $train --epochs 1 --data "$work/blank" --net "$flat"
refuse '^tenka: --masks: there is no folder .*/none' $one --data "$work/seg" --masks "$work/none"
refuse '^tenka: --masks has the masks of pictures: name their folder with --data' $one --masks "$work/seg"
refuse 'there is no folder .*/masks/train/train, for the masks of' $one --data "$work/both/images" --masks "$work/both/masks/train"
}

verdict
