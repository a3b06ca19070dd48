/* NumPy's files: every dtype, order of bytes and of axes; archives; what is wrong with them; and what is written. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static tenka_ctx *ctx;

static const char *path(const char *name)
{
    static char text[2][128];
    static unsigned which;
    char *const out = text[which++ % 2];
    snprintf(out, sizeof(text[0]), "%s/%s", folder, name);
    return out;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tenka-arrays-XXXXXX");
    ctx = cpu(0);
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path("a.npy"));
    unlink(path("b.npy"));
    tenka_ctx_destroy(&ctx);
    return rmdir(folder);
}

/* Writes a .npy of that version, header and elements. */
static void write_npy(const char *name, unsigned version, const char *header, const void *data, size_t bytes)
{
    unsigned char file[4096];
    const size_t length = strlen(header), sized = version == 1 ? 2 : 4;
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (unsigned char)version;
    file[7] = 0;
    for (size_t i = 0; i < sized; i++)
        file[8 + i] = (unsigned char)(i < 2 ? length >> 8 * i : 0);
    memcpy(file + 8 + sized, header, length);
    memcpy(file + 8 + sized + length, data, bytes);
    write_file(path(name), file, 8 + sized + length + bytes);
}

/* ---- What can be read ---- */

static void test_dtypes(void **state)
{
    (void)state;
    static const struct {
        const char *descr, *name;
        unsigned char bytes[8];
        size_t each;
        double value;
        bool whole;
    } types[] = {
        {"|b1", "bool", {7}, 1, 1, true},
        {"|i1", "int8", {0xFE}, 1, -2, true},
        {"|u1", "uint8", {0xFE}, 1, 254, true},
        {"<i2", "int16", {0xFE, 0xFF}, 2, -2, true},
        {">i2", "int16", {0xFF, 0xFE}, 2, -2, true},
        {"<u2", "uint16", {0xFE, 0xFF}, 2, 65534, true},
        {">i4", "int32", {0x80, 0, 0, 0}, 4, -2147483648.0, true},
        {"<u4", "uint32", {0, 0, 0, 0x80}, 4, 2147483648.0, true},
        {"<i8", "int64", {0, 0, 0, 0, 1}, 8, 4294967296.0, true},
        {">u8", "uint64", {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF8, 0}, 8, 18446744073709549568.0, true},
        {"<f2", "float16", {0, 0xC0}, 2, -2, false},
        {"<f2", "float16", {1, 0}, 2, 0x1p-24, false},
        {">f2", "float16", {0x7B, 0xFF}, 2, 65504, false},
        {"<f4", "float32", {0, 0, 0, 0xC0}, 4, -2, false},
        {">f4", "float32", {0x3F, 0x80, 0, 0}, 4, 1, false},
        {"<f8", "float64", {1, 0, 0, 0, 0, 0, 0xF0, 0x3F}, 8, 1 + 0x1p-52, false},
        {">f8", "float64", {0x40, 0}, 8, 2, false},
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char header[128];
        tenka_array *array;
        double value;
        float rounded;
        snprintf(header, sizeof(header), "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }\n", types[i].descr);
        write_npy("a.npy", 1, header, types[i].bytes, types[i].each);
        assert_int_equal(tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_OK);
        tenka_array_doubles(array, 0, 1, &value);
        tenka_array_floats(array, 0, 1, &rounded);
        assert_true(value == types[i].value && rounded == (float)types[i].value);
        assert_string_equal(tenka_array_dtype(array), types[i].name);
        assert_int_equal(tenka_array_is_whole(array), types[i].whole);
        tenka_array_destroy(&array);
    }
}

/* Infinity and NaN of 16 bits. */
static void test_halves(void **state)
{
    (void)state;
    static const unsigned char bytes[] = {0, 0x7C, 0, 0xFC, 1, 0x7C};
    tenka_array *array;
    double values[3];
    write_npy("a.npy", 1, "{'descr': '<f2', 'fortran_order': False, 'shape': (3,)}", bytes, sizeof(bytes));
    assert_int_equal(tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_OK);
    tenka_array_doubles(array, 0, 3, values);
    assert_true(values[0] == INFINITY && values[1] == -INFINITY && isnan(values[2]));
    tenka_array_destroy(&array);
}

