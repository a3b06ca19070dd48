/* Memory, shapes, random numbers, files. The random numbers are PyTorch 1.13's. */
#define _XOPEN_SOURCE 700 /* mkdtemp, setrlimit */
#include "support.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/core.h"
#include "core/os.h"

static void test_status_texts(void **state)
{
    (void)state;
    assert_string_equal(tenka_status_text(TENKA_OK), "success");
    assert_string_equal(tenka_status_text(TENKA_E_SHAPE), "tensor shapes do not fit the operator");
    assert_non_null(tenka_status_text((tenka_status)99));
}

static void test_fail(void **state)
{
    (void)state;
    struct tenka_error err = {0};
    assert_int_equal(tenka_fail(&err, TENKA_E_IO, "cannot read %s: %d", "x", 7), TENKA_E_IO);
    assert_int_equal(err.status, TENKA_E_IO);
    assert_string_equal(err.text, "cannot read x: 7");
    char longer[3000];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(tenka_fail(&err, TENKA_E_IO, "%s", longer), TENKA_E_IO);
    assert_true(strlen(err.text) < sizeof(err.text));
}

static void test_allocation(void **state)
{
    (void)state;
    const uint64_t before = tenka_alloc_count();
    unsigned char *p = tenka_alloc(100);
    assert_non_null(p);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    assert_int_equal(tenka_alloc_count(), before + 1);
    tenka_free(p);
    tenka_free(NULL);
    assert_null(tenka_alloc_array(SIZE_MAX / 2, 3));
    tenka_alloc_fail_at(2);
    void *first = tenka_alloc(1), *second = tenka_alloc(1), *third = tenka_alloc(1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    tenka_alloc_fail_at(0);
    tenka_free(first);
    tenka_free(third);
    char *text = tenka_sprintf("%d-%s", 42, "x");
    assert_string_equal(text, "42-x");
    tenka_free(text);
}

static void test_grow(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(tenka_grow(&items, &capacity, (size_t)i, sizeof(*items)));
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    tenka_alloc_fail_at(1);
    assert_false(tenka_grow(&items, &capacity, capacity, sizeof(*items)));
    tenka_alloc_fail_at(0);
    assert_int_equal(items[999], 999); /* the old ones stay */
    tenka_free(items);
}

static void test_arena(void **state)
{
    (void)state;
    struct tenka_arena arena = {0};
    for (int round = 0; round < 3; round++) {
        const uint64_t before = tenka_alloc_count();
        for (size_t bytes = 1; bytes < 5000; bytes += 97) {
            unsigned char *p = tenka_arena_alloc(&arena, bytes);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < bytes; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xff, bytes);
        }
        assert_non_null(tenka_arena_alloc(&arena, 1u << 20));
        if (round > 0)
            assert_int_equal(tenka_alloc_count(), before); /* reset keeps the blocks */
        tenka_arena_reset(&arena);
    }
    assert_null(tenka_arena_alloc(&arena, SIZE_MAX - 8));
    tenka_arena_finish(&arena);
}

