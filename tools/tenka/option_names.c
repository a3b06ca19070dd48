/* Finds options and commands by their names. A long option must be typed whole, since its beginning could also be that
 * of another option. Where there is none of a name, a sentence says which could be meant. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "option_table.h"

/* ---- Finding ---- */

const struct option_use *option_use(const struct option *option, const struct command *command)
{
    const struct option_use *use = option->uses;
    while (use->commands != 0 && (use->commands & command->bit) == 0)
        use++;
    return use->commands != 0 ? use : NULL;
}

/* The command's option of that name, or the first that begins with it; NULL: there is none. */
static const struct option *find(const struct command *command, const char *name, size_t length, bool whole)
{
    for (const struct option *o = option_table; o->name != NULL; o++)
        if (option_use(o, command) != NULL && strncmp(o->name, name, length) == 0 &&
            (!whole || o->name[length] == '\0'))
            return o;
    return NULL;
}

/* ---- What is nearest ---- */

#define MAX_NAME 31

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be put in, left out, changed or swapped with their neighbour to make b of a[length]. */
static size_t distance(const char *a, size_t length, const char *b)
{
    size_t cost[MAX_NAME + 1][MAX_NAME + 1];
    const size_t other = strlen(b);
    for (size_t i = 0; i <= length; i++)
        for (size_t j = 0; j <= other; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = least(least(cost[i - 1][j], cost[i][j - 1]) + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    return cost[length][other];
}

/* The nearest name so far. */
struct nearest {
    const char *typed; /* length letters of it */
    size_t length, best;
    const char *name; /* NULL: none is near enough, a third of its letters */
};

static struct nearest nearest_to(const char *typed, size_t length)
{
    return (struct nearest){typed, length, length < 6 ? 2 : length / 3 + 1, NULL};
}

static void consider(struct nearest *n, const char *name)
{
    const size_t found = n->length > 0 && n->length <= MAX_NAME ? distance(n->typed, n->length, name) : n->best;
    if (found >= n->best)
        return;
    n->best = found;
    n->name = name;
}

static const char *nearest_option(const struct command *command, const char *name, size_t length)
{
    struct nearest n = nearest_to(name, length);
    for (const struct option *o = option_table; o->name != NULL; o++)
        if (option_use(o, command) != NULL)
            consider(&n, o->name);
    return n.name;
}

/* ---- What other programs call it ---- */

/* Options, and names that PyTorch's examples, Lightning, Keras, scikit-learn, Hugging Face and YOLO have for them,
 * where they are not near the own one. */
static const struct {
    const char *name, *others;
} synonyms[] = {
    {"lr", "learning-rate learning-rate-init alpha eta step-size base-lr lr0"},
    {"epochs", "num-epochs n-epochs num-train-epochs max-epochs nb-epochs max-iter iterations"},
    {"batch-size", "batch bs train-batch-size mini-batch-size per-device-train-batch-size"},
    {"test-batch-size", "eval-batch-size val-batch-size validation-batch-size per-device-eval-batch-size"},
    {"weight-decay", "wd decay l2 l2-regularization"},
    {"optimizer", "algorithm solver nesterov beta1 beta2 betas eps adam-beta1 adam-beta2 adam-epsilon"},
    {"schedule", "lr-scheduler lr-schedule sched lr-scheduler-type lr-policy gamma warmup warmup-steps warmup-epochs"},
    {"loss", "criterion loss-fn loss-function objective label-smoothing"},
    {"net", "model arch architecture network backbone model-name"},
    {"data", "dataset data-dir data-path data-root dataset-path root train-data train-dir source"},
    {"load", "weights pretrained checkpoint-path ckpt-path init-checkpoint model-path load-weights"},
    {"out", "output output-file output-path save-to result results"},
    {"save", "output output-dir output-file save-model save-path save-dir save-to export"},
    {"checkpoint-every", "save-every save-freq save-steps checkpoint-freq"},
    {"val-every", "eval-every eval-steps validate-every validation-freq check-val-every-n-epoch"},
    {"split", "val-split validation-split validation-fraction test-size val-size val-ratio"},
    {"patience", "early-stopping early-stop early-stopping-patience n-iter-no-change"},
    {"clip-grad-norm", "clip grad-clip gradient-clip gradient-clip-val max-grad-norm clipnorm"},
    {"clip-grad-value", "clipvalue"},
    {"accumulate", "gradient-accumulation-steps accumulation-steps grad-accum accum-steps accumulate-grad-batches"},
    {"seed", "random-state random-seed manual-seed rng-seed"},
    {"threads", "workers num-workers n-jobs num-threads jobs cpus"},
    {"device", "gpu gpus cuda accelerator device-id"},
    {"input", "img-size image-size imgsz input-size input-shape resolution img-shape"},
    {"transform", "augment augmentation augmentations data-augmentation"},
    {"tensorboard", "logdir log-dir tb summary-dir"},
    {"target", "label label-column labels y response dependent target-column"},
    {"without", "exclude ignore drop drop-columns ignore-columns skip-columns"},
    {"standardize", "normalize scale scaler standard-scaler zscore"},
    {"missing", "na nan na-values fillna dropna impute imputer missing-values"},
    {"classes", "class-names label-names num-classes"},
    {"class-weights", "class-weight weighted pos-weight balanced"},
    {"freeze", "freeze-layers frozen freeze-backbone"},
    {"limit", "max-samples num-samples limit-train-batches subset max-train-samples"},
    {"max-time", "time-limit timeout max-minutes"},
    {"find-lr", "lr-find auto-lr-find lr-finder lr-range-test"},
    {"ema", "model-ema ema-decay swa"},
    {"top", "topk top-k"},
};

/* Two names, of which the first may have lines where the other has hyphens. */
static bool is_name(const char *typed, size_t length, const char *name)
{
    size_t i = 0;
    while (i < length && (typed[i] == '_' ? '-' : typed[i]) == name[i])
        i++;
    return i == length && (name[i] == '\0' || name[i] == ' ');
}

/* Whether one of the names, with blanks between them, is the typed one. */
static bool is_among(const char *typed, size_t length, const char *names)
{
    for (; *names != '\0'; names += strspn(names, " ")) {
        if (is_name(typed, length, names))
            return true;
        names += strcspn(names, " ");
    }
    return false;
}

/* The first option with that other name, of the own command where it has one. */
static const char *find_synonym(const struct command *own, const char *typed, size_t length)
{
    const char *found = NULL;
    for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]) && length > 0; i++) {
        const char *const name = synonyms[i].name;
        if (!is_among(typed, length, synonyms[i].others))
            continue;
        if (find(own, name, strlen(name), true) != NULL)
            return name;
        found = found == NULL ? name : found;
    }
    return found;
}

