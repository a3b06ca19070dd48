/* Finds while it runs that a training's loss is no finite number any more, and says since which step, and where. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

/* How many steps the run had taken when the epoch began. */
static uint64_t first_step(const struct training *t)
{
    return t->run.step - tenka_loader_position(t->run.train_loader);
}

static const char *advice(const struct training *t)
{
    return t->session.options->check_finite ? "try a smaller --lr"
                                            : "try a smaller --lr, or --check-finite to see which layer is the first";
}

/* The first bad loss is of one of the steps first to last. The network is not saved: an older file is worth more. */
static int say_diverged(struct training *t, uint64_t first, uint64_t last)
{
    char steps[96], kept[KEPT_SIZE];
    keep_restore(t, kept);
    if (first >= last)
        snprintf(steps, sizeof(steps), "step %" PRIu64, last);
    else
        snprintf(steps, sizeof(steps), "one of the steps %" PRIu64 " to %" PRIu64, first, last);
    return say_failed("the training loss of epoch %" PRIu64 " is no finite number from %s on: the training has "
                      "diverged and its network was not saved%s; %s",
                      t->run.epoch + 1, steps, kept, advice(t));
}

int finite_check_loss(struct training *t, double loss)
{
    return isfinite(loss) ? EXIT_CODE_OK : say_diverged(t, t->run.step, t->run.step);
}

/* sum: of the first count losses of this epoch. */
static int check_sum(struct training *t, double sum, uint64_t count)
{
    const uint64_t first = first_step(t);
    if (isfinite(sum)) {
        t->finite = count;
        if (first + count > t->written_step)
            keep_judged(t);
        return EXIT_CODE_OK;
    }
    return say_diverged(t, first + t->finite, first + (count > 0 ? count - 1 : 0));
}