static void test_shapes(void **state)
{
    (void)state;
    struct tenka_error err = {0};
    char text[TENKA_SHAPE_TEXT];
    const struct tenka_shape scalar = {0}, image = tenka_shape_of(100, 1, 28, 28);
    const struct tenka_shape huge = tenka_shape_of(4294967295u, 4294967295u, 4294967295u), empty = tenka_shape_of(3, 0);
    const struct tenka_shape deep = tenka_shape_of(1, 1, 1, 1, 1, 1, 1), limit = tenka_shape_of(2147483647u);
    assert_int_equal(tenka_shape_count(&scalar), 1);
    assert_int_equal(tenka_shape_count(&image), 78400);
    assert_true(tenka_shape_count(&huge) == UINT64_MAX);
    assert_string_equal(tenka_shape_text(&image, text), "[100, 1, 28, 28]");
    assert_string_equal(tenka_shape_text(&scalar, text), "[]");
    assert_true(tenka_shape_equal(&image, &image));
    assert_false(tenka_shape_equal(&image, &scalar));
    assert_int_equal(tenka_shape_check(&err, "x", &image), TENKA_OK);
    assert_int_equal(tenka_shape_check(&err, "x", &limit), TENKA_OK);
    assert_int_equal(tenka_shape_check(&err, "x", &huge), TENKA_E_SHAPE);
    assert_int_equal(tenka_shape_check(&err, "x", &empty), TENKA_E_SHAPE);
    assert_int_equal(tenka_shape_check(&err, "x", &deep), TENKA_E_SHAPE);
    assert_int_equal(tenka_dtype_bytes(TENKA_F32, 3, 8), 24);
    assert_int_equal(tenka_dtype_bytes(TENKA_I32, 3, 8), 12);
    assert_int_equal(tenka_dtype_bytes(TENKA_U8, 3, 8), 3);
    assert_int_equal(tenka_align(257, 256), 512);
}

static struct tenka_rng rng;

static void test_uniform(void **state)
{
    (void)state;
    static const float first[] = {-0x1.888666p-10f, 0x1.b7746p-4f,   -0x1.511e8ap-3f,
                                  -0x1.2d70cep-3f,  -0x1.3b84bap-4f, 0x1.b7595ap-5f};
    float x[2000];
    tenka_rng_seed(&rng, 0);
    tenka_rng_uniform(&rng, x, 6, -0.2, 0.2);
    for (int i = 0; i < 6; i++)
        assert_true(x[i] == first[i]);
    tenka_rng_seed(&rng, 0);
    tenka_rng_uniform(&rng, x, 2000, 0, 1); /* beyond the 624 words of the state */
    assert_true(x[623] == 0x1.8e72p-7f && x[624] == 0x1.6e3ce8p-2f);
    assert_true(x[625] == 0x1.467c08p-3f && x[1999] == 0x1.c0e16ap-1f);
}

static void test_draws(void **state)
{
    (void)state;
    tenka_rng_seed(&rng, 0);
    assert_true(tenka_rng_u63(&rng) == 900450186894289455u);
    assert_true(tenka_rng_u63(&rng) == 3969543146641149120u);
    assert_true(tenka_rng_u63(&rng) == 1895649597198586619u);
    tenka_rng_seed(&rng, 4294967296u + 5); /* the low 32 bits count */
    assert_true(tenka_rng_u63(&rng) == 4095051218741643470u);
}

static void test_permutation(void **state)
{
    (void)state;
    static const int32_t ten[] = {0, 7, 1, 6, 4, 2, 8, 9, 5, 3};
    static int32_t many[60000];
    int32_t order[10];
    tenka_rng_permutation(12345, order, 10);
    assert_memory_equal(order, ten, sizeof(ten));
    tenka_rng_permutation(7, many, 60000);
    assert_int_equal(many[0], 21615);
    assert_int_equal(many[1], 50166);
    assert_int_equal(many[4], 38823);
    assert_int_equal(many[59997], 44752);
    assert_int_equal(many[59999], 40145);
    tenka_rng_permutation(1, order, 1);
    assert_int_equal(order[0], 0);
}

/* ---- Files ---- */

static char folder[] = "/tmp/tenka-test-XXXXXX", path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static void assert_content(const char *want)
{
    struct tenka_error err = {0};
    void *data;
    uint64_t bytes;
    assert_int_equal(tenka_os_read_file(&err, path, 0, &data, &bytes), TENKA_OK);
    assert_int_equal(bytes, strlen(want));
    assert_string_equal(data, want);
    tenka_free(data);
}

