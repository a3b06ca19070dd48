#!/bin/sh
# test_cycles.sh SOURCE NM OBJECTS FOLDER...: no file of src/FOLDER needs another one that needs it, be it by way of
# others, and no room of src/ another room that needs it. A file needs what it includes, and the files that define what
# its object file asks for; a header and the source of its name are one. Calls through the functions of a struct are
# not seen.
#   NM       prints the symbols of object files
#   OBJECTS  a file that names an object file of the library on each line
# First it shows itself that circles are found.
set -u
export LC_ALL=C

# The includes of all files below $1/src: "include FILE INCLUDED".
list_includes() {
    (cd "$1/src" && find . -name '*.[ch]' -o -name '*.def' | sort | while read -r file; do
        sed -n 's|^ *# *include *"\([^"]*\)".*|include '"${file#./}"' \1|p' "$file"
    done)
}

# The symbols of the object files that $2 lists: "symbol FILE NAME TYPE". CMake calls the object of src/a/b.c
# .../NAME.dir/src/a/b.c.o.
list_symbols() {
    tr '\n' '\0' < "$2" | xargs -0 "$1" -A -P |
        sed -n 's|^.*\.dir/\(\./\)*src/\([^ ]*\.c\)\.o: *\([^ ]*\) \([A-Za-z]\).*|symbol \2 \3 \4|p'
}

# find_cycles FOLDER < the two lists: prints the circles among the files of FOLDER, or among rooms where it is "", each
# with the needs that it is made of. Fails when there is one.
find_cycles() {
    awk -v folder="$1" '
    function room_of(file) {
        sub(/\/[^\/]*$/, "", file)
        sub(/^check\/op$/, "check", file)
        sub(/^backend\/cpu\/fast$/, "backend/cpu", file) # both have kernels of the other
        return file
    }
    function name_of(file) {
        if (folder == "")
            return room_of(file)
        if (room_of(file) != folder)
            return ""
        sub(/.*\//, "", file)
        sub(/\.[^.]*$/, "", file)
        return file
    }
    function need(from, to, why) {
        if (from == "" || to == "" || from == to || (from, to) in direct)
            return
        direct[from, to] = why
        reach[from, to] = 1
        nodes[from] = nodes[to] = 1
    }
    $1 == "include" && $3 !~ /^(tenka|shaders)\// && $3 ~ /\// { need(name_of($2), name_of($3), $2 " includes " $3) }
    $1 == "symbol" && $4 == "U" { asks[++n_asks] = $2 " " $3 }
    $1 == "symbol" && $4 ~ /[TDRBCVWi]/ { by[$3] = $2 }
    END {
        for (i = 1; i <= n_asks; i++) {
            split(asks[i], ask, " ")
            if (ask[2] in by)
                need(name_of(ask[1]), name_of(by[ask[2]]), ask[1] " asks for " ask[2] " of " by[ask[2]])
        }
        for (k in nodes)
            for (a in nodes)
                if ((a, k) in reach)
                    for (b in nodes)
                        if ((k, b) in reach)
                            reach[a, b] = 1
        for (a in nodes) {
            if (!((a, a) in reach) || a in told)
                continue
            circle = ""
            for (b in nodes)
                if ((a, b) in reach && (b, a) in reach) {
                    told[b] = a
                    circle = circle " " b
                }
            print (folder == "" ? "rooms" : folder) ": a circle of" circle
            failed = 1
        }
        fflush()
        for (pair in direct) {
            split(pair, ends, SUBSEP)
            if (ends[1] in told && ends[2] in told && told[ends[1]] == told[ends[2]])
                print "    " direct[pair] | "sort"
        }
        close("sort")
        exit failed
    }'
}

check_all() {
    lists=$1
    shift
    failed=0
    find_cycles "" < "$lists" || failed=1
    for folder in "$@"; do
        find_cycles "$folder" < "$lists" || failed=1
    done
    return $failed
}

# must_find PATTERN LINE...: these lines make a circle, which the lists do not have without the last of them.
must_find() {
    pattern=$1
    shift
    for line in "$@"; do
        find_cycles "$circled" < "$work/planted" > "$work/out" || { echo "found too early: $pattern"; exit 1; }
        echo "$line" >> "$work/planted"
    done
    if find_cycles "$circled" < "$work/planted" > "$work/out" || ! grep -q "$pattern" "$work/out"; then
        echo "not found: $pattern in"
        cat "$work/out"
        exit 1
    fi
    : > "$work/planted"
}

self_test() {
    : > "$work/planted"
    circled=plan
    must_find 'circle of.* a' 'include plan/a.c plan/b.h' 'include plan/b.h plan/c.h' 'include plan/c.c plan/a.h'
    must_find 'asks for f of plan/a.c' 'symbol plan/a.c f T' 'include plan/a.c plan/b.h' 'symbol plan/b.c f U'
    must_find 'circle of.* c' 'include plan/a.c plan/b.h' 'symbol plan/b.c f U' 'symbol plan/c.c g U' \
        'symbol plan/c.c f D' 'symbol plan/b.c g T'
    circled=
    must_find 'circle of.* graph' 'include graph/a.c plan/a.h' 'symbol graph/a.c f T' 'symbol plan/b.c f U'
    must_find 'circle of.* backend/cpu' 'include backend/cpu/a.c backend/a.h' 'include backend/b.c backend/cpu/b.h'
}

source=$1 nm=$2 objects=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
self_test
while read -r object; do
    [ -e "$object" ] || { echo "$object is not built"; exit 1; }
done < "$objects"
{ list_includes "$source" && list_symbols "$nm" "$objects"; } > "$work/lists"
for folder in "$@"; do
    grep -q "^symbol $folder/" "$work/lists" || { echo "no object file of src/$folder in $objects"; exit 1; }
done
check_all "$work/lists" "$@"
