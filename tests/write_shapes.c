/* write_shapes FOLDER FIRST COUNT SIDE: pictures with masks, FOLDER/images/N.png and FOLDER/masks/N.png of SIDE x SIDE
 * pixels, for tests of segmentation: a bright disc and a dark square on noise, whose classes are 1 and 2. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tenka/tenka.h"

#define MOST 256

static uint32_t drawn;

static uint32_t draw(uint32_t n)
{
    drawn = drawn * 1664525u + 1013904223u;
    return (drawn >> 8) % n;
}

/* Which class a pixel has. */
struct shapes {
    int side, x, y, radius, left, top, size;
};

static int class_of(const struct shapes *s, int x, int y)
{
    const int dx = x - s->x, dy = y - s->y;
    if (x >= s->left && x < s->left + s->size && y >= s->top && y < s->top + s->size)
        return 2;
    return dx * dx + dy * dy <= s->radius * s->radius;
}

static struct shapes draw_shapes(int side)
{
    struct shapes s = {.side = side, .radius = side / 8 + (int)draw((uint32_t)side / 8)};
    s.size = side / 4 + (int)draw((uint32_t)side / 8);
    s.x = (int)draw((uint32_t)side);
    s.y = (int)draw((uint32_t)side);
    s.left = (int)draw((uint32_t)(side - s.size));
    s.top = (int)draw((uint32_t)(side - s.size));
    return s;
}

static void paint(const struct shapes *s, uint8_t *picture, uint8_t *mask)
{
    static const uint8_t level[3] = {100, 190, 20};
    for (int y = 0; y < s->side; y++)
        for (int x = 0; x < s->side; x++) {
            const int class = class_of(s, x, y);
            *mask++ = (uint8_t) class;
            for (int c = 0; c < 3; c++)
                *picture++ = (uint8_t)(level[class] + draw(40));
        }
}

static int save(tenka_ctx *ctx, const uint8_t *pixels, int side, uint32_t channels, const char *path)
{
    tenka_image *image = NULL;
    tenka_status status = tenka_image_create(ctx, pixels, (uint32_t)side, (uint32_t)side, channels, &image);
    if (status == TENKA_OK)
        status = tenka_image_save(ctx, image, path);
    tenka_image_destroy(&image);
    return status != TENKA_OK;
}

int main(int argc, char **argv)
{
    static uint8_t picture[MOST * MOST * 3], mask[MOST * MOST];
    struct tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    char path[1024];
    tenka_ctx *ctx;
    int failed = argc != 5;
    const int first = failed ? 0 : atoi(argv[2]), count = failed ? 0 : atoi(argv[3]), side = failed ? 0 : atoi(argv[4]);
    params.backend = TENKA_BACKEND_CPU;
    if (failed || side < 16 || side > MOST || tenka_ctx_create(&params, &ctx) != TENKA_OK)
        return 2;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", argv[1], i == 0 ? "images" : "masks");
        mkdir(argv[1], 0777);
        mkdir(path, 0777);
    }
    for (int i = first; i < first + count; i++) {
        drawn = (uint32_t)i + 1;
        draw(2);
        const struct shapes s = draw_shapes(side);
        paint(&s, picture, mask);
        snprintf(path, sizeof(path), "%s/images/%d.png", argv[1], i);
        failed += save(ctx, picture, side, 3, path);
        snprintf(path, sizeof(path), "%s/masks/%d.png", argv[1], i);
        failed += save(ctx, mask, side, 1, path);
    }
    tenka_ctx_destroy(&ctx);
    return failed != 0;
}
