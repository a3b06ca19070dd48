/* A device whose clock rises with the work that it is given is kept busy until its clock is full, and no longer; on one
 * that was made up. */
#include "support.h"

#include "backend/backend.h"

struct device {
    struct tenka_device base;
    bool rests;
    double full;             /* seconds of a run at full clock */
    double slowness, fall;   /* by how much a run is longer; what of that is left after each */
    uint64_t runs, fails_at; /* submissions; the one that fails, 0: none */
    int live;                /* buffers and programs */
    tenka_buffer buffer;
};

static struct device *of(tenka_device *dev)
{
    return (struct device *)dev;
}

static tenka_status buffer_create(tenka_device *dev, size_t bytes, const char *name, tenka_buffer **out)
{
    (void)name;
    of(dev)->live++;
    of(dev)->buffer.bytes = bytes;
    *out = &of(dev)->buffer;
    return TENKA_OK;
}

static void buffer_destroy(tenka_device *dev, tenka_buffer *buf)
{
    (void)buf;
    of(dev)->live--;
}

static tenka_status prepare(tenka_device *dev, const struct tenka_plan *plan, tenka_program **out)
{
    (void)plan;
    of(dev)->live++;
    *out = (tenka_program *)dev;
    return TENKA_OK;
}

static void program_destroy(tenka_device *dev, tenka_program *prog)
{
    (void)prog;
    of(dev)->live--;
}

static tenka_status submit(tenka_device *dev, tenka_program *prog, const void *inputs, tenka_ticket *out)
{
    struct device *d = of(dev);
    (void)prog;
    (void)inputs;
    if (++d->runs == d->fails_at)
        return tenka_fail(dev->err, TENKA_E_DEVICE, "lost");
    d->slowness = fmax(d->fall * d->slowness, 1);
    *out = d->runs;
    return TENKA_OK;
}

static size_t dispatches(const tenka_program *prog)
{
    (void)prog;
    return 1;
}

static tenka_status wait(tenka_device *dev, tenka_ticket ticket)
{
    (void)dev;
    (void)ticket;
    return TENKA_OK;
}

static void limits(const tenka_device *dev, struct tenka_limits *out)
{
    *out = (struct tenka_limits){.real_bytes = sizeof(float),
                                 .max_buffer = 1 << 30,
                                 .max_operand = 1 << 30,
                                 .bounded_loops = true,
                                 .rests = ((const struct device *)dev)->rests};
}

static tenka_status spans(tenka_device *dev, tenka_program *prog, struct tenka_span *out)
{
    (void)prog;
    *out = (struct tenka_span){.jobs = 1, .end = of(dev)->full * of(dev)->slowness};
    return TENKA_OK;
}

static const struct tenka_backend_fns fns = {
    .buffer_create = buffer_create,
    .buffer_destroy = buffer_destroy,
    .prepare = prepare,
    .program_destroy = program_destroy,
    .submit = submit,
    .dispatches = dispatches,
    .wait = wait,
    .limits = limits,
    .spans = spans,
};

static struct tenka_error error;

static struct device make(double full, double slowness)
{
    return (struct device){
        .base = {.fns = &fns, .err = &error}, .rests = true, .full = full, .slowness = slowness, .fall = 0.98};
}

/* Returns how many runs that took. */
static uint64_t warm_up(struct device *d, double seconds)
{
    const uint64_t before = d->runs;
    assert_int_equal(tenka_device_warm_up(&d->base, seconds), TENKA_OK);
    assert_int_equal(d->live, 0);
    return d->runs - before;
}

static void test_rises(void **state)
{
    (void)state;
    struct device d = make(1e-4, 5);
    assert_true(warm_up(&d, 0.5) >= 0.25 / 1e-4); /* from a time that no longer falls */
    assert_true(d.slowness < 1.03);
    assert_true(warm_up(&d, 0.5) <= 20); /* a moment: it has its clock */
    d.slowness = 5;
    assert_true(warm_up(&d, 0.5) < 0.25 / 1e-4); /* back to what is known */
    assert_true(d.slowness < 1.04);
    d.slowness = 5;
    warm_up(&d, 0); /* too short, which changes nothing of what is known */
    assert_true(d.slowness > 2);
    warm_up(&d, 0.5);
    assert_true(d.slowness < 1.04);
}

/* Who had little time does not know for one who has more. */
static void test_longer(void **state)
{
    (void)state;
    struct device d = make(1e-4, 5);
    d.fall = 0.999;
    warm_up(&d, 1e-3);
    assert_true(d.slowness > 2);
    warm_up(&d, 0.5);
    assert_true(d.slowness < 1.03);
}

static void test_gets_slower(void **state)
{
    (void)state;
    struct device d = make(1e-3, 1);
    warm_up(&d, 0.1);
    d.full = 2e-3;
    assert_true(warm_up(&d, 0.1) >= 0.05 / 2e-3);
    assert_int_equal(warm_up(&d, 0.1), 1); /* and that is known now */
}

static void test_none(void **state)
{
    (void)state;
    struct device d = make(1e-3, 5);
    d.rests = false;
    assert_int_equal(warm_up(&d, 1), 0);
    d.rests = true;
    d.full = 0; /* a clock that stands still */
    assert_int_equal(warm_up(&d, 1), 1);
}

static void test_fails(void **state)
{
    (void)state;
    struct device d = make(1e-3, 5);
    d.fails_at = 3;
    assert_int_equal(tenka_device_warm_up(&d.base, 1), TENKA_E_DEVICE);
    assert_int_equal(d.live, 0);
    assert_true(d.base.warm.given == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rises), cmocka_unit_test(test_longer), cmocka_unit_test(test_gets_slower),
        cmocka_unit_test(test_none),  cmocka_unit_test(test_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
