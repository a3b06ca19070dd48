/* RandAugment, TrivialAugmentWide and AutoAugment: operations of given magnitudes. Source: Cubuk et al., "AutoAugment:
 * Learning Augmentation Policies from Data" (2018), "RandAugment: Practical automated data augmentation with a reduced
 * search space" (2019); Mueller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation"
 * (2021); with the ranges of torchvision.transforms.autoaugment. */
#include <math.h>

#include "data/transform.h"

#define PI 3.14159265358979323846

enum operation {
    IDENTITY,
    SHEAR_X,
    SHEAR_Y,
    TRANSLATE_X,
    TRANSLATE_Y,
    ROTATE,
    BRIGHTNESS,
    COLOR,
    CONTRAST,
    SHARPNESS,
    POSTERIZE,
    SOLARIZE,
    AUTOCONTRAST,
    EQUALIZE,
    INVERT,
};
#define DRAWN_OPERATIONS INVERT /* RandAugment and TrivialAugmentWide never invert */

/* ---- Magnitudes ---- */

/* Element i of torch.linspace(begin, end, n), in float: from both ends to the middle. */
static double linspace(double begin, double end, double n, double i)
{
    const float first = (float)begin, last = (float)end, step = (last - first) / (float)(n - 1);
    return i < floor(n / 2) ? first + step * (float)i : last - step * (float)(n - 1 - i);
}

/* Which bits are left: 8 less up to `most`. */
static double bits(double most, double n, double i)
{
    return 8 - rintf((float)i / (float)((n - 1) / most));
}

static bool is_signed(enum operation op)
{
    return op >= SHEAR_X && op <= SHARPNESS;
}

/* How far the operations of a class go. */
struct reach {
    double shear, across, down, degrees, change, bits;
};

static double magnitude_of(const struct reach *r, enum operation op, double bins, double i)
{
    switch (op) {
    case SHEAR_X:
    case SHEAR_Y: return linspace(0, r->shear, bins, i);
    case TRANSLATE_X: return linspace(0, r->across, bins, i);
    case TRANSLATE_Y: return linspace(0, r->down, bins, i);
    case ROTATE: return linspace(0, r->degrees, bins, i);
    case BRIGHTNESS:
    case COLOR:
    case CONTRAST:
    case SHARPNESS: return linspace(0, r->change, bins, i);
    case POSTERIZE: return bits(r->bits, bins, i);
    case SOLARIZE: return linspace(255, 0, bins, i);
    default: return 0;
    }
}

static struct reach reach_of(enum tenka_step_kind kind, uint32_t width, uint32_t height)
{
    if (kind == TENKA_STEP_TRIVIAL_AUGMENT)
        return (struct reach){0.99, 32, 32, 135, 0.99, 6};
    return (struct reach){0.3, 150.0 / 331.0 * width, 150.0 / 331.0 * height, 30, 0.9, 4};
}

/* ---- AutoAugment's policies ---- */

#define POLICIES 25
#define NONE (-1)

struct policy {
    struct {
        enum operation op;
        double p;
        int magnitude; /* of 10; NONE: it has none */
    } part[2];
};

