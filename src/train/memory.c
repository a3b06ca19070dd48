/* The memory of a training step, from the plan that it would run. */
#include "data/loader.h"
#include "graph/graph.h"
#include "nn/module.h"
#include "optim/measure.h"
#include "tenka/memory.h"

static uint64_t state_bytes(struct tenka_state_entry *state, size_t n)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += state[i].var != NULL ? tenka_variable_bytes(state[i].var) : 0;
    return bytes;
}

static tenka_status network_bytes(tenka_module *net, uint64_t *bytes)
{
    const size_t n = tenka_module_state(net, NULL, 0);
    struct tenka_state_entry *const state = tenka_alloc_array(n + 1, sizeof(*state));
    if (state == NULL)
        return tenka_fail_nomem(tenka_ctx_error(tenka_module_ctx(net)));
    tenka_module_state(net, state, n);
    *bytes = state_bytes(state, n);
    tenka_free(state);
    return TENKA_OK;
}

static tenka_status make_batch(tenka_ctx *ctx, const struct tenka_shape *input, struct tenka_batch_source *b)
{
    const struct tenka_shape rows = tenka_shape_of(input->dim[0]), channels = tenka_shape_of(input->dim[1]);
    TENKA_TRY(tenka_variable_create(ctx, TENKA_U8, *input, NULL, false, &b->images));
    TENKA_TRY(tenka_variable_create(ctx, TENKA_I32, rows, NULL, false, &b->order));
    TENKA_TRY(tenka_variable_create(ctx, TENKA_I32, rows, NULL, false, &b->labels));
    TENKA_TRY(tenka_variable_create(ctx, TENKA_F32, channels, NULL, false, &b->mean));
    return tenka_variable_create(ctx, TENKA_F32, channels, NULL, false, &b->std);
}

static void destroy_batch(struct tenka_batch_source *b)
{
    tenka_variable_destroy(&b->images);
    tenka_variable_destroy(&b->order);
    tenka_variable_destroy(&b->labels);
    tenka_variable_destroy(&b->mean);
    tenka_variable_destroy(&b->std);
}

static tenka_status measure_evaluation(tenka_module *net, struct tenka_batch_source *b, uint32_t rows,
                                       tenka_loss_fn loss, struct tenka_step_bytes *out)
{
    tenka_ctx *const ctx = tenka_module_ctx(net);
    struct tenka_batch batch = {.size = rows};
    tenka_no_grad_begin(ctx);
    tenka_load_batch(b, 0, &batch);
    loss(tenka_forward_unseen(net, batch.input), batch.target);
    const tenka_status status = tenka_step_measure(ctx, out);
    tenka_no_grad_end(ctx);
    return status;
}

/* The step of a training loop, but for its end; the calls are those of the loader. */
static tenka_status measure(tenka_module *net, tenka_optimizer *opt, struct tenka_batch_source *b, uint32_t rows,
                            tenka_loss_fn loss, struct tenka_step_bytes *out)
{
    struct tenka_batch batch = {.size = rows};
    if (opt == NULL)
        return measure_evaluation(net, b, rows, loss, out);
    tenka_load_batch(b, 0, &batch);
    tenka_backward(loss(tenka_forward_unseen(net, batch.input), batch.target));
    return tenka_optimizer_measure(opt, out);
}

static tenka_status check_step(tenka_ctx *ctx, const char *function, const tenka_optimizer *opt,
                               const struct tenka_shape *input)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (opt != NULL && tenka_optimizer_ctx(opt) != ctx)
        return tenka_fail(err, TENKA_E_INVALID, "%s: network and optimizer belong to different contexts", function);
    if (tenka_step_is_open(ctx))
        return tenka_fail(err, TENKA_E_INVALID, "%s: a step is open; end or discard it first", function);
    if (input->rank < 2)
        return tenka_fail(err, TENKA_E_INVALID, "%s: a batch has at least two axes, not %u", function, input->rank);
    return TENKA_OK;
}

static tenka_status check(tenka_ctx *ctx, const tenka_optimizer *opt, const struct tenka_shape *input,
                          tenka_loss_fn loss, const struct tenka_memory_estimate *out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (opt == NULL || loss == NULL || out == NULL || out->size != sizeof(*out))
        return tenka_fail(err, TENKA_E_INVALID,
                          "training_memory: optimizer, loss or out are missing, or out.size is "
                          "wrong; begin with TENKA_MEMORY_ESTIMATE_DEFAULTS");
    TENKA_TRY(check_step(ctx, "training_memory", opt, input));
    return tenka_shape_check(err, "the batch", input);
}

static tenka_status measure_batch(tenka_module *net, tenka_optimizer *opt, const struct tenka_shape *input,
                                  tenka_loss_fn loss, struct tenka_step_bytes *out)
{
    tenka_ctx *const ctx = tenka_module_ctx(net);
    struct tenka_batch_source batch = {0};
    const struct tenka_rng before = *tenka_ctx_rng(ctx);
    tenka_sizing_begin(ctx);
    tenka_status status = make_batch(ctx, input, &batch);
    tenka_sizing_end(ctx);
    if (status == TENKA_OK)
        status = measure(net, opt, &batch, input->dim[0], loss, out);
    destroy_batch(&batch);
    /* Dropout has drawn keys for nothing. */
    *tenka_ctx_rng(ctx) = before;
    return status;
}

