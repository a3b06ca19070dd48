/* The interpreter's values: its stack with marks, its memo, and what holds items. */
#include "io/pickle_machine.h"

/* Far above any state_dict, and low enough that a made-up file cannot eat the memory. */
#define MAX_STACK (1u << 20)
#define MAX_MEMO (1u << 22)
#define MAX_VALUES (1u << 22)
#define MAX_ITEMS (1u << 24)

typedef struct tenka_pickle_value value;
typedef struct tenka_pickle_machine machine;

static const char missing[] = "an opcode takes a value that is not there";

/* ---- Stack ---- */

tenka_status tenka_pickle_push(machine *m, value *v)
{
    if (m->depth >= MAX_STACK)
        return tenka_pickle_fail(m, "its stack is deeper than any state_dict needs");
    if (!tenka_grow(&m->stack, &m->stack_capacity, m->depth, sizeof(m->stack[0])))
        return tenka_fail_nomem(m->err);
    m->stack[m->depth++] = v;
    return TENKA_OK;
}

tenka_status tenka_pickle_push_new(machine *m, enum tenka_pickle_kind kind, value **out)
{
    if (m->n_values++ >= MAX_VALUES)
        return tenka_pickle_fail(m, "it holds more values than any state_dict needs");
    *out = tenka_arena_alloc(m->arena, sizeof(**out));
    if (*out == NULL)
        return tenka_fail_nomem(m->err);
    (*out)->kind = kind;
    return tenka_pickle_push(m, *out);
}

tenka_status tenka_pickle_push_integer(machine *m, enum tenka_pickle_kind kind, int64_t integer)
{
    value *v;
    TENKA_TRY(tenka_pickle_push_new(m, kind, &v));
    v->is.integer = integer;
    return TENKA_OK;
}

tenka_status tenka_pickle_push_opaque(machine *m, const char *what, const struct tenka_pickle_name *maker)
{
    value *v;
    TENKA_TRY(tenka_pickle_push_new(m, TENKA_PICKLE_OPAQUE, &v));
    v->is.opaque = (struct tenka_pickle_opaque){.what = what, .maker = maker};
    return TENKA_OK;
}

/* Where the values above the last mark begin, or else the bottom. */
static size_t floor_of(const machine *m)
{
    return m->n_marks > 0 ? m->marks[m->n_marks - 1] : 0;
}

tenka_status tenka_pickle_top(machine *m, value **out)
{
    if (m->depth <= floor_of(m))
        return tenka_pickle_fail(m, missing);
    *out = m->stack[m->depth - 1];
    return TENKA_OK;
}

tenka_status tenka_pickle_pop(machine *m, value **out)
{
    TENKA_TRY(tenka_pickle_top(m, out));
    m->depth--;
    return TENKA_OK;
}

tenka_status tenka_pickle_pop_kind(machine *m, enum tenka_pickle_kind kind, const char *what, value **out)
{
    TENKA_TRY(tenka_pickle_pop(m, out));
    return (*out)->kind == kind ? TENKA_OK : tenka_pickle_fail(m, what);
}

tenka_status tenka_pickle_mark(machine *m)
{
    if (m->n_marks >= MAX_STACK)
        return tenka_pickle_fail(m, "it has more marks than any state_dict needs");
    if (!tenka_grow(&m->marks, &m->marks_capacity, m->n_marks, sizeof(m->marks[0])))
        return tenka_fail_nomem(m->err);
    m->marks[m->n_marks++] = m->depth;
    return TENKA_OK;
}

tenka_status tenka_pickle_pop_mark(machine *m, value ***values, size_t *count)
{
    if (m->n_marks == 0)
        return tenka_pickle_fail(m, "an opcode takes a mark that is not there");
    const size_t begin = m->marks[--m->n_marks];
    *count = m->depth - begin;
    *values = *count > 0 ? m->stack + begin : NULL;
    m->depth = begin;
    return TENKA_OK;
}

tenka_status tenka_pickle_drop(machine *m)
{
    if (m->depth > floor_of(m))
        m->depth--;
    else if (m->n_marks > 0)
        m->n_marks--;
    else
        return tenka_pickle_fail(m, missing);
    return TENKA_OK;
}

/* ---- Items ---- */

/* Every item costs a byte of opcodes at least, and as an OrderedDict's pair it is copied twice: without a bound one
 * list in the memo could be copied by a few bytes each time. */
static bool has_too_many_items(const machine *m)
{
    return m->n_items > MAX_ITEMS || m->n_items / 2 > m->size;
}

static void note_pair(struct tenka_pickle_has *has, const value *key, const value *v)
{
    has->tensor |= v->kind == TENKA_PICKLE_TENSOR;
    has->other |= v->kind != TENKA_PICKLE_TENSOR;
    has->parameters |= key->kind == TENKA_PICKLE_STRING && strcmp(key->is.text, "_parameters") == 0;
    has->modules |= key->kind == TENKA_PICKLE_STRING && strcmp(key->is.text, "_modules") == 0;
}

tenka_status tenka_pickle_add_items(machine *m, value *to, value *const *values, size_t count)
{
    struct tenka_pickle_items *const items = &to->is.items;
    m->n_items += count;
    if (has_too_many_items(m))
        return tenka_pickle_fail(m, "it holds more values than any state_dict needs");
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
    for (size_t i = 0; to->kind == TENKA_PICKLE_DICT && i < count; i += 2)
        note_pair(&to->has, values[i], values[i + 1]);
    return TENKA_OK;
}

