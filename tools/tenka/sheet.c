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
    bool floats;                      /* what samples are, normalised by mean and std; else bytes */
    double mean[3], std[3];
    size_t count, columns, rows; /* of samples */
    float *mixed;                /* all of them, where samples are mixed; else NULL */
    void *sample;
    uint8_t *pixels; /* of the sheet, in colour */
};

/* Floats are normalised by the transform that has made them, bytes by the loader that mixes them. */
static int find_normalization(const struct session *s, struct sheet *t)
{
    tenka_transform *transform;
    const bool bytes = tenka_dataset_input_dtype(t->data) == TENKA_U8;
    t->floats = !bytes || mixing_is_on(s->options);
    for (uint32_t c = 0; c < t->channels && bytes; c++)
        tenka_dataset_normalization(t->data, c, &t->mean[c], &t->std[c]);
    if (bytes)
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
    if (!t->floats)
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

/* A batch of so many samples, which are mixed with each other. */
static int mix(const struct session *s, struct sheet *t)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    const size_t bytes = t->count * t->channels * t->height * t->width * sizeof(float);
    struct tenka_batch batch;
    tenka_loader *loader;
    params.batch_size = (uint32_t)t->count;
    params.shuffle = true;
    params.images_at = TENKA_IMAGES_HOST;
    mixing_describe(s, &params);
    t->mixed = malloc(bytes);
    if (t->mixed == NULL)
        return say_failed("out of memory");
    tenka_status status = tenka_loader_create(s->ctx, t->data, &params, &loader);
    if (status == TENKA_OK)
        status = tenka_loader_next(loader, &batch);
    if (status == TENKA_OK)
        status = tenka_step_end(s->ctx);
    if (status == TENKA_OK)
        status = tenka_read(batch.input, t->mixed, bytes);
    tenka_loader_destroy(&loader);
    return status == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

/* Sample number i, of all parts of the data. */
static tenka_status take(struct sheet *t, size_t i)
{
    const size_t elements = (size_t)t->channels * t->height * t->width;
    if (t->mixed == NULL)
        return tenka_dataset_read(t->data, i * tenka_dataset_count(t->data) / t->count, t->sample);
    memcpy(t->sample, t->mixed + i * elements, elements * sizeof(float));
    return TENKA_OK;
}

static int fill(const struct session *s, struct sheet *t, const char *path)
{
    const size_t width = t->columns * (t->width + GAP) - GAP, height = t->rows * (t->height + GAP) - GAP;
    tenka_image *image = NULL;
    t->sample = malloc((size_t)t->channels * t->height * t->width * sizeof(float));
    t->pixels = malloc(width * height * 3);
    if (t->sample == NULL || t->pixels == NULL)
        return say_failed("out of memory");
    memset(t->pixels, 255, width * height * 3);
    if (mixing_is_on(s->options) && mix(s, t) != EXIT_CODE_OK)
        return EXIT_CODE_FAILED;
    for (size_t i = 0; i < t->count; i++) {
        if (take(t, i) != TENKA_OK)
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
    free(t.mixed);
    free(t.pixels);
    return code;
}