static const struct policy policies[3][POLICIES] = {
    {
        {{{POSTERIZE, 0.4, 8}, {ROTATE, 0.6, 9}}},
        {{{SOLARIZE, 0.6, 5}, {AUTOCONTRAST, 0.6, NONE}}},
        {{{EQUALIZE, 0.8, NONE}, {EQUALIZE, 0.6, NONE}}},
        {{{POSTERIZE, 0.6, 7}, {POSTERIZE, 0.6, 6}}},
        {{{EQUALIZE, 0.4, NONE}, {SOLARIZE, 0.2, 4}}},
        {{{EQUALIZE, 0.4, NONE}, {ROTATE, 0.8, 8}}},
        {{{SOLARIZE, 0.6, 3}, {EQUALIZE, 0.6, NONE}}},
        {{{POSTERIZE, 0.8, 5}, {EQUALIZE, 1.0, NONE}}},
        {{{ROTATE, 0.2, 3}, {SOLARIZE, 0.6, 8}}},
        {{{EQUALIZE, 0.6, NONE}, {POSTERIZE, 0.4, 6}}},
        {{{ROTATE, 0.8, 8}, {COLOR, 0.4, 0}}},
        {{{ROTATE, 0.4, 9}, {EQUALIZE, 0.6, NONE}}},
        {{{EQUALIZE, 0.0, NONE}, {EQUALIZE, 0.8, NONE}}},
        {{{INVERT, 0.6, NONE}, {EQUALIZE, 1.0, NONE}}},
        {{{COLOR, 0.6, 4}, {CONTRAST, 1.0, 8}}},
        {{{ROTATE, 0.8, 8}, {COLOR, 1.0, 2}}},
        {{{COLOR, 0.8, 8}, {SOLARIZE, 0.8, 7}}},
        {{{SHARPNESS, 0.4, 7}, {INVERT, 0.6, NONE}}},
        {{{SHEAR_X, 0.6, 5}, {EQUALIZE, 1.0, NONE}}},
        {{{COLOR, 0.4, 0}, {EQUALIZE, 0.6, NONE}}},
        {{{EQUALIZE, 0.4, NONE}, {SOLARIZE, 0.2, 4}}},
        {{{SOLARIZE, 0.6, 5}, {AUTOCONTRAST, 0.6, NONE}}},
        {{{INVERT, 0.6, NONE}, {EQUALIZE, 1.0, NONE}}},
        {{{COLOR, 0.6, 4}, {CONTRAST, 1.0, 8}}},
        {{{EQUALIZE, 0.8, NONE}, {EQUALIZE, 0.6, NONE}}},
    },
    {
        {{{INVERT, 0.1, NONE}, {CONTRAST, 0.2, 6}}},
        {{{ROTATE, 0.7, 2}, {TRANSLATE_X, 0.3, 9}}},
        {{{SHARPNESS, 0.8, 1}, {SHARPNESS, 0.9, 3}}},
        {{{SHEAR_Y, 0.5, 8}, {TRANSLATE_Y, 0.7, 9}}},
        {{{AUTOCONTRAST, 0.5, NONE}, {EQUALIZE, 0.9, NONE}}},
        {{{SHEAR_Y, 0.2, 7}, {POSTERIZE, 0.3, 7}}},
        {{{COLOR, 0.4, 3}, {BRIGHTNESS, 0.6, 7}}},
        {{{SHARPNESS, 0.3, 9}, {BRIGHTNESS, 0.7, 9}}},
        {{{EQUALIZE, 0.6, NONE}, {EQUALIZE, 0.5, NONE}}},
        {{{CONTRAST, 0.6, 7}, {SHARPNESS, 0.6, 5}}},
        {{{COLOR, 0.7, 7}, {TRANSLATE_X, 0.5, 8}}},
        {{{EQUALIZE, 0.3, NONE}, {AUTOCONTRAST, 0.4, NONE}}},
        {{{TRANSLATE_Y, 0.4, 3}, {SHARPNESS, 0.2, 6}}},
        {{{BRIGHTNESS, 0.9, 6}, {COLOR, 0.2, 8}}},
        {{{SOLARIZE, 0.5, 2}, {INVERT, 0.0, NONE}}},
        {{{EQUALIZE, 0.2, NONE}, {AUTOCONTRAST, 0.6, NONE}}},
        {{{EQUALIZE, 0.2, NONE}, {EQUALIZE, 0.6, NONE}}},
        {{{COLOR, 0.9, 9}, {EQUALIZE, 0.6, NONE}}},
        {{{AUTOCONTRAST, 0.8, NONE}, {SOLARIZE, 0.2, 8}}},
        {{{BRIGHTNESS, 0.1, 3}, {COLOR, 0.7, 0}}},
        {{{SOLARIZE, 0.4, 5}, {AUTOCONTRAST, 0.9, NONE}}},
        {{{TRANSLATE_Y, 0.9, 9}, {TRANSLATE_Y, 0.7, 9}}},
        {{{AUTOCONTRAST, 0.9, NONE}, {SOLARIZE, 0.8, 3}}},
        {{{EQUALIZE, 0.8, NONE}, {INVERT, 0.1, NONE}}},
        {{{TRANSLATE_Y, 0.7, 9}, {AUTOCONTRAST, 0.9, NONE}}},
    },
    {
        {{{SHEAR_X, 0.9, 4}, {INVERT, 0.2, NONE}}},         {{{SHEAR_Y, 0.9, 8}, {INVERT, 0.7, NONE}}},
        {{{EQUALIZE, 0.6, NONE}, {SOLARIZE, 0.6, 6}}},      {{{INVERT, 0.9, NONE}, {EQUALIZE, 0.6, NONE}}},
        {{{EQUALIZE, 0.6, NONE}, {ROTATE, 0.9, 3}}},        {{{SHEAR_X, 0.9, 4}, {AUTOCONTRAST, 0.8, NONE}}},
        {{{SHEAR_Y, 0.9, 8}, {INVERT, 0.4, NONE}}},         {{{SHEAR_Y, 0.9, 5}, {SOLARIZE, 0.2, 6}}},
        {{{INVERT, 0.9, NONE}, {AUTOCONTRAST, 0.8, NONE}}}, {{{EQUALIZE, 0.6, NONE}, {ROTATE, 0.9, 3}}},
        {{{SHEAR_X, 0.9, 4}, {SOLARIZE, 0.3, 3}}},          {{{SHEAR_Y, 0.8, 8}, {INVERT, 0.7, NONE}}},
        {{{EQUALIZE, 0.9, NONE}, {TRANSLATE_Y, 0.6, 6}}},   {{{INVERT, 0.9, NONE}, {EQUALIZE, 0.6, NONE}}},
        {{{CONTRAST, 0.3, 3}, {ROTATE, 0.8, 4}}},           {{{INVERT, 0.8, NONE}, {TRANSLATE_Y, 0.0, 2}}},
        {{{SHEAR_Y, 0.7, 6}, {SOLARIZE, 0.4, 8}}},          {{{INVERT, 0.6, NONE}, {ROTATE, 0.8, 4}}},
        {{{SHEAR_Y, 0.3, 7}, {TRANSLATE_X, 0.9, 3}}},       {{{SHEAR_X, 0.1, 6}, {INVERT, 0.6, NONE}}},
        {{{SOLARIZE, 0.7, 2}, {TRANSLATE_Y, 0.6, 7}}},      {{{SHEAR_Y, 0.8, 4}, {INVERT, 0.8, NONE}}},
        {{{SHEAR_X, 0.7, 9}, {TRANSLATE_Y, 0.8, 3}}},       {{{SHEAR_Y, 0.8, 5}, {AUTOCONTRAST, 0.7, NONE}}},
        {{{SHEAR_X, 0.7, 2}, {INVERT, 0.1, NONE}}},
    },
};

