/* Cross entropy of very many rows or classes, and around the sizes at which it is no longer one kernel: the loss and its
 * gradient, beside the CPU's.
 *   test_classes [vulkan] */
#include "support.h"

struct shape {
    uint32_t rows, classes;
};

/* What a device makes of the shape; dx: rows * classes. */
static double train(const struct target *target, struct shape s, const float *x, const int32_t *label, float *dx)
{
    tenka_ctx *ctx = open_target(target);
    const size_t bytes = (size_t)s.rows * s.classes * sizeof(*x);
    tenka_variable *input, *classes, *gradient = NULL;
    double loss;
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(s.rows, s.classes), x, true, &input));
    must(ctx, tenka_variable_create(ctx, TENKA_I32, tenka_shape_of(s.rows), label, false, &classes));
    const tenka_tensor y = tenka_cross_entropy(tenka_value(input), tenka_value(classes));
    tenka_backward(y);
    must(ctx, tenka_keep(tenka_grad(input), &gradient));
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_item(y, &loss));
    must(ctx, tenka_variable_read(gradient, dx, bytes));
    tenka_variable_destroy(&gradient);
    tenka_variable_destroy(&classes);
    tenka_variable_destroy(&input);
    tenka_ctx_destroy(&ctx);
    return loss;
}

static void compare(const float *got, const float *wanted, struct shape s)
{
    const double most = 1.0 / s.rows; /* what a row's gradient can be */
    for (size_t i = 0; i < (size_t)s.rows * s.classes; i++)
        if (!(fabs((double)got[i] - (double)wanted[i]) <= 1e-6 * most + 1e-5 * fabs((double)wanted[i])))
            fail_msg("element %zu of %u x %u is %g, but should be %g", i, s.rows, s.classes, (double)got[i],
                     (double)wanted[i]);
}

static void test_shape(const struct target *target, struct shape s)
{
    static const struct target cpu = {.backend = TENKA_BACKEND_CPU, .label = "cpu"};
    const size_t n = (size_t)s.rows * s.classes;
    float *const x = malloc(3 * n * sizeof(*x)), *const got = x + n, *const wanted = got + n;
    int32_t *const label = malloc(s.rows * sizeof(*label));
    uint32_t random = 1;
    assert_true(x != NULL && label != NULL);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((random = random * 1664525 + 1013904223) >> 8) * 0x1p-22f - 2;
    for (uint32_t i = 0; i < s.rows; i++)
        label[i] = (int32_t)((random = random * 1664525 + 1013904223) / 8 % s.classes);
    const double expected = train(&cpu, s, x, label, wanted), loss = train(target, s, x, label, got);
    if (!(fabs(loss - expected) <= 1e-5 * expected))
        fail_msg("the loss of %u x %u is %.9g, but should be %.9g", s.rows, s.classes, loss, expected);
    compare(got, wanted, s);
    free(x);
    free(label);
}

static void test_around_one_kernel(void **state)
{
    static const struct shape shapes[] = {{100, 10},  {6553, 10}, {6554, 10},  {1, 65536}, {1, 65537},
                                          {512, 128}, {513, 128}, {60000, 10}, {3, 21845}};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        test_shape(*state, shapes[i]);
}

static void test_many_classes(void **state)
{
    test_shape(*state, (struct shape){16, 200000});
}

static void test_many_rows(void **state)
{
    test_shape(*state, (struct shape){10000000, 3});
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_around_one_kernel),
        cmocka_unit_test(test_many_classes),
        cmocka_unit_test(test_many_rows),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
