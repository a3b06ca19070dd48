/* The metadata tenka.checkpoint: writing, reading, comparing with a run. Real numbers are strings, since JSON has no
 * NaN; the generator's words are hexadecimal. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "python/text.h"
#include "train/checkpoint.h"
#include "train/checkpoint_json.h"

#define FORMAT 1
#define RNG_WORDS 624
#define NUMBER 32 /* bytes of a whole number as text */

tenka_status tenka_checkpoint_differs(struct tenka_error *err, const char *path, const char *what, const char *there,
                                      const char *here)
{
    return tenka_fail(err, TENKA_E_INVALID, "%s: the checkpoint belongs to a run with %s %.200s, this one has %.200s",
                      path, what, there, here);
}

tenka_status tenka_checkpoint_damaged(struct tenka_error *err, const char *path, const char *what)
{
    return tenka_fail(err, TENKA_E_FORMAT, "%s: the checkpoint is damaged: %s", path, what);
}

#define DEVICE_NAME 640

/* The device as far as results depend on it: the CPU's name ends with the number of threads, which is left out. */
static const char *device_name(const tenka_ctx *ctx, char out[DEVICE_NAME])
{
    const enum tenka_backend backend = tenka_ctx_backend(ctx);
    snprintf(out, DEVICE_NAME, "%s", tenka_ctx_device_name(ctx));
    char *const threads = strrchr(out, ',');
    if ((backend == TENKA_BACKEND_CPU || backend == TENKA_BACKEND_CPU_F64) && threads != NULL)
        *threads = '\0';
    return out;
}

/* ---- Writing ---- */

static json_t *write_rng(const struct tenka_rng *rng)
{
    char words[8 * RNG_WORDS + 1];
    for (size_t i = 0; i < RNG_WORDS; i++)
        snprintf(words + 8 * i, 9, "%08" PRIx32, rng->state[i]);
    return json_pack("{s:i, s:s}", "next", (int)rng->next, "state", words);
}

/* Of NAdam, by the variables' names. */
static json_t *write_products(const struct tenka_run *run, size_t group)
{
    json_t *const products = json_object();
    bool good = products != NULL;
    for (size_t i = 0; i < run->n_slots && good; i++)
        if (run->slots[i].group == group)
            good = json_object_set_new(products, run->slot_names[i], tenka_json_of_real(run->slots[i].product)) == 0;
    if (good)
        return products;
    json_decref(products);
    return NULL;
}

