/* Mean and deviation of a dataset's inputs, channel by channel. */
#include <math.h>

#include "core/os.h"
#include "data/pictures.h"
#include "graph/graph.h"

/* Of bytes: whole numbers, so that the order of adding does not matter. */
struct sums {
    uint64_t count, sum[TENKA_MEASURED_CHANNELS], squares[TENKA_MEASURED_CHANNELS];
};

static void add_byte(struct sums *s, size_t channel, uint64_t byte)
{
    s->sum[channel] += byte;
    s->squares[channel] += byte * byte;
}

/* Of pixels. In one row 32 bits suffice. */
static void add_row(struct sums *s, const uint8_t *row, uint32_t width, uint32_t channels)
{
    for (uint32_t c = 0; c < channels; c++) {
        uint32_t sum = 0, squares = 0;
        for (size_t x = 0; x < width; x++) {
            const uint32_t byte = row[x * channels + c];
            sum += byte;
            squares += byte * byte;
        }
        s->sum[c] += sum;
        s->squares[c] += squares;
    }
}

static void finish_bytes(const struct sums *s, uint32_t channels, struct tenka_measures *out)
{
    out->channels = channels;
    for (uint32_t c = 0; c < channels; c++) {
        const double mean = (double)s->sum[c] / (double)s->count;
        const double variance = (double)s->squares[c] / (double)s->count - mean * mean;
        out->mean[c] = mean / 255;
        out->std[c] = sqrt(variance > 0 ? variance : 0) / 255;
    }
}

/* ---- Pictures, in the size that they have ---- */

struct measuring {
    const struct tenka_pictures *pictures;
    uint32_t channels;
    /* Under the worker's lock. */
    uint32_t next, failed; /* the first that cannot be read; the number of pictures: none */
    struct tenka_error error;
    struct sums sums;
};

static tenka_status measure_picture(const struct measuring *m, struct tenka_error *err, uint32_t index,
                                    struct sums *out)
{
    struct tenka_image_params params = m->pictures->params;
    tenka_image *image;
    params.channels = m->channels;
    TENKA_TRY(tenka_picture_load(err, m->pictures->paths[index], &params, &image));
    out->count = (uint64_t)image->width * image->height;
    for (uint32_t y = 0; y < image->height; y++)
        add_row(out, image->pixels + (size_t)y * image->width * m->channels, image->width, m->channels);
    tenka_image_destroy(&image);
    return TENKA_OK;
}

static void measure_some(tenka_worker *worker, void *user)
{
    struct measuring *const m = user;
    tenka_worker_lock(worker);
    while (m->next < m->pictures->count && m->next < m->failed) {
        const uint32_t index = m->next++;
        struct tenka_error error = {.status = TENKA_OK};
        struct sums sums = {.count = 0};
        tenka_worker_unlock(worker);
        error.status = measure_picture(m, &error, index, &sums);
        tenka_worker_lock(worker);
        if (error.status != TENKA_OK && index < m->failed) {
            m->failed = index;
            m->error = error;
        }
        m->sums.count += sums.count;
        for (uint32_t c = 0; c < m->channels; c++) {
            m->sums.sum[c] += sums.sum[c];
            m->sums.squares[c] += sums.squares[c];
        }
    }
    tenka_worker_unlock(worker);
}

static tenka_status measure_pictures(struct tenka_error *err, const struct tenka_pictures *pictures,
                                     struct tenka_measures *out)
{
    struct measuring m = {.pictures = pictures, .channels = 1, .failed = pictures->count};
    tenka_worker *worker;
    for (uint32_t i = 0; i < pictures->count; i++)
        m.channels = pictures->facts[i].colour ? 3 : m.channels;
    TENKA_TRY(tenka_worker_start(err, tenka_os_processors(), measure_some, &m, &worker));
    tenka_worker_join(&worker);
    if (m.error.status != TENKA_OK) {
        *err = m.error;
        return err->status;
    }
    finish_bytes(&m.sums, m.channels, out);
    return TENKA_OK;
}

/* ---- What is in memory ---- */

static void measure_images(const tenka_dataset *dataset, struct tenka_measures *out)
{
    const struct tenka_shape image = tenka_dataset_image_shape(dataset);
    const size_t plane = (size_t)image.dim[1] * image.dim[2], count = tenka_dataset_count(dataset);
    const uint32_t channels = image.dim[0] < TENKA_MEASURED_CHANNELS ? image.dim[0] : TENKA_MEASURED_CHANNELS;
    const uint8_t *const bytes = tenka_dataset_images(dataset);
    struct sums sums = {.count = count * plane};
    for (size_t i = 0; i < count; i++)
        for (uint32_t c = 0; c < channels; c++)
            for (size_t k = 0; k < plane; k++)
                add_byte(&sums, c, bytes[(i * image.dim[0] + c) * plane + k]);
    finish_bytes(&sums, channels, out);
}

/* All numbers together. */
static void measure_reals(const tenka_dataset *dataset, struct tenka_measures *out)
{
    const struct tenka_column *const input = tenka_dataset_input(dataset);
    const size_t count = tenka_dataset_count(dataset) * (size_t)tenka_shape_count(&input->shape);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += tenka_column_real(input, i);
    out->channels = 1;
    out->mean[0] = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        const double away = tenka_column_real(input, i) - out->mean[0];
        squares += away * away;
    }
    out->std[0] = sqrt(squares / (double)count);
}

tenka_status tenka_dataset_measure(const tenka_dataset *dataset, struct tenka_measures *out)
{
    if (dataset == NULL || out == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(dataset));
    const struct tenka_pictures *const pictures = tenka_pictures_of(dataset);
    *out = (struct tenka_measures){.channels = 0};
    if (tenka_dataset_count(dataset) == 0 || tenka_dataset_input_dtype(dataset) == TENKA_I32)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: there is nothing to measure in it");
    if (pictures != NULL)
        return measure_pictures(err, pictures, out);
    if (tenka_dataset_input(dataset)->data == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "dataset: a transform makes its samples: measure it before that");
    if (tenka_dataset_input_dtype(dataset) == TENKA_U8)
        measure_images(dataset, out);
    else
        measure_reals(dataset, out);
    return TENKA_OK;
}
