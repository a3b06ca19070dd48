#include <math.h>

#include "answers.h"

struct meters {
    tenka_meter *loss, *correct; /* correct NULL: the targets are no classes, or masks */
    uint32_t whole;              /* images of the first batch: no later one has more */
    double weights;              /* of all batches together */
};

/* Of a batch's loss, its mean over its images: 1 for a whole batch, so that sums are the same by either mean. */
static double weight_of(const struct meters *meters, const struct options *options, uint32_t images)
{
    return options->loss_mean == LOSS_MEAN_BATCHES ? 1 : (double)images / meters->whole;
}

static tenka_status run_batches(struct session *s, tenka_loader *loader, struct progress *progress,
                                struct meters *meters, struct answers *answers, uint64_t *images)
{
    struct tenka_batch batch;
    tenka_status status = TENKA_OK;
    while (interrupt_signal() == 0 && (status = tenka_loader_next(loader, &batch)) == TENKA_OK) {
        meters->whole = meters->whole > 0 ? meters->whole : batch.size;
        const double weight = weight_of(meters, s->options, batch.size);
        tenka_tensor output;
        const tenka_tensor loss = session_loss(s, &batch, false, &output);
        const double scale = tenka_loss_is_sum(s->loss) ? 1.0 / meters->whole : weight;
        tenka_meter_add(meters->loss, tenka_scale(loss, scale));
        if (meters->correct != NULL)
            tenka_meter_add(meters->correct, tenka_equal_count(tenka_argmax(output, 1), batch.target));
        if (answers != NULL && (status = answers_keep(answers, &batch, output)) != TENKA_OK)
            return status;
        if ((status = tenka_step_end(s->ctx)) != TENKA_OK)
            return status;
        if (answers != NULL && (status = answers_take(answers, s, &batch)) != TENKA_OK)
            return status;
        meters->weights += weight;
        *images += batch.size;
        progress_update(progress, *images);
    }
    return status == TENKA_END ? TENKA_OK : status;
}

/* Whether it is known before how many of the test targets are classes: of masks it depends on what they become. */
static bool counts_right(const struct session *s)
{
    return session_classifies(s) && tenka_dataset_labels(s->test_data) != NULL;
}

/* How many of the test targets are classes, so that they can be right. */
static double count_targets(const struct session *s)
{
    const int32_t *const labels = tenka_dataset_labels(s->test_data);
    const size_t all = tenka_dataset_count(s->test_data) * shape_count(tenka_dataset_target_shape(s->test_data));
    size_t count = 0;
    if (!s->ignores)
        return (double)all;
    for (size_t i = 0; i < all; i++)
        count += labels[i] != tenka_loss_ignore_index(s->loss);
    return (double)count;
}

/* targets: how many can be right */
static tenka_status read_meters(const struct meters *meters, double targets, struct evaluation *out)
{
    double loss, correct = NAN;
    tenka_status status = tenka_meter_read(meters->loss, &loss, NULL, NULL);
    if (status == TENKA_OK && meters->correct != NULL)
        status = tenka_meter_read(meters->correct, &correct, NULL, NULL);
    if (status != TENKA_OK)
        return status;
    out->loss = out->images > 0 ? loss / meters->weights : NAN;
    out->accuracy = out->images > 0 ? correct / targets : NAN;
    return TENKA_OK;
}

/* Nothing is known yet. */
struct evaluation evaluation_empty(void)
{
    const struct tenka_number_summary none = {.mae = NAN, .rmse = NAN, .r2 = NAN, .psnr = NAN};
    return (struct evaluation){
        .loss = NAN, .accuracy = NAN, .top_accuracy = NAN, .f1 = NAN, .mean_iou = NAN, .exact = NAN, .numbers = none};
}

int evaluate(struct session *s, tenka_loader *loader, struct progress *progress, struct answers *answers,
             struct evaluation *out)
{
    struct meters meters = {.loss = NULL};
    *out = evaluation_empty();
    if (answers != NULL)
        answers_begin(answers, s);
    const double start = seconds_now();
    tenka_module_train(s->net, false);
    tenka_no_grad_begin(s->ctx);
    tenka_status status = tenka_meter_create(s->ctx, &meters.loss);
    if (status == TENKA_OK && counts_right(s))
        status = tenka_meter_create(s->ctx, &meters.correct);
    if (status == TENKA_OK) {
        progress_begin(progress, "test", 0, tenka_dataset_count(s->test_data));
        status = run_batches(s, loader, progress, &meters, answers, &out->images);
        progress_end(progress);
    }
    if (status == TENKA_OK)
        status = read_meters(&meters, counts_right(s) ? count_targets(s) : 0, out);
    if (status == TENKA_OK && answers != NULL)
        answers_summarise(answers, s, out);
    const int code = status == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
    tenka_no_grad_end(s->ctx);
    tenka_meter_destroy(&meters.loss);
    tenka_meter_destroy(&meters.correct);
    out->seconds = seconds_now() - start;
    return code;
}

static size_t put(char *out, size_t used, const char *name, const char *format, double value)
{
    char number[32];
    if (isnan(value))
        return used;
    const int length = snprintf(out + used, MEASURES_TEXT - used, "  %s %s", name, say_number(number, format, value));
    return used + (size_t)length;
}

void evaluation_text(const struct evaluation *e, bool full, char out[static MEASURES_TEXT])
{
    size_t used = 0;
    out[0] = '\0';
    used = put(out, used, "MAE", "%.4g", e->numbers.mae);
    used = put(out, used, "RMSE", "%.4g", full ? e->numbers.rmse : (double)NAN);
    used = put(out, used, "R2", "%.4f", e->numbers.r2);
    used = put(out, used, "PSNR", "%.2f dB", e->numbers.psnr);
    used = put(out, used, "mean IoU", "%.4f", e->mean_iou);
    used = put(out, used, "exact", "%.2f %%", 100 * e->exact);
    put(out, used, "F1", "%.4f", isnan(e->exact) ? (double)NAN : e->f1);
}
