/* What optimizers there are: a row each. */
#ifndef TENKA_OPTIM_CLASSES_H
#define TENKA_OPTIM_CLASSES_H

#include "graph/graph.h"
#include "python/arguments.h"
#include "tenka/optim.h"

#define TENKA_MAX_STATES 3
#define TENKA_NO_ARG SIZE_MAX
#define TENKA_ALWAYS_DECOUPLED (SIZE_MAX - 1)

typedef const double (*tenka_optim_values)[2];

/* What one update of a variable is told besides its tensors. */
struct tenka_optim_update {
    int32_t how;
    double number[TENKA_MAX_SCALARS];
};

struct tenka_optim_class {
    const struct tenka_py_arg *args; /* PyTorch's; the first is the learning rate */
    const char *kind;                /* as checkpoints say it */
    enum tenka_op op;
    size_t decay, maximize, decoupled, momentum; /* which arguments they are, or TENKA_NO_ARG; decoupled, whether the
                                                  * parameter is decayed and not the gradient, may be always so */
    bool has_product;                            /* keeps NAdam's mu_product for each variable */
    /* PyTorch's names of the tensors of state that a variable has, in the order of the op's row. Returns how many. */
    size_t (*states)(tenka_optim_values v, const char *names[TENKA_MAX_STATES]);
    double (*initial)(tenka_optim_values v); /* of all states' elements; NULL: 0 */
    /* Fills how and the numbers of the op's row for a variable's update number `step`, from 1. product: where
     * has_product, what is kept, to be updated. */
    void (*update)(tenka_optim_values v, double step, double *product, struct tenka_optim_update *out);
    /* The new parameter, where op makes but a direction. NULL: it makes the parameter. */
    tenka_tensor (*moved)(tenka_optim_values v, tenka_tensor w, tenka_tensor direction);
    double (*max_norm)(tenka_optim_values v); /* of all gradients together; NULL or NaN: they are taken as they are */
    /* A sentence's end about values that do not go together, or NULL. NULL: they always do. */
    const char *(*objection)(tenka_optim_values v);
};

/* Parallel: classes as Python's calls, and what they are. */
extern const struct tenka_py_class tenka_optim_calls[];
extern const struct tenka_optim_class tenka_optim_classes[];
extern const size_t tenka_optim_n_classes;

/* Those of the structs in optim.h. */
enum { TENKA_OPTIM_SGD, TENKA_OPTIM_ADAM, TENKA_OPTIM_ADAMW };
/* Fill params, which has the defaults of its class. */
void tenka_optim_take_adam(const struct tenka_adam_params *p, struct tenka_optimizer_params *out);
void tenka_optim_take_sgd(const struct tenka_sgd_params *p, struct tenka_optimizer_params *out);

/* The defaults of a class. */
struct tenka_optimizer_params tenka_optim_defaults(size_t class);
/* Errors: E_INVALID with a sentence: no class, values out of range or that do not go together. */
tenka_status tenka_optim_check(struct tenka_error *err, const struct tenka_optimizer_params *params);

#endif
