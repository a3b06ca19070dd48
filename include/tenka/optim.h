/* Optimizers: Adam, AdamW and SGD as in torch.optim, with parameter groups. */
#ifndef TENKA_OPTIM_H
#define TENKA_OPTIM_H

#include "tenka/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_optimizer tenka_optimizer;

struct tenka_adam_params {
    size_t size;
    double lr, beta1, beta2, eps, weight_decay;
    bool decoupled; /* weight decay as AdamW; false: added to the gradient, as Adam */
};
#define TENKA_ADAM_DEFAULTS                                                                             \
    {                                                                                                   \
        .size = sizeof(struct tenka_adam_params), .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8 \
    }

struct tenka_sgd_params {
    size_t size;
    double lr, momentum, dampening, weight_decay;
    bool nesterov; /* needs momentum > 0 and dampening 0 */
};
#define TENKA_SGD_DEFAULTS                                  \
    {                                                       \
        .size = sizeof(struct tenka_sgd_params), .lr = 1e-3 \
    }

/* An optimizer over the parameters of a network (its first group); params NULL: the defaults.
 * net NULL is an optimizer without parameters, to be given some by tenka_optimizer_add_*. The network must outlive it.
 * Errors: E_INVALID (an option out of range), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_adam_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_adam_params *params,
                                         tenka_optimizer **out);
TENKA_API tenka_status tenka_sgd_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_sgd_params *params,
                                        tenka_optimizer **out);

/* An optimizer as PyTorch writes it. */
struct tenka_optimizer_params {
    size_t size;
    bool is_sgd; /* which of the two counts */
    struct tenka_sgd_params sgd;
    struct tenka_adam_params adam; /* also of AdamW */
};
#define TENKA_OPTIMIZER_DEFAULTS                                                                              \
    {                                                                                                         \
        .size = sizeof(struct tenka_optimizer_params), .sgd = TENKA_SGD_DEFAULTS, .adam = TENKA_ADAM_DEFAULTS \
    }
/* Reads a call of an optimizer's class, with the names, order and defaults of PyTorch's arguments:
 *     SGD(lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False)
 *     Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0)
 *     AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)
 * or what print(optimizer) shows of one with a single group. model.parameters() may stand first, and the modules before
 * the name (torch.optim.SGD). Arguments that change no number, such as foreach, are passed over; others of PyTorch
 * (amsgrad, maximize) must have their defaults.
 *   ctx  receives the sentence of a failure; NULL: that of tenka_last_error(NULL)
 *   out  its size must be set (TENKA_OPTIMIZER_DEFAULTS)
 * Errors: E_FORMAT with line, column and what is known, E_INVALID, E_NOMEM. */
TENKA_API tenka_status tenka_optimizer_read(tenka_ctx *ctx, const char *text, struct tenka_optimizer_params *out);
/* The optimizer that they describe, as tenka_adam_create and tenka_sgd_create make it. */
TENKA_API tenka_status tenka_optimizer_create(tenka_ctx *ctx, tenka_module *net,
                                              const struct tenka_optimizer_params *params, tenka_optimizer **out);
TENKA_API void tenka_optimizer_destroy(tenka_optimizer **opt);

/* Adds a group of variables with options of its own (params NULL: the defaults of the optimizer's kind).
 * Each variable may be in one group only (E_INVALID). group, which may be NULL, receives the group's index. */
TENKA_API tenka_status tenka_optimizer_add_adam_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                                      const struct tenka_adam_params *params, size_t *group);
TENKA_API tenka_status tenka_optimizer_add_sgd_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                                     const struct tenka_sgd_params *params, size_t *group);

/* The learning rate of a group (0: the first). Changing it makes no new plan. */
TENKA_API double tenka_optimizer_lr(const tenka_optimizer *opt, size_t group);
TENKA_API tenka_status tenka_optimizer_set_lr(tenka_optimizer *opt, size_t group, double lr);

/* Updates every variable that has a gradient, discards the gradients of all its variables and ends the step, without
 * waiting for the device. Variables without a gradient, or frozen ones, stay as they are.
 * Errors: the first mistake of the step's operators, and those of tenka_step_end. */
TENKA_API tenka_status tenka_optimizer_step(tenka_optimizer *opt);

/* How many updates were made so far. */
TENKA_API uint64_t tenka_optimizer_steps(const tenka_optimizer *opt);

#ifdef __cplusplus
}
#endif
#endif
