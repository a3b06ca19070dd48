/* Transforms in use: keys, threads, sizes, steps in steps, pictures that are too small or too large, memory that runs
 * out. */
#include "allocations.h"
#include "data/transform.h"
#include "inputs.h"

#include <math.h>
#include <pthread.h>

#define WIDTH 31
#define HEIGHT 22

/* Each kind of transform that draws. */
static const char everything[] =
    "Compose([RandomApply([ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8), RandomChoice([RandomRotation(30), "
    "RandomAffine(10, translate=(0.1, 0.1)), RandomPerspective()]), RandomOrder([RandomGrayscale(0.2), "
    "GaussianBlur(3), RandomPosterize(3), RandomAdjustSharpness(2)]), RandAugment(), TrivialAugmentWide(), "
    "AutoAugment(), RandomResizedCrop((13, 17)), RandomHorizontalFlip(), RandomVerticalFlip(), "
    "RandomCrop(12, padding=2), ToTensor(), "
    "Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), RandomErasing(value='random')])";

static uint8_t pixels[WIDTH * HEIGHT * 3];

static int make_pixels(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pixels); i++)
        pixels[i] = (uint8_t)(i * i / 7 + i * 13);
    return 0;
}

static struct tenka_transform_picture picture_of(uint32_t width, uint32_t height, uint32_t channels)
{
    return (struct tenka_transform_picture){pixels, width, height, channels};
}

static tenka_transform *parse(tenka_ctx *ctx, const char *text)
{
    tenka_transform *transform;
    if (tenka_transform_parse(ctx, text, &transform) != TENKA_OK)
        fail_msg("%s: %s", text, tenka_last_error(ctx));
    return transform;
}

static tenka_transform_room *room_of(tenka_ctx *ctx)
{
    tenka_transform_room *room;
    assert_int_equal(tenka_transform_room_create(ctx, &room), TENKA_OK);
    return room;
}

/* ---- Keys ---- */

static uint32_t hash_of(const tenka_transform *transform, tenka_transform_room *room, struct tenka_transform_key key)
{
    const struct tenka_transform_picture picture = picture_of(WIDTH, HEIGHT, 3);
    struct tenka_transformed got;
    if (tenka_transform_apply(transform, room, &key, &picture, NULL, 0, &got) != TENKA_OK)
        fail_msg("%s", tenka_transform_room_error(room));
    assert_int_equal(got.bytes, 12 * 12 * 3 * sizeof(float));
    return fnv(FNV_BEGIN, got.data, got.bytes);
}

/* A sample is the same in any order, in another room, of another transform with the same text; another with any other
 * part of the key. */
static void test_keys(void **state)
{
    (void)state;
    enum { SAMPLES = 200 };
    tenka_ctx *ctx = cpu(0);
    tenka_transform *transform = parse(ctx, everything), *again = parse(ctx, everything);
    tenka_transform_room *room = room_of(ctx), *other = room_of(ctx);
    uint32_t hash[SAMPLES], same = 0;
    for (uint32_t i = 0; i < SAMPLES; i++)
        hash[i] = hash_of(transform, room, (struct tenka_transform_key){5, 2, i});
    for (uint32_t i = SAMPLES; i-- > 0;) {
        assert_int_equal(hash_of(again, other, (struct tenka_transform_key){5, 2, i}), hash[i]);
        same += hash_of(transform, other, (struct tenka_transform_key){5, 3, i}) == hash[i];
        same += hash_of(transform, other, (struct tenka_transform_key){6, 2, i}) == hash[i];
        same += hash_of(transform, other, (struct tenka_transform_key){5 + (UINT64_C(1) << 32), 2, i}) == hash[i];
        same += i > 0 && hash[i - 1] == hash[i];
    }
    assert_int_equal(same, 0);
    assert_true(tenka_transform_is_random(transform));
    tenka_transform_room_destroy(&room);
    tenka_transform_room_destroy(&other);
    tenka_transform_destroy(&transform);
    tenka_transform_destroy(&again);
    tenka_ctx_destroy(&ctx);
}

