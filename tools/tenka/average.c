/* The moving average of --ema: the network has it while it is tested and saved, and its own weights while it trains. */
#include "train.h"

tenka_status train_average(const struct session *s, tenka_optimizer *opt, tenka_average **out)
{
    *out = NULL;
    return s->options->ema > 0 ? tenka_average_create(opt, s->net, s->options->ema, out) : TENKA_OK;
}

static int swap(struct training *t, bool averaged)
{
    if (t->run.average == NULL || t->averaged == averaged)
        return EXIT_CODE_OK;
    t->averaged = averaged;
    return tenka_average_swap(t->run.average) == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}

int average_take(struct training *t)
{
    return swap(t, true);
}

int average_put_back(struct training *t)
{
    return swap(t, false);
}
