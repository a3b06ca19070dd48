/* Samples that are mixed: numbers against torchvision's (tests/golden/mixing.txt, made by tools/golden/mixing.py), and
 * what a loader does: partners and shares, from wherever its samples come, last batches, resuming, what is refused.
 *   test_mixing BACKEND GOLDEN-FILE */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <unistd.h>

#include "data/loader.h"
#include "graph/graph.h"

#define MAX_NUMBERS 1024
#define LINE_BYTES 65536

static const char *golden_path;

/* ---- Against torchvision ---- */

struct golden {
    char name[16];
    uint32_t count, channels, height, width, classes;
    double smoothing;
    struct tenka_mix drawn;
    uint8_t bytes[MAX_NUMBERS];
    int32_t labels[16];
    float mixed[MAX_NUMBERS], shares[MAX_NUMBERS], logits[MAX_NUMBERS];
    double loss, grad[MAX_NUMBERS];
};

static void read_hex(const char *text, size_t word, void *out)
{
    for (size_t i = 0; text[0] > ' '; i++, text += 2 * word) {
        unsigned bits;
        char digits[9] = "";
        memcpy(digits, text, 2 * word);
        assert_int_equal(sscanf(digits, "%x", &bits), 1);
        if (word == 1)
            ((uint8_t *)out)[i] = (uint8_t)bits;
        else
            ((uint32_t *)out)[i] = bits;
    }
}

static void read_reals(const char *text, double *out)
{
    for (char *end;; text = end) {
        const double value = strtod(text, &end);
        if (end == text)
            return;
        *out++ = value;
    }
}

static void read_line(char *line, struct golden *g)
{
    char *const rest = line + strcspn(line, " ") + 1;
    static double numbers[MAX_NUMBERS];
    rest[-1] = '\0';
    if (strcmp(line, "case") == 0)
        assert_int_equal(sscanf(rest, "%15s %u %u %u %u %u %lf", g->name, &g->count, &g->channels, &g->height,
                                &g->width, &g->classes, &g->smoothing),
                         7);
    else if (strcmp(line, "drawn") == 0)
        assert_int_equal(sscanf(rest, "%lf %u %u %u %u", &g->drawn.lambda, &g->drawn.left, &g->drawn.top,
                                &g->drawn.right, &g->drawn.bottom),
                         5);
    else if (strcmp(line, "bytes") == 0)
        read_hex(rest, 1, g->bytes);
    else if (strcmp(line, "mixed") == 0 || strcmp(line, "shares") == 0)
        read_hex(rest, 4, line[0] == 'm' ? g->mixed : g->shares);
    else if (strcmp(line, "labels") == 0 || strcmp(line, "logits") == 0) {
        read_reals(rest, numbers);
        for (size_t i = 0; i < g->count * (line[1] == 'a' ? 1 : g->classes); i++)
            if (line[1] == 'a')
                g->labels[i] = (int32_t)numbers[i];
            else
                g->logits[i] = (float)numbers[i];
    } else if (strcmp(line, "loss") == 0)
        read_reals(rest, &g->loss);
    else if (strcmp(line, "grad") == 0)
        read_reals(rest, g->grad);
    else
        fail_msg("a line of %s", line);
}

/* Bytes are normalised, and mixed with those of the image before. */
static tenka_tensor mixed_images(tenka_ctx *ctx, const struct golden *g, tenka_tensor partner)
{
    const struct tenka_shape shape = tenka_shape_of(g->count, g->channels, g->height, g->width);
    static const float mean[] = {0.45f, 0.45f, 0.45f}, std[] = {0.25f, 0.25f, 0.25f};
    const tenka_tensor x = tenka_normalize_bytes(tenka_input(ctx, TENKA_U8, shape, g->bytes),
                                                 tenka_input(ctx, TENKA_F32, tenka_shape_of(g->channels), mean),
                                                 tenka_input(ctx, TENKA_F32, tenka_shape_of(g->channels), std));
    return tenka_mix_samples(x, partner, &g->drawn);
}

/* On the CPU float32 has torchvision's bits; a GPU divides less exactly, and float64 mixes more so. */
static void compare(const struct target *target, const char *what, const float *got, const float *want, size_t n)
{
    const float bound = target->backend == TENKA_BACKEND_CPU ? 0 : 2e-6f;
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= bound))
            fail_msg("%s %zu: %.9g, torchvision has %.9g", what, i, (double)got[i], (double)want[i]);
}

