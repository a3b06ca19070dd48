#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"

/* Contexts of several threads share these. */
static _Atomic uint64_t allocations;
static _Atomic int64_t live;           /* blocks that were not yet freed */
static _Atomic uint64_t until_failure; /* 0: none will fail */

static bool must_fail(void)
{
    uint64_t left = atomic_load(&until_failure);
    while (left != 0)
        if (atomic_compare_exchange_weak(&until_failure, &left, left - 1))
            return left == 1;
    return false;
}

void *tenka_alloc(size_t bytes)
{
    return tenka_alloc_array(bytes, 1);
}

void *tenka_alloc_array(size_t count, size_t each)
{
    atomic_fetch_add(&allocations, 1);
    if (must_fail() || (each != 0 && count > SIZE_MAX / each)) /* the sanitizers end a calloc that overflows */
        return NULL;
    /* calloc may answer NULL to a request for nothing, which would look like a failure. */
    const bool empty = count == 0 || each == 0;
    void *memory = empty ? calloc(1, 1) : calloc(count, each);
    atomic_fetch_add(&live, memory != NULL);
    return memory;
}

void *tenka_realloc_array(void *old, size_t count, size_t each)
{
    atomic_fetch_add(&allocations, 1);
    if (must_fail() || (each != 0 && count > SIZE_MAX / each))
        return NULL;
    const size_t bytes = count * each;
    void *memory = realloc(old, bytes != 0 ? bytes : 1);
    atomic_fetch_add(&live, old == NULL && memory != NULL);
    return memory;
}

void tenka_free(void *memory)
{
    atomic_fetch_sub(&live, memory != NULL);
    free(memory);
}

char *tenka_strdup(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = tenka_alloc(bytes);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

char *tenka_sprintf(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : tenka_alloc((size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

uint64_t tenka_alloc_count(void)
{
    return atomic_load(&allocations);
}

int64_t tenka_alloc_live(void)
{
    return atomic_load(&live);
}

void tenka_alloc_fail_at(uint64_t k)
{
    atomic_store(&until_failure, k);
}

bool tenka_grow(void *items, size_t *capacity, size_t count, size_t each)
{
    if (count < *capacity)
        return true;
    if (*capacity > SIZE_MAX / 2)
        return false;
    const size_t wanted = *capacity < 8 ? 8 : *capacity * 2;
    /* items points to a pointer of any type; memcpy reads and writes it without breaking the aliasing rules. */
    void *memory;
    memcpy(&memory, items, sizeof(memory));
    memory = tenka_realloc_array(memory, wanted, each);
    if (memory == NULL)
        return false;
    memcpy(items, &memory, sizeof(memory));
    *capacity = wanted;
    return true;
}
