/* A step of training: the loss of a batch, what becomes of its gradients, the schedule. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>

#include "train.h"

/* ---- Before the first ---- */

/* How often the schedule goes on in the whole run. */
static uint64_t schedule_total(const struct training *t, bool by_step)
{
    const struct options *const o = t->session.options;
    const uint64_t batches = tenka_loader_batches(t->run.train_loader);
    return by_step ? o->epochs * ((batches + o->accumulate - 1) / o->accumulate) : o->epochs;
}

static int open_schedule(struct training *t)
{
    const struct options *const o = t->session.options;
    struct tenka_schedule_params params = TENKA_SCHEDULE_DEFAULTS;
    bool by_step, by_either;
    if (tenka_schedule_check(t->session.ctx, o->schedule, &by_step, &by_either) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    t->plateau = !by_either;
    by_step = o->schedule_per == TENKA_SCHEDULE_USUAL ? by_step : o->schedule_per == TENKA_SCHEDULE_STEP;
    params.per = by_step ? TENKA_SCHEDULE_STEP : TENKA_SCHEDULE_EPOCH;
    params.total = schedule_total(t, by_step);
    if (tenka_schedule_create(t->run.optimizer, o->schedule, &params, &t->run.schedule) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    const uint64_t steps = tenka_schedule_steps(t->run.schedule);
    char ends[32], takes[32];
    if (steps > 0 && steps < params.total)
        return say_failed(
            "--schedule: it ends after %s %ss, but this run has %s: leave its length out, and it ends with "
            "the run",
            say_count(ends, steps), by_step ? "step" : "epoch", say_count(takes, params.total));
    if (!o->quiet)
        print_text(stdout, "schedule %s, per %s\n", o->schedule, by_step ? "step" : "epoch");
    if (!by_step && o->resume == NULL && tenka_optimizer_lr(t->run.optimizer, 0) == 0)
        say_warning("this schedule begins with a learning rate of 0, and the first epoch learns nothing; with "
                    "--schedule-per step its lengths are updates, and only the first one is lost");
    return EXIT_CODE_OK;
}

int steps_open(struct training *t)
{
    const struct options *const o = t->session.options;
    if (o->clip_grad_norm > 0 || o->clip_grad_value > 0) {
        t->trained = recipe_trained(&t->session, &t->n_trained);
        if (t->trained == NULL)
            return say_failed("out of memory");
    }
    if (o->ema > 0 && !o->quiet)
        printf("average  of the weights with decay %g, which is tested and saved\n", o->ema);
    return o->schedule != NULL ? open_schedule(t) : EXIT_CODE_OK;
}

void steps_close(struct training *t)
{
    tenka_schedule_destroy(&t->run.schedule);
    free(t->trained);
}

/* ---- Groups of batches ---- */

bool steps_are_whole(const struct training *t)
{
    const size_t position = tenka_loader_position(t->run.train_loader);
    return position % t->session.options->accumulate == 0 || position == tenka_loader_batches(t->run.train_loader);
}

/* Batches of the group that the last one ends. */
static uint64_t group_size(const struct training *t)
{
    const uint32_t accumulate = t->session.options->accumulate;
    const uint64_t rest = tenka_loader_position(t->run.train_loader) % accumulate;
    return rest != 0 ? rest : accumulate;
}

bool steps_have_passed(const struct training *t, uint64_t every)
{
    const uint64_t step = t->run.step;
    return tenka_loader_position(t->run.train_loader) > 0 && steps_are_whole(t) &&
           step / every != (step - group_size(t)) / every;
}

bool steps_want_checkpoint(const struct training *t)
{
    const uint64_t every = t->session.options->checkpoint_every;
    return every != 0 && tenka_loader_position(t->run.train_loader) < tenka_loader_batches(t->run.train_loader) &&
           steps_have_passed(t, every);
}

/* ---- A step ---- */

/* Where batches are accumulated the gradients are of a part of the loss, which is then read through a view: what a
 * gradient begins with can be read, and else what nobody consumes. */
static void trace_gradients(const struct training *t, tenka_tensor *loss)
{
    const uint32_t batches = t->session.options->accumulate;
    tenka_backward(batches > 1 ? tenka_scale(*loss, 1.0 / batches) : *loss);
    tenka_meter_add(t->run.loss, *loss);
    if (batches > 1)
        *loss = tenka_reshape(*loss, (struct tenka_shape){0});
}

static void clip(const struct training *t)
{
    const struct options *const o = t->session.options;
    if (o->clip_grad_value > 0)
        tenka_clip_grad_value(t->session.ctx, t->trained, t->n_trained, o->clip_grad_value);
    if (o->clip_grad_norm > 0)
        tenka_clip_grad_norm(t->session.ctx, t->trained, t->n_trained, o->clip_grad_norm);
}

static int update(struct training *t)
{
    const int code = watch_gradients(t);
    if (code != EXIT_CODE_OK)
        return code;
    clip(t);
    tenka_status status = tenka_optimizer_step(t->run.optimizer);
    if (status == TENKA_OK)
        status = tenka_schedule_after_step(t->run.schedule);
    return status == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}

int steps_take(struct training *t, const struct tenka_batch *batch, tenka_tensor *loss)
{
    *loss = session_loss(&t->session, batch, true, NULL);
    trace_gradients(t, loss);
    if (t->session.options->check_finite) {
        const int code = finite_check_step(t, *loss);
        if (code != EXIT_CODE_OK)
            return code;
    }
    if (steps_are_whole(t))
        return update(t);
    return tenka_step_end(t->session.ctx) == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}

int steps_end_epoch(struct training *t, const struct epoch_result *result)
{
    if (t->plateau && t->session.test_data != NULL && isnan(result->test.loss))
        return EXIT_CODE_OK; /* --val-every has left the test out */
    const double metric = isnan(result->test.loss) ? result->train_loss : result->test.loss;
    return tenka_schedule_after_epoch(t->run.schedule, metric) == TENKA_OK ? EXIT_CODE_OK : EXIT_CODE_LIBRARY;
}

int steps_end_test(struct training *t, const struct epoch_result *result)
{
    if (!t->plateau)
        return EXIT_CODE_OK;
    return tenka_schedule_after_epoch(t->run.schedule, result->test.loss) == TENKA_OK ? EXIT_CODE_OK
                                                                                      : EXIT_CODE_LIBRARY;
}
