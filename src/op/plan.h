/* A plan: kernels in order, over operands in memory. src/plan makes plans, src/backend runs them, and neither sees the
 * other. */
#ifndef TENKA_OP_PLAN_H
#define TENKA_OP_PLAN_H

#include "op/op.h"
#include "tenka/profile.h"

typedef struct tenka_buffer tenka_buffer; /* memory of a device: backend/backend.h */

/* Operands begin at multiples of this, in buffers and in a slot's input bytes. */
#define TENKA_OPERAND_ALIGN 256
#define TENKA_ABSENT UINT32_MAX

/* Where a tensor lies while a plan runs. */
struct tenka_operand {
    tenka_buffer *buffer; /* NULL: the input bytes of the submission */
    size_t offset, bytes; /* offset: a multiple of TENKA_OPERAND_ALIGN; bytes: exact size of the elements */
    struct tenka_desc desc;
    const char *name; /* of the variable that it is, for debuggers; NULL: of none. Valid while it is prepared */
};

/* One kernel call. Absent optional reads and writes are TENKA_ABSENT. */
struct tenka_node {
    enum tenka_kernel kernel;
    enum tenka_storage_type stored;
    uint32_t n_in, n_out;
    uint32_t in[TENKA_MAX_READS], out[TENKA_MAX_OUT]; /* indices of operands */
    int32_t params[TENKA_MAX_PARAMS];
    size_t scalars; /* offset in the input bytes of the node's first scalar; one device word each: a real,
                           * or a uint32_t in the word's first four bytes */
    char label[64]; /* for profilers, such as "conv2d_dx 3" */
    char layer[96]; /* of the network that it works for, such as "base_net.0 + base_net.1"; "": none */
    enum tenka_phase phase;
};

/* How the programs of a plan are timed. */
enum tenka_timing {
    TENKA_TIMING_NONE,
    TENKA_TIMING_ALONE,    /* nodes run one after the other, and each is timed */
    TENKA_TIMING_IN_PLACE, /* they run as they do untimed, as far as looking at the clock allows */
};

/* A list of kernel calls in an order that satisfies all dependencies when run one after the other. Memory may be
 * reused between nodes: a backend that runs nodes side by side orders them by the byte ranges they touch. */
struct tenka_plan {
    const struct tenka_node *nodes;
    size_t n_nodes;
    const struct tenka_operand *operands;
    size_t n_operands;
    size_t input_bytes; /* size of the input bytes of each submission */
    const char *name;   /* for profilers and messages */
    enum tenka_timing timing;
};

#endif
