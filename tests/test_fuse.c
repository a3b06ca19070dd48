/* Fusion: what fuses, what must not, and that a step means the same. Each program is a step of its own over a few
 * variables; two steps of SGD on a device that fuses must agree with the f64 CPU, which does not.
 *   test_fuse [cpu|vulkan] */
#include "support.h"

#include "graph/graph.h"

enum { X, W1, B1, W2, B2, OTHER, SQUARE, MEAN, VARIANCE, VARIABLES };

static const uint32_t labels[] = {0, 2, 1, 2};

/* ---- Programs ---- */

static tenka_tensor classes(tenka_ctx *ctx)
{
    return tenka_input(ctx, TENKA_I32, tenka_shape_of(4), labels);
}

static tenka_tensor conv(tenka_variable *const *v)
{
    return tenka_conv2d(tenka_value(v[X]), tenka_value(v[W1]), tenka_value(v[B1]), NULL);
}

static tenka_tensor pool(tenka_tensor x, uint32_t kernel, uint32_t stride)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    params.kernel[0] = params.kernel[1] = kernel;
    params.stride[0] = params.stride[1] = stride;
    return tenka_max_pool2d(x, &params);
}

/* A linear layer of what x is when flattened, and the loss. */
static tenka_tensor head(tenka_ctx *ctx, tenka_variable *const *v, tenka_tensor x)
{
    const tenka_tensor logits = tenka_linear(tenka_flatten(x, 1), tenka_value(v[W2]), tenka_value(v[B2]));
    return tenka_nll_loss(tenka_log_softmax(logits, 1), classes(ctx));
}

static tenka_tensor reference(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, pool(tenka_relu(conv(v)), 2, 2));
}

static tenka_tensor windows_overlap(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, pool(tenka_relu(conv(v)), 3, 1));
}

static tenka_tensor no_pool(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, tenka_relu(conv(v)));
}

/* What the ReLU made is read twice: nothing may swallow it. */
static tenka_tensor residual(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor y = tenka_relu(conv(v));
    return head(ctx, v, tenka_add(y, tenka_relu(tenka_mul(y, y))));
}

/* What the convolution made is read twice. */
static tenka_tensor two_readers(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor y = conv(v);
    return head(ctx, v, tenka_add(tenka_relu(y), y));
}

/* The ReLU's output outlives the step. */
static tenka_tensor kept(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor y = tenka_relu(conv(v));
    tenka_assign(v[OTHER], tenka_reshape(y, tenka_variable_shape(v[OTHER])));
    return head(ctx, v, pool(y, 2, 2));
}

/* The ReLU is read in the middle of the step, which therefore runs in two parts. */
static tenka_tensor read_on_the_way(tenka_ctx *ctx, tenka_variable *const *v)
{
    float values[4 * 3 * 4 * 4];
    const tenka_tensor y = tenka_relu(conv(v));
    must(ctx, tenka_read(y, values, sizeof(values)));
    return head(ctx, v, pool(y, 2, 2));
}

/* The weight changes between the convolution and its ReLU. */
static tenka_tensor assigned_between(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor y = conv(v);
    tenka_assign(v[B1], tenka_scale(tenka_value(v[B1]), 0.5));
    return head(ctx, v, tenka_relu(y));
}

/* The log-probabilities have another reader, who comes before the loss. */
static tenka_tensor probabilities(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor x = tenka_flatten(pool(tenka_relu(conv(v)), 2, 2), 1);
    const tenka_tensor logp = tenka_log_softmax(tenka_linear(x, tenka_value(v[W2]), tenka_value(v[B2])), 1);
    const tenka_tensor sum = tenka_mean(logp, TENKA_ALL_AXES, false);
    return tenka_sub(tenka_nll_loss(logp, classes(ctx)), tenka_scale(sum, 0.1));
}

/* Two linear layers that get the same gradient. */
static tenka_tensor shared_gradient(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor a = tenka_flatten(pool(tenka_relu(conv(v)), 2, 2), 1), b = tenka_tanh(a);
    const tenka_tensor w = tenka_value(v[W2]);
    const tenka_tensor logits = tenka_add(tenka_linear(a, w, tenka_value(v[B2])), tenka_linear(b, w, TENKA_NONE));
    return tenka_nll_loss(tenka_log_softmax(logits, 1), classes(ctx));
}

/* ReLU, linear, ReLU: both directions of a hidden layer. */
static tenka_tensor hidden(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor x = tenka_relu(tenka_flatten(pool(conv(v), 2, 2), 1));
    const tenka_tensor y = tenka_relu(tenka_linear(x, tenka_value(v[W2]), tenka_value(v[B2])));
    return tenka_nll_loss(tenka_log_softmax(y, 1), classes(ctx));
}