/* ---- Drawing ---- */

static void add(struct tenka_choice *out, enum operation op, double magnitude)
{
    double *const v = out->v + 1 + 2 * (size_t)out->v[0];
    v[0] = op;
    v[1] = magnitude;
    out->v[0]++;
}

static void draw_policy(const struct tenka_step *step, struct tenka_draws *d, const struct reach *reach,
                        struct tenka_choice *out)
{
    const struct policy *const policy = &policies[(size_t)step->arg[AUTO_POLICY][0]][tenka_draw_below(d, POLICIES)];
    const double chance[2] = {tenka_draw_unit(d), tenka_draw_unit(d)};
    const uint32_t sign[2] = {tenka_draw_below(d, 2), tenka_draw_below(d, 2)};
    for (int i = 0; i < 2; i++) {
        const enum operation op = policy->part[i].op;
        const int place = policy->part[i].magnitude;
        const double magnitude = place == NONE ? 0 : magnitude_of(reach, op, 10, place);
        if (chance[i] <= policy->part[i].p)
            add(out, op, is_signed(op) && sign[i] == 0 ? -magnitude : magnitude);
    }
}

void tenka_augment_draw(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height,
                        struct tenka_choice *out)
{
    const struct reach reach = reach_of(step->kind, width, height);
    const bool trivial = step->kind == TENKA_STEP_TRIVIAL_AUGMENT;
    out->v[0] = 0;
    if (step->kind == TENKA_STEP_AUTO_AUGMENT) {
        draw_policy(step, d, &reach, out);
        return;
    }
    const double bins = step->arg[trivial ? TRIVIAL_BINS : RAND_BINS][0], ops = trivial ? 1 : step->arg[RAND_OPS][0];
    for (int i = 0; i < ops; i++) {
        const enum operation op = (enum operation)tenka_draw_below(d, DRAWN_OPERATIONS);
        const double place = trivial ? tenka_draw_below(d, (uint32_t)bins) : step->arg[RAND_MAGNITUDE][0];
        const double magnitude = magnitude_of(&reach, op, bins, place);
        add(out, op, is_signed(op) && tenka_draw_below(d, 2) != 0 ? -magnitude : magnitude);
    }
}

