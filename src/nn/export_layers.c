/* The layers of an exported program. aten's functions take weights as arguments; where these are a layer's of
 * torch.nn, that layer is made, with its class, its beginnings and its counting of batches. */
#include <stdlib.h>

#include "nn/export.h"

/* ---- Types ---- */

/* "f32[8, 3, 3, 3]": the shape, and whether the elements are whole numbers; false: it is no such type. A size with a
 * name, such as s77, is 0. */
static bool read_type(const struct tenka_py *type, struct tenka_shape *shape, bool *whole)
{
    const char *at = type->word + strcspn(type->word, "[");
    *whole = type->word[0] != 'f' && strncmp(type->word, "bf", 2) != 0;
    *shape = (struct tenka_shape){.rank = 0};
    for (at += *at == '['; *at != ']'; at += strspn(at, ", ")) {
        const size_t length = strcspn(at, ",]");
        char *end;
        if (at[length] == '\0' || length == 0 || shape->rank == TENKA_MAX_RANK)
            return false;
        const unsigned long size = strtoul(at, &end, 10);
        if (end == at + length && size > INT32_MAX)
            return false;
        shape->dim[shape->rank++] = end == at + length ? (uint32_t)size : 0;
        at += length;
    }
    return true;
}

/* ---- Calls that are a layer's ---- */

/* What a row's function writes a layer's text from. */
struct call {
    const struct tenka_py *args; /* the first */
    struct tenka_shape weight;
    uint32_t rank; /* of the result; 0: not known */
};

struct maker {
    const char *names; /* of aten's function, each with a space before and behind it */
    size_t input, weight, bias;
    uint32_t rank; /* the least of the weight */
    void (*write)(struct tenka_text *out, const struct call *c);
};

/* The argument in that place; NULL: the fallback. */
static const struct tenka_py *arg_at(const struct tenka_py *arg, size_t i)
{
    while (i-- > 0 && arg != NULL)
        arg = arg->next;
    return arg != NULL && arg->kind != TENKA_PY_KEYWORD ? arg : NULL;
}

static bool is_none(const struct tenka_py *e)
{
    return e == NULL || e->kind == TENKA_PY_NONE;
}

/* ", name=value"; a list of one number is that number, which aten means for each axis. */
static void write_arg(struct tenka_text *out, const char *name, const struct tenka_py *e)
{
    if (e == NULL)
        return;
    tenka_text_add(out, ", %s=", name);
    tenka_py_print(out, e->kind == TENKA_PY_LIST && tenka_py_count(e->child) == 1 ? e->child : e);
}

static const char *bool_text(bool yes)
{
    return yes ? "True" : "False";
}

/* "(3, 3)" of the axes behind the second. */
static void write_kernel(struct tenka_text *out, const struct tenka_shape *weight)
{
    tenka_text_add(out, "kernel_size=(");
    for (uint32_t i = 2; i < weight->rank; i++)
        tenka_text_add(out, "%u%s", weight->dim[i], i + 1 < weight->rank ? ", " : weight->rank == 3 ? "," : "");
    tenka_text_add(out, ")");
}

static uint32_t groups_of(const struct tenka_py *e)
{
    return e != NULL && e->kind == TENKA_PY_INT && e->integer > 0 && e->integer < INT32_MAX ? (uint32_t)e->integer : 1;
}

static void write_conv(struct tenka_text *out, const struct call *c)
{
    const struct tenka_py *groups = arg_at(c->args, 6);
    tenka_text_add(out, "Conv%ud(%llu, %u, ", c->weight.rank - 2,
                   (unsigned long long)c->weight.dim[1] * groups_of(groups), c->weight.dim[0]);
    write_kernel(out, &c->weight);
    write_arg(out, "stride", arg_at(c->args, 3));
    write_arg(out, "padding", arg_at(c->args, 4));
    write_arg(out, "dilation", arg_at(c->args, 5));
    write_arg(out, "groups", groups);
    tenka_text_add(out, ", bias=%s)", bool_text(!is_none(arg_at(c->args, 2))));
}

