/* Functions that torchvision's networks have for themselves: the attention of windows of Swin Transformers. */
#include <math.h>
#include <stdio.h>

#include "nn/graph.h"

/* ---- Relative positions ---- */

static bool run_position_bias(const struct tenka_function_call *call, struct tenka_value *result)
{
    int64_t window[2];
    size_t n;
    tenka_tensor table, index;
    if (!tenka_function_tensor(call, 0, &table) || !tenka_function_tensor(call, 1, &index) ||
        !tenka_function_integers(call, 2, window, 2, &n))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(table), places = tenka_tensor_shape(index);
    const uint64_t count = tenka_shape_count(&places);
    const uint32_t size = (uint32_t)sqrt((double)count);
    if (n != 2 || shape.rank != 2 || window[0] < 1 || window[1] < 1 || window[0] > size || window[1] > size ||
        window[0] * window[1] != size || (uint64_t)size * size != count)
        return tenka_function_fail(call, "_get_relative_position_bias: the table, the index and the window do not fit");
    const tenka_tensor rows = tenka_gather(table, tenka_reshape(index, tenka_shape_of((uint32_t)count)));
    const tenka_tensor bias =
        tenka_permute(tenka_reshape(rows, tenka_shape_of(size, size, shape.dim[1])), (const uint32_t[]){2, 0, 1});
    return tenka_function_give(result, tenka_reshape(bias, tenka_shape_of(1, shape.dim[1], size, size)));
}

/* ---- Patches ---- */

/* x [..., H, W, C], H and W filled up to be even: of each 2 x 2 the channels, column by column. */
static bool run_patch_merging(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x))
        return false;
    struct tenka_shape s = tenka_tensor_shape(x);
    if (s.rank != 4)
        return tenka_function_fail(call, "_patch_merging_pad: a tensor [N, H, W, C] is expected");
    if (s.dim[1] % 2 != 0 || s.dim[2] % 2 != 0)
        x = tenka_pad(x, (const int32_t[]){0, 0, 0, (int32_t)(s.dim[2] % 2), 0, (int32_t)(s.dim[1] % 2)}, 6,
                      TENKA_PAD_CONSTANT, 0);
    const uint32_t h = s.dim[1] / 2 + s.dim[1] % 2, w = s.dim[2] / 2 + s.dim[2] % 2;
    const tenka_tensor apart = tenka_permute(tenka_reshape(x, tenka_shape_of(s.dim[0], h, 2, w, 2, s.dim[3])),
                                             (const uint32_t[]){0, 1, 3, 4, 2, 5});
    return tenka_function_give(result, tenka_reshape(apart, tenka_shape_of(s.dim[0], h, w, 4 * s.dim[3])));
}

/* ---- Attention in windows ---- */

enum {
    INPUT,
    QKV_WEIGHT,
    PROJ_WEIGHT,
    POSITION_BIAS,
    WINDOW,
    HEADS,
    SHIFT,
    ATTENTION_DROPOUT,
    DROPOUT,
    QKV_BIAS,
    PROJ_BIAS,
    LOGIT_SCALE
};

/* Images [n, rows * window[0], columns * window[1], c] cut into windows, which were shifted. */
struct windows {
    uint32_t n, rows, columns, c, heads;
    uint32_t window[2], shift[2];
};

static uint32_t size_of(const struct windows *w)
{
    return w->window[0] * w->window[1];
}

static bool is_shifted(const struct windows *w)
{
    return w->shift[0] + w->shift[1] > 0;
}

static bool read_pair(const struct tenka_function_call *call, size_t arg, uint32_t least, uint32_t out[2])
{
    int64_t pair[2];
    size_t n;
    if (!tenka_function_integers(call, arg, pair, 2, &n))
        return false;
    for (size_t i = 0; i < 2; i++) {
        if (n != 2 || pair[i] < least || pair[i] > 4096)
            return tenka_function_fail(call, "shifted_window_attention: two sizes from %u to 4096 are expected", least);
        out[i] = (uint32_t)pair[i];
    }
    return true;
}

static bool is_zero(const struct tenka_value *v)
{
    return (v->kind == TENKA_VALUE_FLOAT && v->number == 0) || (v->kind == TENKA_VALUE_INT && v->integer == 0);
}

