/* `tenka convert`: a saved network as a file of the other format. */
#include <string.h>

#include "tenka.h"

static int check_format(const char *path)
{
    if (!promises_other_format(path) && strcmp(path, "-") != 0)
        return EXIT_CODE_OK;
    return say_failed("--save %s: a name that ends in .pt asks for PyTorch's format, one that ends in .safetensors for "
                      "safetensors, and there is no other",
                      path);
}

static int check_names(const struct options *o)
{
    int code = check_save_path("--save", o->save);
    if (code == EXIT_CODE_OK)
        code = check_format(o->save);
    if (code == EXIT_CODE_OK)
        code = check_other_file("--save", o->save, "--load", o->load);
    return code == EXIT_CODE_OK ? check_not_input(o, "--save", o->save) : code;
}

static int save(struct session *s)
{
    const char *const path = s->options->save;
    const struct tenka_preprocessing *const how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    char count[32];
    if (tenka_model_save(s->net, how, path) != TENKA_OK)
        return say_library_failed(s->ctx);
    if (how != NULL)
        tell_lost_in(s->options, "--save", path, how->table != NULL, how->image.rank == 3 || how->transform != NULL,
                     how->split != 0);
    if (!s->options->quiet)
        print_text(stdout, "saved    %s: %s parameters\n", path,
                   say_count(count, tenka_module_parameter_count(s->net)));
    return EXIT_CODE_OK;
}

int command_convert(const struct options *options)
{
    struct options o = *options;
    struct session s;
    o.backend = TENKA_BACKEND_CPU;
    interrupt_catch();
    int code = check_names(&o);
    if (code != EXIT_CODE_OK)
        return code;
    code = session_open_network(&s, &o, false);
    if (code == EXIT_CODE_OK && interrupt_signal() == 0)
        code = save(&s);
    if (code == EXIT_CODE_OK && interrupt_signal() != 0) {
        say_failed("stopped by a signal");
        code = EXIT_CODE_SIGNAL + interrupt_signal();
    }
    session_close(&s);
    return code;
}
