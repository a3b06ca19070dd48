# For the tests of examples that train, which read this file with '.' when $program, an example, $steps and $backend are
# there. Its files lie in $work; $failed is 1 when something is wrong.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
bad() {
    echo "FAILED: $*"
    failed=1
}

if [ "$backend" = vulkan ] && ! "$program" 1 vulkan > /dev/null; then
    [ "${TENKA_REQUIRE_VULKAN-}" = 1 ] && exit 1
    exit 77
fi

# wrong_arguments: each ends with how the program is used.
wrong_arguments() {
    for arguments in many '10 gpu' '1x'; do
        # shellcheck disable=SC2086
        "$program" $arguments > /dev/null 2> "$work/err" && bad "done: $program $arguments"
        grep -q "^usage: $(basename "$program")" "$work/err" || bad "no usage after $program $arguments"
    done
}

# train_whole: what the run says is in $work/out.
train_whole() {
    "$program" "$steps" "$backend" "$work/whole.ckpt" "$work/whole.safetensors" > "$work/out" || bad "the whole run"
    cat "$work/out"
}

# train_killed: killed as soon as there is a checkpoint, it goes on to the same files; a run that ended before that is
# not what is to be shown.
train_killed() {
    "$program" "$steps" "$backend" "$work/run.ckpt" "$work/run.safetensors" > /dev/null &
    running=$!
    while kill -0 $running 2>/dev/null && [ ! -e "$work/run.ckpt" ]; do
        sleep 0.01
    done
    kill -9 $running
    wait $running 2>/dev/null
    [ -e "$work/run.safetensors" ] && bad "the run ended before it was killed"
    "$program" "$steps" "$backend" "$work/run.ckpt" "$work/run.safetensors" > "$work/out" || bad "the resumed run"
    grep 'goes on after step' "$work/out" || bad "it has not gone on"
    cmp "$work/whole.safetensors" "$work/run.safetensors" || bad "the resumed run has other weights"
    cmp "$work/whole.ckpt" "$work/run.ckpt" || bad "the resumed run has another checkpoint"
}

# refuse_cut: a checkpoint that was cut is refused and stays as it is; the sentence is in $work/err.
refuse_cut() {
    head -c 3000 "$work/whole.ckpt" > "$work/cut.ckpt"
    cp "$work/cut.ckpt" "$work/before.ckpt"
    "$program" "$steps" "$backend" "$work/cut.ckpt" > /dev/null 2> "$work/err" && bad "a cut checkpoint was taken"
    cat "$work/err"
    cmp "$work/cut.ckpt" "$work/before.ckpt" || bad "a cut checkpoint was written over"
}
