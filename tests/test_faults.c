/* Allocation k fails, for k = 1, 2, ...: a typed error with a sentence, no crash and no leak; the same call then works,
 * and nothing was lost or done twice.   test_faults [cpu|cpu-f64|vulkan|mock] [--all]
 *
 * On real devices only a sample of all k, unless --all asks for them: each costs an opened device. */
#define _POSIX_C_SOURCE 200809L
#include "fault_script.h"

#include <jansson.h>

#include "core/core.h"
#ifdef WITH_MOCK
#include "faulty_vulkan.h"
#include "mock_vulkan.h"
#endif

#define SAMPLE 24

static char folder[32];
static bool all = true;

static void remove_folder(void)
{
    script_remove_folder(folder);
}

/* ---- Allocations: the library's own, and jansson's ---- */

static uint64_t json_allocations, json_fail_at;
static int64_t json_live;

static void *json_allocate(size_t bytes)
{
    void *const memory = ++json_allocations == json_fail_at ? NULL : malloc(bytes);
    json_live += memory != NULL;
    return memory;
}

static void json_release(void *memory)
{
    json_live -= memory != NULL;
    free(memory);
}

static void disarm(void)
{
    tenka_alloc_fail_at(0);
    json_fail_at = 0;
}

static void arm_library(uint64_t k)
{
    tenka_alloc_fail_at(k);
}

static void arm_json(uint64_t k)
{
    json_fail_at = k == 0 ? 0 : json_allocations + k;
}

static uint64_t count_json(void)
{
    return json_allocations;
}

/* ---- Runs ---- */

static bool is_want_of_memory(tenka_status status)
{
    return status == TENKA_E_NOMEM;
}

/* jansson goes on reading when its buffer cannot grow: what it then takes for the text is wrong in one way or other. */
static bool is_want_of_memory_or_wrong(tenka_status status)
{
    return status == TENKA_E_NOMEM || status == TENKA_E_FORMAT || status == TENKA_E_INVALID;
}

/* Whose k-th allocation fails. */
struct allocator {
    void (*arm)(uint64_t k);
    uint64_t (*count)(void);
    bool (*expected)(tenka_status status);
};
static const struct allocator library = {arm_library, tenka_alloc_count, is_want_of_memory};
static const struct allocator json = {arm_json, count_json, is_want_of_memory_or_wrong};

static void check_vulkan(uint64_t k)
{
#ifdef WITH_MOCK
    if (mock_vulkan.live > 0 || mock_vulkan.complaint[0] != '\0')
        fail_msg("allocation %u: %zu Vulkan objects are left; %s", (unsigned)k, mock_vulkan.live,
                 mock_vulkan.complaint);
    mock_vulkan_reset();
#else
    (void)k;
#endif
}

/* With allocation k failing, 0: none. Returns how many allocations there were until the training was done. */
static uint64_t attempt(const struct target *target, const struct allocator *of, uint64_t k, struct outcome *outcome,
                        const char **failed)
{
    struct script s = {.target = target, .folder = folder, .tune = TENKA_TUNE_OFF};
    const int64_t live = tenka_alloc_live(), live_json = json_live;
    const uint64_t before = of->count();
    of->arm(k);
    *failed = script_run(&s, of->expected, disarm);
    const uint64_t allocations = of->count() - before;
    disarm();
    *outcome = s.outcome;
    script_finish(&s);
    if (tenka_alloc_live() != live || json_live != live_json)
        fail_msg("allocation %u: %lld blocks are left, and %lld of jansson", (unsigned)k,
                 (long long)(tenka_alloc_live() - live), (long long)(json_live - live_json));
    check_vulkan(k);
    return allocations;
}

static void each_allocation(const struct target *target, const struct allocator *of)
{
    struct outcome clean, outcome;
    const char *failed;
    const uint64_t count = attempt(target, of, 0, &clean, &failed);
    const uint64_t stride = all || count <= SAMPLE ? 1 : count / SAMPLE;
    uint64_t tried = 0;
    assert_true(count > 50);
    assert_true(clean.values > 0);
    for (uint64_t k = 1; k <= count; k += stride, tried++) {
        attempt(target, of, k, &outcome, &failed);
        if (memcmp(&outcome, &clean, sizeof(clean)) != 0)
            fail_msg("allocation %u (%s): the outcome is another one: mean %.9g of %u, not %.9g of %u", (unsigned)k,
                     failed, outcome.mean, (unsigned)outcome.values, clean.mean, (unsigned)clean.values);
    }
    printf("    %u of %u allocations failed one by one\n", (unsigned)tried, (unsigned)count);
}

static void test_library(void **state)
{
    each_allocation(*state, &library);
}

static void test_jansson(void **state)
{
    const struct target *target = *state;
    if (target->backend != TENKA_BACKEND_CPU)
        skip(); /* files know nothing of devices */
    each_allocation(target, &json);
}

/* A step that is given up after it was read in the middle has run up to there, and a meter knows. */
static void test_given_up_after_read(void **state)
{
    tenka_ctx *ctx = open_target(*state);
    tenka_meter *meter;
    tenka_variable *var;
    const float value = 3;
    double seen = 0, sum;
    uint64_t count;
    must(ctx, tenka_meter_create(ctx, &meter));
    must(ctx, tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(1), &value, true, &var));
    const tenka_tensor doubled = tenka_scale(tenka_value(var), 2);
    tenka_meter_add(meter, doubled);
    must(ctx, tenka_item(doubled, &seen));
    tenka_step_discard(ctx);
    must(ctx, tenka_meter_read(meter, &sum, NULL, &count));
    assert_int_equal(count, 1);
    assert_true(sum == seen);
    tenka_meter_add(meter, tenka_value(var));
    tenka_step_discard(ctx);
    must(ctx, tenka_meter_read(meter, &sum, NULL, &count));
    assert_int_equal(count, 1);
    assert_true(sum == seen);
    tenka_variable_destroy(&var);
    tenka_meter_destroy(&meter);
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_up_after_read),
        cmocka_unit_test(test_library),
        cmocka_unit_test(test_jansson),
    };
    const char *const name = argc > 1 ? argv[1] : "cpu";
    char *names[] = {argv[0], argc > 1 ? argv[1] : NULL};
    script_make_folder(folder, sizeof(folder));
    atexit(remove_folder);
    script_write_data(folder);
    json_set_alloc_funcs(json_allocate, json_release);
    all = strcmp(name, "vulkan") != 0 || (argc > 2 && strcmp(argv[2], "--all") == 0);
#ifdef WITH_MOCK
    static char vulkan[] = "vulkan";
    if (strcmp(name, "mock") == 0) {
        faulty_vulkan_begin(true);
        setenv("TENKA_TEST_VALIDATE", "0", 1); /* it has no layer */
        names[1] = vulkan;
    } else if (argc > 1 && strcmp(argv[1], "vulkan") == 0) {
        faulty_vulkan_hold_drivers();
    }
#endif
    RUN_ON_TARGETS(argc > 1 ? 2 : 1, names, tests);
}
