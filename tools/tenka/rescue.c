/* Writes a network or a checkpoint to the folder for temporary files where it cannot be written where it belongs, since
 * the disk is full or the folder has gone: hours of training are not lost for that. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train.h"

/* A writer's code: the file could be written neither there nor here, and nothing was said. */
#define NOWHERE (-1)
#define SENTENCE_SIZE 1024
/* The other file's name ends with the last so many bytes of the first one's: names have a limit. */
#define MAX_END 64

typedef int (*writer)(struct training *t, const char *path);

/* The end of a file's name, which tells the format; it begins with a whole character. */
static const char *end_of_name(const char *path)
{
    const char *const slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    const size_t length = strlen(name);
    if (length <= MAX_END)
        return name;
    name += length - MAX_END;
    while (((unsigned char)*name & 0xC0) == 0x80)
        name++;
    return name;
}

/* Makes an empty file $TMPDIR/tenka-123-net.safetensors that is ours, and no link of somebody else's; else one with
 * another number. ending: what else the name ends with. */
static bool make_other(const char *path, const char *ending, char *out, size_t size)
{
    const char *const set = getenv("TMPDIR"), *const folder = set != NULL && set[0] == '/' ? set : "/tmp";
    char again[16] = "";
    for (int i = 1; i < 100; i++) {
        snprintf(out, size, "%s/tenka-%ld%s-%s%s", folder, (long)getpid(), again, end_of_name(path), ending);
        const int file = open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0)
            return close(file) == 0;
        if (errno != EEXIST)
            return false;
        snprintf(again, sizeof(again), "-%d", i);
    }
    return false;
}

static bool write_other(struct training *t, const char *path, const char *ending, writer write, char *out, size_t size)
{
    if (!make_other(path, ending, out, size))
        return false;
    if (write(t, out) == EXIT_CODE_OK)
        return true;
    unlink(out);
    return false;
}

/* sentence: why it could not be written where it belongs, when it could not. */
static int try_to_write(struct training *t, const char *path, writer write, const char *what,
                        char sentence[SENTENCE_SIZE])
{
    char other[8192];
    const tenka_ctx *ctx = t->session.ctx;
    const int code = write(t, path);
    const tenka_status status = tenka_last_status(ctx);
    /* After the device has failed, no other file could be filled either. */
    if (code != EXIT_CODE_LIBRARY || status == TENKA_E_DEVICE)
        return code;
    snprintf(sentence, SENTENCE_SIZE, "%s", tenka_last_error(ctx));
    /* A .pt is made in memory before it is written; a safetensors file needs room for a single tensor. */
    if (!write_other(t, path, status == TENKA_E_NOMEM ? ".safetensors" : "", write, other, sizeof(other)))
        return NOWHERE;
    return say_failed("%s; %s is in %s instead", sentence, what, other);
}

/* A second Ctrl-C waits until the file is written, so that it leaves no temporary file. */
static int write_somewhere(struct training *t, const char *path, writer write, const char *what,
                           char sentence[SENTENCE_SIZE])
{
    interrupt_hold();
    const int code = try_to_write(t, path, write, what, sentence);
    interrupt_release();
    return code;
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

int rescue_best(struct training *t)
{
    char sentence[SENTENCE_SIZE];
    const int code = write_somewhere(t, t->session.options->best_file, write_network, "the best network", sentence);
    if (code == NOWHERE && t->trouble[0] == '\0')
        snprintf(t->trouble, sizeof(t->trouble), "%s", sentence);
    return code == NOWHERE ? EXIT_CODE_OK : code;
}

/* A checkpoint that can be written nowhere stops the run, which then still saves its network where --save says. */
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
    /* Where the file already has these weights, FILE.last-good stays as it is. */
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
