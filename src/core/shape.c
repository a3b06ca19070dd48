#include <stdio.h>

#include "core/core.h"

struct tenka_shape tenka_shape_make(size_t rank, const uint32_t *dim)
{
    /* A rank beyond the limit is kept, so that the check where the shape is used can name it. */
    struct tenka_shape shape = {.rank = rank < UINT32_MAX ? (uint32_t)rank : UINT32_MAX};
    for (size_t i = 0; i < rank && i < TENKA_MAX_RANK; i++)
        shape.dim[i] = dim[i];
    return shape;
}

uint64_t tenka_shape_count(const struct tenka_shape *shape)
{
    if (shape->rank > TENKA_MAX_RANK)
        return UINT64_MAX;
    uint64_t count = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        if (shape->dim[i] == 0)
            return 0;
        count = count > UINT64_MAX / shape->dim[i] ? UINT64_MAX : count * shape->dim[i];
    }
    return count;
}

bool tenka_shape_equal(const struct tenka_shape *a, const struct tenka_shape *b)
{
    if (a->rank != b->rank || a->rank > TENKA_MAX_RANK)
        return false;
    return memcmp(a->dim, b->dim, a->rank * sizeof(*a->dim)) == 0;
}

tenka_status tenka_shape_check(struct tenka_error *err, const char *what, const struct tenka_shape *shape)
{
    char text[TENKA_SHAPE_TEXT];
    if (shape->rank > TENKA_MAX_RANK)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: rank %u is more than the %d axes a tensor can have", what,
                          shape->rank, TENKA_MAX_RANK);
    for (uint32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] == 0)
            return tenka_fail(err, TENKA_E_SHAPE, "%s: shape %s has an axis of size 0", what,
                              tenka_shape_text(shape, text));
    if (tenka_shape_count(shape) > TENKA_MAX_ELEMENTS)
        return tenka_fail(err, TENKA_E_SHAPE, "%s: shape %s has more than %u elements", what,
                          tenka_shape_text(shape, text), TENKA_MAX_ELEMENTS);
    return TENKA_OK;
}

const char *tenka_shape_text(const struct tenka_shape *shape, char buf[TENKA_SHAPE_TEXT])
{
    if (shape->rank > TENKA_MAX_RANK) {
        snprintf(buf, TENKA_SHAPE_TEXT, "[rank %u]", shape->rank);
        return buf;
    }
    /* Six numbers of at most ten digits, separators and brackets need 73 characters. */
    size_t at = 0;
    buf[at++] = '[';
    for (uint32_t i = 0; i < shape->rank; i++)
        at += (size_t)snprintf(buf + at, TENKA_SHAPE_TEXT - at, "%s%u", i != 0 ? ", " : "", shape->dim[i]);
    buf[at++] = ']';
    buf[at] = '\0';
    return buf;
}

const char *tenka_dtype_name(enum tenka_dtype dtype)
{
    switch (dtype) {
    case TENKA_F32: return "f32";
    case TENKA_I32: return "i32";
    case TENKA_U8: return "u8";
    }
    return "unknown dtype";
}

size_t tenka_dtype_bytes(enum tenka_dtype dtype, size_t count, size_t real_bytes)
{
    switch (dtype) {
    case TENKA_F32: return count * real_bytes;
    case TENKA_I32: return count * sizeof(int32_t);
    case TENKA_U8: return count;
    }
    return 0;
}
