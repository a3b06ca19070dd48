/* Values in a part of another's memory: slices that are views and slices that are copies, tensors put together of any
 * number of parts, and what fusion and assignment must not do to them.   test_views [cpu|cpu-f64|vulkan] */
#include "support.h"

#include "core/core.h"

/* ROWS rows of LINE elements: a row begins where a device can bind it. */
enum { ROWS = 4, LINE = 64, ALL = ROWS * LINE };

static float numbers[ALL];

static tenka_variable *variable(tenka_ctx *ctx, struct tenka_shape shape, const float *data)
{
    tenka_variable *var;
    must(ctx, tenka_variable_create(ctx, TENKA_F32, shape, data, true, &var));
    return var;
}

static void read_all(tenka_variable *var, float *out, size_t count)
{
    must(tenka_variable_ctx(var), tenka_variable_read(var, out, count * sizeof(float)));
}

static void assert_near(float have, float want, const char *what, size_t i)
{
    if (!(fabsf(have - want) <= 1e-5f * (1 + fabsf(want))))
        fail_msg("%s: element %zu is %g, but should be %g", what, i, (double)have, (double)want);
}

static tenka_tensor total(tenka_tensor x)
{
    return tenka_sum(x, TENKA_ALL_AXES, false);
}

/* ---- Slices ---- */

/* The sum of the squares of a part of w: its gradient is 2 w there, and 0 elsewhere. */
static void check_slice(tenka_ctx *ctx, uint32_t axis, uint32_t start, uint32_t end)
{
    float values[ALL], grads[ALL];
    tenka_variable *w = variable(ctx, tenka_shape_of(ROWS, LINE), numbers), *part = NULL, *grad = NULL;
    const tenka_tensor s = tenka_slice(tenka_scale(tenka_value(w), 1), axis, start, end);
    tenka_backward(total(tenka_mul(s, s)));
    must(ctx, tenka_keep(s, &part));
    must(ctx, tenka_keep(tenka_grad(w), &grad));
    must(ctx, tenka_step_end(ctx));
    tenka_zero_grad(ctx);
    const uint32_t rows = axis == 0 ? end - start : ROWS, columns = axis == 1 ? end - start : LINE;
    read_all(part, values, rows * columns);
    read_all(grad, grads, ALL);
    for (uint32_t i = 0; i < ALL; i++) {
        const uint32_t row = i / LINE, column = i % LINE, at = axis == 0 ? row : column;
        const bool in = at >= start && at < end;
        const uint32_t place = axis == 0 ? (row - start) * LINE + column : row * columns + column - start;
        if (in)
            assert_near(values[place], numbers[i], "slice", place);
        assert_near(grads[i], in ? 2 * numbers[i] : 0, "gradient", i);
    }
    tenka_variable_destroy(&w);
    tenka_variable_destroy(&part);
    tenka_variable_destroy(&grad);
}

static void check_slices(tenka_ctx *ctx)
{
    check_slice(ctx, 0, 0, ROWS);
    check_slice(ctx, 0, 1, 3);
    check_slice(ctx, 0, 3, 4);
    check_slice(ctx, 1, 0, 1);
    check_slice(ctx, 1, 5, 60);
}

/* A view costs no node: nothing but the sum runs. */
static void check_views_cost_nothing(tenka_ctx *ctx)
{
    tenka_variable *w = variable(ctx, tenka_shape_of(ROWS, LINE), numbers);
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    double sum;
    tenka_no_grad_begin(ctx);
    must(ctx, tenka_item(total(tenka_slice(tenka_value(w), 0, 1, 2)), &sum));
    tenka_ctx_stats(ctx, &stats);
    tenka_no_grad_end(ctx);
    double want = 0;
    for (int i = LINE; i < 2 * LINE; i++)
        want += (double)numbers[i];
    assert_near((float)sum, (float)want, "sum of a view", 0);
    assert_int_equal(stats.dispatches, 1);
    tenka_variable_destroy(&w);
}

