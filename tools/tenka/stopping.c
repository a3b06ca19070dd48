/* What stops a run before its end: a signal, trouble, --max-time. It finishes the update and saves first. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <unistd.h>

#include "train.h"

bool stopping_is_due(const struct training *t)
{
    return interrupt_signal() != 0 || t->trouble[0] != '\0' || t->late;
}

void stopping_look_at_clock(struct training *t)
{
    const struct options *const o = t->session.options;
    t->late = o->max_time > 0 && seconds_now() - o->begun >= o->max_time;
}

/* "; the same command with --resume FILE goes on", or the same of an older checkpoint where the last could not be
 * written, or "". */
static void how_to_go_on(const struct training *t, char *out, size_t size)
{
    const char *const path = t->session.options->checkpoint;
    out[0] = '\0';
    if (path != NULL && !t->unwritable)
        snprintf(out, size, "; the same command with --resume %s goes on", path);
    else if (path != NULL && t->written && access(path, R_OK) == 0)
        snprintf(out, size, "; the same command with --resume %s goes on from step %" PRIu64, path, t->written_step);
}

void stopping_say(const struct training *t)
{
    const struct options *o = t->session.options;
    char on[4200], saved[4200] = "", why[4400];
    how_to_go_on(t, on, sizeof(on));
    if (o->save != NULL)
        snprintf(saved, sizeof(saved), "; the network so far is in %s", o->save);
    snprintf(why, sizeof(why), "%s%s", t->trouble,
             t->trouble[0] != '\0'     ? "; stopped"
             : interrupt_signal() != 0 ? "stopped by a signal"
                                       : "--max-time is over: stopped");
    const char *const nothing = o->checkpoint == NULL && o->save == NULL ? "; nothing was saved" : "";
    if (stopping_status(t) == EXIT_CODE_OK)
        say_notice(o, "%s after %" PRIu64 " step%s%s%s%s", why, t->run.step, plural(t->run.step), on, saved, nothing);
    else
        say_failed("%s after %" PRIu64 " step%s%s%s%s", why, t->run.step, plural(t->run.step), on, saved, nothing);
}

int stopping_status(const struct training *t)
{
    if (t->trouble[0] != '\0')
        return EXIT_CODE_FAILED;
    return interrupt_signal() != 0 ? EXIT_CODE_SIGNAL + interrupt_signal() : EXIT_CODE_OK;
}
