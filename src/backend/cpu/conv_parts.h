/* The weights' gradient of a convolution in parts: which part a pixel of y belongs to. */
#ifndef TENKA_CPU_CONV_PARTS_H
#define TENKA_CPU_CONV_PARTS_H

#include "op/conv_tiles.h"

/* Of row `row` of all images' rows. The first parts may have one row more than the others. */
static inline uint32_t tenka_conv_part_of(const struct tenka_p_conv2d *p, uint32_t parts, int64_t row)
{
    const int64_t all = (int64_t)p->n * p->oh, least = all / parts, longer = all % parts;
    const int64_t from = longer * (least + 1);
    return (uint32_t)(row < from ? row / (least + 1) : longer + (row - from) / least);
}

#endif
