/* Images in memory that a transform makes samples of. */
#include <zlib.h>

#include "data/pictures.h"
#include "graph/graph.h"

/* What the reader of such a column has. */
struct images {
    uint8_t *bytes;                   /* channel after channel, image after image */
    uint32_t channels, height, width; /* of each */
    struct tenka_sampler sampler;
};

static void free_images(void *user)
{
    struct images *const m = user;
    if (m->sampler.free != NULL)
        m->sampler.free(m->sampler.user);
    tenka_free(m->bytes);
    tenka_free(m);
}

/* The channels of a pixel next to each other, as pictures have them. */
static void interleave(const struct images *m, uint32_t index, uint8_t *out)
{
    const size_t plane = (size_t)m->height * m->width;
    const uint8_t *const from = m->bytes + index * plane * m->channels;
    for (size_t i = 0; i < plane; i++)
        for (uint32_t c = 0; c < m->channels; c++)
            *out++ = from[c * plane + i];
}

static tenka_status read_image(void *user, struct tenka_error *err, uint32_t index, uint64_t epoch, void *dst)
{
    const struct images *const m = user;
    tenka_image *image;
    TENKA_TRY(tenka_image_make(err, m->width, m->height, m->channels, &image));
    interleave(m, index, image->pixels);
    const tenka_status status = m->sampler.make(m->sampler.user, err, image, index, epoch, dst);
    tenka_image_destroy(&image);
    return status;
}

static const char *no_name(void *user, uint32_t index)
{
    (void)user;
    (void)index;
    return NULL;
}

static tenka_status sum_image(void *user, struct tenka_error *err, uint32_t index, uint32_t *sum)
{
    const struct images *const m = user;
    const size_t bytes = (size_t)m->channels * m->height * m->width;
    (void)err;
    *sum = (uint32_t)crc32_z(*sum, m->bytes + index * bytes, bytes);
    return TENKA_OK;
}

static tenka_status no_divide(void *user, struct tenka_error *err, const bool *moved, void **rest)
{
    (void)user;
    (void)moved;
    (void)rest;
    return tenka_fail(err, TENKA_E_INVALID, "dataset: what its pictures become is set already; divide it before that");
}

/* Images as they were before a transform; NULL: the column has none. */
static struct images *images_of(const struct tenka_column *column)
{
    return column->data == NULL && column->reader.read == read_image ? column->reader.user : NULL;
}

bool tenka_memory_facts(const struct tenka_column *column, struct tenka_picture_facts *facts, uint32_t *channels)
{
    const struct images *const m = images_of(column);
    const struct tenka_shape shape = m != NULL ? tenka_shape_of(m->channels, m->height, m->width) : column->shape;
    if (m == NULL && (column->dtype != TENKA_U8 || column->data == NULL))
        return false;
    *channels = shape.dim[0];
    *facts = (struct tenka_picture_facts){.width = (uint16_t)shape.dim[2], .height = (uint16_t)shape.dim[1]};
    return (shape.dim[0] == 1 || shape.dim[0] == 3) && shape.dim[1] <= TENKA_IMAGE_MAX_SIDE &&
           shape.dim[2] <= TENKA_IMAGE_MAX_SIDE;
}

tenka_status tenka_memory_sample_by(tenka_dataset *dataset, const struct tenka_desc *sample,
                                    const struct tenka_sampler *sampler)
{
    struct tenka_column *const column = tenka_dataset_column(dataset, true);
    const struct tenka_shape shape = column->shape;
    struct images *const had = images_of(column), *const m = had != NULL ? had : tenka_alloc(sizeof(*m));
    tenka_status status = m != NULL ? tenka_dataset_reform(dataset, sample)
                                    : tenka_fail_nomem(tenka_ctx_error(tenka_dataset_ctx(dataset)));
    if (status != TENKA_OK) {
        sampler->free(sampler->user);
        if (had == NULL)
            tenka_free(m);
        return status;
    }
    if (had == NULL) {
        *m = (struct images){column->data, shape.dim[0], shape.dim[1], shape.dim[2], {.make = NULL}};
        column->data = NULL;
        column->reader = (struct tenka_reader){m, read_image, no_name, sum_image, no_divide, free_images};
    }
    if (m->sampler.free != NULL)
        m->sampler.free(m->sampler.user);
    m->sampler = *sampler;
    return TENKA_OK;
}
