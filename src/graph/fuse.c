/* Fusion: neighbouring nodes become one, where the device has a kernel for both. It comes after gradients and dead
 * nodes, so it sees what will run and needs to know nothing about differentiation. Two nodes fuse when what the first
 * hands to the second is seen by nobody else. The merged node stands where one of the two stood; what it reads or
 * writes there must mean the same (see steady).
 *
 * A rule looks at one node, finds its partner, and rewrites the later of the two; a new pair is a function and a line
 * in the table at the end. */
#include "graph/planner.h"

#define NONE TENKA_NONE_ID
#define GONE TENKA_KERNEL_COUNT /* the kernel of a node that was merged into another */

struct fuser {
    struct tenka_planner *p;
    uint32_t *writer, *readers; /* of each storage: the node that writes it, or NONE; how many nodes read it */
};

static uint32_t storage_of(const struct fuser *f, uint32_t value)
{
    return value == NONE ? NONE : f->p->values[value].storage;
}

static const struct tenka_shape *shape_of(const struct fuser *f, uint32_t value)
{
    return &f->p->values[value].desc.shape;
}

static void count_uses(struct fuser *f)
{
    const struct tenka_planner *p = f->p;
    for (size_t s = 0; s < p->n_storages; s++) {
        f->writer[s] = NONE;
        f->readers[s] = 0;
    }
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        const struct tenka_plan_node *node = &p->nodes[i];
        for (uint32_t k = 0; node->kernel != GONE && k < node->n_in; k++)
            if (node->in[k] != NONE)
                f->readers[storage_of(f, node->in[k])]++;
        for (uint32_t k = 0; node->kernel != GONE && k < node->n_out; k++)
            if (node->out[k] != NONE)
                f->writer[storage_of(f, node->out[k])] = i;
    }
}

/* The node of that kernel that writes value; NULL: another one does, or none. */
static struct tenka_plan_node *maker(const struct fuser *f, uint32_t value, enum tenka_kernel kernel)
{
    const uint32_t i = value == NONE ? NONE : f->writer[storage_of(f, value)];
    return i != NONE && f->p->nodes[i].kernel == kernel ? &f->p->nodes[i] : NULL;
}

/* Whether value is there for a single reader and leaves no trace after the plan. */
static bool is_private(const struct fuser *f, uint32_t value)
{
    const struct tenka_storage *s = &f->p->storages[storage_of(f, value)];
    return !s->keep && s->place.kind == TENKA_PLACE_ARENA && f->readers[storage_of(f, value)] == 1;
}

/* The same, and made by a node of that kernel: that node. */
static struct tenka_plan_node *private_maker(const struct fuser *f, uint32_t value, enum tenka_kernel kernel)
{
    struct tenka_plan_node *node = maker(f, value, kernel);
    return node && is_private(f, value) ? node : NULL;
}

static const tenka_variable *variable_of(const struct fuser *f, uint32_t value)
{
    const struct tenka_place *place = value == NONE ? NULL : &f->p->storages[storage_of(f, value)].place;
    return place && place->kind == TENKA_PLACE_VARIABLE ? place->var : NULL;
}

/* Whether a node between the two writes a variable that node reads. */
static bool changes_between(const struct fuser *f, size_t first, size_t last, const struct tenka_plan_node *node)
{
    for (size_t i = first + 1; i < last; i++)
        for (uint32_t k = 0; f->p->nodes[i].kernel != GONE && k < f->p->nodes[i].n_out; k++) {
            const tenka_variable *var = variable_of(f, f->p->nodes[i].out[k]);
            for (uint32_t r = 0; var && r < node->n_in; r++)
                if (variable_of(f, node->in[r]) == var)
                    return true;
        }
    return false;
}

/* Whether `from` may run where `to` stands: what it reads is there and the same, and what it writes disturbs nobody. */
static bool steady(const struct fuser *f, const struct tenka_plan_node *from, const struct tenka_plan_node *to)
{
    const size_t a = (size_t)(from - f->p->nodes), b = (size_t)(to - f->p->nodes);
    for (uint32_t k = 0; k < from->n_in; k++) {
        const uint32_t writer = from->in[k] == NONE ? NONE : f->writer[storage_of(f, from->in[k])];
        if (writer != NONE && writer >= b)
            return false;
    }
    for (uint32_t k = 0; a > b && k < from->n_out; k++)
        if (variable_of(f, from->out[k]))
            return false;
    return !changes_between(f, a < b ? a : b, a < b ? b : a, from);
}

