/* How fast the samples of a data set are made ready for a network: passes over all of them, without one. */
#include <stdlib.h>

#include "tenka.h"

/* The time of one pass: batches are gathered, and normalised on the device. */
static tenka_status run_pass(tenka_ctx *ctx, tenka_loader *loader, double *seconds)
{
    const double begin = seconds_now();
    struct tenka_batch batch;
    tenka_status status;
    while ((status = tenka_loader_next(loader, &batch)) == TENKA_OK) {
        status = tenka_step_end(ctx);
        if (status != TENKA_OK)
            return status;
    }
    if (status == TENKA_END)
        status = tenka_synchronize(ctx);
    *seconds = seconds_now() - begin;
    return status;
}

static int run_passes(const struct session *s, tenka_loader *loader, double *seconds)
{
    tenka_no_grad_begin(s->ctx);
    tenka_status status = TENKA_OK;
    for (uint32_t i = 0; i < s->options->passes && status == TENKA_OK; i++)
        status = run_pass(s->ctx, loader, &seconds[i]);
    tenka_no_grad_end(s->ctx);
    return status == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

int passes_run(const struct session *s, double *seconds)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader;
    params.batch_size = s->options->batch_size;
    params.shuffle = true;
    if (!session_has_arrays(s) && tenka_dataset_image_shape(s->train_data).dim[1] == 0)
        return say_failed("--passes makes what a network is given of pictures: say what that is with --transform");
    if (tenka_loader_create(s->ctx, s->train_data, &params, &loader) != TENKA_OK)
        return say_library_failed(s->ctx);
    const int code = run_passes(s, loader, seconds);
    tenka_loader_destroy(&loader);
    return code;
}

void passes_print(const struct session *s, const double *seconds)
{
    const double count = (double)tenka_dataset_count(s->train_data);
    char text[32];
    for (uint32_t i = 0; i < s->options->passes; i++)
        printf("pass     %u in %.2f s, %s %ss/s\n", i + 1, seconds[i],
               say_count(text, (uint64_t)(count / seconds[i] + 0.5)), session_noun(s));
}

void passes_print_json(const struct session *s, const double *seconds)
{
    const double count = (double)tenka_dataset_count(s->train_data);
    printf(",\"passes\":[");
    for (uint32_t i = 0; i < s->options->passes; i++)
        printf("%s{\"seconds\":%.6g,\"samples_per_s\":%.6g}", i > 0 ? "," : "", seconds[i], count / seconds[i]);
    printf("]");
}
