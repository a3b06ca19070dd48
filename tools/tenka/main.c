#include <locale.h>
#include <string.h>

#include "option_table.h"

static int run_command(const struct command *command, int argc, char **argv)
{
    struct options options = options_parse(command, argc - 1, argv + 1);
    options.argc = argc;
    options.argv = argv;
    const int code = command->run(&options);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    return code != EXIT_CODE_OK ? code : say_output_failed();
}

static int print_version(void)
{
    puts("tenka " TENKA_VERSION);
    return fflush(stdout) == 0 ? EXIT_CODE_OK : say_output_failed();
}

static int print_help_of(const char *name)
{
    const struct command *const command = command_by_name(name);
    return command != NULL ? print_help(command) : EXIT_CODE_USAGE;
}

int main(int argc, char **argv)
{
    /* For the width of characters alone: numbers are printed with a decimal point in every language. */
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        print_commands(stderr);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 && argc > 2 && argv[2][0] != '-')
        return print_help_of(argv[2]);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return print_commands(stdout);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return print_version();
    const struct command *const command = command_by_name(argv[1]);
    if (command == NULL)
        return EXIT_CODE_USAGE;
    if (command->computes)
        limit_spinning(argv);
    return run_command(command, argc, argv);
}
