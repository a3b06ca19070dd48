/* Inside of optimizers: what measuring a step needs. */
#ifndef TENKA_OPTIM_MEASURE_H
#define TENKA_OPTIM_MEASURE_H

#include "graph/graph.h"
#include "tenka/optim.h"

/* Device memory of the state that opt keeps for its variables, its average included. */
uint64_t tenka_optimizer_bytes(const tenka_optimizer *opt);
/* What the gradients take of all that is trained. */
uint64_t tenka_optimizer_gradient_bytes(const tenka_optimizer *opt);
/* Traces an update into the open step, measures the step and discards it: opt's own count stays as it was. */
tenka_status tenka_optimizer_measure(tenka_optimizer *opt, struct tenka_step_bytes *out);

#endif
