/* Batches that do not fit into the device's memory: said before training begins, with the size that does. */
#include <inttypes.h>
#include <string.h>

#include "train.h"

/* "1.5 GiB" */
static const char *size_text(char buffer[static 32], uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit < 4; unit++)
        value /= 1024;
    snprintf(buffer, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return buffer;
}

/* A kind of step: training, or evaluating. */
struct kind {
    const char *name, *option, *noun;
    uint32_t batch_size;        /* as asked for */
    uint32_t rows;              /* of its largest batch */
    tenka_optimizer *optimizer; /* NULL: none */
};

static struct kind make_kind(const struct training *t, bool training)
{
    const struct session *s = &t->session;
    const struct options *o = s->options;
    const size_t count = tenka_dataset_count(training ? s->train_data : s->test_data);
    struct kind k = {"training", "--batch-size", session_noun(s), o->batch_size, o->batch_size, t->run.optimizer};
    if (!training)
        k = (struct kind){"testing",          "--test-batch-size", session_noun(s),
                          o->test_batch_size, o->test_batch_size,  NULL};
    if (k.rows > count)
        k.rows = (uint32_t)count;
    return k;
}

static tenka_status measure(const struct training *t, const struct kind *k, struct tenka_memory_fit *out)
{
    const struct session *s = &t->session;
    out->mixes = k->optimizer != NULL && mixing_is_on(s->options);
    out->classes = s->outputs;
    out->accumulates = s->options->accumulate > 1;
    return tenka_memory_fits_data(s->net, k->optimizer, session_data(s), k->rows, s->loss, out);
}

/* "a training step of 60,000 images", or of one image where not even that fits. */
static const char *step_text(char out[static 96], const struct kind *k, const struct tenka_memory_fit *fit)
{
    char rows[32];
    if (fit->largest == 0)
        snprintf(out, 96, "a %s step of even one %s", k->name, k->noun);
    else
        snprintf(out, 96, "a %s step of %s %s%s", k->name, say_count(rows, k->rows), k->noun, plural(k->rows));
    return out;
}

/* "a training step of 60,000 images needs 6.2 GiB, but vulkan: ... has 1.9 GiB for it" */
static void describe_memory(const struct training *t, const struct kind *k, const struct tenka_memory_fit *fit,
                            char *out, size_t size)
{
    char step[96], needed[32], available[32], network[32];
    const char *const device = tenka_ctx_device_name(t->session.ctx);
    step_text(step, k, fit);
    size_text(needed, fit->needed);
    if (fit->available > 1)
        snprintf(out, size, "%s needs %s, but %s has %s for it", step, needed, device,
                 size_text(available, fit->available));
    else
        snprintf(out, size, "%s needs %s, but nothing is left on %s beside the network%s %s", step, needed, device,
                 k->optimizer != NULL ? " and optimizer, which take" : ", which takes",
                 size_text(network, fit->network));
}

/* "a training step of 60,000 images does not fit: from 700 images on, conv2d_fwd: a tensor ..." */
static void describe_limit(const struct training *t, const struct kind *k, const struct tenka_memory_fit *fit,
                           char *out, size_t size)
{
    char step[96], first[32], from[64] = "";
    if (fit->largest > 0 && fit->largest + 1 < k->rows)
        snprintf(from, sizeof(from), "from %s %ss on, ", say_count(first, fit->largest + 1), k->noun);
    snprintf(out, size, "%s does not fit: %s%s", step_text(step, k, fit), from, tenka_last_error(t->session.ctx));
}

static int say_too_large(const struct training *t, const struct kind *k, const struct tenka_memory_fit *fit)
{
    char text[2048];
    (fit->lacks_memory ? describe_memory : describe_limit)(t, k, fit, text, sizeof(text));
    if (fit->largest > 0)
        return say_failed("%s; '%s %" PRIu32 "' is the largest that fits", text, k->option, fit->largest);
    return say_failed("%s%s", text, fit->lacks_memory ? "; use a smaller network" : "");
}

static int check_kind(const struct training *t, bool training)
{
    const struct kind k = make_kind(t, training);
    struct tenka_memory_fit fit = TENKA_MEMORY_FIT_DEFAULTS;
    tenka_module_train(t->session.net, training);
    if (measure(t, &k, &fit) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    return fit.fits ? EXIT_CODE_OK : say_too_large(t, &k, &fit);
}

int fit_check(struct training *t)
{
    const int code = check_kind(t, true);
    return code != EXIT_CODE_OK || t->session.test_data == NULL ? code : check_kind(t, false);
}

/* fit_check found enough memory, so another program has taken it since, or --check-finite needs more. */
int fit_say_failed(struct training *t)
{
    const bool training = !t->evaluating;
    const struct kind k = make_kind(t, training);
    struct tenka_memory_fit fit = TENKA_MEMORY_FIT_DEFAULTS;
    char text[1100], needed[32];
    snprintf(text, sizeof(text), "%s", tenka_last_error(t->session.ctx));
    tenka_step_discard(t->session.ctx);
    if (measure(t, &k, &fit) != TENKA_OK || fit.needed == 0)
        return say_failed("%s", text);
    if (!fit.fits)
        return say_too_large(t, &k, &fit);
    if (training && t->session.options->check_finite)
        return say_failed("%s; --check-finite keeps all values of a step: leave it out, or try '%s %" PRIu32 "'", text,
                          k.option, k.rows > 1 ? k.rows / 2 : 1);
    return say_failed("%s; a %s step needs %s, and other programs may hold what is missing: end them, or try "
                      "'%s %" PRIu32 "'",
                      text, k.name, size_text(needed, fit.needed), k.option, k.rows > 1 ? k.rows / 2 : 1);
}
