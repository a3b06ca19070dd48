#include "data/stream.h"

#include "core/os.h"

/* Batches gathered ahead: enough that a hiccup of either side is not felt by the other. */
#define DEPTH 4

/* What is below the worker is shared with the thread and touched under its lock, but for the content of a batch: that
 * is the thread's while it gathers, and afterwards the taker's. */
struct tenka_stream {
    struct tenka_stream_source from;
    uint32_t batches; /* of an epoch */
    struct tenka_stream_batch ring[DEPTH];

    tenka_worker *worker;
    const int32_t *order;
    uint32_t gathered, taken; /* batches of this epoch; that of the last take is still being used */
    bool running, gathering, ended;
};

static void gather(const struct tenka_stream *s, uint32_t index, struct tenka_stream_batch *out)
{
    const struct tenka_stream_source *from = &s->from;
    const uint32_t begin = index * from->batch_size, left = from->count - begin;
    out->size = left < from->batch_size ? left : from->batch_size;
    for (uint32_t i = 0; i < out->size; i++) {
        const size_t sample = s->order != NULL ? (size_t)s->order[begin + i] : begin + i;
        memcpy(out->inputs + i * from->input_bytes, from->inputs + sample * from->input_bytes, from->input_bytes);
        memcpy(out->targets + i * from->target_bytes, from->targets + sample * from->target_bytes, from->target_bytes);
    }
}

/* The batch that was taken last keeps its place until the next one is. */
static bool has_room(const struct tenka_stream *s)
{
    return s->running && s->gathered < s->batches && s->gathered + (s->taken > 0) - s->taken < DEPTH;
}

static void run(tenka_worker *worker, void *user)
{
    struct tenka_stream *s = user;
    tenka_worker_lock(worker);
    while (!s->ended) {
        if (!has_room(s)) {
            tenka_worker_wait(worker);
            continue;
        }
        const uint32_t index = s->gathered;
        s->gathering = true;
        tenka_worker_unlock(worker);
        gather(s, index, &s->ring[index % DEPTH]);
        tenka_worker_lock(worker);
        s->gathering = false;
        s->gathered++;
        tenka_worker_wake(worker);
    }
    tenka_worker_unlock(worker);
}

static tenka_status stream_init(struct tenka_error *err, tenka_stream *s)
{
    const uint32_t largest = s->from.count < s->from.batch_size ? s->from.count : s->from.batch_size;
    s->batches = s->from.count / s->from.batch_size + (s->from.count % s->from.batch_size != 0);
    for (size_t i = 0; i < DEPTH; i++) {
        s->ring[i].inputs = tenka_alloc_array(largest, s->from.input_bytes);
        s->ring[i].targets = tenka_alloc_array(largest, s->from.target_bytes);
        if (s->ring[i].inputs == NULL || s->ring[i].targets == NULL)
            return tenka_fail_nomem(err);
    }
    return tenka_worker_start(err, run, s, &s->worker);
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
        tenka_free(s->ring[i].inputs);
        tenka_free(s->ring[i].targets);
    }
    tenka_free(s);
}

void tenka_stream_halt(tenka_stream *s)
{
    tenka_worker_lock(s->worker);
    s->running = false;
    while (s->gathering)
        tenka_worker_wait(s->worker);
    tenka_worker_unlock(s->worker);
}

void tenka_stream_begin(tenka_stream *s, const int32_t *order, uint32_t first)
{
    tenka_worker_lock(s->worker);
    s->order = order;
    s->gathered = s->taken = first;
    s->running = true;
    tenka_worker_wake(s->worker);
    tenka_worker_unlock(s->worker);
}

const struct tenka_stream_batch *tenka_stream_next(tenka_stream *s)
{
    tenka_worker_lock(s->worker);
    const uint32_t index = s->taken++;
    tenka_worker_wake(s->worker);
    while (s->gathered <= index)
        tenka_worker_wait(s->worker);
    tenka_worker_unlock(s->worker);
    return &s->ring[index % DEPTH];
}
