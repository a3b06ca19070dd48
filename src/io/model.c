/* Models: a network's state in a .pt file, or in a safetensors file with what is needed to use it in the metadata. */
#include <stdio.h>

#include "io/model.h"
#include "io/model_state.h"
#include "tenka/io.h"

struct tenka_model {
    tenka_module *net;
    struct tenka_model_notes notes;
};

tenka_status tenka_preprocessing_of(tenka_ctx *ctx, const tenka_dataset *dataset, struct tenka_preprocessing *how,
                                    const char **names, size_t max_names)
{
    if (ctx == NULL || dataset == NULL || how == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    *how = (struct tenka_preprocessing){.classes = tenka_dataset_classes(dataset)};
    if (tenka_dataset_input_dtype(dataset) == TENKA_U8)
        how->image = tenka_dataset_image_shape(dataset);
    if (how->image.dim[0] > TENKA_MAX_CHANNELS)
        return tenka_fail(err, TENKA_E_INVALID, "preprocessing: images have %u channels, more than %d",
                          how->image.dim[0], TENKA_MAX_CHANNELS);
    if (names != NULL && max_names < how->classes)
        return tenka_fail(err, TENKA_E_INVALID, "preprocessing: there is room for %zu of %u class names", max_names,
                          how->classes);
    for (uint32_t c = 0; c < how->image.dim[0]; c++)
        tenka_dataset_normalization(dataset, c, &how->mean[c], &how->std[c]);
    for (uint32_t i = 0; names != NULL && i < how->classes; i++)
        names[i] = tenka_dataset_class_name(dataset, i);
    how->class_names = names;
    how->table = tenka_dataset_table(dataset);
    how->transform = tenka_dataset_transform(dataset);
    how->target_is_input = tenka_dataset_target_is_input(dataset);
    return TENKA_OK;
}

/* ---- Saving ---- */

static tenka_status read_state(void *user, size_t i, void *dst, size_t bytes)
{
    const struct tenka_model_state *const s = user;
    if (s->items[i].var != NULL)
        return tenka_variable_read(s->items[i].var, dst, bytes);
    memcpy(dst, s->items[i].number, bytes);
    return TENKA_OK;
}

/* Numbers first, so that each tensor's bytes begin at a multiple of its element's size. */
static void put_numbers_first(struct tenka_model_state *s)
{
    size_t numbers = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].number == NULL)
            continue;
        const struct tenka_state_item item = s->items[i];
        const struct tenka_file_tensor tensor = s->tensors[i];
        memmove(s->items + numbers + 1, s->items + numbers, (i - numbers) * sizeof(item));
        memmove(s->tensors + numbers + 1, s->tensors + numbers, (i - numbers) * sizeof(tensor));
        s->items[numbers] = item;
        s->tensors[numbers++] = tensor;
    }
}

static tenka_status save_st(struct tenka_error *err, struct tenka_model_state *s, tenka_module *net,
                            const struct tenka_preprocessing *how, const char *path)
{
    json_t *metadata;
    TENKA_TRY(tenka_model_metadata(net, how, &metadata));
    put_numbers_first(s);
    const tenka_status status = tenka_st_write(err, path, metadata, s->tensors, s->count, read_state, s);
    json_decref(metadata);
    return status;
}

static bool ends_with(const char *text, const char *tail)
{
    const size_t length = strlen(text), end = strlen(tail);
    return length >= end && strcmp(text + length - end, tail) == 0;
}

tenka_status tenka_model_save(tenka_module *net, const struct tenka_preprocessing *how, const char *path)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct tenka_model_state s;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_save: path is NULL");
    TENKA_TRY(tenka_model_check_how(err, how));
    TENKA_TRY(tenka_model_state_init(&s, net));
    const tenka_status status = ends_with(path, ".pt") || ends_with(path, ".pth")
                                    ? tenka_pt_write(err, path, s.tensors, s.count, read_state, &s)
                                    : save_st(err, &s, net, how, path);
    tenka_model_state_finish(&s);
    if (status == TENKA_OK)
        tenka_file_writer_sweep(path);
    return status;
}

/* ---- A model as a whole ---- */

tenka_status tenka_model_has_net(tenka_ctx *ctx, const char *path, bool *out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = false;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_weights file;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_has_net: path is NULL");
    TENKA_TRY(tenka_weights_open(err, path, &file));
    *out = tenka_model_is_text(&file);
    tenka_weights_close(&file);
    return TENKA_OK;
}

/* A text that the file has of its network. */
static tenka_status read_text(tenka_ctx *ctx, const char *path, const char *function,
                              tenka_status (*read)(struct tenka_error *err, const struct tenka_weights *file,
                                                   char **out),
                              char **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_weights file;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "%s: path is NULL", function);
    TENKA_TRY(tenka_weights_open(err, path, &file));
    const tenka_status status = read(err, &file, out);
    tenka_weights_close(&file);
    return status;
}

tenka_status tenka_model_data(tenka_ctx *ctx, const char *path, char **out)
{
    return read_text(ctx, path, "model_data", tenka_model_read_data, out);
}

tenka_status tenka_model_table(tenka_ctx *ctx, const char *path, char **out)
{
    return read_text(ctx, path, "model_table", tenka_model_read_table, out);
}

static tenka_status make_net(tenka_ctx *ctx, const struct tenka_weights *file, tenka_model *model)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    const char *const text = tenka_weights_metadata(file, TENKA_NET_KEY);
    TENKA_TRY(tenka_model_check_code(ctx, NULL, file));
    if (tenka_weights_metadata(file, TENKA_LAYERS_KEY) != NULL)
        return tenka_fail(
            err, TENKA_E_FORMAT,
            "%s: what this network does with its layers is code of the program that saved it, which is not "
            "in the file; only that program can run it",
            file->path);
    if (text == NULL)
        return tenka_fail(err, TENKA_E_FORMAT, "%s: the file has weights but no network text to make their network of",
                          file->path);
    /* No dtype of weights has fewer than 2 bytes. */
    const tenka_status status = tenka_nn_parse_limited(ctx, text, file->bytes / 2, &model->net);
    if (status != TENKA_E_FORMAT)
        return status;
    const struct tenka_error why = *err;
    return tenka_fail(err, status, "%s: %s", file->path, why.text);
}

static tenka_status open_model(tenka_ctx *ctx, struct tenka_weights *file, tenka_model *model)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    TENKA_TRY(tenka_model_read_notes(err, file, &model->notes));
    TENKA_TRY(make_net(ctx, file, model));
    return tenka_model_read(model->net, file);
}

tenka_status tenka_model_open(tenka_ctx *ctx, const char *path, tenka_model **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_weights file;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_open: path is NULL");
    TENKA_TRY(tenka_weights_open(err, path, &file));
    *out = tenka_alloc(sizeof(**out));
    const tenka_status status = *out != NULL ? open_model(ctx, &file, *out) : tenka_fail_nomem(err);
    tenka_weights_close(&file);
    if (status != TENKA_OK)
        tenka_model_destroy(out);
    return status;
}

tenka_module *tenka_model_net(tenka_model *model)
{
    return model->net;
}

const struct tenka_preprocessing *tenka_model_preprocessing(const tenka_model *model)
{
    return &model->notes.how;
}

void tenka_model_destroy(tenka_model **model)
{
    if (model == NULL || *model == NULL)
        return;
    tenka_module_destroy(&(*model)->net);
    tenka_model_notes_finish(&(*model)->notes);
    tenka_free(*model);
    *model = NULL;
}
