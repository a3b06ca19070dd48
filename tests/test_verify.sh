#!/bin/sh
# test_verify.sh TENKA SHADERS [steps]: `tenka verify` sees what is wrong. Kernels of a copy of the shaders are broken
# on purpose, one at a time; each must be found and named, and the copy as it was must pass. With `steps` the same for
# whole training steps. Returns 77 (skipped) without a software Vulkan device, on which each of the mistakes shows
# whatever GPUs there are, and in a build that cannot compile shaders; TENKA_REQUIRE_VULKAN=1 makes a missing device a
# failure.
set -u
tenka=$1 shaders=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
. "$(dirname "$0")/cli.sh"

fresh() {
    rm -rf "$work/shaders"
    cp -r "$shaders" "$work/shaders"
    chmod -R u+w "$work/shaders"
}

# verify STATUS CHECK ARG...: runs one check of the software device; its status must be STATUS.
verify() {
    want=$1 check=$2
    shift 2
    timeout 900 "$tenka" verify --backend vulkan --device "$device" --quiet --op "$check" "$@" \
        > "$work/out" 2> "$work/err"
    got=$?
    [ $got = "$want" ] || bad "status $got instead of $want: verify --op $check $*"
    [ $got = "$want" ]
}

# passes CHECK
passes() {
    fresh
    if verify 0 "$1" --shader-dir "$work/shaders"; then
        grep -q "^this device can be trusted with $1: " "$work/out" || bad "$1 is not trusted"
    fi
}

# finds WHAT CHECK FILE SED: with FILE edited by SED, CHECK fails and is named.
finds() {
    fresh
    sed "$4" "$shaders/$3" > "$work/shaders/$3"
    if cmp -s "$shaders/$3" "$work/shaders/$3"; then
        bad "$1: nothing was edited"
        return
    fi
    verify 1 "$2" --shader-dir "$work/shaders" || return
    if grep -q "^1 .* wrong with the shaders of $work/shaders: $2; do not train" "$work/out" &&
       grep -q "^  $2 .*WRONG" "$work/out"; then
        echo "ok: $1: $(sed -n 's/.*the first: //p' "$work/out")"
    else
        bad "$1 is not named"
    fi
}

# refused STATUS PATTERN CHECK ARG...: it fails with a sentence.
refused() {
    want=$1 pattern=$2
    shift 2
    verify "$want" "$@" || return
    if [ "$want" = 1 ] && ! tail -n 1 "$work/err" | grep -q '^tenka: whether this device .* is not known, since'; then
        bad "the last line is no answer: $*"
    elif grep -q 'worst error' "$work/out"; then
        bad "a table without a row: $*"
    elif grep -q -e "$pattern" "$work/err"; then
        echo "ok: $(head -n 1 "$work/err")"
    else
        bad "no '$pattern' in what was said: $*"
    fi
}

device=$("$tenka" devices --json |
    sed -n 's/^ *{"index":\([0-9]*\),.*"kind":"software",.*"usable":true.*/\1/p' | head -n 1)
if [ -z "$device" ]; then
    echo "there is no software Vulkan device"
    [ "${TENKA_REQUIRE_VULKAN:-0}" = 1 ] && exit 1
    exit 77
fi
"$tenka" verify --backend vulkan --device "$device" --quiet --op fill --shader-dir "$shaders" \
    > "$work/out" 2> "$work/err"
if grep -q 'this build cannot compile' "$work/err"; then
    cat "$work/err"
    exit 77
fi

if [ "${3-}" = steps ]; then
    # As the build made them first: that fills the cache, which runs with --shader-dir only read.
    for check in training_step repeatability order; do
        verify 0 $check && echo "ok: $check: $(tail -n 1 "$work/out")"
    done
    passes training_step
    finds "wrong sign" training_step common/updates.h 's/= w - NUMBER(0) \* first/= w + NUMBER(0) * first/'
    finds "result of the last time" repeatability common/updates.h \
        's/= w - NUMBER(0) \* first \(.*\);/= w - NUMBER(0) * first \1 + R(1e-3) * a;/'
else
    for check in permute sum max_pool2d sub axpby; do
        passes $check
    done
    finds "wrong stride" permute common/strided.glsl 's/p\.stride\[axis\]/p.stride[5 - axis]/'
    finds "missing barrier" sum common/reduce.glsl '/^        barrier();/d'
    finds "off-by-one bound" max_pool2d common/max_pool2d.glsl 's/last = ivec2(p\.w, p\.h) - 1/last = ivec2(p.w, p.h)/'
    finds "swapped operand" sub common/elementwise.h 's/return a - b;/return b - a;/'
    finds "unwritten tail" axpby common/kernel.glsl 's/if ((room) > 2u)/if ((room) > 3u)/'
    verify 1 axpby --json --shader-dir "$work/shaders"
    grep -q '"trusted":false,"conclusion":"1 operator is wrong' "$work/out" || bad "JSON does not say it"
    # Nothing of the broken kernels is kept.
    verify 0 sum

    fresh
    sed 's/STORE(y, k, .*;/STORE(y, k, totl);/' "$shaders/sum.comp" > "$work/shaders/sum.comp"
    refused 1 "sum.comp:42: error: .totl." sum --shader-dir "$work/shaders"
    [ "$(wc -l < "$work/err")" = 1 ] || bad "not one sentence of a kernel that does not compile"
    verify 0 sub --shader-dir "$work/shaders" # only what is used is compiled
    fresh
    rm "$work/shaders/common/reduce.glsl"
    refused 1 "there is no common/reduce.glsl in $work/shaders" sum --shader-dir "$work/shaders"
    fresh
    echo '#include "common/kernel.glsl"' > "$work/shaders/common/kernel.glsl"
    refused 1 "does it include itself" fill --shader-dir "$work/shaders"
    rm "$work/shaders/fill.comp"
    refused 1 "fill.comp" fill --shader-dir "$work/shaders"
    refused 2 "no folder $work/none" fill --shader-dir "$work/none"
    refused 2 "choose among relu, .*, order" fly
fi

verdict
