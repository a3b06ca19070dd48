/* IDX files, good and bad, and the loader's orders against PyTorch. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *path(const char *name)
{
    static char text[128];
    snprintf(text, sizeof(text), "%s/%s", folder, name);
    return text;
}

#define IMAGES "train-images-idx3-ubyte"
#define LABELS "train-labels-idx1-ubyte"
static const uint8_t images[16 + 12] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                        0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const uint8_t labels[8 + 2] = {0, 0, 8, 1, 0, 0, 0, 2, 4, 1};

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tenka-data-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path(IMAGES));
    unlink(path(IMAGES ".gz"));
    unlink(path(LABELS));
    return rmdir(folder);
}

/* Writes images and labels under names of their own; the first label tells the pair from others. */
static void write_pair(const char *images_name, const char *labels_name, uint8_t label)
{
    uint8_t own[sizeof(labels)];
    memcpy(own, labels, sizeof(own));
    own[8] = label;
    write_file(path(images_name), images, sizeof(images));
    write_file(path(labels_name), own, sizeof(own));
}

static void remove_pair(const char *images_name, const char *labels_name)
{
    unlink(path(images_name));
    unlink(path(labels_name));
}

static void assert_loads(tenka_ctx *ctx, const char *dir, bool train, int32_t label)
{
    tenka_dataset *data;
    assert_int_equal(tenka_dataset_load_idx(ctx, dir, train, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_labels(data)[0], label);
    tenka_dataset_destroy(&data);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *images, *labels;
        bool train;
    } pairs[] = {
        {"train-images.idx3-ubyte", "train-labels.idx1-ubyte", true},
        {"t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte", false},
        {"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte", true},
        {"emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte", false},
        {"kmnist-train-images-idx3-ubyte", "kmnist-train-labels.idx1-ubyte", true},
    };
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        write_pair(pairs[i].images, pairs[i].labels, 3);
        assert_loads(ctx, folder, pairs[i].train, 3);
        remove_pair(pairs[i].images, pairs[i].labels);
    }
    tenka_ctx_destroy(&ctx);
}

/* A folder of a file's name is none, and of two spellings the one with a dash is read. */
static void test_spellings(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    assert_int_equal(mkdir(path(IMAGES), 0777), 0);
    write_pair("train-images.idx3-ubyte", "train-labels.idx1-ubyte", 2);
    assert_loads(ctx, folder, true, 2);
    assert_int_equal(rmdir(path(IMAGES)), 0);
    write_pair(IMAGES, LABELS, 3);
    assert_loads(ctx, folder, true, 3);
    remove_pair(IMAGES, LABELS);
    remove_pair("train-images.idx3-ubyte", "train-labels.idx1-ubyte");
    tenka_ctx_destroy(&ctx);
}

static void test_several_sets(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    char one[128];
    write_pair("b-train-images-idx3-ubyte", "b-train-labels-idx1-ubyte", 2);
    write_pair("a-train-images-idx3-ubyte", "a-train-labels-idx1-ubyte", 3);
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_INVALID,
                 "there are several data sets in this folder, a, b; name one of them, as in ");
    snprintf(one, sizeof(one), "%s/a", folder);
    assert_loads(ctx, one, true, 3);
    assert_fails(ctx, tenka_dataset_load_idx(ctx, one, false, &data), TENKA_E_IO,
                 "found neither a-test-images-idx3-ubyte nor a-test-images-idx3-ubyte.gz in this folder; it has "
                 "a-train-images-idx3-ubyte, ");
    snprintf(one, sizeof(one), "%s/c", folder);
    assert_fails(ctx, tenka_dataset_load_idx(ctx, one, true, &data), TENKA_E_IO, "has no data set of that name");
    write_pair(IMAGES, LABELS, 1);
    assert_loads(ctx, folder, true, 1);
    remove_pair(IMAGES, LABELS);
    remove_pair("a-train-images-idx3-ubyte", "a-train-labels-idx1-ubyte");
    remove_pair("b-train-images-idx3-ubyte", "b-train-labels-idx1-ubyte");
    tenka_ctx_destroy(&ctx);
}

/* What a folder has instead is said: the first names, and how many more. */
static void test_nothing_found(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    char name[16];
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_IO, "in this folder; it is empty");
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof(name), "x%d.\tcsv", 8 - i);
        write_file(path(name), "", 0);
    }
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_IO,
                 "; it has x0.?csv, x1.?csv, x2.?csv, x3.?csv, x4.?csv, x5.?csv and 3 others");
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof(name), "x%d.\tcsv", i);
        unlink(path(name));
    }
    tenka_ctx_destroy(&ctx);
}

