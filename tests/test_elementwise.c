/* Elementwise operators at zeros, infinities, NaN, kinks and ties: values and gradients as PyTorch has them
 * (tests/golden/elementwise.txt, by tools/golden/elementwise_values.py).
 *   test_elementwise cpu|cpu-f64|vulkan GOLDEN-FILE */
#include "support.h"

#include "graph/graph.h"

enum { MOST = 256, MOST_INPUTS = 3 };

static const char *golden_path;

/* The operators of one input. */
static const bool is_of_one[TENKA_OP_COUNT] = {
#define TENKA_UNARY(name, ...) [TENKA_OP_##name] = true,
#define TENKA_ACTIVATION(name, ...) [TENKA_OP_##name] = true,
#define TENKA_BINARY(...)
#include "shaders/common/elementwise.def"
};

/* A call of the golden file. */
struct row {
    char name[32];
    size_t n_in, n;
    double numbers[2];
    float in[MOST_INPUTS][MOST], out[MOST], grad[MOST_INPUTS][MOST];
    bool has_grad[MOST_INPUTS];
};

static bool next_line(FILE *file, char line[8192])
{
    return fgets(line, 8192, file) != NULL;
}

/* The numbers of the next line, at most MOST; 0: it is "-". */
static size_t read_numbers(FILE *file, float *out)
{
    char line[8192], *at = line, *end;
    size_t n = 0;
    assert_true(next_line(file, line));
    if (line[0] == '-' && line[1] == '\n')
        return 0;
    for (float x = strtof(at, &end); end != at; x = strtof(at, &end)) {
        assert_true(n < MOST);
        out[n++] = x;
        at = end;
    }
    return n;
}

static bool read_row(FILE *file, struct row *r)
{
    char line[8192];
    memset(r, 0, sizeof(*r));
    do {
        if (!next_line(file, line))
            return false;
    } while (line[0] == '#');
    assert_int_equal(sscanf(line, "op %31s %zu %lf %lf", r->name, &r->n_in, &r->numbers[0], &r->numbers[1]), 4);
    assert_true(r->n_in >= 1 && r->n_in <= MOST_INPUTS);
    for (size_t k = 0; k < r->n_in; k++)
        r->n = read_numbers(file, r->in[k]);
    assert_true(r->n > 0);
    assert_int_equal(read_numbers(file, r->out), r->n);
    for (size_t k = 0; k < r->n_in; k++)
        r->has_grad[k] = read_numbers(file, r->grad[k]) == r->n;
    return true;
}

static tenka_tensor call(const struct row *r, const tenka_tensor in[MOST_INPUTS])
{
    if (strcmp(r->name, "where") == 0)
        return tenka_where(in[0], in[1], in[2]);
    for (size_t op = 0; op < TENKA_OP_COUNT; op++)
        if (strcmp(tenka_ops[op].name, r->name) == 0)
            return tenka_trace(in[0].ctx, (enum tenka_op)op, in, (uint32_t)r->n_in, NULL, 0, NULL, r->numbers, NULL);
    fail_msg("there is no operator %s", r->name);
    return TENKA_NONE;
}

static bool is_near(float have, float want)
{
    if (isnan(want) || isinf(want))
        return isnan(want) ? isnan(have) : have == want;
    return fabsf(have - want) <= 2e-6f + 1e-5f * fabsf(want);
}

static void compare(const struct row *r, const char *what, size_t which, const float *have, const float *want)
{
    for (size_t i = 0; i < r->n; i++)
        if (!is_near(have[i], want[i]))
            fail_msg("%s(%g, %g): %s %zu at %g, %g, %g is %.9g, but PyTorch has %.9g", r->name, r->numbers[0],
                     r->numbers[1], what, which, r->in[0][i], r->in[1][i], r->in[2][i], have[i], want[i]);
}

