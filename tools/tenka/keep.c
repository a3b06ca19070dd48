/* The last good checkpoint. A step computes the loss and then updates the weights, so that no loss has been computed
 * with the weights in a checkpoint: they can be finite and so large that the next loss is not. So the checkpoint that
 * is replaced stays as FILE.last-good until a loss with the new weights is known to be finite, and is put back if it is
 * not. A run that is stopped or killed meanwhile leaves both files, and the run that resumes from FILE computes that
 * loss. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "train.h"

/* The checkpoint's file, to which --checkpoint may lead by a symbolic link, and FILE.last-good beside it. */
struct names {
    char *file, *good;
};

/* False: the names could not be made, so that nothing can be kept. free_names is due in any case. */
static bool find_names(struct names *names, const char *path)
{
    names->file = tenka_save_name(path, NULL);
    names->good = tenka_save_name(path, ".last-good");
    return names->file != NULL && names->good != NULL;
}

static void free_names(struct names *names)
{
    tenka_text_free(names->file);
    tenka_text_free(names->good);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int keep_check(const char *option, const char *path, const char *checkpoint)
{
    char *const good = checkpoint != NULL ? tenka_save_name(checkpoint, ".last-good") : NULL;
    const int code = check_other_file(option, path, "the last good checkpoint", good);
    tenka_text_free(good);
    return code;
}

void keep_resumed(struct training *t)
{
    const struct options *o = t->session.options;
    struct names names;
    if (o->checkpoint == NULL || !same_file(o->resume, o->checkpoint))
        return;
    t->written = true;
    t->kept = find_names(&names, o->checkpoint) && exists(names.good) ? KEPT_BEFORE : KEPT_NONE;
    free_names(&names);
}

void keep_before(struct training *t)
{
    struct names names;
    /* A FILE.last-good that is there already stays: no loss has been computed with the weights in FILE. Else FILE gets
     * it as a second name (a hard link), so that FILE exists at every moment. Where the file system has no hard links,
     * nothing is kept. */
    if (!find_names(&names, t->session.options->checkpoint))
        t->kept = KEPT_NONE;
    else if (exists(names.good) || link(names.file, names.good) == 0)
        t->kept = KEPT_BEFORE;
    else
        t->kept = errno == ENOENT ? KEPT_ALONE : KEPT_NONE;
    free_names(&names);
}

void keep_judged(struct training *t)
{
    struct names names;
    if (!t->written)
        return;
    if (t->kept == KEPT_BEFORE) {
        if (find_names(&names, t->session.options->checkpoint))
            unlink(names.good);
        free_names(&names);
    }
    t->kept = KEPT_NONE;
}

void keep_unwritten(struct training *t)
{
    struct names names;
    if (t->kept != KEPT_NONE && find_names(&names, t->session.options->checkpoint)) {
        if (t->kept == KEPT_ALONE && !exists(names.file)) {
            t->kept = KEPT_NONE;
        } else if (t->kept == KEPT_BEFORE && same_file(names.file, names.good)) {
            unlink(names.good);
            t->kept = KEPT_NONE;
        }
        free_names(&names);
    }
}

/* FILE.last-good becomes FILE again. */
static void put_back(const struct names *names, const char *checkpoint, char out[KEPT_SIZE])
{
    if (rename(names->good, names->file) != 0) {
        snprintf(out, KEPT_SIZE, "; the last good checkpoint is %s", names->good);
    } else {
        unlink(names->good); /* rename does nothing to two names of one file */
        snprintf(out, KEPT_SIZE, "; %s is again the checkpoint before", checkpoint);
    }
}

void keep_restore(struct training *t, char out[KEPT_SIZE])
{
    const struct options *o = t->session.options;
    const char *const path = t->kept != KEPT_NONE ? o->checkpoint : o->resume;
    struct names names = {NULL, NULL};
    out[0] = '\0';
    if (path != NULL && find_names(&names, path)) {
        if (t->kept == KEPT_BEFORE)
            put_back(&names, o->checkpoint, out);
        else if (t->kept == KEPT_ALONE && unlink(names.file) == 0)
            snprintf(out, KEPT_SIZE, "; its checkpoint %s was removed", o->checkpoint);
        else if (t->kept == KEPT_NONE && exists(names.good))
            snprintf(out, KEPT_SIZE, "; the last good checkpoint is %s", names.good);
    }
    free_names(&names);
    t->kept = KEPT_NONE;
}
