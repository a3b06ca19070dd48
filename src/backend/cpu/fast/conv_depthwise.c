/* Depthwise convolutions: of each channel a kernel of its own. There is nothing to multiply as matrices, and all that
 * counts is to read little. Three ways:
 *
 *   rows    vectors along the rows of a plane (conv_rows.c), of half the lanes where rows are so short
 *   planes  planes that about fill a vector: each tap picks its lanes (conv_planes.c)
 *   lanes   other small planes: LANES channels beside each other, a vector for each place (conv_lanes.c) */
#include "backend/cpu/fast/conv_rows.h"

static bool by_rows(const conv_params *p)
{
    return p->kh <= MOST_SIDE && p->kw <= MOST_SIDE && p->dh == 1 && p->dw == 1 && p->sh == p->sw && p->sh <= 2 &&
           p->ph < p->kh && p->pw < p->kw;
}

bool TENKA_FAST(is_depthwise)(const conv_params *p)
{
    return p->groups > 1 && p->groups == p->c && p->o == p->c && TENKA_FAST(conv_serves)(p) &&
           (TENKA_FAST(conv_in_lanes)(p) || by_rows(p));
}

/* Whether rows are taken in vectors of half the lanes: where one more of all lanes would be half empty or more. */
static bool suits_half(int columns)
{
    return columns < 2 * LANES && (columns - 1) % LANES < LANES / 2;
}

bool TENKA_FAST(conv2d_fwd_depthwise)(const struct tenka_fast_call *call)
{
    const conv_params *p = (const void *)call->call->params;
    if (TENKA_FAST(conv_in_planes)(p))
        return TENKA_FAST(conv2d_fwd_planes)(call);
    if (TENKA_FAST(conv_in_lanes)(p))
        return TENKA_FAST(conv2d_fwd_lanes)(call);
    return suits_half(p->ow) ? TENKA_HALF(conv2d_fwd_rows)(call) : TENKA_FAST(conv2d_fwd_rows)(call);
}

bool TENKA_FAST(conv2d_dx_depthwise)(const struct tenka_fast_call *call)
{
    const conv_params *p = (const void *)call->call->params;
    if (TENKA_FAST(conv_in_planes)(p))
        return TENKA_FAST(conv2d_dx_planes)(call);
    if (TENKA_FAST(conv_in_lanes)(p))
        return TENKA_FAST(conv2d_dx_lanes)(call);
    return suits_half(p->ow) ? TENKA_HALF(conv2d_dx_rows)(call) : TENKA_FAST(conv2d_dx_rows)(call);
}

bool TENKA_FAST(conv2d_dw_depthwise)(const struct tenka_fast_call *call)
{
    const conv_params *p = (const void *)call->call->params;
    if (TENKA_FAST(conv_in_lanes)(p))
        return TENKA_FAST(conv2d_dw_lanes)(call);
    return suits_half(p->ow) ? TENKA_HALF(conv2d_dw_rows)(call) : TENKA_FAST(conv2d_dw_rows)(call);
}

size_t TENKA_FAST(conv_depthwise_scratch)(const conv_params *p)
{
    if (TENKA_FAST(conv_in_lanes)(p))
        return TENKA_FAST(conv_lanes_scratch)();
    return suits_half(p->ow) ? TENKA_HALF(conv_rows_scratch)(p) : TENKA_FAST(conv_rows_scratch)(p);
}