tenka_status tenka_pickle_tuple(machine *m, size_t count)
{
    value *v, *items[3];
    for (size_t i = count; i-- > 0;)
        TENKA_TRY(tenka_pickle_pop(m, &items[i]));
    TENKA_TRY(tenka_pickle_push_new(m, TENKA_PICKLE_TUPLE, &v));
    return tenka_pickle_add_items(m, v, items, count);
}

tenka_status tenka_pickle_tuple_of_marked(machine *m)
{
    value **values, *v, *first;
    size_t count;
    TENKA_TRY(tenka_pickle_pop_mark(m, &values, &count));
    if (count == 0)
        return tenka_pickle_push_new(m, TENKA_PICKLE_TUPLE, &v);
    /* The push overwrites the first of them. */
    first = values[0];
    TENKA_TRY(tenka_pickle_push_new(m, TENKA_PICKLE_TUPLE, &v));
    TENKA_TRY(tenka_pickle_add_items(m, v, &first, 1));
    return tenka_pickle_add_items(m, v, m->stack + m->depth, count - 1);
}

static const char *expected_below(enum tenka_pickle_kind kind)
{
    return kind == TENKA_PICKLE_DICT   ? "expected a dict to put items into"
           : kind == TENKA_PICKLE_LIST ? "expected a list to append items to"
                                       : "expected a set to add items to";
}

/* The value below what was just taken; values are complete pairs for a DICT. */
static tenka_status add_to_top(machine *m, enum tenka_pickle_kind kind, value *const *values, size_t count)
{
    value *to;
    if (tenka_pickle_top(m, &to) != TENKA_OK || (to->kind != kind && to->kind != TENKA_PICKLE_OPAQUE))
        return tenka_pickle_fail(m, expected_below(kind));
    if (kind == TENKA_PICKLE_DICT && count % 2 != 0)
        return tenka_pickle_fail(m, "expected a value for each key");
    return to->kind == TENKA_PICKLE_OPAQUE ? TENKA_OK : tenka_pickle_add_items(m, to, values, count);
}

tenka_status tenka_pickle_add_single(machine *m, enum tenka_pickle_kind kind)
{
    const size_t count = kind == TENKA_PICKLE_DICT ? 2 : 1;
    value *items[2];
    for (size_t i = count; i-- > 0;)
        TENKA_TRY(tenka_pickle_pop(m, &items[i]));
    return add_to_top(m, kind, items, count);
}

tenka_status tenka_pickle_add_marked(machine *m, enum tenka_pickle_kind kind)
{
    value **values;
    size_t count;
    TENKA_TRY(tenka_pickle_pop_mark(m, &values, &count));
    return add_to_top(m, kind, values, count);
}

/* ---- Memo ---- */

tenka_status tenka_pickle_put(machine *m, uint64_t index)
{
    value *v;
    TENKA_TRY(tenka_pickle_top(m, &v));
    if (index >= MAX_MEMO)
        return tenka_pickle_fail(m, "it remembers more values than any state_dict needs");
    while (index >= m->memo_capacity) {
        const size_t before = m->memo_capacity;
        if (!tenka_grow(&m->memo, &m->memo_capacity, before, sizeof(m->memo[0])))
            return tenka_fail_nomem(m->err);
        memset(m->memo + before, 0, (m->memo_capacity - before) * sizeof(m->memo[0]));
    }
    m->memoized += m->memo[index] == NULL;
    m->memo[index] = v;
    return TENKA_OK;
}

tenka_status tenka_pickle_get(machine *m, uint64_t index)
{
    if (index >= m->memo_capacity || m->memo[index] == NULL)
        return tenka_pickle_fail(m, "an opcode asks for a value that was not remembered");
    return tenka_pickle_push(m, m->memo[index]);
}

/* ---- Looking at values ---- */

const struct tenka_pickle_value *tenka_pickle_find(const struct tenka_pickle_value *dict, const char *key)
{
    for (size_t i = dict->is.items.count; i > 0; i -= 2) {
        const value *const *const pair = (const value *const *)dict->is.items.values + i - 2;
        if (pair[0]->kind == TENKA_PICKLE_STRING && strcmp(pair[0]->is.text, key) == 0)
            return pair[1];
    }
    return NULL;
}

bool tenka_pickle_is_module(const struct tenka_pickle_value *v)
{
    const value *const state = v->kind == TENKA_PICKLE_OPAQUE ? v->is.opaque.state : NULL;
    return state != NULL && state->kind == TENKA_PICKLE_DICT && state->has.parameters && state->has.modules;
}

const char *tenka_pickle_kind_text(const struct tenka_pickle_value *v)
{
    static const char *const texts[] = {
        [TENKA_PICKLE_NONE] = "None",          [TENKA_PICKLE_BOOL] = "a truth value",
        [TENKA_PICKLE_INT] = "a whole number", [TENKA_PICKLE_FLOAT] = "a number",
        [TENKA_PICKLE_STRING] = "a text",      [TENKA_PICKLE_TUPLE] = "a tuple",
        [TENKA_PICKLE_LIST] = "a list",        [TENKA_PICKLE_DICT] = "a dict",
        [TENKA_PICKLE_NAME] = "a class",       [TENKA_PICKLE_STORAGE] = "a storage",
        [TENKA_PICKLE_TENSOR] = "a tensor",    [TENKA_PICKLE_OPAQUE] = "an object",
    };
    return v->kind == TENKA_PICKLE_OPAQUE && v->is.opaque.what != NULL ? v->is.opaque.what : texts[v->kind];
}

const char *tenka_pickle_show(const char *text, char buf[TENKA_PICKLE_SHOWN])
{
    size_t i = 0;
    for (; text[i] != '\0' && i + 1 < TENKA_PICKLE_SHOWN; i++)
        buf[i] = (char)(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?');
    buf[i] = '\0';
    return buf;
}
