/* `tenka convert`: a saved network as a file of the other format. */
#include "tenka.h"

static int save(struct session *s)
{
    const char *const path = s->options->save;
    const struct tenka_preprocessing *const how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    char count[32];
    if (tenka_model_save(s->net, how, path) != TENKA_OK)
        return say_library_failed(s->ctx);
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
    int code = check_save_path("--save", o.save);
    if (code == EXIT_CODE_OK)
        code = check_other_file("--save", o.save, "--load", o.load);
    if (code == EXIT_CODE_OK)
        code = check_not_input(&o, "--save", o.save);
    if (code != EXIT_CODE_OK)
        return code;
    code = session_open_network(&s, &o, false);
    if (code == EXIT_CODE_OK)
        code = save(&s);
    session_close(&s);
    return code;
}
