/* The reference network against PyTorch: weights, batches and losses, from tests/golden/.
 *   test_golden BACKEND GOLDEN-FILE     BACKEND: cpu, cpu-f64 or vulkan
 * The images are Fashion-MNIST, in $TENKA_FASHION_MNIST or where Debian's package puts them. Without images or a
 * Vulkan device the result is 77, skipped; with TENKA_REQUIRE_VULKAN=1 a missing device fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenka/tenka.h"

#define SKIPPED 77
#define MAX_STEPS 64
#define MAX_LABELS 128
#define MAX_WEIGHTS 16
#define BATCH_SIZE 100

/* float32 drifts from float64 by 3e-7 within 20 steps, and by 5e-6 within 30: see the golden file. */
#define F32_STEPS 20
#define F32_BOUND 1e-5
#define F64_STEPS 30
#define F64_BOUND 1e-9

struct weight {
    char name[64];
    float first, last;
    double sum;
};

static struct {
    double f32[MAX_STEPS], f64[MAX_STEPS];
    int32_t label[MAX_LABELS];
    struct weight weight[MAX_WEIGHTS];
    size_t steps, labels, weights;
} golden;

static enum tenka_backend backend;
static const char *data_dir;

/* ---- The golden file ---- */

static void read_line(const char *line)
{
    size_t index;
    int32_t label;
    double f32, f64;
    struct weight w;
    if (sscanf(line, "label %zu %d", &index, &label) == 2 && index < MAX_LABELS) {
        golden.label[index] = label;
        golden.labels = index + 1;
    } else if (sscanf(line, "weight %63s %f %f %lf", w.name, &w.first, &w.last, &w.sum) == 4 &&
               golden.weights < MAX_WEIGHTS) {
        golden.weight[golden.weights++] = w;
    } else if (sscanf(line, "loss %zu %lf %lf", &index, &f32, &f64) == 3 && index < MAX_STEPS) {
        golden.f32[index] = f32;
        golden.f64[index] = f64;
        golden.steps = index + 1;
    }
}

static bool read_golden(const char *path)
{
    char line[256];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    while (fgets(line, sizeof(line), file) != NULL)
        read_line(line);
    fclose(file);
    return golden.steps >= F64_STEPS && golden.labels == BATCH_SIZE && golden.weights > 0;
}

/* ---- A run ---- */

struct run {
    tenka_ctx *ctx;
    tenka_dataset *data;
    tenka_module *net;
    tenka_loader *loader;
};

static void print_log(void *user, enum tenka_log_level level, const char *text)
{
    (void)user;
    if (level >= TENKA_LOG_WARNING)
        fprintf(stderr, "log: %s\n", text);
}

static tenka_status create_ctx(tenka_ctx **out)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    params.backend = backend;
    params.validate = backend == TENKA_BACKEND_VULKAN && getenv("TENKA_VALIDATE") != NULL;
    params.log = print_log;
    return tenka_ctx_create(&params, out);
}

static void must(struct run *r, tenka_status status)
{
    if (status != TENKA_OK)
        fail_msg("%s", tenka_last_error(r->ctx));
}

static void begin(struct run *r)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    params.batch_size = BATCH_SIZE;
    params.shuffle = true;
    memset(r, 0, sizeof(*r));
    must(r, create_ctx(&r->ctx));
    must(r, tenka_dataset_load_idx(r->ctx, data_dir, true, &r->data));
    must(r, tenka_nn_parse(r->ctx, tenka_nn_reference_text(), &r->net));
    must(r, tenka_loader_create(r->ctx, r->data, &params, &r->loader));
}

static void end(struct run *r)
{
    tenka_loader_destroy(&r->loader);
    tenka_module_destroy(&r->net);
    tenka_dataset_destroy(&r->data);
    tenka_ctx_destroy(&r->ctx);
}

/* ---- Tests ---- */

static void check_weight(struct run *r, const struct weight *want)
{
    tenka_variable *var = tenka_module_find(r->net, want->name);
    assert_non_null(var);
    const struct tenka_shape shape = tenka_variable_shape(var);
    size_t count = 1;
    for (uint32_t i = 0; i < shape.rank; i++)
        count *= shape.dim[i];
    float *value = calloc(count, sizeof(*value));
    assert_non_null(value);
    must(r, tenka_variable_read(var, value, count * sizeof(*value)));
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)value[i];
    /* Bit for bit: the same draws and the same rounding. */
    assert_true(value[0] == want->first && value[count - 1] == want->last);
    assert_true(sum == want->sum);
    free(value);
}

