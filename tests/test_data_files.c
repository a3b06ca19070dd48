/* IDX files, good and bad, and the loader's orders against PyTorch. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

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
            assert_int_equal(tenka_read(batch.target, target, batch.size * sizeof *target), TENKA_OK);
            assert_memory_equal(target, classes + 100 * k, batch.size * sizeof *target);
        }
        tenka_loader_rewind(plain);
    }
    tenka_no_grad_end(ctx);
    tenka_loader_destroy(&plain);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_files), cmocka_unit_test(test_bad_files), cmocka_unit_test(test_bad_gzip),
        cmocka_unit_test(test_bad_arrays), cmocka_unit_test(test_orders), cmocka_unit_test(test_rewind),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
