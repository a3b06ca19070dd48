/* Models: a network's state in a .pt file, or in a safetensors file with what is needed to use it in the metadata:
 *   tenka.version, tenka.net (print(model)'s text; tenka.layers instead when a program's code is the forward, which the
 *   text does not show, so that nobody takes the text for the network), tenka.input ("1,28,28"), tenka.mean and tenka.std (a number for
 *   each channel), tenka.classes (a JSON array of names), and format = pt, which other tools look for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/model.h"
#include "nn/layer.h"
#include "tenka/io.h"

/* How many names of a kind an error's sentence lists. */
#define MAX_LISTED 5
#define MAX_CLASSES 1000000

struct tenka_model {
    tenka_module *net;
    struct tenka_preprocessing how;
    json_t *classes; /* holds the names */
    const char **names;
};

tenka_status tenka_preprocessing_of(tenka_ctx *ctx, const tenka_dataset *dataset, struct tenka_preprocessing *how,
                                    const char **names, size_t max_names)
{
    if (ctx == NULL || dataset == NULL || how == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    *how = (struct tenka_preprocessing){.image = tenka_dataset_image_shape(dataset),
                                        .classes = tenka_dataset_classes(dataset)};
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
    return TENKA_OK;
}

/* ---- The network's state as arrays ---- */

/* A variable, or else BatchNorm2d's counter of batches, which PyTorch's state_dict has as an int64. */
struct state_item {
    tenka_variable *var;
    uint64_t *counter;
    char *counter_name;
};

struct state {
    struct state_item *items;
    struct tenka_file_tensor *tensors; /* what the items are in a file */
    size_t count;
};

static void state_finish(struct state *s)
{
    for (size_t i = 0; i < s->count; i++)
        tenka_free(s->items[i].counter_name);
    tenka_free(s->items);
    tenka_free(s->tensors);
}

static void add_variable(struct state *s, const struct tenka_state_entry *entry)
{
    s->items[s->count] = (struct state_item){.var = entry->var};
    s->tensors[s->count++] = (struct tenka_file_tensor){
        .name = entry->name, .dtype = "F32", .shape = tenka_variable_shape(entry->var)};
}

static bool add_counter(struct state *s, const tenka_module *net, tenka_module *layer)
{
    char *const name = tenka_module_counter_name(net, layer);
    if (name == NULL)
        return false;
    s->items[s->count] = (struct state_item){.counter = &layer->batches, .counter_name = name};
    s->tensors[s->count++] = (struct tenka_file_tensor){.name = name, .dtype = "I64"};
    return true;
}

/* Each counter stands after its layer's variables, as in PyTorch. */
static bool state_fill(struct state *s, const tenka_module *net, const struct tenka_state_entry *entries,
                       size_t n_entries, tenka_module *const *layers, size_t n_layers)
{
    bool good = true;
    for (size_t i = 0, layer = 0; i < n_entries && good; i++) {
        add_variable(s, &entries[i]);
        if (layer < n_layers && layers[layer]->state[layers[layer]->n_state - 1].var == entries[i].var)
            good = add_counter(s, net, layers[layer++]);
    }
    return good;
}

static tenka_status state_init(struct state *s, tenka_module *net)
{
    const size_t n_entries = tenka_module_state(net, NULL, 0), n_layers = tenka_module_counters(net, NULL, 0);
    struct tenka_state_entry *const entries = tenka_alloc_array(n_entries, sizeof(entries[0]));
    tenka_module **const layers = tenka_alloc_array(n_layers, sizeof(layers[0]));
    *s = (struct state){.items = tenka_alloc_array(n_entries + n_layers, sizeof(s->items[0])),
                        .tensors = tenka_alloc_array(n_entries + n_layers, sizeof(s->tensors[0]))};
    bool good = entries != NULL && layers != NULL && s->items != NULL && s->tensors != NULL;
    if (good) {
        tenka_module_state(net, entries, n_entries);
        tenka_module_counters(net, layers, n_layers);
        good = state_fill(s, net, entries, n_entries, layers, n_layers);
    }
    tenka_free(entries);
    tenka_free(layers);
    if (good)
        return TENKA_OK;
    state_finish(s);
    return tenka_fail_nomem(tenka_ctx_error(tenka_module_ctx(net)));
}

/* ---- Saving ---- */

static bool put(json_t *object, const char *key, const char *value)
{
    return value != NULL && json_object_set_new(object, key, json_string(value)) == 0;
}

static bool put_numbers(json_t *object, const char *key, const double *numbers, size_t count)
{
    struct tenka_text text = {0};
    char number[TENKA_NUMBER_TEXT];
    for (size_t i = 0; i < count; i++)
        tenka_text_add(&text, "%s%s", i > 0 ? "," : "", tenka_number_text(numbers[i], number));
    const bool good = !text.failed && put(object, key, text.text);
    tenka_free(text.text);
    return good;
}

static bool put_classes(json_t *object, const char *const *names, uint32_t count)
{
    json_t *const array = json_array();
    bool good = array != NULL;
    for (uint32_t i = 0; i < count && good; i++)
        good = names[i] != NULL && json_array_append_new(array, json_string(names[i])) == 0;
    char *const text = good ? tenka_json_text(array) : NULL;
    good = put(object, "tenka.classes", text);
    tenka_free(text);
    json_decref(array);
    return good;
}

static bool put_preprocessing(json_t *object, const struct tenka_preprocessing *how)
{
    if (how == NULL)
        return true;
    const uint32_t *const dim = how->image.dim;
    bool good = true;
    if (how->image.rank == 3) {
        struct tenka_text text = {0};
        tenka_text_add(&text, "%u,%u,%u", dim[0], dim[1], dim[2]);
        good = !text.failed && put(object, "tenka.input", text.text) &&
               put_numbers(object, "tenka.mean", how->mean, dim[0]) &&
               put_numbers(object, "tenka.std", how->std, dim[0]);
        tenka_free(text.text);
    }
    return good &&
           (how->class_names == NULL || how->classes == 0 || put_classes(object, how->class_names, how->classes));
}

/* Names come from users; JSON holds UTF-8 alone. jansson would say so, too, but not whether it lacks memory instead.
 * Source: The Unicode Standard, table "Well-Formed UTF-8 Byte Sequences" */
static bool is_utf8(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != 0;) {
        const size_t more = *at < 0x80 ? 0 : *at < 0xc2 ? 4 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : *at < 0xf5 ? 3 : 4;
        const unsigned char low = *at == 0xe0 ? 0xa0 : *at == 0xf0 ? 0x90 : 0x80;
        const unsigned char high = *at == 0xed ? 0x9f : *at == 0xf4 ? 0x8f : 0xbf;
        if (more == 4 || (more > 0 && (at[1] < low || at[1] > high)))
            return false;
        for (size_t i = 2; i <= more; i++)
            if ((at[i] & 0xc0) != 0x80)
                return false;
        at += more + 1;
    }
    return true;
}

