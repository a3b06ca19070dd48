/* Models: a network's state in a safetensors file, with what is needed to use it in the metadata:
 *   tenka.version, tenka.net (print(model)'s text), tenka.input ("1,28,28"), tenka.mean and tenka.std (a number for
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

struct state {
    struct tenka_state_entry *entries;
    const char **names;
    struct tenka_shape *shapes;
    size_t count;
};

static void state_finish(struct state *s)
{
    tenka_free(s->entries);
    tenka_free(s->names);
    tenka_free(s->shapes);
}

static tenka_status state_init(struct state *s, tenka_module *net)
{
    *s = (struct state){.count = tenka_module_state(net, NULL, 0)};
    s->entries = tenka_alloc_array(s->count + 1, sizeof(s->entries[0]));
    s->names = tenka_alloc_array(s->count + 1, sizeof(s->names[0]));
    s->shapes = tenka_alloc_array(s->count + 1, sizeof(s->shapes[0]));
    if (s->entries == NULL || s->names == NULL || s->shapes == NULL) {
        state_finish(s);
        return tenka_fail_nomem(tenka_ctx_error(tenka_module_ctx(net)));
    }
    tenka_module_state(net, s->entries, s->count);
    for (size_t i = 0; i < s->count; i++) {
        s->names[i] = s->entries[i].name;
        s->shapes[i] = tenka_variable_shape(s->entries[i].var);
    }
    return TENKA_OK;
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
    char *const text = good ? json_dumps(array, JSON_COMPACT) : NULL;
    good = put(object, "tenka.classes", text);
    free(text); /* jansson's */
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

/* Names come from users; JSON holds UTF-8 alone. */
static bool is_utf8(const char *text)
{
    json_t *const string = json_string(text);
    json_decref(string);
    return string != NULL;
}

static json_t *make_metadata(const char *text, const struct tenka_preprocessing *how)
{
    json_t *const metadata = json_object();
    const bool good = put(metadata, "format", "pt") && put(metadata, "tenka.version", TENKA_VERSION) &&
                      put(metadata, "tenka.net", text) && put_preprocessing(metadata, how);
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
    return tenka_variable_read(s->entries[i].var, dst, bytes);
}

static tenka_status text_metadata(struct tenka_error *err, const char *text, const struct tenka_preprocessing *how,
                                  json_t **out)
{
    if (text == NULL)
        return tenka_fail_nomem(err);
    if (!is_utf8(text))
        return tenka_fail(err, TENKA_E_INVALID, "saving: the names of the network's layers are no UTF-8 text");
    *out = make_metadata(text, how);
    return *out != NULL ? TENKA_OK : tenka_fail_nomem(err);
}

tenka_status tenka_model_metadata(tenka_module *net, const struct tenka_preprocessing *how, json_t **out)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    *out = NULL;
    TENKA_TRY(check_preprocessing(err, how));
    char *const text = tenka_module_text(net);
    const tenka_status status = text_metadata(err, text, how, out);
    tenka_text_free(text);
    return status;
}

