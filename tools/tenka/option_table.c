#include "option_table.h"

#include <math.h>
#include <stddef.h>

/* Tables, laid out by hand. */
/* clang-format off */

#define MAX_COUNT 1000000000u

/* What a row says of its kind: the member of struct options, and the bounds. */
#define MEMBER(m) .at = offsetof(struct options, m), .size = sizeof(((struct options *)NULL)->m)
#define FLAG(m) .kind = OPTION_FLAG, MEMBER(m)
#define TEXT(m) .kind = OPTION_TEXT, MEMBER(m)
#define NAME(m) .kind = OPTION_NAME, MEMBER(m)
#define WHOLE(m, least, most) .kind = OPTION_WHOLE, MEMBER(m), .low = (least), .high = (most)
#define COUNT(m) WHOLE(m, 1, MAX_COUNT)
#define REAL(m, most) .kind = OPTION_REAL, MEMBER(m), .limit = (most)
#define TIME(m) .kind = OPTION_TIME, MEMBER(m)
#define WORD(m, list) .kind = OPTION_WORD, MEMBER(m), .words = (list)
#define WORDS(m, list) .kind = OPTION_WORDS, MEMBER(m), .words = (list)
#define SHAPE(m) .kind = OPTION_SHAPE, MEMBER(m), .low = 1, .high = MAX_COUNT
#define COUNTS(m) .kind = OPTION_COUNTS, MEMBER(m), .low = 1, .high = MAX_COUNT
#define EVERY_N(m) .kind = OPTION_EVERY, MEMBER(m), .low = 1, .high = MAX_COUNT
#define LIST(m) .kind = OPTION_LIST, MEMBER(m)
#define NUMBERS(m, above) .kind = OPTION_NUMBERS, MEMBER(m), .limit = (above)

static const struct option_word backends[] = {
    { "auto", TENKA_BACKEND_AUTO }, { "vulkan", TENKA_BACKEND_VULKAN }, { "cpu", TENKA_BACKEND_CPU },
    { "cpu-f64", TENKA_BACKEND_CPU_F64 }, { NULL, 0 },
};
static const struct option_word means[] = {
    { "images", LOSS_MEAN_IMAGES }, { "batches", LOSS_MEAN_BATCHES }, { NULL, 0 },
};
static const struct option_word bests[] = {
    { "usual", BEST_USUAL }, { "loss", BEST_LOSS }, { "accuracy", BEST_ACCURACY }, { "f1", BEST_F1 },
    { "mean-iou", BEST_MEAN_IOU }, { "exact", BEST_EXACT }, { "mae", BEST_MAE }, { "rmse", BEST_RMSE },
    { "r2", BEST_R2 }, { "psnr", BEST_PSNR }, { NULL, 0 },
};
static const struct option_word measures[] = {
    { "usual", TENKA_SCHEDULE_USUAL }, { "step", TENKA_SCHEDULE_STEP }, { "epoch", TENKA_SCHEDULE_EPOCH }, { NULL, 0 },
};
static const struct option_word masks[] = {
    { "auto", TENKA_DROPOUT_AUTO }, { "torch", TENKA_DROPOUT_TORCH }, { "philox", TENKA_DROPOUT_PHILOX }, { NULL, 0 },
};
static const struct option_word weightings[] = { { "none", false }, { "balanced", true }, { NULL, 0 } };
static const struct option_word remedies[] = {
    { "error", TENKA_CSV_MISSING_ERROR }, { "drop", TENKA_CSV_MISSING_DROP }, { "mean", TENKA_CSV_MISSING_MEAN },
    { NULL, 0 },
};
static const struct option_word tunings[] = {
    { "auto", TENKA_TUNE_AUTO }, { "on", TENKA_TUNE_ON }, { "off", TENKA_TUNE_OFF }, { NULL, 0 },
};
static const struct option_word alphas[] = {
    { "ignore", TENKA_ALPHA_IGNORE }, { "black", TENKA_ALPHA_ON_BLACK }, { "white", TENKA_ALPHA_ON_WHITE }, { NULL, 0 },
};
static const struct option_word fits[] = { { "stretch", false }, { "crop", true }, { NULL, 0 } };
static const struct option_word parts[] = {
    { "ceilings", BENCH_CEILINGS }, { "kernels", BENCH_KERNELS }, { "shapes", BENCH_SHAPES }, { "steps", BENCH_STEPS },
    { NULL, 0 },
};

#define DATA_FORMS "Folder of pictures by class, train/cat/1.jpg with val or test beside train, or only cat/ and dog/; or " \
    "of the binary version of CIFAR-10 or -100, or its .tar.gz; or with the four IDX files of MNIST, Fashion-MNIST, KMNIST, EMNIST or QMNIST, plain or .gz; " \
    "of several data sets in one, FOLDER/NAME, such as emnist/emnist-letters; or files of any name: "
#define ARRAY_FORMS ". Or arrays of NumPy of any shape, taken as they are, with classes or floats as targets: "
#define TABLE_FORMS ". Or a table, FILE.csv with names of columns in its first line"
#define MASK_FORMS ". Or pictures with a mask for each: a folder with images and masks, or with train and val that have " \
    "both, or --masks"
