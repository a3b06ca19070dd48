#include "data/stream.h"

#include "core/os.h"

/* Batches gathered ahead: enough that a hiccup of either side is not felt by the other. */
#define DEPTH 4
/* More would only wait for each other. */
#define MOST_THREADS 64u

/* A batch, and how far it is gathered. */
struct place {
    struct tenka_stream_batch batch;
    uint32_t given, gathered; /* samples: handed out to threads, from the first on; ready */
    struct tenka_error error; /* of the first sample that could not be read */
    uint32_t failed;          /* which one */
};

/* What is below the worker is shared with its threads and touched under its lock, but for the content of a batch: each
 * sample is its thread's while that gathers it, and afterwards the taker's. */
struct tenka_stream {
    struct tenka_stream_source from;
    uint32_t batches; /* of an epoch */
    uint32_t piece;   /* samples that a thread gathers before it asks again */

    tenka_worker *worker;
    const int32_t *order;
    uint64_t epoch;
    struct place ring[DEPTH];
    uint32_t opened, taken; /* batches of this epoch: begun; taken, of which the last is still being used */
    uint32_t busy;          /* threads that gather */
    bool running, ended;
};

/* Samples of a batch that a thread has been given. */
struct piece {
    uint32_t batch, first, count;
};

static tenka_status gather_one(const struct tenka_stream *s, struct tenka_error *err, size_t sample,
                               const struct tenka_stream_batch *out, size_t at)
{
    const struct tenka_column *const input = s->from.input, *const target = s->from.target;
    TENKA_TRY(tenka_column_read(input, err, sample, s->epoch, out->inputs + at * input->bytes));
    return tenka_column_read(target, err, sample, s->epoch, out->targets + at * target->bytes);
}

/* Stops at the first sample that cannot be read; *failed is its place in the batch. */
static tenka_status gather(const struct tenka_stream *s, struct tenka_error *err, const struct piece *piece,
                           uint32_t *failed)
{
    const size_t begin = (size_t)piece->batch * s->from.batch_size;
    const struct tenka_stream_batch *const out = &s->ring[piece->batch % DEPTH].batch;
    for (uint32_t i = piece->first; i < piece->first + piece->count; i++) {
        const size_t sample = s->order != NULL ? (size_t)s->order[begin + i] : begin + i;
        *failed = i;
        TENKA_TRY(gather_one(s, err, sample, out, i));
    }
    return TENKA_OK;
}

/* The batch that was taken last keeps its place until the next one is. */
static bool has_room(const struct tenka_stream *s)
{
    return s->opened < s->batches && s->opened + (s->taken > 0) - s->taken < DEPTH;
}

static void open_batch(struct tenka_stream *s)
{
    struct place *const place = &s->ring[s->opened % DEPTH];
    const uint32_t left = s->from.count - s->opened * s->from.batch_size;
    place->batch.size = left < s->from.batch_size ? left : s->from.batch_size;
    place->given = place->gathered = 0;
    place->error.status = TENKA_OK;
    s->opened++;
}

/* The next samples that nobody gathers yet; false: there are none. */
static bool find_piece(struct tenka_stream *s, struct piece *out)
{
    const struct place *const last = &s->ring[(s->opened + DEPTH - 1) % DEPTH];
    const bool begun = last->given < last->batch.size;
    if (!s->running || (!begun && !has_room(s)))
        return false;
    if (!begun)
        open_batch(s);
    struct place *const place = &s->ring[(s->opened - 1) % DEPTH];
    const uint32_t left = place->batch.size - place->given;
    *out = (struct piece){s->opened - 1, place->given, left < s->piece ? left : s->piece};
    place->given += out->count;
    return true;
}

static void finish_piece(struct tenka_stream *s, const struct piece *piece, const struct tenka_error *error,
                         uint32_t failed)
{
    struct place *const place = &s->ring[piece->batch % DEPTH];
    if (error->status != TENKA_OK && (place->error.status == TENKA_OK || failed < place->failed)) {
        place->error = *error;
        place->failed = failed;
    }
    place->gathered += piece->count;
    s->busy--;
    if (place->gathered == place->batch.size || !s->running)
        tenka_worker_wake(s->worker);
}

