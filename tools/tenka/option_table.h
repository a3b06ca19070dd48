/* The command's options: a row each (option_table.c), from which the parser (options.c), the sentences about wrong
 * names (option_names.c) and wrong values (option_values.c), --help and --usage (option_help.c) and the options of a
 * log (log_json.c) are made. */
#ifndef TENKA_TOOL_OPTION_TABLE_H
#define TENKA_TOOL_OPTION_TABLE_H

#include "tenka.h"

/* How the argument is read, and what is at the row's member of struct options. */
enum option_kind {
    OPTION_FLAG,    /* no argument; bool */
    OPTION_TEXT,    /* any text; const char * */
    OPTION_NAME,    /* a text that is not empty; const char * */
    OPTION_WHOLE,   /* from low to high; an integer of any size */
    OPTION_REAL,    /* from 0 to limit; double */
    OPTION_TIME,    /* "2h30m", "90", of seconds, above 0; double */
    OPTION_WORD,    /* one of words; its value, an integer of any size */
    OPTION_WORDS,   /* some of words, with commas; their values joined by or */
    OPTION_SHAPE,   /* "1,28,28"; struct tenka_shape */
    OPTION_COUNTS,  /* "32,100,1000"; struct count_list */
    OPTION_EVERY,   /* "2" epochs, "500steps"; struct every */
    OPTION_LIST,    /* any text that is not empty, several times; struct text_list */
    OPTION_NUMBERS, /* "0.485,0.456,0.406", above limit; struct number_list */
    OPTION_HELP,    /* no argument: --help is printed, and the process ends */
    OPTION_USAGE,
};

/* The parts of --help, in the order in which they stand there. */
enum option_group {
    GROUP_DATA,
    GROUP_NETWORK,
    GROUP_FINE,
    GROUP_MEASURED,
    GROUP_CHECKED,
    GROUP_RUNS,
    GROUP_PICTURES,
    GROUP_TRAINING,
    GROUP_TIME,
    GROUP_DEVICE,
    GROUP_OUTPUT,
    GROUP_STOPPING,
    GROUP_HELP,
    GROUP_COUNT,
};

/* Bits of the commands. */
enum option_commands {
    TRAIN = 1,
    TEST = 2,
    PREDICT = 4,
    SUMMARY = 8,
    VERIFY = 16,
    BENCH = 32,
    PROFILE = 64,
    DEVICES = 128,
    DATA = 256,
    INFO = 512,
    CONVERT = 1024,
    COMPUTING = 127,
    EVERY = 2047,
};

struct option_word {
    const char *word; /* NULL ends the list */
    unsigned value;
};

/* What an option is to some commands. */
struct option_use {
    unsigned commands; /* bits; 0 ends the list */
    enum option_group group;
    const char *help;
};

#define MAX_OPTION_USES 8

struct option {
    const char *name;     /* without "--"; NULL ends the table */
    const char *letters;  /* its short forms, or NULL */
    const char *argument; /* as --help calls it; NULL: none */
    enum option_kind kind;
    size_t at, size; /* of the member */
    uint64_t low, high;
    double limit;
    const struct option_word *words;
    const char *unknown; /* begins the sentence about a word that is none of them; NULL: there is a plain one */
    const char *initial; /* the argument that it has where it is not given; NULL: zero */
    const char *key;     /* of the log's "options"; NULL: it is not among them */
    struct option_use uses[MAX_OPTION_USES];
};

extern const struct option option_table[];

/* ---- commands.c ---- */

struct command {
    const char *name;      /* NULL ends the table */
    unsigned bit;          /* of enum option_commands */
    const char *arguments; /* what it takes besides options, for --help; NULL: nothing */
    const char *brief;     /* for `tenka --help` */
    const char *about, *example;
    bool computes;
    int (*run)(const struct options *options);
    const char *(*objection)(const struct options *options); /* a sentence about options that do not do, or NULL */
};

extern const struct command commands[];

/* ---- options.c ---- */

/* argv[0] is the command's name; what it takes besides options is moved to the front behind it. Leaves the process
 * after --help, and after a mistake with EXIT_CODE_USAGE. */
struct options options_parse(const struct command *command, int argc, char **argv);

/* Whether an option was typed. */
bool option_is_given(const struct options *o, const char *name);
/* Whether the command has the option of that name, so that it may be advised. */
bool option_is_offered(const struct options *o, const char *name);

/* ---- option_names.c ---- */

/* The use that the command has for the option; NULL: none. */
const struct option_use *option_use(const struct option *option, const struct command *command);
/* The command's option of that name, argv[0] behind "--" and up to a '='. Where there is none it says what could be
 * meant, and leaves with EXIT_CODE_USAGE. argv ends with NULL. */
const struct option *option_by_name(const struct command *command, char **argv);
/* The same for the short form at letter, which is in argv[0]. */
const struct option *option_by_letter(const struct command *command, char **argv, const char *letter);
/* The command of that name. Where there is none: NULL, and it was said. */
const struct command *command_by_name(const char *name);

/* ---- option_values.c ---- */

/* Puts into *o what the text means, or leaves with EXIT_CODE_USAGE and a sentence. */
void option_set(const struct command *command, const struct option *option, const char *text, struct options *o);
/* A flag's, a whole number's or a word's value. */
uint64_t option_integer(const struct option *option, const struct options *o);
const char *option_text(const struct option *option, const struct options *o);
double option_real(const struct option *option, const struct options *o);
/* The word of a value; there is one. */
const char *option_word(const struct option *option, uint64_t value);

/* ---- log_json.c ---- */

/* The option's value as a log has it. */
void log_json_option(FILE *file, const struct option *option, const struct options *o);

/* ---- option_help.c ---- */

/* On the standard output; they return an exit status. */
int print_help(const struct command *command);
int print_usage(const struct command *command);
int print_commands(FILE *file);

#endif
