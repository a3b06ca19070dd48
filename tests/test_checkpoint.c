/* Checkpoints: a run that goes on from one has the same bits as one that never stopped, whenever it was written; other
 * runs are refused; damaged files and failing allocations change nothing.   test_checkpoint [cpu|cpu-f64|vulkan] */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "support.h"

#include <jansson.h>
#include <unistd.h>

#include "core/core.h"
#include "graph/graph.h"
#include "io/model.h"
#include "optim/average.h"

#define IMAGES 22
#define BATCH 4 /* 6 batches, the last one of 2 */
#define STEPS 17

static const char net_text[] = "Conv2d(1,3,3) BatchNorm2d(3) ReLU() Dropout(0.4) Flatten() Linear(48,3)";
static char file[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(file, "/tmp/tenka-checkpoint-XXXXXX");
    const int descriptor = mkstemp(file);
    return descriptor < 0 || close(descriptor) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(file);
}

/* ---- Runs ---- */

enum optimizer { ADAM, ADAMW, SGD, MOMENTUM, OTHERS, NADAM = OTHERS };
/* With schedules, of which some go on by step. */
static const struct {
    const char *text, *schedule;
} optimizers[] = {
    [ADAM] = {"Adam()", NULL},
    [ADAMW] = {"AdamW()", NULL},
    [SGD] = {"SGD()", NULL},
    [MOMENTUM] = {"SGD(momentum=0.9, dampening=0.2)", NULL},
    [NADAM] = {"NAdam()", "OneCycleLR(0.01, 20)"},
    {"SGD(momentum=0.9, nesterov=True)", "CyclicLR(0.001, 0.01, 3)"},
    {"Adam(amsgrad=True)", "CosineAnnealingWarmRestarts(2)"},
    {"RMSprop(centered=True, momentum=0.5)", "ExponentialLR(0.9)"},
    {"Adagrad(initial_accumulator_value=0.1)", "SequentialLR([LinearLR(0.5), StepLR(1)], [2])"},
    {"Adadelta()", "MultiStepLR([1, 2])"},
    {"RAdam(decoupled_weight_decay=True)", "ReduceLROnPlateau(patience=0)"},
    {"Adamax(maximize=True)", "WarmupCosine(2, 4)"},
    {"Lion()", "ChainedScheduler([ConstantLR(0.1, 2), CosineAnnealingLR(3)])"},
    {"Lamb()", "PolynomialLR(3)"},
};
#define OPTIMIZERS (sizeof(optimizers) / sizeof(optimizers[0]))

struct setting {
    const char *net;
    enum optimizer optimizer;
    double weight_decay;
    uint64_t seed;
    uint32_t images, batch_size, labels, pixels;
    bool shuffle;
    enum tenka_images_at images_at;
    const char *schedule; /* NULL: the optimizer's */
    struct tenka_schedule_params how;
    double decay; /* of an average; 0: none is kept */
};
static const struct setting usual = {
    net_text, ADAM, 0.01, 5, IMAGES, BATCH, 3, 251, true, TENKA_IMAGES_DEVICE, NULL, TENKA_SCHEDULE_DEFAULTS, 0};

struct run {
    tenka_ctx *ctx;
    struct tenka_training t;
};

static tenka_status make_loader(struct run *r, const struct setting *s, tenka_loader **out)
{
    static uint8_t images[IMAGES * 36];
    static int32_t labels[IMAGES];
    for (uint32_t i = 0; i < sizeof(images); i++)
        images[i] = (uint8_t)(i * i % s->pixels);
    for (uint32_t i = 0; i < IMAGES; i++)
        labels[i] = (int32_t)(i % s->labels);
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_dataset *data;
    params.batch_size = s->batch_size;
    params.shuffle = s->shuffle;
    params.images_at = s->images_at;
    TENKA_TRY(tenka_dataset_create(r->ctx, images, labels, s->images, 1, 6, 6, &data));
    const tenka_status status = tenka_loader_create(r->ctx, data, &params, out);
    tenka_dataset_destroy(&data);
    return status;
}

