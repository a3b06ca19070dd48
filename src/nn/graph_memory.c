/* Tensors that share memory, and what is written into it: a value that a call changes in place is another value from then
 * on, which is put into all that it is a view of; other views are made again when somebody reads them. */
#include "nn/binder.h"

/* Views of views that are followed. */
#define MAX_DEPTH 16

/* ---- Slots ---- */

tenka_status tenka_bind_add_slot(struct tenka_binder *b, uint32_t *slot)
{
    if (!tenka_grow(&b->memory, &b->memory_capacity, b->graph->n_slots, sizeof(*b->memory)))
        return tenka_fail_nomem(b->r.err);
    *slot = b->graph->n_slots++;
    b->memory[*slot] = (struct tenka_bound_memory){.becomes = {*slot, *slot}, .owner = *slot, .base = TENKA_NO_SLOT};
    return TENKA_OK;
}

/* Shortens the way for who comes next, since each line of a text may work in place. */
uint32_t tenka_bind_newest(struct tenka_binder *b, uint32_t slot, enum tenka_bound_kind kind)
{
    uint32_t last = slot;
    while (b->memory[last].becomes[kind] != last)
        last = b->memory[last].becomes[kind];
    for (uint32_t next; slot != last; slot = next) {
        next = b->memory[slot].becomes[kind];
        b->memory[slot].becomes[kind] = last;
    }
    return last;
}

/* Names mean something else already if they were given another view of this memory. */
static void replace(struct tenka_binder *b, uint32_t from, uint32_t to)
{
    struct tenka_bound_memory *old = &b->memory[from];
    old->becomes[TENKA_BOUND_VALUE] = to;
    if (old->becomes[TENKA_BOUND_NAME] == from)
        old->becomes[TENKA_BOUND_NAME] = to;
}

/* ---- Lines ---- */

tenka_status tenka_bind_add_line(struct tenka_binder *b, const struct tenka_code *value, const uint32_t *slots,
                                 size_t n)
{
    struct tenka_graph *g = b->graph;
    if (!tenka_grow(&g->lines, &g->capacity, g->n_lines, sizeof(*g->lines)))
        return tenka_fail_nomem(b->r.err);
    g->lines[g->n_lines++] = (struct tenka_code_line){.value = value, .slots = slots, .n_slots = n, .number = b->line};
    return TENKA_OK;
}

static tenka_status make_slot(struct tenka_binder *b, uint32_t slot, const struct tenka_code **out)
{
    struct tenka_code *code;
    TENKA_TRY(tenka_bind_make(b, TENKA_CODE_SLOT, 0, &code));
    code->slot = slot;
    *out = code;
    return TENKA_OK;
}

/* A line that makes a view of another base, or puts a part into it; part NO_SLOT: none. */
static tenka_status add_view(struct tenka_binder *b, const struct tenka_code *view, uint32_t base, uint32_t part,
                             uint32_t *out)
{
    const bool put = part != TENKA_NO_SLOT;
    struct tenka_code *code;
    uint32_t *slot = tenka_py_alloc(&b->r, sizeof(*slot));
    if (slot == NULL)
        return TENKA_E_NOMEM;
    TENKA_TRY(tenka_bind_make(b, put ? TENKA_CODE_PUT : TENKA_CODE_FUNCTION, view->n_args + put, &code));
    memcpy(code->args, view->args, view->n_args * sizeof(*view->args));
    code->function = view->function;
    code->put = view->put;
    TENKA_TRY(make_slot(b, base, &code->args[0]));
    if (put)
        TENKA_TRY(make_slot(b, part, &code->args[view->n_args]));
    TENKA_TRY(tenka_bind_add_slot(b, slot));
    *out = *slot;
    return tenka_bind_add_line(b, code, slot, 1);
}

/* ---- Memory ---- */

void tenka_bind_share(struct tenka_binder *b, uint32_t slot, uint32_t base, const struct tenka_code *view)
{
    struct tenka_bound_memory *m = &b->memory[slot];
    m->owner = b->memory[base].owner;
    m->seen = b->memory[m->owner].writes;
    m->base = base;
    m->depth = b->memory[base].depth + 1;
    m->view = m->depth <= MAX_DEPTH ? view : NULL;
}

void tenka_bind_rename(struct tenka_binder *b, uint32_t from, uint32_t to)
{
    b->memory[from].becomes[TENKA_BOUND_NAME] = to;
}

tenka_status tenka_bind_write(struct tenka_binder *b, uint32_t from, uint32_t to)
{
    const uint32_t writes = ++b->memory[b->memory[from].owner].writes;
    for (;;) {
        const struct tenka_bound_memory *old = &b->memory[from];
        struct tenka_bound_memory *now = &b->memory[to];
        now->owner = old->owner;
        now->seen = writes;
        now->base = old->base;
        now->view = old->view;
        now->depth = old->depth;
        replace(b, from, to);
        if (now->view == NULL)
            return TENKA_OK;
        from = tenka_bind_newest(b, now->base, TENKA_BOUND_VALUE);
        TENKA_TRY(add_view(b, now->view, from, to, &to));
    }
}

tenka_status tenka_bind_read(struct tenka_binder *b, uint32_t slot, uint32_t *out)
{
    uint32_t stale[MAX_DEPTH], made;
    size_t n = 0;
    for (;; slot = tenka_bind_newest(b, b->memory[slot].base, TENKA_BOUND_VALUE)) {
        const struct tenka_bound_memory *m = &b->memory[slot];
        if (m->seen == b->memory[m->owner].writes)
            break;
        *out = TENKA_NO_SLOT;
        if (m->view == NULL || n == MAX_DEPTH)
            return TENKA_OK;
        stale[n++] = slot;
    }
    while (n-- > 0) {
        TENKA_TRY(add_view(b, b->memory[stale[n]].view, slot, TENKA_NO_SLOT, &made));
        tenka_bind_share(b, made, slot, b->memory[stale[n]].view);
        replace(b, stale[n], made);
        slot = made;
    }
    *out = slot;
    return TENKA_OK;
}
