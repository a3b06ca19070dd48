/* Runs steps on a picture. */
#include <math.h>

#include "data/transform.h"

/* ---- One step ---- */

tenka_status tenka_crop_pad(const struct tenka_step *step, struct tenka_pixels *p)
{
    const double *const fill = step->arg[CROP_FILL];
    const int fills = step->count[CROP_FILL], mode = (int)step->arg[CROP_MODE][0];
    const uint32_t height = (uint32_t)step->arg[CROP_SIZE][0], width = (uint32_t)step->arg[CROP_SIZE][1];
    const bool needed = step->arg[CROP_IF_NEEDED][0] != 0;
    if (step->count[CROP_PADDING] != TENKA_PY_NO_NUMBERS)
        TENKA_TRY(tenka_pixels_pad(p, "RandomCrop", tenka_border_of(step->arg[CROP_PADDING], step->count[CROP_PADDING]),
                                   fill, fills, mode));
    const uint32_t wide = needed && width > p->view.width ? width - p->view.width : 0;
    const uint32_t high = needed && height > p->view.height ? height - p->view.height : 0;
    if (wide > 0)
        TENKA_TRY(tenka_pixels_pad(p, "RandomCrop", (struct tenka_border){wide, 0, wide, 0}, fill, fills, mode));
    if (high > 0)
        TENKA_TRY(tenka_pixels_pad(p, "RandomCrop", (struct tenka_border){0, high, 0, high}, fill, fills, mode));
    return tenka_check_crop(&p->room->err, step, p->view.width, p->view.height);
}

static tenka_status resize(const struct tenka_step *step, struct tenka_pixels *p)
{
    uint64_t width, height;
    tenka_resized_size(step, p->view.width, p->view.height, &width, &height);
    return tenka_pixels_resize(p, "Resize", width, height, (int)step->arg[RESIZE_INTERPOLATION][0]);
}

static tenka_status resized_crop(const struct tenka_step *step, const double *v, struct tenka_pixels *p)
{
    const double *const size = step->arg[RESIZED_SIZE];
    tenka_pixels_crop(p, (uint32_t)v[1], (uint32_t)v[0], (uint32_t)v[3], (uint32_t)v[2]);
    return tenka_pixels_resize(p, "RandomResizedCrop", (uint64_t)size[1], (uint64_t)size[0],
                               (int)step->arg[RESIZED_INTERPOLATION][0]);
}

static const double *center_of(const struct tenka_step *step, size_t arg)
{
    return step->count[arg] == TENKA_PY_NO_NUMBERS ? NULL : step->arg[arg];
}

static tenka_status rotate(const struct tenka_step *step, double angle, struct tenka_pixels *p)
{
    return tenka_pixels_rotate(p, "RandomRotation", angle, (int)step->arg[ROTATION_INTERPOLATION][0],
                               step->arg[ROTATION_EXPAND][0] != 0, center_of(step, ROTATION_CENTER),
                               step->arg[ROTATION_FILL], step->count[ROTATION_FILL]);
}

static tenka_status jitter(const double *v, struct tenka_pixels *p)
{
    static tenka_status (*const adjust[4])(struct tenka_pixels * p, double factor) = {
        tenka_pixels_adjust_brightness, tenka_pixels_adjust_contrast, tenka_pixels_adjust_saturation,
        tenka_pixels_adjust_hue};
    for (int i = 0; i < 4; i++) {
        const size_t which = (size_t)v[i];
        if (!isnan(v[4 + which]))
            TENKA_TRY(adjust[which](p, v[4 + which]));
    }
    return TENKA_OK;
}

static void to_tensor(const struct tenka_step *step, struct tenka_pixels *p)
{
    if (step->kind == TENKA_STEP_TO_TENSOR ||
        (step->kind == TENKA_STEP_CONVERT && p->stage == TENKA_STAGE_BYTES && step->arg[0][0] != CONVERT_U8)) {
        tenka_pixels_to_values(p);
    } else if (step->kind == TENKA_STEP_PIL_TO_TENSOR) {
        p->stage = TENKA_STAGE_BYTES;
        p->tensor = true;
    }
}