static tenka_status make_optimizer(struct run *r, const struct setting *s)
{
    struct tenka_optimizer_params params = TENKA_OPTIMIZER_DEFAULTS;
    const char *const schedule = s->schedule != NULL ? s->schedule : optimizers[s->optimizer].schedule;
    char changes[64];
    snprintf(changes, sizeof(changes), "weight_decay=%.17g", s->weight_decay);
    TENKA_TRY(tenka_optimizer_read(r->ctx, optimizers[s->optimizer].text, &params));
    TENKA_TRY(tenka_optimizer_change(r->ctx, changes, &params));
    TENKA_TRY(tenka_optimizer_create(r->ctx, r->t.net, &params, &r->t.optimizer));
    return schedule != NULL ? tenka_schedule_create(r->t.optimizer, schedule, &s->how, &r->t.schedule) : TENKA_OK;
}

static tenka_status open_run(const struct target *target, const struct setting *s, struct run *r)
{
    *r = (struct run){.ctx = open_target(target), .t = TENKA_TRAINING_DEFAULTS};
    tenka_manual_seed(r->ctx, s->seed);
    r->t.seed = s->seed;
    TENKA_TRY(tenka_nn_parse(r->ctx, s->net, &r->t.net));
    TENKA_TRY(make_loader(r, s, &r->t.train_loader));
    TENKA_TRY(make_loader(r, s, &r->t.test_loader));
    TENKA_TRY(make_optimizer(r, s));
    if (s->decay > 0)
        TENKA_TRY(tenka_average_create(r->t.optimizer, r->t.net, s->decay, &r->t.average));
    return tenka_meter_create(r->ctx, &r->t.loss);
}

static void close_run(struct run *r)
{
    tenka_meter_destroy(&r->t.loss);
    tenka_schedule_destroy(&r->t.schedule);
    tenka_average_destroy(&r->t.average);
    tenka_optimizer_destroy(&r->t.optimizer);
    tenka_loader_destroy(&r->t.train_loader);
    tenka_loader_destroy(&r->t.test_loader);
    tenka_module_destroy(&r->t.net);
    tenka_ctx_destroy(&r->ctx);
}

static void start(void **state, const struct setting *s, struct run *r)
{
    must(NULL, open_run(*state, s, r));
}

/* One step; a new epoch where the old one ends, with a batch of the other loader in between. */
static tenka_status step(struct run *r)
{
    struct tenka_batch batch;
    tenka_status status = tenka_loader_next(r->t.train_loader, &batch);
    if (status == TENKA_END) {
        TENKA_TRY(tenka_loader_next(r->t.test_loader, &batch));
        tenka_step_discard(r->ctx);
        TENKA_TRY(tenka_meter_reset(r->t.loss));
        TENKA_TRY(tenka_schedule_after_epoch(r->t.schedule, (double)(r->t.epoch % 3)));
        if (r->t.schedule == NULL)
            TENKA_TRY(tenka_optimizer_set_lr(r->t.optimizer, 0, tenka_optimizer_lr(r->t.optimizer, 0) / 2));
        r->t.epoch++;
        status = tenka_loader_next(r->t.train_loader, &batch);
    }
    TENKA_TRY(status);
    const tenka_tensor loss = tenka_cross_entropy(tenka_forward(r->t.net, batch.input), batch.target);
    tenka_backward(loss);
    tenka_meter_add(r->t.loss, loss);
    r->t.step++;
    snprintf(r->t.note, sizeof(r->t.note), "%u", (unsigned)r->t.step % 7);
    TENKA_TRY(tenka_optimizer_step(r->t.optimizer));
    return tenka_schedule_after_step(r->t.schedule);
}

static void steps(struct run *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        must(r->ctx, step(r));
}

/* All there is of a run: weights, buffers, numbers, the meter, and what the generator draws next. */
struct result {
    double value[1024];
    size_t count;
};

/* The averages, by way of the network; and what the program has noted. */
static void look_at_average(struct run *r, struct result *out)
{
    size_t n = 0;
    const struct tenka_average_pair *const pairs = r->t.average != NULL ? tenka_average_pairs(r->t.average, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        const struct tenka_shape shape = tenka_variable_shape(pairs[i].mean);
        const size_t count = (size_t)tenka_shape_count(&shape);
        assert_true(out->count + count + 9 < sizeof(out->value) / sizeof(out->value[0]));
        must(r->ctx, tenka_variable_read_f64(pairs[i].mean, out->value + out->count, count));
        out->count += count;
    }
    if (n > 0)
        out->value[out->count++] = (double)tenka_average_updates(r->t.average);
    out->value[out->count++] = r->t.note[0] != '\0' ? strtod(r->t.note, NULL) : 0;
}

