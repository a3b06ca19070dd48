#!/bin/sh
# test_cli_data.sh TENKA: whether data, network and numbers belong together: batches that a network cannot take, IDX
# files of all names, halves of a data set that differ, classes and outputs, softmax twice, numbers that are none, and
# how the log counts. What does not fit is said before the first step. Runs on the CPU.
set -u
tenka=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

# passes ARG...: the command succeeds and warns of nothing, and prints no figure that is none.
passes() {
    succeed "$@"
    silent
    ! grep -q -i -e '[ =:]-\{0,1\}nan\>' "$work/out" || bad "a figure that is none"
}

# warns PATTERN ARG...: the command succeeds, with one warning that has PATTERN in it, also with --quiet.
warns() {
    warning=$1
    shift
    succeed "$@" --quiet
    one_sentence
    says "^tenka: warning: .*$warning"
}

# ---- Small data ----

# data NAME TRAIN TEST: a folder with so many images of 12x12 and three classes.
data() {
    mkdir "$work/$1"
    images "$2" 12 > "$work/$1/train-images-idx3-ubyte"
    labels "$2" 3 > "$work/$1/train-labels-idx1-ubyte"
    images "$3" 12 > "$work/$1/t10k-images-idx3-ubyte"
    labels "$3" 3 > "$work/$1/t10k-labels-idx1-ubyte"
}
data good 21 9
plain='Flatten() Linear(144, 3)'
train="train --backend cpu --threads 1 --epochs 1 --batch-size 7 --data $work/good"
test="test --backend cpu --threads 1 --data $work/good"

# ---- Batches that the network cannot take ----

single='Conv2d(1, 4, 12) BatchNorm2d(4) ReLU() Flatten() Linear(4, 3)'
pattern="the last training batch of an epoch, 1 of the 21 images, .*layer 1 (BatchNorm2d).*; '--batch-size 19' avoids"
refuse "$pattern it, and --drop-last leaves" $train --net "$single" --batch-size 20 --save "$work/x.st" \
    --log "$work/x.log"
[ ! -e "$work/x.st" ] && [ ! -e "$work/x.log" ] || bad "files of a run that did not begin"
refuse "1 of the 21 images, .*'--batch-size 3' avoids it" $train --net "$single" --batch-size 2
refuse "1 of the 11 images, .*'--batch-size 9' avoids it" $train --net "$single" --batch-size 10 --limit 11
refuse "a training batch of 1 image does not .*'--batch-size 3' avoids it$" $train --net "$single" --batch-size 1
refuse "a training batch of 1 image does not .*'--batch-size 2' avoids it$" $train --net "$single" --batch-size 1 \
    --drop-last
refuse "a training batch of 1 image does not .*; use more images$" $train --net "$single" --limit 1
for size in 19 3 7 21 100; do
    passes $train --net "$single" --batch-size $size --quiet
done
# What trains on more than a value takes a single image; what is tested always does.
passes $train --net 'Conv2d(1, 4, 11) BatchNorm2d(4) Flatten() Linear(16, 3)' --batch-size 20 --quiet
passes $train --net "$single" --batch-size 20 --drop-last --test-batch-size 8 --log "$work/drop.log" \
    --save "$work/bn.st"
grep -q '"drop_last":true' "$work/drop.log" || bad "the log does not tell of --drop-last"
[ "$(grep -c '"step"' "$work/drop.log")" = 1 ] || bad "--drop-last does not leave out the last batch"
passes $test --load "$work/bn.st" --batch-size 1
passes $train --net "$plain" --batch-size 5 --drop-last --checkpoint "$work/drop.ckpt" --quiet
refuse "drop_last on, this one has off" $train --net "$plain" --batch-size 5 --resume "$work/drop.ckpt" --quiet
refuse "leaves out a batch that is smaller than --batch-size 22: of 21 training images nothing" $train --net "$plain" \
    --batch-size 22 --drop-last
