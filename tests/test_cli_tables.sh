#!/bin/sh
# test_cli_tables.sh TENKA: training, testing and predicting on CSV files. Runs on the CPU.
set -u
tenka=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

# A price that is a sum of what its columns say, and a class that one of them says.
{
    echo 'id,area,year,city,price,level'
    awk 'BEGIN { split("Bonn Cork Rome", city)
        for (i = 0; i < 120; i++) {
            area = 30 + i * 37 % 170; year = 1900 + i * 53 % 120; c = i % 3
            printf "%d,%g,%d,%s,%g,%s\n", i, area, year, city[c + 1], area / 50 + (year - 1900) / 100 + c,
                   area < 100 ? "low" : "high"
        } }'
} > "$work/all.csv"
head -n 91 "$work/all.csv" > "$work/train.csv"
{ head -n 1 "$work/all.csv"; tail -n 30 "$work/all.csv"; } > "$work/test.csv"
train="train --backend cpu --threads 1 --batch-size 16"
test="test --backend cpu --threads 1"

# ---- Numbers ----

net='Linear(5, 32) ReLU() Linear(32, 1)'
succeed $train --data "$work/all.csv" --target price --without id,level --standardize --split 0.25 --net "$net" --lr 0.02 \
    --epochs 60 --save "$work/price.st" --log "$work/log"
says 'the targets are standardised too: the loss is of these'
prints ': 90 training, 30 test samples, 5, targets 1$'
prints '^split    0.25 of the samples is kept from training and tested, chosen by seed 0$'
prints 'the targets are floats, so the loss is MSELoss$'
awk '/^epoch 60/ { good = $8 < 0.05 } END { exit !good }' "$work/out" || bad "the price was not learnt"
grep -q '"target":"price","without":"id,level","standardize":true,"split":0.25' "$work/log" || bad "the log's options"
loss=$(sed -n 's/^epoch 60.*test loss \([0-9.]*\) .*/\1/p' "$work/out")
succeed $test --load "$work/price.st"
says 'tested are the 30 samples that --split 0.25 kept from training'
prints "^test loss $loss  " # the same loss again
ln -s all.csv "$work/link.csv"
for name in .//all.csv link.csv; do
    succeed $test --load "$work/price.st" --data "$work/$name"
    says 'tested are the 30 samples that --split 0.25 kept from training'
    prints "^test loss $loss  "
done
# Of a table that all of it was trained on nothing was kept.
succeed $train --data "$work/all.csv" --target price --without id,level --net "$net" --epochs 1 --save "$work/whole.st"
refuse 'whole.st was trained on all of the samples of .*: leave --split out, or name others with --data' $test \
    --load "$work/whole.st" --data "$work/link.csv" --split 0.25
succeed $test --load "$work/whole.st" --data "$work/test.csv" --split 0.5
says 'tested are 15 samples, a part of 0.5 that is chosen by seed 0$'
# What is predicted needs no target, and columns may come in any order.
awk -F, -v OFS=, '{ print $4, $3, $2 }' "$work/all.csv" > "$work/new.csv"
succeed predict --backend cpu --load "$work/price.st" "$work/new.csv" --out "$work/y.npy"
[ "$(tail -c +129 "$work/y.npy" | wc -c)" = 480 ] || bad "not a number a line"
succeed predict --backend cpu --load "$work/price.st" "$work/new.csv" --out "$work/y.csv"
[ "$(head -n 1 "$work/y.csv")" = row,price ] || bad "another header"
[ "$(wc -l < "$work/y.csv")" = 121 ] || bad "not a row a line"
sed 1d "$work/y.csv" | awk -F, -v prices="$work/all.csv" 'BEGIN { getline line < prices } { getline line < prices
    split(line, cell, ","); d = $2 - cell[5]; sum += d * d } END { exit !(sum / NR < 0.05) }' ||
    bad "the prices in the table are not those that were learnt"
# What the network does not look at is copied, in quotes where it needs them; the target is told and not copied.
awk -F, -v OFS=, 'NR == 1 { print "\"who, and where\"", $0, "note" } NR > 1 { print "\"a\"\"" NR "\"", $0, "x y" }' \
    "$work/all.csv" > "$work/wide.csv"
