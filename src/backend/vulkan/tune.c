/* The fastest variant of a kernel for a shape: measured when a plan first needs it, and kept on disk for the device and
 * driver. Variants differ in speed alone (variants.def), so that nothing else depends on what is found here. */
#include <math.h>
#include <stdio.h>

#include "backend/vulkan/vk.h"
#include "core/os.h"

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
struct tenka_vk_tuned {
    uint64_t key;
    uint64_t variant;
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
        key = tenka_vk_hash(key, variants[i].constants, sizeof variants[i].constants);
    key = tenka_vk_hash(key, node->params, sizeof node->params);
    return tenka_vk_hash(key, &n, sizeof n);
}

static bool find(const struct tenka_vk_device *dev, uint64_t key, uint32_t *variant)
{
    for (size_t i = 0; i < dev->n_tuned; i++)
        if (dev->tuned[i].key == key) {
            *variant = (uint32_t)dev->tuned[i].variant;
            return true;
        }
    return false;
}

/* Want of memory only means that it will be measured again. */
static void note(struct tenka_vk_device *dev, uint64_t key, uint32_t variant)
{
    if (!tenka_grow(&dev->tuned, &dev->tuned_capacity, dev->n_tuned, sizeof *dev->tuned))
        return;
    dev->tuned[dev->n_tuned++] = (struct tenka_vk_tuned){key, variant};
    dev->tuned_grown = true;
}

void tenka_vk_tune_open(struct tenka_vk_device *dev, enum tenka_tune tune)
{
    size_t bytes;
    dev->tune = tune == TENKA_TUNE_ON || (tune == TENKA_TUNE_AUTO && !dev->gpu.software);
    struct tenka_vk_tuned *kept = dev->tune ? tenka_vk_keep_load(dev, NAME, &bytes) : NULL;
    for (size_t i = 0; kept && i < bytes / sizeof *kept; i++)
        note(dev, kept[i].key, (uint32_t)kept[i].variant);
    dev->tuned_grown = false;
    tenka_free(kept);
}

void tenka_vk_tune_save(struct tenka_vk_device *dev)
{
    if (dev->tuned_grown)
        tenka_vk_keep_save(dev, NAME, dev->tuned, dev->n_tuned * sizeof *dev->tuned);
    dev->tuned_grown = false;
}

void tenka_vk_tune_finish(struct tenka_vk_device *dev)
{
    tenka_free(dev->tuned);
}

/* ---- Measuring ---- */

/* A plan that runs one node again and again on memory of its own, in each candidate. */
struct trial {
    struct tenka_node node[TIMES];
    struct tenka_operand operand[TENKA_MAX_READS + TENKA_MAX_OUT];
    struct tenka_plan plan;
    struct tenka_vk_buffer *buffer;
    size_t bytes;
    unsigned char *input;
    tenka_program *program[MOST_CANDIDATES]; /* NULL: no candidate */
    double best[MOST_CANDIDATES];            /* seconds */
};

static void add_operand(struct trial *t, const struct tenka_plan *plan, uint32_t *index)
{
    if (*index == TENKA_ABSENT)
        return;
    t->operand[t->plan.n_operands] = plan->operands[*index];
    t->operand[t->plan.n_operands].offset = t->bytes;
    t->bytes += tenka_align(plan->operands[*index].bytes, TENKA_OPERAND_ALIGN);
    *index = (uint32_t)t->plan.n_operands++;
}

static tenka_status trial_init(struct tenka_vk_device *dev, const struct tenka_plan *plan,
                               const struct tenka_node *node, struct trial *t)
{
    t->node[0] = *node;
    t->node[0].scalars = 0;
    t->node[0].phase = TENKA_PHASE_NONE;
    t->node[0].layer[0] = '\0';
    for (uint32_t i = 0; i < node->n_in; i++)
        add_operand(t, plan, &t->node[0].in[i]);
    for (uint32_t i = 0; i < node->n_out; i++)
        add_operand(t, plan, &t->node[0].out[i]);
    for (size_t i = 1; i < TIMES; i++)
        t->node[i] = t->node[0];
    t->plan.nodes = t->node;
    t->plan.n_nodes = TIMES;
    t->plan.operands = t->operand;
    t->plan.input_bytes = TENKA_OPERAND_ALIGN;
    t->plan.name = "trial";
    t->plan.timing = TENKA_TIMING_ALONE;
    if (t->bytes > MOST_BYTES)
        return tenka_fail(dev->base.err, TENKA_E_NOMEM, "too large to measure");
    t->input = tenka_alloc(t->plan.input_bytes);
    if (!t->input)
        return tenka_fail_nomem(dev->base.err);
    TENKA_TRY(tenka_vk_buffer_make(dev, TENKA_VK_DEVICE, t->bytes, "trial", &t->buffer));
    for (size_t i = 0; i < t->plan.n_operands; i++)
        t->operand[i].buffer = &t->buffer->base;
    /* Zeros are numbers of any type, and indices that exist. */
    return tenka_vk_zero(dev, t->buffer);
}

