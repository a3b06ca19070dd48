/* What an optimizer keeps, for checkpoints and for who counts its memory. */
#include <stdio.h>

#include "optim/average.h"
#include "optim/inner.h"
#include "optim/measure.h"

/* ---- Memory ---- */

uint64_t tenka_optimizer_bytes(const tenka_optimizer *opt)
{
    uint64_t bytes = opt->average != NULL ? tenka_average_bytes(opt->average) : 0;
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++)
            for (size_t k = 0; k < opt->groups[g].n_states; k++)
                bytes += tenka_variable_bytes(opt->groups[g].slots[i].state[k]);
    return bytes;
}

uint64_t tenka_optimizer_gradient_bytes(const tenka_optimizer *opt)
{
    uint64_t bytes = 0;
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++)
            if (tenka_variable_requires_grad(opt->groups[g].slots[i].var))
                bytes += tenka_variable_bytes(opt->groups[g].slots[i].var);
    return bytes;
}

/* ---- Checkpoints ---- */

const char *tenka_optimizer_kind(const tenka_optimizer *opt)
{
    return opt->class->kind;
}

bool tenka_optimizer_has_product(const tenka_optimizer *opt)
{
    return opt->class->has_product;
}

size_t tenka_optimizer_slots(const tenka_optimizer *opt, struct tenka_optimizer_slot *out, size_t max)
{
    size_t count = 0;
    for (size_t g = 0; g < opt->n_groups; g++) {
        for (size_t i = 0; i < opt->groups[g].n_slots; i++, count++) {
            const struct slot *slot = &opt->groups[g].slots[i];
            if (count >= max)
                continue;
            out[count] = (struct tenka_optimizer_slot){
                .var = slot->var, .steps = slot->steps, .product = slot->product, .group = g};
            memcpy(out[count].state, slot->state, sizeof(slot->state));
            memcpy(out[count].name, opt->groups[g].names, sizeof(out[count].name));
        }
    }
    return count;
}

static void add_option(struct tenka_optimizer_option *out, const struct tenka_py_arg *arg, size_t which, double value)
{
    const bool pair = arg->kind == TENKA_PY_ARG_PAIR;
    if (pair)
        snprintf(out->name, sizeof(out->name), "%.*s%zu", (int)strlen(arg->name) - 1, arg->name, which + 1);
    else if (strcmp(arg->name, "decoupled_weight_decay") == 0)
        snprintf(out->name, sizeof(out->name), "decoupled"); /* so files of all versions call it */
    else
        snprintf(out->name, sizeof(out->name), "%s", arg->name);
    out->value = value;
    out->usual = arg->fallback[which];
}

size_t tenka_optimizer_options(const tenka_optimizer *opt, size_t group,
                               struct tenka_optimizer_option out[TENKA_MAX_OPTIMIZER_OPTIONS])
{
    const struct group *const g = &opt->groups[group];
    const struct tenka_py_class *const call = &tenka_optim_calls[g->params.which - 1];
    size_t count = 0;
    for (size_t i = 0; i < call->n_args; i++)
        for (size_t k = 0; k < (call->args[i].kind == TENKA_PY_ARG_PAIR ? 2 : 1); k++)
            if (call->args[i].kind != TENKA_PY_ARG_ANY)
                add_option(&out[count++], &call->args[i], k,
                           i == opt->class->momentum && k == 0 ? g->given_momentum : g->params.value[i][k]);
    return count;
}

void tenka_optimizer_restore(tenka_optimizer *opt, uint64_t steps, const uint64_t *slot_steps,
                             const double *slot_products)
{
    size_t count = 0;
    for (size_t g = 0; g < opt->n_groups; g++)
        for (size_t i = 0; i < opt->groups[g].n_slots; i++, count++) {
            opt->groups[g].slots[i].steps = slot_steps[count];
            opt->groups[g].slots[i].product = slot_products[count];
        }
    opt->steps = steps;
}
