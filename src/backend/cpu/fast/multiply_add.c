/* Sums of chains of multiply-adds; see backend/cpu/multiply_add.c. */
#include "backend/cpu/fast/kernels.h"
#include "op/tiles.h"

/* Chains that run at a time: as many as hide how long a multiply-add takes, and few enough for 16 registers. */
enum { AT_A_TIME = 8 };

static vec run_chains(vec x, int first, int32_t rounds, vec factor, vec add)
{
    vec v[AT_A_TIME];
    UNROLL
    for (int k = 0; k < AT_A_TIME; k++)
        v[k] = x + splat((float)(first + k));
    for (int32_t r = 0; r < rounds; r++)
        UNROLL
    for (int k = 0; k < AT_A_TIME; k++)
        v[k] = v[k] * factor + add;
    vec sum = v[0];
    UNROLL
    for (int k = 1; k < AT_A_TIME; k++)
        sum += v[k];
    return sum;
}

bool TENKA_FAST(multiply_add_fwd)(const struct tenka_fast_call *f)
{
    const int32_t rounds = ((const struct tenka_p_repeat *)f->call->params)->rounds;
    const float *x = f->call->in[0], *scalars = f->call->scalars;
    const vec factor = splat(scalars[0]), add = splat(scalars[1]);
    float *y = f->call->out[0];
    const size_t n = f->n;
#pragma omp parallel for
    for (size_t i = 0; i < n; i += LANES) {
        const int end = n - i < LANES ? (int)(n - i) : LANES;
        const vec first = load_lanes(x + i, 0, end);
        vec sum = {0};
        for (int k = 0; k < MULTIPLY_ADD_CHAINS; k += AT_A_TIME)
            sum += run_chains(first, k, rounds, factor, add);
        store_lanes(y + i, sum, 0, end);
    }
    return true;
}