tenka_status tenka_step_run(const struct tenka_step *step, const struct tenka_choice *choice, struct tenka_draws *d,
                            struct tenka_pixels *p)
{
    const double *const v = choice->v;
    switch (step->kind) {
    case TENKA_STEP_RESIZE: return resize(step, p);
    case TENKA_STEP_CENTER_CROP:
        return tenka_pixels_center_crop(p, (uint32_t)step->arg[0][0], (uint32_t)step->arg[0][1]);
    case TENKA_STEP_RANDOM_CROP:
        tenka_pixels_crop(p, (uint32_t)v[1], (uint32_t)v[0], (uint32_t)step->arg[CROP_SIZE][1],
                          (uint32_t)step->arg[CROP_SIZE][0]);
        return TENKA_OK;
    case TENKA_STEP_RESIZED_CROP: return resized_crop(step, v, p);
    case TENKA_STEP_PAD:
        return tenka_pixels_pad(p, "Pad", tenka_border_of(step->arg[PAD_PADDING], step->count[PAD_PADDING]),
                                step->arg[PAD_FILL], step->count[PAD_FILL], (int)step->arg[PAD_MODE][0]);
    case TENKA_STEP_FLIP_X: return tenka_pixels_flip_x(p);
    case TENKA_STEP_FLIP_Y: return tenka_pixels_flip_y(p);
    case TENKA_STEP_ROTATION: return rotate(step, v[0], p);
    case TENKA_STEP_AFFINE:
        return tenka_pixels_affine(p, "RandomAffine", v, (int)step->arg[AFFINE_INTERPOLATION][0],
                                   center_of(step, AFFINE_CENTER), step->arg[AFFINE_FILL], step->count[AFFINE_FILL]);
    case TENKA_STEP_PERSPECTIVE:
        return tenka_pixels_perspective(p, "RandomPerspective", v, (int)step->arg[PERSPECTIVE_INTERPOLATION][0],
                                        step->arg[PERSPECTIVE_FILL], step->count[PERSPECTIVE_FILL]);
    case TENKA_STEP_JITTER: return jitter(v, p);
    case TENKA_STEP_GREY: return tenka_pixels_to_grey(p, (uint32_t)step->arg[0][0]);
    case TENKA_STEP_RANDOM_GREY: return tenka_pixels_to_grey(p, p->view.channels);
    case TENKA_STEP_BLUR:
        return tenka_pixels_gaussian_blur(p, (uint32_t)step->arg[BLUR_SIZE][0], (uint32_t)step->arg[BLUR_SIZE][1],
                                          v[0]);
    case TENKA_STEP_INVERT: return tenka_pixels_invert(p);
    case TENKA_STEP_POSTERIZE: return tenka_pixels_posterize(p, (int)step->arg[0][0]);
    case TENKA_STEP_SOLARIZE: return tenka_pixels_solarize(p, step->arg[0][0]);
    case TENKA_STEP_SHARPNESS: return tenka_pixels_adjust_sharpness(p, step->arg[0][0]);
    case TENKA_STEP_AUTOCONTRAST: return tenka_pixels_autocontrast(p);
    case TENKA_STEP_EQUALIZE: return tenka_pixels_equalize(p);
    case TENKA_STEP_RAND_AUGMENT:
    case TENKA_STEP_TRIVIAL_AUGMENT:
    case TENKA_STEP_AUTO_AUGMENT: return tenka_pixels_augment(step, choice, p);
    case TENKA_STEP_TO_TENSOR:
    case TENKA_STEP_PIL_TO_TENSOR:
    case TENKA_STEP_CONVERT: to_tensor(step, p); return TENKA_OK;
    case TENKA_STEP_NORMALIZE: tenka_pixels_normalize(p, step); return TENKA_OK;
    case TENKA_STEP_ERASING: return tenka_pixels_erase(p, step, v, d);
    default: return TENKA_OK; /* containers */
    }
}

/* ---- Steps in steps ---- */

static tenka_status run_children(const struct tenka_step *step, const struct tenka_transform_key *key,
                                 struct tenka_pixels *p)
{
    for (const struct tenka_step *child = step->child; child != NULL; child = child->next)
        TENKA_TRY(tenka_steps_run(child, key, p));
    return TENKA_OK;
}

uint32_t tenka_choose(const struct tenka_step *step, struct tenka_draws *d)
{
    double sum = 0, at = tenka_draw_unit(d);
    if (step->weights == NULL)
        return tenka_draw_below(d, step->children);
    for (uint32_t i = 0; i < step->children; i++)
        sum += step->weights[i];
    at *= sum;
    uint32_t which = 0;
    for (double before = step->weights[0]; which + 1 < step->children && at >= before; before += step->weights[which])
        which++;
    return which;
}

static const struct tenka_step *child_at(const struct tenka_step *step, uint32_t which)
{
    const struct tenka_step *child = step->child;
    while (which-- > 0)
        child = child->next;
    return child;
}

static tenka_status run_in_order(const struct tenka_step *step, struct tenka_draws *d,
                                 const struct tenka_transform_key *key, struct tenka_pixels *p)
{
    uint32_t *const order = tenka_alloc_array(step->children, sizeof(*order));
    tenka_status status = TENKA_OK;
    if (order == NULL && step->children > 0)
        return tenka_fail_nomem(&p->room->err);
    tenka_draw_order(d, order, step->children);
    for (uint32_t i = 0; i < step->children && status == TENKA_OK; i++)
        status = tenka_steps_run(child_at(step, order[i]), key, p);
    tenka_free(order);
    return status;
}

static tenka_status run_one(const struct tenka_step *step, struct tenka_draws *d, struct tenka_pixels *p)
{
    struct tenka_choice choice;
    TENKA_TRY(tenka_check_colours(&p->room->err, step, p->view.channels));
    if (step->kind == TENKA_STEP_RANDOM_CROP)
        TENKA_TRY(tenka_crop_pad(step, p));
    tenka_step_draw(step, d, p->view.width, p->view.height, &choice);
    return choice.acts ? tenka_step_run(step, &choice, d, p) : TENKA_OK;
}

tenka_status tenka_steps_run(const struct tenka_step *step, const struct tenka_transform_key *key,
                             struct tenka_pixels *p)
{
    struct tenka_draws d = tenka_draws_of(key, step->position);
    switch (step->kind) {
    case TENKA_STEP_COMPOSE: return run_children(step, key, p);
    case TENKA_STEP_APPLY: return tenka_draw_unit(&d) <= step->arg[0][0] ? run_children(step, key, p) : TENKA_OK;
    case TENKA_STEP_CHOICE: return tenka_steps_run(child_at(step, tenka_choose(step, &d)), key, p);
    case TENKA_STEP_ORDER: return run_in_order(step, &d, key, p);
    default: return run_one(step, &d, p);
    }
}
