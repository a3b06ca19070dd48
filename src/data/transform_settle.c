/* The arguments of transforms as they are used, and where a transform may stand. Source: the constructors of
 * torchvision.transforms. */
#include <math.h>

#include "data/transform.h"

struct settling {
    const struct tenka_py_reader *r;
    const struct tenka_py *at;
    struct tenka_step *step;
};

static const char *name_of(const struct tenka_step *step)
{
    return tenka_step_classes[step->kind].name;
}

static tenka_status fail_argument(const struct settling *s, size_t arg, const char *expected)
{
    return tenka_py_fail(s->r, s->at->at, "%s: %s must be %s", name_of(s->step),
                         tenka_step_classes[s->step->kind].args[arg].name, expected);
}

/* A number stands for height and width. */
static void settle_size(const struct settling *s, size_t arg)
{
    double *const v = s->step->arg[arg];
    if (s->step->count[arg] != 2)
        v[1] = v[0];
    s->step->count[arg] = 2;
}

static tenka_status settle_range(const struct settling *s, size_t arg)
{
    const double *const v = s->step->arg[arg];
    if (s->step->count[arg] >= 2 && v[0] > v[1])
        return fail_argument(s, arg, "(least, most)");
    return TENKA_OK;
}

/* A number stands for what is around middle; what changes nothing is None. */
static tenka_status settle_around(const struct settling *s, size_t arg, double middle)
{
    double *const v = s->step->arg[arg];
    int *const count = &s->step->count[arg];
    const double width = v[0];
    if (*count == 0 && width < 0)
        return fail_argument(s, arg, "of at least 0.0, if it is one number");
    if (*count == 0) {
        v[0] = middle - width;
        v[1] = middle + width;
        *count = 2;
        if (middle == 1 && v[0] < 0)
            v[0] = 0;
    }
    TENKA_TRY(settle_range(s, arg));
    if (s->step->kind == TENKA_STEP_JITTER && *count == 2 && v[0] == middle && v[1] == middle)
        *count = TENKA_PY_NO_NUMBERS;
    return TENKA_OK;
}

/* The least and the most of shear in y. */
static tenka_status settle_shear(const struct settling *s)
{
    const double *const v = s->step->arg[AFFINE_SHEAR];
    TENKA_TRY(settle_around(s, AFFINE_SHEAR, 0));
    if (s->step->count[AFFINE_SHEAR] == 4 && v[2] > v[3])
        return fail_argument(s, AFFINE_SHEAR, "(least x, most x, least y, most y)");
    return TENKA_OK;
}

static void settle_fill(const struct settling *s, size_t arg)
{
    if (s->step->count[arg] == TENKA_PY_NO_NUMBERS)
        s->step->arg[arg][0] = s->step->count[arg] = 0;
}

static void settle_filter(const struct settling *s, size_t arg)
{
    double *const filter = s->step->arg[arg];
    *filter = *filter >= TENKA_FILTERS ? TENKA_FILTER_NEAREST : *filter;
}

/* What turns pictures knows three of them. */
static tenka_status settle_warp(const struct settling *s, size_t arg)
{
    const double filter = s->step->arg[arg][0];
    settle_filter(s, arg);
    if (filter == TENKA_FILTER_LANCZOS || filter == TENKA_FILTER_BOX || filter == TENKA_FILTER_HAMMING)
        return fail_argument(s, arg, "one of nearest/bilinear/bicubic");
    return TENKA_OK;
}

static tenka_status settle_resize(const struct settling *s)
{
    struct tenka_step *const step = s->step;
    const double most = step->arg[RESIZE_MAX][0];
    settle_filter(s, RESIZE_INTERPOLATION);
    if (step->count[RESIZE_SIZE] == 1)
        step->count[RESIZE_SIZE] = 0;
    if (isnan(most))
        return TENKA_OK;
    if (step->count[RESIZE_SIZE] == 2)
        return tenka_py_fail(s->r, s->at->at, "Resize: max_size is for a size that is one number");
    if (most <= step->arg[RESIZE_SIZE][0])
        return tenka_py_fail(s->r, s->at->at, "Resize: max_size = %.0f must be greater than size = %.0f", most,
                             step->arg[RESIZE_SIZE][0]);
    return TENKA_OK;
}