/* Two flips of a text draw apart, and samples next to each other do. */
static void test_steps_draw_apart(void **state)
{
    (void)state;
    enum { SAMPLES = 20000 };
    unsigned seen[2][2] = {{0}}, runs = 0;
    bool last = false;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        const struct tenka_transform_key key = {3, 1, i};
        struct tenka_draws a = tenka_draws_of(&key, 1), b = tenka_draws_of(&key, 2);
        const bool first = tenka_draw_unit(&a) < 0.5, second = tenka_draw_unit(&b) < 0.5;
        seen[first][second]++;
        runs += first == last;
        last = first;
    }
    for (int i = 0; i < 4; i++)
        assert_true(fabs(seen[i / 2][i % 2] - SAMPLES / 4.0) < 5 * sqrt(SAMPLES * 0.1875));
    assert_true(fabs(runs - SAMPLES / 2.0) < 5 * sqrt(SAMPLES * 0.25));
}

/* Known answers of Philox4x32-10, from its authors' Random123. */
static void test_philox(void **state)
{
    (void)state;
    struct tenka_draws d = {0};
    assert_int_equal(tenka_draw_word(&d), 0x6627e8d5);
    assert_int_equal(tenka_draw_word(&d), 0xe169c58d);
    assert_int_equal(tenka_draw_word(&d), 0xbc57ac4c);
    assert_int_equal(tenka_draw_word(&d), 0x9b00dbd8);
    d = (struct tenka_draws){.low = 0xa4093822,
                             .high = 0x299f31d0,
                             .block = 0x243f6a88,
                             .position = 0x85a308d3,
                             .sample = 0x13198a2e,
                             .epoch = 0x03707344};
    assert_int_equal(tenka_draw_word(&d), 0xd16cfe09);
    assert_int_equal(tenka_draw_word(&d), 0x94fdcceb);
}

enum { THREAD_SAMPLES = 64, THREADS = 4 };

/* A thread with a room of its own takes each fourth sample. */
struct worker {
    pthread_t thread;
    const tenka_transform *transform;
    tenka_transform_room *room;
    uint32_t first, *hash;
};

static void *work(void *user)
{
    const struct worker *const w = user;
    for (uint32_t i = w->first; i < THREAD_SAMPLES; i += THREADS)
        w->hash[i] = hash_of(w->transform, w->room, (struct tenka_transform_key){8, 0, i});
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_transform *transform = parse(ctx, everything);
    struct worker worker[THREADS];
    uint32_t alone[THREAD_SAMPLES], together[THREAD_SAMPLES];
    for (uint32_t i = 0; i < THREADS; i++)
        worker[i] = (struct worker){.transform = transform, .room = room_of(ctx), .first = i, .hash = together};
    for (uint32_t i = 0; i < THREAD_SAMPLES; i++)
        alone[i] = hash_of(transform, worker[0].room, (struct tenka_transform_key){8, 0, i});
    for (uint32_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&worker[i].thread, NULL, work, &worker[i]), 0);
    for (uint32_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
    assert_memory_equal(together, alone, sizeof(alone));
    for (uint32_t i = 0; i < THREADS; i++)
        tenka_transform_room_destroy(&worker[i].room);
    tenka_transform_destroy(&transform);
    tenka_ctx_destroy(&ctx);
}

/* ---- Steps in steps ---- */

static double share_where(tenka_ctx *ctx, const char *text, uint8_t value)
{
    enum { SAMPLES = 20000 };
    tenka_transform *transform = parse(ctx, text);
    tenka_transform_room *room = room_of(ctx);
    const uint8_t grey = 40;
    const struct tenka_transform_picture picture = {&grey, 1, 1, 1};
    unsigned count = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        struct tenka_transformed got;
        assert_int_equal(
            tenka_transform_apply(transform, room, &(struct tenka_transform_key){1, 0, i}, &picture, NULL, 0, &got),
            TENKA_OK);
        count += *(const uint8_t *)got.data == value;
    }
    tenka_transform_room_destroy(&room);
    tenka_transform_destroy(&transform);
    return (double)count / SAMPLES;
}

/* One grey pixel of 40 is 215 inverted, 32 with 3 bits, and 215 solarized from 40 on: the order of the last two makes
 * 192 or 215. */
