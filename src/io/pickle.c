#include "io/pickle.h"

#include <stdio.h>

/* Far above any state_dict, and low enough that a made-up file cannot eat the memory. */
#define MAX_STACK (1u << 20)
#define MAX_MEMO (1u << 21)
#define MAX_VALUES (1u << 22)

typedef struct tenka_pickle_value value;

enum call { CALL_NONE, CALL_ORDERED_DICT, CALL_TENSOR, CALL_PARAMETER };

/* All that a state_dict refers to. */
struct tenka_pickle_name {
    const char *module, *name;
    enum call call;
    const char *dtype; /* of a storage class */
};

static const struct tenka_pickle_name names[] = {
    {"collections", "OrderedDict", CALL_ORDERED_DICT, NULL},
    {"torch._utils", "_rebuild_tensor_v2", CALL_TENSOR, NULL},
    {"torch._utils", "_rebuild_parameter", CALL_PARAMETER, NULL},
    {"torch", "FloatStorage", CALL_NONE, "F32"},
    {"torch", "DoubleStorage", CALL_NONE, "F64"},
    {"torch", "HalfStorage", CALL_NONE, "F16"},
    {"torch", "BFloat16Storage", CALL_NONE, "BF16"},
    {"torch", "LongStorage", CALL_NONE, "I64"},
    {"torch", "IntStorage", CALL_NONE, "I32"},
    {"torch", "ShortStorage", CALL_NONE, "I16"},
    {"torch", "CharStorage", CALL_NONE, "I8"},
    {"torch", "ByteStorage", CALL_NONE, "U8"},
    {"torch", "BoolStorage", CALL_NONE, "BOOL"},
};

/* The opcodes that are refused, so that the sentence can name them. */
static const struct {
    unsigned char code;
    const char *name;
} refused[] = {
    {'0', "POP"},           {'1', "POP_MARK"},      {'2', "DUP"},           {'F', "FLOAT"},
    {'I', "INT"},           {'L', "LONG"},          {'P', "PERSID"},        {'S', "STRING"},
    {'T', "BINSTRING"},     {'U', "SHORT_BINSTRING"}, {'V', "UNICODE"},     {'d', "DICT"},
    {'g', "GET"},           {'i', "INST"},          {'l', "LIST"},          {'o', "OBJ"},
    {'p', "PUT"},           {0x81, "NEWOBJ"},       {0x82, "EXT1"},         {0x83, "EXT2"},
    {0x84, "EXT4"},         {0x8b, "LONG4"},        {'B', "BINBYTES"},      {'C', "SHORT_BINBYTES"},
    {0x8c, "SHORT_BINUNICODE"}, {0x8d, "BINUNICODE8"}, {0x8e, "BINBYTES8"}, {0x8f, "EMPTY_SET"},
    {0x90, "ADDITEMS"},     {0x91, "FROZENSET"},    {0x92, "NEWOBJ_EX"},    {0x93, "STACK_GLOBAL"},
    {0x94, "MEMOIZE"},      {0x95, "FRAME"},        {0x96, "BYTEARRAY8"},   {0x97, "NEXT_BUFFER"},
    {0x98, "READONLY_BUFFER"},
};

struct machine {
    struct tenka_error *err;
    const char *where;
    struct tenka_arena *arena;
    const unsigned char *bytes;
    size_t size, at, opcode; /* opcode: where the current one stands */
    value **stack, **memo;
    size_t depth, stack_capacity, memo_capacity;
    size_t *marks; /* depths */
    size_t n_marks, marks_capacity;
    size_t n_values;
};

