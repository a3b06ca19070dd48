/* IDX files, plain and compressed, read as labels and as images. */
#include <stdlib.h>

#include "data/idx.h"
#include "fuzz.h"

static void read_as(const char *path, uint32_t rank)
{
    struct tenka_error err = {0};
    struct tenka_idx idx;
    const tenka_status status = tenka_idx_read(&err, path, rank, &idx);
    fuzz_expect((status == TENKA_OK) == (idx.bytes != NULL), "bytes exactly when the status is OK");
    fuzz_expect(status == TENKA_OK || err.text[0] != '\0', "a sentence");
    /* Every byte is there to be read. */
    unsigned sum = 0;
    const size_t each = idx.rank == 2 ? sizeof(int32_t) : 1;
    for (size_t i = 0; status == TENKA_OK && i < idx.dim[0] * each * idx.dim[1] * idx.dim[2]; i++)
        sum += idx.bytes[i];
    for (size_t i = 0; status == TENKA_OK && rank == 1 && i < idx.dim[0]; i++)
        sum += (unsigned)tenka_idx_label(&idx, i);
    static volatile unsigned sink;
    sink = sum;
    (void)sink;
    tenka_free(idx.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int compressed = size > 1 && data[0] == 0x1f && data[1] == 0x8b;
    const char *const path = fuzz_file(compressed ? "file.gz" : "file", data, size);
    read_as(path, 1);
    read_as(path, 3);
    return 0;
}
