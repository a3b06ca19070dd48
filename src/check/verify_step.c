/* A whole training step: of the reference network, on images of no meaning. */
#include <math.h>
#include <stdio.h>

#include "check/verify.h"
#include "tenka/data.h"
#include "tenka/optim.h"

#define BATCH 16
#define SIDE 28
#define CLASSES 10
#define MAX_PARAMETERS 16
/* The network's error in single precision: each update is a sum over up to 9216 places, which is bounded as a share of
 * the largest update of the same tensor, since its terms cancel; a loss is a mean of 16 numbers of about 2.3. */
#define UPDATE_BOUND 2e-5
#define LOSS_BOUND 2e-6

/* One network with all that a step needs. */
struct step {
    tenka_ctx *ctx;
    tenka_module *net;
    tenka_optimizer *opt;
    tenka_loader *loader;
    struct tenka_state_entry state[MAX_PARAMETERS];
    size_t count[MAX_PARAMETERS], parameters;
    double *start[MAX_PARAMETERS], *now[MAX_PARAMETERS]; /* values before and after a step */
    double loss;
    struct tenka_rng rng; /* the context's, as it was */
};

/* ---- Making it ---- */

/* Noise, of a seed with which no value comes nearer than 3e-6 to an edge of ReLU or pooling, about thirty times what
 * rounding moves it by: no other branch is taken than by the reference. */
static tenka_status make_loader(struct step *s)
{
    uint8_t images[BATCH * SIDE * SIDE];
    int32_t labels[BATCH];
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    struct tenka_rng rng;
    tenka_dataset *data;
    params.batch_size = BATCH;
    tenka_rng_seed(&rng, 1);
    for (size_t i = 0; i < sizeof(images); i++)
        images[i] = (uint8_t)tenka_rng_u32(&rng);
    for (int32_t i = 0; i < BATCH; i++)
        labels[i] = i % CLASSES;
    TENKA_TRY(tenka_dataset_create(s->ctx, images, labels, BATCH, 1, SIDE, SIDE, &data));
    const tenka_status status = tenka_loader_create(s->ctx, data, &params, &s->loader);
    tenka_dataset_destroy(&data);
    return status;
}

/* Adam, but with options under which a step tells more. With an eps of 1 an update grows with the gradient; with one
 * near 0 it would be the gradient's sign, which says little of a large gradient and is noise in one near 0. Without
 * betas the moments are forgotten, so that the parameters are all of the state. They are data of the same kernels. */
static tenka_status make_optimizer(struct step *s)
{
    struct tenka_adam_params params = TENKA_ADAM_DEFAULTS;
    params.lr = 1;
    params.beta1 = params.beta2 = 0;
    params.eps = 1;
    return tenka_adam_create(s->ctx, s->net, &params, &s->opt);
}

static tenka_status read_parameters(struct step *s, double *const to[MAX_PARAMETERS])
{
    for (size_t i = 0; i < s->parameters; i++)
        TENKA_TRY(tenka_variable_read_f64(s->state[i].var, to[i], s->count[i]));
    return TENKA_OK;
}

static tenka_status find_parameters(struct step *s)
{
    s->parameters = tenka_module_state(s->net, s->state, MAX_PARAMETERS);
    for (size_t i = 0; i < s->parameters; i++) {
        const struct tenka_shape shape = tenka_variable_shape(s->state[i].var);
        s->count[i] = (size_t)tenka_shape_count(&shape);
        s->start[i] = tenka_alloc_array(s->count[i], sizeof(double));
        s->now[i] = tenka_alloc_array(s->count[i], sizeof(double));
        if (s->start[i] == NULL || s->now[i] == NULL)
            return tenka_fail_nomem(tenka_ctx_error(s->ctx));
    }
    return read_parameters(s, s->start);
}

/* step_finish is due in any case. */
static tenka_status step_init(struct step *s, tenka_ctx *ctx)
{
    *s = (struct step){.ctx = ctx, .rng = *tenka_ctx_rng(ctx)};
    tenka_manual_seed(ctx, 0);
    TENKA_TRY(tenka_nn_parse(ctx, tenka_nn_reference_text(), &s->net));
    TENKA_TRY(make_optimizer(s));
    TENKA_TRY(make_loader(s));
    return find_parameters(s);
}

