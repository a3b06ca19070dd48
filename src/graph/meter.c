/* Running sums on the device. */
#include "graph/internal.h"

#include <math.h>

struct tenka_meter {
    tenka_variable *sum;
    uint64_t count;
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

void tenka_meter_add(tenka_meter *meter, tenka_tensor value)
{
    tenka_ctx *ctx = tenka_variable_ctx(meter->sum);
    tenka_no_grad_begin(ctx);
    const tenka_tensor scalar = tenka_reshape(value, (struct tenka_shape){0});
    tenka_assign(meter->sum, tenka_add(tenka_value(meter->sum), scalar));
    tenka_no_grad_end(ctx);
    meter->count++;
}

tenka_status tenka_meter_read(tenka_meter *meter, double *sum, double *mean, uint64_t *count)
{
    double total;
    TENKA_TRY(tenka_variable_read_f64(meter->sum, &total, 1));
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
    TENKA_TRY(tenka_variable_write_f64(meter->sum, &(double){0}, 1));
    meter->count = 0;
    return TENKA_OK;
}