/* ---- Doing ---- */

struct how {
    const char *what;
    int filter, fills;
    const double *fill;
};

static tenka_status shear(struct tenka_pixels *p, const struct how *how, bool in_x, double magnitude)
{
    static const double corner[2] = {0, 0};
    const double degrees = atan(magnitude) * 180 / PI;
    const double v[6] = {0, 0, 0, 1, in_x ? degrees : 0, in_x ? 0 : degrees};
    return tenka_pixels_affine(p, how->what, v, how->filter, corner, how->fill, how->fills);
}

static tenka_status translate(struct tenka_pixels *p, const struct how *how, bool in_x, double magnitude)
{
    const double v[6] = {0, in_x ? trunc(magnitude) : 0, in_x ? 0 : trunc(magnitude), 1, 0, 0};
    return tenka_pixels_affine(p, how->what, v, how->filter, NULL, how->fill, how->fills);
}

static tenka_status act(struct tenka_pixels *p, const struct how *how, enum operation op, double magnitude)
{
    switch (op) {
    case SHEAR_X:
    case SHEAR_Y: return shear(p, how, op == SHEAR_X, magnitude);
    case TRANSLATE_X:
    case TRANSLATE_Y: return translate(p, how, op == TRANSLATE_X, magnitude);
    case ROTATE: return tenka_pixels_rotate(p, how->what, magnitude, how->filter, false, NULL, how->fill, how->fills);
    case BRIGHTNESS: return tenka_pixels_adjust_brightness(p, 1 + magnitude);
    case COLOR: return tenka_pixels_adjust_saturation(p, 1 + magnitude);
    case CONTRAST: return tenka_pixels_adjust_contrast(p, 1 + magnitude);
    case SHARPNESS: return tenka_pixels_adjust_sharpness(p, 1 + magnitude);
    case POSTERIZE: return tenka_pixels_posterize(p, (int)magnitude);
    case SOLARIZE: return tenka_pixels_solarize(p, magnitude);
    case AUTOCONTRAST: return tenka_pixels_autocontrast(p);
    case EQUALIZE: return tenka_pixels_equalize(p);
    case INVERT: return tenka_pixels_invert(p);
    case IDENTITY: break;
    }
    return TENKA_OK;
}

/* What changes colours says nothing to classes. */
static bool acts_on(const struct tenka_pixels *p, enum operation op)
{
    return !p->classes || (op >= SHEAR_X && op <= ROTATE);
}

tenka_status tenka_pixels_augment(const struct tenka_step *step, const struct tenka_choice *choice,
                                  struct tenka_pixels *p)
{
    static const double black = 0;
    const size_t fill = step->kind == TENKA_STEP_RAND_AUGMENT      ? RAND_FILL
                        : step->kind == TENKA_STEP_TRIVIAL_AUGMENT ? TRIVIAL_FILL
                                                                   : AUTO_FILL;
    const bool none = step->count[fill] == TENKA_PY_NO_NUMBERS;
    const struct how how = {tenka_step_classes[step->kind].name, (int)step->arg[fill - 1][0],
                            none ? 0 : step->count[fill], none ? &black : step->arg[fill]};
    for (size_t i = 0; i < choice->v[0]; i++)
        if (acts_on(p, (enum operation)choice->v[1 + 2 * i]))
            TENKA_TRY(act(p, &how, (enum operation)choice->v[1 + 2 * i], choice->v[2 + 2 * i]));
    return TENKA_OK;
}
