/* Losses by the text that PyTorch prints of them. */
#ifndef TENKA_LOSS_H
#define TENKA_LOSS_H

#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_loss tenka_loss;

/* Makes a loss of a call of its class, with the names, order and defaults of PyTorch's arguments. Of classes:
 *     CrossEntropyLoss(weight=None, ignore_index=-100, reduction='mean', label_smoothing=0.0)
 *     NLLLoss(weight=None, ignore_index=-100, reduction='mean')       of log-probabilities
 *     MultiMarginLoss(p=1, margin=1.0, weight=None, reduction='mean')
 * of numbers, targets of the output's shape:
 *     MSELoss(reduction='mean')  L1Loss(reduction='mean')
 *     SmoothL1Loss(reduction='mean', beta=1.0)  HuberLoss(reduction='mean', delta=1.0)
 *     BCELoss(weight=None, reduction='mean')                          of probabilities
 *     BCEWithLogitsLoss(weight=None, reduction='mean', pos_weight=None)
 *     MultiLabelSoftMarginLoss(weight=None, reduction='mean')
 *     SoftMarginLoss(reduction='mean')  HingeEmbeddingLoss(margin=1.0, reduction='mean')
 *     KLDivLoss(reduction='mean', log_target=False)                   of log-probabilities; also 'batchmean'
 *     PoissonNLLLoss(log_input=True, full=False, eps=1e-08, reduction='mean')
 *     GaussianNLLLoss(full=False, eps=1e-06, reduction='mean')        of two outputs, mean and variance
 * and of two or three outputs, which are compared:
 *     CosineEmbeddingLoss(margin=0.0, reduction='mean')               [N, D] each; targets [N] are 1 and -1
 *     MarginRankingLoss(margin=0.0, reduction='mean')                 targets of the outputs' shape are 1 and -1
 *     TripletMarginLoss(margin=1.0, p=2.0, eps=1e-06, swap=False, reduction='mean')
 *                                                                     anchor, positive, negative; no target
 * The modules may stand before the name (torch.nn.MSELoss()). A reduction is 'mean' or 'sum'. Weights are numbers of at
 * least 0 in brackets, [1.0, 2.5] or torch.tensor([1.0, 2.5]): of classes as many as there are, else one for each place
 * of the last axis, or one for all. ctx: of the tensors that it will take; the loss must be destroyed before it.
 * Errors: E_FORMAT with line, column and what is known, E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_loss_parse(tenka_ctx *ctx, const char *text, tenka_loss **out);
TENKA_API void tenka_loss_destroy(tenka_loss **loss);

/* The name of its class, "MSELoss". Static. */
TENKA_API const char *tenka_loss_name(const tenka_loss *loss);
/* Whether its targets are classes, I32; else they are F32. CrossEntropyLoss takes both: of F32 targets of the output's
 * shape each is the share of a class. */
TENKA_API bool tenka_loss_takes_classes(const tenka_loss *loss);
/* How many outputs of a network it takes: 1 to 3. */
TENKA_API size_t tenka_loss_inputs(const tenka_loss *loss);
/* Whether it is the sum over the batch and not the mean. */
TENKA_API bool tenka_loss_is_sum(const tenka_loss *loss);
/* Which target is no class to it; of a loss that takes classes. */
TENKA_API int32_t tenka_loss_ignore_index(const tenka_loss *loss);

/* Whether targets may be ignore_index, which then count for nothing, also in the mean: true where the text gives an
 * ignore_index. Without, such a target makes the loss NaN, as any other that is no class does. */
TENKA_API void tenka_loss_set_ignoring(tenka_loss *loss, bool ignores);

/* Gives the classes these weights in the place of those of the text; copied.
 *   weight  count finite numbers of at least 0
 * Errors: E_INVALID (the loss takes no classes; other numbers), E_NOMEM. */
TENKA_API tenka_status tenka_loss_set_class_weights(tenka_loss *loss, const double *weight, size_t count);
/* Whether it has weights, by its text or by the function above. */
TENKA_API bool tenka_loss_has_weights(const tenka_loss *loss);

/* Whether the loss takes such an output and such targets: of classes the output is F32 [N, C, ...] and the target I32
 * [N, ...], of other losses both are F32 of one shape; and as many weights as there are classes.
 * Errors: E_SHAPE, with a sentence that says what would fit. */
TENKA_API tenka_status tenka_loss_check(const tenka_loss *loss, struct tenka_shape output, enum tenka_dtype dtype,
                                        struct tenka_shape target);
/* The loss of a batch, F32 with one element; inert on a mistake. Differentiable in output.
 * Errors: as tenka_loss_check. Of a target that is neither a class nor ignore_index the loss is NaN; where targets may
 * be ignored it counts as such. */
TENKA_API tenka_tensor tenka_loss_of(const tenka_loss *loss, tenka_tensor output, tenka_tensor target);

/* Adds weight times the losses of further outputs, as auxiliary classifiers want it; 0, as at first: they are passed
 * over. */
TENKA_API void tenka_loss_set_others(tenka_loss *loss, double weight);
TENKA_API double tenka_loss_others(const tenka_loss *loss);
/* The same of as many outputs as tenka_loss_inputs says, and of further ones by their weight. Differentiable in all.
 * target: anything where the loss takes none. Errors: E_INVALID (fewer outputs) as well. */
TENKA_API tenka_tensor tenka_loss_of_n(const tenka_loss *loss, const tenka_tensor *outputs, size_t n,
                                       tenka_tensor target);

#ifdef __cplusplus
}
#endif
#endif
