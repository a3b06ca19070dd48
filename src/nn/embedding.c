/* Embedding, as a layer and as functions: rows of a table that whole numbers name; and which networks take such. */
#include <float.h>
#include <math.h>

#include "nn/graph.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Rows of a table ---- */

#define NO_PADDING (-1)

/* y, but where the index names the padding without gradient. rows: of the table; y: [entries, width] */
static tenka_tensor stop_padding(tenka_tensor y, tenka_tensor index, uint32_t rows, uint32_t padding)
{
    const struct tenka_shape shape = tenka_tensor_shape(y);
    float *const chosen = tenka_alloc_array(rows, sizeof(chosen[0]));
    if (chosen == NULL)
        return tenka_trace_fail(y.ctx, TENKA_E_NOMEM, "out of memory for a table of %u rows", rows);
    chosen[padding] = 1;
    const tenka_tensor table = tenka_input(y.ctx, TENKA_F32, tenka_shape_of(rows), chosen);
    tenka_free(chosen);
    const tenka_tensor mask = tenka_reshape(tenka_gather(table, index), tenka_shape_of(shape.dim[0], 1));
    tenka_no_grad_begin(y.ctx);
    const tenka_tensor still = tenka_scale(y, 1);
    tenka_no_grad_end(y.ctx);
    return tenka_where(mask, still, y);
}

/* Rows of weight [rows, width] for an index of any rank. padding: the row that gets no gradient, or NO_PADDING. */
static tenka_tensor embed(tenka_tensor weight, tenka_tensor index, int64_t padding)
{
    const struct tenka_shape table = tenka_tensor_shape(weight), places = tenka_tensor_shape(index);
    struct tenka_shape to = places;
    if (!tenka_tensor_valid(weight) || !tenka_tensor_valid(index))
        return tenka_tensor_valid(weight) ? index : weight;
    if (tenka_tensor_dtype(index) != TENKA_I32)
        return tenka_trace_fail(weight.ctx, TENKA_E_INVALID,
                                "an embedding looks up whole numbers, but its input is of type %s: give it an I32 "
                                "tensor",
                                tenka_dtype_name(tenka_tensor_dtype(index)));
    if (table.rank != 2 || places.rank == TENKA_MAX_RANK)
        return tenka_trace_fail(weight.ctx, TENKA_E_SHAPE,
                                "an embedding needs a table of 2 axes, found one of %u, and an input of less than %d, "
                                "found one of %u",
                                table.rank, TENKA_MAX_RANK, places.rank);
    to.dim[to.rank++] = table.dim[1];
    index = tenka_reshape(index, tenka_shape_of((uint32_t)tenka_shape_count(&places)));
    tenka_tensor y = tenka_gather(weight, index);
    if (padding != NO_PADDING && tenka_tensor_valid(y))
        y = stop_padding(y, index, table.dim[0], (uint32_t)padding);
    return tenka_reshape(y, to);
}

/* ---- The layer ---- */

enum { ROWS, WIDTH, PADDING, MAX_NORM, NORM_TYPE, SCALE, SPARSE };

static const struct tenka_layer_arg embedding_args[] = {
    [ROWS] = {"num_embeddings", TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, INT32_MAX, NULL},
    [WIDTH] = {"embedding_dim", TENKA_ARG_INT, TENKA_ARG_REQUIRED | TENKA_ARG_BARE, 0, 1, INT32_MAX, NULL},
    [PADDING] = {"padding_idx", TENKA_ARG_INT, TENKA_ARG_NONE | TENKA_ARG_QUIET, NAN, -INT32_MAX, INT32_MAX, NULL},
    [MAX_NORM] = {"max_norm", TENKA_ARG_FLOAT, TENKA_ARG_NONE | TENKA_ARG_FIXED, NAN, 0, DBL_MAX, NULL},
    [NORM_TYPE] = {"norm_type", TENKA_ARG_FLOAT, TENKA_ARG_FIXED, 2, 0, DBL_MAX, NULL},
    [SCALE] = {"scale_grad_by_freq", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 0, 0, 1, NULL},
    [SPARSE] = {"sparse", TENKA_ARG_BOOL, TENKA_ARG_FIXED, 0, 0, 1, NULL},
};

/* A padding_idx below 0 counts from the end, and is printed as what it means. */
static tenka_status embedding_check(struct tenka_error *err, struct tenka_layer_values *v)
{
    struct tenka_arg_value *const padding = &v->arg[PADDING];
    const double rows = v->arg[ROWS].value[0], given = padding->value[0];
    if (padding->none)
        return TENKA_OK;
    if (given < -rows || given >= rows)
        return tenka_fail(err, TENKA_E_INVALID, "Embedding: padding_idx is %.0f, but must be from %.0f to %.0f", given,
                          -rows, rows - 1);
    padding->value[0] = padding->value[1] = given < 0 ? given + rows : given;
    return TENKA_OK;
}

static uint64_t embedding_elements(const struct tenka_layer_values *v)
{
    return tenka_product(tenka_arg_u32(v, ROWS, 0), tenka_arg_u32(v, WIDTH, 0));
}