static void check_golden(const struct target *target, const struct golden *g)
{
    tenka_ctx *ctx = open_target(target);
    static float got[MAX_NUMBERS];
    int32_t before[16];
    char text[64];
    double value;
    tenka_loss *loss;
    tenka_variable *logits;
    const size_t images = (size_t)g->count * g->channels * g->height * g->width, scores = g->count * g->classes;
    for (uint32_t i = 0; i < g->count; i++)
        before[i] = (int32_t)((i + g->count - 1) % g->count);
    snprintf(text, sizeof(text), "CrossEntropyLoss(label_smoothing=%g)", g->smoothing);
    must(ctx, tenka_loss_parse(ctx, text, &loss));
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(g->count, g->classes), g->logits, true, &logits));
    const tenka_tensor partner = tenka_input(ctx, TENKA_I32, tenka_shape_of(g->count), before);
    const tenka_tensor labels = tenka_input(ctx, TENKA_I32, tenka_shape_of(g->count), g->labels);
    const tenka_tensor x = mixed_images(ctx, g, partner);
    const struct tenka_mix share = {.lambda = g->drawn.lambda};
    const tenka_tensor shares = tenka_mix_samples(tenka_one_hot(labels, g->classes), partner, &share);
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_read(x, got, images * sizeof(float)));
    compare(target, "number", got, g->mixed, images);
    must(ctx, tenka_read(shares, got, scores * sizeof(float)));
    compare(target, "share", got, g->shares, scores);
    const tenka_tensor of = tenka_input(ctx, TENKA_F32, tenka_shape_of(g->count, g->classes), g->shares);
    const tenka_tensor y = tenka_loss_of(loss, tenka_value(logits), of);
    tenka_backward(y);
    const tenka_tensor grad = tenka_grad(logits);
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_item(y, &value));
    assert_true(fabs(value - g->loss) <= 2e-6 * fabs(g->loss));
    must(ctx, tenka_read(grad, got, scores * sizeof(float)));
    for (size_t i = 0; i < scores; i++)
        assert_true(fabs(got[i] - g->grad[i]) <= 1e-6);
    tenka_loss_destroy(&loss);
    tenka_variable_destroy(&logits);
    tenka_ctx_destroy(&ctx);
}

static void test_golden(void **state)
{
    FILE *const file = fopen(golden_path, "r");
    static char line[LINE_BYTES];
    static struct golden g;
    size_t cases = 0;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "end") != 0) {
            read_line(line, &g);
            continue;
        }
        check_golden(*state, &g);
        cases++;
    }
    fclose(file);
    assert_int_equal(cases, 12);
}

/* ---- A loader's batches ---- */

enum { SAMPLES = 11, BATCH = 4, BATCHES = 3, PLANES = 3, SIDE = 6, ROW = PLANES * SIDE * SIDE, CLASSES = 3, WIDE = 5 };

static tenka_dataset *make_data(tenka_ctx *ctx)
{
    uint8_t images[SAMPLES * ROW];
    int32_t labels[SAMPLES];
    tenka_dataset *data;
    for (size_t i = 0; i < sizeof(images); i++)
        images[i] = (uint8_t)(i * i / 3 + 7 * i);
    for (int32_t i = 0; i < SAMPLES; i++)
        labels[i] = i % CLASSES;
    must(ctx, tenka_dataset_create(ctx, images, labels, SAMPLES, PLANES, SIDE, SIDE, &data));
    return data;
}

static tenka_loader *make_loader(tenka_ctx *ctx, const tenka_dataset *data, double mixup, double cutmix,
                                 enum tenka_images_at at)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    params.batch_size = BATCH;
    params.shuffle = true;
    params.images_at = at;
    params.mixup = mixup;
    params.cutmix = cutmix;
    params.classes = WIDE;
    must(ctx, tenka_loader_create(ctx, data, &params, &loader));
    return loader;
}

struct batch {
    uint32_t size;
    float input[BATCH * ROW], share[BATCH * WIDE];
    int32_t target[BATCH];
};

