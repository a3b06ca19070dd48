#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* One run of the command. */
struct bench {
    const struct options *options;
    struct progress progress;
    struct report report;
    unsigned parts; /* bits of enum bench_part */
    double step_seconds, kernel_seconds, ceiling_seconds;
    uint32_t batches[MAX_BATCH_SIZES];
    size_t n_batches;
    uint32_t profiled_batch;
};

static bool stopped(int code)
{
    return code != EXIT_CODE_OK || interrupt_signal() != 0;
}

/* ---- Ceilings and shapes: they need a device alone ---- */

static int measure_ceilings(struct bench *b, tenka_ctx *ctx)
{
    struct tenka_ceilings ceilings = TENKA_CEILINGS_DEFAULTS;
    progress_say(&b->progress, "ceilings ...");
    const tenka_status status = tenka_bench_ceilings(ctx, b->ceiling_seconds, &ceilings);
    progress_clear();
    if (status == TENKA_E_UNSUPPORTED && (b->parts & BENCH_STEPS) != 0) {
        say_warning("%s: only whole steps are measured", tenka_last_error(ctx));
        b->parts = BENCH_STEPS;
        return EXIT_CODE_OK;
    }
    if (status != TENKA_OK)
        return say_library_failed(ctx);
    report_ceilings(&b->report, &ceilings);
    return EXIT_CODE_OK;
}

static bool is_wanted(const struct bench *b, const struct tenka_bench_case *c, bool has_quick)
{
    if (b->options->op != NULL && strcmp(b->options->op, c->op) != 0)
        return false;
    if (b->options->op == NULL && c->from_tests)
        return false;
    return !b->options->quick || c->quick || !has_quick;
}

static int measure_case(struct bench *b, tenka_ctx *ctx, size_t index, const struct tenka_bench_case *c)
{
    struct tenka_kernel_time kernels[TENKA_BENCH_MAX_PASSES];
    size_t count = 0;
    char text[160];
    snprintf(text, sizeof(text), "%s, %s ...", c->op, c->what);
    progress_say(&b->progress, text);
    const tenka_status status = tenka_bench_run(ctx, index, b->kernel_seconds, kernels, &count);
    progress_clear();
    if (status == TENKA_E_UNSUPPORTED || status == TENKA_E_NOMEM)
        report_case_skipped(&b->report, c, tenka_last_error(ctx));
    else if (status != TENKA_OK)
        return say_library_failed(ctx);
    for (size_t i = 0; i < count; i++)
        report_case(&b->report, c, &kernels[i]);
    return EXIT_CODE_OK;
}

/* tenka_bench_case has the cases of an operator one behind the other, so that each name comes once. */
static int say_no_operator(const struct bench *b)
{
    struct tenka_bench_case c;
    char names[2048] = "";
    const char *last = "";
    for (size_t i = 0; tenka_bench_case(i, &c); i++) {
        const size_t length = strlen(names);
        if (strcmp(c.op, last) != 0)
            snprintf(names + length, sizeof(names) - length, "%s%s", length > 0 ? ", " : "", c.op);
        last = c.op;
    }
    say_failed("--op: there is no '%s' to be measured; choose among %s", b->options->op, names);
    return EXIT_CODE_USAGE;
}

/* Whether --op names an operator, and whether one of its cases is quick. */
static int check_operator(const struct bench *b, bool *has_quick)
{
    struct tenka_bench_case c;
    bool found = b->options->op == NULL;
    *has_quick = found;
    for (size_t i = 0; tenka_bench_case(i, &c); i++)
        if (b->options->op != NULL && strcmp(b->options->op, c.op) == 0) {
            found = true;
            *has_quick = *has_quick || c.quick;
        }
    return found ? EXIT_CODE_OK : say_no_operator(b);
}

static int measure_cases(struct bench *b, tenka_ctx *ctx, bool has_quick)
{
    struct tenka_bench_case c;
    int code = EXIT_CODE_OK;
    report_cases_begin(&b->report);
    for (size_t i = 0; !stopped(code) && tenka_bench_case(i, &c); i++)
        if (is_wanted(b, &c, has_quick))
            code = measure_case(b, ctx, i, &c);
    report_end(&b->report);
    return code;
}

/* Ceilings are measured for kernels and shapes too, which are printed as shares of them. */
static int measure_device(struct bench *b)
{
    struct session session;
    bool has_quick;
    int code = check_operator(b, &has_quick);
    if (code != EXIT_CODE_OK || (b->parts & (BENCH_CEILINGS | BENCH_KERNELS | BENCH_SHAPES)) == 0)
        return code;
    code = session_open_device(&session, b->options);
    if (code == EXIT_CODE_OK) {
        report_device(&b->report, session.ctx);
        code = measure_ceilings(b, session.ctx);
    }
    if (!stopped(code) && (b->parts & BENCH_SHAPES) != 0)
        code = measure_cases(b, session.ctx, has_quick);
    session_close(&session);
    return code;
}

/* ---- Steps and their kernels ---- */

