/* Folders of pictures by class: which files they are, against torchvision's ImageFolder; the bytes of samples; threads
 * that decode, whose number and order nobody sees; splits; files that are bad. Reads tests/golden from the working
 * folder, the source's root. */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include "data/loader.h"
#include "data/pictures.h"
#include "graph/graph.h"

#define SIDE 8
#define BYTES (3 * SIDE * SIDE)
#define LINE 512

/* ---- Files ---- */

static void make_folders(const char *name)
{
    char part[LINE];
    snprintf(part, sizeof(part), "%s", path(name));
    for (char *c = part + strlen(folder) + 1; *c != '\0'; c++)
        if (*c == '/') {
            *c = '\0';
            mkdir(part, 0777);
            *c = '/';
        }
}

/* Of a golden picture, cut off after so many bytes. */
static void copy_part(const char *from, const char *to, size_t most)
{
    static uint8_t data[1 << 16];
    char name[LINE];
    snprintf(name, sizeof(name), "tests/golden/images/%s", from);
    FILE *const file = fopen(name, "rb");
    assert_non_null(file);
    const size_t bytes = fread(data, 1, most < sizeof(data) ? most : sizeof(data), file);
    fclose(file);
    make_folders(to);
    write_file(path(to), data, bytes);
}

static void copy(const char *from, const char *to)
{
    copy_part(from, to, SIZE_MAX);
}

static const char *const pictures[] = {"rgb8.png",  "photo.jpg", "grey8.png",       "palette8.png",
                                       "rgba8.png", "grey.jpg",  "progressive.jpg", "interlaced_rgb8.png"};

/* Classes a, b and c of so many pictures each, in a folder. */
static void make_classes(const char *name, int each)
{
    char to[LINE];
    for (int i = 0; i < 3 * each; i++) {
        const char *const from = pictures[i % 8];
        snprintf(to, sizeof(to), "%s/%c/%02d%s", name, 'a' + i / each, i % each, strchr(from, '.'));
        copy(from, to);
    }
}

