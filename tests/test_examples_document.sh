#!/bin/sh
# test_examples_document.sh TENKA SOURCE: the commands of docs/examples.md, "By the command", as they stand there but for
# fewer epochs and no weights from the network, on made-up data. Returns 77 (skipped) without PyTorch, torchvision,
# Pillow or the images.
set -eu
tenka=$(readlink -f "$1") source=$(readlink -f "$2")
# Debian's Python first: another one may stand before it in the path.
PATH=/usr/bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
if ! python3 -c 'import numpy, PIL, torchvision' 2> /dev/null || ! [ -d /usr/share/datasets/fashion-mnist ]; then
    echo "skipped: it needs python3-torch, torchvision, python3-pil and dataset-fashion-mnist"
    exit 77
fi
mkdir build
ln -s "$tenka" build/tenka
ln -s "$source/examples" examples

# section TITLE EPOCHS: its commands run; what they say is in out and err.
section() {
    awk -v title="### $1" '/^##/ { section = $0 == title }
                           /^```/ { block = section && $0 == "```sh"; next }
                           block' "$source/docs/examples.md" |
        sed "s/--epochs [0-9]*/--epochs $2 --backend cpu/; s/weights=\"DEFAULT\"/weights=None/
            s/--limit 6000/--limit 1000/; s/--batch-size 128/--batch-size 25/; s/max_lr=0.4/max_lr=0.05/" > section.sh
    grep -q 'build/tenka train' section.sh || { echo "no command in \"$1\""; exit 1; }
    sh -eux section.sh > out 2> err || { cat out err; echo "the commands of \"$1\" failed"; exit 1; }
    cat out
}

# holds PATTERN AWK-CONDITION: of the last line with the pattern.
holds() {
    grep "$1" out | tail -n 1 | awk "{ seen = $2 } END { exit !seen }" || { cat err; echo "not so: $1 $2"; exit 1; }
}

python3 - <<'PYTHON'
import os, numpy
from PIL import Image
random = numpy.random.RandomState(0)
# Ten classes that differ in which rows of which colour are bright.
os.makedirs("data/cifar10")
for name, count in [(f"data_batch_{i}", 60) for i in range(1, 6)] + [("test_batch", 50)]:
    records = random.randint(0, 100, (count, 3073)).astype(numpy.uint8)
    for i, record in enumerate(records):
        record[0] = i % 10
        planes = record[1:].reshape(3, 32, 32)
        planes[i % 10 % 3, 3 * (i % 10):3 * (i % 10) + 5] += 150
    records.tofile(f"data/cifar10/{name}.bin")
open("data/cifar10/batches.meta.txt", "w").write("\n".join(f"class{i}" for i in range(10)) + "\n")
for label, level in ("dark", 60), ("light", 180):
    os.makedirs(f"pictures/{label}")
    for i in range(10):
        Image.fromarray(numpy.clip(level + random.randint(-50, 50, (280, 300, 3)), 0, 255).astype(numpy.uint8)).save(
            f"pictures/{label}/{i}.png")
PYTHON

section MNIST 1
holds '^epoch 1/1' '$0 ~ /test accuracy [4-9]/'
section CIFAR-10 6
holds '^epoch 6/6' '$0 ~ /test accuracy/'
holds '^test loss' '$6 > 50'
section 'Transfer learning' 1
[ "$(grep -c '^pictures/' out)" = 20 ] || { cat out; echo "expected 20 pictures"; exit 1; }
section Regression 10
[ "$(grep -c '^epoch 10/10 .* R2 \(0\.9\|1\)' out)" = 2 ] || { cat out; echo "expected two curves"; exit 1; }
