#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile.h"

#define WARM_STEPS 3
#define WARM_SECONDS 1.0

static int failed(const struct profile *p)
{
    return say_library_failed(p->stepper.session.ctx);
}

/* ---- Untimed steps ---- */

static tenka_status run_and_wait(struct profile *p)
{
    const tenka_status status = stepper_run(&p->stepper);
    return status == TENKA_OK ? tenka_synchronize(p->stepper.session.ctx) : status;
}

static int warm_up(struct profile *p)
{
    progress_say(&p->progress, "warming up ...");
    for (int i = 0; i < WARM_STEPS; i++)
        if (run_and_wait(p) != TENKA_OK)
            return failed(p);
    return EXIT_CODE_OK;
}

/* Waiting for each step leaves a GPU idle, so it is warmed up before each. */
static tenka_status keep_warm(struct profile *p)
{
    return stepper_warm_up(&p->stepper, WARM_SECONDS);
}

/* The median time of a step, over as many as will be timed, each waited for. */
static int measure_waited(struct profile *p)
{
    const size_t n = p->options->steps;
    double *seconds = malloc(n * sizeof(*seconds));
    tenka_status status = TENKA_OK;
    size_t done = 0;
    if (seconds == NULL)
        return say_failed("out of memory");
    while (done < n && status == TENKA_OK && interrupt_signal() == 0) {
        status = keep_warm(p);
        const double begin = seconds_now();
        if (status == TENKA_OK)
            status = run_and_wait(p);
        seconds[done++] = seconds_now() - begin;
    }
    p->waited_seconds = median(seconds, done);
    free(seconds);
    return status == TENKA_OK ? EXIT_CODE_OK : failed(p);
}

/* The time of a step among others: all are submitted, and then waited for once. */
static int measure_loop(struct profile *p)
{
    tenka_status status = keep_warm(p);
    const double begin = seconds_now();
    size_t done = 0;
    while (done < p->options->steps && status == TENKA_OK && interrupt_signal() == 0) {
        status = stepper_run(&p->stepper);
        done++;
    }
    if (status == TENKA_OK)
        status = tenka_synchronize(p->stepper.session.ctx);
    p->loop_seconds = (seconds_now() - begin) / (double)(done > 0 ? done : 1);
    return status == TENKA_OK ? EXIT_CODE_OK : failed(p);
}

static int capture(struct profile *p)
{
    tenka_ctx *ctx = p->stepper.session.ctx;
    progress_say(&p->progress, "capturing a step ...");
    if (tenka_capture_begin(ctx) != TENKA_OK)
        return failed(p);
    const tenka_status ran = stepper_run(&p->stepper);
    const int code = ran == TENKA_OK ? EXIT_CODE_OK : failed(p);
    if (tenka_capture_end(ctx, p->options->capture) != TENKA_OK)
        return code == EXIT_CODE_OK ? failed(p) : code;
    return code;
}

/* ---- Timed steps ---- */

/* The first timed step says how many dispatches there are, or that the device cannot tell their times; its own times are
 * those of a cold start. */
static int count_dispatches(struct profile *p)
{
    tenka_ctx *ctx = p->stepper.session.ctx;
    tenka_status status = run_and_wait(p);
    if (status == TENKA_OK)
        status = tenka_profile_dispatches(ctx, NULL, 0, &p->n_dispatches);
    if (status == TENKA_OK)
        return EXIT_CODE_OK;
    if (status != TENKA_E_UNSUPPORTED)
        return failed(p);
    snprintf(p->not_timed, sizeof(p->not_timed), "%s", tenka_last_error(ctx));
    return p->options->trace == NULL ? EXIT_CODE_OK : say_failed("--trace cannot be written: %s", p->not_timed);
}

static int make_room(struct profile *p)
{
    const size_t n = p->options->steps;
    p->dispatches = calloc(p->n_dispatches + 1, sizeof(*p->dispatches));
    p->steps = calloc(n, sizeof(*p->steps));
    double *times = calloc(n * (2 * p->n_dispatches + 1), sizeof(*times));
    if (p->dispatches == NULL || p->steps == NULL || times == NULL) {
        free(times);
        return say_failed("out of memory");
    }
    for (size_t i = 0; i < n; i++)
        p->steps[i].dispatches = times + 2 * p->n_dispatches * i;
    return EXIT_CODE_OK;
}

