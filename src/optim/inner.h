/* What an optimizer is made of, for the files that are it: optimizer.c and optimizer_state.c. */
#ifndef TENKA_OPTIM_INNER_H
#define TENKA_OPTIM_INNER_H

#include "graph/graph.h"
#include "optim/optimizer.h"

/* A variable with its states. */
struct slot {
    tenka_variable *var;
    tenka_variable *state[TENKA_MAX_STATES];
    uint64_t steps;
    double product, product_before; /* of NAdam, and what it was before the open step */
    uint32_t updates;               /* by the open step */
    bool stored;                    /* gradients of earlier steps went into them */
};

struct group {
    struct slot *slots;
    size_t n_slots;
    struct tenka_optimizer_params params; /* with the learning rate and the momentum of now */
    double initial_lr, given_momentum;
    const char *names[TENKA_MAX_STATES];
    size_t n_states;
};

struct tenka_optimizer {
    tenka_ctx *ctx;
    const struct tenka_optim_class *class;
    struct tenka_optimizer_params params; /* of groups that have none of their own */
    struct group *groups;
    size_t n_groups, groups_capacity;
    uint64_t steps;
    tenka_average *average; /* NULL: none */
    uint32_t updates;       /* by the open step */
    struct tenka_step_watcher watcher;
};

#endif
