/* IDX files that another program shortens while they are read. The linker puts __wrap_gzread between the reader and
 * zlib (--wrap), so that the file on the disk is cut before a chosen read, at the same byte in every run. */
#define _POSIX_C_SOURCE 200809L
#include "inputs.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "core/core.h"

/* More than one of the reader's pieces of 1 MiB, and much more than zlib's buffer. */
#define COUNT 3000
#define SIDE 30
#define PIXELS ((size_t)COUNT * SIDE * SIDE)
static uint8_t images[16 + PIXELS], labels[8 + COUNT];
static char folder[64];

/* What is cut: before read number at (0: never), to that many bytes. reads counts. */
static struct {
    const char *path;
    unsigned at, reads;
    off_t bytes;
} cut;

int __real_gzread(gzFile file, void *dst, unsigned bytes);
int __wrap_gzread(gzFile file, void *dst, unsigned bytes);

int __wrap_gzread(gzFile file, void *dst, unsigned bytes)
{
    if (++cut.reads == cut.at)
        assert_int_equal(truncate(cut.path, cut.bytes), 0);
    return __real_gzread(file, dst, bytes);
}

static const char *const names[] = {"train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte",
                                    "train-labels-idx1-ubyte.gz"};

static const char *path(size_t i)
{
    static char text[4][128];
    snprintf(text[i], sizeof(text[i]), "%s/%s", folder, names[i]);
    return text[i];
}

static off_t size_of(const char *file)
{
    const int fd = open(file, O_RDONLY);
    const off_t bytes = lseek(fd, 0, SEEK_END);
    close(fd);
    return bytes;
}

static void write_gzip(const char *file, const void *data, size_t bytes)
{
    gzFile out = gzopen(file, "wb1");
    assert_non_null(out);
    assert_int_equal(gzwrite(out, data, (unsigned)bytes), bytes);
    assert_int_equal(gzclose(out), Z_OK);
}

/* Both files whole; then reading them again must give them. */
static void write_whole(bool compressed)
{
    for (size_t i = 0; i < 4; i++)
        unlink(path(i));
    (compressed ? write_gzip : write_file)(path(compressed), images, sizeof(images));
    (compressed ? write_gzip : write_file)(path(2 + compressed), labels, sizeof(labels));
}

static int set_up(void **state)
{
    (void)state;
    static const uint8_t images_header[16] = {0, 0, 8, 3, 0, 0, COUNT >> 8, COUNT & 255, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    static const uint8_t labels_header[8] = {0, 0, 8, 1, 0, 0, COUNT >> 8, COUNT & 255};
    uint32_t x = 1;
    memcpy(images, images_header, sizeof(images_header));
    memcpy(labels, labels_header, sizeof(labels_header));
    /* Noise without zeros: what gzip cannot shrink, and what memory that was never read into does not look like. */
    for (size_t i = 0; i < PIXELS; i++)
        images[16 + i] = (uint8_t)(1 + ((x = x * 1664525 + 1013904223) >> 24) % 255);
    for (size_t i = 0; i < COUNT; i++)
        labels[8 + i] = (uint8_t)(1 + ((x = x * 1664525 + 1013904223) >> 24) % 255);
    strcpy(folder, "/tmp/tenka-data-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        unlink(path(i));
    return rmdir(folder);
}

static int next_descriptor(void)
{
    const int fd = dup(0);
    close(fd);
    return fd;
}

static void assert_whole(const tenka_dataset *data)
{
    assert_int_equal(tenka_dataset_count(data), COUNT);
    assert_memory_equal(tenka_dataset_images(data), images + 16, PIXELS);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(tenka_dataset_labels(data)[i], labels[8 + i]);
}

/* One sentence that names the file and says what to do. */
static void assert_sentence(const char *said, const char *file)
{
    const size_t length = strlen(file);
    if (strncmp(said, file, length) != 0 || strncmp(said + length, ": ", 2) != 0 || strchr(said, '\n') != NULL ||
        strstr(said, "cut off; get the file again") == NULL)
        fail_msg("\"%s\" is no sentence about %s", said, file);
}

/* File i loses all but bytes bytes before that read: it is said, or all of it had been read. Whether it was said. */
static bool check_cut(tenka_ctx *ctx, size_t i, unsigned at, off_t bytes)
{
    tenka_dataset *data;
    const int64_t live = tenka_alloc_live();
    const int descriptor = next_descriptor();
    write_whole(i & 1);
    cut.path = path(i), cut.bytes = bytes, cut.at = at, cut.reads = 0;
    const tenka_status status = tenka_dataset_load_idx(ctx, folder, true, &data);
    assert_true(cut.reads >= at);
    if (status == TENKA_OK) {
        assert_whole(data);
    } else {
        assert_int_equal(status, TENKA_E_FORMAT);
        assert_null(data);
        assert_sentence(tenka_last_error(ctx), path(i));
    }
    tenka_dataset_destroy(&data);
    assert_int_equal(tenka_alloc_live(), live);
    assert_int_equal(next_descriptor(), descriptor);
    return status != TENKA_OK;
}

/* Before each read, to nothing, to what was just promised, to half, to all but the last byte. The context goes on. */
static void check_file(size_t i)
{
    tenka_ctx *ctx = cpu(0);
    assert_false(check_cut(ctx, i, 0, 0));
    const unsigned reads = cut.reads;
    const off_t size = size_of(path(i)), sizes[] = {0, i < 2 ? 16 : 8, size / 2, size - 1};
    unsigned said = 0;
    for (unsigned at = 1; at <= reads; at++)
        for (size_t k = 0; k < 4; k++)
            said += check_cut(ctx, i, at, sizes[k]);
    /* The header is read, and pixels are not. */
    assert_true(i >= 2 || (check_cut(ctx, i, 2, size / 2) && check_cut(ctx, i, 3, size / 2)));
    assert_true(said >= 4);
    assert_false(check_cut(ctx, i, 0, 0));
    tenka_ctx_destroy(&ctx);
}

static void test_images(void **state)
{
    (void)state;
    check_file(0);
}

static void test_images_gzip(void **state)
{
    (void)state;
    check_file(1);
}

static void test_labels(void **state)
{
    (void)state;
    check_file(2);
}

static void test_labels_gzip(void **state)
{
    (void)state;
    check_file(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_images), cmocka_unit_test(test_images_gzip),
                                       cmocka_unit_test(test_labels), cmocka_unit_test(test_labels_gzip)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
