#!/bin/sh
# test_recipes.sh TENKA BACKEND GOLDEN: the command trains on arrays with losses and optimizers as PyTorch prints them,
# frozen and initialised as asked, and each step's loss is PyTorch's (tools/golden/recipes.py). Skipped without a Vulkan
# device unless TENKA_REQUIRE_VULKAN=1.
set -u
tenka=$1
backend=$2
golden=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

skip_without_device
# What float64 differs by in the end: PyTorch's sums have another order.
least=1e-5
[ "$backend" != cpu-f64 ] || least=1e-9

# compare NAME: the losses of $work/log with those of the golden file.
compare() {
    sed '1,/^losses$/d' "$golden/$1.txt" > "$work/want"
    sed -n 's/.*"step":[0-9]*,"loss":\([^}]*\)}.*/\1/p' "$work/log" > "$work/got"
    grep -q '^test' "$work/want" &&
        sed -n 's/.*"test_loss":\([^,]*\),.*/test \1/p' "$work/log" | tail -n 1 >> "$work/got"
    [ "$(lines "$work/got")" = "$(lines "$work/want")" ] || bad "$1: $(lines "$work/got") losses"
    paste -d ' ' "$work/want" "$work/got" | sed 's/test //g' | awk -v exact="$least" -v name="$1" '{
        bound = exact < 1e-5 ? exact * ($1 > 1 ? $1 : 1) : $2 * ($1 > 1 ? $1 : 1)
        if (!($3 - $1 <= bound && $1 - $3 <= bound)) {
            print name ": loss " NR " is " $3 ", but PyTorch has " $1
            wrong = 1
        }
    } END { exit wrong }' || bad "$1: losses are not those of PyTorch"
}

for file in "$golden"/*.txt; do
    name=$(basename "$file" .txt)
    set --
    while read -r argument && [ "$argument" != losses ]; do
        set -- "$@" "$argument"
    done < "$file"
    succeed train --backend "$backend" --threads 1 --data "$golden/$name.npz" --log "$work/log" --quiet "$@"
    compare "$name"
done
verdict