static void run(tenka_worker *worker, void *user)
{
    struct tenka_stream *const s = user;
    struct piece piece;
    tenka_worker_lock(worker);
    while (!s->ended) {
        if (!find_piece(s, &piece)) {
            tenka_worker_wait(worker);
            continue;
        }
        struct tenka_error error = {.status = TENKA_OK};
        uint32_t failed = 0;
        s->busy++;
        tenka_worker_unlock(worker);
        error.status = gather(s, &error, &piece, &failed);
        tenka_worker_lock(worker);
        finish_piece(s, &piece, &error, failed);
    }
    tenka_worker_unlock(worker);
}

static tenka_status stream_init(struct tenka_error *err, tenka_stream *s)
{
    const uint32_t largest = s->from.count < s->from.batch_size ? s->from.count : s->from.batch_size;
    const uint32_t processors = tenka_os_processors(), most = processors < MOST_THREADS ? processors : MOST_THREADS;
    /* Copying is as fast as the memory, and needs no second thread. */
    const bool reads = s->from.input->data == NULL || s->from.target->data == NULL;
    s->batches = s->from.count / s->from.batch_size + (s->from.count % s->from.batch_size != 0);
    s->piece = reads ? 1 : s->from.batch_size;
    for (size_t i = 0; i < DEPTH; i++) {
        struct tenka_stream_batch *const batch = &s->ring[i].batch;
        batch->inputs = tenka_alloc_array(largest, s->from.input->bytes);
        batch->targets = tenka_alloc_array(largest, s->from.target->bytes);
        if (batch->inputs == NULL || batch->targets == NULL)
            return tenka_fail_nomem(err);
    }
    return tenka_worker_start(err, reads ? most : 1, run, s, &s->worker);
}

tenka_status tenka_stream_create(struct tenka_error *err, const struct tenka_stream_source *source, tenka_stream **out)
{
    tenka_stream *s = *out = tenka_alloc(sizeof(*s));
    if (s == NULL)
        return tenka_fail_nomem(err);
    s->from = *source;
    const tenka_status status = stream_init(err, s);
    if (status != TENKA_OK)
        tenka_stream_destroy(out);
    return status;
}

void tenka_stream_destroy(tenka_stream **stream)
{
    tenka_stream *s = *stream;
    *stream = NULL;
    if (s == NULL)
        return;
    if (s->worker != NULL) {
        tenka_worker_lock(s->worker);
        s->ended = true;
        tenka_worker_wake(s->worker);
        tenka_worker_unlock(s->worker);
        tenka_worker_join(&s->worker);
    }
    for (size_t i = 0; i < DEPTH; i++) {
        tenka_free(s->ring[i].batch.inputs);
        tenka_free(s->ring[i].batch.targets);
    }
    tenka_free(s);
}

void tenka_stream_halt(tenka_stream *s)
{
    tenka_worker_lock(s->worker);
    s->running = false;
    while (s->busy > 0)
        tenka_worker_wait(s->worker);
    tenka_worker_unlock(s->worker);
}

void tenka_stream_begin(tenka_stream *s, const int32_t *order, uint32_t first, uint64_t epoch)
{
    tenka_worker_lock(s->worker);
    s->order = order;
    s->epoch = epoch;
    s->opened = s->taken = first;
    for (size_t i = 0; i < DEPTH; i++)
        s->ring[i].given = s->ring[i].batch.size = 0;
    s->running = true;
    tenka_worker_wake(s->worker);
    tenka_worker_unlock(s->worker);
}

tenka_status tenka_stream_next(tenka_stream *s, struct tenka_error *err, struct tenka_stream_batch *out)
{
    if (!s->running) /* the batch that was taken last has failed */
        tenka_stream_begin(s, s->order, s->taken - 1, s->epoch);
    tenka_worker_lock(s->worker);
    const uint32_t index = s->taken++;
    const struct place *const place = &s->ring[index % DEPTH];
    tenka_worker_wake(s->worker);
    while (s->opened <= index || place->gathered < place->batch.size)
        tenka_worker_wait(s->worker);
    tenka_worker_unlock(s->worker);
    *out = place->batch;
    if (place->error.status == TENKA_OK)
        return TENKA_OK;
    *err = place->error;
    tenka_stream_halt(s);
    return err->status;
}
