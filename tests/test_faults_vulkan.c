/* Vulkan call k fails, for k = 1, 2, ...: for want of memory, once or for good, or because the device is lost. A typed
 * error with a sentence, nothing left, nothing used that is gone; after want of memory the same call works, and nothing
 * was lost or done twice.   test_faults_vulkan [mock|vulkan] [--all]
 *
 * Each k costs an opened device and a training, so that each test tries each k only where --all asks for it; else on the
 * mock the first test does, and on real devices it is a sample. */
#include "fault_script.h"

#include "core/core.h"
#include "faulty_vulkan.h"
#include "mock_vulkan.h"

#define SAMPLE 16

static char folder[32];
static bool all, mock;

static void remove_folder(void)
{
    script_remove_folder(folder);
}

/* The function that failed first. */
static const char *function(void)
{
    return faulty_vulkan_failed() ? faulty_vulkan_failed() : "none";
}

/* ---- What every end of a context must leave ---- */

struct traces {
    int64_t blocks;
};

static struct traces look_before(void)
{
    mock_vulkan_reset();
    return (struct traces){tenka_alloc_live()};
}

static void check_after(const struct traces *before, uint64_t k)
{
    const char *const failed = function();
    if (tenka_alloc_live() != before->blocks || mock_vulkan.live > 0)
        fail_msg("call %u (%s): %lld blocks and %zu Vulkan objects are left", (unsigned)k, failed,
                 (long long)(tenka_alloc_live() - before->blocks), mock_vulkan.live);
    if (mock_vulkan.complaint[0] != '\0')
        fail_msg("call %u (%s): %s", (unsigned)k, failed, mock_vulkan.complaint);
}

/* How far apart the k are that are tried; mocked: on the mock. */
static uint64_t stride_of(uint64_t count, uint64_t mocked)
{
    if (all)
        return 1;
    return mock ? mocked : count / SAMPLE + 1;
}

/* ---- Want of memory, once ---- */

static bool is_want_of_memory(tenka_status status)
{
    return status == TENKA_E_NOMEM;
}

/* Returns how many calls counted. */
static uint64_t attempt(struct script *s, const struct vulkan_fault *fault, struct outcome *outcome)
{
    const struct traces before = look_before();
    faulty_vulkan_set(fault);
    script_run(s, is_want_of_memory, faulty_vulkan_stop);
    const uint64_t calls = faulty_vulkan_calls();
    *outcome = s->outcome;
    script_finish(s);
    check_after(&before, fault->at);
    return calls;
}

static void each_call(const struct target *target, enum tenka_tune tune, const char *of, VkResult result,
                      uint64_t mocked)
{
    struct outcome clean, outcome;
    struct script s = {.target = target, .folder = folder, .tune = tune};
    const uint64_t count = attempt(&s, &(struct vulkan_fault){.of = of, .result = result}, &clean);
    const uint64_t stride = stride_of(count, mocked);
    uint64_t tried = 0;
    assert_true(count > 0);
    for (uint64_t k = 1; k <= count; k += stride, tried++) {
        s = (struct script){.target = target, .folder = folder, .tune = tune};
        attempt(&s, &(struct vulkan_fault){k, 1, result, of}, &outcome);
        if (memcmp(&outcome, &clean, sizeof(clean)) != 0)
            fail_msg("call %u (%s): the outcome is another one: mean %.9g of %u, not %.9g of %u", (unsigned)k,
                     function(), outcome.mean, (unsigned)outcome.values, clean.mean, (unsigned)clean.values);
    }
    printf("    %u of %u calls failed one by one%s%s\n", (unsigned)tried, (unsigned)count, of ? ": " : "",
           of ? of : "");
}

static void test_device_memory(void **state)
{
    each_call(*state, TENKA_TUNE_OFF, NULL, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1);
}

static void test_host_memory(void **state)
{
    each_call(*state, TENKA_TUNE_OFF, NULL, VK_ERROR_OUT_OF_HOST_MEMORY, 7);
}

static void test_integrated(void **state)
{
    mock_vulkan.integrated = true;
    each_call(*state, TENKA_TUNE_OFF, NULL, VK_ERROR_OUT_OF_DEVICE_MEMORY, 5);
    mock_vulkan.integrated = false;
}

