/* .pt files that a few bytes make ask for much: what pickles remember may be used any number of times. Each must be
 * refused in the time and memory that its own size explains. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <sys/resource.h>
#include <unistd.h>
#include <zip.h>

/* Seconds, of which the machine with the slowest sanitizer needs a few. Without the bounds it would be minutes. */
#define PATIENCE 60
#define ROOM (64u * 1024 * 1024)

static char file[64];
static unsigned char *bytes;
static size_t count;

static int set_up(void **state)
{
    (void)state;
    strcpy(file, "/tmp/tenka-hostile-XXXXXX");
    const int descriptor = mkstemp(file);
    bytes = malloc(ROOM);
    return descriptor < 0 || close(descriptor) != 0 || bytes == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(bytes);
    return unlink(file);
}

static void put(const void *data, size_t size, size_t times)
{
    assert_true(size * times <= ROOM - count);
    for (size_t i = 0; i < times; i++, count += size)
        memcpy(bytes + count, data, size);
}

#define PUT(text) put(text, sizeof(text) - 1, 1)
#define PUT_TIMES(text, times) put(text, sizeof(text) - 1, times)
#define BEGIN(text) (count = 0, PUT(text))

/* A text of that many letters. */
static void put_long(size_t length)
{
    const unsigned char head[5] = {'X', (unsigned char)length, (unsigned char)(length >> 8),
                                   (unsigned char)(length >> 16), (unsigned char)(length >> 24)};
    put(head, sizeof(head), 1);
    PUT_TIMES("k", length);
}

static void write_zip(void)
{
    int code;
    unlink(file);
    zip_t *const zip = zip_open(file, ZIP_CREATE, &code);
    assert_non_null(zip);
    const zip_int64_t pickle = zip_file_add(zip, "a/data.pkl", zip_source_buffer(zip, bytes, count, 0), 0);
    const zip_int64_t storage = zip_file_add(zip, "a/data/0", zip_source_buffer(zip, "\0\0\0\0", 4, 0), 0);
    assert_true(pickle >= 0 && storage >= 0);
    zip_set_file_compression(zip, (zip_uint64_t)pickle, ZIP_CM_STORE, 0);
    zip_set_file_compression(zip, (zip_uint64_t)storage, ZIP_CM_STORE, 0);
    assert_int_equal(zip_close(zip), 0);
}

/* The most memory that this process has had, in KiB. */
static long peak(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void refused_soon(const char *part)
{
    tenka_ctx *ctx = cpu(0);
    tenka_module *net;
    assert_int_equal(tenka_nn_parse(ctx, "Linear(2,1)", &net), TENKA_OK);
    alarm(PATIENCE);
    assert_fails(ctx, tenka_model_load(net, file), TENKA_E_FORMAT, part);
    alarm(0);
    tenka_module_destroy(&net);
    tenka_ctx_destroy(&ctx);
}

#define STORAGE_ID                                     \
    "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" \
    "0X\3\0\0\0cpuK\1t"
#define TENSOR "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE_ID "QK\0K\1\x85K\1\x85\x89}tR"

/* ---- Pickles ---- */

/* One list of pairs that is made a dict again and again. */
static void test_copies(void **state)
{
    (void)state;
    BEGIN("\x80\2"
          "ccollections\nOrderedDict\nq\0"
          "0X\1\0\0\0aN\x86q\1"
          "0](");
    PUT_TIMES("h\1", 20000);
    PUT("e\x85q\2"
        "0");
    PUT_TIMES("h\0h\2R0", 1500);
    PUT("}.");
    write_zip();
    const long before = peak();
    refused_soon("holds more values than any state_dict needs");
    assert_true(peak() - before < 64 * 1024);
}

/* A dict of which each value is the same large dict of tensors, and another of nothing but attributes. */
static void test_same_dicts(void **state)
{
    (void)state;
    BEGIN("\x80\2" TENSOR "q\0"
          "0X\1\0\0\0kq\1"
          "0}(");
    PUT_TIMES("h\1h\0", 300000);
    PUT("uq\2"
        "0}(");
    PUT_TIMES("h\1h\2", 300000);
    PUT("u.");
    write_zip();
    refused_soon("it holds 300000 state_dicts (\"k\", \"k\", ...)");
}

static void test_same_objects(void **state)
{
    (void)state;
    BEGIN("\x80\2X\1\0\0\0kq\1"
          "0cx\nY\n)\x81}(");
    PUT_TIMES("h\1N", 300000);
    PUT("ubq\2"
        "0}(");
    PUT_TIMES("h\1h\2", 300000);
    PUT("u.");
    write_zip();
    refused_soon("\"k\" is no tensor but x.Y");
}

/* One long name for each of many tensors, which sorting would read over and over. */
static void test_same_names(void **state)
{
    (void)state;
    BEGIN("\x80\2" TENSOR "q\0"
          "0");
    put_long(4000000);
    PUT("q\1"
        "0");
    put_long(4000000);
    PUT("q\2"
        "0}(");
    PUT_TIMES("h\1h\0h\2h\0", 200000);
    PUT("u.");
    write_zip();
    refused_soon("the names of its tensors");
}

/* ---- Files of before PyTorch 1.6 ---- */

#define LEGACY "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3.\x80\2}."

/* Many storages of one key, which the list of keys has as often. */
static void test_same_keys(void **state)
{
    (void)state;
    BEGIN(LEGACY "\x80\2" STORAGE_ID "q\0"
                 "0");
    PUT_TIMES("h\0Q0", 200000);
    PUT("}.\x80\2](X\1\0\0\0"
        "0q\0");
    PUT_TIMES("h\0", 199999);
    PUT("e.");
    PUT_TIMES("\1\0\0\0\0\0\0\0\0\0\0\0", 200000);
    write_file(file, bytes, count);
    refused_soon("a storage is listed twice");
}

static void test_long_keys(void **state)
{
    (void)state;
    BEGIN(LEGACY "\x80\2(X\7\0\0\0storagectorch\nFloatStorage\n");
    put_long(256);
    PUT("X\3\0\0\0cpuK\1tQ.");
    write_file(file, bytes, count);
    refused_soon("expected a persistent id");
}

static void test_unknown_storage(void **state)
{
    (void)state;
    BEGIN(LEGACY "\x80\2(X\7\0\0\0storagectorch\nNibbleStorage\nX\1\0\0\0"
                 "0X\3\0\0\0cpuK\1tQ0}.");
    PUT("\x80\2](X\1\0\0\0"
        "0e.\1\0\0\0\0\0\0\0\0\0\0\0");
    write_file(file, bytes, count);
    refused_soon("torch.NibbleStorage");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),          cmocka_unit_test(test_same_dicts), cmocka_unit_test(test_same_objects),
        cmocka_unit_test(test_same_names),      cmocka_unit_test(test_same_keys),  cmocka_unit_test(test_long_keys),
        cmocka_unit_test(test_unknown_storage),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