/* A chain of elementwise operators, scaled twice and with a second reader in the middle. */
static tenka_tensor elementwise(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor y = conv(v), z = tenka_tanh(tenka_scale(tenka_add(y, tenka_scale(y, 0.25)), 0.5));
    const tenka_tensor u = tenka_sub(y, tenka_mul(z, tenka_relu(z)));
    return head(ctx, v, tenka_relu(tenka_sub(tenka_add(u, z), tenka_mul(u, u))));
}

/* Normalised, with running statistics that are updated on the way. */
static tenka_tensor norm(tenka_variable *const *v, tenka_tensor x)
{
    return tenka_batch_norm2d(x, tenka_value(v[B2]), tenka_value(v[B1]), v[MEAN], v[VARIANCE], true, 0.1, 1e-5);
}

static tenka_tensor normalised(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, tenka_relu(norm(v, conv(v))));
}

/* Activations whose gradients are made of what they gave, and one that must be kept apart for its input. */
static tenka_tensor smooth(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, tenka_tanh(conv(v)));
}

static tenka_tensor smooth_and_normalised(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, tenka_sigmoid(norm(v, conv(v))));
}

static tenka_tensor of_its_input(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, tenka_silu(conv(v)));
}

/* Two activations in a row: a layer takes over one, in both directions. */
static tenka_tensor two_activations(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, tenka_tanh(tenka_relu(conv(v))));
}

static tenka_tensor two_activations_normalised(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, tenka_relu(tenka_tanh(norm(v, conv(v)))));
}

static tenka_tensor two_activations_pooled(tenka_ctx *ctx, tenka_variable *const *v)
{
    return head(ctx, v, pool(tenka_relu(tenka_sigmoid(conv(v))), 2, 2));
}

static tenka_tensor two_activations_hidden(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor x = tenka_sigmoid(tenka_relu(tenka_flatten(pool(conv(v), 2, 2), 1)));
    const tenka_tensor y = tenka_tanh(tenka_sigmoid(tenka_linear(x, tenka_value(v[W2]), tenka_value(v[B2]))));
    return tenka_nll_loss(tenka_log_softmax(y, 1), classes(ctx));
}

/* Nothing is differentiated, so nobody reads what the activation is of. */
static tenka_tensor untrained(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor y = tenka_conv2d(
        tenka_value(v[X]), tenka_reshape(tenka_value(v[OTHER]), tenka_shape_of(8, 2, 3, 4)), TENKA_NONE, NULL);
    return tenka_add(no_pool(ctx, v), tenka_mean(tenka_silu(y), TENKA_ALL_AXES, false));
}

/* The ReLU's gradient has a reader besides the normalisation: a residual connection. */
static tenka_tensor normalised_residual(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor x = conv(v);
    return head(ctx, v, tenka_relu(tenka_add(x, norm(v, x))));
}

/* What the ReLU makes goes where the layer reads: they may not become one. */
static tenka_tensor in_place(tenka_ctx *ctx, tenka_variable *const *v)
{
    const tenka_tensor rows = tenka_reshape(tenka_value(v[OTHER]), tenka_shape_of(64, 3));
    const tenka_tensor y = tenka_relu(tenka_linear(rows, tenka_value(v[SQUARE]), TENKA_NONE));
    tenka_assign(v[OTHER], tenka_reshape(y, tenka_shape_of(4 * 48)));
    return no_pool(ctx, v);
}

struct program {
    const char *name;
    tenka_tensor (*loss)(tenka_ctx *ctx, tenka_variable *const *v);
    uint32_t features;         /* of the linear layer */
    const char *fused, *parts; /* kernels that a device which fuses everything runs, and does not */
};

