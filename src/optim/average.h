/* Inside of averages of weights: what the optimizer and checkpoints need of one. */
#ifndef TENKA_OPTIM_AVERAGE_H
#define TENKA_OPTIM_AVERAGE_H

#include "graph/graph.h"
#include "tenka/optim.h"

/* Traces the averages of what the open step leaves, behind the optimizer's update. */
void tenka_average_trace(const tenka_average *average);
/* The step that was traced has been run. */
void tenka_average_count(tenka_average *average);
uint64_t tenka_average_bytes(const tenka_average *average);

/* A variable of the network and its average. */
struct tenka_average_pair {
    tenka_variable *var, *mean;
};
/* Static as long as the average is. */
const struct tenka_average_pair *tenka_average_pairs(const tenka_average *average, size_t *count);
void tenka_average_restore(tenka_average *average, uint64_t updates);

#endif
