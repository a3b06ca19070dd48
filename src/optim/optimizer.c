/* Optimizers over groups of variables. The update is traced like any other operator: states are variables, and all that
 * changes from step to step is data. Which optimizers there are stands in classes.c. */
#include <math.h>
#include <stdio.h>

#include "optim/average.h"
#include "optim/inner.h"
#include "optim/measure.h"

static void step_ended(struct tenka_step_watcher *watcher, bool ran);

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
    for (size_t i = 0; i < group->n_slots; i++)
        for (size_t k = 0; k < TENKA_MAX_STATES; k++)
            tenka_variable_destroy(&group->slots[i].state[k]);
    tenka_free(group->slots);
}

static tenka_status create_state(tenka_optimizer *opt, const struct group *group, const tenka_variable *var,
                                 tenka_variable **out)
{
    const struct tenka_shape shape = tenka_variable_shape(var);
    const double initial = opt->class->initial != NULL ? opt->class->initial(group->params.value) : 0;
    TENKA_TRY(tenka_variable_create(opt->ctx, TENKA_F32, shape, NULL, false, out));
    if (initial == 0 || tenka_is_sizing(opt->ctx))
        return TENKA_OK;
    const size_t count = (size_t)tenka_shape_count(&shape);
    double *const values = tenka_alloc_array(count, sizeof(values[0]));
    if (values == NULL)
        return tenka_fail_nomem(tenka_ctx_error(opt->ctx));
    for (size_t i = 0; i < count; i++)
        values[i] = initial;
    const tenka_status status = tenka_variable_write_f64(*out, values, count);
    tenka_free(values);
    return status;
}

/* Named "base_net.0.weight.exp_avg", for debuggers. */
static tenka_status add_state(tenka_optimizer *opt, const struct group *group, const tenka_variable *var, size_t k,
                              tenka_variable **out)
{
    TENKA_TRY(create_state(opt, group, var, out));
    char *name = tenka_sprintf("%s.%s", tenka_variable_name(var), group->names[k]);
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
    slot->product = 1;
    for (size_t k = 0; k < group->n_states; k++)
        TENKA_TRY(add_state(opt, group, var, k, &slot->state[k]));
    return TENKA_OK;
}

static double *momentum_of(const tenka_optimizer *opt, struct group *group)
{
    return opt->class->momentum != TENKA_NO_ARG ? &group->params.value[opt->class->momentum][0] : NULL;
}

