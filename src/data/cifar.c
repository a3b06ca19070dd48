/* CIFAR-10 and -100 in their binary version: records of one label, or of a coarse and a fine one, and 3 x 32 x 32 bytes.
 * Format: A. Krizhevsky, "The CIFAR-10 dataset", "Binary version". */
#include "core/os.h"
#include "data/dataset.h"
#include "data/tar.h"
#include "graph/graph.h"

#define SIDE 32u
#define IMAGE_BYTES (3u * SIDE * SIDE)
#define MAX_BATCHES 9u
#define MAX_NAMES 100u

/* Files of either data set and half, by the last part of their names. */
enum part { BATCH, TEST_10, TRAIN_100, TEST_100, NAMES_10, NAMES_100, PYTHON, OTHER };

struct files {
    struct tenka_error *err;
    const char *path;
    bool hundred; /* CIFAR-100 */
    /* Of the half that is wanted; batches are in the order of their numbers. */
    struct {
        uint8_t *bytes;
        uint64_t count;
    } batch[MAX_BATCHES];
    char *names;
    bool python; /* the version for Python was seen */
    bool train;
};

/* index: of a batch of CIFAR-10, from 0 on. */
static enum part part_of(const char *path, size_t *index)
{
    static const struct {
        const char *name;
        enum part part;
    } names[] = {
        {"test_batch.bin", TEST_10},
        {"train.bin", TRAIN_100},
        {"test.bin", TEST_100},
        {"batches.meta.txt", NAMES_10},
        {"fine_label_names.txt", NAMES_100},
        {"data_batch_1", PYTHON},
        {"batches.meta", PYTHON},
        {"meta", PYTHON},
    };
    const char *const slash = strrchr(path, '/'), *const name = slash != NULL ? slash + 1 : path;
    *index = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].part;
    if (strncmp(name, "data_batch_", 11) != 0 || name[11] < '1' || name[11] > '9' || strcmp(name + 12, ".bin") != 0)
        return OTHER;
    *index = (size_t)(name[11] - '1');
    return BATCH;
}

/* Whether a file is of the half that is wanted, or has the classes' names. */
static bool is_wanted(const struct files *f, enum part part)
{
    return part == NAMES_10 || part == NAMES_100 ||
           (f->train ? part == BATCH || part == TRAIN_100 : part == TEST_10 || part == TEST_100);
}

/* Takes data over. */
static tenka_status keep(struct files *f, enum part part, size_t index, void *data, uint64_t bytes)
{
    const bool names = part == NAMES_10 || part == NAMES_100;
    if (names ? f->names != NULL : f->batch[index].bytes != NULL) {
        tenka_free(data);
        return tenka_fail(f->err, TENKA_E_FORMAT, "%s: a file of CIFAR is there twice", f->path);
    }
    if (names) {
        f->names = data;
        return TENKA_OK;
    }
    f->hundred = part == TRAIN_100 || part == TEST_100;
    f->batch[index].bytes = data;
    f->batch[index].count = bytes;
    return TENKA_OK;
}

/* ---- Where they are ---- */

static tenka_status read_archive(struct files *f)
{
    tenka_tar *tar;
    const char *name;
    uint64_t bytes;
    size_t index;
    TENKA_TRY(tenka_tar_open(f->err, f->path, &tar));
    tenka_status status = tenka_tar_next(tar, &name, &bytes);
    while (status == TENKA_OK && name != NULL) {
        const enum part part = part_of(name, &index);
        void *data = NULL;
        f->python = f->python || part == PYTHON;
        if (is_wanted(f, part)) {
            status = tenka_tar_read(tar, &data);
            if (status == TENKA_OK)
                status = keep(f, part, index, data, bytes);
        }
        if (status == TENKA_OK)
            status = tenka_tar_next(tar, &name, &bytes);
    }
    tenka_tar_close(&tar);
    return status;
}

static tenka_status see(void *user, const char *name, bool folder)
{
    struct files *const f = user;
    size_t index;
    const enum part part = folder ? OTHER : part_of(name, &index);
    f->python = f->python || part == PYTHON;
    if (folder || !is_wanted(f, part))
        return TENKA_OK;
    char *const path = tenka_sprintf("%s/%s", f->path, name);
    void *data = NULL;
    uint64_t bytes;
    tenka_status status = path != NULL ? tenka_os_read_file(f->err, path, TENKA_TAR_MAX_BYTES, &data, &bytes)
                                       : tenka_fail_nomem(f->err);
    tenka_free(path);
    return status == TENKA_OK ? keep(f, part, index, data, bytes) : status;
}

/* ---- What is in them ---- */

static size_t label_bytes(const struct files *f)
{
    return f->hundred ? 2 : 1;
}

