/* Model files that begin as safetensors: opened as a whole, asked for their images, and loaded into a network, and into
 * one of a class in C. */
#include "fuzz.h"

static tenka_module *net_for_loading(tenka_ctx *ctx)
{
    tenka_module *net;
    fuzz_expect(tenka_nn_parse(ctx, "BatchNorm2d(2) Flatten() Linear(8,2)", &net) == TENKA_OK, "a network");
    return net;
}

static void pass_on(void *user, tenka_module *module, const tenka_tensor *in, size_t n_in, tenka_tensor *out,
                    size_t n_out)
{
    (void)user, (void)module, (void)n_in, (void)n_out;
    out[0] = in[0];
}

static tenka_module *class_for_loading(tenka_ctx *ctx)
{
    struct tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    tenka_module *net, *child;
    tenka_variable *scale;
    params.forward = pass_on;
    fuzz_expect(tenka_nn_custom(ctx, "Shortcut", &params, NULL, &net) == TENKA_OK &&
                    tenka_nn_add_parameter(net, "scale", tenka_shape_of(2), 0, 0, &scale) == TENKA_OK &&
                    tenka_nn_linear(ctx, 2, 2, true, &child) == TENKA_OK &&
                    tenka_nn_append(net, NULL, child) == TENKA_OK,
                "a network of a class");
    return net;
}

/* Takes the network over. */
static void load(tenka_ctx *ctx, tenka_module *net, const char *path)
{
    const tenka_status status = tenka_model_load(net, path);
    fuzz_expect(status == TENKA_OK || tenka_last_error(ctx)[0] != '\0', "a sentence");
    tenka_module_destroy(&net);
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
    load(ctx, net_for_loading(ctx), path);
    load(ctx, class_for_loading(ctx), path);
    return 0;
}
