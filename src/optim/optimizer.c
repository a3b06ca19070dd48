/* Adam, AdamW and SGD over groups of variables. The update is traced like any other operator: moments are variables,
 * and all that changes from step to step is data. */
#include "optim/optimizer.h"

#include <math.h>

#include "graph/graph.h"
#include "optim/measure.h"

enum kind { ADAM, SGD };

/* A variable with its state: Adam's m and v, SGD's momentum buffer in first. */
struct slot {
    tenka_variable *var;
    tenka_variable *first, *second;
    uint64_t steps;
    bool updated; /* by the step that is being ended */
    bool stored;  /* gradients of earlier steps went into that */
};

struct group {
    struct slot *slots;
    size_t n_slots;
    struct tenka_adam_params adam;
    struct tenka_sgd_params sgd;
};

struct tenka_optimizer {
    tenka_ctx *ctx;
    enum kind kind;
    struct group *groups;
    size_t n_groups, groups_capacity;
    uint64_t steps;
};

/* ---- Options ---- */

/* *p: the defaults, over which the caller's options go. */
static tenka_status take_adam(struct tenka_error *err, struct tenka_adam_params *p,
                              const struct tenka_adam_params *given)
{
    TENKA_TRY(tenka_take_params(err, "adam", "TENKA_ADAM_DEFAULTS", p, given));
    if (!(p->lr >= 0) || !(p->eps >= 0) || !(p->weight_decay >= 0))
        return tenka_fail(err, TENKA_E_INVALID, "adam: lr %g, eps %g and weight_decay %g must not be negative", p->lr,
                          p->eps, p->weight_decay);
    if (!(p->beta1 >= 0 && p->beta1 < 1) || !(p->beta2 >= 0 && p->beta2 < 1))
        return tenka_fail(err, TENKA_E_INVALID, "adam: the betas %g and %g must be in 0 .. 1, 1 excluded", p->beta1,
                          p->beta2);
    return TENKA_OK;
}

static tenka_status take_sgd(struct tenka_error *err, struct tenka_sgd_params *p, const struct tenka_sgd_params *given)
{
    TENKA_TRY(tenka_take_params(err, "sgd", "TENKA_SGD_DEFAULTS", p, given));
    if (!(p->lr >= 0) || !(p->momentum >= 0) || !(p->weight_decay >= 0))
        return tenka_fail(err, TENKA_E_INVALID, "sgd: lr %g, momentum %g and weight_decay %g must not be negative",
                          p->lr, p->momentum, p->weight_decay);
    if (p->nesterov && (p->momentum == 0 || p->dampening != 0))
        return tenka_fail(err, TENKA_E_INVALID, "sgd: nesterov needs momentum above 0 and dampening 0");
    return TENKA_OK;
}

/* ---- Groups ---- */

static bool has_variable(const tenka_optimizer *opt, const tenka_variable *var)
{
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++)
            if (opt->groups[g].slots[i].var == var)
                return true;
    return false;
}

static void finish_group(struct group *group)
{
    for (size_t i = 0; i < group->n_slots; i++) {
        tenka_variable_destroy(&group->slots[i].first);
        tenka_variable_destroy(&group->slots[i].second);
    }
    tenka_free(group->slots);
}

/* Named "base_net.0.weight.exp_avg", for debuggers. */
static tenka_status add_moment(tenka_optimizer *opt, const tenka_variable *var, size_t moment, tenka_variable **out)
{
    TENKA_TRY(tenka_variable_create(opt->ctx, TENKA_F32, tenka_variable_shape(var), NULL, false, out));
    char *name = tenka_sprintf("%s.%s", tenka_variable_name(var), tenka_optimizer_moment_name(opt, moment));
    if (name == NULL)
        return tenka_fail_nomem(tenka_ctx_error(opt->ctx));
    const tenka_status s = tenka_variable_set_name(*out, name);
    tenka_free(name);
    return s;
}

static tenka_status fill_slot(tenka_optimizer *opt, const struct group *group, struct slot *slot, tenka_variable *var)
{
    if (var == NULL || tenka_variable_ctx(var) != opt->ctx || tenka_variable_dtype(var) != TENKA_F32)
        return tenka_fail(tenka_ctx_error(opt->ctx), TENKA_E_INVALID,
                          "optimizer: a variable is missing, not f32, or of another context");
    if (has_variable(opt, var))
        return tenka_fail(tenka_ctx_error(opt->ctx), TENKA_E_INVALID,
                          "optimizer: the variable %s is in a group already", tenka_variable_name(var));
    slot->var = var;
    if (opt->kind == ADAM || group->sgd.momentum > 0)
        TENKA_TRY(add_moment(opt, var, 0, &slot->first));
    return opt->kind == ADAM ? add_moment(opt, var, 1, &slot->second) : TENKA_OK;
}

