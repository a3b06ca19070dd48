/* What is made of the Vulkan that there is: one that does not start, devices of each kind, and a validation layer that
 * complains. On the mock. */
#define _POSIX_C_SOURCE 200809L

#include "support.h"

#include <pthread.h>
#include <time.h>

#include "core/core.h"
#include "faulty_vulkan.h"
#include "mock_vulkan.h"

static char said[1024];

static void note_log(void *user, enum tenka_log_level level, const char *text)
{
    (void)user;
    (void)level;
    snprintf(said, sizeof(said), "%s", text);
}

static tenka_status open_context(enum tenka_backend backend, tenka_ctx **ctx)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    params.backend = backend;
    params.cache_dir = "";
    params.log = note_log;
    said[0] = '\0';
    return tenka_ctx_create(&params, ctx);
}

/* ---- A Vulkan that does not start ---- */

/* The list holds the CPU, AUTO takes it, and both say why; who asks for Vulkan fails with a sentence. */
static void fail_to_start(const char *function, VkResult result, const char *name)
{
    struct tenka_device_info info[2] = {0};
    size_t count = 0;
    tenka_ctx *ctx;
    faulty_vulkan_set(&(struct vulkan_fault){1, UINT64_MAX, result, function});
    must(NULL, tenka_devices(info, 2, &count));
    assert_int_equal(count, 1);
    assert_string_equal(info[0].kind, "cpu");
    assert_true(info[0].chosen && info[0].usable);
    assert_non_null(strstr(info[0].note, name));
    must(NULL, open_context(TENKA_BACKEND_AUTO, &ctx));
    assert_int_equal(tenka_ctx_backend(ctx), TENKA_BACKEND_CPU);
    assert_non_null(strstr(said, name));
    tenka_ctx_destroy(&ctx);
    assert_int_not_equal(open_context(TENKA_BACKEND_VULKAN, &ctx), TENKA_OK);
    assert_null(ctx);
    assert_non_null(strstr(tenka_last_error(NULL), name));
    faulty_vulkan_stop();
}

static void test_no_start(void **state)
{
    static const char *const functions[] = {"vkCreateInstance", "vkEnumeratePhysicalDevices"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fail_to_start(functions[i], VK_ERROR_OUT_OF_HOST_MEMORY, "VK_ERROR_OUT_OF_HOST_MEMORY");
        fail_to_start(functions[i], VK_ERROR_INITIALIZATION_FAILED, "VK_ERROR_INITIALIZATION_FAILED");
        fail_to_start(functions[i], VK_ERROR_INCOMPATIBLE_DRIVER, "VK_ERROR_INCOMPATIBLE_DRIVER");
    }
    fail_to_start("vkEnumerateInstanceVersion", VK_ERROR_OUT_OF_HOST_MEMORY, "VK_ERROR_OUT_OF_HOST_MEMORY");
    fail_to_start("vkEnumerateInstanceExtensionProperties", VK_ERROR_OUT_OF_HOST_MEMORY, "VK_ERROR_OUT_OF_HOST_MEMORY");
}

/* Of whatever call of the library: where nothing can be allocated there is a sentence. */
static void test_no_memory(void **state)
{
    struct tenka_device_info info;
    size_t count = 0;
    uint64_t k = 1;
    tenka_status status = TENKA_OK;
    (void)state;
    for (; k < 100 && status != TENKA_E_NOMEM; k++) {
        tenka_alloc_fail_at(k);
        status = tenka_devices(&info, 1, &count);
        assert_true(status == TENKA_OK || status == TENKA_E_NOMEM);
    }
    tenka_alloc_fail_at(0);
    assert_int_equal(status, TENKA_E_NOMEM);
    assert_string_not_equal(tenka_last_error(NULL), "");
    assert_int_equal(tenka_last_status(NULL), TENKA_E_NOMEM);
}

/* A failure without words still says what it is. */
static void test_no_words(void **state)
{
    struct tenka_error err = {0};
    const char *const nothing = "";
    (void)state;
    assert_int_equal(tenka_fail(&err, TENKA_E_IO, "%s", nothing), TENKA_E_IO);
    assert_string_equal(err.text, tenka_status_text(TENKA_E_IO));
}

/* ---- Kinds of devices ---- */

