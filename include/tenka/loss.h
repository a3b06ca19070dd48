/* Losses by the text that PyTorch prints of them. */
#ifndef TENKA_LOSS_H
#define TENKA_LOSS_H

#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_loss tenka_loss;

/* Makes a loss of a call of its class, with the names, order and defaults of PyTorch's arguments:
 *     CrossEntropyLoss(ignore_index=-100, reduction='mean', label_smoothing=0.0)
 *     NLLLoss(ignore_index=-100, reduction='mean')                    of log-probabilities
 *     MSELoss(reduction='mean')  L1Loss(reduction='mean')
 *     SmoothL1Loss(reduction='mean', beta=1.0)  HuberLoss(reduction='mean', delta=1.0)
 *     BCEWithLogitsLoss(reduction='mean')
 * The modules may stand before the name (torch.nn.MSELoss()). A reduction is 'mean' or 'sum'; weights of classes or
 * elements are not supported. ctx: of the tensors that it will take; the loss must be destroyed before it.
 * Errors: E_FORMAT with line, column and what is known, E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_loss_parse(tenka_ctx *ctx, const char *text, tenka_loss **out);
TENKA_API void tenka_loss_destroy(tenka_loss **loss);

/* The name of its class, "MSELoss". Static. */
TENKA_API const char *tenka_loss_name(const tenka_loss *loss);
/* Whether its targets are classes, I32; else they are F32. */
TENKA_API bool tenka_loss_takes_classes(const tenka_loss *loss);
/* Whether it is the sum over the batch and not the mean. */
TENKA_API bool tenka_loss_is_sum(const tenka_loss *loss);
/* Which target is no class to it; of a loss that takes classes. */
TENKA_API int32_t tenka_loss_ignore_index(const tenka_loss *loss);

/* Whether targets may be ignore_index, which then count for nothing, also in the mean: true where the text gives an
 * ignore_index. Without, such a target makes the loss NaN, as any other that is no class does. */
TENKA_API void tenka_loss_set_ignoring(tenka_loss *loss, bool ignores);

/* Whether the loss takes such an output and such targets: of classes the output is F32 [N, C, ...] and the target I32
 * [N, ...], of other losses both are F32 of one shape.
 * Errors: E_SHAPE, with a sentence that says what would fit. */
TENKA_API tenka_status tenka_loss_check(const tenka_loss *loss, struct tenka_shape output, enum tenka_dtype dtype,
                                        struct tenka_shape target);
/* The loss of a batch, F32 with one element; inert on a mistake. Differentiable in output.
 * Errors: as tenka_loss_check. Of a target that is neither a class nor ignore_index the loss is NaN; where targets may
 * be ignored it counts as such. */
TENKA_API tenka_tensor tenka_loss_of(const tenka_loss *loss, tenka_tensor output, tenka_tensor target);

#ifdef __cplusplus
}
#endif
#endif
