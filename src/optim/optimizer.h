/* What an optimizer remembers, for checkpoints. */
#ifndef TENKA_OPTIM_OPTIMIZER_H
#define TENKA_OPTIM_OPTIMIZER_H

#include "tenka/optim.h"

#define TENKA_MAX_MOMENTS 2
#define TENKA_MAX_OPTIMIZER_OPTIONS 8

/* A variable that an optimizer updates. */
struct tenka_optimizer_slot {
    tenka_variable *var;
    tenka_variable *moment[TENKA_MAX_MOMENTS]; /* in the order of tenka_optimizer_moment_name; NULL: none */
    uint64_t steps;                            /* updates so far */
    size_t group;
};

/* "adam" or "sgd". Static. */
const char *tenka_optimizer_kind(const tenka_optimizer *opt);
/* PyTorch's name of a moment, such as "exp_avg". Static. */
const char *tenka_optimizer_moment_name(const tenka_optimizer *opt, size_t moment);
/* Writes at most max slots, group after group, and returns how many there are. */
size_t tenka_optimizer_slots(const tenka_optimizer *opt, struct tenka_optimizer_slot *out, size_t max);
size_t tenka_optimizer_groups(const tenka_optimizer *opt);

struct tenka_optimizer_option {
    const char *name; /* PyTorch's */
    double value;     /* booleans: 0 or 1 */
};
/* The options of a group, the learning rate first. Returns how many there are. */
size_t tenka_optimizer_options(const tenka_optimizer *opt, size_t group,
                               struct tenka_optimizer_option out[TENKA_MAX_OPTIMIZER_OPTIONS]);

/* Sets the counters: slot_steps has an entry for each slot in the order of tenka_optimizer_slots. */
void tenka_optimizer_restore(tenka_optimizer *opt, uint64_t steps, const uint64_t *slot_steps);

#endif
