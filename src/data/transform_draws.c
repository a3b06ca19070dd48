/* What transforms draw. The words are Philox's at the counter {block, step, sample, epoch} under the seed, so that each
 * step of each sample has numbers of its own. Source of the distributions: get_params of torchvision.transforms. */
#include <math.h>

#include "core/philox.h"
#include "data/transform.h"

#define TWO_PI 6.283185307179586476925286766559
#define TRIES 10

/* ---- Numbers ---- */

struct tenka_draws tenka_draws_of(const struct tenka_transform_key *key, uint32_t position)
{
    return (struct tenka_draws){.low = (uint32_t)key->seed,
                                .high = (uint32_t)(key->seed >> 32),
                                .position = position,
                                .sample = key->sample,
                                .epoch = key->epoch};
}

uint32_t tenka_draw_word(struct tenka_draws *d)
{
    if (d->left == 0) {
        const uint32_t counter[4] = {d->block++, d->position, d->sample, d->epoch};
        memcpy(d->word, counter, sizeof(counter));
        tenka_philox(d->word, d->low, d->high);
        d->left = 4;
    }
    return d->word[4 - d->left--];
}

double tenka_draw_unit(struct tenka_draws *d)
{
    return (tenka_draw_word(d) >> 8) * 0x1p-24;
}

double tenka_draw_uniform(struct tenka_draws *d, double lo, double hi)
{
    const float first = (float)lo, width = (float)hi - first;
    return (float)(tenka_draw_unit(d) * (double)width + (double)first);
}

uint32_t tenka_draw_below(struct tenka_draws *d, uint32_t n)
{
    return (uint32_t)((uint64_t)tenka_draw_word(d) * n >> 32);
}

/* Source: Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958). */
double tenka_draw_normal(struct tenka_draws *d)
{
    const double radius = sqrt(-2 * log1p(-tenka_draw_unit(d)));
    return radius * cos(TWO_PI * tenka_draw_unit(d));
}

