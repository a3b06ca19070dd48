/* Losses of two and three outputs, which are compared with each other. Source: torch.nn.functional; ATen's Loss.cpp and
 * Distance.cpp. */
#include "functional/loss.h"

static tenka_tensor sum_of_products(tenka_tensor a, tenka_tensor b)
{
    return tenka_sum(tenka_mul(a, b), 1u << 1, false);
}

/* 1 - cos where y is 1, max(0, cos - margin) where it is -1. */
tenka_tensor tenka_loss_cosine_embedding(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const tenka_tensor tiny = tenka_loss_number(loss, 1e-12), one = tenka_loss_number(loss, 1);
    const tenka_tensor square =
        tenka_mul(tenka_add(sum_of_products(x[0], x[0]), tiny), tenka_add(sum_of_products(x[1], x[1]), tiny));
    const tenka_tensor cosine = tenka_div(sum_of_products(x[0], x[1]), tenka_sqrt(square));
    const tenka_tensor margin = tenka_loss_number(loss, tenka_loss_arg(loss, "margin"));
    const tenka_tensor like = tenka_keep_where(tenka_eq(target, one), tenka_sub(one, cosine));
    const tenka_tensor unlike =
        tenka_keep_where(tenka_eq(target, tenka_loss_number(loss, -1)), tenka_relu(tenka_sub(cosine, margin)));
    return tenka_loss_reduce(loss, tenka_add(like, unlike));
}

/* max(0, margin - y (a - b)) */
tenka_tensor tenka_loss_margin_ranking(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const tenka_tensor margin = tenka_loss_number(loss, tenka_loss_arg(loss, "margin"));
    return tenka_loss_reduce(loss, tenka_relu(tenka_sub(margin, tenka_mul(target, tenka_sub(x[0], x[1])))));
}

/* |a - b + eps| in the norm p, of rows */
static tenka_tensor distance(const tenka_loss *loss, tenka_tensor a, tenka_tensor b)
{
    const double p = tenka_loss_arg(loss, "p");
    const tenka_tensor d = tenka_add(tenka_sub(a, b), tenka_loss_number(loss, tenka_loss_arg(loss, "eps")));
    const uint32_t last = 1u << (tenka_tensor_shape(d).rank - 1);
    if (p == 2)
        return tenka_sqrt(tenka_sum(tenka_square(d), last, false));
    if (p == 1)
        return tenka_sum(tenka_abs(d), last, false);
    return tenka_pow_scalar(tenka_sum(tenka_pow_scalar(tenka_abs(d), p), last, false), 1 / p);
}

/* max(0, margin + |anchor - positive| - |anchor - negative|); swap: or |positive - negative|, where that is nearer. */
tenka_tensor tenka_loss_triplet_margin(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    (void)target;
    const tenka_tensor near = distance(loss, x[0], x[1]);
    tenka_tensor far = distance(loss, x[0], x[2]);
    if (tenka_loss_arg(loss, "swap") != 0)
        far = tenka_minimum(far, distance(loss, x[1], x[2]));
    const tenka_tensor margin = tenka_loss_number(loss, tenka_loss_arg(loss, "margin"));
    return tenka_loss_reduce(loss, tenka_relu(tenka_add(tenka_sub(near, far), margin)));
}
