#include <ctype.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "data/dataset.h"
#include "data/idx.h"
#include "graph/graph.h"
#include "tenka/data.h"

/* Names of classes are kept in memory, and labels come from outside. */
#define MAX_CLASSES 1000000

struct tenka_dataset {
    tenka_ctx *ctx;
    size_t count;
    struct tenka_column input;  /* U8: images of channels, height, width, to be normalised */
    struct tenka_column target; /* I32: classes */
    bool gives_again;           /* the targets are the inputs; the column of targets is not looked at */
    bool has_ignored;
    int32_t ignored;          /* a target that is no class */
    uint32_t classes;         /* 0: the targets are none */
    const char *const *known; /* names of the first 10 classes where there are no more; NULL: they have numbers */
    char (*names)[16];
    char **given_names;        /* of all classes; NULL: names count */
    char *table;               /* the description of one; NULL: it is none */
    char *transform;           /* what samples are made by, as text; NULL: they are not */
    struct tenka_column exact; /* a table's inputs as doubles; data NULL: it is none */
    double *normalization;     /* of each channel of images: mean, deviation */
    _Atomic unsigned holders;  /* its owner, and loaders, on whatever thread, that read the images here */
    /* The targets of a table as doubles where they are numbers; data NULL: they are none. */
    struct tenka_column exact_target;
};

#define KNOWN_NAMES 10u
static const char *const fashion_names[KNOWN_NAMES] = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
};

static void free_given(const tenka_dataset *d, char **given)
{
    for (uint32_t i = 0; given != NULL && i < d->classes; i++)
        tenka_free(given[i]);
    tenka_free(given);
}

void tenka_dataset_destroy(tenka_dataset **dataset)
{
    if (dataset == NULL || *dataset == NULL)
        return;
    if (atomic_fetch_sub(&(*dataset)->holders, 1) > 1) {
        *dataset = NULL;
        return;
    }
    tenka_column_finish(&(*dataset)->input);
    tenka_column_finish(&(*dataset)->target);
    tenka_column_finish(&(*dataset)->exact);
    tenka_column_finish(&(*dataset)->exact_target);
    tenka_free((*dataset)->names);
    free_given(*dataset, (*dataset)->given_names);
    tenka_free((*dataset)->normalization);
    tenka_free((*dataset)->table);
    tenka_free((*dataset)->transform);
    tenka_free(*dataset);
    *dataset = NULL;
}

tenka_dataset *tenka_dataset_hold(const tenka_dataset *dataset)
{
    tenka_dataset *const d = (tenka_dataset *)dataset; /* what can be seen of it stays the same */
    atomic_fetch_add(&d->holders, 1);
    return d;
}

/* Numbers as names of so many classes, or those that are known. */
static tenka_status name_classes(struct tenka_error *err, tenka_dataset *d, uint32_t classes)
{
    char(*const names)[16] = tenka_alloc_array(classes, sizeof(names[0]));
    if (names == NULL)
        return tenka_fail_nomem(err);
    for (uint32_t i = 0; i < classes; i++) {
        if (d->known != NULL && classes <= KNOWN_NAMES)
            snprintf(names[i], sizeof(names[i]), "%s", d->known[i]);
        else
            snprintf(names[i], sizeof(names[i]), "%u", i);
    }
    tenka_free(d->names);
    free_given(d, d->given_names);
    d->names = names;
    d->given_names = NULL;
    d->classes = classes;
    return TENKA_OK;
}

tenka_status tenka_dataset_count_classes(tenka_dataset *dataset, const char *from)
{
    const int32_t *const targets = dataset->target.data;
    const size_t each = (size_t)tenka_shape_count(&dataset->target.shape);
    struct tenka_error *const err = tenka_ctx_error(dataset->ctx);
    int32_t largest = 0;
    for (size_t i = 0; i < dataset->count * each; i++) {
        if (dataset->has_ignored && targets[i] == dataset->ignored)
            continue;
        if (targets[i] < 0 || targets[i] >= MAX_CLASSES)
            return tenka_fail(err, TENKA_E_INVALID, "%s: label %zu is %d, but must be from 0 to %d", from, i / each,
                              targets[i], MAX_CLASSES - 1);
        largest = targets[i] > largest ? targets[i] : largest;
    }
    return name_classes(err, dataset, (uint32_t)largest + 1);
}

static struct tenka_column column_of(tenka_ctx *ctx, const struct tenka_desc *desc)
{
    const size_t real = tenka_ctx_backend(ctx) == TENKA_BACKEND_CPU_F64 ? sizeof(double) : sizeof(float);
    const size_t elements = (size_t)tenka_shape_count(&desc->shape);
    return (struct tenka_column){
        .dtype = desc->dtype, .shape = desc->shape, .bytes = tenka_dtype_bytes(desc->dtype, elements, real)};
}

