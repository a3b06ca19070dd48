/* How each operator is called for a case of tools/golden/ops.py: the options are in the order of the script. */
#include "golden_cases.h"
#include "golden_inputs.h"

#include "graph/graph.h"

static void collect(void *user, const struct tenka_plan *plan, tenka_program *program)
{
    bool *const ran = user;
    (void)program;
    for (size_t i = 0; i < plan->n_nodes; i++)
        ran[plan->nodes[i].kernel] = true;
}

void golden_step_end(struct golden_run *run)
{
    must(run->ctx, tenka_step_end(run->ctx));
    tenka_ctx_visit_plans(run->ctx, collect, run->ran);
}

/* ---- Elementwise operators, from their rows ---- */

#define CALL_0(name)                                        \
    static tenka_tensor call_##name(struct golden_run *run) \
    {                                                       \
        return tenka_##name(in(run, 0));                    \
    }
#define CALL_1(name)                                        \
    static tenka_tensor call_##name(struct golden_run *run) \
    {                                                       \
        return tenka_##name(in(run, 0), option(run, 0));    \
    }
#define CALL_2(name)                                                     \
    static tenka_tensor call_##name(struct golden_run *run)              \
    {                                                                    \
        return tenka_##name(in(run, 0), option(run, 0), option(run, 1)); \
    }
#define CALL_BINARY(name)                                   \
    static tenka_tensor call_##name(struct golden_run *run) \
    {                                                       \
        return tenka_##name(in(run, 0), in(run, 1));        \
    }
#define TENKA_UNARY(name, back, count, ...) CALL_##count(name)
#define TENKA_ACTIVATION(name, back, count, ...) CALL_##count(name)
#define TENKA_BINARY(name, ...) CALL_BINARY(name)
#include "shaders/common/elementwise.def"

/* ---- Shapes, selection, reductions ---- */

static struct tenka_shape options_as_shape(const struct golden_run *run)
{
    uint32_t dim[GOLDEN_MAX_OPTIONS] = {0};
    for (size_t i = 0; i < run->c->n_options; i++)
        dim[i] = count(run, i);
    return tenka_shape_make(run->c->n_options, dim);
}

static tenka_tensor call_reshape(struct golden_run *run)
{
    return tenka_reshape(in(run, 0), options_as_shape(run));
}

static tenka_tensor call_expand(struct golden_run *run)
{
    return tenka_expand(in(run, 0), options_as_shape(run));
}

static tenka_tensor call_permute(struct golden_run *run)
{
    const struct tenka_shape axes = options_as_shape(run);
    return tenka_permute(in(run, 0), axes.dim);
}

static tenka_tensor call_slice(struct golden_run *run)
{
    return tenka_slice(in(run, 0), count(run, 0), count(run, 1), count(run, 2));
}

static tenka_tensor call_narrow(struct golden_run *run)
{
    return tenka_narrow(in(run, 0), count(run, 0), count(run, 1), count(run, 2));
}

static tenka_tensor call_concat(struct golden_run *run)
{
    tenka_tensor parts[GOLDEN_MAX_IN];
    for (uint32_t k = 0; k < count(run, 1); k++)
        parts[k] = in(run, k);
    return tenka_concat(parts, count(run, 1), count(run, 0));
}

static tenka_tensor call_where(struct golden_run *run)
{
    return tenka_where(in(run, 0), in(run, 1), in(run, 2));
}

static tenka_tensor call_flatten(struct golden_run *run)
{
    return tenka_flatten(in(run, 0), count(run, 0));
}

static tenka_tensor call_transpose(struct golden_run *run)
{
    return tenka_transpose(in(run, 0), count(run, 0), count(run, 1));
}

static tenka_tensor call_gather_range(struct golden_run *run)
{
    return tenka_gather_range(in(run, 0), in(run, 1), count(run, 0), count(run, 1));
}

static tenka_tensor call_sum(struct golden_run *run)
{
    return tenka_sum(in(run, 0), count(run, 0), is(run, 1));
}

static tenka_tensor call_mean(struct golden_run *run)
{
    return tenka_mean(in(run, 0), count(run, 0), is(run, 1));
}

static tenka_tensor call_argmax(struct golden_run *run)
{
    return tenka_argmax(in(run, 0), count(run, 0));
}

CALL_BINARY(gather)

static tenka_tensor call_one_hot(struct golden_run *run)
{
    return tenka_one_hot(in(run, 0), count(run, 0));
}