/* A node of that kernel; its operands are filled by the caller. */
static struct tenka_plan_node merged(const struct tenka_plan_node *like, enum tenka_kernel kernel, const void *params,
                                     size_t bytes)
{
    struct tenka_plan_node node = {.kernel = kernel, .scalar = like->scalar, .constant = like->constant,
                                   .entry = like->entry};
    memcpy(node.params, params, bytes);
    for (uint32_t bits = tenka_passes[kernel].reads; bits != 0; bits &= bits - 1)
        node.in[node.n_in++] = NONE;
    for (uint32_t bits = tenka_passes[kernel].writes; bits != 0; bits &= bits - 1)
        node.out[node.n_out++] = NONE;
    return node;
}

/* Whether node would write a variable that it reads elsewhere than at the same place. */
static bool overwrites(const struct fuser *f, const struct tenka_plan_node *node)
{
    const bool inplace = (tenka_passes[node->kernel].flags & TENKA_PASS_INPLACE) != 0;
    for (uint32_t k = 0; k < node->n_out; k++) {
        const tenka_variable *var = variable_of(f, node->out[k]);
        for (uint32_t r = 0; var && r < node->n_in; r++)
            if (variable_of(f, node->in[r]) == var && !inplace)
                return true;
    }
    return false;
}

/* Adds the owners of `from` to those of node, in order and each once. */
static void join_owners(struct tenka_plan_node *node, const struct tenka_plan_node *from)
{
    for (uint32_t i = 0; i < from->n_owners; i++) {
        uint32_t at = 0;
        while (at < node->n_owners && node->owners[at] < from->owners[i])
            at++;
        if (at == TENKA_MAX_OWNERS || (at < node->n_owners && node->owners[at] == from->owners[i]))
            continue;
        node->n_owners += node->n_owners < TENKA_MAX_OWNERS;
        memmove(node->owners + at + 1, node->owners + at, (node->n_owners - at - 1) * sizeof *node->owners);
        node->owners[at] = from->owners[i];
    }
}

/* Puts node where `at` stands, unless the device would rather run the parts; the others of the group are gone. */
static bool place(struct fuser *f, const struct tenka_plan_node *node, struct tenka_plan_node *at,
                  struct tenka_plan_node *other, struct tenka_plan_node *third)
{
    if (overwrites(f, node) || !tenka_device_fuses(f->p->ctx->dev, node->kernel, node->params))
        return false;
    struct tenka_plan_node whole = *node;
    whole.n_owners = 0;
    whole.phase = at->phase;
    join_owners(&whole, at);
    join_owners(&whole, other);
    other->kernel = GONE;
    if (third) {
        join_owners(&whole, third);
        third->kernel = GONE;
    }
    *at = whole;
    count_uses(f);
    return true;
}

/* ---- Activations ---- */

/* relu(layer(x)) */
static bool layer_relu(struct fuser *f, struct tenka_plan_node *relu, enum tenka_kernel layer_kernel,
                       enum tenka_kernel kernel)
{
    struct tenka_plan_node *layer = private_maker(f, relu->in[0], layer_kernel);
    if (!layer || !steady(f, layer, relu))
        return false;
    struct tenka_plan_node node = merged(relu, kernel, layer->params, sizeof layer->params);
    memcpy(node.in, layer->in, sizeof node.in);
    node.out[0] = relu->out[0];
    return place(f, &node, relu, layer, NULL);
}

static bool conv2d_relu(struct fuser *f, struct tenka_plan_node *node)
{
    return layer_relu(f, node, TENKA_KERNEL_conv2d_fwd, TENKA_KERNEL_conv2d_relu_fwd);
}

static bool linear_relu(struct fuser *f, struct tenka_plan_node *node)
{
    return layer_relu(f, node, TENKA_KERNEL_linear_fwd, TENKA_KERNEL_linear_relu_fwd);
}

