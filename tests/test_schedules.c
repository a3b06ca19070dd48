/* Schedules against PyTorch's learning rates of 200 steps (tests/golden/schedules.txt.gz, made by
 * tools/golden/schedules.py), to 1e-12, once from the beginning and once put back in the middle, which must give the same
 * bits; texts, wrong ones too; another learning rate to begin with.   test_schedules GOLDEN */
#include "optim/schedule.h"
#include "support.h"

#include <zlib.h>

#define STEPS 200
#define MIDDLE 57
#define BOUND 1e-12
#define MAX_NUMBERS 256

static const char *golden;

/* ---- Two groups and a schedule ---- */

struct run {
    tenka_ctx *ctx;
    tenka_variable *var[2];
    tenka_optimizer *opt;
    tenka_schedule *schedule;
};

static void open_run(struct run *r, const char *optimizer)
{
    const struct target cpu = {.backend = TENKA_BACKEND_CPU, .label = "cpu"};
    struct tenka_optimizer_params params = TENKA_OPTIMIZER_DEFAULTS;
    *r = (struct run){.ctx = open_target(&cpu)};
    must(r->ctx, tenka_optimizer_read(r->ctx, optimizer, &params));
    must(r->ctx, tenka_optimizer_change(r->ctx, "lr=0.1", &params));
    must(r->ctx, tenka_optimizer_create(r->ctx, NULL, &params, &r->opt));
    for (size_t g = 0; g < 2; g++) {
        must(r->ctx, tenka_variable_create(r->ctx, TENKA_F32, tenka_shape_of(1), NULL, true, &r->var[g]));
        must(r->ctx, tenka_optimizer_add_group(r->opt, &r->var[g], 1, &params, NULL));
        must(r->ctx, tenka_optimizer_change(r->ctx, "lr=0.03", &params));
    }
}

static void close_run(struct run *r)
{
    tenka_schedule_destroy(&r->schedule);
    tenka_optimizer_destroy(&r->opt);
    tenka_variable_destroy(&r->var[0]);
    tenka_variable_destroy(&r->var[1]);
    tenka_ctx_destroy(&r->ctx);
}

static void schedule(struct run *r, const char *text)
{
    must(r->ctx, tenka_schedule_create(r->opt, text, NULL, &r->schedule));
}

static const char *optimizer_of(const char *name)
{
    return strcmp(name, "SGD") == 0 ? "SGD(momentum=0.9)" : "AdamW()";
}

/* ---- Against PyTorch ---- */

/* That of ReduceLROnPlateau. */
static double metric(int step)
{
    return (step * 37 % 50) / 50.0 + 1.0 / (step + 1);
}

static void go_on(struct run *r, int step)
{
    must(r->ctx, tenka_schedule_after_step(r->schedule));
    must(r->ctx, tenka_schedule_after_epoch(r->schedule, metric(step)));
}

static void check(const char *text, int step, const char *what, double have, double want)
{
    if (!(fabs(have - want) <= BOUND * fmax(1, fabs(want))))
        fail_msg("%s: step %d: %s %.17g, PyTorch %.17g", text, step, what, have, want);
}

struct value {
    double lr[2], momentum;
};

static struct value value_of(const struct run *r)
{
    return (struct value){{tenka_optimizer_lr(r->opt, 0), tenka_optimizer_lr(r->opt, 1)},
                          tenka_optimizer_momentum(r->opt, 0)};
}

/* Puts a new run where r is. */
static void restore(const struct run *r, struct run *other, const char *optimizer, const char *text)
{
    double numbers[MAX_NUMBERS];
    open_run(other, optimizer);
    schedule(other, text);
    const size_t count = tenka_schedule_save(r->schedule, numbers, MAX_NUMBERS);
    assert_true(count <= MAX_NUMBERS && count == tenka_schedule_save(other->schedule, NULL, 0));
    tenka_schedule_restore(other->schedule, numbers);
    for (size_t g = 0; g < 2; g++)
        must(other->ctx, tenka_optimizer_put_lr(other->opt, g, tenka_optimizer_lr(r->opt, g)));
}

