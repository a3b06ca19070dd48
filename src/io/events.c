/* TensorBoard's event files. */
#include "tenka/events.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "core/os.h"
#include "graph/graph.h"
#include "io/protobuf.h"
#include "python/text.h"

/* Fields of the messages, by the names that they have in TensorFlow's .proto files. */
enum event {
    EVENT_WALL_TIME = 1,
    EVENT_STEP,
    EVENT_FILE_VERSION,
    EVENT_GRAPH_DEF,
    EVENT_SUMMARY,
    EVENT_SESSION_LOG = 7
};
enum summary { SUMMARY_VALUE = 1 };
enum value { VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_IMAGE = 4, VALUE_HISTO = 5, VALUE_TENSOR = 8, VALUE_METADATA = 9 };
enum histogram { HISTO_MIN = 1, HISTO_MAX, HISTO_NUM, HISTO_SUM, HISTO_SUM_SQUARES, HISTO_LIMIT, HISTO_BUCKET };
enum image { IMAGE_HEIGHT = 1, IMAGE_WIDTH, IMAGE_COLORSPACE, IMAGE_ENCODED };
enum metadata { METADATA_PLUGIN = 1, METADATA_CLASS = 4, PLUGIN_NAME = 1, CLASS_TENSOR = 2 };
enum tensor { TENSOR_DTYPE = 1, TENSOR_SHAPE = 2, TENSOR_STRINGS = 8, DTYPE_STRING = 7, SHAPE_DIM = 2, DIM_SIZE = 1 };
enum session { SESSION_STATUS = 1, STATUS_START = 1 };
enum graph { GRAPH_NODE = 1, GRAPH_VERSIONS = 4, VERSIONS_PRODUCER = 1, PRODUCER = 22 };
enum node { NODE_NAME = 1, NODE_OP = 2, NODE_INPUT = 3, NODE_ATTR = 5 };
enum attribute { ATTR_KEY = 1, ATTR_VALUE = 2, ATTR_LIST = 1, LIST_SHAPE = 7 };

#define MAX_FILES 10000u /* in one second */
#define FLUSH_NANOSECONDS 2000000000u
#define BUCKETS 64

struct tenka_events {
    tenka_ctx *ctx;
    char *path;
    FILE *file;
    uint64_t flushed; /* when, by tenka_os_now */
};

/* ---- Records ---- */

/* Castagnoli's CRC, bit by bit of its reflected polynomial. */
static uint32_t crc32c(const unsigned char *data, size_t bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc ^ 0xffffffffu;
}

static void put_number(unsigned char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (unsigned char)(value >> 8 * i);
}

/* As TFRecord has it: a CRC of data that has CRCs in it would be weak. */
static void put_masked_crc(unsigned char *out, const unsigned char *data, size_t bytes)
{
    const uint32_t crc = crc32c(data, bytes);
    put_number(out, (uint32_t)((crc >> 15 | crc << 17) + 0xa282ead8u), 4);
}

static tenka_status fail_write(tenka_events *e)
{
    return tenka_fail_io(tenka_ctx_error(e->ctx), "write", e->path, errno);
}

static tenka_status write_record(tenka_events *e, const struct tenka_message *message)
{
    unsigned char head[12], foot[4];
    if (message->failed)
        return tenka_fail_nomem(tenka_ctx_error(e->ctx));
    put_number(head, message->bytes, 8);
    put_masked_crc(head + 8, head, 8);
    put_masked_crc(foot, message->data, message->bytes);
    errno = EIO; /* where stdio says nothing */
    if (fwrite(head, sizeof(head), 1, e->file) != 1 || fwrite(message->data, message->bytes, 1, e->file) != 1 ||
        fwrite(foot, sizeof(foot), 1, e->file) != 1)
        return fail_write(e);
    return tenka_os_now() - e->flushed > FLUSH_NANOSECONDS ? tenka_events_flush(e) : TENKA_OK;
}