/* The gradient of conv2d(relu(z)) by z. */
static bool conv2d_dx_relu(struct fuser *f, struct tenka_plan_node *relu)
{
    struct tenka_plan_node *dx = private_maker(f, relu->in[1], TENKA_KERNEL_conv2d_dx);
    if (!dx || !steady(f, dx, relu))
        return false;
    struct tenka_plan_node node = merged(relu, TENKA_KERNEL_conv2d_dx_relu_fwd, dx->params, sizeof dx->params);
    node.in[0] = dx->in[0];
    node.in[1] = dx->in[1];
    node.in[2] = relu->in[0];
    node.out[0] = relu->out[0];
    return place(f, &node, relu, dx, NULL);
}

/* Where the normalisation stands, since others read its mean and variance. */
static bool batch_norm2d_relu(struct fuser *f, struct tenka_plan_node *relu)
{
    struct tenka_plan_node *norm = private_maker(f, relu->in[0], TENKA_KERNEL_batch_norm2d_fwd);
    if (!norm || variable_of(f, relu->out[0]))
        return false;
    struct tenka_plan_node node = merged(norm, TENKA_KERNEL_batch_norm2d_relu_fwd, norm->params, sizeof norm->params);
    memcpy(node.in, norm->in, sizeof node.in);
    memcpy(node.out, norm->out, sizeof node.out);
    node.out[0] = relu->out[0];
    return place(f, &node, norm, relu, NULL);
}

/* The gradients of a normalisation take the ReLU's mask themselves, when nobody else reads what the ReLU sends. */
static bool batch_norm2d_relu_back(struct fuser *f, struct tenka_plan_node *dw)
{
    struct tenka_plan_node *relu = maker(f, dw->in[3], TENKA_KERNEL_relu_dx), *dx = NULL;
    for (uint32_t i = 0; relu && i < f->p->n_nodes; i++) {
        struct tenka_plan_node *other = &f->p->nodes[i];
        if (other->kernel == TENKA_KERNEL_batch_norm2d_dx && other->in[4] == dw->in[3] && other->in[0] == dw->in[0])
            dx = other;
    }
    const struct tenka_storage *s = relu ? &f->p->storages[storage_of(f, relu->out[0])] : NULL;
    if (!s || s->keep || s->place.kind != TENKA_PLACE_ARENA || !steady(f, relu, dw) || (dx && !steady(f, relu, dx)) ||
        f->readers[storage_of(f, relu->out[0])] != (dx ? 2 : 1))
        return false;
    struct tenka_plan_node to_x = {.kernel = GONE}, to_w = merged(dw, TENKA_KERNEL_batch_norm2d_relu_dw, dw->params,
                                                                  sizeof dw->params);
    const uint32_t w_in[] = {dw->in[0], relu->in[0], dw->in[1], dw->in[2], relu->in[1]};
    memcpy(to_w.in, w_in, sizeof w_in);
    memcpy(to_w.out, dw->out, sizeof to_w.out);
    if (dx) {
        const uint32_t x_in[] = {dx->in[0], dx->in[1], relu->in[0], dx->in[2], dx->in[3], relu->in[1]};
        to_x = merged(dx, TENKA_KERNEL_batch_norm2d_relu_dx, dx->params, sizeof dx->params);
        memcpy(to_x.in, x_in, sizeof x_in);
        memcpy(to_x.out, dx->out, sizeof to_x.out);
    }
    if (dx && !tenka_device_fuses(f->p->ctx->dev, to_x.kernel, to_x.params))
        return false;
    if (!place(f, &to_w, dw, relu, NULL))
        return false;
    if (dx)
        *dx = to_x;
    count_uses(f);
    return true;
}

/* ---- Pooling ---- */

/* The gradient of max_pool2d(relu(x)) by x: the ReLU's mask at a winner is that of the maximum, so that its output need
 * not outlive the forward pass. */
static bool relu_max_pool2d_dx(struct fuser *f, struct tenka_plan_node *relu)
{
    struct tenka_plan_node *dx = private_maker(f, relu->in[1], TENKA_KERNEL_max_pool2d_dx);
    const struct tenka_plan_node *pool = dx ? maker(f, dx->in[0], TENKA_KERNEL_max_pool2d_fwd) : NULL;
    if (!pool || storage_of(f, pool->in[0]) != storage_of(f, relu->in[0]) || !steady(f, dx, relu))
        return false;
    struct tenka_plan_node node = merged(relu, TENKA_KERNEL_relu_max_pool2d_dx, dx->params, sizeof dx->params);
    node.in[0] = pool->out[0];
    node.in[1] = dx->in[0];
    node.in[2] = dx->in[1];
    node.out[0] = relu->out[0];
    return place(f, &node, relu, dx, NULL);
}

