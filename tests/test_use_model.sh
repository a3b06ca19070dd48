#!/bin/sh
# test_use_model.sh USE_MODEL TENKA GOLDEN: examples/use_model.c says of pictures what `tenka predict` does.
set -u
use_model=$1
tenka=$2
predict=$3/predict
failed=0
bad() {
    echo "FAILED: $*"
    failed=1
}
export OMP_WAIT_POLICY=passive
for net in logits log_softmax colour; do
    for picture in plain0.png plain1.png palette.png small.jpg large.jpg; do
        want=$("$tenka" predict --quiet --top 1 --load "$predict/$net.safetensors" "$predict/$picture" 2> /dev/null |
            sed 's/.*: \(.*\) [0-9.]* %$/\1/')
        got=$("$use_model" "$predict/$net.safetensors" "$predict/$picture") || bad "status of $net $picture"
        [ "$got" = "$want" ] && [ -n "$got" ] || bad "$net $picture: '$got' instead of '$want'"
    done
done
"$use_model" > /dev/null 2>&1
[ $? = 2 ] || bad "status without arguments"
"$use_model" "$predict/plain0.png" "$predict/plain0.png" > /dev/null 2>&1
[ $? = 1 ] || bad "status with what is no model"
[ "$(wc -l < "$(dirname "$0")/../examples/use_model.c")" -le 70 ] || bad "the example is long"
exit $failed
