/* The functions that a network's forward may call: finding them, and what they make of their arguments. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "nn/graph.h"

static const struct tenka_function *const tables[] = {
    tenka_functions_pointwise,  tenka_functions_numbers,  tenka_functions_shape,       tenka_functions_parts,
    tenka_functions_reduce,     tenka_functions_aten,     tenka_functions_norm,        tenka_functions_weighted,
    tenka_functions_window,     tenka_functions_products, tenka_functions_torchvision, tenka_functions_embedding,
    tenka_functions_statistics, tenka_functions_index,    tenka_functions_write,
};
#define N_TABLES (sizeof(tables) / sizeof(*tables))
static const struct tenka_view *const views[] = {tenka_views_shape, tenka_views_parts, tenka_views_index};

/* ---- Names ---- */

/* Whether a word is one of those that spaces separate. */
static bool has_word(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at++)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static tenka_function_put *find_put(const char *name)
{
    for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++)
        for (const struct tenka_view *v = views[i]; v->names != NULL; v++)
            if (has_word(v->names, name))
                return v->put;
    return NULL;
}

static struct tenka_found_function find(const char *name)
{
    for (size_t i = 0; i < N_TABLES; i++)
        for (const struct tenka_function *f = tables[i]; f->names != NULL; f++)
            if (has_word(f->names, name))
                return (struct tenka_found_function){
                    .function = f, .put = find_put(name), .in_place = tables[i] == tenka_functions_write};
    return (struct tenka_found_function){.function = NULL};
}

/* torch.ops.aten.relu.default is aten.relu, where there is one that takes other arguments, or else the method or the
 * function of that name. */
static struct tenka_found_function find_aten(const char *name)
{
    static const char *const rooms[] = {"aten.", ".", "torch.", "torch.nn.functional.", "torch._C._nn."};
    const int length = (int)strcspn(name, ".");
    struct tenka_found_function found = {.function = NULL};
    for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms) && found.function == NULL; i++) {
        char full[200];
        snprintf(full, sizeof(full), "%s%.*s", rooms[i], length < 100 ? length : 100, name);
        found = find(full);
    }
    return found;
}

struct tenka_found_function tenka_function_find(const char *name)
{
    static const char aten[] = "torch.ops.aten.";
    char plain[400];
    const bool exported = strncmp(name, aten, sizeof(aten) - 1) == 0;
    const size_t begin = exported ? sizeof(aten) - 1 : 0;
    const size_t length = exported ? strcspn(name + begin, ".") : strlen(name);
    struct tenka_found_function found = exported ? find_aten(name + begin) : find(name);
    if (found.function != NULL || length < 2 || length >= sizeof(plain) || name[begin + length - 1] != '_')
        return found;
    snprintf(plain, sizeof(plain), "%.*s", (int)length - 1, name + begin);
    found = exported ? find_aten(plain) : find(plain);
    found.in_place = true;
    return found;
}

/* The first word of a row that ends like the name, a method or none: torch.nn.functional.flatten is meant for
 * torch.flatten. */
static const char *ends_alike(const char *words, const char *name, char *buf, size_t bytes)
{
    const char *dot = strrchr(name, '.'), *ending = dot != NULL ? dot + 1 : name;
    const size_t wanted = strlen(ending);
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        const char *end = at + length;
        if (length > wanted && (*at == '.') == (*name == '.') && end[-(ptrdiff_t)wanted - 1] == '.' &&
            strncmp(end - wanted, ending, wanted) == 0 && (size_t)snprintf(buf, bytes, "%.*s", (int)length, at) < bytes)
            return buf;
        at = end;
    }
    return NULL;
}

const char *tenka_function_nearest(const char *name, char *buf, size_t bytes)
{
    for (size_t i = 0; i < N_TABLES; i++)
        for (const struct tenka_function *f = tables[i]; f->names != NULL; f++)
            if (ends_alike(f->names, name, buf, bytes) != NULL)
                return buf;
    return NULL;
}

/* ---- Results and arguments ---- */

bool tenka_function_fail(const struct tenka_function_call *call, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    tenka_trace_fail(call->ctx, TENKA_E_INVALID, "%s", text);
    return false;
}

bool tenka_function_give(struct tenka_value *result, tenka_tensor tensor)
{
    *result = (struct tenka_value){.kind = TENKA_VALUE_TENSOR, .tensor = tensor};
    return tenka_tensor_valid(tensor);
}

bool tenka_function_list(const struct tenka_function_call *call, size_t n, struct tenka_value **items,
                         struct tenka_value *result)
{
    *items = tenka_arena_alloc(call->arena, (n + 1) * sizeof(**items));
    if (*items == NULL) {
        tenka_trace_fail(call->ctx, TENKA_E_NOMEM, "out of memory for a list of %zu", n);
        return false;
    }
    *result = (struct tenka_value){.kind = TENKA_VALUE_LIST, .items = *items, .n_items = n};
    return true;
}

bool tenka_function_tensor(const struct tenka_function_call *call, size_t arg, tenka_tensor *out)
{
    if (call->arg[arg].kind != TENKA_VALUE_TENSOR)
        return tenka_function_fail(call, "argument %zu is no tensor", arg + 1);
    *out = call->arg[arg].tensor;
    return true;
}

bool tenka_function_axis(const struct tenka_function_call *call, size_t arg, uint32_t rank, uint32_t *out)
{
    const struct tenka_value *value = &call->arg[arg];
    const int64_t axis = value->integer + (value->integer < 0 ? rank : 0);
    if (value->kind != TENKA_VALUE_INT || axis < 0 || axis >= rank)
        return tenka_function_fail(call, "dim is no axis of a tensor with %u", rank);
    *out = (uint32_t)axis;
    return true;
}

