/* Pictures that networks make, side by side. Source: torchvision.utils.make_grid and save_image. */
#include "data/image.h"
#include "graph/graph.h"

struct grid {
    struct tenka_grid_params params;
    uint32_t count, channels, height, width; /* of the pictures */
    uint32_t columns, padding;
};

/* A float's byte, as torchvision computes it in float: (x clamped - low) / (high - low) * 255 + 0.5, cut off. NaN is
 * black. */
static uint8_t level(const struct tenka_grid_params *params, float x)
{
    const float low = (float)params->low, high = (float)params->high;
    const float inside = x > high ? high : x > low ? x : low;
    const float width = (float)(params->high - params->low);
    return (uint8_t)((inside - low) / (width > 1e-5f ? width : 1e-5f) * 255 + 0.5f);
}

static tenka_status look_at(tenka_tensor pictures, const struct tenka_grid_params *given, struct grid *g)
{
    struct tenka_error *const err = tenka_ctx_error(pictures.ctx);
    struct tenka_desc desc;
    char text[TENKA_SHAPE_TEXT];
    TENKA_TRY(tenka_readable(pictures, &desc));
    const struct tenka_shape shape = desc.shape;
    g->params = (struct tenka_grid_params)TENKA_GRID_DEFAULTS;
    TENKA_TRY(tenka_take_params(err, "image_grid", "TENKA_GRID_DEFAULTS", &g->params, given));
    if (desc.dtype != TENKA_F32 || shape.rank != 4 || (shape.dim[1] != 1 && shape.dim[1] != 3))
        return tenka_fail(err, TENKA_E_SHAPE, "image_grid: pictures are f32 [N, 1 or 3, H, W], not %s %s",
                          tenka_dtype_name(desc.dtype), tenka_shape_text(&shape, text));
    if (g->params.columns == 0 || !(g->params.low < g->params.high))
        return tenka_fail(err, TENKA_E_INVALID, "image_grid: %u columns, from %g to %g", g->params.columns,
                          g->params.low, g->params.high);
    g->count = shape.dim[0], g->channels = shape.dim[1], g->height = shape.dim[2], g->width = shape.dim[3];
    g->columns = g->count < g->params.columns ? g->count : g->params.columns;
    g->padding = g->count > 1 ? g->params.padding : 0;
    return TENKA_OK;
}

static void put(const struct grid *g, uint32_t index, const float *picture, tenka_image *image)
{
    const size_t top = index / g->columns * (size_t)(g->height + g->padding) + g->padding;
    const size_t left = index % g->columns * (size_t)(g->width + g->padding) + g->padding;
    for (uint32_t c = 0; c < g->channels; c++)
        for (uint32_t y = 0; y < g->height; y++)
            for (uint32_t x = 0; x < g->width; x++)
                image->pixels[((top + y) * image->width + left + x) * g->channels + c] = level(&g->params, *picture++);
}

tenka_status tenka_image_grid(tenka_tensor pictures, const struct tenka_grid_params *params, tenka_image **out)
{
    struct grid g;
    *out = NULL;
    if (pictures.ctx == NULL)
        return TENKA_E_INVALID;
    struct tenka_error *const err = tenka_ctx_error(pictures.ctx);
    TENKA_TRY(look_at(pictures, params, &g));
    const uint64_t rows = (g.count + g.columns - 1) / g.columns, padding = g.padding;
    const uint64_t width = g.columns * (g.width + padding) + padding, height = rows * (g.height + padding) + padding;
    if (width > TENKA_IMAGE_MAX_SIDE || height > TENKA_IMAGE_MAX_SIDE)
        return tenka_fail(err, TENKA_E_INVALID, "image_grid: %llu x %llu pixels are more than a picture has",
                          (unsigned long long)width, (unsigned long long)height);
    const size_t each = (size_t)g.channels * g.height * g.width;
    float *const numbers = tenka_alloc_array(g.count * each, sizeof(*numbers));
    tenka_status s = numbers != NULL ? tenka_read(pictures, numbers, g.count * each * sizeof(*numbers))
                                     : tenka_fail_nomem(err);
    if (s == TENKA_OK)
        s = tenka_image_make(err, (uint32_t)width, (uint32_t)height, g.channels, out);
    for (uint32_t i = 0; s == TENKA_OK && i < g.count; i++)
        put(&g, i, numbers + i * each, *out);
    tenka_free(numbers);
    return s;
}

tenka_status tenka_image_save_grid(tenka_tensor pictures, const struct tenka_grid_params *params, const char *path)
{
    tenka_image *image;
    TENKA_TRY(tenka_image_grid(pictures, params, &image));
    const tenka_status s = tenka_image_save(pictures.ctx, image, path);
    tenka_image_destroy(&image);
    return s;
}