#define QMNIST_LABELS "qmnist-train-labels-idx2-int"

/* Rows of 8 integers, of which the first is the class. */
static void test_integer_labels(void **state)
{
    (void)state;
    uint8_t rows[12 + 2 * 32] = {0, 0, 12, 2, 0, 0, 0, 2, 0, 0, 0, 8};
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    memset(rows + 12, 1, 2 * 32);
    memcpy(rows + 12, "\0\0\1\2", 4);
    memcpy(rows + 12 + 32, "\0\0\0\6", 4);
    write_file(path("qmnist-train-images-idx3-ubyte"), images, sizeof(images));
    write_file(path(QMNIST_LABELS), rows, sizeof(rows));
    assert_int_equal(tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_labels(data)[0], 258);
    assert_int_equal(tenka_dataset_labels(data)[1], 6);
    assert_int_equal(tenka_dataset_classes(data), 259);
    tenka_dataset_destroy(&data);
    memset(rows + 12, 255, 4);
    write_file(path(QMNIST_LABELS), rows, sizeof(rows));
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_INVALID, "label 0 is -1");
    write_file(path(QMNIST_LABELS), rows, sizeof(rows) - 1);
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_FORMAT, "expected 64 bytes after");
    write_file(path(QMNIST_LABELS), rows, 11);
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_FORMAT, "12 bytes, found only 11");
    rows[11] = 7;
    write_file(path(QMNIST_LABELS), rows, sizeof(rows));
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_FORMAT, "labels of 8 columns");
    rows[11] = 8;
    memset(rows + 4, 255, 4);
    write_file(path(QMNIST_LABELS), rows, sizeof(rows));
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_FORMAT, "promises 4294967295");
    remove_pair("qmnist-train-images-idx3-ubyte", QMNIST_LABELS);
    tenka_ctx_destroy(&ctx);
}

static void test_two_files(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    char first[128], second[128];
    snprintf(first, sizeof(first), "%s", path("my images"));
    snprintf(second, sizeof(second), "%s", path("their labels"));
    write_pair("my images", "their labels", 4);
    assert_int_equal(tenka_dataset_load_idx_files(ctx, first, second, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_labels(data)[0], 4);
    /* There may be classes that only another half has. */
    assert_fails(ctx, tenka_dataset_set_classes(data, 4), TENKA_E_INVALID, "4 classes: expected from 5");
    assert_fails(ctx, tenka_dataset_set_classes(data, UINT32_MAX), TENKA_E_INVALID, "to 1000000");
    assert_int_equal(tenka_dataset_set_classes(data, 7), TENKA_OK);
    assert_int_equal(tenka_dataset_classes(data), 7);
    assert_string_equal(tenka_dataset_class_name(data, 6), "6");
    assert_null(tenka_dataset_class_name(data, 7));
    tenka_dataset_destroy(&data);
    assert_fails(ctx, tenka_dataset_load_idx_files(ctx, second, first, &data), TENKA_E_FORMAT, "magic number");
    assert_fails(ctx, tenka_dataset_load_idx_files(ctx, folder, second, &data), TENKA_E_IO, "no regular file");
    assert_fails(ctx, tenka_dataset_load_idx_files(ctx, first, NULL, &data), TENKA_E_INVALID, "NULL");
    remove_pair("my images", "their labels");
    tenka_ctx_destroy(&ctx);
}

static void test_good_files(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    write_file(path(IMAGES), images, sizeof(images));
    write_file(path(LABELS), labels, sizeof(labels));
    assert_int_equal(tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_count(data), 2);
    assert_int_equal(tenka_dataset_classes(data), 5);
    assert_memory_equal(tenka_dataset_images(data), images + 16, 12);
    assert_int_equal(tenka_dataset_labels(data)[0], 4);
    assert_string_equal(tenka_dataset_class_name(data, 4), "4");
    assert_null(tenka_dataset_class_name(data, 5));
    static const char *const names[] = {"a name of more than sixteen letters", "b", "c", "d", "e"};
    assert_fails(ctx, tenka_dataset_set_class_names(data, names, 4), TENKA_E_INVALID, "4 names for 5 classes");
    for (int again = 0; again < 2; again++)
        assert_int_equal(tenka_dataset_set_class_names(data, names, 5), TENKA_OK);
    assert_string_equal(tenka_dataset_class_name(data, 0), names[0]);
    assert_null(tenka_dataset_class_name(data, 5));
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static void assert_bad(const void *bytes, size_t count, const char *part)
{
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    write_file(path(IMAGES), bytes, count);
    write_file(path(LABELS), labels, sizeof(labels));
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_FORMAT, part);
    assert_null(data);
    tenka_ctx_destroy(&ctx);
}

static void test_bad_files(void **state)
{
    (void)state;
    uint8_t bad[sizeof(images) + 1];
    assert_bad(images, 0, "expected an IDX header of 16 bytes, found only 0");
    assert_bad(images, sizeof(images) - 1, "expected 12 bytes after the header, found only 11");
    memcpy(bad, images, sizeof(images));
    bad[sizeof(images)] = 0;
    assert_bad(bad, sizeof(bad), "found more");
    assert_bad(labels, sizeof(labels), "expected the magic number 0x00000803 of IDX images, found 0x00000801");
    memset(bad + 4, 0xFF, 12);
    assert_bad(bad, sizeof(images), "the header promises 4294967295 x 4294967295 x 4294967295");
    memcpy(bad, images, sizeof(images));
    bad[7] = 0;
    assert_bad(bad, sizeof(images), "promises 0 x 2 x 3");
    bad[7] = 1;
    assert_bad(bad, 16 + 6, "found 1 images and 2 labels");
    memcpy(bad + 4, "\x7f\xff\xff\xff\0\0\0\1\0\0\0\1", 12);
    assert_bad(bad, sizeof(images), "expected 2147483647 bytes after the header, found only 12");
}

static void test_bad_gzip(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    unlink(path(IMAGES));
    write_file(path(IMAGES ".gz"), images, sizeof(images));
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_FORMAT, "expected gzip data");
    for (size_t bytes = 0; bytes < 2; bytes++) {
        write_file(path(IMAGES ".gz"), "\x1f", bytes);
        assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_FORMAT, "the gzip data is cut off");
    }
    write_file(path(IMAGES ".gz"), "\x1f\x8b\x08\0\0\0\0\0\0\3\x63", 11);
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_FORMAT, "the gzip data is cut off");
    unlink(path(IMAGES ".gz"));
    assert_fails(ctx, tenka_dataset_load_idx(ctx, folder, true, &data), TENKA_E_IO, "found neither");
    tenka_ctx_destroy(&ctx);
}

