#!/bin/sh
# test_cli_arrays.sh TENKA: NumPy's arrays as data, losses and optimizers as PyTorch writes them, and what goes together
# with them. Runs on the CPU.
set -u
tenka=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export TMPDIR="$work"
. "$(dirname "$0")/cli.sh"

# misuse PATTERN ARG...: a mistake in the command line.
misuse() {
    expect 2 "$@"
}

# ---- Arrays ----

# array DESCR SHAPE BYTES: a .npy whose elements are so many bytes, 0 to 2 in turn.
array() {
    header="{'descr': '$1', 'fortran_order': False, 'shape': $2, }"
    printf '\223NUMPY\001\000'
    printf "\\$(printf %03o ${#header})\\000%s" "$header"
    awk -v count="$3" 'BEGIN { for (i = 0; i < count; i++) printf "%s", i % 3 }' | tr 012 '\000\001\002'
}
array '|u1' '(21, 1, 4, 4)' 336 > "$work/x.npy"
array '|u1' '(21,)' 21 > "$work/y.npy"
array '|u1' '(6, 1, 4, 4)' 96 > "$work/xt.npy"
array '|i1' '(6,)' 6 > "$work/yt.npy"
array '<f2' '(21, 3)' 126 > "$work/f.npy"
array '<f2' '(6, 3)' 36 > "$work/ft.npy"
net='Flatten() Linear(16, 3)'
run="train --backend cpu --threads 1 --epochs 2 --batch-size 7"
both="$work/x.npy,$work/y.npy,$work/xt.npy,$work/yt.npy"

succeed $run --data "$both" --net "$net" --save "$work/c.st" --log "$work/log"
prints '^data .*: 21 training, 6 test samples, 1x4x4, 3 classes$'
prints 'so the loss is cross_entropy$'
prints '^epoch 2/2  train loss [0-9.]*  test loss [0-9.]*  test accuracy [0-9.]* %  (.* samples/s)$'
silent
succeed test --backend cpu --load "$work/c.st"
prints '6 test samples'
succeed test --backend cpu --load "$work/c.st" --data "$work/x.npy,$work/y.npy"
prints '21 test samples'
# What an Embedding looks up are whole numbers.
rows='Embedding(3, 2) Flatten() Linear(32, 3)'
succeed $run --data "$both" --net "$rows" --save "$work/e.st"
prints '^epoch 2/2  train loss [0-9.]*  test loss [0-9.]*  test accuracy [0-9.]* %  (.* samples/s)$'
succeed predict --backend cpu --load "$work/e.st" "$work/xt.npy" --out "$work/e.npy"
succeed summary --net "$rows" --input 1,4,4
prints 'Embedding .*\[100, 1, 4, 4, 2\]'
refuse 'dataset: the network looks whole numbers up, but sample 0 has another one, or one that is too large' $run \
    --data "$work/f.npy,$work/y.npy" --net 'Embedding(3, 2) Flatten() Linear(6, 3)'
# Floats as targets; without a test half that is said once.
succeed $run --data "$work/x.npy,$work/f.npy" --net "$net" --log "$work/log"
one_sentence
says 'has no test half, so that nothing is tested after an epoch'
prints '21 training samples, 1x4x4, targets 3$'
prints 'the targets are floats, so the loss is MSELoss$'
prints '^epoch 2/2  train loss [0-9.]*  ([0-9.]* s, '
grep -q '"test_loss":null,"test_accuracy":null' "$work/log" || bad "the log has a test"
succeed $run --data "$work/x.npy,$work/f.npy,$work/xt.npy,$work/ft.npy" --net "$net" --loss 'HuberLoss(delta=0.5)' \
    --save "$work/r.st" --quiet
prints '^epoch 2/2  train loss [0-9.]*  test loss [0-9.]*  MAE [0-9.]*  R2 [-0-9.]*  ([0-9.]* s, '
succeed test --backend cpu --load "$work/r.st" --loss 'torch.nn.L1Loss()'
prints '^test loss [0-9.]*  MAE [0-9.]*  RMSE [0-9.]*  R2 [-0-9.]*  ([0-9.]* s'
succeed profile --backend cpu --data "$work/x.npy,$work/f.npy" --net "$net" --batch-size 7 --steps 2
# A dataset that is stopped and goes on, without a test half.
succeed $run --data "$work/x.npy,$work/y.npy" --net "$net" --epochs 1 --checkpoint "$work/k" --quiet
succeed $run --data "$work/x.npy,$work/y.npy" --net "$net" --resume "$work/k" --save "$work/resumed.st" --quiet
succeed $run --data "$work/x.npy,$work/y.npy" --net "$net" --save "$work/whole.st" --quiet
cmp -s "$work/resumed.st" "$work/whole.st" || bad "a resumed run ends elsewhere"
refuse 'shuffling on, this one has off' $run --data "$work/x.npy,$work/y.npy" --net "$net" --resume "$work/k" \
    --no-shuffle --quiet