static tenka_status add_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                              const struct tenka_optimizer_params *params, size_t *index)
{
    struct tenka_error *err = tenka_ctx_error(opt->ctx);
    struct group group = {.params = *params, .initial_lr = params->value[0][0]};
    group.n_states = opt->class->states(params->value, group.names);
    group.given_momentum = momentum_of(opt, &group) != NULL ? *momentum_of(opt, &group) : (double)NAN;
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

/* The norm is of all groups together, and so is its limit: timm's class, too, has but the optimizer's own. */
static tenka_status check_norm(const tenka_optimizer *opt, const struct tenka_optimizer_params *group)
{
    if (opt->class->max_norm == NULL)
        return TENKA_OK;
    const double all = opt->class->max_norm(opt->params.value), own = opt->class->max_norm(group->value);
    if (all == own || (isnan(all) && isnan(own)))
        return TENKA_OK;
    return tenka_fail(tenka_ctx_error(opt->ctx), TENKA_E_INVALID,
                      "optimizer: a group of %s has a max_grad_norm of its own, but the norm is that of all groups "
                      "together: give it to the optimizer alone",
                      tenka_optimizer_class(&opt->params));
}

tenka_status tenka_optimizer_add_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                       const struct tenka_optimizer_params *params, size_t *group)
{
    struct tenka_error *const err = tenka_ctx_error(opt->ctx);
    const struct tenka_optimizer_params *const own = params != NULL ? params : &opt->params;
    TENKA_TRY(tenka_optim_check(err, own));
    if (strcmp(tenka_optim_classes[own->which - 1].kind, opt->class->kind) != 0)
        return tenka_fail(err, TENKA_E_INVALID, "optimizer: a group of %s cannot join %s", tenka_optimizer_class(own),
                          tenka_optimizer_class(&opt->params));
    TENKA_TRY(check_norm(opt, own));
    return add_group(opt, vars, count, own, group);
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
static tenka_status add_network(tenka_optimizer *opt, tenka_module *net)
{
    const size_t n = tenka_module_state(net, NULL, 0);
    struct tenka_state_entry *state = tenka_alloc_array(n + 1, sizeof(*state));
    tenka_variable **vars = tenka_alloc_array(n + 1, sizeof(*vars));
    tenka_status s = TENKA_OK;
    if (state != NULL && vars != NULL) {
        tenka_module_state(net, state, n);
        s = add_group(opt, vars, parameters_of(state, n, vars), &opt->params, NULL);
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

tenka_status tenka_optimizer_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_optimizer_params *params,
                                    tenka_optimizer **out)
{
    *out = NULL;
    TENKA_TRY(tenka_optim_check(tenka_ctx_error(ctx), params));
    TENKA_TRY(check_shapes(ctx, net));
    tenka_optimizer *opt = tenka_alloc(sizeof(*opt));
    if (opt == NULL)
        return tenka_fail_nomem(tenka_ctx_error(ctx));
    opt->ctx = ctx;
    opt->class = &tenka_optim_classes[params->which - 1];
    opt->params = *params;
    opt->watcher.ended = step_ended;
    const tenka_status s = net != NULL ? add_network(opt, net) : TENKA_OK;
    if (s != TENKA_OK)
        tenka_optimizer_destroy(&opt);
    *out = opt;
    return s;
}

static tenka_status take_adam(tenka_ctx *ctx, const struct tenka_adam_params *given, struct tenka_optimizer_params *out)
{
    struct tenka_adam_params own = TENKA_ADAM_DEFAULTS;
    TENKA_TRY(tenka_take_params(tenka_ctx_error(ctx), "adam", "TENKA_ADAM_DEFAULTS", &own, given));
    *out = tenka_optim_defaults(own.decoupled ? TENKA_OPTIM_ADAMW : TENKA_OPTIM_ADAM);
    tenka_optim_take_adam(&own, out);
    return TENKA_OK;
}

static tenka_status take_sgd(tenka_ctx *ctx, const struct tenka_sgd_params *given, struct tenka_optimizer_params *out)
{
    struct tenka_sgd_params own = TENKA_SGD_DEFAULTS;
    TENKA_TRY(tenka_take_params(tenka_ctx_error(ctx), "sgd", "TENKA_SGD_DEFAULTS", &own, given));
    *out = tenka_optim_defaults(TENKA_OPTIM_SGD);
    tenka_optim_take_sgd(&own, out);
    return TENKA_OK;
}

tenka_status tenka_adam_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_adam_params *params,
                               tenka_optimizer **out)
{
    struct tenka_optimizer_params own;
    *out = NULL;
    TENKA_TRY(take_adam(ctx, params, &own));
    return tenka_optimizer_create(ctx, net, &own, out);
}

tenka_status tenka_sgd_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_sgd_params *params,
                              tenka_optimizer **out)
{
    struct tenka_optimizer_params own;
    *out = NULL;
    TENKA_TRY(take_sgd(ctx, params, &own));
    return tenka_optimizer_create(ctx, net, &own, out);
}

tenka_status tenka_optimizer_add_adam_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                            const struct tenka_adam_params *params, size_t *group)
{
    struct tenka_optimizer_params own;
    TENKA_TRY(take_adam(opt->ctx, params, &own));
    return tenka_optimizer_add_group(opt, vars, count, &own, group);
}

tenka_status tenka_optimizer_add_sgd_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                           const struct tenka_sgd_params *params, size_t *group)
{
    struct tenka_optimizer_params own;
    TENKA_TRY(take_sgd(opt->ctx, params, &own));
    return tenka_optimizer_add_group(opt, vars, count, &own, group);
}

void tenka_optimizer_destroy(tenka_optimizer **opt)
{
    if (opt == NULL || *opt == NULL)
        return;
    tenka_step_unwatch((*opt)->ctx, &(*opt)->watcher);
    for (size_t g = 0; g < (*opt)->n_groups; g++)
        finish_group(&(*opt)->groups[g]);
    tenka_free((*opt)->groups);
    tenka_free(*opt);
    *opt = NULL;
}

/* ---- What schedules change ---- */

double tenka_optimizer_lr(const tenka_optimizer *opt, size_t group)
{
    return group < opt->n_groups ? opt->groups[group].params.value[0][0] : (double)NAN;
}

tenka_status tenka_optimizer_set_lr(tenka_optimizer *opt, size_t group, double lr)
{
    if (group >= opt->n_groups || !(lr >= 0))
        return tenka_fail(tenka_ctx_error(opt->ctx), TENKA_E_INVALID,
                          "optimizer: a learning rate of %g for group %zu of %zu", lr, group, opt->n_groups);
    opt->groups[group].params.value[0][0] = lr;
    return TENKA_OK;
}

