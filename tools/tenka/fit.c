/* Batches that do not fit into the device's memory: said before training begins, with the size that does. */
#include <inttypes.h>
#include <string.h>

#include "train.h"

/* "1.5 GiB" */
static const char *size_text(char buffer[static 32], uint64_t bytes)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit < 4; unit++)
        value /= 1024;
    snprintf(buffer, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return buffer;
}

/* A kind of step: training, or evaluating. */
struct kind {
    const char *name, *option;
    uint32_t batch_size; /* as asked for */
    uint32_t rows;       /* of its largest batch */
    tenka_optimizer *optimizer; /* NULL: none */
};

static struct kind make_kind(const struct training *t, bool training)
{
    const struct session *s = &t->session;
    const struct options *o = s->options;
    const size_t count = tenka_dataset_count(training ? s->train_data : s->test_data);
    struct kind k = { "training", "--batch-size", o->batch_size, o->batch_size, t->run.optimizer };
    if (!training)
        k = (struct kind){ "testing", "--test-batch-size", o->test_batch_size, o->test_batch_size, NULL };
    if (k.rows > count)
        k.rows = (uint32_t)count;
    return k;
}

static tenka_status measure(const struct training *t, const struct kind *k, struct tenka_memory_fit *out)
{
    const struct session *s = &t->session;
    const struct tenka_shape image = tenka_dataset_image_shape(s->test_data);
    const struct tenka_shape input = tenka_shape_of(k->rows, image.dim[0], image.dim[1], image.dim[2]);
    return tenka_memory_fits(s->net, k->optimizer, input, s->log_softmax ? tenka_nll_loss : tenka_cross_entropy, out);
}

/* "a training step of 60,000 images needs 6.2 GiB, but vulkan: ... has 1.9 GiB for it" */
static void describe(const struct training *t, const struct kind *k, const struct tenka_memory_fit *fit, char *out,
                     size_t size)
{
    char rows[32], needed[32], available[32];
    const tenka_ctx *ctx = t->session.ctx;
    say_count(rows, k->rows);
    if (fit->needed == 0 || fit->available == 0 || fit->needed <= fit->available)
        snprintf(out, size, "a %s step of %s image%s does not fit: %s", k->name, rows, plural(k->rows),
                 tenka_last_error(ctx));
    else
        snprintf(out, size, "a %s step of %s image%s needs %s, but %s has %s for it", k->name, rows, plural(k->rows),
                 size_text(needed, fit->needed), tenka_ctx_device_name(ctx), size_text(available, fit->available));
}

static int say_too_large(const struct training *t, const struct kind *k, const struct tenka_memory_fit *fit)
{
    char text[2048];
    describe(t, k, fit, text, sizeof(text));
    if (fit->largest == 0)
        return say_failed("%s; not even one image fits: use a smaller network", text);
    return say_failed("%s; '%s %" PRIu32 "' is the largest that fits", text, k->option, fit->largest);
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
    return code != EXIT_CODE_OK ? code : check_kind(t, false);
}

/* Memory was short though it should not have been: somebody else has it. */
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
                      "'%s %" PRIu32 "'", text, k.name, size_text(needed, fit.needed), k.option,
                      k.rows > 1 ? k.rows / 2 : 1);
}
