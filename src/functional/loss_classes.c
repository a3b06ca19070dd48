/* Losses whose targets are classes. Sources: torch.nn.functional; ATen's LossNLL.cpp for label smoothing, weights and
 * what is ignored; LossMultiMargin.cpp. */
#include <float.h>
#include <math.h>

#include "functional/loss.h"

/* [N, C, ...] as [M, C] */
static tenka_tensor as_rows(tenka_tensor x)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    uint32_t axes[TENKA_MAX_RANK] = {0}, classes = shape.dim[1];
    if (shape.rank == 2)
        return x;
    for (uint32_t i = 1; i + 1 < shape.rank; i++)
        axes[i] = i + 1;
    axes[shape.rank - 1] = 1;
    return tenka_reshape(tenka_permute(x, axes),
                         tenka_shape_of((uint32_t)(tenka_shape_count(&shape) / classes), classes));
}

static tenka_tensor as_row(tenka_tensor target)
{
    const struct tenka_shape shape = tenka_tensor_shape(target);
    return shape.rank == 1 ? target : tenka_reshape(target, tenka_shape_of((uint32_t)tenka_shape_count(&shape)));
}

/* How much each class counts: its weight, and 0 where it is ignored. */
static tenka_tensor class_counts(const tenka_loss *loss, uint32_t classes)
{
    double *const count = tenka_alloc_array(classes, sizeof(*count));
    if (count == NULL)
        return tenka_trace_fail(loss->ctx, TENKA_E_NOMEM, "out of memory");
    for (uint32_t i = 0; i < classes; i++) {
        const double weight = loss->weight.value != NULL ? loss->weight.value[i] : 1;
        count[i] = loss->ignores && (int64_t)i == loss->ignore_index ? 0 : weight;
    }
    const struct tenka_loss_weights counts = {.value = count, .count = classes};
    const tenka_tensor result = tenka_loss_weights_of(loss, &counts);
    tenka_free(count);
    return result;
}

/* Reduces losses of which each belongs to a target; counted, an absent tensor where all count 1, says how much. */
static tenka_tensor reduce_counted(const tenka_loss *loss, tenka_tensor each, tenka_tensor counted)
{
    if (!tenka_tensor_valid(counted))
        return tenka_loss_reduce(loss, each);
    const tenka_tensor sum = tenka_sum(each, TENKA_ALL_AXES, false);
    return loss->reduction == TENKA_LOSS_SUM ? sum : tenka_div(sum, tenka_sum(counted, TENKA_ALL_AXES, false));
}

/* What label smoothing takes of log-probabilities [N, C]: their sum over the classes, each with its weight. */
static tenka_tensor smooth_each(const tenka_loss *loss, tenka_tensor rows)
{
    if (loss->weight.value != NULL)
        rows = tenka_mul(rows, tenka_loss_weights_of(loss, &loss->weight));
    return tenka_sum(rows, 1u << 1, false);
}

/* Of log-probabilities [N, C] and classes [N]. */
static tenka_tensor nll_rows(const tenka_loss *loss, tenka_tensor rows, tenka_tensor target, double smoothing)
{
    const uint32_t classes = tenka_tensor_shape(rows).dim[1];
    const bool counts = loss->ignores || loss->weight.value != NULL;
    if (!counts && smoothing == 0)
        return tenka_nll_loss_reduced(rows, target,
                                      loss->reduction == TENKA_LOSS_SUM ? TENKA_REDUCTION_SUM : TENKA_REDUCTION_MEAN);
    const tenka_tensor counted = counts ? tenka_gather(class_counts(loss, classes), target) : (tenka_tensor){0};
    tenka_tensor each = tenka_nll_loss_reduced(rows, target, TENKA_REDUCTION_NONE), smooth = {0};
    if (smoothing > 0)
        smooth = tenka_scale(smooth_each(loss, rows), smoothing / classes);
    if (loss->weight.value != NULL)
        each = tenka_mul(each, counted);
    if (smoothing > 0)
        each = tenka_sub(tenka_scale(each, 1 - smoothing), smooth);
    return reduce_counted(loss, counts ? tenka_keep_where(counted, each) : each, counted);
}

tenka_tensor tenka_loss_nll(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    return nll_rows(loss, as_rows(x[0]), as_row(target), 0);
}

/* Of log-probabilities and shares [N, C], whose mean is over the rows. */
static tenka_tensor share_rows(const tenka_loss *loss, tenka_tensor rows, tenka_tensor share, double smoothing)
{
    const struct tenka_shape shape = tenka_tensor_shape(rows);
    if (smoothing > 0)
        share = tenka_add(tenka_scale(share, 1 - smoothing), tenka_loss_number(loss, smoothing / shape.dim[1]));
    if (loss->weight.value != NULL)
        rows = tenka_mul(rows, tenka_loss_weights_of(loss, &loss->weight));
    const tenka_tensor sum = tenka_sum(tenka_mul(rows, share), TENKA_ALL_AXES, false);
    return tenka_scale(sum, loss->reduction == TENKA_LOSS_SUM ? -1 : -1.0 / shape.dim[0]);
}

tenka_tensor tenka_loss_cross_entropy(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const double smoothing = tenka_loss_arg(loss, "label_smoothing");
    const tenka_tensor rows = tenka_log_softmax(as_rows(x[0]), 1);
    return tenka_tensor_dtype(target) == TENKA_I32 ? nll_rows(loss, rows, as_row(target), smoothing)
                                                   : share_rows(loss, rows, as_rows(target), smoothing);
}

/* The mean over the classes of max(0, margin - x[y] + x[i])^p, without i = y: what that one adds is max(0, margin)^p. */
tenka_tensor tenka_loss_multi_margin(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const double margin = tenka_loss_arg(loss, "margin"), p = tenka_loss_arg(loss, "p");
    const tenka_tensor rows = as_rows(x[0]);
    const struct tenka_shape shape = tenka_tensor_shape(rows);
    target = as_row(target);
    const tenka_tensor minus = tenka_nll_loss_reduced(rows, target, TENKA_REDUCTION_NONE);
    const tenka_tensor column = tenka_reshape(minus, tenka_shape_of(shape.dim[0], 1));
    tenka_tensor each = tenka_add(tenka_add(rows, column), tenka_loss_number(loss, margin));
    each = p == 1 ? tenka_relu(each) : tenka_square(tenka_relu(each));
    each = tenka_sub(tenka_sum(each, 1u << 1, false), tenka_loss_number(loss, pow(fmax(margin, 0), p)));
    if (loss->weight.value != NULL)
        each = tenka_mul(each, tenka_gather(tenka_loss_weights_of(loss, &loss->weight), target));
    return tenka_loss_reduce(loss, tenka_scale(each, 1.0 / shape.dim[1]));
}
