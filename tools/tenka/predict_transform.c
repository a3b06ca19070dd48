/* `tenka predict` of pictures that a transform makes inputs of: --eval-transform's, or what was saved. */
#include <stdlib.h>
#include <string.h>

#include "predict.h"

/* What the transform makes of the first picture that can be read. */
static int probe(struct predictor *p)
{
    tenka_ctx *const ctx = p->session.ctx;
    struct tenka_transformed form;
    tenka_image *picture = NULL;
    for (size_t i = 0; i < p->pictures.count && picture == NULL; i++)
        tenka_image_load(ctx, p->pictures.paths[i], NULL, &picture);
    const uint32_t width = picture != NULL ? tenka_image_width(picture) : 1;
    const uint32_t height = picture != NULL ? tenka_image_height(picture) : 1;
    const bool there = picture != NULL;
    tenka_image_destroy(&picture);
    if (!there)
        return say_library_failed(ctx);
    if (tenka_transform_size(ctx, p->transform, width, height, 3, &form) != TENKA_OK)
        return say_failed("--eval-transform: %s", tenka_last_error(ctx));
    if (form.dtype != TENKA_F32 || !form.tensor)
        return say_failed(
            "--eval-transform: what comes out are bytes, but a network takes floats: end with ToTensor(), "
            "and Normalize() behind it");
    p->image = tenka_shape_of(form.channels, form.height, form.width);
    return EXIT_CODE_OK;
}

/* A network of grey images, that were in memory, has a transform that makes none grey. */
static uint32_t find_channels(const struct predictor *p)
{
    struct tenka_transformed form;
    const bool known = tenka_transform_size(p->session.ctx, p->transform, 1024, 1024, 3, &form) == TENKA_OK;
    return known && form.fixed && form.channels == 3 && p->image.dim[0] == 1 ? 1 : 3;
}

int predict_open_transform(struct predictor *p)
{
    const struct session *const s = &p->session;
    const struct tenka_preprocessing *const how = s->model != NULL ? tenka_model_preprocessing(s->model) : NULL;
    if (tenka_transform_parse(s->ctx, s->eval_transform, &p->transform) != TENKA_OK ||
        tenka_transform_room_create(s->ctx, &p->room) != TENKA_OK)
        return say_library_failed(s->ctx);
    p->decoded = 3;
    if (s->options->eval_transform != NULL || how == NULL || how->image.rank != 3)
        return probe(p);
    p->image = how->image;
    p->decoded = find_channels(p);
    return EXIT_CODE_OK;
}

bool predict_transform(struct predictor *p, const char *path, const tenka_image *picture, char why[static PREDICT_WHY])
{
    const uint32_t *const dim = p->image.dim;
    const struct tenka_transform_picture from = {tenka_image_pixels(picture), tenka_image_width(picture),
                                                 tenka_image_height(picture), tenka_image_channels(picture)};
    const size_t each = shape_count(p->image);
    struct tenka_transformed form;
    if (tenka_transform_apply(p->transform, p->room, &(struct tenka_transform_key){0}, &from, NULL, 0, &form) !=
        TENKA_OK) {
        snprintf(why, PREDICT_WHY, "%s: %s", path, tenka_transform_room_error(p->room));
        return false;
    }
    if (form.channels != dim[0] || form.height != dim[1] || form.width != dim[2] ||
        form.bytes != each * sizeof(p->reals[0])) {
        snprintf(why, PREDICT_WHY,
                 "%s: the transform makes %ux%ux%u of it, and the network is given %ux%ux%u; a transform with "
                 "CenterCrop(N) makes one size of all",
                 path, form.channels, form.height, form.width, dim[0], dim[1], dim[2]);
        return false;
    }
    memcpy(p->reals + p->rows * each, form.data, form.bytes);
    return true;
}
