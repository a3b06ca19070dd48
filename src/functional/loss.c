/* Losses as PyTorch's modules of torch.nn have them: compositions of operators, by the text of a call. */
#include "functional/loss.h"

#include <float.h>
#include <math.h>

double tenka_loss_arg(const tenka_loss *loss, const char *name)
{
    for (size_t i = 0; i < loss->of->n_args; i++)
        if (strcmp(loss->of->args[i].name, name) == 0)
            return loss->arg[i];
    return NAN;
}

tenka_tensor tenka_loss_weights_of(const tenka_loss *loss, const struct tenka_loss_weights *weights)
{
    void *room;
    const tenka_tensor result =
        tenka_trace_input_room(loss->ctx, TENKA_F32, tenka_shape_of((uint32_t)weights->count), &room);
    const bool doubles = tenka_ctx_backend(loss->ctx) == TENKA_BACKEND_CPU_F64;
    for (size_t i = 0; tenka_tensor_valid(result) && room != NULL && i < weights->count; i++) {
        if (doubles)
            ((double *)room)[i] = weights->value[i];
        else
            ((float *)room)[i] = (float)weights->value[i];
    }
    return result;
}

tenka_tensor tenka_loss_number(const tenka_loss *loss, double number)
{
    const struct tenka_loss_weights one = {.value = &number, .count = 1};
    return tenka_loss_weights_of(loss, &one);
}

tenka_tensor tenka_loss_reduce(const tenka_loss *loss, tenka_tensor each)
{
    if (loss->reduction == TENKA_LOSS_MEAN)
        return tenka_mean(each, TENKA_ALL_AXES, false);
    const tenka_tensor sum = tenka_sum(each, TENKA_ALL_AXES, false);
    const struct tenka_shape shape = tenka_tensor_shape(each);
    return loss->reduction == TENKA_LOSS_SUM || shape.rank == 0 ? sum : tenka_scale(sum, 1.0 / shape.dim[0]);
}

tenka_tensor tenka_loss_reduce_weighted(const tenka_loss *loss, tenka_tensor each)
{
    if (loss->weight.value != NULL)
        each = tenka_mul(each, tenka_loss_weights_of(loss, &loss->weight));
    return tenka_loss_reduce(loss, each);
}

/* ---- The classes of losses ---- */

/* What older versions had in place of reduction. */
#define OLD(name)                                                          \
    {                                                                      \
        name, TENKA_PY_ARG_ANY, TENKA_PY_ARG_FIXED, {NAN, NAN}, 0, 0, NULL \
    }
/* Numbers of any count, also as torch.tensor([...]). */
#define WEIGHTS(name)                                      \
    {                                                      \
        name, TENKA_PY_ARG_TREE, 0, {NAN, NAN}, 0, 0, NULL \
    }
#define REDUCTION                                                                 \
    {                                                                             \
        "reduction", TENKA_PY_ARG_WORD, 0, {TENKA_LOSS_MEAN, 0}, 0, 0, "mean|sum" \
    }
#define BATCH_REDUCTION                                                                     \
    {                                                                                       \
        "reduction", TENKA_PY_ARG_WORD, 0, {TENKA_LOSS_MEAN, 0}, 0, 0, "mean|sum|batchmean" \
    }
#define REAL(name, fallback, least, most)                            \
    {                                                                \
        name, TENKA_PY_ARG_REAL, 0, {fallback, 0}, least, most, NULL \
    }
#define WHOLE(name, fallback, least, most)                            \
    {                                                                 \
        name, TENKA_PY_ARG_WHOLE, 0, {fallback, 0}, least, most, NULL \
    }
#define FLAG(name, fallback)                                  \
    {                                                         \
        name, TENKA_PY_ARG_FLAG, 0, {fallback, 0}, 0, 1, NULL \
    }
#define IGNORE WHOLE("ignore_index", -100, INT32_MIN, INT32_MAX)
#define AGED OLD("size_average"), OLD("reduce")