static void test_tuning(void **state)
{
    each_call(*state, TENKA_TUNE_ON, NULL, VK_ERROR_OUT_OF_DEVICE_MEMORY, 53);
}

/* What else drivers call it when something is used up. */
static void test_used_up(void **state)
{
    each_call(*state, TENKA_TUNE_OFF, "vkAllocateDescriptorSets", VK_ERROR_OUT_OF_POOL_MEMORY, 17);
    each_call(*state, TENKA_TUNE_OFF, "vkAllocateDescriptorSets", VK_ERROR_FRAGMENTED_POOL, 43);
    each_call(*state, TENKA_TUNE_OFF, "vkAllocateMemory", VK_ERROR_TOO_MANY_OBJECTS, 1);
    each_call(*state, TENKA_TUNE_OFF, "vkMapMemory", VK_ERROR_MEMORY_MAP_FAILED, 1);
}

/* ---- Failures that stay ---- */

/* Stops at the first stage that fails, and destroys all while everything goes on failing. Whether one did. */
static bool run_and_give_up(const struct target *target, const struct vulkan_fault *fault, tenka_status *status)
{
    struct script s = {.target = target, .folder = folder, .tune = TENKA_TUNE_OFF};
    const struct traces before = look_before();
    *status = TENKA_OK;
    faulty_vulkan_set(fault);
    for (size_t i = 0; i < script_length && *status == TENKA_OK; i++)
        *status = script_stages[i].run(&s);
    if (*status != TENKA_OK && tenka_last_error(s.ctx)[0] == '\0')
        fail_msg("call %u (%s): no sentence", (unsigned)fault->at, function());
    script_finish(&s);
    check_after(&before, fault->at);
    faulty_vulkan_stop();
    return *status != TENKA_OK;
}

static void test_for_good(void **state)
{
    tenka_status status;
    bool failed = true;
    uint64_t k = 1;
    for (; failed; k += stride_of(SAMPLE * 60, 5)) {
        failed =
            run_and_give_up(*state, &(struct vulkan_fault){k, UINT64_MAX, VK_ERROR_OUT_OF_HOST_MEMORY, NULL}, &status);
        if (failed && status != TENKA_E_NOMEM && status != TENKA_E_DEVICE)
            fail_msg("call %u and all after it: %s", (unsigned)k, tenka_status_text(status));
    }
    printf("    from call k on, for each k below %u\n", (unsigned)k);
    assert_true(k > 50);
}

/* ---- A lost device ---- */

/* Whatever needs the device says that it is lost, and a file that is there stays. */
static void expect_lost(struct script *s, const char *stage)
{
    tenka_variable *var = NULL;
    float value = 0;
    if (tenka_variable_create(s->ctx, TENKA_F32, tenka_shape_of(1), &value, false, &var) != TENKA_E_DEVICE || var)
        fail_msg("lost in \"%s\": a variable can be made", stage);
    if (tenka_synchronize(s->ctx) != TENKA_E_DEVICE || tenka_last_error(s->ctx)[0] == '\0')
        fail_msg("lost in \"%s\": tenka_synchronize does not tell", stage);
    for (size_t i = 0; i < script_length; i++) {
        static const char *const need_none[] = {"load data", "read the loss", "forget it", "read where its images are"};
        bool needs = strcmp(script_stages[i].name, "open a context") != 0 && s->meter;
        for (size_t k = 0; k < sizeof(need_none) / sizeof(*need_none); k++)
            needs = needs && strcmp(script_stages[i].name, need_none[k]) != 0;
        needs = needs && strncmp(script_stages[i].name, "make", 4) != 0 && strncmp(script_stages[i].name, "a ", 2) != 0;
        if (!needs)
            continue;
        const tenka_status status = script_stages[i].run(s);
        if (status != TENKA_E_DEVICE)
            fail_msg("lost in \"%s\", then \"%s\": %s", stage, script_stages[i].name, tenka_status_text(status));
    }
}

