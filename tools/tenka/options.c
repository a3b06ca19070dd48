#define _POSIX_C_SOURCE 200809L
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "option_values.h"

/* Beyond characters, which argp would take for short options. */
enum key {
    KEY_DATA = 256, KEY_NET, KEY_EPOCHS, KEY_BATCH_SIZE, KEY_TEST_BATCH_SIZE, KEY_LR, KEY_OPTIMIZER, KEY_MOMENTUM,
    KEY_WEIGHT_DECAY, KEY_SEED, KEY_BACKEND, KEY_DEVICE, KEY_THREADS, KEY_VALIDATE, KEY_LIMIT, KEY_SAVE, KEY_LOAD,
    KEY_LOG, KEY_QUIET, KEY_JSON, KEY_CHECKPOINT, KEY_CHECKPOINT_EVERY, KEY_RESUME, KEY_INPUT, KEY_DROPOUT_MASK,
    KEY_TUNE, KEY_OP, KEY_ONLY, KEY_BATCH_SIZES, KEY_SECONDS, KEY_QUICK, KEY_BEST,
    KEY_CLASSES, KEY_TOP, KEY_MEAN, KEY_STD, KEY_ALPHA, KEY_FIT, KEY_INVERT, KEY_SHADER_DIR, KEY_ALL, KEY_STEPS,
    KEY_TRACE, KEY_CAPTURE, KEY_CHECK_FINITE, KEY_FALLBACK, KEY_DROP_LAST,
};

enum { KEY_SHORT_HELP = 'h' };

/* ---- One parser for all commands: a command's table says which options it has. ---- */