static void take(tenka_ctx *ctx, tenka_loader *loader, bool mixed, struct batch *out)
{
    struct tenka_batch batch;
    memset(out, 0, sizeof(*out));
    tenka_variable *kept = NULL;
    must(ctx, tenka_loader_next(loader, &batch));
    must(ctx, tenka_keep(batch.target, &kept));
    must(ctx, tenka_step_end(ctx));
    out->size = batch.size;
    must(ctx, tenka_read(batch.input, out->input, batch.size * ROW * sizeof(float)));
    if (mixed)
        must(ctx, tenka_variable_read(kept, out->share, batch.size * WIDE * sizeof(float)));
    else
        must(ctx, tenka_variable_read(kept, out->target, batch.size * sizeof(int32_t)));
    tenka_variable_destroy(&kept);
}

/* What the batch becomes by what is drawn for it: on the host, in double. */
static void mix_plain(const struct batch *plain, const struct tenka_mix *mix, const int32_t *partner, struct batch *out)
{
    const bool pastes = mix->right > 0 || mix->bottom > 0;
    memset(out, 0, sizeof(*out));
    out->size = plain->size;
    for (uint32_t i = 0; i < plain->size; i++) {
        out->share[i * WIDE + plain->target[i]] += (float)mix->lambda;
        out->share[i * WIDE + plain->target[partner[i]]] += (float)(1 - mix->lambda);
        for (uint32_t k = 0; k < ROW; k++) {
            const uint32_t x = k % SIDE, y = k / SIDE % SIDE;
            const bool in = x >= mix->left && x < mix->right && y >= mix->top && y < mix->bottom;
            const double own = plain->input[i * ROW + k], other = plain->input[(uint32_t)partner[i] * ROW + k];
            out->input[i * ROW + k] =
                (float)(pastes ? in ? other : own : mix->lambda * own + (1 - mix->lambda) * other);
        }
    }
}

static void compare_batches(const struct batch *got, const struct batch *want)
{
    assert_int_equal(got->size, want->size);
    for (size_t i = 0; i < got->size * ROW; i++)
        assert_true(fabsf(got->input[i] - want->input[i]) <= 2e-6f);
    for (size_t i = 0; i < got->size * WIDE; i++)
        assert_true(fabsf(got->share[i] - want->share[i]) <= 2e-6f);
}

/* Each batch is what one without mixing becomes by tenka_mix_draw's numbers, the smaller last one too. */
static void check_loader(const struct target *target, double mixup, double cutmix, enum tenka_images_at at)
{
    tenka_ctx *ctx = open_target(target), *other = open_target(target);
    tenka_dataset *data = make_data(ctx), *same = make_data(other);
    tenka_loader *mixing = make_loader(ctx, data, mixup, cutmix, at);
    tenka_loader *plain = make_loader(other, same, 0, 0, TENKA_IMAGES_DEVICE);
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        for (uint32_t i = 0; i < BATCHES; i++) {
            struct batch got, bare, want;
            struct tenka_loader_state at_now;
            struct tenka_mix mix;
            int32_t partner[BATCH];
            take(ctx, mixing, true, &got);
            take(other, plain, false, &bare);
            tenka_loader_get_state(mixing, &at_now);
            must(ctx, tenka_mix_draw(ctx, mixup > 0 ? mixup : cutmix, mixup > 0 ? 0 : SIDE, mixup > 0 ? 0 : SIDE,
                                     at_now.epoch_seed, 0, i, bare.size, partner, &mix));
            mix_plain(&bare, &mix, partner, &want);
            compare_batches(&got, &want);
        }
        assert_int_equal(tenka_loader_next(mixing, &(struct tenka_batch){0}), TENKA_END);
        assert_int_equal(tenka_loader_next(plain, &(struct tenka_batch){0}), TENKA_END);
    }
    tenka_loader_destroy(&mixing);
    tenka_loader_destroy(&plain);
    tenka_dataset_destroy(&data);
    tenka_dataset_destroy(&same);
    tenka_ctx_destroy(&ctx);
    tenka_ctx_destroy(&other);
}

static void test_loader(void **state)
{
    check_loader(*state, 0.4, 0, TENKA_IMAGES_DEVICE);
    check_loader(*state, 0.4, 0, TENKA_IMAGES_HOST);
    check_loader(*state, 0, 1, TENKA_IMAGES_DEVICE);
    check_loader(*state, 0, 1, TENKA_IMAGES_HOST);
}

