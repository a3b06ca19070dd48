/* The kernels of one precision as a table, made from ops.def. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/kernel.h"

typedef void kernel(const struct TENKA_CPU(args) *args);

static kernel *const kernels[TENKA_KERNEL_COUNT] = {
#define TENKA_OP(...)
#define TENKA_PASS(op, pass, ...) [TENKA_KERNEL_##op##_##pass] = TENKA_CPU(op##_##pass),
#include "op/ops.def"
};

static void run(const struct tenka_cpu_call *call)
{
    struct TENKA_CPU(args) args = {.params = call->params, .scalar = call->scalars};
    memcpy(args.in, call->in, sizeof(args.in));
    memcpy(args.out, call->out, sizeof(args.out));
    memcpy(args.in_desc, call->in_desc, sizeof(args.in_desc));
    memcpy(args.out_desc, call->out_desc, sizeof(args.out_desc));
    args.n = (size_t)tenka_shape_count(&call->out_desc[0].shape);
    if (args.n > 0)
        kernels[call->kernel](&args);
}

const struct tenka_cpu_table TENKA_CPU(table) = {
    .real_bytes = sizeof(tenka_real),
    .name = sizeof(tenka_real) == 8 ? "cpu f64" : "cpu",
    .run = run,
};
