/* Losses whose targets are numbers. Sources: torch.nn.functional; ATen's Loss.cpp. */
#include <float.h>
#include <math.h>

#include "functional/loss.h"

#define PI 3.14159265358979323846

tenka_tensor tenka_loss_mse(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    if (loss->reduction == TENKA_LOSS_MEAN)
        return tenka_mse_loss(x[0], target);
    return tenka_loss_reduce(loss, tenka_square(tenka_sub(x[0], target)));
}

tenka_tensor tenka_loss_l1(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    return tenka_loss_reduce(loss, tenka_abs(tenka_sub(x[0], target)));
}

/* d^2 / 2 of |d| up to delta, beyond it delta (|d| - delta / 2): c (|d| - c / 2) with c = min(|d|, delta). */
static tenka_tensor huber_each(tenka_tensor output, tenka_tensor target, double delta)
{
    const tenka_tensor d = tenka_abs(tenka_sub(output, target)), c = tenka_clamp(d, 0, delta);
    return tenka_mul(c, tenka_sub(d, tenka_scale(c, 0.5)));
}

tenka_tensor tenka_loss_huber(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    return tenka_loss_reduce(loss, huber_each(x[0], target, tenka_loss_arg(loss, "delta")));
}

tenka_tensor tenka_loss_smooth_l1(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const double beta = tenka_loss_arg(loss, "beta");
    if (beta == 0)
        return tenka_loss_l1(loss, x, target);
    return tenka_loss_reduce(loss, tenka_scale(huber_each(x[0], target, beta), 1 / beta));
}

/* ---- Probabilities ---- */

/* log(x), but -100 at 0, and no gradient there. */
static tenka_tensor log_of_probability(const tenka_loss *loss, tenka_tensor x)
{
    const tenka_tensor positive = tenka_gt(x, tenka_loss_number(loss, 0));
    return tenka_where(positive, tenka_log(tenka_clamp(x, FLT_MIN, HUGE_VAL)), tenka_loss_number(loss, -100));
}

/* A number that is 0 and whose gradient in x is slope. */
static tenka_tensor zero_with_slope(tenka_tensor x, tenka_tensor slope)
{
    tenka_no_grad_begin(x.ctx);
    const tenka_tensor constant = tenka_mul(x, slope);
    tenka_no_grad_end(x.ctx);
    return tenka_sub(tenka_mul(x, slope), constant);
}

/* -(y log(x) + (1 - y) log(1 - x)), with each logarithm at least -100. The gradient is PyTorch's,
 * (x - y) / max(x (1 - x), 1e-12), finite at 0 and 1; it keeps that number as a float. */
tenka_tensor tenka_loss_bce(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const tenka_tensor p = x[0];
    tenka_no_grad_begin(loss->ctx);
    const tenka_tensor one = tenka_loss_number(loss, 1), q = tenka_sub(one, p);
    const tenka_tensor likelihood = tenka_add(tenka_mul(target, log_of_probability(loss, p)),
                                              tenka_mul(tenka_sub(one, target), log_of_probability(loss, q)));
    const tenka_tensor slope = tenka_div(tenka_sub(p, target), tenka_clamp(tenka_mul(p, q), 1e-12f, HUGE_VAL));
    tenka_no_grad_end(loss->ctx);
    return tenka_loss_reduce_weighted(loss, tenka_sub(zero_with_slope(p, slope), likelihood));
}

/* (1 - y) x - w log(sigmoid(x)), where w is 1 + (pos_weight - 1) y */
tenka_tensor tenka_loss_bce_with_logits(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const tenka_tensor linear = tenka_sub(x[0], tenka_mul(target, x[0]));
    tenka_tensor log_sigmoid = tenka_logsigmoid(x[0]);
    if (loss->pos_weight.value != NULL) {
        const tenka_tensor one = tenka_loss_number(loss, 1);
        const tenka_tensor more = tenka_sub(tenka_loss_weights_of(loss, &loss->pos_weight), one);
        log_sigmoid = tenka_mul(log_sigmoid, tenka_add(tenka_mul(target, more), one));
    }
    return tenka_loss_reduce_weighted(loss, tenka_sub(linear, log_sigmoid));
}

