/* What the names in a pickle mean: storages, tensors, dicts, and everything else. */
#include <stdio.h>

#include "io/convert.h"
#include "io/pickle_machine.h"

typedef struct tenka_pickle_value value;
typedef struct tenka_pickle_machine machine;

/* All that a state_dict refers to. */
static const struct tenka_pickle_name names[] = {
    {"collections", "OrderedDict", TENKA_PICKLE_CALL_DICT, NULL},
    {"collections", "defaultdict", TENKA_PICKLE_CALL_DICT, NULL},
    {"torch._utils", "_rebuild_tensor", TENKA_PICKLE_CALL_TENSOR, NULL},
    {"torch._utils", "_rebuild_tensor_v2", TENKA_PICKLE_CALL_TENSOR, NULL},
    {"torch._utils", "_rebuild_tensor_v3", TENKA_PICKLE_CALL_TENSOR, NULL},
    {"torch._utils", "_rebuild_parameter", TENKA_PICKLE_CALL_PARAMETER, NULL},
    {"torch._utils", "_rebuild_parameter_with_state", TENKA_PICKLE_CALL_PARAMETER, NULL},
    {"torch._tensor", "_rebuild_from_type", TENKA_PICKLE_CALL_FROM_TYPE, NULL},
    {"torch._tensor", "_rebuild_from_type_v2", TENKA_PICKLE_CALL_FROM_TYPE, NULL},
    {"torch", "FloatStorage", TENKA_PICKLE_CALL_NONE, "F32"},
    {"torch", "DoubleStorage", TENKA_PICKLE_CALL_NONE, "F64"},
    {"torch", "HalfStorage", TENKA_PICKLE_CALL_NONE, "F16"},
    {"torch", "BFloat16Storage", TENKA_PICKLE_CALL_NONE, "BF16"},
    {"torch", "LongStorage", TENKA_PICKLE_CALL_NONE, "I64"},
    {"torch", "IntStorage", TENKA_PICKLE_CALL_NONE, "I32"},
    {"torch", "ShortStorage", TENKA_PICKLE_CALL_NONE, "I16"},
    {"torch", "CharStorage", TENKA_PICKLE_CALL_NONE, "I8"},
    {"torch", "ByteStorage", TENKA_PICKLE_CALL_NONE, "U8"},
    {"torch", "BoolStorage", TENKA_PICKLE_CALL_NONE, "BOOL"},
    {"torch", "ComplexFloatStorage", TENKA_PICKLE_CALL_NONE, "C64"},
    {"torch", "ComplexDoubleStorage", TENKA_PICKLE_CALL_NONE, "C128"},
    {"torch", "QInt8Storage", TENKA_PICKLE_CALL_NONE, "I8"},
    {"torch", "QUInt8Storage", TENKA_PICKLE_CALL_NONE, "U8"},
    {"torch", "QInt32Storage", TENKA_PICKLE_CALL_NONE, "I32"},
    {"torch", "QUInt4x2Storage", TENKA_PICKLE_CALL_NONE, "U8"},
    {"torch", "QUInt2x4Storage", TENKA_PICKLE_CALL_NONE, "U8"},
    {"torch", "UntypedStorage", TENKA_PICKLE_CALL_NONE, "U8"},
    {"torch.storage", "UntypedStorage", TENKA_PICKLE_CALL_NONE, "U8"},
    {"torch.storage", "_UntypedStorage", TENKA_PICKLE_CALL_NONE, "U8"},
    {"torch", "float8_e4m3fn", TENKA_PICKLE_CALL_NONE, "F8_E4M3"},
    {"torch", "float8_e4m3fnuz", TENKA_PICKLE_CALL_NONE, "F8_E4M3FNUZ"},
    {"torch", "float8_e5m2", TENKA_PICKLE_CALL_NONE, "F8_E5M2"},
    {"torch", "float8_e5m2fnuz", TENKA_PICKLE_CALL_NONE, "F8_E5M2FNUZ"},
    {"torch", "float8_e8m0fnu", TENKA_PICKLE_CALL_NONE, "F8_E8M0"},
    {"torch", "uint16", TENKA_PICKLE_CALL_NONE, "U16"},
    {"torch", "uint32", TENKA_PICKLE_CALL_NONE, "U32"},
    {"torch", "uint64", TENKA_PICKLE_CALL_NONE, "U64"},
};

