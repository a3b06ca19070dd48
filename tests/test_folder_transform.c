/* Pictures of a folder that a transform makes samples of: what a sample is, threads, epochs, resuming, what is
 * refused. */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "folder.h"

#include <math.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/loader.h"
#include "data/pictures.h"
#include "graph/graph.h"

#define COUNT 24
#define SIDE 12
#define ELEMENTS (3 * SIDE * SIDE)
#define END "ToTensor(), Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))"
#define DRAWN "Compose([RandomResizedCrop(12), RandomHorizontalFlip(), ColorJitter(0.4, 0.4, 0.4), " END "])"
#define ERASED "Compose([RandomResizedCrop(12), " END ", RandomErasing(p=0.8, value='random')])"

/* Two classes of COUNT / 2 pictures of three sizes, of noise. */
static int set_up(void **state)
{
    static uint8_t pixels[40 * 30 * 3];
    tenka_ctx *ctx = cpu(0);
    char file[128];
    if (set_up_folder(state) != 0)
        return -1;
    for (int i = 0; i < COUNT; i++) {
        tenka_image *image;
        for (size_t k = 0; k < sizeof(pixels); k++)
            pixels[k] = (uint8_t)(k * k / 7 + k * (size_t)(i + 13));
        snprintf(file, sizeof(file), "%s/%c", folder, 'a' + i % 2);
        mkdir(file, 0777);
        snprintf(file, sizeof(file), "%s/%c/%02d.png", folder, 'a' + i % 2, i);
        assert_int_equal(tenka_image_create(ctx, pixels, 40 - (uint32_t)(i % 3) * 7, 30, 3, &image), TENKA_OK);
        assert_int_equal(tenka_image_save(ctx, image, file), TENKA_OK);
        tenka_image_destroy(&image);
    }
    tenka_ctx_destroy(&ctx);
    return 0;
}

static tenka_ctx *context(enum tenka_backend backend, uint64_t seed)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = backend;
    params.seed = seed;
    assert_int_equal(tenka_ctx_create(&params, &ctx), TENKA_OK);
    return ctx;
}

