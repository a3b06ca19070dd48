/* Whether a device can run a plan: each plan is looked through once, before a backend sees it. */
#include "backend/backend.h"
#include "op/variant.h"

/* What the checks of one plan share. */
struct check {
    struct tenka_error *err;
    const struct tenka_plan *plan;
    const struct tenka_limits *limits;
};

/* Bytes that kernels touch: u8 tensors are moved in words. */
static size_t touched(const struct tenka_operand *operand)
{
    return tenka_align(operand->bytes, sizeof(uint32_t));
}

static tenka_status check_operand(const struct check *c, const struct tenka_operand *o)
{
    char text[TENKA_SHAPE_TEXT];
    const size_t number = (size_t)(o - c->plan->operands);
    TENKA_TRY(tenka_shape_check(c->err, "an operand", &o->desc.shape));
    const size_t count = (size_t)tenka_shape_count(&o->desc.shape);
    if (o->bytes != tenka_dtype_bytes(o->desc.dtype, count, c->limits->real_bytes))
        return tenka_fail(c->err, TENKA_E_INVALID, "operand %zu: %s %s does not have %zu bytes", number,
                          tenka_dtype_name(o->desc.dtype), tenka_shape_text(&o->desc.shape, text), o->bytes);
    if (o->offset % TENKA_OPERAND_ALIGN != 0)
        return tenka_fail(c->err, TENKA_E_INVALID, "operand %zu: offset %zu is no multiple of %d", number, o->offset,
                          TENKA_OPERAND_ALIGN);
    const size_t size = o->buffer != NULL ? o->buffer->bytes : c->plan->input_bytes;
    if (!tenka_inside(o->offset, touched(o), size))
        return tenka_fail(c->err, TENKA_E_INVALID, "operand %zu: %zu bytes at %zu leave the %s of %zu bytes", number,
                          touched(o), o->offset, o->buffer != NULL ? "buffer" : "input", size);
    return TENKA_OK;
}

/* Whether a tensor has as many rows as the first that a node reads: then these are mostly the batch's images. */
static bool has_rows_of_input(const struct check *c, const struct tenka_node *node, const struct tenka_shape *shape)
{
    if (node->n_in == 0 || node->in[0] == TENKA_ABSENT || shape->rank == 0)
        return false;
    const struct tenka_shape *in = &c->plan->operands[node->in[0]].desc.shape;
    return in->rank > 0 && in->dim[0] == shape->dim[0];
}

/* max_bytes 0: no limit */
static tenka_status check_binding(const struct check *c, const struct tenka_node *node, const struct tenka_operand *o,
                                  size_t max_bytes)
{
    char text[TENKA_SHAPE_TEXT];
    if (max_bytes == 0 || o->bytes <= max_bytes)
        return TENKA_OK;
    return tenka_fail(c->err, TENKA_E_UNSUPPORTED,
                      "%s: a tensor %s takes %zu bytes, but this device can bind only "
                      "%zu: use a smaller %snetwork, or --backend cpu",
                      node->label, tenka_shape_text(&o->desc.shape, text), o->bytes, max_bytes,
                      has_rows_of_input(c, node, &o->desc.shape) ? "batch or " : "");
}

/* Fails unless operand i of a node exists, and, when max_bytes is not 0, can be bound. */
static tenka_status check_use(const struct check *c, const struct tenka_node *node, uint32_t i, size_t max_bytes)
{
    if (i >= c->plan->n_operands)
        return tenka_fail(c->err, TENKA_E_INVALID, "%s: operand %u does not exist", node->label, i);
    TENKA_TRY(check_operand(c, &c->plan->operands[i]));
    return check_binding(c, node, &c->plan->operands[i], max_bytes);
}

static tenka_status check_reads(const struct check *c, const struct tenka_node *node)
{
    const struct tenka_pass_info *pass = &tenka_passes[node->kernel];
    uint32_t n = 0;
    for (uint32_t bit = 0; bit < TENKA_OPERANDS; bit++) {
        if (!tenka_mask_has(pass->reads, bit))
            continue;
        if (n >= node->n_in)
            return tenka_fail(c->err, TENKA_E_INVALID, "%s: only %u of its reads are given", node->label, n);
        const uint32_t i = node->in[n++];
        const bool optional = (bit < TENKA_OUT(0) && bit >= tenka_ops[pass->op].min_in) ||
                              tenka_mask_has(tenka_kernel_idle_reads(node->kernel, node->params), bit);
        if (i == TENKA_ABSENT && optional)
            continue;
        const bool pieces = bit == TENKA_IN(0) && (pass->flags & TENKA_PASS_PIECES) != 0;
        TENKA_TRY(check_use(c, node, i, pieces ? 0 : c->limits->max_operand));
    }
    if (n != node->n_in)
        return tenka_fail(c->err, TENKA_E_INVALID, "%s: %u reads are given, but it has %u", node->label, node->n_in, n);
    return TENKA_OK;
}

static bool overlap(const struct tenka_operand *a, const struct tenka_operand *b)
{
    return a->buffer == b->buffer && a->offset < b->offset + touched(b) && b->offset < a->offset + touched(a);
}