tenka_status tenka_pickle_push_name(machine *m, const char *module, const char *name)
{
    value *v;
    TENKA_TRY(tenka_pickle_push_new(m, TENKA_PICKLE_NAME, &v));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].module, module) == 0 && strcmp(names[i].name, name) == 0) {
            v->is.name = &names[i];
            return TENKA_OK;
        }
    }
    struct tenka_pickle_name *const unknown = tenka_arena_alloc(m->arena, sizeof(*unknown));
    if (unknown == NULL)
        return tenka_fail_nomem(m->err);
    *unknown = (struct tenka_pickle_name){.module = module, .name = name, .call = TENKA_PICKLE_CALL_OPAQUE};
    v->is.name = unknown;
    return TENKA_OK;
}

bool tenka_pickle_maker(const struct tenka_pickle_value *v, char buf[TENKA_PICKLE_MAKER])
{
    char module[TENKA_PICKLE_SHOWN], name[TENKA_PICKLE_SHOWN];
    const struct tenka_pickle_name *const maker = v->kind == TENKA_PICKLE_NAME     ? v->is.name
                                                  : v->kind == TENKA_PICKLE_OPAQUE ? v->is.opaque.maker
                                                                                   : NULL;
    if (maker != NULL)
        snprintf(buf, TENKA_PICKLE_MAKER, "%s.%s", tenka_pickle_show(maker->module, module),
                 tenka_pickle_show(maker->name, name));
    return maker != NULL;
}

static bool is_kind(const value *v, enum tenka_pickle_kind kind)
{
    return v->kind == kind;
}

/* ---- Storages ---- */

/* Before PyTorch 1.0 a storage could be a part of another: (key, begin, count) as the id's last part, or None. */
static bool read_view(const value *id, struct tenka_pickle_storage *storage)
{
    if (id->is.items.count == 5 || is_kind(id->is.items.values[5], TENKA_PICKLE_NONE))
        return true;
    const value *const view = id->is.items.values[5];
    if (!is_kind(view, TENKA_PICKLE_TUPLE) || view->is.items.count != 3)
        return false;
    const value *const begin = view->is.items.values[1];
    if (!is_kind(begin, TENKA_PICKLE_INT) || begin->is.integer < 0)
        return false;
    storage->begin = (uint64_t)begin->is.integer;
    return storage->begin <= storage->count;
}

/* ('storage', torch.FloatStorage, key, 'cpu', count) and in old files a view. */
static bool read_storage(const value *id, struct tenka_pickle_storage *storage)
{
    value *const *const part = id->is.items.values;
    if (id->is.items.count < 5 || id->is.items.count > 6 || !is_kind(part[0], TENKA_PICKLE_STRING) ||
        strcmp(part[0]->is.text, "storage") != 0 || !is_kind(part[1], TENKA_PICKLE_NAME) ||
        !is_kind(part[2], TENKA_PICKLE_STRING) || !is_kind(part[4], TENKA_PICKLE_INT) || part[4]->is.integer < 0)
        return false;
    const char *const dtype = part[1]->is.name->dtype;
    storage->dtype = dtype != NULL ? dtype : "";
    storage->key = part[2]->is.text;
    storage->count = (uint64_t)part[4]->is.integer;
    return read_view(id, storage);
}

/* ('module', class, file, source): a class of a model that was pickled as a whole before PyTorch 1.6. */
static bool is_class(const value *id)
{
    value *const *const part = id->is.items.values;
    return id->is.items.count == 4 && is_kind(part[0], TENKA_PICKLE_STRING) &&
           strcmp(part[0]->is.text, "module") == 0 && is_kind(part[1], TENKA_PICKLE_NAME);
}

tenka_status tenka_pickle_persistent(machine *m)
{
    static const char expected[] = "expected a persistent id ('storage', storage class, key, place, count)";
    value *id, *v;
    TENKA_TRY(tenka_pickle_pop_kind(m, TENKA_PICKLE_TUPLE, expected, &id));
    if (is_class(id))
        return tenka_pickle_push(m, id->is.items.values[1]);
    struct tenka_pickle_storage *const storage = tenka_arena_alloc(m->arena, sizeof(*storage));
    if (storage == NULL)
        return tenka_fail_nomem(m->err);
    if (!read_storage(id, storage))
        return tenka_pickle_fail(m, expected);
    TENKA_TRY(tenka_pickle_push_new(m, TENKA_PICKLE_STORAGE, &v));
    storage->next = m->storages;
    m->storages = storage;
    v->is.storage = storage;
    return TENKA_OK;
}