for command in summary profile 'bench --only steps'; do
    refuse "layer 1 (BatchNorm2d).*'--batch-size 2' avoids it$" $command --backend cpu --net "$single" --input 1,12,12 \
        --batch-size 1
done
refuse "'--batch-size 2' avoids it$" bench --backend cpu --seconds 60 --net "$single" --input 1,12,12 --batch-size 8,1

# ---- Files of all names ----

# renamed NAME: copies of the good data's files in a folder NAME; each line of the input is a file and its new name.
renamed() {
    mkdir -p "$work/$1"
    while read -r from to; do
        cp "$work/good/$from" "$work/$1/$to"
    done
}
renamed dots << 'END'
train-images-idx3-ubyte train-images.idx3-ubyte
train-labels-idx1-ubyte train-labels.idx1-ubyte
t10k-images-idx3-ubyte t10k-images.idx3-ubyte
t10k-labels-idx1-ubyte t10k-labels.idx1-ubyte
END
for set in letters digits; do
    renamed emnist << END
train-images-idx3-ubyte emnist-$set-train-images-idx3-ubyte
train-labels-idx1-ubyte emnist-$set-train-labels-idx1-ubyte
t10k-images-idx3-ubyte emnist-$set-test-images-idx3-ubyte
t10k-labels-idx1-ubyte emnist-$set-test-labels-idx1-ubyte
END
done
gzip "$work/dots/t10k-labels.idx1-ubyte" "$work/emnist/emnist-digits-train-images-idx3-ubyte"
passes $train --net "$plain" --save "$work/plain.st"
sed 's/(.*//' "$work/out" | grep '^epoch' > "$work/expected"
g=$work/good
for where in "$work/dots" "$work/emnist/emnist-letters" "$work/emnist/emnist-digits" \
    "$g/train-images-idx3-ubyte,$g/train-labels-idx1-ubyte,$g/t10k-images-idx3-ubyte,$g/t10k-labels-idx1-ubyte"; do
    passes $train --net "$plain" --data "$where"
    sed 's/(.*//' "$work/out" | grep '^epoch' | cmp -s - "$work/expected" || bad "other images in $where"
    passes $test --load "$work/plain.st" --data "$where" --quiet
    passes profile --backend cpu --steps 1 --net "$plain" --batch-size 3 --data "$where" --quiet
done
passes $test --load "$work/plain.st" --data "$g/t10k-images-idx3-ubyte,$g/t10k-labels-idx1-ubyte" --quiet
pair=$g/train-images-idx3-ubyte,$g/train-labels-idx1-ubyte
passes profile --backend cpu --steps 1 --net "$plain" --batch-size 3 --data "$pair" --quiet
refuse "two files are one half of a data set.* name four" $train --net "$plain" --data "$pair"
passes $train --net "$plain" --data "$pair,$pair"
refuse "as a list it has 3 files; expected two" $train --net "$plain" --data "$pair,x"
refuse "there is no file 'x'" $train --net "$plain" --data "$pair,x,y"
refuse "is one file; name a folder" $train --net "$plain" --data "$g/train-images-idx3-ubyte"
refuse "train-labels-idx1-ubyte: expected the magic number" $train --net "$plain" \
    --data "$g/train-labels-idx1-ubyte,$g/train-images-idx3-ubyte,$pair"
pattern="several data sets in this folder, emnist-digits, emnist-letters; name one of them, as in"
refuse "$pattern $work/emnist/emnist-letters$" $train --net "$plain" --data "$work/emnist"
refuse "there is no folder $work/emnist/emnist-cats" $train --data "$work/emnist/emnist-cats"
mkdir "$work/csv" "$work/csv/raw"
touch "$work/csv/train.csv" "$work/csv/test.csv"
refuse "found neither train-images-idx3-ubyte nor .*; it has raw/, test.csv and train.csv" $train --data "$work/csv"

# ---- Two halves ----