# The order of the data: two runs of another seed see the same batches.
losses() {
    sed -n 's/.*"epoch":2.*"step".*"loss":\(.*\)}/\1/p' "$work/log" | sort
}
one="$run --data $work/x.npy,$work/y.npy"
succeed $one --load "$work/c.st" --no-shuffle --seed 1 --log "$work/log" \
    --optimizer 'SGD(lr=0)' --quiet
losses > "$work/one"
succeed $one --load "$work/c.st" --no-shuffle --seed 2 --log "$work/log" \
    --optimizer 'SGD(lr=0)' --quiet
losses | cmp -s - "$work/one" || bad "--no-shuffle shuffles"
succeed $one --load "$work/c.st" --seed 2 --log "$work/log" \
    --optimizer 'SGD(lr=0)' --quiet
! losses | cmp -s - "$work/one" || bad "nothing shuffles"

# ---- Outputs ----

predict="predict --backend cpu --load $work/c.st"
succeed $predict "$work/x.npy" --batch-size 4 --top 1
prints '^network .*: samples of 1x4x4, 3 classes$'
prints 'x.npy\[20\]: [012] [0-9.]* %$'
[ "$(grep -c 'npy\[' "$work/out")" = 21 ] || bad "not 21 samples"
succeed $predict "$work/x.npy" --json
is_json
succeed $predict "$work/x.npy" --out "$work/o.npy"
prints '^saved .*o.npy$'
head -c 70 "$work/o.npy" | LC_ALL=C grep -q "'descr': '<f4', 'fortran_order': False, 'shape': (21, 3)" ||
    bad "another array"
[ "$(wc -c < "$work/o.npy")" = $((128 + 4 * 63)) ] || bad "another size"
succeed $predict "$work/x.npy" --out "$work/o4.npy" --batch-size 4 --quiet
[ "$(wc -c < "$work/o4.npy")" = "$(wc -c < "$work/o.npy")" ] || bad "a smaller last batch is lost"
succeed predict --backend cpu --load "$work/r.st" "$work/x.npy" --out "$work/r.npy" --quiet
expect 1 'gives no classes; --out FILE.npy or FILE.csv writes' predict --backend cpu --load "$work/r.st" "$work/x.npy"
misuse 'an array or table goes alone' $predict "$work/x.npy" "$work/xt.npy"
misuse "of an array x.npy or a table x.csv; pictures' go to a FILE.csv" $predict "$work" --out "$work/o.npy"
misuse 'give the file a name that ends in .csv or .npy' $predict "$work/x.npy" --out "$work/o.txt"
# A table: the same as a .npy, or as what is printed.
succeed predict --backend cpu --load "$work/r.st" "$work/x.npy" --out "$work/r.csv"
prints '^saved .*r.csv$'
[ "$(head -n 1 "$work/r.csv")" = row,output_0,output_1,output_2 ] || bad "another header"
[ "$(grep -c '^[0-9]*,[-0-9.e]*,[-0-9.e]*,[-0-9.e]*$' "$work/r.csv")" = 21 ] || bad "not 21 rows"
succeed $predict "$work/x.npy" --top 1
sed -n 's/.*npy\[\(.*\)\]: \([012]\) \(.*\) %$/\1 \2 \3/p' "$work/out" > "$work/printed"
succeed $predict "$work/x.npy" --out "$work/c.csv" --quiet
[ ! -s "$work/out" ] || bad "printed in spite of --quiet"
[ "$(head -n 1 "$work/c.csv")" = row,class,p_0,p_1,p_2 ] || bad "another header"
sed 1d "$work/c.csv" | awk -F, '{ printf "%d %d %.2f\n", $1, $2, 100 * $(3 + $2) }' | cmp -s - "$work/printed" ||
    bad "the table says something else than what is printed"
expect 1 'is the array itself' $predict "$work/x.npy" --out "$work/x.npy"
expect 1 'does not fit samples of one number' $predict "$work/y.npy"
expect 1 'cannot save to' $predict "$work/x.npy" --out "$work/none/o.npy"

# ---- What does not go together ----