static void write_conv_transpose(struct tenka_text *out, const struct call *c)
{
    const struct tenka_py *groups = arg_at(c->args, 6);
    tenka_text_add(out, "ConvTranspose%ud(%u, %llu, ", c->weight.rank - 2, c->weight.dim[0],
                   (unsigned long long)c->weight.dim[1] * groups_of(groups));
    write_kernel(out, &c->weight);
    write_arg(out, "stride", arg_at(c->args, 3));
    write_arg(out, "padding", arg_at(c->args, 4));
    write_arg(out, "output_padding", arg_at(c->args, 5));
    write_arg(out, "groups", groups);
    write_arg(out, "dilation", arg_at(c->args, 7));
    tenka_text_add(out, ", bias=%s)", bool_text(!is_none(arg_at(c->args, 2))));
}

static void write_linear(struct tenka_text *out, const struct call *c)
{
    tenka_text_add(out, "Linear(%u, %u, bias=%s)", c->weight.dim[1], c->weight.dim[0],
                   bool_text(!is_none(arg_at(c->args, 2))));
}

static void write_batch_norm(struct tenka_text *out, const struct call *c)
{
    tenka_text_add(out, "BatchNorm%ud(%u", c->rank == 4 ? 2 : 1, c->weight.dim[0]);
    write_arg(out, "eps", arg_at(c->args, 7));
    write_arg(out, "momentum", arg_at(c->args, 6));
    if (is_none(arg_at(c->args, 3)))
        tenka_text_add(out, ", track_running_stats=False");
    tenka_text_add(out, "%s)", is_none(arg_at(c->args, 2)) ? ", bias=False" : "");
}

static void write_layer_norm(struct tenka_text *out, const struct call *c)
{
    tenka_text_add(out, "LayerNorm(");
    tenka_py_print(out, arg_at(c->args, 1));
    write_arg(out, "eps", arg_at(c->args, 4));
    if (is_none(arg_at(c->args, 3)))
        tenka_text_add(out, ", bias=False");
    tenka_text_add(out, ")");
}

static void write_group_norm(struct tenka_text *out, const struct call *c)
{
    tenka_text_add(out, "GroupNorm(");
    tenka_py_print(out, arg_at(c->args, 1));
    tenka_text_add(out, ", %u", c->weight.dim[0]);
    write_arg(out, "eps", arg_at(c->args, 4));
    tenka_text_add(out, "%s)", is_none(arg_at(c->args, 3)) ? ", bias=False" : "");
}

static void write_embedding(struct tenka_text *out, const struct call *c)
{
    const struct tenka_py *padding = arg_at(c->args, 2);
    tenka_text_add(out, "Embedding(%u, %u", c->weight.dim[0], c->weight.dim[1]);
    if (padding != NULL && padding->kind == TENKA_PY_INT)
        write_arg(out, "padding_idx", padding);
    write_arg(out, "scale_grad_by_freq", arg_at(c->args, 3));
    write_arg(out, "sparse", arg_at(c->args, 4));
    tenka_text_add(out, ")");
}

static void write_prelu(struct tenka_text *out, const struct call *c)
{
    tenka_text_add(out, "PReLU(num_parameters=%u)", c->weight.dim[0]);
}

#define NO_BIAS SIZE_MAX

static const struct maker makers[] = {
    {" conv1d conv2d ", 0, 1, 2, 3, write_conv},
    {" conv_transpose1d conv_transpose2d ", 0, 1, 2, 3, write_conv_transpose},
    {" linear ", 0, 1, 2, 2, write_linear},
    {" batch_norm ", 0, 1, 2, 1, write_batch_norm},
    {" layer_norm ", 0, 2, 3, 1, write_layer_norm},
    {" group_norm ", 0, 2, 3, 1, write_group_norm},
    {" embedding ", 1, 0, NO_BIAS, 2, write_embedding},
    {" prelu ", 0, 1, NO_BIAS, 1, write_prelu},
};

