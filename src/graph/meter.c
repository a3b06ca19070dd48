/* Running sums on the device. */
#include "graph/internal.h"

#include <math.h>

struct tenka_meter {
    tenka_variable *sum;
    uint64_t count;
    uint64_t pending;      /* added in step pending_step, which may yet be discarded */
    uint32_t pending_step;
};

tenka_status tenka_meter_create(tenka_ctx *ctx, tenka_meter **out)
{
    *out = NULL;
    tenka_meter *meter = tenka_alloc(sizeof *meter);
    if (!meter)
        return tenka_fail_nomem(&ctx->err);
    const tenka_status s = tenka_variable_create(ctx, TENKA_F32, (struct tenka_shape){0}, NULL, false, &meter->sum);
    if (s != TENKA_OK)
        tenka_meter_destroy(&meter);
    *out = meter;
    return s;
}

void tenka_meter_destroy(tenka_meter **meter)
{
    if (!meter || !*meter)
        return;
    tenka_variable_destroy(&(*meter)->sum);
    tenka_free(*meter);
    *meter = NULL;
}

/* Counts what was added in a step that has ended, unless it was not run. */
static void settle(tenka_meter *meter)
{
    if (meter->pending_step == meter->sum->ctx->generation)
        return;
    if (meter->pending_step != meter->sum->lost_step)
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

tenka_status tenka_meter_read(tenka_meter *meter, double *sum, double *mean, uint64_t *count)
{
    double total;
    TENKA_TRY(tenka_variable_read_f64(meter->sum, &total, 1));
    settle(meter);
    meter->count += meter->pending; /* of an open step: it was run for the read */
    meter->pending = 0;
    if (sum)
        *sum = total;
    if (mean)
        *mean = meter->count > 0 ? total / (double)meter->count : (double)NAN;
    if (count)
        *count = meter->count;
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
    return TENKA_OK;
}
