/* The moving average of a network, traced behind each update into the same step. */
#include "optim/average.h"

#include "optim/optimizer.h"

struct tenka_average {
    tenka_optimizer *opt;
    tenka_ctx *ctx;
    double decay;
    struct tenka_average_pair *pairs;
    size_t count;
    uint64_t updates;
};

/* ---- Making and destroying ---- */

static tenka_status add_pair(tenka_average *average, tenka_variable *var)
{
    struct tenka_average_pair *const pair = &average->pairs[average->count++];
    pair->var = var;
    TENKA_TRY(tenka_variable_create(average->ctx, TENKA_F32, tenka_variable_shape(var), NULL, false, &pair->mean));
    char *const name = tenka_sprintf("%s.average", tenka_variable_name(var));
    if (name == NULL)
        return tenka_fail_nomem(tenka_ctx_error(average->ctx));
    const tenka_status status = tenka_variable_set_name(pair->mean, name);
    tenka_free(name);
    return status;
}

static bool has_pair(const tenka_average *average, const tenka_variable *var)
{
    for (size_t i = 0; i < average->count; i++)
        if (average->pairs[i].var == var)
            return true;
    return false;
}

/* What has two names is averaged once. Whole numbers, such as a count of batches, are as the network has them. */
static tenka_status fill(tenka_average *average, tenka_module *net)
{
    const size_t n = tenka_module_state(net, NULL, 0);
    struct tenka_state_entry *const state = tenka_alloc_array(n + 1, sizeof(state[0]));
    average->pairs = tenka_alloc_array(n + 1, sizeof(average->pairs[0]));
    tenka_status status = TENKA_OK;
    if (state == NULL || average->pairs == NULL)
        status = tenka_fail_nomem(tenka_ctx_error(average->ctx));
    else
        tenka_module_state(net, state, n);
    for (size_t i = 0; i < n && status == TENKA_OK; i++)
        if (state[i].var != NULL && tenka_variable_dtype(state[i].var) == TENKA_F32 && !has_pair(average, state[i].var))
            status = add_pair(average, state[i].var);
    tenka_free(state);
    return status;
}

static tenka_status check(tenka_ctx *ctx, const tenka_optimizer *opt, tenka_module *net, double decay)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (net == NULL || tenka_module_ctx(net) != ctx || tenka_module_unshaped(net) != NULL)
        return tenka_fail(err, TENKA_E_INVALID,
                          "average: the network is missing, of another context, or its text lacks shapes");
    if (!(decay >= 0 && decay <= 1))
        return tenka_fail(err, TENKA_E_INVALID, "average: a decay of %g is not from 0 to 1", decay);
    if (tenka_optimizer_average(opt) != NULL)
        return tenka_fail(err, TENKA_E_INVALID, "average: the optimizer has one already");
    return TENKA_OK;
}

tenka_status tenka_average_create(tenka_optimizer *opt, tenka_module *net, double decay, tenka_average **out)
{
    if (out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    if (opt == NULL)
        return TENKA_E_INVALID;
    tenka_ctx *const ctx = tenka_optimizer_ctx(opt);
    TENKA_TRY(check(ctx, opt, net, decay));
    tenka_average *average = tenka_alloc(sizeof(*average));
    if (average == NULL)
        return tenka_fail_nomem(tenka_ctx_error(ctx));
    *average = (tenka_average){.opt = opt, .ctx = ctx, .decay = decay};
    const tenka_status status = fill(average, net);
    if (status != TENKA_OK) {
        tenka_average_destroy(&average);
        return status;
    }
    tenka_optimizer_set_average(opt, average);
    *out = average;
    return TENKA_OK;
}

void tenka_average_destroy(tenka_average **average)
{
    if (average == NULL || *average == NULL)
        return;
    tenka_average *const a = *average;
    if (tenka_optimizer_average(a->opt) == a)
        tenka_optimizer_set_average(a->opt, NULL);
    for (size_t i = 0; i < a->count; i++)
        tenka_variable_destroy(&a->pairs[i].mean);
    tenka_free(a->pairs);
    tenka_free(a);
    *average = NULL;
}

/* ---- Steps ---- */

/* The first one takes the network as it is: all of it goes into an average that is 0. */
void tenka_average_trace(const tenka_average *average)
{
    const double share = average->updates == 0 ? 1 : 1 - average->decay;
    for (size_t i = 0; i < average->count; i++) {
        const struct tenka_average_pair *const pair = &average->pairs[i];
        const tenka_tensor mean = tenka_value(pair->mean);
        const tenka_tensor way = tenka_scale(tenka_sub(tenka_value(pair->var), mean), share);
        tenka_assign(pair->mean, tenka_add(mean, way));
    }
}

void tenka_average_count(tenka_average *average)
{
    average->updates++;
}

/* ---- What there is ---- */

double tenka_average_decay(const tenka_average *average)
{
    return average->decay;
}

uint64_t tenka_average_updates(const tenka_average *average)
{
    return average->updates;
}

uint64_t tenka_average_bytes(const tenka_average *average)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < average->count; i++)
        bytes += tenka_variable_bytes(average->pairs[i].mean);
    return bytes;
}

const struct tenka_average_pair *tenka_average_pairs(const tenka_average *average, size_t *count)
{
    *count = average->count;
    return average->pairs;
}

tenka_status tenka_average_swap(tenka_average *average)
{
    if (tenka_step_is_open(average->ctx))
        return tenka_fail(tenka_ctx_error(average->ctx), TENKA_E_INVALID,
                          "average: a step is open; end or discard it first");
    for (size_t i = 0; i < average->count && average->updates > 0; i++)
        TENKA_TRY(tenka_variable_exchange(average->pairs[i].var, average->pairs[i].mean));
    return TENKA_OK;
}

void tenka_average_restore(tenka_average *average, uint64_t updates)
{
    average->updates = updates;
}