tenka_status tenka_model_save(tenka_module *net, const struct tenka_preprocessing *how, const char *path)
{
    if (net == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct state s;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_save: path is NULL");
    json_t *metadata;
    TENKA_TRY(tenka_model_metadata(net, how, &metadata));
    tenka_status status = state_init(&s, net);
    if (status == TENKA_OK) {
        status = tenka_st_write(err, path, "F32", metadata, s.names, s.shapes, s.count, read_state, &s);
        state_finish(&s);
    }
    json_decref(metadata);
    return status;
}

/* ---- Loading ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tenka_st_tensor *)a)->name, ((const struct tenka_st_tensor *)b)->name);
}

static int entry_by_name(const void *a, const void *b)
{
    return strcmp(((const struct tenka_state_entry *)a)->name, ((const struct tenka_state_entry *)b)->name);
}

/* BatchNorm2d's counter of batches, which PyTorch saves and which matters to momentum=None alone; the optimizer's
 * moments in a checkpoint. */
static bool is_ignored(const struct tenka_st_file *file, const char *name)
{
    if (tenka_st_metadata(file, TENKA_CHECKPOINT_KEY) != NULL &&
        strncmp(name, TENKA_CHECKPOINT_PREFIX, strlen(TENKA_CHECKPOINT_PREFIX)) == 0)
        return true;
    static const char tail[] = "num_batches_tracked";
    const size_t length = strlen(name);
    return length >= sizeof(tail) - 1 && strcmp(name + length - (sizeof(tail) - 1), tail) == 0;
}

/* A list within a sentence: names up to a limit, then how many more. */
struct list {
    struct tenka_text text;
    size_t count;
};

static void list_add(struct list *list, const char *name, const char *detail)
{
    if (list->count < MAX_LISTED)
        tenka_text_add(&list->text, "%s%.60s%s", list->count > 0 ? ", " : "", name, detail);
    list->count++;
}

static void list_end(struct list *list, const char *title, struct tenka_text *sentence)
{
    if (list->count > 0)
        tenka_text_add(sentence, "; %s: %s", title, list->text.text != NULL ? list->text.text : "");
    if (list->count > MAX_LISTED)
        tenka_text_add(sentence, " and %zu more", list->count - MAX_LISTED);
    tenka_free(list->text.text);
}

static const struct tenka_st_tensor *find_tensor(const struct tenka_st_file *file, const char *name)
{
    const struct tenka_st_tensor key = {.name = name};
    return file->count > 0 ? bsearch(&key, file->tensors, file->count, sizeof(key), by_name) : NULL;
}

static void list_state(const struct state *s, const struct tenka_st_file *file, struct list *missing,
                       struct list *shapes)
{
    char net[TENKA_SHAPE_TEXT], there[TENKA_SHAPE_TEXT], detail[2 * TENKA_SHAPE_TEXT + 40];
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_st_tensor *const t = find_tensor(file, s->entries[i].name);
        const struct tenka_shape shape = tenka_variable_shape(s->entries[i].var);
        if (t == NULL) {
            list_add(missing, s->entries[i].name, "");
        } else if (!tenka_shape_equal(&t->shape, &shape)) {
            snprintf(detail, sizeof(detail), " (%s in the file, %s in the network)", tenka_shape_text(&t->shape, there),
                     tenka_shape_text(&shape, net));
            list_add(shapes, t->name, detail);
        }
    }
}

static void list_unexpected(const struct state *s, const struct tenka_st_file *file, struct list *unexpected)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct tenka_state_entry key = {.name = file->tensors[i].name};
        if (bsearch(&key, s->entries, s->count, sizeof(key), entry_by_name) == NULL && !is_ignored(file, key.name))
            list_add(unexpected, key.name, "");
    }
}

/* Compares names and shapes. Both sides are sorted by name. */
static tenka_status match(struct tenka_error *err, const struct state *s, const struct tenka_st_file *file)
{
    struct list missing = {0}, unexpected = {0}, shapes = {0};
    list_state(s, file, &missing, &shapes);
    list_unexpected(s, file, &unexpected);
    const bool good = missing.count + unexpected.count + shapes.count == 0;
    struct tenka_text sentence = {0};
    list_end(&missing, "missing", &sentence);
    list_end(&unexpected, "unexpected", &sentence);
    list_end(&shapes, "other shapes", &sentence);
    const tenka_status status =
        good ? TENKA_OK
             : tenka_fail(err, TENKA_E_FORMAT, "%s: the weights are those of another network%s", file->path,
                          sentence.text != NULL ? sentence.text : "");
    tenka_free(sentence.text);
    return status;
}

static tenka_status check_dtypes(struct tenka_error *err, const struct state *s, const struct tenka_st_file *file)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct tenka_st_tensor *const t = find_tensor(file, s->entries[i].name);
        if (strcmp(t->dtype, "F32") != 0 && strcmp(t->dtype, "F64") != 0)
            return tenka_fail(err, TENKA_E_FORMAT,
                              "%s: tensor \"%.100s\" is %s, expected F32 or F64; convert the file to float32",
                              file->path, t->name, t->dtype);
    }
    return TENKA_OK;
}

/* Reads everything before anything is written, so that a damaged file leaves the network as it was. */
static tenka_status transfer(struct tenka_error *err, const struct state *s, const struct tenka_st_file *file)
{
    uint64_t total = 0;
    for (size_t i = 0; i < s->count; i++)
        total += tenka_align(find_tensor(file, s->entries[i].name)->bytes, sizeof(double));
    unsigned char *const data = total <= SIZE_MAX ? tenka_alloc((size_t)total + 1) : NULL;
    if (data == NULL)
        return tenka_fail_nomem(err);
    tenka_status status = TENKA_OK;
    size_t at = 0;
    for (size_t i = 0; i < s->count && status == TENKA_OK; i++) {
        const struct tenka_st_tensor *const t = find_tensor(file, s->entries[i].name);
        status = tenka_st_read(err, file, t, data + at);
        at += tenka_align((size_t)t->bytes, sizeof(double));
    }
    at = 0;
    for (size_t i = 0; i < s->count && status == TENKA_OK; i++) {
        const struct tenka_st_tensor *const t = find_tensor(file, s->entries[i].name);
        const size_t bytes = (size_t)t->bytes;
        status = strcmp(t->dtype, "F64") == 0
                     ? tenka_variable_write_f64(s->entries[i].var, (const double *)(void *)(data + at),
                                                bytes / sizeof(double))
                     : tenka_variable_write(s->entries[i].var, data + at, bytes);
        at += tenka_align(bytes, sizeof(double));
    }
    tenka_free(data);
    return status;
}