/* The option of that name, of the own command or else of another, *of. */
static const char *find_anywhere(const struct command *own, const char *name, const struct command **of)
{
    *of = own;
    for (const struct command *c = commands; c->name != NULL && find(*of, name, strlen(name), true) == NULL; c++)
        *of = c;
    return name;
}

/* ---- Sentences ---- */

/* Of an option's argument, given as "--name=VALUE" or behind it; "": there is none. */
static const char *value_of(const struct option *option, char **argv, const char *equals)
{
    if (option->argument == NULL)
        return "";
    return equals != NULL ? equals + 1 : argv[1] != NULL ? argv[1] : "";
}

/* Options of which a saved network knows what they were. */
static bool is_learnt(const char *name, size_t length)
{
    return is_among(name, length, "missing standardize without target");
}

#define MAX_COMMANDS 3 /* that are named */

/* Commands that have the option of that name, as a clause; nothing where none has. */
static void name_commands(char **argv, const char *name, size_t length, char out[1024])
{
    const char *const equals = name[length] == '=' ? name + length : NULL;
    size_t named = 0;
    for (const struct command *c = commands; c->name != NULL && named < MAX_COMMANDS; c++) {
        const struct option *const option = find(c, name, length, true);
        const char *const value = option != NULL ? value_of(option, argv, equals) : "";
        const size_t used = strlen(out);
        if (option != NULL)
            snprintf(out + used, 1024 - used, "%s'tenka %s --%s%s%.200s'",
                     named++ > 0 ? ", " : ", but these have: ", c->name, option->name, value[0] != '\0' ? " " : "",
                     value);
    }
}

