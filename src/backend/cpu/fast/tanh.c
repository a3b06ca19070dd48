/* y = tanh(x); see backend/cpu/tanh.c. */
#include "backend/cpu/fast/elementary.h"
#include "backend/cpu/fast/kernels.h"

/* Elements that one thread takes at a time. */
enum { SPAN = 1024 };

static void span(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store(y + i, hyperbolic_tangent(load(x + i)));
    if (i < n)
        store_lanes(y + i, hyperbolic_tangent(load_lanes(x + i, 0, (int)(n - i))), 0, (int)(n - i));
}

bool TENKA_FAST(tanh_fwd)(const struct tenka_fast_call *f)
{
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    const size_t n = f->n;
#pragma omp parallel for if (n > 4 * SPAN)
    for (size_t from = 0; from < n; from += SPAN)
        span(y + from, x + from, n - from < SPAN ? n - from : SPAN);
    return true;
}
