/* What an optimizer remembers, for checkpoints and schedules. */
#ifndef TENKA_OPTIM_OPTIMIZER_H
#define TENKA_OPTIM_OPTIMIZER_H

#include "optim/classes.h"

#define TENKA_MAX_OPTIMIZER_OPTIONS (TENKA_OPTIMIZER_ARGUMENTS + 2)

/* A variable that an optimizer updates. */
struct tenka_optimizer_slot {
    tenka_variable *var;
    tenka_variable *state[TENKA_MAX_STATES]; /* NULL: none */
    const char *name[TENKA_MAX_STATES];      /* PyTorch's, such as "exp_avg". Static. */
    uint64_t steps;                          /* updates so far */
    double product;                          /* NAdam's mu_product; 1 of others */
    size_t group;
};

/* "adam" or "sgd". Static. */
const char *tenka_optimizer_kind(const tenka_optimizer *opt);
/* Whether slots have a product. */
bool tenka_optimizer_has_product(const tenka_optimizer *opt);
/* Writes at most max slots, group after group, and returns how many there are. */
size_t tenka_optimizer_slots(const tenka_optimizer *opt, struct tenka_optimizer_slot *out, size_t max);

struct tenka_optimizer_option {
    char name[32]; /* PyTorch's; of the two of a pair such as betas "beta1" and "beta2" */
    double value;  /* booleans: 0 or 1; None: NaN */
    double usual;  /* what it is where it is not given */
};
/* The options of a group, the learning rate first. The momentum is what was given, also where a schedule cycles it.
 * Returns how many there are. */
size_t tenka_optimizer_options(const tenka_optimizer *opt, size_t group,
                               struct tenka_optimizer_option out[TENKA_MAX_OPTIMIZER_OPTIONS]);

/* Sets the counters: slot_steps and slot_products have an entry for each slot in the order of tenka_optimizer_slots. */
void tenka_optimizer_restore(tenka_optimizer *opt, uint64_t steps, const uint64_t *slot_steps,
                             const double *slot_products);

/* Sets tenka_optimizer_initial_lr. */
void tenka_optimizer_restore_initial_lr(tenka_optimizer *opt, size_t group, double lr);
/* As tenka_optimizer_set_lr, of any finite number: what a schedule says is taken. Errors: E_INVALID. */
tenka_status tenka_optimizer_put_lr(tenka_optimizer *opt, size_t group, double lr);
/* The same for a momentum that tenka_optimizer_set_momentum has taken before. */
void tenka_optimizer_put_momentum(tenka_optimizer *opt, size_t group, double momentum);

tenka_ctx *tenka_optimizer_ctx(const tenka_optimizer *opt);

/* The average that each update goes into; NULL: none. */
tenka_average *tenka_optimizer_average(const tenka_optimizer *opt);
void tenka_optimizer_set_average(tenka_optimizer *opt, tenka_average *average);

#endif
