#include "backend/rig.h"

#include <stdio.h>

struct tenka_rig_call tenka_rig_call_of(const struct tenka_call *call, enum tenka_kernel kernel)
{
    const struct tenka_pass_info *pass = &tenka_passes[kernel];
    struct tenka_rig_call out = {.kernel = kernel, .params = call->params};
    uint32_t reads = 0, writes = 0;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (tenka_mask_has(pass->reads, bit))
            out.in[reads++].desc = tenka_call_operand(call, bit);
        if (tenka_mask_has(pass->writes, bit))
            out.out[writes++].desc = tenka_call_operand(call, bit);
    }
    return out;
}

/* Adds an operand behind *end of where it lies, gap bytes apart; returns its index. */
static uint32_t add_operand(struct tenka_rig *r, const struct tenka_rig_operand *from, size_t *end, size_t gap)
{
    struct tenka_operand *o = &r->operands[r->plan.n_operands];
    if (from->desc == NULL)
        return TENKA_ABSENT;
    *o = (struct tenka_operand){.buffer = from->buffer, .desc = *from->desc};
    o->bytes = tenka_dtype_bytes(o->desc.dtype, (size_t)tenka_shape_count(&o->desc.shape), r->real);
    if (from->buffer == NULL) {
        o->offset = tenka_align(*end + gap, TENKA_OPERAND_ALIGN);
        *end = o->offset + tenka_align(o->bytes, sizeof(uint32_t));
    }
    return (uint32_t)r->plan.n_operands++;
}

static void lay_operands(struct tenka_rig *r, const struct tenka_rig_call *call)
{
    const struct tenka_pass_info *pass = &tenka_passes[call->kernel];
    struct tenka_node *node = &r->nodes[0];
    size_t *read_end = call->input_reads ? &r->plan.input_bytes : &r->bytes;
    node->n_in = tenka_mask_count(pass->reads);
    node->n_out = tenka_mask_count(pass->writes);
    for (uint32_t k = 0; k < node->n_in; k++)
        node->in[k] = add_operand(r, &call->in[k], read_end, call->input_reads ? 0 : call->gap);
    for (uint32_t k = 0; k < node->n_out; k++) {
        const bool over = call->over != NULL && call->over[k] >= 0 && call->out[k].desc != NULL;
        node->out[k] = over ? node->in[call->over[k]] : add_operand(r, &call->out[k], &r->bytes, call->gap);
    }
    if (r->bytes > 0)
        r->bytes = tenka_align(r->bytes + call->gap, TENKA_OPERAND_ALIGN);
}

void tenka_rig_lay(struct tenka_rig *r, tenka_device *dev, const struct tenka_rig_call *call)
{
    const struct tenka_pass_info *pass = &tenka_passes[call->kernel];
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    *r = (struct tenka_rig){.dev = dev, .real = limits.real_bytes, .input_reads = call->input_reads};
    struct tenka_node *node = &r->nodes[0];
    node->kernel = call->kernel;
    memcpy(node->params, call->params, sizeof(node->params));
    snprintf(node->label, sizeof(node->label), "%s", pass->name);
    lay_operands(r, call);
    node->scalars = tenka_align(r->plan.input_bytes, TENKA_OPERAND_ALIGN);
    r->plan.input_bytes = node->scalars + tenka_ops[pass->op].n_scalars * r->real;
    r->plan.nodes = r->nodes;
    r->plan.n_nodes = 1;
    r->plan.operands = r->operands;
    r->plan.name = node->label;
}

void tenka_rig_repeat(struct tenka_rig *r, size_t times)
{
    for (size_t i = 1; i < times; i++)
        r->nodes[i] = r->nodes[0];
    r->plan.n_nodes = times;
}

static void aim(struct tenka_rig *r, uint32_t operand)
{
    if (operand != TENKA_ABSENT && r->operands[operand].buffer == NULL)
        r->operands[operand].buffer = r->buffer;
}

tenka_status tenka_rig_make(struct tenka_rig *r)
{
    const struct tenka_node *node = &r->nodes[0];
    r->input = tenka_alloc(r->plan.input_bytes + 1);
    if (r->input == NULL)
        return tenka_fail_nomem(r->dev->err);
    if (r->bytes > 0)
        TENKA_TRY(tenka_buffer_create(r->dev, r->bytes, r->plan.name, &r->buffer));
    for (uint32_t k = 0; k < node->n_in && !r->input_reads; k++)
        aim(r, node->in[k]);
    for (uint32_t k = 0; k < node->n_out; k++)
        aim(r, node->out[k]);
    return TENKA_OK;
}

tenka_status tenka_rig_prepare(struct tenka_rig *r)
{
    tenka_program_destroy(r->dev, &r->program);
    return tenka_program_prepare(r->dev, &r->plan, &r->program);
}

tenka_status tenka_rig_submit(struct tenka_rig *r)
{
    return tenka_program_submit(r->dev, r->program, r->input);
}

void tenka_rig_finish(struct tenka_rig *r)
{
    tenka_program_destroy(r->dev, &r->program);
    tenka_buffer_destroy(r->dev, &r->buffer);
    tenka_free(r->input);
    r->input = NULL;
}