static const struct program programs[] = {
    {"reference", reference, 12,
     "conv2d_relu_pool_fwd conv2d_relu_pool_dw linear_backward_fwd cross_entropy_fwd cross_entropy_dx",
     "relu_fwd relu_dx max_pool2d_fwd max_pool2d_dx conv2d_fwd+relu linear_dx linear_dw nll_loss_fwd fill_fwd"},
    {"windows overlap", windows_overlap, 12, "conv2d_fwd+relu relu_max_pool2d_dx max_pool2d_fwd conv2d_dw",
     "conv2d_relu_pool_fwd conv2d_relu_pool_dw relu_dx"},
    {"no pooling", no_pool, 48, "conv2d_fwd+relu linear_backward_fwd+relu", "relu_fwd relu_dx"},
    {"residual", residual, 48, "conv2d_fwd+relu chain_fwd", "conv2d_fwd"},
    {"two readers", two_readers, 48, "conv2d_fwd chain_fwd linear_backward_fwd", "conv2d_fwd+relu"},
    {"kept", kept, 12, "conv2d_fwd+relu max_pool2d_fwd", "conv2d_relu_pool_fwd"},
    {"read on the way", read_on_the_way, 12, "conv2d_fwd relu_fwd", "conv2d_fwd+relu conv2d_relu_pool_fwd"},
    {"assigned between", assigned_between, 48, "", ""},
    {"probabilities", probabilities, 12, "cross_entropy_fwd", "nll_loss_fwd log_softmax_fwd"},
    {"shared gradient", shared_gradient, 12, "linear_backward_fwd", ""},
    {"normalised", normalised, 48, "batch_norm2d_fwd+relu batch_norm2d_apply+relu batch_norm2d_dw+relu",
     "relu_fwd relu_dx"},
    {"smooth", smooth, 48, "conv2d_fwd+tanh linear_backward_fwd+tanh", "tanh_fwd tanh_dx"},
    {"smooth and normalised", smooth_and_normalised, 48,
     "batch_norm2d_fwd+sigmoid batch_norm2d_apply+sigmoid batch_norm2d_dw+sigmoid", "sigmoid_fwd sigmoid_dx"},
    {"of its input", of_its_input, 48, "conv2d_fwd silu_fwd silu_dx", "conv2d_fwd+silu"},
    {"two activations", two_activations, 48, "conv2d_fwd+relu tanh_fwd linear_backward_fwd+tanh", "conv2d_fwd+tanh"},
    {"two activations, normalised", two_activations_normalised, 48, "batch_norm2d_fwd+tanh relu_fwd",
     "batch_norm2d_fwd+relu batch_norm2d_apply+relu"},
    {"two activations, pooled", two_activations_pooled, 12, "conv2d_fwd+sigmoid relu_max_pool2d_fwd",
     "conv2d_fwd+relu"},
    {"two activations, hidden", two_activations_hidden, 12, "linear_fwd+sigmoid linear_backward_fwd+sigmoid",
     "linear_fwd+tanh"},
    {"untrained", untrained, 48, "conv2d_fwd+silu conv2d_fwd+relu", "conv2d_fwd silu_fwd"},
    {"normalised residual", normalised_residual, 48, "batch_norm2d_fwd batch_norm2d_apply batch_norm2d_dw", ""},
    {"elementwise", elementwise, 48, "chain_fwd", "tanh_fwd"},
    {"in place", in_place, 48, "linear_fwd", "linear_fwd+relu"},
    {"hidden", hidden, 12, "linear_fwd+relu linear_backward_fwd+relu relu_fwd", ""},
};

/* ---- Running ---- */

static size_t count_of(const tenka_variable *var)
{
    const struct tenka_shape shape = tenka_variable_shape(var);
    return (size_t)tenka_shape_count(&shape);
}

/* Numbers in -1 .. 1 that repeat themselves nowhere. */
static void fill(tenka_variable *var, double phase)
{
    double values[512];
    const size_t count = count_of(var);
    for (size_t i = 0; i < count; i++)
        values[i] = sin(phase + 1.7 * (double)i);
    must(tenka_variable_ctx(var), tenka_variable_write_f64(var, values, count));
}

static void make_variables(tenka_ctx *ctx, uint32_t features, tenka_variable **v)
{
    const struct tenka_shape shapes[VARIABLES] = {
        [X] = tenka_shape_of(4, 2, 6, 6),   [W1] = tenka_shape_of(3, 2, 3, 3), [B1] = tenka_shape_of(3),
        [W2] = tenka_shape_of(3, features), [B2] = tenka_shape_of(3),          [OTHER] = tenka_shape_of(4 * 48),
        [SQUARE] = tenka_shape_of(3, 3),    [MEAN] = tenka_shape_of(3),        [VARIANCE] = tenka_shape_of(3),
    };
    for (int i = 0; i < VARIABLES; i++) {
        must(ctx,
             tenka_variable_create(ctx, TENKA_F32, shapes[i], NULL, i == W1 || i == B1 || i == W2 || i == B2, &v[i]));
        fill(v[i], i);
    }
}

/* Kernels are told apart by their activation too: "conv2d_fwd+relu". */
enum { KINDS = TENKA_KERNEL_COUNT * TENKA_ACT_COUNT };

static size_t kind(enum tenka_kernel kernel, enum tenka_act act)
{
    return (size_t)kernel * TENKA_ACT_COUNT + act;
}

static size_t kind_named(const char *name)
{
    for (size_t i = 0; i < KINDS; i++) {
        char text[64];
        const char *act = tenka_act_name((enum tenka_act)(i % TENKA_ACT_COUNT));
        snprintf(text, sizeof(text), "%s%s%s", tenka_passes[i / TENKA_ACT_COUNT].name, act ? "+" : "", act ? act : "");
        if (strcmp(text, name) == 0)
            return i;
    }
    fail_msg("there is no kernel %s", name);
    return 0;
}

