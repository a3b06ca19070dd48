/* What a safetensors file says of its network beside the tensors, as texts under keys:
 *   tenka.version, tenka.net (print(model)'s text; tenka.layers instead when a program's code is the forward, which the
 *   text does not show, so that nobody takes the text for the network), tenka.code (the names of the classes whose
 *   forward is such code, separated by commas; none: containers whose children the program runs), tenka.input
 *   ("1,28,28"), tenka.mean and tenka.std (a number for each channel), tenka.classes (a JSON array of names), tenka.data
 *   (where the images are that it was trained on), tenka.split ("0.2,7,150": the fraction and the seed of those among them
 *   that were kept from training, and how many there were), tenka.table (the columns of a table, as
 *   CSV), tenka.transform (what makes an input of a picture, as print() shows it in torchvision), tenka.loss (the loss, as
 *   PyTorch writes it), tenka.target (input: it was trained to give again what it is given), and format = pt, which other
 *   tools look for. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "graph/graph.h"
#include "io/model.h"
#include "nn/module.h"

/* All names together, escaped, leave the header below its limit, whatever else is in it. */
#define MAX_CLASSES 1000000
#define MAX_CLASS_BYTES (2 * 1024 * 1024)
#define MAX_DATA_BYTES (64 * 1024)
#define MAX_TABLE_BYTES (2 * 1024 * 1024)
#define MAX_TRANSFORM_BYTES (64 * 1024)
#define MAX_LOSS_BYTES (64 * 1024)

/* Of an image: channels, height, width. */
static bool are_sizes(double channels, double height, double width)
{
    return channels >= 1 && channels <= TENKA_MAX_CHANNELS && height >= 1 && height <= INT32_MAX && width >= 1 &&
           width <= INT32_MAX;
}

/* ---- Writing ---- */

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

static bool put_split(json_t *object, const struct tenka_preprocessing *how)
{
    struct tenka_text text = {0};
    char number[TENKA_NUMBER_TEXT];
    if (how->split == 0)
        return true;
    tenka_text_add(&text, "%s,%" PRIu64 ",%" PRIu64, tenka_number_text(how->split, number), how->split_seed,
                   how->split_of);
    const bool good = !text.failed && put(object, "tenka.split", text.text);
    tenka_free(text.text);
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
    if (good && how->class_names != NULL && how->classes > 0)
        good = put_classes(object, how->class_names, how->classes);
    return good && (how->data == NULL || put(object, "tenka.data", how->data)) && put_split(object, how) &&
           (how->table == NULL || put(object, "tenka.table", how->table)) &&
           (how->transform == NULL || put(object, "tenka.transform", how->transform)) &&
           (how->loss == NULL || put(object, "tenka.loss", how->loss)) &&
           (!how->target_is_input || put(object, "tenka.target", "input"));
}

static bool put_code(json_t *object, const char *const *classes, size_t count)
{
    struct tenka_text text = {0};
    for (size_t i = 0; i < count; i++)
        tenka_text_add(&text, "%s%s", i > 0 ? "," : "", classes[i]);
    const bool good = count == 0 || (!text.failed && put(object, TENKA_CODE_KEY, text.text));
    tenka_free(text.text);
    return good;
}

/* What a network's text and classes are in a file. */
struct description {
    const char *key; /* tenka.net or tenka.layers */
    char *text;
    const char **classes;
    size_t n_classes;
};

static json_t *make_metadata(const struct description *net, const struct tenka_preprocessing *how)
{
    json_t *const metadata = json_object();
    const bool good = put(metadata, "format", "pt") && put(metadata, "tenka.version", TENKA_VERSION) &&
                      put(metadata, net->key, net->text) && put_code(metadata, net->classes, net->n_classes) &&
                      put_preprocessing(metadata, how);
    if (good)
        return metadata;
    json_decref(metadata);
    return NULL;
}