tenka_status tenka_model_read(tenka_module *net, struct tenka_st_file *file)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    struct state s;
    if (tenka_step_is_open(tenka_module_ctx(net)))
        return tenka_fail(err, TENKA_E_INVALID, "model_load: a step is open; end or discard it first");
    TENKA_TRY(state_init(&s, net));
    if (s.count > 0)
        qsort(s.entries, s.count, sizeof(s.entries[0]), entry_by_name);
    if (file->count > 0)
        qsort(file->tensors, file->count, sizeof(file->tensors[0]), by_name);
    tenka_status status = match(err, &s, file);
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
    struct tenka_st_file file;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_load: path is NULL");
    TENKA_TRY(tenka_st_open(err, path, &file));
    const tenka_status status = tenka_model_read(net, &file);
    tenka_st_close(&file);
    return status;
}

/* ---- A model as a whole ---- */

static tenka_status fail_metadata(struct tenka_error *err, const struct tenka_st_file *file, const char *key,
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

static tenka_status read_image(struct tenka_error *err, const struct tenka_st_file *file,
                               struct tenka_preprocessing *how)
{
    const char *const text = tenka_st_metadata(file, "tenka.input");
    double dim[3];
    if (text == NULL)
        return TENKA_OK;
    bool good = read_numbers(text, dim, 3);
    for (size_t i = 0; i < 3 && good; i++)
        good = dim[i] == floor(dim[i]) && dim[i] >= 1 && dim[i] <= (i == 0 ? TENKA_MAX_CHANNELS : INT32_MAX);
    if (!good)
        return fail_metadata(err, file, "tenka.input", "channels, height and width");
    how->image = tenka_shape_of((uint32_t)dim[0], (uint32_t)dim[1], (uint32_t)dim[2]);
    if (!read_numbers(tenka_st_metadata(file, "tenka.mean"), how->mean, how->image.dim[0]))
        return fail_metadata(err, file, "tenka.mean", "a number for each channel");
    good = read_numbers(tenka_st_metadata(file, "tenka.std"), how->std, how->image.dim[0]);
    for (uint32_t c = 0; c < how->image.dim[0] && good; c++)
        good = how->std[c] > 0;
    return good ? TENKA_OK : fail_metadata(err, file, "tenka.std", "a number above 0 for each channel");
}

static tenka_status read_classes(struct tenka_error *err, const struct tenka_st_file *file, tenka_model *model)
{
    const char *const text = tenka_st_metadata(file, "tenka.classes");
    if (text == NULL)
        return TENKA_OK;
    json_error_t why;
    model->classes = json_loads(text, 0, &why);
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

static tenka_status make_net(tenka_ctx *ctx, const struct tenka_st_file *file, tenka_model *model)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    const char *const text = tenka_st_metadata(file, "tenka.net");
    if (text == NULL)
        return tenka_fail(err, TENKA_E_FORMAT,
                          "%s: the file has weights but no network text (metadata tenka.net); make the network first, "
                          "then load the file into it",
                          file->path);
    const tenka_status status = tenka_nn_parse_limited(ctx, text, file->bytes / sizeof(float), &model->net);
    if (status != TENKA_E_FORMAT)
        return status;
    const struct tenka_error why = *err;
    return tenka_fail(err, status, "%s: %s", file->path, why.text);
}

static tenka_status open_model(tenka_ctx *ctx, struct tenka_st_file *file, tenka_model *model)
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
    struct tenka_st_file file;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "model_open: path is NULL");
    TENKA_TRY(tenka_st_open(err, path, &file));
    *out = tenka_alloc(sizeof(**out));
    const tenka_status status = *out != NULL ? open_model(ctx, &file, *out) : tenka_fail_nomem(err);
    tenka_st_close(&file);
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