static tenka_status add_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count, struct group group,
                              size_t *index)
{
    struct tenka_error *err = tenka_ctx_error(opt->ctx);
    group.slots = tenka_alloc_array(count ? count : 1, sizeof(*group.slots));
    if (group.slots == NULL || !tenka_grow(&opt->groups, &opt->groups_capacity, opt->n_groups, sizeof(*opt->groups))) {
        tenka_free(group.slots);
        return tenka_fail_nomem(err);
    }
    struct group *added = &opt->groups[opt->n_groups++];
    *added = group;
    tenka_status s = TENKA_OK;
    for (size_t i = 0; i < count && s == TENKA_OK; i++) {
        s = fill_slot(opt, added, &added->slots[i], vars[i]);
        added->n_slots = i + 1;
    }
    if (s != TENKA_OK) {
        finish_group(added);
        opt->n_groups--;
    } else if (index != NULL) {
        *index = opt->n_groups - 1;
    }
    return s;
}

tenka_status tenka_optimizer_add_adam_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                            const struct tenka_adam_params *params, size_t *group)
{
    struct tenka_adam_params own = TENKA_ADAM_DEFAULTS;
    if (opt->kind != ADAM)
        return tenka_fail(tenka_ctx_error(opt->ctx), TENKA_E_INVALID, "optimizer: an Adam group cannot join SGD");
    TENKA_TRY(take_adam(tenka_ctx_error(opt->ctx), &own, params));
    return add_group(opt, vars, count, (struct group){.adam = own}, group);
}

tenka_status tenka_optimizer_add_sgd_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                           const struct tenka_sgd_params *params, size_t *group)
{
    struct tenka_sgd_params own = TENKA_SGD_DEFAULTS;
    if (opt->kind != SGD)
        return tenka_fail(tenka_ctx_error(opt->ctx), TENKA_E_INVALID, "optimizer: an SGD group cannot join Adam");
    TENKA_TRY(take_sgd(tenka_ctx_error(opt->ctx), &own, params));
    return add_group(opt, vars, count, (struct group){.sgd = own}, group);
}

/* ---- Making and destroying ---- */

static size_t parameters_of(const struct tenka_state_entry *state, size_t n, tenka_variable **vars)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (state[i].parameter)
            vars[count++] = state[i].var;
    return count;
}

/* Adds the parameters of net as one group. */
static tenka_status add_network(tenka_optimizer *opt, tenka_module *net, struct group group)
{
    const size_t n = tenka_module_state(net, NULL, 0);
    struct tenka_state_entry *state = tenka_alloc_array(n + 1, sizeof(*state));
    tenka_variable **vars = tenka_alloc_array(n + 1, sizeof(*vars));
    tenka_status s = TENKA_OK;
    if (state != NULL && vars != NULL) {
        tenka_module_state(net, state, n);
        s = add_group(opt, vars, parameters_of(state, n, vars), group, NULL);
    } else {
        s = tenka_fail_nomem(tenka_ctx_error(opt->ctx));
    }
    tenka_free(state);
    tenka_free(vars);
    return s;
}

/* What has no shape yet would never be trained. */
static tenka_status check_shapes(tenka_ctx *ctx, tenka_module *net)
{
    const char *open = net != NULL ? tenka_module_unshaped(net) : NULL;
    return open == NULL ? TENKA_OK
                        : tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                                     "optimizer: the network's text does not show the numbers of %.200s; load a "
                                     "state_dict that has it before",
                                     open);
}

static tenka_status create(tenka_ctx *ctx, tenka_module *net, enum kind kind, struct group group, tenka_optimizer **out)
{
    TENKA_TRY(check_shapes(ctx, net));
    tenka_optimizer *opt = tenka_alloc(sizeof(*opt));
    if (opt == NULL)
        return tenka_fail_nomem(tenka_ctx_error(ctx));
    opt->ctx = ctx;
    opt->kind = kind;
    const tenka_status s = net != NULL ? add_network(opt, net, group) : TENKA_OK;
    if (s != TENKA_OK)
        tenka_optimizer_destroy(&opt);
    *out = opt;
    return s;
}

tenka_status tenka_adam_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_adam_params *params,
                               tenka_optimizer **out)
{
    struct tenka_adam_params own = TENKA_ADAM_DEFAULTS;
    *out = NULL;
    TENKA_TRY(take_adam(tenka_ctx_error(ctx), &own, params));
    return create(ctx, net, ADAM, (struct group){.adam = own}, out);
}

