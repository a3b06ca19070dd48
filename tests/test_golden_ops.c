/* Every operator's values and gradients as PyTorch computes them in float64 (tests/golden/ops.txt.gz, made by
 * tools/golden/ops.py): a witness that shares no formula with Tenka. And a list of what must be there: each operator of
 * ops.def, and each function of the public headers that makes a tensor.
 *   test_golden_ops cpu|cpu-f64|vulkan GOLDEN-FILE HEADER...
 * Bounds on a number's deviation, as a part of the number itself and an absolute one:
 *            plain                     tiny                    far
 *   cpu-f64  0, 1e-12 of the largest   1e-12, 0                1e-12, 1e-14
 *   others   1e-5, 1e-6 of the rms     1e-5, as float allows   1e-5, 2e-6
 * For the float devices they are those of src/check: its default, and in the far cases its bound for what cancels.
 * NaN and infinities are the same, and so is the sign of a zero; not of a gradient's, which follows from how it is
 * computed. */
#include "golden_cases.h"
#include "backend/vulkan/testing.h"
#include "graph/graph.h"

#include <float.h>

#define MAX_CALLS 256

static const char *golden_path;
static char **headers;
static size_t n_headers;

/* ---- Comparing ---- */

struct tally {
    double worst;  /* share of the bound */
    char why[160]; /* the case of that share */
    size_t cases, numbers, failed;
};

/* A case on its way. */
struct check {
    const struct target *target;
    const struct golden_call *call;
    struct golden_run run;
    struct tally *tally;
};

struct bound {
    double relative, absolute;
    bool floats; /* what is beyond float may be infinite */
    bool signs;  /* those of zeros count */
};

static double largest_of(const struct golden_numbers *want)
{
    double largest = 0;
    for (size_t i = 0; i < want->count; i++)
        if (isfinite(want->value[i]))
            largest = fmax(largest, fabs(want->value[i]));
    return largest;
}

static double rms_of(const struct golden_numbers *want)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < want->count; i++)
        if (isfinite(want->value[i])) {
            sum += want->value[i] * want->value[i];
            n++;
        }
    return n > 0 ? sqrt(sum / (double)n) : 0;
}

static struct bound bound_of_f64(enum golden_kind kind, const struct golden_numbers *want)
{
    if (kind == GOLDEN_PLAIN)
        return (struct bound){.absolute = 1e-12 * largest_of(want)};
    return (struct bound){.relative = 1e-12, .absolute = kind == GOLDEN_FAR ? 1e-14 : 0};
}

/* What lies away from 0 loses digits to its mean: these bounds are those of batch_norm2d's cases. */
static bool is_looser(const struct golden_case *c)
{
    return c->kind == GOLDEN_PLAIN && strcmp(c->name, "batch_norm2d") == 0;
}

static struct bound bound_of_f32(const struct golden_case *c, const struct golden_numbers *want, bool subnormals)
{
    struct bound bound = {.relative = 1e-5, .floats = true};
    if (is_looser(c))
        bound.relative = 2e-5, bound.absolute = 1e-5;
    else if (c->kind == GOLDEN_PLAIN)
        bound.absolute = 1e-6 * rms_of(want);
    else
        bound.absolute = c->kind == GOLDEN_FAR ? 2e-6 : subnormals ? 2 * (double)FLT_TRUE_MIN : FLT_MIN;
    return bound;
}

static bool is_vulkan(const struct check *check)
{
    return check->target->backend == TENKA_BACKEND_VULKAN;
}

/* Vulkan leaves it to the device; llvmpipe keeps it, but for the zeros that dropout makes there. */
static bool keeps_signs(const struct check *check)
{
    return !is_vulkan(check) ||
           (strstr(check->target->label, "llvmpipe") != NULL && strcmp(check->call->name, "dropout") != 0);
}

static struct bound bound_of(const struct check *check, const struct golden_numbers *want)
{
    const struct golden_case *const c = check->run.c;
    struct bound bound = {0};
    if (want->dtype == TENKA_F32)
        bound = check->target->backend == TENKA_BACKEND_CPU_F64 ? bound_of_f64(c->kind, want)
                                                                : bound_of_f32(c, want, !is_vulkan(check));
    bound.signs = want == &c->y && keeps_signs(check);
    return bound;
}

