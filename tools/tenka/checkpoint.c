#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>

#include "option_table.h"

int checkpoint_save(struct session *s, const struct tenka_training *training, const char *path)
{
    struct tenka_preprocessing how;
    const int code = session_preprocessing(s, &how);
    if (code != EXIT_CODE_OK)
        return code;
    return tenka_checkpoint_save(training, &how, path) == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}

/* What the groups of a run began with, and what those of this one begin with: --lr was given on purpose, or forgotten. */
static int compare_lr(const struct options *o, struct tenka_training *training, size_t group, double here)
{
    const double there = tenka_optimizer_initial_lr(training->optimizer, group);
    char a[32], b[32];
    if (there == here)
        return EXIT_CODE_OK;
    say_shortest(a, there);
    say_shortest(b, here);
    if (!option_is_given(o, "lr") && here != o->lr)
        return say_failed(
            "%s: the checkpoint belongs to a run whose parameter group %zu begins with a learning rate of "
            "%s, in this one it is %s; give the --group options of that run",
            o->resume, group, a, b);
    if (!option_is_given(o, "lr"))
        return say_failed(
            "%s: the checkpoint belongs to a run with --lr %s, this one has %s; given as --lr %s it would "
            "go on with that",
            o->resume, a, b, b);
    if (tenka_schedule_set_initial_lr(training->schedule, training->optimizer, group, here) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    say_notice(o, "the run began with a learning rate of %s, and goes on as if it had been %s", a, b);
    return EXIT_CODE_OK;
}

static int check(const struct options *o, struct tenka_training *training, const double *lr)
{
    int code = EXIT_CODE_OK;
    for (size_t g = 0; g < tenka_optimizer_groups(training->optimizer) && code == EXIT_CODE_OK; g++)
        code = compare_lr(o, training, g, lr[g]);
    if (code == EXIT_CODE_OK && training->epoch >= o->epochs)
        say_warning("%s has %" PRIu64 " finished epoch%s: nothing is left of --epochs %" PRIu32, o->resume,
                    training->epoch, plural(training->epoch), o->epochs);
    return code;
}

static int load(const struct session *s, struct tenka_training *training, const struct tenka_preprocessing *how)
{
    const struct options *const o = s->options;
    const size_t n = tenka_optimizer_groups(training->optimizer);
    double *const lr = calloc(n + 1, sizeof(lr[0]));
    if (lr == NULL)
        return say_failed("out of memory");
    for (size_t g = 0; g < n; g++)
        lr[g] = tenka_optimizer_initial_lr(training->optimizer, g);
    const tenka_status status = tenka_checkpoint_load(training, how, o->resume);
    int code = status == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
    if (status == TENKA_E_INVALID)
        code = say_failed("%s; give the options of that run again", tenka_last_error(s->ctx));
    if (code == EXIT_CODE_OK)
        code = check(o, training, lr);
    free(lr);
    return code;
}

int checkpoint_resume(struct session *s, struct tenka_training *training)
{
    const struct options *o = s->options;
    struct tenka_preprocessing how;
    int code = session_preprocessing(s, &how);
    if (code != EXIT_CODE_OK)
        return code;
    code = load(s, training, &how);
    if (code == EXIT_CODE_OK && !o->quiet) {
        print_text(stdout, "resumed  %s: %" PRIu64 " epoch%s and %" PRIu64 " step%s are done\n", o->resume,
                   training->epoch, plural(training->epoch), training->step, plural(training->step));
        fflush(stdout);
    }
    return code;
}
