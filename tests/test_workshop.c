/* Kernels that are compiled at run time are those of the build, bit for bit: the same compiler with the same options,
 * in src/backend/vulkan/workshop.c as in cmake/shaders.cmake. Needs no device.
 *   test_workshop SHADERS */
#include "support.h"

#include "backend/vulkan/workshop.h"

static const char *shaders;

static void test_same_code(void **state)
{
    static struct tenka_vk_device dev;
    static const struct tenka_log log = {.fn = print_log};
    struct tenka_error err = {0};
    (void)state;
    dev.base.err = &err;
    dev.base.log = &log;
    if (tenka_vk_workshop_open(&dev, shaders) != TENKA_OK)
        fail_msg("%s", err.text);
    for (uint32_t i = 0; i < TENKA_KERNEL_COUNT * TENKA_STORED_COUNT; i++) {
        const uint32_t k = i / TENKA_STORED_COUNT, stored = i % TENKA_STORED_COUNT;
        const struct tenka_node node = {.kernel = (enum tenka_kernel)k, .stored = (enum tenka_storage_type)stored};
        const struct tenka_shader *built = &tenka_shaders[k][stored];
        struct tenka_shader made;
        if (tenka_vk_code(&dev, &node, &made) != TENKA_OK)
            fail_msg("%s", err.text);
        assert_ptr_not_equal(made.code, built->code);
        if (made.bytes != built->bytes || memcmp(made.code, built->code, made.bytes) != 0)
            fail_msg("%s: %zu bytes, and %zu from the build", tenka_passes[k].name, made.bytes, built->bytes);
    }
    tenka_vk_workshop_finish(&dev);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_code)};
    if (argc != 2) {
        fprintf(stderr, "usage: test_workshop SHADERS\n");
        return 2;
    }
    shaders = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
