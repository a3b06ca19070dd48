/* Where the temporaries of a plan lie in the arena's blocks: first fit, each at the lowest offset at which nothing lies
 * that lives at the same time. */
#include "plan/planner.h"

/* Blocks stay below this where a step fits into such, so that no single huge allocation is asked for. */
#define BLOCK_LIMIT ((size_t)1 << 30)

/* A piece of a block, taken from the node that writes it to the last one that reads it. */
struct piece {
    size_t begin, end;
    uint32_t writer, last;
};

/* Pieces beside each other in order of their begins, and what can be said of all of them. */
#define MOST_PIECES 32
struct run {
    struct piece pieces[MOST_PIECES];
    size_t n;
    size_t begin, end, widest; /* of all; the widest gap between them */
    uint32_t writer, last;     /* the latest writer, the earliest last */
};

struct block {
    struct run **runs;
    size_t n_runs, capacity;
    size_t n_pieces, sparse; /* with so many pieces it is worth looking for those that are over */
};

struct arena {
    struct block blocks[TENKA_MAX_BLOCKS];
    uint32_t *first; /* of each storage: the first writer of all storages from it on */
    size_t limit;    /* bytes of the largest block */
};

/* ---- Runs ---- */

static void describe(struct run *r)
{
    r->begin = r->n > 0 ? r->pieces[0].begin : 0;
    r->end = r->begin;
    r->widest = 0;
    r->writer = 0;
    r->last = UINT32_MAX;
    for (size_t i = 0; i < r->n; i++) {
        const struct piece *piece = &r->pieces[i];
        if (piece->begin > r->end + r->widest)
            r->widest = piece->begin - r->end;
        r->end = piece->end > r->end ? piece->end : r->end;
        r->writer = piece->writer > r->writer ? piece->writer : r->writer;
        r->last = piece->last < r->last ? piece->last : r->last;
    }
}

static bool meet(const struct piece *a, uint32_t writer, uint32_t last)
{
    return a->writer <= last && writer <= a->last;
}

/* Where a new piece of so many bytes may lie that fits nowhere before offset: beside this run, or after it. */
static size_t pass_run(const struct run *r, const struct piece *new, size_t bytes, size_t offset)
{
    if (r->widest < bytes && meet(new, r->writer, r->last)) /* then all of them are in its way */
        return r->end > offset ? r->end : offset;
    for (size_t i = 0; i < r->n && r->pieces[i].begin < offset + bytes; i++) {
        const struct piece *other = &r->pieces[i];
        if (meet(new, other->writer, other->last) && other->end > offset)
            offset = other->end;
    }
    return offset;
}

static void insert(struct run *r, const struct piece *piece)
{
    size_t at = r->n++;
    for (; at > 0 && r->pieces[at - 1].begin > piece->begin; at--)
        r->pieces[at] = r->pieces[at - 1];
    r->pieces[at] = *piece;
    describe(r);
}

/* ---- One block ---- */

/* The lowest offset where a new piece of so many bytes fits beside all that live at the same time. */
static size_t lowest_gap(const struct block *b, const struct piece *new, size_t bytes)
{
    size_t offset = 0;
    for (size_t i = 0; i < b->n_runs && b->runs[i]->begin < offset + bytes; i++)
        offset = pass_run(b->runs[i], new, bytes, offset);
    return offset;
}

/* An empty run at that place among the runs. */
static struct run *add_run(struct block *b, size_t at)
{
    struct run *run = tenka_alloc(sizeof(*run));
    if (run == NULL || !tenka_grow(&b->runs, &b->capacity, b->n_runs, sizeof(*b->runs))) {
        tenka_free(run);
        return NULL;
    }
    memmove(b->runs + at + 1, b->runs + at, (b->n_runs - at) * sizeof(*b->runs));
    b->n_runs++;
    return b->runs[at] = run;
}

/* The second half of a full run becomes one of its own. */
static bool divide(struct block *b, size_t at)
{
    struct run *second = add_run(b, at + 1), *first = b->runs[at];
    if (second == NULL)
        return false;
    second->n = MOST_PIECES / 2;
    first->n = MOST_PIECES - second->n;
    memcpy(second->pieces, first->pieces + first->n, second->n * sizeof(*second->pieces));
    describe(first);
    describe(second);
    return true;
}

/* The last run that begins no later than that; 0 when all do. */
static size_t run_at(const struct block *b, size_t begin)
{
    size_t from = 0, to = b->n_runs;
    while (to - from > 1) {
        const size_t middle = from + (to - from) / 2;
        if (b->runs[middle]->begin <= begin)
            from = middle;
        else
            to = middle;
    }
    return from;
}

static bool add_piece(struct block *b, const struct piece *piece)
{
    if (b->n_runs == 0 && add_run(b, 0) == NULL)
        return false;
    size_t at = run_at(b, piece->begin);
    if (b->runs[at]->n == MOST_PIECES) {
        if (!divide(b, at))
            return false;
        at = run_at(b, piece->begin);
    }
    insert(b->runs[at], piece);
    b->n_pieces++;
    return true;
}

