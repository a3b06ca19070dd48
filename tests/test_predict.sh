#!/bin/sh
# test_predict.sh TENKA GOLDEN: `tenka predict` with good and with bad pictures. Probabilities are compared with
# PyTorch's in GOLDEN/predict, on the CPU, and on Vulkan where there is a device; TENKA_REQUIRE_VULKAN=1 makes a missing
# one a failure. What needs Fashion-MNIST or python3 is left out, and said, where they are not installed.
set -u
tenka=$1 golden=$2
predict=$golden/predict images=$golden/images
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
. "$(dirname "$0")/cli.sh"
python=
command -v python3 > /dev/null && python=1

# predict STATUS ARG...: tenka predict ends with it.
predict() {
    status=$1
    shift
    run "$status" predict "$@"
    [ $got != "$status" ] || echo "ok: $ran"
}

# cpu STATUS ARG...: the same on the CPU with a grey network, and nothing but results.
cpu() {
    want=$1
    shift
    predict "$want" --backend cpu --quiet --load "$predict/logits.safetensors" "$@"
}

# ---- PyTorch's probabilities ----

# compare NETWORK OPTION: the JSON in $work/out says what the golden file does, to 1e-4.
compare() {
    awk -v network="$1" -v option="$2" '
        FILENAME != "-" {
            if ($1 == network && $3 == option) {
                expected++
                for (i = 4; i <= NF; i++)
                    want[$2 "/" (i - 4)] = $i
            }
            next
        }
        /^{"file":/ {
            match($0, /"file":"[^"]*"/)
            file = substr($0, RSTART + 8, RLENGTH - 9)
            sub(/.*\//, "", file)
            seen++
            n = split($0, parts, /"class":/)
            for (i = 2; i <= n; i++) {
                class = parts[i] + 0
                sub(/.*"probability":/, "", parts[i])
                d = parts[i] - want[file "/" class]
                if (!((file "/" class) in want)) bad = 1
                if (d < 0) d = -d
                if (d > worst) worst = d
                values++
            }
        }
        END {
            printf "    %s %s: %d pictures, %d probabilities, largest difference %.1e\n", network, option, seen, values,
                worst
            exit bad || seen != expected || seen == 0 || values < 3 * seen || worst > 1e-4
        }' "$predict/probabilities.txt" - < "$work/out" || bad "not PyTorch's probabilities: $1 $2"
}

# golden_on BACKEND OPTION...
golden_on() {
    backend=$1
    shift
    for network in logits log_softmax softmax colour; do
        for option; do
            files=$(awk -v network="$network.safetensors" -v option="$option" -v folder="$predict" \
                '$1 == network && $3 == option { print folder "/" $2 }' "$predict/probabilities.txt")
            [ -n "$files" ] || continue
            flag=$option
            [ $option != - ] || flag=
            # shellcheck disable=SC2086
            predict 0 --backend "$backend" ${TENKA_VALIDATE:+--validate} --load "$predict/$network.safetensors" --json \
                --top 99 --batch-size 3 $flag $files > "$work/said"
            grep -q '^ok' "$work/said" || cat "$work/said"
            compare $network.safetensors "$option"
        done
    done
}

golden_on cpu - --invert --fit=crop
golden_on cpu-f64 -
"$tenka" devices --json > "$work/devices"
if grep -q '"kind":"[^c].*"usable":true' "$work/devices"; then
    golden_on vulkan -
elif [ "${TENKA_REQUIRE_VULKAN:-}" = 1 ]; then
    bad "no Vulkan device, though TENKA_REQUIRE_VULKAN is 1"
fi

# ---- What is printed ----

predict 0 --backend cpu --load "$predict/logits.safetensors" "$predict/plain0.png" "$predict/plain2.png"
prints '^network  .*: images of 1x28x28, 10 classes$'
prints '^device   cpu'
prints '/plain0.png: Ankle boot [0-9.]* %, S[a-z]* [0-9.]* %, [A-Z][a-z]* [0-9.]* %$'
cpu 0 --top 1 "$predict/plain0.png" "$predict/plain2.png"
prints '/plain2.png: Trouser 100.00 %$'
[ "$(wc -l < "$work/out")" = 2 ] || bad "--quiet prints other things too"
silent
cpu 0 --top 1 --classes 0,1,2,3,4,5,6,7,8,boot "$predict/plain0.png"
prints ': boot '
cpu 1 --classes cat,dog "$predict/plain0.png"
says 'has 2 names, but the network has 10 classes'
# Dark on light, with a network that knows the opposite.
cpu 0 "$predict/white.png"
says 'warning: 1 of 1 picture is light, but .*, 0.1307, is that of dark ones; if it was trained on such, try --invert$'
cpu 0 "$predict/white.png" "$predict/white.png"
says 'warning: 2 of 2 pictures are light, but'
cpu 0 --invert "$predict/plain0.png" "$predict/plain1.png"
says 'warning: 2 of 2 pictures are light after --invert.*try without --invert$'
cpu 0 --invert "$predict/white.png"
silent
cpu 0 --alpha white "$images/rgba8.png"
"$tenka" predict --backend cpu --load "$predict/logits.safetensors" "$predict/plain0.png" > /dev/full 2> "$work/err"
[ $? = 1 ] && grep -q 'cannot write to the standard output' "$work/err" || bad "a full disk is not noticed"
# Nobody reads it, with and without the JSON object around it.
for format in '' --json; do
    # shellcheck disable=SC2086
    {
        sleep 1
        "$tenka" predict --backend cpu $format --load "$predict/logits.safetensors" "$predict/plain0.png" 2> "$work/err"
        echo $? > "$work/status"
    } | true
    [ "$(cat "$work/status")" = 141 ] || bad "status $(cat "$work/status") where nobody reads the predictions"
    silent
done

cpu 1 --out "$work/masks" "$predict/plain0.png"
says '^tenka: --out is for the outputs of an array x.npy or a table x.csv, or for masks; the classes of pictures are printed$'

# ---- Usage ----

usage() {
    pattern=$1
    shift
    predict 2 "$@"
    says "$pattern"
}
usage 'load FILE is needed' "$predict/plain0.png"
usage 'name the pictures, or folders' --load "$predict/logits.safetensors"
usage 'standard input is not read' --load "$predict/logits.safetensors" -
usage "'0' is no whole number" --top 0 x.png
usage 'neither stretch nor crop' --fit squeeze x.png
usage 'none of ignore, black and white' --alpha pink x.png
usage 'no list of numbers' --mean 0.5, x.png
usage 'no list of numbers above 0' --std 0 x.png
usage 'epochs' --epochs 3 x.png

# ---- Networks that say less ----

state='Conv2d(1, 4, 5, stride=3) ReLU() MaxPool2d(2) Flatten() Linear(64, 10)'
predict 1 --backend cpu --quiet --net "$state" --load "$predict/logits.safetensors" "$predict/plain0.png"
says 'does not say how it wants its pictures: give --input C,H,W, --mean and --std'
predict 0 --backend cpu --quiet --net "$state" --load "$predict/logits.safetensors" --input 1,28,28 --mean 0.1307 \
    --std 0.3081 --top 1 "$predict/plain0.png"
prints '/plain0.png: 9 [0-9.]* %$'
cpu 1 --mean 0.5,0.5 "$predict/plain0.png"
says '2 numbers, but the network.s pictures have 1 channels'
cpu 1 --input 4,28,28 "$predict/plain0.png"
says '1 channel for grey or 3 for colour'
cpu 1 --input 1,30,40 "$predict/plain0.png"
says 'the network does not fit pictures of 1x30x40: .*Linear'
predict 1 --backend cpu --quiet --load "$predict/none.safetensors" "$predict/plain0.png"
says 'none.safetensors'
# The last number of the last layer is none.
{ head -c -4 "$predict/logits.safetensors"; printf '\000\000\300\177'; } > "$work/nan.safetensors"
predict 1 --backend cpu --quiet --load "$work/nan.safetensors" --json "$predict/plain0.png"
says 'plain0.png: the network.s outputs are no finite numbers'
prints '"error":"the network'
is_json

# ---- Pictures that are none, or broken ----

head -c 300 "$predict/large.jpg" > "$work/cut.jpg"
head -c 200 "$predict/plain0.png" > "$work/cut.png"
echo 'no picture' > "$work/text.png"
cpu 1 --top 1 "$work/none.png" "$predict/plain0.png" "$work/cut.jpg" "$work/cut.png" "$work/text.png" \
    "$predict/plain2.png"
for name in none.png cut.jpg cut.png text.png; do
    says "^tenka: .*$work/$name"
done
[ "$(wc -l < "$work/err")" = 4 ] || bad "not a sentence for each broken picture"
prints 'plain0.png: Ankle boot'
prints 'plain2.png: Trouser'
cpu 1 --json --batch-size 2 "$work/none.png" "$predict/plain0.png" "$work/cut.jpg" "$work/cut.png" "$work/text.png"
is_json
prints '^{"file":".*/cut.jpg","error":".*cut off at byte 300; get it again"},$'
prints '^\],"skipped":0,"failed":4}$'
cpu 1 "$work/cut.jpg"
cpu 1 --json "$work/cut.jpg"
is_json

# ---- Folders ----

mkdir -p "$work/folder/b/c" "$work/empty"
cp "$predict/plain0.png" "$work/folder/z.png"
cp "$predict/plain1.png" "$work/folder/b/c/without-ending"
cp "$predict/plain2.png" "$work/folder/a.txt"
cp "$predict/plain2.png" "$work/folder/.hidden.png"
ln -s .. "$work/folder/b/up"
ln -s ../z.png "$work/folder/b/link.png"
mkfifo "$work/folder/pipe"
# What is no picture, and does not say that it is one.
echo 'notes' > "$work/folder/notes.txt"
printf '%%PDF-1.4\n' > "$work/folder/b/manual.pdf"
printf '\320\317\021\340\241\261\032\341' > "$work/folder/b/Thumbs.db"
printf '\0\0\0\1Bud1' > "$work/folder/b/.DS_Store"
printf '\0\5\026\7\0\2\0\0' > "$work/folder/._z.png"
predict 0 --backend cpu --load "$predict/logits.safetensors" --top 1 "$work/folder/"
sed -n 's/^\(.*folder.*\): [^:]*$/\1/p' "$work/out" > "$work/order"
printf '%s\n' "$work/folder/a.txt" "$work/folder/b/c/without-ending" "$work/folder/b/link.png" "$work/folder/z.png" |
    cmp -s - "$work/order" || bad "the pictures of a folder, or their order"
silent
prints '^done     4 pictures; 4 files in folders are no pictures$'
cp "$work/cut.png" "$work/folder/b/cut.png"
cpu 1 --json "$work/folder"
is_json
prints '/b/cut.png","error":'
prints '^\],"skipped":4,"failed":1}$'

# Pictures by their content that are of another kind, and what is a picture by its name alone: each is named.
mkdir -p "$work/foreign/b"
cp "$predict/plain0.png" "$work/foreign/a.png"
cp "$predict/plain2.png" "$work/foreign/z.png"
printf 'RIFF\020\0\0\0WEBPVP8 ' > "$work/foreign/webp.jpg"
printf 'GIF89a\001\0\001\0' > "$work/foreign/b/gif"
printf 'II*\0\010\0\0\0' > "$work/foreign/b/scan.png"
printf '\0\0\0\034ftypheic' > "$work/foreign/telephone.dat"
cp "$work/text.png" "$work/foreign/b/PAGE.JPEG"
: > "$work/foreign/empty.jpg"
ln -s nowhere.jpg "$work/foreign/broken.jpg"
ln -s "$work/empty" "$work/foreign/folder.png"
mkfifo "$work/foreign/pipe.png"
echo 'notes' > "$work/foreign/notes.txt"
: > "$work/foreign/nothing"
cpu 1 --top 1 "$work/foreign"
prints '/foreign/a.png: Ankle boot'
prints '/foreign/z.png: Trouser'
says '/foreign/webp.jpg: \(the WebP file is cut off at byte 16; get it again\|this build cannot read WebP .*\)$'
says '/foreign/b/gif: the GIF file is cut off at byte 10; get it again$'
says '/foreign/b/scan.png: \(the TIFF file is cut off at byte 8; get it again\|this build cannot read TIFF .*\)$'
says '/foreign/telephone.dat: it is HEIF, but only PNG, JPEG, BMP, GIF, WebP and TIFF pictures can be read; convert it first$'
says '/foreign/b/PAGE.JPEG: it is no PNG, JPEG, BMP, GIF, WebP or TIFF picture$'
says '/foreign/empty.jpg: the file is empty; get it again$'
says '/foreign/broken.jpg: No such file or directory$'
says '/foreign/pipe.png: it is no regular file$'
[ "$(wc -l < "$work/err")" = 8 ] || bad "not a sentence for each picture that cannot be read"
cpu 1 --json "$work/foreign"
is_json
prints '/foreign/telephone.dat","error":".*it is HEIF'
prints '^\],"skipped":2,"failed":8}$'
predict 1 --backend cpu --load "$predict/logits.safetensors" "$work/foreign"
prints '^done     2 pictures; 8 failed, 2 files in folders are no pictures$'
cpu 1 "$work/foreign" --out "$work/foreign.csv"
head -n 1 "$work/foreign.csv" | grep -q '^file,class,p_T-shirt/top,p_Trouser,' || bad "another header"
grep -q '/foreign/a.png,Ankle boot,[0-9.e,-]*$' "$work/foreign.csv" || bad "no row of a picture"
grep -q '/foreign/empty.jpg,,,,,,,,,,,$' "$work/foreign.csv" || bad "no row of a picture that cannot be read"
[ "$(wc -l < "$work/foreign.csv")" = 10 ] || bad "not a row a picture"
rm "$work/foreign/a.png" "$work/foreign/z.png"
cpu 1 "$work/foreign"
[ "$(wc -l < "$work/err")" = 8 ] || bad "a folder with none but unreadable pictures"
cpu 1 "$work/empty"
says "$work/empty: there is no PNG, JPEG, BMP, GIF, WebP or TIFF picture in this folder"
# Ctrl-C while it still looks through folders: one folder, named often enough to take long.
mkdir "$work/wide"
cp "$predict/plain0.png" "$work/wide"
i=0
set --
while [ $i -lt 100 ]; do
    : > "$work/wide/$i"
    set -- "$@" "$work/wide"
    i=$((i + 1))
done
# shellcheck disable=SC2046 # the names have no spaces
"$tenka" predict --backend cpu --load "$predict/logits.safetensors" $(i=0; while [ $i -lt 100 ]; do
    echo "$@"
    i=$((i + 1))
done) > "$work/out" 2> "$work/err" &
pid=$!
sleep 1
kill -s INT $pid
wait $pid
[ $? = 130 ] || bad "status of predict after SIGINT in its walk"
says '^tenka: stopped by a signal while looking for pictures, after [0-9,]* files*; none was shown to the network$'
[ ! -s "$work/out" ] || bad "predict prints results of a walk that was stopped"
cpu 1 --top 1 "$work/empty" "$predict/plain0.png"
prints 'plain0.png: Ankle boot'
# A name that is no UTF-8.
cp "$predict/plain0.png" "$work/empty/$(printf 'caf\351 "1".png')"
cpu 0 --json "$work/empty"
is_json
# Names that would command a terminal, of a folder, of a picture and of a network.
evil=$(printf '%s/a\033[2Jb\nc\302\233' "$work")
mkdir "$evil"
cp "$predict/plain0.png" "$evil/$(printf 'd\177.png')"
cp "$work/cut.png" "$evil/$(printf 'cut\r.png')"
cp "$predict/logits.safetensors" "$evil/net.st"
timeout 100 "$tenka" predict --backend cpu --load "$evil/net.st" "$evil" > "$work/out" 2> "$work/err"
[ $? = 1 ] || bad "status of predict with a picture that is cut off"
prints "^network  $work/a?\[2Jb?c?/net.st: images"
prints "^$work/a?\[2Jb?c?/d?.png: "
says "$work/a?\[2Jb?c?/cut?.png: "
! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177\302]')" "$work/out" "$work/err" || bad "control characters are printed"

# ---- The test images of Fashion-MNIST as pictures ----

data=/usr/share/datasets/fashion-mnist
if [ -z "$python" ] || [ ! -d $data ]; then
    echo "left out: predictions of the test images need python3 and dataset-fashion-mnist"
else
    python3 - "$data" "$work" <<'PYTHON'
import gzip, os, struct, sys, zlib
data, work = sys.argv[1:]
count = 300
images = gzip.open(data + "/t10k-images-idx3-ubyte.gz").read()[16:16 + 784 * count]
labels = gzip.open(data + "/t10k-labels-idx1-ubyte.gz").read()[8:8 + count]

def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

def png(name, width, height, kind, rows):
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1))
                   + chunk(b"IEND", b""))

