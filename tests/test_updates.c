/* Optimizers that update within a step, tensors that no gradient passes, and tensors of one number.
 *   test_updates [cpu|cpu-f64|vulkan] */
#include "graph/graph.h"
#include "support.h"

#define N 4

static const float one_to_four[N] = {1, 2, 3, 4}, signs[N] = {1, -1, 2, -2};

static tenka_variable *new_variable(tenka_ctx *ctx, const float data[N])
{
    tenka_variable *var;
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(N), data, true, &var));
    return var;
}

static tenka_optimizer *new_optimizer(tenka_ctx *ctx, const char *text, tenka_variable *var)
{
    struct tenka_optimizer_params params = TENKA_OPTIMIZER_DEFAULTS;
    tenka_optimizer *opt;
    must(ctx, tenka_optimizer_read(ctx, text, &params));
    must(ctx, tenka_optimizer_create(ctx, NULL, &params, &opt));
    must(ctx, tenka_optimizer_add_group(opt, &var, 1, NULL, NULL));
    return opt;
}

static tenka_tensor total(tenka_tensor x)
{
    return tenka_sum(x, TENKA_ALL_AXES, false);
}

static tenka_tensor squares(tenka_variable *var)
{
    return total(tenka_square(tenka_value(var)));
}

static void assert_near(const float have[N], const double want[N])
{
    for (int i = 0; i < N; i++)
        if (!(fabs((double)have[i] - want[i]) <= 2e-6 * (1 + fabs(want[i]))))
            fail_msg("element %d is %.9g, but should be %.9g", i, (double)have[i], want[i]);
}

static void assert_values(tenka_variable *var, double a, double b, double c, double d)
{
    float have[N];
    must(tenka_variable_ctx(var), tenka_variable_read(var, have, sizeof(have)));
    assert_near(have, (const double[N]){a, b, c, d});
}

static void assert_same(tenka_variable *have, tenka_variable *want)
{
    float numbers[N];
    must(tenka_variable_ctx(want), tenka_variable_read(want, numbers, sizeof(numbers)));
    assert_values(have, (double)numbers[0], (double)numbers[1], (double)numbers[2], (double)numbers[3]);
}

/* ---- Tensors ---- */

static void test_detach(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *w = new_variable(ctx, one_to_four), *grad = NULL;
    float have[N];
    int32_t whole[N] = {7, -3, 0, 2}, same[N];
    const tenka_tensor v = tenka_value(w), frozen = tenka_detach(tenka_scale(v, 2));
    const tenka_tensor numbers = tenka_detach(tenka_input(ctx, TENKA_I32, tenka_shape_of(N), whole));
    tenka_backward(total(tenka_mul(v, frozen)));
    must(ctx, tenka_keep(tenka_grad(w), &grad));
    must(ctx, tenka_step_end(ctx));
    assert_values(grad, 2, 4, 6, 8);
    must(ctx, tenka_read(numbers, same, sizeof(same)));
    assert_memory_equal(same, whole, sizeof(same));
    tenka_backward(total(tenka_detach(tenka_value(w))));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_INVALID);
    assert_non_null(strstr(tenka_last_error(ctx), "depends on no variable"));
    tenka_no_grad_begin(ctx);
    must(ctx, tenka_read(tenka_detach(tenka_value(w)), have, sizeof(have)));
    tenka_no_grad_end(ctx);
    assert_near(have, (const double[N]){1, 2, 3, 4});
    assert_false(tenka_tensor_valid(tenka_detach(TENKA_NONE)));
    tenka_variable_destroy(&grad);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

static void test_full(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *sum = NULL;
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    for (int i = 0; i < 3; i++) {
        const tenka_tensor x = tenka_full(ctx, tenka_shape_of(N), 0.5 * i);
        must(ctx, tenka_keep(tenka_add(x, tenka_full(ctx, tenka_shape_of(1), -1)), &sum));
        must(ctx, tenka_step_end(ctx));
        assert_values(sum, 0.5 * i - 1, 0.5 * i - 1, 0.5 * i - 1, 0.5 * i - 1);
    }
    tenka_ctx_stats(ctx, &stats);
    assert_int_equal(stats.plans_made, 1);
    assert_false(tenka_tensor_valid(tenka_full(ctx, tenka_shape_of(0), 1)));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_SHAPE);
    tenka_variable_destroy(&sum);
    tenka_ctx_destroy(&ctx);
}

/* ---- Updates ---- */

/* Three updates in a step are those of three steps, and one plan serves all such steps. */
static void test_as_steps(void **state)
{
    static const char *const texts[] = {"SGD(lr=0.1, momentum=0.9)", "Adam(lr=0.1)", "NAdam(lr=0.1)", "Lamb(lr=0.1)"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tenka_ctx *ctx = open_target(*state);
        tenka_variable *a = new_variable(ctx, one_to_four), *b = new_variable(ctx, one_to_four);
        tenka_optimizer *once = new_optimizer(ctx, texts[i], a), *within = new_optimizer(ctx, texts[i], b);
        for (int k = 0; k < 6; k++) {
            tenka_backward(squares(a));
            must(ctx, tenka_optimizer_step(once));
        }
        for (int k = 0; k < 6; k++) {
            tenka_backward(squares(b));
            tenka_optimizer_update(within);
            assert_int_equal(tenka_optimizer_steps(within), k / 3 * 3);
            if (k % 3 == 2)
                must(ctx, tenka_step_end(ctx));
        }
        assert_int_equal(tenka_optimizer_steps(within), 6);
        assert_same(b, a);
        struct tenka_ctx_stats stats = {.size = sizeof(stats)};
        tenka_ctx_stats(ctx, &stats);
        assert_int_equal(stats.plans_made, 2);
        tenka_optimizer_destroy(&once), tenka_optimizer_destroy(&within);
        tenka_variable_destroy(&a), tenka_variable_destroy(&b);
        tenka_ctx_destroy(&ctx);
    }
}

