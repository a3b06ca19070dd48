/* Optimizers as in torch.optim, with parameter groups. */
#ifndef TENKA_OPTIM_H
#define TENKA_OPTIM_H

#include "tenka/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_optimizer tenka_optimizer;

/* ---- Recipes: an optimizer's class with its arguments ---- */

#define TENKA_OPTIMIZER_ARGUMENTS 16
/* What tenka_optimizer_read makes of a text. */
struct tenka_optimizer_params {
    size_t size;
    uint32_t which; /* of the classes; 0: none yet */
    double value[TENKA_OPTIMIZER_ARGUMENTS][2];
};
#define TENKA_OPTIMIZER_DEFAULTS                       \
    {                                                  \
        .size = sizeof(struct tenka_optimizer_params), \
    }
/* Reads a call of an optimizer's class, with the names, order and defaults of PyTorch's arguments:
 *     SGD(lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False)
 *     Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, amsgrad=False)
 *     AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01, amsgrad=False)
 *     RMSprop(lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0, centered=False)
 *     Adagrad(lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10)
 *     Adadelta(lr=1.0, rho=0.9, eps=1e-06, weight_decay=0)
 *     NAdam(lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, momentum_decay=0.004)
 *     RAdam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0)
 *     Adamax(lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0)
 *     Lion(lr=0.0001, betas=(0.9, 0.99), weight_decay=0.0)
 *     Lamb(lr=0.001, bias_correction=True, betas=(0.9, 0.999), eps=1e-06, weight_decay=0.01, grad_averaging=True,
 *          max_grad_norm=1.0, trust_clip=False, always_adapt=False)
 * or what print(optimizer) shows of one with a single group. All of PyTorch's take maximize, those with betas
 * decoupled_weight_decay where PyTorch's do. Lion is Chen et al., "Symbolic Discovery of Optimization Algorithms"
 * (2023), with the arguments of the package lion-pytorch; Lamb, or LAMB, is You et al., "Large Batch Optimization for
 * Deep Learning" (2020), with those of timm's class: its trust ratio is one for each tensor, and gradients are first
 * clipped by their norm over all groups, which max_grad_norm=None leaves out and no group can have of its own.
 * model.parameters() may stand first, and the modules before the name (torch.optim.SGD). Arguments that change no
 * number, such as foreach, are passed over; others of PyTorch must have their defaults.
 *   ctx  receives the sentence of a failure; NULL: that of tenka_last_error(NULL)
 *   out  its size must be set (TENKA_OPTIMIZER_DEFAULTS)
 * Errors: E_FORMAT with line, column and what is known, E_INVALID (values that do not go together), E_NOMEM. */
TENKA_API tenka_status tenka_optimizer_read(tenka_ctx *ctx, const char *text, struct tenka_optimizer_params *out);
/* Changes some arguments of a recipe: "weight_decay=0, lr=0.01", as a parameter group of PyTorch has its own.
 * Errors: as tenka_optimizer_read. */
TENKA_API tenka_status tenka_optimizer_change(tenka_ctx *ctx, const char *changes,
                                              struct tenka_optimizer_params *params);
/* An argument of a recipe by its name, of a pair such as betas the first number; None is NaN, True 1. NaN where the
 * class has no such argument. */
TENKA_API double tenka_optimizer_argument(const struct tenka_optimizer_params *params, const char *name);
/* "AdamW". NULL: none was read. Static. */
TENKA_API const char *tenka_optimizer_class(const struct tenka_optimizer_params *params);
/* The classes in the order above: "SGD" is number 0. NULL: there are no more. Static. */
TENKA_API const char *tenka_optimizer_class_name(size_t number);

/* ---- Optimizers ---- */

/* An optimizer over the parameters of a network (its first group).
 * net NULL is an optimizer without parameters, to be given some by tenka_optimizer_add_*. The network must outlive it.
 * Errors: E_INVALID (an option out of range), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_optimizer_create(tenka_ctx *ctx, tenka_module *net,
                                              const struct tenka_optimizer_params *params, tenka_optimizer **out);
TENKA_API void tenka_optimizer_destroy(tenka_optimizer **opt);
/* Adds a group of variables with arguments of its own, of the optimizer's class (E_INVALID); params NULL: those with
 * which the optimizer was made. Each variable may be in one group only (E_INVALID). group, which may be NULL, receives
 * the group's index. */
