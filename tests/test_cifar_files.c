/* CIFAR's files: both data sets, folders and archives, and what can be wrong with either. */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "folder.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define IMAGE 3072
#define BLOCK 512

/* ---- Files ---- */

/* Images of bytes that tell which they are: image i of a file begins with seed + i. */
static size_t make_batch(uint8_t *out, size_t count, size_t labels, uint8_t seed)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < labels; k++)
            out[at++] = (uint8_t)(k + 1 == labels ? (seed + i) % 10 : 19); /* a coarse label that is no class */
        for (size_t k = 0; k < IMAGE; k++)
            out[at++] = (uint8_t)(seed + i + 7 * k);
    }
    return at;
}

static uint8_t batch[8 * (IMAGE + 2)];

static void write_batch(const char *name, size_t count, size_t labels, uint8_t seed)
{
    write_file(path(name), batch, make_batch(batch, count, labels, seed));
}

/* An archive that is being made. */
struct archive {
    uint8_t bytes[1 << 17];
    size_t length;
};

static void set_checksum(uint8_t *header)
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

static uint8_t *add_header(struct archive *a, const char *name, size_t bytes, char type)
{
    uint8_t *const header = a->bytes + a->length;
    memset(header, 0, BLOCK);
    snprintf((char *)header, 100, "%s", name);
    snprintf((char *)header + 124, 12, "%011zo", bytes);
    header[156] = (uint8_t)type;
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    set_checksum(header);
    a->length += BLOCK;
    return header;
}