refuse 'x.npy is one array; name that of the targets too' $run --data "$work/x.npy" --net "$net"
refuse 'has 3 arrays; expected two, x.npy,y.npy' $run --data "$work/x.npy,$work/y.npy,$work/y.npy" --net "$net"
refuse "there is no file '.*none.npy'" $run --data "$work/none.npy,$work/y.npy" --net "$net"
refuse 'there is no file .*none.npz' $run --data "$work/none.npz" --net "$net"
refuse 'x.npy has 21 samples, but .*yt.npy has 6 targets' $run --data "$work/x.npy,$work/yt.npy" --net "$net"
refuse 'training samples of .* are 1x4x4, but its test samples 3' $run --net "$net" \
    --data "$work/x.npy,$work/y.npy,$work/ft.npy,$work/yt.npy"
refuse 'training targets of .* are whole numbers, but its test targets are floats' $run --net "$net" \
    --data "$work/x.npy,$work/y.npy,$work/xt.npy,$work/ft.npy"
refuse 'does not fit the samples (1x4x4): .*in_features=5' $run --data "$work/x.npy,$work/y.npy" --net \
    'Flatten() Linear(5, 3)'
refuse 'MSELoss: the output has the shape \[2, 4\], but the targets have \[2, 3\]' $run \
    --data "$work/x.npy,$work/f.npy" --net 'Flatten() Linear(16, 4)'
refuse 'MSELoss takes targets that are floats, but these are whole numbers' $run --data "$work/x.npy,$work/y.npy" \
    --net "$net" --loss 'MSELoss()'
refuse 'NLLLoss takes targets that are classes' $run --data "$work/x.npy,$work/f.npy" --net "$net" --loss 'NLLLoss()'
refuse 'labels of .* have 3 classes, 0 to 2, but the network gives 2' $run --data "$work/x.npy,$work/y.npy" --net \
    'Flatten() Linear(16, 2)'
refuse "classes names classes, but the targets of" $run --data "$work/x.npy,$work/f.npy" --net "$net" --classes a,b,c
cp "$work/x.npy" "$work/x.npz"
refuse 'x.npz: cannot read it as an archive that numpy.savez has written' $run --data "$work/x.npz" --net "$net"
head -c 100 "$work/x.npy" > "$work/cut.npy"
refuse 'cut.npy: expected 336 bytes of elements, found only' $run --data "$work/cut.npy,$work/y.npy" --net "$net"
if command -v zip > /dev/null; then
    (cd "$work" && cp x.npy x_train.npy && zip -q one.npz x_train.npy && cp x.npy a.npy && zip -q other.npz a.npy)
    refuse 'one.npz: it has the array x_train, but none that is called y_train' $run --data "$work/one.npz" --net "$net"
    refuse 'other.npz: expected arrays that are called x_train and y_train, or x and y, found a$' $run \
        --data "$work/other.npz" --net "$net"
fi

# ---- Losses and optimizers ----

plain="$run --data $work/x.npy,$work/y.npy --quiet"
# What is ignored is no class: 2 is not, so that two outputs do.
succeed $plain --net 'Flatten() Linear(16, 2)' --loss 'CrossEntropyLoss(ignore_index=2, reduction=sum)'
succeed $plain --net "$net LogSoftmax(1)" --loss "nn.NLLLoss(reduction='sum')"
succeed $plain --net "$net" --loss 'NLLLoss()'
says 'NLLLoss takes logarithms of probabilities, but the network does not end with LogSoftmax'
misuse 'there is no loss CrossEntropyLos; do you mean CrossEntropyLoss?' $plain --net "$net" --loss 'CrossEntropyLos()'
misuse 'there is no loss CTCLoss; those that are known: CrossEntropyLoss, NLLLoss, MSELoss' $plain --net "$net" \
    --loss 'CTCLoss()'
misuse 'loss, line 1, column 18: CrossEntropyLoss has no argument smoothing; it has weight' $plain --net "$net" \
    --loss 'CrossEntropyLoss(smoothing=0.1)'
misuse 'label_smoothing must be a number from 0.0 to 1.0' $plain --net "$net" \
    --loss 'CrossEntropyLoss(label_smoothing=2)'
refuse 'CrossEntropyLoss: weight has 2 numbers, but the output has 3 classes' $plain --net "$net" \
    --loss 'CrossEntropyLoss(weight=[1, 2])'
