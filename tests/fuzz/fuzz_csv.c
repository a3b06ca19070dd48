/* Tables: a CSV file, with whatever its last column is as target; what is read is read alike again. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_NAME 64

/* The last cell of the first line, as far as it is plain. */
static void find_target(const uint8_t *data, size_t size, char out[MAX_NAME])
{
    size_t end = 0, begin, length;
    while (end < size && data[end] != '\n' && data[end] != '\r')
        end++;
    begin = end;
    while (begin > 0 && data[begin - 1] != ',' && data[begin - 1] != ';' && data[begin - 1] != '\t')
        begin--;
    length = end - begin < MAX_NAME - 1 ? end - begin : MAX_NAME - 1;
    memcpy(out, data + begin, length);
    out[length] = '\0';
}

static tenka_dataset *load(const char *path, const struct tenka_csv_params *params)
{
    tenka_dataset *dataset;
    const tenka_status status = tenka_dataset_load_csv(fuzz_ctx(), path, params, &dataset);
    fuzz_expect((status == TENKA_OK) == (dataset != NULL), "a dataset, or none");
    fuzz_expect(status == TENKA_OK || tenka_last_error(fuzz_ctx())[0] != '\0', "a sentence");
    return dataset;
}

static void compare(const tenka_dataset *a, const tenka_dataset *b)
{
    const size_t bytes = tenka_dataset_image_shape(a).dim[0] * sizeof(float);
    uint8_t *const x = malloc(bytes), *const y = malloc(bytes);
    fuzz_expect(x != NULL && y != NULL, "memory");
    fuzz_expect(tenka_dataset_count(a) == tenka_dataset_count(b), "as many lines");
    fuzz_expect(strcmp(tenka_dataset_table(a), tenka_dataset_table(b)) == 0, "the same table");
    for (size_t i = 0; i < tenka_dataset_count(a); i++) {
        fuzz_expect(tenka_dataset_read(a, i, x) == TENKA_OK && tenka_dataset_read(b, i, y) == TENKA_OK, "a sample");
        fuzz_expect(memcmp(x, y, bytes) == 0, "the same sample");
    }
    free(x);
    free(y);
}

/* A description that is the file itself is hostile. */
static void read_as_table(const char *path, const uint8_t *data, size_t size)
{
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    char *const text = malloc(size + 1);
    fuzz_expect(text != NULL, "memory");
    memcpy(text, data, size);
    text[size] = '\0';
    params.table = text;
    tenka_dataset *dataset = load(path, &params);
    tenka_dataset_destroy(&dataset);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tenka_csv_params params = TENKA_CSV_DEFAULTS;
    const char *const path = fuzz_file("file.csv", data, size);
    char name[MAX_NAME];
    const char *const target = name;
    find_target(data, size, name);
    params.targets = &target;
    params.n_targets = 1;
    params.missing = (enum tenka_csv_missing)(size % 3);
    tenka_dataset *first = load(path, &params);
    if (first != NULL) {
        params.table = tenka_dataset_table(first);
        tenka_dataset *again = load(path, &params);
        fuzz_expect(again != NULL, "to be read alike");
        compare(first, again);
        const tenka_status filled = tenka_dataset_fill(first, again);
        fuzz_expect((filled == TENKA_OK) == (params.missing == TENKA_CSV_MISSING_MEAN), "to be filled in");
        compare(first, again);
        tenka_dataset_standardize(first, again, size % 2 == 0, size % 5 == 0 ? tenka_dataset_table(again) : NULL);
        tenka_dataset_destroy(&again);
    }
    tenka_dataset_destroy(&first);
    read_as_table(path, data, size);
    return 0;
}