const char *tenka_pickle_show(const char *text, char buf[TENKA_PICKLE_SHOWN])
{
    size_t i = 0;
    for (; text[i] != '\0' && i + 1 < TENKA_PICKLE_SHOWN; i++)
        buf[i] = (char)(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?');
    buf[i] = '\0';
    return buf;
}

/* ---- Bytes ---- */

static tenka_status fail(const struct machine *m, const char *what)
{
    return tenka_fail(m->err, TENKA_E_FORMAT, "%s: the pickle, at byte %zu: %s", m->where, m->opcode, what);
}

static tenka_status take(struct machine *m, size_t count, const unsigned char **out)
{
    if (count > m->size - m->at)
        return fail(m, "it ends in the middle of an opcode");
    *out = m->bytes + m->at;
    m->at += count;
    return TENKA_OK;
}

/* A little-endian number of up to 8 bytes. */
static tenka_status take_number(struct machine *m, size_t count, uint64_t *out)
{
    const unsigned char *p;
    TENKA_TRY(take(m, count, &p));
    *out = 0;
    for (size_t i = count; i-- > 0;)
        *out = *out << 8 | p[i];
    return TENKA_OK;
}

static tenka_status copy_text(struct machine *m, const unsigned char *from, size_t length, const char **out)
{
    if (memchr(from, '\0', length) != NULL)
        return fail(m, "a text has a zero byte in it");
    char *const text = tenka_arena_alloc(m->arena, length + 1);
    if (text == NULL)
        return tenka_fail_nomem(m->err);
    memcpy(text, from, length);
    *out = text;
    return TENKA_OK;
}

static tenka_status take_line(struct machine *m, const char **out)
{
    const unsigned char *const from = m->bytes + m->at, *const end = memchr(from, '\n', m->size - m->at);
    if (end == NULL)
        return fail(m, "it ends in the middle of a name");
    m->at += (size_t)(end - from) + 1;
    return copy_text(m, from, (size_t)(end - from), out);
}

/* ---- Stack ---- */

static tenka_status push(struct machine *m, value *v)
{
    if (m->depth >= MAX_STACK)
        return fail(m, "its stack is deeper than any state_dict needs");
    if (!tenka_grow(&m->stack, &m->stack_capacity, m->depth, sizeof(m->stack[0])))
        return tenka_fail_nomem(m->err);
    m->stack[m->depth++] = v;
    return TENKA_OK;
}

static tenka_status push_new(struct machine *m, enum tenka_pickle_kind kind, value **out)
{
    if (m->n_values++ >= MAX_VALUES)
        return fail(m, "it holds more values than any state_dict needs");
    *out = tenka_arena_alloc(m->arena, sizeof(**out));
    if (*out == NULL)
        return tenka_fail_nomem(m->err);
    (*out)->kind = kind;
    return push(m, *out);
}

static tenka_status push_integer(struct machine *m, enum tenka_pickle_kind kind, int64_t integer)
{
    value *v;
    TENKA_TRY(push_new(m, kind, &v));
    v->is.integer = integer;
    return TENKA_OK;
}

/* Where the values above the last mark begin, or else the bottom. */
static size_t floor_of(const struct machine *m)
{
    return m->n_marks > 0 ? m->marks[m->n_marks - 1] : 0;
}

static tenka_status pop(struct machine *m, value **out)
{
    if (m->depth <= floor_of(m))
        return fail(m, "an opcode takes a value that is not there");
    *out = m->stack[--m->depth];
    return TENKA_OK;
}

static tenka_status pop_kind(struct machine *m, enum tenka_pickle_kind kind, const char *what, value **out)
{
    TENKA_TRY(pop(m, out));
    return (*out)->kind == kind ? TENKA_OK : fail(m, what);
}

static tenka_status mark(struct machine *m)
{
    if (m->n_marks >= MAX_STACK)
        return fail(m, "it has more marks than any state_dict needs");
    if (!tenka_grow(&m->marks, &m->marks_capacity, m->n_marks, sizeof(m->marks[0])))
        return tenka_fail_nomem(m->err);
    m->marks[m->n_marks++] = m->depth;
    return TENKA_OK;
}

/* Takes everything above the last mark: *count values that stay at *values until the next push. */
static tenka_status pop_mark(struct machine *m, value ***values, size_t *count)
{
    if (m->n_marks == 0)
        return fail(m, "an opcode takes a mark that is not there");
    const size_t begin = m->marks[--m->n_marks];
    *count = m->depth - begin;
    *values = *count > 0 ? m->stack + begin : NULL;
    m->depth = begin;
    return TENKA_OK;
}

static tenka_status add_items(struct machine *m, value *to, value **values, size_t count)
{
    struct tenka_pickle_items *const items = &to->is.items;
    if (count > items->capacity - items->count) {
        const size_t capacity = 2 * (items->count + count);
        value **const larger = tenka_arena_alloc(m->arena, capacity * sizeof(larger[0]));
        if (larger == NULL)
            return tenka_fail_nomem(m->err);
        if (items->count > 0)
            memcpy(larger, items->values, items->count * sizeof(larger[0]));
        items->values = larger;
        items->capacity = capacity;
    }
    if (count > 0)
        memcpy(items->values + items->count, values, count * sizeof(values[0]));
    items->count += count;
    return TENKA_OK;
}

/* A tuple of the last count values. */
static tenka_status tuple_of(struct machine *m, size_t count)
{
    value *v, *items[3];
    for (size_t i = count; i-- > 0;)
        TENKA_TRY(pop(m, &items[i]));
    TENKA_TRY(push_new(m, TENKA_PICKLE_TUPLE, &v));
    return add_items(m, v, items, count);
}

static tenka_status tuple_of_marked(struct machine *m)
{
    value **values, *v, *first;
    size_t count;
    TENKA_TRY(pop_mark(m, &values, &count));
    if (count == 0)
        return push_new(m, TENKA_PICKLE_TUPLE, &v);
    /* The push overwrites the first of them. */
    first = values[0];
    TENKA_TRY(push_new(m, TENKA_PICKLE_TUPLE, &v));
    TENKA_TRY(add_items(m, v, &first, 1));
    return add_items(m, v, m->stack + m->depth, count - 1);
}

/* The LIST or DICT below what was just taken; values are complete pairs for a DICT. */
static tenka_status add_to_top(struct machine *m, enum tenka_pickle_kind kind, value **values, size_t count)
{
    if (m->depth <= floor_of(m) || m->stack[m->depth - 1]->kind != kind)
        return fail(m, kind == TENKA_PICKLE_DICT ? "expected a dict to put items into"
                                                 : "expected a list to append items to");
    if (kind == TENKA_PICKLE_DICT && count % 2 != 0)
        return fail(m, "expected a value for each key");
    return add_items(m, m->stack[m->depth - 1], values, count);
}

static tenka_status add_single(struct machine *m, enum tenka_pickle_kind kind)
{
    value *items[2];
    if (kind == TENKA_PICKLE_LIST) {
        TENKA_TRY(pop(m, &items[0]));
        return add_to_top(m, kind, items, 1);
    }
    TENKA_TRY(pop(m, &items[1]));
    TENKA_TRY(pop(m, &items[0]));
    return add_to_top(m, kind, items, 2);
}

static tenka_status add_marked(struct machine *m, enum tenka_pickle_kind kind)
{
    value **values;
    size_t count;
    TENKA_TRY(pop_mark(m, &values, &count));
    return add_to_top(m, kind, values, count);
}

/* ---- Memo ---- */

static tenka_status put(struct machine *m, uint64_t index)
{
    if (m->depth <= floor_of(m))
        return fail(m, "an opcode takes a value that is not there");
    if (index >= MAX_MEMO)
        return fail(m, "it remembers more values than any state_dict needs");
    while (index >= m->memo_capacity) {
        const size_t before = m->memo_capacity;
        if (!tenka_grow(&m->memo, &m->memo_capacity, before, sizeof(m->memo[0])))
            return tenka_fail_nomem(m->err);
        memset(m->memo + before, 0, (m->memo_capacity - before) * sizeof(m->memo[0]));
    }
    m->memo[index] = m->stack[m->depth - 1];
    return TENKA_OK;
}

static tenka_status get(struct machine *m, uint64_t index)
{
    if (index >= m->memo_capacity || m->memo[index] == NULL)
        return fail(m, "an opcode asks for a value that was not remembered");
    return push(m, m->memo[index]);
}

/* ---- Names, storages, tensors ---- */

static tenka_status name_global(struct machine *m)
{
    const char *module, *name;
    char shown_module[TENKA_PICKLE_SHOWN], shown[TENKA_PICKLE_SHOWN];
    value *v;
    TENKA_TRY(take_line(m, &module));
    TENKA_TRY(take_line(m, &name));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].module, module) != 0 || strcmp(names[i].name, name) != 0)
            continue;
        TENKA_TRY(push_new(m, TENKA_PICKLE_NAME, &v));
        v->is.name = &names[i];
        return TENKA_OK;
    }
    return tenka_fail(m->err, TENKA_E_FORMAT,
                      "%s: the pickle asks for %s.%s, which no state_dict of tensors needs, so it was refused and "
                      "nothing was run; save model.state_dict() alone",
                      m->where, tenka_pickle_show(module, shown_module), tenka_pickle_show(name, shown));
}

