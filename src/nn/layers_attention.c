/* MultiheadAttention, as print(model) shows it when it is told to show its heads. */
#include <math.h>

#include "nn/graph.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- NonDynamicallyQuantizableLinear: PyTorch's class of a MultiheadAttention's last Linear ---- */

enum { IN, OUT, LINEAR_BIAS };

static const struct tenka_layer_arg linear_args[] = {
    [IN] = {"in_features", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
    [OUT] = {"out_features", TENKA_ARG_INT, TENKA_ARG_REQUIRED, 0, 1, INT32_MAX, NULL},
    [LINEAR_BIAS] = {"bias", TENKA_ARG_BOOL, 0, 1, 0, 1, NULL},
};

/* With the three weights of the same size that its attention has. */
static uint64_t linear_elements(const struct tenka_layer_values *v)
{
    return tenka_product(4, tenka_product(tenka_arg_u32(v, IN, 0), tenka_arg_u32(v, OUT, 0)));
}

/* Drawn as a Linear; then its attention sets the bias to zeros. */
static tenka_status linear_init(tenka_module *m)
{
    const uint32_t in = tenka_arg_u32(&m->values, IN, 0), out = tenka_arg_u32(&m->values, OUT, 0);
    const struct tenka_shape bias = tenka_shape_of(out);
    const size_t before = m->n_state;
    TENKA_TRY(tenka_layer_draw(m, tenka_shape_of(out, in), in, out, tenka_arg_is(&m->values, LINEAR_BIAS)));
    if (!tenka_arg_is(&m->values, LINEAR_BIAS))
        return TENKA_OK;
    tenka_layer_drop_state(m, before + 1);
    return tenka_layer_add_equal(m, "bias", bias, 0, true);
}

static tenka_tensor linear_forward(tenka_module *m, tenka_tensor x)
{
    return tenka_linear(x, tenka_layer_value(m, "weight"), tenka_layer_value(m, "bias"));
}

const struct tenka_layer_type tenka_layer_attention_linear = {
    .name = "NonDynamicallyQuantizableLinear",
    .args = linear_args,
    .n_args = COUNT(linear_args),
    .elements = linear_elements,
    .init = linear_init,
    .forward = linear_forward,
};

/* ---- MultiheadAttention ---- */

enum { EMBED, HEADS, DROPOUT, BIAS, BIAS_KV, ZERO, KDIM, VDIM, BATCH_FIRST };

static const struct tenka_layer_arg attention_args[] = {
    [EMBED] = {"embed_dim", TENKA_ARG_INT, TENKA_ARG_UNSEEN, 0, 0, INT32_MAX, NULL},
    [HEADS] = {"num_heads", TENKA_ARG_INT, 0, 0, 0, INT32_MAX, NULL},
    [DROPOUT] = {"dropout", TENKA_ARG_FLOAT, 0, 0, 0, 1, NULL},
    [BIAS] = {"bias", TENKA_ARG_BOOL, TENKA_ARG_UNSEEN, 1, 0, 1, NULL},
    [BIAS_KV] = {"add_bias_kv", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 0, 0, 1, NULL},
    [ZERO] = {"add_zero_attn", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 0, 0, 1, NULL},
    [KDIM] = {"kdim", TENKA_ARG_INT, TENKA_ARG_NONE | TENKA_ARG_FIXED, NAN, 1, INT32_MAX, NULL},
    [VDIM] = {"vdim", TENKA_ARG_INT, TENKA_ARG_NONE | TENKA_ARG_FIXED, NAN, 1, INT32_MAX, NULL},
    [BATCH_FIRST] = {"batch_first", TENKA_ARG_BOOL, 0, 0, 0, 1, NULL},
};

/* print(model) shows neither how many heads there are nor which axis is the batch. */
static tenka_status attention_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    if (tenka_arg_u32(v, HEADS, 0) != 0)
        return TENKA_OK;
    return tenka_fail(err, TENKA_E_INVALID,
                      "MultiheadAttention: print does not show num_heads and batch_first; before printing say "
                      "torch.nn.MultiheadAttention.extra_repr = lambda m: f'num_heads={m.num_heads}, "
                      "dropout={m.dropout}, batch_first={m.batch_first}', or write them behind the parenthesis");
}

/* The last Linear, which the text of a network shows; else it is made here. */
static tenka_status out_proj(tenka_module *m, tenka_module **out)
{
    struct tenka_layer_values values = {0};
    *out = m->n_children > 0 ? m->children[0] : NULL;
    if (*out != NULL)
        return TENKA_OK;
    values.arg[IN] = values.arg[OUT] = tenka_arg_of(tenka_arg_u32(&m->values, EMBED, 0));
    values.arg[LINEAR_BIAS] = tenka_arg_of(tenka_arg_is(&m->values, BIAS));
    TENKA_TRY(tenka_layer_make(m->ctx, &tenka_layer_attention_linear, &values, out));
    return tenka_nn_append(m, "out_proj", *out);
}