static bool relu_max_pool2d(struct fuser *f, struct tenka_plan_node *pool)
{
    struct tenka_plan_node *relu = private_maker(f, pool->in[0], TENKA_KERNEL_relu_fwd);
    if (!relu || !steady(f, relu, pool))
        return false;
    struct tenka_plan_node node = merged(pool, TENKA_KERNEL_relu_max_pool2d_fwd, pool->params, sizeof pool->params);
    node.in[0] = relu->in[0];
    memcpy(node.out, pool->out, sizeof node.out);
    return place(f, &node, pool, relu, NULL);
}

/* Windows that tile the output of a convolution; false: they overlap, skip or leave it, or it was reshaped between. */
static bool pool_params(const struct fuser *f, const struct tenka_plan_node *conv, const struct tenka_plan_node *pool,
                        uint32_t between, struct tenka_p_conv2d_pool *out)
{
    struct tenka_p_pool2d p;
    memcpy(&out->conv, conv->params, sizeof out->conv);
    memcpy(&p, pool->params, sizeof p);
    out->pool_oh = p.oh;
    out->pool_ow = p.ow;
    out->pool_kh = p.kh;
    out->pool_kw = p.kw;
    out->pool_sh = p.sh;
    out->pool_sw = p.sw;
    const struct tenka_shape *shape = shape_of(f, between);
    const bool whole = shape->rank == 4 && shape->dim[1] == (uint32_t)out->conv.o && p.h == out->conv.oh &&
                       p.w == out->conv.ow;
    return whole && p.ph == 0 && p.pw == 0 && p.dh == 1 && p.dw == 1 && p.sh >= p.kh && p.sw >= p.kw &&
           (int64_t)(p.oh - 1) * p.sh + p.kh <= p.h && (int64_t)(p.ow - 1) * p.sw + p.kw <= p.w;
}

static bool conv2d_relu_pool(struct fuser *f, struct tenka_plan_node *pool)
{
    struct tenka_p_conv2d_pool params;
    struct tenka_plan_node *conv = private_maker(f, pool->in[0], TENKA_KERNEL_conv2d_relu_fwd);
    if (!conv || !pool_params(f, conv, pool, pool->in[0], &params) || !steady(f, conv, pool))
        return false;
    struct tenka_plan_node node = merged(pool, TENKA_KERNEL_conv2d_relu_pool_fwd, &params, sizeof params);
    memcpy(node.in, conv->in, sizeof node.in);
    memcpy(node.out, pool->out, sizeof node.out);
    return place(f, &node, pool, conv, NULL);
}

/* The weights' gradient of a convolution whose output's gradient nobody else wants. */
static bool conv2d_relu_pool_dw(struct fuser *f, struct tenka_plan_node *dw)
{
    struct tenka_p_conv2d_pool params;
    struct tenka_plan_node *pool = private_maker(f, dw->in[1], TENKA_KERNEL_relu_max_pool2d_dx);
    if (!pool || !pool_params(f, dw, pool, dw->in[1], &params) || !steady(f, pool, dw))
        return false;
    struct tenka_plan_node node = merged(dw, TENKA_KERNEL_conv2d_relu_pool_dw, &params, sizeof params);
    node.in[0] = dw->in[0];
    memcpy(node.in + 1, pool->in, 3 * sizeof *node.in);
    memcpy(node.out, dw->out, sizeof node.out);
    return place(f, &node, dw, pool, NULL);
}

/* ---- Linear layers, backwards ---- */

static struct tenka_plan_node *linear_dx_of(const struct fuser *f, const struct tenka_plan_node *dw)
{
    for (uint32_t i = 0; i < f->p->n_nodes; i++) {
        struct tenka_plan_node *dx = &f->p->nodes[i];
        if (dx->kernel == TENKA_KERNEL_linear_dx && storage_of(f, dx->in[1]) == storage_of(f, dw->in[1]) &&
            memcmp(dx->params, dw->params, sizeof(struct tenka_p_linear)) == 0)
            return dx;
    }
    return NULL;
}