static void check_schedule(gzFile file, const char *optimizer, const char *text)
{
    char line[256];
    struct run r, other = {.ctx = NULL};
    open_run(&r, optimizer);
    schedule(&r, text);
    for (int step = 0; step <= STEPS; step++) {
        double lr[2], momentum;
        assert_non_null(gzgets(file, line, sizeof(line)));
        assert_int_equal(sscanf(line, "%lf %lf %lf", &lr[0], &lr[1], &momentum), 3);
        const struct value have = value_of(&r);
        check(text, step, "learning rate", have.lr[0], lr[0]);
        check(text, step, "learning rate of group 1", have.lr[1], lr[1]);
        check(text, step, "momentum", have.momentum, momentum);
        if (step == MIDDLE)
            restore(&r, &other, optimizer, text);
        if (step >= MIDDLE) {
            const struct value restored = value_of(&other);
            assert_memory_equal(&restored, &have, sizeof(have));
        }
        if (step == STEPS)
            break;
        go_on(&r, step);
        if (step >= MIDDLE)
            go_on(&other, step);
    }
    close_run(&other);
    close_run(&r);
}

static void test_golden(void **state)
{
    char line[512], name[16];
    size_t count = 0;
    (void)state;
    const gzFile file = gzopen(golden, "rb");
    assert_non_null(file);
    while (gzgets(file, line, sizeof(line)) != NULL) {
        if (line[0] == '#')
            continue;
        line[strcspn(line, "\n")] = '\0';
        assert_int_equal(sscanf(line, "schedule %15s", name), 1);
        check_schedule(file, optimizer_of(name), line + strlen("schedule ") + strlen(name) + 1);
        count++;
    }
    gzclose(file);
    assert_true(count >= 40);
}

/* ---- Texts ---- */

