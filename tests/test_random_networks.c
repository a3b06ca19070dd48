/* Networks of random layers: two steps of SGD on a device that fuses their kernels as it likes leave the same state as
 * on the f64 CPU, which fuses nothing.
 *   test_random_networks [cpu|vulkan [NETWORKS]] */
#include "support.h"

#include "core/core.h"

#define STEPS 2
#define IMAGES 3
#define CHANNELS 2
#define SIDE 8
#define CLASSES 5
#define MOST_STATE 128
#define MOST_NUMBERS 20000

/* Activations, some of which layers take over, and some that are kept apart. */
static const char *const activations[] = {
    "ReLU()",     "ReLU()",     "Tanh()",      "Sigmoid()", "SiLU()",  "GELU()",
    "Softplus()", "Hardtanh()", "LeakyReLU()", "ELU()",     "ReLU6()", "Softsign()",
};

static const uint32_t labels[IMAGES] = {3, 0, 4};

static uint32_t networks = 12;

/* ---- Texts ---- */

/* A network that is being written, and the shape of what it makes. */
struct draft {
    char text[2048];
    size_t at;
    uint32_t state, channels, side;
};

/* Xorshift; source: G. Marsaglia (2003). */
static uint32_t draw(struct draft *d, uint32_t n)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 17;
    d->state ^= d->state << 5;
    return d->state % n;
}

static void put(struct draft *d, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    d->at += (size_t)vsnprintf(d->text + d->at, sizeof(d->text) - d->at, format, list);
    va_end(list);
    assert_true(d->at < sizeof(d->text));
}

static void put_activation(struct draft *d)
{
    put(d, "%s, ", activations[draw(d, sizeof(activations) / sizeof(*activations))]);
}

/* Some with a normalisation behind them; none of few numbers, or of what is normalised, where floats lose their
 * digits. */
static void put_conv(struct draft *d)
{
    const uint32_t out = 1 + draw(d, 5), kernel = 1 + 2 * draw(d, 2);
    put(d, "Conv2d(%u, %u, %u, padding=%u), ", d->channels, out, kernel, kernel / 2);
    d->channels = out;
    if (d->side >= 4 && draw(d, 2) == 0)
        put(d, "BatchNorm2d(%u), ", out);
}

/* Windows that overlap or not. */
static void put_pool(struct draft *d)
{
    const uint32_t kernel = 2 + draw(d, 2);
    if (d->side < 4)
        return;
    put(d, "MaxPool2d(%u, stride=2), ", kernel);
    d->side = (d->side - kernel) / 2 + 1;
}

static void put_image_layer(struct draft *d)
{
    switch (draw(d, 5)) {
    case 0:
    case 1: put_conv(d); break;
    case 2: put_pool(d); break;
    default: put_activation(d);
    }
}

static void write_network(struct draft *d, uint32_t number)
{
    *d = (struct draft){.state = 2463534242u + number, .channels = CHANNELS, .side = SIDE};
    for (int i = 0; i < 8; i++)
        draw(d, 2); /* neighbouring seeds begin alike */
    put(d, "Sequential(");
    put_conv(d);
    for (uint32_t n = 2 + draw(d, 5); n > 0; n--)
        put_image_layer(d);
    put(d, "Flatten(), ");
    uint32_t width = d->channels * d->side * d->side;
    for (uint32_t n = draw(d, 4); n > 0; n--) {
        const bool linear = draw(d, 2) == 0;
        if (linear)
            put(d, "Linear(%u, 7), ", width);
        else
            put_activation(d);
        width = linear ? 7 : width;
    }
    put(d, "Linear(%u, %u))", width, CLASSES);
}

/* ---- Running ---- */

static tenka_tensor loss_of(tenka_ctx *ctx, tenka_module *net)
{
    float images[IMAGES * CHANNELS * SIDE * SIDE];
    for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++)
        images[i] = (float)sin(0.3 + 1.7 * (double)i);
    const tenka_tensor x = tenka_input(ctx, TENKA_F32, tenka_shape_of(IMAGES, CHANNELS, SIDE, SIDE), images);
    return tenka_cross_entropy(tenka_forward(net, x), tenka_input(ctx, TENKA_I32, tenka_shape_of(IMAGES), labels));
}

/* Parameters and running statistics, one behind the other. */
static size_t read_state(tenka_ctx *ctx, tenka_module *net, double *values)
{
    struct tenka_state_entry entries[MOST_STATE];
    const size_t n = tenka_module_state(net, entries, MOST_STATE);
    size_t at = 0;
    assert_true(n <= MOST_STATE);
    for (size_t i = 0; i < n; i++) {
        if (entries[i].var == NULL)
            continue;
        const struct tenka_shape shape = tenka_variable_shape(entries[i].var);
        const size_t count = (size_t)tenka_shape_count(&shape);
        assert_true(at + count <= MOST_NUMBERS);
        must(ctx, tenka_variable_read_f64(entries[i].var, values + at, count));
        at += count;
    }
    return at;
}

static size_t train(const struct target *target, const char *text, double *values)
{
    tenka_ctx *ctx = open_target(target);
    struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    tenka_module *net;
    tenka_optimizer *sgd;
    params.lr = 0.05;
    tenka_manual_seed(ctx, 1);
    must(ctx, tenka_nn_parse(ctx, text, &net));
    must(ctx, tenka_sgd_create(ctx, net, &params, &sgd));
    for (int i = 0; i < STEPS; i++) {
        tenka_backward(loss_of(ctx, net));
        must(ctx, tenka_optimizer_step(sgd));
    }
    const size_t n = read_state(ctx, net, values);
    tenka_optimizer_destroy(&sgd);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    return n;
}

static void test_same_state(void **state)
{
    const struct target f64 = {.backend = TENKA_BACKEND_CPU_F64, .label = "cpu-f64"};
    static double got[MOST_NUMBERS], want[MOST_NUMBERS];
    static struct draft d;
    for (uint32_t number = 0; number < networks; number++) {
        write_network(&d, number);
        const size_t n = train(&f64, d.text, want);
        assert_int_equal(train(*state, d.text, got), n);
        for (size_t i = 0; i < n; i++)
            if (!(fabs(got[i] - want[i]) <= 1e-4 * (1 + fabs(want[i]))))
                fail_msg("%s: element %zu is %.9g, not %.9g", d.text, i, got[i], want[i]);
    }
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_same_state)};
    if (argc > 2)
        networks = (uint32_t)strtoul(argv[2], NULL, 10);
    RUN_ON_TARGETS(argc, argv, tests);
}