succeed predict --backend cpu --load "$work/price.st" "$work/wide.csv" --out "$work/wide_y.csv"
[ "$(head -n 1 "$work/wide_y.csv")" = 'row,"who, and where",id,level,note,price' ] || bad "another header"
sed -n 4p "$work/wide_y.csv" | grep -q '^2,"a""4",2,high,"x y",[0-9.]*$' || bad "another row"
[ "$(cut -d, -f 6 "$work/wide_y.csv" | sed 1d)" = "$(cut -d, -f 2 "$work/y.csv" | sed 1d)" ] || bad "other answers"
refuse 'gives no classes; --out FILE.npy' predict --backend cpu --load "$work/price.st" "$work/new.csv"
refuse "new.csv: there is no column 'price', which the table" $test --load "$work/price.st" --data "$work/new.csv"
sed 's/Bonn/Kiel/' "$work/new.csv" > "$work/kiel.csv"
refuse "line 2, column 'city': 'Kiel' is none of the 3 texts" predict --backend cpu --load "$work/price.st" \
    "$work/kiel.csv" --out "$work/z.npy"
[ ! -e "$work/z.npy" ] || bad "outputs that are none"
# Prices as people write them, with the usual learning rate: answers and errors come back in the table's unit.
awk -F, -v OFS=, 'NR > 1 { $5 = $5 * 100000 + 50000; $6 = $5 / 1000 } { print }' "$work/all.csv" > "$work/euros.csv"
succeed $train --data "$work/euros.csv" --target price,level --without id --standardize --split 0.25 --epochs 100 \
    --net 'Linear(5, 64) ReLU() Linear(64, 2)' --save "$work/euros.st" --log "$work/euros.log"
errors=$(sed -n 's/^epoch 100.*  MAE \([0-9.e+]*\)  R2 \([0-9.]*\) .*/\1 \2/p' "$work/out")
echo "$errors" | awk '{ exit !($1 > 1000 && $1 < 20000 && $2 > 0.9) }' || bad "euros: MAE and R2 $errors"
succeed $test --load "$work/euros.st"
prints "  MAE ${errors% *}  RMSE .*  R2 ${errors#* } "
# Euros and thousands of them are mixed there; below each is by itself.
prints '^Target  *MAE  *RMSE  *R2$'
awk '/^  0 price / { price = $3; good = $5 } /^  1 level / { level = $3; good = good < $5 ? good : $5 }
    END { exit !(price > 300 * level && price > 1000 && level > 0 && level < 100 && good > 0.9) }' "$work/out" ||
    bad "the errors of each target"
# Of many the first are shown.
awk 'BEGIN { for (i = 0; i < 22; i++) names = names ",t" i; print "a" names
    for (n = 0; n < 8; n++) { line = n; for (i = 0; i < 22; i++) line = line "," n + i + .5; print line } }' > "$work/many.csv"
succeed $train --data "$work/many.csv" --target "$(head -n 1 "$work/many.csv" | cut -d , -f 2-)" --epochs 1 \
    --net 'Linear(1, 22)' --save "$work/many.st"
succeed $test --load "$work/many.st"
prints '^ 19 t19 '
prints '^and 2 more, which --json has$'
! grep -q '^ 20 t20' "$work/out" || bad "more than 20 targets"
for backend in cpu cpu-f64; do
    succeed predict --backend $backend --load "$work/euros.st" "$work/euros.csv" --out "$work/euros_y.csv"
    sed 1d "$work/euros_y.csv" | awk -F, -v prices="$work/euros.csv" 'BEGIN { getline line < prices } {
        getline line < prices; split(line, cell, ","); d = $3 / cell[5] - 1; e = $4 / cell[6] - 1
        sum += d * d + e * e } END { exit !(sum / NR < 0.02) }' || bad "no prices in euros with $backend"
done
says_scaled='the targets are standardised too: the loss is of these'
succeed $test --load "$work/euros.st" --report "$work/euros.html" --worst 1
says "$says_scaled"
prints 'the first number is [0-9]\{6\}, answered as [0-9]\{6\}$'
price=$(sed -n 's/.*the first number is \([0-9]*\), .*/\1/p' "$work/out")
grep -q "$price" "$work/euros.html" || bad "a report without the price $price"
grep -q '<h2>Targets</h2>' "$work/euros.html" || bad "a report without a table of the targets"
grep -q '<td>1 level</td>' "$work/euros.html" || bad "a report without a target's name"
# One that learns on has its own means and deviations, asked for or not, of other prices too.
awk -F, -v OFS=, 'NR > 1 { $5 *= 2 } { print }' "$work/euros.csv" > "$work/twice.csv"
for standardize in '' --standardize; do
    # shellcheck disable=SC2086
    succeed $train --load "$work/euros.st" --data "$work/twice.csv" --target price,level --without id $standardize \
        --epochs 1 --lr 0 --save "$work/on.st" --split 0.25
    says "the columns are standardised as those that $work/euros.st was trained on"
    says "$says_scaled"
    [ "$(grep -a -o 'target,price,number,[^\\]*' "$work/on.st")" = \
        "$(grep -a -o 'target,price,number,[^\\]*' "$work/euros.st")" ] || bad "other means"