static void test_texts(void **state)
{
    static const struct {
        const char *text;
        tenka_status status;
        const char *part;
    } wrong[] = {
        {"StepLr(3)", TENKA_E_FORMAT, "do you mean StepLR?"},
        {"LambdaLR(f)", TENKA_E_FORMAT, "there is no schedule LambdaLR"},
        {"StepLR()", TENKA_E_FORMAT, "the argument step_size is missing"},
        {"StepLR(0)", TENKA_E_FORMAT, "step_size must be a whole number"},
        {"StepLR(3, momentum=1)", TENKA_E_FORMAT, "StepLR has no argument momentum; it has step_size, gamma"},
        {"StepLR(3, last_epoch=4)", TENKA_E_FORMAT, "only last_epoch=-1"},
        {"MultiStepLR(30)", TENKA_E_FORMAT, "milestones must be a list"},
        {"MultiStepLR([1.5])", TENKA_E_FORMAT, "expected a whole number"},
        {"LinearLR(start_factor=0)", TENKA_E_FORMAT, "start_factor must be more than 0"},
        {"LinearLR(1.5)", TENKA_E_FORMAT, "start_factor must be a number from 0.0 to 1.0"},
        {"ReduceLROnPlateau(factor=1)", TENKA_E_FORMAT, "factor must be less than 1"},
        {"ReduceLROnPlateau('least')", TENKA_E_FORMAT, "mode must be one of min/max"},
        {"OneCycleLR(0.1)", TENKA_E_INVALID, "total_steps is missing"},
        {"OneCycleLR([0.1, 0.2, 0.3], 10)", TENKA_E_FORMAT, "max_lr has 3 numbers, but the optimizer has 2"},
        {"OneCycleLR(max_lr='x', total_steps=10)", TENKA_E_FORMAT, "max_lr must be a number, or a list"},
        {"WarmupCosine(10)", TENKA_E_INVALID, "total is missing"},
        {"CyclicLR(0.1, 0.2, scale_fn=f)", TENKA_E_FORMAT, "only scale_fn=None"},
        {"SequentialLR([StepLR(3)], [4])", TENKA_E_FORMAT, "one fewer than schedulers"},
        {"SequentialLR([], [])", TENKA_E_FORMAT, "expected a list of schedules"},
        {"SequentialLR([StepLR(3), ReduceLROnPlateau()], [4])", TENKA_E_FORMAT, "neither ReduceLROnPlateau"},
        {"ChainedScheduler([ReduceLROnPlateau()])", TENKA_E_FORMAT, "may not be ReduceLROnPlateau"},
        {"ChainedScheduler([StepLR(3), StepLR])", TENKA_E_FORMAT, "expected '(' behind StepLR"},
        {"StepLR(3) StepLR(4)", TENKA_E_FORMAT, "the end of the text"},
        {"PolynomialLR(power=1e400)", TENKA_E_FORMAT, "power must be a number"},
    };
    struct run r;
    (void)state;
    open_run(&r, "SGD(momentum=0.9)");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_fails(r.ctx, tenka_schedule_create(r.opt, wrong[i].text, NULL, &r.schedule), wrong[i].status,
                     wrong[i].part);
        assert_null(r.schedule);
    }
    struct tenka_schedule_params params = TENKA_SCHEDULE_DEFAULTS;
    params.per = TENKA_SCHEDULE_STEP;
    assert_fails(r.ctx, tenka_schedule_create(r.opt, "ReduceLROnPlateau()", &params, &r.schedule), TENKA_E_INVALID,
                 "looks at epochs, not at steps");
    schedule(&r, "torch.optim.lr_scheduler.StepLR(optimizer,\n    step_size=3)");
    assert_false(tenka_schedule_is_by_step(r.schedule));
    close_run(&r);
    open_run(&r, "SGD()");
    assert_fails(r.ctx, tenka_schedule_create(r.opt, "OneCycleLR(0.1, 10)", NULL, &r.schedule), TENKA_E_INVALID,
                 "OneCycleLR cycles the momentum, and the optimizer has none");
    close_run(&r);
    open_run(&r, "Adagrad()");
    assert_fails(r.ctx, tenka_schedule_create(r.opt, "CyclicLR(0.1, 0.2)", NULL, &r.schedule), TENKA_E_INVALID,
                 "CyclicLR cycles the momentum, and the optimizer has none");
    schedule(&r, "CyclicLR(0.1, 0.2, cycle_momentum=False)");
    close_run(&r);
}

static void test_check(void **state)
{
    bool usual, steps;
    (void)state;
    assert_int_equal(tenka_schedule_check(NULL, "SequentialLR([OneCycleLR(1), StepLR(3)], [4])", &usual, &steps),
                     TENKA_OK);
    assert_true(usual && steps);
    assert_int_equal(tenka_schedule_check(NULL, "ReduceLROnPlateau(min_lr=[1, 2, 3])", &usual, &steps), TENKA_OK);
    assert_true(!usual && !steps);
    assert_int_equal(tenka_schedule_check(NULL, "StepLR(x)", NULL, NULL), TENKA_E_FORMAT);
}

/* ---- The measure, the end, the beginning ---- */

static void test_per(void **state)
{
    struct tenka_schedule_params params = TENKA_SCHEDULE_DEFAULTS;
    struct run r;
    (void)state;
    open_run(&r, "SGD(momentum=0.9)");
    params.total = 3;
    must(r.ctx, tenka_schedule_create(r.opt, "OneCycleLR(0.5)", &params, &r.schedule));
    assert_true(tenka_schedule_is_by_step(r.schedule));
    for (int i = 0; i < 3; i++) {
        must(r.ctx, tenka_schedule_after_step(r.schedule));
        must(r.ctx, tenka_schedule_after_epoch(r.schedule, 0));
    }
    assert_fails(r.ctx, tenka_schedule_after_step(r.schedule), TENKA_E_INVALID, "OneCycleLR ends after 3 steps");
    assert_fails(r.ctx, tenka_schedule_set_initial_lr(r.schedule, r.opt, 0, 1), TENKA_E_INVALID,
                 "says the learning rates itself");
    tenka_schedule_destroy(&r.schedule);
    params.per = TENKA_SCHEDULE_STEP;
    must(r.ctx, tenka_optimizer_set_lr(r.opt, 0, 0.1));
    must(r.ctx, tenka_schedule_create(r.opt, "ExponentialLR(0.5)", &params, &r.schedule));
    must(r.ctx, tenka_schedule_after_epoch(r.schedule, 0));
    assert_true(tenka_optimizer_lr(r.opt, 0) == 0.1);
    must(r.ctx, tenka_schedule_after_step(r.schedule));
    assert_true(tenka_optimizer_lr(r.opt, 0) == 0.05);
    must(NULL, tenka_schedule_after_step(NULL));
    close_run(&r);
}

