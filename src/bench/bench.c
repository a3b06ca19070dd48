#include "bench/bench.h"

tenka_status tenka_bench_warm_up(tenka_ctx *ctx, double seconds)
{
    tenka_device *dev = tenka_ctx_device(ctx);
    if (tenka_step_is_open(ctx))
        return tenka_fail(dev->err, TENKA_E_INVALID, "warming up: a step is open; end or discard it first");
    if (!(seconds >= 0 && seconds <= 60))
        return tenka_fail(dev->err, TENKA_E_INVALID, "warming up: seconds must be from 0 to 60");
    return tenka_device_warm_up(dev, seconds);
}

bool tenka_bench_case(size_t index, struct tenka_bench_case *out)
{
    struct tenka_bench_shape shape;
    if (!tenka_bench_shape(index, &shape))
        return false;
    *out = (struct tenka_bench_case){
        .op = tenka_ops[shape.op].name, .what = shape.c.why, .quick = shape.quick, .from_tests = shape.from_tests};
    return true;
}

/* In the order of ops.def, where the forward pass comes first. */
static tenka_status time_passes(struct tenka_bench_subject *s, double seconds,
                                struct tenka_kernel_time out[TENKA_BENCH_MAX_PASSES], size_t *count)
{
    for (uint32_t k = 0; k < TENKA_KERNEL_COUNT && *count < TENKA_BENCH_MAX_PASSES; k++) {
        if (tenka_passes[k].op == s->call.op && tenka_bench_has(s, (enum tenka_kernel)k))
            TENKA_TRY(tenka_bench_time(s, (enum tenka_kernel)k, seconds, &out[(*count)++]));
    }
    return TENKA_OK;
}

tenka_status tenka_bench_run(tenka_ctx *ctx, size_t index, double seconds,
                             struct tenka_kernel_time out[TENKA_BENCH_MAX_PASSES], size_t *count)
{
    struct tenka_bench_shape shape;
    struct tenka_bench_subject s;
    tenka_device *dev = tenka_ctx_device(ctx);
    *count = 0;
    if (!tenka_bench_shape(index, &shape))
        return tenka_fail(dev->err, TENKA_E_INVALID, "bench: there is no case %zu", index);
    if (tenka_step_is_open(ctx))
        return tenka_fail(dev->err, TENKA_E_INVALID, "bench: a step is open; end or discard it first");
    tenka_status status = tenka_bench_init(dev, shape.op, &shape.c, &s);
    if (status == TENKA_OK)
        status = time_passes(&s, seconds, out, count);
    tenka_bench_finish(&s);
    if (status != TENKA_OK)
        *count = 0;
    return status;
}