/* Source: Fisher and Yates, as Durstenfeld, "Algorithm 235: Random permutation" (1964). */
void tenka_draw_order(struct tenka_draws *d, uint32_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = i;
    for (uint32_t i = 0; i + 1 < n; i++) {
        const uint32_t j = i + tenka_draw_below(d, n - i), kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}

/* lo to hi, both of them */
static double draw_between(struct tenka_draws *d, int64_t lo, int64_t hi)
{
    return (double)(lo + tenka_draw_below(d, (uint32_t)(hi - lo + 1)));
}

/* ---- Steps ---- */

static void draw_crop(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height, double *v)
{
    const double *const size = step->arg[CROP_SIZE];
    v[0] = draw_between(d, 0, (int64_t)height - (int64_t)size[0]);
    v[1] = draw_between(d, 0, (int64_t)width - (int64_t)size[1]);
}

/* A part of an area with a ratio of its sides: width, height. */
static void draw_part(struct tenka_draws *d, double area, const double *scale, const double *ratio, double *width,
                      double *height)
{
    const double part = area * tenka_draw_uniform(d, scale[0], scale[1]);
    const float log_ratio = (float)tenka_draw_uniform(d, logf((float)ratio[0]), logf((float)ratio[1]));
    const double sides = expf(log_ratio);
    *width = rint(sqrt(part * sides));
    *height = rint(sqrt(part / sides));
}

/* What is taken where no try fits: the middle, as near to the ratios as a pixel at least can be. torchvision takes none
 * where less than half a one is left, and makes black pictures of it. */
static void central_crop(const double *ratio, uint32_t width, uint32_t height, double *v)
{
    const double own = (double)width / height;
    v[2] = own < ratio[0] ? fmax(rint(width / ratio[0]), 1) : height;
    v[3] = own > ratio[1] ? fmax(rint(height * ratio[1]), 1) : width;
    v[0] = floor((height - v[2]) / 2);
    v[1] = floor((width - v[3]) / 2);
}

static void draw_resized_crop(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height,
                              double *v)
{
    const double *const scale = step->arg[RESIZED_SCALE], *const ratio = step->arg[RESIZED_RATIO];
    for (int i = 0; i < TRIES; i++) {
        draw_part(d, (double)width * height, scale, ratio, &v[3], &v[2]);
        if (v[3] > 0 && v[3] <= width && v[2] > 0 && v[2] <= height) {
            v[0] = draw_between(d, 0, height - (int64_t)v[2]);
            v[1] = draw_between(d, 0, width - (int64_t)v[3]);
            return;
        }
    }
    central_crop(ratio, width, height, v);
}

static bool draw_erasing(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height,
                         double *v)
{
    for (int i = 0; i < TRIES; i++) {
        draw_part(d, (double)width * height, step->arg[ERASING_SCALE], step->arg[ERASING_RATIO], &v[2], &v[3]);
        if (v[2] < height && v[3] < width) {
            v[0] = draw_between(d, 0, height - (int64_t)v[2]);
            v[1] = draw_between(d, 0, width - (int64_t)v[3]);
            return true;
        }
    }
    return false;
}

static void draw_affine(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height,
                        double *v)
{
    const double *const degrees = step->arg[AFFINE_DEGREES], *const translate = step->arg[AFFINE_TRANSLATE];
    const double *const scale = step->arg[AFFINE_SCALE], *const shear = step->arg[AFFINE_SHEAR];
    const int shears = step->count[AFFINE_SHEAR];
    const bool moves = step->count[AFFINE_TRANSLATE] != TENKA_PY_NO_NUMBERS;
    const double x = translate[0] * width, y = translate[1] * height;
    v[0] = tenka_draw_uniform(d, degrees[0], degrees[1]);
    v[1] = moves ? rint(tenka_draw_uniform(d, -x, x)) : 0;
    v[2] = moves ? rint(tenka_draw_uniform(d, -y, y)) : 0;
    v[3] = step->count[AFFINE_SCALE] != TENKA_PY_NO_NUMBERS ? tenka_draw_uniform(d, scale[0], scale[1]) : 1;
    v[4] = shears != TENKA_PY_NO_NUMBERS ? tenka_draw_uniform(d, shear[0], shear[1]) : 0;
    v[5] = shears == 4 ? tenka_draw_uniform(d, shear[2], shear[3]) : 0;
}

/* The corners move inwards by a part of half the sides. */
static void draw_perspective(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height,
                             double *v)
{
    const double distortion = step->arg[PERSPECTIVE_DISTORTION][0];
    const int64_t across = (int64_t)(distortion * (width / 2)), down = (int64_t)(distortion * (height / 2));
    for (int i = 0; i < 4; i++) {
        const bool right = i == 1 || i == 2, bottom = i >= 2;
        v[2 * i] = right ? draw_between(d, (int64_t)width - across - 1, (int64_t)width - 1)
                         : draw_between(d, 0, across);
        v[2 * i + 1] = bottom ? draw_between(d, (int64_t)height - down - 1, (int64_t)height - 1)
                              : draw_between(d, 0, down);
    }
}

static void draw_jitter(const struct tenka_step *step, struct tenka_draws *d, double *v)
{
    uint32_t order[4];
    tenka_draw_order(d, order, 4);
    for (int i = 0; i < 4; i++) {
        const double *const range = step->arg[JITTER_BRIGHTNESS + i];
        v[i] = order[i];
        v[4 + i] =
            step->count[JITTER_BRIGHTNESS + i] == TENKA_PY_NO_NUMBERS ? NAN : tenka_draw_uniform(d, range[0], range[1]);
    }
}

/* Where the probability stands among a class's arguments; -1: it has none. */
static int place_of_p(enum tenka_step_kind kind)
{
    const struct tenka_py_class *const of = &tenka_step_classes[kind];
    for (size_t i = 0; i < of->n_args; i++)
        if (strcmp(of->args[i].name, "p") == 0)
            return (int)i;
    return -1;
}

void tenka_step_draw(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height,
                     struct tenka_choice *out)
{
    const int p = place_of_p(step->kind);
    double *const v = out->v;
    out->acts = p < 0 || tenka_draw_unit(d) < step->arg[p][0];
    if (!out->acts)
        return;
    switch (step->kind) {
    case TENKA_STEP_RANDOM_CROP: draw_crop(step, d, width, height, v); break;
    case TENKA_STEP_RESIZED_CROP: draw_resized_crop(step, d, width, height, v); break;
    case TENKA_STEP_ROTATION:
        v[0] = tenka_draw_uniform(d, step->arg[ROTATION_DEGREES][0], step->arg[ROTATION_DEGREES][1]);
        break;
    case TENKA_STEP_AFFINE: draw_affine(step, d, width, height, v); break;
    case TENKA_STEP_PERSPECTIVE: draw_perspective(step, d, width, height, v); break;
    case TENKA_STEP_JITTER: draw_jitter(step, d, v); break;
    case TENKA_STEP_BLUR: v[0] = tenka_draw_uniform(d, step->arg[BLUR_SIGMA][0], step->arg[BLUR_SIGMA][1]); break;
    case TENKA_STEP_ERASING: out->acts = draw_erasing(step, d, width, height, v); break;
    case TENKA_STEP_RAND_AUGMENT:
    case TENKA_STEP_TRIVIAL_AUGMENT:
    case TENKA_STEP_AUTO_AUGMENT: tenka_augment_draw(step, d, width, height, out); break;
    default: break;
    }
}