done
succeed $train --load "$work/euros.st" --data "$work/euros.csv" --target price,level --without id --epochs 1 --lr 0 \
    --split 0.25
prints "  MAE ${errors% *}  R2 ${errors#* } "
# A loss that takes the targets as they are would have another unit.
succeed $train --load "$work/euros.st" --data "$work/euros.csv" --target price,level --without id --epochs 1 --lr 0 \
    --split 0.25 --loss 'PoissonNLLLoss()'
says 'euros.st was trained on standardised targets, but PoissonNLLLoss takes them as they are, so that'
succeed $train --load "$work/euros.st" --data "$work/euros.csv" --target price,level --without id --epochs 1 --lr 0 \
    --split 0.25 --loss 'L1Loss()'
! grep -q 'takes them as they are' "$work/err" || bad "a loss of distances is warned of"
# A table of other columns is measured anew.
succeed $train --load "$work/euros.st" --load-partial --net 'Linear(4, 64) ReLU() Linear(64, 2)' --epochs 1 \
    --data "$work/euros.csv" --target price,level --without id,area --standardize
! grep -q 'standardised as those' "$work/err" || bad "means of other columns"
# Resumed, with --standardize or without, it is the same run.
once="$train --data $work/euros.csv --target price --without id,level --split 0.25"
succeed $once --standardize --net "$net" --epochs 4 --save "$work/whole.st"
succeed $once --standardize --net "$net" --epochs 2 --checkpoint "$work/half.ckpt"
for standardize in '' --standardize; do
    # shellcheck disable=SC2086
    succeed $once $standardize --resume "$work/half.ckpt" --epochs 4 --save "$work/half.st"
    cmp -s "$work/whole.st" "$work/half.st" || bad "the resumed run has another network"
done
# What was saved before targets were standardised has raw ones, and answers as it did.
scale=$(grep -a -o 'target,price,number,[^\\]*' "$work/whole.st" | cut -d, -f 4-)
raw=$(echo "$scale" | awk -F, '{ a = "0."; b = "1."; while (length(a) < length($1)) a = a 0
    while (length(b) < length($2)) b = b 0; print a "," b }')
LC_ALL=C sed "s/target,price,number,$scale/target,price,number,$raw/" "$work/whole.st" > "$work/raw.st"
succeed $test --load "$work/raw.st" --data "$work/euros.csv"
! grep -q "$says_scaled" "$work/err" || bad "raw targets are said to be standardised"
prints '  R2 -'
# Times: no digit of them is lost before their mean is taken away, and R2 is that of any other unit.
awk 'BEGIN { print "x,t"; for (i = 0; i < 120; i++) printf "%d,%d\n", i * 37 % 120, 1600000000 + i * 37 % 120 }' \
    > "$work/times.csv"
succeed $train --data "$work/times.csv" --target t --standardize --split 0.25 --epochs 60 \
    --net 'Linear(1, 64) ReLU() Linear(64, 1)' --save "$work/times.st"
ending=$(sed -n 's/^epoch 60.*\(test loss .* R2 [0-9.]*\) .*/\1/p' "$work/out")
echo "$ending" | awk '{ exit !($NF > 0.99 && $3 < 0.01) }' || bad "times: $ending"
succeed $test --load "$work/times.st"
[ "$(sed -n 's/^\(test loss .*\)  RMSE [0-9.]*\(  R2 [0-9.]*\).*/\1\2/p' "$work/out")" = "$ending" ] ||
    bad "times are tested otherwise than trained"
# A target that does not change is no error, and a loss that grows although they are standardised has too large an lr.
awk -F, -v OFS=, 'NR > 1 { $5 = 300000 } { print }' "$work/euros.csv" > "$work/same.csv"
succeed $train --data "$work/same.csv" --target price --without id,level --standardize --net "$net" --epochs 3 \
    --save "$work/same.st"