/* The ReLU through which the input's gradient alone goes on, or NULL. */
static struct tenka_plan_node *relu_after(const struct fuser *f, const struct tenka_plan_node *dx)
{
    for (uint32_t i = 0; i < f->p->n_nodes && is_private(f, dx->out[0]); i++) {
        struct tenka_plan_node *relu = &f->p->nodes[i];
        if (relu->kernel == TENKA_KERNEL_relu_dx && storage_of(f, relu->in[1]) == storage_of(f, dx->out[0]))
            return relu;
    }
    return NULL;
}

static bool linear_backward(struct fuser *f, struct tenka_plan_node *dw)
{
    struct tenka_plan_node *dx = linear_dx_of(f, dw);
    if (!dx)
        return false;
    struct tenka_plan_node *relu = relu_after(f, dx), *first = dx < dw ? dx : dw, *second = dx < dw ? dw : dx;
    if (!steady(f, second, first))
        return false;
    if (relu && (!steady(f, dx, first) || variable_of(f, relu->out[0]) || variable_of(f, relu->in[0]) ||
                 f->writer[storage_of(f, relu->in[0])] >= (uint32_t)(first - f->p->nodes)))
        relu = NULL;
    struct tenka_plan_node node = merged(dw, TENKA_KERNEL_linear_backward_fwd, dw->params, sizeof dw->params);
    ((struct tenka_p_linear *)node.params)->mask = relu != NULL;
    node.in[0] = dw->in[0];
    node.in[1] = dx->in[0];
    node.in[2] = dw->in[1];
    node.in[3] = relu ? relu->in[0] : NONE;
    node.out[0] = relu ? relu->out[0] : dx->out[0];
    node.out[1] = dw->out[0];
    node.out[2] = dw->out[1];
    return place(f, &node, first, second, relu);
}

/* ---- Losses ---- */

static bool along_rows(const struct tenka_plan_node *softmax, const struct tenka_plan_node *nll)
{
    struct tenka_p_axis axis;
    struct tenka_p_nll loss;
    memcpy(&axis, softmax->params, sizeof axis);
    memcpy(&loss, nll->params, sizeof loss);
    return axis.inner == 1 && axis.outer == loss.n && axis.len == loss.c;
}

/* Where the log-probabilities stand, since others may read them too. */
static bool cross_entropy(struct fuser *f, struct tenka_plan_node *nll)
{
    struct tenka_plan_node *softmax = maker(f, nll->in[0], TENKA_KERNEL_log_softmax_fwd);
    if (!softmax || !along_rows(softmax, nll))
        return false;
    struct tenka_plan_node node = merged(nll, TENKA_KERNEL_cross_entropy_fwd, nll->params, sizeof nll->params);
    node.in[0] = softmax->in[0];
    node.in[1] = nll->in[1];
    node.out[0] = nll->out[0];
    node.out[1] = softmax->out[0];
    struct tenka_plan_node target = *nll; /* what must be there early: the classes */
    const uint32_t writer = f->writer[storage_of(f, nll->in[1])];
    const size_t at = (size_t)(softmax - f->p->nodes);
    if ((writer != NONE && writer >= at) || variable_of(f, nll->out[0]) ||
        changes_between(f, at, (size_t)(nll - f->p->nodes), &target))
        return false;
    return place(f, &node, softmax, nll, NULL);
}

static bool cross_entropy_dx(struct fuser *f, struct tenka_plan_node *softmax)
{
    struct tenka_plan_node *nll = private_maker(f, softmax->in[1], TENKA_KERNEL_nll_loss_dx);
    if (!nll || !along_rows(softmax, nll) || !steady(f, nll, softmax))
        return false;
    struct tenka_plan_node node = merged(softmax, TENKA_KERNEL_cross_entropy_dx, nll->params, sizeof nll->params);
    node.in[0] = nll->in[0];
    node.in[1] = softmax->in[0];
    node.in[2] = nll->in[1];
    node.out[0] = softmax->out[0];
    return place(f, &node, softmax, nll, NULL);
}

/* ---- Chains of elementwise operators ---- */

