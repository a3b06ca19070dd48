/* What tells a dataset's inputs from others that are as many: a checksum of some of them. */
#include <zlib.h>

#include "data/dataset.h"
#include "graph/graph.h"

#define SAMPLES 256u
#define BLOCK 1024u /* reals that are summed at a time */

/* Reals count as floats, so that a device of either precision has the same sum. */
static uint32_t add_real(const struct tenka_column *column, size_t sample, uint32_t sum)
{
    const size_t each = (size_t)tenka_shape_count(&column->shape);
    float block[BLOCK];
    for (size_t i = 0, n; i < each; i += n) {
        n = each - i < BLOCK ? each - i : BLOCK;
        for (size_t k = 0; k < n; k++)
            block[k] = (float)tenka_column_real(column, sample * each + i + k);
        sum = (uint32_t)crc32_z(sum, (const Bytef *)block, n * sizeof(block[0]));
    }
    return sum;
}

static tenka_status add(const struct tenka_column *column, struct tenka_error *err, size_t sample, uint32_t *sum)
{
    if (column->data == NULL)
        return column->reader.sum(column->reader.user, err, (uint32_t)sample, sum);
    if (column->dtype == TENKA_F32)
        *sum = add_real(column, sample, *sum);
    else
        *sum = (uint32_t)crc32_z(*sum, (const Bytef *)column->data + sample * column->bytes, column->bytes);
    return TENKA_OK;
}

tenka_status tenka_dataset_sum(const tenka_dataset *dataset, uint32_t *out)
{
    struct tenka_error *const err = tenka_ctx_error(tenka_dataset_ctx(dataset));
    const struct tenka_column *const input = tenka_dataset_input(dataset);
    const struct tenka_column *const target = tenka_dataset_target(dataset);
    const size_t count = tenka_dataset_count(dataset), parts = count < SAMPLES ? count : SAMPLES;
    *out = 0;
    for (size_t i = 0; i < parts; i++) {
        const size_t sample = (size_t)((uint64_t)i * count / parts);
        TENKA_TRY(add(input, err, sample, out));
        if (target->data == NULL)
            TENKA_TRY(add(target, err, sample, out));
    }
    return TENKA_OK;
}