succeed predict --backend cpu --load "$work/same.st" "$work/same.csv" --out "$work/same_y.csv"
sed 1d "$work/same_y.csv" | awk -F, '$4 < 299990 || $4 > 300010 { exit 1 }' || bad "another price than the only one"
succeed $train --data "$work/euros.csv" --target price --without id,level --standardize --net "$net" --epochs 1 --lr 30
says 'this loss is far above that of guessing: try a smaller --lr'
# Where the loss asks for targets of a kind these stay as they are.
succeed $train --data "$work/all.csv" --target price --without id,level --standardize --net "$net" --epochs 1 \
    --loss 'PoissonNLLLoss()' --save "$work/poisson.st"
if grep -q 'the targets are standardised' "$work/err"; then
    bad "counts are said to be standardised"
fi
grep -q -a 'target,price,number,0,1\|target,price,number,0.0,1.0' "$work/poisson.st" || bad "counts were standardised"
# A second file is the test half; its standardisation is the first one's.
succeed $train --data "$work/train.csv,$work/test.csv" --target price --without id,level --standardize --net "$net" \
    --epochs 2 --save "$work/two.st"
prints ': 90 training, 30 test samples, 5, targets 1$'
loss=$(sed -n 's/^epoch 2.*test loss \([0-9.]*\) .*/\1/p' "$work/out")
succeed $test --load "$work/two.st"
prints "^test loss $loss  "
succeed $test --load "$work/two.st" --data "$work/test.csv"
prints "^test loss $loss  "
grep -q -a 'input,area,number,' "$work/two.st" || bad "the table is not saved"
succeed $train --data "$work/all.csv" --target price,year --without id,level,city --net 'Linear(1, 2)' --epochs 1
prints ': 120 training samples, 1, targets 2$'

# ---- Classes ----

net='Linear(6, 16) ReLU() Linear(16, 2)'
succeed $train --data "$work/all.csv" --target level --without id --standardize --split 0.25 --net "$net" --lr 0.02 \
    --epochs 30 --save "$work/level.st"
prints ': 89 training, 31 test samples, 6, 2 classes$'
prints '^split    0.25 of each class'
succeed predict --backend cpu --load "$work/level.st" --top 1 "$work/all.csv"
prints 'all.csv\[0\]: low '
[ "$(grep -c ': \(low\|high\) ' "$work/out")" = 120 ] || bad "not a class a line"
succeed profile --backend cpu --data "$work/all.csv" --target level --without id --net "$net" --batch-size 8 --steps 2
succeed predict --backend cpu --load "$work/level.st" "$work/all.csv" --out "$work/level.csv"
[ "$(head -n 1 "$work/level.csv")" = row,id,class,p_high,p_low ] || bad "another header"
sed 1d "$work/level.csv" | awk -F, '$1 != $2 || $2 != NR - 1 { exit 1 }' || bad "ids of other rows"
[ "$(sed 1d "$work/level.csv" | cut -d, -f 3 | grep -c '^\(low\|high\)$')" = 120 ] || bad "not a class a row"
# Whole numbers are classes where the loss wants them to be.
printf 'x,t\n0.5,0\n1,1\n2,2\n0,1\n' > "$work/whole.csv"
succeed $train --data "$work/whole.csv" --target t --net 'Linear(1, 3)' --epochs 1
prints ', 3 classes$'
succeed $train --data "$work/whole.csv" --target t --net 'Linear(1, 1)' --epochs 1 --loss 'MSELoss()'
prints ', targets 1$'

# ---- What does not do ----

refuse "say which of its columns the network is to tell, with --target COLUMN" $train --data "$work/all.csv"
refuse "there is no column 'prize'; it has id, area, year, city, price, level" $train --data "$work/all.csv" \
    --target prize
refuse 'does not fit the samples (7).*expected in_features=5' $train --data "$work/all.csv" --target price --without id \
    --net 'Linear(5, 1)'