# A class that only the tests have counts.
data rare 20 9
labels 20 2 > "$work/rare/train-labels-idx1-ubyte"
passes $train --net "$plain" --data "$work/rare" --classes cat,dog,bird --save "$work/rare.st"
prints "20 training, 9 test images, 1x12x12, 3 classes"
grep -q 'bird' "$work/rare.st" || bad "the class that only the tests have is not saved"
refuse "classes has 2 names, but the labels of .*rare have 3 classes" $train --net "$plain" --data "$work/rare" \
    --classes cat,dog
refuse "have 3 classes, 0 to 2, but the network gives 2 outputs" $train --net 'Flatten() Linear(144, 2)' \
    --data "$work/rare"
# The other way round, the network knows more than the tests.
data few 21 8
labels 8 2 > "$work/few/t10k-labels-idx1-ubyte"
passes $train --net "$plain" --data "$work/few" --save "$work/few.st"
prints "21 training, 8 test images, 1x12x12, 3 classes"
passes $test --load "$work/few.st" --data "$work/few" --quiet
data sizes 21 9
images 9 11 > "$work/sizes/t10k-images-idx3-ubyte"
refuse "the training images of .*sizes are 1x12x12, but its test images 1x11x11" $train --data "$work/sizes" \
    --net 'Conv2d(1, 2, 3, padding=1) Linear(288, 3)'

# ---- Classes and outputs ----

warns "the network gives 10 outputs, but the labels of $work/good have only 3 classes" $train --net \
    'Flatten() Linear(144, 10)' --save "$work/ten.st"
# That file says that the network was trained on three.
warns "the network gives 10 outputs, but the labels of $work/good have only 3 classes" $test --load "$work/ten.st"
data many 30 10
labels 30 10 > "$work/many/train-labels-idx1-ubyte"
labels 10 10 > "$work/many/t10k-labels-idx1-ubyte"
refuse "ten.st was trained on 3 classes, but the labels of $work/many have 10, 0 to 9: " test --backend cpu \
    --data "$work/many" --load "$work/ten.st"
passes $train --net 'Flatten() Linear(144, 10)' --data "$work/many" --save "$work/many.st"
passes test --backend cpu --data "$work/many" --load "$work/many.st"
cp -r "$work/many" "$work/fashion-many"
warns "classes of $work/many.st are numbers, but those of $work/fashion-many have names (T-shirt/top" test \
    --backend cpu --data "$work/fashion-many" --load "$work/many.st"
# A file that names more classes than its network has.
passes $train --net "$plain" --classes aaaaaaaaaa,b,c --save "$work/named.st" --quiet
LC_ALL=C sed 's/aaaaaaaaaa/a\\",\\"aaaa/' "$work/named.st" > "$work/misnamed.st"
cmp -s "$work/named.st" "$work/misnamed.st" && bad "the names are the same"
why="misnamed.st names 4 classes, but its network gives 3 outputs"
refuse "$why" test --backend cpu --load "$work/misnamed.st"
images 1 12 > "$work/picture.png" # it is not looked at
refuse "$why" predict --backend cpu --load "$work/misnamed.st" "$work/picture.png"

# ---- Which images a network was trained on ----

# list BEFORE: the four files of a data set, with BEFORE in front of each.
list() {
    echo "$1train-images-idx3-ubyte,$1train-labels-idx1-ubyte,$1t10k-images-idx3-ubyte,$1t10k-labels-idx1-ubyte"
}

