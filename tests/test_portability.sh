#!/bin/sh
# test_portability.sh SOURCE: the comparison of tools/portability finds each thing that it is for, in tables with such
# things put into them, and the gate then fails. Nothing is compiled. Returns 77 (skipped) without Python 3.
set -u
source=$(readlink -f "$1")
python=$(command -v python3) || { echo "skipped: it needs python3"; exit 77; }
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
tables=$source/tools/vulkan/tables.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
failures=0

bad() {
    echo "FAILED: $1"
    sed 's/^/    /' "$work/out"
    failures=$((failures + 1))
}

# expect WHAT STATUS PATTERN [OPTION]: of what lies in $work/table, beside $work/baseline.
expect() {
    "$python" "$tables" compare ${4:+"$4"} "$work/baseline" "$work/table" > "$work/out" 2>&1
    got=$?
    if [ "$got" != "$2" ]; then
        bad "$1: status $got instead of $2"
    elif ! grep -q -e "$3" "$work/out"; then
        bad "$1: no '$3' in what was said"
    else
        echo "ok: $1: $(head -n 1 "$work/out")"
    fi
}

# doctor PROGRAM: makes $work/table of the baseline with an awk program; the columns of its second row come by name.
doctor() {
    awk -F '\t' -v OFS='\t' '
        NR == 2 { for (i = 1; i <= NF; i++) column[$i] = i }
        { second = NR == 4 }
        '"$1"'
        { print }' "$work/baseline" > "$work/table"
}

printf '# vulkan: A chip (driver 1)\n' > "$work/baseline"
printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
    kernel variant shape chosen registers spilled moved scratch shared occupancy instructions \
    add_fwd 64 '1 M' '*' 16 0 0 0 0 32 40 \
    matmul_fwd 'staged 64x64' '256^3' '' 72 0 2 0 5120 12 900 \
    matmul_fwd 'staged 64x64' 'a rest' '' failed failed failed failed failed failed failed >> "$work/baseline"

doctor ''
expect 'the same table' 0 'nothing is worse'
doctor 'second { $column["registers"] = 64; $column["moved"] = 1; $column["occupancy"] = 16 }'
expect 'fewer registers' 0 'nothing is worse'
doctor 'second { $column["instructions"] = 9000; $column["shared"] = 6000 }'
expect 'what decides nothing' 0 'nothing is worse'
doctor 'second { $column["spilled"] = 1 }'
expect 'a spill' 1 'matmul_fwd, staged 64x64, 256^3: 1 values spilled$'
doctor 'second { $column["scratch"] = 128 }'
expect 'scratch memory' 1 '256^3: 128 bytes of scratch memory$'
doctor 'second { $column["registers"] = 80 }'
expect 'more registers' 1 '256^3: registers grew from 72 to 80$'
doctor 'second { $column["moved"] = 3 }'
expect 'more moves between kinds of registers' 1 '256^3: moved grew from 2 to 3$'
doctor 'second { $column["occupancy"] = 8 }'
expect 'fewer subgroups in flight' 1 '256^3: occupancy fell from 12 to 8$'
doctor 'second { for (i = 5; i <= NF; i++) $i = "failed" }'
expect 'a compiler that fails' 1 "256^3: the driver's compiler fails on it$"
doctor 'second { for (i = 5; i <= NF; i++) $i = "-" }'
expect 'a driver that tells nothing' 1 '256^3: the driver does not say'
doctor 'second { next }'
expect 'a row that is gone' 1 '256^3: is in the baseline alone$'
doctor 'second { print; $column["shape"] = "512^3" }'
expect 'a row that is new' 1 '512^3: is not in the baseline$'
doctor 'second { print; $column["shape"] = "512^3"; $column["spilled"] = 7 }'
expect 'a new row that spills' 1 '512^3: 7 values spilled$'
doctor 'second { print }'
expect 'a row that is there twice' 1 'there twice'
doctor 'NR == 2 { $4 = "preferred" }'
expect 'other columns' 1 'is no table'
: > "$work/table"
expect 'an empty table' 1 'is no table'
# A spill is one in the baseline as well.
doctor 'second { $column["spilled"] = 1 }'
cp "$work/table" "$work/baseline"
expect 'a spill that the baseline has' 1 '1 values spilled$'
expect 'the same where what is measured may spill' 0 'nothing is worse' --measured-may-spill
doctor 'second { $column["spilled"] = 2 }'
expect 'a larger spill where what is measured may spill' 1 'spilled grew from 1 to 2$' --measured-may-spill
doctor 'second { $column["chosen"] = "*" }'
expect 'a chosen variant where what is measured may spill' 1 '1 values spilled$' --measured-may-spill
doctor 'second { print; $column["shape"] = "512^3" }'
expect 'a new row where what is measured may spill' 1 '512^3: 1 values spilled$' --measured-may-spill

# The gate itself, with a compiler that does nothing but print the baseline, or worse.
mkdir -p "$work/drivers/icd" "$work/drivers/root/usr/lib/x86_64-linux-gnu" "$work/build/tests"
for driver in radeon nouveau freedreno asahi; do : > "$work/drivers/icd/$driver.json"; done
printf '#!/bin/sh\nshift 4\nexec "$@"\n' > "$work/drivers/root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
printf '#!/bin/sh\ncat "%s/printed"\n' "$work" > "$work/build/tests/shader_stats"
chmod +x "$work/drivers/root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" "$work/build/tests/shader_stats"

# gate WHAT STATUS PATTERN [TARGET]: with what lies in $work/printed.
gate() {
    TENKA_VULKANS="$work/drivers" "$python" "$source/tools/vulkan/gate.py" --build "$work/build" --work "$work/gate" \
        --jobs 1 "${4:-amd:navi31}" > "$work/out" 2>&1
    got=$?
    if [ "$got" != "$2" ] || ! grep -q -e "$3" "$work/out"; then
        bad "the gate with $1: status $got, $2 was expected with '$3'"
    else
        echo "ok: the gate with $1"
    fi
}

navi31=$source/tests/portability/amd-navi31.tsv
for baseline in "$source"/tests/portability/*.tsv; do
    target=$(basename "$baseline" .tsv | sed 's/-/:/')
    cp "$baseline" "$work/printed"
    gate "the baseline of $target" 0 'All 1 targets passed' "$target"
done
awk -F '\t' -v OFS='\t' 'NR == 3 { $5 += 8 } { print }' "$navi31" > "$work/printed"
gate 'more registers' 1 'registers grew from'
awk -F '\t' -v OFS='\t' 'NR == 3 { $6 = 4 } { print }' "$navi31" > "$work/printed"
gate 'a spill' 1 '4 values spilled'
sed '1s/NAVI31/NAVI21/' "$navi31" > "$work/printed"
gate 'another chip' 1 'which is another device'
: > "$work/printed"
gate 'no output' 1 'is no table'

"$python" "$tables" compiled "$source/tests/portability" > "$work/page" 2>&1
diff "$source/docs/compiled.md" "$work/page" > "$work/out" \
    || bad "docs/compiled.md is not that of tests/portability: tools/portability --accept writes both"
for word in --bogus amd:none; do
    "$source/tools/portability" "$word" > "$work/out" 2>&1
    got=$?
    [ "$got" = 2 ] || bad "status $got instead of 2: tools/portability $word"
done
[ $failures = 0 ]
