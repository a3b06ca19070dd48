#include "data/loader.h"

#include <zlib.h>

#include "data/dataset.h"
#include "data/mixing.h"
#include "data/stream.h"
#include "graph/graph.h"

struct tenka_loader {
    tenka_ctx *ctx;
    struct tenka_loader_params params;
    uint32_t count;
    struct tenka_batch_source from;
    struct tenka_mixing mixing;
    tenka_stream *stream;   /* NULL: the samples lie on the device */
    tenka_dataset *dataset; /* what the stream gathers from, or the device */
    int32_t *shuffled;      /* where an order is made before it is used; NULL when the order stays */
    bool one_binding;       /* images fit into one */
    bool gives_again;       /* targets are the inputs */
    bool running;           /* within an epoch */
    uint32_t index;         /* of the next batch */
    uint64_t order_seed;
    uint64_t epoch_seed;              /* what is drawn for the samples of an epoch depends on it */
    uint32_t targets_sum, inputs_sum; /* checksums */
};

void tenka_loader_destroy(tenka_loader **loader)
{
    if (loader == NULL || *loader == NULL)
        return;
    tenka_stream_destroy(&(*loader)->stream);
    tenka_variable_destroy(&(*loader)->from.inputs);
    tenka_variable_destroy(&(*loader)->from.targets);
    tenka_variable_destroy(&(*loader)->from.order);
    tenka_variable_destroy(&(*loader)->from.mean);
    tenka_variable_destroy(&(*loader)->from.std);
    tenka_dataset_destroy(&(*loader)->dataset);
    tenka_free((*loader)->shuffled);
    tenka_free(*loader);
    *loader = NULL;
}

/* ---- Making ---- */

/* A column's copy for the device, or the dataset's own where the device works on the host's memory. */
static tenka_status make_column(tenka_loader *l, const tenka_dataset *d, const struct tenka_column *column,
                                const char *name, tenka_variable **out)
{
    struct tenka_shape shape = {.rank = column->shape.rank + 1, .dim = {l->count}};
    memcpy(shape.dim + 1, column->shape.dim, column->shape.rank * sizeof(shape.dim[0]));
    if (tenka_device_borrows(tenka_ctx_device(l->ctx))) {
        if (l->dataset == NULL)
            l->dataset = tenka_dataset_hold(d);
        TENKA_TRY(tenka_variable_borrow(l->ctx, column->dtype, shape, column->data, out));
    } else {
        TENKA_TRY(tenka_variable_create(l->ctx, column->dtype, shape, column->data, false, out));
    }
    return tenka_variable_set_name(*out, name);
}

static tenka_status upload_columns(tenka_loader *l, const tenka_dataset *d)
{
    const bool images = tenka_dataset_input_dtype(d) == TENKA_U8;
    struct tenka_limits limits;
    TENKA_TRY(make_column(l, d, tenka_dataset_input(d), images ? "loader.images" : "loader.inputs", &l->from.inputs));
    tenka_device_limits(tenka_ctx_device(l->ctx), &limits);
    l->one_binding = tenka_variable_bytes(l->from.inputs) <= limits.max_operand;
    return make_column(l, d, tenka_dataset_target(d), images ? "loader.labels" : "loader.targets", &l->from.targets);
}

/* The dataset stays where it is, and threads gather batches from it. */
static tenka_status start_stream(tenka_loader *l, const tenka_dataset *d)
{
    const struct tenka_column *const input = tenka_dataset_input(d), *const target = tenka_dataset_target(d);
    const struct tenka_stream_source source = {input, target, l->count, l->params.batch_size};
    if (input->data != NULL)
        tenka_say(tenka_ctx_log(l->ctx), TENKA_LOG_INFO,
                  "%u %s of %zu bytes stay on the host: a thread gathers batches, which go to the device step by step",
                  l->count, input->dtype == TENKA_U8 ? "images" : "samples", input->bytes);
    l->dataset = tenka_dataset_hold(d);
    return tenka_stream_create(tenka_ctx_error(l->ctx), &source, &l->stream);
}

/* Whether a buffer cannot hold a column, or they would take more than half of the memory that is free. */
static bool are_too_large(const tenka_loader *l, const tenka_dataset *d)
{
    const tenka_device *dev = tenka_ctx_device(l->ctx);
    const uint64_t inputs = (uint64_t)l->count * tenka_dataset_input(d)->bytes;
    const uint64_t targets = (uint64_t)l->count * tenka_dataset_target(d)->bytes;
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    const uint64_t free = limits.memory > dev->bytes ? limits.memory - dev->bytes : 0;
    return inputs > limits.max_buffer || targets > limits.max_buffer ||
           (limits.memory > 0 && inputs + targets > free / 2);
}