/* relu and tanh must not be taken to work on all of what the layer before gives. */
static void check_fusion_sees_parts(tenka_ctx *ctx)
{
    float have[2 * LINE];
    tenka_variable *w = variable(ctx, tenka_shape_of(ROWS, LINE), numbers), *kept = NULL;
    tenka_no_grad_begin(ctx);
    const tenka_tensor whole = tenka_tanh(tenka_sub(tenka_value(w), tenka_scale(tenka_value(w), 2)));
    must(ctx, tenka_keep(tenka_relu(tenka_slice(whole, 0, 2, 4)), &kept));
    must(ctx, tenka_step_end(ctx));
    tenka_no_grad_end(ctx);
    read_all(kept, have, 2 * LINE);
    for (int i = 0; i < 2 * LINE; i++)
        assert_near(have[i], fmaxf(tanhf(-numbers[2 * LINE + i]), 0), "relu of a part", (size_t)i);
    tenka_variable_destroy(&w);
    tenka_variable_destroy(&kept);
}

/* A variable becomes a part of a temporary, and a part of another variable that changes in the same step. */
static void check_assigned_parts(tenka_ctx *ctx)
{
    float have[ALL];
    tenka_variable *w = variable(ctx, tenka_shape_of(ROWS, LINE), numbers);
    tenka_variable *row = variable(ctx, tenka_shape_of(1, LINE), NULL),
                   *old = variable(ctx, tenka_shape_of(1, LINE), NULL);
    tenka_no_grad_begin(ctx);
    tenka_assign(row, tenka_slice(tenka_scale(tenka_value(w), 3), 0, 2, 3));
    tenka_assign(old, tenka_slice(tenka_value(w), 0, 1, 2));
    tenka_assign(w, tenka_scale(tenka_value(w), -1));
    must(ctx, tenka_step_end(ctx));
    tenka_no_grad_end(ctx);
    read_all(row, have, LINE);
    for (int i = 0; i < LINE; i++)
        assert_near(have[i], 3 * numbers[2 * LINE + i], "assigned part", (size_t)i);
    read_all(old, have, LINE);
    for (int i = 0; i < LINE; i++)
        assert_near(have[i], numbers[LINE + i], "part of the old content", (size_t)i);
    read_all(w, have, ALL);
    for (int i = 0; i < ALL; i++)
        assert_near(have[i], -numbers[i], "new content", (size_t)i);
    tenka_variable_destroy(&w);
    tenka_variable_destroy(&row);
    tenka_variable_destroy(&old);
}

/* ---- Concatenation ---- */

/* n times columns of w, each times its number, side by side or below each other: y = sum over parts of (k + 1) w. */
static void check_concat(tenka_ctx *ctx, size_t n, uint32_t axis)
{
    enum { MOST = 40 };
    tenka_tensor parts[MOST];
    static float values[MOST * ALL];
    float grads[ALL];
    assert_true(n <= MOST);
    tenka_variable *w = variable(ctx, tenka_shape_of(ROWS, LINE), numbers), *kept = NULL, *grad = NULL;
    for (size_t k = 0; k < n; k++)
        parts[k] = tenka_scale(tenka_value(w), (double)k + 1);
    const tenka_tensor y = tenka_concat(parts, n, axis);
    tenka_backward(total(tenka_mul(y, y)));
    must(ctx, tenka_keep(y, &kept));
    must(ctx, tenka_keep(tenka_grad(w), &grad));
    must(ctx, tenka_step_end(ctx));
    tenka_zero_grad(ctx);
    read_all(kept, values, n * ALL);
    read_all(grad, grads, ALL);
    float squares = 0;
    for (size_t k = 0; k < n; k++)
        squares += (float)((k + 1) * (k + 1));
    for (size_t i = 0; i < ALL; i++) {
        for (size_t k = 0; k < n; k++) {
            const size_t at = axis == 0 ? k * ALL + i : (i / LINE * n + k) * LINE + i % LINE;
            assert_near(values[at], (float)(k + 1) * numbers[i], "concat", at);
        }
        assert_near(grads[i], 2 * squares * numbers[i], "gradient of concat", i);
    }
    tenka_variable_destroy(&w);
    tenka_variable_destroy(&kept);
    tenka_variable_destroy(&grad);
}