/* One of them as a step of a chain, on the value that its input `through` has; false: it is none. */
static bool as_step(const struct tenka_plan_node *node, uint32_t through, enum tenka_chain_op *op)
{
    struct tenka_p_broadcast broadcast;
    memcpy(&broadcast, node->params, sizeof broadcast);
    const bool binary = node->kernel == TENKA_KERNEL_add_fwd || node->kernel == TENKA_KERNEL_sub_fwd ||
                        node->kernel == TENKA_KERNEL_mul_fwd;
    if (binary && (!broadcast.same || node->in[0] == node->in[1]))
        return false;
    switch ((int)node->kernel) {
    case TENKA_KERNEL_relu_fwd: *op = TENKA_CHAIN_RELU; return true;
    case TENKA_KERNEL_tanh_fwd: *op = TENKA_CHAIN_TANH; return true;
    case TENKA_KERNEL_scale_fwd: *op = TENKA_CHAIN_SCALE; return true;
    case TENKA_KERNEL_add_fwd: *op = TENKA_CHAIN_ADD; return true;
    case TENKA_KERNEL_sub_fwd: *op = through == 0 ? TENKA_CHAIN_SUB : TENKA_CHAIN_SUB_FROM; return true;
    case TENKA_KERNEL_mul_fwd: *op = TENKA_CHAIN_MUL; return true;
    case TENKA_KERNEL_relu_dx: *op = TENKA_CHAIN_RELU_BACK; return through == 1;
    default: return false;
    }
}

/* The input of node that value becomes in a chain, which has room for it; NONE: it has none. */
static uint32_t chain_input(struct tenka_plan_node *chain, uint32_t value)
{
    for (uint32_t k = 0; k < TENKA_CHAIN_INPUTS; k++) {
        if (chain->in[k] == NONE)
            chain->in[k] = value;
        if (chain->in[k] == value)
            return k;
    }
    return NONE;
}

/* Adds node, which goes on from its input `through`, to the end of a chain; false: it does not fit. */
static bool append_step(struct tenka_plan_node *chain, const struct tenka_plan_node *node, uint32_t through,
                        bool *scaled)
{
    struct tenka_p_chain *p = (void *)chain->params;
    enum tenka_chain_op op;
    if (p->steps == TENKA_CHAIN_STEPS || !as_step(node, through, &op) || (op == TENKA_CHAIN_SCALE && *scaled))
        return false;
    const uint32_t arg = op >= TENKA_CHAIN_ADD ? chain_input(chain, node->in[1 - through]) : 0;
    if (arg == NONE)
        return false;
    if (op == TENKA_CHAIN_SCALE) {
        chain->scalar = node->scalar;
        chain->constant = node->constant;
        *scaled = true;
    }
    p->op[p->steps] = (int32_t)op;
    p->arg[p->steps++] = (int32_t)arg;
    return true;
}

static bool has_scale(const struct tenka_plan_node *chain)
{
    const struct tenka_p_chain *p = (const void *)chain->params;
    bool scaled = false;
    for (int32_t i = 0; i < p->steps; i++)
        scaled |= p->op[i] == TENKA_CHAIN_SCALE;
    return scaled;
}

/* `first`, a chain or an operator that may begin one, as a chain. */
static bool begin_chain(const struct tenka_plan_node *first, struct tenka_plan_node *chain, bool *scaled)
{
    *chain = *first;
    *scaled = first->kernel == TENKA_KERNEL_chain_fwd && has_scale(first);
    if (first->kernel == TENKA_KERNEL_chain_fwd)
        return true;
    const struct tenka_p_chain none = {0};
    const uint32_t through = first->kernel == TENKA_KERNEL_relu_dx;
    *chain = merged(first, TENKA_KERNEL_chain_fwd, &none, sizeof none);
    chain->in[0] = first->in[through];
    return append_step(chain, first, through, scaled);
}

/* The node that makes input `through` of node and may be merged into it; NULL: none. */
static struct tenka_plan_node *chain_before(const struct fuser *f, const struct tenka_plan_node *node, uint32_t through)
{
    const uint32_t writer = node->in[through] == NONE ? NONE : f->writer[storage_of(f, node->in[through])];
    struct tenka_plan_node *before = writer == NONE ? NULL : &f->p->nodes[writer];
    return before && is_private(f, node->in[through]) && steady(f, before, node) &&
                   tenka_shape_count(shape_of(f, before->out[0])) == tenka_shape_count(shape_of(f, node->out[0]))
               ? before
               : NULL;
}