tenka_status tenka_optimizer_put_lr(tenka_optimizer *opt, size_t group, double lr)
{
    if (!isfinite(lr))
        return tenka_fail(tenka_ctx_error(opt->ctx), TENKA_E_INVALID,
                          "schedule: the learning rate of group %zu would become %g", group, lr);
    opt->groups[group].params.value[0][0] = lr;
    return TENKA_OK;
}

double tenka_optimizer_initial_lr(const tenka_optimizer *opt, size_t group)
{
    return group < opt->n_groups ? opt->groups[group].initial_lr : (double)NAN;
}

void tenka_optimizer_restore_initial_lr(tenka_optimizer *opt, size_t group, double lr)
{
    opt->groups[group].initial_lr = lr;
}

void tenka_optimizer_put_momentum(tenka_optimizer *opt, size_t group, double momentum)
{
    *momentum_of(opt, &opt->groups[group]) = momentum;
}

double tenka_optimizer_momentum(const tenka_optimizer *opt, size_t group)
{
    const double *const momentum = group < opt->n_groups ? momentum_of(opt, &opt->groups[group]) : NULL;
    return momentum != NULL ? *momentum : (double)NAN;
}

tenka_status tenka_optimizer_set_momentum(tenka_optimizer *opt, size_t group, double momentum)
{
    struct tenka_error *const err = tenka_ctx_error(opt->ctx);
    double *const at = group < opt->n_groups ? momentum_of(opt, &opt->groups[group]) : NULL;
    if (at == NULL || !(momentum >= 0 && momentum <= 1))
        return tenka_fail(err, TENKA_E_INVALID, "optimizer: a momentum of %g for group %zu of %zu of %s", momentum,
                          group, opt->n_groups, tenka_optimizer_class(&opt->params));
    const bool buffered = tenka_optim_calls[opt->params.which - 1].args[opt->class->momentum].kind != TENKA_PY_ARG_PAIR;
    if (buffered && opt->groups[group].given_momentum == 0 && momentum > 0)
        return tenka_fail(err, TENKA_E_INVALID, "optimizer: %s has no momentum to be changed: make it with one",
                          tenka_optimizer_class(&opt->params));
    *at = momentum;
    return TENKA_OK;
}

size_t tenka_optimizer_groups(const tenka_optimizer *opt)
{
    return opt->n_groups;
}

uint64_t tenka_optimizer_steps(const tenka_optimizer *opt)
{
    return opt->steps;
}

/* ---- The update ---- */

/* The scalars that all updates begin with: the gradient's sign, what is added to it, what remains of the parameter. */
static void fill_scalars(const struct tenka_optim_class *class, tenka_optim_values v,
                         const struct tenka_optim_update *update, double scalars[TENKA_MAX_SCALARS])
{
    const double decay = class->decay != TENKA_NO_ARG ? v[class->decay][0] : 0;
    const bool decoupled = class->decoupled == TENKA_ALWAYS_DECOUPLED ||
                           (class->decoupled != TENKA_NO_ARG && v[class->decoupled][0] != 0);
    scalars[0] = class->maximize != TENKA_NO_ARG && v[class->maximize][0] != 0 ? -1 : 1;
    scalars[1] = decoupled ? 0 : decay;
    scalars[2] = decoupled ? 1 - v[0][0] * decay : 1;
    memcpy(scalars + 3, update->number, (TENKA_MAX_SCALARS - 3) * sizeof(scalars[0]));
}

static void trace_update(tenka_optimizer *opt, const struct group *group, struct slot *slot, tenka_tensor grad)
{
    const struct tenka_optim_class *const class = opt->class;
    struct tenka_optim_update update;
    double scalars[TENKA_MAX_SCALARS];
    tenka_tensor in[2 + TENKA_MAX_STATES] = {tenka_value(slot->var), grad}, out[TENKA_MAX_OUT];
    class->update(group->params.value, (double)slot->steps, &slot->product, &update);
    fill_scalars(class, group->params.value, &update, scalars);
    for (size_t k = 0; k < group->n_states; k++)
        in[2 + k] = tenka_value(slot->state[k]);
    const struct tenka_p_update params = {.states = (int32_t)group->n_states, .how = update.how};
    if (!tenka_tensor_valid(tenka_trace(opt->ctx, class->op, in, (uint32_t)(2 + group->n_states), &params,
                                        sizeof(params), NULL, scalars, out)))
        return;
    tenka_assign(slot->var, class->moved != NULL ? class->moved(group->params.value, in[0], out[0]) : out[0]);
    for (size_t k = 0; k < group->n_states; k++)
        tenka_assign(slot->state[k], out[1 + k]);
}