static struct tenka_message begin_event(uint64_t step)
{
    struct tenka_message event = {0};
    struct timespec now = {0};
    timespec_get(&now, TIME_UTC);
    tenka_message_double(&event, EVENT_WALL_TIME, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
    tenka_message_whole(&event, EVENT_STEP, step);
    return event;
}

static tenka_status end_event(tenka_events *e, struct tenka_message *event)
{
    const tenka_status status = write_record(e, event);
    tenka_message_finish(event);
    return status;
}

/* value: without its tag. It is finished. */
static tenka_status write_value(tenka_events *e, const char *tag, uint64_t step, struct tenka_message *value)
{
    struct tenka_message event = begin_event(step), summary = {0};
    tenka_message_text(value, VALUE_TAG, tag);
    tenka_message_nest(&summary, SUMMARY_VALUE, value);
    tenka_message_nest(&event, EVENT_SUMMARY, &summary);
    return end_event(e, &event);
}

/* ---- Files ---- */

/* Of several files in a second each is another, and comes behind those before it. */
static tenka_status open_file(tenka_events *e, struct tenka_error *err, const char *dir)
{
    const long long seconds = (long long)time(NULL);
    for (unsigned i = 0; i < MAX_FILES; i++) {
        tenka_free(e->path);
        e->path = tenka_sprintf("%s/events.out.tfevents.%010lld.tenka.%04u", dir, seconds, i);
        if (e->path == NULL)
            return tenka_fail_nomem(err);
        e->file = fopen(e->path, "wbx");
        if (e->file != NULL)
            return TENKA_OK;
        if (errno != EEXIST)
            return tenka_fail_io(err, "write", e->path, errno);
    }
    return tenka_fail(err, TENKA_E_IO, "%s: the folder has %u event files of this second; name another one", dir,
                      MAX_FILES);
}

static tenka_status write_version(tenka_events *e)
{
    struct tenka_message event = begin_event(0);
    tenka_message_text(&event, EVENT_FILE_VERSION, "brain.Event:2");
    const tenka_status status = end_event(e, &event);
    return status == TENKA_OK ? tenka_events_flush(e) : status;
}

tenka_status tenka_events_open(tenka_ctx *ctx, const char *dir, tenka_events **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (out == NULL || dir == NULL || dir[0] == '\0')
        return tenka_fail(err, TENKA_E_INVALID, "events_open: out is NULL, or no folder is named");
    *out = NULL;
    tenka_events *const e = tenka_alloc(sizeof(*e));
    if (e == NULL)
        return tenka_fail_nomem(err);
    e->ctx = ctx;
    e->flushed = tenka_os_now();
    tenka_status status = tenka_os_make_dirs(err, dir);
    if (status == TENKA_OK)
        status = open_file(e, err, dir);
    if (status == TENKA_OK)
        status = write_version(e);
    *out = e;
    if (status == TENKA_OK)
        return TENKA_OK;
    tenka_events_close(out);
    return status;
}

const char *tenka_events_path(const tenka_events *events)
{
    return events->path;
}

tenka_status tenka_events_flush(tenka_events *e)
{
    e->flushed = tenka_os_now();
    errno = EIO;
    return fflush(e->file) == 0 ? TENKA_OK : fail_write(e);
}

tenka_status tenka_events_close(tenka_events **events)
{
    tenka_events *const e = events != NULL ? *events : NULL;
    if (e == NULL)
        return TENKA_OK;
    *events = NULL;
    errno = EIO;
    const tenka_status status = e->file == NULL || fclose(e->file) == 0 ? TENKA_OK : fail_write(e);
    tenka_free(e->path);
    tenka_free(e);
    return status;
}

/* ---- What is written ---- */

/* Whether the events, a text and what else there is are given; protocol buffers take UTF-8 alone. */
static tenka_status check(tenka_events *e, const char *what, const char *text, bool rest)
{
    if (e == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(e->ctx);
    if (text == NULL || !rest)
        return tenka_fail(err, TENKA_E_INVALID, "events_%s: an argument is NULL", what);
    return tenka_is_utf8(text) ? TENKA_OK : tenka_fail(err, TENKA_E_INVALID, "events_%s: a text is no UTF-8", what);
}

tenka_status tenka_events_start(tenka_events *e, uint64_t step)
{
    TENKA_TRY(check(e, "start", "", true));
    struct tenka_message event = begin_event(step), session = {0};
    tenka_message_whole(&session, SESSION_STATUS, STATUS_START);
    tenka_message_nest(&event, EVENT_SESSION_LOG, &session);
    return end_event(e, &event);
}

tenka_status tenka_events_scalar(tenka_events *e, const char *tag, uint64_t step, double number)
{
    struct tenka_message value = {0};
    TENKA_TRY(check(e, "scalar", tag, true));
    tenka_message_float(&value, VALUE_SIMPLE, (float)number);
    return write_value(e, tag, step, &value);
}

/* What a histogram says of its numbers. */
struct spread {
    double least, most, count, sum, squares;
    double bucket[BUCKETS];
};

static void look_at(struct spread *s, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const double x = (double)values[i];
        if (!isfinite(x))
            continue;
        s->least = s->count == 0 ? x : fmin(s->least, x);
        s->most = s->count == 0 ? x : fmax(s->most, x);
        s->count++;
        s->sum += x;
        s->squares += x * x;
    }
}

static void sort_into_buckets(struct spread *s, const float *values, size_t count)
{
    const double width = (s->most - s->least) / BUCKETS;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            continue;
        const double place = width > 0 ? ((double)values[i] - s->least) / width : 0;
        s->bucket[place < BUCKETS ? (size_t)place : BUCKETS - 1]++;
    }
}

