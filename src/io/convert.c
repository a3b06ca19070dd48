#include "io/convert.h"

#include <math.h>

/* Elements are copied as they lie in memory, and both formats are little-endian. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian; this machine is not"
#endif

enum kind { REAL, SIGNED, UNSIGNED, OTHER };

/* All that safetensors knows, and PyTorch's C128. Those of kind OTHER are carried alone. */
static const struct dtype {
    const char *name;
    uint32_t bits;
    enum kind kind;
} dtypes[] = {
    {"F32", 32, REAL},         {"F64", 64, REAL},     {"F16", 16, REAL},         {"BF16", 16, REAL},
    {"I64", 64, SIGNED},       {"I32", 32, SIGNED},   {"I16", 16, SIGNED},       {"I8", 8, SIGNED},
    {"U64", 64, UNSIGNED},     {"U32", 32, UNSIGNED}, {"U16", 16, UNSIGNED},     {"U8", 8, UNSIGNED},
    {"BOOL", 8, UNSIGNED},     {"F8_E4M3", 8, OTHER}, {"F8_E4M3FNUZ", 8, OTHER}, {"F8_E5M2", 8, OTHER},
    {"F8_E5M2FNUZ", 8, OTHER}, {"F8_E8M0", 8, OTHER}, {"F6_E2M3", 6, OTHER},     {"F6_E3M2", 6, OTHER},
    {"F4", 4, OTHER},          {"C64", 64, OTHER},    {"C128", 128, OTHER},
};

static const struct dtype *find(const char *name)
{
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++) {
        if (strcmp(dtypes[i].name, name) == 0)
            return &dtypes[i];
    }
    return NULL;
}

uint32_t tenka_file_dtype_bits(const char *dtype)
{
    const struct dtype *const d = find(dtype);
    return d != NULL ? d->bits : 0;
}

uint32_t tenka_file_dtype_bytes(const char *dtype)
{
    return tenka_file_dtype_bits(dtype) / 8;
}

bool tenka_file_dtype_is_real(const char *dtype)
{
    const struct dtype *const d = find(dtype);
    return d != NULL && d->kind == REAL;
}

bool tenka_file_dtype_is_whole(const char *dtype)
{
    const struct dtype *const d = find(dtype);
    return d != NULL && (d->kind == SIGNED || d->kind == UNSIGNED);
}

uint64_t tenka_file_tensor_bytes(const struct tenka_file_tensor *tensor)
{
    return tenka_file_dtype_bytes(tensor->dtype) * tenka_shape_count(&tensor->shape);
}

/* IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
static float from_f16(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    uint32_t wide;
    float x;
    if (exponent == 31) {
        wide = 0x7f800000u | (uint32_t)fraction << 13; /* infinity, or a NaN with its payload */
        memcpy(&x, &wide, sizeof(x));
    } else {
        x = exponent == 0 ? ldexpf((float)fraction, -24) : ldexpf((float)(fraction + 1024), exponent - 25);
    }
    return (bits & 0x8000) != 0 ? -x : x;
}

static float from_bf16(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float x;
    memcpy(&x, &wide, sizeof(x));
    return x;
}

static void convert_halves(const unsigned char *src, size_t count, float *dst, float (*convert)(uint16_t))
{
    for (size_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, src + 2 * i, sizeof(bits));
        dst[i] = convert(bits);
    }
}

void tenka_file_to_f32(const char *dtype, const void *src, size_t count, float *dst)
{
    if (strcmp(dtype, "F32") == 0 && count > 0)
        memcpy(dst, src, count * sizeof(float));
    else if (strcmp(dtype, "F16") == 0)
        convert_halves(src, count, dst, from_f16);
    else if (strcmp(dtype, "BF16") == 0)
        convert_halves(src, count, dst, from_bf16);
    else if (strcmp(dtype, "F64") == 0)
        for (size_t i = 0; i < count; i++) {
            double x;
            memcpy(&x, (const unsigned char *)src + 8 * i, sizeof(x));
            /* The conversion of a value beyond FLT_MAX is undefined in C; IEEE 754, and PyTorch, make it infinite. */
            dst[i] = fabs(x) >= 0x1.ffffffp127 && isfinite(x) ? copysignf(INFINITY, (float)copysign(1, x)) : (float)x;
        }
}

bool tenka_file_to_i64(const char *dtype, const void *src, int64_t *out)
{
    const struct dtype *const d = find(dtype);
    uint64_t n = 0;
    if (!tenka_file_dtype_is_whole(dtype))
        return false;
    memcpy(&n, src, d->bits / 8);
    const uint64_t sign = d->kind == SIGNED ? (uint64_t)1 << (d->bits - 1) : 0;
    n = (n ^ sign) - sign;
    memcpy(out, &n, sizeof(n));
    return true;
}

void tenka_file_to_i32(const char *dtype, const void *src, size_t count, int32_t *dst)
{
    const size_t bytes = tenka_file_dtype_bytes(dtype);
    for (size_t i = 0; i < count; i++) {
        int64_t n = 0;
        tenka_file_to_i64(dtype, (const unsigned char *)src + i * bytes, &n);
        dst[i] = (int32_t)(n < INT32_MIN ? INT32_MIN : n > INT32_MAX ? INT32_MAX : n);
    }
}
