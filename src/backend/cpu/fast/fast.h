/* The fast kernels of the CPU device: f32 only, beside the reference loops of backend/cpu/, which stay the truth and
 * run where no fast kernel serves. Every source file of this folder but isa.c is compiled once for each instruction
 * set, at its native vector width (gcc lowers wider vectors badly), under names of its own; TENKA_FAST(name) in vec.h
 * makes them. Which set is used is chosen when a device is created: the best that the processor has, or the one that
 * the environment variable TENKA_CPU names:
 *   avx512     AVX-512 F, BW, DQ and VL: 16 lanes, 32 registers; some files a second time for 8 lanes (vec.h)
 *   avx2       AVX2 and FMA: 8 lanes, 16 registers
 *   plain      C alone, 4 lanes; the only one on other processors than x86-64
 *   reference  no fast kernel at all
 * Results differ between sets in rounding; on one set they depend neither on the number of threads nor on timing. */
#ifndef TENKA_FAST_FAST_H
#define TENKA_FAST_FAST_H

#include "backend/cpu/cpu.h"

/* A kernel gets the scratch memory that it asked for: one block, 64-byte aligned, of any content, which it divides
 * among its threads itself. */
struct tenka_fast_call {
    const struct tenka_cpu_call *call;
    size_t n;    /* elements of call->out[0], never 0 */
    int threads; /* the most that a parallel region gets */
    void *scratch;
};

struct tenka_fast_kernel {
    /* NULL: there is none. False: this shape is left to the reference loops, and nothing was written. */
    bool (*run)(const struct tenka_fast_call *call);
    /* Bytes of scratch memory for a call with these params; 0 also where run will return false. NULL: never any. */
    size_t (*scratch)(const int32_t *params, int threads);
    bool relu; /* the pass has an activation (ops.def), and this one may be ReLU here; others are left to the loops */
};

struct tenka_fast_table {
    const char *name; /* "AVX-512" */
    struct tenka_fast_kernel kernels[TENKA_KERNEL_COUNT];
};

/* table.c, for each instruction set */
extern const struct tenka_fast_table tenka_avx512_table, tenka_avx2_table, tenka_plain_table;

/* The table of the instruction set to use, or NULL for TENKA_CPU=reference. Errors: E_INVALID when TENKA_CPU names
 * none, E_UNSUPPORTED when this processor or this build lacks it. */
tenka_status tenka_fast_choose(struct tenka_error *err, const struct tenka_fast_table **out);

#endif