static tenka_dataset *load(tenka_ctx *ctx, const char *name)
{
    tenka_dataset *data;
    if (tenka_dataset_load_folder(ctx, path(name), NULL, &data) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    return data;
}

/* ---- Which files ---- */

static void test_image_folder(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    char line[LINE], name[LINE];
    unsigned label, classes = 0;
    size_t samples = 0;
    FILE *const file = fopen("tests/golden/folder.txt", "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL && sscanf(line, "file %[^\n]", name) == 1) {
        char to[2 * LINE];
        snprintf(to, sizeof(to), "golden/%s", name);
        copy("grey1.png", to);
    }
    make_folders("golden/.hidden/x");
    copy("grey1.png", "golden/.hidden/x.png");
    copy("grey1.png", "golden/dog/.hidden.png");
    tenka_dataset *data = load(ctx, "golden");
    do {
        if (sscanf(line, "class %u %[^\n]", &label, name) == 2) {
            assert_string_equal(tenka_dataset_class_name(data, label), name);
            classes++;
        } else {
            assert_int_equal(sscanf(line, "sample %u %[^\n]", &label, name), 2);
            assert_string_equal(tenka_dataset_sample_name(data, samples) + strlen(path("golden/")), name);
            assert_int_equal(tenka_dataset_labels(data)[samples++], label);
        }
    } while (fgets(line, sizeof(line), file) != NULL);
    fclose(file);
    assert_true(samples > 0);
    assert_int_equal(tenka_dataset_count(data), samples);
    assert_int_equal(tenka_dataset_classes(data), classes);
    assert_null(tenka_dataset_sample_name(data, samples));
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* ---- Samples ---- */

/* A sample is what tenka_image_resize makes of its file. */
static void test_samples(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    struct tenka_picture_sizes sizes;
    uint8_t expected[BYTES], sample[BYTES];
    make_classes("samples", 5);
    tenka_dataset *data = load(ctx, "samples");
    assert_fails(ctx, tenka_dataset_read(data, 0, sample), TENKA_E_INVALID, "whose size is not set");
    for (params.channels = 1; params.channels <= 3; params.channels += 2) {
        assert_int_equal(tenka_dataset_set_image_shape(data, params.channels, SIDE, SIDE), TENKA_OK);
        for (size_t i = 0; i < 30; i++) { /* the second time they are kept */
            tenka_image *image, *small;
            assert_int_equal(tenka_image_load(ctx, tenka_dataset_sample_name(data, i % 15), &params, &image), TENKA_OK);
            assert_int_equal(tenka_image_resize(ctx, image, NULL, SIDE, SIDE, &small), TENKA_OK);
            tenka_image_planes(small, expected);
            assert_int_equal(tenka_dataset_read(data, i % 15, sample), TENKA_OK);
            assert_memory_equal(sample, expected, params.channels * SIDE * SIDE);
            tenka_image_destroy(&image);
            tenka_image_destroy(&small);
        }
    }
    assert_fails(ctx, tenka_dataset_read(data, 15, sample), TENKA_E_INVALID, "sample 15: there are 15");
    assert_int_equal(tenka_dataset_picture_sizes(data, &sizes), TENKA_OK);
    assert_int_equal(sizes.grey, 4);
    assert_true(sizes.least_width > 0 && sizes.least_width < sizes.most_width);
    assert_fails(ctx, tenka_dataset_set_image_shape(data, 2, SIDE, SIDE), TENKA_E_INVALID, "expected 1 or 3 channels");
    assert_fails(ctx, tenka_dataset_set_image_shape(data, 3, SIDE, 0), TENKA_E_INVALID, "pictures of 3x8x0");
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* The header pass sees the size of pictures that stand upright. */
static void test_upright(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct tenka_picture_sizes sizes;
    tenka_image *image;
    copy("said_marked.jpg", "upright/a/1.jpg");
    assert_int_equal(tenka_image_load(ctx, path("upright/a/1.jpg"), NULL, &image), TENKA_OK);
    tenka_dataset *data = load(ctx, "upright");
    assert_int_equal(tenka_dataset_picture_sizes(data, &sizes), TENKA_OK);
    assert_int_equal(sizes.most_width, tenka_image_width(image));
    assert_int_equal(sizes.most_height, tenka_image_height(image));
    tenka_image_destroy(&image);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* ---- Batches ---- */

static tenka_loader *make_loader(tenka_ctx *ctx, const tenka_dataset *data, bool shuffle)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    params.batch_size = 7;
    params.shuffle = shuffle;
    if (tenka_loader_create(ctx, data, &params, &loader) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    return loader;
}

/* A hash of the inputs of a batch. */
static uint32_t next_hash(tenka_ctx *ctx, tenka_loader *loader)
{
    static float input[7 * BYTES];
    struct tenka_batch batch;
    if (tenka_loader_next(loader, &batch) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    assert_int_equal(tenka_read(batch.input, input, batch.size * sizeof(float) * BYTES), TENKA_OK);
    return fnv(FNV_BEGIN, input, batch.size * sizeof(float) * BYTES);
}

/* What a loader hands out is the samples in their order, normalised. */
static void test_batches(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct tenka_batch batch;
    static float input[7 * BYTES];
    uint8_t sample[BYTES];
    make_classes("batches", 5);
    tenka_dataset *data = load(ctx, "batches");
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *none;
    assert_fails(ctx, tenka_loader_create(ctx, data, &params, &none), TENKA_E_INVALID,
                 "the size of the pictures is not");
    assert_int_equal(tenka_dataset_set_image_shape(data, 3, SIDE, SIDE), TENKA_OK);
    tenka_loader *loader = make_loader(ctx, data, false);
    assert_fails(ctx, tenka_dataset_set_image_shape(data, 3, SIDE, SIDE), TENKA_E_INVALID, "a loader has its samples");
    tenka_no_grad_begin(ctx);
    for (size_t i = 0; i < 15; i++) {
        double mean, std;
        if (i % 7 == 0) {
            assert_int_equal(tenka_loader_next(loader, &batch), TENKA_OK);
            assert_int_equal(tenka_read(batch.input, input, batch.size * sizeof(float) * BYTES), TENKA_OK);
        }
        assert_int_equal(tenka_dataset_read(data, i, sample), TENKA_OK);
        for (size_t k = 0; k < BYTES; k++) {
            tenka_dataset_normalization(data, (uint32_t)(k / (SIDE * SIDE)), &mean, &std);
            assert_true(std > 0.2 && std < 0.25);
            assert_float_equal(input[(i % 7) * BYTES + k], (sample[k] / 255.0 - mean) / std, 1e-5);
        }
    }
    assert_int_equal(tenka_loader_next(loader, &batch), TENKA_END);
    tenka_no_grad_end(ctx);
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* A sampler whose samples tell which picture in which epoch they are of; slower or faster as chance will have it. */
static tenka_status draw(const void *user, struct tenka_error *err, const tenka_image *picture, uint32_t index,
                         uint64_t epoch, void *dst)
{
    uint8_t *const bytes = dst;
    (void)user;
    (void)err;
    struct tenka_rng rng;
    tenka_rng_seed(&rng, epoch ^ (uint64_t)index * 2654435761u);
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)(tenka_rng_u32(&rng) + picture->pixels[0]);
    return TENKA_OK;
}

static tenka_dataset *load_drawn(tenka_ctx *ctx, uint64_t keep_bytes)
{
    static const struct tenka_sampler sampler = {.make = draw, .repeats = false};
    struct tenka_folder_params params = TENKA_FOLDER_DEFAULTS;
    tenka_dataset *data;
    params.keep_bytes = keep_bytes;
    if (tenka_dataset_load_folder(ctx, path("drawn"), &params, &data) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    assert_int_equal(tenka_dataset_set_image_shape(data, 3, SIDE, SIDE), TENKA_OK);
    tenka_pictures_sample_by(tenka_pictures_of(data), 3, &sampler, BYTES);
    return data;
}

/* What is drawn for a sample depends on seed, epoch and sample alone, and an epoch that is gone on with repeats it. */
static void test_drawn(void **state)
{
    (void)state;
    enum { BATCHES = 7, EPOCHS = 3 };
    uint32_t hash[EPOCHS][BATCHES];
    struct tenka_loader_state middle;
    make_classes("drawn", 16);
    for (int run = 0; run < 4; run++) {
        tenka_ctx *ctx = cpu(run == 3 ? 8 : 7);
        tenka_dataset *data = load_drawn(ctx, run == 1 ? 1 : 0); /* 1: nothing is kept */
        tenka_loader *loader = make_loader(ctx, data, true);
        tenka_no_grad_begin(ctx);
        if (run == 2)
            assert_int_equal(tenka_loader_set_state(loader, &middle), TENKA_OK);
        for (int epoch = run == 2 ? 1 : 0; epoch < EPOCHS - (run == 2); epoch++) {
            for (int i = run == 2 ? 3 : 0; i < BATCHES; i++) {
                if (run == 0 && epoch == 1 && i == 3)
                    tenka_loader_get_state(loader, &middle);
                const uint32_t now = next_hash(ctx, loader);
                if (run == 0)
                    hash[epoch][i] = now;
                else
                    assert_int_equal(hash[epoch][i] == now, run != 3);
            }
            assert_int_equal(tenka_loader_next(loader, &(struct tenka_batch){0}), TENKA_END);
        }
        tenka_no_grad_end(ctx);
        tenka_loader_destroy(&loader);
        tenka_dataset_destroy(&data);
        tenka_ctx_destroy(&ctx);
    }
    for (int epoch = 1; epoch < EPOCHS; epoch++)
        assert_int_not_equal(hash[epoch][0], hash[0][0]);
}

/* The second batch of pictures that are all good. */
static uint32_t second_hash(tenka_ctx *ctx, const char *name)
{
    tenka_dataset *data = load(ctx, name);
    assert_int_equal(tenka_dataset_set_image_shape(data, 3, SIDE, SIDE), TENKA_OK);
    tenka_loader *loader = make_loader(ctx, data, false);
    next_hash(ctx, loader);
    const uint32_t hash = next_hash(ctx, loader);
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    return hash;
}

/* A picture that goes bad after the look fails its batch, and the first of several is said. The batch is not lost: it
 * fails again, in the next epoch too, until the files are back. */
static void test_goes_bad(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct tenka_batch batch;
    make_classes("late", 8);
    tenka_dataset *data = load(ctx, "late");
    assert_int_equal(tenka_dataset_set_image_shape(data, 3, SIDE, SIDE), TENKA_OK);
    tenka_loader *loader = make_loader(ctx, data, false);
    tenka_no_grad_begin(ctx);
    const uint32_t hash = second_hash(ctx, "late");
    copy_part("rgb8.png", "late/b/00.png", 200);
    assert_int_equal(unlink(path("late/b/04.png")), 0);
    for (int epoch = 0; epoch < 5; epoch++) {
        if (epoch > 0)
            tenka_loader_rewind(loader);
        next_hash(ctx, loader);
        for (int again = 0; again < 2; again++) {
            assert_fails(ctx, tenka_loader_next(loader, &batch), TENKA_E_FORMAT,
                         "late/b/00.png: the PNG file is cut off");
            assert_int_equal(tenka_loader_position(loader), 1);
        }
    }
    copy("rgb8.png", "late/b/00.png");
    assert_fails(ctx, tenka_loader_next(loader, &batch), TENKA_E_IO, "late/b/04.png");
    copy("rgba8.png", "late/b/04.png");
    assert_int_equal(next_hash(ctx, loader), hash);
    for (size_t i = 2; i < tenka_loader_batches(loader); i++) {
        assert_int_equal(tenka_loader_next(loader, &batch), TENKA_OK);
        assert_int_equal(batch.index, i);
    }
    assert_int_equal(tenka_loader_next(loader, &batch), TENKA_END);
    tenka_no_grad_end(ctx);
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* ---- What tells them from others ---- */

static uint32_t sum_of(const tenka_dataset *data)
{
    uint32_t sum;
    assert_int_equal(tenka_dataset_sum(data, &sum), TENKA_OK);
    return sum;
}

static uint32_t folder_sum(tenka_ctx *ctx, const char *name, const char *transform)
{
    tenka_dataset *data = load(ctx, name);
    if (transform != NULL)
        assert_int_equal(tenka_dataset_set_transform(data, transform), TENKA_OK);
    else
        assert_int_equal(tenka_dataset_set_image_shape(data, 3, SIDE, SIDE), TENKA_OK);
    const uint32_t sum = sum_of(data);
    tenka_dataset_destroy(&data);
    return sum;
}

/* The checksum of inputs is that of what samples are made of: not of what is made of it, nor of what is drawn. */
static void test_sum(void **state)
{
    (void)state;
    static const char *const random = "Compose([RandomResizedCrop(8), ToTensor()])";
    tenka_ctx *ctx = cpu(0);
    make_classes("sum", 16);
    const uint32_t sum = folder_sum(ctx, "sum", NULL);
    assert_int_equal(folder_sum(ctx, "sum", random), sum);
    copy("grey8.png", "sum/b/00.png");
    assert_int_not_equal(folder_sum(ctx, "sum", NULL), sum);
    copy("rgb8.png", "sum/b/00.png");
    assert_int_equal(folder_sum(ctx, "sum", NULL), sum);
    tenka_dataset *data = load(ctx, "sum");
    assert_int_equal(unlink(path("sum/b/00.png")), 0);
    assert_fails(ctx, tenka_dataset_sum(data, &(uint32_t){0}), TENKA_E_IO, "sum/b/00.png");
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* ---- Splits ---- */

static void test_split(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    char first[16][LINE];
    make_classes("split", 16);
    for (int run = 0; run < 3; run++) {
        tenka_dataset *data = load(ctx, "split"), *all = load(ctx, "split"), *rest;
        assert_int_equal(tenka_dataset_split(data, 0.2, run == 2 ? 9 : 8, &rest), TENKA_OK);
        assert_int_equal(tenka_dataset_count(data), 39);
        assert_int_equal(tenka_dataset_count(rest), 9);
        assert_string_equal(tenka_dataset_class_name(rest, 2), "c");
        unsigned moved = 0, differs = 0;
        for (size_t i = 0; i < 48; i++) { /* each is in one of them, in the old order, with its label */
            const char *const name = tenka_dataset_sample_name(all, i);
            const char *const there = moved < 9 ? tenka_dataset_sample_name(rest, moved) : NULL;
            const bool goes = there != NULL && strcmp(there, name) == 0;
            tenka_dataset *const of = goes ? rest : data;
            const size_t at = goes ? moved : i - moved;
            assert_string_equal(tenka_dataset_sample_name(of, at), name);
            assert_int_equal(tenka_dataset_labels(of)[at], tenka_dataset_labels(all)[i]);
            if (goes && run == 0)
                strcpy(first[moved], name);
            differs += goes && strcmp(first[moved], name) != 0;
            moved += goes;
        }
        for (size_t i = 0; i < 9; i++)
            assert_int_equal(tenka_dataset_labels(rest)[i], i / 3);
        assert_int_equal(differs > 0, run == 2);
        assert_int_equal(tenka_dataset_set_image_shape(rest, 3, SIDE, SIDE), TENKA_OK);
        tenka_dataset *none;
        assert_fails(ctx, tenka_dataset_split(rest, 0.5, 1, &none), TENKA_E_INVALID, "divide it before that");
        assert_null(none);
        assert_int_equal(tenka_dataset_count(rest), 9);
        uint8_t sample[BYTES];
        assert_int_equal(tenka_dataset_read(rest, 8, sample), TENKA_OK);
        tenka_dataset_destroy(&data);
        tenka_dataset_destroy(&rest);
        tenka_dataset_destroy(&all);
    }
    tenka_ctx_destroy(&ctx);
}

/* ---- What is bad ---- */

static void refuse(tenka_ctx *ctx, const char *name, tenka_status status, const char *part)
{
    tenka_dataset *data;
    assert_fails(ctx, tenka_dataset_load_folder(ctx, path(name), NULL, &data), status, part);
    assert_null(data);
}

static void test_bad_folders(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    refuse(ctx, "none", TENKA_E_IO, "cannot read the folder");
    make_folders("empty/");
    refuse(ctx, "empty", TENKA_E_INVALID, "there are no folders in it");
    make_folders("hollow/a/");
    copy("rgb8.png", "hollow/b/1.png");
    refuse(ctx, "hollow", TENKA_E_INVALID, "hollow/a: there is no picture in this folder of a class");
    copy("rgb8.png", "latin/\xe9t\xe9/1.png");
    refuse(ctx, "latin", TENKA_E_INVALID, "is no UTF-8 text; rename the folder");
    copy("rgb8.png", "circle/a/1.png");
    assert_int_equal(symlink("..", path("circle/a/up")), 0);
    refuse(ctx, "circle", TENKA_E_INVALID, "this link leads back to a folder above it, in a circle");
    /* A link that does not is followed, and the name of a picture may be anything. */
    copy("rgb8.png", "linked/a/\xe9.png");
    assert_int_equal(symlink("../../circle/a/1.png", path("linked/a/2.png")), 0);
    copy("rgb8.png", "elsewhere/3.png");
    assert_int_equal(symlink("../elsewhere", path("linked/b")), 0);
    tenka_dataset *data = load(ctx, "linked");
    assert_int_equal(tenka_dataset_count(data), 3);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* The first bad one in the order of the samples is what is said, however many threads look. */
static void test_bad_pictures(void **state)
{
    (void)state;
    /* 30,000 x 30,000 pixels, said in a header whose checksum is right, before an end that is. */
    static const char huge[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x75\x30\0\0\x75\x30\x08\2\0\0\0\xe9\x45\x6f\xed"
                               "\0\0\0\0IDAT\x35\xaf\x06\x1e"
                               "\0\0\0\0IEND\xae\x42\x60\x82";
    static const struct {
        const char *name, *part;
    } bad[] = {
        {"bad/b/0_empty.png", "the file is empty; get it again"},
        {"bad/b/1_cut.png", "the PNG file is cut off at byte 300"},
        {"bad/b/2_cut.jpg", "the JPEG file is cut off at byte 4000"},
        {"bad/b/3_text.jpg", "it is no PNG, JPEG, BMP, GIF, WebP or TIFF picture"},
        {"bad/b/4_huge.png", "the picture has 30000x30000 pixels, more than the limit"},
        {"bad/b/5_link.png", "cannot open"},
    };
    tenka_ctx *ctx = cpu(0);
    make_classes("bad", 9);
    write_file(path(bad[0].name), "", 0);
    copy_part("rgb8.png", bad[1].name, 300);
    copy_part("photo.jpg", bad[2].name, 4000);
    write_file(path(bad[3].name), "no picture, but text", 20);
    write_file(path(bad[4].name), huge, sizeof(huge) - 1);
    assert_int_equal(symlink("nowhere", path(bad[5].name)), 0);
    copy("rgb8.png", "bad/b/9_is_png.jpg"); /* what a file is, its content says */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tenka_dataset *data;
        assert_int_not_equal(tenka_dataset_load_folder(ctx, path("bad"), NULL, &data), TENKA_OK);
        if (strstr(tenka_last_error(ctx), bad[i].name) == NULL || strstr(tenka_last_error(ctx), bad[i].part) == NULL)
            fail_msg("%s: %s: %s", bad[i].name, bad[i].part, tenka_last_error(ctx));
        assert_int_equal(unlink(path(bad[i].name)), 0);
    }
    tenka_dataset *data = load(ctx, "bad");
    assert_int_equal(tenka_dataset_count(data), 28);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static unsigned left_out;

static void count_left_out(void *user, enum tenka_log_level level, const char *text)
{
    (void)user;
    left_out += level == TENKA_LOG_WARNING && strstr(text, "; it is left out") != NULL;
}

static void test_skip_bad(void **state)
{
    (void)state;
    struct tenka_ctx_params own = TENKA_CTX_DEFAULTS;
    struct tenka_folder_params params = TENKA_FOLDER_DEFAULTS;
    tenka_ctx *ctx;
    tenka_dataset *data;
    own.backend = TENKA_BACKEND_CPU;
    own.log = count_left_out;
    assert_int_equal(tenka_ctx_create(&own, &ctx), TENKA_OK);
    params.skip_bad = true;
    make_classes("skip", 4);
    copy_part("rgb8.png", "skip/a/00.png", 300);
    copy_part("photo.jpg", "skip/b/0.jpg", 4000);
    assert_int_equal(tenka_dataset_load_folder(ctx, path("skip"), &params, &data), TENKA_OK);
    assert_int_equal(left_out, 2);
    assert_int_equal(tenka_dataset_count(data), 11);
    for (size_t i = 0; i < 11; i++) {
        const char *const name = tenka_dataset_sample_name(data, i) + strlen(path("skip/"));
        assert_int_equal(tenka_dataset_labels(data)[i], name[0] - 'a');
        assert_string_not_equal(name, "a/00.png");
    }
    tenka_dataset_destroy(&data);
    copy("grey.jpg", "skip/d/0.jpg");
    copy_part("photo.jpg", "skip/d/0.jpg", 4000);
    assert_fails(ctx, tenka_dataset_load_folder(ctx, path("skip"), &params, &data), TENKA_E_INVALID,
                 "skip/d: none of the pictures of this class can be read");
    tenka_ctx_destroy(&ctx);
}

/* ---- Memory ---- */

static tenka_status load_and_split(void *user)
{
    tenka_dataset *data, *rest = NULL;
    tenka_status status = tenka_dataset_load_folder(user, path("memory"), NULL, &data);
    if (status == TENKA_OK)
        status = tenka_dataset_split(data, 0.5, 0, &rest);
    if (status == TENKA_OK)
        status = tenka_dataset_set_image_shape(data, 3, SIDE, SIDE);
    tenka_dataset_destroy(&data);
    tenka_dataset_destroy(&rest);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    make_classes("memory", 2);
    const int64_t live = tenka_alloc_live();
    assert_true(fail_each_allocation(ctx, load_and_split, ctx) > 60);
    assert_int_equal(tenka_alloc_live(), live);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image_folder), cmocka_unit_test(test_samples),  cmocka_unit_test(test_upright),
        cmocka_unit_test(test_batches),      cmocka_unit_test(test_drawn),    cmocka_unit_test(test_goes_bad),
        cmocka_unit_test(test_sum),          cmocka_unit_test(test_split),    cmocka_unit_test(test_bad_folders),
        cmocka_unit_test(test_bad_pictures), cmocka_unit_test(test_skip_bad), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
