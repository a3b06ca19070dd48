/* Model files that begin as safetensors: opened as a whole, asked for their images, and loaded into a network. */
#include "fuzz.h"

static tenka_module *net_for_loading(tenka_ctx *ctx)
{
    tenka_module *net;
    fuzz_expect(tenka_nn_parse(ctx, "BatchNorm2d(2) Flatten() Linear(8,2)", &net) == TENKA_OK, "a network");
    return net;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tenka_ctx *const ctx = fuzz_ctx();
    const char *const path = fuzz_file("file", data, size);
    tenka_model *model;
    tenka_status status = tenka_model_open(ctx, path, &model);
    fuzz_expect((status == TENKA_OK) == (model != NULL), "a model exactly when the status is OK");
    fuzz_expect(status == TENKA_OK || tenka_last_error(ctx)[0] != '\0', "a sentence");
    tenka_model_destroy(&model);
    char *images;
    status = tenka_model_data(ctx, path, &images);
    fuzz_expect(status == TENKA_OK || (images == NULL && tenka_last_error(ctx)[0] != '\0'), "a sentence or the images");
    tenka_text_free(images);
    tenka_module *net = net_for_loading(ctx);
    status = tenka_model_load(net, path);
    fuzz_expect(status == TENKA_OK || tenka_last_error(ctx)[0] != '\0', "a sentence");
    tenka_module_destroy(&net);
    return 0;
}
