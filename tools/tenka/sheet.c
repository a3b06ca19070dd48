/* A contact sheet: samples of a data set as the network is given them, side by side in one picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tenka.h"

#define MOST_COLUMNS 8u
#define USUAL_WIDTH 2048u /* pixels, unless a single sample has more */
#define GAP 2u            /* pixels between samples */

struct sheet {
    const tenka_dataset *data;
    uint32_t channels, height, width; /* of a sample */
    double mean[3], std[3];           /* of samples that are floats */
    size_t count, columns, rows;      /* of samples */
    void *sample;
    uint8_t *pixels; /* of the sheet, in colour */
};

/* Floats are normalised by the transform that has made them. */
static int find_normalization(const struct session *s, struct sheet *t)
{
    tenka_transform *transform;
    if (tenka_dataset_input_dtype(t->data) == TENKA_U8)
        return EXIT_CODE_OK;
    if (tenka_transform_parse(s->ctx, tenka_dataset_transform(t->data), &transform) != TENKA_OK)
        return say_library_failed(s->ctx);
    tenka_transform_normalization(transform, t->channels, t->mean, t->std);
    tenka_transform_destroy(&transform);
    return EXIT_CODE_OK;
}

static int lay_out(const struct session *s, struct sheet *t)
{
    struct tenka_picture_sizes sizes;
    const struct tenka_shape shape = tenka_dataset_image_shape(t->data);
    const size_t all = tenka_dataset_count(t->data);
    if (session_has_arrays(s) || shape.dim[1] == 0 || (shape.dim[0] != 1 && shape.dim[0] != 3))
        return tenka_dataset_picture_sizes(t->data, &sizes) == TENKA_OK
                   ? say_failed("--sheet shows what a network is given of pictures: say what that is with --transform")
                   : say_failed("--sheet shows pictures, but the samples of %s are none, in grey or colour",
                                s->data_dir);
    t->channels = shape.dim[0];
    t->height = shape.dim[1];
    t->width = shape.dim[2];
    const size_t fitting = USUAL_WIDTH / ((size_t)t->width + GAP);
    t->columns = fitting < 1 ? 1 : fitting > MOST_COLUMNS ? MOST_COLUMNS : fitting;
    t->count = all < t->columns * t->columns ? all : t->columns * t->columns;
    t->columns = t->count < t->columns ? t->count : t->columns;
    t->rows = (t->count + t->columns - 1) / t->columns;
    return find_normalization(s, t);
}

static uint8_t level_of(const struct sheet *t, uint32_t channel, size_t at)
{
    if (tenka_dataset_input_dtype(t->data) == TENKA_U8)
        return ((const uint8_t *)t->sample)[at];
    const double value = ((double)((const float *)t->sample)[at] * t->std[channel] + t->mean[channel]) * 255;
    return value <= 0 || isnan(value) ? 0 : value >= 255 ? 255 : (uint8_t)(value + 0.5);
}

/* Copies the sample to its place, number i. */
static void place(const struct sheet *t, size_t i)
{
    const size_t plane = (size_t)t->height * t->width, line = t->columns * (t->width + GAP) - GAP;
    const size_t left = i % t->columns * (t->width + GAP), top = i / t->columns * (t->height + GAP);
    for (size_t y = 0; y < t->height; y++)
        for (size_t x = 0; x < t->width; x++)
            for (uint32_t c = 0; c < 3; c++) {
                const uint32_t from = t->channels == 3 ? c : 0;
                t->pixels[((top + y) * line + left + x) * 3 + c] = level_of(t, from, from * plane + y * t->width + x);
            }
}

/* Samples from all parts of the data. */
static int fill(const struct session *s, struct sheet *t, const char *path)
{
    const size_t width = t->columns * (t->width + GAP) - GAP, height = t->rows * (t->height + GAP) - GAP;
    tenka_image *image = NULL;
    t->sample = malloc((size_t)t->channels * t->height * t->width * sizeof(float));
    t->pixels = malloc(width * height * 3);
    if (t->sample == NULL || t->pixels == NULL)
        return say_failed("out of memory");
    memset(t->pixels, 255, width * height * 3);
    for (size_t i = 0; i < t->count; i++) {
        if (tenka_dataset_read(t->data, i * tenka_dataset_count(t->data) / t->count, t->sample) != TENKA_OK)
            return say_library_failed(s->ctx);
        place(t, i);
    }
    tenka_status status = tenka_image_create(s->ctx, t->pixels, (uint32_t)width, (uint32_t)height, 3, &image);
    if (status == TENKA_OK)
        status = tenka_image_save(s->ctx, image, path);
    tenka_image_destroy(&image);
    return status == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

int sheet_write(const struct session *s, const tenka_dataset *data, const char *path)
{
    struct sheet t = {.data = data};
    int code = lay_out(s, &t);
    if (code == EXIT_CODE_OK)
        code = fill(s, &t, path);
    if (code == EXIT_CODE_OK)
        say_notice(s->options, "%s shows %zu of the training %ss as the network is given them", path, t.count,
                   session_noun(s));
    free(t.sample);
    free(t.pixels);
    return code;
}