static void step_finish(struct step *s)
{
    tenka_step_discard(s->ctx);
    tenka_loader_destroy(&s->loader);
    tenka_optimizer_destroy(&s->opt);
    tenka_module_destroy(&s->net);
    for (size_t i = 0; i < MAX_PARAMETERS; i++) {
        tenka_free(s->start[i]);
        tenka_free(s->now[i]);
    }
    *tenka_ctx_rng(s->ctx) = s->rng;
}

/* From s->start to s->now. */
static tenka_status step_run(struct step *s)
{
    struct tenka_batch batch;
    for (size_t i = 0; i < s->parameters; i++)
        TENKA_TRY(tenka_variable_write_f64(s->state[i].var, s->start[i], s->count[i]));
    tenka_loader_rewind(s->loader);
    TENKA_TRY(tenka_loader_next(s->loader, &batch));
    const tenka_tensor loss = tenka_nll_loss(tenka_forward(s->net, batch.input), batch.target);
    tenka_backward(loss);
    TENKA_TRY(tenka_optimizer_step(s->opt));
    TENKA_TRY(tenka_item(loss, &s->loss));
    return read_parameters(s, s->now);
}

static bool go_on(const struct tenka_check_report *report, const char *what)
{
    return report->progress == NULL || report->progress(report->user, what);
}

/* ---- Against the reference ---- */

static double largest_update(const struct step *s, size_t k)
{
    double most = 0;
    for (size_t i = 0; i < s->count[k]; i++)
        most = fmax(most, fabs(s->now[k][i] - s->start[k][i]));
    return most;
}

static void note(struct tenka_check_report *report, const char *where, const struct tenka_comparison *what)
{
    char text[256] = "";
    const double share = tenka_check_compare(what, text, sizeof(text));
    tenka_check_note(report, share, where, text);
}

static void compare_steps(const struct step *s, const struct step *reference, struct tenka_check_report *report)
{
    char where[128];
    note(report, "the loss",
         &(struct tenka_comparison){TENKA_F32, &s->loss, &reference->loss, 1, .rtol = 1e-300, .atol = LOSS_BOUND});
    for (size_t k = 0; k < s->parameters; k++) {
        snprintf(where, sizeof(where), "%s before the step", s->state[k].name);
        note(report, where,
             &(struct tenka_comparison){TENKA_F32, s->start[k], reference->start[k], s->count[k], .rtol = 1e-300,
                                        .atol = 1e-300});
        snprintf(where, sizeof(where), "%s after the step", s->state[k].name);
        note(report, where,
             &(struct tenka_comparison){TENKA_F32, s->now[k], reference->now[k], s->count[k],
                                        .rtol = 2.4e-7, /* two roundings */
                                        .atol = UPDATE_BOUND * largest_update(reference, k)});
    }
}

static tenka_status run_both(struct step *s, struct step *reference, tenka_ctx *other)
{
    TENKA_TRY(step_init(s, s->ctx));
    tenka_status status = step_init(reference, other);
    if (status == TENKA_OK)
        status = step_run(reference);
    if (status != TENKA_OK)
        return tenka_fail(tenka_ctx_error(s->ctx), status, "the reference: %s", tenka_last_error(other));
    return step_run(s);
}

tenka_status tenka_verify_training_step(tenka_ctx *ctx, struct tenka_check_report *report)
{
    struct step s = {.ctx = ctx}, reference = {.ctx = NULL};
    tenka_ctx *other;
    if (!go_on(report, "a training step"))
        return TENKA_END;
    TENKA_TRY(tenka_verify_reference(ctx, &other));
    reference.ctx = other;
    const tenka_status status = run_both(&s, &reference, other);
    if (status == TENKA_OK)
        compare_steps(&s, &reference, report);
    step_finish(&reference);
    step_finish(&s);
    tenka_ctx_destroy(&other);
    return status;
}

/* ---- Repeatability ---- */