static void check_row(tenka_ctx *ctx, const struct row *r)
{
    tenka_variable *var[MOST_INPUTS] = {NULL}, *grad[MOST_INPUTS] = {NULL}, *result = NULL;
    tenka_tensor in[MOST_INPUTS] = {{0}};
    float have[MOST];
    bool any = false;
    for (size_t k = 0; k < r->n_in; k++) {
        must(ctx,
             tenka_variable_create(ctx, TENKA_F32, tenka_shape_of((uint32_t)r->n), r->in[k], r->has_grad[k], &var[k]));
        in[k] = tenka_value(var[k]);
        any |= r->has_grad[k];
    }
    const tenka_tensor y = call(r, in);
    must(ctx, tenka_keep(y, &result));
    if (any)
        tenka_backward(tenka_sum(y, TENKA_ALL_AXES, false));
    for (size_t k = 0; k < r->n_in; k++)
        if (r->has_grad[k])
            must(ctx, tenka_keep(tenka_grad(var[k]), &grad[k]));
    must(ctx, tenka_step_end(ctx));
    tenka_zero_grad(ctx);
    must(ctx, tenka_variable_read(result, have, r->n * sizeof(*have)));
    compare(r, "result", 0, have, r->out);
    for (size_t k = 0; k < r->n_in; k++) {
        if (r->has_grad[k]) {
            must(ctx, tenka_variable_read(grad[k], have, r->n * sizeof(*have)));
            compare(r, "gradient", k, have, r->grad[k]);
        }
        tenka_variable_destroy(&grad[k]);
        tenka_variable_destroy(&var[k]);
    }
    tenka_variable_destroy(&result);
}

static void test_golden(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    FILE *const file = fopen(golden_path, "r");
    static struct row row;
    size_t rows = 0;
    assert_non_null(file);
    for (; read_row(file, &row); rows++)
        check_row(ctx, &row);
    fclose(file);
    assert_true(rows > 50);
    tenka_ctx_destroy(&ctx);
}

/* Of where, the number that is taken is given bit by bit, the sign of 0 too. */
static void test_where_keeps_bits(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    const float c[] = {1, 0, 1, 0, NAN, -0.0f}, a[] = {-0.0f, 1, 0.0f, 2, -0.0f, 3},
                b[] = {5, -0.0f, 6, 0.0f, 7, -0.0f};
    const bool negative[] = {true, true, false, false, true, true};
    float y[6];
    tenka_no_grad_begin(ctx);
    must(ctx, tenka_read(tenka_where(tenka_input(ctx, TENKA_F32, tenka_shape_of(6), c),
                                     tenka_input(ctx, TENKA_F32, tenka_shape_of(6), a),
                                     tenka_input(ctx, TENKA_F32, tenka_shape_of(6), b)),
                         y, sizeof(y)));
    tenka_no_grad_end(ctx);
    for (size_t i = 0; i < 6; i++)
        if (y[i] != 0 || (signbit(y[i]) != 0) != negative[i])
            fail_msg("where: element %zu is %g", i, y[i]);
    tenka_ctx_destroy(&ctx);
}

/* tanh(op(x)), as one chain or, when the middle is looked at, as two operators. */
static void run_twice(tenka_ctx *ctx, enum tenka_op op, tenka_variable *x, bool apart, float out[MOST])
{
    tenka_variable *middle = NULL, *result = NULL;
    const tenka_tensor in = tenka_value(x);
    const tenka_tensor y = tenka_trace(ctx, op, &in, 1, NULL, 0, NULL, (const double[]){0, 0}, NULL);
    if (apart)
        must(ctx, tenka_keep(y, &middle));
    must(ctx, tenka_keep(tenka_tanh(y), &result));
    must(ctx, tenka_step_end(ctx));
    must(ctx, tenka_variable_read(result, out, MOST * sizeof(*out)));
    tenka_variable_destroy(&middle);
    tenka_variable_destroy(&result);
}

/* An operator rounds in a chain as it does alone. */
static void test_chains_round_alike(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    float values[MOST], together[MOST], apart[MOST];
    tenka_variable *x = NULL;
    for (size_t i = 0; i < MOST; i++)
        values[i] = (float)i / 31 - 4;
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(MOST), values, false, &x));
    for (size_t op = 0; op < TENKA_OP_COUNT; op++) {
        if (!is_of_one[op])
            continue;
        run_twice(ctx, (enum tenka_op)op, x, false, together);
        run_twice(ctx, (enum tenka_op)op, x, true, apart);
        for (size_t i = 0; i < MOST; i++)
            if (!(isnan(together[i]) && isnan(apart[i])) && memcmp(&together[i], &apart[i], sizeof(apart[i])) != 0)
                fail_msg("tanh(%s(%g)) is %.9g in a chain, %.9g otherwise", tenka_ops[op].name, values[i], together[i],
                         apart[i]);
    }
    tenka_variable_destroy(&x);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_where_keeps_bits),
        cmocka_unit_test(test_chains_round_alike),
    };
    if (argc != 3) {
        fprintf(stderr, "usage: test_elementwise cpu|cpu-f64|vulkan GOLDEN-FILE\n");
        return EXIT_FAILURE;
    }
    golden_path = argv[2];
    RUN_ON_TARGETS(argc, argv, tests);
}