static tenka_status count_images(const struct files *f, size_t *out)
{
    const size_t record = label_bytes(f) + IMAGE_BYTES;
    *out = 0;
    for (size_t i = 0; i < MAX_BATCHES; i++) {
        if (f->batch[i].bytes != NULL && (f->batch[i].count == 0 || f->batch[i].count % record != 0))
            return tenka_fail(
                f->err, TENKA_E_FORMAT,
                "%s: a file of CIFAR-%s has %llu bytes, which are no whole number of images of %zu: it is "
                "cut off or another file; get it again",
                f->path, f->hundred ? "100" : "10", (unsigned long long)f->batch[i].count, record);
        *out += (size_t)f->batch[i].count / record;
    }
    if (*out == 0 && f->python)
        return tenka_fail(f->err, TENKA_E_FORMAT,
                          "%s: this is CIFAR's version for Python, which is pickled; get the binary version, "
                          "cifar-10-binary.tar.gz or cifar-100-binary.tar.gz",
                          f->path);
    if (*out == 0)
        return tenka_fail(f->err, TENKA_E_IO, "%s: there is no %s in it, as CIFAR-%s has", f->path,
                          f->train ? "data_batch_1.bin or train.bin" : "test_batch.bin or test.bin", "10 or CIFAR-100");
    return *out <= TENKA_MAX_ELEMENTS / IMAGE_BYTES
               ? TENKA_OK
               : tenka_fail(f->err, TENKA_E_FORMAT, "%s: the images are more than %u bytes", f->path,
                            TENKA_MAX_ELEMENTS);
}

/* The fine label is the last one. */
static void copy_images(const struct files *f, uint8_t *images, int32_t *labels)
{
    const size_t head = label_bytes(f), record = head + IMAGE_BYTES;
    for (size_t i = 0; i < MAX_BATCHES; i++)
        for (size_t at = 0; at + record <= f->batch[i].count; at += record) {
            *labels++ = f->batch[i].bytes[at + head - 1];
            memcpy(images, f->batch[i].bytes + at + head, IMAGE_BYTES);
            images += IMAGE_BYTES;
        }
}

/* A name a line; there are as many as there are classes. */
static tenka_status name_classes(const struct files *f, tenka_dataset *data)
{
    const char *names[MAX_NAMES];
    size_t count = 0;
    for (char *line = f->names; line != NULL && *line != '\0';) {
        char *const end = line + strcspn(line, "\r\n");
        char *const next = end + strspn(end, "\r\n");
        *end = '\0';
        if (count == MAX_NAMES)
            return tenka_fail(f->err, TENKA_E_FORMAT, "%s: there are more than %u names of classes", f->path,
                              MAX_NAMES);
        if (end > line)
            names[count++] = line;
        line = next;
    }
    if (count == 0)
        return TENKA_OK;
    if (count < tenka_dataset_classes(data))
        return tenka_fail(f->err, TENKA_E_FORMAT, "%s: there are labels up to %u, but names of %zu classes", f->path,
                          tenka_dataset_classes(data) - 1, count);
    TENKA_TRY(tenka_dataset_set_classes(data, (uint32_t)count));
    return tenka_dataset_set_class_names(data, names, count);
}

/* Means and deviations of the training halves. */
static tenka_status normalize(const struct files *f, tenka_dataset *data)
{
    static const double ten[] = {0.4914, 0.4822, 0.4465, 0.2470, 0.2435, 0.2616};
    static const double hundred[] = {0.5071, 0.4865, 0.4409, 0.2673, 0.2564, 0.2762};
    const double *const numbers = f->hundred ? hundred : ten;
    for (uint32_t c = 0; c < 3; c++)
        TENKA_TRY(tenka_dataset_set_normalization(data, c, numbers[c], numbers[3 + c]));
    return TENKA_OK;
}

static tenka_status make(tenka_ctx *ctx, const struct files *f, tenka_dataset **out)
{
    const struct tenka_desc input = {TENKA_U8, tenka_shape_of(3, SIDE, SIDE)}, target = {.dtype = TENKA_I32};
    size_t count;
    TENKA_TRY(count_images(f, &count));
    TENKA_TRY(tenka_dataset_make(ctx, count, &input, &target, out));
    uint8_t *const images = tenka_dataset_column(*out, true)->data = tenka_alloc_array(count, IMAGE_BYTES);
    int32_t *const labels = tenka_dataset_column(*out, false)->data = tenka_alloc_array(count, sizeof(int32_t));
    if (images == NULL || labels == NULL)
        return tenka_fail_nomem(f->err);
    copy_images(f, images, labels);
    TENKA_TRY(tenka_dataset_count_classes(*out, f->path));
    TENKA_TRY(name_classes(f, *out));
    return normalize(f, *out);
}

tenka_status tenka_dataset_load_cifar(tenka_ctx *ctx, const char *path, bool train, tenka_dataset **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct files f = {.err = err, .path = path, .train = train};
    struct tenka_folder_identity folder;
    if (path == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: the path is NULL");
    tenka_status status = tenka_os_identify(err, path, &folder) == TENKA_OK ? tenka_os_list(err, path, see, &f)
                                                                            : read_archive(&f);
    if (status == TENKA_OK)
        status = make(ctx, &f, out);
    for (size_t i = 0; i < MAX_BATCHES; i++)
        tenka_free(f.batch[i].bytes);
    tenka_free(f.names);
    if (status != TENKA_OK)
        tenka_dataset_destroy(out);
    return status;
}
