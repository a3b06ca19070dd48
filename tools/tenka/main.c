#include <locale.h>
#include <string.h>

#include "tenka.h"

static const char help[] =
    "Usage: tenka COMMAND [OPTION...]\n"
    "Trains neural networks on any GPU that speaks Vulkan, and on the CPU.\n"
    "\n"
    "  tenka train     train a network on a folder of images\n"
    "  tenka test      loss and accuracy of a saved network\n"
    "  tenka predict   the classes of pictures, PNG or JPEG, by a saved network\n"
    "  tenka summary   layers, shapes and parameters of a network, and the memory that training it takes\n"
    "  tenka verify    whether the device can be trusted: every kernel against the CPU's\n"
    "  tenka bench     how fast the device, its kernels and whole training steps are\n"
    "  tenka profile   where the time of a training step goes; traces for Perfetto, captures for RenderDoc\n"
    "  tenka devices   what Vulkan sees, what Tenka would pick and why\n"
    "\n"
    "  tenka COMMAND --help   the options of a command\n"
    "  tenka --version        the version\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 128 + N after signal N: 130 after Ctrl-C.\n";

/* Options parse from the command's name on; it then stands for the program in argp's messages. */
struct command {
    const char *name;
    char *title;
    struct options (*parse)(int argc, char **argv);
    int (*run)(const struct options *options);
    bool computes;
};

static int run_command(const struct command *command, int argc, char **argv)
{
    argv[1] = command->title;
    struct options options = command->parse(argc - 1, argv + 1);
    options.argc = argc;
    options.argv = argv;
    const int code = command->run(&options);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    return code != EXIT_CODE_OK ? code : say_output_failed();
}

static int print(const char *text)
{
    fputs(text, stdout);
    return fflush(stdout) == 0 ? EXIT_CODE_OK : say_output_failed();
}

int main(int argc, char **argv)
{
    static char train_title[] = "tenka train", test_title[] = "tenka test";
    static char predict_title[] = "tenka predict";
    static char summary_title[] = "tenka summary", bench_title[] = "tenka bench", devices_title[] = "tenka devices";
    static char verify_title[] = "tenka verify";
    static char profile_title[] = "tenka profile";
    static const struct command commands[] = {
        { "train", train_title, options_train, command_train, true },
        { "test", test_title, options_test, command_test, true },
        { "predict", predict_title, options_predict, command_predict, true },
        { "summary", summary_title, options_summary, command_summary, false },
        { "verify", verify_title, options_verify, command_verify, true },
        { "bench", bench_title, options_bench, command_bench, true },
        { "profile", profile_title, options_profile, command_profile, true },
        { "devices", devices_title, options_devices, command_devices, false },
    };
    /* Characters only: numbers keep their decimal point in every language. */
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        fputs(help, stderr);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return print(help);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return print("tenka " TENKA_VERSION "\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            if (commands[i].computes)
                limit_spinning(argv);
            return run_command(&commands[i], argc, argv);
        }
    say_failed("there is no command '%s'; 'tenka --help' lists them", argv[1]);
    return EXIT_CODE_USAGE;
}