#define MASKS_HELP "A mask for each picture of --data, of the same name but with .png, in which each pixel has the class of " \
    "the picture's as its grey value or palette's index, and 255 where none counts; train and val of the pictures, where " \
    "they have such, are here too. Masks are transformed with their pictures"
#define DATA_DEFAULT ". Default: the first that exists of ./data/fashion-mnist, ./data/mnist, the same two under " \
    "$XDG_DATA_HOME/tenka (~/.local/share/tenka where that is not set), and /usr/share/datasets/fashion-mnist"
#define WEIGHTS_NET "Network to put the weights into. Default: the one that the file describes"
#define OPTIMIZER_HELP "sgd, adam, adamw, rmsprop, adagrad, adadelta, nadam, radam, adamax, lion or lamb, with PyTorch's " \
    "numbers but for --lr, --momentum and --weight-decay; or with all its numbers as PyTorch writes it, such as " \
    "SGD(lr=0.05, momentum=0.9) or AdamW(lr=1e-3), in place of those"
#define FREEZE_HELP "Do not train what PATTERN names: a layer or tensor, such as layer1 or *.bias, with * for any text. " \
    "--freeze and --train can be given several times, and later ones win: --freeze '*' --train fc"
#define STATS_HELP "Keep frozen layers with running statistics, such as BatchNorm2d, in evaluation mode, so that they " \
    "normalise by their statistics and leave them as they are"
#define MIXED_HELP "What 'tenka train' would mix the training pictures by; --sheet shows a batch"
#define TARGET_HELP "Columns of a CSV file that the network is to tell; all others are its input"
#define TARGET_INPUT_HELP TARGET_HELP ". Of other data, input: what the network is given, normalised and transformed, is " \
    "what it is to give again, as an autoencoder does"
#define WITHOUT_HELP "Columns of a CSV file to leave out of the input, such as a number of the line"
#define MISSING_HELP "What to do about missing values of a CSV file, such as empty cells and NA: error, drop (leave " \
    "those lines out) or mean (put in the mean of the training samples, or of texts the most frequent; only lines that " \
    "lack a target are left out). It is saved with the network, and done by test and predict, too"
#define CLASSES_HELP "Names of the classes: a file with one a line, or a list such as cat,dog. An existing file wins. "