static tenka_status check_classes(struct tenka_error *err, const struct tenka_preprocessing *how)
{
    size_t bytes = 0;
    for (uint32_t i = 0; how->class_names != NULL && i < how->classes; i++) {
        if (how->class_names[i] == NULL || !tenka_is_utf8(how->class_names[i]))
            return tenka_fail(err, TENKA_E_INVALID, "preprocessing: the name of class %u is missing or no UTF-8 text",
                              i);
        bytes += strlen(how->class_names[i]);
        if (i >= MAX_CLASSES || bytes > MAX_CLASS_BYTES)
            return tenka_fail(err, TENKA_E_INVALID,
                              "preprocessing: the names of %u classes are too many; a file takes at most %d, of %d "
                              "bytes in all",
                              how->classes, MAX_CLASSES, MAX_CLASS_BYTES);
    }
    return TENKA_OK;
}

static bool is_text(const char *text, size_t most)
{
    return text[0] != '\0' && strlen(text) <= most && tenka_is_utf8(text);
}

static bool is_split(double fraction)
{
    return fraction > 0 && fraction < 1;
}

tenka_status tenka_model_check_how(struct tenka_error *err, const struct tenka_preprocessing *how)
{
    if (how == NULL)
        return TENKA_OK;
    TENKA_TRY(check_classes(err, how));
    if (how->data != NULL && !is_text(how->data, MAX_DATA_BYTES))
        return tenka_fail(err, TENKA_E_INVALID,
                          "preprocessing: data must be UTF-8 text of 1 to %d bytes that says where the images are",
                          MAX_DATA_BYTES);
    if (how->table != NULL && !is_text(how->table, MAX_TABLE_BYTES))
        return tenka_fail(err, TENKA_E_INVALID, "preprocessing: table must be UTF-8 text of 1 to %d bytes",
                          MAX_TABLE_BYTES);
    if (how->transform != NULL && !is_text(how->transform, MAX_TRANSFORM_BYTES))
        return tenka_fail(err, TENKA_E_INVALID, "preprocessing: transform must be UTF-8 text of 1 to %d bytes",
                          MAX_TRANSFORM_BYTES);
    if (how->loss != NULL && !is_text(how->loss, MAX_LOSS_BYTES))
        return tenka_fail(err, TENKA_E_INVALID, "preprocessing: loss must be UTF-8 text of 1 to %d bytes",
                          MAX_LOSS_BYTES);
    if (how->split != 0 && !is_split(how->split))
        return tenka_fail(err, TENKA_E_INVALID, "preprocessing: a split of %g: expected more than 0 and less than 1",
                          how->split);
    if (how->image.rank == 0)
        return TENKA_OK;
    if (how->image.rank != 3 || !are_sizes(how->image.dim[0], how->image.dim[1], how->image.dim[2]))
        return tenka_fail(err, TENKA_E_INVALID,
                          "preprocessing: images must have rank 3, 1 to %d channels, and sides of 1 to %d",
                          TENKA_MAX_CHANNELS, INT32_MAX);
    for (uint32_t c = 0; c < how->image.dim[0]; c++) {
        if (!isfinite(how->mean[c]) || !isfinite(how->std[c]) || how->std[c] <= 0)
            return tenka_fail(err, TENKA_E_INVALID,
                              "preprocessing: mean and deviation of channel %u must be finite, the latter above 0", c);
    }
    return TENKA_OK;
}

tenka_status tenka_model_metadata(tenka_module *net, const struct tenka_preprocessing *how, json_t **out)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_module_ctx(net));
    *out = NULL;
    TENKA_TRY(tenka_model_check_how(err, how));
    struct description d = {.key = tenka_module_has_own_forward(net) ? TENKA_LAYERS_KEY : TENKA_NET_KEY};
    TENKA_TRY(tenka_module_custom_classes(net, &d.classes, &d.n_classes));
    d.text = tenka_module_text(net);
    *out = d.text != NULL ? make_metadata(&d, how) : NULL;
    tenka_text_free(d.text);
    tenka_free(d.classes);
    return *out != NULL ? TENKA_OK : tenka_fail_nomem(err);
}