/* An option of any command, the own one first, with a name that is near; *of: the command. */
static const char *find_meant(const struct command *own, const char *name, size_t length, const struct command **of)
{
    const struct option *const longer = length > 0 ? find(own, name, length, false) : NULL;
    const char *const synonym = find_synonym(own, name, length);
    if (synonym != NULL && longer == NULL)
        return find_anywhere(own, synonym, of);
    const char *meant = longer != NULL ? longer->name : nearest_option(own, name, length);
    *of = own;
    for (const struct command *c = commands; c->name != NULL && meant == NULL; c++) {
        meant = nearest_option(c, name, length);
        *of = c;
    }
    return meant;
}

/* Whether the option names what some commands take as an argument. */
static bool names_input(const char *option)
{
    return strcmp(option, "data") == 0 || strcmp(option, "net") == 0 || strcmp(option, "load") == 0;
}

/* What could be meant, as a clause. */
static void advise(const struct command *own, char **argv, const char *name, size_t length, char out[1024])
{
    const struct command *of;
    const char *const meant = find_meant(own, name, length, &of);
    out[0] = '\0';
    if ((own->bit & (TEST | PREDICT)) != 0 && is_learnt(name, length))
        snprintf(out, 1024, "; it does what the network's training did: leave it out");
    else if (find(own, name, length, true) == NULL)
        name_commands(argv, name, length, out);
    if (out[0] != '\0')
        return;
    if (meant == NULL)
        snprintf(out, 1024, "; its --help lists them");
    else if (of != own && own->arguments != NULL && names_input(meant))
        snprintf(out, 1024, "; do you mean 'tenka %s %s'?", own->name, own->arguments);
    else if (of == own)
        snprintf(out, 1024, "; do you mean --%s?", meant);
    else
        snprintf(out, 1024, "; do you mean 'tenka %s --%s'?", of->name, meant);
}

_Noreturn static void refuse(const struct command *command, char **argv, const char *name, size_t length)
{
    char advice[1024];
    advise(command, argv, name, length, advice);
    say_failed("'tenka %s' has no option %.*s%s", command->name, (int)(name + length - argv[0]), argv[0], advice);
    exit(EXIT_CODE_USAGE);
}

const struct option *option_by_name(const struct command *command, char **argv)
{
    const char *const name = argv[0] + 2;
    const size_t length = strcspn(name, "=");
    const struct option *const option = find(command, name, length, true);
    if (option == NULL)
        refuse(command, argv, name, length);
    return option;
}

const struct option *option_by_letter(const struct command *command, char **argv, const char *letter)
{
    for (const struct option *o = option_table; o->name != NULL; o++)
        if (option_use(o, command) != NULL && o->letters != NULL && strchr(o->letters, *letter) != NULL)
            return o;
    refuse(command, argv, argv[0] + 1, strcspn(argv[0] + 1, "="));
}

const struct command *command_by_name(const char *name)
{
    struct nearest n = nearest_to(name, strlen(name));
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
        consider(&n, c->name);
    }
    if (n.name != NULL)
        say_failed("there is no command '%s'; do you mean 'tenka %s'?", name, n.name);
    else
        say_failed("there is no command '%s'; 'tenka --help' lists them", name);
    return NULL;
}