static tenka_status settle_blur(const struct settling *s)
{
    double *const size = s->step->arg[BLUR_SIZE], *const sigma = s->step->arg[BLUR_SIGMA];
    settle_size(s, BLUR_SIZE);
    if (fmod(size[0], 2) == 0 || fmod(size[1], 2) == 0)
        return fail_argument(s, BLUR_SIZE, "odd");
    if (s->step->count[BLUR_SIGMA] == 0)
        sigma[1] = sigma[0];
    s->step->count[BLUR_SIGMA] = 2;
    return settle_range(s, BLUR_SIGMA);
}

static tenka_status settle_affine(const struct settling *s)
{
    TENKA_TRY(settle_around(s, AFFINE_DEGREES, 0));
    TENKA_TRY(settle_range(s, AFFINE_SCALE));
    TENKA_TRY(settle_shear(s));
    settle_fill(s, AFFINE_FILL);
    return settle_warp(s, AFFINE_INTERPOLATION);
}

static tenka_status settle_jitter(const struct settling *s)
{
    for (size_t i = JITTER_BRIGHTNESS; i < JITTER_HUE; i++)
        TENKA_TRY(settle_around(s, i, 1));
    return settle_around(s, JITTER_HUE, 0);
}

static tenka_status settle_rand_augment(const struct settling *s)
{
    const double magnitude = s->step->arg[RAND_MAGNITUDE][0], bins = s->step->arg[RAND_BINS][0];
    if (magnitude >= bins)
        return tenka_py_fail(s->r, s->at->at,
                             "RandAugment: magnitude = %.0f must be less than num_magnitude_bins = %.0f", magnitude,
                             bins);
    return settle_warp(s, RAND_INTERPOLATION);
}

static void settle_counts(struct tenka_step *step)
{
    for (size_t arg = NORMALIZE_MEAN; arg <= NORMALIZE_STD; arg++)
        if (step->count[arg] == 0)
            step->count[arg] = 1;
}

bool tenka_is_colour(const struct tenka_step *step, size_t arg)
{
    const struct tenka_py_arg *const of = &tenka_step_classes[step->kind].args[arg];
    return of->kind == TENKA_PY_ARG_NUMBERS && step->count[arg] == 3;
}

tenka_status tenka_step_settle(const struct tenka_py_reader *r, const struct tenka_py *at, struct tenka_step *step)
{
    const struct settling s = {r, at, step};
    for (size_t i = 0; i < tenka_step_classes[step->kind].n_args; i++)
        step->coloured = step->coloured || tenka_is_colour(step, i);
    switch (step->kind) {
    case TENKA_STEP_RESIZE: return settle_resize(&s);
    case TENKA_STEP_CENTER_CROP:
    case TENKA_STEP_RANDOM_CROP: settle_size(&s, 0); return TENKA_OK;
    case TENKA_STEP_RESIZED_CROP:
        settle_size(&s, RESIZED_SIZE);
        settle_filter(&s, RESIZED_INTERPOLATION);
        TENKA_TRY(settle_range(&s, RESIZED_SCALE));
        return settle_range(&s, RESIZED_RATIO);
    case TENKA_STEP_ROTATION:
        settle_fill(&s, ROTATION_FILL);
        TENKA_TRY(settle_around(&s, ROTATION_DEGREES, 0));
        return settle_warp(&s, ROTATION_INTERPOLATION);
    case TENKA_STEP_AFFINE: return settle_affine(&s);
    case TENKA_STEP_PERSPECTIVE: settle_fill(&s, PERSPECTIVE_FILL); return settle_warp(&s, PERSPECTIVE_INTERPOLATION);
    case TENKA_STEP_JITTER: return settle_jitter(&s);
    case TENKA_STEP_GREY: return step->arg[0][0] == 2 ? fail_argument(&s, 0, "1 or 3") : TENKA_OK;
    case TENKA_STEP_BLUR: return settle_blur(&s);
    case TENKA_STEP_RAND_AUGMENT: return settle_rand_augment(&s);
    case TENKA_STEP_TRIVIAL_AUGMENT: return settle_warp(&s, TRIVIAL_INTERPOLATION);
    case TENKA_STEP_AUTO_AUGMENT: return settle_warp(&s, AUTO_INTERPOLATION);
    case TENKA_STEP_NORMALIZE: settle_counts(step); return TENKA_OK;
    case TENKA_STEP_ERASING: TENKA_TRY(settle_range(&s, ERASING_SCALE)); return settle_range(&s, ERASING_RATIO);
    default: return TENKA_OK;
    }
}