static bool chain(struct fuser *f, struct tenka_plan_node *node)
{
    for (uint32_t through = 0; through < node->n_in; through++) {
        struct tenka_plan_node *before = chain_before(f, node, through), made;
        bool scaled;
        if (!before || !begin_chain(before, &made, &scaled) || !append_step(&made, node, through, &scaled))
            continue;
        if (!scaled && !made.constant) { /* the scalar is not read, but must be there */
            made.scalar = tenka_planner_constants(f->p, &(double){1}, 1).index;
            made.constant = true;
        }
        made.entry = node->entry;
        made.out[0] = node->out[0];
        return !f->p->failed && place(f, &made, node, before, NULL);
    }
    return false;
}

/* ---- Constants ---- */

/* One number that the plan itself knows, such as the 1 that gradients begin with, is sent with the scalars. */
static bool constant(struct fuser *f, struct tenka_plan_node *fill)
{
    struct tenka_planner *p = f->p;
    struct tenka_storage *s = &p->storages[storage_of(f, fill->out[0])];
    if (!fill->constant || tenka_shape_count(shape_of(f, fill->out[0])) != 1 || s->keep ||
        s->place.kind != TENKA_PLACE_ARENA)
        return false;
    const double value = p->constants[fill->scalar];
    while (p->n_constants % TENKA_OPERAND_WORDS != 0 && !p->failed)
        tenka_planner_constants(p, &(double){0}, 1);
    const struct tenka_scalar_ref word = tenka_planner_constants(p, &value, 1);
    if (p->failed)
        return false;
    s->place.kind = TENKA_PLACE_INPUT;
    s->constant = word.index + 1;
    fill->kernel = GONE;
    count_uses(f);
    return true;
}

/* ---- The table ---- */

/* In this order over the whole plan: later rules build on what earlier ones made. */
#define ANY TENKA_KERNEL_COUNT
static const struct {
    enum tenka_kernel kernel; /* of the node that the rule is shown */
    bool (*apply)(struct fuser *f, struct tenka_plan_node *node);
} rules[] = {
    {TENKA_KERNEL_relu_dx, relu_max_pool2d_dx},
    {TENKA_KERNEL_relu_fwd, conv2d_relu},
    {TENKA_KERNEL_relu_fwd, linear_relu},
    {TENKA_KERNEL_max_pool2d_fwd, conv2d_relu_pool},
    {TENKA_KERNEL_max_pool2d_fwd, relu_max_pool2d},
    {TENKA_KERNEL_relu_fwd, batch_norm2d_relu},
    {TENKA_KERNEL_batch_norm2d_dw, batch_norm2d_relu_back},
    {TENKA_KERNEL_conv2d_dw, conv2d_relu_pool_dw},
    {TENKA_KERNEL_relu_dx, conv2d_dx_relu},
    {TENKA_KERNEL_linear_dw, linear_backward},
    {TENKA_KERNEL_nll_loss_fwd, cross_entropy},
    {TENKA_KERNEL_log_softmax_dx, cross_entropy_dx},
    {TENKA_KERNEL_fill_fwd, constant},
    {ANY, chain},
};

static void drop_gone(struct tenka_planner *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->n_nodes; i++)
        if (p->nodes[i].kernel != GONE)
            p->nodes[kept++] = p->nodes[i];
    p->n_nodes = kept;
}

tenka_status tenka_planner_fuse(struct tenka_planner *p)
{
    struct fuser f = {.p = p};
    f.writer = tenka_alloc_array(p->n_storages + 1, sizeof *f.writer);
    f.readers = tenka_alloc_array(p->n_storages + 1, sizeof *f.readers);
    if (f.writer && f.readers) {
        count_uses(&f);
        for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
            for (size_t i = 0; i < p->n_nodes; i++)
                if (p->nodes[i].kernel != GONE && (rules[r].kernel == ANY || p->nodes[i].kernel == rules[r].kernel))
                    rules[r].apply(&f, &p->nodes[i]);
        drop_gone(p);
    }
    const bool failed = !f.writer || !f.readers || p->failed;
    tenka_free(f.writer);
    tenka_free(f.readers);
    return failed ? tenka_fail_nomem(&p->ctx->err) : TENKA_OK;
}