static tenka_tensor call_mix_samples(struct golden_run *run)
{
    const struct tenka_mix mix = {option(run, 0), count(run, 1), count(run, 2), count(run, 3), count(run, 4)};
    return tenka_mix_samples(in(run, 0), in(run, 1), &mix);
}

CALL_BINARY(equal_count)

/* ---- Linear algebra, convolution, normalisation ---- */

static tenka_tensor call_matmul(struct golden_run *run)
{
    return tenka_matmul(in(run, 0), in(run, 1), is(run, 0), is(run, 1));
}

static tenka_tensor call_linear(struct golden_run *run)
{
    return tenka_linear(in(run, 0), in(run, 1), in(run, 2));
}

CALL_BINARY(bias_add)

static tenka_tensor call_conv2d(struct golden_run *run)
{
    struct tenka_conv2d_params params = TENKA_CONV2D_DEFAULTS;
    for (size_t i = 0; i < 2; i++) {
        params.stride[i] = count(run, i);
        params.padding[i] = count(run, 2 + i);
        params.dilation[i] = count(run, 4 + i);
    }
    params.groups = count(run, 6);
    return tenka_conv2d(in(run, 0), in(run, 1), in(run, 2), &params);
}

static tenka_tensor call_conv_transpose2d(struct golden_run *run)
{
    struct tenka_conv_transpose2d_params params = TENKA_CONV_TRANSPOSE2D_DEFAULTS;
    for (size_t i = 0; i < 2; i++) {
        params.stride[i] = count(run, i);
        params.padding[i] = count(run, 2 + i);
        params.output_padding[i] = count(run, 4 + i);
        params.dilation[i] = count(run, 6 + i);
    }
    params.groups = count(run, 8);
    return tenka_conv_transpose2d(in(run, 0), in(run, 1), in(run, 2), &params);
}

static struct tenka_pool2d_params pool_params(const struct golden_run *run)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    for (size_t i = 0; i < 2; i++) {
        params.kernel[i] = count(run, i);
        params.stride[i] = count(run, 2 + i);
        params.padding[i] = count(run, 4 + i);
        params.dilation[i] = count(run, 6 + i);
    }
    params.ceil_mode = is(run, 8);
    return params;
}

static tenka_tensor max_pool2d(struct golden_run *run, tenka_tensor x)
{
    const struct tenka_pool2d_params params = pool_params(run);
    return tenka_max_pool2d(x, &params);
}

/* The indices: the values are max_pool2d's. */
static tenka_tensor call_max_pool2d_with_indices(struct golden_run *run)
{
    const struct tenka_pool2d_params params = pool_params(run);
    tenka_tensor indices;
    tenka_max_pool2d_with_indices(in(run, 0), &params, &indices);
    return indices;
}

static tenka_tensor call_adaptive_max_pool2d(struct golden_run *run)
{
    tenka_tensor indices;
    const tenka_tensor y = tenka_adaptive_max_pool2d(in(run, 0), count(run, 0), count(run, 1), &indices);
    return is(run, 2) ? indices : y;
}

static tenka_tensor call_max_unpool2d(struct golden_run *run)
{
    return tenka_max_unpool2d(in(run, 0), in(run, 1), count(run, 0), count(run, 1));
}

static tenka_tensor call_interpolate(struct golden_run *run)
{
    struct tenka_interpolate_params params = TENKA_INTERPOLATE_DEFAULTS;
    params.mode = (enum tenka_interpolate_mode)count(run, 0);
    for (size_t i = 0; i < 2; i++) {
        params.output[i] = count(run, 1 + i);
        params.scale_factor[i] = option(run, 3 + i);
    }
    params.align_corners = is(run, 5);
    params.recompute_scale_factor = is(run, 6);
    return tenka_interpolate(in(run, 0), &params);
}

static tenka_tensor call_pad(struct golden_run *run)
{
    int32_t pad[GOLDEN_MAX_OPTIONS];
    const size_t n = run->c->n_options - 2;
    for (size_t i = 0; i < n; i++)
        pad[i] = (int32_t)option(run, 2 + i);
    return tenka_pad(in(run, 0), pad, n, (enum tenka_pad_mode)count(run, 0), option(run, 1));
}

static tenka_tensor call_max_pool2d(struct golden_run *run)
{
    return max_pool2d(run, in(run, 0));
}

