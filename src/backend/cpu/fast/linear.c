/* y = x weight' + bias, its gradients, and a ReLU after it or before it; see backend/cpu/linear.c and
 * linear_backward.c. */
#include "backend/cpu/fast/gemm.h"

typedef struct tenka_p_linear params;

static struct gemm forward(const params *p)
{
    return (struct gemm){
        .batch = 1, .m = p->m, .n = p->n, .k = p->k, .lda = p->k, .ldb = p->k, .ldc = p->n, .trans_b = true};
}

/* dx = dy weight */
static struct gemm input_gradient(const params *p)
{
    return (struct gemm){.batch = 1, .m = p->m, .n = p->k, .k = p->n, .lda = p->n, .ldb = p->k, .ldc = p->k};
}

/* dweight = dy' x */
static struct gemm weight_gradient(const params *p)
{
    return (struct gemm){
        .batch = 1, .m = p->n, .n = p->k, .k = p->m, .lda = p->n, .ldb = p->k, .ldc = p->k, .trans_a = true};
}

/* ---- Sums of columns ---- */

/* Rows summed in float before the sum goes into a double. */
enum { SHORT_SUM = 64 };

/* out[j] = sum over i of x[i * step + j] for j < width <= LANES */
static void sum_columns(float *out, const float *x, ptrdiff_t step, ptrdiff_t rows, int width)
{
    double total[LANES] = {0};
    for (ptrdiff_t i = 0; i < rows;) {
        vec sum = {0};
        for (const ptrdiff_t end = least(rows, i + SHORT_SUM); i < end; i++)
            sum += width == LANES ? load(x + i * step) : load_lanes(x + i * step, 0, width);
        for (int j = 0; j < LANES; j++)
            total[j] += (double)sum[j];
    }
    for (int j = 0; j < width; j++)
        out[j] = (float)total[j];
}

static void bias_gradient(const params *p, const float *dy, float *db)
{
    const ptrdiff_t n = p->n;
#pragma omp parallel for if (p->m * n > 1 << 18)
    for (ptrdiff_t j = 0; j < n; j += LANES)
        sum_columns(db + j, dy + j, n, p->m, (int)least(LANES, n - j));
}

/* ---- Passes ---- */

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

bool TENKA_FAST(linear_fwd)(const struct tenka_fast_call *f)
{
    const params *p = (const void *)f->call->params;
    struct gemm g = forward(p);
    g.a = f->call->in[0];
    g.b = f->call->in[1];
    g.c = f->call->out[0];
    g.finish.bias = f->call->in[2];
    g.finish.relu = p->act == TENKA_ACT_relu;
    TENKA_FAST(gemm)(&g, f->threads, f->scratch);
    return true;
}

bool TENKA_FAST(linear_dx)(const struct tenka_fast_call *f)
{
    struct gemm g = input_gradient((const void *)f->call->params);
    g.a = f->call->in[2];
    g.b = f->call->in[1];
    g.c = f->call->out[0];
    g.finish.mask = ((const params *)(const void *)f->call->params)->before == TENKA_ACT_relu ? f->call->in[0] : NULL;
    TENKA_FAST(gemm)(&g, f->threads, f->scratch);
    return true;
}

/* db may be NULL. */
static void run_weight_gradient(const struct tenka_fast_call *f, const float *x, const float *dy, float *dw, float *db)
{
    const params *p = (const void *)f->call->params;
    struct gemm g = weight_gradient(p);
    g.a = dy;
    g.b = x;
    g.c = dw;
    TENKA_FAST(gemm)(&g, f->threads, f->scratch);
    if (db != NULL)
        bias_gradient(p, dy, db);
}

size_t TENKA_FAST(linear_fwd_scratch)(const int32_t *p, int threads)
{
    const struct gemm g = forward((const void *)p);
    return TENKA_FAST(gemm_scratch)(&g, threads);
}

size_t TENKA_FAST(linear_dx_scratch)(const int32_t *p, int threads)
{
    const struct gemm g = input_gradient((const void *)p);
    return TENKA_FAST(gemm_scratch)(&g, threads);
}

size_t TENKA_FAST(linear_dw_scratch)(const int32_t *p, int threads)
{
    const struct gemm g = weight_gradient((const void *)p);
    return TENKA_FAST(gemm_scratch)(&g, threads);
}

bool TENKA_FAST(linear_dw)(const struct tenka_fast_call *f)
{
    run_weight_gradient(f, f->call->in[0], f->call->in[1], f->call->out[0], f->call->out[1]);
    return true;
}

size_t TENKA_FAST(linear_backward_fwd_scratch)(const int32_t *p, int threads)
{
    return most(TENKA_FAST(linear_dx_scratch)(p, threads), TENKA_FAST(linear_dw_scratch)(p, threads));
}

bool TENKA_FAST(linear_backward_fwd)(const struct tenka_fast_call *f)
{
    const struct tenka_cpu_call *c = f->call;
    TENKA_FAST(linear_dx)(f);
    run_weight_gradient(f, c->in[0], c->in[2], c->out[1], c->out[2]);
    return true;
}