static void test_containers(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    const double error = 5 * sqrt(0.25 / 20000);
    assert_true(fabs(share_where(ctx, "RandomApply([RandomInvert(1)], p=0.3)", 215) - 0.3) < error);
    assert_true(fabs(share_where(ctx, "RandomChoice([RandomInvert(1), RandomPosterize(3, 1)])", 215) - 0.5) < error);
    assert_true(fabs(share_where(ctx, "RandomChoice([RandomInvert(1), RandomPosterize(3, 1)], p=[1, 3])", 32) - 0.75) <
                error);
    assert_true(share_where(ctx, "RandomChoice([RandomInvert(1), RandomPosterize(3, 1)], p=[0, 3])", 32) == 1);
    assert_true(fabs(share_where(ctx, "RandomOrder([RandomInvert(1), RandomPosterize(3, 1)])", 192) - 0.5) < error);
    assert_true(fabs(share_where(ctx, "RandomOrder([RandomInvert(1), RandomPosterize(3, 1)])", 223) - 0.5) < error);
    assert_true(fabs(share_where(ctx, "Compose([RandomInvert(), RandomInvert()])", 40) - 0.5) < error);
    tenka_ctx_destroy(&ctx);
}

/* Erased with noise: its mean and deviation are those of a normal distribution; what lies outside stays. */
static void test_erasing(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_transform *transform = parse(ctx, "Compose([ToTensor(), RandomErasing(1, (0.3, 0.5), value='random')])");
    tenka_transform_room *room = room_of(ctx);
    const struct tenka_transform_picture picture = picture_of(WIDTH, HEIGHT, 3);
    double sum = 0, squares = 0, n = 0, kept = 0;
    for (uint32_t s = 0; s < 50; s++) {
        struct tenka_transformed got;
        assert_int_equal(
            tenka_transform_apply(transform, room, &(struct tenka_transform_key){4, 0, s}, &picture, NULL, 0, &got),
            TENKA_OK);
        for (size_t i = 0; i < WIDTH * HEIGHT * 3; i++) {
            const float x = ((const float *)got.data)[i];
            const size_t plane = i / (WIDTH * HEIGHT), at = i % (WIDTH * HEIGHT);
            if (x == (float)pixels[at * 3 + plane] / 255) {
                kept++;
                continue;
            }
            sum += x;
            squares += x * x;
            n++;
        }
    }
    assert_true(n > 0.25 * (n + kept) && n < 0.55 * (n + kept));
    assert_true(fabs(sum / n) < 5 / sqrt(n) && fabs(squares / n - 1) < 5 * sqrt(2 / n));
    tenka_transform_room_destroy(&room);
    tenka_transform_destroy(&transform);
    tenka_ctx_destroy(&ctx);
}

/* ---- Sizes ---- */