static json_t *make_metadata(const char *key, const char *text, const struct tenka_preprocessing *how)
{
    json_t *const metadata = json_object();
    const bool good = put(metadata, "format", "pt") && put(metadata, "tenka.version", TENKA_VERSION) &&
                      put(metadata, key, text) && put_preprocessing(metadata, how);
    if (good)
        return metadata;
    json_decref(metadata);
    return NULL;
}

static tenka_status check_classes(struct tenka_error *err, const struct tenka_preprocessing *how)
{
    for (uint32_t i = 0; how->class_names != NULL && i < how->classes; i++) {
        if (how->class_names[i] == NULL || !is_utf8(how->class_names[i]))
            return tenka_fail(err, TENKA_E_INVALID, "preprocessing: the name of class %u is missing or no UTF-8 text",
                              i);
    }
    return TENKA_OK;
}

static tenka_status check_preprocessing(struct tenka_error *err, const struct tenka_preprocessing *how)
{
    if (how == NULL)
        return TENKA_OK;
    TENKA_TRY(check_classes(err, how));
    if (how->image.rank == 0)
        return TENKA_OK;
    if (how->image.rank != 3 || how->image.dim[0] == 0 || how->image.dim[0] > TENKA_MAX_CHANNELS)
        return tenka_fail(err, TENKA_E_INVALID, "preprocessing: images must have rank 3 and 1 to %d channels",
                          TENKA_MAX_CHANNELS);
    for (uint32_t c = 0; c < how->image.dim[0]; c++) {
        if (!isfinite(how->mean[c]) || !isfinite(how->std[c]) || how->std[c] <= 0)
            return tenka_fail(err, TENKA_E_INVALID,
                              "preprocessing: mean and deviation of channel %u must be finite, the latter above 0", c);
    }
    return TENKA_OK;
}