/* In Fortran's order the first axis is the fastest. */
static void test_orders(void **state)
{
    (void)state;
    unsigned char bytes[24];
    float values[24];
    tenka_array *array;
    for (unsigned i = 0; i < 24; i++)
        bytes[i] = (unsigned char)i;
    for (unsigned version = 1; version <= 3; version++) {
        write_npy("a.npy", version, "{\"shape\": (2, 3, 4), \"fortran_order\": True, \"descr\": \"|u1\"}", bytes, 24);
        assert_int_equal(tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_OK);
        const struct tenka_shape shape = tenka_array_shape(array);
        assert_true(shape.rank == 3 && shape.dim[0] == 2 && shape.dim[1] == 3 && shape.dim[2] == 4);
        tenka_array_floats(array, 0, 24, values);
        for (unsigned a = 0, at = 0; a < 2; a++)
            for (unsigned b = 0; b < 3; b++)
                for (unsigned c = 0; c < 4; c++, at++)
                    assert_true(values[at] == (float)(a + 2 * b + 6 * c));
        tenka_array_destroy(&array);
    }
}

/* ---- What cannot ---- */

static void fails(const char *header, size_t bytes, const char *part)
{
    static const unsigned char zeros[64];
    tenka_array *array;
    write_npy("a.npy", 1, header, zeros, bytes);
    assert_fails(ctx, tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_E_FORMAT, part);
    assert_null(array);
}

#define HEADER(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape "}"

static void test_wrong(void **state)
{
    (void)state;
    tenka_array *array;
    fails(HEADER("'<c8'", "False", "(1,)"), 8, "found the dtype <c8; save it with .astype(\"float32\")");
    fails(HEADER("'|O'", "False", "(1,)"), 8, "found the dtype |O");
    fails(HEADER("'f4'", "False", "(1,)"), 4, "found the dtype f4");
    fails(HEADER("[('a', '<f4')]", "False", "(1,)"), 4, "found the dtype of records");
    fails(HEADER("'<f4'", "0", "(1,)"), 4, "it has no fortran_order");
    fails(HEADER("'<f4'", "False", "[1]"), 4, "has no shape");
    fails(HEADER("'<f4'", "False", "(-1,)"), 4, "the shape of the array is damaged");
    fails(HEADER("'<f4'", "False", "(1.0,)"), 4, "the shape of the array is damaged");
    fails(HEADER("'<f4'", "False", "(0, 3)"), 0, "an axis of the array has 0");
    fails(HEADER("'<f4'", "False", "(65536, 65536)"), 4, "which makes more");
    fails(HEADER("'<f4'", "False", "(99999999999999999999,)"), 4, "this number is too large");
    fails(HEADER("'<f4'", "False", "(1, 1, 1, 1, 1, 1, 1)"), 4, "more than 6 axes");
    fails(HEADER("'<f4'", "False", "(2,)"), 7, "expected 8 bytes of elements, found only 7");
    fails(HEADER("'<f4'", "False", "(2147483647,)"), 8, "found only 8: the array is cut off");
    fails(HEADER("'<f4'", "False", "(2,)"), 9, "expected 8 bytes of elements, found more");
    fails("{'descr': '<f4', ", 0, "line 1, column 18");
    fails("", 0, "but the text ends");
    write_file(path("a.npy"), "\x93NUMPY\x04\x00\x00\x00", 10);
    assert_fails(ctx, tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_E_FORMAT, "version 4 of NumPy's");
    write_file(path("a.npy"), "\x93NUMPY\x02\x00\xFF\xFF\xFF\x7F", 12);
    assert_fails(ctx, tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_E_FORMAT,
                 "2147483647 bytes, more than");
    write_file(path("a.npy"), "\x93NUMPY\x01", 7);
    assert_fails(ctx, tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_E_FORMAT, "is cut off");
    write_file(path("a.npy"), "", 0);
    assert_fails(ctx, tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_E_FORMAT, "found something else");
    assert_fails(ctx, tenka_array_read(ctx, path("none.npy"), NULL, &array), TENKA_E_IO, "none.npy");
    assert_fails(ctx, tenka_array_read(ctx, folder, NULL, &array), TENKA_E_IO, folder);
    assert_fails(ctx, tenka_array_read(ctx, path("a.npy"), "x", &array), TENKA_E_FORMAT, "numpy.savez");
}