int finite_peek(struct training *t)
{
    double sum;
    uint64_t count;
    if (tenka_meter_peek(t->run.loss, &sum, &t->progress.loss, &count) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    t->progress.lr = tenka_optimizer_lr(t->run.optimizer, 0);
    progress_take_loss(&t->progress, sum, count);
    return check_sum(t, sum, count);
}

int finite_read(struct training *t, double *mean)
{
    double sum;
    uint64_t count;
    if (tenka_meter_read(t->run.loss, &sum, mean, &count) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    return check_sum(t, sum, count);
}

int finite_check_test(struct training *t, const struct epoch_result *result)
{
    char kept[KEPT_SIZE];
    if (isfinite(result->test.loss)) {
        /* A loss of the average says nothing of the weights in the checkpoint. */
        if (t->run.average == NULL)
            keep_judged(t);
        return EXIT_CODE_OK;
    }
    keep_restore(t, kept);
    return say_failed("the test loss of epoch %" PRIu32 " is no finite number: the training has diverged and its "
                      "network was not saved%s; try a smaller --lr",
                      result->epoch + 1, kept);
}

#define LARGE 1e4 /* the loss of an epoch: MSELoss of numbers around 100 */

void finite_tell_large(const struct training *t, const struct epoch_result *result)
{
    const struct session *const s = &t->session;
    if (s->options->loss != NULL || result->epoch > 0 || result->train_loss < LARGE)
        return;
    if (session_classifies(s) || table_scales_targets(s))
        say_warning("this loss is far above that of guessing: try a smaller --lr");
    else
        say_notice(s->options,
                   "the targets are large numbers, which a network is slow to reach: take %s, or a larger --lr, which "
                   "--find-lr finds",
                   tenka_dataset_table(s->train_data) != NULL ? "--standardize" : "a smaller unit in the data");
}

/* ---- What is saved ---- */

/* Whether all elements of a weight, or of a buffer, are finite. */
static int check_entry(const struct training *t, const struct tenka_state_entry *entry)
{
    const struct tenka_shape shape = tenka_variable_shape(entry->var);
    size_t count = 1, bad = 0;
    for (uint32_t i = 0; i < shape.rank; i++)
        count *= shape.dim[i];
    float *const values = malloc(count * sizeof(values[0]));
    if (values == NULL)
        return say_failed("out of memory");
    const tenka_status status = tenka_variable_read(entry->var, values, count * sizeof(values[0]));
    for (size_t i = 0; i < count && status == TENKA_OK; i++)
        bad += !isfinite(values[i]);
    free(values);
    if (status != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    if (bad == 0)
        return EXIT_CODE_OK;
    return say_failed("after %" PRIu64 " steps %s has numbers that are not finite: the training has diverged and its "
                      "network was not saved; try a smaller --lr",
                      t->run.step, entry->name);
}

int finite_check_weights(const struct training *t)
{
    const size_t count = tenka_module_state(t->session.net, NULL, 0);
    struct tenka_state_entry *const entries = calloc(count + 1, sizeof(entries[0]));
    if (entries == NULL)
        return say_failed("out of memory");
    int code = EXIT_CODE_OK;
    tenka_module_state(t->session.net, entries, count);
    for (size_t i = 0; i < count && code == EXIT_CODE_OK; i++)
        code = entries[i].var != NULL && tenka_variable_dtype(entries[i].var) == TENKA_F32 ? check_entry(t, &entries[i])
                                                                                           : EXIT_CODE_OK;
    free(entries);
    return code;
}

/* ---- --check-finite ---- */

/* "the weight of layer base_net.3 (Conv2d), 1 of 20,000 numbers" */
static void describe(const struct tenka_nonfinite *bad, char *out, size_t size)
{
    static const char *const what[] = {[TENKA_FINITE] = "",
                                       [TENKA_NONFINITE_PARAMETER] = "the %s of ",
                                       [TENKA_NONFINITE_OUTPUT] = "the output of ",
                                       [TENKA_NONFINITE_LOSS] = "the loss",
                                       [TENKA_NONFINITE_GRADIENT] = "the gradient of the %s of "};
    char part[320], some[32], all[32];
    const char *const name = strstr(what[bad->kind], "%s");
    if (name != NULL)
        snprintf(part, sizeof(part), "%.*s%s%s", (int)(name - what[bad->kind]), what[bad->kind], bad->name, name + 2);
    else
        snprintf(part, sizeof(part), "%s", what[bad->kind]);
    if (bad->kind == TENKA_NONFINITE_LOSS)
        snprintf(out, size, "%s, though every layer's output is finite", part);
    else
        snprintf(out, size, "%slayer %s%s(%s), %s of %s numbers", part, bad->layer, bad->layer[0] != '\0' ? " " : "",
                 bad->class_name, say_count(some, bad->bad), say_count(all, bad->elements));
}

static int say_bad(struct training *t, const struct tenka_nonfinite *bad)
{
    char kept[KEPT_SIZE];
    keep_restore(t, kept);
    const struct options *o = t->session.options;
    char where[1024];
    describe(bad, where, sizeof(where));
    if (bad->kind == TENKA_NONFINITE_PARAMETER && t->run.step == 0 && o->load != NULL)
        return say_failed("step 0 of epoch 1 has numbers that are not finite, first in %s: they came from %s, and "
                          "nothing was saved",
                          where, o->load);
    return say_failed("step %" PRIu64 " of epoch %" PRIu64 " has numbers that are not finite, first in %s: the "
                      "training has diverged and its network was not saved%s; %s",
                      t->run.step, t->run.epoch + 1, where, kept, advice(t));
}

int finite_check_step(struct training *t, tenka_tensor loss)
{
    struct tenka_nonfinite bad = TENKA_NONFINITE_DEFAULTS;
    if (tenka_check_finite(t->session.net, loss, &bad) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    if (bad.kind == TENKA_FINITE)
        return EXIT_CODE_OK;
    const int logged = log_json_step(&t->log, (uint32_t)t->run.epoch, t->run.step, bad.loss);
    (void)logged; /* the run ends anyway, and say_bad says why */
    return say_bad(t, &bad);
}
