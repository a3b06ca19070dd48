/* The opcodes. */
#include "io/pickle_machine.h"

#include <stdio.h>

typedef struct tenka_pickle_value value;
typedef struct tenka_pickle_machine machine;

/* The opcodes that are refused, so that the sentence can name them: those of protocols 0 and 1, and what only the
 * program that wrote the pickle can make out. */
static const struct {
    unsigned char code;
    const char *name;
} refused[] = {
    {'F', "FLOAT"},
    {'I', "INT"},
    {'L', "LONG"},
    {'P', "PERSID"},
    {'S', "STRING"},
    {'V', "UNICODE"},
    {'d', "DICT"},
    {'g', "GET"},
    {'i', "INST"},
    {'l', "LIST"},
    {'o', "OBJ"},
    {'p', "PUT"},
    {0x82, "EXT1"},
    {0x83, "EXT2"},
    {0x84, "EXT4"},
    {0x97, "NEXT_BUFFER"},
    {0x98, "READONLY_BUFFER"},
};

tenka_status tenka_pickle_fail(const machine *m, const char *what)
{
    return tenka_fail(m->err, TENKA_E_FORMAT, "%s: the pickle, at byte %zu: %s", m->where, m->opcode, what);
}

/* ---- Bytes ---- */

static tenka_status take(machine *m, size_t count, const unsigned char **out)
{
    if (count > m->size - m->at)
        return tenka_pickle_fail(m, "it ends in the middle of an opcode");
    *out = m->bytes + m->at;
    m->at += count;
    return TENKA_OK;
}

/* A little-endian number of up to 8 bytes. */
static tenka_status take_number(machine *m, size_t count, uint64_t *out)
{
    const unsigned char *p;
    TENKA_TRY(take(m, count, &p));
    *out = 0;
    for (size_t i = count; i-- > 0;)
        *out = *out << 8 | p[i];
    return TENKA_OK;
}

static tenka_status copy_text(machine *m, const unsigned char *from, size_t length, const char **out)
{
    char *const text = tenka_arena_alloc(m->arena, length + 1);
    if (text == NULL)
        return tenka_fail_nomem(m->err);
    memcpy(text, from, length);
    *out = text;
    return TENKA_OK;
}

static tenka_status take_line(machine *m, const char **out)
{
    const unsigned char *const from = m->bytes + m->at, *const end = memchr(from, '\n', m->size - m->at);
    if (end == NULL)
        return tenka_pickle_fail(m, "it ends in the middle of a name");
    if (memchr(from, '\0', (size_t)(end - from)) != NULL)
        return tenka_pickle_fail(m, "a name has a zero byte in it");
    m->at += (size_t)(end - from) + 1;
    return copy_text(m, from, (size_t)(end - from), out);
}

/* A text that is one in C, too. */
static tenka_status push_text(machine *m, size_t length_bytes)
{
    uint64_t length;
    const unsigned char *from;
    value *v;
    TENKA_TRY(take_number(m, length_bytes, &length));
    TENKA_TRY(take(m, (size_t)length, &from));
    /* Before protocol 3 bytes are texts. */
    if (memchr(from, '\0', (size_t)length) != NULL)
        return tenka_pickle_push_opaque(m, "a text with a zero byte in it", NULL);
    TENKA_TRY(tenka_pickle_push_new(m, TENKA_PICKLE_STRING, &v));
    return copy_text(m, from, (size_t)length, &v->is.text);
}

static tenka_status push_bytes(machine *m, size_t length_bytes)
{
    uint64_t length;
    const unsigned char *from;
    TENKA_TRY(take_number(m, length_bytes, &length));
    TENKA_TRY(take(m, (size_t)length, &from));
    return tenka_pickle_push_opaque(m, "bytes", NULL);
}

/* ---- Numbers ---- */

static tenka_status push_signed(machine *m, size_t bytes)
{
    const unsigned char *skipped;
    uint64_t n = 0;
    if (bytes > 8) {
        TENKA_TRY(take(m, bytes, &skipped));
        return tenka_pickle_push_opaque(m, "a whole number of more than 64 bits", NULL);
    }
    TENKA_TRY(take_number(m, bytes, &n));
    /* Two's complement of that many bytes. */
    const uint64_t sign = bytes > 0 ? (uint64_t)1 << (8 * bytes - 1) : 0;
    n = (n ^ sign) - sign;
    int64_t integer;
    memcpy(&integer, &n, sizeof(integer));
    return tenka_pickle_push_integer(m, TENKA_PICKLE_INT, integer);
}

