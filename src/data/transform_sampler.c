/* The sampler that transforms pictures, on as many threads as there are. */
#include "data/pictures.h"
#include "data/transform.h"
#include "graph/graph.h"

/* Rooms that wait for the next sample; those of more threads are given up. */
#define ROOMS 64

struct transforming {
    tenka_transform *transform;
    struct tenka_transformed form; /* of each sample */
    bool bytes;                    /* samples are what the numbers stand for */
    bool doubles;                  /* else they are such, or floats */
    int32_t nothing;               /* of masks: what stands where there is no class */
    _Atomic(tenka_transform_room *) rooms[ROOMS];
};

static void free_transforming(void *user)
{
    struct transforming *const t = user;
    for (size_t i = 0; i < ROOMS; i++) {
        tenka_transform_room *room = atomic_load(&t->rooms[i]);
        tenka_transform_room_destroy(&room);
    }
    tenka_transform_destroy(&t->transform);
    tenka_free(t);
}

/* ---- Rooms ---- */

/* One that nobody uses; NULL: no memory. */
static tenka_transform_room *take_room(struct transforming *t)
{
    tenka_transform_room *room = NULL;
    for (size_t i = 0; i < ROOMS && room == NULL; i++)
        room = atomic_exchange(&t->rooms[i], NULL);
    return room != NULL ? room : tenka_alloc(sizeof(*room));
}

static void give_room(struct transforming *t, tenka_transform_room *room)
{
    for (size_t i = 0; i < ROOMS; i++) {
        tenka_transform_room *nothing = NULL;
        if (atomic_compare_exchange_strong(&t->rooms[i], &nothing, room))
            return;
    }
    tenka_transform_room_destroy(&room);
}

/* ---- Samples ---- */

static tenka_status apply(const struct transforming *t, tenka_transform_room *room,
                          const struct tenka_transform_key *key, const tenka_image *picture, void *dst)
{
    const struct tenka_transform_picture from = {picture->pixels, picture->width, picture->height, picture->channels};
    const struct tenka_transformed *const form = &t->form;
    const size_t elements = (size_t)form->channels * form->height * form->width;
    struct tenka_transformed got;
    if (t->bytes)
        TENKA_TRY(tenka_transform_apply_bytes(t->transform, room, key, &from, dst, elements, &got));
    else
        TENKA_TRY(tenka_transform_apply(t->transform, room, key, &from, t->doubles ? NULL : dst,
                                        elements * sizeof(float), &got));
    if (got.channels != form->channels || got.height != form->height || got.width != form->width ||
        (got.dtype == TENKA_U8) != t->bytes || !got.tensor)
        return tenka_fail(&room->err, TENKA_E_SHAPE,
                          "a picture of %ux%u pixels becomes %ux%ux%u by the transform, unlike the others, of %ux%ux%u",
                          from.width, from.height, got.channels, got.height, got.width, form->channels, form->height,
                          form->width);
    for (size_t i = 0; i < elements && !t->bytes && t->doubles; i++)
        ((double *)dst)[i] = ((const float *)got.data)[i];
    return TENKA_OK;
}

static struct tenka_transform_key key_of(uint32_t index, uint64_t epoch)
{
    return (struct tenka_transform_key){.seed = epoch, .epoch = 0, .sample = index};
}

static bool find_part(const void *user, uint32_t index, uint64_t epoch, uint32_t width, uint32_t height,
                      struct tenka_part *out)
{
    const struct transforming *const t = user;
    const struct tenka_transform_key key = key_of(index, epoch);
    return tenka_transform_part(t->transform, &key, width, height, out);
}

static tenka_status make(const void *user, struct tenka_error *err, const tenka_image *picture, uint32_t index,
                         uint64_t epoch, void *dst)
{
    struct transforming *const t = (struct transforming *)user; /* whose rooms alone change */
    const struct tenka_transform_key key = key_of(index, epoch);
    tenka_transform_room *const room = take_room(t);
    if (room == NULL)
        return tenka_fail_nomem(err);
    const tenka_status status = apply(t, room, &key, picture, dst);
    if (status != TENKA_OK)
        *err = room->err;
    give_room(t, room);
    return status;
}

/* ---- Masks ---- */

static tenka_status apply_to_mask(const struct transforming *t, tenka_transform_room *room,
                                  const struct tenka_transform_key *key, const tenka_image *mask, int32_t *out)
{
    const struct tenka_transform_picture from = {mask->pixels, mask->width, mask->height, 1};
    struct tenka_transformed got;
    TENKA_TRY(tenka_transform_apply(t->transform, room, key, &from, NULL, 0, &got));
    if (got.height != t->form.height || got.width != t->form.width)
        return tenka_fail(&room->err, TENKA_E_SHAPE,
                          "a mask of %ux%u pixels becomes %ux%u by the transform, unlike its picture, of %ux%u",
                          mask->width, mask->height, got.width, got.height, t->form.width, t->form.height);
    const uint8_t *const pixels = got.data;
    for (size_t i = 0; i < got.bytes; i++)
        out[i] = pixels[i] == TENKA_MASK_NOTHING ? t->nothing : pixels[i];
    return TENKA_OK;
}