static bool read_windows(const struct tenka_function_call *call, tenka_tensor x, struct windows *w)
{
    const struct tenka_shape s = tenka_tensor_shape(x);
    const int64_t heads = call->arg[HEADS].integer;
    if (!read_pair(call, WINDOW, 1, w->window) || !read_pair(call, SHIFT, 0, w->shift))
        return false;
    if (s.rank != 4 || call->arg[HEADS].kind != TENKA_VALUE_INT || heads < 1 || heads > s.dim[3] ||
        s.dim[3] % heads != 0)
        return tenka_function_fail(call, "shifted_window_attention: a tensor [N, H, W, C] is expected, C a multiple of "
                                         "num_heads");
    if (!is_zero(&call->arg[ATTENTION_DROPOUT]) || !is_zero(&call->arg[DROPOUT]))
        return tenka_function_fail(call, "shifted_window_attention: dropout other than 0.0 is not known");
    w->n = s.dim[0], w->c = s.dim[3], w->heads = (uint32_t)heads;
    w->rows = (s.dim[1] + w->window[0] - 1) / w->window[0];
    w->columns = (s.dim[2] + w->window[1] - 1) / w->window[1];
    for (size_t i = 0; i < 2; i++) /* one window is not shifted */
        if ((i == 0 ? w->rows : w->columns) == 1)
            w->shift[i] = 0;
        else if (w->shift[i] >= w->window[i])
            return tenka_function_fail(call, "shifted_window_attention: the shift is as large as the window");
    return true;
}

/* Which of the regions that a shift makes of an axis a place is in: the windows but the last, and both of its parts. */
static uint32_t region_of(uint32_t at, uint32_t size, uint32_t window, uint32_t shift)
{
    return at < size - window ? 0 : at < size - shift ? 1 : 2;
}

/* What keeps the places of a window apart that were not neighbours before the shift: [windows, 1, size, size]. Places of
 * an axis without a shift are all in its last region, or in the others by whole windows. */
static tenka_tensor shift_mask(const struct tenka_function_call *call, const struct windows *w)
{
    const uint32_t size = size_of(w), count = w->rows * w->columns;
    float *const mask = tenka_arena_alloc(call->arena, (size_t)count * size * size * sizeof(*mask));
    uint32_t *const region = tenka_arena_alloc(call->arena, size * sizeof(*region));
    if (mask == NULL || region == NULL)
        return tenka_trace_fail(call->ctx, TENKA_E_NOMEM, "out of memory for the mask of shifted windows");
    for (uint32_t k = 0; k < count; k++) {
        for (uint32_t i = 0; i < size; i++) {
            const uint32_t row = k / w->columns * w->window[0] + i / w->window[1];
            const uint32_t column = k % w->columns * w->window[1] + i % w->window[1];
            region[i] = 3 * region_of(row, w->rows * w->window[0], w->window[0], w->shift[0]) +
                        region_of(column, w->columns * w->window[1], w->window[1], w->shift[1]);
        }
        for (uint32_t i = 0; i < size * size; i++)
            mask[(size_t)k * size * size + i] = region[i / size] == region[i % size] ? 0 : -100;
    }
    return tenka_input(call->ctx, TENKA_F32, tenka_shape_of(count, 1, size, size), mask);
}

/* [n, H, W, C] as [windows of all images, size, C], and back. */
static tenka_tensor cut(tenka_tensor x, const struct windows *w)
{
    const struct tenka_shape six = tenka_shape_of(w->n, w->rows, w->window[0], w->columns, w->window[1], w->c);
    const tenka_tensor windows = tenka_permute(tenka_reshape(x, six), (const uint32_t[]){0, 1, 3, 2, 4, 5});
    return tenka_reshape(windows, tenka_shape_of(w->n * w->rows * w->columns, size_of(w), w->c));
}

static tenka_tensor put_together(tenka_tensor x, const struct windows *w)
{
    const struct tenka_shape six = tenka_shape_of(w->n, w->rows, w->columns, w->window[0], w->window[1], w->c);
    const tenka_tensor images = tenka_permute(tenka_reshape(x, six), (const uint32_t[]){0, 1, 3, 2, 4, 5});
    return tenka_reshape(images, tenka_shape_of(w->n, w->rows * w->window[0], w->columns * w->window[1], w->c));
}

static tenka_tensor roll(tenka_tensor x, const struct windows *w, int64_t sign)
{
    for (uint32_t axis = 0; axis < 2 && is_shifted(w); axis++)
        x = tenka_function_roll(x, 1 + axis, sign * w->shift[axis]);
    return x;
}

/* Cosine attention has no bias of keys. */
static tenka_tensor bias_without_keys(tenka_tensor bias)
{
    const uint32_t length = tenka_tensor_shape(bias).dim[0] / 3;
    const float zero = 0;
    const tenka_tensor none =
        tenka_expand(tenka_input(bias.ctx, TENKA_F32, tenka_shape_of(1), &zero), tenka_shape_of(length));
    const tenka_tensor parts[] = {tenka_slice(bias, 0, 0, length), none, tenka_slice(bias, 0, 2 * length, 3 * length)};
    return tenka_concat(parts, 3, 0);
}

