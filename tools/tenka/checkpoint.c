#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>

#include "tenka.h"

int checkpoint_save(struct session *s, const struct tenka_training *training, const char *path)
{
    struct tenka_preprocessing how;
    const int code = session_preprocessing(s, &how);
    if (code != EXIT_CODE_OK)
        return code;
    return tenka_checkpoint_save(training, &how, path) == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}

static int check(const struct options *o, const struct tenka_training *training)
{
    const double lr = tenka_optimizer_lr(training->optimizer, 0);
    char there[32], here[32];
    if (lr != o->lr)
        return say_failed("%s: the checkpoint belongs to a run with --lr %s, this one has %s", o->resume,
                          say_shortest(there, lr), say_shortest(here, o->lr));
    if (training->epoch >= o->epochs)
        say_warning("%s has %" PRIu64 " finished epoch%s: nothing is left of --epochs %" PRIu32, o->resume,
                    training->epoch, plural(training->epoch), o->epochs);
    return EXIT_CODE_OK;
}

int checkpoint_resume(struct session *s, struct tenka_training *training)
{
    const struct options *o = s->options;
    struct tenka_preprocessing how;
    int code = session_preprocessing(s, &how);
    if (code != EXIT_CODE_OK)
        return code;
    if (tenka_checkpoint_load(training, &how, o->resume) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    code = check(o, training);
    if (code == EXIT_CODE_OK && !o->quiet) {
        print_text(stdout, "resumed  %s: %" PRIu64 " epoch%s and %" PRIu64 " step%s are done\n", o->resume,
                   training->epoch, plural(training->epoch), training->step, plural(training->step));
        fflush(stdout);
    }
    return code;
}