refuse "there is no file $work/none.csv" $train --data "$work/none.csv" --target x
refuse "there is no file '$work/none.csv'" $train --data "$work/all.csv,$work/none.csv" --target x
refuse 'has 3 tables; expected one, or two' $train --data "$work/all.csv,$work/all.csv,$work/all.csv" --target x
succeed $train --data "$work/whole.csv" --target t --net 'Linear(1, 3)' --epochs 1 --save "$work/w.pt" --quiet
refuse 'w.pt does not say how it wants the columns of a table' $test --load "$work/w.pt" --net 'Linear(1, 3)' \
    --data "$work/whole.csv"
refuse 'w.pt does not say how it wants the columns of a table' predict --backend cpu --load "$work/w.pt" \
    --net 'Linear(1, 3)' "$work/whole.csv"
# wrong PATTERN: a table that is wrong, on the standard input.
wrong() {
    cat > "$work/wrong.csv"
    refuse "wrong.csv: $1" $train --data "$work/wrong.csv" --target t --net 'Linear(1, 1)'
}
printf 'a,t\n1,2\nNaN,3\n' | wrong "line 3, column 'a': the value is missing ('NaN'); put it in, or take the line out"
printf 'a,t\n1,2\n3,inf\n2,4\n' | wrong "line 3, column 't': 'inf' is no number, as the column has in 2 other lines"
printf 'a,t\n1,2\n3\n' | wrong "line 3 has 1 cell, but the first line names 2 columns"
printf 'a,t\n1,"2\n3,4\n' | wrong "the quotes that begin in line 2 do not end"
printf 'a,t\n1,\351\n' | wrong "line 2, column 2 is no UTF-8 text; save the file as UTF-8"
printf '1,2\n3,4\n' | wrong "the first line must name the columns, but has numbers alone"
printf 'a,t\n' | wrong "there are no lines below the first"
printf 't\n1\n' | wrong "no column is left for the input"
images 4 2 > "$work/i"
labels 4 2 > "$work/l"
refuse '--standardize is for the columns of a CSV file' $train --data "$work/i,$work/l,$work/i,$work/l" --standardize \
    --net 'Flatten() Linear(4, 2)'

# ---- Missing values ----

# Every tenth area, every seventh city and two prices are not known; the lines that lack a value are 31.
awk -F, -v OFS=, 'NR > 1 && NR % 10 == 0 { $2 = "" } NR > 1 && NR % 7 == 0 { $4 = "NA" }
    NR == 3 || NR == 50 { $5 = "?" } { print }' "$work/all.csv" > "$work/gaps.csv"
gaps=$(sed 1d "$work/gaps.csv" | awk -F, '$2 == "" || $4 == "NA" || $5 == "?"' | wc -l)
unanswered=$(sed 1d "$work/gaps.csv" | awk -F, '$2 == "" || $4 == "NA"' | wc -l)
filled=$(sed 1d "$work/gaps.csv" | awk -F, '$5 != "?" { n += ($2 == "") + ($4 == "NA") } END { print n }')
net='Linear(5, 32) ReLU() Linear(32, 1)'
refuse "line 3, column 'price': the value is missing ('?'); .*--missing drop does, .* by --missing mean" $train \
    --data "$work/gaps.csv" --target price --without id,level --split 0.25 --net "$net"
for half in "$work/all.csv,$work/gaps.csv" "$work/gaps.csv,$work/all.csv"; do
    refuse "line 3, column 'price': the value is missing ('?').*; put it in, or take the line out, .*--missing drop" $train \
        --data "$half" --target price --without id,level --net "$net"
done
succeed $train --data "$work/all.csv" --target price --without id,level --net "$net" --epochs 1 --save "$work/no.st"
refuse "line 3, .*: the value is missing ('?'), and training was without --missing; put it in, .* --missing drop or mean" \
    $test --load "$work/no.st" --data "$work/gaps.csv"
refuse "column '[a-z]*': the value is missing.*, and training was without --missing; put it in" predict --backend cpu \
    --load "$work/no.st" "$work/gaps.csv" --out "$work/y.npy"