tenka_status tenka_sgd_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_sgd_params *params,
                              tenka_optimizer **out)
{
    struct tenka_sgd_params own = TENKA_SGD_DEFAULTS;
    *out = NULL;
    TENKA_TRY(take_sgd(tenka_ctx_error(ctx), &own, params));
    return create(ctx, net, SGD, (struct group){.sgd = own}, out);
}

void tenka_optimizer_destroy(tenka_optimizer **opt)
{
    if (opt == NULL || *opt == NULL)
        return;
    for (size_t g = 0; g < (*opt)->n_groups; g++)
        finish_group(&(*opt)->groups[g]);
    tenka_free((*opt)->groups);
    tenka_free(*opt);
    *opt = NULL;
}

double tenka_optimizer_lr(const tenka_optimizer *opt, size_t group)
{
    if (group >= opt->n_groups)
        return NAN;
    return opt->kind == ADAM ? opt->groups[group].adam.lr : opt->groups[group].sgd.lr;
}

tenka_status tenka_optimizer_set_lr(tenka_optimizer *opt, size_t group, double lr)
{
    if (group >= opt->n_groups || !(lr >= 0))
        return tenka_fail(tenka_ctx_error(opt->ctx), TENKA_E_INVALID,
                          "optimizer: a learning rate of %g for group %zu of %zu", lr, group, opt->n_groups);
    if (opt->kind == ADAM)
        opt->groups[group].adam.lr = lr;
    else
        opt->groups[group].sgd.lr = lr;
    return TENKA_OK;
}

uint64_t tenka_optimizer_steps(const tenka_optimizer *opt)
{
    return opt->steps;
}

/* ---- The update ---- */

/* Source: Kingma and Ba, "Adam" (2015), algorithm 1; Loshchilov and Hutter, "Decoupled Weight Decay Regularization"
 * (2019). The bias corrections are computed here, in double, and are data of the step. */
static void trace_adam(tenka_ctx *ctx, const struct tenka_adam_params *p, struct slot *slot, tenka_tensor grad)
{
    const double step = (double)slot->steps;
    const double correction1 = 1 - pow(p->beta1, step), correction2 = 1 - pow(p->beta2, step);
    const double scalars[] = {
        p->lr / correction1,
        p->beta1,
        1 - p->beta1,
        p->beta2,
        1 - p->beta2,
        p->eps,
        sqrt(correction2),
        p->decoupled ? 0 : p->weight_decay,
        1 - p->lr * p->weight_decay,
    };
    const struct tenka_p_adam params = {.decoupled = p->decoupled};
    const tenka_tensor in[] = {tenka_value(slot->var), grad, tenka_value(slot->first), tenka_value(slot->second)};
    tenka_tensor out[TENKA_MAX_OUT];
    if (!tenka_tensor_valid(tenka_trace(ctx, TENKA_OP_adam, in, 4, &params, sizeof(params), NULL, scalars, out)))
        return;
    tenka_assign(slot->var, out[0]);
    tenka_assign(slot->first, out[1]);
    tenka_assign(slot->second, out[2]);
}

/* Source: torch.optim.SGD. The first step's momentum buffer is the gradient itself, without dampening. */
static void trace_sgd(tenka_ctx *ctx, const struct tenka_sgd_params *p, struct slot *slot, tenka_tensor grad)
{
    const double scalars[] = {p->lr, p->momentum, slot->steps == 1 ? 1 : 1 - p->dampening, p->weight_decay};
    const struct tenka_p_sgd params = {.momentum = slot->first != NULL, .nesterov = p->nesterov};
    const tenka_tensor in[] = {tenka_value(slot->var), grad,
                               slot->first != NULL ? tenka_value(slot->first) : TENKA_NONE};
    tenka_tensor out[TENKA_MAX_OUT];
    if (!tenka_tensor_valid(tenka_trace(ctx, TENKA_OP_sgd, in, slot->first != NULL ? 3 : 2, &params, sizeof(params),
                                        NULL, scalars, out)))
        return;
    tenka_assign(slot->var, out[0]);
    if (slot->first != NULL)
        tenka_assign(slot->first, out[1]);
}