/* ---- Reading ---- */

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
        good = dim[i] == floor(dim[i]);
    if (!good || !are_sizes(dim[0], dim[1], dim[2]))
        return fail_metadata(err, file, "tenka.input", "channels, height and width");
    how->image = tenka_shape_of((uint32_t)dim[0], (uint32_t)dim[1], (uint32_t)dim[2]);
    if (!read_numbers(tenka_weights_metadata(file, "tenka.mean"), how->mean, how->image.dim[0]))
        return fail_metadata(err, file, "tenka.mean", "a number for each channel");
    good = read_numbers(tenka_weights_metadata(file, "tenka.std"), how->std, how->image.dim[0]);
    for (uint32_t c = 0; c < how->image.dim[0] && good; c++)
        good = how->std[c] > 0;
    return good ? TENKA_OK : fail_metadata(err, file, "tenka.std", "a number above 0 for each channel");
}

static tenka_status read_classes(struct tenka_error *err, const struct tenka_weights *file,
                                 struct tenka_model_notes *notes)
{
    const char *const text = tenka_weights_metadata(file, "tenka.classes");
    if (text == NULL)
        return TENKA_OK;
    json_error_t why = {.text = ""};
    notes->classes = json_loads(text, 0, &why);
    if (notes->classes == NULL && tenka_json_lacks_memory(&why))
        return tenka_fail_nomem(err);
    const size_t count = json_array_size(notes->classes); /* 0 when it is no array */
    if (count == 0 || count > MAX_CLASSES)
        return fail_metadata(err, file, "tenka.classes", "a JSON array of names");
    notes->names = tenka_alloc_array(count, sizeof(notes->names[0]));
    if (notes->names == NULL)
        return tenka_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        notes->names[i] = json_string_value(json_array_get(notes->classes, i));
        if (notes->names[i] == NULL)
            return fail_metadata(err, file, "tenka.classes", "a JSON array of names");
    }
    notes->how.classes = (uint32_t)count;
    notes->how.class_names = notes->names;
    return TENKA_OK;
}

tenka_status tenka_model_read_data(struct tenka_error *err, const struct tenka_weights *file, char **out)
{
    const char *const text = tenka_weights_metadata(file, "tenka.data");
    *out = NULL;
    if (text == NULL)
        return TENKA_OK;
    if (!is_text(text, MAX_DATA_BYTES))
        return fail_metadata(err, file, "tenka.data", "where the images are");
    *out = tenka_strdup(text);
    return *out != NULL ? TENKA_OK : tenka_fail_nomem(err);
}

/* A whole number behind a comma; NULL: there is none. */
static const char *read_whole(const char *text, uint64_t *out)
{
    char *end;
    if (text == NULL || text[0] != ',' || !isdigit((unsigned char)text[1]))
        return NULL;
    *out = strtoull(text + 1, &end, 10);
    return end;
}

tenka_status tenka_model_read_table(struct tenka_error *err, const struct tenka_weights *file, char **out)
{
    const char *const text = tenka_weights_metadata(file, "tenka.table");
    *out = NULL;
    if (text == NULL)
        return TENKA_OK;
    if (!is_text(text, MAX_TABLE_BYTES))
        return fail_metadata(err, file, "tenka.table", "the columns of a table");
    *out = tenka_strdup(text);
    return *out != NULL ? TENKA_OK : tenka_fail_nomem(err);
}

static tenka_status read_transform(struct tenka_error *err, const struct tenka_weights *file, char **out)
{
    const char *const text = tenka_weights_metadata(file, "tenka.transform");
    if (text == NULL)
        return TENKA_OK;
    if (!is_text(text, MAX_TRANSFORM_BYTES))
        return fail_metadata(err, file, "tenka.transform", "the text of a transform");
    *out = tenka_strdup(text);
    return *out != NULL ? TENKA_OK : tenka_fail_nomem(err);
}

static tenka_status read_targets(struct tenka_error *err, const struct tenka_weights *file,
                                 struct tenka_model_notes *notes)
{
    const char *const loss = tenka_weights_metadata(file, "tenka.loss");
    const char *const target = tenka_weights_metadata(file, "tenka.target");
    if (target != NULL && strcmp(target, "input") != 0)
        return fail_metadata(err, file, "tenka.target", "input");
    notes->how.target_is_input = target != NULL;
    if (loss == NULL)
        return TENKA_OK;
    if (!is_text(loss, MAX_LOSS_BYTES))
        return fail_metadata(err, file, "tenka.loss", "the text of a loss");
    notes->how.loss = notes->loss = tenka_strdup(loss);
    return notes->loss != NULL ? TENKA_OK : tenka_fail_nomem(err);
}

