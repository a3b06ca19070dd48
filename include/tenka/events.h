/* Event files of TensorBoard: what a program writes while it trains, `tensorboard --logdir FOLDER` shows as curves,
 * histograms, pictures, texts and a graph.
 *
 * A file is a row of records, each a TFRecord (its length, a masked CRC-32C of that, the bytes, a masked CRC-32C of
 * them) around a protocol buffer Event; see tensorflow/core/util/event.proto and
 * tensorflow/core/framework/summary.proto of TensorFlow. Nothing of TensorFlow is needed to write one.
 *
 *     tenka_events_open(ctx, "runs/first", &events);
 *     tenka_events_scalar(events, "train/loss", step, loss);     as often as wanted
 *     tenka_events_close(&events);
 *
 * A tag names a curve; what stands before its first slash is the group that it is shown in. Steps are the program's own
 * count. Text is UTF-8. What is written reaches the file at once every two seconds, and when it is flushed. */
#ifndef TENKA_EVENTS_H
#define TENKA_EVENTS_H

#include "tenka/image.h"
#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_events tenka_events;

/* Makes the folder, and in it a new file, events.out.tfevents.<seconds since 1970>.tenka.<number>: files of earlier
 * runs in it stay, and TensorBoard shows all of a folder as one run.
 *   ctx  receives the sentences of failures, here and later; NULL: tenka_last_error(NULL) has them
 *   out  owned by the caller, to be closed before ctx is destroyed
 * Errors: E_INVALID, E_IO (the folder cannot be made, or no file in it), E_NOMEM. */
TENKA_API tenka_status tenka_events_open(tenka_ctx *ctx, const char *dir, tenka_events **out);
/* The file's name; the events' own. */
TENKA_API const char *tenka_events_path(const tenka_events *events);

/* Says that the run goes on, or begins, with the given step: what earlier files of the folder have of it and of later
 * ones, TensorBoard forgets. To be called before anything else is written. Errors, as of all below: E_IO (a full disk),
 * E_INVALID (an argument is NULL, a text is no UTF-8), E_NOMEM. */
TENKA_API tenka_status tenka_events_start(tenka_events *events, uint64_t step);
TENKA_API tenka_status tenka_events_scalar(tenka_events *events, const char *tag, uint64_t step, double value);
/* How the numbers are distributed: in 64 ranges of equal width. Those that are not finite are left out. */
TENKA_API tenka_status tenka_events_histogram(tenka_events *events, const char *tag, uint64_t step, const float *values,
                                              size_t count);
TENKA_API tenka_status tenka_events_image(tenka_events *events, const char *tag, uint64_t step,
                                          const tenka_image *image);
/* text: Markdown, tables included. */
TENKA_API tenka_status tenka_events_text(tenka_events *events, const char *tag, uint64_t step, const char *text);

/* A node of the graph that TensorBoard draws. */
struct tenka_events_node {
    const char *name;          /* each once; slashes make groups: "features/0" */
    const char *operation;     /* "Conv2d" */
    const char *const *inputs; /* names of the nodes that it takes its inputs from, in their order */
    size_t n_inputs;
    struct tenka_shape shape; /* of its output */
};
TENKA_API tenka_status tenka_events_graph(tenka_events *events, const struct tenka_events_node *nodes, size_t count);

/* Brings what was written to the file. */
TENKA_API tenka_status tenka_events_flush(tenka_events *events);
/* Flushes and closes; the events are gone afterwards in any case. Accepts a pointer to NULL. */
TENKA_API tenka_status tenka_events_close(tenka_events **events);

#ifdef __cplusplus
}
#endif
#endif
