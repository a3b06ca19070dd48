/* Transforms from text: whatever the text, a status; what was parsed prints as something that parses to the same, and
 * does something to a picture or says why not. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tenka/transform.h"

#define SIDE 6

static void print_and_parse(tenka_ctx *ctx, const tenka_transform *transform)
{
    tenka_transform *again;
    char *const first = tenka_transform_print(transform);
    fuzz_expect(tenka_transform_parse(ctx, first, &again) == TENKA_OK, "printed text that parses");
    char *const second = tenka_transform_print(again);
    fuzz_expect(strcmp(first, second) == 0, "the same text after parsing and printing again");
    tenka_text_free(first);
    tenka_text_free(second);
    tenka_transform_destroy(&again);
}

/* Whether no number has three digits before its point: sizes that would take long are left out. */
static int is_small(const char *text)
{
    int digits = 0, fraction = 0;
    for (; *text != '\0' && digits <= 2; text++) {
        const int digit = *text >= '0' && *text <= '9';
        fraction = *text == '.' || (fraction && digit);
        digits = digit && !fraction ? digits + 1 : 0;
    }
    return digits <= 2;
}

static void apply(tenka_ctx *ctx, const tenka_transform *transform, uint32_t channels)
{
    uint8_t pixels[SIDE * SIDE * 3];
    const struct tenka_transform_picture picture = {pixels, SIDE, SIDE - 1, channels};
    struct tenka_transformed form, got;
    tenka_transform_room *room;
    for (size_t i = 0; i < sizeof(pixels); i++)
        pixels[i] = (uint8_t)(i * 37);
    fuzz_expect(tenka_transform_room_create(ctx, &room) == TENKA_OK, "a room");
    const tenka_status sized = tenka_transform_size(ctx, transform, SIDE, SIDE - 1, channels, &form);
    for (uint32_t i = 0; i < 3; i++) {
        const struct tenka_transform_key key = {1, 0, i};
        const tenka_status status = tenka_transform_apply(transform, room, &key, &picture, NULL, 0, &got);
        fuzz_expect(status == TENKA_OK || tenka_transform_room_error(room)[0] != '\0', "a sentence");
        if (status != TENKA_OK || sized != TENKA_OK)
            continue;
        fuzz_expect(got.dtype == form.dtype && got.tensor == form.tensor, "the dtype that was said");
        fuzz_expect(!form.fixed || (got.width == form.width && got.height == form.height &&
                                    got.channels == form.channels && got.bytes == form.bytes),
                    "the size that was said");
    }
    tenka_transform_room_destroy(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tenka_ctx *const ctx = fuzz_ctx();
    tenka_transform *transform;
    char *const text = malloc(size + 1);
    fuzz_expect(text != NULL, "memory");
    memcpy(text, data, size);
    text[size] = '\0';
    const tenka_status status = tenka_transform_parse(ctx, text, &transform);
    fuzz_expect((status == TENKA_OK) == (transform != NULL), "a transform exactly when the status is OK");
    fuzz_expect(status == TENKA_OK || tenka_last_error(ctx)[0] != '\0', "a sentence");
    if (transform != NULL) {
        char *const printed = tenka_transform_print(transform);
        print_and_parse(ctx, transform);
        for (uint32_t channels = 1; is_small(printed) && channels <= 3; channels += 2)
            apply(ctx, transform, channels);
        tenka_text_free(printed);
    }
    tenka_transform_destroy(&transform);
    free(text);
    return 0;
}