static const struct tenka_py_arg cross_entropy_args[] = {
    WEIGHTS("weight"), OLD("size_average"), IGNORE, OLD("reduce"), REDUCTION, REAL("label_smoothing", 0, 0, 1),
};
static const struct tenka_py_arg nll_args[] = {
    WEIGHTS("weight"), OLD("size_average"), IGNORE, OLD("reduce"), REDUCTION,
};
static const struct tenka_py_arg plain_args[] = {AGED, REDUCTION};
static const struct tenka_py_arg smooth_l1_args[] = {AGED, REDUCTION, REAL("beta", 1, 0, DBL_MAX)};
static const struct tenka_py_arg huber_args[] = {REDUCTION, REAL("delta", 1, DBL_MIN, DBL_MAX)};
static const struct tenka_py_arg weighted_args[] = {WEIGHTS("weight"), AGED, REDUCTION};
static const struct tenka_py_arg bce_with_logits_args[] = {
    WEIGHTS("weight"),
    AGED,
    REDUCTION,
    WEIGHTS("pos_weight"),
};
static const struct tenka_py_arg kl_div_args[] = {AGED, BATCH_REDUCTION, FLAG("log_target", 0)};
static const struct tenka_py_arg poisson_nll_args[] = {
    FLAG("log_input", 1), FLAG("full", 0), OLD("size_average"), REAL("eps", 1e-8, DBL_MIN, DBL_MAX),
    OLD("reduce"),        REDUCTION,
};
static const struct tenka_py_arg gaussian_nll_args[] = {
    {"full", TENKA_PY_ARG_FLAG, TENKA_PY_ARG_KEYWORD, {0, 0}, 0, 1, NULL},
    REAL("eps", 1e-6, DBL_MIN, DBL_MAX),
    REDUCTION,
};
static const struct tenka_py_arg hinge_args[] = {REAL("margin", 1, -DBL_MAX, DBL_MAX), AGED, REDUCTION};
static const struct tenka_py_arg multi_margin_args[] = {
    WHOLE("p", 1, 1, 2), REAL("margin", 1, -DBL_MAX, DBL_MAX), WEIGHTS("weight"), AGED, REDUCTION,
};
static const struct tenka_py_arg pair_args[] = {REAL("margin", 0, -DBL_MAX, DBL_MAX), AGED, REDUCTION};
static const struct tenka_py_arg triplet_args[] = {
    REAL("margin", 1, DBL_MIN, DBL_MAX),
    REAL("p", 2, DBL_MIN, DBL_MAX),
    REAL("eps", 1e-6, 0, DBL_MAX),
    FLAG("swap", 0),
    AGED,
    REDUCTION,
};

/* A class with its function; name, arguments, targets, outputs that it takes. */
#define LOSSES                                                                    \
    LOSS(CrossEntropyLoss, cross_entropy, cross_entropy, CLASSES_OR_SHARES, 1)    \
    LOSS(NLLLoss, nll, nll, CLASSES, 1)                                           \
    LOSS(MSELoss, plain, mse, NUMBERS, 1)                                         \
    LOSS(L1Loss, plain, l1, NUMBERS, 1)                                           \
    LOSS(SmoothL1Loss, smooth_l1, smooth_l1, NUMBERS, 1)                          \
    LOSS(HuberLoss, huber, huber, NUMBERS, 1)                                     \
    LOSS(BCELoss, weighted, bce, NUMBERS, 1)                                      \
    LOSS(BCEWithLogitsLoss, bce_with_logits, bce_with_logits, NUMBERS, 1)         \
    LOSS(KLDivLoss, kl_div, kl_div, NUMBERS, 1)                                   \
    LOSS(PoissonNLLLoss, poisson_nll, poisson_nll, NUMBERS, 1)                    \
    LOSS(GaussianNLLLoss, gaussian_nll, gaussian_nll, NUMBERS, 2)                 \
    LOSS(SoftMarginLoss, plain, soft_margin, NUMBERS, 1)                          \
    LOSS(HingeEmbeddingLoss, hinge, hinge_embedding, NUMBERS, 1)                  \
    LOSS(MultiLabelSoftMarginLoss, weighted, multi_label_soft_margin, NUMBERS, 1) \
    LOSS(MultiMarginLoss, multi_margin, multi_margin, CLASSES, 1)                 \
    LOSS(CosineEmbeddingLoss, pair, cosine_embedding, SIGNS, 2)                   \
    LOSS(MarginRankingLoss, pair, margin_ranking, NUMBERS, 2)                     \
    LOSS(TripletMarginLoss, triplet, triplet_margin, NO_TARGETS, 3)