static tenka_status read_state(void *user, size_t i, void *dst, size_t bytes)
{
    const struct state *const s = user;
    if (s->items[i].counter == NULL)
        return tenka_variable_read(s->items[i].var, dst, bytes);
    memcpy(dst, s->items[i].counter, bytes);
    return TENKA_OK;
}

/* Counters first, so that each tensor's bytes begin at a multiple of its element's size. */
static void put_counters_first(struct state *s)
{
    size_t counters = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].counter == NULL)
            continue;
        const struct state_item item = s->items[i];
        const struct tenka_file_tensor tensor = s->tensors[i];
        memmove(s->items + counters + 1, s->items + counters, (i - counters) * sizeof(item));
        memmove(s->tensors + counters + 1, s->tensors + counters, (i - counters) * sizeof(tensor));
        s->items[counters] = item;
        s->tensors[counters++] = tensor;
    }
}

static tenka_status text_metadata(struct tenka_error *err, const char *key, const char *text,
                                  const struct tenka_preprocessing *how, json_t **out)
{
    if (text == NULL)
        return tenka_fail_nomem(err);
    if (!is_utf8(text))
        return tenka_fail(err, TENKA_E_INVALID, "saving: the names of the network's layers are no UTF-8 text");
    *out = make_metadata(key, text, how);
    return *out != NULL ? TENKA_OK : tenka_fail_nomem(err);
}

tenka_status tenka_model_metadata(tenka_module *net, const struct tenka_preprocessing *how, json_t **out)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    *out = NULL;
    TENKA_TRY(check_preprocessing(err, how));
    char *const text = tenka_module_text(net);
    const char *const key = tenka_module_has_own_forward(net) ? "tenka.layers" : "tenka.net";
    const tenka_status status = text_metadata(err, key, text, how, out);
    tenka_text_free(text);
    return status;
}

static tenka_status save_st(struct tenka_error *err, struct state *s, tenka_module *net,
                            const struct tenka_preprocessing *how, const char *path)
{
    json_t *metadata;
    TENKA_TRY(tenka_model_metadata(net, how, &metadata));
    put_counters_first(s);
    const tenka_status status = tenka_st_write(err, path, metadata, s->tensors, s->count, read_state, s);
    json_decref(metadata);
    return status;
}

/* torch.load decodes a pickle's texts as UTF-8. */
static tenka_status save_pt(struct tenka_error *err, struct state *s, const char *path)
{
    for (size_t i = 0; i < s->count; i++)
        if (!is_utf8(s->tensors[i].name))
            return tenka_fail(err, TENKA_E_INVALID, "saving: the names of the network's layers are no UTF-8 text");
    return tenka_pt_write(err, path, s->tensors, s->count, read_state, s);
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
    struct state s;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_save: path is NULL");
    TENKA_TRY(check_preprocessing(err, how));
    TENKA_TRY(state_init(&s, net));
    const tenka_status status = ends_with(path, ".pt") || ends_with(path, ".pth")
                                    ? save_pt(err, &s, path)
                                    : save_st(err, &s, net, how, path);
    state_finish(&s);
    if (status == TENKA_OK)
        tenka_file_writer_sweep(path);
    return status;
}

/* ---- Loading ---- */

/* A list within a sentence, in PyTorch's words: names up to a limit, then how many more. */
struct list {
    struct tenka_text text;
    size_t count;
};

static void list_name(struct list *list, const char *name)
{
    char shown[TENKA_PICKLE_SHOWN];
    if (list->count++ < MAX_LISTED)
        tenka_text_add(&list->text, "%s\"%s\"", list->count > 1 ? ", " : "", tenka_pickle_show(name, shown));
}