/* Forgets the pieces that are over before the node `first`. */
static void forget_pieces(struct block *b, uint32_t first)
{
    size_t runs = 0;
    b->n_pieces = 0;
    for (size_t i = 0; i < b->n_runs; i++) {
        struct run *r = b->runs[i];
        size_t kept = 0;
        for (size_t k = 0; k < r->n; k++)
            if (r->pieces[k].last >= first)
                r->pieces[kept++] = r->pieces[k];
        r->n = kept;
        b->n_pieces += kept;
        describe(r);
        if (kept > 0)
            b->runs[runs++] = r;
        else
            tenka_free(r);
    }
    b->n_runs = runs;
    b->sparse = 2 * b->n_pieces + MOST_PIECES;
}

static void empty_block(struct block *b)
{
    for (size_t i = 0; i < b->n_runs; i++)
        tenka_free(b->runs[i]);
    b->n_runs = b->n_pieces = 0;
}

static void finish_block(struct block *b)
{
    empty_block(b);
    tenka_free(b->runs);
}

/* ---- All blocks ---- */

tenka_status tenka_planner_too_large(struct tenka_planner *p, size_t bytes)
{
    const size_t limit = p->target->max_buffer;
    if (bytes > limit)
        return tenka_fail(p->err, TENKA_E_NOMEM,
                          "this step has a tensor of %zu MiB, but the largest buffer of "
                          "this device has %zu MiB; use a smaller batch or network",
                          bytes >> 20, limit >> 20);
    return tenka_fail(p->err, TENKA_E_NOMEM,
                      "this step needs more temporary memory than %d buffers of %zu MiB, the largest of this device; "
                      "use a smaller batch or network",
                      TENKA_MAX_BLOCKS, limit >> 20);
}

static bool is_temporary(const struct tenka_storage *s)
{
    /* Without a writer: a leaf, or dead. */
    return s->writer != TENKA_NONE_ID && s->place.kind == TENKA_PLACE_ARENA;
}

static tenka_status place(struct tenka_planner *p, struct arena *a, struct tenka_step_plan *plan, uint32_t storage)
{
    struct tenka_storage *s = &p->storages[storage];
    const size_t bytes = tenka_align(s->bytes, TENKA_OPERAND_ALIGN);
    for (uint32_t i = 0; i < TENKA_MAX_BLOCKS && bytes <= a->limit; i++) {
        struct block *b = &a->blocks[i];
        if (b->n_pieces >= b->sparse)
            forget_pieces(b, a->first[storage]);
        struct piece piece = {.writer = s->writer, .last = s->last};
        piece.begin = lowest_gap(b, &piece, bytes);
        piece.end = piece.begin + bytes;
        if (piece.end > a->limit)
            continue;
        if (!add_piece(b, &piece))
            return tenka_fail_nomem(p->err);
        s->place.block = i;
        s->place.offset = piece.begin;
        plan->block_bytes[i] = plan->block_bytes[i] < piece.end ? piece.end : plan->block_bytes[i];
        plan->n_blocks = plan->n_blocks <= i ? i + 1 : plan->n_blocks;
        return TENKA_OK;
    }
    return tenka_planner_too_large(p, bytes);
}

static tenka_status place_all(struct tenka_planner *p, struct arena *a, struct tenka_step_plan *plan)
{
    plan->n_blocks = 0;
    memset(plan->block_bytes, 0, sizeof(plan->block_bytes));
    for (size_t i = 0; i < TENKA_MAX_BLOCKS; i++)
        empty_block(&a->blocks[i]);
    for (uint32_t s = 0; s < p->n_storages; s++)
        if (is_temporary(&p->storages[s]))
            TENKA_TRY(place(p, a, plan, s));
    return TENKA_OK;
}

/* Blocks are as large as they have to be: up to BLOCK_LIMIT, else up to twice that, and so on to the device's limit. */
static tenka_status place_within_limits(struct tenka_planner *p, struct arena *a, struct tenka_step_plan *plan)
{
    const size_t most = p->target->max_buffer;
    a->limit = most < BLOCK_LIMIT ? most : BLOCK_LIMIT;
    tenka_status status = place_all(p, a, plan);
    while (status == TENKA_E_NOMEM && a->limit < most) {
        a->limit = a->limit < most / 2 ? 2 * a->limit : most;
        status = place_all(p, a, plan);
    }
    return status;
}

tenka_status tenka_planner_lay_arena(struct tenka_planner *p, struct tenka_step_plan *plan)
{
    struct arena a = {.first = tenka_alloc_array(p->n_storages + 1, sizeof(*a.first))};
    if (a.first == NULL)
        return tenka_fail_nomem(p->err);
    uint32_t first = TENKA_NONE_ID;
    for (size_t s = p->n_storages; s-- > 0;) {
        if (is_temporary(&p->storages[s]) && p->storages[s].writer < first)
            first = p->storages[s].writer;
        a.first[s] = first;
    }
    const tenka_status status = place_within_limits(p, &a, plan);
    for (size_t i = 0; i < TENKA_MAX_BLOCKS; i++)
        finish_block(&a.blocks[i]);
    tenka_free(a.first);
    return status;
}