/* y (log(y) - x) of shares y, 0 where y is 0; exp(y) (y - x) of their logarithms. */
tenka_tensor tenka_loss_kl_div(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    tenka_tensor share = target, logarithm = target;
    tenka_no_grad_begin(loss->ctx);
    if (tenka_loss_arg(loss, "log_target") != 0)
        share = tenka_exp(target);
    else
        logarithm = tenka_log(tenka_clamp(target, FLT_MIN, HUGE_VAL));
    const tenka_tensor constant = tenka_mul(share, logarithm);
    tenka_no_grad_end(loss->ctx);
    return tenka_loss_reduce(loss, tenka_sub(constant, tenka_mul(share, x[0])));
}

/* Stirling's y log(y) - y + log(2 pi y) / 2 of counts above 1, 0 of others. */
static tenka_tensor stirling(const tenka_loss *loss, tenka_tensor count)
{
    const tenka_tensor one = tenka_loss_number(loss, 1), y = tenka_maximum(count, one);
    const tenka_tensor logarithm = tenka_log(y), half = tenka_loss_number(loss, 0.5 * log(2 * PI));
    const tenka_tensor sum =
        tenka_add(tenka_sub(tenka_mul(y, logarithm), y), tenka_add(tenka_scale(logarithm, 0.5), half));
    return tenka_mul(sum, tenka_gt(count, one));
}

tenka_tensor tenka_loss_poisson_nll(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    tenka_tensor each;
    if (tenka_loss_arg(loss, "log_input") != 0)
        each = tenka_sub(tenka_exp(x[0]), tenka_mul(target, x[0]));
    else {
        const tenka_tensor eps = tenka_loss_number(loss, tenka_loss_arg(loss, "eps"));
        each = tenka_sub(x[0], tenka_mul(target, tenka_log(tenka_add(x[0], eps))));
    }
    if (tenka_loss_arg(loss, "full") != 0)
        each = tenka_add(each, stirling(loss, target));
    return tenka_loss_reduce(loss, each);
}

/* (log(v) + (x - y)^2 / v) / 2 of a variance v, which is at least eps; its gradient does not see that. */
tenka_tensor tenka_loss_gaussian_nll(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    tenka_no_grad_begin(loss->ctx);
    const tenka_tensor raised = tenka_sub(tenka_clamp(x[1], tenka_loss_arg(loss, "eps"), HUGE_VAL), x[1]);
    tenka_no_grad_end(loss->ctx);
    const tenka_tensor variance = tenka_add(x[1], raised), d = tenka_square(tenka_sub(x[0], target));
    tenka_tensor each = tenka_scale(tenka_add(tenka_log(variance), tenka_div(d, variance)), 0.5);
    if (tenka_loss_arg(loss, "full") != 0)
        each = tenka_add(each, tenka_loss_number(loss, 0.5 * log(2 * PI)));
    return tenka_loss_reduce(loss, each);
}

/* ---- Margins ---- */

/* log(1 + exp(-y x)) */
tenka_tensor tenka_loss_soft_margin(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    return tenka_loss_reduce(loss, tenka_scale(tenka_logsigmoid(tenka_mul(target, x[0])), -1));
}

/* The mean over the classes of binary cross entropies, reduced over the samples. */
tenka_tensor tenka_loss_multi_label_soft_margin(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const uint32_t last = tenka_tensor_shape(x[0]).rank - 1;
    tenka_tensor each = tenka_sub(tenka_sub(x[0], tenka_mul(target, x[0])), tenka_logsigmoid(x[0]));
    if (loss->weight.value != NULL)
        each = tenka_mul(each, tenka_loss_weights_of(loss, &loss->weight));
    return tenka_loss_reduce(loss, tenka_mean(each, 1u << last, false));
}

/* x where y is 1, max(0, margin - x) where it is -1, both where it is neither. */
tenka_tensor tenka_loss_hinge_embedding(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const tenka_tensor margin = tenka_loss_number(loss, tenka_loss_arg(loss, "margin"));
    const tenka_tensor far = tenka_relu(tenka_sub(margin, x[0]));
    const tenka_tensor one = tenka_loss_number(loss, 1), minus = tenka_loss_number(loss, -1);
    return tenka_loss_reduce(
        loss, tenka_add(tenka_keep_where(tenka_ne(target, one), far), tenka_keep_where(tenka_ne(target, minus), x[0])));
}