static tenka_dataset *load_untransformed(tenka_ctx *ctx)
{
    tenka_dataset *data;
    if (tenka_dataset_load_folder(ctx, folder, NULL, &data) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    return data;
}

static tenka_dataset *load(tenka_ctx *ctx, const char *transform)
{
    tenka_dataset *const data = load_untransformed(ctx);
    if (tenka_dataset_set_transform(data, transform) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    return data;
}

/* ---- What a sample is ---- */

/* What tenka_transform_apply makes of the file. */
static void transform_file(tenka_ctx *ctx, const char *text, const char *file, uint32_t sample, uint64_t epoch,
                           float out[static ELEMENTS])
{
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    const struct tenka_transform_key key = {epoch, 0, sample};
    struct tenka_transformed got;
    tenka_transform *transform;
    tenka_transform_room *room;
    tenka_image *image;
    params.channels = 3;
    assert_int_equal(tenka_image_load(ctx, file, &params, &image), TENKA_OK);
    assert_int_equal(tenka_transform_parse(ctx, text, &transform), TENKA_OK);
    assert_int_equal(tenka_transform_room_create(ctx, &room), TENKA_OK);
    const struct tenka_transform_picture picture = {tenka_image_pixels(image), tenka_image_width(image),
                                                    tenka_image_height(image), 3};
    assert_int_equal(tenka_transform_apply(transform, room, &key, &picture, out, ELEMENTS * sizeof(float), &got),
                     TENKA_OK);
    tenka_transform_room_destroy(&room);
    tenka_transform_destroy(&transform);
    tenka_image_destroy(&image);
}

/* The numbers that a network is given for a sample as it is stored. */
static double number_of(const tenka_dataset *data, const void *sample, size_t i)
{
    double mean, std;
    if (tenka_dataset_input_dtype(data) == TENKA_F32)
        return tenka_ctx_backend(tenka_dataset_ctx(data)) == TENKA_BACKEND_CPU_F64 ? ((const double *)sample)[i]
                                                                                   : ((const float *)sample)[i];
    tenka_dataset_normalization(data, (uint32_t)(i / (SIDE * SIDE)), &mean, &std);
    return (((const uint8_t *)sample)[i] / 255.0 - mean) / std;
}

static void check_samples(enum tenka_backend backend, const char *text, enum tenka_dtype dtype, double bound)
{
    tenka_ctx *ctx = context(backend, 0);
    tenka_dataset *data = load(ctx, text);
    static float expected[ELEMENTS];
    static double sample[ELEMENTS];
    const struct tenka_shape shape = tenka_dataset_image_shape(data);
    assert_int_equal(tenka_dataset_input_dtype(data), dtype);
    for (uint32_t i = 0; i < 2 * COUNT; i++) { /* the second time they, or their pictures, are kept */
        transform_file(ctx, text, tenka_dataset_sample_name(data, i % COUNT), i % COUNT, 0, expected);
        assert_int_equal(tenka_dataset_read(data, i % COUNT, sample), TENKA_OK);
        for (size_t k = 0; k < (size_t)shape.dim[0] * shape.dim[1] * shape.dim[2]; k++)
            assert_true(fabs(number_of(data, sample, k) - expected[k]) <= bound);
    }
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static void test_samples(void **state)
{
    (void)state;
    check_samples(TENKA_BACKEND_CPU, DRAWN, TENKA_U8, 1e-6);
    check_samples(TENKA_BACKEND_CPU, ERASED, TENKA_F32, 0);
    check_samples(TENKA_BACKEND_CPU_F64, ERASED, TENKA_F32, 0);
    check_samples(TENKA_BACKEND_CPU, "Compose([Resize(14), CenterCrop(12), PILToTensor(), ConvertImageDtype()])",
                  TENKA_U8, 1e-6);
    /* Two of them are one; of grey there is one channel; what is drawn for the numbers cannot be bytes. */
    check_samples(TENKA_BACKEND_CPU, "Compose([Resize((12, 12)), " END ", Normalize(0.5, (0.25, 0.5, 2))])", TENKA_U8,
                  1e-5);
    check_samples(TENKA_BACKEND_CPU, "Compose([Resize((12, 12)), Grayscale(), ToTensor(), Normalize(0.5, 0.5)])",
                  TENKA_U8, 1e-6);
    check_samples(TENKA_BACKEND_CPU, "Compose([Resize((12, 12)), ToTensor(), RandomApply([Normalize(0.5, 0.5)])])",
                  TENKA_F32, 0);
}

static void test_asking(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data = load(ctx, "T.Compose([T.CenterCrop((12)), T.ToTensor()])"), *rest;
    const struct tenka_shape shape = tenka_dataset_image_shape(data);
    double mean, std;
    assert_string_equal(tenka_dataset_transform(data), "Compose(\n    CenterCrop(size=(12, 12))\n    ToTensor()\n)");
    assert_true(shape.rank == 3 && shape.dim[0] == 3 && shape.dim[1] == 12 && shape.dim[2] == 12);
    tenka_dataset_normalization(data, 2, &mean, &std);
    assert_true(mean == 0 && std == 1);
    assert_fails(ctx, tenka_dataset_split(data, 0.5, 0, &rest), TENKA_E_INVALID, "divide it before that");
    /* What was said last counts. */
    assert_int_equal(tenka_dataset_set_transform(data, ERASED), TENKA_OK);
    assert_int_equal(tenka_dataset_input_dtype(data), TENKA_F32);
    assert_fails(ctx, tenka_dataset_set_normalization(data, 0, 0, 1), TENKA_E_INVALID, "there is no channel 0");
    assert_fails(ctx, tenka_dataset_set_input_whole(data), TENKA_E_INVALID, "its inputs are images");
    assert_int_equal(tenka_dataset_set_image_shape(data, 1, 5, 6), TENKA_OK);
    assert_int_equal(tenka_dataset_input_dtype(data), TENKA_U8);
    assert_null(tenka_dataset_transform(data));
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static void test_normalization(void **state)
{
    static const struct {
        const char *text;
        double mean, std; /* of the third channel */
        bool known;
    } texts[] = {
        {"Compose([" END "])", 0.406, 0.225, true},
        {"ToTensor()", 0, 1, true},
        {"Compose([" END ", Normalize(2, (1, 1, 4))])", 0.406 + 0.225 * 2, 0.225 * 4, true},
        {"Compose([" END ", RandomErasing(), Normalize(2, (1, 1, 4))])", 0.406 + 0.225 * 2, 0.225 * 4, false},
        {"Compose([RandomApply([RandomInvert()]), ToTensor()])", 0, 1, true},
        {"Compose([ToTensor(), RandomApply([Normalize(0.5, 0.5)])])", 0, 1, false},
        {"CenterCrop(12)", 0, 1, false},
    };
    tenka_ctx *ctx = cpu(0);
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tenka_transform *transform;
        double mean[3], std[3];
        assert_int_equal(tenka_transform_parse(ctx, texts[i].text, &transform), TENKA_OK);
        assert_int_equal(tenka_transform_normalization(transform, 3, mean, std), texts[i].known);
        assert_true(fabs(mean[2] - texts[i].mean) < 1e-15 && fabs(std[2] - texts[i].std) < 1e-15);
        tenka_transform_destroy(&transform);
    }
    tenka_ctx_destroy(&ctx);
}

/* Images in memory become what a picture of their pixels does. */
static void test_memory(void **state)
{
    (void)state;
    enum { IMAGES = 6, WIDTH = 15, HEIGHT = 13, PLANE = WIDTH * HEIGHT };
    static const char *const texts[] = {"Compose([RandomCrop(12, padding=2), RandomHorizontalFlip(), ToTensor()])",
                                        "Compose([RandomCrop(12, padding=2), ToTensor(), RandomErasing(p=0.9)])",
                                        "Compose([Resize((12, 12)), ToTensor(), Normalize(0.1307, 0.3081)])"};
    for (uint32_t channels = 1; channels <= 3; channels += 2)
        for (size_t t = 0; t < 3; t++) {
            tenka_ctx *ctx = cpu(0);
            uint8_t bytes[IMAGES * PLANE * 3], pixels[PLANE * 3];
            tenka_dataset *data, *rest;
            tenka_transform *transform;
            tenka_transform_room *room;
            struct tenka_measures measures;
            for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)(i * i / 5 + i);
            assert_int_equal(tenka_dataset_create(ctx, bytes, (const int32_t[IMAGES]){0, 1, 0, 1, 0, 1}, IMAGES,
                                                  channels, HEIGHT, WIDTH, &data),
                             TENKA_OK);
            assert_int_equal(tenka_dataset_set_transform(data, "ToTensor()"), TENKA_OK);
            assert_int_equal(tenka_dataset_set_transform(data, texts[t]), TENKA_OK);
            assert_null(tenka_dataset_images(data));
            assert_null(tenka_dataset_sample_name(data, 0));
            assert_fails(ctx, tenka_dataset_split(data, 0.5, 0, &rest), TENKA_E_INVALID, "divide it before that");
            assert_fails(ctx, tenka_dataset_measure(data, &measures), TENKA_E_INVALID, "measure it before that");
            assert_int_equal(tenka_transform_parse(ctx, texts[t], &transform), TENKA_OK);
            assert_int_equal(tenka_transform_room_create(ctx, &room), TENKA_OK);
            for (uint32_t i = 0; i < IMAGES; i++) {
                const struct tenka_transform_picture picture = {pixels, WIDTH, HEIGHT, channels};
                const struct tenka_transform_key key = {0, 0, i};
                struct tenka_transformed got;
                double sample[ELEMENTS];
                for (size_t k = 0; k < PLANE * channels; k++)
                    pixels[k] = bytes[(i * channels + k % channels) * PLANE + k / channels];
                assert_int_equal(tenka_transform_apply(transform, room, &key, &picture, NULL, 0, &got), TENKA_OK);
                assert_int_equal(tenka_dataset_read(data, i, sample), TENKA_OK);
                assert_int_equal(got.bytes, channels * SIDE * SIDE * sizeof(float));
                for (size_t k = 0; k < channels * SIDE * SIDE; k++)
                    assert_true(fabs(number_of(data, sample, k) - (double)((const float *)got.data)[k]) < 1e-6);
            }
            tenka_transform_room_destroy(&room);
            tenka_transform_destroy(&transform);
            tenka_dataset_destroy(&data);
            tenka_ctx_destroy(&ctx);
        }
}

/* ---- Threads ---- */

enum { THREADS = 3, EPOCHS = 5 };

struct reading {
    pthread_t thread;
    const struct tenka_column *column;
    uint32_t first, step;
    uint32_t (*hash)[COUNT];
};

static void *read_some(void *user)
{
    const struct reading *const r = user;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++)
        for (uint32_t i = r->first; i < COUNT; i += r->step) {
            struct tenka_error error = {.status = TENKA_OK};
            float sample[ELEMENTS];
            if (tenka_column_read(r->column, &error, i, UINT64_MAX / 3 * epoch, sample) == TENKA_OK)
                r->hash[epoch][i] = fnv(FNV_BEGIN, sample, sizeof(sample));
        }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static uint32_t alone[EPOCHS][COUNT], together[EPOCHS][COUNT];
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *first = load(ctx, ERASED), *second = load(ctx, ERASED);
    struct reading one = {.column = tenka_dataset_input(first), .step = 1, .hash = alone}, some[THREADS];
    read_some(&one);
    for (uint32_t i = 0; i < THREADS; i++) {
        some[i] =
            (struct reading){.column = tenka_dataset_input(second), .first = i, .step = THREADS, .hash = together};
        assert_int_equal(pthread_create(&some[i].thread, NULL, read_some, &some[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(some[i].thread, NULL);
    assert_memory_equal(alone, together, sizeof(alone));
    for (uint32_t i = 1; i < EPOCHS * COUNT; i++)
        assert_int_not_equal(alone[i / COUNT][i % COUNT], alone[(i - 1) / COUNT][(i - 1) % COUNT]);
    assert_int_not_equal(alone[0][0], alone[1][0]);
    tenka_dataset_destroy(&first);
    tenka_dataset_destroy(&second);
    tenka_ctx_destroy(&ctx);
}

/* ---- Epochs ---- */

enum { BATCH = 5, BATCHES = 5, RUN_EPOCHS = 3 };

static uint32_t next_hash(tenka_ctx *ctx, tenka_loader *loader)
{
    static float input[BATCH * ELEMENTS];
    struct tenka_batch batch;
    if (tenka_loader_next(loader, &batch) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    assert_int_equal(tenka_read(batch.input, input, batch.size * sizeof(float) * ELEMENTS), TENKA_OK);
    return fnv(FNV_BEGIN, input, batch.size * sizeof(float) * ELEMENTS);
}

/* A run of some epochs from where state says, of whose batches hash has or gets the hashes; *middle, unless NULL, gets
 * the state before batch 3 of the second epoch. */
static void run_epochs(const char *text, const struct tenka_loader_state *from, struct tenka_loader_state *middle,
                       uint64_t seed, uint32_t hash[static RUN_EPOCHS * BATCHES])
{
    tenka_ctx *ctx = cpu(seed);
    tenka_dataset *data = load(ctx, text);
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    params.batch_size = BATCH;
    params.shuffle = true;
    assert_int_equal(tenka_loader_create(ctx, data, &params, &loader), TENKA_OK);
    tenka_no_grad_begin(ctx);
    if (from != NULL)
        assert_int_equal(tenka_loader_set_state(loader, from), TENKA_OK);
    const int begin = from != NULL ? BATCHES + 3 : 0, end = from != NULL ? 2 * BATCHES : RUN_EPOCHS * BATCHES;
    for (int i = begin; i < end; i++) {
        if (i == BATCHES + 3 && middle != NULL)
            tenka_loader_get_state(loader, middle);
        hash[i] = next_hash(ctx, loader);
        if (i % BATCHES == BATCHES - 1)
            assert_int_equal(tenka_loader_next(loader, &(struct tenka_batch){0}), TENKA_END);
    }
    tenka_no_grad_end(ctx);
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* An epoch that is gone on with in the middle repeats what was drawn; other epochs and seeds draw other things. */
static void test_epochs(void **state)
{
    (void)state;
    static const char *const texts[] = {DRAWN, ERASED};
    for (size_t t = 0; t < 2; t++) {
        uint32_t whole[RUN_EPOCHS * BATCHES], resumed[RUN_EPOCHS * BATCHES], other[RUN_EPOCHS * BATCHES];
        struct tenka_loader_state middle;
        run_epochs(texts[t], NULL, &middle, 7, whole);
        run_epochs(texts[t], &middle, NULL, 9, resumed);
        run_epochs(texts[t], NULL, NULL, 8, other);
        for (int i = 0; i < RUN_EPOCHS * BATCHES; i++) {
            assert_int_equal(whole[i] == whole[i % BATCHES], i < BATCHES);
            assert_int_not_equal(whole[i], other[i]);
            if (i >= BATCHES + 3 && i < 2 * BATCHES)
                assert_int_equal(whole[i], resumed[i]);
        }
    }
}

/* Of many samples every n-th counts, in memory with a transform or without. */
static void test_sum(void **state)
{
    (void)state;
    enum { SAMPLES = 512, EACH = 4 };
    static uint8_t images[SAMPLES * EACH];
    static const int32_t labels[SAMPLES];
    tenka_ctx *ctx = cpu(0);
    uint32_t sums[3], sum;
    for (int i = 0; i < 3; i++) {
        tenka_dataset *data;
        images[(2 * 100 + (i == 1)) * EACH] = i != 0;
        assert_int_equal(tenka_dataset_create(ctx, images, labels, SAMPLES, 1, 2, 2, &data), TENKA_OK);
        assert_int_equal(tenka_dataset_sum(data, &sums[i]), TENKA_OK);
        assert_int_equal(tenka_dataset_set_transform(data, "Compose([RandomCrop(1), ToTensor()])"), TENKA_OK);
        assert_int_equal(tenka_dataset_sum(data, &sum), TENKA_OK);
        assert_int_equal(sum, sums[i]);
        tenka_dataset_destroy(&data);
    }
    assert_int_equal(sums[1], sums[0]);
    assert_int_not_equal(sums[2], sums[0]);
    tenka_ctx_destroy(&ctx);
}

/* ---- What is refused ---- */

static void test_refused(void **state)
{
    static const struct {
        const char *text, *part;
        tenka_status status;
    } bad[] = {
        {"Compose([Resize(12), ToTensor()])", "/a/00.png becomes 16x12 pixels, but ", TENKA_E_SHAPE},
        {"Compose([Resize(12), ToTensor()])", "CenterCrop(size) behind Resize(size)", TENKA_E_SHAPE},
        {"Compose([RandomCrop(28), ToTensor()])", "/a/02.png: RandomCrop: the crop of 28x28 is larger", TENKA_E_SHAPE},
        {"Compose([RandomRotation(9, expand=True), ToTensor()])", "depends on what is drawn", TENKA_E_SHAPE},
        {"CenterCrop(12)", "end with ToTensor()", TENKA_E_INVALID},
        {"Compose([CenterCrop(12), PILToTensor()])", "end with ToTensor()", TENKA_E_INVALID},
        {"Compose([CentreCrop(12)])", "CentreCrop", TENKA_E_FORMAT},
        {NULL, "text is NULL", TENKA_E_INVALID},
    };
    tenka_ctx *ctx = cpu(0);
    tenka_dataset *data = load_untransformed(ctx), *numbers;
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(ctx, tenka_dataset_set_transform(data, bad[i].text), bad[i].status, bad[i].part);
    assert_int_equal(tenka_dataset_set_transform(data, DRAWN), TENKA_OK);
    assert_int_equal(tenka_loader_create(ctx, data, &params, &loader), TENKA_OK);
    assert_fails(ctx, tenka_dataset_set_transform(data, ERASED), TENKA_E_INVALID, "a loader has its samples already");
    assert_int_equal(tenka_dataset_create(ctx, (const uint8_t *)"abcd", (const int32_t[]){0, 1}, 2, 2, 1, 1, &numbers),
                     TENKA_OK);
    assert_fails(ctx, tenka_dataset_set_transform(numbers, DRAWN), TENKA_E_INVALID, "it holds no pictures in grey or");
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&numbers);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

static tenka_status transform_and_read(void *user)
{
    tenka_dataset *data;
    float sample[ELEMENTS];
    tenka_status status = tenka_dataset_load_folder(user, folder, NULL, &data);
    if (status == TENKA_OK)
        status = tenka_dataset_set_transform(data, ERASED);
    if (status == TENKA_OK)
        status = tenka_dataset_read(data, 3, sample);
    tenka_dataset_destroy(&data);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    const int64_t live = tenka_alloc_live();
    assert_true(fail_each_allocation(ctx, transform_and_read, ctx) > 60);
    assert_int_equal(tenka_alloc_live(), live);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),       cmocka_unit_test(test_asking),  cmocka_unit_test(test_memory),
        cmocka_unit_test(test_normalization), cmocka_unit_test(test_threads), cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_sum),     cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down_folder);
}