def row(image, y):
    return images[784 * image + 28 * y:784 * image + 28 * y + 28]

os.mkdir(work + "/data-fashion")
os.mkdir(work + "/pictures")
for name in ("images-idx3", "labels-idx1"):
    os.symlink(f"{data}/train-{name}-ubyte.gz", f"{work}/data-fashion/train-{name}-ubyte.gz")
with open(work + "/data-fashion/t10k-images-idx3-ubyte", "wb") as file:
    file.write(struct.pack(">4I", 2051, count, 28, 28) + images)
with open(work + "/data-fashion/t10k-labels-idx1-ubyte", "wb") as file:
    file.write(struct.pack(">2I", 2049, count) + labels)
for i in range(count):
    png(f"{work}/pictures/{i:03}_{labels[i]}.png", 28, 28, 0, b"".join(b"\0" + row(i, y) for y in range(28)))
# 7.8 megapixels in colour, each pixel of the first image a hundred times as wide and as high.
wide = [b"\0" + b"".join(bytes([v]) * 300 for v in row(0, y)) for y in range(28)]
png(work + "/huge.png", 2800, 2800, 2, b"".join(line * 100 for line in wide))
PYTHON
    "$tenka" train --backend cpu --quiet --data "$work/data-fashion" --limit 3000 --epochs 1 --lr 5e-3 --net "$state" \
        --save "$work/net.safetensors" > "$work/out" 2> "$work/err" || bad "training"
    "$tenka" test --backend cpu --quiet --data "$work/data-fashion" --load "$work/net.safetensors" > "$work/test" ||
        bad "testing"
    for batch in 7 500; do
        predict 0 --backend cpu --load "$work/net.safetensors" --json --top 1 --batch-size $batch "$work/pictures"
        is_json
        right=$(grep -c '_\([0-9]\)\.png","predictions":\[{"class":\1,' "$work/out")
        accuracy=$(awk -v right="$right" 'BEGIN { printf "test accuracy %.2f %%", right / 3 }')
        echo "    $right of 300 right"
        grep -q "$accuracy" "$work/test" || bad "$accuracy by predict, but $(cat "$work/test")"
    done
    predict 0 --backend cpu --quiet --load "$work/net.safetensors" --top 1 "$work/pictures/000_9.png"
    small=$(sed 's/.*: \([A-Z][a-z ]*\) [0-9.]* %/\1/' "$work/out")
    predict 0 --backend cpu --quiet --load "$work/net.safetensors" --top 1 "$work/huge.png"
    prints "huge.png: $small [0-9.]* %"

    # Ctrl-C ends the list where it is, and what was printed is an object still.
    i=0
    set --
    while [ $i -lt 1000 ]; do
        set -- "$@" "$work/huge.png"
        i=$((i + 1))
    done
    : > "$work/out" # else the last run's pictures are in it
    "$tenka" predict --backend cpu --load "$work/net.safetensors" --json --batch-size 1 "$@" > "$work/out" 2> "$work/err" &
    pid=$!
    i=0
    while ! grep -q 'huge' "$work/out" && [ $i -lt 60 ]; do
        sleep 1
        i=$((i + 1))
    done
    kill -s INT $pid
    wait $pid
    [ $? = 130 ] || bad "status of predict after SIGINT"
    says '^tenka: stopped by a signal after [0-9]* pictures*$'
    is_json

    # Names of classes travel with the network.
    train="train --backend cpu --quiet --data $work/data-fashion --limit 100 --epochs 1"
    printf '\357\273\277eins\nzwei\ndrei\nvier\nf\303\274nf\nsechs\nsieben\nacht\nneun\nzehn \n' > "$work/names"
    # shellcheck disable=SC2086
    "$tenka" $train --net "$state" --classes "$work/names" --save "$work/named.safetensors" > "$work/out" \
        2> "$work/err" || bad "training with names"
    predict 0 --backend cpu --quiet --load "$work/named.safetensors" --top 10 "$work/pictures/000_9.png"
    prints "$(printf 'f\303\274nf [0-9.]* %%')"
    prints 'zehn [0-9.]* %'
    prints '[:,] eins [0-9.]* %'
    # What trains on batches alone predicts and tests single pictures.
    # shellcheck disable=SC2086
    "$tenka" $train --net 'Conv2d(1, 8, 28) BatchNorm2d(8) Flatten() Linear(8, 10)' --save "$work/norm.safetensors" \
        > "$work/out" 2> "$work/err" || bad "training with one value for each channel"
    predict 0 --backend cpu --quiet --load "$work/norm.safetensors" --top 1 "$work/pictures/000_9.png"
    "$tenka" test --backend cpu --quiet --data "$work/data-fashion" --load "$work/norm.safetensors" --batch-size 1 \
        > "$work/out" 2> "$work/err" || bad "testing images one by one"
    # shellcheck disable=SC2086
    "$tenka" $train --classes a,b,c > "$work/out" 2> "$work/err"
    says 'has 3 names, but the labels of .* have 10 classes'
    # shellcheck disable=SC2086
    "$tenka" $train --classes animals > "$work/out" 2> "$work/err"
    says "no file 'animals', and a list of names has commas"
    printf 'a\n\377\n' > "$work/names"
    # shellcheck disable=SC2086
    "$tenka" $train --classes "$work/names" > "$work/out" 2> "$work/err"
    says 'the name of class 1 .* is no UTF-8 text'
    # shellcheck disable=SC2086
    "$tenka" $train --classes a,,c > "$work/out" 2> "$work/err"
    says 'the name of class 1 .* is empty'
fi

verdict
