/* Nodes over values over storages, and what appends them: an operator called on plan values becomes a node, or a view
 * of what is there. */
#include "plan/planner.h"

#include <assert.h>

size_t tenka_planner_bytes(const struct tenka_planner *p, const struct tenka_desc *desc)
{
    return tenka_dtype_bytes(desc->dtype, (size_t)tenka_shape_count(&desc->shape), p->target->real_bytes);
}

uint32_t tenka_planner_storage(struct tenka_planner *p, const struct tenka_storage *storage)
{
    if (!tenka_grow(&p->storages, &p->storages_capacity, p->n_storages, sizeof(*p->storages))) {
        p->failed = true;
        return TENKA_NONE_ID;
    }
    p->storages[p->n_storages] = *storage;
    return (uint32_t)p->n_storages++;
}

uint32_t tenka_planner_value(struct tenka_planner *p, const struct tenka_desc *desc, uint32_t storage)
{
    if (storage == TENKA_NONE_ID || !tenka_grow(&p->values, &p->values_capacity, p->n_values, sizeof(*p->values))) {
        p->failed = true;
        return TENKA_NONE_ID;
    }
    p->values[p->n_values] = (struct tenka_plan_value){.desc = *desc, .storage = storage};
    return (uint32_t)p->n_values++;
}

uint32_t tenka_planner_new_value(struct tenka_planner *p, const struct tenka_desc *desc)
{
    const struct tenka_storage storage = {
        .place = {.kind = p->flush ? TENKA_PLACE_SPILL : TENKA_PLACE_ARENA},
        .bytes = tenka_planner_bytes(p, desc),
        .writer = TENKA_NONE_ID,
    };
    return tenka_planner_value(p, desc, tenka_planner_storage(p, &storage));
}

struct tenka_scalar_ref tenka_planner_constants(struct tenka_planner *p, const double *values, size_t count)
{
    const struct tenka_scalar_ref ref = {(uint32_t)p->n_constants, true};
    for (size_t k = 0; k < count; k++) {
        if (!tenka_grow(&p->constants, &p->constants_capacity, p->n_constants, sizeof(*p->constants))) {
            p->failed = true;
            return ref;
        }
        p->constants[p->n_constants++] = values[k];
    }
    return ref;
}

/* What is called after the last backward call is for the update; a backward call's own nodes are its entry's. */
static enum tenka_phase phase_of(const struct tenka_planner *p, uint32_t entry)
{
    if (p->record->entries[entry].kind == TENKA_ENTRY_BACKWARD)
        return TENKA_PHASE_BACKWARD;
    return p->last_backward != TENKA_NONE_ID && entry > p->last_backward ? TENKA_PHASE_UPDATE : TENKA_PHASE_FORWARD;
}

struct tenka_named_values tenka_named_none(void)
{
    struct tenka_named_values named;
    for (uint32_t i = 0; i < TENKA_OPERANDS; i++)
        named.value[i] = TENKA_NONE_ID;
    return named;
}

static void put_operands(struct tenka_planner *p, struct tenka_plan_node *node, const struct tenka_named_values *named)
{
    const struct tenka_pass_info *pass = &tenka_passes[node->kernel];
    for (uint32_t i = 0; i < TENKA_OPERANDS; i++) {
        const uint32_t value = named->value[i];
        if (tenka_mask_has(pass->reads, i))
            node->in[node->n_in++] = value;
        if (!tenka_mask_has(pass->writes, i))
            continue;
        node->out[node->n_out++] = value;
        if (value != TENKA_NONE_ID && p->storages[p->values[value].storage].writer == TENKA_NONE_ID)
            p->storages[p->values[value].storage].writer = (uint32_t)p->n_nodes;
    }
}

struct tenka_plan_node *tenka_planner_node(struct tenka_planner *p, enum tenka_kernel kernel,
                                           const struct tenka_named_values *named, const int32_t *params,
                                           struct tenka_scalar_ref scalar)
{
    if (p->failed || !tenka_grow(&p->nodes, &p->nodes_capacity, p->n_nodes, sizeof(*p->nodes))) {
        p->failed = true;
        return NULL;
    }
    struct tenka_plan_node *node = &p->nodes[p->n_nodes];
    *node = (struct tenka_plan_node){.kernel = kernel,
                                     .scalar = scalar.index,
                                     .constant = scalar.constant,
                                     .entry = p->entry,
                                     .owners = {p->owner},
                                     .n_owners = p->owner != TENKA_NONE_ID,
                                     .phase = phase_of(p, p->entry)};
    memcpy(node->params, params, sizeof(node->params));
    put_operands(p, node, named);
    p->n_nodes++;
    return node;
}