static void update(tenka_optimizer *opt, struct group *group)
{
    for (size_t i = 0; i < group->n_slots; i++) {
        struct slot *slot = &group->slots[i];
        const tenka_tensor grad = tenka_grad(slot->var);
        slot->updated = tenka_tensor_valid(grad) && tenka_variable_requires_grad(slot->var);
        if (!slot->updated)
            continue;
        slot->steps++;
        if (opt->kind == ADAM)
            trace_adam(opt->ctx, &group->adam, slot, grad);
        else
            trace_sgd(opt->ctx, &group->sgd, slot, grad);
    }
}

/* A step that failed has updated nothing, and the gradients of earlier steps are still to be used. */
static void take_back(tenka_optimizer *opt)
{
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++) {
            struct slot *slot = &opt->groups[g].slots[i];
            slot->steps -= slot->updated;
            if (slot->stored)
                tenka_variable_restore_grad(slot->var);
            slot->stored = false;
        }
}

static void update_all(tenka_optimizer *opt)
{
    tenka_no_grad_begin(opt->ctx);
    for (size_t g = 0; g < opt->n_groups; g++)
        update(opt, &opt->groups[g]);
    tenka_no_grad_end(opt->ctx);
}

tenka_status tenka_optimizer_measure(tenka_optimizer *opt, struct tenka_step_bytes *out)
{
    update_all(opt);
    take_back(opt);
    return tenka_step_measure(opt->ctx, out);
}

uint64_t tenka_optimizer_bytes(const tenka_optimizer *opt)
{
    uint64_t bytes = 0;
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++) {
            const struct slot *slot = &opt->groups[g].slots[i];
            bytes += slot->first != NULL ? tenka_variable_bytes(slot->first) : 0;
            bytes += slot->second != NULL ? tenka_variable_bytes(slot->second) : 0;
        }
    return bytes;
}

tenka_ctx *tenka_optimizer_ctx(const tenka_optimizer *opt)
{
    return opt->ctx;
}

tenka_status tenka_optimizer_step(tenka_optimizer *opt)
{
    update_all(opt);
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++)
            opt->groups[g].slots[i].stored = tenka_variable_clear_grad(opt->groups[g].slots[i].var);
    const tenka_status s = tenka_step_end(opt->ctx);
    if (s == TENKA_OK)
        opt->steps++;
    else
        take_back(opt);
    return s;
}

/* ---- Checkpoints ---- */

const char *tenka_optimizer_kind(const tenka_optimizer *opt)
{
    return opt->kind == ADAM ? "adam" : "sgd";
}

const char *tenka_optimizer_moment_name(const tenka_optimizer *opt, size_t moment)
{
    return opt->kind == SGD ? "momentum_buffer" : moment == 0 ? "exp_avg" : "exp_avg_sq";
}

size_t tenka_optimizer_slots(const tenka_optimizer *opt, struct tenka_optimizer_slot *out, size_t max)
{
    size_t count = 0;
    for (size_t g = 0; g < opt->n_groups; g++) {
        for (size_t i = 0; i < opt->groups[g].n_slots; i++, count++) {
            const struct slot *slot = &opt->groups[g].slots[i];
            if (count < max)
                out[count] = (struct tenka_optimizer_slot){slot->var, {slot->first, slot->second}, slot->steps, g};
        }
    }
    return count;
}

size_t tenka_optimizer_groups(const tenka_optimizer *opt)
{
    return opt->n_groups;
}

size_t tenka_optimizer_options(const tenka_optimizer *opt, size_t group,
                               struct tenka_optimizer_option out[TENKA_MAX_OPTIMIZER_OPTIONS])
{
    const struct tenka_adam_params *a = &opt->groups[group].adam;
    const struct tenka_sgd_params *s = &opt->groups[group].sgd;
    const struct tenka_optimizer_option adam[] = {
        {"lr", a->lr},
        {"beta1", a->beta1},
        {"beta2", a->beta2},
        {"eps", a->eps},
        {"weight_decay", a->weight_decay},
        {"decoupled", a->decoupled},
    };
    const struct tenka_optimizer_option sgd[] = {
        {"lr", s->lr},
        {"momentum", s->momentum},
        {"dampening", s->dampening},
        {"weight_decay", s->weight_decay},
        {"nesterov", s->nesterov},
    };
    const size_t count = opt->kind == ADAM ? sizeof(adam) / sizeof(adam[0]) : sizeof(sgd) / sizeof(sgd[0]);
    memcpy(out, opt->kind == ADAM ? adam : sgd, count * sizeof(out[0]));
    return count;
}

void tenka_optimizer_restore(tenka_optimizer *opt, uint64_t steps, const uint64_t *slot_steps)
{
    size_t count = 0;
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++)
            opt->groups[g].slots[i].steps = slot_steps[count++];
    opt->steps = steps;
}