# remembers FILE NAME: test takes these images, and says so.
remembers() {
    passes test --backend cpu --load "$1"
    prints "^data     $2: "
}
case $tenka in /*) ;; *) tenka=$(pwd)/$tenka ;; esac
back=$(pwd)
mkdir "$work/elsewhere"
cd "$work" || exit 1
small="train --backend cpu --threads 1 --epochs 1 --batch-size 7 --quiet --net Flatten()Linear(144,3)"
passes $small --data ./good --save here.st --checkpoint here.ckpt
passes $small --data dots/../emnist/emnist-letters --save set.st
passes $small --data "$(list good/)" --save list.st
passes $small --data good --save here.pt
cd elsewhere || exit 1
remembers "$work/here.st" "$work/good"
remembers ../here.ckpt "$work/good"
remembers ../set.st "$work/dots/../emnist/emnist-letters"
remembers ../list.st "$(list "$work/good/")"
# Also where another network takes the weights; --data wins.
passes test --backend cpu --load ../here.st --net 'Flatten() Linear(144, 3)'
# Fewer classes may be some of them, or those of another data set.
warns "here.st was trained on the 3 classes of $work/good, but the labels of ../few have only 2: are" test \
    --backend cpu --load ../here.st --data ../few
# The same network, where it is not known, or no longer there.
why="does not say which images its network was trained on: name them with --data"
refuse "here.pt $why" test --backend cpu --net "$plain" --load ../here.pt
LC_ALL=C sed 's/"tenka.data"/"other.data"/' ../here.st > old.st
refuse "old.st $why" test --backend cpu --load old.st
passes test --backend cpu --load old.st --data ../good --quiet
mv ../good ../gone
why="which ../[a-z]*.st was trained on, are no longer there: name others with --data"
refuse "the images of $work/good, $why" test --backend cpu --load ../here.st
refuse "the images of $work/good/train.*, $why" test --backend cpu --load ../list.st
mv ../gone ../good
# A file from elsewhere may name a pipe, which nobody should wait for.
LC_ALL=C sed 's|t10k-images-idx3-ubyte,|t10k-images-idx3-pipes,|' ../list.st > pipe.st
mkfifo ../good/t10k-images-idx3-pipes
refuse "are no longer there" test --backend cpu --load pipe.st
rm ../good/t10k-images-idx3-pipes
# A name that is no text, or that a list in such a folder would not lead back to, is not remembered.
why="does not say which images"
odd=$(printf '\351')
cp -r ../good "../$odd"
mkdir a,b
cp ../good/* a,b
passes $small --data "../$odd" --save odd.st
passes $small --data a,b --save comma.st
remembers comma.st "$work/elsewhere/a,b"
cd a,b || exit 1
passes $small --data "$(list '')" --save ../odd-list.st
refuse "odd.st $why" test --backend cpu --load ../odd.st
refuse "odd-list.st $why" test --backend cpu --load ../odd-list.st
cd "$back" || exit 1
# A resumed run may find its images elsewhere, and its files say where.
cp -r "$work/good" "$work/moved"
passes train --backend cpu --threads 1 --epochs 2 --batch-size 7 --quiet --data "$work/moved" \
    --resume "$work/here.ckpt" --save "$work/moved.st"
remembers "$work/moved.st" "$work/moved"

# Without --data training looks in folders that it knows, and says which images they are.
mkdir "$work/data"
mv "$work/good" "$work/data/mnist"
ln -s "$work/data/mnist" "$work/good"
cd "$work" || exit 1
warns "no --data is given, so the images are those of ./data/mnist, whatever $work/plain.st was trained on" \
    train --backend cpu --epochs 1 --load "$work/plain.st"
passes train --backend cpu --epochs 1 --net "$plain" --batch-size 7 --quiet
cd "$back" || exit 1

# ---- Softmax twice ----

three="Linear(144, 3)"
for end in 'Softmax(1)' 'Softmax(-1)' 'Softmax(dim=1) Identity()' 'Softmax(1) Dropout(0.1)' 'Softmax(1) Flatten()' \
    'Sequential(Identity() Sequential(Softmax(1)))' 'LogSoftmax(1) Softmax(1)'; do
    warns "ends with Softmax, and cross_entropy, .* again: the loss cannot fall below 0.55, .*LogSoftmax" $train \
        --net "Flatten() $three $end" --save "$work/softmax.st"
    warns "ends with Softmax, and cross_entropy" $test --load "$work/softmax.st"
done
warns "LogSoftmax, which follows it, applies softmax again: .*; leave Softmax out$" $train \
    --net "Flatten() $three Softmax(1) LogSoftmax(1)"
warns "the loss cannot fall below 1.46" train --backend cpu --epochs 1 --data "$work/many" \
    --net 'Flatten() Linear(144, 10) Softmax(1)'
for end in 'Softmax(0)' 'LogSoftmax(0)' 'LogSoftmax(-2) Identity()'; do
    warns "ends with [LogS]*oftmax over another axis" $train --net "Flatten() $three $end"
done
# Five classes in each of two places are no ten classes.
warns "over another axis" $train --data "$work/many" --net 'Conv2d(1, 5, (12, 11)) Softmax(1) Flatten()'
# LogSoftmax is seen behind what changes nothing, and the loss is one: nll_loss.
passes $train --net "Flatten() $three LogSoftmax(1)"
grep '^epoch' "$work/out" | sed 's/(.*//' > "$work/expected"
for end in 'LogSoftmax(1) Identity()' 'LogSoftmax(-1) Flatten()' 'Sequential(LogSoftmax(1) Identity()) Dropout(0)'; do
    passes $train --net "Flatten() $three $end"
    prints "it ends with LogSoftmax, so the loss is nll_loss"
    grep '^epoch' "$work/out" | sed 's/(.*//' | cmp -s - "$work/expected" || bad "another loss with $end"
