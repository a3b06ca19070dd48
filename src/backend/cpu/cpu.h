/* Between the CPU device, which is compiled once, and the kernels, which are compiled for each precision. */
#ifndef TENKA_CPU_CPU_H
#define TENKA_CPU_CPU_H

#include "op/op.h"

/* One kernel call with the memory of its operands; absent reads are NULL. */
struct tenka_cpu_call {
    enum tenka_kernel kernel;
    const void *in[TENKA_MAX_READS];
    void *out[TENKA_MAX_OUT];
    struct tenka_desc in_desc[TENKA_MAX_READS], out_desc[TENKA_MAX_OUT];
    const int32_t *params;
    const void *scalars; /* reals of this precision */
};

struct tenka_cpu_table {
    size_t real_bytes;
    const char *name;
    void (*run)(const struct tenka_cpu_call *call);
};

/* table.c */
extern const struct tenka_cpu_table tenka_cpu32_table, tenka_cpu64_table;

#endif