static int time_step(struct profile *p, struct profile_step *step)
{
    tenka_ctx *ctx = p->stepper.session.ctx;
    size_t count = 0;
    tenka_status status = keep_warm(p);
    step->begin = seconds_now();
    if (status == TENKA_OK)
        status = run_and_wait(p);
    step->end = seconds_now();
    if (status == TENKA_OK)
        status = tenka_profile_host(ctx, step->host, MAX_HOST_TIMES, &step->n_host);
    if (status == TENKA_OK)
        status = tenka_profile_dispatches(ctx, p->dispatches, p->n_dispatches, &count);
    if (status != TENKA_OK)
        return failed(p);
    if (count != p->n_dispatches)
        return say_failed("one step had %zu dispatches and another %zu; profile a network whose steps are alike",
                          p->n_dispatches, count);
    for (size_t i = 0; i < count; i++) {
        step->dispatches[2 * i] = p->dispatches[i].begin;
        step->dispatches[2 * i + 1] = p->dispatches[i].end;
    }
    p->n_steps++;
    return EXIT_CODE_OK;
}

static int time_steps(struct profile *p)
{
    progress_say(&p->progress, "timing steps ...");
    if (tenka_profile_begin_in_place(p->stepper.session.ctx) != TENKA_OK)
        return failed(p);
    int code = count_dispatches(p);
    if (code != EXIT_CODE_OK || p->not_timed[0] != '\0')
        return code;
    code = make_room(p);
    while (code == EXIT_CODE_OK && p->n_steps < p->options->steps && interrupt_signal() == 0)
        code = time_step(p, &p->steps[p->n_steps]);
    return code;
}

/* ---- All of it ---- */

static int measure(struct profile *p)
{
    int code = stepper_set_training(&p->stepper, true);
    if (code == EXIT_CODE_OK)
        code = warm_up(p);
    if (code == EXIT_CODE_OK && p->options->capture != NULL)
        code = capture(p);
    if (code == EXIT_CODE_OK)
        code = measure_waited(p);
    if (code == EXIT_CODE_OK)
        code = measure_loop(p);
    if (code == EXIT_CODE_OK)
        code = time_steps(p);
    progress_clear();
    if (code == EXIT_CODE_OK && interrupt_signal() != 0) {
        say_failed("stopped by a signal; not everything was measured");
        code = EXIT_CODE_SIGNAL + interrupt_signal();
    }
    return code;
}

/* Called before kernels are compiled, which takes a while. */
static int check_capture(const struct profile *p)
{
    tenka_ctx *ctx = p->stepper.session.ctx;
    if (p->options->capture == NULL || tenka_capture_check(ctx) == TENKA_OK)
        return EXIT_CODE_OK;
    /* Without a GPU --backend auto has chosen the CPU; a software device can be captured. */
    if (tenka_ctx_backend(ctx) != TENKA_BACKEND_VULKAN)
        return say_failed("%s; add --backend vulkan", tenka_last_error(ctx));
    return failed(p);
}

static int run(struct profile *p)
{
    int code = session_check_data(p->options->data);
    if (code == EXIT_CODE_OK)
        code = stepper_open(&p->stepper, p->options, p->options->batch_size, &p->progress);
    if (code == EXIT_CODE_OK)
        code = check_capture(p);
    if (code == EXIT_CODE_OK)
        code = measure(p);
    if (code == EXIT_CODE_OK && p->options->trace != NULL)
        code = profile_write_trace(p, p->options->trace);
    return code == EXIT_CODE_OK ? profile_report(p) : code;
}

/* --trace may also name a device or a pipe, or a file in a folder where no other can be made, since it is written in
 * place. */
static int check_trace(const char *path)
{
    struct stat st;
    if (path == NULL || stat(path, &st) != 0 || S_ISDIR(st.st_mode))
        return check_save_path("--trace", path);
    return access(path, W_OK) == 0 ? EXIT_CODE_OK : say_failed("cannot save to %s: %s", path, strerror(errno));
}

int command_profile(const struct options *options)
{
    /* As with `tenka bench`, the library's notices about the network are left out. */
    struct options silent = *options;
    silent.quiet = true;
    struct profile p = {.options = &silent};
    interrupt_catch();
    progress_init(&p.progress, options->quiet);
    int code = check_trace(options->trace);
    if (code == EXIT_CODE_OK)
        code = check_save_path("--capture", options->capture);
    if (code == EXIT_CODE_OK)
        code = check_other_file("--trace", options->trace, "--capture", options->capture);
    if (code != EXIT_CODE_OK)
        return code;
    code = run(&p);
    if (p.steps != NULL)
        free(p.steps[0].dispatches);
    free(p.steps);
    free(p.dispatches);
    stepper_close(&p.stepper);
    return code;
}
