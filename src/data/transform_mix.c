/* Mixup and cutmix: what is drawn for a batch, and what becomes of it. */
#include <math.h>

#include "data/transform.h"
#include "graph/graph.h"

/* A step that no transform has. */
#define MIX_POSITION UINT32_MAX

/* A positive number of shape a, by its logarithm, which is finite where the number itself is too small. Source:
 * Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (2000), with their way for a below 1. */
static double draw_log_gamma(struct tenka_draws *d, double a)
{
    const double boost = a < 1 ? log(1 - tenka_draw_unit(d)) / a : 0;
    const double e = (a < 1 ? a + 1 : a) - 1.0 / 3, c = 1 / sqrt(9 * e);
    for (;;) {
        const double x = tenka_draw_normal(d), root = 1 + c * x, v = root * root * root;
        const double u = 1 - tenka_draw_unit(d);
        if (v > 0 && log(u) < 0.5 * x * x + e - e * v + e * log(v))
            return log(e * v) + boost;
    }
}

/* x / (x + y) of two such numbers. */
static double draw_beta(struct tenka_draws *d, double a)
{
    const double x = draw_log_gamma(d, a), y = draw_log_gamma(d, a);
    return 1 / (1 + exp(y - x));
}

/* A rectangle around a pixel with sides of sqrt(1 - lambda), cut off at the picture's edges. */
static void draw_rectangle(struct tenka_draws *d, uint32_t width, uint32_t height, struct tenka_mix *out)
{
    const double half = 0.5 * sqrt(1 - out->lambda);
    const double x = tenka_draw_below(d, width), y = tenka_draw_below(d, height);
    const double across = trunc(half * width), down = trunc(half * height);
    out->left = (uint32_t)fmax(x - across, 0);
    out->top = (uint32_t)fmax(y - down, 0);
    out->right = (uint32_t)fmin(x + across, width);
    out->bottom = (uint32_t)fmin(y + down, height);
    const double part = (double)(out->right - out->left) * (out->bottom - out->top);
    out->lambda = 1 - part / ((double)width * height);
}

tenka_status tenka_mix_draw(tenka_ctx *ctx, double alpha, uint32_t width, uint32_t height, uint64_t seed,
                            uint32_t epoch, uint32_t batch, size_t count, int32_t *partner, struct tenka_mix *out)
{
    const struct tenka_transform_key key = {seed, epoch, batch};
    struct tenka_draws d = tenka_draws_of(&key, MIX_POSITION);
    if (!(alpha > 0 && alpha <= 1e6))
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID, "mix: alpha is %g; expected above 0 and at most 1e6",
                          alpha);
    if ((width == 0) != (height == 0) || count > INT32_MAX || partner == NULL)
        return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                          "mix: %zu samples of %ux%u; expected at most %d, of a width and a height or of neither",
                          count, width, height, INT32_MAX);
    *out = (struct tenka_mix){.lambda = draw_beta(&d, alpha)};
    if (width > 0)
        draw_rectangle(&d, width, height, out);
    for (size_t i = 0; i < count; i++)
        partner[i] = (int32_t)i;
    for (size_t i = 0; i + 1 < count; i++) {
        const size_t j = i + tenka_draw_below(&d, (uint32_t)(count - i));
        const int32_t kept = partner[i];
        partner[i] = partner[j];
        partner[j] = kept;
    }
    return TENKA_OK;
}

static bool is_within(const struct tenka_mix *mix, uint32_t width, uint32_t height)
{
    return mix->lambda >= 0 && mix->lambda <= 1 && mix->left <= mix->right && mix->right <= width &&
           mix->top <= mix->bottom && mix->bottom <= height;
}

tenka_tensor tenka_mix_samples(tenka_tensor x, tenka_tensor partner, const struct tenka_mix *mix)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const uint32_t width = shape.rank > 1 ? shape.dim[shape.rank - 1] : 1;
    const uint32_t height = shape.rank > 2 ? shape.dim[shape.rank - 2] : 1;
    const bool pastes = mix->right > 0 || mix->bottom > 0;
    if (tenka_tensor_valid(x) && !is_within(mix, width, height))
        return tenka_trace_fail(x.ctx, TENKA_E_INVALID,
                                "mix_samples: lambda %g and the rectangle %u,%u to %u,%u are not within 0 .. 1 and "
                                "%ux%u",
                                mix->lambda, mix->left, mix->top, mix->right, mix->bottom, width, height);
    const double pasted[] = {0, 1, mix->left, mix->top, mix->right, mix->bottom};
    const double blended[] = {mix->lambda, 1 - mix->lambda, 0, 0, width, height};
    return tenka_trace(x.ctx, TENKA_OP_mix_samples, (const tenka_tensor[]){x, partner}, 2, NULL, 0, NULL,
                       pastes ? pasted : blended, NULL);
}