static tenka_status place_columns(tenka_loader *l, const tenka_dataset *d)
{
    const enum tenka_images_at at = l->params.images_at;
    const bool in_memory = tenka_dataset_input(d)->data != NULL && tenka_dataset_target(d)->data != NULL;
    if (!in_memory || at == TENKA_IMAGES_HOST || (at == TENKA_IMAGES_AUTO && are_too_large(l, d)))
        return start_stream(l, d);
    const tenka_status status = upload_columns(l, d);
    if (status != TENKA_E_NOMEM || at == TENKA_IMAGES_DEVICE)
        return status;
    tenka_variable_destroy(&l->from.inputs);
    tenka_variable_destroy(&l->from.targets);
    tenka_dataset_destroy(&l->dataset);
    return start_stream(l, d);
}

static tenka_status upload_normalization(tenka_loader *l, const tenka_dataset *d)
{
    const uint32_t channels = tenka_dataset_image_shape(d).dim[0];
    const struct tenka_shape shape = tenka_shape_of(channels);
    if (tenka_dataset_input_dtype(d) != TENKA_U8)
        return TENKA_OK;
    double *const values = tenka_alloc_array(channels, 2 * sizeof(double));
    if (values == NULL)
        return tenka_fail_nomem(tenka_ctx_error(l->ctx));
    for (uint32_t c = 0; c < channels; c++)
        tenka_dataset_normalization(d, c, &values[c], &values[channels + c]);
    tenka_status status = tenka_variable_create(l->ctx, TENKA_F32, shape, NULL, false, &l->from.mean);
    if (status == TENKA_OK)
        status = tenka_variable_create(l->ctx, TENKA_F32, shape, NULL, false, &l->from.std);
    if (status == TENKA_OK)
        status = tenka_variable_write_f64(l->from.mean, values, channels);
    if (status == TENKA_OK)
        status = tenka_variable_write_f64(l->from.std, values + channels, channels);
    tenka_free(values);
    TENKA_TRY(status);
    TENKA_TRY(tenka_variable_set_name(l->from.mean, "loader.mean"));
    return tenka_variable_set_name(l->from.std, "loader.std");
}

static tenka_status make_order(tenka_loader *l)
{
    if (l->stream != NULL && !l->params.shuffle)
        return TENKA_OK;
    l->shuffled = tenka_alloc_array(l->count, sizeof(int32_t));
    if (l->shuffled == NULL)
        return tenka_fail_nomem(tenka_ctx_error(l->ctx));
    for (uint32_t i = 0; i < l->count; i++)
        l->shuffled[i] = (int32_t)i;
    if (l->stream != NULL)
        return TENKA_OK;
    TENKA_TRY(tenka_variable_create(l->ctx, TENKA_I32, tenka_shape_of(l->count), l->shuffled, false, &l->from.order));
    if (!l->params.shuffle) {
        tenka_free(l->shuffled);
        l->shuffled = NULL;
    }
    return tenka_variable_set_name(l->from.order, "loader.order");
}

/* Whether a column's elements are as the device has them. */
static bool has_elements_of(const tenka_ctx *ctx, const struct tenka_column *column)
{
    const size_t real = tenka_ctx_backend(ctx) == TENKA_BACKEND_CPU_F64 ? sizeof(double) : sizeof(float);
    return tenka_dtype_bytes(column->dtype, (size_t)tenka_shape_count(&column->shape), real) == column->bytes;
}

static tenka_status check(tenka_ctx *ctx, const tenka_dataset *d, const struct tenka_loader_params *params)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (d == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "loader: there is no dataset");
    if (params->images_at > TENKA_IMAGES_HOST)
        return tenka_fail(err, TENKA_E_INVALID, "loader: %d is no place for images", (int)params->images_at);
    if (params->batch_size == 0)
        return tenka_fail(err, TENKA_E_INVALID, "loader: batch_size is 0");
    if (tenka_dataset_count(d) == 0 || tenka_dataset_count(d) > TENKA_MAX_ELEMENTS)
        return tenka_fail(err, TENKA_E_INVALID, "loader: the dataset holds %zu images, but must hold 1 to %u",
                          tenka_dataset_count(d), TENKA_MAX_ELEMENTS);
    if (tenka_dataset_input(d)->bytes == 0)
        return tenka_fail(err, TENKA_E_INVALID,
                          "loader: the size of the pictures is not set: tenka_dataset_set_image_shape or "
                          "tenka_dataset_set_transform sets it");
    if (!has_elements_of(ctx, tenka_dataset_input(d)) || !has_elements_of(ctx, tenka_dataset_target(d)))
        return tenka_fail(err, TENKA_E_INVALID,
                          "loader: the arrays were read for a device of another precision: read them with the context "
                          "that trains on them");
    if (params->drop_last && tenka_dataset_count(d) < params->batch_size)
        return tenka_fail(err, TENKA_E_INVALID,
                          "loader: drop_last leaves out a batch that is smaller than batch_size, "
                          "%u: of %zu images nothing would be left",
                          params->batch_size, tenka_dataset_count(d));
    return TENKA_OK;
}

