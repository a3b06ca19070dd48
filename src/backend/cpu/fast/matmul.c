/* C = A' B'; see backend/cpu/matmul.c. */
#include "backend/cpu/fast/gemm.h"

static struct gemm product(const struct tenka_p_matmul *p)
{
    const ptrdiff_t m = p->m, n = p->n, k = p->k;
    return (struct gemm){
        .batch = p->batch,
        .m = m,
        .n = n,
        .k = k,
        .lda = p->trans_a ? m : k,
        .ldb = p->trans_b ? k : n,
        .ldc = n,
        .step_a = m * k,
        .step_b = k * n,
        .step_c = m * n,
        .trans_a = p->trans_a != 0,
        .trans_b = p->trans_b != 0,
    };
}

size_t TENKA_FAST(matmul_fwd_scratch)(const int32_t *params, int threads)
{
    const struct gemm g = product((const void *)params);
    return TENKA_FAST(gemm_scratch)(&g, threads);
}

bool TENKA_FAST(matmul_fwd)(const struct tenka_fast_call *f)
{
    struct gemm g = product((const void *)f->call->params);
    g.a = f->call->in[0];
    g.b = f->call->in[1];
    g.c = f->call->out[0];
    TENKA_FAST(gemm)(&g, f->threads, f->scratch);
    return true;
}