/* As a generator g and a discriminator d are trained: d sees g detached, g sees d's new numbers. */
static void test_two_optimizers(void **state)
{
    for (int zero = 0; zero < 2; zero++) {
        tenka_ctx *ctx = open_target(*state);
        tenka_variable *d = new_variable(ctx, one_to_four), *g = new_variable(ctx, signs);
        tenka_optimizer *of_d = new_optimizer(ctx, "SGD(lr=0.5)", d), *of_g = new_optimizer(ctx, "SGD(lr=0.5)", g);
        double wd[N] = {1, 2, 3, 4}, wg[N] = {1, -1, 2, -2}, left[N] = {0};
        for (int step = 0; step < 3; step++) {
            const tenka_tensor fake = tenka_value(g);
            tenka_backward(total(tenka_mul(tenka_value(d), tenka_detach(fake))));
            tenka_optimizer_update(of_d);
            tenka_backward(total(tenka_mul(tenka_value(d), fake)));
            tenka_optimizer_update(of_g);
            if (zero)
                tenka_zero_grad(ctx);
            must(ctx, tenka_step_end(ctx));
            for (int i = 0; i < N; i++) {
                wd[i] -= 0.5 * (left[i] + wg[i]);
                left[i] = zero ? 0 : wg[i];
                wg[i] -= 0.5 * wd[i];
            }
        }
        assert_values(d, wd[0], wd[1], wd[2], wd[3]);
        assert_values(g, wg[0], wg[1], wg[2], wg[3]);
        tenka_optimizer_destroy(&of_d), tenka_optimizer_destroy(&of_g);
        tenka_variable_destroy(&d), tenka_variable_destroy(&g);
        tenka_ctx_destroy(&ctx);
    }
}

/* What a step that is discarded, or fails, was to update is as it was, the gradients of earlier steps too. */
static void test_taken_back(void **state)
{
    for (int fails = 0; fails < 2; fails++) {
        tenka_ctx *ctx = open_target(*state);
        tenka_variable *a = new_variable(ctx, one_to_four), *b = new_variable(ctx, one_to_four);
        tenka_optimizer *once = new_optimizer(ctx, "NAdam(lr=0.1)", a), *other = new_optimizer(ctx, "NAdam(lr=0.1)", b);
        tenka_backward(squares(a));
        must(ctx, tenka_optimizer_step(once));
        tenka_backward(squares(b));
        must(ctx, tenka_step_end(ctx)); /* the gradient outlives its step */
        for (int k = 0; k < 2; k++) {
            tenka_backward(squares(b));
            tenka_optimizer_update(other);
        }
        if (fails) {
            tenka_add(tenka_value(b), tenka_full(ctx, tenka_shape_of(3), 0));
            assert_int_equal(tenka_step_end(ctx), TENKA_E_SHAPE);
        } else {
            tenka_step_discard(ctx);
        }
        assert_int_equal(tenka_optimizer_steps(other), 0);
        assert_values(b, 1, 2, 3, 4);
        assert_true(tenka_tensor_valid(tenka_grad(b)));
        must(ctx, tenka_optimizer_step(other));
        assert_int_equal(tenka_optimizer_steps(other), 1);
        assert_same(b, a);
        tenka_optimizer_destroy(&once), tenka_optimizer_destroy(&other);
        tenka_variable_destroy(&a), tenka_variable_destroy(&b);
        tenka_ctx_destroy(&ctx);
    }
}

/* What a read in the middle of a step has run stays, though the rest of the step does not. */
static void test_read_between(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *w = new_variable(ctx, one_to_four);
    tenka_optimizer *opt = new_optimizer(ctx, "SGD(lr=0.25)", w);
    double loss;
    const tenka_tensor sum = squares(w);
    tenka_backward(sum);
    tenka_optimizer_update(opt);
    must(ctx, tenka_item(sum, &loss));
    assert_true(fabs(loss - 30) < 1e-4);
    assert_int_equal(tenka_optimizer_steps(opt), 1);
    tenka_backward(squares(w));
    tenka_optimizer_update(opt);
    tenka_step_discard(ctx);
    assert_int_equal(tenka_optimizer_steps(opt), 1);
    assert_values(w, 0.5, 1, 1.5, 2);
    tenka_optimizer_destroy(&opt);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

/* An optimizer that is destroyed while its update is open hears nothing of it any more; one without gradients counts. */
static void test_ends(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_variable *w = new_variable(ctx, one_to_four);
    tenka_optimizer *opt = new_optimizer(ctx, "Adam()", w);
    tenka_backward(squares(w));
    tenka_optimizer_update(opt);
    tenka_optimizer_destroy(&opt);
    must(ctx, tenka_step_end(ctx));
    assert_values(w, 1, 2, 3, 4);
    opt = new_optimizer(ctx, "SGD(lr=1)", w);
    must(ctx, tenka_optimizer_step(opt));
    tenka_optimizer_update(opt);
    tenka_step_discard(ctx);
    assert_int_equal(tenka_optimizer_steps(opt), 1);
    tenka_optimizer_destroy(&opt);
    tenka_variable_destroy(&w);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detach),         cmocka_unit_test(test_full),       cmocka_unit_test(test_as_steps),
        cmocka_unit_test(test_two_optimizers), cmocka_unit_test(test_taken_back), cmocka_unit_test(test_read_between),
        cmocka_unit_test(test_ends),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