static void look(struct run *r, struct result *out)
{
    struct tenka_state_entry entries[16];
    const size_t n = tenka_module_state(r->t.net, entries, 16);
    *out = (struct result){.count = 0};
    for (size_t i = 0; i < n; i++) {
        if (entries[i].var == NULL) {
            out->value[out->count++] = (double)*entries[i].number;
            continue;
        }
        const struct tenka_shape shape = tenka_variable_shape(entries[i].var);
        const size_t count = (size_t)tenka_shape_count(&shape);
        assert_true(out->count + count + 8 < sizeof(out->value) / sizeof(out->value[0]));
        must(r->ctx, tenka_variable_read_f64(entries[i].var, out->value + out->count, count));
        out->count += count;
    }
    look_at_average(r, out);
    uint64_t count;
    must(r->ctx, tenka_meter_read(r->t.loss, &out->value[out->count++], NULL, &count));
    out->value[out->count++] = (double)count;
    out->value[out->count++] = (double)r->t.epoch;
    out->value[out->count++] = (double)r->t.step;
    out->value[out->count++] = (double)tenka_optimizer_steps(r->t.optimizer);
    out->value[out->count++] = tenka_optimizer_lr(r->t.optimizer, 0);
    out->value[out->count++] = tenka_optimizer_initial_lr(r->t.optimizer, 0);
    out->value[out->count++] = fmax(0, tenka_optimizer_momentum(r->t.optimizer, 0)); /* NaN: it has none */
    out->value[out->count++] = tenka_rng_u32(tenka_ctx_rng(r->ctx));
}

/* ---- The same bits ---- */

static void go_on(void **state, const struct setting *s, unsigned at, const struct result *whole)
{
    struct run r;
    struct result result;
    start(state, s, &r);
    steps(&r, at);
    must(r.ctx, tenka_checkpoint_save(&r.t, NULL, file));
    close_run(&r);
    start(state, s, &r);
    /* What was done before must not matter. */
    steps(&r, at % 3);
    must(r.ctx, tenka_checkpoint_load(&r.t, NULL, file));
    assert_int_equal(r.t.step, at);
    steps(&r, STEPS - at);
    look(&r, &result);
    close_run(&r);
    assert_int_equal(result.count, whole->count);
    if (memcmp(result.value, whole->value, result.count * sizeof(result.value[0])) != 0)
        fail_msg("%s, checkpoint after step %u: another result", optimizers[s->optimizer].text, at);
}

static void test_same_bits(void **state)
{
    /* The beginning, in an epoch, its end before and after it is noticed, the last partial batch. */
    static const unsigned moments[] = {0, 1, 4, 5, 6, 7, 12, STEPS};
    /* Vulkan devices take long to open. */
    const unsigned stride = ((const struct target *)*state)->backend == TENKA_BACKEND_VULKAN ? 3 : 1;
    for (unsigned o = ADAM; o < OPTIMIZERS; o += stride) {
        struct setting s = usual;
        struct result whole;
        struct run r;
        s.optimizer = (enum optimizer)o;
        s.shuffle = o != ADAMW;
        s.decay = o == ADAMW || o == MOMENTUM ? 0.75 : 0;
        start(state, &s, &r);
        steps(&r, STEPS);
        look(&r, &whole);
        close_run(&r);
        for (size_t i = o < OTHERS ? 0 : 4; i < sizeof(moments) / sizeof(moments[0]); i += o < OTHERS ? stride : 2) {
            s.images_at = i % 2 ? TENKA_IMAGES_HOST : TENKA_IMAGES_DEVICE; /* must not matter */
            go_on(state, &s, moments[i], &whole);
        }
    }
}

static void test_is_a_model(void **state)
{
    struct run r;
    tenka_model *model;
    double a[144], b[144];
    start(state, &usual, &r);
    steps(&r, 3);
    must(r.ctx, tenka_checkpoint_save(&r.t, NULL, file));
    must(r.ctx, tenka_model_open(r.ctx, file, &model));
    must(r.ctx, tenka_variable_read_f64(tenka_module_find(r.t.net, "5.weight"), a, 144));
    must(r.ctx, tenka_variable_read_f64(tenka_module_find(tenka_model_net(model), "5.weight"), b, 144));
    assert_memory_equal(a, b, sizeof(a));
    tenka_model_destroy(&model);
    close_run(&r);
}