/* The numbers are drawn in PyTorch's order: those of out_proj come first. */
static tenka_status attention_complete(tenka_module *m)
{
    struct tenka_error *const err = tenka_ctx_error(m->ctx);
    const uint32_t given = tenka_arg_u32(&m->values, EMBED, 0), heads = tenka_arg_u32(&m->values, HEADS, 0);
    tenka_module *last;
    if (m->n_children == 0 && given == 0)
        return tenka_fail(err, TENKA_E_INVALID, "MultiheadAttention: embed_dim or out_proj is missing");
    TENKA_TRY(out_proj(m, &last));
    if (m->n_children != 1 || last->type != &tenka_layer_attention_linear || strcmp(last->name, "out_proj") != 0)
        return tenka_fail(err, TENKA_E_INVALID,
                          "MultiheadAttention: its only child must be out_proj, a NonDynamicallyQuantizableLinear");
    const uint32_t e = tenka_arg_u32(&last->values, IN, 0);
    if (tenka_arg_u32(&last->values, OUT, 0) != e || (given != 0 && given != e) || e % heads != 0 || e > INT32_MAX / 3)
        return tenka_fail(err, TENKA_E_INVALID,
                          "MultiheadAttention: embed_dim (%u) must be in_features and out_features of out_proj, and a "
                          "multiple of num_heads (%u)",
                          given != 0 ? given : e, heads);
    /* xavier_uniform_, computed as torch.nn.init does */
    const double bound = sqrt(3.0) * sqrt(2.0 / (double)(4 * (uint64_t)e));
    TENKA_TRY(tenka_layer_add_uniform(m, "in_proj_weight", tenka_shape_of(3 * e, e), bound));
    return tenka_arg_is(&last->values, LINEAR_BIAS)
               ? tenka_layer_add_equal(m, "in_proj_bias", tenka_shape_of(3 * e), 0, true)
               : TENKA_OK;
}

/* While training, what a score is worth is dropped, for which there must be scores. */
static tenka_tensor attend(const tenka_module *m, tenka_tensor q, tenka_tensor k, tenka_tensor v)
{
    const double scale = 1 / sqrt((double)tenka_tensor_shape(q).dim[3]), p = m->values.arg[DROPOUT].value[0];
    if (!m->training || p == 0)
        return tenka_attention(q, k, v, TENKA_NONE, scale, false);
    const tenka_tensor scores = tenka_matmul(tenka_scale(q, scale), k, false, true);
    return tenka_matmul(tenka_dropout(tenka_softmax(scores, 3), p), v, false, false);
}

/* q, k or v of qkv [3, batch, heads, t, d]. */
static tenka_tensor part_of(tenka_tensor qkv, uint32_t part)
{
    const struct tenka_shape s = tenka_tensor_shape(qkv);
    return tenka_reshape(tenka_slice(qkv, 0, part, part + 1), tenka_shape_of(s.dim[1], s.dim[2], s.dim[3], s.dim[4]));
}

/* x: [batch, t, embed_dim] or, without batch_first, [t, batch, embed_dim]; without a batch [t, embed_dim] */
static tenka_tensor attention_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_shape own = tenka_tensor_shape(x);
    const uint32_t e = tenka_arg_u32(&m->children[0]->values, IN, 0), heads = tenka_arg_u32(&m->values, HEADS, 0);
    const bool first = own.rank == 2 || tenka_arg_is(&m->values, BATCH_FIRST);
    char text[TENKA_SHAPE_TEXT];
    if (!tenka_tensor_valid(x))
        return x;
    if ((own.rank != 2 && own.rank != 3) || own.dim[own.rank - 1] != e)
        return tenka_trace_fail(m->ctx, TENKA_E_SHAPE, "expected sequences of %u numbers, found an input of shape %s",
                                e, tenka_shape_text(&own, text));
    const uint32_t outer = own.rank == 2 ? 1 : own.dim[0], inner = own.dim[own.rank - 2];
    tenka_tensor qkv = tenka_linear(x, tenka_layer_value(m, "in_proj_weight"), tenka_layer_value(m, "in_proj_bias"));
    qkv = tenka_permute(tenka_reshape(qkv, tenka_shape_of(outer, inner, 3, heads, e / heads)),
                        first ? (const uint32_t[]){2, 0, 3, 1, 4} : (const uint32_t[]){2, 1, 3, 0, 4});
    const tenka_tensor y = attend(m, part_of(qkv, 0), part_of(qkv, 1), part_of(qkv, 2));
    const uint32_t *axes = first ? (const uint32_t[]){0, 2, 1, 3} : (const uint32_t[]){2, 0, 1, 3};
    return tenka_layer_run(m->children[0], tenka_reshape(tenka_permute(y, axes), own));
}

enum { QUERY, KEY, VALUE, KEY_PADDING, WEIGHTS, MASK, AVERAGE, CAUSAL };

/* The result is a pair, of which the weights are left out. */
static bool attention_run(tenka_module *m, const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *arg = call->arg;
    struct tenka_value *items;
    tenka_tensor x, other;
    if (!tenka_function_tensor(call, QUERY, &x))
        return false;
    for (size_t i = KEY; i <= VALUE; i++) {
        if (!tenka_function_tensor(call, i, &other))
            return false;
        if (other.slot != x.slot || other.generation != x.generation)
            return tenka_function_fail(call, "MultiheadAttention: query, key and value must be one tensor");
    }
    if (arg[KEY_PADDING].kind != TENKA_VALUE_NONE || arg[MASK].kind != TENKA_VALUE_NONE || arg[CAUSAL].integer != 0)
        return tenka_function_fail(call, "MultiheadAttention: masks are not known");
    if (!tenka_function_list(call, 2, &items, result))
        return false;
    items[1] = (struct tenka_value){.kind = TENKA_VALUE_NONE};
    return tenka_function_give(&items[0], tenka_layer_run(m, x));
}

const struct tenka_layer_type tenka_layer_multihead_attention = {
    .name = "MultiheadAttention",
    .args = attention_args,
    .n_args = COUNT(attention_args),
    .container = true,
    .check = attention_check,
    .forward = attention_forward,
    .complete = attention_complete,
    .parameters = "query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, "
                  "average_attn_weights=True, is_causal=False",
    .run = attention_run,
};
