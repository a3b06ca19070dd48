# For the tests of the command, which read this file with '.' when $work, a folder of their own, and $tenka, the
# command, are there: what the command does and says is looked at, what is wrong is counted in $failures, and small IDX
# files are made. What the last command printed is in $work/out, what it said, on stderr, in $work/err.

failures=0
ran=
: > "$work/out"
: > "$work/err"

# bad WHAT: the test goes on, and fails in the end.
bad() {
    echo "FAILED: $1${ran:+: $ran}" | LC_ALL=C tr -c '[:print:]\n' '?'
    sed 's/^/    stderr: /' "$work/err"
    head -n 20 "$work/out" | sed 's/^/    stdout: /'
    failures=$((failures + 1))
}

# verdict: the end of a test.
verdict() {
    [ $failures = 0 ] || echo "$failures failures"
    [ $failures = 0 ]
}

# skip_without_device: where $backend is vulkan and there is no device of it; TENKA_REQUIRE_VULKAN=1 makes that a failure.
skip_without_device() {
    if [ "$backend" = vulkan ] && ! "$tenka" devices --json | grep -q '"index":[0-9].*"usable":true'; then
        [ "${TENKA_REQUIRE_VULKAN:-0}" != 1 ] || { echo "no Vulkan device"; exit 1; }
        echo "skipped: there is no Vulkan device"
        exit 77
    fi
}

# ---- What the command does ----

# run STATUS ARG...: the command ends with it; $got is what it ended with.
run() {
    want=$1
    shift
    ran="tenka $*"
    timeout 300 "$tenka" "$@" > "$work/out" 2> "$work/err"
    got=$?
    [ $got = "$want" ] || bad "status $got instead of $want"
}

# succeed ARG...
succeed() {
    run 0 "$@"
    [ $got != 0 ] || echo "ok: $ran" | LC_ALL=C tr -c '[:print:]\n' '?'
}

# expect STATUS PATTERN ARG...: the command fails with one sentence that has PATTERN in it.
expect() {
    status=$1 sentence=$2
    shift 2
    run "$status" "$@"
    one_sentence
    says "$sentence"
}

# refuse PATTERN ARG...: the command fails with one sentence that has PATTERN in it, and nothing was trained.
refuse() {
    expect 1 "$@"
    ! grep -q '^epoch' "$work/out" || bad "trained before it was said"
}

# start ARG...: a long run of $train with $net in the background, until its log, $work/run.log, has some lines; its
# process is $pid.
start() {
    rm -f "$work/run.log"
    ran="tenka $train --epochs 1000000 --net $net --log $work/run.log $*"
    # shellcheck disable=SC2086
    "$tenka" $train --epochs 1000000 --net "$net" --log "$work/run.log" "$@" > "$work/out" 2> "$work/err" &
    pid=$!
    wait_for_lines "$work/run.log" 5
}

# await: until the run in the background has ended, with status $got.
await() {
    wait $pid
    got=$?
    pid=
}

# wait_for_lines FILE COUNT: until it has so many, for half a minute at most.
wait_for_lines() {
    tries=0
    while [ "$(lines "$1")" -lt "$2" ] && [ $tries -lt 1500 ]; do
        tries=$((tries + 1))
        sleep 0.02
    done
}

# lines FILE: how many a file has that may not exist yet.
lines() {
    if [ -e "$1" ]; then wc -l < "$1"; else echo 0; fi
}

# ---- What it prints, and what it says on stderr ----

# prints PATTERN: the last command printed it.
prints() {
    grep -q -e "$1" "$work/out" || bad "no '$1' in what was printed"
}

# says PATTERN: the last command said it on stderr.
says() {
    grep -q -e "$1" "$work/err" || bad "no '$1' in what was said"
}

# one_sentence: it said one that begins with "tenka"; a mistake in the command line is followed by a hint.
one_sentence() {
    if [ "$(grep -vc '^Try ' "$work/err")" = 1 ] && grep -q '^tenka' "$work/err"; then
        echo "ok: $(head -n 1 "$work/err")"
    else
        bad "not one sentence"
    fi
}

# ended STATUS GOT: a command ended with one sentence, and with the status that it should.
ended() {
    [ "$2" = "$1" ] || bad "status $2 instead of $1"
    one_sentence
}

# silent: it said nothing.
silent() {
    [ ! -s "$work/err" ] || bad "something is said"
}

# is_json: it printed JSON, where there is a Python that can tell.
is_json() {
    command -v python3 > /dev/null || return
    python3 -c 'import json, sys; json.load(sys.stdin)' < "$work/out" || bad "this is no JSON"
}

# ---- Files ----

# nothing_left: no temporary files.
nothing_left() {
    [ -z "$(find "$work" -name '*.tmp-*')" ] || bad "temporary files stay: $(find "$work" -name '*.tmp-*')"
}

be32() {
    printf "\\$(printf %03o $(($1 >> 24 & 255)))\\$(printf %03o $(($1 >> 16 & 255)))"
    printf "\\$(printf %03o $(($1 >> 8 & 255)))\\$(printf %03o $(($1 & 255)))"
}

# images COUNT SIDE: an IDX file of COUNT pictures, not random, but each another.
images() {
    be32 2051; be32 "$1"; be32 "$2"; be32 "$2"
    awk 'BEGIN { for (i = 1; i < 20000; i++) printf "%d", i * i % 99991 }' | head -c $(($1 * $2 * $2))
}

# labels COUNT [CLASSES]: an IDX file of the classes 0, 1 .. in turn, ten of them.
labels() {
    be32 2049; be32 "$1"
    awk -v count="$1" -v classes="${2:-10}" 'BEGIN { for (i = 0; i < count; i++) printf "%s", i % classes }' |
        tr 0123456789 '\000\001\002\003\004\005\006\007\010\011'
}