/* What is put together of a variable's parts becomes that variable: every part is read before one is written. */
static void check_concat_in_place(tenka_ctx *ctx)
{
    float have[ALL];
    tenka_variable *w = variable(ctx, tenka_shape_of(ROWS, LINE), numbers);
    tenka_no_grad_begin(ctx);
    const tenka_tensor x = tenka_value(w);
    const tenka_tensor turned[] = {tenka_slice(x, 0, 2, 4), tenka_slice(x, 0, 0, 2)};
    tenka_assign(w, tenka_concat(turned, 2, 0));
    must(ctx, tenka_step_end(ctx));
    tenka_no_grad_end(ctx);
    read_all(w, have, ALL);
    for (int i = 0; i < ALL; i++)
        assert_near(have[i], numbers[(i + ALL / 2) % ALL], "halves exchanged", (size_t)i);
    tenka_variable_destroy(&w);
}

/* A read in the middle of a step runs what is there; the rest goes on from it. */
static void check_read_between(tenka_ctx *ctx)
{
    double first, second;
    tenka_variable *w = variable(ctx, tenka_shape_of(ROWS, LINE), numbers);
    const tenka_tensor x = tenka_scale(tenka_value(w), 2), s = tenka_slice(x, 0, 1, 3);
    const tenka_tensor y = tenka_concat((const tenka_tensor[]){s, x}, 2, 0);
    must(ctx, tenka_item(total(s), &first));
    must(ctx, tenka_item(total(y), &second));
    double part = 0, all = 0;
    for (int i = 0; i < ALL; i++) {
        all += 2 * (double)numbers[i];
        part += i >= LINE && i < 3 * LINE ? 2 * (double)numbers[i] : 0;
    }
    assert_near((float)first, (float)part, "read between", 0);
    assert_near((float)second, (float)(part + all), "read after", 0);
    tenka_step_discard(ctx);
    tenka_variable_destroy(&w);
}

static void check_mistakes(tenka_ctx *ctx)
{
    tenka_variable *w = variable(ctx, tenka_shape_of(ROWS, LINE), numbers);
    tenka_variable *other = variable(ctx, tenka_shape_of(3, 5), NULL);
    static const uint32_t bad[][3] = {{2, 0, 1}, {0, 2, 2}, {0, 3, 5}, {1, 0, UINT32_MAX}, {UINT32_MAX, 0, 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(tenka_tensor_valid(tenka_slice(tenka_value(w), bad[i][0], bad[i][1], bad[i][2])));
        assert_int_equal(tenka_step_end(ctx), TENKA_E_SHAPE);
    }
    assert_false(tenka_tensor_valid(tenka_concat((const tenka_tensor[]){tenka_value(w), tenka_value(other)}, 2, 0)));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_SHAPE);
    assert_non_null(strstr(tenka_last_error(ctx), "tensor 2 of 2, does not fit"));
    assert_false(tenka_tensor_valid(tenka_concat((const tenka_tensor[]){tenka_value(w)}, 1, 2)));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_SHAPE);
    assert_false(tenka_tensor_valid(tenka_concat((const tenka_tensor[]){tenka_value(w), TENKA_NONE}, 2, 0)));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_INVALID);
    tenka_variable_destroy(&w);
    tenka_variable_destroy(&other);
}

static void check_concats(tenka_ctx *ctx)
{
    check_concat(ctx, 1, 0);
    check_concat(ctx, 2, 1);
    check_concat(ctx, 40, 0);
    check_concat(ctx, 40, 1);
}

/* ---- Masks of attention that are repeated ---- */

/* The sum of what attention gives of some rows of the first axis of x, each as a query, a key and, squared, a value. */
static tenka_tensor attended(tenka_tensor x, uint32_t begin, uint32_t end, tenka_variable *mask)
{
    const tenka_tensor some = tenka_slice(x, 0, begin, end);
    return total(tenka_attention(some, some, tenka_mul(some, some), tenka_value(mask), 1, false));
}

