/* The fastest variant of a kernel for a shape: measured when a plan first needs it, and kept on disk for the device and
 * driver. Variants differ in speed alone (variants.def), so that nothing else depends on what is found here. */
#include <math.h>

#include "backend/rig.h"
#include "backend/vulkan/choice.h"
#include "backend/vulkan/keep.h"
#include "backend/vulkan/program.h"
#include "backend/vulkan/queue.h"
#include "backend/vulkan/steps.h"
#include "backend/vulkan/tune.h"
#include "backend/vulkan/workshop.h"
#include "core/os.h"
#include "op/variant.h"

#define NAME "tune"
#define SECOND ((uint64_t)1000000000)
/* A start begins to measure no kernel after this, and says so when it takes long enough to be noticed. What is left
 * over is measured by later starts. */
#define BUDGET (4 * SECOND)
#define NOTICED (1 * SECOND)
/* Turns in which each candidate runs once, and its dispatches in each. */
#define TURNS 2
#define TIMES 3
/* Seconds in which a GPU may reach its full clock, and those in which it may get back to it. A low clock may favour
 * another variant than the full one. */
#define WARM 0.2
#define WARM_AGAIN 0.05
/* Candidates are bits of a word. */
#define MOST_CANDIDATES 32
/* Larger operands are not worth the memory that measuring takes. */
#define MOST_BYTES ((size_t)1 << 30)

/* ---- What is known ---- */

/* One line of the file. */
struct line {
    uint64_t key;
    uint64_t variant;
};

struct tenka_vk_tuner {
    bool on; /* else guesses will do */
    struct line *lines;
    size_t count, capacity;
    uint64_t spent; /* nanoseconds */
};

/* A kernel as its code is now, with the numbers of a call. */
static uint64_t key_of(const struct tenka_node *node, const struct tenka_shader *shader, uint64_t n)
{
    uint32_t count;
    const struct tenka_variant *variants = tenka_variants(node->kernel, &count);
    const char *name = tenka_passes[node->kernel].name;
    uint64_t key = tenka_vk_hash(TENKA_VK_HASH, name, strlen(name));
    key = tenka_vk_hash(key, shader->code, shader->bytes);
    for (uint32_t i = 0; i < count; i++)
        key = tenka_vk_hash(key, variants[i].constants, sizeof(variants[i].constants));
    key = tenka_vk_hash(key, node->params, sizeof(node->params));
    return tenka_vk_hash(key, &n, sizeof(n));
}

static const struct line *find(const struct tenka_vk_tuner *tuner, uint64_t key)
{
    for (size_t i = 0; i < tuner->count; i++)
        if (tuner->lines[i].key == key)
            return &tuner->lines[i];
    return NULL;
}

/* Want of memory only means that it will be measured again. */
static void note(struct tenka_vk_tuner *tuner, uint64_t key, uint64_t variant)
{
    if (tenka_grow(&tuner->lines, &tuner->capacity, tuner->count, sizeof(*tuner->lines)))
        tuner->lines[tuner->count++] = (struct line){key, variant};
}

tenka_status tenka_vk_tune_open(struct tenka_vk_device *dev, enum tenka_tune tune)
{
    size_t bytes;
    struct tenka_vk_tuner *tuner = dev->tuner = tenka_alloc(sizeof(*tuner));
    if (tuner == NULL)
        return tenka_fail_nomem(dev->base.err);
    tuner->on = tune == TENKA_TUNE_ON || (tune == TENKA_TUNE_AUTO && !dev->gpu.software);
    struct line *kept = tuner->on ? tenka_vk_keep_load(dev, NAME, &bytes) : NULL;
    for (size_t i = 0; kept != NULL && i < bytes / sizeof(*kept); i++)
        note(tuner, kept[i].key, kept[i].variant);
    tenka_free(kept);
    return TENKA_OK;
}

void tenka_vk_tune_finish(struct tenka_vk_device *dev)
{
    if (dev->tuner == NULL)
        return;
    tenka_free(dev->tuner->lines);
    tenka_free(dev->tuner);
}

/* ---- Measuring ---- */

