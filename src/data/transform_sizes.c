/* The sizes that transforms make of sizes; 0 is one that depends on what is drawn or on the picture. */
#include <math.h>

#include "data/transform.h"

void tenka_resized_size(const struct tenka_step *step, uint32_t width, uint32_t height, uint64_t *new_width,
                        uint64_t *new_height)
{
    const double *const size = step->arg[RESIZE_SIZE], most = step->arg[RESIZE_MAX][0];
    const double less = width <= height ? width : height, more = width <= height ? height : width;
    double shorter = size[0], longer = trunc(size[0] * more / less);
    if (step->count[RESIZE_SIZE] == 2) {
        *new_height = (uint64_t)size[0];
        *new_width = (uint64_t)size[1];
        return;
    }
    if (longer > most) { /* NaN: there is none */
        shorter = trunc(most * shorter / longer);
        longer = most;
    }
    *new_width = (uint64_t)(width <= height ? shorter : longer);
    *new_height = (uint64_t)(width <= height ? longer : shorter);
}

/* ---- What does not fit ---- */

tenka_status tenka_check_colours(struct tenka_error *err, const struct tenka_step *step, uint32_t channels)
{
    const struct tenka_py_class *const of = &tenka_step_classes[step->kind];
    if (!step->coloured || channels != 1)
        return TENKA_OK;
    size_t arg = 0;
    while (!tenka_is_colour(step, arg))
        arg++;
    return tenka_fail(err, TENKA_E_SHAPE,
                      "%s: %s has 3 numbers, but the picture is grey and has one channel; give one number, or write "
                      "Grayscale(3) first",
                      of->name, of->args[arg].name);
}

tenka_status tenka_check_crop(struct tenka_error *err, const struct tenka_step *step, uint32_t width, uint32_t height)
{
    const double *const size = step->arg[CROP_SIZE];
    if (size[0] <= height && size[1] <= width)
        return TENKA_OK;
    return tenka_fail(
        err, TENKA_E_SHAPE,
        "RandomCrop: the crop of %.0fx%.0f is larger than the picture of %ux%u pixels; write Resize() before "
        "it, or pad_if_needed=True",
        size[1], size[0], width, height);
}

/* ---- Steps ---- */

static uint64_t wider(uint32_t size, uint32_t more)
{
    return size == 0 ? 0 : (uint64_t)size + more;
}

/* Two borders and what lies between; a size that is not known stays so. */
static tenka_status pad(struct tenka_error *err, const char *what, const struct tenka_border *b, struct tenka_extent *e)
{
    const uint64_t width = wider(e->width, b->left + b->right), height = wider(e->height, b->top + b->bottom);
    TENKA_TRY(tenka_check_extent(err, what, width > 0 ? width : 1, height > 0 ? height : 1));
    e->width = (uint32_t)width;
    e->height = (uint32_t)height;
    return TENKA_OK;
}

static tenka_status crop(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e)
{
    const uint32_t height = (uint32_t)step->arg[CROP_SIZE][0], width = (uint32_t)step->arg[CROP_SIZE][1];
    if (step->count[CROP_PADDING] != TENKA_PY_NO_NUMBERS) {
        const struct tenka_border border = tenka_border_of(step->arg[CROP_PADDING], step->count[CROP_PADDING]);
        TENKA_TRY(pad(err, "RandomCrop", &border, e));
    }
    if (step->arg[CROP_IF_NEEDED][0] == 0)
        TENKA_TRY(tenka_check_crop(err, step, e->width > 0 ? e->width : width, e->height > 0 ? e->height : height));
    e->width = width;
    e->height = height;
    return TENKA_OK;
}

static tenka_status resize(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e)
{
    uint64_t width = 0, height = 0;
    const bool known = e->width > 0 && e->height > 0;
    if (step->count[RESIZE_SIZE] != 2 && !known) {
        e->width = e->height = 0;
        return TENKA_OK;
    }
    tenka_resized_size(step, e->width, e->height, &width, &height);
    TENKA_TRY(tenka_check_extent(err, "Resize", width, height));
    e->width = (uint32_t)width;
    e->height = (uint32_t)height;
    return TENKA_OK;
}

