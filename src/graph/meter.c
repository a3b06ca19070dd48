/* Running sums on the device. */
#include "graph/internal.h"

#include <math.h>

struct view {
    double sum;
    uint64_t count;
};

struct tenka_meter {
    tenka_variable *sum;
    uint64_t count;
    uint64_t pending; /* added in step pending_step, which may yet be discarded */
    uint32_t pending_step;
    tenka_fetch *fetch;       /* NULL: nobody has peeked yet */
    struct view known, asked; /* what peeking last saw, and what it asked for: the sum of the latter is on its way */
    bool outdated;            /* what was asked for is from before a reset */
};

tenka_status tenka_meter_create(tenka_ctx *ctx, tenka_meter **out)
{
    *out = NULL;
    tenka_meter *meter = tenka_alloc(sizeof(*meter));
    if (meter == NULL)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = tenka_variable_create(ctx, TENKA_F32, (struct tenka_shape){0}, NULL, false, &meter->sum);
    if (s != TENKA_OK)
        tenka_meter_destroy(&meter);
    *out = meter;
    return s;
}

void tenka_meter_destroy(tenka_meter **meter)
{
    if (meter == NULL || *meter == NULL)
        return;
    tenka_fetch_destroy((*meter)->sum != NULL ? (*meter)->sum->ctx->dev : NULL, &(*meter)->fetch);
    tenka_variable_destroy(&(*meter)->sum);
    tenka_free(*meter);
    *meter = NULL;
}

/* Counts what was added in a step that has ended, unless it was not run. */
static void settle(tenka_meter *meter)
{
    if (meter->pending_step == meter->sum->ctx->generation)
        return;
    if (tenka_variable_got(meter->sum, meter->pending_step))
        meter->count += meter->pending;
    meter->pending = 0;
}

void tenka_meter_add(tenka_meter *meter, tenka_tensor value)
{
    tenka_ctx *ctx = tenka_variable_ctx(meter->sum);
    settle(meter);
    tenka_no_grad_begin(ctx);
    const tenka_tensor scalar = tenka_reshape(value, (struct tenka_shape){0});
    tenka_assign(meter->sum, tenka_add(tenka_value(meter->sum), scalar));
    tenka_no_grad_end(ctx);
    if (!tenka_tensor_valid(scalar))
        return;
    meter->pending++;
    meter->pending_step = ctx->generation;
}

static void tell(double total, uint64_t values, double *sum, double *mean, uint64_t *count)
{
    if (sum != NULL)
        *sum = total;
    if (mean != NULL)
        *mean = values > 0 ? total / (double)values : (double)NAN;
    if (count != NULL)
        *count = values;
}

tenka_status tenka_meter_read(tenka_meter *meter, double *sum, double *mean, uint64_t *count)
{
    double total;
    TENKA_TRY(tenka_variable_read_f64(meter->sum, &total, 1));
    settle(meter);
    meter->count += meter->pending; /* of an open step: it was run for the read */
    meter->pending = 0;
    tell(total, meter->count, sum, mean, count);
    return TENKA_OK;
}

/* Takes what was asked for if it has arrived. */
static tenka_status take(tenka_meter *meter)
{
    const tenka_ctx *ctx = meter->sum->ctx;
    union {
        float f;
        double d;
    } word;
    bool arrived;
    TENKA_TRY(tenka_fetch_take(ctx->dev, meter->fetch, &word, &arrived));
    if (arrived && !meter->outdated) {
        meter->known = meter->asked;
        meter->known.sum = ctx->limits.real_bytes == sizeof(double) ? word.d : (double)word.f;
    }
    if (arrived)
        meter->outdated = false;
    return TENKA_OK;
}

tenka_status tenka_meter_peek(tenka_meter *meter, double *sum, double *mean, uint64_t *count)
{
    const tenka_ctx *ctx = meter->sum->ctx;
    if (meter->sum->buffer == NULL)
        return tenka_variable_read_f64(meter->sum, &(double){0}, 1); /* says what is wrong */
    if (meter->fetch == NULL)
        TENKA_TRY(tenka_fetch_create(ctx->dev, meter->sum->buffer, 0, ctx->limits.real_bytes, &meter->fetch));
    settle(meter);
    TENKA_TRY(take(meter));
    if (!meter->fetch->asked) {
        meter->asked.count = meter->count;
        TENKA_TRY(tenka_fetch_ask(ctx->dev, meter->fetch));
        TENKA_TRY(take(meter)); /* some devices answer at once */
    }
    tell(meter->known.sum, meter->known.count, sum, mean, count);
    return TENKA_OK;
}

tenka_status tenka_meter_reset(tenka_meter *meter)
{
    return tenka_meter_restore(meter, 0, 0);
}

tenka_status tenka_meter_restore(tenka_meter *meter, double sum, uint64_t count)
{
    TENKA_TRY(tenka_variable_write_f64(meter->sum, &sum, 1));
    meter->count = count;
    meter->pending = 0;
    meter->known = (struct view){sum, count};
    meter->outdated = meter->fetch != NULL && meter->fetch->asked;
    return TENKA_OK;
}