/* One node, again and again on memory of its own, in each candidate. */
struct trial {
    struct tenka_rig rig;
    tenka_program *program[MOST_CANDIDATES]; /* NULL: no candidate */
    double best[MOST_CANDIDATES];            /* seconds */
};

static const struct tenka_desc *desc_of(const struct tenka_plan *plan, uint32_t operand)
{
    return operand == TENKA_ABSENT ? NULL : &plan->operands[operand].desc;
}

/* What the rig reads are zeros: numbers of any type, and indices that exist. */
static tenka_status trial_init(struct tenka_vk_device *dev, const struct tenka_plan *plan,
                               const struct tenka_node *node, struct trial *t)
{
    struct tenka_rig_call call = {.kernel = node->kernel, .params = node->params};
    for (uint32_t i = 0; i < node->n_in; i++)
        call.in[i].desc = desc_of(plan, node->in[i]);
    for (uint32_t i = 0; i < node->n_out; i++)
        call.out[i].desc = desc_of(plan, node->out[i]);
    tenka_rig_lay(&t->rig, &dev->base, &call);
    t->rig.nodes[0].stored = node->stored;
    tenka_rig_repeat(&t->rig, TIMES);
    t->rig.plan.name = "trial";
    t->rig.plan.timing = TENKA_TIMING_ALONE;
    if (t->rig.bytes > MOST_BYTES)
        return tenka_fail(dev->base.err, TENKA_E_NOMEM, "too large to measure");
    return tenka_rig_make(&t->rig);
}

static void trial_finish(struct tenka_vk_device *dev, struct trial *t)
{
    tenka_vk_settle(dev);
    for (uint32_t v = 0; v < MOST_CANDIDATES; v++)
        if (t->program[v] != NULL)
            tenka_vk_program_destroy(&dev->base, t->program[v]);
    tenka_rig_finish(&t->rig);
}

static void say(struct tenka_vk_device *dev, uint64_t spent)
{
    if (dev->tuner->spent < NOTICED && dev->tuner->spent + spent >= NOTICED)
        tenka_say(dev->base.log, TENKA_LOG_INFO,
                  "measuring which variants of its kernels are the fastest on %s; that is done once",
                  dev->gpu.info.name);
    dev->tuner->spent += spent;
}

static tenka_status make_program(struct tenka_vk_device *dev, struct trial *t, uint32_t variant)
{
    struct tenka_vk_step *steps;
    size_t n;
    TENKA_TRY(tenka_vk_steps_make(dev, &t->rig.plan, &steps, &n));
    for (size_t i = 0; i < n; i++)
        steps[i].variant = variant;
    return tenka_vk_program_make(dev, &t->rig.plan, steps, n, &t->program[variant]);
}

static tenka_status compile(struct tenka_vk_device *dev, struct trial *t, uint32_t variant)
{
    const uint64_t begin = tenka_os_now();
    t->best[variant] = INFINITY;
    const tenka_status status = make_program(dev, t, variant);
    say(dev, tenka_os_now() - begin);
    return status;
}

static tenka_status submit_all(struct tenka_vk_device *dev, const struct trial *t)
{
    tenka_ticket ticket = 0;
    for (uint32_t v = 0; v < MOST_CANDIDATES; v++)
        if (t->program[v] != NULL)
            TENKA_TRY(tenka_vk_program_submit(&dev->base, t->program[v], t->rig.input, &ticket));
    return tenka_vk_wait(dev, ticket);
}

/* How long the fastest dispatch of a program took in its last run. */
static tenka_status read_best(struct tenka_vk_device *dev, tenka_program *program, double *best)
{
    struct tenka_span spans[TIMES];
    TENKA_TRY(tenka_vk_program_spans(&dev->base, program, spans));
    for (size_t i = 0; i < TIMES; i++)
        *best = fmin(*best, spans[i].end - spans[i].begin);
    return TENKA_OK;
}

static tenka_status take_turns(struct tenka_vk_device *dev, struct trial *t)
{
    const uint64_t begin = tenka_os_now();
    TENKA_TRY(submit_all(dev, t));
    for (uint32_t v = 0; v < MOST_CANDIDATES; v++)
        if (t->program[v] != NULL)
            TENKA_TRY(read_best(dev, t->program[v], &t->best[v]));
    say(dev, tenka_os_now() - begin);
    return TENKA_OK;
}