/* ---- Datasets ---- */

static void write_pair(const char *x_shape, const char *y_descr, const char *y_shape, const void *y, size_t y_bytes)
{
    static const float x[6] = {1, 2, 3, 4, 5, 6};
    char header[160];
    snprintf(header, sizeof(header), HEADER("'<f4'", "False", "%s"), x_shape);
    write_npy("a.npy", 1, header, x, sizeof(x));
    snprintf(header, sizeof(header), HEADER("'%s'", "False", "%s"), y_descr, y_shape);
    write_npy("b.npy", 1, header, y, y_bytes);
}

static void test_datasets(void **state)
{
    (void)state;
    static const int32_t wrong[3] = {0, -1, 2};
    static const int16_t classes[3] = {4, -100, 0};
    static const float reals[3] = {0.5f, 1, 2};
    tenka_dataset *data;
    write_pair("(3, 2)", "<i2", "(3,)", classes, sizeof(classes));
    assert_int_equal(tenka_dataset_load_npy(ctx, path("a.npy"), path("b.npy"), &data), TENKA_OK);
    assert_int_equal(tenka_dataset_classes(data), 5);
    assert_int_equal(tenka_dataset_labels(data)[1], -100);
    assert_null(tenka_dataset_images(data));
    assert_int_equal(tenka_dataset_ignore(data, 4), TENKA_E_INVALID); /* -100 is a class then, and none can be */
    tenka_dataset_destroy(&data);
    write_pair("(3, 2)", "<f4", "(3, 1)", reals, sizeof(reals));
    assert_int_equal(tenka_dataset_load_npy(ctx, path("a.npy"), path("b.npy"), &data), TENKA_OK);
    assert_int_equal(tenka_dataset_classes(data), 0);
    assert_int_equal(tenka_dataset_target_shape(data).rank, 1);
    assert_fails(ctx, tenka_dataset_set_classes(data, 3), TENKA_E_INVALID, "3 classes");
    tenka_dataset_destroy(&data);
    write_pair("(3, 2)", "<i4", "(3,)", wrong, sizeof(wrong));
    assert_fails(ctx, tenka_dataset_load_npy(ctx, path("a.npy"), path("b.npy"), &data), TENKA_E_INVALID,
                 "b.npy: label 1 is -1, but must be from 0");
    write_pair("(2, 3)", "<f4", "(3,)", reals, sizeof(reals));
    assert_fails(ctx, tenka_dataset_load_npy(ctx, path("a.npy"), path("b.npy"), &data), TENKA_E_SHAPE,
                 "has 2 samples, but");
    write_pair("(2, 3)", "<f4", "()", reals, sizeof(float));
    assert_fails(ctx, tenka_dataset_load_npy(ctx, path("a.npy"), path("b.npy"), &data), TENKA_E_SHAPE,
                 "b.npy: expected samples along a first axis");
    assert_null(data);
}

