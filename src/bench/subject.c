#include <math.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "core/os.h"

/* Operands are filled with so many values again and again. */
#define FILL_VALUES 65536
#define MIN_RUNS 2
#define MAX_RUNS 1000
/* Of a submission to a device that rests: as many runs as take so many seconds. */
#define BUSY 2e-3

/* ---- Operands ---- */

static size_t bytes_of(const struct tenka_bench_subject *s, const struct tenka_desc *desc)
{
    return tenka_dtype_bytes(desc->dtype, (size_t)tenka_shape_count(&desc->shape), s->real);
}

static tenka_status make_buffers(struct tenka_bench_subject *s)
{
    uint64_t used = 0;
    for (uint32_t k = 0; k < TENKA_KERNEL_COUNT; k++)
        if (tenka_passes[k].op == s->call.op)
            used |= tenka_passes[k].reads | tenka_passes[k].writes;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        const struct tenka_desc *desc = tenka_mask_has(used, bit) ? tenka_call_operand(&s->call, bit) : NULL;
        if (desc != NULL)
            TENKA_TRY(tenka_buffer_create(s->dev, bytes_of(s, desc), "bench", &s->buffer[bit]));
    }
    return TENKA_OK;
}

static tenka_status write_repeated(struct tenka_bench_subject *s, uint32_t bit, const void *block, size_t bytes,
                                   size_t total)
{
    for (size_t done = 0; done < total; done += bytes)
        TENKA_TRY(tenka_buffer_write(s->dev, s->buffer[bit], done, block, total - done < bytes ? total - done : bytes));
    return TENKA_OK;
}

static tenka_status fill(struct tenka_bench_subject *s, uint32_t bit, const struct tenka_case_input *in)
{
    const struct tenka_desc *desc = tenka_call_operand(&s->call, bit);
    const size_t count = (size_t)tenka_shape_count(&desc->shape), n = count < FILL_VALUES ? count : FILL_VALUES;
    const size_t bytes = tenka_dtype_bytes(desc->dtype, n, s->real);
    double *values = tenka_alloc_array(n + 1, sizeof(*values));
    void *block = tenka_alloc(bytes + 1);
    struct tenka_rng rng;
    tenka_status status = values != NULL && block != NULL ? TENKA_OK : tenka_fail_nomem(s->dev->err);
    if (status == TENKA_OK) {
        tenka_rng_seed(&rng, bit);
        tenka_check_fill(&rng, in, values, n);
        tenka_check_encode(desc->dtype, s->real, values, block, n);
        status = write_repeated(s, bit, block, bytes, bytes_of(s, desc));
    }
    tenka_free(values);
    tenka_free(block);
    return status;
}

static tenka_status fill_operands(struct tenka_bench_subject *s)
{
    const struct tenka_case_input gradient = {.given = true, .dtype = TENKA_F32};
    for (uint32_t i = 0; i < s->call.n_in; i++)
        if (s->buffer[i] != NULL)
            TENKA_TRY(fill(s, i, &s->c->in[i]));
    for (uint32_t k = 0; k < s->call.n_out; k++)
        if (s->buffer[TENKA_DOUT(k)] != NULL)
            TENKA_TRY(fill(s, TENKA_DOUT(k), &gradient));
    return TENKA_OK;
}

tenka_status tenka_bench_init(tenka_device *dev, enum tenka_op op, const struct tenka_op_case *c,
                              struct tenka_bench_subject *out)
{
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    *out = (struct tenka_bench_subject){.dev = dev, .c = c, .real = limits.real_bytes};
    TENKA_TRY(tenka_check_call(op, c, &out->call, dev->err));
    TENKA_TRY(make_buffers(out));
    return fill_operands(out);
}

void tenka_bench_finish(struct tenka_bench_subject *s)
{
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++)
        tenka_buffer_destroy(s->dev, &s->buffer[bit]);
}

/* ---- Running one pass ---- */

