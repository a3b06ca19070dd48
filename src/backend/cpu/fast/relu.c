/* y = max(x, 0) and its gradient; see backend/cpu/relu.c. */
#include "backend/cpu/fast/kernels.h"

/* Elements that one thread takes at a time. */
enum { SPAN = 4096 };

static void fwd_span(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const vec v = load(x + i);
        store(y + i, select(v <= (vec){0}, (vec){0}, v));
    }
    for (; i < n; i++)
        y[i] = x[i] <= 0 ? 0 : x[i];
}

bool TENKA_FAST(relu_fwd)(const struct tenka_fast_call *f)
{
    const float *x = f->call->in[0];
    float *y = f->call->out[0];
    const size_t n = f->n;
#pragma omp parallel for if (n > 4 * SPAN)
    for (size_t from = 0; from < n; from += SPAN)
        fwd_span(y + from, x + from, n - from < SPAN ? n - from : SPAN);
    return true;
}

static void dx_span(float *dx, const float *y, const float *dy, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const vec d = load(dy + i); /* before the store: dx may be dy */
        store(dx + i, select(load(y + i) <= (vec){0}, (vec){0}, d));
    }
    for (; i < n; i++)
        dx[i] = y[i] <= 0 ? 0 : dy[i];
}

bool TENKA_FAST(relu_dx)(const struct tenka_fast_call *f)
{
    const float *y = f->call->in[0], *dy = f->call->in[1];
    float *dx = f->call->out[0];
    const size_t n = f->n;
#pragma omp parallel for if (n > 4 * SPAN)
    for (size_t from = 0; from < n; from += SPAN)
        dx_span(dx + from, y + from, dy + from, n - from < SPAN ? n - from : SPAN);
    return true;
}
