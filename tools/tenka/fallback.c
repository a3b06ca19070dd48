/* A device that fails in the middle of a run: what to type to go on, or the CPU in its place. */
#include <inttypes.h>
#include <string.h>

#include "train.h"

/* ---- The command to type ---- */

struct line {
    char text[6144];
    size_t length;
    bool cut; /* the command does not fit into text */
};

static void add(struct line *line, const char *text, size_t length)
{
    if (line->length + length >= sizeof(line->text)) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->length, text, length);
    line->length += length;
    line->text[line->length] = '\0';
}

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    return text[0] != '\0' && text[strspn(text, plain)] == '\0';
}

/* In a shell's quotes where it needs them. */
static void add_argument(struct line *line, const char *text)
{
    add(line, " ", line->length > 0);
    if (is_plain(text)) {
        add(line, text, strlen(text));
        return;
    }
    add(line, "'", 1);
    for (; *text != '\0'; text++)
        add(line, *text == '\'' ? "'\\''" : text, *text == '\'' ? 4 : 1);
    add(line, "'", 1);
}

/* How many arguments from arguments[0] on give the option; 0: none. */
static int given(char *const *arguments, const char *option)
{
    const size_t length = strlen(option);
    if (strncmp(arguments[0], option, length) != 0)
        return 0;
    return arguments[0][length] == '\0' ? 2 : arguments[0][length] == '=' ? 1 : 0;
}

/* The command as it was typed, but with --resume checkpoint in place of --resume and --load. */
static void resume_line(const struct options *o, const char *checkpoint, struct line *line)
{
    static const char resume[] = "--resume";
    *line = (struct line){.cut = false};
    add_argument(line, o->argv[0]);
    add_argument(line, "train");
    for (int i = 2; i < o->argc;) {
        const int passed = given(o->argv + i, resume) + given(o->argv + i, "--load");
        if (passed == 0)
            add_argument(line, o->argv[i]);
        i += passed > 0 ? passed : 1;
    }
    add_argument(line, resume);
    add_argument(line, checkpoint);
}

/* ---- Going on ---- */

/* The checkpoint to go on from, or NULL. */
static const char *last_checkpoint(const struct training *t)
{
    const struct options *o = t->session.options;
    return t->written ? o->checkpoint : o->resume;
}

/* The library's sentence without what it advises to programmers. */
static void what_failed(const struct training *t, char *out, size_t size)
{
    static const char advice[] = ": open a new context";
    snprintf(out, size, "%s", tenka_last_error(t->session.ctx));
    const size_t length = strlen(out);
    if (length > strlen(advice) && strcmp(out + length - strlen(advice), advice) == 0)
        out[length - strlen(advice)] = '\0';
}

static int say_how(const struct training *t, const char *what)
{
    const char *const checkpoint = last_checkpoint(t);
    struct line line;
    if (checkpoint == NULL)
        return say_failed("the device failed after %" PRIu64 " step%s (%s) and nothing was saved: with --checkpoint "
                          "FILE a run can go on after a failure, with --fallback it goes on on the CPU",
                          t->run.step, plural(t->run.step), what);
    resume_line(t->session.options, checkpoint, &line);
    if (line.cut)
        return say_failed("the device failed after %" PRIu64 " step%s (%s); the same command with --resume %s goes on "
                          "from step %" PRIu64,
                          t->run.step, plural(t->run.step), what, checkpoint, t->written_step);
    return say_failed("the device failed after %" PRIu64 " step%s (%s); this goes on from step %" PRIu64 ": %s",
                      t->run.step, plural(t->run.step), what, t->written_step, line.text);
}

/* On the CPU `auto` would choose other masks of dropout, with which the checkpoint would be refused. */
static void change_to_cpu(struct options *o, const char *checkpoint)
{
    o->backend = TENKA_BACKEND_CPU;
    o->device = NULL;
    o->shader_dir = NULL;
    o->resume = checkpoint;
    if (o->dropout_mask == TENKA_DROPOUT_AUTO)
        o->dropout_mask = TENKA_DROPOUT_PHILOX;
}

int fallback_say_failed(struct training *t, struct options *o)
{
    char what[1024];
    what_failed(t, what, sizeof(what));
    const bool vulkan = tenka_ctx_backend(t->session.ctx) == TENKA_BACKEND_VULKAN;
    if (!o->fallback || !vulkan)
        return say_how(t, what);
    const char *const checkpoint = last_checkpoint(t);
    if (checkpoint != NULL)
        say_warning("the device failed after %" PRIu64 " step%s (%s); the run goes on on the CPU, which may be "
                    "much slower, from step %" PRIu64 " in %s",
                    t->run.step, plural(t->run.step), what, t->written_step, checkpoint);
    else
        say_warning("the device failed after %" PRIu64 " step%s (%s); the run begins anew on the CPU, which may be "
                    "much slower: there is no checkpoint to go on from",
                    t->run.step, plural(t->run.step), what);
    change_to_cpu(o, checkpoint);
    return EXIT_CODE_AGAIN;
}