done
passes $train --net "Conv2d(1, 3, 12) LogSoftmax(1) Flatten()"
prints "it ends with LogSoftmax, so the loss is nll_loss"
passes $train --net "Flatten() Linear(144, 5) Softmax(1) Linear(5, 3)"

# ---- Numbers that are none ----

# poison FILE TENSOR: the tensor's first number becomes NaN, as other programs leave it with a sign.
poison() {
    header=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
    begin=$(head -c $((header + 8)) "$1" | tail -c +9 | tr '{' '\n' | grep -A 1 "\"$2\":" | tail -n 1 |
        sed 's/.*"data_offsets":\[\([0-9]*\),.*/\1/')
    printf '\000\000\300\377' | dd of="$1" bs=1 seek=$((header + 8 + begin)) conv=notrunc 2> /dev/null
}
deep='Conv2d(1, 2, 3) BatchNorm2d(2) ReLU() MaxPool2d(2) Flatten() Linear(50, 4) Tanh() Linear(4, 3)'
passes $train --net "$deep" --save "$work/deep.st"
for tensor in 0.weight 0.bias 1.weight 1.running_mean 1.running_var 5.weight 7.weight 7.bias; do
    cp "$work/deep.st" "$work/nan.st"
    poison "$work/nan.st" $tensor
    ! cmp -s "$work/deep.st" "$work/nan.st" || bad "$tensor was not poisoned"
    for backend in cpu cpu-f64; do
        run 1 test --backend $backend --data "$work/good" --load "$work/nan.st"
        grep -q "^tenka: $work/nan.st: the network's outputs are no finite numbers; it has diverged, or" "$work/err" ||
            bad "what test says of NaN in $tensor on $backend"
        ! grep -q '^test' "$work/out" || bad "test has a result with NaN in $tensor"
    done
done
# Of the first epoch whose test loss is no number nothing is printed.
run 1 $train --epochs 9 --limit 7 --net 'Flatten() Linear(144, 20) Linear(20, 20) Linear(20, 20) Linear(20, 3)' \
    --optimizer sgd --lr 1e6 --weight-decay 1e6
grep -q 'the test loss of epoch 1 is no finite number' "$work/err" || bad "no word of a test loss that is no number"
! grep -q '^epoch' "$work/out" || bad "an epoch with a test loss that is no number is printed"

# ---- The test loss ----

# near A B: equal but for what rounding does to the last of four decimals.
near() {
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d <= 0.00011 && d >= -0.00011) }'
}

# test_loss ARG...: the one that is printed, of the network that was trained on all images, in $loss.
test_loss() {
    run 0 test --backend cpu --threads 1 --quiet --load "$work/plain.st" "$@"
    loss=$(sed -n 's/^test loss \([0-9.]*\) .*/\1/p' "$work/out")
}