static void test_bad_arrays(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    static const int32_t negative[2] = {0, -1};
    assert_fails(ctx, tenka_dataset_create(ctx, images, negative, 2, 1, 2, 3, &data), TENKA_E_INVALID, "label 1 is -1");
    assert_fails(ctx, tenka_dataset_create(ctx, images, negative, 0, 1, 2, 3, &data), TENKA_E_INVALID, "hold nothing");
    assert_fails(ctx, tenka_dataset_create(ctx, images, negative, SIZE_MAX, 65536, 65536, 2, &data), TENKA_E_INVALID,
                 "more than");
    static const int32_t classes[2] = {0, 1};
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    params.batch_size = 3;
    params.drop_last = true;
    assert_int_equal(tenka_dataset_create(ctx, images, classes, 2, 1, 2, 3, &data), TENKA_OK);
    assert_fails(ctx, tenka_loader_create(ctx, data, &params, &loader), TENKA_E_INVALID, "of 2 images nothing");
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* What nobody consumes can be read after the step, wherever the images lie. */
static void test_read_afterwards(void **state)
{
    (void)state;
    static const uint8_t pixels[3 * 4];
    static const int32_t classes[3] = {2, 0, 1};
    tenka_ctx *ctx = cpu(0);
    for (int at = TENKA_IMAGES_DEVICE; at <= TENKA_IMAGES_HOST; at++) {
        struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
        tenka_dataset *data;
        tenka_loader *loader;
        struct tenka_batch batch;
        int32_t target[3] = {-1, -1, -1};
        params.batch_size = 3;
        params.images_at = (enum tenka_images_at)at;
        assert_int_equal(tenka_dataset_create(ctx, pixels, classes, 3, 1, 2, 2, &data), TENKA_OK);
        assert_int_equal(tenka_loader_create(ctx, data, &params, &loader), TENKA_OK);
        assert_int_equal(tenka_loader_next(loader, &batch), TENKA_OK);
        tenka_relu(batch.input);
        assert_int_equal(tenka_step_end(ctx), TENKA_OK);
        if (tenka_read(batch.target, target, sizeof(target)) != TENKA_OK)
            fail_msg("%s", tenka_last_error(ctx));
        assert_memory_equal(target, classes, sizeof(classes));
        assert_fails(ctx, tenka_read(batch.input, target, sizeof(target)), TENKA_E_INVALID, "");
        tenka_loader_destroy(&loader);
        tenka_dataset_destroy(&data);
    }
    tenka_ctx_destroy(&ctx);
}

#define COUNT 1003

/* A hash of one epoch's labels, which are 0, 1, 2, ... in the dataset. */
static uint32_t epoch(tenka_ctx *ctx, tenka_loader *loader, size_t *batches)
{
    struct tenka_batch batch;
    int32_t target[100];
    uint32_t hash = FNV_BEGIN;
    tenka_status status;
    tenka_no_grad_begin(ctx);
    for (*batches = 0; (status = tenka_loader_next(loader, &batch)) == TENKA_OK; (*batches)++) {
        assert_int_equal(tenka_read(batch.target, target, batch.size * sizeof(int32_t)), TENKA_OK);
        hash = fnv(hash, target, batch.size * sizeof(int32_t));
    }
    assert_int_equal(status, TENKA_END);
    tenka_no_grad_end(ctx);
    return hash;
}

static tenka_loader *load(tenka_ctx *ctx, const tenka_dataset *data, enum tenka_images_at at, bool shuffle,
                          bool drop_last)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    params.batch_size = 100;
    params.shuffle = shuffle;
    params.drop_last = drop_last;
    params.images_at = at;
    assert_int_equal(tenka_loader_create(ctx, data, &params, &loader), TENKA_OK);
    return loader;
}