static tenka_tensor call_avg_pool2d(struct golden_run *run)
{
    struct tenka_avg_pool2d_params params = TENKA_AVG_POOL2D_DEFAULTS;
    for (size_t i = 0; i < 2; i++) {
        params.kernel[i] = count(run, i);
        params.stride[i] = count(run, 2 + i);
        params.padding[i] = count(run, 4 + i);
    }
    params.no_count_of_padding = !is(run, 6);
    params.ceil_mode = is(run, 7);
    params.divisor = count(run, 8);
    return tenka_avg_pool2d(in(run, 0), &params);
}

static tenka_tensor call_adaptive_avg_pool2d(struct golden_run *run)
{
    return tenka_adaptive_avg_pool2d(in(run, 0), count(run, 0), count(run, 1));
}

static tenka_tensor batch_norm2d(struct golden_run *run, bool training)
{
    return tenka_batch_norm2d(in(run, 0), in(run, 1), in(run, 2), run->var[3], run->var[4], training, option(run, 0),
                              option(run, 1));
}

static tenka_tensor call_batch_norm2d(struct golden_run *run)
{
    return batch_norm2d(run, true);
}

static tenka_tensor call_batch_norm2d_eval(struct golden_run *run)
{
    return batch_norm2d(run, false);
}

static tenka_tensor call_layer_norm(struct golden_run *run)
{
    return tenka_layer_norm(in(run, 0), count(run, 0), in(run, 1), in(run, 2), option(run, 1));
}

static tenka_tensor call_group_norm(struct golden_run *run)
{
    return tenka_group_norm(in(run, 0), count(run, 0), in(run, 1), in(run, 2), option(run, 1));
}

static tenka_tensor instance_norm(struct golden_run *run, bool training)
{
    return tenka_instance_norm(in(run, 0), in(run, 1), in(run, 2), run->var[3], run->var[4], training, option(run, 0),
                               option(run, 1));
}

static tenka_tensor call_instance_norm(struct golden_run *run)
{
    return instance_norm(run, true);
}

static tenka_tensor call_instance_norm_eval(struct golden_run *run)
{
    return instance_norm(run, false);
}

static tenka_tensor call_local_response_norm(struct golden_run *run)
{
    return tenka_local_response_norm(in(run, 0), count(run, 0), option(run, 1), option(run, 2), option(run, 3));
}

CALL_BINARY(prelu)

static tenka_tensor call_glu(struct golden_run *run)
{
    return tenka_glu(in(run, 0), count(run, 0));
}

static tenka_tensor call_normalize_bytes(struct golden_run *run)
{
    return tenka_normalize_bytes(in(run, 0), in(run, 1), in(run, 2));
}

/* ---- Losses ---- */

static tenka_tensor call_attention(struct golden_run *run)
{
    return tenka_attention(in(run, 0), in(run, 1), in(run, 2), in(run, 3), option(run, 0), is(run, 1));
}

static tenka_tensor call_softmax(struct golden_run *run)
{
    return tenka_softmax(in(run, 0), count(run, 0));
}

static tenka_tensor call_log_softmax(struct golden_run *run)
{
    return tenka_log_softmax(in(run, 0), count(run, 0));
}

static tenka_tensor call_nll_loss_reduced(struct golden_run *run)
{
    return tenka_nll_loss_reduced(in(run, 0), in(run, 1), (enum tenka_reduction)count(run, 0));
}

static tenka_tensor call_dropout(struct golden_run *run)
{
    return tenka_dropout(in(run, 0), option(run, 0));
}