# part NAME SKIP COUNT: so many of the test images.
part() {
    { be32 2051; be32 "$3"; be32 12; be32 12; tail -c +$((17 + 144 * $2)) "$g/t10k-images-idx3-ubyte" |
        head -c $((144 * $3)); } > "$work/$1-images"
    { be32 2049; be32 "$3"; tail -c +$((9 + $2)) "$g/t10k-labels-idx1-ubyte" | head -c "$3"; } > "$work/$1-labels"
}
part eight 0 8
part last 8 1
test_loss --data "$work/eight-images,$work/eight-labels"
eight=$loss
test_loss --data "$work/last-images,$work/last-labels"
last=$loss
over_images=$(awk -v a="$eight" -v b="$last" 'BEGIN { print (8 * a + b) / 9 }')
over_batches=$(awk -v a="$eight" -v b="$last" 'BEGIN { print (a + b) / 2 }')
near "$over_images" "$over_batches" && bad "the images are too much alike to tell the means apart"
for size in 1 2 4 7 8 9 100; do
    test_loss --batch-size $size
    near "$loss" "$over_images" || bad "a test loss of $loss instead of $over_images in batches of $size"
done
test_loss --batch-size 8 --loss-mean batches
near "$loss" "$over_batches" || bad "a mean over batches of $loss instead of $over_batches"
test_loss --batch-size 3 --loss-mean batches
near "$loss" "$over_images" || bad "equal batches have another mean: $loss instead of $over_images"
# Training shuffles the test images by its seed, and says the same loss of the same weights.
for seed in 1 2 3; do
    for mean in images batches; do
        passes train --backend cpu-f64 --threads 1 --epochs 1 --quiet --data "$work/good" --load "$work/plain.st" \
            --lr 0 --batch-size 7 --test-batch-size 4 --seed $seed --loss-mean $mean --log "$work/$mean.log"
        grep -q "\"loss_mean\":\"$mean\"" "$work/$mean.log" || bad "the log does not say which mean it has"
        sed -n 's/.*"test_loss":\([0-9.]*\),.*/\1/p' "$work/$mean.log" >> "$work/$mean"
    done
done
awk 'NR == 1 { a = $1 } { d = $1 - a; if (d > 1e-12 || d < -1e-12) far = 1 } END { exit far || NR != 3 }' \
    "$work/images" || bad "test losses of the same weights are $(tr '\n' ' ' < "$work/images")"
near "$(head -n 1 "$work/images")" "$over_images" || bad "training has another test loss than test"
[ "$(sort -u "$work/batches" | wc -l)" = 3 ] || bad "the mean over batches does not depend on the order"
run 2 $test --load "$work/plain.st" --loss-mean steps

# ---- The log ----

passes $train --net "$plain" --batch-size 10 --epochs 3 --quiet --log "$work/whole.log" --checkpoint "$work/run.ckpt"
# epochs LOG: the numbers of epochs in their order, once for each line.
epochs() {
    sed -n 's/^{"epoch":\([0-9]*\),.*/\1/p' "$1" | tr -d '\n'
}
[ "$(epochs "$work/whole.log")" = 111122223333 ] || bad "the log counts $(epochs "$work/whole.log")"
head -n 1 "$work/whole.log" | grep -q '^{"version":"[^"]*","first_epoch":1,"backend"' || bad "the log's first line"
# A log of an old version, which counts from 0, is continued as it began.
passes $train --net "$plain" --batch-size 10 --epochs 2 --quiet --log "$work/run.log" --checkpoint "$work/run.ckpt"
sed -e 's/,"first_epoch":1//' -e 's/^{"epoch":1,/{"epoch":0,/' -e 's/^{"epoch":2,/{"epoch":1,/' "$work/run.log" \
    > "$work/old.log"
# What they have of later epochs goes.
echo '{"epoch":3,"step":6,"loss":9}' >> "$work/run.log"
echo '{"epoch":2,"step":6,"loss":9}' >> "$work/old.log"
for log in run old; do
    passes $train --net "$plain" --batch-size 10 --epochs 3 --quiet --log "$work/$log.log" --resume "$work/run.ckpt"
