#include <math.h>

#include "tenka.h"

static int test(struct session *s)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    struct evaluation result;
    struct progress progress;
    tenka_loader *loader = NULL;
    params.batch_size = s->options->batch_size;
    if (tenka_loader_create(s->ctx, s->test_data, &params, &loader) != TENKA_OK)
        return say_library_failed(s->ctx);
    progress_init(&progress, s->options->quiet);
    const int code = evaluate(s, loader, &progress, &result);
    tenka_loader_destroy(&loader);
    if (code != EXIT_CODE_OK)
        return say_library_failed(s->ctx);
    if (interrupt_signal() != 0) {
        say_failed("stopped by a signal");
        return EXIT_CODE_SIGNAL + interrupt_signal();
    }
    if (!isfinite(result.loss))
        return say_failed("%s: the network's outputs are no finite numbers; it has diverged, or its file is damaged",
                          s->options->load);
    char rate[32];
    printf("test loss %.4f  ", result.loss);
    if (!isnan(result.accuracy))
        printf("test accuracy %.2f %%  ", 100 * result.accuracy);
    printf("(%.1f s, %s %ss/s)\n", result.seconds,
           say_count(rate, (uint64_t)((double)result.images / result.seconds + 0.5)), session_noun(s));
    return EXIT_CODE_OK;
}

int command_test(const struct options *options)
{
    struct session s;
    interrupt_catch();
    int code = session_open(&s, options, false);
    if (code == EXIT_CODE_OK)
        code = test(&s);
    session_close(&s);
    return code;
}
