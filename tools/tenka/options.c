/* From the command line to struct options, by the rows of option_table.c. */
#define _POSIX_C_SOURCE 200809L
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "option_table.h"

const char *backend_name(enum tenka_backend backend)
{
    const struct option *option = option_table;
    while (strcmp(option->name, "backend") != 0)
        option++;
    return option_word(option, backend);
}

/* ---- Options together ---- */

/* Without --backend, --device says which one is meant. */
static void settle_backend(struct options *o)
{
    if (o->device == NULL || o->backend != TENKA_BACKEND_AUTO)
        return;
    const bool cpu = strcasecmp(o->device, "cpu") == 0;
    o->backend = cpu ? TENKA_BACKEND_CPU : TENKA_BACKEND_VULKAN;
    o->device = cpu ? NULL : o->device;
}

bool option_is_given(const struct options *o, const char *name)
{
    for (size_t i = 0; option_table[i].name != NULL; i++)
        if ((o->given[i / 64] >> i % 64 & 1) != 0 && strcmp(option_table[i].name, name) == 0)
            return true;
    return false;
}

bool option_is_offered(const struct options *o, const char *name)
{
    for (size_t i = 0; option_table[i].name != NULL; i++)
        if (strcmp(option_table[i].name, name) == 0)
            return option_use(&option_table[i], o->command) != NULL;
    return false;
}

/* Options that say an argument of the optimizer. */
static const struct optimizer_option {
    const char *option, *argument;
    size_t at; /* in struct options */
} optimizer_options[] = {
    {"lr", "lr", offsetof(struct options, lr)},
    {"momentum", "momentum", offsetof(struct options, momentum)},
    {"weight-decay", "weight_decay", offsetof(struct options, weight_decay)},
};
#define OPTIMIZER_OPTIONS (sizeof(optimizer_options) / sizeof(optimizer_options[0]))

static double *option_place(const struct optimizer_option *option, struct options *o)
{
    return (double *)(void *)((char *)o + option->at);
}

/* A call has all numbers in it. */
static void settle_call(const struct command *command, struct options *o)
{
    if (tenka_optimizer_read(NULL, o->optimizer, &o->recipe) != TENKA_OK)
        say_misuse(command->name, "--optimizer: %s", tenka_last_error(NULL));
    for (size_t i = 0; i < OPTIMIZER_OPTIONS; i++)
        if (option_is_given(o, optimizer_options[i].option))
            say_misuse(command->name, "--optimizer %s says what --%s says: leave one of the two out", o->optimizer,
                       optimizer_options[i].option);
}

/* The class of a name in any case; NULL: there is none. */
static const char *find_class(const char *name)
{
    const char *class;
    for (size_t i = 0; (class = tenka_optimizer_class_name(i)) != NULL; i++)
        if (strcasecmp(name, class) == 0)
            return class;
    return NULL;
}

/* A name has PyTorch's defaults but for what other options say. */
static void settle_name(const struct command *command, struct options *o)
{
    const char *const class = find_class(o->optimizer);
    char text[256], number[32];
    if (class == NULL)
        say_misuse(
            command->name,
            "--optimizer: there is no optimizer '%s'; choose adam, sgd or another that --help names, or write it "
            "as PyTorch does, such as AdamW(lr=1e-3)",
            o->optimizer);
    int length = snprintf(text, sizeof(text), "%s(", class);
    for (size_t i = 0; i < OPTIMIZER_OPTIONS; i++)
        if (option_is_given(o, optimizer_options[i].option))
            length += snprintf(text + length, sizeof(text) - (size_t)length, "%s=%s, ", optimizer_options[i].argument,
                               say_shortest(number, *option_place(&optimizer_options[i], o)));
    snprintf(text + length, sizeof(text) - (size_t)length, ")");
    if (tenka_optimizer_read(NULL, text, &o->recipe) != TENKA_OK)
        say_misuse(command->name, "--optimizer: %s", tenka_last_error(NULL));
}

/* The options that say an argument, too, have what the optimizer has in the end. */
static void settle_optimizer(const struct command *command, struct options *o)
{
    const struct tenka_optimizer_params defaults = TENKA_OPTIMIZER_DEFAULTS;
    o->recipe = defaults;
    if (strchr(o->optimizer, '(') != NULL)
        settle_call(command, o);
    else
        settle_name(command, o);
    for (size_t i = 0; i < OPTIMIZER_OPTIONS; i++) {
        const double value = tenka_optimizer_argument(&o->recipe, optimizer_options[i].argument);
        *option_place(&optimizer_options[i], o) = isnan(value) ? 0 : value;
    }
}

static void check_together(const struct command *command, const struct options *o)
{
    const bool cpu = o->backend == TENKA_BACKEND_CPU || o->backend == TENKA_BACKEND_CPU_F64;
    if (o->load_partial && (o->load == NULL || o->net == NULL))
        say_misuse(command->name, "--load-partial takes weights of --load FILE into the network of --net: give both");
    if (o->inits.count > 0 && o->load != NULL && !o->load_partial)
        say_misuse(command->name,
                   "--init draws weights that those of --load take the place of: leave one of the two out, "
                   "or add --load-partial");
    if (o->freeze_stats && o->frozen.count == 0)
        say_misuse(command->name, "--freeze-stats is about frozen layers: which are they? Give --freeze PATTERN");
    if (o->checkpoint_every > 0 && o->checkpoint == NULL)
        say_misuse(command->name, "--checkpoint-every needs --checkpoint FILE: where are checkpoints to be written?");
    if (o->fallback && cpu)
        say_misuse(command->name, "--fallback goes on on the CPU when a GPU fails; leave it out with '--backend %s'",
                   backend_name(o->backend));
    if (o->fallback && o->validate)
        say_misuse(command->name, "--fallback would pass over what --validate finds; give one of the two");
    if (o->device != NULL && cpu)
        say_misuse(command->name, "--device chooses among Vulkan devices; leave it out with '--backend %s'",
                   backend_name(o->backend));
    if (o->shader_dir != NULL && cpu)
        say_misuse(command->name, "--shader-dir has kernels for Vulkan; leave it out with '--backend %s'",
                   backend_name(o->backend));
}

