#include "data/npy.h"

#include <math.h>

#include "python/python.h"

/* Memory for the elements is taken in pieces that grow as data arrives: a header may promise any size. */
#define FIRST_PIECE (1024 * 1024)
#define MAX_HEADER (64 * 1024)

/* ---- Types ---- */

static const struct type {
    const char *descr; /* behind the order of bytes */
    const char *name;
    size_t bytes;
} types[] = {
    [TENKA_NPY_BOOL] = {"b1", "bool", 1},   [TENKA_NPY_I8] = {"i1", "int8", 1},
    [TENKA_NPY_I16] = {"i2", "int16", 2},   [TENKA_NPY_I32] = {"i4", "int32", 4},
    [TENKA_NPY_I64] = {"i8", "int64", 8},   [TENKA_NPY_U8] = {"u1", "uint8", 1},
    [TENKA_NPY_U16] = {"u2", "uint16", 2},  [TENKA_NPY_U32] = {"u4", "uint32", 4},
    [TENKA_NPY_U64] = {"u8", "uint64", 8},  [TENKA_NPY_F16] = {"f2", "float16", 2},
    [TENKA_NPY_F32] = {"f4", "float32", 4}, [TENKA_NPY_F64] = {"f8", "float64", 8},
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static bool is_little_endian(void)
{
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 1;
}

size_t tenka_npy_bytes(const tenka_array *array)
{
    return array->count * types[array->type].bytes;
}

/* IEEE 754's binary16. */
static double half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits >> 15 ? -1 : 1;
    if (exponent == 31)
        return fraction != 0 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25));
}

/* The element i of that type, as another one. */
#define ELEMENT(type, as)                                    \
    {                                                        \
        type x;                                              \
        memcpy(&x, array->bytes + i * sizeof(x), sizeof(x)); \
        return (as)x;                                        \
    }

int64_t tenka_npy_whole(const tenka_array *array, size_t i)
{
    switch (array->type) {
    case TENKA_NPY_BOOL: return array->bytes[i] != 0;
    case TENKA_NPY_I8: ELEMENT(int8_t, int64_t)
    case TENKA_NPY_I16: ELEMENT(int16_t, int64_t)
    case TENKA_NPY_I32: ELEMENT(int32_t, int64_t)
    case TENKA_NPY_I64: ELEMENT(int64_t, int64_t)
    case TENKA_NPY_U8: return array->bytes[i];
    case TENKA_NPY_U16: ELEMENT(uint16_t, int64_t)
    case TENKA_NPY_U32: ELEMENT(uint32_t, int64_t)
    default: break;
    }
    uint64_t x;
    memcpy(&x, array->bytes + i * sizeof(x), sizeof(x));
    return x > INT64_MAX ? INT64_MAX : (int64_t)x;
}

static double half_at(const tenka_array *array, size_t i)
{
    uint16_t bits;
    memcpy(&bits, array->bytes + i * sizeof(bits), sizeof(bits));
    return half(bits);
}

static double real(const tenka_array *array, size_t i)
{
    switch (array->type) {
    case TENKA_NPY_F16: return half_at(array, i);
    case TENKA_NPY_F32: ELEMENT(float, double)
    case TENKA_NPY_F64: ELEMENT(double, double)
    case TENKA_NPY_U64: ELEMENT(uint64_t, double)
    default: return (double)tenka_npy_whole(array, i);
    }
}

/* Rounded once: a double between would round whole numbers of 64 bits twice. */
static float narrow(const tenka_array *array, size_t i)
{
    switch (array->type) {
    case TENKA_NPY_I64: ELEMENT(int64_t, float)
    case TENKA_NPY_U64: ELEMENT(uint64_t, float)
    default: return (float)real(array, i);
    }
}