static void trial_finish(struct tenka_vk_device *dev, struct trial *t)
{
    tenka_vk_settle(dev);
    for (uint32_t v = 0; v < MOST_CANDIDATES; v++)
        if (t->program[v])
            tenka_vk_program_destroy(&dev->base, t->program[v]);
    tenka_vk_buffer_free(dev, &t->buffer);
    tenka_free(t->input);
}

static void say(struct tenka_vk_device *dev, uint64_t spent)
{
    if (dev->tune_spent < NOTICED && dev->tune_spent + spent >= NOTICED)
        tenka_say(dev->base.log, TENKA_LOG_INFO,
                  "measuring which variants of its kernels are the fastest on %s; that is done once",
                  dev->gpu.info.name);
    dev->tune_spent += spent;
}

static tenka_status compile(struct tenka_vk_device *dev, struct trial *t, uint32_t variant)
{
    const uint64_t begin = tenka_os_now();
    t->best[variant] = INFINITY;
    dev->pinned = variant;
    const tenka_status status = tenka_vk_prepare(&dev->base, &t->plan, &t->program[variant]);
    dev->pinned = TENKA_ABSENT;
    say(dev, tenka_os_now() - begin);
    return status;
}

static tenka_status submit_all(struct tenka_vk_device *dev, const struct trial *t)
{
    tenka_ticket ticket = 0;
    for (uint32_t v = 0; v < MOST_CANDIDATES; v++)
        if (t->program[v])
            TENKA_TRY(tenka_vk_program_submit(&dev->base, t->program[v], t->input, &ticket));
    return tenka_vk_wait(dev, ticket);
}

static tenka_status take_turns(struct tenka_vk_device *dev, struct trial *t)
{
    const uint64_t begin = tenka_os_now();
    double times[TIMES];
    TENKA_TRY(submit_all(dev, t));
    for (uint32_t v = 0; v < MOST_CANDIDATES; v++) {
        if (!t->program[v])
            continue;
        TENKA_TRY(tenka_program_timings(&dev->base, t->program[v], times, TIMES));
        for (size_t i = 0; i < TIMES; i++)
            t->best[v] = fmin(t->best[v], times[i]);
    }
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
        if (t->program[v] && t->best[v] < best) {
            *fastest = v;
            best = t->best[v];
        }
    return TENKA_OK;
}

tenka_status tenka_vk_tune(struct tenka_vk_device *dev, const struct tenka_plan *plan, const struct tenka_node *node,
                           uint32_t candidates, uint32_t *variant)
{
    const uint64_t n = tenka_shape_count(&plan->operands[node->out[0]].desc.shape);
    struct tenka_error *err = dev->base.err, unheard = {0};
    struct trial t = {.bytes = 0};
    struct tenka_shader shader;
    uint32_t known;
    if (!dev->tune || (candidates & (candidates - 1)) == 0)
        return TENKA_OK;
    TENKA_TRY(tenka_vk_code(dev, node->kernel, &shader));
    const uint64_t key = key_of(node, &shader, n);
    if (find(dev, key, &known)) {
        *variant = known < MOST_CANDIDATES && candidates >> known & 1 ? known : *variant;
        return TENKA_OK;
    }
    if (dev->tune_spent > BUDGET)
        return TENKA_OK;
    uint32_t fastest = *variant;
    dev->base.err = &unheard;
    dev->measuring = true;
    tenka_status status = trial_init(dev, plan, node, &t);
    if (status == TENKA_OK)
        status = try_all(dev, &t, candidates, &fastest);
    trial_finish(dev, &t);
    dev->base.err = err;
    dev->measuring = false;
    if (status == TENKA_E_UNSUPPORTED) /* the driver cannot tell the time */
        dev->tune = false;
    if (status == TENKA_OK) {
        note(dev, key, fastest);
        *variant = fastest;
    }
    if (status == TENKA_E_DEVICE)
        *err = unheard;
    return status == TENKA_E_DEVICE ? status : TENKA_OK;
}