/* In the order of tools/golden/ops.py. */
static const char *const losses[] = {
    "CrossEntropyLoss(label_smoothing=0.2)",
    "CrossEntropyLoss(ignore_index=-100)",
    "CrossEntropyLoss(ignore_index=1, reduction='sum', label_smoothing=0.3)",
    "CrossEntropyLoss(reduction='sum')",
    "NLLLoss(ignore_index=2)",
    "NLLLoss()",
    "MSELoss(reduction='sum')",
    "L1Loss()",
    "L1Loss(reduction='sum')",
    "SmoothL1Loss(beta=0.4)",
    "SmoothL1Loss(beta=0.0)",
    "HuberLoss(delta=0.7)",
    "HuberLoss(reduction='sum')",
    "BCEWithLogitsLoss()",
    "BCEWithLogitsLoss(reduction='sum')",
    "CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 0.0, 1.25]))",
    "CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), ignore_index=2, label_smoothing=0.3)",
    "CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), reduction='sum', label_smoothing=0.1)",
    "NLLLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]))",
    "MultiMarginLoss()",
    "MultiMarginLoss(p=2, margin=0.7, weight=torch.tensor([0.5, 2.0, 1.0, 1.25]))",
    "CrossEntropyLoss(label_smoothing=0.2, reduction='mean')",
    "CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), label_smoothing=0.2, reduction='sum')",
    "BCELoss()",
    "BCELoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), reduction='sum')",
    "BCEWithLogitsLoss(pos_weight=torch.tensor([0.5, 2.0, 1.0, 1.25]))",
    "BCEWithLogitsLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), pos_weight=torch.tensor([3.0]))",
    "KLDivLoss()",
    "KLDivLoss(reduction='batchmean', log_target=True)",
    "KLDivLoss(reduction='sum')",
    "PoissonNLLLoss()",
    "PoissonNLLLoss(full=True)",
    "PoissonNLLLoss(log_input=False, eps=0.001)",
    "SoftMarginLoss()",
    "HingeEmbeddingLoss(margin=0.5)",
    "MultiLabelSoftMarginLoss()",
    "MultiLabelSoftMarginLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]))",
    "GaussianNLLLoss()",
    "GaussianNLLLoss(full=True, eps=0.3, reduction='sum')",
    "CosineEmbeddingLoss(margin=0.2)",
    "MarginRankingLoss(margin=0.3)",
    "TripletMarginLoss()",
    "TripletMarginLoss(margin=0.5, p=1.0, swap=True)",
    "TripletMarginLoss(p=3.0)",
    "MultiMarginLoss(margin=-0.5)",
    "MultiMarginLoss(p=2, margin=-0.5)",
};

static tenka_tensor call_loss_of(struct golden_run *run)
{
    tenka_loss *loss;
    if (tenka_loss_parse(run->ctx, losses[count(run, 0)], &loss) != TENKA_OK)
        return TENKA_NONE;
    const size_t outputs = tenka_loss_inputs(loss);
    const tenka_tensor x[] = {in(run, 0), outputs > 1 ? in(run, 1) : TENKA_NONE, outputs > 2 ? in(run, 2) : TENKA_NONE};
    const tenka_tensor y = tenka_loss_of_n(loss, x, outputs, in(run, outputs));
    tenka_loss_destroy(&loss);
    return y;
}

CALL_BINARY(nll_loss)
CALL_BINARY(cross_entropy)
CALL_BINARY(mse_loss)

/* ---- What devices make one kernel of: see src/graph/fuse_*.c ---- */

static tenka_tensor call_linear_relu(struct golden_run *run)
{
    return tenka_relu(call_linear(run));
}

static tenka_tensor call_linear_backward(struct golden_run *run)
{
    return tenka_linear(call_linear_relu(run), in(run, 3), in(run, 4));
}

static tenka_tensor call_conv2d_relu(struct golden_run *run)
{
    return tenka_relu(call_conv2d(run));
}

static tenka_tensor call_conv2d_dx_relu(struct golden_run *run)
{
    return tenka_conv2d(call_conv2d_relu(run), in(run, 3), in(run, 4), NULL);
}

static tenka_tensor call_conv2d_relu_pool(struct golden_run *run)
{
    struct tenka_pool2d_params params = TENKA_POOL2D_DEFAULTS;
    params.kernel[0] = params.kernel[1] = 2;
    return tenka_max_pool2d(call_conv2d_relu(run), &params);
}

static tenka_tensor call_relu_max_pool2d(struct golden_run *run)
{
    return max_pool2d(run, tenka_relu(in(run, 0)));
}

static tenka_tensor call_batch_norm2d_relu(struct golden_run *run)
{
    return tenka_relu(call_batch_norm2d(run));
}

static tenka_tensor call_chain(struct golden_run *run)
{
    const tenka_tensor b = in(run, 1), x = tenka_relu(tenka_add(tenka_mul(in(run, 0), b), in(run, 2)));
    return tenka_sub(tenka_tanh(tenka_scale(x, option(run, 0))), b);
}

/* ---- Updates ---- */

/* Gives each of the first n inputs the gradient that lies in input n + i. */
static void give_gradients(struct golden_run *run, size_t n, size_t step)
{
    for (size_t i = 0; i < n; i++)
        tenka_backward(tenka_sum(tenka_mul(in(run, i), in(run, n + i + step)), TENKA_ALL_AXES, false));
}

