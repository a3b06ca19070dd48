#!/bin/sh
# test_readme.sh TENKA SOURCE: the commands of README.md, docs/guide.md and docs/pytorch.md, as they stand there; and
# whether links between the documents lead somewhere. Returns 77 (skipped) without PyTorch, numpy or the images, which
# the last part needs; the recipe for pictures needs numpy and Pillow.
set -eu
tenka=$(readlink -f "$1") source=$(readlink -f "$2")
# Debian's Python first: another one may stand before it in the path.
PATH=/usr/bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
mkdir build
ln -s "$tenka" build/tenka

# commands DOCUMENT SECTION: those that stand in it.
commands() {
    awk -v title="## $2" '/^## / { section = $0 == title }
                          /^```/ { block = section && $0 == "```sh"; next }
                          block' "$source/$1"
}

# has PATTERN FILE: a section that was renamed has no commands.
has() {
    grep -q -e "$1" "$2" || { echo "no '$1' among the commands of $2"; exit 1; }
}

# ---- Links ----

# Headings of a document as links name them: lower case, no punctuation, dashes.
anchors() {
    sed -n 's/^##* //p' "$source/$1" | tr 'A-Z ' 'a-z-' | tr -d '.,:;!?()`'"'"
}

# check_links DOCUMENT: those to files of the project, and to headings of its documents.
check_links() {
    folder=$(dirname "$1")
    grep -o '](\([^)#: ]*\)\(#[^)]*\)\{0,1\})' "$source/$1" | sed 's/^](//; s/)$//' > links || true
    while IFS= read -r link; do
        file=${link%%#*}
        case $link in *'#'*) heading=${link#*#} ;; *) heading= ;; esac
        [ -n "$file" ] && target=$folder/$file || target=$1
        [ -e "$source/$target" ] || { echo "$1: there is no $target"; exit 1; }
        [ -z "$heading" ] || anchors "$target" | grep -q -x -F -e "$heading" \
            || { echo "$1: $target has no heading $heading"; exit 1; }
    done < links
}

for document in README.md CONTRIBUTING.md docs/*; do
    for file in "$source"/$document; do
        check_links "${file#"$source/"}"
    done
done
echo "ok: links"

# ---- The layers ----

# The guide lists as many as there are, and the command knows each of them.
build/tenka summary --backend cpu --net 'Foo()' 2> err && exit 1
known=$(sed 's/.* known are //; s/, and [0-9]* more//' err | grep -o '[A-Z][A-Za-z0-9]*' | wc -l)
known=$((known + $(sed -n 's/.*, and \([0-9]*\) more.*/\1/p' err)))
awk '/^The layers are / { list = 1 } list; /\./ { list = 0 }' "$source/docs/guide.md" | sed 's/\..*//; s/^The //' \
    | grep -o '[A-Z][A-Za-z0-9]*' | sort -u > listed
[ "$known" = "$(wc -l < listed)" ] || { echo "docs/guide.md lists $(wc -l < listed) layers of $known"; exit 1; }
while read -r layer; do
    build/tenka summary --backend cpu --net "$layer(nonsense=1)" 2> err && exit 1
    if grep -q 'is no known layer' err; then echo "docs/guide.md lists $layer, which is none"; exit 1; fi
done < listed
echo "ok: layers"

# ---- Data that cannot be fetched ----

mkdir stub
printf '#!/bin/sh\nexit 7\n' > stub/curl
chmod +x stub/curl
PATH=$work/stub:$PATH "$source/tools/fetch-data" mnist there > out 2> err && exit 1
grep -q 'put it into there, and run this again$' err || { cat err; echo "fetch-data does not say what to do"; exit 1; }

# ---- The command; what the guide trains ----

# small_half KIND COUNT: images of no meaning, and their classes, where `tenka train` looks first.
small_half() {
    {
        printf '\0\0\10\3\0\0'
        printf "\\$(printf %o $(($2 / 256)))\\$(printf %o $(($2 % 256)))"
        printf '\0\0\0\34\0\0\0\34'
        yes 'Tenka trains networks.' | head -c $(($2 * 784))
    } > "data/fashion-mnist/$1-images-idx3-ubyte"
    {
        printf '\0\0\10\1\0\0'
        printf "\\$(printf %o $(($2 / 256)))\\$(printf %o $(($2 % 256)))"
        i=0
        while [ $((i += 10)) -le "$2" ]; do
            printf '\0\1\2\3\4\5\6\7\10\11'
        done
    } > "data/fashion-mnist/$1-labels-idx1-ubyte"
}

# run_section DOCUMENT SECTION PATTERN
run_section() {
    commands "$1" "$2" > section.sh
    has "$3" section.sh
    sh -eux section.sh > out 2> err || { cat out err; echo "the commands of $1, \"$2\", failed"; exit 1; }
    echo "ok: $1, $2"
}

mkdir -p data/fashion-mnist shown/pictures
small_half train 300
small_half t10k 50
cp "$source"/tests/golden/images/photo.jpg shown/pictures
cp "$source"/tests/golden/images/photo.jpg shown/shoe.jpg
cp -r build data shown
cd shown
run_section README.md 'The command' 'tenka predict'
[ "$(grep -c '^epoch 5/5 ' out)" = 3 ] || { cat out; echo "expected three trainings of five epochs"; exit 1; }
run_section docs/guide.md 'The network' 'tenka summary'
run_section docs/guide.md 'Stop and go on' '--resume'
{
    echo 'id,area,year,city,price'
    awk 'BEGIN { split("Bonn Cork Rome", city)
        for (i = 0; i < 120; i++)
            printf "%d,%d,%d,%s,%g\n", i, 30 + i * 37 % 170, 1900 + i * 53 % 120, city[i % 3 + 1],
                   200000 + i * 37 % 170 * 2000 }'
} > houses.csv
head -n 20 houses.csv | cut -d, -f 1-4 > new.csv
run_section docs/guide.md 'Tables' '--standardize'
awk '/^epoch 20/ { good = $12 > 0.9 } END { exit !good }' out || { cat out; echo "the prices were not learnt"; exit 1; }
run_section docs/guide.md 'Predict' '--top 1'
cd ..
rm -r data