tenka_status tenka_loader_create(tenka_ctx *ctx, const tenka_dataset *dataset, const struct tenka_loader_params *params,
                                 tenka_loader **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_loader_params own = TENKA_LOADER_DEFAULTS;
    TENKA_TRY(tenka_take_params(tenka_ctx_error(ctx), "loader", "TENKA_LOADER_DEFAULTS", &own, params));
    struct tenka_mixing mixing;
    TENKA_TRY(check(ctx, dataset, &own));
    TENKA_TRY(tenka_mixing_of(ctx, dataset, &own, &mixing));
    tenka_loader *const l = *out = tenka_alloc(sizeof(*l));
    if (l == NULL)
        return tenka_fail_nomem(tenka_ctx_error(ctx));
    l->ctx = ctx;
    l->params = own;
    l->mixing = mixing;
    l->count = (uint32_t)tenka_dataset_count(dataset);
    l->gives_again = tenka_dataset_target_is_input(dataset);
    l->targets_sum =
        (uint32_t)crc32_z(0, tenka_dataset_target(dataset)->data, l->count * tenka_dataset_target(dataset)->bytes);
    tenka_status status = tenka_dataset_sum(dataset, &l->inputs_sum);
    if (status == TENKA_OK)
        status = place_columns(l, dataset);
    if (status == TENKA_OK)
        status = upload_normalization(l, dataset);
    if (status == TENKA_OK)
        status = make_order(l);
    if (status != TENKA_OK)
        tenka_loader_destroy(out);
    return status;
}

/* ---- Batches ---- */

size_t tenka_loader_batches(const tenka_loader *loader)
{
    const uint32_t whole = loader->count / loader->params.batch_size;
    const bool rest = loader->count % loader->params.batch_size != 0;
    return (size_t)whole + (rest && !loader->params.drop_last ? 1 : 0);
}

size_t tenka_loader_position(const tenka_loader *loader)
{
    return loader->running ? loader->index : 0;
}

void tenka_loader_rewind(tenka_loader *loader)
{
    loader->running = false;
}

/* Puts the images into the order that belongs to seed. */
static tenka_status shuffle(tenka_loader *l, uint64_t seed)
{
    if (l->stream != NULL)
        tenka_stream_halt(l->stream); /* it reads the order */
    tenka_rng_permutation(seed, l->shuffled, l->count);
    if (l->stream == NULL)
        TENKA_TRY(tenka_variable_write(l->from.order, l->shuffled, (size_t)l->count * sizeof(int32_t)));
    l->order_seed = seed;
    return TENKA_OK;
}

static void run_from(tenka_loader *l, uint32_t index)
{
    l->running = true;
    l->index = index;
    if (l->stream == NULL)
        return;
    tenka_stream_halt(l->stream);
    tenka_stream_begin(l->stream, l->shuffled, index, l->epoch_seed);
}

/* Draws as torch.utils.data.DataLoader does at the begin of each pass: a base seed for workers, which here is that of
 * whatever is drawn for samples, then the seed of the sampler's own generator. */
static tenka_status begin_epoch(tenka_loader *l)
{
    struct tenka_rng *const rng = tenka_ctx_rng(l->ctx);
    const struct tenka_rng before = *rng;
    l->epoch_seed = tenka_rng_u63(rng);
    if (l->params.shuffle) {
        const tenka_status status = shuffle(l, tenka_rng_u63(rng));
        if (status != TENKA_OK) {
            *rng = before; /* so that the call can be repeated */
            return status;
        }
    }
    run_from(l, 0);
    return TENKA_OK;
}

static void load_images(const struct tenka_batch_source *from, uint32_t offset, struct tenka_batch *batch)
{
    const tenka_tensor in[] = {tenka_value(from->inputs), tenka_value(from->targets), tenka_value(from->order),
                               tenka_value(from->mean), tenka_value(from->std)};
    const struct tenka_p_load_batch params = {.rows = (int32_t)batch->size};
    tenka_tensor out[TENKA_MAX_OUT];
    tenka_trace(in[0].ctx, TENKA_OP_load_batch, in, 5, &params, sizeof(params), NULL, &(double){offset}, out);
    batch->input = out[0];
    batch->target = out[1];
}

