#include "watch.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "train.h"

#define MAX_POINTS 2000 /* of a history: steps whose losses a report shows */

/* ---- Where something cannot be written ---- */

static void give_up_events(struct training *t, tenka_status status)
{
    say_warning("%s; training goes on without --tensorboard", failure_sentence(t->session.ctx, status));
    tenka_events_close(&t->watch.events);
    t->watch.failed = true;
}

static void give_up_report(struct training *t)
{
    say_warning("training goes on without --report");
    t->watch.reports = false;
    t->watch.failed = true;
}

static void add_point(struct training *t, double loss)
{
    const struct history_point point = {t->run.step, loss, t->watch.lr};
    if (!history_add_point(&t->watch.history, &point)) {
        say_failed("out of memory");
        give_up_report(t);
    }
}

/* ---- Opening ---- */

static int open_events(struct training *t)
{
    const struct options *const o = t->session.options;
    tenka_status status = tenka_events_open(t->session.ctx, o->tensorboard, &t->watch.events);
    if (status == TENKA_OK)
        status = events_begin(&t->session, t->watch.events, t->run.step);
    if (status != TENKA_OK)
        return say_failed("%s", failure_sentence(t->session.ctx, status));
    say_notice(o, "events are in %s; 'tensorboard --logdir %s' shows them", tenka_events_path(t->watch.events),
               o->tensorboard);
    return EXIT_CODE_OK;
}

static int open_report(struct training *t)
{
    const struct options *const o = t->session.options;
    t->watch.reports = true;
    if (o->resume == NULL)
        return EXIT_CODE_OK;
    const int code = history_read(&t->watch.history, o->report, t->run.epoch, t->run.step);
    if (code == EXIT_CODE_OK && t->watch.history.begins == t->run.step && t->run.step > 0)
        say_notice(o, "there is no report %s to go on with: the new one begins at step %" PRIu64, o->report,
                   t->run.step);
    return code;
}

int watch_open(struct training *t)
{
    const struct options *const o = t->session.options;
    const uint64_t steps = (uint64_t)tenka_loader_batches(t->run.train_loader) * o->epochs;
    int code = EXIT_CODE_OK;
    t->watch.stride = steps / MAX_POINTS + 1;
    t->watch.begun = seconds_now();
    t->answers.first = t->answers.pictures = o->tensorboard != NULL;
    if (o->report != NULL)
        code = open_report(t);
    if (code == EXIT_CODE_OK && o->tensorboard != NULL)
        code = open_events(t);
    return code;
}

/* ---- Training ---- */

static bool is_point(const struct training *t)
{
    return t->watch.reports && t->run.step % t->watch.stride == 0;
}

void watch_before_step(struct training *t)
{
    t->watch.lr = tenka_optimizer_lr(t->run.optimizer, 0);
}

bool watch_wants_loss(const struct training *t)
{
    return t->watch.events != NULL || is_point(t);
}

void watch_step(struct training *t, double loss)
{
    tenka_events *const events = t->watch.events;
    if (is_point(t))
        add_point(t, loss);
    if (events == NULL)
        return;
    tenka_status status = tenka_events_scalar(events, "train/loss", t->run.step, loss);
    if (status == TENKA_OK)
        status = tenka_events_scalar(events, "train/learning rate", t->run.step, t->watch.lr);
    if (status != TENKA_OK)
        give_up_events(t, status);
}

int watch_epoch(struct training *t, const struct epoch_result *result)
{
    if (t->watch.reports && !history_add_epoch(&t->watch.history, result)) {
        say_failed("out of memory");
        give_up_report(t);
    }
    if (t->watch.events == NULL)
        return EXIT_CODE_OK;
    const tenka_status status = events_epoch(t, result->step > 0 ? result->step : t->run.step - 1, result);
    if (status == TENKA_E_DEVICE)
        return EXIT_CODE_LIBRARY;
    if (status != TENKA_OK)
        give_up_events(t, status);
    return EXIT_CODE_OK;
}

/* ---- Reports ---- */

static struct report report_of(const struct training *t, const char *state)
{
    struct report r = {
        .s = &t->session,
        .history = &t->watch.history,
        .state = state,
        .seconds = seconds_now() - t->watch.begun,
    };
    best_tell(t, r.best);
    return r;
}

static void write_report(struct training *t, const struct report *r)
{
    if (report_write(r, t->session.options->report) != EXIT_CODE_OK)
        give_up_report(t);
}

static void flush_events(struct training *t)
{
    const tenka_status status = t->watch.events != NULL ? tenka_events_flush(t->watch.events) : TENKA_OK;
    if (status != TENKA_OK)
        give_up_events(t, status);
}

void watch_save(struct training *t)
{
    const struct report r = report_of(t, "running");
    flush_events(t);
    if (t->watch.reports)
        write_report(t, &r);
}

/* Tests once more, in the order of the data, so that the mistakes have their numbers. The training's loaders go first:
 * their data takes room on the device. */
static int test_again(struct training *t, struct answers *answers, struct evaluation *out)
{
    struct session *const s = &t->session;
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    tenka_loader *loader = NULL;
    tenka_loader_destroy(&t->run.train_loader);
    tenka_loader_destroy(&t->run.test_loader);
    params.batch_size = s->options->test_batch_size;
    if (tenka_loader_create(s->ctx, s->test_data, &params, &loader) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    const int code = evaluate(s, loader, &t->progress, answers, out);
    tenka_loader_destroy(&loader);
    return code;
}

static int finish_report(struct training *t, bool stopped)
{
    struct report r = report_of(t, stopped ? "stopped before its end" : "finished");
    struct answers answers = {.max_worst = REPORT_WORST, .pictures = true};
    struct evaluation test;
    int code = EXIT_CODE_OK;
    if (!stopped && t->session.test_data != NULL) {
        code = test_again(t, &answers, &test);
        const bool whole = interrupt_signal() == 0;
        r.answers = whole ? &answers : NULL;
        r.test = whole ? &test : NULL;
        r.state = whole ? r.state : "stopped in its last test";
    }
    if (code == EXIT_CODE_OK)
        write_report(t, &r);
    if (code == EXIT_CODE_OK && !stopped && interrupt_signal() != 0)
        code = EXIT_CODE_SIGNAL + interrupt_signal();
    answers_free(&answers);
    if (code == EXIT_CODE_OK && t->watch.reports && !t->session.options->quiet)
        print_text(stdout, "report   %s\n", t->session.options->report);
    return code;
}

int watch_finish(struct training *t, bool stopped)
{
    flush_events(t);
    const int code = t->watch.reports ? finish_report(t, stopped) : EXIT_CODE_OK;
    return code == EXIT_CODE_OK && t->watch.failed ? EXIT_CODE_FAILED : code;
}

void watch_close(struct training *t)
{
    tenka_events_close(&t->watch.events);
    history_free(&t->watch.history);
    watch_drop_gradients(&t->watch);
    free(t->watch.gradients);
}