/* The hashes are those of two DataLoaders, one of them shuffling, after torch.manual_seed(7); a third pass of a loader
 * with drop_last lies between the epochs. */
static void check_orders(enum tenka_images_at at)
{
    static const uint32_t expected[3] = {0xaf3ea2af, 0x9a3a5f4f, 0x526a67c7};
    static uint8_t pixels[COUNT];
    static int32_t classes[COUNT];
    tenka_ctx *ctx = cpu(7);
    tenka_dataset *data;
    for (int32_t i = 0; i < COUNT; i++)
        classes[i] = i;
    assert_int_equal(tenka_dataset_create(ctx, pixels, classes, COUNT, 1, 1, 1, &data), TENKA_OK);
    tenka_loader *shuffled = load(ctx, data, at, true, false), *plain = load(ctx, data, at, false, false);
    tenka_loader *dropping = load(ctx, data, at, true, true);
    const uint32_t in_order = fnv(FNV_BEGIN, classes, sizeof(classes));
    size_t batches;
    tenka_dataset_destroy(&data);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(epoch(ctx, shuffled, &batches), expected[i]);
        assert_int_equal(batches, 11);
        assert_int_equal(epoch(ctx, plain, &batches), in_order);
        epoch(ctx, dropping, &batches);
        assert_int_equal(batches, 10);
    }
    tenka_loader_destroy(&shuffled);
    tenka_loader_destroy(&plain);
    tenka_loader_destroy(&dropping);
    tenka_ctx_destroy(&ctx);
}

static void test_orders(void **state)
{
    (void)state;
    check_orders(TENKA_IMAGES_DEVICE);
    check_orders(TENKA_IMAGES_HOST);
}

/* An epoch that is given up in the middle, again and again, while the thread gathers. */
static void test_rewind(void **state)
{
    (void)state;
    static uint8_t pixels[COUNT];
    static int32_t classes[COUNT];
    tenka_ctx *ctx = cpu(7);
    tenka_dataset *data;
    struct tenka_batch batch;
    int32_t target[100];
    for (int32_t i = 0; i < COUNT; i++)
        classes[i] = i;
    assert_int_equal(tenka_dataset_create(ctx, pixels, classes, COUNT, 1, 1, 1, &data), TENKA_OK);
    tenka_loader *plain = load(ctx, data, TENKA_IMAGES_HOST, false, false);
    tenka_dataset_destroy(&data);
    tenka_no_grad_begin(ctx);
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < i % 11; k++) {
            assert_int_equal(tenka_loader_next(plain, &batch), TENKA_OK);
            assert_int_equal(tenka_read(batch.target, target, batch.size * sizeof(*target)), TENKA_OK);
            assert_memory_equal(target, classes + 100 * k, batch.size * sizeof(*target));
        }
        tenka_loader_rewind(plain);
    }
    tenka_no_grad_end(ctx);
    tenka_loader_destroy(&plain);
    tenka_ctx_destroy(&ctx);
}

