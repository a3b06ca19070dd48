#!/bin/sh
# test_elementwise.sh SOURCE [TENKA]: include/tenka/elementwise.h is what tools/elementwise makes of the rows; and with TENKA
# the cases see a constant changed in a formula, of a copy of the shaders, on a software Vulkan device. Returns 77
# (skipped) when that is asked for and cannot be, after the first was tried.
set -u
source=$1 tenka=${2-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
failures=0

bad() {
    echo "FAILED: $1"
    failures=$((failures + 1))
}

made=$source/include/tenka/elementwise.h
sh "$source/tools/elementwise" "$work/elementwise.h" || bad "tools/elementwise fails"
cmp -s "$work/elementwise.h" "$made" || bad "$made is not what the rows say: run tools/elementwise"
# Every row has its prototype, and a comment before the first of its group.
for name in $(sed -n 's/^TENKA_[A-Z]*(\([a-z0-9_]*\),.*/\1/p' "$source/shaders/common/elementwise.def"); do
    grep -q "^TENKA_API tenka_tensor tenka_$name(" "$made" || bad "no prototype of $name"
done
[ -n "$tenka" ] || exit $failures

device=$("$tenka" devices --json |
    sed -n 's/^ *{"index":\([0-9]*\),.*"kind":"software",.*"usable":true.*/\1/p' | head -n 1)
if [ -z "$device" ]; then
    echo "there is no software Vulkan device"
    [ "${TENKA_REQUIRE_VULKAN:-0}" = 1 ] && exit 1
    [ $failures = 0 ] && exit 77
    exit 1
fi

# verify STATUS OPERATOR: the status of its check with the copy.
verify() {
    timeout 600 "$tenka" verify --backend vulkan --device "$device" --quiet --op "$2" --shader-dir "$work/shaders" \
        > "$work/out" 2>&1
    got=$?
    if grep -q 'this build cannot compile' "$work/out"; then
        cat "$work/out"
        [ $failures = 0 ] && exit 77
        exit 1
    fi
    [ $got = "$1" ] && return
    bad "status $got instead of $1: verify --op $2"
    sed 's/^/    /' "$work/out"
}

# sees OPERATOR FILE SED: right as it is, wrong with FILE edited by SED.
sees() {
    rm -rf "$work/shaders"
    cp -r "$source/shaders" "$work/shaders"
    chmod -R u+w "$work/shaders"
    verify 0 "$1"
    sed "$3" "$source/shaders/common/$2" > "$work/shaders/common/$2"
    if cmp -s "$source/shaders/common/$2" "$work/shaders/common/$2"; then
        bad "$1: nothing was edited"
        return
    fi
    verify 1 "$1" && echo "ok: $1: $(sed -n 's/.*the first: //p' "$work/out")"
}

sees selu elementwise.h '/^VALUE(selu)/,/^}/s/1\.6732632423543773/1.6733632423543773/'
sees hardswish elementwise.h '/^BACK(hardswish)/,/^}/s/R(0\.5)/R(0.5001)/'
sees gelu_tanh elementwise.h '/^FN gelu_bend/,/^}/s/0\.044715/0.044725/'
sees erf elementary.h '/^FN erf_of/,/^}/s/-1\.06777877e-1/-1.06787877e-1/'

[ $failures = 0 ] || echo "$failures failures"
[ $failures = 0 ]