/* The model is the average. */
static void test_is_an_average(void **state)
{
    struct setting s = usual;
    struct run r;
    tenka_model *model;
    double a[144], b[144], c[144];
    s.decay = 0.5;
    start(state, &s, &r);
    steps(&r, 3);
    must(r.ctx, tenka_checkpoint_save(&r.t, NULL, file));
    must(r.ctx, tenka_variable_read_f64(tenka_module_find(r.t.net, "5.weight"), a, 144));
    must(r.ctx, tenka_average_swap(r.t.average));
    must(r.ctx, tenka_variable_read_f64(tenka_module_find(r.t.net, "5.weight"), b, 144));
    must(r.ctx, tenka_model_open(r.ctx, file, &model));
    must(r.ctx, tenka_variable_read_f64(tenka_module_find(tenka_model_net(model), "5.weight"), c, 144));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_equal(b, c, sizeof(b));
    tenka_model_destroy(&model);
    close_run(&r);
}

/* ---- Refusals ---- */

static void assert_refused(struct run *r, tenka_status status, tenka_status expected, const char *part)
{
    if (strstr(tenka_last_error(r->ctx), part) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, tenka_last_error(r->ctx));
    assert_int_equal(status, expected);
    assert_int_equal(r->t.step, 0);
}

static void refuse(void **state, struct setting s, const char *part)
{
    struct run r;
    struct result before, after;
    start(state, &s, &r);
    struct tenka_rng rng = *tenka_ctx_rng(r.ctx);
    look(&r, &before);
    *tenka_ctx_rng(r.ctx) = rng;
    assert_refused(&r, tenka_checkpoint_load(&r.t, NULL, file), TENKA_E_INVALID, part);
    look(&r, &after);
    assert_memory_equal(before.value, after.value, before.count * sizeof(before.value[0]));
    close_run(&r);
}

static void test_other_runs(void **state)
{
    struct run r;
    start(state, &usual, &r);
    steps(&r, 3);
    must(r.ctx, tenka_checkpoint_save(&r.t, NULL, file));
    close_run(&r);
    struct setting s = usual;
    s.net = "Conv2d(1,3,3) BatchNorm2d(3) ReLU() Dropout(0.5) Flatten() Linear(48,3)";
    refuse(state, s, "another network: line 5 is \"(3): Dropout(p=0.4, inplace=False)\" there");
    s = usual, s.optimizer = SGD;
    refuse(state, s, "the optimizer adam, this one has sgd");
    s = usual, s.optimizer = ADAMW;
    refuse(state, s, "decoupled is 0.0, this one has 1.0");
    s = usual, s.weight_decay = 0.5;
    refuse(state, s, "weight_decay is 0.01, this one has 0.5");
    s = usual, s.seed = UINT64_MAX;
    refuse(state, s, "seed 5, this one has 18446744073709551615");
    s = usual, s.images = 20;
    refuse(state, s, "a run with 22 training images, this one has 20");
    s = usual, s.batch_size = 5;
    refuse(state, s, "training batch size of 4, this one has 5");
    s = usual, s.labels = 2;
    refuse(state, s, "other training images: their labels differ; give it the data that it began with");
    s = usual, s.pixels = 241;
    refuse(state, s, "other training images: their inputs differ; give it the data that it began with");
    s = usual, s.shuffle = false;
    refuse(state, s, "shuffling on, this one has off");
    s = usual, s.schedule = "StepLR(3)";
    refuse(state, s, "the schedule none, this one has StepLR(3)");
    s = usual, s.decay = 0.5;
    refuse(state, s, "an average of the weights, of decay none, this one has 0.5");
}