void tenka_array_floats(const tenka_array *array, size_t first, size_t count, float *out)
{
    if (array->type == TENKA_NPY_F32) {
        memcpy(out, array->bytes + first * sizeof(float), count * sizeof(float));
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = narrow(array, first + i);
}

void tenka_array_doubles(const tenka_array *array, size_t first, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = real(array, first + i);
}

struct tenka_shape tenka_array_shape(const tenka_array *array)
{
    return array->shape;
}

const char *tenka_array_dtype(const tenka_array *array)
{
    return types[array->type].name;
}

bool tenka_array_is_whole(const tenka_array *array)
{
    return array->type < TENKA_NPY_F16;
}

void tenka_array_destroy(tenka_array **array)
{
    if (array == NULL || *array == NULL)
        return;
    tenka_free((*array)->name);
    tenka_free((*array)->bytes);
    tenka_free(*array);
    *array = NULL;
}

/* ---- The header ---- */

struct header {
    bool swapped; /* elements have the other order of bytes than this machine */
    bool fortran; /* the first axis is the fastest */
};

static tenka_status fail_cut(const struct tenka_npy_source *s, const char *what)
{
    return tenka_fail(s->err, TENKA_E_FORMAT, "%s: %s is cut off; get the file again", s->name, what);
}

static tenka_status read_exactly(const struct tenka_npy_source *s, void *dst, size_t bytes)
{
    size_t got;
    TENKA_TRY(s->read(s, dst, bytes, &got));
    return got == bytes ? TENKA_OK : fail_cut(s, "the header of the array");
}

/* The text of the header, with a zero behind it; to be freed. */
static tenka_status read_header_text(const struct tenka_npy_source *s, char **out)
{
    unsigned char begin[8], size[4] = {0};
    size_t got;
    TENKA_TRY(s->read(s, begin, sizeof(begin), &got));
    if (got < 6 || memcmp(begin, "\x93NUMPY", 6) != 0)
        return tenka_fail(s->err, TENKA_E_FORMAT,
                          "%s: expected an array that numpy.save has written, found something "
                          "else",
                          s->name);
    if (got < sizeof(begin))
        return fail_cut(s, "the header of the array");
    if (begin[6] < 1 || begin[6] > 3)
        return tenka_fail(s->err, TENKA_E_FORMAT, "%s: version %u of NumPy's format is not known, only 1 to 3", s->name,
                          begin[6]);
    TENKA_TRY(read_exactly(s, size, begin[6] == 1 ? 2 : 4));
    const size_t length = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
    if (length > MAX_HEADER)
        return tenka_fail(s->err, TENKA_E_FORMAT, "%s: the header of the array has %zu bytes, more than %d", s->name,
                          length, MAX_HEADER);
    *out = tenka_alloc(length + 1);
    return *out != NULL ? read_exactly(s, *out, length) : tenka_fail_nomem(s->err);
}

/* What stands in the header under a key; NULL: nothing. */
static const struct tenka_py *find(const struct tenka_py *dict, const char *key)
{
    for (const struct tenka_py *k = dict->child; k != NULL && k->next != NULL; k = k->next->next)
        if (k->kind == TENKA_PY_STRING && strcmp(k->word, key) == 0)
            return k->next;
    return NULL;
}

static tenka_status take_type(const struct tenka_npy_source *s, const struct tenka_py *descr, struct header *h,
                              tenka_array *a)
{
    if (descr != NULL && descr->kind == TENKA_PY_STRING && strchr("<>|=", descr->word[0]) != NULL &&
        descr->word[0] != '\0')
        for (size_t i = 0; i < N_TYPES; i++) {
            if (strcmp(types[i].descr, descr->word + 1) != 0)
                continue;
            a->type = (enum tenka_npy_type)i;
            h->swapped = types[i].bytes > 1 && descr->word[0] == (is_little_endian() ? '>' : '<');
            return TENKA_OK;
        }
    return tenka_fail(s->err, TENKA_E_FORMAT,
                      "%s: expected booleans, integers or floats of at most 64 bits, found the dtype %.40s; save it "
                      "with .astype(\"float32\")",
                      s->name,
                      descr == NULL                    ? "of none"
                      : descr->kind == TENKA_PY_STRING ? descr->word
                                                       : "of records");
}

static tenka_status take_shape(const struct tenka_npy_source *s, const struct tenka_py *shape, tenka_array *a)
{
    uint64_t count = 1;
    if (shape == NULL || shape->kind != TENKA_PY_TUPLE)
        return tenka_fail(s->err, TENKA_E_FORMAT, "%s: the header of the array has no shape", s->name);
    for (const struct tenka_py *d = shape->child; d != NULL; d = d->next) {
        if (d->kind != TENKA_PY_INT || d->integer < 0)
            return tenka_fail(s->err, TENKA_E_FORMAT, "%s: the shape of the array is damaged", s->name);
        if (a->shape.rank == TENKA_MAX_RANK)
            return tenka_fail(s->err, TENKA_E_FORMAT, "%s: the array has more than %d axes", s->name, TENKA_MAX_RANK);
        /* count is at most the limit, and so is each axis: the product fits. */
        if (d->integer == 0 || d->integer > TENKA_MAX_ELEMENTS || (count *= (uint64_t)d->integer) > TENKA_MAX_ELEMENTS)
            return tenka_fail(s->err, TENKA_E_FORMAT,
                              "%s: expected 1 to %u elements, but an axis of the array has %lld%s", s->name,
                              TENKA_MAX_ELEMENTS, (long long)d->integer, d->integer == 0 ? "" : ", which makes more");
        a->shape.dim[a->shape.rank++] = (uint32_t)d->integer;
    }
    a->count = (size_t)count;
    return TENKA_OK;
}

static tenka_status take_header(const struct tenka_npy_source *s, const char *text, struct tenka_arena *arena,
                                struct header *h, tenka_array *a)
{
    struct tenka_py_reader r = {.err = s->err, .what = s->name, .text = text, .at = text, .arena = arena};
    const struct tenka_py *dict;
    tenka_py_skip_lines(&r);
    TENKA_TRY(tenka_py_read(&r, &dict));
    const struct tenka_py *const order = dict->kind == TENKA_PY_DICT ? find(dict, "fortran_order") : NULL;
    if (order == NULL || (order->kind != TENKA_PY_TRUE && order->kind != TENKA_PY_FALSE))
        return tenka_fail(s->err, TENKA_E_FORMAT, "%s: the header of the array is damaged: it has no fortran_order",
                          s->name);
    h->fortran = order->kind == TENKA_PY_TRUE;
    TENKA_TRY(take_type(s, find(dict, "descr"), h, a));
    return take_shape(s, find(dict, "shape"), a);
}

static tenka_status read_header(const struct tenka_npy_source *s, struct header *h, tenka_array *a)
{
    struct tenka_arena arena = {0};
    char *text = NULL;
    tenka_status status = read_header_text(s, &text);
    if (status == TENKA_OK)
        status = take_header(s, text, &arena, h, a);
    tenka_free(text);
    tenka_arena_finish(&arena);
    return status;
}

/* ---- The elements ---- */

static tenka_status read_elements(const struct tenka_npy_source *s, tenka_array *a)
{
    const size_t bytes = tenka_npy_bytes(a);
    size_t have = 0, room = 0, got;
    unsigned char more;
    while (have < bytes) {
        const size_t want = room == 0 ? FIRST_PIECE : room < bytes / 2 ? 2 * room : bytes;
        room = want < bytes ? want : bytes;
        unsigned char *const longer = tenka_realloc_array(a->bytes, room, 1);
        if (longer == NULL)
            return tenka_fail_nomem(s->err);
        a->bytes = longer;
        TENKA_TRY(s->read(s, a->bytes + have, room - have, &got));
        have += got;
        if (have < room)
            return tenka_fail(s->err, TENKA_E_FORMAT,
                              "%s: expected %zu bytes of elements, found only %zu: the array is cut off; get the file "
                              "again",
                              s->name, bytes, have);
    }
    /* Also what makes zlib and libzip compare their checksums. */
    TENKA_TRY(s->read(s, &more, 1, &got));
    return got == 0
               ? TENKA_OK
               : tenka_fail(s->err, TENKA_E_FORMAT, "%s: expected %zu bytes of elements, found more", s->name, bytes);
}

static void swap_bytes(tenka_array *a)
{
    const size_t each = types[a->type].bytes;
    for (unsigned char *e = a->bytes; e < a->bytes + a->count * each; e += each)
        for (size_t i = 0; i < each / 2; i++) {
            const unsigned char swapped = e[i];
            e[i] = e[each - 1 - i];
            e[each - 1 - i] = swapped;
        }
}

/* Moves the index to the next element in the order of C; returns where that is in Fortran's. */
static size_t next_place(const struct tenka_shape *shape, const size_t *stride, uint32_t *index, size_t place)
{
    for (uint32_t axis = shape->rank; axis-- > 0;) {
        place += stride[axis];
        if (++index[axis] < shape->dim[axis])
            break;
        place -= stride[axis] * shape->dim[axis];
        index[axis] = 0;
    }
    return place;
}

/* Puts the elements from Fortran's order into that of C. */
static tenka_status order_axes(struct tenka_error *err, tenka_array *a)
{
    const size_t each = types[a->type].bytes;
    size_t stride[TENKA_MAX_RANK], place = 0;
    uint32_t index[TENKA_MAX_RANK] = {0};
    unsigned char *const ordered = tenka_alloc_array(a->count, each);
    if (ordered == NULL)
        return tenka_fail_nomem(err);
    for (uint32_t axis = 0; axis < a->shape.rank; axis++)
        stride[axis] = axis == 0 ? 1 : stride[axis - 1] * a->shape.dim[axis - 1];
    for (size_t i = 0; i < a->count; i++) {
        memcpy(ordered + i * each, a->bytes + place * each, each);
        place = next_place(&a->shape, stride, index, place);
    }
    tenka_free(a->bytes);
    a->bytes = ordered;
    return TENKA_OK;
}

static tenka_status read_array(const struct tenka_npy_source *s, tenka_array *a)
{
    struct header h = {0};
    a->name = tenka_strdup(s->name);
    if (a->name == NULL)
        return tenka_fail_nomem(s->err);
    TENKA_TRY(read_header(s, &h, a));
    TENKA_TRY(read_elements(s, a));
    if (h.swapped)
        swap_bytes(a);
    return h.fortran && a->shape.rank > 1 ? order_axes(s->err, a) : TENKA_OK;
}

tenka_status tenka_npy_read(const struct tenka_npy_source *source, tenka_array **out)
{
    *out = tenka_alloc(sizeof(**out));
    if (*out == NULL)
        return tenka_fail_nomem(source->err);
    const tenka_status status = read_array(source, *out);
    if (status != TENKA_OK)
        tenka_array_destroy(out);
    return status;
}
