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
    /* One that is there already is better: no loss has judged what is in FILE. Else a second name, so that FILE is
     * there at every moment. Where a file system has none, nothing is kept. */
    if (access(good_path(t, good), F_OK) == 0 || link(path, good) == 0)
        t->kept = KEPT_BEFORE;
    else
        t->kept = errno == ENOENT ? KEPT_ALONE : KEPT_NONE;
}

void keep_judged(struct training *t)
{
    char good[PATH_SIZE];
    if (!t->written)
        return;
    if (t->kept == KEPT_BEFORE)
        unlink(good_path(t, good));
    t->kept = KEPT_NONE;
}

void keep_unwritten(struct training *t)
{
    const char *const path = t->session.options->checkpoint;
    char good[PATH_SIZE];
    struct stat now, before;
    const bool there = stat(path, &now) == 0;
    if (t->kept == KEPT_ALONE && !there) {
        t->kept = KEPT_NONE;
    } else if (t->kept == KEPT_BEFORE && there && stat(good_path(t, good), &before) == 0 &&
               now.st_dev == before.st_dev && now.st_ino == before.st_ino) {
        unlink(good);
        t->kept = KEPT_NONE;
    }
}

void keep_restore(struct training *t, char out[KEPT_SIZE])
{
    const struct options *o = t->session.options;
    char good[PATH_SIZE];
    out[0] = '\0';
    if (t->kept == KEPT_BEFORE) {
        if (rename(good_path(t, good), o->checkpoint) != 0) {
            snprintf(out, KEPT_SIZE, "; the last good checkpoint is %s", good);
        } else {
            unlink(good); /* rename does nothing to two names of one file */
            snprintf(out, KEPT_SIZE, "; %s is again the checkpoint before", o->checkpoint);
        }
    } else if (t->kept == KEPT_ALONE && unlink(o->checkpoint) == 0) {
        snprintf(out, KEPT_SIZE, "; its checkpoint %s was removed", o->checkpoint);
    } else if (o->resume != NULL) {
        snprintf(good, sizeof(good), "%s.last-good", o->resume);
        if (access(good, F_OK) == 0)
            snprintf(out, KEPT_SIZE, "; the last good checkpoint is %s", good);
    }
    t->kept = KEPT_NONE;
}
