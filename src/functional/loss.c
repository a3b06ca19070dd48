/* Losses as PyTorch's modules of torch.nn have them: compositions of operators. Sources: torch.nn.functional; ATen's
 * LossNLL.cpp for label smoothing and what is ignored. */
#include "tenka/loss.h"

#include <float.h>
#include <math.h>

#include "graph/graph.h"
#include "python/arguments.h"

enum reduction { MEAN, SUM };

struct kind {
    bool classes; /* of I32 targets */
    tenka_tensor (*of)(const tenka_loss *loss, tenka_tensor output, tenka_tensor target);
};

struct tenka_loss {
    tenka_ctx *ctx;
    const char *name;
    const struct kind *kind;
    enum reduction reduction;
    double parameter; /* label_smoothing, beta or delta */
    int32_t ignore_index;
    bool ignores; /* targets may be that */
};

/* ---- Of numbers ---- */

static tenka_tensor reduce(const tenka_loss *loss, tenka_tensor each)
{
    return loss->reduction == SUM ? tenka_sum(each, TENKA_ALL_AXES, false) : tenka_mean(each, TENKA_ALL_AXES, false);
}

static tenka_tensor mse(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    if (loss->reduction == MEAN)
        return tenka_mse_loss(output, target);
    const tenka_tensor d = tenka_sub(output, target);
    return reduce(loss, tenka_mul(d, d));
}

static tenka_tensor l1(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    return reduce(loss, tenka_abs(tenka_sub(output, target)));
}

/* d^2 / 2 of |d| up to delta, beyond it delta (|d| - delta / 2): c (|d| - c / 2) with c = min(|d|, delta). */
static tenka_tensor huber_each(tenka_tensor output, tenka_tensor target, double delta)
{
    const tenka_tensor d = tenka_abs(tenka_sub(output, target)), c = tenka_clamp(d, 0, delta);
    return tenka_mul(c, tenka_sub(d, tenka_scale(c, 0.5)));
}

static tenka_tensor huber(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    return reduce(loss, huber_each(output, target, loss->parameter));
}

static tenka_tensor smooth_l1(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    if (loss->parameter == 0)
        return l1(loss, output, target);
    return reduce(loss, tenka_scale(huber_each(output, target, loss->parameter), 1 / loss->parameter));
}

/* (1 - y) x - log(sigmoid(x)) */
static tenka_tensor bce_with_logits(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    const tenka_tensor linear = tenka_sub(output, tenka_mul(target, output));
    return reduce(loss, tenka_sub(linear, tenka_logsigmoid(output)));
}

/* ---- Of classes ---- */

/* 1 for each class, and 0 for one that is ignored. */
static tenka_tensor class_counts(const tenka_loss *loss, uint32_t classes)
{
    void *room;
    const tenka_tensor counts = tenka_trace_input_room(loss->ctx, TENKA_F32, tenka_shape_of(classes), &room);
    const bool doubles = tenka_ctx_backend(loss->ctx) == TENKA_BACKEND_CPU_F64;
    for (uint32_t i = 0; tenka_tensor_valid(counts) && room != NULL && i < classes; i++) {
        const bool counted = (int64_t)i != loss->ignore_index;
        if (doubles)
            ((double *)room)[i] = counted;
        else
            ((float *)room)[i] = counted;
    }
    return counts;
}

/* Reduces losses of which each belongs to a target; counted, an absent tensor where all are, is 1 or 0 of each. */
static tenka_tensor reduce_counted(const tenka_loss *loss, tenka_tensor each, tenka_tensor counted)
{
    if (!tenka_tensor_valid(counted))
        return reduce(loss, each);
    const tenka_tensor sum = tenka_sum(tenka_keep_where(counted, each), TENKA_ALL_AXES, false);
    return loss->reduction == SUM ? sum : tenka_div(sum, tenka_sum(counted, TENKA_ALL_AXES, false));
}

