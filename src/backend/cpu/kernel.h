/* What a CPU kernel sees. Kernel files are compiled twice: TENKA_REAL_BITS is 32 or 64. */
#ifndef TENKA_CPU_KERNEL_H
#define TENKA_CPU_KERNEL_H

#include <math.h>
#include <tgmath.h>

#include "op/op.h"

#if TENKA_REAL_BITS == 64
typedef double tenka_real;
#define TENKA_CPU(name) tenka_cpu64_##name
#else
typedef float tenka_real;
#define TENKA_CPU(name) tenka_cpu32_##name
#endif

/* Reads in the order of ops.def, then writes. Absent optional reads are NULL. */
struct TENKA_CPU(args) {
    const void *in[TENKA_MAX_READS];
    void *out[TENKA_MAX_OUT];
    struct tenka_desc in_desc[TENKA_MAX_READS], out_desc[TENKA_MAX_OUT];
    const int32_t *params; /* struct tenka_p_... of the operator */
    const tenka_real *scalar;
    size_t n; /* elements of out[0] */
};

/* y becomes the activation of y; d, the gradient of y, that of what y is the activation of. elementwise.c */
void TENKA_CPU(activate)(enum tenka_act act, tenka_real *y, size_t n);
void TENKA_CPU(activate_back)(enum tenka_act act, const tenka_real *y, tenka_real *d, size_t n);

/* Scalar i when ops.def calls it u. */
static inline uint32_t TENKA_CPU(scalar_u32)(const struct TENKA_CPU(args) *a, size_t i)
{
    uint32_t value;
    memcpy(&value, &a->scalar[i], sizeof(value));
    return value;
}

#define TENKA_OP(...)
#define TENKA_PASS(op, pass, ...) void TENKA_CPU(op##_##pass)(const struct TENKA_CPU(args) *a);
#include "op/ops.def"

#endif
