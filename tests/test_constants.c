/* A specialisation constant of a kernel that its row in variants.def does not give is 0, whatever the shader says that it
 * is without: each that a shader has must be given. Needs no device. */
#include "support.h"

#include "backend/vulkan/shaders.h"
#include "op/variant.h"

/* From the SPIR-V specification. */
enum { HEADER = 5, OP_DECORATE = 71, SPEC_ID = 1 };

/* One more than the largest that comes from the shape. */
static uint32_t count_taken(const struct tenka_shader *shader)
{
    const uint32_t *const end = shader->code + shader->bytes / sizeof(uint32_t);
    uint32_t taken = 0;
    for (const uint32_t *word = shader->code + HEADER; word < end; word += *word >> 16)
        if ((*word & 0xffff) == OP_DECORATE && word[2] == SPEC_ID && word[3] >= TENKA_SHAPE_CONSTANT + taken)
            taken = word[3] - TENKA_SHAPE_CONSTANT + 1;
    return taken;
}

static void test_all_kernels(void **state)
{
    (void)state;
    unsigned taking = 0, lacking = 0;
    for (enum tenka_kernel kernel = 0; kernel < TENKA_KERNEL_COUNT; kernel++) {
        const struct tenka_shader *const shader = &tenka_shaders[kernel][TENKA_STORED_f32];
        const uint32_t taken = shader->code != NULL ? count_taken(shader) : 0;
        const uint32_t given = tenka_variant_shape_count(kernel);
        taking += taken > 0;
        lacking += taken > given;
        if (taken > given)
            printf("    %s takes %u constants of its shape and is given %u\n", tenka_passes[kernel].name, taken, given);
    }
    assert_int_equal(lacking, 0);
    assert_true(taking > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_kernels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