static int profile(struct bench *b, struct stepper *stepper)
{
    struct tenka_kernel_time *kernels = NULL;
    size_t count = 0;
    struct step_result step = {.batch = b->profiled_batch};
    int code = stepper_set_training(stepper, true);
    if (code == EXIT_CODE_OK)
        code = stepper_profile(stepper, b->step_seconds, &kernels, &count);
    if (code == EXIT_CODE_OK && interrupt_signal() == 0) {
        report_kernels_begin(&b->report, &step);
        for (size_t i = 0; i < count; i++)
            report_kernel(&b->report, &kernels[i]);
        report_end(&b->report);
    }
    free(kernels);
    return code;
}

static int measure_kernels(struct bench *b)
{
    struct stepper stepper;
    int code = stepper_open(&stepper, b->options, b->profiled_batch, &b->progress);
    if (code == EXIT_CODE_OK) {
        report_device(&b->report, stepper.session.ctx);
        code = profile(b, &stepper);
    }
    stepper_close(&stepper);
    return code;
}

static int measure_modes(struct bench *b, struct stepper *stepper)
{
    for (int training = 0; training < 2; training++) {
        struct step_result result;
        int code = stepper_set_training(stepper, training != 0);
        if (code == EXIT_CODE_OK)
            code = stepper_measure(stepper, b->step_seconds, &result);
        if (stopped(code))
            return code;
        report_step(&b->report, &result);
    }
    return EXIT_CODE_OK;
}

static int measure_steps(struct bench *b)
{
    int code = EXIT_CODE_OK;
    for (size_t i = 0; i < b->n_batches && !stopped(code); i++) {
        struct stepper stepper;
        code = stepper_open(&stepper, b->options, b->batches[i], &b->progress);
        if (code == EXIT_CODE_OK) {
            report_device(&b->report, stepper.session.ctx);
            if (i == 0)
                report_steps_begin(&b->report);
            code = measure_modes(b, &stepper);
        }
        stepper_close(&stepper);
    }
    report_end(&b->report);
    return code;
}

/* ---- All of it ---- */

static void settle_options(struct bench *b)
{
    static const uint32_t usual[] = {32, 100, 1000};
    const struct options *o = b->options;
    const double pace = o->quick ? 0.1 : 1;
    b->step_seconds = pace * (o->seconds > 0 ? o->seconds : 1);
    b->kernel_seconds = pace * (o->seconds > 0 ? o->seconds : 0.2);
    b->ceiling_seconds = o->seconds > 0 ? b->kernel_seconds : 0.2; /* also with --quick: shares need them */
    b->parts = o->parts;
    if (b->parts == 0 && o->op != NULL)
        b->parts = BENCH_CEILINGS | BENCH_SHAPES;
    else if (b->parts == 0)
        b->parts = BENCH_CEILINGS | BENCH_KERNELS | BENCH_STEPS | (o->net == NULL ? BENCH_SHAPES : 0);
    b->n_batches = o->batch_sizes.count;
    memcpy(b->batches, o->batch_sizes.number, sizeof(b->batches));
    b->profiled_batch = b->n_batches > 0 ? b->batches[0] : 100;
    if (b->n_batches == 0) {
        b->n_batches = o->quick ? 1 : 3;
        memcpy(b->batches, o->quick ? usual + 1 : usual, b->n_batches * sizeof(usual[0]));
    }
}

/* Called before anything is measured: whether the network takes all batch sizes. */
static int check(struct bench *b)
{
    uint32_t batches[MAX_BATCH_SIZES + 1] = {b->profiled_batch};
    const bool steps = (b->parts & BENCH_STEPS) != 0, kernels = (b->parts & BENCH_KERNELS) != 0;
    memcpy(batches + kernels, b->batches, b->n_batches * sizeof(batches[0]));
    return steps || kernels ? stepper_check(b->options, batches, kernels + (steps ? b->n_batches : 0)) : EXIT_CODE_OK;
}

static int measure(struct bench *b)
{
    int code = check(b);
    if (!stopped(code))
        code = measure_device(b);
    if (!stopped(code) && (b->parts & BENCH_KERNELS) != 0)
        code = measure_kernels(b);
    if (!stopped(code) && (b->parts & BENCH_STEPS) != 0)
        code = measure_steps(b);
    if (code != EXIT_CODE_OK || interrupt_signal() == 0)
        return code;
    say_failed("stopped by a signal; not everything was measured");
    return EXIT_CODE_SIGNAL + interrupt_signal();
}

int command_bench(const struct options *options)
{
    /* The library would log its notices about the network once for each batch size. */
    struct options silent = *options;
    silent.quiet = true;
    struct bench b = {.options = &silent};
    interrupt_catch();
    progress_init(&b.progress, options->quiet);
    settle_options(&b);
    int code = report_open(&b.report, &silent);
    if (code != EXIT_CODE_OK)
        return code;
    code = measure(&b);
    const int closed = report_close(&b.report, code == EXIT_CODE_OK);
    return code != EXIT_CODE_OK ? code : closed;
}