/* The row of torch.ops.aten.NAME.OVERLOAD; NULL: none. */
static const struct maker *maker_of(const struct tenka_py *callee)
{
    const struct tenka_py *name = callee->kind == TENKA_PY_ATTRIBUTE ? callee->child : callee;
    if (name->kind != TENKA_PY_ATTRIBUTE || name->child->kind != TENKA_PY_ATTRIBUTE ||
        strcmp(name->child->word, "aten") != 0)
        return NULL;
    const size_t length = strlen(name->word);
    for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++) {
        const char *found = strstr(makers[i].names, name->word);
        if (found != NULL && found[-1] == ' ' && found[length] == ' ')
            return &makers[i];
    }
    return NULL;
}

/* ---- Owners ---- */

/* The path of the module that has a target, and the target's name in it. */
static const char *owner_of(struct tenka_binder *b, const char *target, const char **name)
{
    const char *dot = strrchr(target, '.'), *owner = "";
    *name = dot != NULL ? dot + 1 : target;
    if (dot != NULL) {
        char *copy = tenka_py_alloc(&b->r, (size_t)(dot - target) + 1);
        if (copy == NULL)
            return NULL;
        memcpy(copy, target, (size_t)(dot - target));
        owner = copy;
    }
    return owner;
}

/* The entry whose parameter of forward an argument is, if it has that name in its module and no line has given the
 * parameter's name to another value. */
static struct tenka_export_entry *entry_of(struct tenka_binder *b, const struct tenka_py *arg, const char *wanted)
{
    struct tenka_export_entry *e =
        arg != NULL && arg->kind == TENKA_PY_NAME ? tenka_export_find(b->graph->export, arg->word) : NULL;
    if (e == NULL || e->target == NULL || tenka_bind_slot_of(b, arg->word) != TENKA_NO_SLOT)
        return NULL;
    const char *dot = strrchr(e->target, '.');
    return strcmp(dot != NULL ? dot + 1 : e->target, wanted) == 0 && dot != NULL ? e : NULL;
}

/* Of a target with a dot: what is before the last one. */
static size_t owner_length(const struct tenka_export_entry *e)
{
    return (size_t)(strrchr(e->target, '.') - e->target);
}

static bool same_owner(const struct tenka_export_entry *a, const struct tenka_export_entry *b)
{
    return owner_length(a) == owner_length(b) && strncmp(a->target, b->target, owner_length(a)) == 0;
}

static bool has_keywords(const struct tenka_py *arg)
{
    while (arg != NULL && arg->kind != TENKA_PY_KEYWORD)
        arg = arg->next;
    return arg != NULL;
}

/* The entry of the weight of a call that may be a layer's; NULL: it is none. The rows know arguments by their places. */
static struct tenka_export_entry *weight_of(struct tenka_binder *b, const struct tenka_py *call,
                                            const struct maker **maker)
{
    const struct maker *m = *maker = maker_of(call->child);
    const struct tenka_py *args = call->child->next;
    if (m == NULL || has_keywords(args))
        return NULL;
    struct tenka_export_entry *weight = entry_of(b, arg_at(args, m->weight), "weight");
    const struct tenka_py *given = m->bias != NO_BIAS ? arg_at(args, m->bias) : NULL;
    if (weight == NULL || is_none(given))
        return weight;
    const struct tenka_export_entry *bias = entry_of(b, given, "bias");
    return bias != NULL && same_owner(weight, bias) ? weight : NULL;
}

/* ---- Making ---- */

