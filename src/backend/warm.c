/* Keeping a device busy before something on it is measured. A GPU that had nothing to do runs at a fraction of its
 * clock, and takes a good part of a second of steady work to reach all of it again. */
#include <math.h>

#include "backend/backend.h"
#include "core/os.h"

/* Enough invocations to fill a large GPU, and rounds that take it far longer than being told to begin; a slow one takes
 * some hundredths of a second. Small tensors, so that caches keep what is measured. */
#define ITEMS (1u << 16)
#define ROUNDS 2048
/* Seconds of work between two waits, and submissions at most. */
#define GROUP 2e-3
#define MAX_GROUP 64
/* Times that differ by less are the same clock. */
#define NOTABLE 0.03

struct work {
    struct tenka_operand operands[2];
    struct tenka_node node;
    struct tenka_plan plan;
    tenka_buffer *buffer;
    tenka_program *program;
};

static const float scalars[] = { 0.5f, 0.25f };

static void make_plan(struct work *w)
{
    const struct tenka_p_repeat params = { .rounds = ROUNDS };
    for (uint32_t i = 0; i < 2; i++)
        w->operands[i] = (struct tenka_operand){
            .buffer = w->buffer,
            .offset = i * ITEMS * sizeof(float),
            .bytes = ITEMS * sizeof(float),
            .desc = { TENKA_F32, { 1, { ITEMS } } },
        };
    w->node = (struct tenka_node){ .kernel = TENKA_KERNEL_multiply_add_fwd, .n_in = 1, .in = { 0 }, .n_out = 1,
                                   .out = { 1 }, .label = "warm up" };
    memcpy(w->node.params, &params, sizeof params);
    w->plan = (struct tenka_plan){ .nodes = &w->node, .n_nodes = 1, .operands = w->operands, .n_operands = 2,
                                   .input_bytes = sizeof scalars, .name = "warm up", .timing = TENKA_TIMING_ALONE };
}

/* Several submissions behind one another, since a clock falls while the host is waited for. *seconds: of the last. */
static tenka_status run_group(tenka_device *dev, struct work *w, size_t n, double *seconds)
{
    for (size_t i = 0; i < n; i++)
        TENKA_TRY(tenka_program_submit(dev, w->program, scalars));
    return tenka_program_timings(dev, w->program, seconds, 1);
}

/* seconds: of one; 0: not known */
static size_t group_size(double seconds)
{
    const double n = seconds > 0 ? GROUP / seconds : 1;
    return n < 1 ? 1 : n > MAX_GROUP ? MAX_GROUP : (size_t)n;
}

/* A short look does not overrule a long one; but a device that does not get back to its full clock in as long as it was
 * given before is hot, say, and will not. */
static void note(tenka_device *dev, double shortest, double seconds, bool reached)
{
    if (reached || seconds < dev->warm.given)
        dev->warm.seconds = fmin(dev->warm.seconds, shortest);
    else
        dev->warm.seconds = shortest;
    dev->warm.given = fmax(dev->warm.given, seconds);
}

/* Until the work takes as long as it did at full clock; where that is not known, or is not reached, until its time has
 * not fallen for half of the seconds. */
static tenka_status run_until_fast(tenka_device *dev, struct work *w, double seconds)
{
    const uint64_t end = tenka_os_now() + (uint64_t)(1e9 * seconds);
    const double enough = seconds <= dev->warm.given ? (1 + NOTABLE) * dev->warm.seconds : 0;
    double time = dev->warm.seconds, shortest = INFINITY, steady = INFINITY, unchanged = 0;
    do {
        const size_t n = group_size(time);
        TENKA_TRY(run_group(dev, w, n, &time));
        const bool falls = time < (1 - NOTABLE) * steady;
        unchanged = falls ? 0 : unchanged + (double)n * time;
        steady = falls ? time : steady;
        shortest = fmin(shortest, time);
    } while (time > enough && unchanged < seconds / 2 && tenka_os_now() < end);
    note(dev, shortest, seconds, time <= enough);
    return TENKA_OK;
}

static tenka_status warm_up(tenka_device *dev, struct work *w, double seconds)
{
    TENKA_TRY(tenka_buffer_create(dev, 2 * ITEMS * sizeof(float), "warm up", &w->buffer));
    make_plan(w);
    TENKA_TRY(tenka_program_prepare(dev, &w->plan, &w->program));
    return run_until_fast(dev, w, seconds);
}

tenka_status tenka_device_warm_up(tenka_device *dev, double seconds)
{
    struct work w = { .buffer = NULL };
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    if (!limits.rests)
        return TENKA_OK;
    const tenka_status status = warm_up(dev, &w, seconds);
    tenka_program_destroy(dev, &w.program);
    tenka_buffer_destroy(dev, &w.buffer);
    return status;
}