done
[ "$(epochs "$work/old.log")" = 000011112222 ] || bad "an old log counts $(epochs "$work/old.log")"
sed -e 1d -e 's/,"train_seconds".*//' "$work/whole.log" > "$work/a"
sed -e 1d -e 's/,"train_seconds".*//' "$work/run.log" | cmp -s - "$work/a" || bad "a log that was continued"
sed -e 1d -e 's/,"train_seconds".*//' -e 's/^{"epoch":2,/{"epoch":3,/' -e 's/^{"epoch":1,/{"epoch":2,/' \
    -e 's/^{"epoch":0,/{"epoch":1,/' "$work/old.log" | cmp -s - "$work/a" || bad "an old log that was continued"
# In double precision it has all digits: what it says is read back as the same number.
passes $train --net "$plain" --backend cpu-f64 --quiet --log "$work/f64.log"
[ "$(sed -n 's/.*"loss":[0-9]*\.\([0-9]*\)}$/\1/p' "$work/f64.log" | awk 'length($0) >= 14' | wc -l)" -ge 1 ] ||
    bad "the log of cpu-f64 has few digits"
grep -q '"train_loss":[0-9]*\.[0-9]\{14,\},"test_loss":[0-9]*\.[0-9]\{14,\},' "$work/f64.log" ||
    bad "the epochs in the log of cpu-f64 have few digits"

# ---- CIFAR ----

# cifar COUNT: images of CIFAR-10, whose classes are 0, 1 .. in turn.
cifar() {
    i=0
    while [ $i -lt "$1" ]; do
        printf "\\$(printf %03o $((i % 10)))"
        awk -v i=$i 'BEGIN { for (k = 1; k < 2000; k++) printf "%d", k * (k + i) % 99991 }' | head -c 3072
        i=$((i + 1))
    done
}
mkdir "$work/cifar"
cifar 12 > "$work/cifar/data_batch_1.bin"
cifar 8 > "$work/cifar/data_batch_2.bin"
cifar 5 > "$work/cifar/test_batch.bin"
printf 'plane\ncar\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n' > "$work/cifar/batches.meta.txt"
tar -C "$work" -czf "$work/cifar.tar.gz" cifar
for where in cifar cifar.tar.gz; do
    passes train --backend cpu --data "$work/$where" --net 'Flatten() Linear(3072, 10)' --epochs 1 \
        --batch-size 5 --save "$work/c.st"
    prints ': 20 training, 5 test images, 3x32x32, 10 classes$'
    grep -q -a '"tenka.mean":"0.4914,0.4822,0.4465"' "$work/c.st" || bad "the mean of CIFAR"
    passes test --backend cpu --load "$work/c.st"
    passes data "$work/$where"
    prints '^class    9 truck: 1 training, 0 test$'
done
head -c 9000 "$work/cifar.tar.gz" > "$work/cut.tar.gz"
refuse 'cut.tar.gz: the archive is cut off; get it again' train --backend cpu --data "$work/cut.tar.gz"
mkdir "$work/python"
: > "$work/python/data_batch_1"
refuse "python: this is CIFAR's version for Python" train --backend cpu --data "$work/python"
refuse 'there is no file .*/none.tar.gz' train --backend cpu --data "$work/none.tar.gz"

# ---- Looking at data ----

passes data "$work/good"
prints ': 21 training, 9 test images, 1x12x12$'
prints '^class    2 2: 7 training, 3 test$'
prints '^channel  0 mean 0\.[0-9]*, deviation 0\.[0-9]*$'
passes data --json "$work/good"
is_json
grep -q '"train":21,"test":9,"input":\[1,12,12\],"target":\[\],"classes":\[{"name":"0","train":7,"test":3},' "$work/out" ||
    bad "the counts in JSON"
expect 2 'name one data set' data
expect 2 'name one data set' data "$work/good" "$work/good"
refuse 'there is no folder' data "$work/none"

verdict