static void collect(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    bool *seen = user;
    (void)program;
    for (size_t i = 0; i < plan->n_nodes; i++)
        seen[kind(plan->nodes[i].kernel, tenka_kernel_act(plan->nodes[i].kernel, plan->nodes[i].params))] = true;
}

/* Two steps; values receives the variables' contents one behind the other. */
static size_t run(const struct target *target, const struct program *p, double *values, bool *seen)
{
    tenka_ctx *ctx = open_target(target);
    tenka_variable *v[VARIABLES] = {0};
    tenka_optimizer *sgd;
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    params.lr = 0.1;
    make_variables(ctx, p->features, v);
    must(ctx, tenka_sgd_create(ctx, NULL, &params, &sgd));
    must(ctx, tenka_optimizer_add_sgd_group(sgd, &v[W1], 4, &params, NULL));
    for (int i = 0; i < 2; i++) {
        tenka_backward(p->loss(ctx, v));
        must(ctx, tenka_optimizer_step(sgd));
    }
    size_t n = 0;
    for (int i = 0; i < VARIABLES; i++) {
        const size_t count = count_of(v[i]);
        must(ctx, tenka_variable_read_f64(v[i], values + n, count));
        n += count;
    }
    memset(seen, 0, KINDS * sizeof(*seen));
    tenka_ctx_visit_plans(ctx, collect, seen);
    tenka_optimizer_destroy(&sgd);
    for (int i = 0; i < VARIABLES; i++)
        tenka_variable_destroy(&v[i]);
    tenka_ctx_destroy(&ctx);
    return n;
}

/* Each kernel that the list names was there, or was not. */
static void check_kernels(const struct program *p, const char *list, const bool *seen, bool wanted)
{
    char copy[512];
    snprintf(copy, sizeof(copy), "%s", list);
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
        if (seen[kind_named(name)] != wanted)
            fail_msg("%s: %s %s", p->name, name, wanted ? "is missing" : "was run");
}

static void test_programs(void **state)
{
    const struct target *target = *state, f64 = {.backend = TENKA_BACKEND_CPU_F64, .label = "cpu-f64"};
    static double got[1024], want[1024];
    static bool seen[KINDS];
    for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
        const struct program *p = &programs[i];
        const size_t n = run(&f64, p, want, seen);
        check_kernels(p, "conv2d_fwd+relu linear_backward_fwd cross_entropy_fwd", seen, false);
        run(target, p, got, seen);
        for (size_t k = 0; k < n; k++)
            if (!(fabs(got[k] - want[k]) <= 1e-5 * (1 + fabs(want[k]))))
                fail_msg("%s: element %zu is %.9g, not %.9g", p->name, k, got[k], want[k]);
        if (target->backend == TENKA_BACKEND_VULKAN) {
            check_kernels(p, p->fused, seen, true);
            check_kernels(p, p->parts, seen, false);
        }
    }
}

/* A step in which the weight of a normalisation becomes its own gradient, by which nothing else may go: values receives
 * the weights of the convolution and of the normalisation. */
static size_t assign_gradient(const struct target *target, double *values)
{
    tenka_ctx *ctx = open_target(target);
    tenka_variable *v[VARIABLES] = {0}, *grad = NULL;
    make_variables(ctx, 48, v);
    const size_t n = count_of(v[W1]);
    const tenka_tensor y = norm(v, tenka_conv2d(tenka_value(v[X]), tenka_value(v[W1]), TENKA_NONE, NULL));
    tenka_backward(tenka_sum(tenka_mul(y, tenka_tanh(y)), TENKA_ALL_AXES, false));
    tenka_assign(v[B2], tenka_grad(v[B2]));
    must(ctx, tenka_keep(tenka_grad(v[W1]), &grad));
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_variable_read_f64(grad, values, n));
    must(ctx, tenka_variable_read_f64(v[B2], values + n, 3));
    tenka_variable_destroy(&grad);
    for (int i = 0; i < VARIABLES; i++)
        tenka_variable_destroy(&v[i]);
    tenka_ctx_destroy(&ctx);
    return n + 3;
}

static void test_assigned_gradient(void **state)
{
    const struct target f64 = {.backend = TENKA_BACKEND_CPU_F64, .label = "cpu-f64"};
    double got[128], want[128];
    const size_t n = assign_gradient(&f64, want);
    assign_gradient(*state, got);
    for (size_t k = 0; k < n; k++)
        if (!(fabs(got[k] - want[k]) <= 1e-5 * (1 + fabs(want[k]))))
            fail_msg("element %zu is %.9g, not %.9g", k, got[k], want[k]);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_programs), cmocka_unit_test(test_assigned_gradient)};
    RUN_ON_TARGETS(argc, argv, tests);
}