static json_t *write_group(const struct tenka_run *run, size_t group)
{
    struct tenka_optimizer_option options[TENKA_MAX_OPTIMIZER_OPTIONS];
    const size_t count = tenka_optimizer_options(run->training->optimizer, group, options);
    json_t *const numbers = json_object(), *const steps = json_object();
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good = json_object_set_new(numbers, options[i].name, tenka_json_of_real(options[i].value)) == 0 && good;
    for (size_t i = 0; i < run->n_slots; i++)
        if (run->slots[i].group == group)
            good = json_object_set_new(steps, run->slot_names[i], json_integer((json_int_t)run->slots[i].steps)) == 0 &&
                   good;
    /* Takes both over, also on failure. */
    json_t *const object = json_pack("{s:o, s:o, s:o}", "options", numbers, "steps", steps, "initial_lr",
                                     tenka_json_of_real(tenka_optimizer_initial_lr(run->training->optimizer, group)));
    if (good && tenka_optimizer_has_product(run->training->optimizer))
        good = json_object_set_new(object, "mu_product", write_products(run, group)) == 0;
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *write_optimizer(const struct tenka_run *run)
{
    const tenka_optimizer *const opt = run->training->optimizer;
    json_t *const groups = json_array();
    bool good = true;
    for (size_t g = 0; g < tenka_optimizer_groups(opt); g++)
        good = json_array_append_new(groups, write_group(run, g)) == 0 && good;
    json_t *const object = json_pack("{s:s, s:I, s:o}", "kind", tenka_optimizer_kind(opt), "steps",
                                     (json_int_t)tenka_optimizer_steps(opt), "groups", groups);
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *write_numbers(tenka_schedule *schedule)
{
    const size_t count = tenka_schedule_save(schedule, NULL, 0);
    double *const numbers = tenka_alloc_array(count + 1, sizeof(numbers[0]));
    json_t *const array = json_array();
    bool good = numbers != NULL && array != NULL;
    if (good)
        tenka_schedule_save(schedule, numbers, count);
    for (size_t i = 0; i < count && good; i++)
        good = json_array_append_new(array, tenka_json_of_real(numbers[i])) == 0;
    tenka_free(numbers);
    if (good)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *write_schedule(tenka_schedule *s)
{
    if (s == NULL)
        return json_null();
    return json_pack("{s:s, s:b, s:I, s:o}", "text", s->text, "by_step", (int)s->by_step, "total", (json_int_t)s->total,
                     "numbers", write_numbers(s));
}

/* A parameter without a gradient, or a buffer that stays. */
static bool is_frozen(const struct tenka_state_entry *entry)
{
    return entry->parameter ? !tenka_variable_requires_grad(entry->var) : entry->fixed;
}

/* The names of what is frozen, as keys. */
static json_t *write_frozen(const struct tenka_run *run)
{
    json_t *const names = json_object();
    bool good = names != NULL;
    for (size_t i = 0; i < run->n_state && good; i++)
        good = !is_frozen(&run->state[i]) || json_object_set_new(names, run->state[i].name, json_true()) == 0;
    if (good)
        return names;
    json_decref(names);
    return NULL;
}

static json_t *write_average(const tenka_average *average)
{
    if (average == NULL)
        return json_null();
    return json_pack("{s:o, s:I}", "decay", tenka_json_of_real(tenka_average_decay(average)), "updates",
                     (json_int_t)tenka_average_updates(average));
}

/* Whose masks tenka_dropout draws: the other ones draw otherwise from the generator. */
static const char *mask_name(const tenka_ctx *ctx)
{
    return tenka_ctx_torch_masks(ctx) ? "torch" : "philox";
}

tenka_status tenka_checkpoint_write_state(const struct tenka_run *run, char **text)
{
    const struct tenka_training *const t = run->training;
    char seed[NUMBER], device[DEVICE_NAME];
    double sum = 0;
    uint64_t count = 0;
    *text = NULL;
    if (t->loss != NULL)
        TENKA_TRY(tenka_meter_read(t->loss, &sum, NULL, &count));
    snprintf(seed, sizeof(seed), "%" PRIu64, t->seed);
    json_t *const loss = json_pack("{s:o, s:I}", "sum", tenka_json_of_real(sum), "count", (json_int_t)count);
    json_t *const root = json_pack(
        "{s:i, s:I, s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s*, s:s*}", "format", FORMAT, "epoch",
        (json_int_t)t->epoch, "step", (json_int_t)t->step, "seed", seed, "dropout_mask", mask_name(run->ctx), "device",
        device_name(run->ctx, device), "generator", write_rng(tenka_ctx_rng(run->ctx)), "optimizer",
        write_optimizer(run), "train_loader", tenka_checkpoint_write_loader(t->train_loader), "test_loader",
        tenka_checkpoint_write_loader(t->test_loader), "loss", loss, "frozen", write_frozen(run), "schedule",
        write_schedule(t->schedule), "average", write_average(t->average), "criterion", t->criterion, "note",
        t->note[0] != '\0' ? t->note : NULL);
    *text = tenka_json_text(root);
    json_decref(root);
    return *text != NULL ? TENKA_OK : tenka_fail_nomem(run->err);
}

/* ---- Reading: false means damaged ---- */

static bool read_word(const char *text, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < 8; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *const digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
        if (digit == NULL)
            return false;
        *out = *out << 4 | (uint32_t)(digit - digits);
    }
    return true;
}

static bool read_rng(const json_t *object, struct tenka_rng *out)
{
    const char *const words = json_string_value(json_object_get(object, "state"));
    bool good = words != NULL && strlen(words) == 8 * RNG_WORDS && tenka_json_u32(object, "next", &out->next) &&
                out->next <= RNG_WORDS;
    for (size_t i = 0; i < RNG_WORDS && good; i++)
        good = read_word(words + 8 * i, &out->state[i]);
    return good;
}

/* ---- Comparing ---- */

tenka_status tenka_checkpoint_compare_count(const struct tenka_run *run, const char *path, const char *what,
                                            uint64_t there, uint64_t here)
{
    if (there == here)
        return TENKA_OK;
    return tenka_fail(run->err, TENKA_E_INVALID,
                      "%s: the checkpoint belongs to a run with %" PRIu64 " %s%s, this one has %" PRIu64, path, there,
                      what, there == 1 ? "" : "s", here);
}

static tenka_status compare_options(const struct tenka_run *run, const char *path, size_t group, const json_t *object,
                                    double *lr)
{
    struct tenka_optimizer_option here[TENKA_MAX_OPTIMIZER_OPTIONS];
    char a[TENKA_NUMBER_TEXT], b[TENKA_NUMBER_TEXT], what[96];
    const size_t count = tenka_optimizer_options(run->training->optimizer, group, here);
    for (size_t i = 0; i < count; i++) {
        /* What older versions did not know had its usual value. */
        const json_t *const text = json_object_get(object, here[i].name);
        double there = here[i].usual;
        if ((i == 0 || text != NULL) && (!tenka_json_real(text, &there) || (i == 0 && !isfinite(there))))
            return tenka_checkpoint_damaged(run->err, path, "an option of the optimizer is missing or no number");
        /* The learning rate is no option but state: schedules change it. */
        if (i == 0)
            *lr = there;
        else if (there != here[i].value && !(isnan(there) && isnan(here[i].value))) {
            snprintf(what, sizeof(what), "an optimizer whose %.32s is", here[i].name);
            return tenka_checkpoint_differs(run->err, path, what, tenka_number_text(there, a),
                                            tenka_number_text(here[i].value, b));
        }
    }
    return TENKA_OK;
}

static tenka_status compare_group(const struct tenka_run *run, const char *path, size_t group, const json_t *object,
                                  struct tenka_checkpoint *out)
{
    const json_t *const steps = json_object_get(object, "steps");
    size_t count = 0;
    TENKA_TRY(compare_options(run, path, group, json_object_get(object, "options"), &out->lr[group]));
    const json_t *const initial = json_object_get(object, "initial_lr");
    out->initial_lr[group] = out->lr[group]; /* older versions had no other */
    if (initial != NULL && (!tenka_json_real(initial, &out->initial_lr[group]) || !(out->initial_lr[group] >= 0)))
        return tenka_checkpoint_damaged(run->err, path, "the learning rate to begin with is no number");
    for (size_t i = 0; i < run->n_slots; i++) {
        if (run->slots[i].group != group)
            continue;
        count++;
        out->slot_products[i] = 1;
        if (tenka_optimizer_has_product(run->training->optimizer) &&
            !tenka_json_real(json_object_get(json_object_get(object, "mu_product"), run->slot_names[i]),
                             &out->slot_products[i]))
            return tenka_checkpoint_damaged(run->err, path, "a mu_product is missing");
        if (!tenka_json_whole(steps, run->slot_names[i], INT64_MAX, &out->slot_steps[i]))
            return tenka_fail(run->err, TENKA_E_INVALID, "%s: the optimizer of the checkpoint does not train %s", path,
                              run->slot_names[i]);
    }
    return tenka_checkpoint_compare_count(run, path, "trained tensor", json_object_size(steps), count);
}

static tenka_status compare_optimizer(const struct tenka_run *run, const char *path, const json_t *object,
                                      struct tenka_checkpoint *out)
{
    const tenka_optimizer *const opt = run->training->optimizer;
    const json_t *const groups = json_object_get(object, "groups");
    const char *const kind = json_string_value(json_object_get(object, "kind"));
    if (kind == NULL || !json_is_array(groups) || !tenka_json_whole(object, "steps", INT64_MAX, &out->optimizer_steps))
        return tenka_checkpoint_damaged(run->err, path, "no kind, steps or groups of the optimizer");
    if (strcmp(kind, tenka_optimizer_kind(opt)) != 0)
        return tenka_checkpoint_differs(run->err, path, "the optimizer", kind, tenka_optimizer_kind(opt));
    TENKA_TRY(tenka_checkpoint_compare_count(run, path, "parameter group", json_array_size(groups),
                                             tenka_optimizer_groups(opt)));
    for (size_t g = 0; g < tenka_optimizer_groups(opt); g++)
        TENKA_TRY(compare_group(run, path, g, json_array_get(groups, g), out));
    return TENKA_OK;
}

static tenka_status compare_total(const struct tenka_run *run, const char *path, uint64_t there, uint64_t here)
{
    char a[NUMBER], b[NUMBER];
    snprintf(a, sizeof(a), "%" PRIu64, there);
    snprintf(b, sizeof(b), "%" PRIu64, here);
    return there == here ? TENKA_OK : tenka_checkpoint_differs(run->err, path, "a schedule whose length is", a, b);
}

static tenka_status read_numbers(const struct tenka_run *run, const char *path, const json_t *numbers, double *out)
{
    const size_t all = tenka_schedule_save(run->training->schedule, NULL, 0), count = json_array_size(numbers);
    if (count != tenka_schedule_older(run->training->schedule, out, all) && count != all)
        return tenka_checkpoint_damaged(run->err, path, "numbers of the schedule are missing");
    for (size_t i = 0; i < count; i++)
        if (!tenka_json_real(json_array_get(numbers, i), &out[i]))
            return tenka_checkpoint_damaged(run->err, path, "a number of the schedule is none");
    return TENKA_OK;
}

/* Checkpoints of older versions say nothing: there was no schedule. */
static tenka_status compare_schedule(const struct tenka_run *run, const char *path, const json_t *object, double *out)
{
    const tenka_schedule *const s = run->training->schedule;
    const char *const there = json_string_value(json_object_get(object, "text"));
    bool by_step;
    uint64_t total;
    if (object != NULL && !json_is_null(object) &&
        (there == NULL || !tenka_json_bool(object, "by_step", &by_step) ||
         !tenka_json_whole(object, "total", INT64_MAX, &total)))
        return tenka_checkpoint_damaged(run->err, path, "no text, measure or length of the schedule");
    if ((there == NULL) != (s == NULL) || (s != NULL && strcmp(there, s->text) != 0))
        return tenka_checkpoint_differs(run->err, path, "the schedule", there != NULL ? there : "none",
                                        s != NULL ? s->text : "none");
    if (s == NULL)
        return TENKA_OK;
    if (by_step != s->by_step)
        return tenka_checkpoint_differs(run->err, path, "a schedule per", by_step ? "step" : "epoch",
                                        s->by_step ? "step" : "epoch");
    TENKA_TRY(compare_total(run, path, total, s->total));
    return read_numbers(run, path, json_object_get(object, "numbers"), out);
}

/* Checkpoints of older versions say nothing: there was no average. */
static tenka_status compare_average(const struct tenka_run *run, const char *path, const json_t *object, uint64_t *out)
{
    const tenka_average *const average = run->training->average;
    const bool has = object != NULL && !json_is_null(object);
    double there = (double)NAN;
    char a[TENKA_NUMBER_TEXT] = "none", b[TENKA_NUMBER_TEXT] = "none";
    if (has && (!tenka_json_real(json_object_get(object, "decay"), &there) ||
                !tenka_json_whole(object, "updates", INT64_MAX, out)))
        return tenka_checkpoint_damaged(run->err, path, "no decay or number of updates of the average");
    if (has == (average != NULL) && (!has || there == tenka_average_decay(average)))
        return TENKA_OK;
    if (has)
        tenka_number_text(there, a);
    if (average != NULL)
        tenka_number_text(tenka_average_decay(average), b);
    return tenka_checkpoint_differs(run->err, path, "an average of the weights, of decay", a, b);
}

static tenka_status read_note(const struct tenka_run *run, const char *path, const json_t *note, char *out)
{
    const char *const text = json_string_value(note);
    if (note != NULL && (text == NULL || strlen(text) >= TENKA_TRAINING_NOTE))
        return tenka_checkpoint_damaged(run->err, path, "its note is no text, or too long");
    snprintf(out, TENKA_TRAINING_NOTE, "%s", text != NULL ? text : "");
    return TENKA_OK;
}

/* Checkpoints of older versions have no list: nothing was frozen. */
static tenka_status compare_frozen(const struct tenka_run *run, const char *path, const json_t *names)
{
    for (size_t i = 0; i < run->n_state; i++) {
        const bool here = is_frozen(&run->state[i]), there = json_object_get(names, run->state[i].name) != NULL;
        if (here != there)
            return tenka_fail(run->err, TENKA_E_INVALID,
                              "%s: the checkpoint belongs to a run in which %.200s %s, in this one it %s", path,
                              run->state[i].name, there ? "is frozen" : "is not frozen", here ? "is" : "is not");
    }
    return TENKA_OK;
}

/* On another device nothing continues bit for bit, dropout's masks neither; that is said, but allowed. */
static tenka_status compare_device(const struct tenka_run *run, const char *path, const json_t *root, const char *mask)
{
    const char *const there = json_string_value(json_object_get(root, "device"));
    char here[DEVICE_NAME];
    if (there != NULL && strcmp(there, device_name(run->ctx, here)) != 0)
        tenka_say(tenka_ctx_log(run->ctx), TENKA_LOG_WARNING,
                  "%s was written on another device (%.200s): the run continues, but not bit for bit", path, there);
    else if (strcmp(mask, mask_name(run->ctx)) != 0)
        return tenka_checkpoint_differs(run->err, path, "dropout mask", mask, mask_name(run->ctx));
    return TENKA_OK;
}

static tenka_status read_root(const struct tenka_run *run, const char *path, const json_t *root,
                              struct tenka_checkpoint *out)
{
    const struct tenka_training *const t = run->training;
    const json_t *const loss = json_object_get(root, "loss");
    const char *const seed = json_string_value(json_object_get(root, "seed"));
    const char *const mask = json_string_value(json_object_get(root, "dropout_mask"));
    char here[NUMBER];
    uint64_t format;
    if (!tenka_json_whole(root, "format", INT64_MAX, &format))
        return tenka_checkpoint_damaged(run->err, path, "no format");
    if (format != FORMAT)
        return tenka_fail(run->err, TENKA_E_FORMAT, "%s: the checkpoint has format %" PRIu64 ", this version reads %d",
                          path, format, FORMAT);
    if (seed == NULL || mask == NULL || !tenka_json_whole(root, "epoch", INT64_MAX, &out->epoch) ||
        !tenka_json_whole(root, "step", INT64_MAX, &out->step) ||
        !read_rng(json_object_get(root, "generator"), &out->rng) ||
        !tenka_json_real(json_object_get(loss, "sum"), &out->loss_sum) ||
        !tenka_json_whole(loss, "count", INT64_MAX, &out->loss_count))
        return tenka_checkpoint_damaged(run->err, path, "no seed, dropout mask, epoch, step, loss or generator");
    TENKA_TRY(tenka_checkpoint_compare_loader(run, path, "training", json_object_get(root, "train_loader"),
                                              t->train_loader, &out->train_loader));
    TENKA_TRY(tenka_checkpoint_compare_loader(run, path, "test", json_object_get(root, "test_loader"), t->test_loader,
                                              &out->test_loader));
    TENKA_TRY(compare_frozen(run, path, json_object_get(root, "frozen")));
    const char *const criterion = json_string_value(json_object_get(root, "criterion"));
    if (criterion != NULL && t->criterion != NULL && strcmp(criterion, t->criterion) != 0)
        return tenka_checkpoint_differs(run->err, path, "the loss", criterion, t->criterion);
    TENKA_TRY(compare_optimizer(run, path, json_object_get(root, "optimizer"), out));
    TENKA_TRY(compare_schedule(run, path, json_object_get(root, "schedule"), out->schedule));
    TENKA_TRY(compare_average(run, path, json_object_get(root, "average"), &out->averaged));
    TENKA_TRY(read_note(run, path, json_object_get(root, "note"), out->note));
    snprintf(here, sizeof(here), "%" PRIu64, t->seed);
    if (strcmp(seed, here) != 0)
        return tenka_checkpoint_differs(run->err, path, "seed", seed, here);
    return compare_device(run, path, root, mask);
}

tenka_status tenka_checkpoint_read_state(const struct tenka_run *run, const char *path, const char *text,
                                         struct tenka_checkpoint *out)
{
    json_error_t why = {.text = ""};
    json_t *const root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL && tenka_json_lacks_memory(&why))
        return tenka_fail_nomem(run->err);
    const tenka_status status = root != NULL ? read_root(run, path, root, out)
                                             : tenka_checkpoint_damaged(run->err, path, why.text);
    json_decref(root);
    return status;
}
