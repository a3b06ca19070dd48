/* Writes a network's outputs for the first test images as floats to the standard output.
 *   forward BACKEND NETWORK-TEXT-FILE WEIGHTS DATA-FOLDER COUNT */
#include <stdio.h>
#include <stdlib.h>

#include "tenka/tenka.h"

struct state {
    tenka_ctx *ctx;
    tenka_module *net;
    tenka_dataset *data;
    tenka_loader *loader;
};

static tenka_status make_net(struct state *s, const char *path)
{
    static char text[65536];
    FILE *const file = fopen(path, "rb");
    const size_t length = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[length] = '\0';
    return tenka_nn_parse(s->ctx, text, &s->net);
}

static tenka_status set_up(struct state *s, char **argv)
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    struct tenka_loader_params loading = TENKA_LOADER_DEFAULTS;
    const size_t count = strtoul(argv[5], NULL, 10);
    params.backend = argv[1][0] == 'v'   ? TENKA_BACKEND_VULKAN
                     : argv[1][3] == '-' ? TENKA_BACKEND_CPU_F64
                                         : TENKA_BACKEND_CPU;
    loading.batch_size = (uint32_t)count;
    tenka_status status = tenka_ctx_create(&params, &s->ctx);
    if (status == TENKA_OK)
        status = make_net(s, argv[2]);
    if (status == TENKA_OK)
        status = tenka_model_load(s->net, argv[3]);
    if (status == TENKA_OK)
        status = tenka_dataset_load_idx(s->ctx, argv[4], false, &s->data);
    if (status == TENKA_OK) {
        tenka_dataset_truncate(s->data, count);
        status = tenka_loader_create(s->ctx, s->data, &loading, &s->loader);
    }
    return status;
}

static tenka_status run(struct state *s)
{
    struct tenka_batch batch;
    tenka_module_train(s->net, false);
    tenka_no_grad_begin(s->ctx);
    tenka_status status = tenka_loader_next(s->loader, &batch);
    if (status != TENKA_OK)
        return status;
    const tenka_tensor out = tenka_forward(s->net, batch.input);
    const struct tenka_shape shape = tenka_tensor_shape(out);
    const size_t count = (size_t)shape.dim[0] * shape.dim[1];
    float *const values = malloc(count * sizeof(float));
    status = values != NULL ? tenka_read(out, values, count * sizeof(float)) : TENKA_E_NOMEM;
    if (status == TENKA_OK && (fwrite(values, sizeof(float), count, stdout) != count || fflush(stdout) != 0))
        status = TENKA_E_IO;
    free(values);
    tenka_no_grad_end(s->ctx);
    return status;
}

int main(int argc, char **argv)
{
    struct state s = {NULL, NULL, NULL, NULL};
    if (argc != 6)
        return 2;
    tenka_status status = set_up(&s, argv);
    if (status == TENKA_OK)
        status = run(&s);
    if (status != TENKA_OK)
        fprintf(stderr, "forward: %s: %s\n", tenka_status_text(status), tenka_last_error(s.ctx));
    tenka_loader_destroy(&s.loader);
    tenka_dataset_destroy(&s.data);
    tenka_module_destroy(&s.net);
    tenka_ctx_destroy(&s.ctx);
    return status != TENKA_OK;
}