# ---- Your own pictures ----

# 40 pictures in two classes, one of them of 16-bit grey; and what lies about in folders.
make_pictures() {
    python3 - <<'PYTHON'
import os, numpy
from PIL import Image
random = numpy.random.RandomState(0)
for label, level in ("dark", 30), ("light", 200):
    os.makedirs(f"pictures/{label}/folder.png")
    for i in range(20):
        pixels = numpy.clip(level + random.randint(-20, 20, (40, 40)), 0, 255).astype(numpy.uint8)
        Image.fromarray(pixels).save(f"pictures/{label}/{i}.png")
Image.fromarray(numpy.full((40, 40), 0x4080, numpy.uint16)).save("pictures/dark/0.png")
os.makedirs("pictures/.checkpoints")
whole = open("pictures/light/1.png", "rb").read()
open("pictures/light/1.png", "wb").write(whole[:len(whole) // 2])
open("pictures/light/.DS_Store", "wb").write(b"\0\0\0\1Bud1")
open("pictures/dark/Thumbs.db", "wb").write(bytes(range(200)))
PYTHON
}

own_pictures() {
    commands docs/guide.md 'Your own pictures' > own.sh
    has 'tenka predict' own.sh
    commands docs/guide.md 'Transforms' > transforms.sh
    has 'tenka test' transforms.sh
    make_pictures
    # The cut picture is the last command's, too: its status is 1.
    status=0
    sh -ux own.sh > out 2> err || status=$?
    [ $status = 1 ] && grep -q '^data     pictures: 31 training, 8 test images, 3x40x40, 2 classes$' out || return 1
    sh -eux transforms.sh > transformed 2>&1 || { cat transformed; return 1; }
    grep -q '^training Compose(RandomResizedCrop(size=(32, 32).*, which makes 3x32x32$' transformed || return 1
    grep -q '^test loss .* test accuracy' transformed || return 1
    grep -q '^tenka: warning: pictures/light/1.png: the PNG file is cut off at byte .*; it is left out$' err || return 1
    grep -q '^tenka: tested are the 8 images that --split 0.2 kept from training$' err || return 1
    grep -q '^tenka: pictures/light/1.png: ' err && [ "$(grep -c '^pictures/dark/.*: dark' out)" = 20 ]
}

if python3 -c 'import numpy, PIL' 2> /dev/null; then
    own_pictures || { cat out err; echo "the guide's recipe for pictures failed"; exit 1; }
    echo "ok: the recipe for pictures"
else
    echo "left out: the recipe for pictures needs python3-numpy and python3-pil"
fi

# ---- There and back ----

if ! python3 -c 'import numpy, torch' 2> /dev/null || ! [ -d /usr/share/datasets/fashion-mnist ]; then
    echo "skipped: it needs python3-torch, python3-numpy and dataset-fashion-mnist"
    exit 77
fi
commands docs/pytorch.md 'There and back' > walk.sh
has 'tenka train' walk.sh
sh -eux walk.sh > out 2> err || { cat out err; echo "the commands of docs/pytorch.md failed"; exit 1; }
cat out

# All four say the same accuracy, but for an image on the edge between two classes; both runs print the same epoch.
grep -o 'test accuracy [0-9.]*' out > accuracies
[ "$(wc -l < accuracies)" = 4 ] || { echo "expected four accuracies"; exit 1; }
awk '{ if (NR > 1 && ($3 - first > 0.03 || first - $3 > 0.03)) bad = 1; if (NR == 1) first = $3 } END { exit bad }' accuracies \
    || { echo "the accuracies differ"; exit 1; }
[ "$(grep '^epoch' out | sed 's/ (.*//' | sort -u | wc -l)" = 1 ] || { echo "the two runs differ"; exit 1; }
run_section docs/pytorch.md 'Files with weights' 'tenka test'
if python3 -c 'import torchvision' 2> /dev/null; then
    run_section docs/pytorch.md 'Fine-tuning' '--load-partial'
    cat out
    # Both worlds say the same accuracy after the last epoch, and give the same numbers.
    [ "$(grep -o 'test accuracy [0-9.]*' out | tail -n 2 | sort -u | wc -l)" = 1 ] || { echo "the accuracies differ"; exit 1; }
    awk '/^outputs differ by/ { seen = $4 < 1e-4 } END { exit !seen }' out || { echo "the outputs differ"; exit 1; }
    grep -q '100 of 102 tensors are taken; of another shape: fc.weight' err || { cat err; echo "not the head alone"; exit 1; }
else
    echo "left out: fine-tuning needs python3-torchvision"
fi
