/* What the steps of a chain are: see struct tenka_p_chain. */
#ifndef TENKA_OP_CHAIN_H
#define TENKA_OP_CHAIN_H

#include "op/op.h"

struct tenka_chain_step {
    bool takes_input; /* besides v */
    uint32_t numbers; /* scalars that it takes: 0 to 2. At most one step of a chain takes any */
};
extern const struct tenka_chain_step tenka_chain_steps[TENKA_CHAIN_OPS];

/* The step that a kernel is when v comes to it as its read number `through`; TENKA_CHAIN_OPS: it can be none so. */
enum tenka_chain_op tenka_chain_step_of(enum tenka_kernel kernel, uint32_t through);

#endif
