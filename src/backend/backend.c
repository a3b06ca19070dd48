/* The front of every backend: checks what it is handed, so that backends can trust it, and counts. */
#include <math.h>

#include "backend/backend.h"
#include "op/variant.h"

/* ---- Devices ---- */

void tenka_device_close(tenka_device **dev)
{
    if (*dev != NULL)
        (*dev)->fns->destroy(*dev);
    *dev = NULL;
}

tenka_status tenka_device_wait(tenka_device *dev)
{
    return dev->fns->wait(dev, dev->newest);
}

void tenka_device_limits(const tenka_device *dev, struct tenka_limits *out)
{
    *out = (struct tenka_limits){ 0 };
    dev->fns->limits(dev, out);
}

bool tenka_device_fuses(const tenka_device *dev, enum tenka_kernel kernel, const int32_t *params)
{
    return dev->fns->fuses != NULL && dev->fns->fuses(dev, kernel, params);
}

const char *tenka_device_name(const tenka_device *dev)
{
    return dev->fns->name(dev);
}

bool tenka_device_pin(tenka_device *dev, uint32_t variant)
{
    if (dev->fns->pin == NULL)
        return false;
    dev->fns->pin(dev, variant);
    return true;
}

/* ---- Buffers ---- */

tenka_status tenka_buffer_create(tenka_device *dev, size_t bytes, const char *name, tenka_buffer **out)
{
    *out = NULL;
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    name = name != NULL ? name : "";
    if (bytes == 0)
        return tenka_fail(dev->err, TENKA_E_INVALID, "buffer %s: 0 bytes are asked for", name);
    if (bytes > limits.max_buffer || bytes > SIZE_MAX - sizeof(uint32_t))
        return tenka_fail(dev->err, TENKA_E_UNSUPPORTED, "buffer %s: %zu bytes are more than the %zu that a buffer of "
                          "this device can have", name, bytes, limits.max_buffer);
    TENKA_TRY(dev->fns->buffer_create(dev, tenka_align(bytes, sizeof(uint32_t)), name, out));
    dev->bytes += (*out)->bytes;
    dev->objects++;
    return TENKA_OK;
}

bool tenka_device_borrows(const tenka_device *dev)
{
    return dev->fns->buffer_borrow != NULL;
}

tenka_status tenka_buffer_borrow(tenka_device *dev, const void *memory, size_t bytes, tenka_buffer **out)
{
    *out = NULL;
    if (memory == NULL || bytes == 0 || !tenka_device_borrows(dev))
        return tenka_fail(dev->err, TENKA_E_INVALID, "buffer: %zu bytes of the host cannot be borrowed", bytes);
    TENKA_TRY(dev->fns->buffer_borrow(dev, memory, tenka_align(bytes, sizeof(uint32_t)), out));
    dev->bytes += (*out)->bytes;
    dev->objects++;
    return TENKA_OK;
}

void tenka_buffer_destroy(tenka_device *dev, tenka_buffer **buf)
{
    if (*buf == NULL)
        return;
    dev->bytes -= (*buf)->bytes;
    dev->fns->buffer_destroy(dev, *buf);
    *buf = NULL;
}

size_t tenka_buffer_size(const tenka_buffer *buf)
{
    return buf->bytes;
}

static bool inside(size_t offset, size_t bytes, size_t size)
{
    return offset <= size && bytes <= size - offset;
}

static tenka_status check_transfer(tenka_device *dev, const tenka_buffer *buf, size_t offset, const void *host,
                                   size_t bytes)
{
    if (buf == NULL || (host == NULL && bytes != 0))
        return tenka_fail(dev->err, TENKA_E_INVALID, "a copy needs memory on both sides");
    if (!inside(offset, bytes, buf->bytes))
        return tenka_fail(dev->err, TENKA_E_INVALID, "a copy of %zu bytes at %zu leaves its buffer of %zu bytes", bytes,
                          offset, buf->bytes);
    return TENKA_OK;
}

tenka_status tenka_buffer_write(tenka_device *dev, tenka_buffer *buf, size_t offset, const void *src, size_t bytes)
{
    TENKA_TRY(check_transfer(dev, buf, offset, src, bytes));
    return bytes != 0 ? dev->fns->write(dev, buf, offset, src, bytes) : TENKA_OK;
}

