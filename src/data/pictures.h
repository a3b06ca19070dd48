/* Pictures in files that become samples when they are wanted. */
#ifndef TENKA_DATA_PICTURES_H
#define TENKA_DATA_PICTURES_H

#include <stdatomic.h>

#include "data/dataset.h"
#include "data/image.h"
#include "tenka/transform.h"

/* What makes a sample of a picture, on whatever thread. */
struct tenka_sampler {
    void *user;
    /* Writes channels x height x width bytes or reals, as the column has them, channel after channel.
     *   index  of the picture
     *   epoch  a number of the epoch's own, for what is drawn anew in each */
    tenka_status (*make)(const void *user, struct tenka_error *err, const tenka_image *picture, uint32_t index,
                         uint64_t epoch, void *dst);
    /* The part of a picture of that size that make will look at; false: all of it. NULL: always all of it. */
    bool (*part)(const void *user, uint32_t index, uint64_t epoch, uint32_t width, uint32_t height,
                 struct tenka_part *out);
    void (*free)(void *user); /* NULL: there is nothing to free */
    bool repeats;             /* a picture's sample is the same in each epoch, and may be kept in its place */
};

/* The files, and what is kept of them. */
struct tenka_pictures {
    char **paths;
    uint32_t count;
    struct tenka_image_params params;
    struct tenka_picture_facts *facts; /* what tenka_pictures_check has found */
    struct tenka_sampler sampler;
    size_t bytes; /* of a sample */
    /* Of each picture the sample where it repeats, else the picture; NULL: it is not kept. */
    _Atomic(void *) *kept;
    _Atomic uint64_t kept_bytes;
    uint64_t keep_bytes; /* at most; 0: as much as stays free */
    /* Of the memory: how much was free, and when that was. */
    _Atomic uint64_t free_bytes, asked;
};

/* Takes over the paths, of which there are count, also on failure. params: checked. */
tenka_status tenka_pictures_make(struct tenka_error *err, char **paths, uint32_t count,
                                 const struct tenka_image_params *params, uint64_t keep_bytes,
                                 struct tenka_pictures **out);
/* Pictures as a column has them, to be freed by its free. */
struct tenka_reader tenka_pictures_reader(struct tenka_pictures *pictures);
/* Those that a dataset's input is made of; NULL: it is not. */
struct tenka_pictures *tenka_pictures_of(const tenka_dataset *dataset);
/* The masks of them, of which its targets are made; NULL: they are not. */
struct tenka_pictures *tenka_masks_of(const tenka_dataset *dataset);

/* Looks at all files, with as many threads as there are processors.
 *   log       is told how far it is, and of those that are left out
 *   thorough  decodes each
 *   counts    NULL, or 256 numbers, to which it is added how many pixels have each value; of masks, thoroughly
 *   bad       NULL: the first bad one fails; else count entries, of which those of bad ones become true
 * Errors: of the first bad file, E_IO, E_FORMAT, E_UNSUPPORTED; E_NOMEM. */
tenka_status tenka_pictures_check(struct tenka_pictures *pictures, struct tenka_error *err, const struct tenka_log *log,
                                  bool thorough, _Atomic uint64_t *counts, bool *bad);
/* Forgets the bad ones; the others stay in their order. To be called before anything is read. */
void tenka_pictures_filter(struct tenka_pictures *pictures, const bool *bad);

/* Samples are made by it from now on, of pictures with so many channels; takes it over. To be called before anything is
 * read. */
void tenka_pictures_sample_by(struct tenka_pictures *pictures, uint32_t channels, const struct tenka_sampler *sampler,
                              size_t bytes);
/* The same of a dataset's pictures, whose samples change their form; also on failure. folder_dataset.c. Errors:
 * E_INVALID (a loader has them already), E_NOMEM. */
tenka_status tenka_folder_sample_by(tenka_dataset *dataset, const struct tenka_desc *sample, uint32_t channels,
                                    const struct tenka_sampler *sampler);
/* The sampler that resizes to height x width, as tenka_image_resize does. Errors: E_NOMEM. */
tenka_status tenka_sampler_resize(struct tenka_error *err, uint32_t height, uint32_t width, struct tenka_sampler *out);

/* ---- masks.c ---- */

/* After the pictures of a dataset are given a size, or a transform by its text: their masks get the same. Nothing where
 * there are none. Errors: E_NOMEM; E_FORMAT (the text). */
tenka_status tenka_masks_resize(tenka_dataset *dataset, uint32_t height, uint32_t width);
tenka_status tenka_masks_transform(tenka_dataset *dataset, const char *text);

/* ---- transform_sampler.c ---- */

/* What tenka_sampler_transform makes of each picture. */
struct tenka_transform_form {
    struct tenka_desc sample; /* U8: bytes that are still to be normalised; F32: reals */
    double mean[3], std[3];   /* of those bytes, for each channel */
};
/* Pictures that are to be transformed. */
struct tenka_transform_sources {
    const struct tenka_picture_facts *facts; /* of each */
    char *const *paths;                      /* NULL: they are no files */
    uint32_t count, channels;
};
/* The sampler that transforms pictures; takes the transform over, also on failure.
 *   doubles  whether reals are doubles
 * Errors: E_SHAPE (pictures become different sizes, or one cannot be transformed: the sentence names it), E_INVALID (no
 * tensor of floats comes out), E_NOMEM. */
tenka_status tenka_sampler_transform(tenka_ctx *ctx, const struct tenka_transform_sources *from,
                                     tenka_transform *transform, bool doubles, struct tenka_transform_form *form,
                                     struct tenka_sampler *out);

/* The sampler of masks, whose samples are classes, I32 [height, width], with nothing where there is none; takes the
 * transform over, which is one for masks, also on failure. Errors: E_NOMEM. */
tenka_status tenka_sampler_masks(struct tenka_error *err, tenka_transform *transform, uint32_t height, uint32_t width,
                                 int32_t nothing, struct tenka_sampler *out);

/* ---- transform_memory.c ---- */

/* The size of the images that a column has in memory, or had before they were transformed; false: they are no pictures in
 * grey or colour. */
bool tenka_memory_facts(const struct tenka_column *column, struct tenka_picture_facts *facts, uint32_t *channels);
/* Samples are made of those images by the sampler from now on; takes it over, also on failure. Errors: E_INVALID (a
 * loader has them already), E_NOMEM. */
tenka_status tenka_memory_sample_by(tenka_dataset *dataset, const struct tenka_desc *sample,
                                    const struct tenka_sampler *sampler);

#endif
