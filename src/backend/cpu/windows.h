/* Windows of pooling, along one axis after the other. */
#ifndef TENKA_CPU_WINDOWS_H
#define TENKA_CPU_WINDOWS_H

#include <stddef.h>

#include "op/params.h"

/* Places from .. end - 1, of which some may lie in the padding: below 0, or beyond the size. */
struct tenka_places {
    ptrdiff_t from, end;
};

/* Window i of `count` that cover `size` places. Source: torch.nn.functional.adaptive_avg_pool2d. */
static inline struct tenka_places tenka_fitting(ptrdiff_t i, ptrdiff_t size, ptrdiff_t count)
{
    return (struct tenka_places){i * size / count, ((i + 1) * size + count - 1) / count};
}

static inline struct tenka_places tenka_max_rows(const struct tenka_p_pool2d *p, int32_t i)
{
    const ptrdiff_t from = (ptrdiff_t)i * p->sh - p->ph;
    if (p->adaptive)
        return tenka_fitting(i, p->h, p->oh);
    return (struct tenka_places){from, from + (ptrdiff_t)(p->kh - 1) * p->dh + 1};
}

static inline struct tenka_places tenka_max_columns(const struct tenka_p_pool2d *p, int32_t j)
{
    const ptrdiff_t from = (ptrdiff_t)j * p->sw - p->pw;
    if (p->adaptive)
        return tenka_fitting(j, p->w, p->ow);
    return (struct tenka_places){from, from + (ptrdiff_t)(p->kw - 1) * p->dw + 1};
}

static inline struct tenka_places tenka_avg_rows(const struct tenka_p_avg_pool2d *p, int32_t i)
{
    const ptrdiff_t from = (ptrdiff_t)i * p->sh - p->ph;
    return p->adaptive ? tenka_fitting(i, p->h, p->oh) : (struct tenka_places){from, from + p->kh};
}

static inline struct tenka_places tenka_avg_columns(const struct tenka_p_avg_pool2d *p, int32_t j)
{
    const ptrdiff_t from = (ptrdiff_t)j * p->sw - p->pw;
    return p->adaptive ? tenka_fitting(j, p->w, p->ow) : (struct tenka_places){from, from + p->kw};
}

/* Those that are not padding. */
static inline struct tenka_places tenka_inside(struct tenka_places places, ptrdiff_t size)
{
    return (struct tenka_places){places.from > 0 ? places.from : 0, places.end < size ? places.end : size};
}

/* How many places count in a mean: not those beyond the padding, and those in it only where they shall. */
static inline ptrdiff_t tenka_counted(const struct tenka_p_avg_pool2d *p, struct tenka_places places, ptrdiff_t size,
                                      ptrdiff_t pad)
{
    if (p->uncounted)
        places = tenka_inside(places, size);
    return (places.end < size + pad ? places.end : size + pad) - places.from;
}

#endif
