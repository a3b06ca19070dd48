/* Functions that multiply matrices, and attention. */
#include <math.h>

#include "nn/graph.h"

static bool run_matmul(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor a, b;
    return tenka_function_tensor(call, 0, &a) && tenka_function_tensor(call, 1, &b) &&
           tenka_function_give(result, tenka_matmul(a, b, false, false));
}

static double number_of(const struct tenka_value *v)
{
    return v->kind == TENKA_VALUE_FLOAT ? v->number : (double)v->integer;
}

static tenka_tensor scaled(tenka_tensor x, double factor)
{
    return factor == 1 ? x : tenka_scale(x, factor);
}

/* torch.addmm and torch.baddbmm: beta input + alpha a b */
static bool run_addmm(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor x, a, b;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_tensor(call, 1, &a) ||
        !tenka_function_tensor(call, 2, &b))
        return false;
    const tenka_tensor product = scaled(tenka_matmul(a, b, false, false), number_of(&call->arg[4]));
    return tenka_function_give(result, tenka_add(scaled(x, number_of(&call->arg[3])), product));
}

/* ---- einsum of two operands: the axes that both and the result have are a batch, those that both have are summed ---- */

#define LETTERS 128

struct term {
    char letters[TENKA_MAX_RANK + 1];
    uint32_t rank;
    uint32_t size[LETTERS];
};

/* The letters of one operand or of the result, each once, up to the character `end`. */
static const char *read_term(const char *at, const char *ends, struct term *term)
{
    for (; *at != '\0' && strchr(ends, *at) == NULL; at++) {
        if (*at == ' ')
            continue;
        const bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!letter || term->rank == TENKA_MAX_RANK || strchr(term->letters, *at) != NULL)
            return NULL;
        term->letters[term->rank++] = *at;
    }
    return at;
}

static bool has(const struct term *term, char letter)
{
    return letter != '\0' && strchr(term->letters, letter) != NULL;
}

/* Sums x over its axes that nobody else has. */
static tenka_tensor sum_alone(tenka_tensor x, struct term *term, const struct term *other, const struct term *out)
{
    struct term left = {.rank = 0};
    uint32_t axes = 0;
    for (uint32_t i = 0; i < term->rank; i++) {
        const char letter = term->letters[i];
        if (!has(other, letter) && !has(out, letter))
            axes |= 1u << i;
        else
            left.letters[left.rank++] = letter;
    }
    memcpy(left.size, term->size, sizeof(left.size));
    *term = left;
    return axes != 0 ? tenka_sum(x, axes, false) : x;
}

/* x with its axes in that order, as one axis for each of three groups. */
static tenka_tensor grouped(tenka_tensor x, const struct term *term, const char *const groups[3])
{
    uint32_t axes[TENKA_MAX_RANK], n = 0;
    struct tenka_shape shape = tenka_shape_of(1, 1, 1);
    for (size_t g = 0; g < 3; g++)
        for (const char *c = groups[g]; *c != '\0'; c++) {
            axes[n++] = (uint32_t)(strchr(term->letters, *c) - term->letters);
            shape.dim[g] *= term->size[(unsigned char)*c];
        }
    return tenka_reshape(tenka_permute(x, axes), shape);
}

static tenka_tensor einsum(tenka_tensor a, tenka_tensor b, const struct term *ta, const struct term *tb,
                           const struct term *out)
{
    char batch[8] = "", summed[8] = "", of_a[8] = "", of_b[8] = "", order[3 * TENKA_MAX_RANK] = "";
    for (uint32_t i = 0; i < ta->rank; i++) {
        const char letter[2] = {ta->letters[i], '\0'};
        strcat(!has(tb, letter[0]) ? of_a : has(out, letter[0]) ? batch : summed, letter);
    }
    for (uint32_t i = 0; i < tb->rank; i++)
        if (!has(ta, tb->letters[i]))
            strcat(of_b, (char[]){tb->letters[i], '\0'});
    const tenka_tensor y = tenka_matmul(grouped(a, ta, (const char *[]){batch, of_a, summed}),
                                        grouped(b, tb, (const char *[]){batch, summed, of_b}), false, false);
    strcat(strcat(strcat(order, batch), of_a), of_b);
    struct tenka_shape shape = {.rank = out->rank};
    uint32_t axes[TENKA_MAX_RANK];
    for (uint32_t i = 0; i < out->rank; i++) {
        const unsigned char letter = (unsigned char)order[i];
        shape.dim[i] = has(ta, (char)letter) ? ta->size[letter] : tb->size[letter];
        axes[i] = (uint32_t)(strchr(order, out->letters[i]) - order);
    }
    return tenka_tensor_valid(y) ? tenka_permute(tenka_reshape(y, shape), axes) : y;
}

static bool read_sizes(struct term *term, tenka_tensor x)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    for (uint32_t i = 0; i < term->rank && i < shape.rank; i++)
        term->size[(unsigned char)term->letters[i]] = shape.dim[i];
    return shape.rank == term->rank;
}

