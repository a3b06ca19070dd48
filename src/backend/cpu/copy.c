/* y = x, any dtype.
 *   fwd  x -> y */
#include "backend/cpu/index.h"

/* Bytes that one thread copies at a time. */
#define PART ((size_t)1 << 20)

void TENKA_CPU(copy_fwd)(const struct TENKA_CPU(args) *a)
{
    /* The words of the params count what a shader copies; here the exact bytes are known. */
    const size_t bytes = tenka_dtype_bytes(a->out_desc[0].dtype, a->n, sizeof(tenka_real));
    const char *from = a->in[0];
    char *to = a->out[0];
#pragma omp parallel for if (parallel : bytes > PART)
    for (size_t at = 0; at < bytes; at += PART)
        memcpy(to + at, from + at, bytes - at < PART ? bytes - at : PART);
}