/* Of log-probabilities [N, C] and classes [N]. */
static tenka_tensor nll_rows(const tenka_loss *loss, tenka_tensor rows, tenka_tensor target)
{
    const uint32_t classes = tenka_tensor_shape(rows).dim[1];
    const double smoothing = loss->parameter;
    if (!loss->ignores && smoothing == 0)
        return tenka_nll_loss_reduced(rows, target,
                                      loss->reduction == SUM ? TENKA_REDUCTION_SUM : TENKA_REDUCTION_MEAN);
    const tenka_tensor counted = loss->ignores ? tenka_gather(class_counts(loss, classes), target) : (tenka_tensor){0};
    tenka_tensor each = tenka_nll_loss_reduced(rows, target, TENKA_REDUCTION_NONE);
    if (smoothing > 0)
        each = tenka_sub(tenka_scale(each, 1 - smoothing),
                         tenka_scale(tenka_sum(rows, 1u << 1, false), smoothing / classes));
    return reduce_counted(loss, each, counted);
}

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

static tenka_tensor nll(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    return nll_rows(loss, as_rows(output), as_row(target));
}

static tenka_tensor cross_entropy(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    return nll_rows(loss, tenka_log_softmax(as_rows(output), 1), as_row(target));
}

/* ---- The classes of losses ---- */

/* What older versions had in place of reduction, and what is not supported. */
#define OLD(name)                                                          \
    {                                                                      \
        name, TENKA_PY_ARG_ANY, TENKA_PY_ARG_FIXED, {NAN, NAN}, 0, 0, NULL \
    }
#define REDUCTION                                                      \
    {                                                                  \
        "reduction", TENKA_PY_ARG_WORD, 0, {MEAN, 0}, 0, 0, "mean|sum" \
    }
#define REAL(name, fallback, least, most)                            \
    {                                                                \
        name, TENKA_PY_ARG_REAL, 0, {fallback, 0}, least, most, NULL \
    }
#define IGNORE                                                                       \
    {                                                                                \
        "ignore_index", TENKA_PY_ARG_WHOLE, 0, {-100, 0}, INT32_MIN, INT32_MAX, NULL \
    }

static const struct tenka_py_arg cross_entropy_args[] = {
    OLD("weight"), OLD("size_average"), IGNORE, OLD("reduce"), REDUCTION, REAL("label_smoothing", 0, 0, 1),
};
static const struct tenka_py_arg nll_args[] = {
    OLD("weight"), OLD("size_average"), IGNORE, OLD("reduce"), REDUCTION,
};
static const struct tenka_py_arg plain_args[] = {OLD("size_average"), OLD("reduce"), REDUCTION};
static const struct tenka_py_arg smooth_l1_args[] = {
    OLD("size_average"),
    OLD("reduce"),
    REDUCTION,
    REAL("beta", 1, 0, DBL_MAX),
};
static const struct tenka_py_arg huber_args[] = {REDUCTION, REAL("delta", 1, DBL_MIN, DBL_MAX)};
static const struct tenka_py_arg bce_args[] = {
    OLD("weight"), OLD("size_average"), OLD("reduce"), REDUCTION, OLD("pos_weight"),
};

#define CLASS(name, args)                             \
    {                                                 \
        name, args, sizeof(args) / sizeof(args[0]), 0 \
    }
static const struct tenka_py_class classes[] = {
    CLASS("CrossEntropyLoss", cross_entropy_args),
    CLASS("NLLLoss", nll_args),
    CLASS("MSELoss", plain_args),
    CLASS("L1Loss", plain_args),
    CLASS("SmoothL1Loss", smooth_l1_args),
    CLASS("HuberLoss", huber_args),
    CLASS("BCEWithLogitsLoss", bce_args),
};
#define N_CLASSES (sizeof(classes) / sizeof(classes[0]))

static const struct kind kinds[N_CLASSES] = {
    {true, cross_entropy},    {true, nll}, {false, mse}, {false, l1}, {false, smooth_l1}, {false, huber},
    {false, bce_with_logits},
};

