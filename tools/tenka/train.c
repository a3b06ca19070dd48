#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenka.h"

struct training {
    struct session session;
    struct tenka_training run;
    struct progress progress;
    FILE *log;
    bool evaluating;     /* the checkpoint of the epoch's end is written, and the generator has moved on */
};

/* ---- Setting up ---- */

/* A wrong path is found now and not after hours of training. */
static int check_save_path(const char *option, const char *path)
{
    struct stat st;
    char copy[4096];
    if (path == NULL)
        return EXIT_CODE_OK;
    if (path[0] == '\0')
        return say_failed("%s needs the name of a file", option);
    if (strlen(path) >= sizeof(copy))
        return say_failed("the path of %s is longer than %zu bytes", option, sizeof(copy) - 1);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return say_failed("cannot save to %s: it is a folder", path);
    strcpy(copy, path);
    if (access(dirname(copy), W_OK | X_OK) != 0)
        return say_failed("cannot save to %s: %s", path, strerror(errno));
    return EXIT_CODE_OK;
}

tenka_status train_optimizer(const struct session *s, tenka_optimizer **out)
{
    const struct options *o = s->options;
    if (o->sgd) {
        struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
        params.lr = o->lr;
        params.momentum = o->momentum;
        params.weight_decay = o->weight_decay;
        return tenka_sgd_create(s->ctx, s->net, &params, out);
    }
    struct tenka_adam_params params = TENKA_ADAM_DEFAULTS;
    params.lr = o->lr;
    params.weight_decay = o->weight_decay;
    return tenka_adam_create(s->ctx, s->net, &params, out);
}

/* Both loaders shuffle, as in the reference program: each takes its draws from the generator. */
static tenka_status create_loader(const struct session *s, const tenka_dataset *data, uint32_t batch_size,
                                  tenka_loader **out)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    params.batch_size = batch_size;
    params.shuffle = true;
    return tenka_loader_create(s->ctx, data, &params, out);
}

static int open_log(struct training *t)
{
    const struct options *o = t->session.options;
    bool begun = false;
    const int code = o->resume == NULL ? log_json_open(o, &t->log)
                                       : log_json_reopen(o, t->run.epoch, t->run.step, &t->log, &begun);
    return code != EXIT_CODE_OK || begun ? code : log_json_begin(t->log, &t->session);
}

static int set_up(struct training *t)
{
    struct session *s = &t->session;
    const struct options *o = s->options;
    t->run.net = s->net;
    t->run.seed = o->seed;
    tenka_status status = create_loader(s, s->train_data, o->batch_size, &t->run.train_loader);
    if (status == TENKA_OK)
        status = create_loader(s, s->test_data, o->test_batch_size, &t->run.test_loader);
    if (status == TENKA_OK)
        status = train_optimizer(s, &t->run.optimizer);
    if (status == TENKA_OK)
        status = tenka_meter_create(s->ctx, &t->run.loss);
    if (status != TENKA_OK)
        return say_library_failed(s->ctx);
    progress_init(&t->progress, o->quiet);
    const int code = o->resume != NULL ? checkpoint_resume(s, &t->run) : EXIT_CODE_OK;
    return code != EXIT_CODE_OK ? code : open_log(t);
}

static int tear_down(struct training *t)
{
    tenka_meter_destroy(&t->run.loss);
    tenka_optimizer_destroy(&t->run.optimizer);
    tenka_loader_destroy(&t->run.train_loader);
    tenka_loader_destroy(&t->run.test_loader);
    session_close(&t->session);
    return log_json_close(&t->log, t->session.options);
}

/* ---- Training ---- */

/* Reading a single step's loss waits for the device, so it is done for the log only. */
static int after_step(struct training *t, uint32_t epoch, uint64_t images, tenka_tensor loss)
{
    const struct session *s = &t->session;
    double value;
    if (t->log != NULL) {
        if (tenka_item(loss, &value) != TENKA_OK)
            return say_library_failed(s->ctx);
        const int code = log_json_step(t->log, s->options, epoch, t->run.step, value);
        if (code != EXIT_CODE_OK)
            return code;
    }
    t->run.step++;
    if (progress_wants_loss(&t->progress) && tenka_meter_peek(t->run.loss, NULL, &t->progress.loss, NULL) != TENKA_OK)
        return say_library_failed(s->ctx);
    progress_update(&t->progress, images);
    return EXIT_CODE_OK;
}

