/* Learning-rate schedules as in torch.optim.lr_scheduler. */
#ifndef TENKA_SCHEDULE_H
#define TENKA_SCHEDULE_H

#include "tenka/optim.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_schedule tenka_schedule;

enum tenka_schedule_per {
    TENKA_SCHEDULE_USUAL, /* a step of OneCycleLR and CyclicLR, and of what has one of them in it; else an epoch */
    TENKA_SCHEDULE_STEP,
    TENKA_SCHEDULE_EPOCH,
};

struct tenka_schedule_params {
    size_t size;
    enum tenka_schedule_per per; /* how often the schedule goes on */
    uint64_t
        total; /* how often it goes on in the whole run: OneCycleLR's total_steps and WarmupCosine's total where the
                     * text does not say them; 0: nobody knows */
};
#define TENKA_SCHEDULE_DEFAULTS                       \
    {                                                 \
        .size = sizeof(struct tenka_schedule_params), \
    }

/* A schedule of the learning rates of all groups of opt, by a call with the names, order and defaults of PyTorch's
 * arguments, without the optimizer or with it in the first place:
 *     StepLR(step_size, gamma=0.1)  MultiStepLR(milestones, gamma=0.1)  ExponentialLR(gamma)
 *     ConstantLR(factor=1/3, total_iters=5)  LinearLR(start_factor=1/3, end_factor=1.0, total_iters=5)
 *     PolynomialLR(total_iters=5, power=1.0)  CosineAnnealingLR(T_max, eta_min=0.0)
 *     CosineAnnealingWarmRestarts(T_0, T_mult=1, eta_min=0.0)
 *     OneCycleLR(max_lr, total_steps, epochs, steps_per_epoch, pct_start=0.3, anneal_strategy='cos',
 *         cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25.0, final_div_factor=1e4,
 *         three_phase=False)
 *     CyclicLR(base_lr, max_lr, step_size_up=2000, step_size_down=None, mode='triangular', gamma=1.0,
 *         cycle_momentum=True, base_momentum=0.8, max_momentum=0.9)
 *     ReduceLROnPlateau(mode='min', factor=0.1, patience=10, threshold=1e-4, threshold_mode='rel', cooldown=0,
 *         min_lr=0, eps=1e-8)
 *     WarmupCosine(warmup, total, cycles=0.5)
 *     SequentialLR(schedulers, milestones)  ChainedScheduler(schedulers)
 * schedulers are calls: SequentialLR([LinearLR(0.1), CosineAnnealingLR(10)], [5]). max_lr, base_lr and min_lr may be
 * lists with a number for each group. WarmupCosine is a LambdaLR of PyTorch as Hugging Face's
 * get_cosine_schedule_with_warmup: up from 0 to the learning rate within `warmup`, then down a cosine to 0 at `total`.
 * Values are PyTorch's, computed as it does, step by step from the learning rate before; those of step 0 are set at
 * once, momenta as well.
 *   opt     has all its groups, and outlives the schedule
 *   params  NULL: TENKA_SCHEDULE_DEFAULTS
 * Errors: E_FORMAT with line, column and what is known, E_INVALID (momentum that the optimizer lacks; lists of another
 * length than there are groups; ReduceLROnPlateau by step), E_NOMEM. */
TENKA_API tenka_status tenka_schedule_create(tenka_optimizer *opt, const char *text,
                                             const struct tenka_schedule_params *params, tenka_schedule **out);
TENKA_API void tenka_schedule_destroy(tenka_schedule **schedule);
/* Whether a text is a schedule, without an optimizer; of lists alone whether they are some.
 *   ctx   receives the sentence of a failure; NULL: that of tenka_last_error(NULL)
 *   usual receives whether TENKA_SCHEDULE_USUAL is by step; may be NULL
 *   steps receives whether a step can be its measure at all; may be NULL
 * Errors: E_FORMAT, E_NOMEM. */
TENKA_API tenka_status tenka_schedule_check(tenka_ctx *ctx, const char *text, bool *usual, bool *steps);

/* After how many steps of its own it ends, as OneCycleLR does; 0: it does not. */
TENKA_API uint64_t tenka_schedule_steps(const tenka_schedule *schedule);
/* Whether it goes on by step. */
TENKA_API bool tenka_schedule_is_by_step(const tenka_schedule *schedule);
/* To be called behind each step of the optimizer, and behind each epoch: a schedule that goes on by the other does
 * nothing, and neither does NULL.
 *   metric  what ReduceLROnPlateau looks at, such as the loss on other data than is trained on
 * Errors: E_INVALID (OneCycleLR has no more steps; the learning rate would be no number), E_NOMEM. */
TENKA_API tenka_status tenka_schedule_after_step(tenka_schedule *schedule);
TENKA_API tenka_status tenka_schedule_after_epoch(tenka_schedule *schedule, double metric);

/* As if the group had begun with another learning rate: what it has now, and all that the schedule makes of where it
 * began, change in proportion, eta_min and min_lr as well. schedule NULL: there is none, and opt is changed alone.
 * Errors: E_INVALID (no such group; not from 0 on; OneCycleLR and CyclicLR, which say all learning rates themselves). */
TENKA_API tenka_status tenka_schedule_set_initial_lr(tenka_schedule *schedule, tenka_optimizer *opt, size_t group,
                                                     double lr);

#ifdef __cplusplus
}
#endif
#endif
