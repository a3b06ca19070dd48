/* A CSV file that lasts as long as a test, and what is read of it. Wants POSIX. */
#ifndef TENKA_TESTS_TABLES_H
#define TENKA_TESTS_TABLES_H

#include <unistd.h>

#include "inputs.h"

static char file[64];

static inline int set_up_table(void **state)
{
    (void)state;
    strcpy(file, "/tmp/tenka-table-XXXXXX");
    const int descriptor = mkstemp(file);
    return descriptor < 0 ? 1 : close(descriptor);
}

static inline int tear_down_table(void **state)
{
    (void)state;
    return unlink(file);
}

static inline void write_text(const char *text)
{
    write_file(file, text, strlen(text));
}

/* The numbers of one sample. */
static inline void assert_input(const tenka_dataset *data, size_t index, const float *expected, size_t count)
{
    float x[16];
    assert_int_equal(tenka_dataset_image_shape(data).rank, 1);
    assert_int_equal(tenka_dataset_image_shape(data).dim[0], count);
    assert_int_equal(tenka_dataset_read(data, index, x), TENKA_OK);
    for (size_t i = 0; i < count; i++)
        if (x[i] != expected[i])
            fail_msg("sample %zu: number %zu is %g instead of %g", index, i, (double)x[i], (double)expected[i]);
}

#endif