static void list_shape(struct list *list, const char *name, const struct tenka_shape *there,
                       const struct tenka_shape *here)
{
    char a[TENKA_SHAPE_TEXT], b[TENKA_SHAPE_TEXT], shown[TENKA_PICKLE_SHOWN];
    if (list->count++ < MAX_LISTED)
        tenka_text_add(&list->text,
                       " size mismatch for %s: copying a param with shape torch.Size(%s) from checkpoint, the shape in "
                       "current model is torch.Size(%s).",
                       tenka_pickle_show(name, shown), tenka_shape_text(there, a), tenka_shape_text(here, b));
}

static void list_end(struct list *list, const char *title, const char *end, struct tenka_text *sentence)
{
    if (list->count > 0)
        tenka_text_add(sentence, "%s%s", title, list->text.text != NULL ? list->text.text : "");
    if (list->count > MAX_LISTED)
        tenka_text_add(sentence, " and %zu more", list->count - MAX_LISTED);
    if (list->count > 0)
        tenka_text_add(sentence, "%s", end);
    tenka_free(list->text.text);
}

static void list_state(const struct state *s, const struct tenka_weights *file, bool *used, struct list *missing,
                       struct list *shapes)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_weight *const t = tenka_weights_find(file, s->tensors[i].name);
        if (t != NULL)
            used[t - file->tensors] = true;
        /* Files from before PyTorch 0.4.1 have no counters, and some keep them as a row of one. */
        if (s->items[i].counter != NULL)
            continue;
        if (t == NULL)
            list_name(missing, s->tensors[i].name);
        else if (!tenka_shape_equal(&t->shape, &s->tensors[i].shape))
            list_shape(shapes, t->name, &t->shape, &s->tensors[i].shape);
    }
}

/* The optimizer's moments in a checkpoint. */
static bool is_ignored(const struct tenka_weights *file, const char *name)
{
    return tenka_weights_metadata(file, TENKA_CHECKPOINT_KEY) != NULL &&
           strncmp(name, TENKA_CHECKPOINT_PREFIX, strlen(TENKA_CHECKPOINT_PREFIX)) == 0;
}

/* Compares names and shapes. */
static tenka_status match(struct tenka_error *err, const tenka_module *net, const struct state *s,
                          const struct tenka_weights *file)
{
    struct list missing = {0}, unexpected = {0}, shapes = {0};
    bool *const used = tenka_alloc_array(file->count, sizeof(used[0]));
    if (used == NULL)
        return tenka_fail_nomem(err);
    list_state(s, file, used, &missing, &shapes);
    for (size_t i = 0; i < file->count; i++) {
        if (!used[i] && !is_ignored(file, file->tensors[i].name))
            list_name(&unexpected, file->tensors[i].name);
    }
    tenka_free(used);
    const bool good = missing.count + unexpected.count + shapes.count == 0;
    struct tenka_text sentence = {0};
    list_end(&missing, " Missing key(s) in state_dict: ", ".", &sentence);
    list_end(&unexpected, " Unexpected key(s) in state_dict: ", ".", &sentence);
    list_end(&shapes, "", "", &sentence);
    const tenka_status status =
        good ? TENKA_OK
             : tenka_fail(err, TENKA_E_FORMAT, "%s: Error(s) in loading state_dict for %.60s:%s", file->path,
                          tenka_module_class(net), sentence.text != NULL ? sentence.text : "");
    tenka_free(sentence.text);
    return status;
}

static tenka_status check_dtypes(struct tenka_error *err, const struct state *s, const struct tenka_weights *file)
{
    char shown[TENKA_PICKLE_SHOWN];
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_weight *const t = tenka_weights_find(file, s->tensors[i].name);
        if (s->items[i].var != NULL && !tenka_file_dtype_is_real(t->dtype))
            return tenka_fail(err, TENKA_E_FORMAT,
                              "%s: tensor \"%s\" is %.20s, expected F32, F64, F16 or BF16; convert it to float32",
                              file->path, tenka_pickle_show(t->name, shown), t->dtype);
    }
    return TENKA_OK;
}