/* In the order in which --help has them within a group. Where an option has an initial argument, --help names it. */
const struct option option_table[] = {
    /* ---- Data, network, pictures ---- */
    { "data", NULL, "FOLDER|FILES", NAME(data), .key = "data", .uses = {
        { TRAIN, GROUP_DATA, DATA_FORMS "train-images,train-labels,test-images,test-labels" ARRAY_FORMS
          "x.npy,y.npy, with two more files for testing, or FILE.npz with x_train, y_train, x_test, y_test or with x, y"
          TABLE_FORMS ", or train.csv,test.csv, and --target" MASK_FORMS DATA_DEFAULT },
        { TEST, GROUP_DATA, DATA_FORMS "images,labels, or four, of which the last two are tested on" ARRAY_FORMS
          "x.npy,y.npy, or FILE.npz with x_test, y_test or with x, y" TABLE_FORMS MASK_FORMS ". Default: what the network was trained on, which a "
          ".pt does not say" },
        { PROFILE, GROUP_RUNS, "Real images: the training half of what --data of 'tenka train' names, or the files "
          "images,labels. Default: images of no meaning" } } },
    { "masks", NULL, "FOLDER", NAME(masks), .key = "masks", .uses = {
        { TRAIN | TEST | DATA, GROUP_DATA, MASKS_HELP } } },
    { "limit", NULL, "N", COUNT(limit), .key = "limit", .uses = {
        { TRAIN, GROUP_DATA, "Train on the first N training images only; testing takes all test images" } } },
    { "target", NULL, "COLUMN[,...]", NAME(target), .key = "target", .uses = {
        { TRAIN, GROUP_DATA, TARGET_INPUT_HELP }, { DATA, GROUP_DATA, TARGET_HELP }, { PROFILE, GROUP_RUNS, TARGET_HELP } } },
    { "without", NULL, "COLUMN[,...]", NAME(without), .key = "without", .uses = {
        { TRAIN | DATA, GROUP_DATA, WITHOUT_HELP }, { PROFILE, GROUP_RUNS, WITHOUT_HELP } } },
    { "standardize", NULL, NULL, FLAG(standardize), .key = "standardize", .uses = {
        { TRAIN, GROUP_DATA, "Subtract from each number of a CSV file's input its mean and divide by its deviation, "
          "those of the training samples, which are saved with the network; of its targets too where the loss is MSELoss, "
          "L1Loss, SmoothL1Loss or HuberLoss: the loss is of these, answers and errors are in the table's unit. With "
          "--load the network's own means and deviations are taken for a table of the same columns" } } },
    { "split", NULL, "X", REAL(split, 1), .key = "split", .uses = {
        { TRAIN, GROUP_DATA, "Keep the part X of data without a test half from training, and test on it: 0.2 of each "
          "class, or of all samples without classes; which ones, --seed says" },
        { TEST, GROUP_DATA, "Test on the part X that training with this --split and --seed kept, for a network whose file "
          "does not say it, such as a .pt; a .safetensors of 'tenka train' knows its part" } } },
    { "missing", NULL, "HOW", WORD(missing, remedies), .initial = "error", .key = "missing", .uses = {
        { TRAIN | DATA, GROUP_DATA, MISSING_HELP }, { PROFILE, GROUP_RUNS, MISSING_HELP } } },
    { "skip-bad", NULL, NULL, FLAG(skip_bad), .key = "skip_bad", .uses = {
        { TRAIN | TEST | DATA, GROUP_DATA, "Leave out pictures that cannot be read, and name them; all are decoded once "
          "before training begins. Without it the first of them ends the command" } } },
    { "keep-pictures", NULL, "MIB", WHOLE(keep_mib, 0, UINT32_MAX), .uses = {
        { TRAIN | TEST | DATA, GROUP_DATA, "Keep decoded pictures of a folder from one epoch to the next, in so many MiB "
          "of memory; 0: none. Results do not depend on it. Default: as long as more than that stays free" } } },
    { "load", NULL, "FILE", NAME(load), .key = "load", .uses = {
        { TRAIN, GROUP_DATA, "Begin with the weights of a safetensors or PyTorch .pt file" },
        { TEST, GROUP_DATA, "The saved network (needed): safetensors, or PyTorch's .pt together with --net" },
        { PREDICT, GROUP_NETWORK, "The saved network (needed): safetensors, or PyTorch's .pt together with --net, "
          "--input, --mean and --std" },
        { SUMMARY, GROUP_NETWORK, "A saved network" },
        { CONVERT, GROUP_NETWORK, "The saved network (needed): safetensors, a checkpoint, or PyTorch's .pt together with "
          "--net" },
        { BENCH, GROUP_MEASURED, "A saved network, or weights for --net" },
        { PROFILE, GROUP_RUNS, "A saved network, or weights for --net" } } },
    { "net", NULL, "FILE|TEXT", NAME(net), .key = "net", .uses = {
        { TRAIN, GROUP_DATA, "Network as PyTorch prints it, or short: 'Flatten() Linear(784,10)'. An existing file "
          "wins over text. Default: the network of --load or --resume, else one with two convolutions for 28x28 "
          "images" },
        { TEST, GROUP_DATA, WEIGHTS_NET },
        { PREDICT | CONVERT, GROUP_NETWORK, WEIGHTS_NET },
        { SUMMARY, GROUP_NETWORK, "Network as PyTorch prints it, or short. Default: that of --load, else the one of "
          "'tenka train'" },
        { BENCH, GROUP_MEASURED, "Kernels and whole steps of this network instead of the one of 'tenka train'" },
        { PROFILE, GROUP_RUNS, "Training steps of this network instead of the one of 'tenka train'" } } },
    { "load-partial", NULL, NULL, FLAG(load_partial), .key = "load_partial", .uses = {
        { TRAIN, GROUP_FINE, "Take of --load what the network of --net has by name and shape, and list what it has not; "
          "the rest begins as ever" } } },
    { "init", NULL, "[PATTERN:]CALL", LIST(inits), .key = "init", .uses = {
        { TRAIN, GROUP_FINE, "Draw weights as a function of torch.nn.init, before any are loaded: kaiming_normal_(mode="
          "fan_out, nonlinearity=relu), xavier_uniform_(), normal_(0, 0.02), zeros_() and the like, for what PATTERN "
          "names; without PATTERN for all weights of two axes and more. Can be given several times" } } },
    { "reset", NULL, "PATTERN", LIST(resets), .key = "reset", .uses = {
        { TRAIN, GROUP_FINE, "Let layers begin anew, as PyTorch's reset_parameters, after weights are loaded. PATTERN is "
          "a name of a layer or tensor, such as fc or layer4.0.conv1.weight, with * for any text. Can be given several "
          "times" } } },
    { "freeze", NULL, "PATTERN", LIST(frozen), .key = "freeze", .uses = {
        { TRAIN | SUMMARY, GROUP_FINE, FREEZE_HELP },
        { PROFILE, GROUP_RUNS, FREEZE_HELP } } },
    { "train", NULL, "PATTERN", LIST(frozen), .key = "train", .uses = {
        { TRAIN | SUMMARY, GROUP_FINE, "Train after all what PATTERN names" },
        { PROFILE, GROUP_RUNS, "Train after all what PATTERN names" } } },
    { "freeze-stats", NULL, NULL, FLAG(freeze_stats), .key = "freeze_stats", .uses = {
        { TRAIN, GROUP_FINE, STATS_HELP },
        { PROFILE, GROUP_RUNS, STATS_HELP } } },
    { "classes", NULL, "FILE|LIST", TEXT(classes), .uses = {
        { TRAIN, GROUP_DATA, CLASSES_HELP "They are saved with the network. Default: those of Fashion-MNIST for data "
          "in a folder of that name, else numbers" },
        { PREDICT, GROUP_NETWORK, CLASSES_HELP "Default: those that were saved, else numbers" } } },
    { "save", NULL, "FILE", TEXT(save), .key = "save", .uses = {
        { TRAIN, GROUP_DATA, "Write the trained network, also after Ctrl-C: as PyTorch's .pt when the name ends in .pt "
          "or .pth, else as safetensors. Of a symbolic link, what it leads to is replaced" },
        { CONVERT, GROUP_NETWORK, "The file to write (needed): PyTorch's .pt when the name ends in .pt or .pth, else "
          "safetensors, with the network's text in it" } } },
    { "input", NULL, "C,H,W", SHAPE(input), .uses = {
        { TRAIN | TEST, GROUP_DATA, "What pictures of a folder become: 1 channel for grey or 3 for colour, height and "
          "width. Default: what the saved network says, else a size that all have or a usual one, such as 3,224,224, "
          "that the network takes" },
        { PREDICT, GROUP_PICTURES, "Shape of the network's input, with 1 channel for grey or 3 for colour. Default: "
          "what the saved network says, as for --mean and --std" },
        { SUMMARY, GROUP_NETWORK, "Shape of one image. Default: that of --load, else 1,28,28" },
        { BENCH, GROUP_MEASURED, "Shape of one image. Default: 1,28,28" },
        { PROFILE, GROUP_RUNS, "Shape of one image. Default: that of --data, else 1,28,28" } } },
    { "mean", NULL, "X[,X...]", NUMBERS(mean, -INFINITY), .uses = {
        { TRAIN, GROUP_DATA, "Mean of images, for all channels or for each, that is taken from values of 0 to 1. "
          "Default: of pictures in folders 0.485,0.456,0.406, of MNIST and its like 0.1307" },
        { PREDICT, GROUP_PICTURES, "Mean, for all channels or for each, that is taken from values of 0 to 1" } } },
    { "std", NULL, "X[,X...]", NUMBERS(std, 0), .uses = {
        { TRAIN, GROUP_DATA, "Deviation that they are then divided by. Default: 0.229,0.224,0.225, or 0.3081" },
        { PREDICT, GROUP_PICTURES, "Deviation that they are then divided by" } } },
    { "transform", NULL, "TEXT|FILE", NAME(transform), .key = "transform", .uses = {
        { TRAIN, GROUP_DATA, "What the network is given of the training pictures, as torchvision.transforms prints or "
          "writes it: \"Compose([RandomResizedCrop(224), RandomHorizontalFlip(), ToTensor(), Normalize((0.485, "
          "0.456, 0.406), (0.229, 0.224, 0.225))])\". An existing file wins over text. What is random is drawn anew in "
          "each epoch. In place of --input, --mean and --std" },
        { DATA, GROUP_DATA, "What 'tenka train --transform' would make of the training pictures; --sheet shows it" } } },
    { "eval-transform", NULL, "TEXT|FILE", NAME(eval_transform), .key = "eval_transform", .uses = {
        { TRAIN, GROUP_DATA, "The same of the test pictures, and of those that 'tenka test' and 'tenka predict' are to "
          "see, since it is saved with the network. Default: --transform, or, where that is random, what the network of "
          "--load was saved with" },
        { TEST, GROUP_DATA, "What the network is given of pictures, as torchvision.transforms prints or writes it. "
          "Default: what was saved with the network" },
        { PREDICT, GROUP_PICTURES, "What the network is given of a picture, as torchvision.transforms prints or writes "
          "it. Default: what was saved with the network" } } },
    { "mixup", NULL, "ALPHA", REAL(mixup, 1e6), .initial = "0", .key = "mixup", .uses = {
        { TRAIN, GROUP_DATA, "Mix the training samples of each batch with each other, and their targets, by a share of "
          "Beta(ALPHA, ALPHA): 0.2 is usual. With --cutmix one of the two is drawn for each batch. The loss must be "
          "CrossEntropyLoss, and the train loss is that of mixed targets; 0: not" },
        { DATA, GROUP_DATA, MIXED_HELP } } },
    { "cutmix", NULL, "ALPHA", REAL(cutmix, 1e6), .initial = "0", .key = "cutmix", .uses = {
        { TRAIN, GROUP_DATA, "Put a rectangle of another training picture of the batch into each, and mix their targets "
          "by its share, which is of Beta(ALPHA, ALPHA): 1 is usual. As for --mixup" },
        { DATA, GROUP_DATA, MIXED_HELP } } },
    { "invert", NULL, NULL, FLAG(invert), .uses = {
        { PREDICT, GROUP_PICTURES, "Take each picture's negative. A network that has learned white on black, as MNIST "
          "and Fashion-MNIST are, needs it for ink on paper and for photographs on a white ground" } } },
    { "fit", NULL, "HOW", WORD(crop, fits), .initial = "stretch", .uses = {
        { PREDICT, GROUP_PICTURES, "How a picture of other proportions becomes the network's input: stretch "
          "(torchvision's Resize), or crop: its middle alone" } } },
    { "alpha", NULL, "HOW", WORD(alpha, alphas), .initial = "ignore", .uses = {
        { PREDICT, GROUP_PICTURES, "What becomes of transparency: ignore (the colours beneath it, as torchvision and "
          "Pillow do), black or white (what to lay it on)" } } },

    /* ---- What verify and bench look at ---- */
    { "op", NULL, "NAME", TEXT(op), .uses = {
        { VERIFY, GROUP_CHECKED, "One operator alone, such as conv2d; or one of training_step, repeatability and "
          "order" },
        { BENCH, GROUP_MEASURED, "The shapes of one operator alone, such as conv2d" } } },
    { "all", NULL, NULL, FLAG(all), .uses = {
        { VERIFY, GROUP_CHECKED, "Also cases that take seconds, and each variant of a kernel that the device can run, "
          "at one of the cases: it must give the same bits" } } },
    { "only", NULL, "PART[,...]", WORDS(parts, parts), .unknown = "there is no part", .uses = {
        { BENCH, GROUP_MEASURED, "Only these parts: ceilings, kernels (of a training step), shapes (others), steps "
          "(whole ones)" } } },

    /* ---- Training ---- */
    { "epochs", NULL, "N", COUNT(epochs), .initial = "5", .key = "epochs", .uses = {
        { TRAIN, GROUP_TRAINING, "Passes over the training images" } } },
    { "batch-size", NULL, "N", COUNT(batch_size), .initial = "100", .key = "batch_size", .uses = {
        { TRAIN, GROUP_TRAINING, "Images in a step; more than there are makes one step of all of them" },
        { TEST, GROUP_DATA, "Images in a step" },
        { PREDICT, GROUP_NETWORK, "Pictures in a step" },
        { DATA, GROUP_MEASURED, "Samples in a batch of --passes" },
        { SUMMARY, GROUP_TRAINING, "Images in a step" },
        { PROFILE, GROUP_RUNS, "Images in a step" } } },
    { "batch-size", NULL, "N[,N...]", COUNTS(batch_sizes), .uses = {
        { BENCH, GROUP_MEASURED, "Images in a step, for whole steps. Kernels of a step are measured at 100, or at the "
          "first of these. Default: 32,100,1000" } } },
    { "drop-last", NULL, NULL, FLAG(drop_last), .key = "drop_last", .uses = {
        { TRAIN, GROUP_TRAINING, "Leave out an epoch's last batch where it is smaller: for networks with BatchNorm2d, "
          "which can be unable to train on a single image" } } },
    { "no-shuffle", NULL, NULL, FLAG(no_shuffle), .key = "no_shuffle", .uses = {
        { TRAIN, GROUP_TRAINING, "Take the samples of each epoch in the order of the data" } } },
    { "test-batch-size", NULL, "N", COUNT(test_batch_size), .key = "test_batch_size", .uses = {
        { TRAIN, GROUP_TRAINING, "Images in a step of testing. Default: as --batch-size" } } },
    { "optimizer", NULL, "NAME|CALL", NAME(optimizer), .initial = "adam", .key = "optimizer", .uses = {
        { TRAIN | SUMMARY, GROUP_TRAINING, OPTIMIZER_HELP },
        { PROFILE, GROUP_RUNS, OPTIMIZER_HELP } } },
    { "loss", NULL, "CALL", NAME(loss), .key = "loss", .uses = {
        { TRAIN | TEST, GROUP_TRAINING, "Loss as PyTorch writes it: CrossEntropyLoss(label_smoothing=0.1), NLLLoss(), "
          "MSELoss(), L1Loss(), BCEWithLogitsLoss() and others (docs/pytorch.md), with weight=[...] and ignore_index=N "
          "where targets are classes, and reduction=mean or sum. Default: of targets that are floats "
          "MSELoss(), else NLLLoss() for a network that ends with LogSoftmax and CrossEntropyLoss() for others" } } },
    { "class-weights", NULL, "HOW", WORD(balanced, weightings), .initial = "none", .key = "class_weights", .uses = {
        { TRAIN, GROUP_TRAINING, "Weights of the classes in the loss: none, those of --loss, or balanced, all targets "
          "divided by the number of classes and by the class's own targets, as scikit-learn has it, counted in the "
          "training half; of masks its pixels" } } },
    { "aux-weight", NULL, "X", REAL(aux_weight, 1e6), .initial = "0", .key = "aux_weight", .uses = {
        { TRAIN, GROUP_TRAINING, "Add X times the loss of each further output to that of the first, for networks that "
          "return several: 0.3 is usual for GoogLeNet, 0.4 for Inception" },
        { SUMMARY, GROUP_TRAINING, "Count the losses of further outputs, as 'tenka train --aux-weight' has them" } } },
    { "lr", NULL, "X", REAL(lr, 1e6), .key = "lr", .uses = {
        { TRAIN, GROUP_TRAINING, "Learning rate, from 0 to 1e6. Default: the optimizer's, 1e-3 of adam and sgd. With "
          "--resume it may be another than the checkpoint's: all learning rates to come change in proportion" } } },
    { "momentum", NULL, "X", REAL(momentum, 1), .initial = "0", .key = "momentum", .uses = {
        { TRAIN | SUMMARY, GROUP_TRAINING, "Momentum of sgd and rmsprop, from 0 to 1" },
        { PROFILE, GROUP_RUNS, "Momentum of sgd and rmsprop, from 0 to 1" } } },
    { "weight-decay", NULL, "X", REAL(weight_decay, 1e6), .key = "weight_decay", .uses = {
        { TRAIN, GROUP_TRAINING, "L2 penalty that is added to the gradient, of adamw and lion taken off the weights. "
          "Default: the optimizer's, 0 of adam and sgd" } } },
    { "group", NULL, "PATTERN:CHANGES", LIST(groups), .key = "group", .uses = {
        { TRAIN, GROUP_TRAINING, "A parameter group: other arguments of the optimizer for what PATTERN names, such as "
          "'*.bias: weight_decay=0' or 'fc: lr=0.01, weight_decay=0'; patterns as for --freeze. Can be given several "
          "times; where two say the same argument of a tensor, the later one wins" } } },
    { "no-decay-norms", NULL, NULL, FLAG(no_decay_norms), .key = "no_decay_norms", .uses = {
        { TRAIN, GROUP_TRAINING, "No weight decay for parameters of normalising layers, such as BatchNorm2d and "
          "LayerNorm, and for biases" } } },
    { "schedule", NULL, "CALL", NAME(schedule), .key = "schedule", .uses = {
        { TRAIN, GROUP_TRAINING, "Schedule of the learning rate as PyTorch writes it: StepLR(30), MultiStepLR([30, 60]), "
          "ConstantLR(), LinearLR(), ExponentialLR(0.9), PolynomialLR(10), CosineAnnealingLR(T_max=10), "
          "CosineAnnealingWarmRestarts(10), OneCycleLR(max_lr=0.1), CyclicLR(0.001, 0.1), ReduceLROnPlateau(), which "
          "looks at the test loss, or without a test half at the training loss, WarmupCosine(warmup=5), or several: "
          "SequentialLR([LinearLR(0.1), CosineAnnealingLR(10)], [5]), ChainedScheduler([...]). OneCycleLR and "
          "WarmupCosine end with the run where they do not say when" } } },
    { "schedule-per", NULL, "WHAT", WORD(schedule_per, measures), .initial = "usual", .key = "schedule_per", .uses = {
        { TRAIN, GROUP_TRAINING, "Whether it goes on with each step or each epoch, or as is usual in PyTorch: "
          "OneCycleLR and CyclicLR by step, others by epoch" } } },
    { "clip-grad-norm", NULL, "X", REAL(clip_grad_norm, 1e30), .key = "clip_grad_norm", .uses = {
        { TRAIN, GROUP_TRAINING, "Scale the gradients of a step so that their common norm is at most X, as PyTorch's "
          "clip_grad_norm_; 0: not" } } },
    { "clip-grad-value", NULL, "X", REAL(clip_grad_value, 1e30), .key = "clip_grad_value", .uses = {
        { TRAIN, GROUP_TRAINING, "Clip each element of the gradients to -X .. X, as PyTorch's clip_grad_value_; 0: "
          "not" } } },
    { "accumulate", NULL, "N", COUNT(accumulate), .initial = "1", .key = "accumulate", .uses = {
        { TRAIN, GROUP_TRAINING, "Update the weights after N batches, with the sum of their gradients divided by N; the "
          "last batches of an epoch, though they be fewer, are divided by N as well. Checkpoints are written between "
          "updates" },
        { SUMMARY, GROUP_TRAINING, "Count the gradients that 'tenka train --accumulate' keeps from batch to batch" } } },
    { "ema", NULL, "DECAY", REAL(ema, 1), .initial = "0", .key = "ema", .uses = {
        { TRAIN, GROUP_TRAINING, "Keep a moving average of weights and running statistics, of which DECAY stays at each "
          "update, such as 0.999, as PyTorch's get_ema_multi_avg_fn; what is tested and saved is the average, and "
          "training goes on with the weights; 0: none" },
        { SUMMARY, GROUP_TRAINING, "Count the average that 'tenka train --ema' keeps" } } },
    { "find-lr", NULL, NULL, FLAG(find_lr), .uses = {
        { TRAIN, GROUP_TRAINING, "Do not train, but look for a learning rate: takes 100 updates with ever larger ones, "
          "from 1e-7 to 10 or until the loss diverges, plots the loss, and says where it falls fastest. Nothing is saved; "
          "--report has the curve" } } },
    { "seed", NULL, "N", WHOLE(seed, 0, UINT64_MAX), .initial = "0", .uses = {
        { TRAIN, GROUP_TRAINING, "Seed of weights and order. The same seed gives the weights and batches of PyTorch; "
          "as there, the low 32 bits count" },
        { TEST, GROUP_DATA, "The seed of the training whose part --split is to test" } } },
    { "dropout-mask", NULL, "NAME", WORD(dropout_mask, masks), .unknown = "nobody draws masks by", .initial = "auto",
      .key = "dropout_mask", .uses = {
        { TRAIN, GROUP_TRAINING, "Masks of dropout: torch (those of PyTorch on the CPU), philox (made on the device, "
          "the same on each), or auto: torch on the CPU, philox with Vulkan" } } },

    /* ---- For how long ---- */
    { "steps", NULL, "N", WHOLE(steps, 1, 10000), .initial = "20", .uses = {
        { PROFILE, GROUP_RUNS, "Steps that are timed; times are the medians" } } },
    { "seconds", NULL, "X", REAL(seconds, 3600), .uses = {
        { BENCH, GROUP_TIME, "Time for each measurement. Default: 1 for whole steps and 0.2 for a kernel" } } },
    { "quick", NULL, NULL, FLAG(quick), .uses = {
        { BENCH, GROUP_TIME, "A first impression: a tenth of the time, and a smaller choice of shapes and batch "
          "sizes" } } },
    { "val-every", NULL, "N", EVERY_N(val_every), .initial = "1", .key = "val_every", .uses = {
        { TRAIN, GROUP_TRAINING, "Test after every N-th epoch, or with 500steps after every 500th step, within epochs "
          "too, and after the last epoch. --best, --patience and ReduceLROnPlateau look at those tests" } } },
    { "best", NULL, "FILE", TEXT(best_file), .key = "best", .uses = {
        { TRAIN, GROUP_STOPPING, "Write the network after each test that was the best one so far, as --save writes it; "
          "with --ema the average. A resumed run goes on comparing" } } },
    { "best-by", NULL, "MEASURE", WORD(best_by, bests), .unknown = "no test measures", .initial = "usual",
      .key = "best_by", .uses = {
        { TRAIN, GROUP_STOPPING, "What says which test is the best: loss, accuracy, f1 (the mean of classes or labels), "
          "mean-iou, exact (samples with all labels right), mae, rmse, r2 or psnr. Usual is mean-iou of pixels' classes, "
          "accuracy of classes, f1 of labels, else loss" } } },
    { "patience", NULL, "N", COUNT(patience), .key = "patience", .uses = {
        { TRAIN, GROUP_STOPPING, "End the run after N tests in a row that were not better than the best one, by the "
          "same measure" } } },
    { "max-time", NULL, "TIME", TIME(max_time), .key = "max_time", .uses = {
        { TRAIN, GROUP_STOPPING, "Stop after this time, such as 2h30m, 90m or 45s, and save, as after Ctrl-C but with "
          "exit status 0; --resume goes on, for as long again" } } },
    { "best", NULL, NULL, FLAG(best), .uses = {
        { BENCH, GROUP_TIME, "The shortest times instead of medians: for a machine that does other things too" } } },

    /* ---- Device ---- */
    { "backend", NULL, "NAME", WORD(backend, backends), .unknown = "there is no backend", .initial = "auto",
      .key = "backend", .uses = {
        { COMPUTING, GROUP_DEVICE, "auto (a discrete, then an integrated GPU, else the CPU), vulkan, cpu, or cpu-f64 "
          "(double precision, slow)" } } },
    { "device", NULL, "N|NAME", TEXT(device), .key = "device", .uses = {
        { COMPUTING, GROUP_DEVICE, "Vulkan device, which then needs no --backend: its number in 'tenka devices', part "
          "of its name, or its UUID. cpu is the CPU" } } },
    { "threads", NULL, "N", WHOLE(threads, 0, 4096), .initial = "0", .key = "threads", .uses = {
        { COMPUTING, GROUP_DEVICE, "Threads of the CPU backend; 0: as many as there are cores. Results do not depend "
          "on it" } } },
    { "tune", NULL, "WHEN", WORD(tune, tunings), .initial = "auto", .key = "tune", .uses = {
        { COMPUTING, GROUP_DEVICE, "Whether Vulkan kernels are tuned: on (the first starts on a device take a few "
          "seconds to measure which variants are the fastest), off, or auto: on for GPUs, off for software devices. "
          "Results do not depend on it" } } },
    { "shader-dir", NULL, "DIR", TEXT(shader_dir), .key = "shader_dir", .uses = {
        { COMPUTING, GROUP_DEVICE, "Compile Vulkan kernels from DIR, a copy of the folder shaders/ of Tenka's sources "
          "that somebody edits, when they are first used" } } },
    { "validate", NULL, NULL, FLAG(validate), .key = "validate", .uses = {
        { COMPUTING, GROUP_DEVICE, "Turn on Vulkan's validation layer; any message of it is a failure" } } },

    /* ---- Output ---- */
    { "loss-mean", NULL, "OVER", WORD(loss_mean, means), .initial = "images", .key = "loss_mean", .uses = {
        { TRAIN | TEST, GROUP_OUTPUT, "Test loss: the mean over the images, or over the batches, of which a smaller "
          "last one counts as much as the others: the number that PyTorch's tutorial prints" } } },
    { "log", NULL, "FILE", NAME(log), .uses = {
        { TRAIN, GROUP_OUTPUT, "Write one JSON object a line: the run, each step's loss, each epoch's results" } } },
    { "report", NULL, "FILE.html", TEXT(report), .uses = {
        { TRAIN, GROUP_OUTPUT, "Write a page to look at, which needs no network: curves, which class is taken for which, "
          "the worst mistakes with their pictures, the network, every option and the command. It is there after the "
          "first checkpoint, and a resumed run goes on with it" },
        { TEST, GROUP_OUTPUT, "Write a page to look at, which needs no network: which class is taken for which, the "
          "worst mistakes with their pictures, the network" } } },
    { "tensorboard", NULL, "DIR", NAME(tensorboard), .uses = {
        { TRAIN, GROUP_OUTPUT, "Write what happens for TensorBoard: losses and learning rate of each step, for which it "
          "is waited, and of each epoch the test's results, histograms of the weights and of the last gradients, and some "
          "pictures with what the network takes them for" } } },
    { "out", NULL, "FILE|FOLDER", NAME(out), .uses = {
        { PREDICT, GROUP_OUTPUT, "Write the answers and print none: as FILE.csv with a header and a row for each picture "
          "or sample, of classes the likeliest and the probabilities of all, else the numbers, and the columns of a table "
          "that the network does not look at; of an array x.npy or a table x.csv, as FILE.npy with what the network "
          "gives, such as logits, in float32, in float64 with --backend cpu-f64; of a network that gives a class for "
          "each pixel the folder where a mask of each picture belongs, 1.png of 1.jpg, and the shares of the classes "
          "are printed" } } },
    { "sheet", NULL, "FILE.png", NAME(sheet), .uses = {
        { DATA, GROUP_OUTPUT, "Write a picture that shows some of the training images side by side, as the network is "
          "given them: those of a folder need --transform, whose numbers are drawn once" } } },
    { "passes", NULL, "N", WHOLE(passes, 1, 1000), .uses = {
        { DATA, GROUP_MEASURED, "Make all training samples ready for a network N times, as training does, and print how "
          "fast that is: pictures of a folder are decoded and transformed, for which --transform is needed. Later passes "
          "have what --keep-pictures keeps" } } },
    { "top", NULL, "K", COUNT(top), .initial = "3", .uses = {
        { PREDICT, GROUP_OUTPUT, "The K likeliest classes of each picture" } } },
    { "top", NULL, "K", COUNT(test_top), .uses = {
        { TEST, GROUP_OUTPUT, "Print also how often the right class is among the K likeliest" } } },
    { "confusion", NULL, NULL, FLAG(confusion), .uses = {
        { TEST, GROUP_OUTPUT, "Print which class is taken for which, and precision, recall and F1 of each; of labels, "
          "those of each label. Of more than 20 classes, the pairs that are confused most" } } },
    { "worst", NULL, "N", COUNT(worst), .uses = {
        { TEST, GROUP_OUTPUT, "Print the N images with the largest loss: their numbers in the data, or files, what they are, and "
          "what the network takes them for" } } },
    { "json", NULL, NULL, FLAG(json), .uses = {
        { TEST, GROUP_OUTPUT, "One JSON object, with all of that, instead of lines" },
        { PREDICT, GROUP_OUTPUT, "One JSON object instead of lines" },
        { SUMMARY | BENCH | PROFILE, GROUP_OUTPUT, "One JSON object instead of the tables" },
        { VERIFY | DATA, GROUP_OUTPUT, "One JSON object instead of the table" },
        { INFO, GROUP_OUTPUT, "One JSON object instead of lines" },
        { DEVICES, GROUP_OUTPUT, "One JSON array instead of the table" } } },
    { "trace", NULL, "FILE", TEXT(trace), .uses = {
        { PROFILE, GROUP_OUTPUT, "Write what host and device did in each of the steps, on one clock, as JSON for "
          "https://ui.perfetto.dev" } } },
    { "capture", NULL, "FILE", TEXT(capture), .uses = {
        { PROFILE, GROUP_OUTPUT, "Write a RenderDoc capture of one step; run the command with "
          "ENABLE_VULKAN_RENDERDOC_CAPTURE=1 in its environment" } } },
    { "quiet", NULL, NULL, FLAG(quiet), .uses = {
        { COMPUTING | CONVERT, GROUP_OUTPUT, "No progress and no news; results, warnings and errors remain" } } },

    /* ---- Stopping and going on ---- */
    { "checkpoint", NULL, "FILE", TEXT(checkpoint), .key = "checkpoint", .uses = {
        { TRAIN, GROUP_STOPPING, "Write all that is needed to go on to FILE: after each epoch, and after Ctrl-C; links "
          "as for --save. FILE can also be given to --load" } } },
    { "checkpoint-every", NULL, "STEPS", COUNT(checkpoint_every), .key = "checkpoint_every", .uses = {
        { TRAIN, GROUP_STOPPING, "Write it after so many steps as well" } } },
    { "resume", NULL, "FILE", NAME(resume), .key = "resume", .uses = {
        { TRAIN, GROUP_STOPPING, "Go on from a checkpoint, bit for bit, as if the run had not stopped; give the "
          "options of that run again, but for --data; it takes the place of --load. A --log file is continued" } } },
    { "fallback", NULL, NULL, FLAG(fallback), .key = "fallback", .uses = {
        { TRAIN, GROUP_STOPPING, "When the GPU fails in the middle, go on on the CPU, which may be much slower: from "
          "the last checkpoint, or from the beginning where there is none" } } },
    { "check-finite", NULL, NULL, FLAG(check_finite), .key = "check_finite", .uses = {
        { TRAIN, GROUP_STOPPING, "Check the loss and all gradients of each step, and stop at the first that is not "
          "finite with the layer where it began. Slower. Without it, such a loss stops the run within about a second, "
          "without the layer" } } },

    { "help", "h?", NULL, .kind = OPTION_HELP, .uses = { { EVERY, GROUP_HELP, "Show this help" } } },
    { "usage", NULL, NULL, .kind = OPTION_USAGE, .uses = { { EVERY, GROUP_HELP, "Show the options alone" } } },
    { .name = NULL },
};
