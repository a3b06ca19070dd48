/* A kernel on a test rig: a plan that runs one call, once or several times in a row. Checks, measurements and the work
 * that warms a device up are made of it. */
#ifndef TENKA_BACKEND_RIG_H
#define TENKA_BACKEND_RIG_H

#include "backend/backend.h"

#define TENKA_RIG_TIMES 64

struct tenka_rig_operand {
    const struct tenka_desc *desc; /* NULL: it is absent */
    tenka_buffer *buffer;          /* it lies at the begin of this one; NULL: in the rig's own */
};

/* What is to run, and how its operands lie. */
struct tenka_rig_call {
    enum tenka_kernel kernel;
    const int32_t *params;                                            /* TENKA_MAX_PARAMS of them */
    struct tenka_rig_operand in[TENKA_MAX_READS], out[TENKA_MAX_OUT]; /* as many as the kernel has */
    bool input_reads;                                                 /* what it reads lies in the input bytes */
    const int *over; /* of each output: the read that it overwrites, -1: none; NULL: none does */
    size_t gap;      /* bytes of the rig's own buffer before, after and between operands, at least */
};

struct tenka_rig {
    tenka_device *dev;
    size_t real;                              /* bytes of a device word */
    struct tenka_node nodes[TENKA_RIG_TIMES]; /* the same one, again and again */
    struct tenka_operand operands[TENKA_MAX_READS + TENKA_MAX_OUT];
    struct tenka_plan plan;
    bool input_reads;
    size_t bytes; /* of the buffer; 0: no operand lies in it */
    tenka_buffer *buffer;
    unsigned char *input; /* the input bytes; the scalars begin at nodes[0].scalars */
    tenka_program *program;
};

/* A pass of a call whose shapes were found, with operands in the rig's own buffer. call outlives the result. */
struct tenka_rig_call tenka_rig_call_of(const struct tenka_call *call, enum tenka_kernel kernel);

/* Makes the plan, untimed, of one node with the kernel's name for a label; nothing is allocated. What was in *r is
 * overwritten. */
void tenka_rig_lay(struct tenka_rig *r, tenka_device *dev, const struct tenka_rig_call *call);
/* The node runs so often in a program that is prepared afterwards. */
void tenka_rig_repeat(struct tenka_rig *r, size_t times);
/* Allocates the buffer and the input bytes, zeroed. tenka_rig_finish is due in any case. Errors: E_NOMEM, E_DEVICE,
 * E_UNSUPPORTED (no buffer can be so large). */
tenka_status tenka_rig_make(struct tenka_rig *r);
/* Makes the plan's program, again where there is one. Errors: those of tenka_program_prepare. */
tenka_status tenka_rig_prepare(struct tenka_rig *r);
/* Runs it once, with the input bytes as they are. */
tenka_status tenka_rig_submit(struct tenka_rig *r);
void tenka_rig_finish(struct tenka_rig *r);

#endif