/* The container at a path, which is made with all above it. */
static tenka_status make_container(struct tenka_binder *b, const char *path, tenka_module **out)
{
    *out = b->root;
    for (size_t length; *path != '\0'; path += length + (path[length] == '.')) {
        char name[TENKA_MAX_LAYER_NAME];
        tenka_module *child;
        length = strcspn(path, ".");
        if (length >= sizeof(name))
            return tenka_py_fail(&b->r, b->r.at, "a name of the graph signature is too long");
        memcpy(name, path, length);
        name[length] = '\0';
        child = tenka_module_child(*out, name);
        if (child == NULL) {
            TENKA_TRY(tenka_container_make(b->root->ctx, "Module", &child));
            TENKA_TRY(tenka_nn_append(*out, name, child));
        }
        *out = child;
    }
    return TENKA_OK;
}

/* Text of the layer that a call is one of, in the arena. */
static tenka_status layer_text(struct tenka_binder *b, const struct maker *m, const struct tenka_py *call,
                               const struct tenka_export_entry *weight, uint32_t rank, const char **out)
{
    struct tenka_text text = {0};
    struct call c = {.args = call->child->next, .rank = rank};
    bool whole;
    if (weight->type == NULL || !read_type(weight->type, &c.weight, &whole) || c.weight.rank < m->rank)
        return tenka_py_fail(&b->r, weight->at, "%.100s is the weight of a layer, but not of its type", weight->name);
    m->write(&text, &c);
    char *copy = text.failed ? NULL : tenka_py_alloc(&b->r, text.length + 1);
    if (copy != NULL)
        memcpy(copy, text.text, text.length);
    tenka_free(text.text);
    *out = copy;
    return copy != NULL ? TENKA_OK : tenka_fail_nomem(b->r.err);
}

/* What the calls say of the layers: of a weight that is used in two ways there is none. */
static tenka_status note_layer(struct tenka_binder *b, const struct tenka_py_line *line)
{
    struct tenka_shape result = {.rank = 0};
    const struct maker *m;
    const char *text;
    bool whole;
    struct tenka_export_entry *e = line->value->kind == TENKA_PY_CALL ? weight_of(b, line->value, &m) : NULL;
    if (e == NULL)
        return TENKA_OK;
    if (line->annotation != NULL && line->annotation->kind == TENKA_PY_STRING)
        read_type(line->annotation, &result, &whole);
    TENKA_TRY(layer_text(b, m, line->value, e, result.rank, &text));
    e->mixed = e->mixed || (e->layer != NULL && strcmp(e->layer, text) != 0);
    e->layer = text;
    return TENKA_OK;
}

/* ---- Which targets are one layer's ---- */

/* Owners from one to those below it, which follow at once since a dot comes before all else; then as the text goes. */
static int by_owner(const void *a, const void *b)
{
    const struct tenka_export_entry *const x = *(struct tenka_export_entry *const *)a;
    const struct tenka_export_entry *const y = *(struct tenka_export_entry *const *)b;
    const size_t n = owner_length(x), m = owner_length(y);
    for (size_t i = 0; i < n && i < m; i++)
        if (x->target[i] != y->target[i])
            return x->target[i] == '.'   ? -1
                   : y->target[i] == '.' ? 1
                                         : (unsigned char)x->target[i] - (unsigned char)y->target[i];
    return n != m ? (n < m ? -1 : 1) : (x->at > y->at) - (x->at < y->at);
}

/* Whether the owner of one is that of the other, or below it. */
static bool is_within(const struct tenka_export_entry *e, const struct tenka_export_entry *of)
{
    const size_t length = owner_length(of);
    return strncmp(e->target, of->target, length) == 0 && e->target[length] == '.';
}

/* The targets of an owner are a layer's if a call is one of it and none lies deeper; the last such call counts. */
static size_t find_weight(struct tenka_export_entry **e, size_t n)
{
    struct tenka_export_entry *weight = NULL;
    size_t own = 0;
    for (; own < n && owner_length(e[own]) == owner_length(e[0]) && is_within(e[own], e[0]); own++)
        if (e[own]->layer != NULL && !e[own]->mixed)
            weight = e[own];
    for (size_t i = 0; i < own && (own == n || !is_within(e[own], e[0])); i++)
        e[i]->weight = weight;
    return own;
}