/* Of images whose values are 0 to 1; NULL: no memory. */
static double *make_normalization(const struct tenka_desc *image)
{
    double *const out = tenka_alloc_array(image->shape.dim[0], 2 * sizeof(double));
    for (uint32_t c = 0; out != NULL && c < image->shape.dim[0]; c++)
        out[2 * c + 1] = 1;
    return out;
}

tenka_status tenka_dataset_make(tenka_ctx *ctx, size_t count, const struct tenka_desc *input,
                                const struct tenka_desc *target, tenka_dataset **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    tenka_dataset *const d = *out = tenka_alloc(sizeof(*d));
    if (d == NULL)
        return tenka_fail_nomem(err);
    d->ctx = ctx;
    d->holders = 1;
    d->count = count;
    d->input = column_of(ctx, input);
    d->target = column_of(ctx, target);
    if (input->dtype != TENKA_U8)
        return TENKA_OK;
    d->normalization = make_normalization(input);
    return d->normalization != NULL ? TENKA_OK : tenka_fail_nomem(err);
}

/* ---- Two of one ---- */

static tenka_status copy_names(const tenka_dataset *from, tenka_dataset *to)
{
    if (from->table != NULL && (to->table = tenka_strdup(from->table)) == NULL)
        return tenka_fail_nomem(tenka_ctx_error(to->ctx));
    to->known = from->known;
    to->gives_again = from->gives_again;
    to->has_ignored = from->has_ignored;
    to->ignored = from->ignored;
    if (from->classes == 0)
        return TENKA_OK;
    TENKA_TRY(name_classes(tenka_ctx_error(to->ctx), to, from->classes));
    return from->given_names == NULL
               ? TENKA_OK
               : tenka_dataset_set_class_names(to, (const char *const *)from->given_names, from->classes);
}

static tenka_status divide(tenka_dataset *d, const bool *moved, tenka_dataset *rest)
{
    struct tenka_error *const err = tenka_ctx_error(d->ctx);
    TENKA_TRY(copy_names(d, rest));
    for (uint32_t c = 0; d->normalization != NULL && c < 2 * d->input.shape.dim[0]; c++)
        rest->normalization[c] = d->normalization[c];
    /* These are in memory, so that they can still be given up when the input fails. */
    TENKA_TRY(tenka_column_divide(&d->target, err, moved, d->count, &rest->target));
    if (d->exact.data != NULL)
        TENKA_TRY(tenka_column_divide(&d->exact, err, moved, d->count, &rest->exact));
    if (d->exact_target.data != NULL)
        TENKA_TRY(tenka_column_divide(&d->exact_target, err, moved, d->count, &rest->exact_target));
    TENKA_TRY(tenka_column_divide(&d->input, err, moved, d->count, &rest->input));
    tenka_column_close_gaps(&d->target, moved, d->count);
    tenka_column_close_gaps(&d->exact, moved, d->count);
    tenka_column_close_gaps(&d->exact_target, moved, d->count);
    tenka_column_close_gaps(&d->input, moved, d->count);
    for (size_t i = 0; i < d->count; i++)
        rest->count += moved[i];
    d->count -= rest->count;
    return TENKA_OK;
}

tenka_status tenka_dataset_divide(tenka_dataset *dataset, const bool *moved, tenka_dataset **rest)
{
    const struct tenka_desc input = {dataset->input.dtype, dataset->input.shape};
    const struct tenka_desc target = {dataset->target.dtype, dataset->target.shape};
    *rest = NULL;
    if (dataset->holders > 1)
        return tenka_fail(tenka_ctx_error(dataset->ctx), TENKA_E_INVALID,
                          "dataset: a loader has all of its samples already, which can no longer be divided");
    tenka_status status = tenka_dataset_make(dataset->ctx, 0, &input, &target, rest);
    if (status == TENKA_OK)
        status = divide(dataset, moved, *rest);
    if (status != TENKA_OK)
        tenka_dataset_destroy(rest);
    return status;
}

/* A dataset of images with room for the labels, and with images still to be filled in. */
static tenka_status make_images(tenka_ctx *ctx, size_t count, struct tenka_shape image, tenka_dataset **out)
{
    const struct tenka_desc input = {TENKA_U8, image}, target = {.dtype = TENKA_I32};
    TENKA_TRY(tenka_dataset_make(ctx, count, &input, &target, out));
    (*out)->target.data = tenka_alloc_array(count, sizeof(int32_t));
    return (*out)->target.data != NULL ? TENKA_OK : tenka_fail_nomem(tenka_ctx_error(ctx));
}

