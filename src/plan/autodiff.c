/* Reverse-mode gradients over the call log. */
#include "plan/planner.h"

/* How an operator's gradient comes about: by its own passes, by a rule, or not at all. */
enum grad_kind {
    GRAD_none,
    GRAD_passes,
    GRAD_add,
    GRAD_sub,
    GRAD_mul,
    GRAD_div,
    GRAD_maximum,
    GRAD_minimum,
    GRAD_pow,
    GRAD_keep,
    GRAD_leaky,
    GRAD_reshape,
    GRAD_expand,
    GRAD_permute,
    GRAD_sum,
    GRAD_matmul,
    GRAD_put
};

static const tenka_grad_fn grad_rules[] = {
    [GRAD_none] = NULL,
    [GRAD_passes] = NULL,
    [GRAD_add] = tenka_grad_add,
    [GRAD_sub] = tenka_grad_sub,
    [GRAD_mul] = tenka_grad_mul,
    [GRAD_div] = tenka_grad_div,
    [GRAD_maximum] = tenka_grad_maximum,
    [GRAD_minimum] = tenka_grad_minimum,
    [GRAD_pow] = tenka_grad_pow,
    [GRAD_keep] = tenka_grad_keep,
    [GRAD_leaky] = tenka_grad_leaky,
    [GRAD_reshape] = tenka_grad_reshape,
    [GRAD_expand] = tenka_grad_expand,
    [GRAD_permute] = tenka_grad_permute,
    [GRAD_sum] = tenka_grad_sum,
    [GRAD_matmul] = tenka_grad_matmul,
    [GRAD_put] = tenka_grad_put,
};

static const enum grad_kind grad_kinds[] = {
#define TENKA_OP(name, body, min_in, max_in, outs, params, scalars, rule, grad) GRAD_##grad,
#define TENKA_PASS(...)
#include "op/ops.def"
};

bool tenka_op_differentiable(enum tenka_op op, uint32_t input)
{
    if (grad_kinds[op] == GRAD_passes)
        return tenka_op_pass_writing(op, TENKA_D(input)) != TENKA_KERNEL_COUNT;
    return grad_kinds[op] != GRAD_none;
}

bool tenka_op_output_differentiable(enum tenka_op op, uint32_t output)
{
    const uint32_t first = (uint32_t)tenka_ops[op].first_kernel;
    bool reads = grad_kinds[op] != GRAD_passes && grad_kinds[op] != GRAD_none && output == 0;
    for (uint32_t i = first; grad_kinds[op] == GRAD_passes && i < first + tenka_ops[op].n_passes; i++)
        reads |= tenka_mask_has(tenka_passes[i].reads, TENKA_DOUT(output));
    return reads;
}

/* Whether an output of the entry, up to the value `last`, is marked. */
static bool leads_on(const struct tenka_entry *entry, uint32_t last, const uint8_t *mark)
{
    for (uint32_t k = 0; k < entry->n_out && entry->first_value + k <= last; k++)
        if (mark[entry->first_value + k])
            return true;
    return false;
}

void tenka_mark_gradient_path(const struct tenka_entry *entries, const struct tenka_log_value *values, uint32_t value,
                              uint8_t *mark)
{
    memset(mark, 0, value + 1);
    mark[value] = 1;
    for (size_t i = (size_t)values[value].entry + 1; i-- > 0;) {
        const struct tenka_entry *entry = &entries[i];
        if (entry->kind != TENKA_ENTRY_OP || !entry->requires_grad || !leads_on(entry, value, mark))
            continue;
        for (uint32_t k = 0; k < entry->n_in; k++)
            if (values[entry->in[k]].requires_grad && tenka_op_differentiable((enum tenka_op)entry->op, k))
                mark[entry->in[k]] = 1;
    }
}

/* The gradient of an output: zeros where nothing that the loss depends on came from it. */
static uint32_t gradient_of(struct tenka_planner *p, uint32_t value)
{
    if (p->grad[value] == TENKA_NONE_ID)
        p->grad[value] =
            tenka_planner_call(p, TENKA_OP_fill, NULL, 0, NULL, 0, &p->record->values[value].desc.shape, &(double){0});
    return p->grad[value];
}

/* Runs the operator's pass that makes the gradient of `input`, and perhaps others with it: of every input that is
 * there, wanted or not, since a kernel writes them all. made[k] becomes the gradient of input k. */