/* Batches in order, on the device and from the host: the rows as they are. */
static void test_batches(void **state)
{
    (void)state;
    static const float targets[3] = {0.5f, 1, 2};
    write_pair("(3, 1, 2)", "<f4", "(3,)", targets, sizeof(targets));
    for (int at = TENKA_IMAGES_DEVICE; at <= TENKA_IMAGES_HOST; at++) {
        struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
        struct tenka_batch batch;
        tenka_dataset *data;
        tenka_loader *loader;
        float x[4], y[2];
        params.batch_size = 2;
        params.images_at = (enum tenka_images_at)at;
        assert_int_equal(tenka_dataset_load_npy(ctx, path("a.npy"), path("b.npy"), &data), TENKA_OK);
        assert_int_equal(tenka_loader_create(ctx, data, &params, &loader), TENKA_OK);
        tenka_dataset_destroy(&data);
        for (unsigned first = 0; first < 3; first += 2) {
            const size_t rows = first == 0 ? 2 : 1;
            assert_int_equal(tenka_loader_next(loader, &batch), TENKA_OK);
            assert_int_equal(tenka_tensor_shape(batch.input).rank, 3);
            assert_int_equal(tenka_read(batch.input, x, rows * 2 * sizeof(float)), TENKA_OK);
            assert_int_equal(tenka_read(batch.target, y, rows * sizeof(float)), TENKA_OK);
            for (unsigned i = 0; i < 2 * rows; i++)
                assert_true(x[i] == (float)(2 * first + i + 1) && y[i / 2] == targets[first + i / 2]);
        }
        assert_int_equal(tenka_loader_next(loader, &batch), TENKA_END);
        tenka_loader_destroy(&loader);
    }
}

/* Digits of float64 stay on the device that has them; other devices do not take that dataset. */
static void test_doubles(void **state)
{
    (void)state;
    static const double values[6] = {1 + 0x1p-52, 2, 3, 4, 5, 6};
    struct tenka_ctx_params exact = TENKA_CTX_DEFAULTS;
    exact.backend = TENKA_BACKEND_CPU_F64;
    tenka_ctx *f64;
    tenka_dataset *data;
    tenka_loader *loader;
    struct tenka_batch batch;
    double first;
    assert_int_equal(tenka_ctx_create(&exact, &f64), TENKA_OK);
    write_npy("a.npy", 1, HEADER("'<f8'", "False", "(6,)"), values, sizeof(values));
    assert_int_equal(tenka_dataset_load_npy(f64, path("a.npy"), path("a.npy"), &data), TENKA_OK);
    assert_fails(ctx, tenka_loader_create(ctx, data, NULL, &loader), TENKA_E_INVALID, "another precision");
    assert_int_equal(tenka_loader_create(f64, data, NULL, &loader), TENKA_OK);
    assert_int_equal(tenka_loader_next(loader, &batch), TENKA_OK);
    assert_int_equal(tenka_item(batch.input, &first), TENKA_OK);
    assert_true(first == values[0]);
    tenka_loader_destroy(&loader);
    tenka_dataset_destroy(&data);
    tenka_ctx_destroy(&f64);
}

/* ---- Writing ---- */

static void test_written(void **state)
{
    (void)state;
    static const float values[6] = {0, 1.5f, -2, 3, 4, 1e30f};
    static const char header[] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    float back[6];
    char begin[sizeof(header) - 1];
    tenka_array *array;
    for (uint32_t rank = 0; rank <= 2; rank++) {
        const struct tenka_shape shape = {.rank = rank, .dim = {rank == 1 ? 6 : 2, 3}};
        assert_int_equal(tenka_array_write(ctx, path("a.npy"), shape, values), TENKA_OK);
        assert_int_equal(tenka_array_read(ctx, path("a.npy"), NULL, &array), TENKA_OK);
        tenka_array_floats(array, 0, rank == 0 ? 1 : 6, back);
        assert_memory_equal(back, values, (rank == 0 ? 1 : 6) * sizeof(float));
        assert_int_equal(tenka_array_shape(array).rank, rank);
        tenka_array_destroy(&array);
    }
    struct stat st;
    FILE *const file = fopen(path("a.npy"), "rb");
    assert_non_null(file);
    assert_int_equal(fread(begin, 1, sizeof(begin), file), sizeof(begin));
    fclose(file);
    assert_memory_equal(begin, header, sizeof(begin));
    assert_int_equal(stat(path("a.npy"), &st), 0);
    assert_int_equal(st.st_size, 128 + sizeof(values));
    assert_fails(ctx, tenka_array_write(ctx, path("none/a.npy"), (struct tenka_shape){0}, values), TENKA_E_IO, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dtypes),  cmocka_unit_test(test_halves),   cmocka_unit_test(test_orders),
        cmocka_unit_test(test_wrong),   cmocka_unit_test(test_datasets), cmocka_unit_test(test_batches),
        cmocka_unit_test(test_doubles), cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