tenka_status tenka_events_histogram(tenka_events *e, const char *tag, uint64_t step, const float *values, size_t count)
{
    struct tenka_message value = {0}, histogram = {0};
    struct spread s = {0};
    double limit[BUCKETS];
    TENKA_TRY(check(e, "histogram", tag, values != NULL || count == 0));
    look_at(&s, values, count);
    sort_into_buckets(&s, values, count);
    for (size_t i = 0; i < BUCKETS; i++)
        limit[i] = s.least + (s.most - s.least) * (double)(i + 1) / BUCKETS;
    const size_t buckets = s.most > s.least ? BUCKETS : 1;
    tenka_message_double(&histogram, HISTO_MIN, s.least);
    tenka_message_double(&histogram, HISTO_MAX, s.most);
    tenka_message_double(&histogram, HISTO_NUM, s.count);
    tenka_message_double(&histogram, HISTO_SUM, s.sum);
    tenka_message_double(&histogram, HISTO_SUM_SQUARES, s.squares);
    tenka_message_doubles(&histogram, HISTO_LIMIT, limit, buckets);
    tenka_message_doubles(&histogram, HISTO_BUCKET, s.bucket, buckets);
    tenka_message_nest(&value, VALUE_HISTO, &histogram);
    return write_value(e, tag, step, &value);
}

tenka_status tenka_events_image(tenka_events *e, const char *tag, uint64_t step, const tenka_image *image)
{
    struct tenka_message value = {0}, picture = {0};
    unsigned char *png;
    size_t bytes;
    TENKA_TRY(check(e, "image", tag, image != NULL));
    TENKA_TRY(tenka_image_encode(e->ctx, image, &png, &bytes));
    tenka_message_whole(&picture, IMAGE_HEIGHT, tenka_image_height(image));
    tenka_message_whole(&picture, IMAGE_WIDTH, tenka_image_width(image));
    tenka_message_whole(&picture, IMAGE_COLORSPACE, tenka_image_channels(image));
    tenka_message_bytes(&picture, IMAGE_ENCODED, png, bytes);
    tenka_message_nest(&value, VALUE_IMAGE, &picture);
    tenka_image_encoded_free(png);
    return write_value(e, tag, step, &value);
}

