/* Masks of pictures, whose pixels are classes: what becomes of them when their pictures are given a size, or a transform,
 * and how many pixels each class has. */
#include "data/pictures.h"
#include "data/transform.h"
#include "graph/graph.h"

/* ---- Samples ---- */

/* What the sampler that resizes needs. */
struct form {
    uint32_t height, width;
    int32_t nothing;
};

/* As Pillow's NEAREST: the pixel in which the middle of the new one lies. */
static tenka_status resize(const void *user, struct tenka_error *err, const tenka_image *mask, uint32_t index,
                           uint64_t epoch, void *dst)
{
    const struct form *const form = user;
    int32_t *out = dst;
    (void)err;
    (void)index;
    (void)epoch;
    for (uint64_t y = 0; y < form->height; y++) {
        const uint8_t *const row =
            mask->pixels + (2 * y + 1) * mask->height / (2 * (uint64_t)form->height) * mask->width;
        for (uint64_t x = 0; x < form->width; x++) {
            const uint8_t pixel = row[(2 * x + 1) * mask->width / (2 * (uint64_t)form->width)];
            *out++ = pixel == TENKA_MASK_NOTHING ? form->nothing : pixel;
        }
    }
    return TENKA_OK;
}

static void sample_by(tenka_dataset *dataset, const struct tenka_sampler *sampler, uint32_t height, uint32_t width)
{
    struct tenka_column *const column = tenka_dataset_column(dataset, false);
    column->shape = tenka_shape_of(height, width);
    column->bytes = (size_t)height * width * sizeof(int32_t);
    tenka_pictures_sample_by(tenka_masks_of(dataset), 1, sampler, column->bytes);
}

tenka_status tenka_masks_resize(tenka_dataset *dataset, uint32_t height, uint32_t width)
{
    if (tenka_masks_of(dataset) == NULL)
        return TENKA_OK;
    struct form *const form = tenka_alloc(sizeof(*form));
    if (form == NULL)
        return tenka_fail_nomem(tenka_ctx_error(tenka_dataset_ctx(dataset)));
    *form = (struct form){height, width, tenka_dataset_passed_over(dataset)};
    const struct tenka_sampler sampler = {.user = form, .make = resize, .free = tenka_free, .repeats = true};
    sample_by(dataset, &sampler, height, width);
    return TENKA_OK;
}

tenka_status tenka_masks_transform(tenka_dataset *dataset, const char *text)
{
    tenka_ctx *const ctx = tenka_dataset_ctx(dataset);
    const struct tenka_shape image = tenka_dataset_image_shape(dataset);
    struct tenka_sampler sampler;
    tenka_transform *transform;
    if (tenka_masks_of(dataset) == NULL)
        return TENKA_OK;
    TENKA_TRY(tenka_transform_parse(ctx, text, &transform));
    tenka_transform_for_masks(transform);
    TENKA_TRY(tenka_sampler_masks(tenka_ctx_error(ctx), transform, image.dim[1], image.dim[2],
                                  tenka_dataset_passed_over(dataset), &sampler));
    sample_by(dataset, &sampler, image.dim[1], image.dim[2]);
    return TENKA_OK;
}

/* ---- Counts ---- */

static tenka_status count_masks(const tenka_dataset *dataset, uint64_t *out)
{
    tenka_ctx *const ctx = tenka_dataset_ctx(dataset);
    _Atomic uint64_t counts[256] = {0};
    struct tenka_pictures part = *tenka_masks_of(dataset);
    part.count = (uint32_t)tenka_dataset_count(dataset); /* of which tenka_dataset_truncate leaves fewer */
    TENKA_TRY(tenka_pictures_check(&part, tenka_ctx_error(ctx), tenka_ctx_log(ctx), true, counts, NULL));
    for (uint32_t i = 0; i < tenka_dataset_classes(dataset) && i < TENKA_MASK_NOTHING; i++)
        out[i] = counts[i];
    return TENKA_OK;
}

tenka_status tenka_dataset_count_targets(const tenka_dataset *dataset, uint64_t *out)
{
    const uint32_t classes = tenka_dataset_classes(dataset);
    const int32_t *const labels = tenka_dataset_labels(dataset);
    const struct tenka_shape sample = tenka_dataset_target_shape(dataset);
    memset(out, 0, classes * sizeof(out[0]));
    if (tenka_masks_of(dataset) != NULL)
        return count_masks(dataset, out);
    if (labels == NULL)
        return tenka_fail(tenka_ctx_error(tenka_dataset_ctx(dataset)), TENKA_E_INVALID,
                          "dataset: its targets are no classes, which could be counted");
    for (size_t i = 0; i < tenka_dataset_count(dataset) * (size_t)tenka_shape_count(&sample); i++)
        if (labels[i] >= 0 && (uint32_t)labels[i] < classes)
            out[labels[i]]++;
    return TENKA_OK;
}