/* Remembers what the first step gave. */
static tenka_status remember(const struct step *s, double *first[MAX_PARAMETERS])
{
    for (size_t k = 0; k < s->parameters; k++) {
        first[k] = tenka_alloc_array(s->count[k], sizeof(double));
        if (first[k] == NULL)
            return tenka_fail_nomem(tenka_ctx_error(s->ctx));
        memcpy(first[k], s->now[k], s->count[k] * sizeof(double));
    }
    return TENKA_OK;
}

/* Bits, not numbers: doubles that came from floats tell all of them apart. */
static void note_repeat(const struct step *s, int repeat, double loss, double *const first[MAX_PARAMETERS],
                        struct tenka_check_report *report)
{
    char where[128], text[256] = "";
    bool same = memcmp(&loss, &s->loss, sizeof(loss)) == 0;
    if (!same)
        snprintf(text, sizeof(text), "the loss is %.9g, but was %.9g", tenka_check_shown(s->loss),
                 tenka_check_shown(loss));
    for (size_t k = 0; k < s->parameters && same; k++) {
        size_t i = 0;
        while (i < s->count[k] && memcmp(&s->now[k][i], &first[k][i], sizeof(double)) == 0)
            i++;
        same = i == s->count[k];
        if (!same)
            snprintf(text, sizeof(text), "%s: element %zu of %zu is %.9g, but was %.9g", s->state[k].name, i,
                     s->count[k], tenka_check_shown(s->now[k][i]), tenka_check_shown(first[k][i]));
    }
    snprintf(where, sizeof(where), "repeat %d", repeat);
    tenka_check_note(report, same ? 0 : INFINITY, where, text);
}

static tenka_status repeat(struct step *s, double *first[MAX_PARAMETERS], struct tenka_check_report *report)
{
    TENKA_TRY(step_run(s));
    TENKA_TRY(remember(s, first));
    const double loss = s->loss;
    for (int i = 1; i <= TENKA_VERIFY_REPEATS; i++) {
        char what[64];
        snprintf(what, sizeof(what), "a training step again, %d of %d", i, TENKA_VERIFY_REPEATS);
        if (!go_on(report, what))
            return TENKA_END;
        TENKA_TRY(step_run(s));
        note_repeat(s, i, loss, first, report);
    }
    return TENKA_OK;
}

tenka_status tenka_verify_repeatability(tenka_ctx *ctx, struct tenka_check_report *report)
{
    struct step s;
    double *first[MAX_PARAMETERS] = {NULL};
    tenka_status status = step_init(&s, ctx);
    if (status == TENKA_OK)
        status = repeat(&s, first, report);
    for (size_t k = 0; k < MAX_PARAMETERS; k++)
        tenka_free(first[k]);
    step_finish(&s);
    return status;
}

/* ---- Order ---- */

struct order {
    tenka_ctx *ctx;
    struct tenka_check_report *report;
    tenka_status status;
};

static void check_plan(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    struct order *o = user;
    char where[128];
    if (o->status != TENKA_OK)
        return;
    tenka_device *dev = tenka_ctx_device(o->ctx);
    const tenka_status status = tenka_program_check_order(dev, plan, program);
    snprintf(where, sizeof(where), "%zu kernels in %zu dispatches", plan->n_nodes,
             tenka_program_dispatches(dev, program));
    if (status == TENKA_OK || status == TENKA_E_DEVICE)
        tenka_check_note(o->report, status == TENKA_OK ? 0 : INFINITY, where, dev->err->text);
    else
        o->status = status;
}

tenka_status tenka_verify_order(tenka_ctx *ctx, struct tenka_check_report *report)
{
    struct step s;
    struct order order = {.ctx = ctx, .report = report};
    if (!go_on(report, "the order of kernels"))
        return TENKA_END;
    tenka_status status = step_init(&s, ctx);
    if (status == TENKA_OK)
        status = step_run(&s);
    if (status == TENKA_OK)
        tenka_ctx_visit_plans(ctx, check_plan, &order);
    step_finish(&s);
    return status != TENKA_OK ? status : order.status;
}