static void weights_are_those_of_pytorch(void **state)
{
    (void)state;
    struct run r;
    begin(&r);
    for (size_t i = 0; i < golden.weights; i++)
        check_weight(&r, &golden.weight[i]);
    end(&r);
}

static void first_batch_is_that_of_pytorch(void **state)
{
    (void)state;
    struct run r;
    struct tenka_batch batch;
    int32_t label[BATCH_SIZE];
    begin(&r);
    tenka_no_grad_begin(r.ctx);
    must(&r, tenka_loader_next(r.loader, &batch));
    must(&r, tenka_read(batch.target, label, sizeof(label)));
    tenka_no_grad_end(r.ctx);
    assert_memory_equal(label, golden.label, sizeof(label));
    end(&r);
}

static double train_step(struct run *r, tenka_optimizer *adam)
{
    struct tenka_batch batch;
    double value;
    must(r, tenka_loader_next(r->loader, &batch));
    const tenka_tensor loss = tenka_nll_loss(tenka_forward(r->net, batch.input), batch.target);
    tenka_backward(loss);
    must(r, tenka_optimizer_step(adam));
    must(r, tenka_item(loss, &value));
    return value;
}

static void losses_are_those_of_pytorch(void **state)
{
    (void)state;
    const bool exact = backend == TENKA_BACKEND_CPU_F64;
    const double *want = exact ? golden.f64 : golden.f32, bound = exact ? F64_BOUND : F32_BOUND;
    const size_t steps = exact ? F64_STEPS : F32_STEPS;
    struct run r;
    tenka_optimizer *adam = NULL;
    double worst = 0;
    begin(&r);
    must(&r, tenka_adam_create(r.ctx, r.net, NULL, &adam));
    for (size_t i = 0; i < steps; i++) {
        const double loss = train_step(&r, adam), off = fabs(loss - want[i]);
        if (!(off <= bound))
            fail_msg("step %zu: loss %.17g, PyTorch %.17g, off by %.3g", i, loss, want[i], off);
        worst = off > worst ? off : worst;
    }
    print_message("%zu losses, the worst is off by %.3g\n", steps, worst);
    tenka_optimizer_destroy(&adam);
    end(&r);
}

/* ---- What the machine has ---- */

static const char *find_data(void)
{
    const char *dir = getenv("TENKA_FASHION_MNIST");
    dir = dir != NULL ? dir : "/usr/share/datasets/fashion-mnist";
    char path[4096];
    snprintf(path, sizeof(path), "%s/train-images-idx3-ubyte.gz", dir);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fclose(file);
    return dir;
}

/* EXIT_SUCCESS, or the status that the program ends with. */
static int look_for_device(void)
{
    tenka_ctx *ctx = NULL;
    const tenka_status status = create_ctx(&ctx);
    tenka_ctx_destroy(&ctx);
    if (status == TENKA_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "test_golden: %s\n", tenka_last_error(NULL));
    const char *required = getenv("TENKA_REQUIRE_VULKAN");
    const bool may_skip = backend == TENKA_BACKEND_VULKAN && (required == NULL || strcmp(required, "1") != 0);
    return may_skip ? SKIPPED : EXIT_FAILURE;
}

static bool choose_backend(const char *name)
{
    backend = strcmp(name, "vulkan") == 0    ? TENKA_BACKEND_VULKAN
              : strcmp(name, "cpu-f64") == 0 ? TENKA_BACKEND_CPU_F64
                                             : TENKA_BACKEND_CPU;
    return backend != TENKA_BACKEND_CPU || strcmp(name, "cpu") == 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_those_of_pytorch),
        cmocka_unit_test(first_batch_is_that_of_pytorch),
        cmocka_unit_test(losses_are_those_of_pytorch),
    };
    if (argc != 3 || !choose_backend(argv[1]) || !read_golden(argv[2])) {
        fprintf(stderr, "usage: test_golden cpu|cpu-f64|vulkan GOLDEN-FILE\n");
        return EXIT_FAILURE;
    }
    data_dir = find_data();
    if (data_dir == NULL) {
        fprintf(stderr, "test_golden: no Fashion-MNIST here; set TENKA_FASHION_MNIST\n");
        return SKIPPED;
    }
    const int device = look_for_device();
    return device != EXIT_SUCCESS ? device : cmocka_run_group_tests(tests, NULL, NULL);
}
