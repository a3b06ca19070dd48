/* Parts of JPEG files: of each way to sample colours, progressive or not, with restarts or without, what is decoded of a
 * part is what the whole picture has there; samples of transforms that begin with a crop, and so need a part alone. */
#define _POSIX_C_SOURCE 200809L
#include "folder.h"

#include <sys/stat.h>

#include <jpeglib.h>

#include "data/image.h"
#include "data/transform.h"

#define WIDTH 131
#define HEIGHT 97
#define BYTES (3 * WIDTH * HEIGHT)
#define PARTS 120

static uint32_t state = 1;

static uint32_t draw(uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)state * below) >> 32);
}

struct kind {
    int channels, across, down; /* samples of brightness for one of colour */
    bool progressive;
    unsigned restart; /* after so many blocks; 0: never */
};

static void begin(struct jpeg_compress_struct *jpeg, const struct kind *k)
{
    jpeg->image_width = WIDTH;
    jpeg->image_height = HEIGHT;
    jpeg->input_components = k->channels;
    jpeg->in_color_space = k->channels == 1 ? JCS_GRAYSCALE : k->channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, 80, TRUE);
    jpeg->comp_info[0].h_samp_factor = k->across;
    jpeg->comp_info[0].v_samp_factor = k->down;
    jpeg->restart_interval = k->restart;
    if (k->progressive)
        jpeg_simple_progression(jpeg);
    jpeg_start_compress(jpeg, TRUE);
}

/* Noise: an edge that is treated otherwise shows. */
static void write_jpeg(const char *name, const struct kind *k)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    uint8_t row[4 * WIDTH], *rows = row;
    FILE *const file = fopen(path(name), "wb");
    assert_non_null(file);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    begin(&jpeg, k);
    while (jpeg.next_scanline < HEIGHT) {
        for (size_t i = 0; i < sizeof(row); i++)
            row[i] = (uint8_t)draw(256);
        jpeg_write_scanlines(&jpeg, &rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_int_equal(fclose(file), 0);
}

static tenka_image *load(const struct tenka_part *part, uint32_t channels)
{
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    struct tenka_error err = {.status = TENKA_OK};
    tenka_image *image;
    params.channels = channels;
    assert_int_equal(tenka_picture_check_params(&err, &params), TENKA_OK);
    if (tenka_picture_load_part(&err, path("file"), &params, part, &image) != TENKA_OK)
        fail_msg("%s", err.text);
    return image;
}

/* All edges: those of the picture, of blocks, and others. */
static struct tenka_part draw_part(void)
{
    const uint32_t width = draw(4) == 0 ? 1 + draw(8) : 1 + draw(WIDTH), left = draw(WIDTH - width + 1);
    const uint32_t height = draw(4) == 0 ? 1 + draw(8) : 1 + draw(HEIGHT), top = draw(HEIGHT - height + 1);
    return (struct tenka_part){left, top, width, height};
}

static void compare(const tenka_image *whole, const tenka_image *image, const struct tenka_part *part)
{
    const size_t row = (size_t)WIDTH * whole->channels, bytes = (size_t)part->width * whole->channels;
    assert_int_equal(image->width, WIDTH);
    assert_int_equal(image->height, HEIGHT);
    for (uint32_t y = part->top; y < part->top + part->height; y++) {
        const size_t at = y * row + (size_t)part->left * whole->channels;
        if (memcmp(whole->pixels + at, image->pixels + at, bytes) != 0)
            fail_msg("row %u of the part of %ux%u pixels at %u, %u is another", y, part->width, part->height,
                     part->left, part->top);
    }
}

/* Far from the part nothing was done. */
static void check_rest(const tenka_image *image, const struct tenka_part *part)
{
#if defined(LIBJPEG_TURBO_VERSION_NUMBER) && LIBJPEG_TURBO_VERSION_NUMBER >= 2001000
    const size_t row = (size_t)WIDTH * image->channels, last = (size_t)(HEIGHT - 1) * row;
    for (size_t i = 0; i < row; i++) {
        assert_true(part->top == 0 || image->pixels[i] == 0);
        assert_true(part->top + part->height == HEIGHT || image->pixels[last + i] == 0);
    }
    for (size_t y = 0; y < HEIGHT && part->left > 40; y++)
        assert_int_equal(image->pixels[y * row], 0);
    for (size_t y = 1; y <= HEIGHT && part->left + part->width + 40 < WIDTH; y++)
        assert_int_equal(image->pixels[y * row - 1], 0);
#else
    (void)image;
    (void)part;
#endif
}

static void check_kind(const struct kind *k, uint32_t channels)
{
    write_jpeg("file", k);
    tenka_image *whole = load(NULL, channels);
    for (int i = 0; i < PARTS; i++) {
        const struct tenka_part part = draw_part();
        tenka_image *image = load(&part, channels);
        compare(whole, image, &part);
        check_rest(image, &part);
        tenka_image_destroy(&image);
    }
    tenka_image_destroy(&whole);
}

static void test_parts(void **unused)
{
    (void)unused;
    static const int samples[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}, {1, 4}};
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        for (int more = 0; more < 4; more++) {
            const struct kind k = {3, samples[i][0], samples[i][1], more % 2 != 0, more / 2 * 3u};
            printf("    %d %d %s %u\n", k.across, k.down, k.progressive ? "progressive" : "sequential", k.restart);
            check_kind(&k, 3);
        }
    for (int channels = 1; channels <= 4; channels += 3)
        for (int progressive = 0; progressive < 2; progressive++) {
            const struct kind k = {channels, 1, 1, progressive != 0, 0};
            check_kind(&k, 3);
            check_kind(&k, 1);
        }
}