/* Returns the calls that counted. */
static uint64_t lose(const struct target *target, uint64_t k)
{
    struct script s = {.target = target, .folder = folder, .tune = TENKA_TUNE_OFF};
    const struct traces before = look_before();
    tenka_status status = TENKA_OK;
    size_t i = 0;
    faulty_vulkan_set(&(struct vulkan_fault){k, UINT64_MAX, VK_ERROR_DEVICE_LOST, NULL});
    while (i < script_length && (status = script_stages[i].run(&s)) == TENKA_OK)
        i++;
    const uint64_t calls = faulty_vulkan_calls();
    if (status != TENKA_OK && status != TENKA_E_DEVICE)
        fail_msg("lost in \"%s\": %s: %s", script_stages[i].name, tenka_status_text(status), tenka_last_error(s.ctx));
    if (status != TENKA_OK && s.ctx)
        expect_lost(&s, script_stages[i].name);
    script_finish(&s);
    check_after(&before, k);
    faulty_vulkan_stop();
    return calls;
}

static void test_lost(void **state)
{
    const uint64_t count = lose(*state, 0), stride = stride_of(count, 3);
    for (uint64_t k = 1; k <= count; k += stride)
        lose(*state, k);
    printf("    lost at every %u. of %u calls that can tell\n", (unsigned)stride, (unsigned)count);
    assert_true(count > 20);
}

/* ---- A device that is too small ---- */

static tenka_status train_once(tenka_ctx *ctx, tenka_module *net, tenka_optimizer *opt, uint32_t batch)
{
    const size_t elements = (size_t)batch * 4096;
    float *const x = calloc(elements, sizeof(*x));
    int32_t *const y = calloc(batch, sizeof(*y));
    assert_true(x && y);
    const tenka_tensor input = tenka_input(ctx, TENKA_F32, tenka_shape_of(batch, 4096), x);
    const tenka_tensor target = tenka_input(ctx, TENKA_I32, tenka_shape_of(batch), y);
    tenka_backward(tenka_cross_entropy(tenka_forward(net, input), target));
    free(x);
    free(y);
    return tenka_optimizer_step(opt);
}

/* A batch that does not fit is refused, and a smaller one then runs, with what the large one took given back. */
static void test_too_large(void **state)
{
    const struct target *target = *state;
    const struct traces before = look_before();
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    tenka_ctx *ctx;
    tenka_module *net;
    tenka_optimizer *opt;
    mock_vulkan.memory = (VkDeviceSize)96 << 20;
    params.backend = TENKA_BACKEND_VULKAN;
    params.device = target->index;
    params.cache_dir = "";
    params.tune = TENKA_TUNE_OFF;
    must(NULL, tenka_ctx_create(&params, &ctx));
    must(ctx, tenka_nn_parse(ctx, "Linear(4096, 256) ReLU() Linear(256, 4096) Tanh() Linear(4096, 10)", &net));
    must(ctx, tenka_adam_create(ctx, net, NULL, &opt));
    must(ctx, train_once(ctx, net, opt, 8));
    tenka_ctx_stats(ctx, &stats);
    const uint64_t bytes = stats.device_bytes;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(train_once(ctx, net, opt, 4000), TENKA_E_NOMEM);
        assert_non_null(strstr(tenka_last_error(ctx), "smaller batch"));
        must(ctx, train_once(ctx, net, opt, 8));
        tenka_ctx_stats(ctx, &stats);
        assert_int_equal(stats.device_bytes, bytes);
    }
    tenka_optimizer_destroy(&opt);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
    mock_vulkan.memory = (VkDeviceSize)512 << 20;
    check_after(&before, 0);
}

int main(int argc, char **argv)
{
    struct CMUnitTest mocked[] = {
        cmocka_unit_test(test_device_memory), cmocka_unit_test(test_host_memory), cmocka_unit_test(test_integrated),
        cmocka_unit_test(test_tuning),        cmocka_unit_test(test_used_up),     cmocka_unit_test(test_for_good),
        cmocka_unit_test(test_lost),          cmocka_unit_test(test_too_large),
    };
    struct CMUnitTest real[] = {
        cmocka_unit_test(test_device_memory),
        cmocka_unit_test(test_for_good),
        cmocka_unit_test(test_lost),
    };
    char vulkan[] = "vulkan", *names[] = {argv[0], vulkan};
    mock = argc < 2 || strcmp(argv[1], "mock") == 0;
    all = argc > 2 && strcmp(argv[2], "--all") == 0;
    script_make_folder(folder, sizeof(folder));
    atexit(remove_folder);
    script_write_data(folder);
    if (!faulty_vulkan_begin(mock))
        return no_target(vulkan);
    if (mock)
        RUN_ON_TARGETS(2, names, mocked);
    RUN_ON_TARGETS(2, names, real);
}