/* q, k or v of qkv [3, windows, heads, size, d] as [n, windows of an image, heads, size, d]. */
static tenka_tensor part_of(tenka_tensor qkv, const struct windows *w, uint32_t part)
{
    return tenka_reshape(tenka_slice(qkv, 0, part, part + 1),
                         tenka_shape_of(w->n, w->rows * w->columns, w->heads, size_of(w), w->c / w->heads));
}

static tenka_tensor attend(const struct tenka_function_call *call, const struct windows *w, tenka_tensor x,
                           tenka_tensor bias)
{
    const struct tenka_value *arg = call->arg;
    const bool cosine = arg[LOGIT_SCALE].kind == TENKA_VALUE_TENSOR, biased = arg[QKV_BIAS].kind == TENKA_VALUE_TENSOR;
    const uint32_t d = w->c / w->heads, count = w->n * w->rows * w->columns;
    tenka_tensor own = biased ? arg[QKV_BIAS].tensor : TENKA_NONE;
    own = cosine && biased ? bias_without_keys(own) : own;
    tenka_tensor qkv = tenka_linear(x, arg[QKV_WEIGHT].tensor, own);
    qkv = tenka_permute(tenka_reshape(qkv, tenka_shape_of(count, size_of(w), 3, w->heads, d)),
                        (const uint32_t[]){2, 0, 3, 1, 4});
    tenka_tensor q = part_of(qkv, w, 0), k = part_of(qkv, w, 1);
    if (cosine) {
        const tenka_tensor scale = tenka_exp(tenka_clamp(arg[LOGIT_SCALE].tensor, -INFINITY, log(100)));
        q = tenka_mul(tenka_function_normalize(q, 4, 1e-12), scale);
        k = tenka_function_normalize(k, 4, 1e-12);
    }
    const tenka_tensor mask = is_shifted(w) ? tenka_add(bias, shift_mask(call, w)) : bias;
    tenka_tensor y = tenka_attention(q, k, part_of(qkv, w, 2), mask, cosine ? 1 : 1 / sqrt((double)d), false);
    y = tenka_permute(tenka_reshape(y, tenka_shape_of(count, w->heads, size_of(w), d)), (const uint32_t[]){0, 2, 1, 3});
    return tenka_linear(tenka_reshape(y, tenka_shape_of(count, size_of(w), w->c)), arg[PROJ_WEIGHT].tensor,
                        arg[PROJ_BIAS].kind == TENKA_VALUE_TENSOR ? arg[PROJ_BIAS].tensor : TENKA_NONE);
}

static bool run_windows(const struct tenka_function_call *call, struct tenka_value *result)
{
    struct windows w;
    tenka_tensor x, bias, weight;
    if (!tenka_function_tensor(call, INPUT, &x) || !tenka_function_tensor(call, QKV_WEIGHT, &weight) ||
        !tenka_function_tensor(call, PROJ_WEIGHT, &weight) || !tenka_function_tensor(call, POSITION_BIAS, &bias) ||
        !read_windows(call, x, &w))
        return false;
    const struct tenka_shape s = tenka_tensor_shape(x), qkv = tenka_tensor_shape(call->arg[QKV_WEIGHT].tensor);
    if (qkv.rank != 2 || qkv.dim[0] != 3 * w.c || qkv.dim[1] != w.c)
        return tenka_function_fail(call, "shifted_window_attention: qkv_weight does not fit %u channels", w.c);
    const int32_t below = (int32_t)(w.rows * w.window[0] - s.dim[1]);
    const int32_t right = (int32_t)(w.columns * w.window[1] - s.dim[2]);
    if (below > 0 || right > 0)
        x = tenka_pad(x, (const int32_t[]){0, 0, 0, right, 0, below}, 6, TENKA_PAD_CONSTANT, 0);
    x = put_together(attend(call, &w, cut(roll(x, &w, -1), &w), bias), &w);
    x = roll(x, &w, 1);
    if (below > 0)
        x = tenka_slice(x, 1, 0, s.dim[1]);
    if (right > 0)
        x = tenka_slice(x, 2, 0, s.dim[2]);
    return tenka_function_give(result, x);
}

#define WINDOWS                                                                                    \
    "input, qkv_weight, proj_weight, relative_position_bias, window_size, num_heads, shift_size, " \
    "attention_dropout=0.0, dropout=0.0, qkv_bias=None, proj_bias=None, logit_scale=None, training=True"

const struct tenka_function tenka_functions_torchvision[] = {
    {"torchvision_models_swin_transformer__get_relative_position_bias",
     "relative_position_bias_table, relative_position_index, window_size", run_position_bias, false},
    {"torchvision_models_swin_transformer__patch_merging_pad", "x", run_patch_merging, false},
    {"torchvision_models_swin_transformer_shifted_window_attention", WINDOWS, run_windows, false},
    {NULL, NULL, NULL, false},
};