static tenka_tensor three_steps(struct golden_run *run, tenka_optimizer *opt)
{
    for (size_t step = 0; step < 3; step++) {
        give_gradients(run, 1, step);
        must(run->ctx, tenka_optimizer_step(opt));
        golden_step_end(run);
    }
    tenka_optimizer_destroy(&opt);
    return TENKA_NONE;
}

static tenka_tensor call_adam(struct golden_run *run)
{
    struct tenka_adam_params params = TENKA_ADAM_DEFAULTS;
    tenka_optimizer *opt;
    params.lr = option(run, 0), params.beta1 = option(run, 1), params.beta2 = option(run, 2);
    params.eps = option(run, 3), params.weight_decay = option(run, 4), params.decoupled = is(run, 5);
    must(run->ctx, tenka_adam_create(run->ctx, NULL, &params, &opt));
    must(run->ctx, tenka_optimizer_add_adam_group(opt, run->var, 1, &params, NULL));
    return three_steps(run, opt);
}

static tenka_tensor call_sgd(struct golden_run *run)
{
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    tenka_optimizer *opt;
    params.lr = option(run, 0), params.momentum = option(run, 1), params.dampening = option(run, 2);
    params.weight_decay = option(run, 3), params.nesterov = is(run, 4);
    must(run->ctx, tenka_sgd_create(run->ctx, NULL, &params, &opt));
    must(run->ctx, tenka_optimizer_add_sgd_group(opt, run->var, 1, &params, NULL));
    return three_steps(run, opt);
}

static tenka_tensor call_clip_grad_norm(struct golden_run *run)
{
    const size_t n = run->c->n_in / 2;
    give_gradients(run, n, 0);
    return tenka_clip_grad_norm(run->ctx, run->var, n, option(run, 0));
}

/* ---- The list ---- */

#define ELEMENTWISE(name) {#name, call_##name, true},
#define OTHER(name)               \
    {                             \
#name, call_##name, false \
    }

const struct golden_call golden_calls[] = {
#define TENKA_UNARY(name, ...) ELEMENTWISE(name)
#define TENKA_ACTIVATION(name, ...) ELEMENTWISE(name)
#define TENKA_BINARY(name, ...) ELEMENTWISE(name)
#include "shaders/common/elementwise.def"
    OTHER(reshape),
    OTHER(flatten),
    OTHER(transpose),
    OTHER(permute),
    OTHER(slice),
    OTHER(narrow),
    OTHER(concat),
    OTHER(where),
    OTHER(expand),
    OTHER(gather),
    OTHER(gather_range),
    OTHER(one_hot),
    OTHER(mix_samples),
    OTHER(sum),
    OTHER(mean),
    OTHER(argmax),
    OTHER(equal_count),
    OTHER(matmul),
    OTHER(attention),
    OTHER(linear),
    OTHER(bias_add),
    OTHER(conv2d),
    OTHER(conv_transpose2d),
    OTHER(max_pool2d),
    OTHER(max_pool2d_with_indices),
    OTHER(adaptive_max_pool2d),
    OTHER(max_unpool2d),
    OTHER(interpolate),
    OTHER(pad),
    OTHER(avg_pool2d),
    OTHER(adaptive_avg_pool2d),
    OTHER(batch_norm2d),
    OTHER(batch_norm2d_eval),
    OTHER(layer_norm),
    OTHER(group_norm),
    OTHER(prelu),
    OTHER(glu),
    OTHER(instance_norm),
    OTHER(instance_norm_eval),
    OTHER(local_response_norm),
    OTHER(normalize_bytes),
    OTHER(softmax),
    OTHER(log_softmax),
    OTHER(nll_loss_reduced),
    OTHER(loss_of),
    OTHER(nll_loss),
    OTHER(cross_entropy),
    OTHER(mse_loss),
    OTHER(dropout),
    OTHER(linear_relu),
    OTHER(linear_backward),
    OTHER(conv2d_relu),
    OTHER(conv2d_dx_relu),
    OTHER(conv2d_relu_pool),
    OTHER(relu_max_pool2d),
    OTHER(batch_norm2d_relu),
    OTHER(chain),
    OTHER(adam),
    OTHER(sgd),
    OTHER(clip_grad_norm),
};
const size_t golden_n_calls = sizeof(golden_calls) / sizeof(golden_calls[0]);
