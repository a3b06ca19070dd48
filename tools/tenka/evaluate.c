#include <math.h>
#include <string.h>

#include "tenka.h"

struct meters {
    tenka_meter *loss, *correct;
    uint32_t whole; /* images of the first batch: no later one has more */
    double weights; /* of all batches together */
};

/* Of a batch's loss, its mean over its images: 1 for a whole batch, so that sums are the same by either mean. */
static double weight_of(const struct meters *meters, const struct options *options, uint32_t images)
{
    return options->loss_mean == LOSS_MEAN_BATCHES ? 1 : (double)images / meters->whole;
}

static tenka_status run_batches(struct session *s, tenka_loader *loader, struct progress *progress,
                                struct meters *meters, uint64_t *images)
{
    struct tenka_batch batch;
    tenka_status status = TENKA_OK;
    while (interrupt_signal() == 0 && (status = tenka_loader_next(loader, &batch)) == TENKA_OK) {
        meters->whole = meters->whole > 0 ? meters->whole : batch.size;
        const double weight = weight_of(meters, s->options, batch.size);
        const tenka_tensor output = tenka_forward(s->net, batch.input);
        tenka_meter_add(meters->loss, tenka_scale(session_loss(s, output, batch.target), weight));
        tenka_meter_add(meters->correct, tenka_equal_count(tenka_argmax(output, 1), batch.target));
        if ((status = tenka_step_end(s->ctx)) != TENKA_OK)
            return status;
        meters->weights += weight;
        *images += batch.size;
        progress_update(progress, *images);
    }
    return status == TENKA_END ? TENKA_OK : status;
}

static tenka_status read_meters(const struct meters *meters, struct evaluation *out)
{
    double loss, correct;
    tenka_status status = tenka_meter_read(meters->loss, &loss, NULL, NULL);
    if (status == TENKA_OK)
        status = tenka_meter_read(meters->correct, &correct, NULL, NULL);
    if (status != TENKA_OK)
        return status;
    out->loss = out->images > 0 ? loss / meters->weights : NAN;
    out->accuracy = out->images > 0 ? correct / (double)out->images : NAN;
    return TENKA_OK;
}

int evaluate(struct session *s, tenka_loader *loader, struct progress *progress, struct evaluation *out)
{
    struct meters meters = {.loss = NULL};
    memset(out, 0, sizeof(*out));
    const double start = seconds_now();
    tenka_module_train(s->net, false);
    tenka_no_grad_begin(s->ctx);
    tenka_status status = tenka_meter_create(s->ctx, &meters.loss);
    if (status == TENKA_OK)
        status = tenka_meter_create(s->ctx, &meters.correct);
    if (status == TENKA_OK) {
        progress_begin(progress, "test", 0, tenka_dataset_count(s->test_data));
        status = run_batches(s, loader, progress, &meters, &out->images);
        progress_end(progress);
    }
    if (status == TENKA_OK)
        status = read_meters(&meters, out);
    const int code = status == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
    tenka_no_grad_end(s->ctx);
    tenka_meter_destroy(&meters.loss);
    tenka_meter_destroy(&meters.correct);
    out->seconds = seconds_now() - start;
    return code;
}
