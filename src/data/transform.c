/* Transforms as a program sees them. */
#include "data/transform.h"

#include "graph/graph.h"

/* ---- Making ---- */

tenka_status tenka_transform_parse(tenka_ctx *ctx, const char *text, tenka_transform **out)
{
    if (ctx == NULL || out == NULL)
        return TENKA_E_INVALID;
    *out = NULL;
    struct tenka_error *const err = tenka_ctx_error(ctx);
    if (text == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "transform_parse: text is NULL");
    tenka_transform *transform = tenka_alloc(sizeof(*transform));
    if (transform == NULL)
        return tenka_fail_nomem(err);
    const tenka_status status = tenka_transform_read(err, text, transform);
    if (status == TENKA_OK)
        *out = transform;
    else
        tenka_transform_destroy(&transform);
    return status;
}

void tenka_transform_destroy(tenka_transform **transform)
{
    if (transform == NULL || *transform == NULL)
        return;
    tenka_arena_finish(&(*transform)->arena);
    tenka_free(*transform);
    *transform = NULL;
}

/* ---- Asking ---- */

static bool is_random(const struct tenka_step *step)
{
    bool random = tenka_step_infos[step->kind].random;
    if (step->kind == TENKA_STEP_BLUR)
        random = step->arg[BLUR_SIGMA][0] != step->arg[BLUR_SIGMA][1];
    for (const struct tenka_step *child = step->child; child != NULL && !random; child = child->next)
        random = is_random(child);
    return random;
}

bool tenka_transform_is_random(const tenka_transform *transform)
{
    return is_random(transform->root);
}

/* What comes out of a step, whatever is drawn. */
static void find_form(const struct tenka_step *step, struct tenka_transformed *out)
{
    const bool to_floats = step->kind == TENKA_STEP_TO_TENSOR ||
                           (step->kind == TENKA_STEP_CONVERT && step->arg[0][0] != CONVERT_U8);
    if (to_floats)
        out->dtype = TENKA_F32;
    if (to_floats || step->kind == TENKA_STEP_PIL_TO_TENSOR)
        out->tensor = true;
    for (const struct tenka_step *child = step->child; child != NULL; child = child->next)
        find_form(child, out);
}

/* Whether what the numbers are depends on steps in it. */
static bool changes_numbers(const struct tenka_step *step)
{
    bool changes = step->kind == TENKA_STEP_TO_TENSOR || step->kind == TENKA_STEP_PIL_TO_TENSOR ||
                   step->kind == TENKA_STEP_CONVERT || step->kind == TENKA_STEP_NORMALIZE ||
                   step->kind == TENKA_STEP_ERASING;
    for (const struct tenka_step *child = step->child; child != NULL && !changes; child = child->next)
        changes = changes_numbers(child);
    return changes;
}

/* (x - m) / s of (byte / 255 - mean) / std */
static void fold_normalize(const struct tenka_step *step, uint32_t channels, double *mean, double *std)
{
    const int means = step->count[NORMALIZE_MEAN], stds = step->count[NORMALIZE_STD];
    for (uint32_t c = 0; c < channels; c++) {
        mean[c] += std[c] * step->arg[NORMALIZE_MEAN][means > 1 ? c : 0];
        std[c] *= step->arg[NORMALIZE_STD][stds > 1 ? c : 0];
    }
}

/* A step that each picture goes through; false: it makes numbers of its own, beside others. */
static bool fold(const struct tenka_step *step, uint32_t channels, double *mean, double *std)
{
    if (step->kind == TENKA_STEP_NORMALIZE)
        fold_normalize(step, channels, mean, std);
    if (step->kind != TENKA_STEP_COMPOSE)
        return step->kind != TENKA_STEP_ERASING && (step->child == NULL || !changes_numbers(step));
    bool known = true;
    for (const struct tenka_step *child = step->child; child != NULL; child = child->next)
        known = fold(child, channels, mean, std) && known;
    return known;
}

bool tenka_transform_normalization(const tenka_transform *transform, uint32_t channels, double *mean, double *std)
{
    struct tenka_transformed form = {.dtype = TENKA_U8};
    for (uint32_t c = 0; c < channels; c++) {
        mean[c] = 0;
        std[c] = 1;
    }
    find_form(transform->root, &form);
    return form.dtype == TENKA_F32 && fold(transform->root, channels, mean, std);
}

static size_t bytes_of(const struct tenka_transformed *form)
{
    const size_t each = form->dtype == TENKA_F32 ? sizeof(float) : 1;
    return (size_t)form->channels * form->height * form->width * each;
}

static tenka_status check_picture(struct tenka_error *err, uint32_t width, uint32_t height, uint32_t channels)
{
    if (channels != 1 && channels != 3)
        return tenka_fail(err, TENKA_E_INVALID, "transform: a picture of %u channels; expected 1 or 3", channels);
    return tenka_check_extent(err, "transform", width, height);
}