static tenka_status find_weights(struct tenka_binder *b)
{
    const struct tenka_export *x = b->graph->export;
    struct tenka_export_entry **owned = tenka_py_alloc(&b->r, (x->n_inputs + 1) * sizeof(*owned));
    size_t n = 0;
    if (owned == NULL)
        return TENKA_E_NOMEM;
    for (struct tenka_export_entry *e = x->inputs; e != NULL; e = e->next)
        if (e->target != NULL && strchr(e->target, '.') != NULL)
            owned[n++] = e;
    qsort(owned, n, sizeof(*owned), by_owner);
    for (size_t i = 0; i < n;)
        i += find_weight(owned + i, n - i);
    return TENKA_OK;
}

/* ---- Making the tree ---- */

/* An error of a layer's own, with the place of the entry. */
static tenka_status fail_entry(struct tenka_binder *b, const struct tenka_export_entry *e, tenka_status status)
{
    const struct tenka_error last = *b->r.err;
    return status == TENKA_E_NOMEM || status == TENKA_E_DEVICE
               ? status
               : tenka_py_fail(&b->r, e->at, "%.100s: %.600s", e->target, last.text);
}

static tenka_status add_layer(struct tenka_binder *b, tenka_module *container, const char *name,
                              const struct tenka_export_entry *weight)
{
    struct tenka_export *x = b->graph->export;
    tenka_module *layer;
    const tenka_status status = tenka_nn_parse_limited(b->root->ctx, weight->layer, x->room, &layer);
    if (status != TENKA_OK)
        return fail_entry(b, weight, status);
    x->room -= tenka_module_parameter_count(layer);
    return tenka_nn_append(container, name, layer);
}

/* A module keeps one count. */
static tenka_status add_number(struct tenka_binder *b, tenka_module *owner, const char *name,
                               const struct tenka_export_entry *e)
{
    for (size_t i = 0; i < owner->n_state; i++)
        if (owner->state[i].number != NULL)
            return tenka_py_fail(&b->r, e->at, "%.100s is a second whole number of its module; give it an axis",
                                 e->target);
    return tenka_layer_add_number(owner, name, &owner->batches);
}

/* A parameter or a buffer whose numbers the text does not show. */
static tenka_status add_state(struct tenka_binder *b, tenka_module *owner, const char *name,
                              const struct tenka_export_entry *e)
{
    struct tenka_shape shape;
    struct tenka_graph_state *state;
    bool whole;
    const tenka_status named = tenka_module_check_name(owner, "export", name);
    if (named != TENKA_OK)
        return fail_entry(b, e, named);
    if (!read_type(e->type, &shape, &whole))
        return tenka_py_fail(&b->r, e->at, "the type of %.100s is none of a tensor", e->name);
    if (whole && shape.rank == 0)
        return add_number(b, owner, name, e);
    tenka_status status = tenka_shape_check(b->r.err, e->target, &shape);
    if (status == TENKA_OK && tenka_shape_count(&shape) > b->graph->export->room)
        return tenka_py_fail(&b->r, e->at, "the network has more parameters than the file has room for");
    if (status == TENKA_OK)
        status = tenka_layer_add_state_of(owner, name, whole ? TENKA_I32 : TENKA_F32, shape, NULL,
                                          !whole && strcmp(e->kind, "PARAMETER") == 0);
    if (status != TENKA_OK)
        return fail_entry(b, e, status);
    b->graph->export->room -= tenka_shape_count(&shape);
    TENKA_TRY(tenka_bind_state(b, e->at, e->target, &state));
    state->unset = true;
    return TENKA_OK;
}

/* Whether a variable has the shape that the table's type says. */
static bool has_type(const tenka_variable *var, const struct tenka_py *type)
{
    struct tenka_shape shape, own = tenka_variable_shape(var);
    bool whole;
    return read_type(type, &shape, &whole) && tenka_shape_equal(&shape, &own);
}