/* Doubles keep their digits, for devices that can hold them. */
static bool is_double(const struct tenka_weight *weight)
{
    return strcmp(weight->dtype, "F64") == 0;
}

/* Bytes between the tensors of variables in memory, so that each begins where a double may. */
static size_t room(const struct tenka_weight *weight)
{
    const size_t each = is_double(weight) ? sizeof(double) : sizeof(float);
    return tenka_align((size_t)tenka_shape_count(&weight->shape) * each, sizeof(double));
}

/* The tensors of all variables, one after the other. */
static tenka_status read_tensors(struct tenka_error *err, const struct state *s, const struct tenka_weights *file,
                                 unsigned char *data, int64_t *counters)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_weight *const t = tenka_weights_find(file, s->tensors[i].name);
        if (s->items[i].var == NULL && t != NULL) {
            TENKA_TRY(tenka_weights_read_count(err, file, t, &counters[i]));
        } else if (s->items[i].var != NULL) {
            TENKA_TRY(is_double(t) ? tenka_weights_read_raw(err, file, t, data)
                                   : tenka_weights_read(err, file, t, (float *)(void *)data));
            data += room(t);
        }
    }
    return TENKA_OK;
}

static tenka_status write_variables(const struct state *s, const struct tenka_weights *file, const unsigned char *data,
                                    const int64_t *counters)
{
    for (size_t i = 0; i < s->count; i++) {
        tenka_variable *const var = s->items[i].var;
        const size_t count = (size_t)tenka_shape_count(&s->tensors[i].shape);
        if (var == NULL) {
            *s->items[i].counter = counters[i] > 0 ? (uint64_t)counters[i] : 0;
            continue;
        }
        const struct tenka_weight *const t = tenka_weights_find(file, s->tensors[i].name);
        TENKA_TRY(is_double(t) ? tenka_variable_write_f64(var, (const double *)(const void *)data, count)
                               : tenka_variable_write(var, data, count * sizeof(float)));
        data += room(t);
    }
    return TENKA_OK;
}

/* Reads everything before anything is written, so that a damaged file leaves the network as it was. */
static tenka_status transfer(struct tenka_error *err, const struct state *s, const struct tenka_weights *file)
{
    size_t total = 0;
    for (size_t i = 0; i < s->count; i++)
        total += s->items[i].var != NULL ? room(tenka_weights_find(file, s->tensors[i].name)) : 0;
    unsigned char *const data = tenka_alloc(total);
    int64_t *const counters = tenka_alloc_array(s->count, sizeof(counters[0]));
    tenka_status status = data != NULL && counters != NULL ? TENKA_OK : tenka_fail_nomem(err);
    if (status == TENKA_OK)
        status = read_tensors(err, s, file, data, counters);
    if (status == TENKA_OK)
        status = write_variables(s, file, data, counters);
    tenka_free(data);
    tenka_free(counters);
    return status;
}

tenka_status tenka_model_read(tenka_module *net, const struct tenka_weights *file)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct state s;
    if (tenka_step_is_open(tenka_module_ctx(net)))
        return tenka_fail(err, TENKA_E_INVALID, "model_load: a step is open; end or discard it first");
    TENKA_TRY(state_init(&s, net));
    tenka_status status = match(err, net, &s, file);
    if (status == TENKA_OK)
        status = check_dtypes(err, &s, file);
    if (status == TENKA_OK)
        status = transfer(err, &s, file);
    state_finish(&s);
    return status;
}

tenka_status tenka_model_load(tenka_module *net, const char *path)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct tenka_weights file;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_load: path is NULL");
    TENKA_TRY(tenka_weights_open(err, path, &file));
    const tenka_status status = tenka_model_read(net, &file);
    if (status == TENKA_OK && tenka_weights_metadata(&file, "tenka.layers") != NULL)
        tenka_module_set_own_forward(net);
    tenka_weights_close(&file);
    return status;
}

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
    *out = tenka_weights_metadata(&file, "tenka.net") != NULL;
    tenka_weights_close(&file);
    return TENKA_OK;
}