/* On the CPU a batch from the host may be larger than what programs may give a step themselves. */
static void test_large_batch(void **state)
{
    enum { PICTURES = 18, SIDE = 2048 };
    (void)state;
    static uint8_t pixels[PICTURES * SIDE * SIDE];
    static const int32_t classes[PICTURES];
    tenka_ctx *ctx = cpu(7);
    tenka_dataset *data;
    struct tenka_batch batch;
    assert_int_equal(tenka_dataset_create(ctx, pixels, classes, PICTURES, 1, SIDE, SIDE, &data), TENKA_OK);
    tenka_loader *plain = load(ctx, data, TENKA_IMAGES_HOST, false, false);
    tenka_no_grad_begin(ctx);
    assert_int_equal(tenka_loader_next(plain, &batch), TENKA_OK);
    assert_int_equal(batch.size, PICTURES);
    if (tenka_step_end(ctx) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    tenka_no_grad_end(ctx);
    tenka_loader_destroy(&plain);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* Of data in memory both halves keep the bytes of their samples. */
static void test_split(void **state)
{
    enum { SAMPLES = 50 };
    (void)state;
    tenka_ctx *ctx = cpu(0);
    uint8_t bytes_of[2 * SAMPLES];
    int32_t label[SAMPLES];
    tenka_dataset *data, *rest;
    for (int i = 0; i < SAMPLES; i++) {
        label[i] = i % 5;
        bytes_of[2 * i] = (uint8_t)i;
        bytes_of[2 * i + 1] = (uint8_t)(i % 5);
    }
    assert_int_equal(tenka_dataset_create(ctx, bytes_of, label, SAMPLES, 1, 1, 2, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_set_normalization(data, 0, 0.25, 0.5), TENKA_OK);
    static const char *const names[] = {"p", "q", "r", "s", "t"};
    assert_int_equal(tenka_dataset_set_class_names(data, names, 5), TENKA_OK);
    assert_int_equal(tenka_dataset_split(data, 0.3, 1, &rest), TENKA_OK);
    assert_int_equal(tenka_dataset_count(rest), 15);
    uint8_t seen[SAMPLES] = {0};
    for (int half = 0; half < 2; half++) {
        const tenka_dataset *const of = half == 0 ? data : rest;
        double mean, std;
        tenka_dataset_normalization(of, 0, &mean, &std);
        assert_true(mean == 0.25 && std == 0.5);
        assert_string_equal(tenka_dataset_class_name(of, 4), "t");
        for (size_t i = 0; i < tenka_dataset_count(of); i++) {
            const uint8_t *const bytes = tenka_dataset_images(of) + 2 * i;
            assert_int_equal(bytes[1], tenka_dataset_labels(of)[i]);
            assert_int_equal(seen[bytes[0]]++, 0);
        }
    }
    tenka_dataset_destroy(&rest);
    assert_fails(ctx, tenka_dataset_split(data, 0, 1, &rest), TENKA_E_INVALID, "expected more than 0 and less than 1");
    assert_fails(ctx, tenka_dataset_split(data, 1, 1, &rest), TENKA_E_INVALID, "expected more than 0 and less than 1");
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    assert_int_equal(tenka_loader_create(ctx, data, &params, &loader), TENKA_OK);
    assert_fails(ctx, tenka_dataset_split(data, 0.5, 1, &rest), TENKA_E_INVALID, "a loader has all of its samples");
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    label[0] = 5;
    assert_int_equal(tenka_dataset_create(ctx, bytes_of, label, SAMPLES, 1, 1, 2, &data), TENKA_OK);
    assert_fails(ctx, tenka_dataset_split(data, 0.5, 1, &rest), TENKA_E_INVALID, "the class 5 has 1 sample only");
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* These leave the folder empty. */
        cmocka_unit_test(test_names),           cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_several_sets),    cmocka_unit_test(test_nothing_found),
        cmocka_unit_test(test_integer_labels),  cmocka_unit_test(test_two_files),
        cmocka_unit_test(test_good_files),      cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_bad_gzip),        cmocka_unit_test(test_bad_arrays),
        cmocka_unit_test(test_orders),          cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_read_afterwards), cmocka_unit_test(test_large_batch),
        cmocka_unit_test(test_split),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
