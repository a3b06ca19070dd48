/* Tensors: a picture's bytes and a table of the numbers that they stand for, until all numbers are needed. */
#include <math.h>

#include "data/transform.h"

void tenka_pixels_to_values(struct tenka_pixels *p)
{
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 256; i++)
            p->table[c][i] = (float)i / 255;
    p->stage = TENKA_STAGE_VALUES;
    p->tensor = true;
}

static void normalize(float *x, size_t n, float mean, float std)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (x[i] - mean) / std;
}

void tenka_pixels_normalize(struct tenka_pixels *p, const struct tenka_step *step)
{
    const int means = step->count[NORMALIZE_MEAN], stds = step->count[NORMALIZE_STD];
    const size_t plane = (size_t)p->view.width * p->view.height;
    for (uint32_t c = 0; c < p->view.channels; c++) {
        const float mean = (float)step->arg[NORMALIZE_MEAN][means > 1 ? c : 0];
        const float std = (float)step->arg[NORMALIZE_STD][stds > 1 ? c : 0];
        if (p->planes != NULL)
            normalize(p->planes + c * plane, plane, mean, std);
        else
            normalize(p->table[c], 256, mean, std);
    }
    if (p->stage == TENKA_STAGE_VALUES)
        p->stage = TENKA_STAGE_NORMALISED;
}

static void spread_colours(const struct tenka_pixels *p, float *out)
{
    const struct tenka_view *const v = &p->view;
    const size_t plane = (size_t)v->width * v->height;
    for (uint32_t y = 0; y < v->height; y++) {
        const uint8_t *pixel = v->pixels + y * v->stride;
        for (uint32_t x = 0; x < v->width; x++, pixel += 3, out++) {
            out[0] = p->table[0][pixel[0]];
            out[plane] = p->table[1][pixel[1]];
            out[2 * plane] = p->table[2][pixel[2]];
        }
    }
}

static void spread_grey(const struct tenka_pixels *p, float *out)
{
    const struct tenka_view *const v = &p->view;
    for (uint32_t y = 0; y < v->height; y++)
        for (uint32_t x = 0; x < v->width; x++)
            *out++ = p->table[0][v->pixels[y * v->stride + x]];
}

tenka_status tenka_pixels_materialise(struct tenka_pixels *p)
{
    const uint64_t bytes = (uint64_t)p->view.width * p->view.height * p->view.channels * sizeof(float);
    if (p->planes != NULL)
        return TENKA_OK;
    void *out;
    TENKA_TRY(tenka_pixels_target(p, bytes, &out));
    p->planes = out;
    if (p->view.channels == 3)
        spread_colours(p, p->planes);
    else
        spread_grey(p, p->planes);
    return TENKA_OK;
}

tenka_status tenka_pixels_erase(struct tenka_pixels *p, const struct tenka_step *step, const double box[4],
                                struct tenka_draws *d)
{
    const size_t width = p->view.width, plane = width * p->view.height;
    const size_t top = (size_t)box[0], left = (size_t)box[1], rows = (size_t)box[2], columns = (size_t)box[3];
    const int count = step->count[ERASING_VALUE];
    TENKA_TRY(tenka_pixels_materialise(p));
    p->stage = TENKA_STAGE_ERASED;
    for (uint32_t c = 0; c < p->view.channels; c++) {
        const float value = (float)step->arg[ERASING_VALUE][count > 1 ? c : 0];
        for (size_t y = top; y < top + rows; y++)
            for (size_t x = left; x < left + columns; x++)
                p->planes[c * plane + y * width + x] = count == TENKA_PY_A_WORD ? (float)tenka_draw_normal(d) : value;
    }
    return TENKA_OK;
}