static void test_write_is_whole_or_nothing(void **state)
{
    (void)state;
    struct tenka_error err = {0};
    struct tenka_file_writer writer = {0};
    assert_int_equal(tenka_os_write_file(&err, path, "old", 3), TENKA_OK);
    assert_content("old");
    assert_int_equal(tenka_file_writer_create(&writer, &err, path), TENKA_OK);
    assert_int_equal(tenka_file_writer_write(&writer, &err, "new", 3), TENKA_OK);
    assert_content("old");
    tenka_file_writer_abort(&writer);
    assert_content("old");
    assert_int_equal(tenka_file_writer_create(&writer, &err, path), TENKA_OK);
    assert_int_equal(tenka_file_writer_write(&writer, &err, "new", 3), TENKA_OK);
    assert_int_equal(tenka_file_writer_commit(&writer, &err), TENKA_OK);
    assert_content("new");
    tenka_file_writer_abort(&writer);
    assert_content("new");
}

/* A limit on the size of files stands for a full disk. */
static void test_full_disk(void **state)
{
    (void)state;
    static char large[100000];
    struct tenka_error err = {0};
    struct rlimit before, small;
    assert_int_equal(tenka_os_write_file(&err, path, "old", 3), TENKA_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const tenka_status status = tenka_os_write_file(&err, path, large, sizeof(large));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, TENKA_E_IO);
    assert_non_null(strstr(err.text, path));
    assert_content("old");
}

static void test_bad_paths(void **state)
{
    (void)state;
    struct tenka_error err = {0};
    void *data;
    char range[3];
    uint64_t bytes;
    assert_int_equal(tenka_os_write_file(&err, "/nowhere/at/all", "x", 1), TENKA_E_IO);
    assert_int_equal(tenka_os_write_file(&err, "/dev/full", "x", 1), TENKA_E_IO);
    assert_int_equal(tenka_os_write_file(&err, folder, "x", 1), TENKA_E_IO);
    assert_int_equal(tenka_os_read_file(&err, "/nowhere", 0, &data, &bytes), TENKA_E_IO);
    assert_int_equal(tenka_os_read_file(&err, folder, 0, &data, &bytes), TENKA_E_IO);
    assert_int_equal(tenka_os_write_file(&err, path, "12345", 5), TENKA_OK);
    assert_int_equal(tenka_os_read_file(&err, path, 4, &data, &bytes), TENKA_E_FORMAT);
    assert_int_equal(tenka_os_read_range(&err, path, 3, range, 3), TENKA_E_FORMAT);
}

/* ---- Options of programs that were built with an older or a newer version ---- */

struct options {
    size_t size;
    int first, second, third;
};

static void test_sizes_of_options(void **state)
{
    (void)state;
    const struct options given = {sizeof(size_t) + 2 * sizeof(int), 10, 20, 30};
    struct tenka_error err;
    struct options own = {sizeof(own), 1, 2, 3}, wrong = given;
    assert_int_equal(tenka_take_params(&err, "test", "DEFAULTS", &own, NULL), TENKA_OK);
    assert_int_equal(own.first, 1);
    assert_int_equal(tenka_take_params(&err, "test", "DEFAULTS", &own, &given), TENKA_OK);
    assert_true(own.size == sizeof(own) && own.first == 10 && own.second == 20 && own.third == 3);
    wrong.size = 0;
    assert_int_equal(tenka_take_params(&err, "test", "DEFAULTS", &own, &wrong), TENKA_E_INVALID);
    assert_non_null(strstr(err.text, "begin with DEFAULTS"));
    wrong.size = sizeof(own) + 1;
    assert_int_equal(tenka_take_params(&err, "test", "DEFAULTS", &own, &wrong), TENKA_E_INVALID);
    assert_non_null(strstr(err.text, "newer Tenka"));
    struct options result = {given.size, 0, 0, 7};
    assert_int_equal(tenka_give_result(&err, "test", "DEFAULTS", &result, &own), TENKA_OK);
    assert_true(result.size == given.size && result.first == 10 && result.second == 20 && result.third == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_of_options),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_allocation),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_permutation),
        cmocka_unit_test(test_write_is_whole_or_nothing),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_bad_paths),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
