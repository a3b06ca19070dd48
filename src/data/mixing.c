/* Mixing the samples of a loader's batches. */
#include "data/mixing.h"

#include "data/transform.h"
#include "graph/graph.h"

/* A step that no transform has, and another one than tenka_mix_draw's. */
#define CHOICE_POSITION (UINT32_MAX - 1)

/* ---- What can be mixed ---- */

static bool is_alpha(double alpha)
{
    return alpha >= 0 && alpha <= 1e6;
}

/* Each target must be a class, since it gets a share. */
static tenka_status check_classes(struct tenka_error *err, const tenka_dataset *d, uint32_t classes)
{
    const int32_t *const labels = tenka_dataset_labels(d);
    const size_t count = labels != NULL ? tenka_dataset_count(d) : 0;
    if (tenka_dataset_target_shape(d).rank != 0)
        return tenka_fail(err, TENKA_E_INVALID, "loader: samples with several classes each cannot be mixed");
    if (tenka_dataset_classes(d) > classes)
        return tenka_fail(err, TENKA_E_INVALID, "loader: targets of %u classes are to be mixed as shares of %u",
                          tenka_dataset_classes(d), classes);
    for (size_t i = 0; i < count; i++)
        if (labels[i] < 0 || (uint32_t)labels[i] >= classes)
            return tenka_fail(err, TENKA_E_INVALID,
                              "loader: the target of sample %zu, %d, is no class, and cannot be mixed: leave such "
                              "samples out",
                              i, labels[i]);
    return TENKA_OK;
}

tenka_status tenka_mixing_of(tenka_ctx *ctx, const tenka_dataset *d, const struct tenka_loader_params *params,
                             struct tenka_mixing *out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    const struct tenka_shape sample = tenka_dataset_image_shape(d);
    *out = (struct tenka_mixing){.mixup = params->mixup, .cutmix = params->cutmix};
    if (!is_alpha(params->mixup) || !is_alpha(params->cutmix))
        return tenka_fail(err, TENKA_E_INVALID, "loader: alpha is %g for mixup and %g for cutmix; expected 0 to 1e6",
                          params->mixup, params->cutmix);
    if (params->mixup == 0 && params->cutmix == 0)
        return TENKA_OK;
    if (tenka_dataset_input_dtype(d) == TENKA_I32)
        return tenka_fail(err, TENKA_E_INVALID, "loader: whole numbers that a network looks up cannot be mixed");
    if (params->cutmix > 0 && sample.rank != 3)
        return tenka_fail(err, TENKA_E_INVALID,
                          "loader: cutmix is for samples of channels x height x width, and these have %u axes",
                          sample.rank);
    if (params->cutmix > 0) {
        out->height = sample.dim[1];
        out->width = sample.dim[2];
    }
    if (tenka_dataset_target_dtype(d) != TENKA_I32)
        return TENKA_OK;
    out->classes = params->classes != 0 ? params->classes : tenka_dataset_classes(d);
    return check_classes(err, d, out->classes);
}

/* ---- Doing it ---- */

/* Whether a batch is cut. */
static bool cuts(const struct tenka_mixing *mixing, uint64_t epoch, uint32_t index)
{
    const struct tenka_transform_key key = {.seed = epoch, .sample = index};
    struct tenka_draws d = tenka_draws_of(&key, CHOICE_POSITION);
    return mixing->mixup == 0 || (mixing->cutmix > 0 && tenka_draw_below(&d, 2) == 1);
}

static tenka_status draw(tenka_ctx *ctx, const struct tenka_mixing *mixing, uint64_t epoch,
                         const struct tenka_batch *batch, int32_t *partner, struct tenka_mix *out)
{
    const bool cut = cuts(mixing, epoch, batch->index);
    return tenka_mix_draw(ctx, cut ? mixing->cutmix : mixing->mixup, cut ? mixing->width : 0, cut ? mixing->height : 0,
                          epoch, 0, batch->index, batch->size, partner, out);
}

tenka_status tenka_mix_batch(tenka_ctx *ctx, const struct tenka_mixing *mixing, uint64_t epoch,
                             struct tenka_batch *batch)
{
    struct tenka_mix mix = {0};
    void *room;
    if (mixing->mixup == 0 && mixing->cutmix == 0)
        return TENKA_OK;
    const tenka_tensor partner = tenka_trace_input_room(ctx, TENKA_I32, tenka_shape_of(batch->size), &room);
    if (tenka_tensor_valid(partner) && room != NULL)
        TENKA_TRY(draw(ctx, mixing, epoch, batch, room, &mix));
    batch->input = tenka_mix_samples(batch->input, partner, &mix);
    if (mixing->classes > 0)
        batch->target = tenka_one_hot(batch->target, mixing->classes);
    batch->target = tenka_mix_samples(batch->target, partner, &(struct tenka_mix){.lambda = mix.lambda});
    return TENKA_OK;
}