static void test_kinds(void **state)
{
    static const struct {
        VkPhysicalDeviceType type;
        const char *kind;
        bool chosen;
    } kinds[] = {
        {VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, "discrete", true},
        {VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, "integrated", true},
        {VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU, "virtual", false},
        {VK_PHYSICAL_DEVICE_TYPE_CPU, "software", false},
        {VK_PHYSICAL_DEVICE_TYPE_OTHER, "other", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct tenka_device_info info[2];
        size_t count;
        tenka_ctx *ctx;
        mock_vulkan.type = kinds[i].type;
        must(NULL, tenka_devices(info, 2, &count));
        assert_int_equal(count, 2);
        assert_string_equal(info[0].kind, kinds[i].kind);
        assert_true(info[0].usable && info[0].chosen == kinds[i].chosen && info[1].chosen != kinds[i].chosen);
        assert_string_equal(info[1].note, "");
        must(NULL, open_context(TENKA_BACKEND_AUTO, &ctx));
        assert_int_equal(tenka_ctx_backend(ctx), kinds[i].chosen ? TENKA_BACKEND_VULKAN : TENKA_BACKEND_CPU);
        assert_non_null(strstr(said, kinds[i].kind));
        assert_non_null(strstr(said, kinds[i].chosen ? "the first" : "Mock"));
        tenka_ctx_destroy(&ctx);
        must(NULL, open_context(TENKA_BACKEND_VULKAN, &ctx));
        tenka_ctx_destroy(&ctx);
    }
    mock_vulkan.type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

/* ---- Devices without timestamps ---- */

static void expect_no_times(uint32_t bits, float period)
{
    const float x = 1;
    tenka_ctx *ctx;
    mock_vulkan.timestamp_bits = bits;
    mock_vulkan.timestamp_period = period;
    must(NULL, open_context(TENKA_BACKEND_VULKAN, &ctx));
    must(ctx, tenka_profile_begin_in_place(ctx));
    tenka_relu(tenka_input(ctx, TENKA_F32, tenka_shape_of(1), &x));
    assert_int_equal(tenka_step_end(ctx), TENKA_E_UNSUPPORTED);
    assert_non_null(strstr(tenka_last_error(ctx), "no timestamps"));
    must(ctx, tenka_profile_end(ctx));
    tenka_relu(tenka_input(ctx, TENKA_F32, tenka_shape_of(1), &x));
    must(ctx, tenka_step_end(ctx));
    tenka_ctx_destroy(&ctx);
    mock_vulkan.timestamp_bits = 64;
    mock_vulkan.timestamp_period = 1;
}

static void test_no_times(void **state)
{
    (void)state;
    expect_no_times(0, 1);
    expect_no_times(64, 0);
    expect_no_times(64, NAN);
}

/* ---- What the validation layer says ---- */

#define MANY 200

static pthread_t own;
static size_t heard, beside; /* messages, and how many of them on another thread or outside of Tenka's calls */
static bool inside;

static void count_log(void *user, enum tenka_log_level level, const char *text)
{
    size_t more = 1;
    note_log(user, level, text);
    beside += !inside || !pthread_equal(pthread_self(), own);
    sscanf(text, "validation layer: %zu more messages", &more);
    heard += more;
}

static void tell(const char *text)
{
    const VkDebugUtilsMessengerCallbackDataEXT data = {.pMessage = text};
    mock_vulkan.hear(VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT, VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
                     &data, mock_vulkan.hear_user);
}

static void *tell_once(void *text)
{
    tell(text);
    return NULL;
}

static void *tell_many(void *unused)
{
    const struct timespec moment = {.tv_nsec = 20000};
    for (size_t i = 0; i < MANY; i++) {
        tell("again");
        nanosleep(&moment, NULL);
    }
    return unused;
}

static tenka_status take_step(tenka_ctx *ctx)
{
    const float x = 1;
    inside = true;
    tenka_relu(tenka_input(ctx, TENKA_F32, tenka_shape_of(1), &x));
    const tenka_status status = tenka_step_end(ctx);
    inside = false;
    return status;
}

static tenka_ctx *open_watched(void)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = TENKA_BACKEND_VULKAN;
    params.cache_dir = "";
    params.validate = true;
    params.log = count_log;
    must(NULL, tenka_ctx_create(&params, &ctx));
    own = pthread_self();
    said[0] = '\0';
    heard = beside = 0;
    return ctx;
}

/* The layer may speak on a thread of the driver at any time; the log hears of it in the next call of Tenka's, on the
 * program's own thread, and so never meets what the program writes meanwhile. */
static void test_messages(void **state)
{
    pthread_t other;
    (void)state;
    mock_vulkan.layer = true;
    tenka_ctx *ctx = open_watched();
    must(ctx, take_step(ctx));
    pthread_create(&other, NULL, tell_once, "a mistake");
    pthread_join(other, NULL);
    assert_string_equal(said, "");
    assert_int_equal(take_step(ctx), TENKA_E_DEVICE);
    assert_string_equal(said, "validation layer: a mistake");
    assert_non_null(strstr(tenka_last_error(ctx), "complains: a mistake"));
    must(ctx, take_step(ctx));

    heard = 0;
    pthread_create(&other, NULL, tell_many, NULL);
    for (size_t i = 0; i < MANY; i++)
        take_step(ctx);
    pthread_join(other, NULL);
    take_step(ctx);
    assert_int_equal(heard, MANY);

    tell(NULL);
    inside = true;
    tenka_ctx_destroy(&ctx);
    inside = false;
    assert_string_equal(said, "validation layer: ");
    assert_int_equal(heard, MANY + 1);
    assert_int_equal(beside, 0);
    mock_vulkan.layer = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_start), cmocka_unit_test(test_no_memory), cmocka_unit_test(test_no_words),
        cmocka_unit_test(test_kinds),    cmocka_unit_test(test_no_times),  cmocka_unit_test(test_messages),
    };
    if (!faulty_vulkan_begin(true))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