/* What the host sends along, for all steps that may be pending; the CPU backend reads it where the host has it. */
static uint64_t input_bytes(tenka_ctx *ctx, const struct tenka_step_bytes *step)
{
    return tenka_ctx_backend(ctx) == TENKA_BACKEND_VULKAN ? TENKA_SLOTS * step->inputs : 0;
}

tenka_status tenka_training_memory(tenka_module *net, tenka_optimizer *opt, struct tenka_shape input,
                                   tenka_loss_fn loss, struct tenka_memory_estimate *out)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    tenka_ctx *const ctx = tenka_module_ctx(net);
    TENKA_TRY(check(ctx, opt, &input, loss, out));
    struct tenka_step_bytes step;
    struct tenka_memory_estimate m = TENKA_MEMORY_ESTIMATE_DEFAULTS;
    TENKA_TRY(network_bytes(net, &m.parameters));
    TENKA_TRY(measure_batch(net, opt, &input, loss, &step));
    m.optimizer = tenka_optimizer_bytes(opt);
    m.temporaries = step.temporaries;
    m.inputs = input_bytes(ctx, &step);
    m.total = m.parameters + m.optimizer + m.temporaries + m.inputs;
    *out = m;
    return step.runs;
}

/* ---- Whether it fits ---- */

struct fit {
    tenka_module *net;
    tenka_optimizer *opt;
    struct tenka_shape input;
    tenka_loss_fn loss;
    uint64_t available;
};

struct attempt {
    bool fits;
    bool lacks_memory; /* it does not fit, and that for want of memory alone */
    uint64_t needed;   /* bytes; 0: it cannot be planned */
};

/* Whether the step fits with so many images. Errors: those that are no answer. */
static tenka_status try_batch(const struct fit *f, uint32_t rows, struct attempt *out)
{
    tenka_ctx *const ctx = tenka_module_ctx(f->net);
    struct tenka_step_bytes step;
    struct tenka_shape input = f->input;
    input.dim[0] = rows;
    *out = (struct attempt){0};
    tenka_status status = tenka_shape_check(tenka_ctx_error(ctx), "the batch", &input);
    if (status == TENKA_E_SHAPE)
        return TENKA_OK;
    status = measure_batch(f->net, f->opt, &input, f->loss, &step);
    if (status == TENKA_E_NOMEM || status == TENKA_E_UNSUPPORTED || status == TENKA_E_SHAPE)
        return rows > 1 || status != TENKA_E_SHAPE ? TENKA_OK : status;
    TENKA_TRY(status);
    out->needed = step.temporaries + input_bytes(ctx, &step);
    const bool room = f->available == 0 || out->needed <= f->available;
    out->fits = step.runs == TENKA_OK && room;
    out->lacks_memory = step.runs == TENKA_OK && !room;
    return TENKA_OK;
}

/* The largest batch that fits, below one that does not, and the bytes that it needs. */
static tenka_status find_largest(const struct fit *f, uint32_t *out, uint64_t *bytes)
{
    uint32_t low = 0, high = f->input.dim[0];
    *bytes = 0;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        struct attempt a;
        TENKA_TRY(try_batch(f, middle, &a));
        *bytes = a.fits ? a.needed : *bytes;
        *(a.fits ? &low : &high) = middle;
    }
    *out = low;
    return TENKA_OK;
}

static tenka_status measure_misfit(const struct fit *f, struct tenka_memory_fit *m)
{
    const uint32_t rows = f->input.dim[0];
    struct attempt first;
    uint64_t bytes;
    TENKA_TRY(find_largest(f, &m->largest, &bytes));
    /* Once more, so that the context's sentence says what limits the batch; a larger one may have failed sooner. */
    TENKA_TRY(try_batch(f, m->largest + 1, &first));
    m->lacks_memory = first.lacks_memory;
    if (m->largest == 0)
        m->needed = first.needed;
    else if (m->needed == 0)
        m->needed = (uint64_t)((double)bytes * rows / m->largest);
    return TENKA_OK;
}

tenka_status tenka_memory_fits(tenka_module *net, tenka_optimizer *opt, struct tenka_shape input, tenka_loss_fn loss,
                               struct tenka_memory_fit *out)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    tenka_ctx *const ctx = tenka_module_ctx(net);
    if (loss == NULL || out == NULL || out->size != sizeof(*out))
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "memory_fits: loss or out are missing, or out.size is "
                          "wrong; begin with TENKA_MEMORY_FIT_DEFAULTS");
    TENKA_TRY(check_step(ctx, "memory_fits", opt, &input));
    const struct fit f = {net, opt, input, loss, tenka_ctx_step_memory(ctx)};
    struct tenka_memory_fit m = {.size = sizeof(m), .available = f.available, .largest = input.dim[0]};
    struct attempt asked;
    TENKA_TRY(network_bytes(net, &m.network));
    m.network += opt != NULL ? tenka_optimizer_bytes(opt) : 0;
    TENKA_TRY(try_batch(&f, input.dim[0], &asked));
    m.fits = asked.fits;
    m.needed = asked.needed;
    if (!m.fits)
        TENKA_TRY(measure_misfit(&f, &m));
    *out = m;
    return TENKA_OK;
}
