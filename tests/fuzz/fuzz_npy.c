/* NumPy's arrays: a .npy, plain or compressed, or an .npz whose arrays are called as data sets call them. */
#include <stdlib.h>

#include "fuzz.h"

/* Every element is there to be read. */
static void look_at(const tenka_array *array)
{
    const struct tenka_shape shape = tenka_array_shape(array);
    size_t count = 1;
    for (uint32_t i = 0; i < shape.rank; i++)
        count *= shape.dim[i];
    float *const floats = malloc(count * sizeof(floats[0]));
    double *const doubles = malloc(count * sizeof(doubles[0]));
    fuzz_expect(floats != NULL && doubles != NULL, "memory");
    tenka_array_floats(array, 0, count, floats);
    tenka_array_doubles(array, 0, count, doubles);
    fuzz_expect((float)doubles[count - 1] == floats[count - 1] || floats[count - 1] != floats[count - 1],
                "the same number twice");
    fuzz_expect(tenka_array_dtype(array) != NULL, "a dtype");
    free(floats);
    free(doubles);
}

static void read_as(const char *path, const char *name)
{
    tenka_array *array;
    const tenka_status status = tenka_array_read(fuzz_ctx(), path, name, &array);
    fuzz_expect(status == TENKA_OK || array == NULL, "no array on failure");
    fuzz_expect(status == TENKA_OK || tenka_last_error(fuzz_ctx())[0] != '\0', "a sentence");
    if (array != NULL)
        look_at(array);
    tenka_array_destroy(&array);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int archive = size > 1 && data[0] == 'P' && data[1] == 'K';
    const char *const path = fuzz_file(archive ? "file.npz" : "file.npy", data, size);
    tenka_dataset *dataset;
    char *names;
    if (!archive) {
        read_as(path, NULL);
        return 0;
    }
    read_as(path, "x_train");
    if (tenka_array_names(fuzz_ctx(), path, &names) == TENKA_OK)
        tenka_text_free(names);
    tenka_dataset_load_npz(fuzz_ctx(), path, "train", &dataset);
    tenka_dataset_destroy(&dataset);
    return 0;
}