static const struct {
    const char *text;
    uint32_t width, height, channels; /* of the picture */
    bool fixed, tensor, floats, random;
    uint32_t to_width, to_height, to_channels;
} sizes[] = {
    {"Compose([])", 7, 5, 3, true, false, false, false, 7, 5, 3},
    {"Resize(10)", 500, 375, 3, true, false, false, false, 13, 10, 3},
    {"Resize(10)", 375, 500, 3, true, false, false, false, 10, 13, 3},
    {"Resize(256, max_size=300)", 500, 375, 3, true, false, false, false, 300, 225, 3},
    {"Resize((4, 9))", 1, 1, 1, true, false, false, false, 9, 4, 1},
    {"Compose([Resize(256), CenterCrop(224), ToTensor()])", 500, 375, 3, true, true, true, false, 224, 224, 3},
    {"Compose([RandomResizedCrop((5, 8)), PILToTensor()])", 500, 375, 1, true, true, false, true, 8, 5, 1},
    {"RandomCrop(8, padding=2)", 4, 4, 3, true, false, false, true, 8, 8, 3},
    {"RandomCrop(80, pad_if_needed=True)", 4, 4, 3, true, false, false, true, 80, 80, 3},
    {"Pad((1, 2, 3, 4))", 5, 6, 3, true, false, false, false, 9, 12, 3},
    {"Grayscale()", 5, 6, 3, true, false, false, false, 5, 6, 1},
    {"RandomApply([Grayscale()])", 5, 6, 3, false, false, false, true, 0, 0, 0},
    {"RandomApply([Grayscale()])", 5, 6, 1, true, false, false, true, 5, 6, 1},
    {"RandomApply([CenterCrop(3)], 1)", 5, 6, 1, true, false, false, true, 3, 3, 1},
    {"RandomChoice([CenterCrop(3), Resize((3, 3))])", 5, 6, 1, true, false, false, true, 3, 3, 1},
    {"RandomChoice([CenterCrop(3), Resize((3, 4))])", 5, 6, 1, false, false, false, true, 0, 0, 0},
    {"RandomOrder([CenterCrop(3), Resize((4, 4))])", 5, 6, 1, false, false, false, true, 0, 0, 0},
    {"RandomRotation(10, expand=True)", 5, 6, 1, false, false, false, true, 0, 0, 0},
    {"Compose([RandomRotation(10, expand=True), Resize((3, 3))])", 5, 6, 1, true, false, false, true, 3, 3, 1},
    {"RandomRotation((90, 90), expand=True)", 5, 6, 1, true, false, false, true, 6, 5, 1},
    {"GaussianBlur(3, 1.5)", 5, 6, 3, true, false, false, false, 5, 6, 3},
    {"CenterCrop((9, 1))", 5, 6, 3, true, false, false, false, 1, 9, 3},
};

static void test_sizes(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        tenka_transform *transform = parse(ctx, sizes[i].text);
        tenka_transform_room *room = room_of(ctx);
        uint8_t *const picture = calloc((size_t)sizes[i].width * sizes[i].height, sizes[i].channels);
        const struct tenka_transform_picture view = {picture, sizes[i].width, sizes[i].height, sizes[i].channels};
        struct tenka_transformed form, got;
        const tenka_status status =
            tenka_transform_size(ctx, transform, sizes[i].width, sizes[i].height, sizes[i].channels, &form);
        if (status != TENKA_OK)
            fail_msg("%s: %s", sizes[i].text, tenka_last_error(ctx));
        if (form.fixed != sizes[i].fixed || form.tensor != sizes[i].tensor || form.width != sizes[i].to_width ||
            form.height != sizes[i].to_height || form.channels != sizes[i].to_channels ||
            (form.dtype == TENKA_F32) != sizes[i].floats || tenka_transform_is_random(transform) != sizes[i].random)
            fail_msg("%s: %ux%ux%u", sizes[i].text, form.width, form.height, form.channels);
        for (uint32_t s = 0; s < 8; s++) {
            const struct tenka_transform_key key = {0, 0, s};
            assert_int_equal(tenka_transform_apply(transform, room, &key, &view, NULL, 0, &got), TENKA_OK);
            assert_true(got.dtype == form.dtype && got.tensor == form.tensor);
            assert_true(!form.fixed || (got.width == form.width && got.height == form.height &&
                                        got.channels == form.channels && got.bytes == form.bytes));
        }
        free(picture);
        tenka_transform_room_destroy(&room);
        tenka_transform_destroy(&transform);
    }
    tenka_ctx_destroy(&ctx);
}

/* ---- What does not fit ---- */