bool tenka_function_integers(const struct tenka_function_call *call, size_t arg, int64_t *out, size_t max, size_t *n)
{
    const struct tenka_value *value = &call->arg[arg];
    const bool list = value->kind == TENKA_VALUE_LIST;
    *n = list ? value->n_items : 1;
    if (*n == 0)
        return tenka_function_fail(call, "an empty list says nothing here");
    if (*n > max)
        return tenka_function_fail(call, "%zu numbers are more than the %zu that fit", *n, max);
    for (size_t i = 0; i < *n; i++) {
        const struct tenka_value *item = list ? &value->items[i] : value;
        if (item->kind != TENKA_VALUE_INT)
            return tenka_function_fail(call, "whole numbers are expected");
        out[i] = item->integer;
    }
    return true;
}

bool tenka_function_sizes(const struct tenka_function_call *call, size_t arg, struct tenka_shape *shape)
{
    int64_t sizes[TENKA_MAX_RANK];
    size_t n;
    if (!tenka_function_integers(call, arg, sizes, TENKA_MAX_RANK, &n) || !tenka_function_free_batch(call, sizes, n, 0))
        return false;
    *shape = (struct tenka_shape){.rank = (uint32_t)n};
    for (size_t i = 0; i < n; i++) {
        if (sizes[i] < 1 || sizes[i] > INT32_MAX)
            return tenka_function_fail(call, "%lld is no size here", (long long)sizes[i]);
        shape->dim[i] = (uint32_t)sizes[i];
    }
    return true;
}

/* ---- Numbers and tensors ---- */

bool tenka_function_give_number(const struct tenka_function_call *call, bool whole, double number,
                                struct tenka_value *result)
{
    const bool fits = fabs(number) < 9e15;
    *result = (struct tenka_value){.kind = whole ? TENKA_VALUE_INT : TENKA_VALUE_FLOAT,
                                   .integer = whole && fits ? (int64_t)number : 0,
                                   .number = number};
    return !whole || fits || tenka_function_fail(call, "a whole number is too large");
}

tenka_tensor tenka_function_full(const struct tenka_function_call *call, double number)
{
    const float value = (float)number;
    return tenka_input(call->ctx, TENKA_F32, tenka_shape_of(1), &value);
}

tenka_tensor tenka_function_filled(const struct tenka_function_call *call, struct tenka_shape shape, double number)
{
    struct tenka_shape one = {.rank = shape.rank};
    for (uint32_t i = 0; i < one.rank; i++)
        one.dim[i] = 1;
    return tenka_expand(tenka_reshape(tenka_function_full(call, number), one), shape);
}

bool tenka_function_operands(const struct tenka_function_call *call, tenka_tensor *a, tenka_tensor *b)
{
    const struct tenka_value *arg = call->arg;
    for (size_t i = 0; i < 2; i++)
        if (arg[i].kind != TENKA_VALUE_TENSOR && !tenka_value_is_number(&arg[i]))
            return tenka_function_fail(call, "an operand is neither a tensor nor a number");
    *a = arg[0].kind == TENKA_VALUE_TENSOR ? arg[0].tensor : tenka_function_full(call, tenka_value_number(&arg[0]));
    *b = arg[1].kind == TENKA_VALUE_TENSOR ? arg[1].tensor : tenka_function_full(call, tenka_value_number(&arg[1]));
    return true;
}

static uint64_t product_of(const int64_t *sizes, size_t n)
{
    uint64_t product = 1;
    for (size_t i = 0; i < n; i++)
        product *= sizes[i] > 0 && sizes[i] <= INT32_MAX && product < UINT32_MAX ? (uint64_t)sizes[i] : 1;
    return product;
}

/* The place of the one size that counts images: the first that is the example's batch, or else the only multiple of it
 * whose change makes the sizes fit. n: none; n + 1: which of several cannot be told. */
static size_t place_of_batch(const struct tenka_function_call *call, const int64_t *sizes, size_t n, uint64_t elements)
{
    int64_t changed[TENKA_MAX_RANK];
    size_t place = n;
    for (size_t i = 0; i < n; i++) {
        if (sizes[i] <= 0 || sizes[i] > INT32_MAX || sizes[i] % call->example != 0)
            continue;
        memcpy(changed, sizes, n * sizeof(*sizes));
        changed[i] = sizes[i] / call->example * call->batch;
        if (product_of(changed, n) != elements)
            continue;
        if (sizes[i] == call->example)
            return i;
        place = place == n ? i : n + 1;
    }
    return place;
}

bool tenka_function_free_batch(const struct tenka_function_call *call, int64_t *sizes, size_t n, uint64_t elements)
{
    bool open = elements == 0;
    for (size_t i = 0; i < n; i++)
        open = open || sizes[i] == -1;
    if (call->batch == call->example || (!open && product_of(sizes, n) == elements))
        return true;
    if (open && n > 0 && sizes[0] == call->example)
        sizes[0] = call->batch;
    const size_t place = open ? n : place_of_batch(call, sizes, n, elements);
    if (place > n)
        return tenka_function_fail(call, "which of these sizes counts the images of the example cannot be told; print "
                                         "the program of torch.export with dynamic_shapes");
    if (place < n)
        sizes[place] = sizes[place] / call->example * call->batch;
    return true;
}