static bool is_kind(const value *v, enum tenka_pickle_kind kind)
{
    return v->kind == kind;
}

/* ('storage', torch.FloatStorage, key, 'cpu', count) becomes a storage. */
static tenka_status persistent(struct machine *m)
{
    static const char expected[] = "expected a persistent id ('storage', storage class, key, place, count)";
    value *id, *v;
    TENKA_TRY(pop_kind(m, TENKA_PICKLE_TUPLE, expected, &id));
    value *const *const part = id->is.items.values;
    if (id->is.items.count != 5 || !is_kind(part[0], TENKA_PICKLE_STRING) || strcmp(part[0]->is.text, "storage") != 0 ||
        !is_kind(part[1], TENKA_PICKLE_NAME) || part[1]->is.name->dtype == NULL ||
        !is_kind(part[2], TENKA_PICKLE_STRING) || !is_kind(part[4], TENKA_PICKLE_INT) || part[4]->is.integer < 0)
        return fail(m, expected);
    struct tenka_pickle_storage *const storage = tenka_arena_alloc(m->arena, sizeof(*storage));
    if (storage == NULL)
        return tenka_fail_nomem(m->err);
    *storage = (struct tenka_pickle_storage){.dtype = part[1]->is.name->dtype,
                                             .key = part[2]->is.text,
                                             .count = (uint64_t)part[4]->is.integer};
    TENKA_TRY(push_new(m, TENKA_PICKLE_STORAGE, &v));
    v->is.storage = storage;
    return TENKA_OK;
}

