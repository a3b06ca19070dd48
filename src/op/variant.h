/* variants.def as data: in what shapes a kernel can run, and what each needs. */
#ifndef TENKA_OP_VARIANT_H
#define TENKA_OP_VARIANT_H

#include "op/op.h"

/* See variants.def. */
#define TENKA_VARIANT_CONSTANTS 8
struct tenka_variant {
    union {
        uint32_t constants[TENKA_VARIANT_CONSTANTS]; /* specialisation constants 0, 1, ... */
        struct {
            uint32_t local, lanes, rows, columns, depth, lines, exchange, slices;
        };
    };
    const char *family, *name;
};

/* What every device takes of workgroups along one axis of a dispatch. */
#define TENKA_MAX_GROUPS 65535

/* Specialisation constants TENKA_SHAPE_CONSTANT .. come from the shape. */
#define TENKA_SHAPE_CONSTANT 8
#define TENKA_SHAPE_CONSTANTS 12

/* The variants of a kernel, *count of them: one at least. */
const struct tenka_variant *tenka_variants(enum tenka_kernel kernel, uint32_t *count);
/* Whether it is worth measuring which of them is the fastest. */
bool tenka_variant_measured(enum tenka_kernel kernel);
/* The constants that a kernel takes from its shape; unused ones are 0. */
void tenka_variant_shape(enum tenka_kernel kernel, const int32_t *params, int32_t out[TENKA_SHAPE_CONSTANTS]);
/* How many of them its row in variants.def gives. */
uint32_t tenka_variant_shape_count(enum tenka_kernel kernel);
/* Bytes of shared memory that a workgroup takes, for kernels of variants.def; 0 for others. UINT32_MAX: v does not
 * suit the shape. */
uint32_t tenka_variant_shared(enum tenka_kernel kernel, const struct tenka_variant *v, const int32_t *params);
/* The most loop iterations of one invocation, as a driver counts them: all loops together. */
uint64_t tenka_variant_loops(enum tenka_kernel kernel, const struct tenka_variant *v, const int32_t *params);

#endif