static double share_of(struct bound bound, double got, double want)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(want) || isinf(got))
        return got == want || (bound.floats && fabs(want) > FLT_MAX && signbit(got) == signbit(want)) ? 0 : INFINITY;
    if (want == 0 && got == 0)
        return bound.signs && signbit(want) != signbit(got) ? INFINITY : 0;
    const double error = fabs(got - want);
    return error == 0 ? 0 : error / (bound.absolute + bound.relative * fabs(want));
}

/* The share of number i. Vulkan lets a device take subnormal numbers for zeros, and the first two inputs of a tiny case
 * are the zeros. */
static double share_at(const struct check *check, struct bound bound, const double *got,
                       const struct golden_numbers *want, size_t i)
{
    const struct golden_case *const c = check->run.c;
    const double *const x = c->in[0].numbers.value, share = share_of(bound, got[i], want->value[i]);
    if (is_vulkan(check) && c->kind == GOLDEN_TINY && fabs(x[i]) < FLT_MIN)
        return fmin(share, share_of(bound, got[i], want->value[signbit(x[i]) ? 1 : 0]));
    return share;
}

static double *read_kept(tenka_ctx *ctx, tenka_variable *var, size_t count)
{
    double *const value = calloc(count, sizeof(*value));
    int32_t *const whole = calloc(count, sizeof(*whole));
    assert_true(value != NULL && whole != NULL);
    if (tenka_variable_dtype(var) == TENKA_F32) {
        must(ctx, tenka_variable_read_f64(var, value, count));
    } else {
        must(ctx, tenka_variable_read(var, whole, count * sizeof(*whole)));
        for (size_t i = 0; i < count; i++)
            value[i] = whole[i];
    }
    free(whole);
    return value;
}

static bool is_like(tenka_variable *var, const struct golden_numbers *want)
{
    const struct tenka_shape shape = tenka_variable_shape(var);
    return tenka_variable_dtype(var) == want->dtype && shape.rank == want->shape.rank &&
           memcmp(shape.dim, want->shape.dim, sizeof(shape.dim)) == 0;
}

static void compare(const struct check *check, const char *what, tenka_variable *var, const struct golden_numbers *want)
{
    const struct golden_case *const c = check->run.c;
    const struct bound bound = bound_of(check, want);
    double worst = 0;
    size_t at = 0;
    if (!is_like(var, want))
        fail_msg("%s, %s: %s has another shape or dtype than PyTorch's", c->name, c->why, what);
    double *const got = read_kept(check->run.ctx, var, want->count);
    for (size_t i = 0; i < want->count; i++) {
        const double share = share_at(check, bound, got, want, i);
        if (share > worst) {
            worst = share;
            at = i;
        }
    }
    if (worst > 1) {
        print_error("%s, %s: %s, number %zu of %zu, is %.17g, PyTorch's %.17g; %.3g of the bound\n", c->name, c->why,
                    what, at, want->count, got[at], want->value[at], worst);
        check->tally->failed++;
    }
    if (worst >= check->tally->worst) {
        check->tally->worst = worst;
        snprintf(check->tally->why, sizeof(check->tally->why), "%s", c->why);
    }
    check->tally->numbers += want->count;
    free(got);
}

/* ---- Running a case ---- */

static void *as_integers(const struct golden_numbers *n, size_t bytes)
{
    void *const data = malloc(bytes);
    assert_non_null(data);
    for (size_t i = 0; i < n->count; i++)
        if (n->dtype == TENKA_U8)
            ((uint8_t *)data)[i] = (uint8_t)n->value[i];
        else
            ((int32_t *)data)[i] = (int32_t)n->value[i];
    return data;
}

static tenka_variable *make_variable(tenka_ctx *ctx, const struct golden_numbers *n, bool differentiated)
{
    const size_t bytes = n->count * (n->dtype == TENKA_U8 ? 1 : sizeof(int32_t));
    tenka_variable *var;
    must(ctx, tenka_variable_create(ctx, n->dtype, n->shape, NULL, differentiated, &var));
    if (n->dtype == TENKA_F32) {
        must(ctx, tenka_variable_write_f64(var, n->value, n->count));
    } else {
        void *const data = as_integers(n, bytes);
        must(ctx, tenka_variable_write(var, data, bytes));
        free(data);
    }
    return var;
}