misuse 'weight: numbers are expected, such as \[1.0, 2.5\]' $plain --net "$net" --loss 'CrossEntropyLoss(weight=2)'
misuse 'weight: numbers are expected' $plain --net "$net" --loss 'CrossEntropyLoss(weight=[])'
misuse 'weight: a number of at least 0 is expected' $plain --net "$net" --loss 'CrossEntropyLoss(weight=[1, -2, 1])'
misuse 'only size_average=None is supported' $plain --net "$net" --loss 'MSELoss(size_average=True)'
misuse "p must be a whole number from 1.0 to 2.0" $plain --net "$net" --loss 'MultiMarginLoss(p=3)'
succeed $plain --net "$net" --loss 'nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.5, 0]), label_smoothing=0.1)'
succeed $plain --net "$net" --loss 'MultiMarginLoss(p=2)'
numbers="$run --quiet --data $work/x.npy,$work/f.npy"
for loss in 'BCEWithLogitsLoss(pos_weight=[1, 2, 3])' 'KLDivLoss(reduction="batchmean")' 'SoftMarginLoss()' \
    'PoissonNLLLoss(log_input=True, full=True)' 'HingeEmbeddingLoss(margin=2)' 'MultiLabelSoftMarginLoss(weight=[2])'; do
    succeed $numbers --net "$net" --loss "$loss"
done
# Shares of classes.
succeed $numbers --net "$net" --loss 'CrossEntropyLoss()'
grep -q accuracy "$work/out" && bad "shares have no accuracy"
refuse 'GaussianNLLLoss takes 2 outputs of a network, but this one returns 1' $numbers --net "$net" \
    --loss 'GaussianNLLLoss()'
refuse 'TripletMarginLoss takes 3 outputs of a network, but this one returns 1' $numbers --net "$net" \
    --loss 'TripletMarginLoss()'
cat > "$work/two.txt" <<'END'
Module(
  (a): Linear(in_features=16, out_features=3, bias=True)
  (b): Linear(in_features=16, out_features=3, bias=True)
)

def forward(self, x):
    flatten = x.flatten(1);  x = None
    a = self.a(flatten)
    b = self.b(flatten);  flatten = None
    exp = torch.exp(b);  b = None
    return (a, exp)
END
succeed $numbers --net "$work/two.txt" --loss 'GaussianNLLLoss()' --save "$work/two.st"
refuse 'GaussianNLLLoss: the outputs have the shapes \[1, 3\] and \[1, 1\]: expected one' $numbers \
    --net "$(sed 's/out_features=3, bias=True)$/&/; /(b)/s/out_features=3/out_features=1/' "$work/two.txt")" \
    --loss 'GaussianNLLLoss()'
misuse 'reduction must be one of mean/sum' $plain --net "$net" --loss 'MSELoss(reduction="none")'
misuse "line 1, column 9: expected a value" $plain --net "$net" --loss 'MSELoss('
misuse "expected '(' behind MSELoss" $plain --net "$net" --loss 'MSELoss'
misuse 'expected the end of the text' $plain --net "$net" --loss 'MSELoss() 3'
succeed $plain --net "$net" --optimizer "$(printf 'SGD (\nParameter Group 0\n    dampening: 0\n    foreach: None\n    lr: 0.1
    maximize: False\n    momentum: 0.9\n    nesterov: False\n    weight_decay: 0\n)')" --log "$work/printed"
succeed $plain --net "$net" --optimizer 'torch.optim.SGD(model.parameters(), 0.2 / 2, momentum=0.9)' \
    --log "$work/called"
succeed $plain --net "$net" --optimizer sgd --lr 0.1 --momentum 0.9 --log "$work/old"
for log in called old; do
    grep '"step"' "$work/$log" > "$work/one"
    grep '"step"' "$work/printed" | cmp -s - "$work/one" || bad "$log is another run"
done
misuse 'there is no optimizer SGB; do you mean SGD?' $plain --net "$net" --optimizer 'SGB(lr=1)'
misuse 'there is no optimizer Rprop; those that are known: SGD, Adam, AdamW, RMSprop' $plain --net "$net" \
    --optimizer 'Rprop()'
misuse "there is no optimizer 'rprop'; choose adam, sgd or another that --help names" $plain --net "$net" \
    --optimizer rprop
misuse 'SGD(lr=1) says what --lr says' $plain --net "$net" --optimizer 'SGD(lr=1)' --lr 0.1
misuse 'Adam: only differentiable=False is supported' $plain --net "$net" --optimizer 'Adam(differentiable=True)'
misuse 'SGD: lr is given twice' $plain --net "$net" --optimizer 'SGD(0.1, lr=0.2)'
misuse 'lr must be a number of at least 0.0' $plain --net "$net" --optimizer 'Adam(lr=-1)'
misuse 'betas must be two numbers, such as (0.9, 0.999)' $plain --net "$net" --optimizer 'Adam(betas=0.9)'
misuse 'only one parameter group is supported' $plain --net "$net" \
    --optimizer 'SGD ( Parameter Group 0 lr: 1 Parameter Group 1 lr: 2 )'
misuse "Adam has no argument momentum" $plain --net "$net" --momentum 0.5
verdict