for how in drop mean; do
    succeed $train --data "$work/gaps.csv" --target price --without id,level --standardize --split 0.25 --net "$net" \
        --lr 0.02 --epochs 40 --missing $how --save "$work/$how.st" --log "$work/$how.log"
    grep -q "\"missing\":\"$how\"" "$work/$how.log" || bad "the log's options"
    if [ $how = drop ]; then
        says "gaps.csv: $gaps lines, which lack a value, are left out"
        prints ": $((120 - gaps - (120 - gaps + 2) / 4)) training, $(((120 - gaps + 2) / 4)) test samples, 5, targets 1$"
    else
        says "gaps.csv: 2 lines, which lack a value, are left out"
        says "gaps.csv: $filled missing values are filled in with the mean of the training samples, or of texts the most"
    fi
    loss=$(sed -n 's/^epoch 40.*test loss \([0-9.]*\) .*/\1/p' "$work/out")
    succeed $test --load "$work/$how.st"
    says 'tested are the .* samples that --split 0.25 kept from training'
    prints "^test loss $loss  "
    # A run that is resumed does the same, asked or not.
    succeed $train --data "$work/gaps.csv" --target price --without id,level --standardize --split 0.25 --net "$net" \
        --lr 0.02 --epochs 20 --missing $how --checkpoint "$work/$how.ckpt"
    succeed $train --data "$work/gaps.csv" --target price --without id,level --split 0.25 --lr 0.02 --epochs 40 \
        --resume "$work/$how.ckpt" --save "$work/resumed.st"
    cmp -s "$work/$how.st" "$work/resumed.st" || bad "the resumed run with --missing $how has another network"
    succeed predict --backend cpu --load "$work/$how.st" "$work/gaps.csv" --out "$work/gaps_y.csv"
    [ "$(wc -l < "$work/gaps_y.csv")" = 121 ] || bad "not a row a line"
done
says 'gaps.csv: [0-9]* missing values are filled in'
[ "$(grep -c ',$' "$work/gaps_y.csv")" = 0 ] || bad "a row without an answer"
succeed predict --backend cpu --load "$work/drop.st" "$work/gaps.csv" --out "$work/gaps_y.csv"
says "gaps.csv: $unanswered lines have no answer, as training left out lines that lack a value"
[ "$(grep -c ',$' "$work/gaps_y.csv")" = "$unanswered" ] || bad "other rows without an answer"
paste -d, "$work/gaps.csv" "$work/gaps_y.csv" | sed 1d |
    awk -F, '($NF == "") != ($2 == "" || $4 == "NA") { exit 1 }' || bad "another row without an answer"
# With classes the rows are named, or have empty cells.
succeed $train --data "$work/gaps.csv" --target level --without id,price --split 0.25 --net 'Linear(5, 2)' --epochs 1 \
    --missing drop --save "$work/gaps.st"
succeed predict --backend cpu --load "$work/gaps.st" --top 1 "$work/gaps.csv"
[ "$(grep -c ': it lacks a value, and has no answer$' "$work/err")" = "$unanswered" ] || bad "rows that are not named"
[ "$(grep -c ': \(low\|high\) ' "$work/out")" = $((120 - unanswered)) ] || bad "other rows with an answer"
succeed predict --backend cpu --load "$work/gaps.st" --json "$work/gaps.csv"
is_json
prints "\"skipped\":$unanswered,\"failed\":0}"
succeed predict --backend cpu --load "$work/gaps.st" "$work/gaps.csv" --out "$work/gaps_y.csv"
[ "$(grep -c ',,,$' "$work/gaps_y.csv")" = "$unanswered" ] || bad "other rows without a class"
refuse '--missing is for the columns of a CSV file' $train --data "$work/i,$work/l,$work/i,$work/l" --missing mean \
    --net 'Flatten() Linear(4, 2)'
succeed data "$work/gaps.csv" --target price --without id,level --missing mean
prints '^column   missing,mean,[0-9.]*,[0-9.]*,[BCR][a-z]*$'

# ---- Without a network, and numbers that are far away ----

refuse 'does not fit the samples (7): .*; without --net it is one for grey images of 28x28' $train --data "$work/all.csv" \
    --target price --without id
{ echo a,t; echo 1,30000; echo 2,70000; echo 3,50000; } > "$work/large.csv"
succeed $train --data "$work/large.csv" --target t --net 'Linear(1, 1)'
says 'the targets are large numbers, .* or a larger --lr, which --find-lr finds'
succeed $train --data "$work/large.csv" --target t --net 'Linear(1, 1)' --loss 'MSELoss()'
! grep -q 'large numbers' "$work/err" || bad "a loss that --loss names is judged"

# ---- Looking at data ----

succeed data "$work/all.csv" --target price --without id
prints ': 120 training samples, 7, targets 1$'
prints '^column   input,city,category,Bonn,Cork,Rome$'
succeed data "$work/all.csv" --target price --json
is_json

verdict