/* Inputs as they are stored; images are normalised where there is a mean. */
static tenka_tensor finish_input(const struct tenka_batch_source *from, tenka_tensor stored)
{
    return from->mean == NULL ? stored : tenka_normalize_bytes(stored, tenka_value(from->mean), tenka_value(from->std));
}

/* Of arrays, of images that a kernel cannot see as a whole, or of those with a target for each pixel. */
static void load_in_pieces(const struct tenka_batch_source *from, uint32_t offset, struct tenka_batch *batch)
{
    const tenka_tensor order = tenka_value(from->order);
    batch->input = finish_input(from, tenka_gather_range(tenka_value(from->inputs), order, offset, batch->size));
    batch->target = tenka_gather_range(tenka_value(from->targets), order, offset, batch->size);
}

void tenka_load_batch(const struct tenka_batch_source *from, uint32_t offset, struct tenka_batch *batch)
{
    if (from->mean != NULL && tenka_variable_shape(from->targets).rank == 1)
        load_images(from, offset, batch);
    else
        load_in_pieces(from, offset, batch);
}

static tenka_tensor column_input(tenka_ctx *ctx, const struct tenka_column *column, uint32_t rows, const void *data)
{
    struct tenka_shape shape = {.rank = column->shape.rank + 1, .dim = {rows}};
    memcpy(shape.dim + 1, column->shape.dim, column->shape.rank * sizeof(shape.dim[0]));
    void *room;
    const tenka_tensor t = tenka_trace_input_room(ctx, column->dtype, shape, &room);
    if (tenka_tensor_valid(t) && room != NULL)
        memcpy(room, data, rows * column->bytes);
    return t;
}

/* Of a dataset that is not on the device. */
static void load_from_host(tenka_loader *l, const struct tenka_stream_batch *gathered, struct tenka_batch *batch)
{
    const struct tenka_column *const input = tenka_dataset_input(l->dataset);
    batch->input = finish_input(&l->from, column_input(l->ctx, input, batch->size, gathered->inputs));
    batch->target = column_input(l->ctx, tenka_dataset_target(l->dataset), batch->size, gathered->targets);
}

tenka_status tenka_loader_next(tenka_loader *loader, struct tenka_batch *batch)
{
    tenka_loader *const l = loader;
    *batch = (struct tenka_batch){0};
    if (!l->running)
        TENKA_TRY(begin_epoch(l));
    if (l->index >= tenka_loader_batches(l)) {
        l->running = false;
        return TENKA_END;
    }
    const uint32_t offset = l->index * l->params.batch_size, left = l->count - offset;
    struct tenka_stream_batch gathered;
    if (l->stream != NULL)
        TENKA_TRY(tenka_stream_next(l->stream, tenka_ctx_error(l->ctx), &gathered));
    batch->index = l->index++;
    batch->size = left < l->params.batch_size ? left : l->params.batch_size;
    tenka_trace_quiet(l->ctx, true);
    const char *const caller = tenka_trace_layer(l->ctx, "loader");
    if (l->stream != NULL)
        load_from_host(l, &gathered, batch);
    else if (l->one_binding)
        tenka_load_batch(&l->from, offset, batch);
    else
        load_in_pieces(&l->from, offset, batch);
    const tenka_status status = tenka_mix_batch(l->ctx, &l->mixing, l->epoch_seed, batch);
    if (l->gives_again)
        batch->target = batch->input;
    tenka_trace_give(batch->target);
    tenka_trace_layer(l->ctx, caller);
    tenka_trace_quiet(l->ctx, false);
    return status;
}

/* ---- Checkpoints ---- */

const char *tenka_loader_transform(const tenka_loader *loader)
{
    return loader->dataset != NULL ? tenka_dataset_transform(loader->dataset) : NULL;
}

void tenka_loader_get_state(const tenka_loader *loader, struct tenka_loader_state *out)
{
    *out = (struct tenka_loader_state){
        .count = loader->count,
        .batch_size = loader->params.batch_size,
        .shuffle = loader->params.shuffle,
        .drop_last = loader->params.drop_last,
        .mixup = loader->mixing.mixup,
        .cutmix = loader->mixing.cutmix,
        .labels = loader->targets_sum,
        .has_inputs = true,
        .inputs = loader->inputs_sum,
        .running = loader->running,
        .index = loader->running ? loader->index : 0,
        .order_seed = loader->running ? loader->order_seed : 0,
        .epoch_seed = loader->running ? loader->epoch_seed : 0,
    };
}

tenka_status tenka_loader_set_state(tenka_loader *loader, const struct tenka_loader_state *state)
{
    if (state->running && loader->params.shuffle)
        TENKA_TRY(shuffle(loader, state->order_seed));
    loader->running = false;
    loader->epoch_seed = state->epoch_seed;
    if (state->running)
        run_from(loader, state->index);
    return TENKA_OK;
}