/* ---- From memory ---- */

static tenka_status check_sizes(struct tenka_error *err, size_t count, const struct tenka_shape *image)
{
    const uint64_t bytes = tenka_shape_count(image);
    char text[TENKA_SHAPE_TEXT];
    if (count == 0 || bytes == 0)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: %zu images of %s hold nothing", count,
                          tenka_shape_text(image, text));
    if (bytes > TENKA_MAX_ELEMENTS || count > TENKA_MAX_ELEMENTS / bytes)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: %zu images of %s are more than %u bytes", count,
                          tenka_shape_text(image, text), TENKA_MAX_ELEMENTS);
    return TENKA_OK;
}

static tenka_status fill(tenka_dataset *d, const uint8_t *images, const int32_t *labels)
{
    struct tenka_error *const err = tenka_ctx_error(d->ctx);
    const size_t bytes = d->count * d->input.bytes;
    d->input.data = tenka_alloc(tenka_align(bytes, sizeof(uint32_t)));
    if (d->input.data == NULL)
        return tenka_fail_nomem(err);
    memcpy(d->input.data, images, bytes);
    memcpy(d->target.data, labels, d->count * sizeof(int32_t));
    return tenka_dataset_count_classes(d, "dataset");
}

tenka_status tenka_dataset_create(tenka_ctx *ctx, const uint8_t *images, const int32_t *labels, size_t count,
                                  uint32_t channels, uint32_t height, uint32_t width, tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    const struct tenka_shape image = tenka_shape_of(channels, height, width);
    if (images == NULL || labels == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: images or labels are NULL");
    TENKA_TRY(check_sizes(err, count, &image));
    tenka_status status = make_images(ctx, count, image, out);
    if (status == TENKA_OK)
        status = fill(*out, images, labels);
    if (status != TENKA_OK)
        tenka_dataset_destroy(out);
    return status;
}

/* ---- From IDX files ---- */

/* Whether the last part of a path contains "fashion", in letters of either case. */
static bool is_fashion(const char *dir)
{
    size_t end = strlen(dir);
    while (end > 0 && dir[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && dir[begin - 1] != '/')
        begin--;
    for (; begin + 7 <= end; begin++) {
        size_t same = 0;
        while (same < 7 && tolower((unsigned char)dir[begin + same]) == "fashion"[same])
            same++;
        if (same == 7)
            return true;
    }
    return false;
}

static tenka_status from_idx(tenka_ctx *ctx, const char *const paths[2], struct tenka_idx *images,
                             const struct tenka_idx *labels, tenka_dataset **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (images->dim[0] != labels->dim[0])
        return tenka_fail(err, TENKA_E_FORMAT,
                          "%s: expected as many images as there are labels in %s, found %u images "
                          "and %u labels",
                          paths[0], paths[1], images->dim[0], labels->dim[0]);
    TENKA_TRY(make_images(ctx, images->dim[0], tenka_shape_of(1, images->dim[1], images->dim[2]), out));
    tenka_dataset *const d = *out;
    int32_t *const classes = d->target.data;
    d->input.data = images->bytes;
    images->bytes = NULL;
    for (size_t i = 0; i < d->count; i++)
        classes[i] = tenka_idx_label(labels, i);
    return tenka_dataset_set_normalization(d, 0, 0.1307, 0.3081);
}

/* paths: of images and labels; name: of the data set, which says whether it is Fashion-MNIST. */
static tenka_status load_files(tenka_ctx *ctx, const char *name, const char *const paths[2], tenka_dataset **out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_idx images, labels = {0};
    tenka_status status = tenka_idx_read(err, paths[0], 3, &images);
    if (status == TENKA_OK)
        status = tenka_idx_read(err, paths[1], 1, &labels);
    if (status == TENKA_OK)
        status = from_idx(ctx, paths, &images, &labels, out);
    if (status == TENKA_OK) {
        (*out)->known = is_fashion(name) ? fashion_names : NULL;
        status = tenka_dataset_count_classes(*out, paths[1]);
    }
    tenka_free(images.bytes);
    tenka_free(labels.bytes);
    if (status != TENKA_OK)
        tenka_dataset_destroy(out);
    return status;
}

tenka_status tenka_dataset_load_idx(tenka_ctx *ctx, const char *dir, bool train, tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (dir == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: the folder is NULL");
    struct tenka_idx_files files;
    tenka_status status = tenka_idx_find(err, dir, train, &files);
    if (status == TENKA_OK)
        status = load_files(ctx, dir, (const char *const[2]){files.images, files.labels}, out);
    tenka_free(files.images);
    tenka_free(files.labels);
    return status;
}

tenka_status tenka_dataset_load_idx_files(tenka_ctx *ctx, const char *images, const char *labels, tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (images == NULL || labels == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: the file of images or that of labels is NULL");
    char *const folder = tenka_strdup(images);
    if (folder == NULL)
        return tenka_fail_nomem(err);
    char *const slash = strrchr(folder, '/');
    *(slash != NULL ? slash : folder) = '\0';
    const tenka_status status = load_files(ctx, folder, (const char *const[2]){images, labels}, out);
    tenka_free(folder);
    return status;
}

/* ---- Looking at it ---- */

size_t tenka_dataset_count(const tenka_dataset *dataset)
{
    return dataset->count;
}

struct tenka_shape tenka_dataset_image_shape(const tenka_dataset *dataset)
{
    return dataset->input.shape;
}

enum tenka_dtype tenka_dataset_input_dtype(const tenka_dataset *dataset)
{
    return dataset->input.dtype;
}

enum tenka_dtype tenka_dataset_target_dtype(const tenka_dataset *dataset)
{
    if (dataset->gives_again)
        return dataset->input.dtype == TENKA_U8 ? TENKA_F32 : dataset->input.dtype;
    return dataset->target.dtype;
}

struct tenka_shape tenka_dataset_target_shape(const tenka_dataset *dataset)
{
    return dataset->gives_again ? dataset->input.shape : dataset->target.shape;
}

tenka_status tenka_dataset_set_target_input(tenka_dataset *dataset)
{
    if (dataset->holders > 1)
        return tenka_fail(tenka_ctx_error(dataset->ctx), TENKA_E_INVALID, "dataset: a loader has its targets already");
    free_given(dataset, dataset->given_names);
    dataset->given_names = NULL;
    dataset->classes = 0;
    dataset->gives_again = true;
    return TENKA_OK;
}

bool tenka_dataset_target_is_input(const tenka_dataset *dataset)
{
    return dataset->gives_again;
}

tenka_status tenka_dataset_reform(tenka_dataset *dataset, const struct tenka_desc *sample)
{
    struct tenka_error *const err = tenka_ctx_error(dataset->ctx);
    if (dataset->holders > 1)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: a loader has its samples already, as they were");
    const struct tenka_column column = column_of(dataset->ctx, sample);
    double *const normalization = sample->dtype == TENKA_U8 ? make_normalization(sample) : NULL;
    if (normalization == NULL && sample->dtype == TENKA_U8)
        return tenka_fail_nomem(err);
    tenka_free(dataset->normalization);
    dataset->normalization = normalization;
    dataset->input.dtype = column.dtype;
    dataset->input.shape = column.shape;
    dataset->input.bytes = column.bytes;
    return TENKA_OK;
}

const char *tenka_dataset_transform(const tenka_dataset *dataset)
{
    return dataset->transform;
}

void tenka_dataset_take_transform(tenka_dataset *dataset, char *transform)
{
    tenka_free(dataset->transform);
    dataset->transform = transform;
}

bool tenka_dataset_is_held(const tenka_dataset *dataset)
{
    return dataset->holders > 1;
}

const char *tenka_dataset_table(const tenka_dataset *dataset)
{
    return dataset->table;
}

void tenka_dataset_take_table(tenka_dataset *dataset, char *table)
{
    tenka_free(dataset->table);
    dataset->table = table;
}

struct tenka_column *tenka_dataset_exact(tenka_dataset *dataset, bool input)
{
    return input ? &dataset->exact : &dataset->exact_target;
}

tenka_ctx *tenka_dataset_ctx(const tenka_dataset *dataset)
{
    return dataset->ctx;
}

const struct tenka_column *tenka_dataset_input(const tenka_dataset *dataset)
{
    return &dataset->input;
}

const struct tenka_column *tenka_dataset_target(const tenka_dataset *dataset)
{
    return &dataset->target;
}

struct tenka_column *tenka_dataset_column(tenka_dataset *dataset, bool input)
{
    return input ? &dataset->input : &dataset->target;
}

void tenka_dataset_pass_over(tenka_dataset *dataset, int32_t target)
{
    dataset->has_ignored = true;
    dataset->ignored = target;
}

int32_t tenka_dataset_passed_over(const tenka_dataset *dataset)
{
    return dataset->ignored;
}

tenka_status tenka_dataset_name_classes(tenka_dataset *dataset, uint32_t classes)
{
    return name_classes(tenka_ctx_error(dataset->ctx), dataset, classes);
}

tenka_status tenka_dataset_ignore(tenka_dataset *dataset, int32_t target)
{
    if (tenka_dataset_target_dtype(dataset) != TENKA_I32)
        return tenka_fail(tenka_ctx_error(dataset->ctx), TENKA_E_INVALID, "dataset: its targets are no classes");
    tenka_dataset_pass_over(dataset, target);
    return dataset->target.data != NULL ? tenka_dataset_count_classes(dataset, "dataset") : TENKA_OK;
}

uint32_t tenka_dataset_classes(const tenka_dataset *dataset)
{
    return dataset->classes;
}

const char *tenka_dataset_class_name(const tenka_dataset *dataset, uint32_t index)
{
    if (index >= dataset->classes)
        return NULL;
    return dataset->given_names != NULL ? dataset->given_names[index] : dataset->names[index];
}

tenka_status tenka_dataset_set_classes(tenka_dataset *dataset, uint32_t count)
{
    struct tenka_error *const err = tenka_ctx_error(dataset->ctx);
    if (dataset->classes == 0 || count < dataset->classes || count > MAX_CLASSES)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: %u classes: expected from %u, which it has, to %d", count,
                          dataset->classes, MAX_CLASSES);
    return count == dataset->classes ? TENKA_OK : name_classes(err, dataset, count);
}

tenka_status tenka_dataset_set_class_names(tenka_dataset *dataset, const char *const *names, size_t count)
{
    struct tenka_error *const err = tenka_ctx_error(dataset->ctx);
    if (names == NULL || count != dataset->classes)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: %zu names for %u classes", names != NULL ? count : 0,
                          dataset->classes);
    char **const given = tenka_alloc_array(count, sizeof(given[0]));
    bool good = given != NULL;
    for (size_t i = 0; i < count && good; i++)
        good = (given[i] = tenka_strdup(names[i])) != NULL;
    free_given(dataset, good ? dataset->given_names : given);
    if (!good)
        return tenka_fail_nomem(err);
    dataset->given_names = given;
    return TENKA_OK;
}

const uint8_t *tenka_dataset_images(const tenka_dataset *dataset)
{
    return dataset->input.dtype == TENKA_U8 ? dataset->input.data : NULL;
}

tenka_status tenka_dataset_read(const tenka_dataset *dataset, size_t index, void *dst)
{
    struct tenka_error *const err = tenka_ctx_error(dataset->ctx);
    if (index >= dataset->count || dataset->input.bytes == 0)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: sample %zu: there are %zu%s", index, dataset->count,
                          dataset->input.bytes == 0 ? ", whose size is not set" : "");
    return tenka_column_read(&dataset->input, err, index, 0, dst);
}

const char *tenka_dataset_sample_name(const tenka_dataset *dataset, size_t index)
{
    if (index >= dataset->count || dataset->input.data != NULL)
        return NULL;
    return dataset->input.reader.name(dataset->input.reader.user, (uint32_t)index);
}

const int32_t *tenka_dataset_labels(const tenka_dataset *dataset)
{
    return dataset->target.dtype == TENKA_I32 && !dataset->gives_again ? dataset->target.data : NULL;
}

void tenka_dataset_truncate(tenka_dataset *dataset, size_t count)
{
    /* The classes stay: a part of the data is still data of all of them. */
    if (count < dataset->count)
        dataset->count = count;
}

tenka_status tenka_dataset_set_normalization(tenka_dataset *dataset, uint32_t channel, double mean, double std)
{
    struct tenka_error *const err = tenka_ctx_error(dataset->ctx);
    const uint32_t channels = dataset->normalization != NULL ? dataset->input.shape.dim[0] : 0;
    if (channel >= channels)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: there is no channel %u, only %u channels", channel, channels);
    if (!isfinite(mean) || !isfinite(std) || std <= 0)
        return tenka_fail(err, TENKA_E_INVALID,
                          "dataset: mean %g and deviation %g: both must be finite, the latter above 0", mean, std);
    dataset->normalization[2 * (size_t)channel] = mean;
    dataset->normalization[2 * (size_t)channel + 1] = std;
    return TENKA_OK;
}

void tenka_dataset_normalization(const tenka_dataset *dataset, uint32_t channel, double *mean, double *std)
{
    const bool there = dataset->normalization != NULL && channel < dataset->input.shape.dim[0];
    *mean = there ? dataset->normalization[2 * (size_t)channel] : 0;
    *std = there ? dataset->normalization[2 * (size_t)channel + 1] : 1;
}