/* ---- Tensors ---- */

static bool read_sizes(const value *size, const value *stride, struct tenka_pickle_tensor *t)
{
    for (size_t i = 0; i < t->shape.rank; i++) {
        const value *const n = size->is.items.values[i], *const s = stride->is.items.values[i];
        if (!is_kind(n, TENKA_PICKLE_INT) || !is_kind(s, TENKA_PICKLE_INT) || n->is.integer < 0 ||
            n->is.integer > UINT32_MAX || s->is.integer < 0)
            return false;
        t->shape.dim[i] = (uint32_t)n->is.integer;
        t->stride[i] = (uint64_t)s->is.integer;
    }
    return true;
}

/* Whether all elements lie within the storage. */
static bool is_inside(const struct tenka_pickle_tensor *t)
{
    /* A storage of bytes may hold elements of another size. */
    const uint64_t each = tenka_file_dtype_bytes(t->dtype) / tenka_file_dtype_bytes(t->storage->dtype);
    const uint64_t room = t->storage->count / each;
    uint64_t last = t->offset;
    if (tenka_shape_count(&t->shape) == 0)
        return true;
    if (last >= room)
        return false;
    for (uint32_t i = 0; i < t->shape.rank; i++) {
        const uint64_t steps = t->shape.dim[i] - 1;
        if (steps > 0 && t->stride[i] > (room - 1 - last) / steps)
            return false;
        last += steps * t->stride[i];
    }
    return true;
}

/* Why this tensor is none that can be read, though the file is right; NULL: it can be. Of _rebuild_tensor's arguments
 * (storage, offset, size, stride, requires_grad, hooks, dtype or metadata, metadata) the last two may be missing. */
static const char *find_dtype(const value *args, const char **dtype)
{
    const uint32_t there = tenka_file_dtype_bytes(*dtype);
    for (size_t i = 6; i < args->is.items.count; i++) {
        const value *const more = args->is.items.values[i];
        if (is_kind(more, TENKA_PICKLE_NAME))
            *dtype = more->is.name->dtype != NULL ? more->is.name->dtype : "";
        /* Flags of views that change values, such as conjugation. */
        else if (!is_kind(more, TENKA_PICKLE_NONE) && (!is_kind(more, TENKA_PICKLE_DICT) || more->is.items.count > 0))
            return "a tensor whose view changes values";
    }
    if (tenka_file_dtype_bytes(*dtype) == 0 || (there != 1 && there != tenka_file_dtype_bytes(*dtype)))
        return "a tensor of a dtype that is not known";
    return args->is.items.values[2]->is.items.count > TENKA_MAX_RANK ? "a tensor of more than 6 axes" : NULL;
}

static tenka_status make_tensor(machine *m, const value *args, const char *dtype)
{
    value *const *const arg = args->is.items.values;
    value *v;
    struct tenka_pickle_tensor *const t = tenka_arena_alloc(m->arena, sizeof(*t));
    if (t == NULL)
        return tenka_fail_nomem(m->err);
    t->storage = arg[0]->is.storage;
    t->dtype = dtype;
    t->offset = (uint64_t)arg[1]->is.integer;
    t->shape.rank = (uint32_t)arg[2]->is.items.count;
    if (arg[3]->is.items.count != t->shape.rank || !read_sizes(arg[2], arg[3], t))
        return tenka_pickle_fail(m, "expected a size and a stride for each of a tensor's axes, all whole numbers");
    /* The sum cannot wrap: begin is at most the count, and offset a signed number. */
    t->offset += t->storage->begin;
    if (!is_inside(t))
        return tenka_pickle_fail(m, "a tensor reaches beyond the end of its storage");
    TENKA_TRY(tenka_pickle_push_new(m, TENKA_PICKLE_TENSOR, &v));
    v->is.tensor = t;
    return TENKA_OK;
}