static void test_other_schedules(void **state)
{
    struct run r;
    struct setting s = usual;
    s.schedule = "WarmupCosine(warmup = 3)", s.how.total = 20;
    start(state, &s, &r);
    steps(&r, 3);
    must(r.ctx, tenka_checkpoint_save(&r.t, NULL, file));
    close_run(&r);
    s.schedule = NULL;
    refuse(state, s, "the schedule WarmupCosine(warmup=3), this one has none");
    s.schedule = "WarmupCosine(warmup=4)";
    refuse(state, s, "the schedule WarmupCosine(warmup=3), this one has WarmupCosine(warmup=4)");
    s.schedule = "WarmupCosine(warmup=3)", s.how.total = 21;
    refuse(state, s, "a schedule whose length is 20, this one has 21");
    s.how.total = 20, s.how.per = TENKA_SCHEDULE_STEP;
    refuse(state, s, "a schedule per epoch, this one has step");
    s.how.per = TENKA_SCHEDULE_EPOCH;
    start(state, &s, &r);
    must(r.ctx, tenka_checkpoint_load(&r.t, NULL, file));
    close_run(&r);
}

/* What a run began with is the checkpoint's, and can be changed then. */
static void test_other_lr(void **state)
{
    struct run r;
    struct setting s = usual;
    s.schedule = "StepLR(1)";
    start(state, &s, &r);
    steps(&r, 7);
    assert_true(tenka_optimizer_lr(r.t.optimizer, 0) == 1e-3 * 0.1);
    must(r.ctx, tenka_checkpoint_save(&r.t, NULL, file));
    close_run(&r);
    start(state, &s, &r);
    must(r.ctx, tenka_schedule_set_initial_lr(r.t.schedule, r.t.optimizer, 0, 0.5));
    must(r.ctx, tenka_checkpoint_load(&r.t, NULL, file));
    assert_true(tenka_optimizer_initial_lr(r.t.optimizer, 0) == 1e-3);
    assert_true(tenka_optimizer_lr(r.t.optimizer, 0) == 1e-3 * 0.1);
    must(r.ctx, tenka_schedule_set_initial_lr(r.t.schedule, r.t.optimizer, 0, 0.02));
    assert_true(fabs(tenka_optimizer_lr(r.t.optimizer, 0) - 0.002) < 1e-15);
    close_run(&r);
}

static void test_misuse(void **state)
{
    struct run r;
    tenka_variable *var;
    start(state, &usual, &r);
    assert_int_equal(tenka_checkpoint_save(NULL, NULL, file), TENKA_E_INVALID);
    assert_refused(&r, tenka_checkpoint_save(&r.t, NULL, NULL), TENKA_E_INVALID, "NULL");
    assert_refused(&r, tenka_checkpoint_save(&r.t, NULL, "/dev/null/file"), TENKA_E_IO, "/dev/null/file");
    assert_refused(&r, tenka_checkpoint_load(&r.t, NULL, "/dev/null/file"), TENKA_E_IO, "/dev/null/file");
    must(r.ctx, tenka_model_save(r.t.net, NULL, file));
    assert_refused(&r, tenka_checkpoint_load(&r.t, NULL, file), TENKA_E_FORMAT, "no checkpoint");
    tenka_relu(tenka_value(tenka_module_find(r.t.net, "0.weight")));
    assert_refused(&r, tenka_checkpoint_save(&r.t, NULL, file), TENKA_E_INVALID, "step is open");
    tenka_step_discard(r.ctx);
    must(r.ctx, tenka_variable_create(r.ctx, TENKA_F32, tenka_shape_of(2), NULL, true, &var));
    must(r.ctx, tenka_optimizer_add_adam_group(r.t.optimizer, &var, 1, NULL, NULL));
    assert_refused(&r, tenka_checkpoint_save(&r.t, NULL, file), TENKA_E_INVALID, "not in the network's state");
    tenka_optimizer_destroy(&r.t.optimizer);
    tenka_variable_destroy(&var);
    close_run(&r);
}

/* ---- Damage: each value of the metadata in turn becomes another, or goes away ---- */

struct damage {
    struct run *run;
    json_t *root; /* the metadata, changed */
    size_t tried, taken;
};

static tenka_status no_tensor(void *user, size_t i, void *dst, size_t bytes)
{
    (void)user, (void)i;
    memset(dst, 0, bytes);
    return TENKA_OK;
}

