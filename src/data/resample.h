/* Resampling of bytes as Pillow does it: two passes of weighted sums in fixed point. */
#ifndef TENKA_DATA_RESAMPLE_H
#define TENKA_DATA_RESAMPLE_H

#include "core/core.h"

/* Pixels in rows that lie stride bytes apart. */
struct tenka_view {
    const uint8_t *pixels;
    size_t stride;
    uint32_t width, height, channels; /* channels: 1 or 3 */
};

/* Pillow's numbers of them. */
enum tenka_filter {
    TENKA_FILTER_NEAREST,
    TENKA_FILTER_LANCZOS,
    TENKA_FILTER_BILINEAR,
    TENKA_FILTER_BICUBIC,
    TENKA_FILTER_BOX,
    TENKA_FILTER_HAMMING,
    TENKA_FILTERS
};

/* Weights have so many binary places: a byte times a sum of 1 stays below 2^31. */
#define TENKA_RESAMPLE_PLACES 22

/* Which pixels of a line become which new one. The weights of a new pixel begin at a multiple of each; behind length of
 * them there are zeros. */
struct tenka_taps {
    uint32_t count; /* of new pixels */
    size_t each;
    uint32_t *first, *length;
    int32_t *weight;
    int16_t *low, *high;           /* weight = high * 2^TENKA_RESAMPLE_LOW_PLACES + low, with low from 0 on */
    size_t weights, halves, pixels; /* that there is room for */
};
#define TENKA_RESAMPLE_LOW_PLACES 15

/* The two passes for an instruction set: resample_lines.c. */
struct tenka_resample_lines {
    /* A row of RGB or grey pixels; padded has room for it and TENKA_RESAMPLE_SLACK bytes more. */
    void (*across)(const uint8_t *row, uint32_t width, uint32_t channels, const struct tenka_taps *taps,
                   uint8_t *padded, uint8_t *out);
    /* Bytes that lie below each other, the first length rows from `from` on. */
    void (*down)(const uint8_t *from, size_t stride, size_t bytes, const int32_t *weight, uint32_t length,
                 uint8_t *out);
    /* The colours of RGB pixels, each in a row of its own, plane bytes apart. */
    void (*planes)(const uint8_t *row, uint32_t width, size_t plane, uint8_t *out);
};
#define TENKA_RESAMPLE_SLACK 64
extern const struct tenka_resample_lines tenka_resample_lines_plain, tenka_resample_lines_avx2;

/* Memory that lasts from one picture to the next. Begins as zeros. */
struct tenka_resampler {
    struct tenka_taps across, down;
    double *sums;
    uint8_t *between, *padded;
    size_t sums_room, between_room, padded_room;
};
void tenka_resampler_finish(struct tenka_resampler *r);
/* The passes of this processor, unless the environment's TENKA_CPU asks for plain ones. */
const struct tenka_resample_lines *tenka_resample_passes(void);

/* The part of a picture, in its pixels; edges may lie between pixels. */
struct tenka_box {
    double left, top, right, bottom;
};
/* Which pass comes first: across, as in Pillow up to version 12, or, as since version 13, down where the height shrinks
 * more than twice as much as the width. Some pixels differ by a level, of filters with negative weights by more. */
enum tenka_resample_order { TENKA_RESAMPLE_ACROSS_FIRST, TENKA_RESAMPLE_TALL_DOWN_FIRST };
/* Makes width x height pixels without gaps at out of a part of a view. Errors: E_NOMEM. */
tenka_status tenka_resample(struct tenka_resampler *r, struct tenka_error *err, const struct tenka_view *from,
                            const struct tenka_box *box, enum tenka_filter filter, enum tenka_resample_order order,
                            uint32_t width, uint32_t height, uint8_t *out);

#endif