/* A part that the picture does not have, as where another file has taken its place: all of it is decoded. */
static void test_beyond(void **unused)
{
    (void)unused;
    const struct kind k = {3, 2, 2, false, 0};
    static const struct tenka_part beyond[] = {{100, 0, 32, 97}, {0, 90, 131, 8}, {UINT32_MAX, 0, 2, 2}, {0, 0, 0, 5}};
    static const struct tenka_part all = {0, 0, WIDTH, HEIGHT};
    write_jpeg("file", &k);
    tenka_image *whole = load(NULL, 3);
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        tenka_image *image = load(&beyond[i], 3);
        compare(whole, image, &all);
        tenka_image_destroy(&image);
    }
    tenka_image_destroy(&whole);
}

/* ---- Samples ---- */

/* The part of the transform's for picture 3 of an epoch, of WIDTH x HEIGHT pixels; false: all of it. */
static bool find_part(tenka_ctx *ctx, const char *text, struct tenka_part *out)
{
    const struct tenka_transform_key key = {.seed = 5, .sample = 3};
    tenka_transform *transform;
    if (tenka_transform_parse(ctx, text, &transform) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    const bool found = tenka_transform_part(transform, &key, WIDTH, HEIGHT, out);
    tenka_transform_destroy(&transform);
    return found;
}

static void test_transforms(void **unused)
{
    (void)unused;
    static const char *const whole[] = {"Compose([RandomHorizontalFlip(), RandomResizedCrop(32), ToTensor()])",
                                        "ToTensor()",
                                        "Compose([])",
                                        "Compose([RandomCrop(32, padding=4), ToTensor()])",
                                        "RandomApply([RandomCrop(32)])",
                                        "Resize((32, 32))",
                                        "RandomCrop(132, pad_if_needed=True)"};
    tenka_ctx *ctx = cpu(0);
    struct tenka_part part;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        assert_false(find_part(ctx, whole[i], &part));
    assert_true(find_part(ctx, "Compose([Compose([RandomCrop((32, 40)), ToTensor()])])", &part));
    assert_true(part.width == 40 && part.height == 32 && part.left + 40 <= WIDTH && part.top + 32 <= HEIGHT);
    assert_true(find_part(ctx, "RandomResizedCrop(32, scale=(0.25, 0.25), ratio=(1, 1))", &part));
    assert_true(part.width == 56 && part.height == 56 && part.left + 56 <= WIDTH && part.top + 56 <= HEIGHT);
    tenka_ctx_destroy(&ctx);
}

#define COUNT 12
#define SIDE 24
#define ELEMENTS (3 * SIDE * SIDE)

/* A hash of all samples of two epochs. */
static uint32_t hash_of(const char *transform, uint64_t keep_bytes)
{
    static float input[COUNT * ELEMENTS];
    struct tenka_folder_params params = TENKA_FOLDER_DEFAULTS;
    struct tenka_loader_params loading = TENKA_LOADER_DEFAULTS;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data;
    tenka_loader *loader;
    struct tenka_batch batch;
    uint32_t hash = FNV_BEGIN;
    params.keep_bytes = keep_bytes;
    loading.batch_size = COUNT;
    assert_int_equal(tenka_dataset_load_folder(ctx, path("pictures"), &params, &data), TENKA_OK);
    assert_int_equal(tenka_dataset_set_transform(data, transform), TENKA_OK);
    assert_int_equal(tenka_loader_create(ctx, data, &loading, &loader), TENKA_OK);
    tenka_no_grad_begin(ctx);
    for (int i = 0; i < 4; i++) /* a batch, and that there are no more, twice */
        if (tenka_loader_next(loader, &batch) == TENKA_OK) {
            assert_int_equal(tenka_read(batch.input, input, sizeof(input)), TENKA_OK);
            hash = fnv(hash, input, sizeof(input));
        }
    tenka_no_grad_end(ctx);
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
    return hash;
}

/* Whether pictures are kept, and so decoded whole, makes no difference. */
static void test_samples(void **unused)
{
    (void)unused;
    static const char *const transforms[] = {
        "Compose([RandomResizedCrop(24), RandomHorizontalFlip(), ToTensor(), Normalize((0.5, 0.5, 0.5), (1, 2, 3))])",
        "Compose([RandomCrop(24), ColorJitter(0.4, 0.4, 0.4), ToTensor()])",
        "Compose([RandomCrop((50, 30)), GaussianBlur(3), Resize((24, 24)), ToTensor()])"};
    char name[32];
    assert_int_equal(mkdir(path("pictures"), 0777) | mkdir(path("pictures/a"), 0777), 0);
    for (int i = 0; i < COUNT; i++) {
        const struct kind k = {i == 5 ? 1 : 3, i % 2 + 1, i / 2 % 2 + 1, i > 7, 0};
        snprintf(name, sizeof(name), "pictures/a/%02d.jpg", i);
        write_jpeg(name, &k);
    }
    for (size_t i = 0; i < sizeof(transforms) / sizeof(transforms[0]); i++)
        assert_int_equal(hash_of(transforms[i], 0), hash_of(transforms[i], 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_beyond),
        cmocka_unit_test(test_transforms),
        cmocka_unit_test(test_samples),
    };
    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
