#!/bin/sh
# test_known_examples.sh PROGRAM TENKA BACKEND: vae.c, dcgan.c, siamese.c or super_resolution.c, shortened: it learns, and
# what it writes are pictures. Skipped where there is no Fashion-MNIST.
set -u
program=$1
tenka=$2
backend=$3
name=$(basename "$program")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$(dirname "$0")/cli.sh"
export OMP_WAIT_POLICY=passive
images=/usr/share/datasets/fashion-mnist
[ -d $images ] || [ "$name" = super_resolution ] || exit 77
skip_without_device
mkdir -p "$work/made/grids" "$work/empty"

# What is wrong ends with the usage, and what is missing with a sentence.
for arguments in many '--epochs 1x' '--epochs' '--backend gpu' '--batch-size 0' '--batch-size 5000' '--nonsense 1'; do
    # shellcheck disable=SC2086
    "$program" $arguments > /dev/null 2> "$work/err"
    [ $? = 2 ] && grep -q "^usage: $name " "$work/err" || bad "no usage after $name $arguments"
done
"$program" --backend "$backend" --epochs 1 --data "$work/empty" > /dev/null 2> "$work/err"
case $? in
1) grep -q "^$name: ." "$work/err" || bad "no sentence about an empty folder" ;;
*) bad "another status with an empty folder" ;;
esac

# run ARG...
run() {
    "$program" --backend "$backend" "$@" > "$work/out" 2> "$work/err" || bad "$name $*: $(cat "$work/err")"
    cat "$work/out"
}

# holds AWK-CONDITION: of the last line.
holds() {
    tail -n 1 "$work/out" | awk "{ exit !($1) }" || bad "not so: $1"
}

# A software device takes a few steps only, which are told apart from none.
grids=$work/made/grids
case $name-$backend in
vae-cpu) run --out "$grids" --limit 3000 --epochs 2 && holds '$5 < 380 && $8 < 350 && $8 > 200' ;;
vae-*) run --out "$grids" --limit 640 --epochs 1 && holds '$5 < 545 && $8 < 530 && $8 > 300' ;;
dcgan-cpu) run --out "$grids" --limit 1280 --epochs 1 && holds '$12 > 0.6 && $14 < 0.5' ;;
dcgan-*) run --out "$grids" --limit 48 --batch-size 16 --epochs 1 && holds '$12 > $14' ;;
siamese-cpu) run --limit 4096 --epochs 2 && holds '$5 < 0.5 && $8 < 0.5 && $10 > 75' ;;
siamese-*) run --limit 128 --batch-size 32 --epochs 1 && holds '$5 < 3 && $10 > 30' ;;
super_resolution-cpu) run --out "$grids" --epochs 10 && holds '$9 > $12' ;;
super_resolution-*) run --out "$grids" --limit 32 --epochs 1 && holds '$9 > 5 && $12 > 20' ;;
esac

if [ -n "$(ls "$grids")" ]; then
    ls "$grids"
    "$tenka" data "$work/made" > "$work/out" 2> "$work/err" || bad "no pictures: $(cat "$work/err")"
    cat "$work/out"
    "$program" --backend "$backend" --limit 8 --epochs 1 --out "$work/nowhere" > /dev/null 2> "$work/err"
    [ $? = 1 ] && grep -q "^$name: .*$work/nowhere" "$work/err" || bad "no sentence about a missing folder"
fi
[ "$(wc -l < "$(dirname "$0")/../examples/$name.c")" -le 150 ] || bad "the example is long"
verdict
