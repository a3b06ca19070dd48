/* Shared by the tests of what comes from outside. */
#ifndef TENKA_TESTS_INPUTS_H
#define TENKA_TESTS_INPUTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "tenka/tenka.h"

#define FNV_BEGIN 2166136261u

/* FNV-1a: enough to tell whether two arrays are the same bits. */
static inline uint32_t fnv(uint32_t hash, const void *data, size_t bytes)
{
    const unsigned char *const p = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ p[i]) * 16777619u;
    return hash;
}

static inline tenka_ctx *cpu(uint64_t seed)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    params.backend = TENKA_BACKEND_CPU;
    params.seed = seed;
    assert_int_equal(tenka_ctx_create(&params, &ctx), TENKA_OK);
    return ctx;
}

static inline void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

#endif
