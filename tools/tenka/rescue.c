/* A file that cannot be written where it belongs, since its disk is full or its folder has gone, is written to the
 * folder for temporary files instead: what hours have computed is not thrown away. */
#define _POSIX_C_SOURCE 200809L
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train.h"

/* The file could be written nowhere, and nothing was said. */
#define NOWHERE (-1)
#define SENTENCE_SIZE 1024

typedef int (*writer)(struct training *t, const char *path);

/* $TMPDIR/tenka-123-net.safetensors: the name's end tells the format. */
static void other_path(const char *path, char *out, size_t size)
{
    char copy[4096];
    const char *const folder = getenv("TMPDIR");
    snprintf(copy, sizeof(copy), "%s", path);
    snprintf(out, size, "%s/tenka-%ld-%s", folder != NULL && folder[0] == '/' ? folder : "/tmp", (long)getpid(),
             basename(copy));
}

/* Signals wait meanwhile, so that a second Ctrl-C leaves no half file. */
static int write_held(struct training *t, const char *path, writer write)
{
    interrupt_hold();
    const int code = write(t, path);
    interrupt_release();
    return code;
}

/* sentence: why it could not be written where it belongs, when it could not. */
static int write_somewhere(struct training *t, const char *path, writer write, const char *what,
                           char sentence[SENTENCE_SIZE])
{
    char other[8192];
    const tenka_ctx *ctx = t->session.ctx;
    const int code = write_held(t, path, write);
    if (code != EXIT_CODE_LIBRARY || tenka_last_status(ctx) != TENKA_E_IO)
        return code;
    snprintf(sentence, SENTENCE_SIZE, "%s", tenka_last_error(ctx));
    other_path(path, other, sizeof(other));
    if (write_held(t, other, write) != EXIT_CODE_OK)
        return NOWHERE;
    return say_failed("%s; %s is in %s instead", sentence, what, other);
}

static int write_network(struct training *t, const char *path)
{
    return session_save(&t->session, path);
}

static int write_checkpoint(struct training *t, const char *path)
{
    return checkpoint_save(&t->session, &t->run, path);
}

int rescue_save(struct training *t)
{
    char sentence[SENTENCE_SIZE];
    const int code = write_somewhere(t, t->session.options->save, write_network, "the network", sentence);
    return code == NOWHERE ? say_failed("%s", sentence) : code;
}

/* A checkpoint that can be written nowhere ends a run, but what was trained may still go where --save says. */
static int stop_for_checkpoint(struct training *t, const char *sentence)
{
    t->unwritable = true;
    if (t->session.options->save == NULL)
        return say_failed("%s", sentence);
    if (t->trouble[0] == '\0')
        snprintf(t->trouble, sizeof(t->trouble), "%s", sentence);
    return EXIT_CODE_OK;
}

int rescue_checkpoint(struct training *t)
{
    /* Weights that the file has already are judged, or what is kept is what they may have to give way to. */
    const bool same = t->written && t->written_step == t->run.step;
    if (!same)
        keep_before(t);
    char sentence[SENTENCE_SIZE];
    const int code = write_somewhere(t, t->session.options->checkpoint, write_checkpoint, "the checkpoint", sentence);
    if (code != EXIT_CODE_OK && !same)
        keep_unwritten(t);
    if (code != EXIT_CODE_OK)
        return code == NOWHERE ? stop_for_checkpoint(t, sentence) : code;
    t->written = true;
    t->written_step = t->run.step;
    return EXIT_CODE_OK;
}