uint32_t *tenka_node_place(struct tenka_plan_node *node, uint32_t operand)
{
    const struct tenka_pass_info *pass = &tenka_passes[node->kernel];
    const bool reads = tenka_mask_has(pass->reads, operand);
    assert(reads || tenka_mask_has(pass->writes, operand));
    return reads ? &node->in[tenka_mask_place(pass->reads, operand)]
                 : &node->out[tenka_mask_place(pass->writes, operand)];
}

uint32_t tenka_node_value(const struct tenka_plan_node *node, uint32_t operand)
{
    return *tenka_node_place((struct tenka_plan_node *)node, operand);
}

bool tenka_planner_is_whole(const struct tenka_planner *p, uint32_t value)
{
    const struct tenka_plan_value *v = &p->values[value];
    return v->offset == 0 && p->storages[v->storage].bytes == tenka_planner_bytes(p, &v->desc);
}

/* Where in its input's memory a call's output lies, in bytes; false: it has memory of its own. */
static bool is_view(const struct tenka_planner *p, const struct tenka_call *call, size_t *offset)
{
    *offset = 0;
    if (call->op == TENKA_OP_slice) {
        const struct tenka_p_part *part = (const void *)call->params;
        *offset = tenka_dtype_bytes(call->in[0].dtype, (size_t)part->begin, p->target->real_bytes);
        return part->outer == 1 && *offset % TENKA_OPERAND_ALIGN == 0;
    }
    return call->n_in > 0 && tenka_ops[call->op].n_passes == 0;
}

/* The output of a call: in the memory of input `at`, offset bytes behind its begin. */
static uint32_t view_value(struct tenka_planner *p, const struct tenka_desc *desc, uint32_t of, size_t offset)
{
    const struct tenka_plan_value x = p->values[of];
    const uint32_t value = tenka_planner_value(p, desc, x.storage);
    if (value != TENKA_NONE_ID)
        p->values[value].offset = x.offset + offset;
    return value;
}

uint32_t tenka_planner_forward(struct tenka_planner *p, const struct tenka_call *call, const uint32_t *in,
                               struct tenka_scalar_ref scalar, uint32_t out[TENKA_MAX_OUT])
{
    struct tenka_named_values named = tenka_named_none();
    const enum tenka_kernel kernel = tenka_op_pass_writing(call->op, TENKA_OUT(0));
    const bool part = kernel != TENKA_KERNEL_COUNT && (tenka_passes[kernel].flags & TENKA_PASS_PART) != 0;
    size_t offset;
    const bool view = is_view(p, call, &offset);
    for (uint32_t k = 0; k < call->n_in; k++)
        named.value[TENKA_IN(k)] = in[k];
    for (uint32_t k = 0; k < call->n_out && !p->failed; k++) {
        out[k] = view || part ? view_value(p, &call->out[k], in[0], offset) : tenka_planner_new_value(p, &call->out[k]);
        named.value[TENKA_OUT(k)] = out[k];
    }
    if (!view && kernel != TENKA_KERNEL_COUNT && !p->failed)
        tenka_planner_node(p, kernel, &named, call->params, scalar);
    return p->failed ? TENKA_NONE_ID : out[0];
}

uint32_t tenka_planner_call(struct tenka_planner *p, enum tenka_op op, const uint32_t *in, uint32_t n_in,
                            const void *params, size_t params_bytes, const struct tenka_shape *shape,
                            const double *constant)
{
    struct tenka_call call = {.op = op, .n_in = n_in};
    for (uint32_t k = 0; k < n_in; k++) {
        if (in[k] == TENKA_NONE_ID)
            return TENKA_NONE_ID;
        call.in[k] = p->values[in[k]].desc;
    }
    if (params != NULL)
        memcpy(call.params, params, params_bytes);
    if (shape != NULL)
        call.out[0].shape = *shape;
    if (tenka_op_infer(&call, p->err) != TENKA_OK) {
        p->failed = true;
        return TENKA_NONE_ID;
    }
    struct tenka_scalar_ref scalar = {0, true};
    if (constant != NULL)
        scalar = tenka_planner_constants(p, constant, tenka_ops[op].n_scalars);
    uint32_t out[TENKA_MAX_OUT];
    return tenka_planner_forward(p, &call, in, scalar, out);
}
