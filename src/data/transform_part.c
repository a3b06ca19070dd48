/* Which part of a picture a transform looks at. */
#include "data/pictures.h"
#include "data/transform.h"

/* What is done first. */
static const struct tenka_step *first_of(const struct tenka_step *step)
{
    while (step != NULL && step->kind == TENKA_STEP_COMPOSE)
        step = step->child;
    return step;
}

/* Left, top, width and height in v's order of the choice: top, left, height, width. */
static bool take_part(const double v[4], uint32_t width, uint32_t height, struct tenka_part *out)
{
    *out = (struct tenka_part){(uint32_t)v[1], (uint32_t)v[0], (uint32_t)v[3], (uint32_t)v[2]};
    return out->left + out->width <= width && out->top + out->height <= height;
}

/* A border is made of all of the picture. */
static bool crops_inside(const struct tenka_step *step, uint32_t width, uint32_t height)
{
    const double *const size = step->arg[CROP_SIZE];
    return step->kind == TENKA_STEP_RANDOM_CROP && step->count[CROP_PADDING] == TENKA_PY_NO_NUMBERS &&
           size[0] <= height && size[1] <= width;
}

bool tenka_transform_part(const tenka_transform *transform, const struct tenka_transform_key *key, uint32_t width,
                          uint32_t height, struct tenka_part *out)
{
    const struct tenka_step *const step = first_of(transform->root);
    struct tenka_choice choice;
    if (step == NULL || (step->kind != TENKA_STEP_RESIZED_CROP && !crops_inside(step, width, height)))
        return false;
    struct tenka_draws d = tenka_draws_of(key, step->position);
    tenka_step_draw(step, &d, width, height, &choice);
    if (step->kind == TENKA_STEP_RANDOM_CROP) {
        choice.v[2] = step->arg[CROP_SIZE][0];
        choice.v[3] = step->arg[CROP_SIZE][1];
    }
    return choice.acts && take_part(choice.v, width, height, out);
}