/* A network that has diverged replaces no file. */
static int check_finite(const char *which, uint32_t epoch, double loss)
{
    if (isfinite(loss))
        return EXIT_CODE_OK;
    return say_failed("the %s loss of epoch %u is no finite number: the training has diverged and its network was not "
                      "saved; try a smaller --lr", which, epoch + 1);
}

/* Within an epoch. The sum, since before the first step there is no mean. */
static int check_so_far(const struct training *t)
{
    double sum;
    if (tenka_meter_read(t->run.loss, &sum, NULL, NULL) != TENKA_OK)
        return say_library_failed(t->session.ctx);
    return check_finite("training", (uint32_t)t->run.epoch, sum);
}

static int save_checkpoint(struct training *t)
{
    const char *path = t->session.options->checkpoint;
    return path != NULL ? checkpoint_save(&t->session, &t->run, path) : EXIT_CODE_OK;
}

/* Whether a checkpoint is due in the middle of an epoch; the one at its end comes anyway. */
static bool is_checkpoint_due(const struct training *t)
{
    const uint32_t every = t->session.options->checkpoint_every;
    return every > 0 && t->run.step % every == 0 &&
           tenka_loader_position(t->run.train_loader) < tenka_loader_batches(t->run.train_loader);
}

static int run_batches(struct training *t, uint32_t epoch, uint64_t *images)
{
    struct session *s = &t->session;
    struct tenka_batch batch;
    tenka_loader *const loader = t->run.train_loader;
    tenka_status status = TENKA_OK;
    /* The loader stays at the epoch's end until the epoch is evaluated, so that a checkpoint finds it there. */
    while (interrupt_signal() == 0 && tenka_loader_position(loader) < tenka_loader_batches(loader) &&
           (status = tenka_loader_next(loader, &batch)) == TENKA_OK) {
        const tenka_tensor loss = session_loss(s, tenka_forward(s->net, batch.input), batch.target);
        tenka_backward(loss);
        tenka_meter_add(t->run.loss, loss);
        if ((status = tenka_optimizer_step(t->run.optimizer)) != TENKA_OK)
            break;
        *images += batch.size;
        int code = after_step(t, epoch, *images, loss);
        if (code == EXIT_CODE_OK && is_checkpoint_due(t) && (code = check_so_far(t)) == EXIT_CODE_OK)
            code = save_checkpoint(t);
        if (code != EXIT_CODE_OK)
            return code;
    }
    return status == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

static int train_epoch(struct training *t, uint32_t epoch, struct epoch_result *result)
{
    const struct session *s = &t->session;
    char label[32];
    const uint64_t position = tenka_loader_position(t->run.train_loader), total = tenka_dataset_count(s->train_data);
    const uint64_t before = position * s->options->batch_size < total ? position * s->options->batch_size : total;
    uint64_t images = before;
    snprintf(label, sizeof(label), "epoch %u/%u", epoch + 1, s->options->epochs);
    progress_begin(&t->progress, label, before, total);
    const double start = seconds_now();
    tenka_module_train(s->net, true);
    if (position == 0 && tenka_meter_reset(t->run.loss) != TENKA_OK)
        return say_library_failed(s->ctx);
    const int code = run_batches(t, epoch, &images);
    progress_end(&t->progress);
    if (code != EXIT_CODE_OK)
        return code;
    /* The read waits for the last step, so the time is the device's. */
    if (tenka_meter_read(t->run.loss, NULL, &result->train_loss, NULL) != TENKA_OK)
        return say_library_failed(s->ctx);
    result->epoch = epoch;
    result->train_seconds = seconds_now() - start;
    result->images_per_second = (double)(images - before) / result->train_seconds;
    return EXIT_CODE_OK;
}

static void print_epoch(const struct training *t, const struct epoch_result *r)
{
    char rate[32];
    printf("epoch %u/%u  train loss %.4f  test loss %.4f  test accuracy %.2f %%  (%.1f s, %s images/s)\n", r->epoch + 1,
           t->session.options->epochs, r->train_loss, r->test.loss, 100 * r->test.accuracy, r->train_seconds,
           say_count(rate, (uint64_t)(r->images_per_second + 0.5)));
    fflush(stdout);
}

/* Checkpoints stand before and after the evaluation, whose own state is not kept: an interrupted one begins anew. */
static int end_epoch(struct training *t, struct epoch_result *result)
{
    int code = save_checkpoint(t);
    t->evaluating = true;
    if (code == EXIT_CODE_OK && interrupt_signal() == 0)
        code = evaluate(&t->session, t->run.test_loader, &t->progress, &result->test);
    if (code != EXIT_CODE_OK || interrupt_signal() != 0)
        return code;
    print_epoch(t, result);
    code = check_finite("test", result->epoch, result->test.loss);
    if (code != EXIT_CODE_OK)
        return code;
    code = log_json_epoch(t->log, t->session.options, result);
    if (code != EXIT_CODE_OK)
        return code;
    tenka_loader_rewind(t->run.train_loader);
    t->run.epoch++;
    t->evaluating = false;
    return save_checkpoint(t);
}

static int run_epochs(struct training *t)
{
    while (t->run.epoch < t->session.options->epochs && interrupt_signal() == 0) {
        struct epoch_result result;
        int code = train_epoch(t, (uint32_t)t->run.epoch, &result);
        if (code == EXIT_CODE_OK && interrupt_signal() == 0)
            code = check_finite("training", result.epoch, result.train_loss);
        if (code == EXIT_CODE_OK && interrupt_signal() == 0)
            code = end_epoch(t, &result);
        if (code != EXIT_CODE_OK)
            return code;
    }
    return EXIT_CODE_OK;
}

/* ---- The end ---- */

static void say_stopped(const struct training *t)
{
    const struct options *o = t->session.options;
    char on[4200] = "", saved[4200] = "";
    if (o->checkpoint != NULL)
        snprintf(on, sizeof(on), "; --resume %s goes on", o->checkpoint);
    if (o->save != NULL)
        snprintf(saved, sizeof(saved), "; the network so far is in %s", o->save);
    say_failed("stopped by a signal after %" PRIu64 " steps%s%s%s", t->run.step, on, saved,
               o->checkpoint == NULL && o->save == NULL ? "; nothing was saved" : "");
}

static int finish(struct training *t)
{
    const struct options *o = t->session.options;
    const int number = interrupt_signal();
    int code = number != 0 && !t->evaluating ? check_so_far(t) : EXIT_CODE_OK;
    if (code == EXIT_CODE_OK && number != 0 && !t->evaluating)
        code = save_checkpoint(t);
    if (code == EXIT_CODE_OK && o->save != NULL)
        code = session_save(&t->session, o->save);
    if (number != 0 && code == EXIT_CODE_OK) {
        say_stopped(t);
    } else if (o->save != NULL && code == EXIT_CODE_OK && !o->quiet) {
        printf("saved    %s\n", o->save);
    }
    return number != 0 && code == EXIT_CODE_OK ? EXIT_CODE_SIGNAL + number : code;
}

int command_train(const struct options *options)
{
    struct options full = *options;
    struct training t = { .run = TENKA_TRAINING_DEFAULTS };
    if (full.test_batch_size == 0)
        full.test_batch_size = full.batch_size;
    int code = check_save_path("--save", full.save);
    if (code == EXIT_CODE_OK)
        code = check_save_path("--checkpoint", full.checkpoint);
    if (code != EXIT_CODE_OK)
        return code;
    interrupt_catch();
    code = session_open(&t.session, &full, true);
    if (code == EXIT_CODE_OK)
        code = set_up(&t);
    if (code == EXIT_CODE_OK)
        code = run_epochs(&t);
    if (code == EXIT_CODE_OK)
        code = finish(&t);
    const int closed = tear_down(&t);
    return code != EXIT_CODE_OK ? code : closed;
}