static void begin_run(struct golden_run *run)
{
    for (size_t i = 0; i < run->c->n_in; i++) {
        const struct golden_input *const in = &run->c->in[i];
        run->var[i] = in->numbers.given ? make_variable(run->ctx, &in->numbers, in->differentiated) : NULL;
    }
}

static void end_run(struct golden_run *run)
{
    for (size_t i = 0; i < run->c->n_in; i++)
        tenka_variable_destroy(&run->var[i]);
}

/* Reshapes to a row or a column. */
static tenka_tensor line(tenka_tensor x, bool column)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    uint32_t n = 1;
    for (uint32_t i = 0; i < shape.rank; i++)
        n *= shape.dim[i];
    return tenka_reshape(x, column ? tenka_shape_of(n, 1) : tenka_shape_of(1, n));
}

/* Keeps a copy, by an operator that fuses with none: what is kept itself does not fuse. */
static tenka_variable *keep(struct golden_run *run, tenka_tensor x)
{
    tenka_variable *kept = NULL;
    if (tenka_tensor_dtype(x) == TENKA_F32)
        x = tenka_reshape(tenka_transpose(line(x, true), 0, 1), tenka_tensor_shape(x));
    must(run->ctx, tenka_keep(x, &kept));
    return kept;
}

/* The gradient of y is to be dy: that of the product with dy is. As a sum it becomes a chain with what makes y. */
static void differentiate(tenka_tensor y, tenka_variable *dy, bool as_sum)
{
    if (as_sum)
        tenka_backward(tenka_sum(tenka_mul(y, tenka_value(dy)), TENKA_ALL_AXES, false));
    else
        tenka_backward(tenka_matmul(line(y, false), line(tenka_value(dy), true), false, false));
}

static void check_grads(struct check *check, tenka_variable *const *grads)
{
    char what[48];
    for (size_t i = 0; i < check->run.c->n_in; i++) {
        const struct golden_input *const in = &check->run.c->in[i];
        snprintf(what, sizeof(what), "gradient of input %zu", i);
        if (in->grad.given)
            compare(check, what, grads[i], &in->grad);
        if (in->after.given)
            compare(check, "content afterwards", check->run.var[i], &in->after);
    }
}

static void check_case(struct check *check, bool as_sum)
{
    struct golden_run *const run = &check->run;
    const struct golden_case *const c = run->c;
    tenka_variable *y = NULL, *dy = c->dy.given ? make_variable(run->ctx, &c->dy, false) : NULL;
    tenka_variable *grads[GOLDEN_MAX_IN] = {0};
    begin_run(run);
    const tenka_tensor value = check->call->call(run);
    if (c->y.given)
        y = keep(run, value);
    if (dy != NULL)
        differentiate(value, dy, as_sum);
    for (size_t i = 0; i < c->n_in; i++)
        if (c->in[i].grad.given)
            grads[i] = keep(run, tenka_grad(run->var[i]));
    tenka_zero_grad(run->ctx);
    golden_step_end(run);
    if (y != NULL)
        compare(check, "y", y, &c->y);
    check_grads(check, grads);
    for (size_t i = 0; i < c->n_in; i++)
        tenka_variable_destroy(&grads[i]);
    tenka_variable_destroy(&y);
    tenka_variable_destroy(&dy);
    end_run(run);
}

/* The value once more, as a step of a fused chain. */
static void check_chain(struct check *check)
{
    struct golden_run *const run = &check->run;
    begin_run(run);
    tenka_no_grad_begin(run->ctx);
    tenka_variable *y = keep(run, tenka_scale(check->call->call(run), 1));
    golden_step_end(run);
    tenka_no_grad_end(run->ctx);
    compare(check, "y in a chain", y, &run->c->y);
    tenka_variable_destroy(&y);
    end_run(run);
}

static size_t call_of(const struct golden_case *c)
{
    for (size_t i = 0; i < golden_n_calls; i++)
        if (strcmp(golden_calls[i].name, c->name) == 0)
            return i;
    fail_msg("the golden file has %s, which tests/golden_calls.c cannot call", c->name);
    return 0;
}