static bool read_sizes(const value *size, const value *stride, struct tenka_pickle_tensor *t)
{
    const size_t rank = size->is.items.count;
    if (rank > TENKA_MAX_RANK || stride->is.items.count != rank)
        return false;
    t->shape.rank = (uint32_t)rank;
    for (size_t i = 0; i < rank; i++) {
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
    uint64_t last = t->offset;
    if (tenka_shape_count(&t->shape) == 0)
        return true;
    if (last >= t->storage->count)
        return false;
    for (uint32_t i = 0; i < t->shape.rank; i++) {
        const uint64_t steps = t->shape.dim[i] - 1;
        if (steps > 0 && t->stride[i] > (t->storage->count - 1 - last) / steps)
            return false;
        last += steps * t->stride[i];
    }
    return true;
}

/* _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks) */
static tenka_status rebuild_tensor(struct machine *m, const value *args)
{
    value *const *const arg = args->is.items.values;
    value *v;
    /* A seventh argument holds flags of views that change values, such as conjugation. */
    if (args->is.items.count != 6 || !is_kind(arg[0], TENKA_PICKLE_STORAGE) || !is_kind(arg[1], TENKA_PICKLE_INT) ||
        !is_kind(arg[2], TENKA_PICKLE_TUPLE) || !is_kind(arg[3], TENKA_PICKLE_TUPLE) || arg[1]->is.integer < 0)
        return fail(m, "expected a tensor's storage, offset, size and stride");
    struct tenka_pickle_tensor *const t = tenka_arena_alloc(m->arena, sizeof(*t));
    if (t == NULL)
        return tenka_fail_nomem(m->err);
    t->storage = arg[0]->is.storage;
    t->offset = (uint64_t)arg[1]->is.integer;
    if (!read_sizes(arg[2], arg[3], t))
        return fail(m, "expected a size and a stride for each of a tensor's at most 6 axes, all whole numbers");
    if (!is_inside(t))
        return fail(m, "a tensor reaches beyond the end of its storage");
    TENKA_TRY(push_new(m, TENKA_PICKLE_TENSOR, &v));
    v->is.tensor = t;
    return TENKA_OK;
}

static tenka_status reduce(struct machine *m)
{
    value *args, *callee, *v;
    TENKA_TRY(pop_kind(m, TENKA_PICKLE_TUPLE, "expected a tuple of arguments", &args));
    TENKA_TRY(pop_kind(m, TENKA_PICKLE_NAME, "expected something that can be called", &callee));
    switch (callee->is.name->call) {
    case CALL_ORDERED_DICT:
        if (args->is.items.count != 0)
            return fail(m, "expected an OrderedDict that begins empty");
        return push_new(m, TENKA_PICKLE_DICT, &v);
    case CALL_TENSOR:
        return rebuild_tensor(m, args);
    case CALL_PARAMETER:
        if (args->is.items.count != 3 || !is_kind(args->is.items.values[0], TENKA_PICKLE_TENSOR))
            return fail(m, "expected a parameter's tensor and its two flags");
        return push(m, args->is.items.values[0]);
    case CALL_NONE:
        break;
    }
    return fail(m, "expected something that can be called, found a storage class");
}

/* Attributes of a dict, such as the layers' versions in _metadata; nothing here needs them. */
static tenka_status build(struct machine *m)
{
    value *state;
    TENKA_TRY(pop_kind(m, TENKA_PICKLE_DICT, "expected attributes as a dict", &state));
    if (m->depth <= floor_of(m) || m->stack[m->depth - 1]->kind != TENKA_PICKLE_DICT)
        return fail(m, "expected a dict to give attributes to");
    return TENKA_OK;
}

/* ---- Opcodes ---- */

static tenka_status push_signed(struct machine *m, size_t bytes)
{
    uint64_t n = 0;
    if (bytes > 8)
        return fail(m, "an integer has more than 64 bits");
    TENKA_TRY(take_number(m, bytes, &n));
    /* Two's complement of that many bytes. */
    const uint64_t sign = bytes > 0 ? (uint64_t)1 << (8 * bytes - 1) : 0;
    n = (n ^ sign) - sign;
    int64_t integer;
    memcpy(&integer, &n, sizeof(integer));
    return push_integer(m, TENKA_PICKLE_INT, integer);
}

static tenka_status push_unsigned(struct machine *m, size_t bytes)
{
    uint64_t n;
    TENKA_TRY(take_number(m, bytes, &n));
    return push_integer(m, TENKA_PICKLE_INT, (int64_t)n);
}

static tenka_status push_long(struct machine *m)
{
    uint64_t bytes;
    TENKA_TRY(take_number(m, 1, &bytes));
    return push_signed(m, (size_t)bytes);
}

static tenka_status push_text(struct machine *m)
{
    uint64_t length;
    const unsigned char *from;
    value *v;
    TENKA_TRY(take_number(m, 4, &length));
    TENKA_TRY(take(m, (size_t)length, &from));
    TENKA_TRY(push_new(m, TENKA_PICKLE_STRING, &v));
    return copy_text(m, from, (size_t)length, &v->is.text);
}

/* Learning rates of an optimizer's state beside the weights: their values are of no use here. */
static tenka_status push_float(struct machine *m)
{
    const unsigned char *number;
    value *v;
    TENKA_TRY(take(m, 8, &number));
    return push_new(m, TENKA_PICKLE_FLOAT, &v);
}

static tenka_status use_memo(struct machine *m, size_t bytes, tenka_status (*use)(struct machine *, uint64_t))
{
    uint64_t index;
    TENKA_TRY(take_number(m, bytes, &index));
    return use(m, index);
}

static tenka_status protocol(struct machine *m)
{
    uint64_t version;
    TENKA_TRY(take_number(m, 1, &version));
    if (version == 2)
        return TENKA_OK;
    return tenka_fail(m->err, TENKA_E_FORMAT,
                      "%s: the pickle is of protocol %u, expected 2; save it again without pickle_protocol", m->where,
                      (unsigned)version);
}

static tenka_status refuse(const struct machine *m, unsigned char code)
{
    const char *name = "unknown";
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (refused[i].code == code)
            name = refused[i].name;
    }
    return tenka_fail(m->err, TENKA_E_FORMAT,
                      "%s: the pickle, at byte %zu, has the opcode 0x%02x (%s), which no state_dict needs, so it was "
                      "refused",
                      m->where, m->opcode, code, name);
}