static bool read_equation(const char *at, struct term *a, struct term *b, struct term *out)
{
    at = read_term(at, ",", a);
    at = at != NULL && *at == ',' ? read_term(at + 1, "-", b) : NULL;
    at = at != NULL && strncmp(at, "->", 2) == 0 ? read_term(at + 2, "", out) : NULL;
    for (uint32_t i = 0; at != NULL && i < out->rank; i++)
        if (!has(a, out->letters[i]) && !has(b, out->letters[i]))
            return false;
    return at != NULL;
}

static bool run_einsum(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *rest = &call->arg[1];
    struct term a = {.rank = 0}, b = {.rank = 0}, out = {.rank = 0};
    if (call->arg[0].kind != TENKA_VALUE_WORD || rest->kind != TENKA_VALUE_LIST || rest->n_items != 2 ||
        rest->items[0].kind != TENKA_VALUE_TENSOR || rest->items[1].kind != TENKA_VALUE_TENSOR ||
        !read_equation(call->arg[0].word, &a, &b, &out))
        return tenka_function_fail(call, "einsum: only two tensors whose axes are letters are known, each once, and "
                                         "with the result's behind ->, such as 'bid,bjd->bij'");
    tenka_tensor x = rest->items[0].tensor, y = rest->items[1].tensor;
    bool fits = read_sizes(&a, x) && read_sizes(&b, y);
    for (uint32_t i = 0; fits && i < a.rank; i++)
        fits = !has(&b, a.letters[i]) || a.size[(unsigned char)a.letters[i]] == b.size[(unsigned char)a.letters[i]];
    if (!fits)
        return tenka_function_fail(call, "einsum: the tensors do not have the axes of '%.60s'", call->arg[0].word);
    x = sum_alone(x, &a, &b, &out);
    y = sum_alone(y, &b, &a, &out);
    return tenka_function_give(result, einsum(x, y, &a, &b, &out));
}

/* ---- Attention ---- */

static bool run_attention(const struct tenka_function_call *call, struct tenka_value *result)
{
    tenka_tensor q, k, v, mask = TENKA_NONE;
    if (!tenka_function_tensor(call, 0, &q) || !tenka_function_tensor(call, 1, &k) ||
        !tenka_function_tensor(call, 2, &v) ||
        (call->arg[3].kind != TENKA_VALUE_NONE && !tenka_function_tensor(call, 3, &mask)))
        return false;
    if (number_of(&call->arg[4]) != 0 || call->arg[7].integer != 0)
        return tenka_function_fail(call, "scaled_dot_product_attention: dropout_p and enable_gqa are not known");
    if (call->arg[3].truths)
        return tenka_function_fail(call, "scaled_dot_product_attention: attn_mask must be numbers that are added, not "
                                         "True and False; where(mask, 0.0, -inf) makes them");
    const struct tenka_shape shape = tenka_tensor_shape(q);
    const uint32_t d = shape.rank > 0 ? shape.dim[shape.rank - 1] : 1;
    const double scale = call->arg[6].kind == TENKA_VALUE_NONE ? 1 / sqrt((double)d) : number_of(&call->arg[6]);
    return tenka_function_give(result, tenka_attention(q, k, v, mask, scale, call->arg[5].integer != 0));
}

/* x / max(its norm along an axis, eps) */
static bool run_normalize(const struct tenka_function_call *call, struct tenka_value *result)
{
    uint32_t axis;
    tenka_tensor x;
    if (!tenka_function_tensor(call, 0, &x) || !tenka_function_axis(call, 2, tenka_tensor_shape(x).rank, &axis))
        return false;
    if (number_of(&call->arg[1]) != 2)
        return tenka_function_fail(call, "normalize: only p=2 is known");
    return tenka_function_give(result, tenka_function_normalize(x, axis, number_of(&call->arg[3])));
}

/* The gradient of a norm that is less than eps is 0, as here that of its square. */
tenka_tensor tenka_function_normalize(tenka_tensor x, uint32_t axis, double eps)
{
    const tenka_tensor squares = tenka_sum(tenka_mul(x, x), 1u << axis, true);
    return tenka_div(x, tenka_sqrt(tenka_clamp(squares, eps * eps, INFINITY)));
}

const struct tenka_function tenka_functions_products[] = {
    {"@ .matmul torch.matmul torch.bmm .bmm torch.mm .mm", "input, other", run_matmul, false},
    {"torch.addmm torch.baddbmm .addmm .baddbmm", "input, mat1, mat2, beta=1, alpha=1", run_addmm, false},
    {"torch.einsum torch.functional.einsum", "equation, *operands", run_einsum, false},
    {"torch.nn.functional.scaled_dot_product_attention torch._C._nn.scaled_dot_product_attention",
     "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False", run_attention,
     false},
    {"torch.nn.functional.normalize", "input, p=2.0, dim=1, eps=1e-12, out=None", run_normalize, false},
    {NULL, NULL, NULL, false},
};
