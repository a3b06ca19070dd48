/* The memory of a training step, from the plan that it would run. */
#include "data/loader.h"
#include "data/mixing.h"
#include "graph/graph.h"
#include "nn/module.h"
#include "optim/measure.h"
#include "optim/optimizer.h"
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

/* A step's batch, and what its loss is. */
struct step {
    struct tenka_desc input, target; /* U8 inputs are images, which are normalised */
    tenka_loss_fn loss;              /* NULL: the other one */
    const tenka_loss *parsed;
    bool others; /* loss is computed of the network's further outputs too */
    struct tenka_mixing mixing;
};

/* Of images of bytes, or of whole numbers where the network looks such up, and their classes. */
static struct step step_of(const tenka_module *net, struct tenka_shape input, tenka_loss_fn loss)
{
    const enum tenka_dtype dtype = tenka_module_input_dtype(net) == TENKA_I32 ? TENKA_I32 : TENKA_U8;
    return (struct step){.input = {dtype, input}, .target = {TENKA_I32, tenka_shape_of(input.dim[0])}, .loss = loss};
}

static void set_rows(struct step *step, uint32_t rows)
{
    step->input.shape.dim[0] = step->target.shape.dim[0] = rows;
}

static tenka_status make_batch(tenka_ctx *ctx, const struct step *step, struct tenka_batch_source *b)
{
    const struct tenka_shape rows = tenka_shape_of(step->input.shape.dim[0]);
    const struct tenka_shape channels = tenka_shape_of(step->input.shape.dim[1]);
    TENKA_TRY(tenka_variable_create(ctx, step->input.dtype, step->input.shape, NULL, false, &b->inputs));
    TENKA_TRY(tenka_variable_create(ctx, TENKA_I32, rows, NULL, false, &b->order));
    TENKA_TRY(tenka_variable_create(ctx, step->target.dtype, step->target.shape, NULL, false, &b->targets));
    if (step->input.dtype != TENKA_U8)
        return TENKA_OK;
    TENKA_TRY(tenka_variable_create(ctx, TENKA_F32, channels, NULL, false, &b->mean));
    return tenka_variable_create(ctx, TENKA_F32, channels, NULL, false, &b->std);
}

static void destroy_batch(struct tenka_batch_source *b)
{
    tenka_variable_destroy(&b->inputs);
    tenka_variable_destroy(&b->order);
    tenka_variable_destroy(&b->targets);
    tenka_variable_destroy(&b->mean);
    tenka_variable_destroy(&b->std);
}

static tenka_tensor trace_loss(tenka_module *net, const struct step *step, struct tenka_batch_source *b)
{
    struct tenka_batch batch = {.size = step->input.shape.dim[0]};
    tenka_load_batch(b, 0, &batch);
    tenka_mix_batch(tenka_module_ctx(net), &step->mixing, 0, &batch);
    const bool others = tenka_module_is_training(net) &&
                        (step->parsed != NULL ? tenka_loss_others(step->parsed) > 0 : step->others);
    const size_t n = others ? tenka_module_results(net) : step->parsed != NULL ? tenka_loss_inputs(step->parsed) : 1;
    tenka_tensor output[TENKA_MAX_FORWARD];
    tenka_forward_unseen(net, batch.input, output, n);
    if (step->loss == NULL)
        return tenka_loss_of_n(step->parsed, output, n, batch.target);
    tenka_tensor sum = step->loss(output[0], batch.target);
    for (size_t i = 1; i < n; i++)
        sum = tenka_add(sum, tenka_scale(step->loss(output[i], batch.target), 0.5));
    return sum;
}