/* ---- What must be there ---- */

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

struct exception {
    const char *name, *why;
};

static const struct exception operators_left_out[] = {
    {"fill", "of tenka_full, and the ones and zeros that gradients begin with: test_updates"},
    {"blank", "called by no function: what tenka_concat, which is there, is made of"},
    {"sum_parts", "called by no function: what adds up gradients in parts, which are there"},
    {"put", "called by no function: what tenka_concat, which is there, is made of"},
    {"copy", "called by no function: what keeping and assigning do"},
    {"axpby", "called by no function: batch_norm2d's running statistics, which are there"},
    {"clip_coefficient", "called by no function: the middle of clip_grad_norm, which is there"},
    {"load_batch", "the loader's: test_golden_runs"},
    {"rmsprop", "an optimizer's: test_optimizers"},
    {"adagrad", "an optimizer's: test_optimizers"},
    {"adadelta", "an optimizer's: test_optimizers"},
    {"nadam", "an optimizer's: test_optimizers"},
    {"radam", "an optimizer's: test_optimizers"},
    {"adamax", "an optimizer's: test_optimizers"},
    {"lion", "an optimizer's: test_optimizers"},
    {"lamb", "an optimizer's: test_optimizers"},
    {"multiply_add", "what tenka bench measures"},
};

static const struct exception functions_left_out[] = {
    {"input", "computes nothing"},
    {"value", "computes nothing; each case begins with it"},
    {"detach", "computes nothing, and has no gradient: test_updates"},
    {"full", "its numbers are its argument: test_updates"},
    {"randn", "draws: test_fine_tuning"},
    {"grad", "computes nothing; each gradient is read by it"},
    {"forward", "a module's: test_golden_runs"},
    {"loss_of_n", "the cases of loss_of call it"},
    {"module_fail", "computes nothing: how a module refuses what it gets"},
};

static const struct exception *find(const struct exception *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}
#define FIND(list, name) find(list, COUNT(list), name)

static size_t print_tallies(const char *label, const struct tally *tallies)
{
    size_t failed = 0, cases = 0, numbers = 0;
    printf("Largest share of the bound on the deviation from PyTorch on %s\n", label);
    for (size_t i = 0; i < golden_n_calls; i++) {
        const struct tally *const t = &tallies[i];
        printf("%-20s%8.3f%4zu cases%7zu numbers   %s\n", golden_calls[i].name, t->worst, t->cases, t->numbers, t->why);
        failed += t->failed;
        cases += t->cases;
        numbers += t->numbers;
    }
    printf("%zu cases, %zu numbers\n", cases, numbers);
    fflush(stdout);
    return failed;
}

/* Returns 1 when wrong, having said so. */
static size_t complain_if(bool wrong, const char *name, const char *what)
{
    if (wrong)
        print_error("%s: %s\n", name, what);
    return wrong;
}

/* Vulkan has every kernel, the fused ones too, and on devices with many workgroups those for gradients in parts. */
static size_t check_kernels(enum tenka_backend backend, const bool ran[TENKA_KERNEL_COUNT])
{
    size_t wrong = 0;
    for (int i = 0; i < TENKA_KERNEL_COUNT && backend == TENKA_BACKEND_VULKAN; i++)
        if (FIND(operators_left_out, tenka_ops[tenka_passes[i].op].name) == NULL)
            wrong += complain_if(!ran[i], tenka_passes[i].name, "no case of the golden file has run this kernel");
    return wrong;
}

static void test_operators(void **state)
{
    const struct target *const target = *state;
    struct tally tallies[MAX_CALLS] = {0};
    bool ran[TENKA_KERNEL_COUNT] = {0};
    struct golden_file file;
    struct golden_case c;
    tenka_ctx *ctx = open_target(target);
    if (target->backend == TENKA_BACKEND_VULKAN)
        tenka_vulkan_spread(tenka_ctx_device(ctx));
    golden_open(&file, golden_path);
    while (golden_next(&file, &c)) {
        const size_t i = call_of(&c);
        struct check check = {target, &golden_calls[i], {.ctx = ctx, .c = &c, .ran = ran}, &tallies[i]};
        tallies[i].cases++;
        check_case(&check, false);
        if (golden_calls[i].elementwise) {
            check_case(&check, true);
            check_chain(&check);
        }
        golden_free(&c);
    }
    golden_close(&file);
    tenka_ctx_destroy(&ctx);
    assert_int_equal(print_tallies(target->label, tallies) + check_kernels(target->backend, ran), 0);
}

