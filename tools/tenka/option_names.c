/* Long options count by their whole name. argp takes every beginning of one, so that `tenka profile --op conv2d` would
 * be `--optimizer conv2d`. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

static bool is_end(const struct argp_option *option)
{
    return option->name == NULL && option->key == 0 && option->doc == NULL;
}

/* The option of that name, or the first that begins with it; NULL: there is none. */
static const struct argp_option *find(const struct argp_option *options, const char *name, size_t length, bool whole)
{
    for (; !is_end(options); options++)
        if (options->name != NULL && strncmp(options->name, name, length) == 0 &&
            (!whole || options->name[length] == '\0'))
            return options;
    return NULL;
}

/* Of an option's argument, given as "--name=VALUE" or behind it; "": there is none. */
static const char *value_of(const struct argp_option *option, char **argument, const char *equals)
{
    if (option->arg == NULL)
        return "";
    return equals != NULL ? equals + 1 : argument[1] != NULL ? argument[1] : "";
}

#define MAX_COMMANDS 3 /* that are named */

/* What the command could have been, as a clause; "": nothing is like it. */
static void advise(const struct option_table *tables, size_t count, size_t own, char **argument, char out[1024])
{
    const char *const name = *argument + 2, *const equals = strchr(name, '=');
    const size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct argp_option *const longer = find(tables[own].options, name, length, false);
    size_t named = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && named < MAX_COMMANDS; i++) {
        const struct argp_option *const option = find(tables[i].options, name, length, true);
        const char *const value = option != NULL ? value_of(option, argument, equals) : "";
        const size_t used = strlen(out);
        if (option != NULL)
            snprintf(out + used, 1024 - used, "%s'%s --%s%s%.200s'", named++ > 0 ? ", " : ", but these have: ",
                     tables[i].command, option->name, value[0] != '\0' ? " " : "", value);
    }
    if (out[0] == '\0' && length > 0 && longer != NULL)
        snprintf(out, 1024, "; do you mean --%s?", longer->name);
}

void check_option_names(const struct option_table *tables, size_t count, size_t own, char **argv)
{
    static const struct argp_option of_argp[] = { { .name = "help" }, { .name = "usage" }, { 0 } };
    for (argv++; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
        if (strncmp(*argv, "--", 2) != 0)
            continue;
        const char *const name = *argv + 2;
        const size_t length = strcspn(name, "=");
        const struct argp_option *const option = find(tables[own].options, name, length, true);
        char advice[1024];
        if (option == NULL && find(of_argp, name, length, true) == NULL) {
            advise(tables, count, own, argv, advice);
            say_failed("'%s' has no option --%.*s%s", tables[own].command, (int)length, name,
                       advice[0] != '\0' ? advice : "; its --help lists them");
            exit(EXIT_CODE_USAGE);
        }
        if (option != NULL && option->arg != NULL && name[length] == '\0' && argv[1] != NULL)
            argv++; /* the option's argument, whatever it looks like */
    }
}
