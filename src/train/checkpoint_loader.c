/* What a checkpoint says of a loader: which samples, how they become batches, and how far it is. */
#include <inttypes.h>
#include <stdio.h>

#include "python/text.h"
#include "train/checkpoint.h"
#include "train/checkpoint_json.h"

#define NUMBER 32 /* bytes of a whole number as text */

/* Of what is done to batches; NULL: it is not, and files of older versions do not say it. */
static json_t *alpha(double x)
{
    return x > 0 ? tenka_json_of_real(x) : NULL;
}

json_t *tenka_checkpoint_write_loader(const tenka_loader *loader)
{
    struct tenka_loader_state s;
    if (loader == NULL)
        return json_null();
    tenka_loader_get_state(loader, &s);
    return json_pack("{s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:I, s:I, s:I, s:s*, s:o*, s:o*}", "images",
                     (json_int_t)s.count, "labels", (json_int_t)s.labels, "inputs", (json_int_t)s.inputs, "batch_size",
                     (json_int_t)s.batch_size, "shuffle", (int)s.shuffle, "drop_last", (int)s.drop_last, "running",
                     (int)s.running, "index", (json_int_t)s.index, "order_seed", (json_int_t)s.order_seed, "epoch_seed",
                     (json_int_t)s.epoch_seed, "transform", tenka_loader_transform(loader), "mixup", alpha(s.mixup),
                     "cutmix", alpha(s.cutmix));
}

/* ---- Reading: false means damaged ---- */

/* Files of older versions, which draw nothing for samples, have none. */
static bool read_epoch_seed(const json_t *object, struct tenka_loader_state *out)
{
    out->epoch_seed = 0;
    return json_object_get(object, "epoch_seed") == NULL ||
           tenka_json_whole(object, "epoch_seed", INT64_MAX, &out->epoch_seed);
}

/* Files of older versions do not say what the inputs were. */
static bool read_inputs(const json_t *object, struct tenka_loader_state *out)
{
    out->has_inputs = json_object_get(object, "inputs") != NULL;
    return !out->has_inputs || tenka_json_u32(object, "inputs", &out->inputs);
}

/* What files do not say was not done. */
static bool read_alpha(const json_t *object, const char *key, double *out)
{
    const json_t *const value = json_object_get(object, key);
    *out = 0;
    return value == NULL || tenka_json_real(value, out);
}

static bool read_loader(const json_t *object, struct tenka_loader_state *out)
{
    return tenka_json_u32(object, "images", &out->count) && tenka_json_u32(object, "labels", &out->labels) &&
           tenka_json_u32(object, "batch_size", &out->batch_size) &&
           tenka_json_bool(object, "shuffle", &out->shuffle) && tenka_json_bool(object, "drop_last", &out->drop_last) &&
           tenka_json_bool(object, "running", &out->running) && tenka_json_u32(object, "index", &out->index) &&
           tenka_json_whole(object, "order_seed", INT64_MAX, &out->order_seed) && read_epoch_seed(object, out) &&
           read_inputs(object, out) && read_alpha(object, "mixup", &out->mixup) &&
           read_alpha(object, "cutmix", &out->cutmix);
}

/* ---- Comparing ---- */

static tenka_status compare_batch_size(const struct tenka_run *run, const char *path, const char *name, uint32_t there,
                                       uint32_t here)
{
    char what[64], a[NUMBER], b[NUMBER];
    if (there == here)
        return TENKA_OK;
    snprintf(what, sizeof(what), "a %s batch size of", name);
    snprintf(a, sizeof(a), "%" PRIu32, there);
    snprintf(b, sizeof(b), "%" PRIu32, here);
    return tenka_checkpoint_differs(run->err, path, what, a, b);
}

static tenka_status compare_flag(const struct tenka_run *run, const char *path, const char *what, bool there, bool here)
{
    return there == here ? TENKA_OK
                         : tenka_checkpoint_differs(run->err, path, what, there ? "on" : "off", here ? "on" : "off");
}

/* what: "mixup" or "cutmix". */
static tenka_status compare_alpha(const struct tenka_run *run, const char *path, const char *what, double there,
                                  double here)
{
    char a[TENKA_NUMBER_TEXT], b[TENKA_NUMBER_TEXT];
    return there == here
               ? TENKA_OK
               : tenka_checkpoint_differs(run->err, path, what, there > 0 ? tenka_number_text(there, a) : "off",
                                          here > 0 ? tenka_number_text(here, b) : "off");
}

/* Pictures that are made by no transform, or by one. */
static tenka_status compare_transform(const struct tenka_run *run, const char *path, const char *name,
                                      const json_t *object, const tenka_loader *loader)
{
    const char *const there = json_string_value(json_object_get(object, "transform"));
    const char *const here = tenka_loader_transform(loader);
    char what[64];
    snprintf(what, sizeof(what), "a run with another transform of %s images", name);
    if (there == NULL ? here == NULL : here != NULL && strcmp(there, here) == 0)
        return TENKA_OK;
    return tenka_checkpoint_other_text(run->err, path, what, there != NULL ? there : "none",
                                       here != NULL ? here : "none");
}

/* name: "training" or "test". */
static tenka_status compare_samples(const struct tenka_run *run, const char *path, const char *name,
                                    const struct tenka_loader_state *there, const struct tenka_loader_state *here)
{
    const bool labels = there->labels != here->labels;
    if (!labels && (!there->has_inputs || there->inputs == here->inputs))
        return TENKA_OK;
    return tenka_fail(
        run->err, TENKA_E_INVALID,
        "%s: the checkpoint belongs to a run with other %s images: their %s differ; give it the data that "
        "it began with, or begin a new run",
        path, name, labels ? "labels" : "inputs");
}

tenka_status tenka_checkpoint_compare_loader(const struct tenka_run *run, const char *path, const char *name,
                                             const json_t *object, const tenka_loader *loader,
                                             struct tenka_loader_state *there)
{
    struct tenka_loader_state here;
    char what[64];
    if (loader == NULL)
        return TENKA_OK;
    if (!read_loader(object, there))
        return tenka_fail(run->err, TENKA_E_FORMAT, "%s: the checkpoint is damaged: no position of a %s loader", path,
                          name);
    tenka_loader_get_state(loader, &here);
    snprintf(what, sizeof(what), "%s image", name);
    TENKA_TRY(tenka_checkpoint_compare_count(run, path, what, there->count, here.count));
    TENKA_TRY(compare_samples(run, path, name, there, &here));
    TENKA_TRY(compare_transform(run, path, name, object, loader));
    TENKA_TRY(compare_batch_size(run, path, name, there->batch_size, here.batch_size));
    TENKA_TRY(compare_flag(run, path, "shuffling", there->shuffle, here.shuffle));
    TENKA_TRY(compare_flag(run, path, "drop_last", there->drop_last, here.drop_last));
    TENKA_TRY(compare_alpha(run, path, "mixup", there->mixup, here.mixup));
    TENKA_TRY(compare_alpha(run, path, "cutmix", there->cutmix, here.cutmix));
    if (there->index > tenka_loader_batches(loader))
        return tenka_checkpoint_damaged(run->err, path, "a position after the end of the epoch");
    return TENKA_OK;
}