static const struct {
    const char *text;
    uint32_t width, height, channels;
    bool sized; /* tenka_transform_size says so, too */
    tenka_status status;
    const char *sentence;
} unfit[] = {
    {"RandomCrop(8)", 7, 9, 3, true, TENKA_E_SHAPE,
     "RandomCrop: the crop of 8x8 is larger than the picture of 7x9 pixels; write Resize() before it, or "
     "pad_if_needed=True"},
    {"RandomCrop(8, padding=2)", 3, 9, 3, true, TENKA_E_SHAPE,
     "the crop of 8x8 is larger than the picture of 7x13 pixels"},
    {"Compose([RandomRotation(90, expand=True), RandomCrop(40)])", 7, 9, 3, false, TENKA_E_SHAPE,
     "larger than the picture"},
    {"Compose([ToTensor(), Normalize((0.1, 0.2, 0.3), (1, 1, 1))])", 2, 2, 1, true, TENKA_E_SHAPE,
     "Normalize: mean has 3 numbers, but the picture is grey and has one channel"},
    {"Pad(1, fill=(1, 2, 3))", 2, 2, 1, true, TENKA_E_SHAPE, "Pad: fill has 3 numbers"},
    {"RandomAffine(1, fill=(1, 2, 3))", 2, 2, 1, true, TENKA_E_SHAPE, "RandomAffine: fill has 3 numbers"},
    {"TrivialAugmentWide(fill=(1, 2, 3))", 2, 2, 1, true, TENKA_E_SHAPE, "TrivialAugmentWide: fill has 3 numbers"},
    {"Compose([ToTensor(), RandomErasing(1, value=(1, 2, 3))])", 2, 2, 1, true, TENKA_E_SHAPE, "value has 3 numbers"},
    {"GaussianBlur(9)", 4, 9, 3, false, TENKA_E_SHAPE,
     "GaussianBlur: a kernel of 9x9 needs a picture of at least 5x5 pixels, but it has 4x9"},
    {"Resize(20000)", 2, 2, 3, true, TENKA_E_SHAPE, "Resize: the picture would have 20000x20000 pixels"},
    {"Resize(9)", 8000, 1, 1, true, TENKA_E_SHAPE, "Resize: the picture would have 72000x9 pixels"},
    {"Resize(1, max_size=2)", 8000, 2, 1, true, TENKA_E_SHAPE, "Resize: the picture would have 2x0 pixels"},
    {"Pad(60000)", 8000, 2, 1, true, TENKA_E_SHAPE, "Pad: the picture would have 128000x120002 pixels"},
    {"CenterCrop(60000)", 2, 2, 1, true, TENKA_E_SHAPE, "CenterCrop: the picture would have 60000x60000 pixels"},
    {"Compose([ToTensor(), Normalize(0.5, 0.5), CenterCrop(5)])", 4, 9, 1, false, TENKA_E_SHAPE,
     "CenterCrop: the picture of 4x9 pixels is smaller than the crop of 5x5"},
    {"ToTensor()", 0, 2, 1, true, TENKA_E_SHAPE, "transform: the picture would have 0x2 pixels"},
    {"ToTensor()", 2, 2, 4, true, TENKA_E_INVALID, "transform: a picture of 4 channels; expected 1 or 3"},
};

static void test_unfit(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_transform_room *room = room_of(ctx);
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        tenka_transform *transform = parse(ctx, unfit[i].text);
        uint8_t *const picture = calloc((size_t)unfit[i].width * unfit[i].height + 1, unfit[i].channels);
        const struct tenka_transform_picture view = {picture, unfit[i].width, unfit[i].height, unfit[i].channels};
        struct tenka_transformed got;
        assert_int_equal(
            tenka_transform_apply(transform, room, &(struct tenka_transform_key){0, 0, 1}, &view, NULL, 0, &got),
            unfit[i].status);
        if (strstr(tenka_transform_room_error(room), unfit[i].sentence) == NULL)
            fail_msg("expected \"%s\" in \"%s\"", unfit[i].sentence, tenka_transform_room_error(room));
        const tenka_status sized =
            tenka_transform_size(ctx, transform, unfit[i].width, unfit[i].height, unfit[i].channels, &got);
        if (unfit[i].sized)
            assert_fails(ctx, sized, unfit[i].status, unfit[i].sentence);
        else
            assert_int_equal(sized, TENKA_OK);
        free(picture);
        tenka_transform_destroy(&transform);
    }
    tenka_transform_room_destroy(&room);
    tenka_ctx_destroy(&ctx);
}