#define LOSS(name, args, function, targets, inputs) \
    {#name, args##_args, sizeof(args##_args) / sizeof(args##_args[0]), 0},
static const struct tenka_py_class classes[] = {LOSSES};
#undef LOSS
#define LOSS(name, args, function, targets, inputs) {TENKA_LOSS_##targets, inputs, tenka_loss_##function},
static const struct tenka_loss_kind kinds[] = {LOSSES};
#undef LOSS

/* ---- Reading them ---- */

/* The list within a call such as torch.tensor([0.5, 2.0]), or the list itself. */
static const struct tenka_py *list_of(const struct tenka_py *e)
{
    const bool call = e->kind == TENKA_PY_CALL &&
                      (e->child->kind == TENKA_PY_NAME || e->child->kind == TENKA_PY_ATTRIBUTE);
    if (call && e->child->next != NULL &&
        (strcmp(e->child->word, "tensor") == 0 || strcmp(e->child->word, "FloatTensor") == 0))
        e = e->child->next;
    return e->kind == TENKA_PY_LIST || e->kind == TENKA_PY_TUPLE ? e : NULL;
}

static tenka_status read_weights(const struct tenka_py_reader *r, const struct tenka_py *e, const char *name,
                                 struct tenka_loss_weights *out)
{
    const struct tenka_py *const list = list_of(e);
    const size_t count = list != NULL ? tenka_py_count(list->child) : 0;
    if (count == 0)
        return tenka_py_fail(r, e->at, "%s: numbers are expected, such as [1.0, 2.5], or torch.tensor([1.0, 2.5])",
                             name);
    out->value = tenka_alloc_array(count, sizeof(*out->value));
    if (out->value == NULL)
        return tenka_fail_nomem(r->err);
    for (const struct tenka_py *each = list->child; each != NULL; each = each->next) {
        double *const value = &out->value[out->count++];
        if (!tenka_py_evaluate(each, value) || !isfinite(*value) || *value < 0)
            return tenka_py_fail(r, each->at, "%s: a number of at least 0 is expected", name);
    }
    return TENKA_OK;
}

/* Puts what the call says where it belongs. */
static tenka_status fill(tenka_loss *loss, const struct tenka_py_reader *r, const struct tenka_py_call *call)
{
    loss->of = &classes[call->which];
    loss->kind = &kinds[call->which];
    loss->ignore_index = -100;
    for (size_t i = 0; i < loss->of->n_args; i++) {
        const struct tenka_py_arg *const arg = &loss->of->args[i];
        loss->arg[i] = call->arg[i][0];
        if (strcmp(arg->name, "reduction") == 0)
            loss->reduction = (enum tenka_loss_reduction)call->arg[i][0];
        else if (strcmp(arg->name, "ignore_index") == 0) {
            loss->ignore_index = (int32_t)call->arg[i][0];
            loss->ignores = call->given[i];
        } else if (arg->kind == TENKA_PY_ARG_TREE && call->tree[i] != NULL && call->tree[i]->kind != TENKA_PY_NONE) {
            const bool positive = strcmp(arg->name, "pos_weight") == 0;
            TENKA_TRY(read_weights(r, call->tree[i], arg->name, positive ? &loss->pos_weight : &loss->weight));
        }
    }
    return TENKA_OK;
}

static tenka_status read_loss(tenka_loss *loss, struct tenka_py_reader *r)
{
    struct tenka_py_call call;
    const struct tenka_py *e;
    TENKA_TRY(tenka_py_read_whole(r, &e));
    TENKA_TRY(tenka_py_take_call(r, e, classes, sizeof(classes) / sizeof(classes[0]), &call));
    return fill(loss, r, &call);
}

tenka_status tenka_loss_parse(tenka_ctx *ctx, const char *text, tenka_loss **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_arena arena = {0};
    struct tenka_py_reader r = {.err = err, .what = "loss", .text = text, .at = text, .arena = &arena};
    if (text == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "loss_parse: text is NULL");
    tenka_loss *loss = tenka_alloc(sizeof(*loss));
    if (loss == NULL)
        return tenka_fail_nomem(err);
    loss->ctx = ctx;
    const tenka_status status = read_loss(loss, &r);
    tenka_arena_finish(&arena);
    if (status == TENKA_OK)
        *out = loss;
    else
        tenka_loss_destroy(&loss);
    return status;
}

void tenka_loss_destroy(tenka_loss **loss)
{
    if (loss == NULL || *loss == NULL)
        return;
    tenka_free((*loss)->weight.value);
    tenka_free((*loss)->pos_weight.value);
    tenka_free(*loss);
    *loss = NULL;
}

const char *tenka_loss_name(const tenka_loss *loss)
{
    return loss->of->name;
}

bool tenka_loss_takes_classes(const tenka_loss *loss)
{
    return loss->kind->targets == TENKA_LOSS_CLASSES || loss->kind->targets == TENKA_LOSS_CLASSES_OR_SHARES;
}

size_t tenka_loss_inputs(const tenka_loss *loss)
{
    return loss->kind->inputs;
}

bool tenka_loss_is_sum(const tenka_loss *loss)
{
    return loss->reduction == TENKA_LOSS_SUM;
}

int32_t tenka_loss_ignore_index(const tenka_loss *loss)
{
    return loss->ignore_index;
}

void tenka_loss_set_ignoring(tenka_loss *loss, bool ignores)
{
    loss->ignores = ignores;
}

tenka_status tenka_loss_set_class_weights(tenka_loss *loss, const double *weight, size_t count)
{
    struct tenka_error *const err = tenka_ctx_error(loss->ctx);
    bool good = tenka_loss_takes_classes(loss) && weight != NULL && count > 0;
    for (size_t i = 0; i < count && good; i++)
        good = isfinite(weight[i]) && weight[i] >= 0;
    if (!good)
        return tenka_fail(err, TENKA_E_INVALID, "%s: %s", loss->of->name,
                          tenka_loss_takes_classes(loss) ? "weights are finite numbers of at least 0"
                                                         : "it takes no classes, which could have weights");
    double *const copy = tenka_alloc_array(count, sizeof(copy[0]));
    if (copy == NULL)
        return tenka_fail_nomem(err);
    memcpy(copy, weight, count * sizeof(copy[0]));
    tenka_free(loss->weight.value);
    loss->weight = (struct tenka_loss_weights){.value = copy, .count = count};
    return TENKA_OK;
}

bool tenka_loss_has_weights(const tenka_loss *loss)
{
    return loss->weight.value != NULL || loss->pos_weight.value != NULL;
}

void tenka_loss_set_others(tenka_loss *loss, double weight)
{
    loss->others = weight;
}

double tenka_loss_others(const tenka_loss *loss)
{
    return loss->others;
}

/* ---- Using them ---- */

static bool fits_classes(const struct tenka_shape *output, const struct tenka_shape *target)
{
    bool fits = output->rank >= 2 && target->rank == output->rank - 1 && output->dim[0] == target->dim[0];
    for (uint32_t i = 2; i < output->rank && fits; i++)
        fits = output->dim[i] == target->dim[i - 1];
    return fits;
}

static tenka_status fail_dtype(const tenka_loss *loss, bool classes_wanted)
{
    return tenka_fail(tenka_ctx_error(loss->ctx), TENKA_E_SHAPE, "%s takes targets that are %s, but these are %s: %s",
                      loss->of->name, classes_wanted ? "classes, whole numbers" : "floats",
                      classes_wanted ? "floats" : "whole numbers",
                      classes_wanted ? "save them with .astype(\"int64\"), or take another loss, such as MSELoss()"
                                     : "save them with .astype(\"float32\"), or take CrossEntropyLoss()");
}

/* The weights must be as many as the classes, or as the last axis. */
static tenka_status check_weights(const tenka_loss *loss, const struct tenka_shape *output)
{
    const bool classes_wanted = tenka_loss_takes_classes(loss);
    const uint32_t wanted = classes_wanted ? output->dim[1] : output->rank == 0 ? 1 : output->dim[output->rank - 1];
    const struct tenka_loss_weights *const each[] = {&loss->weight, &loss->pos_weight};
    for (int i = 0; i < 2; i++) {
        if (each[i]->value == NULL || each[i]->count == wanted || (!classes_wanted && each[i]->count == 1))
            continue;
        return tenka_fail(tenka_ctx_error(loss->ctx), TENKA_E_SHAPE, "%s: %s has %zu numbers, but the output has %u %s",
                          loss->of->name, i == 0 ? "weight" : "pos_weight", each[i]->count, wanted,
                          classes_wanted ? "classes" : "in its last axis");
    }
    return TENKA_OK;
}

tenka_status tenka_loss_check(const tenka_loss *loss, struct tenka_shape output, enum tenka_dtype dtype,
                              struct tenka_shape target)
{
    struct tenka_error *const err = tenka_ctx_error(loss->ctx);
    const enum tenka_loss_targets targets = loss->kind->targets;
    char here[TENKA_SHAPE_TEXT], there[TENKA_SHAPE_TEXT];
    const bool whole = dtype == TENKA_I32, either = targets == TENKA_LOSS_CLASSES_OR_SHARES;
    const bool classes_wanted = targets == TENKA_LOSS_CLASSES || (either && whole);
    if (targets == TENKA_LOSS_NO_TARGETS)
        return TENKA_OK;
    const bool shares = either && !whole && output.rank == target.rank;
    if (classes_wanted != whole || (either && !whole && !shares))
        return fail_dtype(loss, tenka_loss_takes_classes(loss));
    const bool fits = classes_wanted ? fits_classes(&output, &target)
                      : targets == TENKA_LOSS_SIGNS
                          ? output.rank == 2 && target.rank == 1 && output.dim[0] == target.dim[0]
                          : tenka_shape_equal(&output, &target);
    if (!fits || ((either || targets == TENKA_LOSS_CLASSES) && output.rank < 2))
        return tenka_fail(err, TENKA_E_SHAPE, "%s: the output has the shape %s, but the targets have %s: expected %s",
                          loss->of->name, tenka_shape_text(&output, here), tenka_shape_text(&target, there),
                          classes_wanted                ? "[N, C, ...] and [N, ...]"
                          : targets == TENKA_LOSS_SIGNS ? "[N, D] and [N]"
                                                        : "two of one shape");
    return check_weights(loss, &output);
}

/* Outputs that are compared with each other have one shape. */
static tenka_status check_inputs(const tenka_loss *loss, const tenka_tensor *x)
{
    struct tenka_error *const err = tenka_ctx_error(loss->ctx);
    const struct tenka_shape first = tenka_tensor_shape(x[0]);
    for (size_t i = 1; i < loss->kind->inputs; i++) {
        const struct tenka_shape shape = tenka_tensor_shape(x[i]);
        char here[TENKA_SHAPE_TEXT], there[TENKA_SHAPE_TEXT];
        if (!tenka_shape_equal(&first, &shape))
            return tenka_fail(err, TENKA_E_SHAPE, "%s: the outputs have the shapes %s and %s: expected one",
                              loss->of->name, tenka_shape_text(&first, here), tenka_shape_text(&shape, there));
    }
    if (loss->kind->targets == TENKA_LOSS_NO_TARGETS && first.rank < 1)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: outputs of [N, D] or [D] are expected", loss->of->name);
    return TENKA_OK;
}

/* Of as many outputs as the loss takes. */
static tenka_tensor loss_of(const tenka_loss *loss, const tenka_tensor *x, tenka_tensor target)
{
    const bool targets = loss->kind->targets != TENKA_LOSS_NO_TARGETS;
    for (size_t i = 0; i < loss->kind->inputs; i++)
        if (!tenka_tensor_valid(x[i]))
            return x[i];
    if (targets && !tenka_tensor_valid(target))
        return target;
    tenka_status status = check_inputs(loss, x);
    if (status == TENKA_OK && targets)
        status =
            tenka_loss_check(loss, tenka_tensor_shape(x[0]), tenka_tensor_dtype(target), tenka_tensor_shape(target));
    if (status != TENKA_OK) {
        const struct tenka_error why = *tenka_ctx_error(loss->ctx);
        return tenka_trace_fail(loss->ctx, status, "%s", why.text);
    }
    return loss->kind->of(loss, x, target);
}

tenka_tensor tenka_loss_of_n(const tenka_loss *loss, const tenka_tensor *outputs, size_t n, tenka_tensor target)
{
    const size_t taken = loss->kind->inputs;
    if (n < taken)
        return tenka_trace_fail(loss->ctx, TENKA_E_INVALID, "%s takes %zu outputs of the network, but it has %zu",
                                loss->of->name, taken, n);
    tenka_tensor sum = loss_of(loss, outputs, target);
    for (size_t i = taken; loss->others != 0 && i + taken <= n; i += taken)
        sum = tenka_add(sum, tenka_scale(loss_of(loss, outputs + i, target), loss->others));
    return sum;
}

tenka_tensor tenka_loss_of(const tenka_loss *loss, tenka_tensor output, tenka_tensor target)
{
    return tenka_loss_of_n(loss, &output, 1, target);
}