static tenka_status run_opcode(struct machine *m, unsigned char code)
{
    static value none;
    value *v;
    switch (code) {
    case 0x80: return protocol(m);
    case 'c': return name_global(m);
    case 'Q': return persistent(m);
    case 'R': return reduce(m);
    case 'b': return build(m);
    case '(': return mark(m);
    case ')': return push_new(m, TENKA_PICKLE_TUPLE, &v);
    case 't': return tuple_of_marked(m);
    case 0x85: return tuple_of(m, 1);
    case 0x86: return tuple_of(m, 2);
    case 0x87: return tuple_of(m, 3);
    case ']': return push_new(m, TENKA_PICKLE_LIST, &v);
    case 'a': return add_single(m, TENKA_PICKLE_LIST);
    case 'e': return add_marked(m, TENKA_PICKLE_LIST);
    case '}': return push_new(m, TENKA_PICKLE_DICT, &v);
    case 's': return add_single(m, TENKA_PICKLE_DICT);
    case 'u': return add_marked(m, TENKA_PICKLE_DICT);
    case 'N': return push(m, &none);
    case 0x88: return push_integer(m, TENKA_PICKLE_BOOL, 1);
    case 0x89: return push_integer(m, TENKA_PICKLE_BOOL, 0);
    case 'J': return push_signed(m, 4);
    case 'K': return push_unsigned(m, 1);
    case 'M': return push_unsigned(m, 2);
    case 0x8a: return push_long(m);
    case 'G': return push_float(m);
    case 'X': return push_text(m);
    case 'q': return use_memo(m, 1, put);
    case 'r': return use_memo(m, 4, put);
    case 'h': return use_memo(m, 1, get);
    case 'j': return use_memo(m, 4, get);
    default: return refuse(m, code);
    }
}