static tenka_status make_mask(const void *user, struct tenka_error *err, const tenka_image *mask, uint32_t index,
                              uint64_t epoch, void *dst)
{
    struct transforming *const t = (struct transforming *)user; /* whose rooms alone change */
    const struct tenka_transform_key key = {.seed = epoch, .epoch = 0, .sample = index};
    tenka_transform_room *const room = take_room(t);
    if (room == NULL)
        return tenka_fail_nomem(err);
    const tenka_status status = apply_to_mask(t, room, &key, mask, dst);
    if (status != TENKA_OK)
        *err = room->err;
    give_room(t, room);
    return status;
}

tenka_status tenka_sampler_masks(struct tenka_error *err, tenka_transform *transform, uint32_t height, uint32_t width,
                                 int32_t nothing, struct tenka_sampler *out)
{
    struct transforming *const t = tenka_alloc(sizeof(*t));
    if (t == NULL) {
        tenka_transform_destroy(&transform);
        return tenka_fail_nomem(err);
    }
    t->transform = transform;
    t->form = (struct tenka_transformed){.height = height, .width = width};
    t->nothing = nothing;
    *out = (struct tenka_sampler){
        .user = t, .make = make_mask, .free = free_transforming, .repeats = !tenka_transform_is_random(transform)};
    return TENKA_OK;
}

/* ---- Sizes ---- */

static bool same_form(const struct tenka_transformed *a, const struct tenka_transformed *b)
{
    return a->fixed == b->fixed && a->channels == b->channels && a->height == b->height && a->width == b->width;
}

/* Of picture number i. */
static tenka_status find_form(tenka_ctx *ctx, const struct tenka_transform_sources *p, const tenka_transform *transform,
                              uint32_t i, struct tenka_transformed *out)
{
    struct tenka_error *const err = tenka_ctx_error(ctx);
    const struct tenka_picture_facts *const facts = &p->facts[i];
    const tenka_status status = tenka_transform_size(ctx, transform, facts->width, facts->height, p->channels, out);
    if (status == TENKA_OK && out->fixed)
        return TENKA_OK;
    if (status == TENKA_OK)
        return tenka_fail(
            err, TENKA_E_SHAPE,
            "the size of what comes out of the transform depends on what is drawn, but a batch has one size: "
            "end with Resize((height, width)), CenterCrop(size) or RandomCrop(size) before ToTensor()");
    if (p->paths == NULL)
        return status;
    char *const why = tenka_strdup(err->text);
    tenka_fail(err, status, "%s: %s", p->paths[i], why != NULL ? why : "it cannot be transformed");
    tenka_free(why);
    return status;
}

/* The form that all pictures become. */
static tenka_status find_forms(tenka_ctx *ctx, const struct tenka_transform_sources *p,
                               const tenka_transform *transform, struct tenka_transformed *out)
{
    TENKA_TRY(find_form(ctx, p, transform, 0, out));
    for (uint32_t i = 1; i < p->count; i++) {
        const struct tenka_picture_facts *const before = &p->facts[i - 1], *const now = &p->facts[i];
        struct tenka_transformed form;
        if (now->width == before->width && now->height == before->height)
            continue;
        TENKA_TRY(find_form(ctx, p, transform, i, &form));
        if (!same_form(&form, out))
            return tenka_fail(tenka_ctx_error(ctx), TENKA_E_SHAPE,
                              "%s becomes %ux%u pixels, but %s %ux%u, and a batch has one size: write "
                              "Resize((height, width)), or CenterCrop(size) behind Resize(size)",
                              p->paths[0], out->width, out->height, p->paths[i], form.width, form.height);
    }
    if (out->dtype == TENKA_F32 && out->tensor)
        return TENKA_OK;
    return tenka_fail(tenka_ctx_error(ctx), TENKA_E_INVALID,
                      "what comes out of the transform are bytes, but a network takes floats: end with ToTensor(), and "
                      "Normalize() behind it");
}

tenka_status tenka_sampler_transform(tenka_ctx *ctx, const struct tenka_transform_sources *from,
                                     tenka_transform *transform, bool doubles, struct tenka_transform_form *form,
                                     struct tenka_sampler *out)
{
    struct transforming *const t = tenka_alloc(sizeof(*t));
    if (t == NULL) {
        tenka_transform_destroy(&transform);
        return tenka_fail_nomem(tenka_ctx_error(ctx));
    }
    t->transform = transform;
    t->doubles = doubles;
    const tenka_status status = find_forms(ctx, from, transform, &t->form);
    if (status != TENKA_OK) {
        free_transforming(t);
        return status;
    }
    t->bytes = tenka_transform_normalization(transform, t->form.channels, form->mean, form->std);
    form->sample = (struct tenka_desc){t->bytes ? TENKA_U8 : TENKA_F32,
                                       tenka_shape_of(t->form.channels, t->form.height, t->form.width)};
    *out = (struct tenka_sampler){.user = t,
                                  .make = make,
                                  .part = find_part,
                                  .free = free_transforming,
                                  .repeats = !tenka_transform_is_random(transform)};
    return TENKA_OK;
}