/* A pass on the subject's operands, timed. */
static tenka_status make_rig(const struct tenka_bench_subject *s, enum tenka_kernel kernel, struct tenka_rig *r)
{
    const struct tenka_pass_info *pass = &tenka_passes[kernel];
    struct tenka_rig_call call = tenka_rig_call_of(&s->call, kernel);
    uint32_t reads = 0, writes = 0;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (tenka_mask_has(pass->reads, bit))
            call.in[reads++].buffer = s->buffer[bit];
        if (tenka_mask_has(pass->writes, bit))
            call.out[writes++].buffer = s->buffer[bit];
    }
    tenka_rig_lay(r, s->dev, &call);
    r->plan.timing = TENKA_TIMING_ALONE;
    TENKA_TRY(tenka_rig_make(r));
    tenka_check_scalars(s->call.op, s->c, s->real, r->input + r->nodes[0].scalars);
    return TENKA_OK;
}

bool tenka_bench_has(const struct tenka_bench_subject *s, enum tenka_kernel kernel)
{
    uint32_t bit = 0;
    while (!tenka_mask_has(tenka_passes[kernel].writes, bit))
        bit++;
    const struct tenka_desc *first = tenka_call_operand(&s->call, bit);
    return first != NULL && (bit < TENKA_D(0) || first->dtype == TENKA_F32);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* seconds: of each node */
static tenka_status run(struct tenka_rig *r, double *seconds)
{
    TENKA_TRY(tenka_rig_submit(r));
    return tenka_program_timings(r->dev, r->program, seconds, r->plan.n_nodes);
}

static tenka_status run_often(struct tenka_rig *r, double budget, struct tenka_kernel_time *out)
{
    double times[MAX_RUNS];
    const size_t each = r->plan.n_nodes;
    size_t n = 0;
    const uint64_t end = tenka_os_now() + (uint64_t)(1e9 * budget);
    while (n < MIN_RUNS || (n + each <= MAX_RUNS && tenka_os_now() < end)) {
        TENKA_TRY(run(r, &times[n]));
        n += each;
    }
    qsort(times, n, sizeof(*times), compare);
    out->seconds = times[n / 2];
    out->best = times[0];
    return TENKA_OK;
}

static size_t repeats_of(double seconds)
{
    const double n = BUSY / seconds;
    return n > TENKA_RIG_TIMES ? TENKA_RIG_TIMES : n > 1 ? (size_t)n : 1;
}

/* A program whose first times are over. A device that rests gets one that keeps it busy: what is waited for after each
 * of many short kernels would run at a lower clock. */
static tenka_status prepare(struct tenka_rig *r, double budget)
{
    struct tenka_limits limits;
    double seconds[TENKA_RIG_TIMES];
    tenka_device_limits(r->dev, &limits);
    TENKA_TRY(tenka_rig_prepare(r));
    TENKA_TRY(run(r, seconds));
    if (!limits.rests)
        return TENKA_OK;
    TENKA_TRY(tenka_bench_ready(r->dev, budget));
    TENKA_TRY(run(r, seconds));
    tenka_rig_repeat(r, repeats_of(seconds[0]));
    TENKA_TRY(tenka_rig_prepare(r));
    return run(r, seconds);
}

tenka_status tenka_bench_ready(tenka_device *dev, double seconds)
{
    return tenka_device_warm_up(dev, fmin(5 * seconds, 1));
}

tenka_status tenka_bench_time(struct tenka_bench_subject *s, enum tenka_kernel kernel, double seconds,
                              struct tenka_kernel_time *out)
{
    struct tenka_rig r;
    tenka_status status = make_rig(s, kernel, &r);
    *out = (struct tenka_kernel_time){
        .kernel = tenka_passes[kernel].name,
        .flops = tenka_node_flops(&r.plan, &r.nodes[0]),
        .bytes = tenka_node_bytes(&r.plan, &r.nodes[0]),
    };
    tenka_node_shapes(&r.plan, &r.nodes[0], out->shapes, sizeof(out->shapes));
    if (status == TENKA_OK)
        status = prepare(&r, seconds);
    if (status == TENKA_OK)
        status = run_often(&r, seconds, out);
    tenka_rig_finish(&r);
    return status;
}
