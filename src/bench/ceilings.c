/* What a device can do at most. */
#include "bench/bench.h"
#include "core/os.h"

static tenka_status time_forward(tenka_device *dev, enum tenka_op op, enum tenka_kernel kernel,
                                 const struct tenka_op_case *c, double seconds, struct tenka_kernel_time *out)
{
    struct tenka_bench_subject s;
    tenka_status status = tenka_bench_init(dev, op, c, &s);
    if (status == TENKA_OK)
        status = tenka_bench_time(&s, kernel, seconds, out);
    tenka_bench_finish(&s);
    return status;
}

/* ---- Arithmetic ---- */

#define ROUNDS 512
#define FIRST_ITEMS (1u << 12)
#define LAST_ITEMS (1u << 22)
/* Seconds of a run after which more items are tried only if they make it faster, and after which none are. */
#define LONG_ENOUGH 5e-3
#define TOO_LONG 0.2

/* More and more items, until the device is busy for a while. */
static tenka_status measure_arithmetic(tenka_device *dev, double seconds, double *flops)
{
    for (uint32_t n = FIRST_ITEMS; n <= LAST_ITEMS; n *= 4) {
        const struct tenka_op_case c = {.in = {F32(DIMS(n))}, PARAMS(repeat, .rounds = ROUNDS), .scalars = {0.5, 0.25}};
        struct tenka_kernel_time time;
        TENKA_TRY(time_forward(dev, TENKA_OP_multiply_add, TENKA_KERNEL_multiply_add_fwd, &c, seconds / 4, &time));
        const double rate = time.best > 0 ? (double)time.flops / time.best : 0, before = *flops;
        *flops = rate > before ? rate : before;
        if (time.best > TOO_LONG || (time.best > LONG_ENOUGH && rate < 1.05 * before))
            break;
    }
    return TENKA_OK;
}

/* ---- Memory ---- */

/* Far larger than caches, where the device can bind so much. */
#define COPY_BYTES ((size_t)256 << 20)

static tenka_status measure_copy(tenka_device *dev, double seconds, double *bytes)
{
    struct tenka_limits limits;
    struct tenka_kernel_time time;
    tenka_device_limits(dev, &limits);
    size_t size = COPY_BYTES < limits.max_operand ? COPY_BYTES : limits.max_operand;
    if (limits.memory > 0 && size > limits.memory / 8)
        size = (size_t)limits.memory / 8;
    const struct tenka_op_case c = {.in = {F32(DIMS((uint32_t)(size / limits.real_bytes)))}};
    TENKA_TRY(time_forward(dev, TENKA_OP_copy, TENKA_KERNEL_copy_fwd, &c, seconds, &time));
    *bytes = time.best > 0 ? (double)time.bytes / time.best : 0;
    return TENKA_OK;
}

/* ---- Dispatches ---- */

#define MANY 256

/* Nodes that set one element each: all the same one, so that each waits for the one before, or each its own. */
struct tiny {
    struct tenka_operand operands[MANY];
    struct tenka_node nodes[MANY];
    struct tenka_plan plan;
};

static void make_tiny(struct tiny *t, tenka_buffer *buffer, size_t nodes, bool independent, size_t real)
{
    memset(t, 0, sizeof(*t));
    for (uint32_t i = 0; i < nodes; i++) {
        t->operands[i] = (struct tenka_operand){
            .buffer = buffer,
            .offset = independent ? i * TENKA_OPERAND_ALIGN : 0,
            .bytes = real,
            .desc = {TENKA_F32, {1, {1}}},
        };
        t->nodes[i] = (struct tenka_node){.kernel = TENKA_KERNEL_fill_fwd, .n_out = 1, .out = {i}, .label = "tiny"};
    }
    t->plan = (struct tenka_plan){.nodes = t->nodes,
                                  .n_nodes = nodes,
                                  .operands = t->operands,
                                  .n_operands = nodes,
                                  .input_bytes = real,
                                  .name = "tiny"};
}

/* The shortest of many runs, the wait included. */
static tenka_status time_tiny(tenka_device *dev, tenka_program *program, double seconds, double *best)
{
    const double value = 0;
    const uint64_t end = tenka_os_now() + (uint64_t)(1e9 * seconds);
    uint64_t start = 0, shortest = UINT64_MAX;
    for (int i = 0; i < 3 || start < end; i++) {
        start = tenka_os_now();
        TENKA_TRY(tenka_program_submit(dev, program, &value));
        TENKA_TRY(tenka_device_wait(dev));
        const uint64_t taken = tenka_os_now() - start;
        shortest = taken < shortest ? taken : shortest;
    }
    *best = 1e-9 * (double)shortest;
    return TENKA_OK;
}

static tenka_status measure_tiny(tenka_device *dev, struct tiny *t, tenka_buffer *buffer, size_t nodes,
                                 bool independent, double seconds, double *best)
{
    struct tenka_limits limits;
    tenka_program *program;
    tenka_device_limits(dev, &limits);
    make_tiny(t, buffer, nodes, independent, limits.real_bytes);
    TENKA_TRY(tenka_program_prepare(dev, &t->plan, &program));
    tenka_status status = tenka_bench_ready(dev, seconds);
    if (status == TENKA_OK)
        status = time_tiny(dev, program, seconds, best);
    tenka_program_destroy(dev, &program);
    return status;
}

static tenka_status measure_dispatches(tenka_device *dev, struct tiny *t, tenka_buffer *buffer, double seconds,
                                       struct tenka_ceilings *out)
{
    double after, beside;
    TENKA_TRY(measure_tiny(dev, t, buffer, 1, false, seconds, &out->submit_seconds));
    TENKA_TRY(measure_tiny(dev, t, buffer, MANY, false, seconds, &after));
    TENKA_TRY(measure_tiny(dev, t, buffer, MANY, true, seconds, &beside));
    out->dispatch_seconds = (after - out->submit_seconds) / (MANY - 1);
    out->independent_seconds = (beside - out->submit_seconds) / (MANY - 1);
    return TENKA_OK;
}

static tenka_status measure_overheads(tenka_device *dev, double seconds, struct tenka_ceilings *out)
{
    tenka_buffer *buffer = NULL;
    struct tiny *t = tenka_alloc(sizeof(*t));
    if (t == NULL)
        return tenka_fail_nomem(dev->err);
    tenka_status status = tenka_buffer_create(dev, (size_t)MANY * TENKA_OPERAND_ALIGN, "bench", &buffer);
    if (status == TENKA_OK)
        status = measure_dispatches(dev, t, buffer, seconds, out);
    tenka_buffer_destroy(dev, &buffer);
    tenka_free(t);
    return status;
}

tenka_status tenka_bench_ceilings(tenka_ctx *ctx, double seconds, struct tenka_ceilings *out)
{
    tenka_device *dev = tenka_ctx_device(ctx);
    struct tenka_ceilings c = TENKA_CEILINGS_DEFAULTS;
    if (out == NULL || out->size != sizeof(*out))
        return tenka_fail(dev->err, TENKA_E_INVALID, "ceilings: out.size is wrong; begin with TENKA_CEILINGS_DEFAULTS");
    if (tenka_step_is_open(ctx))
        return tenka_fail(dev->err, TENKA_E_INVALID, "ceilings: a step is open; end or discard it first");
    TENKA_TRY(tenka_bench_ready(dev, seconds));
    TENKA_TRY(measure_arithmetic(dev, seconds, &c.flops));
    TENKA_TRY(measure_copy(dev, seconds, &c.bytes));
    TENKA_TRY(measure_overheads(dev, seconds, &c));
    *out = c;
    return TENKA_OK;
}