/* ---- A model as a whole ---- */

static tenka_status fail_metadata(struct tenka_error *err, const struct tenka_weights *file, const char *key,
                                  const char *what)
{
    return tenka_fail(err, TENKA_E_FORMAT, "%s: the metadata %s is damaged: expected %s", file->path, key, what);
}

/* Exactly count finite numbers separated by commas. */
static bool read_numbers(const char *text, double *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t length = text != NULL ? tenka_number_read(text, &out[i]) : 0;
        if (length == 0 || !isfinite(out[i]) || text[length] != (i + 1 < count ? ',' : '\0'))
            return false;
        text += length + 1;
    }
    return true;
}

static tenka_status read_image(struct tenka_error *err, const struct tenka_weights *file,
                               struct tenka_preprocessing *how)
{
    const char *const text = tenka_weights_metadata(file, "tenka.input");
    double dim[3];
    if (text == NULL)
        return TENKA_OK;
    bool good = read_numbers(text, dim, 3);
    for (size_t i = 0; i < 3 && good; i++)
        good = dim[i] == floor(dim[i]) && dim[i] >= 1 && dim[i] <= (i == 0 ? TENKA_MAX_CHANNELS : INT32_MAX);
    if (!good)
        return fail_metadata(err, file, "tenka.input", "channels, height and width");
    how->image = tenka_shape_of((uint32_t)dim[0], (uint32_t)dim[1], (uint32_t)dim[2]);
    if (!read_numbers(tenka_weights_metadata(file, "tenka.mean"), how->mean, how->image.dim[0]))
        return fail_metadata(err, file, "tenka.mean", "a number for each channel");
    good = read_numbers(tenka_weights_metadata(file, "tenka.std"), how->std, how->image.dim[0]);
    for (uint32_t c = 0; c < how->image.dim[0] && good; c++)
        good = how->std[c] > 0;
    return good ? TENKA_OK : fail_metadata(err, file, "tenka.std", "a number above 0 for each channel");
}

static tenka_status read_classes(struct tenka_error *err, const struct tenka_weights *file, tenka_model *model)
{
    const char *const text = tenka_weights_metadata(file, "tenka.classes");
    if (text == NULL)
        return TENKA_OK;
    json_error_t why = {.text = ""};
    model->classes = json_loads(text, 0, &why);
    if (model->classes == NULL && tenka_json_lacks_memory(&why))
        return tenka_fail_nomem(err);
    const size_t count = json_array_size(model->classes); /* 0 when it is no array */
    if (count == 0 || count > MAX_CLASSES)
        return fail_metadata(err, file, "tenka.classes", "a JSON array of names");
    model->names = tenka_alloc_array(count, sizeof(model->names[0]));
    if (model->names == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        model->names[i] = json_string_value(json_array_get(model->classes, i));
        if (model->names[i] == NULL)
            return fail_metadata(err, file, "tenka.classes", "a JSON array of names");
    }
    model->how.classes = (uint32_t)count;
    model->how.class_names = model->names;
    return TENKA_OK;
}

static tenka_status make_net(tenka_ctx *ctx, const struct tenka_weights *file, tenka_model *model)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    const char *const text = tenka_weights_metadata(file, "tenka.net");
    if (text == NULL && tenka_weights_metadata(file, "tenka.layers") != NULL)
        return tenka_fail(err, TENKA_E_FORMAT,
                          "%s: what this network does with its layers is code of the program that saved it, which is not "
                          "in the file; only that program can run it",
                          file->path);
    if (text == NULL)
        return tenka_fail(err, TENKA_E_FORMAT,
                          "%s: the file has weights but no network text (metadata tenka.net); make the network first, "
                          "then load the file into it",
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
    TENKA_TRY(read_image(err, file, &model->how));
    TENKA_TRY(read_classes(err, file, model));
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
    return &model->how;
}

void tenka_model_destroy(tenka_model **model)
{
    if (model == NULL || *model == NULL)
        return;
    tenka_module_destroy(&(*model)->net);
    json_decref((*model)->classes);
    tenka_free((*model)->names);
    tenka_free(*model);
    *model = NULL;
}