/* Puts what the call says where it belongs, by the arguments' names. */
static void fill(tenka_loss *loss, const struct tenka_py_call *call)
{
    const struct tenka_py_class *const of = &classes[call->which];
    loss->name = of->name;
    loss->kind = &kinds[call->which];
    for (size_t i = 0; i < of->n_args; i++) {
        const struct tenka_py_arg *const arg = &of->args[i];
        if (strcmp(arg->name, "reduction") == 0)
            loss->reduction = (enum reduction)call->arg[i][0];
        else if (arg->kind == TENKA_PY_ARG_REAL)
            loss->parameter = call->arg[i][0];
        else if (arg->kind == TENKA_PY_ARG_WHOLE) {
            loss->ignore_index = (int32_t)call->arg[i][0];
            loss->ignores = call->given[i];
        }
    }
}

tenka_status tenka_loss_parse(tenka_ctx *ctx, const char *text, tenka_loss **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_py_call call;
    if (text == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "loss_parse: text is NULL");
    TENKA_TRY(tenka_py_read_call(err, "loss", text, classes, N_CLASSES, &call));
    *out = tenka_alloc(sizeof(**out));
    if (*out == NULL)
        return tenka_fail_nomem(err);
    (*out)->ctx = ctx;
    fill(*out, &call);
    return TENKA_OK;
}

void tenka_loss_destroy(tenka_loss **loss)
{
    if (loss == NULL)
        return;
    tenka_free(*loss);
    *loss = NULL;
}

const char *tenka_loss_name(const tenka_loss *loss)
{
    return loss->name;
}

bool tenka_loss_takes_classes(const tenka_loss *loss)
{
    return loss->kind->classes;
}

bool tenka_loss_is_sum(const tenka_loss *loss)
{
    return loss->reduction == SUM;
}

int32_t tenka_loss_ignore_index(const tenka_loss *loss)
{
    return loss->ignore_index;
}

void tenka_loss_set_ignoring(tenka_loss *loss, bool ignores)
{
    loss->ignores = ignores;
}

/* ---- Using them ---- */

static bool fits_classes(const struct tenka_shape *output, const struct tenka_shape *target)
{
    bool fits = output->rank >= 2 && target->rank == output->rank - 1 && output->dim[0] == target->dim[0];
    for (uint32_t i = 2; i < output->rank && fits; i++)
        fits = output->dim[i] == target->dim[i - 1];
    return fits;
}

tenka_status tenka_loss_check(const tenka_loss *loss, struct tenka_shape output, enum tenka_dtype dtype,
                              struct tenka_shape target)
{
    struct tenka_error *const err = tenka_ctx_error(loss->ctx);
    char here[TENKA_SHAPE_TEXT], there[TENKA_SHAPE_TEXT];
    const bool classes_wanted = loss->kind->classes;
    if (classes_wanted != (dtype == TENKA_I32))
        return tenka_fail(err, TENKA_E_SHAPE, "%s takes targets that are %s, but these are %s: %s", loss->name,
                          classes_wanted ? "classes, whole numbers" : "floats",
                          dtype == TENKA_I32 ? "whole numbers" : "floats",
                          classes_wanted ? "save them with .astype(\"int64\"), or take another loss, such as MSELoss()"
                                         : "save them with .astype(\"float32\"), or take CrossEntropyLoss()");
    if (classes_wanted ? fits_classes(&output, &target) : tenka_shape_equal(&output, &target))
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_SHAPE, "%s: the output has the shape %s, but the targets have %s: expected %s",
                      loss->name, tenka_shape_text(&output, here), tenka_shape_text(&target, there),
                      classes_wanted ? "[N, C, ...] and [N, ...]" : "two of one shape");
}

tenka_tensor tenka_loss_of(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    if (!tenka_tensor_valid(output) || !tenka_tensor_valid(target))
        return tenka_tensor_valid(output) ? target : output;
    const tenka_status status =
        tenka_loss_check(loss, tenka_tensor_shape(output), tenka_tensor_dtype(target), tenka_tensor_shape(target));
    if (status != TENKA_OK) {
        const struct tenka_error why = *tenka_ctx_error(loss->ctx);
        return tenka_trace_fail(loss->ctx, status, "%s", why.text);
    }
    return loss->kind->of(loss, output, target);
}