/* The caller's room is filled, and neither more of it nor less than is needed. */
static void test_room(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    tenka_transform *transform = parse(ctx, "Compose([CenterCrop(4), ToTensor()])");
    tenka_transform_room *room = room_of(ctx);
    const struct tenka_transform_picture picture = picture_of(WIDTH, HEIGHT, 3);
    const struct tenka_transform_key key = {0};
    float out[4 * 4 * 3 + 1];
    struct tenka_transformed got;
    out[48] = 77;
    assert_int_equal(tenka_transform_apply(transform, room, &key, &picture, out, sizeof(out) - 8, &got),
                     TENKA_E_INVALID);
    assert_non_null(strstr(tenka_transform_room_error(room), "the result has 192 bytes, but there is room for 188"));
    assert_int_equal(tenka_transform_apply(transform, room, &key, &picture, out, 192, &got), TENKA_OK);
    assert_true(got.data == out && got.bytes == 192 && out[48] == 77);
    assert_true(out[0] == (float)pixels[(9 * WIDTH + 14) * 3] / 255); /* 13.5 is rounded to even, as Python does */
    tenka_transform_room_destroy(&room);
    tenka_transform_destroy(&transform);
    tenka_ctx_destroy(&ctx);
}

/* Every class on one pixel, and on a row and a column of pixels. */
static void test_tiny(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Resize(5)",
        "Resize((1, 1), interpolation=lanczos)",
        "CenterCrop(3)",
        "RandomCrop(1)",
        "RandomResizedCrop(3)",
        "Pad(2, padding_mode=reflect)",
        "Pad(2, padding_mode=symmetric)",
        "RandomRotation(180, bilinear)",
        "RandomRotation(180, expand=True)",
        "RandomAffine(180, (1, 1), (0.001, 1000), (80, 89, 80, 89), bicubic)",
        "RandomPerspective(1, 1)",
        "ColorJitter(1, 1, 1, 0.5)",
        "RandAugment(16)",
        "TrivialAugmentWide()",
        "AutoAugment(svhn)",
        "RandomEqualize(1)",
        "RandomAutocontrast(1)",
        "RandomAdjustSharpness(5, 1)",
        "GaussianBlur(1)",
        "Compose([ToTensor(), RandomErasing(1)])",
    };
    static const uint32_t sides[][2] = {{1, 1}, {9, 1}, {1, 9}, {2, 2}};
    tenka_ctx *ctx = cpu(0);
    tenka_transform_room *room = room_of(ctx);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tenka_transform *transform = parse(ctx, texts[i]);
        for (uint32_t s = 0; s < 4 * 50; s++) {
            /* Of exactly the size, so that the address sanitizer sees what is read beyond. */
            const uint32_t width = sides[s % 4][0], height = sides[s % 4][1], channels = s % 8 < 4 ? 1 : 3;
            uint8_t *const own = malloc((size_t)width * height * channels);
            memcpy(own, pixels, (size_t)width * height * channels);
            const struct tenka_transform_picture picture = {own, width, height, channels};
            struct tenka_transformed got;
            const tenka_status status =
                tenka_transform_apply(transform, room, &(struct tenka_transform_key){1, 0, s}, &picture, NULL, 0, &got);
            if (status != TENKA_OK)
                fail_msg("%s: %s", texts[i], tenka_transform_room_error(room));
            free(own);
        }
        tenka_transform_destroy(&transform);
    }
    tenka_transform_room_destroy(&room);
    tenka_ctx_destroy(&ctx);
}

/* A middle that ratios leave less than half a pixel of is a line of pixels, the 20th column or row of 40. */
static void test_narrow_middle(void **state)
{
    (void)state;
    static const char *const ratios[] = {"0.001, 0.01", "100, 1000"};
    static const char *const filters[] = {"nearest", "bilinear"};
    uint8_t own[40 * 40];
    tenka_ctx *ctx = cpu(0);
    tenka_transform_room *room = room_of(ctx);
    for (uint32_t i = 0; i < 4; i++) {
        char text[128];
        snprintf(text, sizeof(text), "RandomResizedCrop(8, ratio=(%s), interpolation=%s)", ratios[i / 2],
                 filters[i % 2]);
        tenka_transform *transform = parse(ctx, text);
        for (uint32_t k = 0; k < 40 * 40; k++)
            own[k] = (i < 2 ? k % 40 : k / 40) == 19 ? 77 : 200;
        const struct tenka_transform_picture picture = {own, 40, 40, 1};
        const struct tenka_transform_key key = {1, 0, i};
        struct tenka_transformed got;
        if (tenka_transform_apply(transform, room, &key, &picture, NULL, 0, &got) != TENKA_OK)
            fail_msg("%s: %s", text, tenka_transform_room_error(room));
        assert_true(got.width == 8 && got.height == 8 && got.bytes == 64);
        for (uint32_t k = 0; k < 64; k++)
            assert_int_equal(((const uint8_t *)got.data)[k], 77);
        tenka_transform_destroy(&transform);
    }
    tenka_transform_room_destroy(&room);
    tenka_ctx_destroy(&ctx);
}