static void check_training(const struct command *command, const struct options *o)
{
    char why[1024];
    bool steps = true;
    const char *const objection = groups_objection(o, why);
    if (objection != NULL)
        say_misuse(command->name, "%s", objection);
    if (o->schedule != NULL && tenka_schedule_check(NULL, o->schedule, NULL, &steps) != TENKA_OK)
        say_misuse(command->name, "--schedule: %s", tenka_last_error(NULL));
    if (!steps && o->schedule_per == TENKA_SCHEDULE_STEP)
        say_misuse(command->name, "--schedule-per step: ReduceLROnPlateau looks at epochs");
    if (o->best_by != BEST_USUAL && o->best_file == NULL && o->patience == 0)
        say_misuse(command->name, "--best-by says what --best FILE and --patience N look at: give one of the two");
    if (o->find_lr && o->resume != NULL)
        say_misuse(command->name, "--find-lr looks before a run begins: leave --resume out");
    if (o->schedule == NULL && o->schedule_per != TENKA_SCHEDULE_USUAL)
        say_misuse(command->name, "--schedule-per is about a schedule: which is it? Give --schedule CALL");
}

static void check(const struct command *command, const struct options *o)
{
    check_together(command, o);
    check_training(command, o);
    const char *const objection = command->objection != NULL ? command->objection(o) : NULL;
    if (objection != NULL)
        say_misuse(command->name, "%s", objection);
}

/* ---- One after the other ---- */

/* text: the argument; NULL: there is none. */
static void take(const struct command *command, const struct option *option, const char *text, struct options *o)
{
    if (option->kind == OPTION_HELP)
        exit(print_help(command));
    if (option->kind == OPTION_USAGE)
        exit(print_usage(command));
    const size_t row = (size_t)(option - option_table);
    assert(row < 64 * sizeof(o->given) / sizeof(o->given[0]));
    o->given[row / 64] |= (uint64_t)1 << row % 64;
    option_set(command, option, text, o);
}

/* argv[0] begins with "--". Returns how many of argv it is. */
static int take_long(const struct command *command, char **argv, struct options *o)
{
    const struct option *const option = option_by_name(command, argv);
    const char *const equals = strchr(argv[0], '=');
    if (option->argument == NULL && equals != NULL)
        say_misuse(command->name, "--%s takes no argument, but '%s' is given", option->name, equals + 1);
    if (option->argument != NULL && equals == NULL && argv[1] == NULL)
        say_misuse(command->name, "--%s requires an argument: --%s %s", option->name, option->name, option->argument);
    const bool behind = option->argument != NULL && equals == NULL;
    take(command, option, equals != NULL ? equals + 1 : behind ? argv[1] : NULL, o);
    return behind ? 2 : 1;
}

/* None of the short forms has an argument. */
static int take_letters(const struct command *command, char **argv, struct options *o)
{
    for (const char *letter = argv[0] + 1; *letter != '\0'; letter++)
        take(command, option_by_letter(command, argv, letter), NULL, o);
    return 1;
}

static bool has_option(const struct command *command, const char *name)
{
    const struct option *option = option_table;
    while (option->name != NULL && (strcmp(option->name, name) != 0 || option_use(option, command) == NULL))
        option++;
    return option->name != NULL;
}

/* The option that a file or folder without one is probably meant for; NULL: none. */
static const char *option_for(const struct command *command, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
        return NULL;
    const char *const name = S_ISDIR(st.st_mode) ? "data" : file_is_text(path) ? "net" : "load";
    return has_option(command, name) ? name : NULL;
}

/* An argument that is no option: it is moved to the front of argv. */
static int take_argument(const struct command *command, char **argv, char **front, struct options *o)
{
    const char *const meant = command->arguments == NULL ? option_for(command, argv[0]) : NULL;
    if (meant != NULL)
        say_misuse(command->name, "'%s' is no option; do you mean --%s %s?", argv[0], meant, argv[0]);
    if (command->arguments == NULL)
        say_misuse(command->name, "'%s' is no option; each value follows its option", argv[0]);
    front[o->n_pictures++] = argv[0];
    return 1;
}

static void set_initial(const struct command *command, struct options *o)
{
    for (const struct option *option = option_table; option->name != NULL; option++)
        if (option->initial != NULL)
            option_set(command, option, option->initial, o);
}

struct options options_parse(const struct command *command, int argc, char **argv)
{
    struct options o = {.command = command, .pictures = argv + 1};
    bool ended = false; /* "--" was seen: what follows are no options */
    set_initial(command, &o);
    for (int i = 1; i < argc;) {
        const bool plain = ended || argv[i][0] != '-' || argv[i][1] == '\0';
        if (!plain && strcmp(argv[i], "--") == 0)
            ended = true, i++;
        else if (plain)
            i += take_argument(command, argv + i, argv + 1, &o);
        else
            i += argv[i][1] == '-' ? take_long(command, argv + i, &o) : take_letters(command, argv + i, &o);
    }
    settle_backend(&o);
    settle_optimizer(command, &o);
    check(command, &o);
    return o;
}
