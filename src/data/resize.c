/* Resizing of pictures, by the resampling that transforms use. */
#include "data/image.h"
#include "data/resample.h"
#include "graph/graph.h"

static tenka_status check_resize(struct tenka_error *err, const tenka_image *image, const struct tenka_image_box *box,
                                 uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0 || width > TENKA_IMAGE_MAX_SIDE || height > TENKA_IMAGE_MAX_SIDE ||
        (uint64_t)width * height > TENKA_IMAGE_MAX_PIXELS ||
        (uint64_t)width * image->height > TENKA_IMAGE_MAX_PIXELS) /* between the passes */
        return tenka_fail(err, TENKA_E_INVALID,
                          "image: cannot resize to %ux%u pixels: expected 1 to %u a side and at "
                          "most %u in all",
                          width, height, TENKA_IMAGE_MAX_SIDE, TENKA_IMAGE_MAX_PIXELS);
    /* Written so that NaN fails. */
    if (!(box->left >= 0 && box->left < box->right && box->right <= image->width) ||
        !(box->top >= 0 && box->top < box->bottom && box->bottom <= image->height))
        return tenka_fail(err, TENKA_E_INVALID, "image: the box from %g,%g to %g,%g is no part of %ux%u pixels",
                          box->left, box->top, box->right, box->bottom, image->width, image->height);
    return TENKA_OK;
}

tenka_status tenka_picture_resize(struct tenka_error *err, const tenka_image *image, const struct tenka_image_box *box,
                                  uint32_t width, uint32_t height, tenka_image **out)
{
    const struct tenka_image_box whole = {0, 0, image->width, image->height}, part = box != NULL ? *box : whole;
    *out = NULL;
    TENKA_TRY(check_resize(err, image, &part, width, height));
    TENKA_TRY(tenka_image_make(err, width, height, image->channels, out));
    const struct tenka_view view = {image->pixels, (size_t)image->width * image->channels, image->width, image->height,
                                    image->channels};
    struct tenka_resampler resampler = {0};
    const tenka_status status =
        tenka_resample(&resampler, err, &view, &(struct tenka_box){part.left, part.top, part.right, part.bottom},
                       TENKA_FILTER_BILINEAR, TENKA_RESAMPLE_ACROSS_FIRST, width, height, (*out)->pixels);
    tenka_resampler_finish(&resampler);
    if (status != TENKA_OK)
        tenka_image_destroy(out);
    return status;
}

tenka_status tenka_image_resize(tenka_ctx *ctx, const tenka_image *image, const struct tenka_image_box *box,
                                uint32_t width, uint32_t height, tenka_image **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (image == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "image: there is no image to resize");
    return tenka_picture_resize(err, image, box, width, height, out);
}