/* A write may share memory with a read only where the operator list says so, and then exactly. */
static tenka_status check_overlaps(const struct check *c, const struct tenka_node *node, uint32_t k)
{
    const struct tenka_operand *operands = c->plan->operands, *out = &operands[node->out[k]];
    const bool inplace = (tenka_passes[node->kernel].flags & TENKA_PASS_INPLACE) != 0;
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] == TENKA_ABSENT)
            continue;
        const struct tenka_operand *in = &operands[node->in[i]];
        if (overlap(out, in) && !(inplace && out->offset == in->offset && out->bytes == in->bytes))
            return tenka_fail(c->err, TENKA_E_INVALID, "%s: write %u would overwrite read %u", node->label, k, i);
    }
    for (uint32_t i = 0; i < k; i++)
        if (node->out[i] != TENKA_ABSENT && overlap(out, &operands[node->out[i]]))
            return tenka_fail(c->err, TENKA_E_INVALID, "%s: writes %u and %u share memory", node->label, i, k);
    return TENKA_OK;
}

static tenka_status check_writes(const struct check *c, const struct tenka_node *node)
{
    const uint32_t n = tenka_mask_count(tenka_passes[node->kernel].writes);
    if (node->n_out != n)
        return tenka_fail(c->err, TENKA_E_INVALID, "%s: %u writes are given, but it has %u", node->label, node->n_out,
                          n);
    for (uint32_t k = 0; k < node->n_out; k++) {
        if (k > 0 && node->out[k] == TENKA_ABSENT)
            continue;
        TENKA_TRY(check_use(c, node, node->out[k], c->limits->max_operand));
        if (c->plan->operands[node->out[k]].buffer == NULL)
            return tenka_fail(c->err, TENKA_E_INVALID, "%s: would write into the input", node->label);
        TENKA_TRY(check_overlaps(c, node, k));
    }
    return TENKA_OK;
}

/* Some variant of the kernel must end in time. */
static tenka_status check_loops(const struct check *c, const struct tenka_node *node)
{
    uint64_t least = UINT64_MAX;
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(node->kernel, &count);
    for (uint32_t v = 0; v < count; v++) {
        const uint64_t loops = tenka_variant_loops(node->kernel, &variants[v], node->params);
        least = loops < least ? loops : least;
    }
    if (least <= TENKA_MAX_LOOPS)
        return TENKA_OK;
    /* Who keeps the rows sums over something else than images, such as input features: a smaller batch is no help. */
    const bool rows = node->n_out > 0 && node->out[0] != TENKA_ABSENT &&
                      has_rows_of_input(c, node, &c->plan->operands[node->out[0]].desc.shape);
    return tenka_fail(c->err, TENKA_E_UNSUPPORTED,
                      "%s: one invocation would loop %llu times, more than the %d that "
                      "are safe on a GPU: use %s, or --backend cpu",
                      node->label, (unsigned long long)least, TENKA_MAX_LOOPS,
                      rows ? "smaller tensors (fewer input features)" : "a smaller batch or smaller tensors");
}

static tenka_status check_node(const struct check *c, const struct tenka_node *node)
{
    if ((uint32_t)node->kernel >= TENKA_KERNEL_COUNT || node->n_in > TENKA_MAX_READS)
        return tenka_fail(c->err, TENKA_E_INVALID, "%s: kernel %u or its %u reads are out of range", node->label,
                          (unsigned)node->kernel, node->n_in);
    TENKA_TRY(check_reads(c, node));
    TENKA_TRY(check_writes(c, node));
    const struct tenka_pass_info *pass = &tenka_passes[node->kernel];
    const size_t scalars = tenka_ops[pass->op].n_scalars * c->limits->real_bytes;
    if (scalars != 0 &&
        (node->scalars % c->limits->real_bytes != 0 || !tenka_inside(node->scalars, scalars, c->plan->input_bytes)))
        return tenka_fail(c->err, TENKA_E_INVALID, "%s: its scalars at %zu leave the input of %zu bytes", node->label,
                          node->scalars, c->plan->input_bytes);
    if (c->limits->bounded_loops)
        TENKA_TRY(check_loops(c, node));
    return TENKA_OK;
}

tenka_status tenka_check_plan(const struct tenka_plan *plan, const struct tenka_limits *limits, struct tenka_error *err)
{
    const struct check c = {.err = err, .plan = plan, .limits = limits};
    /* An operand that no node uses, such as a value that was fused away, need not lie anywhere. */
    for (size_t i = 0; i < plan->n_nodes; i++)
        TENKA_TRY(check_node(&c, &plan->nodes[i]));
    return TENKA_OK;
}

/* ---- Sizes alone ---- */

/* The operands of a node, and how often it loops. Reads are given in the order of their bits, so that the first one is
 * the input that a kernel may see in pieces. */
static tenka_status check_node_sizes(const struct check *c, const struct tenka_node *node)
{
    const struct tenka_pass_info *pass = &tenka_passes[node->kernel];
    const bool pieces = (pass->flags & TENKA_PASS_PIECES) != 0 && tenka_mask_has(pass->reads, TENKA_IN(0));
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != TENKA_ABSENT && !(k == 0 && pieces))
            TENKA_TRY(check_binding(c, node, &c->plan->operands[node->in[k]], c->limits->max_operand));
    for (uint32_t k = 0; k < node->n_out; k++)
        if (node->out[k] != TENKA_ABSENT)
            TENKA_TRY(check_binding(c, node, &c->plan->operands[node->out[k]], c->limits->max_operand));
    return c->limits->bounded_loops ? check_loops(c, node) : TENKA_OK;
}

tenka_status tenka_check_plan_sizes(const struct tenka_plan *plan, const struct tenka_limits *limits,
                                    struct tenka_error *err)
{
    const struct check c = {.err = err, .plan = plan, .limits = limits};
    for (size_t i = 0; i < plan->n_nodes; i++)
        TENKA_TRY(check_node_sizes(&c, &plan->nodes[i]));
    return TENKA_OK;
}