tenka_status tenka_buffer_read(tenka_device *dev, const tenka_buffer *buf, size_t offset, void *dst, size_t bytes)
{
    TENKA_TRY(check_transfer(dev, buf, offset, dst, bytes));
    return bytes != 0 ? dev->fns->read(dev, buf, offset, dst, bytes) : TENKA_OK;
}

/* ---- Plans ---- */

/* What the checks of one plan share. */
struct check {
    struct tenka_error *err;
    const struct tenka_plan *plan;
    struct tenka_limits limits;
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
    if (o->bytes != tenka_dtype_bytes(o->desc.dtype, count, c->limits.real_bytes))
        return tenka_fail(c->err, TENKA_E_INVALID, "operand %zu: %s %s does not have %zu bytes", number,
                          tenka_dtype_name(o->desc.dtype), tenka_shape_text(&o->desc.shape, text), o->bytes);
    if (o->offset % TENKA_OPERAND_ALIGN != 0)
        return tenka_fail(c->err, TENKA_E_INVALID, "operand %zu: offset %zu is no multiple of %d", number, o->offset,
                          TENKA_OPERAND_ALIGN);
    const size_t size = o->buffer != NULL ? o->buffer->bytes : c->plan->input_bytes;
    if (!inside(o->offset, touched(o), size))
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
    return tenka_fail(c->err, TENKA_E_UNSUPPORTED, "%s: a tensor %s takes %zu bytes, but this device can bind only "
                      "%zu: use a smaller %snetwork, or --backend cpu", node->label,
                      tenka_shape_text(&o->desc.shape, text), o->bytes, max_bytes,
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
        TENKA_TRY(check_use(c, node, i, pieces ? 0 : c->limits.max_operand));
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
        TENKA_TRY(check_use(c, node, node->out[k], c->limits.max_operand));
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
    return tenka_fail(c->err, TENKA_E_UNSUPPORTED, "%s: one invocation would loop %llu times, more than the %d that "
                      "are safe on a GPU: use %s, or --backend cpu", node->label, (unsigned long long)least,
                      TENKA_MAX_LOOPS, rows ? "smaller tensors (fewer input features)"
                                            : "a smaller batch or smaller tensors");
}

static tenka_status check_node(const struct check *c, const struct tenka_node *node)
{
    if ((uint32_t)node->kernel >= TENKA_KERNEL_COUNT || node->n_in > TENKA_MAX_READS)
        return tenka_fail(c->err, TENKA_E_INVALID, "%s: kernel %u or its %u reads are out of range", node->label,
                          (unsigned)node->kernel, node->n_in);
    TENKA_TRY(check_reads(c, node));
    TENKA_TRY(check_writes(c, node));
    const struct tenka_pass_info *pass = &tenka_passes[node->kernel];
    const size_t scalars = tenka_ops[pass->op].n_scalars * c->limits.real_bytes;
    if (scalars != 0 && (node->scalars % c->limits.real_bytes != 0 ||
                         !inside(node->scalars, scalars, c->plan->input_bytes)))
        return tenka_fail(c->err, TENKA_E_INVALID, "%s: its scalars at %zu leave the input of %zu bytes", node->label,
                          node->scalars, c->plan->input_bytes);
    if (c->limits.bounded_loops)
        TENKA_TRY(check_loops(c, node));
    return TENKA_OK;
}

static tenka_status check_plan(const struct check *c)
{
    /* An operand that no node uses, such as a value that was fused away, need not lie anywhere. */
    for (size_t i = 0; i < c->plan->n_nodes; i++)
        TENKA_TRY(check_node(c, &c->plan->nodes[i]));
    return TENKA_OK;
}

/* The operands of a node, and how often it loops. Reads are given in the order of their bits, so that the first one is
 * the input that a kernel may see in pieces. */
static tenka_status check_node_sizes(const struct check *c, const struct tenka_node *node)
{
    const struct tenka_pass_info *pass = &tenka_passes[node->kernel];
    const bool pieces = (pass->flags & TENKA_PASS_PIECES) != 0 && tenka_mask_has(pass->reads, TENKA_IN(0));
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != TENKA_ABSENT && !(k == 0 && pieces))
            TENKA_TRY(check_binding(c, node, &c->plan->operands[node->in[k]], c->limits.max_operand));
    for (uint32_t k = 0; k < node->n_out; k++)
        if (node->out[k] != TENKA_ABSENT)
            TENKA_TRY(check_binding(c, node, &c->plan->operands[node->out[k]], c->limits.max_operand));
    return c->limits.bounded_loops ? check_loops(c, node) : TENKA_OK;
}

