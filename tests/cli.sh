# For the tests of the command, which read this file with '.' when $work, a folder of their own, is there: what is wrong
# is counted in $failures, and small IDX files are made.

failures=0

# bad WHAT: the test goes on, and fails in the end.
bad() {
    echo "FAILED: $1"
    [ ! -s "$work/err" ] || sed 's/^/    stderr: /' "$work/err"
    failures=$((failures + 1))
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
