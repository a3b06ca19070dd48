/* Pictures with masks: what is read of a mask, and that it goes the way of its picture. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <sys/stat.h>

#include "data/pictures.h"
#include "graph/graph.h"

#define COUNT 12
#define WIDTH 40
#define HEIGHT 30
#define SIDE 16
#define MOST (64 * 64)

static char folder[64], pictures[80], masks[80];
static const char *golden;

static void save(tenka_ctx *ctx, const uint8_t *pixels, uint32_t channels, const char *dir, const char *name)
{
    char path[200];
    tenka_image *image;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(tenka_image_create(ctx, pixels, WIDTH, HEIGHT, channels, &image), TENKA_OK);
    assert_int_equal(tenka_image_save(ctx, image, path), TENKA_OK);
    tenka_image_destroy(&image);
}

/* Pictures that show their masks in grey, so that both must stay alike. */
static int set_up(void **state)
{
    static uint8_t mask[WIDTH * HEIGHT], picture[3 * WIDTH * HEIGHT];
    tenka_ctx *ctx = cpu(0);
    char name[32];
    (void)state;
    strcpy(folder, "/tmp/tenka-masks-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(pictures, sizeof(pictures), "%s/images", folder);
    snprintf(masks, sizeof(masks), "%s/masks", folder);
    mkdir(pictures, 0777);
    mkdir(masks, 0777);
    for (int i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < sizeof(mask); k++) {
            mask[k] = (uint8_t)((k * k / 7 + k * (size_t)(i + 13)) % 6);
            memset(picture + 3 * k, mask[k], 3);
        }
        snprintf(name, sizeof(name), "%02d.png", i);
        save(ctx, picture, 3, pictures, name);
        save(ctx, mask, 1, masks, name);
    }
    tenka_ctx_destroy(&ctx);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static tenka_dataset *load(tenka_ctx *ctx)
{
    tenka_dataset *data;
    if (tenka_dataset_load_masks(ctx, pictures, masks, NULL, &data) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    return data;
}

static void read_target(const tenka_dataset *data, size_t index, uint64_t epoch, int32_t *out)
{
    struct tenka_error err;
    assert_int_equal(tenka_column_read(tenka_dataset_target(data), &err, index, epoch, out), TENKA_OK);
}

/* ---- Transforms ---- */

#define NEAREST "interpolation=InterpolationMode.NEAREST"
/* Steps that move pixels, as a picture takes them that is to stay its mask. */
static const char *const moving[] = {
    "Resize((16, 16), " NEAREST ")",
    "RandomResizedCrop(16, " NEAREST "), RandomHorizontalFlip()",
    "RandomVerticalFlip(), RandomRotation(40, fill=255), CenterCrop(16)",
    "RandomAffine(30, translate=(0.2, 0.2), scale=(0.7, 1.3), shear=10, fill=255), CenterCrop((16, 16))",
    "RandomPerspective(p=1, " NEAREST ", fill=255), RandomCrop(16)",
    "RandomCrop(16, padding=9, fill=255)",
    "RandomCrop(50, padding=(4, 1), pad_if_needed=True, padding_mode='reflect'), CenterCrop(16)",
    "Pad(20, fill=255), RandomCrop(16)",
    "RandomOrder([RandomHorizontalFlip(), RandomRotation(20, fill=255)]), CenterCrop(16)",
    "RandomChoice([RandomHorizontalFlip(), RandomVerticalFlip(), RandomRotation(9, fill=255)]), CenterCrop(16)",
    "RandomApply([RandomAffine(15, fill=255)], p=0.7), CenterCrop(16)",
};

static void check_alike(const char *steps)
{
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data = load(ctx);
    static uint8_t picture[3 * MOST];
    static int32_t mask[MOST];
    char text[512];
    int distinct = 0;
    snprintf(text, sizeof(text), "Compose([%s, ToTensor(), Normalize(0.5, 0.5)])", steps);
    if (tenka_dataset_set_transform(data, text) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    for (uint64_t epoch = 0; epoch < 4; epoch++)
        for (size_t i = 0; i < COUNT; i++) {
            struct tenka_error err;
            assert_int_equal(tenka_column_read(tenka_dataset_input(data), &err, i, epoch, picture), TENKA_OK);
            read_target(data, i, epoch, mask);
            for (int k = 0; k < SIDE * SIDE; k++) {
                if (mask[k] != picture[k])
                    fail_msg("%s: pixel %d is %u, its class %d", steps, k, picture[k], mask[k]);
                distinct += mask[k] != mask[0];
            }
        }
    assert_true(distinct > SIDE * SIDE);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static void test_moving(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(moving) / sizeof(moving[0]); i++)
        check_alike(moving[i]);
}

/* All targets of three epochs. */
static uint32_t targets_of(const char *text)
{
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data = load(ctx);
    static int32_t mask[MOST];
    uint32_t hash = FNV_BEGIN;
    if (tenka_dataset_set_transform(data, text) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    for (uint64_t epoch = 0; epoch < 3; epoch++)
        for (size_t i = 0; i < COUNT; i++) {
            read_target(data, i, epoch, mask);
            for (int k = 0; k < SIDE * SIDE; k++)
                assert_true((mask[k] >= 0 && mask[k] < 6) || mask[k] == 255);
            hash = fnv(hash, mask, SIDE * SIDE * sizeof(mask[0]));
        }
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
    return hash;
}

/* Classes are neither mixed nor coloured, whatever the picture's filter and colours are. */
static void test_classes_stay(void **state)
{
    (void)state;
    assert_int_equal(targets_of("Compose([RandomResizedCrop(16), RandomRotation(30), ColorJitter(0.5, 0.5, 0.5, 0.2), "
                                "ToTensor(), Normalize(0.5, 0.5), RandomErasing()])"),
                     targets_of("Compose([RandomResizedCrop(16, " NEAREST "), RandomRotation(30, fill=9, "
                                "interpolation=InterpolationMode.BILINEAR), RandomGrayscale(), ToTensor()])"));
    targets_of("Compose([RandAugment(), RandomCrop(16), GaussianBlur(3), ToTensor()])");
    targets_of("Compose([TrivialAugmentWide(fill=(1, 2, 3)), CenterCrop(16), RandomInvert(), ToTensor()])");
    targets_of("Compose([AutoAugment(), CenterCrop(16), RandomEqualize(), RandomPosterize(2), ToTensor()])");
    targets_of(
        "Compose([RandomSolarize(128, p=1), RandomAutocontrast(p=1), Grayscale(3), CenterCrop(16), ToTensor()])");
}

/* What a crop adds around a mask has no class. */
static void test_borders(void **state)
{
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data = load(ctx);
    static int32_t mask[MOST];
    (void)state;
    assert_int_equal(tenka_dataset_ignore(data, -100), TENKA_OK);
    assert_int_equal(tenka_dataset_set_transform(data, "Compose([CenterCrop(60), ToTensor()])"), TENKA_OK);
    read_target(data, 0, 0, mask);
    for (int y = 0; y < 60; y++)
        for (int x = 0; x < 60; x++)
            assert_int_equal(mask[60 * y + x] == -100, y < 15 || y >= 45 || x < 10 || x >= 50);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* ---- Files ---- */

/* A palette's indices and grey values of few bits, and not what they show. */
static void test_indices(void **state)
{
    static const struct {
        const char *file;
        int most;
    } good[] = {{"palette8.png", 255}, {"palette4.png", 15}, {"palette2.png", 3},
                {"palette1.png", 1},   {"grey8.png", 255},   {"grey4.png", 15},
                {"grey2.png", 3},      {"grey1.png", 1},     {"interlaced_palette4.png", 15}};
    static const struct {
        const char *file, *why;
    } bad[] = {{"rgb8.png", "this file has colours"},
               {"grey16.png", "this file has 16 bits"},
               {"grey_alpha8.png", "this file has transparency"},
               {"grey.jpg", "it is a JPEG picture, but a mask is a PNG file"}};
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    tenka_ctx *ctx = cpu(0);
    tenka_image *image;
    char path[512];
    (void)state;
    params.indices = true;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int most = 0;
        snprintf(path, sizeof(path), "%s/%s", golden, good[i].file);
        assert_int_equal(tenka_image_load(ctx, path, &params, &image), TENKA_OK);
        assert_int_equal(tenka_image_channels(image), 1);
        for (size_t k = 0; k < (size_t)tenka_image_width(image) * tenka_image_height(image); k++)
            most = tenka_image_pixels(image)[k] > most ? tenka_image_pixels(image)[k] : most;
        assert_true(most <= good[i].most && most > good[i].most / 2);
        tenka_image_destroy(&image);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", golden, bad[i].file);
        assert_fails(ctx, tenka_image_load(ctx, path, &params, &image), TENKA_E_FORMAT, bad[i].why);
    }
    tenka_ctx_destroy(&ctx);
}

/* Each size is that of the nearest pixel; counts are those of the files. */
static void test_asking(void **state)
{
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data = load(ctx), *rest;
    static int32_t mask[MOST], half[MOST];
    uint64_t counts[6], all = 0, parts = 0;
    (void)state;
    assert_int_equal(tenka_dataset_classes(data), 6);
    assert_null(tenka_dataset_labels(data));
    assert_int_equal(tenka_dataset_count_targets(data, counts), TENKA_OK);
    for (int i = 0; i < 6; i++)
        all += counts[i];
    assert_int_equal(all, COUNT * WIDTH * HEIGHT);
    assert_int_equal(tenka_dataset_split(data, 0.25, 1, &rest), TENKA_OK);
    assert_int_equal(tenka_dataset_count(rest), COUNT / 4);
    assert_int_equal(tenka_dataset_count_targets(rest, counts), TENKA_OK);
    for (int i = 0; i < 6; i++)
        parts += counts[i];
    assert_int_equal(parts, all / 4);
    assert_int_equal(tenka_dataset_set_image_shape(data, 3, HEIGHT, WIDTH), TENKA_OK);
    const struct tenka_shape shape = tenka_dataset_target_shape(data);
    assert_true(shape.rank == 2 && shape.dim[0] == HEIGHT && shape.dim[1] == WIDTH);
    read_target(data, 0, 0, mask);
    assert_int_equal(tenka_dataset_set_image_shape(data, 3, HEIGHT / 2, WIDTH / 2), TENKA_OK);
    read_target(data, 0, 0, half);
    for (int y = 0; y < HEIGHT / 2; y++)
        for (int x = 0; x < WIDTH / 2; x++)
            assert_int_equal(half[y * WIDTH / 2 + x], mask[(2 * y + 1) * WIDTH + 2 * x + 1]);
    tenka_dataset_destroy(&rest);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moving),  cmocka_unit_test(test_classes_stay), cmocka_unit_test(test_borders),
        cmocka_unit_test(test_indices), cmocka_unit_test(test_asking),
    };
    golden = argc > 1 ? argv[1] : "";
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