tenka_status tenka_transform_size(tenka_ctx *ctx, const tenka_transform *transform, uint32_t width, uint32_t height,
                                  uint32_t channels, struct tenka_transformed *out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    struct tenka_extent e = {width, height, channels};
    TENKA_TRY(check_picture(err, width, height, channels));
    TENKA_TRY(tenka_step_extent(err, transform->root, &e));
    *out = (struct tenka_transformed){.dtype = TENKA_U8};
    find_form(transform->root, out);
    out->fixed = e.width > 0 && e.height > 0 && e.channels > 0;
    if (!out->fixed)
        return TENKA_OK;
    out->width = e.width;
    out->height = e.height;
    out->channels = e.channels;
    out->bytes = bytes_of(out);
    return TENKA_OK;
}

/* ---- Rooms ---- */

tenka_status tenka_transform_room_create(tenka_ctx *ctx, tenka_transform_room **out)
{
    *out = tenka_alloc(sizeof(**out));
    return *out != NULL ? TENKA_OK : tenka_fail_nomem(tenka_ctx_error(ctx));
}

void tenka_transform_room_destroy(tenka_transform_room **room)
{
    if (room == NULL || *room == NULL)
        return;
    tenka_free((*room)->pixels[0].memory);
    tenka_free((*room)->pixels[1].memory);
    tenka_free((*room)->result.memory);
    tenka_free((*room)->scratch.memory);
    tenka_resampler_finish(&(*room)->resampler);
    tenka_free(*room);
    *room = NULL;
}

const char *tenka_transform_room_error(const tenka_transform_room *room)
{
    return room->err.text;
}

/* ---- Applying ---- */

tenka_status tenka_pixels_target(struct tenka_pixels *p, uint64_t bytes, void **out)
{
    if (p->out == NULL)
        return tenka_room_take(p->room, &p->room->result, bytes, out);
    *out = p->out;
    if (bytes <= p->out_bytes)
        return TENKA_OK;
    return tenka_fail(&p->room->err, TENKA_E_INVALID, "transform: the result has %llu bytes, but there is room for %zu",
                      (unsigned long long)bytes, p->out_bytes);
}

static tenka_status write_bytes(struct tenka_pixels *p, void **out)
{
    const struct tenka_view *const v = &p->view;
    const size_t row = (size_t)v->width * v->channels, plane = (size_t)v->width * v->height;
    TENKA_TRY(tenka_pixels_target(p, (uint64_t)row * v->height, out));
    const struct tenka_resample_lines *const with = tenka_resample_passes();
    uint8_t *to = *out;
    for (uint32_t y = 0; y < v->height; y++) {
        const uint8_t *const from = v->pixels + y * v->stride;
        if (p->tensor && v->channels == 3)
            with->planes(from, v->width, plane, to + (size_t)y * v->width);
        else
            memcpy(to + y * row, from, row);
    }
    return TENKA_OK;
}

static tenka_status finish(struct tenka_pixels *p, struct tenka_transformed *result)
{
    const bool bytes = (p->stage & (TENKA_STAGE_PICTURE | TENKA_STAGE_BYTES)) != 0;
    void *data;
    if (bytes) {
        TENKA_TRY(write_bytes(p, &data));
    } else {
        TENKA_TRY(tenka_pixels_materialise(p));
        data = p->planes;
    }
    *result = (struct tenka_transformed){.dtype = bytes ? TENKA_U8 : TENKA_F32,
                                         .tensor = p->tensor,
                                         .fixed = true,
                                         .channels = p->view.channels,
                                         .height = p->view.height,
                                         .width = p->view.width,
                                         .data = data};
    result->bytes = bytes_of(result);
    return TENKA_OK;
}

static tenka_status run(const tenka_transform *transform, const struct tenka_transform_key *key,
                        const struct tenka_transform_picture *picture, struct tenka_pixels *p)
{
    struct tenka_error *const err = &p->room->err;
    if (picture->pixels == NULL)
        return tenka_fail(err, TENKA_E_INVALID, "transform: there is no picture");
    TENKA_TRY(check_picture(err, picture->width, picture->height, picture->channels));
    p->view = (struct tenka_view){picture->pixels, (size_t)picture->width * picture->channels, picture->width,
                                  picture->height, picture->channels};
    p->buffer = -1;
    p->stage = TENKA_STAGE_PICTURE;
    p->tensor = false;
    p->classes = transform->masks;
    p->planes = NULL;
    return tenka_steps_run(transform->root, key, p);
}

tenka_status tenka_transform_apply(const tenka_transform *transform, tenka_transform_room *room,
                                   const struct tenka_transform_key *key, const struct tenka_transform_picture *picture,
                                   void *out, size_t bytes, struct tenka_transformed *result)
{
    struct tenka_pixels p;
    p.room = room;
    p.out = out;
    p.out_bytes = bytes;
    TENKA_TRY(run(transform, key, picture, &p));
    return finish(&p, result);
}

tenka_status tenka_transform_apply_bytes(const tenka_transform *transform, tenka_transform_room *room,
                                         const struct tenka_transform_key *key,
                                         const struct tenka_transform_picture *picture, void *out, size_t bytes,
                                         struct tenka_transformed *result)
{
    struct tenka_pixels p;
    p.room = room;
    p.out = out;
    p.out_bytes = bytes;
    TENKA_TRY(run(transform, key, picture, &p));
    p.stage = TENKA_STAGE_BYTES;
    return finish(&p, result);
}