static void mask_gradient(tenka_ctx *ctx, tenka_tensor loss, tenka_variable *mask, float *out, size_t count)
{
    tenka_variable *grad = NULL;
    tenka_backward(loss);
    must(ctx, tenka_keep(tenka_grad(mask), &grad));
    must(ctx, tenka_step_end(ctx));
    tenka_zero_grad(ctx);
    read_all(grad, out, count);
    tenka_variable_destroy(&grad);
}

/* More matrices than one invocation adds up have the gradient of all of them, as their tenths have. */
static void check_mask(tenka_ctx *ctx, struct tenka_shape shape, struct tenka_shape of_mask)
{
    enum { MATRIX = 4, MOST = 3 * MATRIX };
    const size_t n = (size_t)tenka_shape_count(&shape), n_mask = (size_t)tenka_shape_count(&of_mask);
    float *x = malloc(n * sizeof(*x)), all[MOST], parts[MOST];
    assert_true(x != NULL && n_mask <= MOST);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((i * 37) % 101) / 50 - 1;
    tenka_variable *mask = variable(ctx, of_mask, numbers);
    mask_gradient(ctx, attended(tenka_input(ctx, TENKA_F32, shape, x), 0, shape.dim[0], mask), mask, all, n_mask);
    const tenka_tensor in = tenka_input(ctx, TENKA_F32, shape, x);
    tenka_tensor loss = attended(in, 0, shape.dim[0] / 10, mask);
    for (uint32_t i = 1; i < 10; i++)
        loss = tenka_add(loss, attended(in, i * shape.dim[0] / 10, (i + 1) * shape.dim[0] / 10, mask));
    mask_gradient(ctx, loss, mask, parts, n_mask);
    float most = 0;
    for (size_t i = 0; i < n_mask; i++)
        most = fabsf(parts[i]) > most ? fabsf(parts[i]) : most;
    for (size_t i = 0; i < n_mask; i++)
        if (!(fabsf(all[i] - parts[i]) <= 1e-4f * most))
            fail_msg("the gradient %zu of a mask is %g, not %g", i, (double)all[i], (double)parts[i]);
    tenka_variable_destroy(&mask);
    free(x);
}

static void check_masks(tenka_ctx *ctx)
{
    check_mask(ctx, tenka_shape_of(5999, 2, 4), tenka_shape_of(2, 2));
    check_mask(ctx, tenka_shape_of(6000, 2, 4), tenka_shape_of(1, 2, 2));
    check_mask(ctx, tenka_shape_of(1400, 3, 5, 2, 4), tenka_shape_of(3, 1, 2, 2));
    check_mask(ctx, tenka_shape_of(20, 1, 60, 5, 2, 4), tenka_shape_of(1, 1, 1, 1, 2, 2));
}

/* ---- Devices ---- */

static void run(void **state, void (*check)(tenka_ctx *ctx))
{
    for (int i = 0; i < ALL; i++)
        numbers[i] = (float)((i * 37) % 101) / 50 - 1;
    tenka_ctx *ctx = open_target(*state);
    check(ctx);
    tenka_ctx_destroy(&ctx);
}

static void test_slices(void **state)
{
    run(state, check_slices);
}

static void test_views_cost_nothing(void **state)
{
    run(state, check_views_cost_nothing);
}

static void test_fusion_sees_parts(void **state)
{
    run(state, check_fusion_sees_parts);
}

static void test_assigned_parts(void **state)
{
    run(state, check_assigned_parts);
}

static void test_concats(void **state)
{
    run(state, check_concats);
}

static void test_concat_in_place(void **state)
{
    run(state, check_concat_in_place);
}

static void test_read_between(void **state)
{
    run(state, check_read_between);
}

static void test_masks(void **state)
{
    run(state, check_masks);
}

static void test_mistakes(void **state)
{
    run(state, check_mistakes);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_views_cost_nothing),
        cmocka_unit_test(test_fusion_sees_parts),
        cmocka_unit_test(test_assigned_parts),
        cmocka_unit_test(test_concats),
        cmocka_unit_test(test_concat_in_place),
        cmocka_unit_test(test_read_between),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_mistakes),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
