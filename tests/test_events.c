/* Event files of TensorBoard, and PNG files: written into a folder for a reader in Python. test_events FOLDER; without
 * it, what goes wrong is tried. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "core/core.h"
#include "inputs.h"
#include "support.h"

static tenka_ctx *ctx;

static tenka_image *picture(uint32_t width, uint32_t height, uint32_t channels)
{
    uint8_t *const pixels = malloc((size_t)width * height * channels);
    tenka_image *image;
    for (uint32_t i = 0; i < width * height * channels; i++)
        pixels[i] = (uint8_t)(i * i / 7);
    must(ctx, tenka_image_create(ctx, pixels, width, height, channels, &image));
    free(pixels);
    return image;
}

/* ---- For the reader ---- */

static void write_first(const char *folder)
{
    const struct tenka_events_node nodes[] = {
        {"features/0", "Conv2d", NULL, 0, {4, {1, 8, 28, 28}}},
        {"features/1", "ReLU", (const char *const[]){"features/0"}, 1, {4, {1, 8, 28, 28}}},
        {"ende-ü", "add", (const char *const[]){"features/1", "features/0"}, 2, {4, {1, 8, 28, 28}}},
    };
    const float values[] = {-1, 0.25f, NAN, 3, INFINITY, 0.5f};
    tenka_events *e;
    must(NULL, tenka_events_open(NULL, folder, &e));
    must(NULL, tenka_events_graph(e, nodes, 3));
    must(NULL, tenka_events_text(e, "options", 0, "| a | b |\n|---|---|\n| 1 | über |"));
    for (uint64_t step = 0; step < 5; step++)
        must(NULL, tenka_events_scalar(e, "train/loss", step, 1.0 / (double)(1 + step)));
    must(NULL, tenka_events_histogram(e, "weight", 2, values, 6));
    must(NULL, tenka_events_histogram(e, "equal", 2, (const float[]){2, 2}, 2));
    must(NULL, tenka_events_histogram(e, "nothing", 2, NULL, 0));
    must(NULL, tenka_events_scalar(e, "large step", 1ull << 40, -2.5));
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        tenka_image *image = picture(37, 21, channels);
        must(NULL, tenka_events_image(e, channels == 1 ? "grey" : "colour", 4, image));
        tenka_image_destroy(&image);
    }
    must(NULL, tenka_events_close(&e));
    assert_null(e);
}

/* The run goes on from step 3. */
static void write_second(const char *folder)
{
    tenka_events *e;
    must(NULL, tenka_events_open(NULL, folder, &e));
    must(NULL, tenka_events_start(e, 3));
    must(NULL, tenka_events_scalar(e, "train/loss", 3, 0.5));
    must(NULL, tenka_events_flush(e));
    must(NULL, tenka_events_close(&e));
}

/* ---- What goes wrong ---- */

static void test_wrong(void **state)
{
    (void)state;
    char folder[] = "/tmp/tenka-events-XXXXXX", path[256];
    tenka_events *e;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(tenka_events_open(NULL, "", &e), TENKA_E_INVALID);
    assert_int_equal(tenka_events_open(NULL, folder, NULL), TENKA_E_INVALID);
    assert_int_equal(tenka_events_open(NULL, "/dev/null/folder", &e), TENKA_E_IO);
    assert_null(e);
    must(NULL, tenka_events_open(NULL, folder, &e));
    snprintf(path, sizeof(path), "%s", tenka_events_path(e));
    assert_int_equal(tenka_events_scalar(e, NULL, 0, 0), TENKA_E_INVALID);
    assert_int_equal(tenka_events_scalar(e, "\xff", 0, 0), TENKA_E_INVALID);
    assert_int_equal(tenka_events_text(e, "a", 0, "\xc3"), TENKA_E_INVALID);
    assert_int_equal(tenka_events_histogram(e, "a", 0, NULL, 1), TENKA_E_INVALID);
    assert_int_equal(tenka_events_image(e, "a", 0, NULL), TENKA_E_INVALID);
    assert_int_equal(tenka_events_graph(e, &(struct tenka_events_node){"a", NULL, NULL, 0, {0}}, 1), TENKA_E_INVALID);
    assert_int_equal(tenka_events_graph(e, &(struct tenka_events_node){"a", "b", NULL, 1, {0}}, 1), TENKA_E_INVALID);
    assert_int_equal(tenka_events_graph(e, &(struct tenka_events_node){"a", "b", (const char *[]){NULL}, 1, {0}}, 1),
                     TENKA_E_INVALID);
    assert_int_equal(tenka_events_scalar(NULL, "a", 0, 0), TENKA_E_INVALID);
    must(NULL, tenka_events_close(&e));
    must(NULL, tenka_events_close(&e));
    unlink(path);
    rmdir(folder);
}

