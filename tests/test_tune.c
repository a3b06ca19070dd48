/* What tuning finds out is kept and used again; whatever it is, and whatever becomes of its file, results are the same.
 *   test_tune [vulkan] */
#define _POSIX_C_SOURCE 200809L
#include "support.h"

#include <dirent.h>
#include <unistd.h>

#include "backend/vulkan/testing.h"
#include "graph/graph.h"

#define STEPS 3

struct seen {
    double loss[STEPS];
    uint64_t objects; /* of the device: measuring makes many */
};

static bool rests; /* the devices are kept busy before they are measured, as GPUs are */
static char folder[] = "/tmp/tenka-tune-XXXXXX";

static tenka_ctx *open_tuned(const struct target *target, enum tenka_tune tune)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = target->backend;
    params.device = target->index;
    params.log = print_log;
    params.cache_dir = folder;
    params.tune = tune;
    if (tenka_ctx_create(&params, &ctx) != TENKA_OK)
        fail_msg("%s: %s", target->label, tenka_last_error(NULL));
    if (rests)
        tenka_vulkan_let_rest(tenka_ctx_device(ctx));
    return ctx;
}

/* A few steps of training. */
static struct seen train(const struct target *target, enum tenka_tune tune)
{
    static float x[24 * 100];
    static const int32_t y[24] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct seen seen = {{0}, 0};
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    tenka_ctx *ctx = open_tuned(target, tune);
    tenka_module *net;
    tenka_optimizer *opt;
    for (size_t i = 0; i < sizeof(x) / sizeof(*x); i++)
        x[i] = (float)(i % 19) / 19 - 0.5f;
    must(ctx, tenka_nn_parse(ctx, "Linear(100, 60) ReLU() Linear(60, 10) LogSoftmax(dim=1)", &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    for (int i = 0; i < STEPS; i++) {
        const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(24, 100), x);
        const tenka_tensor target_class = tenka_input(ctx, TENKA_I32, tenka_shape_of(24), y);
        const tenka_tensor loss = tenka_nll_loss(tenka_forward(net, input), target_class);
        tenka_backward(loss);
        must(ctx, tenka_optimizer_step(opt));
        must(ctx, tenka_item(loss, &seen.loss[i]));
    }
    tenka_ctx_stats(ctx, &stats);
    seen.objects = stats.device_objects;
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    return seen;
}

/* The path of the folder's file that holds what tuning found out; false: there is none. */
static bool find_file(char *path, size_t bytes)
{
    DIR *dir = opendir(folder);
    bool found = false;
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const char *const end = strrchr(entry->d_name, '.');
        if (end && strcmp(end, ".tune") == 0) {
            snprintf(path, bytes, "%s/%s", folder, entry->d_name);
            found = true;
        }
    }
    closedir(dir);
    return found;
}

static void remove_files(void)
{
    DIR *dir = opendir(folder);
    char path[600];
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry != NULL; entry = readdir(dir))
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            unlink(path);
        }
    closedir(dir);
}

static void remove_folder(void)
{
    remove_files();
    rmdir(folder);
}

static void flip_byte(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void test_kept_and_used(void **state)
{
    char path[600];
    const struct seen plain = train(*state, TENKA_TUNE_OFF);
    assert_false(find_file(path, sizeof(path)));
    const struct seen first = train(*state, TENKA_TUNE_ON);
    assert_true(find_file(path, sizeof(path)));
    const struct seen again = train(*state, TENKA_TUNE_ON);
    assert_memory_equal(first.loss, plain.loss, sizeof(plain.loss));
    assert_memory_equal(again.loss, plain.loss, sizeof(plain.loss));
    assert_true(first.objects > again.objects);
    remove_files();
}

static void test_damaged(void **state)
{
    char path[600];
    const struct seen first = train(*state, TENKA_TUNE_ON);
    for (long at = 0; at < 40; at += 13) {
        assert_true(find_file(path, sizeof(path)));
        flip_byte(path, at);
        const struct seen measured = train(*state, TENKA_TUNE_ON);
        const struct seen again = train(*state, TENKA_TUNE_ON);
        assert_memory_equal(measured.loss, first.loss, sizeof(first.loss));
        assert_true(measured.objects > again.objects); /* the file was of no use, and was made anew */
    }
    remove_files();
}

/* The last case of an operator that is small. */
static size_t find_case(const char *op)
{
    struct tenka_bench_case c;
    size_t found = SIZE_MAX;
    for (size_t i = 0; tenka_bench_case(i, &c); i++)
        found = c.quick && strcmp(c.op, op) == 0 ? i : found;
    return found;
}

static void test_kept_busy(void **state)
{
    struct tenka_kernel_time kernels[TENKA_BENCH_MAX_PASSES];
    size_t count;
    const struct seen plain = train(*state, TENKA_TUNE_OFF);
    rests = true;
    const struct seen tuned = train(*state, TENKA_TUNE_ON);
    assert_memory_equal(tuned.loss, plain.loss, sizeof(plain.loss));
    tenka_ctx *ctx = open_tuned(*state, TENKA_TUNE_OFF);
    must(ctx, tenka_bench_warm_up(ctx, 0.1));
    must(ctx, tenka_bench_run(ctx, find_case("log_softmax"), 0.01, kernels, &count));
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++)
        assert_true(kernels[i].best > 0 && kernels[i].best <= kernels[i].seconds && kernels[i].seconds < 1);
    tenka_ctx_destroy(&ctx);
    rests = false;
    remove_files();
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(test_kept_and_used), cmocka_unit_test(test_damaged),
                                 cmocka_unit_test(test_kept_busy)};
    if (!mkdtemp(folder)) {
        perror("mkdtemp");
        return 1;
    }
    atexit(remove_folder);
    char *vulkan[] = {argv[0], "vulkan"};
    RUN_ON_TARGETS(argc > 1 ? argc : 2, argc > 1 ? argv : vulkan, tests);
}