/* ---- Memory ---- */

static tenka_status parse_and_apply(void *user)
{
    tenka_ctx *const ctx = user;
    tenka_transform *transform = NULL;
    tenka_transform_room *room = NULL;
    const struct tenka_transform_picture picture = picture_of(WIDTH, HEIGHT, 3);
    struct tenka_transformed got;
    tenka_status status = tenka_transform_parse(ctx, everything, &transform);
    if (status == TENKA_OK)
        status = tenka_transform_room_create(ctx, &room);
    for (uint32_t i = 0; i < 4 && status == TENKA_OK; i++)
        status =
            tenka_transform_apply(transform, room, &(struct tenka_transform_key){2, 0, i}, &picture, NULL, 0, &got);
    char *const text = status == TENKA_OK ? tenka_transform_print(transform) : NULL;
    if (status == TENKA_OK && text == NULL)
        status = TENKA_E_NOMEM;
    tenka_text_free(text);
    tenka_transform_room_destroy(&room);
    tenka_transform_destroy(&transform);
    return status;
}

static void test_memory(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    const int64_t live = tenka_alloc_live();
    assert_true(fail_each_allocation(ctx, parse_and_apply, ctx) > 15);
    assert_int_equal(tenka_alloc_live(), live);
    tenka_ctx_destroy(&ctx);
}

/* A room in which a larger picture found no memory makes smaller ones as before. */
static void test_room_after_failure(void **state)
{
    (void)state;
    static const char *const filters[] = {"nearest", "bilinear"};
    const struct tenka_transform_picture picture = picture_of(WIDTH, HEIGHT, 3);
    const struct tenka_transform_key key = {0};
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < 2; i++) {
        char text[64];
        snprintf(text, sizeof(text), "Resize((4, 5), interpolation=%s)", filters[i]);
        tenka_transform *small = parse(ctx, text);
        snprintf(text, sizeof(text), "Resize((40, 50), interpolation=%s)", filters[i]);
        tenka_transform *large = parse(ctx, text);
        tenka_status status = TENKA_E_NOMEM;
        for (uint64_t k = 1; status != TENKA_OK; k++) {
            tenka_transform_room *room = room_of(ctx);
            struct tenka_transformed got;
            uint8_t before[4 * 5 * 3];
            assert_int_equal(tenka_transform_apply(small, room, &key, &picture, before, sizeof(before), &got),
                             TENKA_OK);
            tenka_alloc_fail_at(k);
            status = tenka_transform_apply(large, room, &key, &picture, NULL, 0, &got);
            tenka_alloc_fail_at(0);
            assert_true(status == TENKA_OK ? k > 1 : status == TENKA_E_NOMEM);
            assert_int_equal(tenka_transform_apply(small, room, &key, &picture, NULL, 0, &got), TENKA_OK);
            assert_memory_equal(got.data, before, sizeof(before));
            tenka_transform_room_destroy(&room);
        }
        tenka_transform_destroy(&small);
        tenka_transform_destroy(&large);
    }
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_steps_draw_apart),
        cmocka_unit_test(test_philox),     cmocka_unit_test(test_threads),
        cmocka_unit_test(test_containers), cmocka_unit_test(test_erasing),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_unfit),
        cmocka_unit_test(test_room),       cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_memory),     cmocka_unit_test(test_narrow_middle),
        cmocka_unit_test(test_room_after_failure),
    };
    return cmocka_run_group_tests(tests, make_pixels, NULL);
}