/* Batches from number `from` of the second epoch on. */
static void run(const struct target *target, enum tenka_images_at at, const struct tenka_loader_state *from,
                struct tenka_loader_state *middle, struct batch out[2 * BATCHES])
{
    tenka_ctx *ctx = open_target(target);
    tenka_dataset *data = make_data(ctx);
    tenka_loader *loader = make_loader(ctx, data, 1, 1, at);
    if (from != NULL)
        must(ctx, tenka_loader_set_state(loader, from));
    for (int i = from != NULL ? BATCHES + 1 : 0; i < 2 * BATCHES; i++) {
        if (i == BATCHES + 1 && middle != NULL)
            tenka_loader_get_state(loader, middle);
        take(ctx, loader, true, &out[i]);
        if (i % BATCHES == BATCHES - 1)
            assert_int_equal(tenka_loader_next(loader, &(struct tenka_batch){0}), TENKA_END);
    }
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* The bits are those of an unbroken run, and do not depend on where the images lie. */
static void test_resumed(void **state)
{
    static struct batch whole[2 * BATCHES], hosted[2 * BATCHES], resumed[2 * BATCHES];
    struct tenka_loader_state middle;
    run(*state, TENKA_IMAGES_DEVICE, NULL, &middle, whole);
    run(*state, TENKA_IMAGES_HOST, NULL, NULL, hosted);
    run(*state, TENKA_IMAGES_HOST, &middle, NULL, resumed);
    assert_memory_equal(whole, hosted, sizeof(whole));
    assert_memory_equal(whole + BATCHES + 1, resumed + BATCHES + 1, (BATCHES - 1) * sizeof(whole[0]));
    assert_memory_not_equal(whole, whole + BATCHES, sizeof(whole[0]));
}

/* Of both, one is drawn, either as often: of images of one pixel cutmix leaves all. */
static void test_both(void **state)
{
    enum { EPOCHS = 400 };
    tenka_ctx *ctx = open_target(*state);
    const uint8_t images[2] = {77, 77};
    const int32_t labels[2] = {0, 1};
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_dataset *data;
    tenka_loader *loader;
    int blended = 0;
    must(ctx, tenka_dataset_create(ctx, images, labels, 2, 1, 1, 1, &data));
    params.batch_size = 2;
    params.mixup = params.cutmix = 1;
    must(ctx, tenka_loader_create(ctx, data, &params, &loader));
    for (int i = 0; i < EPOCHS; i++) {
        struct tenka_batch batch;
        float share[4];
        must(ctx, tenka_loader_next(loader, &batch));
        must(ctx, tenka_step_end(ctx));
        must(ctx, tenka_read(batch.target, share, sizeof(share)));
        assert_true(share[0] + share[1] > 0.999f && share[0] + share[1] < 1.001f);
        blended += share[0] > 1e-4f && share[0] < 1 - 1e-4f;
        assert_int_equal(tenka_loader_next(loader, &batch), TENKA_END);
    }
    /* Half of the batches are blended, and in half of those each sample is mixed with itself. */
    assert_true(fabs(blended - EPOCHS / 4.0) < 5 * sqrt(EPOCHS * 0.25 * 0.75));
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* A step with a batch that is mixed needs the images twice. */
static void test_memory(void **state)
{
    const struct target *const target = *state;
    tenka_ctx *ctx = open_target(target);
    struct tenka_memory_fit plain = TENKA_MEMORY_FIT_DEFAULTS, mixed = TENKA_MEMORY_FIT_DEFAULTS;
    tenka_dataset *data = make_data(ctx);
    tenka_module *net;
    tenka_loss *loss;
    tenka_optimizer *opt;
    must(ctx, tenka_nn_parse(ctx, "Flatten() Linear(108, 5)", &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    must(ctx, tenka_loss_parse(ctx, "CrossEntropyLoss()", &loss));
    mixed.mixes = true;
    mixed.classes = WIDE;
    must(ctx, tenka_memory_fits_data(net, opt, data, 1000, loss, &plain));
    must(ctx, tenka_memory_fits_data(net, opt, data, 1000, loss, &mixed));
    assert_true(plain.fits && mixed.fits);
    const size_t real = target->backend == TENKA_BACKEND_CPU_F64 ? sizeof(double) : sizeof(float);
    assert_true(mixed.needed >= 2 * 1000 * ROW * real && plain.needed < 2 * 1000 * ROW * real);
    mixed.classes = 2;
    assert_int_equal(tenka_memory_fits_data(net, opt, data, 1000, loss, &mixed), TENKA_E_INVALID);
    tenka_loss_destroy(&loss);
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&ctx);
}

/* ---- What is refused ---- */

static void fails(tenka_ctx *ctx, const tenka_dataset *data, double mixup, double cutmix, uint32_t classes,
                  const char *part)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    params.mixup = mixup;
    params.cutmix = cutmix;
    params.classes = classes;
    assert_fails(ctx, tenka_loader_create(ctx, data, &params, &loader), TENKA_E_INVALID, part);
}

/* A file of four rows, of as many numbers as are given. */
static void write_array(const char *path, const char *descr, size_t columns, const void *data, size_t bytes)
{
    char header[128 - 10 + 1];
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    snprintf(header, sizeof(header),
             columns == 1 ? "{'descr': '%s', 'fortran_order': False, 'shape': (4,), }"
                          : "{'descr': '%s', 'fortran_order': False, 'shape': (4, %zu), }",
             descr, columns);
    fprintf(file, "\x93NUMPY%c%c%c%c%-117s\n", 1, 0, 118, 0, header);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}

/* Four samples of two numbers. */
static tenka_dataset *make_arrays(tenka_ctx *ctx, const int64_t *targets, size_t columns)
{
    static const float numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    char folder[] = "/tmp/tenka-mixing-XXXXXX", input[64], output[64];
    tenka_dataset *data;
    assert_non_null(mkdtemp(folder));
    snprintf(input, sizeof(input), "%s/x.npy", folder);
    snprintf(output, sizeof(output), "%s/y.npy", folder);
    write_array(input, "<f4", 2, numbers, sizeof(numbers));
    write_array(output, "<i8", columns, targets, 4 * columns * sizeof(targets[0]));
    must(ctx, tenka_dataset_load_npy(ctx, input, output, &data));
    unlink(input);
    unlink(output);
    rmdir(folder);
    return data;
}

static void test_refused(void **state)
{
    static const int64_t ignored[4] = {0, 1, -100, 2};
    static const int64_t several[8] = {0, 1, 1, 0, 1, 0, 1, 0};
    static const struct tenka_mix wrong[] = {{.lambda = 1.5}, {.lambda = NAN}, {0.5, 0, 0, 7, 6}, {0.5, 3, 0, 2, 6}};
    tenka_ctx *ctx = open_target(*state);
    tenka_dataset *images = make_data(ctx);
    tenka_dataset *arrays = make_arrays(ctx, ignored, 1);
    tenka_dataset *places = make_arrays(ctx, several, 2);
    const int32_t partner[1] = {0};
    const float image[36] = {0};
    fails(ctx, images, -1, 0, 0, "alpha is -1 for mixup");
    fails(ctx, images, NAN, 0, 0, "alpha is nan for mixup");
    fails(ctx, images, 0, 2e6, 0, "expected 0 to 1e6");
    fails(ctx, images, 1, 0, 2, "targets of 3 classes are to be mixed as shares of 2");
    fails(ctx, arrays, 1, 0, 0, "the target of sample 2, -100, is no class");
    fails(ctx, arrays, 0, 1, 0, "cutmix is for samples of channels x height x width, and these have 1 axes");
    fails(ctx, places, 1, 0, 0, "several classes each cannot be mixed");
    must(ctx, tenka_dataset_set_input_whole(places));
    fails(ctx, places, 1, 0, 0, "whole numbers that a network looks up cannot be mixed");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        tenka_mix_samples(tenka_input(ctx, TENKA_F32, tenka_shape_of(1, 1, 6, 6), image),
                          tenka_input(ctx, TENKA_I32, tenka_shape_of(1), partner), &wrong[i]);
        assert_int_equal(tenka_step_end(ctx), TENKA_E_INVALID);
        assert_non_null(strstr(tenka_last_error(ctx), "not within 0 .. 1 and 6x6"));
    }
    tenka_dataset_destroy(&images);
    tenka_dataset_destroy(&arrays);
    tenka_dataset_destroy(&places);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_loader), cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_both),   cmocka_unit_test(test_memory), cmocka_unit_test(test_refused),
    };
    golden_path = argc > 2 ? argv[2] : "";
    RUN_ON_TARGETS(argc, argv, tests);
}