static void add(struct archive *a, const char *name, const void *data, size_t bytes, char type)
{
    add_header(a, name, bytes, type);
    memcpy(a->bytes + a->length, data, bytes);
    a->length += (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

static void add_batch(struct archive *a, const char *name, size_t count, size_t labels, uint8_t seed)
{
    const size_t bytes = make_batch(batch, count, labels, seed);
    add(a, name, batch, bytes, '0');
}

static void write_archive(const char *name, struct archive *a)
{
    gzFile const file = gzopen(path(name), "wb");
    a->length += 2 * BLOCK;
    assert_int_equal(gzwrite(file, a->bytes, (unsigned)a->length), a->length);
    assert_int_equal(gzclose(file), Z_OK);
}

static struct archive *begin(void)
{
    static struct archive archive;
    memset(&archive, 0, sizeof(archive));
    return &archive;
}

static tenka_dataset *load(tenka_ctx *ctx, const char *name, bool train)
{
    tenka_dataset *data;
    if (tenka_dataset_load_cifar(ctx, path(name), train, &data) != TENKA_OK)
        fail_msg("%s", tenka_last_error(ctx));
    return data;
}

static void refuse(tenka_ctx *ctx, const char *name, tenka_status status, const char *part)
{
    tenka_dataset *data;
    assert_fails(ctx, tenka_dataset_load_cifar(ctx, path(name), true, &data), status, part);
    assert_null(data);
}

static void assert_images(tenka_dataset *data, size_t count, uint8_t seed)
{
    assert_int_equal(tenka_dataset_count(data), count);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *const image = tenka_dataset_images(data) + i * IMAGE;
        assert_int_equal(tenka_dataset_labels(data)[i], (seed + i) % 10);
        assert_int_equal(image[0], (uint8_t)(seed + i));
        assert_int_equal(image[IMAGE - 1], (uint8_t)(seed + i + 7 * (IMAGE - 1)));
    }
    tenka_dataset_destroy(&data);
}

static const char ten[] = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";

/* ---- What is read ---- */

static void test_folders(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    double mean, std;
    mkdir(path("ten"), 0777);
    write_batch("ten/data_batch_2.bin", 3, 1, 4); /* in the order of their numbers */
    write_batch("ten/data_batch_1.bin", 4, 1, 0);
    write_batch("ten/test_batch.bin", 2, 1, 3);
    write_file(path("ten/batches.meta.txt"), ten, sizeof(ten) - 1);
    tenka_dataset *data = load(ctx, "ten", true);
    assert_int_equal(tenka_dataset_classes(data), 10); /* also those of which there is no image */
    assert_string_equal(tenka_dataset_class_name(data, 9), "truck");
    tenka_dataset_normalization(data, 2, &mean, &std);
    assert_true(mean == 0.4465 && std == 0.2616);
    assert_images(data, 7, 0);
    assert_images(load(ctx, "ten", false), 2, 3);
    mkdir(path("hundred"), 0777);
    write_batch("hundred/train.bin", 5, 2, 1); /* the fine label is the second one */
    write_batch("hundred/test.bin", 1, 2, 9);
    data = load(ctx, "hundred", true);
    tenka_dataset_normalization(data, 0, &mean, &std);
    assert_true(mean == 0.5071 && std == 0.2673);
    assert_string_equal(tenka_dataset_class_name(data, 5), "5");
    assert_images(data, 5, 1);
    assert_images(load(ctx, "hundred", false), 1, 9);
    tenka_ctx_destroy(&ctx);
}

static void test_archives(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct archive *a = begin();
    char name[160], extended[256];
    add(a, "cifar-10-batches-bin/", "", 0, '5');
    add_batch(a, "cifar-10-batches-bin/data_batch_1.bin", 3, 1, 0);
    add(a, "cifar-10-batches-bin/readme.html", "text", 4, '0');
    add(a, "cifar-10-batches-bin/link.bin", "", 0, '2');
    add(a, "cifar-10-batches-bin/batches.meta.txt", ten, sizeof(ten) - 1, '\0'); /* as old programs write it */
    /* A long name of GNU's, one of POSIX, and one in two parts. */
    memset(name, 'x', 120);
    strcpy(name + 120, "/data_batch_2.bin");
    add(a, "././@LongLink", name, strlen(name) + 1, 'L');
    add_batch(a, "wrong", 2, 1, 3);
    strcpy(name + 120, "/data_batch_3.bin");
    snprintf(extended, sizeof(extended), "30 mtime=1350479986.347801776\n%zu path=%s\n", strlen(name) + 10, name);
    add(a, "PaxHeaders/x", extended, strlen(extended), 'x');
    add_batch(a, "wrong", 1, 1, 5);
    uint8_t *const header = add_header(a, "test_batch.bin", make_batch(batch, 2, 1, 8), '0');
    memset(header + 345, 'y', 100);
    set_checksum(header);
    memcpy(a->bytes + a->length, batch, 2 * (IMAGE + 1));
    a->length += (2 * (IMAGE + 1) + BLOCK - 1) / BLOCK * BLOCK;
    write_archive("all.tar.gz", a);
    assert_images(load(ctx, "all.tar.gz", true), 6, 0);
    assert_images(load(ctx, "all.tar.gz", false), 2, 8);
    write_file(path("all.tar"), a->bytes, a->length);
    tenka_dataset *data = load(ctx, "all.tar", true);
    assert_string_equal(tenka_dataset_class_name(data, 0), "airplane");
    assert_images(data, 6, 0);
    tenka_ctx_destroy(&ctx);
}

/* ---- What is refused ---- */

static void test_bad_folders(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    refuse(ctx, "none", TENKA_E_IO, "none");
    mkdir(path("bad"), 0777);
    refuse(ctx, "bad", TENKA_E_IO, "there is no data_batch_1.bin or train.bin in it, as CIFAR-10 or CIFAR-100 has");
    write_file(path("bad/data_batch_1"), "\x80\2", 2);
    refuse(ctx, "bad", TENKA_E_FORMAT, "this is CIFAR's version for Python, which is pickled; get the binary version");
    make_batch(batch, 2, 1, 0);
    write_file(path("bad/data_batch_1.bin"), batch, 2 * (IMAGE + 1) - 5);
    refuse(ctx, "bad", TENKA_E_FORMAT, "has 6141 bytes, which are no whole number of images of 3073: it is cut off");
    write_file(path("bad/data_batch_1.bin"), "", 0);
    refuse(ctx, "bad", TENKA_E_FORMAT, "has 0 bytes");
    write_batch("bad/data_batch_1.bin", 4, 1, 0);
    write_file(path("bad/batches.meta.txt"), "one\ntwo\n", 8);
    refuse(ctx, "bad", TENKA_E_FORMAT, "there are labels up to 3, but names of 2 classes");
    tenka_ctx_destroy(&ctx);
}

static void test_bad_archives(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct archive *a = begin();
    add_batch(a, "d/../../../data_batch_1.bin", 1, 1, 0);
    write_archive("up.tar.gz", a);
    refuse(ctx, "up.tar.gz", TENKA_E_FORMAT, "'d/../../../data_batch_1.bin', whose name leads out of it");
    a = begin();
    add_batch(a, "/etc/data_batch_1.bin", 1, 1, 0);
    write_archive("root.tar.gz", a);
    refuse(ctx, "root.tar.gz", TENKA_E_FORMAT, "whose name leads out of it");
    a = begin();
    add(a, "cifar-10-batches-py/data_batch_1", "\x80\2", 2, '0');
    write_archive("python.tar.gz", a);
    refuse(ctx, "python.tar.gz", TENKA_E_FORMAT, "this is CIFAR's version for Python");
    a = begin();
    add_batch(a, "data_batch_1.bin", 1, 1, 0);
    add_batch(a, "again/data_batch_1.bin", 1, 1, 0);
    write_archive("twice.tar.gz", a);
    refuse(ctx, "twice.tar.gz", TENKA_E_FORMAT, "a file of CIFAR is there twice");
    a = begin();
    add_batch(a, "data_batch_1.bin", 1, 1, 0);
    a->bytes[3] ^= 1;
    write_archive("sum.tar.gz", a);
    refuse(ctx, "sum.tar.gz", TENKA_E_FORMAT, "this is no whole tar archive (a header)");
    a = begin();
    add_header(a, "data_batch_1.bin", (size_t)1 << 32, '0');
    write_archive("huge.tar.gz", a);
    refuse(ctx, "huge.tar.gz", TENKA_E_FORMAT, "the archive has a file of 4294967296 bytes: it is none of images");
    a = begin();
    add(a, "x", "30 size=4x\n", 11, 'x');
    add_batch(a, "data_batch_1.bin", 1, 1, 0);
    write_archive("pax.tar.gz", a);
    refuse(ctx, "pax.tar.gz", TENKA_E_FORMAT, "an extended header");
    write_file(path("text.tar.gz"), "no archive at all", 17);
    refuse(ctx, "text.tar.gz", TENKA_E_FORMAT, "cut off");
    write_file(path("empty.tar.gz"), "", 0);
    refuse(ctx, "empty.tar.gz", TENKA_E_FORMAT, "it is empty");
    tenka_ctx_destroy(&ctx);
}

/* An archive that is cut off anywhere is refused, or was whole for all that was wanted of it. */
static void test_cut(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    static uint8_t bytes[1 << 17];
    struct archive *const a = begin();
    tenka_dataset *data;
    add_batch(a, "data_batch_1.bin", 2, 1, 0);
    write_archive("whole.tar.gz", a);
    FILE *const file = fopen(path("whole.tar.gz"), "rb");
    const size_t length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    for (size_t most = 0; most < length; most += 7) {
        write_file(path("cut.tar.gz"), bytes, most);
        assert_int_not_equal(tenka_dataset_load_cifar(ctx, path("cut.tar.gz"), true, &data), TENKA_OK);
        assert_null(data);
    }
    for (size_t most = 1; most < a->length - 2 * BLOCK; most += 97) {
        write_file(path("cut.tar"), a->bytes, most);
        assert_int_not_equal(tenka_dataset_load_cifar(ctx, path("cut.tar"), true, &data), TENKA_OK);
    }
    tenka_ctx_destroy(&ctx);
}

/* A small file that unpacks to more than 2 GiB is given up. */
static void test_bomb(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct archive *const a = begin();
    static const uint8_t zeros[1 << 16];
    gzFile const file = gzopen(path("bomb.tar.gz"), "wb1");
    for (int i = 0; i < 20; i++) {
        a->length = 0;
        add_header(a, "padding", (size_t)1 << 27, '0');
        gzwrite(file, a->bytes, BLOCK);
        for (int k = 0; k < 1 << 11; k++)
            gzwrite(file, zeros, sizeof(zeros));
    }
    assert_int_equal(gzclose(file), Z_OK);
    refuse(ctx, "bomb.tar.gz", TENKA_E_FORMAT, "the archive unpacks to more than 2147483648 bytes");
    tenka_ctx_destroy(&ctx);
}

/* ---- Memory ---- */

static tenka_status load_again(void *user)
{
    tenka_dataset *data;
    const tenka_status status = tenka_dataset_load_cifar(user, path("memory.tar"), true, &data);
    tenka_dataset_destroy(&data);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    struct archive *const a = begin();
    add(a, "././@LongLink", "data_batch_1.bin", 17, 'L');
    add_batch(a, "wrong", 2, 1, 0);
    add(a, "batches.meta.txt", ten, sizeof(ten) - 1, '0');
    write_file(path("memory.tar"), a->bytes, a->length);
    const int64_t live = tenka_alloc_live();
    assert_true(fail_each_allocation(ctx, load_again, ctx) > 10);
    assert_int_equal(tenka_alloc_live(), live);
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders),      cmocka_unit_test(test_archives), cmocka_unit_test(test_bad_folders),
        cmocka_unit_test(test_bad_archives), cmocka_unit_test(test_cut),      cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