static void put_metadata(struct tenka_message *value, const char *plugin)
{
    struct tenka_message metadata = {0}, data = {0};
    tenka_message_text(&data, PLUGIN_NAME, plugin);
    tenka_message_nest(&metadata, METADATA_PLUGIN, &data);
    tenka_message_whole(&metadata, METADATA_CLASS, CLASS_TENSOR);
    tenka_message_nest(value, VALUE_METADATA, &metadata);
}

static void put_dim(struct tenka_message *shape, uint64_t size)
{
    struct tenka_message dim = {0};
    tenka_message_whole(&dim, DIM_SIZE, size);
    tenka_message_nest(shape, SHAPE_DIM, &dim);
}

tenka_status tenka_events_text(tenka_events *e, const char *tag, uint64_t step, const char *text)
{
    struct tenka_message value = {0}, tensor = {0}, shape = {0};
    TENKA_TRY(check(e, "text", tag, true));
    TENKA_TRY(check(e, "text", text, true));
    put_dim(&shape, 1);
    tenka_message_whole(&tensor, TENSOR_DTYPE, DTYPE_STRING);
    tenka_message_nest(&tensor, TENSOR_SHAPE, &shape);
    tenka_message_text(&tensor, TENSOR_STRINGS, text);
    put_metadata(&value, "text");
    tenka_message_nest(&value, VALUE_TENSOR, &tensor);
    return write_value(e, tag, step, &value);
}

/* "_output_shapes", which TensorBoard writes beside the edges. */
static void put_shape(struct tenka_message *node, const struct tenka_shape *shape)
{
    struct tenka_message entry = {0}, value = {0}, list = {0}, one = {0};
    for (uint32_t i = 0; i < shape->rank; i++)
        put_dim(&one, shape->dim[i]);
    tenka_message_nest(&list, LIST_SHAPE, &one);
    tenka_message_nest(&value, ATTR_LIST, &list);
    tenka_message_text(&entry, ATTR_KEY, "_output_shapes");
    tenka_message_nest(&entry, ATTR_VALUE, &value);
    tenka_message_nest(node, NODE_ATTR, &entry);
}

static void put_node(struct tenka_message *graph, const struct tenka_events_node *n)
{
    struct tenka_message node = {0};
    tenka_message_text(&node, NODE_NAME, n->name);
    tenka_message_text(&node, NODE_OP, n->operation);
    for (size_t i = 0; i < n->n_inputs; i++)
        tenka_message_text(&node, NODE_INPUT, n->inputs[i]);
    put_shape(&node, &n->shape);
    tenka_message_nest(graph, GRAPH_NODE, &node);
}

static tenka_status check_node(tenka_events *e, const struct tenka_events_node *n)
{
    TENKA_TRY(check(e, "graph", n->name, n->inputs != NULL || n->n_inputs == 0));
    TENKA_TRY(check(e, "graph", n->operation, true));
    for (size_t i = 0; i < n->n_inputs; i++)
        TENKA_TRY(check(e, "graph", n->inputs[i], true));
    return TENKA_OK;
}

tenka_status tenka_events_graph(tenka_events *e, const struct tenka_events_node *nodes, size_t count)
{
    struct tenka_message graph = {0}, versions = {0};
    TENKA_TRY(check(e, "graph", "", nodes != NULL || count == 0));
    for (size_t i = 0; i < count; i++)
        TENKA_TRY(check_node(e, &nodes[i]));
    for (size_t i = 0; i < count; i++)
        put_node(&graph, &nodes[i]);
    tenka_message_whole(&versions, VERSIONS_PRODUCER, PRODUCER);
    tenka_message_nest(&graph, GRAPH_VERSIONS, &versions);
    struct tenka_message event = begin_event(0);
    tenka_message_nest(&event, EVENT_GRAPH_DEF, &graph);
    return end_event(e, &event);
}