/* The golden file's names, as the places of their calls. */
static void find_names(bool there[MAX_CALLS])
{
    struct golden_file file;
    struct golden_case c;
    golden_open(&file, golden_path);
    while (golden_next(&file, &c)) {
        there[call_of(&c)] = true;
        golden_free(&c);
    }
    golden_close(&file);
}

static bool is_there(const bool there[MAX_CALLS], const char *name)
{
    for (size_t i = 0; i < golden_n_calls; i++)
        if (strcmp(golden_calls[i].name, name) == 0)
            return there[i];
    return false;
}

static const char *const operators[] = {
#define TENKA_OP(name, ...) #name,
#define TENKA_PASS(...)
#include "op/ops.def"
};

static bool is_operator(const char *name)
{
    for (size_t i = 0; i < COUNT(operators); i++)
        if (strcmp(operators[i], name) == 0)
            return true;
    return false;
}

#define ONE_OF_BOTH "give it a row in tools/golden/ops.py, or a reason in this test to have none; not both"

/* Each has numbers or a reason to have none, and no reason is left of something that is gone. */
static void test_every_operator(void **state)
{
    bool there[MAX_CALLS] = {0};
    size_t wrong = 0;
    (void)state;
    find_names(there);
    for (size_t i = 0; i < golden_n_calls; i++)
        wrong += complain_if(!there[i], golden_calls[i].name, "the golden file has no case of it");
    for (size_t i = 0; i < COUNT(operators); i++)
        wrong += complain_if(is_there(there, operators[i]) == (FIND(operators_left_out, operators[i]) != NULL),
                             operators[i], ONE_OF_BOTH);
    for (size_t i = 0; i < COUNT(operators_left_out); i++)
        wrong += complain_if(!is_operator(operators_left_out[i].name), operators_left_out[i].name,
                             "it is left out here, but there is no such operator");
    assert_int_equal(wrong, 0);
}

static char *read_header(const char *path)
{
    static char text[1 << 18];
    FILE *const file = fopen(path, "r");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    text[fread(text, 1, sizeof(text) - 1, file)] = 0;
    assert_true(feof(file));
    fclose(file);
    return text;
}

/* The functions of a header that make a tensor. Adds to wrong those that have neither numbers nor a reason, to excused
 * those that have a reason. Returns how many there are. */
static size_t check_header(const char *path, const bool there[MAX_CALLS], size_t *excused, size_t *wrong)
{
    static const char begin[] = "TENKA_API tenka_tensor tenka_";
    size_t count = 0;
    for (const char *p = read_header(path); (p = strstr(p, begin)) != NULL; count++) {
        char name[64] = "";
        p += strlen(begin);
        sscanf(p, "%63[a-z0-9_]", name);
        const bool excuse = FIND(functions_left_out, name) != NULL;
        *wrong += complain_if(is_there(there, name) == excuse, name, ONE_OF_BOTH);
        *excused += excuse;
    }
    return count;
}

static void test_every_function(void **state)
{
    bool there[MAX_CALLS] = {0};
    size_t count = 0, excused = 0, wrong = 0;
    (void)state;
    find_names(there);
    for (size_t i = 0; i < n_headers; i++)
        count += check_header(headers[i], there, &excused, &wrong);
    printf("%zu public functions make a tensor\n", count);
    assert_int_equal(wrong, 0);
    assert_int_equal(excused, COUNT(functions_left_out));
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_every_operator),
        cmocka_unit_test(test_every_function),
    };
    if (argc < 4 || golden_n_calls > MAX_CALLS) {
        fprintf(stderr, "usage: test_golden_ops cpu|cpu-f64|vulkan GOLDEN-FILE HEADER...\n");
        return EXIT_FAILURE;
    }
    golden_path = argv[2];
    headers = argv + 3;
    n_headers = (size_t)argc - 3;
    RUN_ON_TARGETS(argc, argv, tests);
}