static tenka_status rebuild_tensor(machine *m, const value *args)
{
    value *const *const arg = args->is.items.values;
    const size_t count = args->is.items.count;
    if (count < 4 || count > 8 || !is_kind(arg[0], TENKA_PICKLE_STORAGE) || !is_kind(arg[1], TENKA_PICKLE_INT) ||
        !is_kind(arg[2], TENKA_PICKLE_TUPLE) || !is_kind(arg[3], TENKA_PICKLE_TUPLE) || arg[1]->is.integer < 0)
        return tenka_pickle_fail(m, "expected a tensor's storage, offset, size and stride");
    const char *dtype = arg[0]->is.storage->dtype;
    const char *const why = find_dtype(args, &dtype);
    return why == NULL ? make_tensor(m, args, dtype) : tenka_pickle_push_opaque(m, why, NULL);
}

/* ---- Calls ---- */

/* OrderedDict() and defaultdict(factory); Python 2 has the items as an argument: a list of pairs. */
static tenka_status make_dict(machine *m, const value *args)
{
    const value *const items = args->is.items.count > 0 ? args->is.items.values[0] : NULL;
    value *v;
    TENKA_TRY(tenka_pickle_push_new(m, TENKA_PICKLE_DICT, &v));
    for (size_t i = 0; items != NULL && items->kind == TENKA_PICKLE_LIST && i < items->is.items.count; i++) {
        const value *const pair = items->is.items.values[i];
        if ((!is_kind(pair, TENKA_PICKLE_LIST) && !is_kind(pair, TENKA_PICKLE_TUPLE)) || pair->is.items.count != 2)
            return tenka_pickle_fail(m, "expected a dict's items as pairs of a key and a value");
        TENKA_TRY(tenka_pickle_add_items(m, v, pair->is.items.values, 2));
    }
    return TENKA_OK;
}

/* _rebuild_parameter(tensor, requires_grad, hooks) and its like: the tensor, or what has taken its place. */
static tenka_status rebuild_parameter(machine *m, const value *args)
{
    value *const tensor = args->is.items.count >= 3 ? args->is.items.values[0] : NULL;
    if (tensor == NULL || (!is_kind(tensor, TENKA_PICKLE_TENSOR) && !is_kind(tensor, TENKA_PICKLE_OPAQUE)))
        return tenka_pickle_fail(m, "expected a parameter's tensor and its flags");
    return tenka_pickle_push(m, tensor);
}

/* _rebuild_from_type_v2(function, type, arguments, state): a tensor with attributes, or of a class of its own. */
static tenka_status rebuild_from_type(machine *m, const value *args)
{
    value *const *const arg = args->is.items.values;
    if (args->is.items.count != 4 || !is_kind(arg[0], TENKA_PICKLE_NAME) || !is_kind(arg[2], TENKA_PICKLE_TUPLE))
        return tenka_pickle_fail(m, "expected the function that makes a tensor, its type, its arguments and its state");
    if (arg[0]->is.name->call == TENKA_PICKLE_CALL_TENSOR)
        return rebuild_tensor(m, arg[2]);
    return tenka_pickle_push_opaque(m, NULL, arg[0]->is.name);
}

tenka_status tenka_pickle_reduce(machine *m)
{
    value *args, *callee;
    TENKA_TRY(tenka_pickle_pop_kind(m, TENKA_PICKLE_TUPLE, "expected a tuple of arguments", &args));
    TENKA_TRY(tenka_pickle_pop(m, &callee));
    if (is_kind(callee, TENKA_PICKLE_OPAQUE))
        return tenka_pickle_push_opaque(m, callee->is.opaque.what, callee->is.opaque.maker);
    if (!is_kind(callee, TENKA_PICKLE_NAME))
        return tenka_pickle_fail(m, "expected something that can be called");
    switch (callee->is.name->call) {
    case TENKA_PICKLE_CALL_OPAQUE: return tenka_pickle_push_opaque(m, NULL, callee->is.name);
    case TENKA_PICKLE_CALL_DICT: return make_dict(m, args);
    case TENKA_PICKLE_CALL_TENSOR: return rebuild_tensor(m, args);
    case TENKA_PICKLE_CALL_PARAMETER: return rebuild_parameter(m, args);
    case TENKA_PICKLE_CALL_FROM_TYPE: return rebuild_from_type(m, args);
    case TENKA_PICKLE_CALL_NONE: break;
    }
    return tenka_pickle_fail(m, "expected something that can be called, found a storage class");
}