TENKA_API tenka_status tenka_optimizer_add_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                                 const struct tenka_optimizer_params *params, size_t *group);
TENKA_API size_t tenka_optimizer_groups(const tenka_optimizer *opt);

/* Two of the classes by structs. params NULL: the defaults. */
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

TENKA_API tenka_status tenka_adam_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_adam_params *params,
                                         tenka_optimizer **out);
TENKA_API tenka_status tenka_sgd_create(tenka_ctx *ctx, tenka_module *net, const struct tenka_sgd_params *params,
                                        tenka_optimizer **out);
TENKA_API tenka_status tenka_optimizer_add_adam_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                                      const struct tenka_adam_params *params, size_t *group);
TENKA_API tenka_status tenka_optimizer_add_sgd_group(tenka_optimizer *opt, tenka_variable *const *vars, size_t count,
                                                     const struct tenka_sgd_params *params, size_t *group);

/* The learning rate of a group (0: the first). Changing it makes no new plan. */
TENKA_API double tenka_optimizer_lr(const tenka_optimizer *opt, size_t group);
TENKA_API tenka_status tenka_optimizer_set_lr(tenka_optimizer *opt, size_t group, double lr);
/* The learning rate with which a group began: as it was made, or as the checkpoint says that was loaded. */
TENKA_API double tenka_optimizer_initial_lr(const tenka_optimizer *opt, size_t group);
/* The momentum of a group, or the first of its betas, which schedules cycle; NaN where its class has neither. Setting
 * it makes no new plan. Errors: E_INVALID (no such group; not from 0 to 1; the class has none; an SGD or RMSprop that
 * was made without momentum, whose buffers are not there). */
TENKA_API double tenka_optimizer_momentum(const tenka_optimizer *opt, size_t group);
TENKA_API tenka_status tenka_optimizer_set_momentum(tenka_optimizer *opt, size_t group, double momentum);

/* Updates every variable that has a gradient, discards the gradients of all its variables and ends the step, without
 * waiting for the device. Variables without a gradient, or frozen ones, stay as they are.
 * Errors: the first mistake of the step's operators, and those of tenka_step_end. */
TENKA_API tenka_status tenka_optimizer_step(tenka_optimizer *opt);
/* The same within a step, which goes on: operators from here on see the new parameters, in forwards and in gradients,
 * and tensors from before stay what they were. So two networks, each with an optimizer, are trained in one step, as a
 * generator and its discriminator are. The step is then ended by tenka_step_end, or by another optimizer's step; if it
 * fails or is discarded, the update has not been. Gradients that are left, such as those of the other network, go into
 * the next step unless tenka_zero_grad discards them. */
TENKA_API void tenka_optimizer_update(tenka_optimizer *opt);

/* How many updates were made so far, without those of the open step. */
TENKA_API uint64_t tenka_optimizer_steps(const tenka_optimizer *opt);

/* ---- Averages of weights ---- */

/* An exponential moving average of a network: of its parameters, and of its buffers of floats such as running_mean.
 * After each update of the optimizer, in the same step, each of them is
 *     average + (1 - decay) (value - average)
 * and after the first one the value: what torch.optim.swa_utils.AveragedModel(net, use_buffers=True,
 * multi_avg_fn=get_ema_multi_avg_fn(decay)) computes when update_parameters is called after each step. Whole numbers,
 * such as num_batches_tracked, are the network's own, where PyTorch averages and rounds them. */
typedef struct tenka_average tenka_average;

/* Has opt keep an average of net, which takes as much device memory as net's state. An optimizer has one at most.
 *   opt, net  outlive it, and are of one context
 *   decay     from 0 to 1; usual are 0.99 to 0.9999
 * Errors: E_INVALID, E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_average_create(tenka_optimizer *opt, tenka_module *net, double decay, tenka_average **out);
TENKA_API void tenka_average_destroy(tenka_average **average);
/* Exchanges the network's values with the averages, between steps, for an evaluation or to save the network; a second
 * call exchanges them back, which is due before the next update. Before the first update it does nothing. It waits for
 * the device. Errors: E_INVALID (a step is open), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_average_swap(tenka_average *average);
TENKA_API double tenka_average_decay(const tenka_average *average);
/* How many updates went into it. */
TENKA_API uint64_t tenka_average_updates(const tenka_average *average);

#ifdef __cplusplus
}
#endif
#endif
