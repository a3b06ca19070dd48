/* Batches of a dataset that stays in the host's memory or is read sample by sample, gathered by threads ahead of whoever
 * takes them. */
#ifndef TENKA_DATA_STREAM_H
#define TENKA_DATA_STREAM_H

#include "data/dataset.h"

typedef struct tenka_stream tenka_stream;

/* What is gathered from; the columns must outlive the stream. */
struct tenka_stream_source {
    const struct tenka_column *input, *target;
    uint32_t count, batch_size;
};
struct tenka_stream_batch {
    uint8_t *inputs, *targets;
    uint32_t size;
};

tenka_status tenka_stream_create(struct tenka_error *err, const struct tenka_stream_source *source, tenka_stream **out);
void tenka_stream_destroy(tenka_stream **stream);
/* Gives up what was gathered. Afterwards nothing is read from the order of the last begin. */
void tenka_stream_halt(tenka_stream *stream);
/* Gathers the batches from number `first` on, samples order[first * batch_size], ... (NULL: in their own order), until
 * the last or a halt. A halt must have come before.
 *   epoch  what the columns' readers are told */
void tenka_stream_begin(tenka_stream *stream, const int32_t *order, uint32_t first, uint64_t epoch);
/* The next batch, waited for if need be; its memory stays until the next call of any of these functions. Not to be
 * called more often than there are batches. Errors: those of the columns' readers, of the first sample of the batch that
 * had one; the call after that gathers the batch anew. */
tenka_status tenka_stream_next(tenka_stream *stream, struct tenka_error *err, struct tenka_stream_batch *out);

#endif