tenka_status tenka_plan_check_sizes(tenka_device *dev, const struct tenka_plan *plan)
{
    struct check c = { .err = dev->err, .plan = plan };
    tenka_device_limits(dev, &c.limits);
    for (size_t i = 0; i < plan->n_nodes; i++)
        TENKA_TRY(check_node_sizes(&c, &plan->nodes[i]));
    return TENKA_OK;
}

tenka_status tenka_program_prepare(tenka_device *dev, const struct tenka_plan *plan, tenka_program **out)
{
    *out = NULL;
    struct check c = { .err = dev->err, .plan = plan };
    tenka_device_limits(dev, &c.limits);
    TENKA_TRY(check_plan(&c));
    return dev->fns->prepare(dev, plan, out);
}

void tenka_program_destroy(tenka_device *dev, tenka_program **prog)
{
    if (*prog != NULL)
        dev->fns->program_destroy(dev, *prog);
    *prog = NULL;
}

tenka_status tenka_program_submit(tenka_device *dev, tenka_program *prog, const void *inputs)
{
    tenka_ticket ticket = 0;
    TENKA_TRY(dev->fns->submit(dev, prog, inputs, &ticket));
    dev->newest = ticket;
    return TENKA_OK;
}

size_t tenka_program_dispatches(const tenka_device *dev, const tenka_program *prog)
{
    return dev->fns->dispatches(prog);
}

tenka_status tenka_program_check_order(tenka_device *dev, const struct tenka_plan *plan, const tenka_program *prog)
{
    if (dev->fns->check_order == NULL)
        return tenka_fail(dev->err, TENKA_E_UNSUPPORTED, "the CPU runs its kernels one after the other");
    return dev->fns->check_order(dev, plan, prog);
}

tenka_status tenka_program_spans(tenka_device *dev, tenka_program *prog, struct tenka_span *out)
{
    TENKA_TRY(tenka_device_wait(dev));
    return dev->fns->spans(dev, prog, out);
}

static void add_up(const struct tenka_span *spans, size_t count, double *out, size_t n_nodes)
{
    for (size_t i = 0; i < n_nodes; i++)
        out[i] = 0;
    for (size_t i = 0; i < count; i++) {
        out[spans[i].node] += spans[i].end - spans[i].begin;
        for (uint32_t k = 1; k < spans[i].jobs; k++)
            out[spans[i].node + k] = NAN;
    }
}

tenka_status tenka_program_timings(tenka_device *dev, tenka_program *prog, double *out, size_t n_nodes)
{
    const size_t count = tenka_program_dispatches(dev, prog);
    struct tenka_span *spans = tenka_alloc_array(count + 1, sizeof *spans);
    if (spans == NULL)
        return tenka_fail_nomem(dev->err);
    const tenka_status status = tenka_program_spans(dev, prog, spans);
    if (status == TENKA_OK)
        add_up(spans, count, out, n_nodes);
    tenka_free(spans);
    return status;
}

const char *tenka_device_clock(tenka_device *dev)
{
    return dev->fns->clock != NULL ? dev->fns->clock(dev) : "the host computes";
}

/* ---- Captures ---- */

static tenka_status no_captures(tenka_device *dev)
{
    return tenka_fail(dev->err, TENKA_E_UNSUPPORTED, "only the backend vulkan has something to capture: RenderDoc sees "
                      "Vulkan alone");
}

tenka_status tenka_device_capture_check(tenka_device *dev)
{
    return dev->fns->capture_check == NULL ? no_captures(dev) : dev->fns->capture_check(dev);
}

tenka_status tenka_device_capture_begin(tenka_device *dev)
{
    if (dev->fns->capture_begin == NULL)
        return no_captures(dev);
    TENKA_TRY(tenka_device_wait(dev));
    return dev->fns->capture_begin(dev);
}

tenka_status tenka_device_capture_end(tenka_device *dev, const char *path)
{
    if (dev->fns->capture_end == NULL)
        return no_captures(dev);
    const tenka_status waited = tenka_device_wait(dev);
    const tenka_status ended = dev->fns->capture_end(dev, path); /* also when the device failed meanwhile */
    return waited != TENKA_OK ? waited : ended;
}