static error_t parse_number(struct options *o, int key, char *text, struct argp_state *state)
{
    switch (key) {
    case KEY_EPOCHS: o->epochs = count_number(state, "--epochs", text); return 0;
    case KEY_BATCH_SIZE: o->batch_size = count_number(state, "--batch-size", text); return 0;
    case KEY_TEST_BATCH_SIZE: o->test_batch_size = count_number(state, "--test-batch-size", text); return 0;
    case KEY_LIMIT: o->limit = count_number(state, "--limit", text); return 0;
    case KEY_CHECKPOINT_EVERY: o->checkpoint_every = count_number(state, "--checkpoint-every", text); return 0;
    case KEY_SEED: o->seed = whole_number(state, "--seed", text, 0, UINT64_MAX); return 0;
    case KEY_THREADS: o->threads = (int)whole_number(state, "--threads", text, 0, 4096); return 0;
    case KEY_LR: o->lr = real_number(state, "--lr", text, 1e6); return 0;
    case KEY_MOMENTUM: o->momentum = real_number(state, "--momentum", text, 1); return 0;
    case KEY_SECONDS: o->seconds = real_number(state, "--seconds", text, 3600); return 0;
    case KEY_STEPS: o->steps = (uint32_t)whole_number(state, "--steps", text, 1, 10000); return 0;
    case KEY_BATCH_SIZES: batch_sizes(state, text, o); return 0;
    case KEY_WEIGHT_DECAY: o->weight_decay = real_number(state, "--weight-decay", text, 1e6); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_predict(struct options *o, int key, char *text, struct argp_state *state)
{
    switch (key) {
    case KEY_TOP: o->top = count_number(state, "--top", text); return 0;
    case KEY_MEAN: o->mean = number_list(state, "--mean", text, false); return 0;
    case KEY_STD: o->std = number_list(state, "--std", text, true); return 0;
    case KEY_ALPHA: o->alpha = alpha_value(state, text); return 0;
    case KEY_FIT: o->crop = fit_is_crop(state, text); return 0;
    case KEY_INVERT: o->invert = true; return 0;
    case ARGP_KEY_ARGS:
        o->pictures = state->argv + state->next;
        o->n_pictures = (size_t)(state->argc - state->next);
        return 0;
    default: return parse_number(o, key, text, state);
    }
}

static void check_together(const struct options *o, struct argp_state *state)
{
    if (o->momentum > 0 && !o->sgd)
        say_misuse(state, "--momentum belongs to '--optimizer sgd'");
    if (o->checkpoint_every > 0 && o->checkpoint == NULL)
        say_misuse(state, "--checkpoint-every needs --checkpoint FILE: where are checkpoints to be written?");
    if (o->fallback && (o->backend == TENKA_BACKEND_CPU || o->backend == TENKA_BACKEND_CPU_F64))
        say_misuse(state, "--fallback goes on on the CPU when a GPU fails; leave it out with '--backend %s'",
                   backend_name(o->backend));
    if (o->fallback && o->validate)
        say_misuse(state, "--fallback would pass over what --validate finds; give one of the two");
    if (o->device != NULL && (o->backend == TENKA_BACKEND_CPU || o->backend == TENKA_BACKEND_CPU_F64))
        say_misuse(state, "--device chooses among Vulkan devices; leave it out with '--backend %s'",
                   backend_name(o->backend));
    if (o->shader_dir != NULL && (o->backend == TENKA_BACKEND_CPU || o->backend == TENKA_BACKEND_CPU_F64))
        say_misuse(state, "--shader-dir has kernels for Vulkan; leave it out with '--backend %s'",
                   backend_name(o->backend));
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_DATA: o->data = file_name(state, "--data", text); return 0;
    case KEY_NET: o->net = file_name(state, "--net", text); return 0;
    case KEY_DEVICE: o->device = text; return 0;
    case KEY_SHADER_DIR: o->shader_dir = text; return 0;
    case KEY_SAVE: o->save = text; return 0;
    case KEY_LOAD: o->load = file_name(state, "--load", text); return 0;
    case KEY_LOG: o->log = file_name(state, "--log", text); return 0;
    case KEY_CHECKPOINT: o->checkpoint = text; return 0;
    case KEY_RESUME: o->resume = file_name(state, "--resume", text); return 0;
    case KEY_VALIDATE: o->validate = true; return 0;
    case KEY_QUIET: o->quiet = true; return 0;
    case KEY_CHECK_FINITE: o->check_finite = true; return 0;
    case KEY_FALLBACK: o->fallback = true; return 0;
    case KEY_DROP_LAST: o->drop_last = true; return 0;
    case KEY_JSON: o->json = true; return 0;
    case KEY_QUICK: o->quick = true; return 0;
    case KEY_BEST: o->best = true; return 0;
    case KEY_ALL: o->all = true; return 0;
    case KEY_OP: o->op = text; return 0;
    case KEY_CLASSES: o->classes = text; return 0;
    case KEY_TRACE: o->trace = text; return 0;
    case KEY_CAPTURE: o->capture = text; return 0;
    case KEY_ONLY: o->parts = bench_parts(state, text); return 0;
    case KEY_INPUT: o->input = input_shape(state, text); return 0;
    case KEY_BACKEND: o->backend = backend_value(state, text); return 0;
    case KEY_TUNE: o->tune = tune_value(state, text); return 0;
    case KEY_DROPOUT_MASK: o->dropout_mask = dropout_mask_value(state, text); return 0;
    case KEY_OPTIMIZER: o->sgd = optimizer_is_sgd(state, text); return 0;
    case KEY_SHORT_HELP: argp_state_help(state, stdout, ARGP_HELP_STD_HELP); return 0;
    case ARGP_KEY_ARG:
        if (o->takes_pictures)
            return ARGP_ERR_UNKNOWN; /* argp then hands over all arguments at once */
        say_misuse(state, "'%s' is no option; each value follows its option", text);
        return 0;
    case ARGP_KEY_END: check_together(o, state); return 0;
    default: return parse_predict(o, key, text, state);
    }
}

#define DATA_FORMS "Folder with the four IDX files of MNIST, Fashion-MNIST, KMNIST, EMNIST or QMNIST, plain or .gz; " \
    "of several data sets in one, FOLDER/NAME, such as emnist/emnist-letters; or files of any name: "
#define DATA_DEFAULT ". Default: the first that exists of ./data/fashion-mnist, ./data/mnist, the same two under " \
    "$XDG_DATA_HOME/tenka, and /usr/share/datasets/fashion-mnist"
#define DEVICE_OPTIONS                                                                                                \
    { "backend", KEY_BACKEND, "NAME", 0, "auto (a discrete, then an integrated GPU, else the CPU), vulkan, cpu, or "  \
      "cpu-f64 (double precision, slow); default auto", 3 },                                                          \
    { "device", KEY_DEVICE, "N|NAME", 0, "Vulkan device: its number in 'tenka devices', part of its name, or its "    \
      "UUID", 3 },                                                                                                    \
    { "threads", KEY_THREADS, "N", 0, "Threads of the CPU backend; 0, the default: as many as there are cores. "      \
      "Results do not depend on it", 3 },                                                                             \
    { "tune", KEY_TUNE, "WHEN", 0, "Whether Vulkan kernels are tuned: on (the first starts on a device take a few "   \
      "seconds to measure which variants are the fastest), off, or auto: on for GPUs, off for software devices; "     \
      "default auto. Results do not depend on it", 3 },                                                               \
    { "shader-dir", KEY_SHADER_DIR, "DIR", 0, "Compile Vulkan kernels from DIR, a copy of the folder shaders/ of "     \
      "Tenka's sources that somebody edits, when they are first used", 3 },                                           \
    { "validate", KEY_VALIDATE, NULL, 0, "Turn on Vulkan's validation layer; any message of it is a failure", 3 }
#define QUIET_OPTION { "quiet", KEY_QUIET, NULL, 0, "No progress and no news; results, warnings and errors remain", 4 }

#define CLASSES_HELP "Names of the classes: a file with one a line, or a list such as cat,dog. An existing file wins"

/* argp's own short form of --help is -?. */
#define SHORT_HELP { NULL, KEY_SHORT_HELP, NULL, OPTION_HIDDEN, NULL, -1 }

static const struct argp_option train_options[] = {
    { NULL, 0, NULL, 0, "Data and network:", 1 },
    { "data", KEY_DATA, "FOLDER|FILES", 0, DATA_FORMS "train-images,train-labels,test-images,test-labels" DATA_DEFAULT,
      0 },
    { "limit", KEY_LIMIT, "N", 0, "Train on the first N training images only; testing takes all test images", 0 },
    { "net", KEY_NET, "FILE|TEXT", 0, "Network as PyTorch prints it, or short: 'Flatten() Linear(784,10)'. An existing "
      "file wins over text. Default: the network of --load or --resume, else one with two convolutions for 28x28 "
      "images", 0 },
    { "load", KEY_LOAD, "FILE", 0, "Begin with the weights of a safetensors or PyTorch .pt file", 0 },
    { "classes", KEY_CLASSES, "FILE|LIST", 0, CLASSES_HELP ". They are saved with the network. Default: those of "
      "Fashion-MNIST for data in a folder of that name, else numbers", 0 },
    { "save", KEY_SAVE, "FILE", 0, "Write the trained network, also after Ctrl-C: as PyTorch's .pt when the name "
      "ends in .pt or .pth, else as safetensors. Of a symbolic link, what it leads to is replaced", 0 },
    { NULL, 0, NULL, 0, "Training:", 2 },
    { "epochs", KEY_EPOCHS, "N", 0, "Passes over the training images; default 5", 0 },
    { "batch-size", KEY_BATCH_SIZE, "N", 0, "Images in a step; more than there are makes one step of all of them. "
      "Default 100", 0 },
    { "drop-last", KEY_DROP_LAST, NULL, 0, "Leave out an epoch's last batch where it is smaller: for networks with "
      "BatchNorm2d, which can be unable to train on a single image", 0 },
    { "test-batch-size", KEY_TEST_BATCH_SIZE, "N", 0, "Images in a step of testing; default: as --batch-size", 0 },
    { "optimizer", KEY_OPTIMIZER, "NAME", 0, "adam or sgd; default adam", 0 },
    { "lr", KEY_LR, "X", 0, "Learning rate, from 0 to 1e6; default 1e-3", 0 },
    { "momentum", KEY_MOMENTUM, "X", 0, "Momentum of sgd; default 0", 0 },
    { "weight-decay", KEY_WEIGHT_DECAY, "X", 0, "L2 penalty that is added to the gradient; default 0", 0 },
    { "seed", KEY_SEED, "N", 0, "Seed of weights and order; default 0. The same seed gives the weights and batches of "
      "PyTorch; as there, the low 32 bits count", 0 },
    { "dropout-mask", KEY_DROPOUT_MASK, "NAME", 0, "Masks of dropout: torch (those of PyTorch on the CPU), philox "
      "(made on the device, the same on each), or auto: torch on the CPU, philox with Vulkan; default auto", 0 },
    { NULL, 0, NULL, 0, "Device:", 3 },
    DEVICE_OPTIONS,
    { NULL, 0, NULL, 0, "Output:", 4 },
    { "log", KEY_LOG, "FILE", 0, "Write one JSON object a line: the run, each step's loss, each epoch's results", 4 },
    QUIET_OPTION,
    { NULL, 0, NULL, 0, "Stopping and going on:", 5 },
    { "checkpoint", KEY_CHECKPOINT, "FILE", 0, "Write all that is needed to go on to FILE: after each epoch, and after "
      "Ctrl-C; links as for --save. FILE can also be given to --load", 0 },
    { "checkpoint-every", KEY_CHECKPOINT_EVERY, "STEPS", 0, "Write it after so many steps as well", 0 },
    { "resume", KEY_RESUME, "FILE", 0, "Go on from a checkpoint, bit for bit, as if the run had not stopped; give the "
      "options of that run again; it takes the place of --load. A --log file is continued", 0 },
    { "fallback", KEY_FALLBACK, NULL, 0, "When the GPU fails in the middle, go on on the CPU, which may be much "
      "slower: from the last checkpoint, or from the beginning where there is none", 0 },
    { "check-finite", KEY_CHECK_FINITE, NULL, 0, "Check the loss and all gradients of each step, and stop at the first "
      "that is not finite with the layer where it began. Slower. Without it, such a loss stops the run within about a "
      "second, without the layer", 0 },
    SHORT_HELP,
    { 0 },
};

static const struct argp_option test_options[] = {
    { "load", KEY_LOAD, "FILE", 0, "The saved network (needed): safetensors, or PyTorch's .pt together with --net", 0 },
    { "data", KEY_DATA, "FOLDER|FILES", 0, DATA_FORMS "images,labels, or four, of which the last two are tested on"
      DATA_DEFAULT, 0 },
    { "net", KEY_NET, "FILE|TEXT", 0, "Network to put the weights into; default: the one that the file describes", 0 },
    { "batch-size", KEY_BATCH_SIZE, "N", 0, "Images in a step; default 100", 0 },
    DEVICE_OPTIONS,
    QUIET_OPTION,
    SHORT_HELP,
    { 0 },
};

static const struct argp_option predict_options[] = {
    { NULL, 0, NULL, 0, "Network:", 1 },
    { "load", KEY_LOAD, "FILE", 0, "The saved network (needed): safetensors, or PyTorch's .pt together with --net, "
      "--input, --mean and --std", 0 },
    { "net", KEY_NET, "FILE|TEXT", 0, "Network to put the weights into; default: the one that the file describes", 0 },
    { "classes", KEY_CLASSES, "FILE|LIST", 0, CLASSES_HELP ". Default: those that were saved, else numbers", 0 },
    { "batch-size", KEY_BATCH_SIZE, "N", 0, "Pictures in a step; default 100", 0 },
    { NULL, 0, NULL, 0, "Pictures:", 2 },
    { "invert", KEY_INVERT, NULL, 0, "Take each picture's negative. A network that has learned white on black, as "
      "MNIST and Fashion-MNIST are, needs it for ink on paper and for photographs on a white ground", 0 },
    { "fit", KEY_FIT, "HOW", 0, "How a picture of other proportions becomes the network's input: stretch "
      "(torchvision's Resize), or crop: its middle alone; default stretch", 0 },
    { "alpha", KEY_ALPHA, "HOW", 0, "What becomes of transparency: ignore (the colours beneath it, as torchvision and "
      "Pillow do), black or white (what to lay it on); default ignore", 0 },
    { "input", KEY_INPUT, "C,H,W", 0, "Shape of the network's input, with 1 channel for grey or 3 for colour; default: "
      "what the saved network says, as for --mean and --std", 0 },
    { "mean", KEY_MEAN, "X[,X...]", 0, "Mean, for all channels or for each, that is taken from values of 0 to 1", 0 },
    { "std", KEY_STD, "X[,X...]", 0, "Deviation that they are then divided by", 0 },
    { NULL, 0, NULL, 0, "Device:", 3 },
    DEVICE_OPTIONS,
    { NULL, 0, NULL, 0, "Output:", 4 },
    { "top", KEY_TOP, "K", 0, "The K likeliest classes of each picture; default 3", 4 },
    { "json", KEY_JSON, NULL, 0, "One JSON object instead of lines", 4 },
    QUIET_OPTION,
    SHORT_HELP,
    { 0 },
};

static const struct argp_option summary_options[] = {
    {NULL, 0, NULL, 0, "Network:", 1},
    {"net", KEY_NET, "FILE|TEXT", 0,
     "Network as PyTorch prints it, or short; default: that of --load, else the one of "
     "'tenka train'",
     0},
    {"load", KEY_LOAD, "FILE", 0, "A saved network", 0},
    {"input", KEY_INPUT, "C,H,W", 0, "Shape of one image; default: that of --load, else 1,28,28", 0},
    {NULL, 0, NULL, 0, "Training:", 2},
    {"batch-size", KEY_BATCH_SIZE, "N", 0, "Images in a step; default 100", 0},
    {"optimizer", KEY_OPTIMIZER, "NAME", 0, "adam or sgd; default adam", 0},
    {"momentum", KEY_MOMENTUM, "X", 0, "Momentum of sgd; default 0", 0},
    {NULL, 0, NULL, 0, "Device:", 3},
    DEVICE_OPTIONS,
    {NULL, 0, NULL, 0, "Output:", 4},
    {"json", KEY_JSON, NULL, 0, "One JSON object instead of the tables", 4},
    QUIET_OPTION,
    SHORT_HELP,
    {0},
};

static const struct argp_option bench_options[] = {
    { NULL, 0, NULL, 0, "What is measured:", 1 },
    { "op", KEY_OP, "NAME", 0, "The shapes of one operator alone, such as conv2d", 0 },
    { "net", KEY_NET, "FILE|TEXT", 0, "Kernels and whole steps of this network instead of the one of 'tenka train'",
      0 },
    { "input", KEY_INPUT, "C,H,W", 0, "Shape of one image; default 1,28,28", 0 },
    { "batch-size", KEY_BATCH_SIZES, "N[,N...]", 0, "Images in a step, for whole steps; default 32,100,1000. Kernels "
      "of a step are measured at 100, or at the first of these", 0 },
    { "only", KEY_ONLY, "PART[,...]", 0, "Only these parts: ceilings, kernels (of a training step), shapes (others), "
      "steps (whole ones)", 0 },
    { NULL, 0, NULL, 0, "How long:", 2 },
    { "seconds", KEY_SECONDS, "X", 0, "Time for each measurement; default 1 for whole steps and 0.2 for a kernel", 0 },
    { "quick", KEY_QUICK, NULL, 0, "A first impression: a tenth of the time, and a smaller choice of shapes and batch "
      "sizes", 0 },
    { "best", KEY_BEST, NULL, 0, "The shortest times instead of medians: for a machine that does other things too", 0 },
    { NULL, 0, NULL, 0, "Device:", 3 },
    DEVICE_OPTIONS,
    { NULL, 0, NULL, 0, "Output:", 4 },
    { "json", KEY_JSON, NULL, 0, "One JSON object instead of the tables", 4 },
    QUIET_OPTION,
    SHORT_HELP,
    { 0 },
};

static const struct argp_option verify_options[] = {
    { NULL, 0, NULL, 0, "What is checked:", 1 },
    { "op", KEY_OP, "NAME", 0, "One operator alone, such as conv2d; or one of training_step, repeatability and order",
      0 },
    { "all", KEY_ALL, NULL, 0, "Also cases that take seconds, and each variant of a kernel that the device can run, at "
      "one of the cases: it must give the same bits", 0 },
    { NULL, 0, NULL, 0, "Device:", 3 },
    DEVICE_OPTIONS,
    { NULL, 0, NULL, 0, "Output:", 4 },
    { "json", KEY_JSON, NULL, 0, "One JSON object instead of the table", 4 },
    QUIET_OPTION,
    SHORT_HELP,
    { 0 },
};

static const struct argp_option profile_options[] = {
    { NULL, 0, NULL, 0, "What runs:", 1 },
    { "net", KEY_NET, "FILE|TEXT", 0, "Training steps of this network instead of the one of 'tenka train'", 0 },
    { "input", KEY_INPUT, "C,H,W", 0, "Shape of one image; default that of --data, else 1,28,28", 0 },
    { "data", KEY_DATA, "FOLDER|FILES", 0, "Real images: the training half of what --data of 'tenka train' names, or "
      "the files images,labels; default: images of no meaning", 0 },
    { "batch-size", KEY_BATCH_SIZE, "N", 0, "Images in a step; default 100", 0 },
    { "optimizer", KEY_OPTIMIZER, "NAME", 0, "adam or sgd; default adam", 0 },
    { "momentum", KEY_MOMENTUM, "X", 0, "Momentum of sgd; default 0", 0 },
    { "steps", KEY_STEPS, "N", 0, "Steps that are timed; times are the medians. Default 20", 0 },
    { NULL, 0, NULL, 0, "Device:", 3 },
    DEVICE_OPTIONS,
    { NULL, 0, NULL, 0, "Output:", 4 },
    { "json", KEY_JSON, NULL, 0, "One JSON object instead of the tables", 4 },
    { "trace", KEY_TRACE, "FILE", 0, "Write what host and device did in each of the steps, on one clock, as JSON for "
      "https://ui.perfetto.dev", 4 },
    { "capture", KEY_CAPTURE, "FILE", 0, "Write a RenderDoc capture of one step; run the command with "
      "ENABLE_VULKAN_RENDERDOC_CAPTURE=1 in its environment", 4 },
    QUIET_OPTION,
    SHORT_HELP,
    { 0 },
};

static const struct argp_option devices_options[] = {
    { "json", KEY_JSON, NULL, 0, "One JSON array instead of the table", 0 },
    SHORT_HELP,
    { 0 },
};

static void check_names(const struct argp_option *table, char **argv)
{
    static const struct option_table tables[] = {
        { "tenka train", train_options },     { "tenka test", test_options },
        { "tenka predict", predict_options }, { "tenka summary", summary_options },
        { "tenka verify", verify_options },   { "tenka bench", bench_options },
        { "tenka profile", profile_options }, { "tenka devices", devices_options },
    };
    size_t own = 0;
    while (tables[own].options != table)
        own++;
    check_option_names(tables, sizeof(tables) / sizeof(tables[0]), own, argv);
}

/* arguments: what the command takes besides options; NULL: nothing */
static struct options run_parser_with(const struct argp_option *table, const char *arguments, const char *text,
                                      int argc, char **argv)
{
    struct options options = {
        .backend = TENKA_BACKEND_AUTO, .epochs = 5, .batch_size = 100, .lr = 1e-3, .top = 3,
        .takes_pictures = arguments != NULL};
    const struct argp argp = { .options = table, .parser = parse, .args_doc = arguments, .doc = text };
    argp_err_exit_status = EXIT_CODE_USAGE;
    check_names(table, argv);
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    return options;
}

static struct options run_parser(const struct argp_option *table, const char *text, int argc, char **argv)
{
    return run_parser_with(table, NULL, text, argc, argv);
}

struct options options_train(int argc, char **argv)
{
    return run_parser(
        train_options,
        "Trains a network to tell the classes of images apart, and prints after each epoch the mean "
        "loss of training, then loss and accuracy on the test images. As in the PyTorch tutorial's program, a loss "
        "is the mean over the batches, a smaller last one included.\v"
        "Example: tenka train --epochs 1 --save net.safetensors",
        argc, argv);
}

struct options options_test(int argc, char **argv)
{
    const struct options options =
        run_parser(test_options, "Prints loss and accuracy of a saved network on the test images.", argc, argv);
    if (options.load == NULL) {
        say_failed("--load FILE is needed: which saved network is to be tested?");
        exit(EXIT_CODE_USAGE);
    }
    return options;
}

struct options options_predict(int argc, char **argv)
{
    const struct options o = run_parser_with(
        predict_options, "PICTURE|FOLDER...",
        "Tells the classes of pictures by a saved network. PNG and JPEG pictures of any size and kind become what the "
        "network was trained on: grey or colour, resized, normalised. Photographs are put upright as their EXIF or "
        "XMP data says. Of a folder, all files in it and in its folders that are pictures, or are called so, are taken "
        "in the order of their names, and others passed over. A picture that cannot be read, also since it is of "
        "another kind, is said, and the others are still done; the exit status is then 1.\v"
        "Example: tenka predict --load net.safetensors --top 1 shoe.jpg pictures/",
        argc, argv);
    const char *wrong = o.load == NULL ? "--load FILE is needed: which saved network is to look at the pictures?"
                        : o.n_pictures == 0 ? "name the pictures, or folders with pictures, after the options"
                                            : NULL;
    for (size_t i = 0; i < o.n_pictures && wrong == NULL; i++)
        if (strcmp(o.pictures[i], "-") == 0)
            wrong = "'-': the standard input is not read; name files or folders";
    if (wrong != NULL) {
        say_failed("%s", wrong);
        exit(EXIT_CODE_USAGE);
    }
    return o;
}

struct options options_summary(int argc, char **argv)
{
    return run_parser(summary_options,
                      "Prints the layers of a network with their output shapes and parameters, and how much device "
                      "memory a step of training takes. Nothing is trained, and no memory is taken for it.\v"
                      "Example: tenka summary --net model.txt --input 3,32,32 --batch-size 128",
                      argc, argv);
}

struct options options_bench(int argc, char **argv)
{
    const struct options o = run_parser(
        bench_options,
        "Measures a device: what it can do at most (arithmetic, memory copy, cost of a dispatch and of a submission), "
        "each kernel of a training step, kernels of other shapes, and whole steps of training and inference, batch "
        "selection included. Times are medians; the share is that of the ceiling which bounds the kernel, and 'cache' says "
        "that its data did not come from the memory.\v"
        "Example: tenka bench --net model.txt --input 3,32,32 --batch-size 64 --only kernels,steps",
        argc, argv);
    if (o.op != NULL && (o.net != NULL || o.parts != 0)) {
        say_failed("--op measures one operator and goes together neither with --net nor with --only");
        exit(EXIT_CODE_USAGE);
    }
    return o;
}

struct options options_verify(int argc, char **argv)
{
    return run_parser(verify_options,
                      "Tells whether a device can be trusted. Compares every operator's kernels, and a training step, "
                      "with the CPU in double precision; repeats that step, which must give the same bits; and looks "
                      "for missing barriers. An error is shown as the share of its bound that it takes. Needs no "
                      "images. The first run on a device takes longer, since its driver compiles each kernel for each "
                      "shape. Exit status 1 when something is wrong.\v"
                      "Example: tenka verify --backend vulkan --device 0",
                      argc, argv);
}

struct options options_profile(int argc, char **argv)
{
    struct options o = run_parser(
        profile_options,
        "Runs training steps and shows where their time goes: each dispatch with the layer and the phase that it is "
        "for, its time, its share of the step, what it achieves, and how long the device did nothing before it. The "
        "dispatches run as they do in training; what looking at the clock costs is printed with the result.\v"
        "Example: tenka profile --net model.txt --input 3,32,32 --batch-size 64 --trace step.json",
        argc, argv);
    o.steps = o.steps > 0 ? o.steps : 20;
    return o;
}

struct options options_devices(int argc, char **argv)
{
    return run_parser(devices_options, "Lists what Vulkan sees, what '--backend auto' would pick, and why.", argc,
                      argv);
}
