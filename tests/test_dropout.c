/* Masks of dropout: PyTorch's on the CPU, bit for bit, and Philox's, the same on every device.
 *   test_dropout cpu|cpu-f64|vulkan GOLDEN-FILE     made by tools/golden/dropout.py */
#include "graph/graph.h"
#include "inputs.h"
#include "support.h"

#define MAX_COUNT 1001

static const char *golden_path;

struct golden {
    unsigned long long seed, next;
    uint32_t count, hash32, hash64;
    double p;
};

static tenka_ctx *open_mask(const struct target *target, enum tenka_dropout_mask mask)
{
    struct target with = *target;
    with.dropout_mask = mask;
    return open_target(&with);
}

/* Dropout of 1, 2, 3, ... as double, which holds both devices' reals. */
static void drop(tenka_ctx *ctx, uint32_t count, double p, double *y)
{
    float x[MAX_COUNT];
    tenka_variable *kept = NULL;
    for (uint32_t i = 0; i < count; i++)
        x[i] = (float)(i + 1);
    must(ctx, tenka_keep(tenka_dropout(tenka_input(ctx, TENKA_F32, tenka_shape_of(count), x), p), &kept));
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_variable_read_f64(kept, y, count));
    tenka_variable_destroy(&kept);
}

static uint32_t hash32(const double *y, uint32_t count)
{
    uint32_t hash = FNV_BEGIN;
    for (uint32_t i = 0; i < count; i++)
        hash = fnv(hash, &(float){(float)y[i]}, sizeof(float));
    return hash;
}

static void check_golden(const struct target *target, tenka_ctx *ctx, const struct golden *g)
{
    double y[MAX_COUNT];
    tenka_manual_seed(ctx, g->seed);
    drop(ctx, g->count, g->p, y);
    const bool wide = target->backend == TENKA_BACKEND_CPU_F64;
    const uint32_t hash = wide ? fnv(FNV_BEGIN, y, g->count * sizeof(*y)) : hash32(y, g->count);
    if (hash != (wide ? g->hash64 : g->hash32))
        fail_msg("%u elements, p = %.17g: %08x, PyTorch %08x", g->count, g->p, hash, wide ? g->hash64 : g->hash32);
    if (tenka_rng_u63(tenka_ctx_rng(ctx)) != g->next)
        fail_msg("%u elements, p = %.17g: another number of draws than PyTorch", g->count, g->p);
}

static void test_pytorch_masks(void **state)
{
    char line[256];
    struct golden g;
    size_t checked = 0;
    tenka_ctx *ctx = open_mask(*state, TENKA_DROPOUT_TORCH);
    FILE *file = fopen(golden_path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "dropout %llu %u %lf %x %x %llu", &g.seed, &g.count, &g.p, &g.hash32, &g.hash64, &g.next) ==
            6) {
            check_golden(*state, ctx, &g);
            checked++;
        }
    fclose(file);
    assert_int_equal(checked, 72);
    tenka_ctx_destroy(&ctx);
}

/* The CPU draws PyTorch's masks when nothing is said, Vulkan does not. */
static void test_default(void **state)
{
    const struct target *target = *state;
    double have[MAX_COUNT], torch[MAX_COUNT];
    tenka_ctx *a = open_mask(target, TENKA_DROPOUT_AUTO), *b = open_mask(target, TENKA_DROPOUT_TORCH);
    drop(a, MAX_COUNT, 0.5, have);
    drop(b, MAX_COUNT, 0.5, torch);
    assert_int_equal(memcmp(have, torch, sizeof(have)) == 0, target->backend != TENKA_BACKEND_VULKAN);
    tenka_ctx_destroy(&a);
    tenka_ctx_destroy(&b);
}

static void test_philox_is_the_same_everywhere(void **state)
{
    static const struct target f64 = {.backend = TENKA_BACKEND_CPU_F64, .label = "cpu-f64"};
    double have[MAX_COUNT], want[MAX_COUNT];
    size_t dropped = 0;
    tenka_ctx *a = open_mask(*state, TENKA_DROPOUT_PHILOX), *b = open_mask(&f64, TENKA_DROPOUT_PHILOX);
    for (int call = 0; call < 3; call++) {
        drop(a, MAX_COUNT, 0.3, have);
        drop(b, MAX_COUNT, 0.3, want);
        for (size_t i = 0; i < MAX_COUNT; i++) {
            assert_true((have[i] == 0) == (want[i] == 0));
            dropped += have[i] == 0;
        }
    }
    assert_in_range(dropped, 800, 1000); /* of 3003, 901 expected, with a deviation of 25 */
    tenka_ctx_destroy(&a);
    tenka_ctx_destroy(&b);
}