static tenka_status warm_up(struct tenka_vk_device *dev)
{
    const uint64_t begin = tenka_os_now();
    const tenka_status status = tenka_device_warm_up(&dev->base, dev->base.warm.given > 0 ? WARM_AGAIN : WARM);
    say(dev, tenka_os_now() - begin);
    return status;
}

/* Tries all candidates, even beyond the budget: a driver that compiles for longer than that would learn nothing in any
 * start. The host's part, in which the device's clock falls, comes first; then they run in turns, so that a clock that
 * still changes, or another program, meets all alike. */
static tenka_status try_all(struct tenka_vk_device *dev, struct trial *t, uint32_t candidates, uint32_t *fastest)
{
    double best = INFINITY;
    for (uint32_t v = 0; v < MOST_CANDIDATES; v++)
        if (candidates >> v & 1)
            TENKA_TRY(compile(dev, t, v));
    TENKA_TRY(warm_up(dev));
    for (int turn = 0; turn < TURNS; turn++)
        TENKA_TRY(take_turns(dev, t));
    for (uint32_t v = 0; v < MOST_CANDIDATES; v++)
        if (t->program[v] != NULL && t->best[v] < best) {
            *fastest = v;
            best = t->best[v];
        }
    return TENKA_OK;
}

/* In silence but for what must not go on: a guess will do. */
static tenka_status measure(struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_node *node,
                            uint32_t candidates, uint32_t *fastest, bool *measured)
{
    struct tenka_error *err = dev->base.err, unheard = {0};
    struct trial t = {.rig = {.dev = &dev->base}};
    dev->base.err = &unheard;
    tenka_status status = trial_init(dev, plan, node, &t);
    if (status == TENKA_OK)
        status = try_all(dev, &t, candidates, fastest);
    trial_finish(dev, &t);
    dev->base.err = err;
    if (status == TENKA_E_UNSUPPORTED) /* the driver cannot tell the time */
        dev->tuner->on = false;
    *measured = status == TENKA_OK;
    if (status == TENKA_E_DEVICE)
        *err = unheard;
    return status == TENKA_E_DEVICE ? status : TENKA_OK;
}

/* A dispatch that is a piece of a node is left alone: measured are whole ones. */
static tenka_status tune_step(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *step,
                              bool *measured)
{
    const struct tenka_node *node = &plan->nodes[step->node];
    const uint32_t candidates = tenka_vk_candidates(dev, node);
    const uint64_t n = tenka_shape_count(&plan->operands[node->out[0]].desc.shape);
    uint32_t fastest = step->variant;
    struct tenka_shader shader;
    *measured = false;
    if (!dev->tuner->on || (candidates & (candidates - 1)) == 0 || step->piece_rows > 0)
        return TENKA_OK;
    TENKA_TRY(tenka_vk_code(dev, node, &shader));
    const uint64_t key = key_of(node, &shader, n);
    const struct line *known = find(dev->tuner, key);
    if (known != NULL && known->variant < MOST_CANDIDATES && candidates >> known->variant & 1)
        step->variant = (uint32_t)known->variant;
    if (known != NULL || dev->tuner->spent > BUDGET)
        return TENKA_OK;
    TENKA_TRY(measure(dev, plan, node, candidates, &fastest, measured));
    if (*measured) {
        note(dev->tuner, key, fastest);
        step->variant = fastest;
    }
    return TENKA_OK;
}

tenka_status tenka_vk_tune(struct tenka_vk_device *dev, const struct tenka_plan *plan, struct tenka_vk_step *steps,
                           size_t n)
{
    bool measured, grown = false;
    for (size_t i = 0; i < n; i++) {
        if (steps[i].kind != TENKA_VK_DISPATCH)
            continue;
        TENKA_TRY(tune_step(dev, plan, &steps[i], &measured));
        grown = grown || measured;
    }
    if (grown)
        tenka_vk_keep_save(dev, NAME, dev->tuner->lines, dev->tuner->count * sizeof(*dev->tuner->lines));
    return TENKA_OK;
}