/* A range of one angle turns all pictures alike. */
static tenka_status rotate(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e)
{
    const double *const degrees = step->arg[ROTATION_DEGREES];
    const bool centered = step->count[ROTATION_CENTER] != TENKA_PY_NO_NUMBERS;
    double m[6];
    uint64_t width, height;
    if (step->arg[ROTATION_EXPAND][0] == 0)
        return TENKA_OK;
    if (degrees[0] != degrees[1] || e->width == 0 || e->height == 0) {
        e->width = e->height = 0;
        return TENKA_OK;
    }
    tenka_rotated_size((float)degrees[0], true, centered ? step->arg[ROTATION_CENTER] : NULL, e->width, e->height, m,
                       &width, &height);
    TENKA_TRY(tenka_check_extent(err, "RandomRotation", width, height));
    e->width = (uint32_t)width;
    e->height = (uint32_t)height;
    return TENKA_OK;
}

/* ---- Steps in steps ---- */

/* What two ways have in common. */
static void agree(struct tenka_extent *e, const struct tenka_extent *other)
{
    e->width = e->width == other->width ? e->width : 0;
    e->height = e->height == other->height ? e->height : 0;
    e->channels = e->channels == other->channels ? e->channels : 0;
}

static tenka_status run_children(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e)
{
    for (const struct tenka_step *child = step->child; child != NULL; child = child->next)
        TENKA_TRY(tenka_step_extent(err, child, e));
    return TENKA_OK;
}

static tenka_status choose(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e)
{
    const struct tenka_extent begin = *e;
    for (const struct tenka_step *child = step->child; child != NULL; child = child->next) {
        struct tenka_extent each = begin;
        TENKA_TRY(tenka_step_extent(err, child, &each));
        if (child == step->child)
            *e = each;
        agree(e, &each);
    }
    return TENKA_OK;
}

/* Sure is what no child changes. */
static tenka_status order(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e)
{
    const struct tenka_extent begin = *e;
    for (const struct tenka_step *child = step->child; child != NULL; child = child->next) {
        struct tenka_extent each = begin;
        TENKA_TRY(tenka_step_extent(err, child, &each));
        agree(e, &each);
    }
    return TENKA_OK;
}

static tenka_status apply(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e)
{
    const struct tenka_extent begin = *e;
    TENKA_TRY(run_children(err, step, e));
    if (step->arg[0][0] < 1)
        agree(e, &begin);
    return TENKA_OK;
}

tenka_status tenka_step_extent(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e)
{
    TENKA_TRY(tenka_check_colours(err, step, e->channels));
    switch (step->kind) {
    case TENKA_STEP_COMPOSE: return run_children(err, step, e);
    case TENKA_STEP_APPLY: return apply(err, step, e);
    case TENKA_STEP_CHOICE: return choose(err, step, e);
    case TENKA_STEP_ORDER: return order(err, step, e);
    case TENKA_STEP_RESIZE: return resize(err, step, e);
    case TENKA_STEP_RANDOM_CROP: return crop(err, step, e);
    case TENKA_STEP_CENTER_CROP:
    case TENKA_STEP_RESIZED_CROP:
        e->height = (uint32_t)step->arg[0][0];
        e->width = (uint32_t)step->arg[0][1];
        return tenka_check_extent(err, tenka_step_classes[step->kind].name, e->width, e->height);
    case TENKA_STEP_PAD: {
        const struct tenka_border border = tenka_border_of(step->arg[PAD_PADDING], step->count[PAD_PADDING]);
        return pad(err, "Pad", &border, e);
    }
    case TENKA_STEP_ROTATION: return rotate(err, step, e);
    case TENKA_STEP_GREY: e->channels = (uint32_t)step->arg[0][0]; return TENKA_OK;
    default: return TENKA_OK;
    }
}