static tenka_status run(struct machine *m, value **out)
{
    for (;;) {
        const unsigned char *code;
        m->opcode = m->at;
        TENKA_TRY(take(m, 1, &code));
        if (*code == '.')
            break;
        TENKA_TRY(run_opcode(m, *code));
    }
    if (m->n_marks != 0 || m->depth != 1)
        return fail(m, "expected exactly one value when it stops");
    *out = m->stack[0];
    return TENKA_OK;
}

tenka_status tenka_pickle_read(struct tenka_error *err, const char *where, struct tenka_arena *arena,
                               const unsigned char *bytes, size_t size, struct tenka_pickle_value **out)
{
    struct machine m = {.err = err, .where = where, .arena = arena, .bytes = bytes, .size = size};
    *out = NULL;
    if (size == 0 || bytes[0] != 0x80)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: expected a pickle of protocol 2, found something else", where);
    const tenka_status status = run(&m, out);
    tenka_free(m.stack);
    tenka_free(m.memo);
    tenka_free(m.marks);
    return status;
}

const struct tenka_pickle_value *tenka_pickle_find(const struct tenka_pickle_value *dict, const char *key)
{
    for (size_t i = dict->is.items.count; i > 0; i -= 2) {
        const value *const *const pair = (const value *const *)dict->is.items.values + i - 2;
        if (pair[0]->kind == TENKA_PICKLE_STRING && strcmp(pair[0]->is.text, key) == 0)
            return pair[1];
    }
    return NULL;
}