/* normal_(0, 1), then zeros for the padding, as torch.nn.Embedding.reset_parameters. */
static tenka_status embedding_init(tenka_module *m)
{
    const struct tenka_layer_values *const v = &m->values;
    struct tenka_error *const err = tenka_ctx_error(m->ctx);
    const size_t width = tenka_arg_u32(v, WIDTH, 0);
    const struct tenka_shape shape = tenka_shape_of(tenka_arg_u32(v, ROWS, 0), tenka_arg_u32(v, WIDTH, 0));
    TENKA_TRY(tenka_shape_check(err, "weight", &shape));
    if (tenka_is_sizing(m->ctx))
        return tenka_layer_add_state(m, "weight", shape, NULL, true);
    const size_t count = (size_t)tenka_shape_count(&shape);
    float *const data = tenka_alloc_array(count, sizeof(data[0]));
    if (data == NULL)
        return tenka_fail_nomem(err);
    tenka_rng_normal(tenka_ctx_rng(m->ctx), data, count, 0, 1);
    if (!v->arg[PADDING].none)
        memset(data + tenka_arg_u32(v, PADDING, 0) * width, 0, width * sizeof(data[0]));
    const tenka_status status = tenka_layer_add_state(m, "weight", shape, data, true);
    tenka_free(data);
    return status;
}

static tenka_tensor embedding_forward(tenka_module *m, tenka_tensor x)
{
    const struct tenka_arg_value *const padding = &m->values.arg[PADDING];
    return embed(tenka_layer_value(m, "weight"), x, padding->none ? NO_PADDING : (int64_t)padding->value[0]);
}

const struct tenka_layer_type tenka_layer_embedding = {
    .name = "Embedding",
    .args = embedding_args,
    .n_args = COUNT(embedding_args),
    .check = embedding_check,
    .elements = embedding_elements,
    .init = embedding_init,
    .forward = embedding_forward,
};

/* ---- Functions ---- */

/* One that must be what PyTorch has without it, as the other arguments change the table or its gradient. */
static bool is_plain(const struct tenka_function_call *call, size_t arg, const char *name)
{
    const struct tenka_value *const value = &call->arg[arg];
    return value->kind == TENKA_VALUE_NONE || (value->kind == TENKA_VALUE_BOOL && value->integer == 0) ||
           tenka_function_fail(call, "embedding: %s is not known", name);
}

/* padding: a row, from 0 on, or NO_PADDING. */
static bool give(const struct tenka_function_call *call, size_t weight_at, size_t index_at, int64_t padding,
                 struct tenka_value *result)
{
    tenka_tensor weight, index;
    if (!tenka_function_tensor(call, weight_at, &weight) || !tenka_function_tensor(call, index_at, &index))
        return false;
    const struct tenka_shape shape = tenka_tensor_shape(weight);
    if (padding != NO_PADDING && (padding < 0 || shape.rank == 0 || padding >= shape.dim[0]))
        return tenka_function_fail(call, "embedding: padding_idx is no row of the table");
    return tenka_function_give(result, embed(weight, index, padding));
}

static bool run_embedding(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *const padding = &call->arg[2];
    int64_t row = NO_PADDING;
    tenka_tensor weight;
    if (!is_plain(call, 3, "max_norm") || !is_plain(call, 5, "scale_grad_by_freq=True") ||
        !is_plain(call, 6, "sparse=True") || !tenka_function_tensor(call, 1, &weight))
        return false;
    if (padding->kind != TENKA_VALUE_NONE && padding->kind != TENKA_VALUE_INT)
        return tenka_function_fail(call, "embedding: padding_idx is no whole number");
    if (padding->kind == TENKA_VALUE_INT) {
        row = padding->integer + (padding->integer < 0 ? tenka_tensor_shape(weight).dim[0] : 0);
        if (row < 0)
            return tenka_function_fail(call, "embedding: padding_idx is no row of the table");
    }
    return give(call, 1, 0, row, result);
}

/* torch's own function, which torch.nn.functional's calls and aten's is: here -1 is no padding. */
static bool run_torch_embedding(const struct tenka_function_call *call, struct tenka_value *result)
{
    const struct tenka_value *const padding = &call->arg[2];
    if (!is_plain(call, 3, "scale_grad_by_freq=True") || !is_plain(call, 4, "sparse=True"))
        return false;
    if (padding->kind != TENKA_VALUE_INT)
        return tenka_function_fail(call, "embedding: padding_idx is no whole number");
    return give(call, 0, 1, padding->integer < 0 ? NO_PADDING : padding->integer, result);
}

const struct tenka_function tenka_functions_embedding[] = {
    {"torch.nn.functional.embedding",
     "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
     run_embedding, false},
    {"torch.embedding aten.embedding", "weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False",
     run_torch_embedding, false},
    {NULL, NULL, NULL, false},
};

/* ---- Networks ---- */

static bool is_input(const struct tenka_code *code)
{
    return code->kind == TENKA_CODE_SLOT && code->slot == 0;
}

/* Whether code, or what it is given, looks the network's first tensor up. */
static bool looks_up(const struct tenka_code *code)
{
    const bool child = code->kind == TENKA_CODE_CHILD && code->n_args > 0 && is_input(code->args[0]);
    if (child && tenka_module_input_dtype(code->child) == TENKA_I32)
        return true;
    if (code->kind == TENKA_CODE_FUNCTION && ((code->function->run == run_embedding && is_input(code->args[0])) ||
                                              (code->function->run == run_torch_embedding && is_input(code->args[1]))))
        return true;
    for (size_t i = 0; i < code->n_args; i++)
        if (looks_up(code->args[i]))
            return true;
    return false;
}

static bool graph_looks_up(const struct tenka_graph *g)
{
    for (size_t i = 0; i < g->n_lines; i++)
        if (looks_up(g->lines[i].value))
            return true;
    return looks_up(g->result);
}

enum tenka_dtype tenka_module_input_dtype(const tenka_module *module)
{
    while (module->type->container && module->graph == NULL && !tenka_module_is_custom(module) &&
           module->n_children > 0)
        module = module->children[0];
    const bool whole = module->graph != NULL ? graph_looks_up(module->graph) : module->type == &tenka_layer_embedding;
    return whole ? TENKA_I32 : TENKA_F32;
}