/* The gradient has the mask of the forward pass. */
static void test_gradient(void **state)
{
    float ones[100], y[100], g[100];
    for (size_t i = 0; i < 100; i++)
        ones[i] = 1;
    for (enum tenka_dropout_mask mask = TENKA_DROPOUT_TORCH; mask <= TENKA_DROPOUT_PHILOX; mask++) {
        tenka_ctx *ctx = open_mask(*state, mask);
        tenka_variable *x = NULL, *out = NULL, *grad = NULL;
        must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(100), ones, true, &x));
        const tenka_tensor dropped = tenka_dropout(tenka_value(x), 0.25);
        must(ctx, tenka_keep(dropped, &out));
        tenka_backward(tenka_sum(dropped, TENKA_ALL_AXES, false));
        must(ctx, tenka_keep(tenka_grad(x), &grad));
        must(ctx, tenka_step_end(ctx));
        must(ctx, tenka_variable_read(out, y, sizeof(y)));
        must(ctx, tenka_variable_read(grad, g, sizeof(g)));
        assert_memory_equal(y, g, sizeof(y));
        tenka_variable_destroy(&x);
        tenka_variable_destroy(&out);
        tenka_variable_destroy(&grad);
        tenka_ctx_destroy(&ctx);
    }
}

/* Neither evaluation nor a check of shapes draws anything. */
static void test_no_draws(void **state)
{
    tenka_ctx *ctx = open_mask(*state, TENKA_DROPOUT_TORCH);
    tenka_module *net = NULL;
    float x[4] = {1, 2, 3, 4}, y[4];
    must(ctx, tenka_nn_parse(ctx, "Dropout(0.5) Dropout(0.25)", &net));
    const struct tenka_rng before = *tenka_ctx_rng(ctx);
    must(ctx, tenka_module_check(net, tenka_shape_of(1000, 1000, 1000), NULL));
    tenka_module_train(net, false);
    tenka_no_grad_begin(ctx);
    const tenka_tensor in = tenka_input(ctx, TENKA_F32, tenka_shape_of(4), x);
    must(ctx, tenka_read(tenka_scale(tenka_forward(net, in), 1), y, sizeof(y)));
    tenka_no_grad_end(ctx);
    assert_memory_equal(x, y, sizeof(x));
    assert_memory_equal(&before, tenka_ctx_rng(ctx), sizeof(before));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Host masks beyond the inputs' limit: fine on the CPU, refused where each recording would hold a copy. */
static void test_large_mask(void **state)
{
    const struct target *target = *state;
    tenka_ctx *ctx = open_mask(target, TENKA_DROPOUT_TORCH);
    tenka_variable *x = NULL;
    double sum;
    const struct tenka_shape shape = tenka_shape_of(17, 1024, 1024);
    must(ctx, tenka_variable_create(ctx, TENKA_F32, shape, NULL, false, &x));
    const tenka_tensor y = tenka_sum(tenka_dropout(tenka_value(x), 0.5), TENKA_ALL_AXES, false);
    if (target->backend == TENKA_BACKEND_VULKAN) {
        assert_fails(ctx, tenka_step_end(ctx), TENKA_E_INVALID, "draw dropout's masks by Philox");
    } else {
        must(ctx, tenka_step_end(ctx));
        must(ctx, tenka_item(y, &sum));
        assert_true(sum == 0);
    }
    tenka_variable_destroy(&x);
    tenka_ctx_destroy(&ctx);
}

static void test_unknown_mask(void **state)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    (void)state;
    params.dropout_mask = (enum tenka_dropout_mask)7;
    assert_fails(NULL, tenka_ctx_create(&params, &ctx), TENKA_E_INVALID, "7 is no way to draw dropout's masks");
    assert_null(ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pytorch_masks),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_philox_is_the_same_everywhere),
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_no_draws),
        cmocka_unit_test(test_large_mask),
        cmocka_unit_test(test_unknown_mask),
    };
    if (argc != 3) {
        fprintf(stderr, "usage: test_dropout cpu|cpu-f64|vulkan GOLDEN-FILE\n");
        return EXIT_FAILURE;
    }
    golden_path = argv[2];
    RUN_ON_TARGETS(argc, argv, tests);
}
