/* Where numbers stop being finite: each kind of it, in the layer where it begins.   test_finite [cpu|cpu-f64|vulkan] */
#include "support.h"

/* A training step up to the update, looked at, and then dropped. */
static struct tenka_nonfinite check(tenka_ctx *ctx, tenka_module *net, const float x[4], float target)
{
    struct tenka_nonfinite out = TENKA_NONFINITE_DEFAULTS;
    const float t[2] = {target, target};
    const tenka_tensor y = tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 2), x));
    const tenka_tensor loss = tenka_mse_loss(y, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 1), t));
    tenka_backward(loss);
    must(ctx, tenka_check_finite(net, loss, &out));
    tenka_step_discard(ctx);
    return out;
}

static void fill(tenka_ctx *ctx, tenka_module *net, const char *name, float value)
{
    float values[4];
    tenka_variable *const var = tenka_module_find(net, name);
    const struct tenka_shape shape = tenka_variable_shape(var);
    const size_t count = shape.dim[0] * (shape.rank > 1 ? shape.dim[1] : 1);
    for (size_t i = 0; i < count; i++)
        values[i] = value;
    must(ctx, tenka_variable_write(var, values, count * sizeof(float)));
}

static void is(const struct tenka_nonfinite *bad, enum tenka_nonfinite_kind kind, const char *layer, const char *name,
               uint64_t count, uint64_t elements)
{
    assert_int_equal(bad->kind, kind);
    assert_string_equal(bad->layer, layer);
    assert_string_equal(bad->name, name);
    assert_int_equal(bad->bad, count);
    assert_int_equal(bad->elements, elements);
}

static tenka_module *make(tenka_ctx *ctx)
{
    static const char text[] = "Net((body): Sequential((0): Linear(2, 2) (1): ReLU()) (head): Linear(2, 1))";
    tenka_module *net;
    must(ctx, tenka_nn_parse(ctx, text, &net));
    fill(ctx, net, "body.0.weight", 1);
    fill(ctx, net, "body.0.bias", 0);
    fill(ctx, net, "head.weight", 1);
    fill(ctx, net, "head.bias", 0);
    return net;
}

static void test_kinds(void **state)
{
    const struct target *target = *state;
    const bool f64 = target->backend == TENKA_BACKEND_CPU_F64;
    static const float good[4] = {1, 2, 3, 4}, infinite[4] = {1, 2, INFINITY, 4};
    tenka_ctx *ctx = open_target(target);
    tenka_module *net = make(ctx);
    struct tenka_nonfinite bad = check(ctx, net, good, 0);
    is(&bad, TENKA_FINITE, "", "", 0, 0);
    assert_true(bad.loss == (6.0 * 6 + 14.0 * 14) / 2);
    fill(ctx, net, "head.weight", NAN);
    bad = check(ctx, net, good, 0);
    is(&bad, TENKA_NONFINITE_PARAMETER, "head", "weight", 2, 2);
    assert_string_equal(bad.class_name, "Linear");
    assert_true(isnan(bad.loss));
    fill(ctx, net, "head.weight", 1);
    bad = check(ctx, net, infinite, 0);
    is(&bad, TENKA_NONFINITE_OUTPUT, "body.0", "", 2, 4);
    bad = check(ctx, net, good, NAN);
    is(&bad, TENKA_NONFINITE_LOSS, "", "", 1, 1);
    /* The loss is (w x)^2 with w x = 4e5, its gradient of the order of 4e5 * 1e35. */
    static const float large[4] = {1e35f, 1e35f, 1e35f, 1e35f};
    fill(ctx, net, "body.0.weight", 1e-30f);
    bad = check(ctx, net, large, 0);
    is(&bad, f64 ? TENKA_FINITE : TENKA_NONFINITE_GRADIENT, f64 ? "" : "body.0", f64 ? "" : "weight", f64 ? 0 : 4,
       f64 ? 0 : 4);
    assert_true(isfinite(bad.loss));
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

/* Looked at before each update, a training comes to the same weights. */
static void test_unchanged(void **state)
{
    static const float x[4] = {1, 2, -3, 4}, t[2] = {1, 2};
    float weights[2][4];
    for (int look = 0; look < 2; look++) {
        tenka_ctx *ctx = open_target(*state);
        tenka_module *net = make(ctx);
        tenka_optimizer *opt;
        must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
        for (int i = 0; i < 5; i++) {
            struct tenka_nonfinite out = TENKA_NONFINITE_DEFAULTS;
            const tenka_tensor y = tenka_forward(net, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 2), x));
            const tenka_tensor loss = tenka_mse_loss(y, tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 1), t));
            tenka_backward(loss);
            if (look)
                must(ctx, tenka_check_finite(net, loss, &out));
            must(ctx, tenka_optimizer_step(opt));
        }
        must(ctx, tenka_variable_read(tenka_module_find(net, "body.0.weight"), weights[look], sizeof(weights[look])));
        tenka_optimizer_destroy(&opt);
        tenka_module_destroy(&net);
        tenka_ctx_destroy(&ctx);
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(fabsf(weights[0][i] - weights[1][i]) <= 1e-6f);
}

static void test_mistakes(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_module *net = make(ctx);
    struct tenka_nonfinite out = TENKA_NONFINITE_DEFAULTS;
    assert_int_equal(tenka_last_status(ctx), TENKA_OK);
    assert_int_equal(tenka_check_finite(net, TENKA_NONE, &out), TENKA_E_INVALID);
    assert_int_equal(tenka_last_status(ctx), TENKA_E_INVALID);
    out.size = 1;
    assert_int_equal(tenka_check_finite(net, TENKA_NONE, &out), TENKA_E_INVALID);
    assert_int_equal(tenka_check_finite(NULL, TENKA_NONE, &out), TENKA_E_INVALID);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds), cmocka_unit_test(test_unchanged),
                                 cmocka_unit_test(test_mistakes)};
    RUN_ON_TARGETS(argc, argv, tests);
}
