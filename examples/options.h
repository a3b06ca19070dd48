/* What vae.c, dcgan.c, siamese.c and others take from the command line, each with defaults of its own:
 *     --backend auto|vulkan|cpu   --data FOLDER   --out FOLDER   --epochs N   --limit N   --batch-size N   --seed N
 * --limit keeps to so many samples of an epoch. Where the machine has other work, start a program with
 * OMP_WAIT_POLICY=passive in the environment: see tenka_ctx_create. */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenka/tenka.h>

#define TRY(call)                   \
    do {                            \
        tenka_status try_ = (call); \
        if (try_ != TENKA_OK)       \
            return try_;            \
    } while (0)

enum { MAX_BATCH = 4096 };

struct options {
    enum tenka_backend backend;
    const char *data, *out; /* folders that exist */
    unsigned long epochs, limit, batch_size, seed;
};

static inline bool option_backend(const char *name, enum tenka_backend *out)
{
    const bool vulkan = strcmp(name, "vulkan") == 0, cpu = strcmp(name, "cpu") == 0;
    *out = vulkan ? TENKA_BACKEND_VULKAN : cpu ? TENKA_BACKEND_CPU : TENKA_BACKEND_AUTO;
    return vulkan || cpu || strcmp(name, "auto") == 0;
}

static inline bool option_number(const char *text, unsigned long *out)
{
    char *end;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *out <= 1000000000;
}

static inline bool option_read(const char *name, const char *value, struct options *o)
{
    const bool data = strcmp(name, "--data") == 0, out = strcmp(name, "--out") == 0;
    unsigned long *const number = strcmp(name, "--epochs") == 0       ? &o->epochs
                                  : strcmp(name, "--limit") == 0      ? &o->limit
                                  : strcmp(name, "--batch-size") == 0 ? &o->batch_size
                                  : strcmp(name, "--seed") == 0       ? &o->seed
                                                                      : NULL;
    if (data || out)
        *(data ? &o->data : &o->out) = value;
    else if (strcmp(name, "--backend") == 0)
        return option_backend(value, &o->backend);
    else
        return number != NULL && option_number(value, number) &&
               (number != &o->batch_size || (*number > 0 && *number <= MAX_BATCH));
    return true;
}

/* The program's main: reads the options, runs it on a device, and says what has failed. run: nothing of it is left. */
static inline int options_main(const char *name, struct options o, int argc, char **argv,
                               tenka_status (*run)(tenka_ctx *ctx, const struct options *o))
{
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    tenka_ctx *ctx;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !option_read(argv[i], argv[i + 1], &o)) {
            fprintf(stderr,
                    "usage: %s [--backend auto|vulkan|cpu] [--data FOLDER] [--out FOLDER] [--epochs N] [--limit N] "
                    "[--batch-size N] [--seed N]\n",
                    name);
            return 2;
        }
    params.backend = o.backend, params.seed = o.seed;
    tenka_status status = tenka_ctx_create(&params, &ctx);
    if (status == TENKA_OK) {
        printf("%s on %s\n", name, tenka_ctx_device_name(ctx));
        status = run(ctx, &o);
    }
    if (status != TENKA_OK)
        fprintf(stderr, "%s: %s\n", name, tenka_last_error(ctx));
    tenka_ctx_destroy(&ctx);
    return status == TENKA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A loader of one half of MNIST-like data, as ToTensor() makes them: 0 to 1, or (x - mean) / deviation of that. */
static inline tenka_status options_loader(tenka_ctx *ctx, const struct options *o, bool train, double mean, double std,
                                          tenka_loader **out)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_dataset *data;
    *out = NULL;
    params.batch_size = (uint32_t)o->batch_size, params.shuffle = train;
    TRY(tenka_dataset_load_idx(ctx, o->data, train, &data));
    if (o->limit > 0)
        tenka_dataset_truncate(data, o->limit);
    tenka_status status = tenka_dataset_set_normalization(data, 0, mean, std);
    if (status == TENKA_OK)
        status = tenka_loader_create(ctx, data, &params, out);
    tenka_dataset_destroy(&data);
    return status;
}

#endif