/* A file of the network's metadata and the damaged one, without tensors: what passes all checks fails then. */
static void load_damaged(struct damage *d)
{
    struct tenka_error err;
    json_t *metadata;
    char *const text = json_dumps(d->root, JSON_COMPACT);
    must(d->run->ctx, tenka_model_metadata(d->run->t.net, NULL, &metadata));
    json_object_set_new(metadata, TENKA_CHECKPOINT_KEY, json_string(text));
    assert_int_equal(tenka_st_write(&err, file, metadata, NULL, 0, no_tensor, NULL), TENKA_OK);
    json_decref(metadata);
    free(text);
    const tenka_status status = tenka_checkpoint_load(&d->run->t, NULL, file);
    d->tried++;
    if (strstr(tenka_last_error(d->run->ctx), "Missing key(s) in state_dict: \"0.weight\"") != NULL)
        d->taken++;
    else if (status != TENKA_E_FORMAT && status != TENKA_E_INVALID)
        fail_msg("%s: %s", tenka_status_text(status), tenka_last_error(d->run->ctx));
    assert_int_equal(d->run->t.step, 0);
}

static void damage_below(struct damage *d, json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        json_t *const others[] = {json_null(),  json_integer(-1), json_integer(INT64_MAX), json_string("-1"),
                                  json_array(), json_object(),    json_real(0.5)};
        if (json_is_object(value))
            damage_below(d, value);
        if (json_is_array(value) && json_array_size(value) > 0)
            damage_below(d, json_array_get(value, 0));
        json_incref(value);
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
            json_object_set_new(object, key, others[i]);
            load_damaged(d);
        }
        json_object_set_new(object, key, value);
    }
}

static void damage_all(void **state, const struct setting *s, size_t least)
{
    struct run r;
    struct tenka_st_file good;
    struct tenka_error err;
    start(state, s, &r);
    must(r.ctx, tenka_checkpoint_save(&r.t, NULL, file));
    assert_int_equal(tenka_st_open(&err, file, &good), TENKA_OK);
    struct damage d = {.run = &r, .root = json_loads(tenka_st_metadata(&good, TENKA_CHECKPOINT_KEY), 0, NULL)};
    assert_non_null(d.root);
    tenka_st_close(&good);
    load_damaged(&d);
    assert_int_equal(d.taken, 1);
    damage_below(&d, d.root);
    printf("    %zu damaged checkpoints, %zu of them only other numbers\n", d.tried, d.taken);
    /* Counters may be large and devices have any name; all else is found out. */
    assert_true(d.tried > least && d.taken < d.tried / 5);
    json_decref(d.root);
    close_run(&r);
}

static void test_damage(void **state)
{
    struct setting s = usual;
    damage_all(state, &s, 200);
    s.optimizer = NADAM;
    s.decay = 0.5;
    damage_all(state, &s, 265);
}

/* ---- Allocations ---- */

static tenka_status save_run(void *user)
{
    return tenka_checkpoint_save(user, NULL, file);
}

static tenka_status load_run(void *user)
{
    return tenka_checkpoint_load(user, NULL, file);
}

static tenka_status make_average(void *user)
{
    struct run *const r = user;
    tenka_average *average;
    TENKA_TRY(tenka_average_create(r->t.optimizer, r->t.net, 0.9, &average));
    tenka_average_destroy(&average);
    return TENKA_OK;
}

static void test_each_allocation_of_average(void **state)
{
    struct run r;
    start(state, &usual, &r);
    fail_each_allocation(r.ctx, make_average, &r);
    close_run(&r);
}

static void test_each_allocation(void **state)
{
    struct run r;
    struct result before, after;
    struct setting s = usual;
    s.optimizer = NADAM;
    s.decay = 0.5;
    start(state, &s, &r);
    steps(&r, 2);
    must(r.ctx, tenka_checkpoint_save(&r.t, NULL, file));
    look(&r, &before);
    must(r.ctx, tenka_checkpoint_load(&r.t, NULL, file));
    fail_each_allocation(r.ctx, save_run, &r.t);
    fail_each_allocation(r.ctx, load_run, &r.t);
    look(&r, &after);
    assert_memory_equal(before.value, after.value, before.count * sizeof(before.value[0]));
    close_run(&r);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_is_a_model, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_is_an_average, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_schedules, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_lr, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_misuse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_allocation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_allocation_of_average, set_up, tear_down),
    };
    RUN_ON_TARGETS(argc, argv, tests);
}
