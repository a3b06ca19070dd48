/* The last good checkpoint. No loss is known of the weights in a checkpoint, for the update comes after the loss: they
 * can be finite and so large that no loss is any more. So the checkpoint that is replaced stays as FILE.last-good until
 * a loss of the new weights is known to be finite, and comes back if it is not. A run that is stopped or killed
 * meanwhile leaves both, and the one that goes on from FILE decides. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train.h"

#define PATH_SIZE 4200 /* check_save_path takes shorter ones */

static const char *good_path(const struct training *t, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s.last-good", t->session.options->checkpoint);
    return out;
}

void keep_resumed(struct training *t)
{
    const struct options *o = t->session.options;
    char good[PATH_SIZE];
    struct stat from, to;
    if (o->checkpoint == NULL || stat(o->resume, &from) != 0 || stat(o->checkpoint, &to) != 0 ||
        from.st_dev != to.st_dev || from.st_ino != to.st_ino)
        return;
    t->written = true;
    t->kept = access(good_path(t, good), F_OK) == 0 ? KEPT_BEFORE : KEPT_NONE;
}

void keep_before(struct training *t)
{
    const char *const path = t->session.options->checkpoint;
    char good[PATH_SIZE];
    unlink(good_path(t, good));
    /* A second name, so that FILE is there at every moment. Where a file system has none, nothing is kept. */
    if (link(path, good) == 0)
        t->kept = KEPT_BEFORE;
    else
        t->kept = errno == ENOENT ? KEPT_ALONE : KEPT_NONE;
}

void keep_judged(struct training *t)
{
    char good[PATH_SIZE];
    if (t->kept == KEPT_BEFORE)
        unlink(good_path(t, good));
    t->kept = KEPT_NONE;
}

void keep_restore(struct training *t)
{
    const char *const path = t->session.options->checkpoint;
    char good[PATH_SIZE];
    if (t->kept == KEPT_BEFORE) {
        rename(good_path(t, good), path);
        unlink(good); /* rename does nothing to two names of one file */
    } else if (t->kept == KEPT_ALONE) {
        unlink(path);
    }
    t->kept = KEPT_NONE;
}