static tenka_status push_unsigned(machine *m, size_t bytes)
{
    uint64_t n;
    TENKA_TRY(take_number(m, bytes, &n));
    return tenka_pickle_push_integer(m, TENKA_PICKLE_INT, (int64_t)n);
}

static tenka_status push_long(machine *m, size_t length_bytes)
{
    uint64_t bytes;
    TENKA_TRY(take_number(m, length_bytes, &bytes));
    return push_signed(m, (size_t)bytes);
}

/* Learning rates of an optimizer's state beside the weights: their values are of no use here. */
static tenka_status push_float(machine *m)
{
    const unsigned char *number;
    value *v;
    TENKA_TRY(take(m, 8, &number));
    return tenka_pickle_push_new(m, TENKA_PICKLE_FLOAT, &v);
}

/* ---- Objects ---- */

static tenka_status name_global(machine *m)
{
    const char *module, *name;
    TENKA_TRY(take_line(m, &module));
    TENKA_TRY(take_line(m, &name));
    return tenka_pickle_push_name(m, module, name);
}

static tenka_status name_stacked(machine *m)
{
    static const char expected[] = "expected the texts of a module and of a name";
    value *module, *name;
    TENKA_TRY(tenka_pickle_pop_kind(m, TENKA_PICKLE_STRING, expected, &name));
    TENKA_TRY(tenka_pickle_pop_kind(m, TENKA_PICKLE_STRING, expected, &module));
    return tenka_pickle_push_name(m, module->is.text, name->is.text);
}

/* A class, positional and named arguments; what has named ones is nothing that is made here. */
static tenka_status new_with_names(machine *m)
{
    value *named;
    TENKA_TRY(tenka_pickle_pop_kind(m, TENKA_PICKLE_DICT, "expected a dict of named arguments", &named));
    return tenka_pickle_reduce(m);
}

static tenka_status frozen_set(machine *m)
{
    value **values;
    size_t count;
    TENKA_TRY(tenka_pickle_pop_mark(m, &values, &count));
    return tenka_pickle_push_opaque(m, "a set", NULL);
}

/* Attributes: of a dict, such as the layers' versions in _metadata, nothing here needs them; an object keeps them. */
static tenka_status build(machine *m)
{
    value *state, *object;
    TENKA_TRY(tenka_pickle_pop(m, &state));
    TENKA_TRY(tenka_pickle_top(m, &object));
    if (object->kind == TENKA_PICKLE_OPAQUE)
        object->is.opaque.state = state;
    else if (object->kind != TENKA_PICKLE_DICT)
        return tenka_pickle_fail(m, "expected a dict or an object to give attributes to");
    else if (state->kind != TENKA_PICKLE_DICT)
        return tenka_pickle_fail(m, "expected attributes as a dict");
    return TENKA_OK;
}

/* ---- Opcodes ---- */

static tenka_status use_memo(machine *m, size_t bytes, tenka_status (*use)(machine *, uint64_t))
{
    uint64_t index;
    TENKA_TRY(take_number(m, bytes, &index));
    return use(m, index);
}

static tenka_status duplicate(machine *m)
{
    value *v;
    TENKA_TRY(tenka_pickle_top(m, &v));
    return tenka_pickle_push(m, v);
}

static tenka_status drop_marked(machine *m)
{
    value **values;
    size_t count;
    return tenka_pickle_pop_mark(m, &values, &count);
}

static tenka_status protocol(machine *m)
{
    uint64_t version;
    TENKA_TRY(take_number(m, 1, &version));
    if (version >= 2 && version <= 5)
        return TENKA_OK;
    return tenka_fail(m->err, TENKA_E_FORMAT,
                      "%s: the pickle is of protocol %u, expected 2 to 5; save it again without pickle_protocol",
                      m->where, (unsigned)version);
}

/* How many bytes belong together, which matters to those alone who read them one by one. */
static tenka_status frame(machine *m)
{
    uint64_t length;
    return take_number(m, 8, &length);
}

static tenka_status refuse(const machine *m, unsigned char code)
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