/* ---- Where they may stand ---- */

static tenka_status fail_place(const struct settling *s, const char *place)
{
    return tenka_py_fail(s->r, s->at->at, "%s must stand %s", name_of(s->step), place);
}

static bool pads_with_constant(const struct tenka_step *step)
{
    if (step->kind == TENKA_STEP_RANDOM_CROP)
        return step->arg[CROP_MODE][0] == MODE_CONSTANT &&
               (step->count[CROP_PADDING] != TENKA_PY_NO_NUMBERS || step->arg[CROP_IF_NEEDED][0] != 0);
    return step->kind == TENKA_STEP_PAD && step->arg[PAD_MODE][0] == MODE_CONSTANT;
}

/* Behind ToTensor a picture is still bytes and a table of what they stand for: 0 and 1 are bytes, other numbers need
 * not be. */
static tenka_status check_padding(const struct settling *s, enum tenka_stage stage)
{
    const struct tenka_step *const step = s->step;
    const size_t arg = step->kind == TENKA_STEP_RANDOM_CROP ? CROP_FILL : PAD_FILL;
    if (!pads_with_constant(step) || (stage & (TENKA_STAGE_VALUES | TENKA_STAGE_NORMALISED)) == 0)
        return TENKA_OK;
    if (stage == TENKA_STAGE_NORMALISED)
        return fail_place(s, "before Normalize(), because of its padding");
    for (int i = 0; i < step->count[arg] || i == 0; i++)
        if (step->arg[arg][i] != 0 && step->arg[arg][i] != 1)
            return tenka_py_fail(s->r, s->at->at, "%s: behind ToTensor() fill must be 0 or 1; write it before",
                                 name_of(step));
    return TENKA_OK;
}

static tenka_status check_stage(const struct settling *s, enum tenka_stage stage)
{
    const unsigned takes = tenka_step_infos[s->step->kind].stages;
    if ((takes & stage) != 0)
        return TENKA_OK;
    if (stage == TENKA_STAGE_ERASED)
        return fail_place(s, "before RandomErasing()");
    if ((takes & TENKA_STAGE_PICTURE) != 0)
        return s->step->kind == TENKA_STEP_TO_TENSOR || s->step->kind == TENKA_STEP_PIL_TO_TENSOR
                   ? tenka_py_fail(s->r, s->at->at, "%s: it is a tensor already", name_of(s->step))
                   : fail_place(s, "before ToTensor() and PILToTensor(), where pictures are bytes");
    return fail_place(s, "behind ToTensor(), or behind PILToTensor() and ConvertImageDtype(torch.float)");
}

tenka_status tenka_step_check(const struct tenka_py_reader *r, const struct tenka_py *at, const struct tenka_step *step,
                              enum tenka_stage *stage)
{
    const struct settling s = {r, at, (struct tenka_step *)step};
    TENKA_TRY(check_stage(&s, *stage));
    TENKA_TRY(check_padding(&s, *stage));
    switch (step->kind) {
    case TENKA_STEP_TO_TENSOR: *stage = TENKA_STAGE_VALUES; break;
    case TENKA_STEP_PIL_TO_TENSOR: *stage = TENKA_STAGE_BYTES; break;
    case TENKA_STEP_CONVERT:
        if (step->arg[0][0] == CONVERT_U8 && *stage != TENKA_STAGE_BYTES)
            return tenka_py_fail(r, at->at, "ConvertImageDtype: floats are not made bytes again");
        *stage = *stage == TENKA_STAGE_BYTES && step->arg[0][0] != CONVERT_U8 ? TENKA_STAGE_VALUES : *stage;
        break;
    case TENKA_STEP_NORMALIZE: *stage = *stage == TENKA_STAGE_VALUES ? TENKA_STAGE_NORMALISED : *stage; break;
    case TENKA_STEP_ERASING: *stage = TENKA_STAGE_ERASED; break;
    default: break;
    }
    return TENKA_OK;
}
