/* PyTorch's .pt files. An input that begins as a zip archive, or as a file of before PyTorch 1.6, is loaded as a file;
 * any other is a pickle by itself, since a change to one inside an archive is caught by the checksum first. */
#include <string.h>

#include "fuzz.h"
#include "io/convert.h"
#include "io/pickle.h"
#include "io/pt_file.h"

static void load_file(tenka_ctx *ctx, const uint8_t *data, size_t size)
{
    const char *const path = fuzz_file("file", data, size);
    tenka_module *net;
    fuzz_expect(tenka_nn_parse(ctx, "BatchNorm2d(2) Flatten() Linear(8,2)", &net) == TENKA_OK, "a network");
    const tenka_status status = tenka_model_load(net, path);
    fuzz_expect(status == TENKA_OK || tenka_last_error(ctx)[0] != '\0', "a sentence");
    tenka_module_destroy(&net);
}

/* The last element that a tensor reaches is one of its storage's. */
static void check_tensor(const struct tenka_pickle_tensor *t)
{
    unsigned __int128 last = t->offset;
    if (tenka_shape_count(&t->shape) == 0)
        return;
    for (uint32_t i = 0; i < t->shape.rank; i++)
        last += (unsigned __int128)(t->shape.dim[i] - 1) * t->stride[i];
    const uint32_t each = tenka_file_dtype_bytes(t->dtype), there = tenka_file_dtype_bytes(t->storage->dtype);
    fuzz_expect((last + 1) * each <= (unsigned __int128)t->storage->count * there, "a tensor within its storage");
}

static void find_dict(const struct tenka_pickle_value *top)
{
    char path[] = "pickle";
    const struct tenka_pt_file file = {.path = path};
    struct tenka_error err = {0};
    const struct tenka_pickle_value *dict;
    const tenka_status status = tenka_pt_find_dict(&err, &file, top, &dict);
    fuzz_expect((status == TENKA_OK) == (dict != NULL), "a dict exactly when the status is OK");
    fuzz_expect(status == TENKA_OK || err.text[0] != '\0', "a sentence");
}

static void read_pickle(const uint8_t *data, size_t size)
{
    struct tenka_error err = {0};
    struct tenka_arena arena = {0};
    struct tenka_pickle pickle;
    const tenka_status status = tenka_pickle_read(&err, "pickle", &arena, data, size, &pickle);
    const struct tenka_pickle_value *const top = pickle.top;
    fuzz_expect((status == TENKA_OK) == (top != NULL), "a value exactly when the status is OK");
    fuzz_expect(status == TENKA_OK || err.text[0] != '\0', "a sentence");
    if (top != NULL && top->kind == TENKA_PICKLE_DICT)
        for (size_t i = 0; i < top->is.items.count; i++)
            if (top->is.items.values[i]->kind == TENKA_PICKLE_TENSOR)
                check_tensor(top->is.items.values[i]->is.tensor);
    if (top != NULL)
        find_dict(top);
    tenka_arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if ((size >= 2 && memcmp(data, "PK", 2) == 0) || tenka_pt_is_legacy(data, size))
        load_file(fuzz_ctx(), data, size);
    else
        read_pickle(data, size);
    return 0;
}