static void test_unwritable(void **state)
{
    (void)state;
    char folder[] = "/tmp/tenka-events-XXXXXX";
    tenka_image *image = picture(64, 64, 3);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(tenka_image_save(NULL, image, folder), TENKA_E_IO); /* a folder */
    assert_int_equal(tenka_image_save(NULL, NULL, "a.png"), TENKA_E_INVALID);
    assert_int_equal(tenka_save_bytes(NULL, "/nowhere/a", "x", 1), TENKA_E_IO);
    assert_int_equal(tenka_save_bytes(NULL, NULL, "x", 1), TENKA_E_INVALID);
    rmdir(folder);
    tenka_image_destroy(&image);
}

/* A picture that was written is read back, pixel for pixel. */
static void test_png(void **state)
{
    (void)state;
    static const uint32_t sizes[][3] = {{1, 1, 1}, {1, 1, 3}, {300, 7, 1}, {5, 200, 3}, {640, 480, 3}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
        tenka_image *image = picture(sizes[i][0], sizes[i][1], sizes[i][2]), *back;
        unsigned char *png;
        size_t bytes;
        must(NULL, tenka_image_encode(NULL, image, &png, &bytes));
        params.channels = sizes[i][2];
        const tenka_status status = tenka_image_decode(ctx, "picture", png, bytes, &params, &back);
        if (status == TENKA_E_UNSUPPORTED)
            skip();
        must(NULL, status);
        assert_int_equal(tenka_image_width(back), sizes[i][0]);
        assert_int_equal(tenka_image_height(back), sizes[i][1]);
        assert_memory_equal(tenka_image_pixels(back), tenka_image_pixels(image),
                            (size_t)sizes[i][0] * sizes[i][1] * sizes[i][2]);
        tenka_image_encoded_free(png);
        tenka_image_destroy(&back);
        tenka_image_destroy(&image);
    }
}

/* Each allocation fails once: a sentence, and nothing is left. */
static void test_memory(void **state)
{
    (void)state;
    char folder[] = "/tmp/tenka-events-XXXXXX", path[256];
    tenka_image *image = picture(8, 8, 1);
    tenka_events *e;
    tenka_status status = TENKA_E_NOMEM;
    assert_non_null(mkdtemp(folder));
    must(NULL, tenka_events_open(NULL, folder, &e));
    snprintf(path, sizeof(path), "%s", tenka_events_path(e));
    const int64_t before = tenka_alloc_live();
    for (uint64_t k = 1; status == TENKA_E_NOMEM; k++) {
        tenka_alloc_fail_at(k);
        status = tenka_events_image(e, "picture", 1, image);
        tenka_alloc_fail_at(0);
        assert_true(status == TENKA_E_NOMEM || (status == TENKA_OK && k > 5));
        assert_int_equal(tenka_alloc_live(), before);
    }
    must(NULL, tenka_events_close(&e));
    for (uint64_t k = 1; k <= 2; k++) {
        tenka_alloc_fail_at(k);
        assert_int_equal(tenka_events_open(NULL, folder, &e), TENKA_E_NOMEM);
        tenka_alloc_fail_at(0);
        assert_null(e);
    }
    tenka_image_destroy(&image);
    unlink(path);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_memory),
    };
    ctx = cpu(0);
    if (argc > 1) {
        write_first(argv[1]);
        write_second(argv[1]);
    }
    const int failed = argc > 1 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
    tenka_ctx_destroy(&ctx);
    return failed;
}