/* The state of a layer that is already there has the entry. */
static tenka_status check_layer(struct tenka_binder *b, const tenka_module *layer, const char *name,
                                const struct tenka_export_entry *e)
{
    for (size_t i = 0; i < layer->n_state; i++)
        if (strcmp(layer->state[i].name, name) == 0)
            return layer->state[i].var == NULL || has_type(layer->state[i].var, e->type)
                       ? TENKA_OK
                       : tenka_py_fail(&b->r, e->at, "%.100s has another shape in the %.100s that a call makes",
                                       e->target, tenka_module_class(layer));
    return tenka_py_fail(&b->r, e->at, "%.100s is made by a call of %s, which has no %.100s", e->target,
                         tenka_module_class(layer), name);
}

static tenka_status add_entry(struct tenka_binder *b, const struct tenka_export_entry *e)
{
    tenka_module *owner;
    const char *name, *path = owner_of(b, e->target, &name);
    if (path == NULL)
        return tenka_fail_nomem(b->r.err);
    owner = tenka_bind_module_at(b, path);
    if (owner != NULL && !owner->type->container)
        return check_layer(b, owner, name, e);
    if (e->weight == NULL) {
        TENKA_TRY(make_container(b, path, &owner));
        return owner->type->container ? add_state(b, owner, name, e) : check_layer(b, owner, name, e);
    }
    const char *layer, *above = owner_of(b, path, &layer);
    if (above == NULL)
        return tenka_fail_nomem(b->r.err);
    TENKA_TRY(make_container(b, above, &owner));
    TENKA_TRY(add_layer(b, owner, layer, e->weight));
    return add_entry(b, e);
}

static tenka_status check_kind(struct tenka_binder *b, const struct tenka_export_entry *e)
{
    const bool parameter = strcmp(e->kind, "PARAMETER") == 0, buffer = strcmp(e->kind, "BUFFER") == 0;
    if (!parameter && !buffer)
        return tenka_py_fail(&b->r, e->at,
                             "the text does not show the numbers of %.100s, a %.60s; make it a buffer of the model",
                             e->name, e->kind);
    if (e->target == NULL || e->type == NULL)
        return tenka_py_fail(&b->r, e->at, "%.100s has no target or no type", e->name);
    if (e->persistent != NULL && strcmp(e->persistent, "False") == 0)
        return tenka_py_fail(&b->r, e->at, "no file has the numbers of %.100s; make it a buffer with persistent=True",
                             e->target);
    return TENKA_OK;
}

static bool is_input(const struct tenka_export_entry *e)
{
    return strcmp(e->kind, "USER_INPUT") == 0;
}

tenka_status tenka_export_make(struct tenka_binder *b)
{
    struct tenka_export *x = b->graph->export;
    struct tenka_shape shape;
    bool whole;
    for (const struct tenka_py_line *line = b->graph->source.lines; line != NULL; line = line->next)
        TENKA_TRY(note_layer(b, line));
    TENKA_TRY(find_weights(b));
    for (const struct tenka_export_entry *e = x->inputs; e != NULL; e = e->next) {
        if (is_input(e) && e->type != NULL && read_type(e->type, &shape, &whole) && shape.rank > 0)
            x->batch = x->batch == 0 ? shape.dim[0] : x->batch;
        if (is_input(e))
            continue;
        TENKA_TRY(check_kind(b, e));
        TENKA_TRY(add_entry(b, e));
    }
    return TENKA_OK;
}

tenka_module *tenka_export_layer(struct tenka_binder *b, const struct tenka_py *call, size_t *input)
{
    const struct maker *m;
    const struct tenka_export_entry *e = weight_of(b, call, &m);
    if (e == NULL || e->mixed)
        return NULL;
    const char *name, *path = owner_of(b, e->target, &name);
    tenka_module *module = path != NULL ? tenka_bind_module_at(b, path) : NULL;
    *input = m->input;
    return module != NULL && !module->type->container ? module : NULL;
}
