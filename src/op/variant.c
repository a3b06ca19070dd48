#include "op/variant.h"
#include "op/conv_tiles.h"
#include "op/tiles.h"

/* Variants of a family stand together. */
static const struct tenka_variant variants[] = {
#define TENKA_VARIANT(family, name, ...) {{{__VA_ARGS__}}, #family, name},
#define TENKA_TUNED(...)
#include "op/variants.def"
};
#define N_VARIANTS (sizeof(variants) / sizeof(*variants))

/* struct params_<op>: the operator's parameters under its own name. */
#define TENKA_OP(name, body, min_in, max_in, outs, params, ...) typedef struct tenka_p_##params params_##name;
#define TENKA_PASS(...)
#include "op/ops.def"

#define TENKA_VARIANT(...)
#define TENKA_TUNED(op, pass, family, shared, ...)                                             \
    static uint32_t shared_##op##_##pass(const struct tenka_variant *v, const int32_t *params) \
    {                                                                                          \
        const params_##op *p = (const void *)params;                                           \
        return (void)v, (void)p, (uint32_t)(shared);                                           \
    }
#include "op/variants.def"

#define TENKA_VARIANT(...)
#define TENKA_TUNED(op, pass, family, shared, ...)                                                       \
    static void shape_##op##_##pass(const int32_t *params, int32_t out[TENKA_SHAPE_CONSTANTS])           \
    {                                                                                                    \
        const params_##op *p = (const void *)params;                                                     \
        const int32_t constants[] = {__VA_ARGS__};                                                       \
        _Static_assert(sizeof(constants) <= TENKA_SHAPE_CONSTANTS * sizeof(*out), "too many constants"); \
        (void)p, memcpy(out, constants, sizeof(constants));                                              \
    }                                                                                                    \
    static uint32_t count_##op##_##pass(void)                                                            \
    {                                                                                                    \
        const params_##op *p = NULL;                                                                     \
        return (void)p, (uint32_t)(sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t));            \
    }
#include "op/variants.def"

/* What a kernel's row says; empty for one without. */
static const struct {
    const char *family;
    uint32_t (*shared)(const struct tenka_variant *v, const int32_t *params);
    void (*shape)(const int32_t *params, int32_t out[TENKA_SHAPE_CONSTANTS]);
    uint32_t (*count)(void);
} tuned[TENKA_KERNEL_COUNT] = {
#define TENKA_VARIANT(...)
#define TENKA_TUNED(op, pass, family, shared, ...) \
    [TENKA_KERNEL_##op##_##pass] = {#family, shared_##op##_##pass, shape_##op##_##pass, count_##op##_##pass},
#include "op/variants.def"
};

static const char *family_of(enum tenka_kernel kernel)
{
    if (tuned[kernel].family != NULL)
        return tuned[kernel].family;
    return tenka_passes[kernel].unit == TENKA_UNIT_EACH ? "each" : "plain";
}

static bool in_family(size_t i, const char *family)
{
    return i < N_VARIANTS && strcmp(variants[i].family, family) == 0;
}

const struct tenka_variant *tenka_variants(enum tenka_kernel kernel, uint32_t *count)
{
    const char *family = family_of(kernel);
    size_t first = 0, end;
    while (first < N_VARIANTS - 1 && !in_family(first, family))
        first++;
    for (end = first + 1; in_family(end, family); end++)
        continue;
    *count = (uint32_t)(end - first);
    return &variants[first];
}

bool tenka_variant_measured(enum tenka_kernel kernel)
{
    const char *family = family_of(kernel);
    return strcmp(family, "each") != 0 && strcmp(family, "plain") != 0;
}

void tenka_variant_shape(enum tenka_kernel kernel, const int32_t *params, int32_t out[TENKA_SHAPE_CONSTANTS])
{
    memset(out, 0, TENKA_SHAPE_CONSTANTS * sizeof(*out));
    if (tuned[kernel].shape != NULL)
        tuned[kernel].shape(params, out);
}

uint32_t tenka_variant_shape_count(enum tenka_kernel kernel)
{
    return tuned[kernel].count != NULL ? tuned[kernel].count() : 0;
}

uint32_t tenka_variant_shared(enum tenka_kernel kernel, const struct tenka_variant *v, const int32_t *params)
{
    return tuned[kernel].shared != NULL ? tuned[kernel].shared(v, params) : 0;
}

uint64_t tenka_variant_loops(enum tenka_kernel kernel, const struct tenka_variant *v, const int32_t *params)
{
    return tenka_passes[kernel].loops(v, params);
}