/* divisor, which may be absent: of all gradients. */
static void update(tenka_optimizer *opt, struct group *group, tenka_tensor divisor)
{
    for (size_t i = 0; i < group->n_slots; i++) {
        struct slot *slot = &group->slots[i];
        tenka_tensor grad = tenka_grad(slot->var);
        if (!tenka_tensor_valid(grad) || !tenka_variable_requires_grad(slot->var))
            continue;
        if (slot->updates++ == 0)
            slot->product_before = slot->product;
        slot->steps++;
        if (tenka_tensor_valid(divisor))
            grad = tenka_div(grad, divisor);
        trace_update(opt, group, slot, grad);
    }
}

/* What all gradients are divided by, where their norm over all groups has a limit: norm / limit, or 1 below it. */
static tenka_tensor norm_divisor(tenka_optimizer *opt)
{
    const double most = opt->class->max_norm != NULL ? opt->class->max_norm(opt->params.value) : (double)NAN;
    tenka_tensor total = TENKA_NONE;
    if (isnan(most))
        return total;
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++)
            total = tenka_add_squares(total, opt->groups[g].slots[i].var);
    if (!tenka_tensor_valid(total))
        return total;
    const double one = 1;
    const tenka_tensor least =
        tenka_trace(opt->ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &(struct tenka_shape){0}, &one, NULL);
    return tenka_maximum(tenka_scale(tenka_sqrt(total), 1 / most), least);
}

/* A step that failed has updated nothing, and the gradients of earlier steps are still to be used. */
static void take_back(tenka_optimizer *opt)
{
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++) {
            struct slot *slot = &opt->groups[g].slots[i];
            if (slot->updates > 0)
                slot->product = slot->product_before;
            slot->steps -= slot->updates;
            if (slot->stored)
                tenka_variable_restore_grad(slot->var);
        }
}

static void begin_anew(tenka_optimizer *opt)
{
    opt->updates = 0;
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++) {
            opt->groups[g].slots[i].updates = 0;
            opt->groups[g].slots[i].stored = false;
        }
}

static void count_updates(tenka_optimizer *opt)
{
    opt->steps += opt->updates;
    for (uint32_t i = 0; i < opt->updates && opt->average != NULL; i++)
        tenka_average_count(opt->average);
}

static void step_ended(struct tenka_step_watcher *watcher, bool ran)
{
    tenka_optimizer *const opt = (tenka_optimizer *)((char *)watcher - offsetof(tenka_optimizer, watcher));
    if (ran)
        count_updates(opt);
    else
        take_back(opt);
    begin_anew(opt);
}

static void update_all(tenka_optimizer *opt)
{
    tenka_no_grad_begin(opt->ctx);
    const tenka_tensor divisor = norm_divisor(opt);
    for (size_t g = 0; g < opt->n_groups; g++)
        update(opt, &opt->groups[g], divisor);
    if (opt->average != NULL)
        tenka_average_trace(opt->average);
    tenka_no_grad_end(opt->ctx);
}

tenka_status tenka_optimizer_measure(tenka_optimizer *opt, struct tenka_step_bytes *out)
{
    update_all(opt);
    take_back(opt);
    begin_anew(opt);
    return tenka_step_measure(opt->ctx, out);
}

tenka_ctx *tenka_optimizer_ctx(const tenka_optimizer *opt)
{
    return opt->ctx;
}

tenka_average *tenka_optimizer_average(const tenka_optimizer *opt)
{
    return opt->average;
}

void tenka_optimizer_set_average(tenka_optimizer *opt, tenka_average *average)
{
    opt->average = average;
}

void tenka_optimizer_update(tenka_optimizer *opt)
{
    tenka_step_watch(opt->ctx, &opt->watcher);
    update_all(opt);
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++)
            opt->groups[g].slots[i].stored |= tenka_variable_clear_grad(opt->groups[g].slots[i].var);
    opt->updates++;
}

tenka_status tenka_optimizer_step(tenka_optimizer *opt)
{
    tenka_optimizer_update(opt);
    return tenka_step_end(opt->ctx);
}
