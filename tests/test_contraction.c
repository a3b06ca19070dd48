/* Where a shader does not say NoContraction (`precise` in GLSL), a device may compute x y + z with one rounding instead
 * of two, and x y z in another order, in one variant of a kernel, or fused into another kernel, and not elsewhere.
 * Kernels promise the same bits everywhere: in the code that glslc made, each product has the decoration that is added
 * to something, and each product of an activation. Needs no device. */
#include "support.h"

#include "backend/vulkan/shaders.h"

/* From the SPIR-V specification. */
enum {
    HEADER = 5,
    OP_DECORATE = 71,
    OP_F_NEGATE = 127,
    OP_F_ADD = 129,
    OP_F_SUB = 131,
    OP_F_MUL = 133,
    OP_VECTOR_TIMES_SCALAR = 142,
    NO_CONTRACTION = 42,
};

/* Their elements are computed in one way wherever they run. */
static bool may_contract(enum tenka_op op)
{
    return op == TENKA_OP_multiply_add;
}

/* Kernels that apply an activation, or are one. */
static bool activates(enum tenka_kernel kernel)
{
    static const bool does[TENKA_KERNEL_COUNT] = {
        [TENKA_KERNEL_chain_fwd] = true,
#define TENKA_OP(...)
#define TENKA_PASS(...)
#define TENKA_ACTIVATES(op, pass, act, operands) [TENKA_KERNEL_##op##_##pass] = true,
#include "op/ops.def"
    };
    return does[kernel] || tenka_act_of(kernel) != TENKA_ACT_NONE || tenka_act_back_of(kernel) != TENKA_ACT_NONE;
}

/* What is known of the result of an instruction. */
struct result {
    bool exact;   /* decorated */
    bool product; /* that is not, or one negated */
};

struct found {
    size_t products, added; /* without the decoration */
};

static bool adds_product(const uint32_t *word, uint32_t words, const struct result *results)
{
    bool any = false;
    for (uint32_t i = 3; i < words; i++)
        any = any || results[word[i]].product;
    return any && !results[word[2]].exact;
}

/* Decorations come before all code in a module. */
static struct found find(const struct tenka_shader *shader, struct result *results)
{
    const uint32_t *const end = shader->code + shader->bytes / sizeof(uint32_t);
    struct found found = {0};
    for (const uint32_t *word = shader->code + HEADER; word < end; word += *word >> 16) {
        const uint32_t op = *word & 0xffff, words = *word >> 16;
        if (op == OP_DECORATE && word[2] == NO_CONTRACTION)
            results[word[1]].exact = true;
        else if (op == OP_F_MUL || op == OP_VECTOR_TIMES_SCALAR)
            found.products += results[word[2]].product = !results[word[2]].exact;
        else if (op == OP_F_NEGATE)
            results[word[2]].product = results[word[3]].product;
        else if (op == OP_F_ADD || op == OP_F_SUB)
            found.added += adds_product(word, words, results);
    }
    return found;
}

/* Ids are less than the bound, the fourth word. */
static struct found find_in(const struct tenka_shader *shader)
{
    struct result *results = calloc(shader->code[3], sizeof(*results));
    assert_non_null(results);
    const struct found found = find(shader, results);
    free(results);
    return found;
}

static void test_all_kernels(void **state)
{
    size_t seen = 0;
    (void)state;
    for (uint32_t k = 0; k < TENKA_KERNEL_COUNT; k++) {
        const struct tenka_shader *shader = &tenka_shaders[k][TENKA_STORED_f32];
        if (!shader->code)
            continue;
        const struct found found = find_in(shader);
        seen += found.added;
        if (found.added > 0 && !may_contract(tenka_passes[k].op))
            fail_msg("%s: %zu products that a device may add unrounded", tenka_passes[k].name, found.added);
        if (found.products > 0 && activates((enum tenka_kernel)k))
            fail_msg("%s: %zu products that a device may reorder", tenka_passes[k].name, found.products);
    }
    assert_true(seen > 0); /* of those that may, or the search is broken */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_kernels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