/* The step of a training loop, but for its end; the calls are those of the loader. */
static tenka_status measure(tenka_module *net, tenka_optimizer *opt, const struct step *step,
                            struct tenka_batch_source *b, struct tenka_step_bytes *out)
{
    tenka_ctx *const ctx = tenka_module_ctx(net);
    if (opt != NULL) {
        tenka_backward(trace_loss(net, step, b));
        return tenka_optimizer_measure(opt, out);
    }
    tenka_no_grad_begin(ctx);
    trace_loss(net, step, b);
    const tenka_status status = tenka_step_measure(ctx, out);
    tenka_no_grad_end(ctx);
    return status;
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

static tenka_status measure_batch(tenka_module *net, tenka_optimizer *opt, const struct step *step,
                                  struct tenka_step_bytes *out)
{
    tenka_ctx *const ctx = tenka_module_ctx(net);
    struct tenka_batch_source batch = {0};
    const struct tenka_rng before = *tenka_ctx_rng(ctx);
    tenka_sizing_begin(ctx);
    tenka_status status = make_batch(ctx, step, &batch);
    tenka_sizing_end(ctx);
    if (status == TENKA_OK)
        status = measure(net, opt, step, &batch, out);
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
    struct step measured = step_of(net, input, loss);
    struct tenka_step_bytes step;
    struct tenka_memory_estimate m = {.size = sizeof(m), .accumulates = out->accumulates, .others = out->others};
    measured.others = out->others;
    TENKA_TRY(network_bytes(net, &m.parameters));
    TENKA_TRY(measure_batch(net, opt, &measured, &step));
    m.optimizer = tenka_optimizer_bytes(opt);
    m.temporaries = step.temporaries;
    m.inputs = input_bytes(ctx, &step);
    m.gradients = out->accumulates ? tenka_optimizer_gradient_bytes(opt) : 0;
    m.total = m.parameters + m.optimizer + m.temporaries + m.gradients + m.inputs;
    *out = m;
    return step.runs;
}

/* ---- Whether it fits ---- */

struct fit {
    tenka_module *net;
    tenka_optimizer *opt;
    struct step step;
    uint64_t available;
    uint64_t gradients; /* that are kept from batch to batch */
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
    struct step measured = f->step;
    set_rows(&measured, rows);
    *out = (struct attempt){0};
    tenka_status status = tenka_shape_check(tenka_ctx_error(ctx), "the batch", &measured.input.shape);
    if (status == TENKA_OK)
        status = tenka_shape_check(tenka_ctx_error(ctx), "the targets", &measured.target.shape);
    if (status == TENKA_E_SHAPE)
        return TENKA_OK;
    status = measure_batch(f->net, f->opt, &measured, &step);
    if (status == TENKA_E_NOMEM || status == TENKA_E_UNSUPPORTED || status == TENKA_E_SHAPE)
        return rows > 1 || status != TENKA_E_SHAPE ? TENKA_OK : status;
    TENKA_TRY(status);
    out->needed = step.temporaries + f->gradients + input_bytes(ctx, &step);
    const bool room = f->available == 0 || out->needed <= f->available;
    out->fits = step.runs == TENKA_OK && room;
    out->lacks_memory = step.runs == TENKA_OK && !room;
    return TENKA_OK;
}

/* The largest batch that fits, below one that does not, and the bytes that it needs. */
static tenka_status find_largest(const struct fit *f, uint32_t *out, uint64_t *bytes)
{
    uint32_t low = 0, high = f->step.input.shape.dim[0];
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
    const uint32_t rows = f->step.input.shape.dim[0];
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

static tenka_status fits(tenka_module *net, tenka_optimizer *opt, const struct step *step, struct tenka_memory_fit *out)
{
    const uint32_t rows = step->input.shape.dim[0];
    const bool accumulates = out->accumulates && opt != NULL;
    const struct fit f = {net, opt, *step, tenka_ctx_step_memory(tenka_module_ctx(net)),
                          accumulates ? tenka_optimizer_gradient_bytes(opt) : 0};
    struct tenka_memory_fit m = *out;
    m.available = f.available;
    m.largest = rows;
    m.lacks_memory = false;
    struct attempt asked;
    TENKA_TRY(network_bytes(net, &m.network));
    m.network += opt != NULL ? tenka_optimizer_bytes(opt) : 0;
    TENKA_TRY(try_batch(&f, rows, &asked));
    m.fits = asked.fits;
    m.needed = asked.needed;
    if (!m.fits)
        TENKA_TRY(measure_misfit(&f, &m));
    *out = m;
    return TENKA_OK;
}

static tenka_status check_fit(tenka_ctx *ctx, bool loss, const struct tenka_memory_fit *out)
{
    if (loss && out != NULL && out->size == sizeof(*out))
        return TENKA_OK;
    return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                      "memory_fits: loss or out are missing, or out.size is "
                      "wrong; begin with TENKA_MEMORY_FIT_DEFAULTS");
}

tenka_status tenka_memory_fits(tenka_module *net, tenka_optimizer *opt, struct tenka_shape input, tenka_loss_fn loss,
                               struct tenka_memory_fit *out)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    const struct step step = step_of(net, input, loss);
    TENKA_TRY(check_fit(tenka_module_ctx(net), loss != NULL, out));
    TENKA_TRY(check_step(tenka_module_ctx(net), "memory_fits", opt, &input));
    return fits(net, opt, &step, out);
}

/* A batch of rows samples. */
static struct tenka_desc batch_of(enum tenka_dtype dtype, struct tenka_shape sample, uint32_t rows)
{
    struct tenka_desc desc = {dtype, {.rank = sample.rank + 1, .dim = {rows}}};
    memcpy(desc.shape.dim + 1, sample.dim, sample.rank * sizeof(sample.dim[0]));
    return desc;
}

tenka_status tenka_memory_fits_data(tenka_module *net, tenka_optimizer *opt, const tenka_dataset *data, uint32_t rows,
                                    const tenka_loss *loss, struct tenka_memory_fit *out)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    tenka_ctx *const ctx = tenka_module_ctx(net);
    TENKA_TRY(check_fit(ctx, loss != NULL && data != NULL && rows > 0, out));
    struct step step = {
        .input = batch_of(tenka_dataset_input_dtype(data), tenka_dataset_image_shape(data), rows),
        .target = batch_of(tenka_dataset_target_dtype(data), tenka_dataset_target_shape(data), rows),
        .parsed = loss,
    };
    if (out->mixes) {
        const struct tenka_loader_params params = {.mixup = 1, .classes = out->classes};
        TENKA_TRY(tenka_mixing_of(ctx, data, &params, &step.mixing));
    }
    /* A sample may be a single number. */
    struct tenka_shape input = step.input.shape;
    input.rank = input.rank < 2 ? 2 : input.rank;
    TENKA_TRY(check_step(ctx, "memory_fits", opt, &input));
    return fits(net, opt, &step, out);
}
