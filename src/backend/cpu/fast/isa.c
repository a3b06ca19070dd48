/* Which instruction set the fast kernels use. */
#include <stdlib.h>

#include "backend/cpu/fast/fast.h"

struct isa {
    const char *name;
    const struct tenka_fast_table *table; /* NULL: not in this build */
    bool (*there)(void);
};

static bool always(void)
{
    return true;
}

#if TENKA_FAST_X86
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

/* Best first; the last is always there. */
static const struct isa isas[] = {
#if TENKA_FAST_X86
    {"avx512", &tenka_avx512_table, has_avx512},
    {"avx2", &tenka_avx2_table, has_avx2},
#else
    {"avx512", NULL, NULL},
    {"avx2", NULL, NULL},
#endif
    {"plain", &tenka_plain_table, always},
};

static bool usable(const struct isa *isa)
{
    return isa->table != NULL && isa->there();
}

static tenka_status choose_named(struct tenka_error *err, const char *name, const struct tenka_fast_table **out)
{
    for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
        if (strcmp(name, isas[i].name) != 0)
            continue;
        if (!usable(&isas[i]))
            return tenka_fail(err, TENKA_E_UNSUPPORTED, "TENKA_CPU=%s, but this processor%s lacks it", name,
                              isas[i].table != NULL ? "" : " or this build");
        *out = isas[i].table;
        return TENKA_OK;
    }
    return tenka_fail(err, TENKA_E_INVALID, "TENKA_CPU=%s is none of avx512, avx2, plain and reference", name);
}

tenka_status tenka_fast_choose(struct tenka_error *err, const struct tenka_fast_table **out)
{
    const char *const name = getenv("TENKA_CPU");
    *out = NULL;
    if (name != NULL && strcmp(name, "reference") == 0)
        return TENKA_OK;
    if (name != NULL && name[0] != '\0')
        return choose_named(err, name, out);
    size_t best = 0;
    while (!usable(&isas[best]))
        best++;
    *out = isas[best].table;
    return TENKA_OK;
}
