#!/bin/sh
# test_golden_ops.sh PROGRAM GOLDEN-FILE HEADERS: test_golden_ops fails, and for the right reason, when a number of
# PyTorch's is another one, when the file is damaged, or when it lacks an operator or a function.
set -eu
program=$1 golden=$2 headers=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
failed=0

run() {
    "$program" cpu-f64 "$work/ops.txt" "$@" > "$work/out" 2>&1
}

# found WHAT PATTERN [HEADER...]: with $work/ops.txt the program fails and says PATTERN.
found() {
    what=$1 pattern=$2
    shift 2
    [ $# -gt 0 ] || set -- "$headers"/*.h
    if run "$@"; then
        echo "not noticed: $what"
        failed=1
    elif ! grep -q -e "$pattern" "$work/out"; then
        echo "$what: failed without saying \"$pattern\""
        failed=1
    fi
}

gzip -dc "$golden" > "$work/whole.txt"
cp "$work/whole.txt" "$work/ops.txt"
run "$headers"/*.h || { cat "$work/out"; echo "the file as it is fails"; exit 1; }

# change CASE LINE AWK-ACTION: the first LINE of the first case that begins with CASE.
change() {
    awk -v begin="case $1 " -v line="$2 " 'index($0, "case ") == 1 { on = index($0, begin) == 1 }
        on && !done && index($0, line) == 1 { done = 1; '"$3"' } { print }' "$work/whole.txt" > "$work/ops.txt"
    cmp -s "$work/whole.txt" "$work/ops.txt" && { echo "nothing to change in $1"; exit 1; }
    return 0
}

# The last number of each tensor of PyTorch's is another one, and each is complained of.
awk '/^(y|grad|after) / { $NF = $NF ~ /nan|inf/ ? 7 : sprintf("%.17g", $NF + ($NF < 0 ? -1 : 1) * (1 + $NF * $NF)) }
    { print }' "$work/whole.txt" > "$work/ops.txt"
found "all of PyTorch's tensors" "of the bound$"
tensors=$(grep -c -E '^(y|grad|after) ' "$work/whole.txt")
complaints=$(grep "of the bound$" "$work/out" | grep -v "y in a chain, number" | sort -u | wc -l)
[ "$tensors" = "$complaints" ] || { echo "$complaints complaints of $tensors tensors"; failed=1; }
grep -q "y in a chain, number.*of the bound$" "$work/out" || { echo "chains are not compared"; failed=1; }

# Smaller changes.
change "tanh plain" "grad 0" '$5 = sprintf("%.17g", $5 + 1e-10)'
found "a gradient that is off by 1e-10" "^tanh, ordinary values: gradient of input 0, number 1 of"
change "softmax plain" y '$4 = sprintf("%.17g", $4 + 1e-10)'
found "a value that is off by 1e-10" "^softmax, .*: y, number 0 of"
change "relu tiny" y '$5 = "0"' # the second number, which is -0
found "another sign of zero" "^relu, near 0: y"
change "sqrt far" y '$4 = "1"' # the first, which is NaN
found "a number instead of NaN" "^sqrt, far away: y"
change "argmax plain" y '$4 = $4 + 1'
found "another index" "^argmax, .*: y"
change "relu plain" y 'NF--'
found "a number too few" "has a line that means nothing"
change "relu plain" "in var" '$3 = "999999x999999"'
found "an absurd size" "has a line that means nothing"
change "relu plain" y '$3 = "129"'
found "another shape" "y has another shape or dtype"

sed '/^case relu /,/^end$/d' "$work/whole.txt" | awk '/^case / { n++ } /^cases / { $2 = n } { print }' > "$work/ops.txt"
found "an operator that is missing" "^relu: the golden file has no case of it"
awk '/^case relu / && !done { skip = done = 1 } !skip { print } /^end$/ { skip = 0 }' "$work/whole.txt" \
    > "$work/ops.txt"
found "a case that is missing" "!="
sed 's/^case relu /case relu7 /' "$work/whole.txt" > "$work/ops.txt"
found "an operator that nobody knows" "has relu7, which"
head -c 100000 "$work/whole.txt" > "$work/ops.txt"
found "half of a file" "the golden file ends"
head -c 100000 "$golden" > "$work/ops.txt"
found "half of a compressed file" "golden file ends\|is damaged"

cp "$work/whole.txt" "$work/ops.txt"
cp "$headers/tensor.h" "$work/more.h"
echo 'TENKA_API tenka_tensor tenka_unheard_of(tenka_tensor x);' >> "$work/more.h"
found "a function without numbers" "^unheard_of: give it a row" "$work/more.h" "$headers/nn.h"
grep -v "tenka_tensor tenka_grad(" "$headers/tensor.h" > "$work/less.h"
found "a reason without a function" "!=" "$work/less.h" "$headers/nn.h"
exit $failed