/* Learning rates are then as if they had been so from the beginning. */
static void test_initial_lr(void **state)
{
    static const char *const texts[] = {"StepLR(2)", "CosineAnnealingLR(9)", "WarmupCosine(3, 12)",
                                        "SequentialLR([LinearLR(0.5), CosineAnnealingWarmRestarts(3)], [5])"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct run r, want;
        open_run(&r, "SGD()");
        open_run(&want, "SGD()");
        must(want.ctx, tenka_optimizer_set_lr(want.opt, 1, 0.6));
        schedule(&r, texts[i]);
        schedule(&want, texts[i]);
        for (int step = 0; step < 11; step++) {
            if (step == 4)
                must(r.ctx, tenka_schedule_set_initial_lr(r.schedule, r.opt, 1, 0.6));
            if (step >= 4)
                check(texts[i], step, "learning rate", tenka_optimizer_lr(r.opt, 1), tenka_optimizer_lr(want.opt, 1));
            check(texts[i], step, "learning rate", tenka_optimizer_lr(r.opt, 0), tenka_optimizer_lr(want.opt, 0));
            go_on(&r, step);
            go_on(&want, step);
        }
        assert_true(tenka_optimizer_initial_lr(r.opt, 1) == 0.6);
        assert_fails(r.ctx, tenka_schedule_set_initial_lr(r.schedule, r.opt, 2, 0.1), TENKA_E_INVALID,
                     "for group 2 of 2");
        close_run(&r);
        close_run(&want);
    }
}

/* So is what a schedule does not go below, also in a run that goes on. */
static void test_floor(void **state)
{
    static const char *const texts[][2] = {
        {"CosineAnnealingLR(9, eta_min=0.001)", "CosineAnnealingLR(9, eta_min=0.02)"},
        {"CosineAnnealingWarmRestarts(3, eta_min=0.001)", "CosineAnnealingWarmRestarts(3, eta_min=0.02)"},
        {"ReduceLROnPlateau(patience=0, min_lr=[0, 0.001])", "ReduceLROnPlateau(patience=0, min_lr=0.02)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct run r, other, want;
        open_run(&r, "SGD()");
        open_run(&want, "SGD()");
        must(want.ctx, tenka_optimizer_set_lr(want.opt, 1, 0.6));
        schedule(&r, texts[i][0]);
        schedule(&want, texts[i][1]);
        for (int step = 0; step < 14; step++) {
            if (step == 4)
                must(r.ctx, tenka_schedule_set_initial_lr(r.schedule, r.opt, 1, 0.6));
            if (step == 6)
                restore(&r, &other, "SGD()", texts[i][0]);
            if (step >= 4)
                check(texts[i][0], step, "learning rate", tenka_optimizer_lr(r.opt, 1),
                      tenka_optimizer_lr(want.opt, 1));
            if (step >= 6)
                check(texts[i][0], step, "learning rate", tenka_optimizer_lr(other.opt, 1),
                      tenka_optimizer_lr(want.opt, 1));
            go_on(&r, step);
            go_on(&want, step);
            if (step >= 6)
                go_on(&other, step);
        }
        close_run(&r);
        close_run(&other);
        close_run(&want);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_texts),      cmocka_unit_test(test_check),
        cmocka_unit_test(test_per),    cmocka_unit_test(test_initial_lr), cmocka_unit_test(test_floor),
    };
    golden = argc > 1 ? argv[1] : "";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