/* Opcodes that put something new on the stack. */
static tenka_status run_value(machine *m, unsigned char code)
{
    static value none;
    value *v;
    switch (code) {
    case ')': return tenka_pickle_push_new(m, TENKA_PICKLE_TUPLE, &v);
    case ']': return tenka_pickle_push_new(m, TENKA_PICKLE_LIST, &v);
    case '}': return tenka_pickle_push_new(m, TENKA_PICKLE_DICT, &v);
    case 0x8f: return tenka_pickle_push_opaque(m, "a set", NULL);
    case 'N': return tenka_pickle_push(m, &none);
    case 0x88: return tenka_pickle_push_integer(m, TENKA_PICKLE_BOOL, 1);
    case 0x89: return tenka_pickle_push_integer(m, TENKA_PICKLE_BOOL, 0);
    case 'J': return push_signed(m, 4);
    case 'K': return push_unsigned(m, 1);
    case 'M': return push_unsigned(m, 2);
    case 0x8a: return push_long(m, 1);
    case 0x8b: return push_long(m, 4);
    case 'G': return push_float(m);
    case 'U': /* Python 2's texts */
    case 0x8c: return push_text(m, 1);
    case 'T':
    case 'X': return push_text(m, 4);
    case 0x8d: return push_text(m, 8);
    case 'C': return push_bytes(m, 1);
    case 'B': return push_bytes(m, 4);
    case 0x8e:
    case 0x96: return push_bytes(m, 8);
    case 'c': return name_global(m);
    default: return refuse(m, code);
    }
}

static tenka_status run_opcode(machine *m, unsigned char code)
{
    switch (code) {
    case 0x80: return protocol(m);
    case 0x95: return frame(m);
    case 'Q': return tenka_pickle_persistent(m);
    case 'R':
    case 0x81: return tenka_pickle_reduce(m);
    case 0x92: return new_with_names(m);
    case 0x93: return name_stacked(m);
    case 'b': return build(m);
    case '(': return tenka_pickle_mark(m);
    case '0': return tenka_pickle_drop(m);
    case '1': return drop_marked(m);
    case '2': return duplicate(m);
    case 't': return tenka_pickle_tuple_of_marked(m);
    case 0x85: return tenka_pickle_tuple(m, 1);
    case 0x86: return tenka_pickle_tuple(m, 2);
    case 0x87: return tenka_pickle_tuple(m, 3);
    case 'a': return tenka_pickle_add_single(m, TENKA_PICKLE_LIST);
    case 'e': return tenka_pickle_add_marked(m, TENKA_PICKLE_LIST);
    case 's': return tenka_pickle_add_single(m, TENKA_PICKLE_DICT);
    case 'u': return tenka_pickle_add_marked(m, TENKA_PICKLE_DICT);
    case 0x90: return tenka_pickle_add_marked(m, TENKA_PICKLE_OPAQUE);
    case 0x91: return frozen_set(m);
    case 'q': return use_memo(m, 1, tenka_pickle_put);
    case 'r': return use_memo(m, 4, tenka_pickle_put);
    case 0x94: return tenka_pickle_put(m, m->memoized);
    case 'h': return use_memo(m, 1, tenka_pickle_get);
    case 'j': return use_memo(m, 4, tenka_pickle_get);
    default: return run_value(m, code);
    }
}

static tenka_status run(machine *m)
{
    for (;;) {
        const unsigned char *code;
        m->opcode = m->at;
        TENKA_TRY(take(m, 1, &code));
        if (*code == '.')
            break;
        TENKA_TRY(run_opcode(m, *code));
    }
    return m->n_marks == 0 && m->depth == 1 ? TENKA_OK
                                            : tenka_pickle_fail(m, "expected exactly one value when it stops");
}

tenka_status tenka_pickle_read(struct tenka_error *err, const char *where, struct tenka_arena *arena,
                               const unsigned char *bytes, size_t size, struct tenka_pickle *out)
{
    machine m = {.err = err, .where = where, .arena = arena, .bytes = bytes, .size = size};
    *out = (struct tenka_pickle){0};
    if (size == 0 || bytes[0] != 0x80)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: expected a pickle of protocol 2 to 5, found something else", where);
    const tenka_status status = run(&m);
    if (status == TENKA_OK)
        *out = (struct tenka_pickle){.top = m.stack[0], .bytes = m.at, .storages = m.storages};
    tenka_free(m.stack);
    tenka_free(m.memo);
    tenka_free(m.marks);
    return status;
}