static tenka_status read_split(struct tenka_error *err, const struct tenka_weights *file,
                               struct tenka_preprocessing *how)
{
    const char *const text = tenka_weights_metadata(file, "tenka.split");
    if (text == NULL)
        return TENKA_OK;
    const size_t length = tenka_number_read(text, &how->split);
    const char *const seed = length > 0 && is_split(how->split) ? text + length : NULL;
    const char *const end = read_whole(read_whole(seed, &how->split_seed), &how->split_of);
    return end != NULL && *end == '\0' ? TENKA_OK
                                       : fail_metadata(err, file, "tenka.split", "a fraction, a seed and a count");
}

tenka_status tenka_model_read_notes(struct tenka_error *err, const struct tenka_weights *file,
                                    struct tenka_model_notes *notes)
{
    TENKA_TRY(read_image(err, file, &notes->how));
    TENKA_TRY(read_classes(err, file, notes));
    TENKA_TRY(tenka_model_read_data(err, file, &notes->data));
    notes->how.data = notes->data;
    TENKA_TRY(tenka_model_read_table(err, file, &notes->table));
    notes->how.table = notes->table;
    TENKA_TRY(read_transform(err, file, &notes->transform));
    notes->how.transform = notes->transform;
    TENKA_TRY(read_targets(err, file, notes));
    return read_split(err, file, &notes->how);
}

/* ---- Code ---- */

bool tenka_model_is_text(const struct tenka_weights *file)
{
    return tenka_weights_metadata(file, TENKA_NET_KEY) != NULL &&
           tenka_weights_metadata(file, TENKA_LAYERS_KEY) == NULL &&
           tenka_weights_metadata(file, TENKA_CODE_KEY) == NULL;
}

static int compare_name(const void *key, const void *item)
{
    const char *const name = key, *const class_name = *(const char *const *)item;
    const size_t length = strcspn(name, ",");
    const int order = strncmp(name, class_name, length);
    return order != 0 ? order : class_name[length] == '\0' ? 0 : -1;
}

/* The first name of the list that is no class; NULL: all are. */
static const char *find_foreign(const char *list, const char *const *classes, size_t count)
{
    while (bsearch(list, classes, count, sizeof(classes[0]), compare_name) != NULL) {
        list += strcspn(list, ",");
        if (*list == '\0')
            return NULL;
        list++;
    }
    return list;
}

tenka_status tenka_model_check_code(tenka_ctx *ctx, tenka_module *net, const struct tenka_weights *file)
{
    const char *const list = tenka_weights_metadata(file, TENKA_CODE_KEY);
    const char **classes = NULL;
    size_t count = 0;
    if (list == NULL)
        return TENKA_OK;
    if (net != NULL)
        TENKA_TRY(tenka_module_custom_classes(net, &classes, &count));
    const char *const foreign = net != NULL ? find_foreign(list, classes, count) : list;
    tenka_free(classes);
    if (foreign == NULL)
        return TENKA_OK;
    char name[TENKA_PICKLE_SHOWN];
    tenka_pickle_show(foreign, name);
    name[strcspn(name, ",")] = '\0';
    return tenka_fail(tenka_ctx_error(ctx), TENKA_E_UNSUPPORTED,
                      "%s: the forward of %s is code of the program that saved the file, which is not in it; a program "
                      "that has this code makes the network by tenka_nn_custom and loads the file into it",
                      file->path, name[0] != '\0' ? name : "a class");
}

void tenka_model_notes_finish(struct tenka_model_notes *notes)
{
    json_decref(notes->classes);
    tenka_free(notes->names);
    tenka_free(notes->data);
    tenka_free(notes->table);
    tenka_free(notes->transform);
    tenka_free(notes->loss);
}