static void run_pass(const struct tenka_grad_call *call, uint32_t input, uint32_t made[TENKA_MAX_IN])
{
    struct tenka_planner *p = call->p;
    const struct tenka_entry *entry = call->entry;
    const enum tenka_kernel kernel = tenka_op_pass_writing((enum tenka_op)entry->op, TENKA_D(input));
    struct tenka_named_values named = tenka_named_none();
    for (uint32_t k = 0; k < entry->n_in; k++)
        named.value[TENKA_IN(k)] = call->in[k];
    for (uint32_t k = 0; k < entry->n_out; k++) {
        named.value[TENKA_OUT(k)] = p->map[entry->first_value + k];
        if (tenka_mask_has(tenka_passes[kernel].reads, TENKA_DOUT(k)))
            named.value[TENKA_DOUT(k)] = gradient_of(p, entry->first_value + k);
    }
    for (uint32_t k = 0; k < entry->n_in; k++) {
        if (!tenka_mask_has(tenka_passes[kernel].writes, TENKA_D(k)))
            continue;
        const struct tenka_desc desc = p->values[call->in[k]].desc;
        made[k] = named.value[TENKA_D(k)] = tenka_planner_new_value(p, &desc);
    }
    for (uint32_t i = 0; i < TENKA_OPERANDS; i++)
        if (tenka_mask_has(tenka_kernel_idle_reads(kernel, entry->params), i))
            named.value[i] = TENKA_NONE_ID;
    tenka_planner_node(p, kernel, &named, entry->params, (struct tenka_scalar_ref){entry->first_scalar, false});
}

/* Adds g to what value has gathered; a gradient writes its output, only here gradients meet. */
static void accumulate(struct tenka_planner *p, uint32_t value, uint32_t g)
{
    if (p->grad[value] != TENKA_NONE_ID)
        g = tenka_planner_call(p, TENKA_OP_add, (const uint32_t[]){p->grad[value], g}, 2, NULL, 0, NULL, NULL);
    p->grad[value] = g;
}

static bool is_wanted(const struct tenka_planner *p, const struct tenka_entry *entry, uint32_t input)
{
    return p->mark[entry->in[input]] && tenka_op_differentiable((enum tenka_op)entry->op, input);
}

static void differentiate(struct tenka_planner *p, const struct tenka_entry *entry)
{
    const tenka_grad_fn rule = grad_rules[grad_kinds[entry->op]];
    struct tenka_grad_call call = {.p = p, .entry = entry, .dout = p->grad[entry->first_value]};
    for (uint32_t k = 0; k < entry->n_in; k++)
        call.in[k] = p->map[entry->in[k]];
    uint32_t made[TENKA_MAX_IN];
    for (uint32_t k = 0; k < TENKA_MAX_IN; k++)
        made[k] = TENKA_NONE_ID;
    /* Passes first, so that those of a call are neighbours, of which one may use what the other made. */
    for (uint32_t k = 0; k < entry->n_in && rule == NULL && !p->failed; k++)
        if (is_wanted(p, entry, k) && made[k] == TENKA_NONE_ID)
            run_pass(&call, k, made);
    for (uint32_t k = 0; k < entry->n_in && !p->failed; k++)
        if (is_wanted(p, entry, k))
            accumulate(p, entry->in[k], rule != NULL ? rule(&call, k) : made[k]);
}

tenka_status tenka_planner_backward(struct tenka_planner *p, const struct tenka_entry *entry)
{
    const struct tenka_record *record = p->record;
    const uint32_t loss = entry->in[0];
    tenka_mark_gradient_path(record->entries, record->values, loss, p->mark);
    for (size_t v = 0; v < record->n_values; v++)
        p->grad[v] = TENKA_NONE_ID;
    p->owner = record->values[loss].entry;
    p->grad[loss] =
        tenka_planner_call(p, TENKA_OP_fill, NULL, 0, NULL, 0, &record->values[loss].desc.shape, &(double){1});
    for (size_t i = (size_t)record->values[loss].entry + 1; i-- > 0 && !p->failed;) {
        const struct tenka_entry *e = &record->entries[i];
        p->owner = (uint32_t)i;
        if (e->kind == TENKA_ENTRY_OP && e->requires_grad && leads_on(e, loss, p->mark))
            differentiate(p, e);
    }
    uint32_t out = entry->first_value;
    for (uint32_t v = 0; v <= loss && !p->failed; v++)
        if (p->mark[v] && record->values[v].var != NULL &&
            record->entries[record->values[v].entry].kind == TENKA_ENTRY_VARIABLE)
            p->map[out++] = p->grad[v];
    return TENKA_OK;
}
