/* Pictures that networks make, side by side, against torchvision's grids (tests/golden/grid.txt, made by
 * tools/golden/grid.py).   test_grid cpu|cpu-f64|vulkan GOLDEN-FILE */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"
#include "support.h"

#include <unistd.h>

static const char *golden_path;

struct golden {
    uint32_t n, c, h, w, columns, padding, width, height, hash;
    double low, high;
};

static tenka_tensor pictures(tenka_ctx *ctx, uint32_t n, uint32_t c, uint32_t h, uint32_t w)
{
    static float x[64 * 28 * 28];
    for (size_t i = 0; i < (size_t)n * c * h * w; i++)
        x[i] = (float)(i * 37 % 101) / 50 - 0.5f;
    return tenka_input(ctx, TENKA_F32, tenka_shape_of(n, c, h, w), x);
}

/* Grey as RGB, which torchvision writes. */
static uint32_t hash_of(const tenka_image *image)
{
    const uint32_t channels = tenka_image_channels(image);
    const size_t pixels = (size_t)tenka_image_width(image) * tenka_image_height(image);
    uint32_t hash = FNV_BEGIN;
    for (size_t i = 0; i < 3 * pixels; i++)
        hash = fnv(hash, &tenka_image_pixels(image)[channels == 3 ? i : i / 3], 1);
    return hash;
}

static void check(tenka_ctx *ctx, const struct golden *g)
{
    struct tenka_grid_params params = TENKA_GRID_DEFAULTS;
    tenka_image *image;
    params.columns = g->columns, params.padding = g->padding, params.low = g->low, params.high = g->high;
    must(ctx, tenka_image_grid(pictures(ctx, g->n, g->c, g->h, g->w), &params, &image));
    assert_int_equal(tenka_image_width(image), g->width);
    assert_int_equal(tenka_image_height(image), g->height);
    assert_int_equal(tenka_image_channels(image), g->c);
    if (hash_of(image) != g->hash)
        fail_msg("%u pictures: %08x, torchvision %08x", g->n, hash_of(image), g->hash);
    tenka_image_destroy(&image);
}

static void test_golden(void **state)
{
    char line[256];
    struct golden g;
    size_t checked = 0;
    tenka_ctx *ctx = open_target(*state);
    FILE *const file = fopen(golden_path, "r");
    assert_non_null(file);
    tenka_no_grad_begin(ctx);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "grid %u %u %u %u %u %u %lf %lf %u %u %x", &g.n, &g.c, &g.h, &g.w, &g.columns, &g.padding,
                   &g.low, &g.high, &g.width, &g.height, &g.hash) == 11) {
            check(ctx, &g);
            checked++;
        }
    tenka_no_grad_end(ctx);
    fclose(file);
    assert_int_equal(checked, 7);
    tenka_ctx_destroy(&ctx);
}

/* A tensor of the step before, to a file and back; and numbers that are none. */
static void test_file(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const float x[2] = {NAN, INFINITY};
    char path[] = "/tmp/tenka-grid-XXXXXX";
    tenka_image *image;
    const tenka_tensor t = tenka_scale(tenka_input(ctx, TENKA_F32, tenka_shape_of(1, 1, 1, 2), x), 1);
    close(mkstemp(path));
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_image_grid(t, NULL, &image));
    assert_int_equal(tenka_image_pixels(image)[0], 0);
    assert_int_equal(tenka_image_pixels(image)[1], 255);
    tenka_image_destroy(&image);
    must(ctx, tenka_image_save_grid(t, NULL, path));
    FILE *const file = fopen(path, "rb");
    unsigned char mark[8];
    assert_int_equal(fread(mark, 1, 8, file), 8);
    assert_memory_equal(mark, "\x89PNG\r\n\x1a\n", 8);
    fclose(file);
    unlink(path);
    assert_fails(ctx, tenka_image_save_grid(t, NULL, "/nowhere/at/all.png"), TENKA_E_IO, "/nowhere/at/all.png");
    tenka_ctx_destroy(&ctx);
}

static void test_refused(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    struct tenka_grid_params params = TENKA_GRID_DEFAULTS;
    tenka_image *image;
    const int32_t whole[1] = {0};
    tenka_no_grad_begin(ctx);
    assert_fails(ctx, tenka_image_grid(pictures(ctx, 2, 2, 3, 3), NULL, &image), TENKA_E_SHAPE, "1 or 3, H, W]");
    assert_fails(ctx, tenka_image_grid(tenka_input(ctx, TENKA_I32, tenka_shape_of(1, 1, 1, 1), whole), NULL, &image),
                 TENKA_E_SHAPE, "not i32");
    params.columns = 0;
    assert_fails(ctx, tenka_image_grid(pictures(ctx, 2, 1, 3, 3), &params, &image), TENKA_E_INVALID, "0 columns");
    params = (struct tenka_grid_params)TENKA_GRID_DEFAULTS;
    params.padding = UINT32_MAX;
    assert_fails(ctx, tenka_image_grid(pictures(ctx, 2, 1, 3, 3), &params, &image), TENKA_E_INVALID, "pixels are more");
    params.padding = 0, params.high = params.low;
    assert_fails(ctx, tenka_image_grid(pictures(ctx, 2, 1, 3, 3), &params, &image), TENKA_E_INVALID, "from 0 to 0");
    params.size = 1;
    assert_int_equal(tenka_image_grid(pictures(ctx, 2, 1, 3, 3), &params, &image), TENKA_E_INVALID);
    assert_null(image);
    assert_int_equal(tenka_image_grid(TENKA_NONE, NULL, &image), TENKA_E_INVALID);
    tenka_no_grad_end(ctx);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_refused),
    };
    golden_path = argc > 2 ? argv[2] : "";
    RUN_ON_TARGETS(argc, argv, tests);
}
