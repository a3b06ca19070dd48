/* Keeping a device busy before something on it is measured. A GPU that had nothing to do runs at a fraction of its
 * clock, and takes a good part of a second of steady work to reach all of it again. */
#include <math.h>
#include <stdio.h>

#include "backend/rig.h"
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

static const float scalars[] = {0.5f, 0.25f};

/* multiply_add of two small tensors, timed. A device that rests has words of 4 bytes. */
static void make_plan(tenka_device *dev, struct tenka_rig *work)
{
    const struct tenka_p_repeat params = {.rounds = ROUNDS};
    struct tenka_call call = {.op = TENKA_OP_multiply_add, .n_in = 1, .n_out = 1};
    call.in[0] = call.out[0] = (struct tenka_desc){TENKA_F32, {1, {ITEMS}}};
    memcpy(call.params, &params, sizeof(params));
    const struct tenka_rig_call rig_call = tenka_rig_call_of(&call, TENKA_KERNEL_multiply_add_fwd);
    tenka_rig_lay(work, dev, &rig_call);
    snprintf(work->nodes[0].label, sizeof(work->nodes[0].label), "warm up");
    work->plan.timing = TENKA_TIMING_ALONE;
}

/* Several submissions behind one another, since a clock falls while the host is waited for. *seconds: of the last. */
static tenka_status run_group(struct tenka_rig *work, size_t n, double *seconds)
{
    for (size_t i = 0; i < n; i++)
        TENKA_TRY(tenka_rig_submit(work));
    return tenka_program_timings(work->dev, work->program, seconds, 1);
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
static tenka_status run_until_fast(struct tenka_rig *work, double seconds)
{
    tenka_device *dev = work->dev;
    const uint64_t end = tenka_os_now() + (uint64_t)(1e9 * seconds);
    const double enough = seconds <= dev->warm.given ? (1 + NOTABLE) * dev->warm.seconds : 0;
    double time = dev->warm.seconds, shortest = INFINITY, steady = INFINITY, unchanged = 0;
    do {
        const size_t n = group_size(time);
        TENKA_TRY(run_group(work, n, &time));
        const bool falls = time < (1 - NOTABLE) * steady;
        unchanged = falls ? 0 : unchanged + (double)n * time;
        steady = falls ? time : steady;
        shortest = fmin(shortest, time);
    } while (time > enough && unchanged < seconds / 2 && tenka_os_now() < end);
    note(dev, shortest, seconds, time <= enough);
    return TENKA_OK;
}

static tenka_status warm_up(struct tenka_rig *work, double seconds)
{
    TENKA_TRY(tenka_rig_make(work));
    memcpy(work->input, scalars, sizeof(scalars));
    TENKA_TRY(tenka_rig_prepare(work));
    return run_until_fast(work, seconds);
}

tenka_status tenka_device_warm_up(tenka_device *dev, double seconds)
{
    struct tenka_rig work;
    struct tenka_limits limits;
    tenka_device_limits(dev, &limits);
    if (!limits.rests)
        return TENKA_OK;
    make_plan(dev, &work);
    const tenka_status status = warm_up(&work, seconds);
    tenka_rig_finish(&work);
    return status;
}
