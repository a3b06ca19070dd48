#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train.h"

/* ---- Setting up ---- */

/* Called before the training, so that nobody learns after hours of it that the network cannot be saved: its layers'
 * names may be such as no file takes. */
static int check_saving(struct training *t)
{
    const struct options *o = t->session.options;
    struct tenka_preprocessing how;
    if (o->save == NULL && o->checkpoint == NULL && o->best_file == NULL)
        return EXIT_CODE_OK;
    const int code = session_preprocessing(&t->session, &how);
    if (code != EXIT_CODE_OK)
        return code;
    if (o->save != NULL && tenka_model_save_check(t->session.net, &how, o->save) != TENKA_OK)
        return say_library_failed(t->session.ctx);
    if (o->best_file != NULL && tenka_model_save_check(t->session.net, &how, o->best_file) != TENKA_OK)
        return say_library_failed(t->session.ctx);
    if (o->checkpoint != NULL && tenka_checkpoint_save_check(&t->run, &how, o->checkpoint) != TENKA_OK)
        return say_library_failed(t->session.ctx);
    return EXIT_CODE_OK;
}

tenka_status train_optimizer(const struct session *s, tenka_optimizer **out)
{
    const tenka_status status = tenka_optimizer_create(s->ctx, NULL, &s->options->recipe, out);
    return status == TENKA_OK ? groups_add(s, *out) : status;
}

/* Both loaders shuffle, as in the reference program, unless nothing is shuffled: each takes its draws from the
 * generator. */
static tenka_status create_loader(const struct session *s, const tenka_dataset *data, uint32_t batch_size,
                                  bool drop_last, tenka_loader **out)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    params.batch_size = batch_size;
    params.shuffle = !s->options->no_shuffle;
    params.drop_last = drop_last;
    if (data == s->train_data)
        mixing_describe(s, &params);
    return tenka_loader_create(s->ctx, data, &params, out);
}

static int open_log(struct training *t)
{
    const struct options *o = t->session.options;
    bool begun = false;
    int code = o->resume == NULL ? log_json_open(o, &t->log)
                                 : log_json_reopen(o, t->run.epoch, t->run.step, &t->log, &begun);
    if (code != EXIT_CODE_OK || begun)
        return code;
    code = log_json_begin(&t->log, &t->session);
    return code == EXIT_CODE_OK ? code : say_failed("cannot write the log %s: %s", o->log, strerror(t->log.error));
}

static int resume(struct training *t)
{
    const struct options *o = t->session.options;
    int code = checkpoint_resume(&t->session, &t->run);
    t->written_step = t->run.step;
    if (code == EXIT_CODE_OK)
        keep_resumed(t);
    if (code == EXIT_CODE_OK)
        code = best_resumed(t);
    if (code == EXIT_CODE_OK && o->load != NULL)
        say_notice(o, "the run goes on with the weights of %s; those of --load %s began it, and are passed over",
                   o->resume, o->load);
    if (code == EXIT_CODE_OK && o->checkpoint == NULL)
        say_notice(o, "this run writes no checkpoints; with --checkpoint %s it could be stopped and resumed again",
                   o->resume);
    return code;
}

/* What a network's file says of its data where it can. */
static void tell_lost(const struct training *t, const char *option, const char *path)
{
    const struct session *const s = &t->session;
    struct tenka_picture_sizes sizes;
    const bool pictures = tenka_dataset_picture_sizes(s->train_data, &sizes) == TENKA_OK;
    tell_lost_in(s->options, option, path, tenka_dataset_table(s->train_data) != NULL, pictures, s->options->split > 0);
}

/* A batch size above the number of images is rarely meant: an epoch then has a single step. */
static void tell_batch(const struct training *t)
{
    const struct options *o = t->session.options;
    const size_t images = tenka_dataset_count(t->session.train_data);
    char size[32], count[32];
    if (o->batch_size > images)
        say_notice(o, "a batch of %s is more than the %s training %s%s: each epoch is one step of all of them",
                   say_count(size, o->batch_size), say_count(count, images), session_noun(&t->session), plural(images));
}

/* What gradients are made of, as far as options say it. */
static void name_criterion(struct training *t)
{
    const struct options *const o = t->session.options;
    const char *const classes = o->balanced                      ? ", of balanced classes"
                                : targets_are_input(&t->session) ? ", of the input"
                                                                 : "";
    char aux[64] = "", batches[32] = "", value[64] = "", norm[64] = "", loss[64];
    snprintf(loss, sizeof(loss), "%s()", tenka_loss_name(t->session.loss));
    if (o->aux_weight > 0)
        snprintf(aux, sizeof(aux), " and %g of the other outputs'", o->aux_weight);
    if (o->accumulate > 1)
        snprintf(batches, sizeof(batches), " of %u batches", o->accumulate);
    if (o->clip_grad_value > 0)
        snprintf(value, sizeof(value), " clipped to %g", o->clip_grad_value);
    if (o->clip_grad_norm > 0)
        snprintf(norm, sizeof(norm), " of a norm of %g", o->clip_grad_norm);
    snprintf(t->criterion, sizeof(t->criterion), "%s%s%s%s%s%s", o->loss != NULL ? o->loss : loss, classes, aux,
             batches, value, norm);
    t->run.criterion = t->criterion;
}

static int set_up(struct training *t)
{
    struct session *s = &t->session;
    const struct options *o = s->options;
    t->run.net = s->net;
    t->run.seed = o->seed;
    name_criterion(t);
    tenka_status status = create_loader(s, s->train_data, o->batch_size, o->drop_last, &t->run.train_loader);
    if (status == TENKA_OK && s->test_data != NULL)
        status = create_loader(s, s->test_data, o->test_batch_size, false, &t->run.test_loader);
    if (status == TENKA_OK)
        status = train_optimizer(s, &t->run.optimizer);
    if (status == TENKA_OK)
        status = train_average(s, t->run.optimizer, &t->run.average);
    if (status == TENKA_OK)
        status = tenka_meter_create(s->ctx, &t->run.loss);
    if (status != TENKA_OK && status != tenka_last_status(s->ctx))
        return say_failed("%s", failure_sentence(s->ctx, status));
    if (status != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    progress_init(&t->progress, o->quiet);
    tell_batch(t);
    tell_lost(t, "--save", o->save);
    tell_lost(t, "--best", o->best_file);
    int code = steps_open(t);
    if (code == EXIT_CODE_OK)
        code = check_saving(t);
    if (code == EXIT_CODE_OK)
        code = best_open(t);
    if (code == EXIT_CODE_OK)
        code = fit_check(t);
    if (code == EXIT_CODE_OK && o->resume != NULL)
        code = resume(t);
    if (code == EXIT_CODE_OK)
        code = open_log(t);
    return code != EXIT_CODE_OK ? code : watch_open(t);
}

static int tear_down(struct training *t)
{
    steps_close(t);
    tenka_meter_destroy(&t->run.loss);
    tenka_average_destroy(&t->run.average);
    tenka_optimizer_destroy(&t->run.optimizer);
    tenka_loader_destroy(&t->run.train_loader);
    tenka_loader_destroy(&t->run.test_loader);
    answers_free(&t->answers);
    watch_close(t);
    session_close(&t->session);
    return log_json_close(&t->log, t->session.options);
}

/* ---- Training ---- */

/* Where the log cannot be written the run stops, and still saves its network. */
static void stop_for_log(struct training *t)
{
    snprintf(t->trouble, sizeof(t->trouble), "cannot write the log %s: %s", t->session.options->log,
             strerror(t->log.error));
}

/* Reading a single step's loss waits for the device, so it is done only for those that ask for it. */
static int log_step(struct training *t, uint32_t epoch, tenka_tensor loss)
{
    double value;
    if (!t->log.open && !watch_wants_loss(t))
        return EXIT_CODE_OK;
    if (tenka_item(loss, &value) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    if (log_json_step(&t->log, epoch, t->run.step, value) != EXIT_CODE_OK)
        stop_for_log(t);
    watch_step(t, value);
    return finite_check_loss(t, value);
}

static int after_step(struct training *t, uint32_t epoch, uint64_t images, tenka_tensor loss)
{
    int code = log_step(t, epoch, loss);
    if (code != EXIT_CODE_OK)
        return code;
    t->run.step++;
    /* The first loss with a checkpoint's weights says whether FILE.last-good is still needed, so it is waited for. */
    if (t->kept != KEPT_NONE)
        code = finite_read(t, NULL);
    else if (progress_wants_loss(&t->progress))
        code = finite_peek(t);
    progress_update(&t->progress, images);
    stopping_look_at_clock(t);
    return code;
}

int train_checkpoint(struct training *t)
{
    if (t->session.options->checkpoint == NULL || t->unwritable)
        return EXIT_CODE_OK;
    const int code = finite_check_weights(t);
    if (code == EXIT_CODE_OK)
        watch_save(t);
    return code == EXIT_CODE_OK ? rescue_checkpoint(t) : code;
}

static int run_batches(struct training *t, uint32_t epoch, uint64_t *images)
{
    tenka_loader *const loader = t->run.train_loader;
    /* The loader is rewound after the evaluation: a checkpoint before that must say that the epoch is trained. */
    while (!(stopping_is_due(t) && steps_are_whole(t)) &&
           tenka_loader_position(loader) < tenka_loader_batches(loader)) {
        struct tenka_batch batch;
        tenka_tensor loss;
        int code = validation_within(t, epoch, *images);
        if (code != EXIT_CODE_OK || (t->evaluating && (stopping_is_due(t) || best_is_over(t))))
            return code;
        t->evaluating = false;
        if (tenka_loader_next(loader, &batch) != TENKA_OK)
            return EXIT_CODE_LIBRARY;
        watch_before_step(t);
        code = steps_take(t, &batch, &loss);
        *images += batch.size;
        if (code == EXIT_CODE_OK)
            code = after_step(t, epoch, *images, loss);
        if (code == EXIT_CODE_OK && steps_want_checkpoint(t) && (code = finite_read(t, NULL)) == EXIT_CODE_OK)
            code = train_checkpoint(t);
        if (code != EXIT_CODE_OK)
            return code;
    }
    return EXIT_CODE_OK;
}

/* Images that an epoch trains on. */
static uint64_t epoch_images(const struct training *t)
{
    const struct options *o = t->session.options;
    const uint64_t all = tenka_dataset_count(t->session.train_data);
    return o->drop_last ? tenka_loader_batches(t->run.train_loader) * (uint64_t)o->batch_size : all;
}

void train_show(struct training *t, uint32_t epoch, uint64_t images)
{
    char label[32];
    snprintf(label, sizeof(label), "epoch %u/%u", epoch + 1, t->session.options->epochs);
    progress_begin(&t->progress, label, images, epoch_images(t));
}

int train_result(struct training *t, uint32_t epoch, uint64_t images, struct epoch_result *out)
{
    const double batches = (double)tenka_loader_batches(t->run.train_loader);
    /* It waits for the last step, so that train_seconds are the device's. */
    const int code = finite_read(t, &out->train_loss);
    if (code != EXIT_CODE_OK)
        return code;
    out->epoch = epoch;
    out->step = 0;
    out->epochs = epoch + (double)tenka_loader_position(t->run.train_loader) / batches;
    out->lr = tenka_optimizer_lr(t->run.optimizer, 0);
    out->train_seconds = seconds_now() - t->pace.start - t->pace.paused;
    out->images_per_second = (double)(images - t->pace.before) / out->train_seconds;
    out->test = evaluation_empty();
    return EXIT_CODE_OK;
}

static int train_epoch(struct training *t, uint32_t epoch, struct epoch_result *result)
{
    const struct session *s = &t->session;
    const uint64_t position = tenka_loader_position(t->run.train_loader), total = epoch_images(t);
    const uint64_t before = position * s->options->batch_size < total ? position * s->options->batch_size : total;
    uint64_t images = before;
    train_show(t, epoch, before);
    t->pace = (struct pace){.start = seconds_now(), .before = before};
    tenka_module_train(s->net, true);
    t->finite = position;
    if (position == 0 && tenka_meter_reset(t->run.loss) != TENKA_OK)
        return EXIT_CODE_LIBRARY;
    const int code = run_batches(t, epoch, &images);
    progress_end(&t->progress);
    return code == EXIT_CODE_OK ? train_result(t, epoch, images, result) : code;
}

/* "epoch 1/3", with the step of a test within it. */
static void print_place(const struct training *t, const struct epoch_result *r)
{
    printf("epoch %u/%u", r->epoch + 1, t->session.options->epochs);
    if (r->step > 0)
        printf(", step %" PRIu64, r->step);
}

static void print_epoch(const struct training *t, const struct epoch_result *r)
{
    const struct session *const s = &t->session;
    char rate[32], lr[32], measures[MEASURES_TEXT];
    print_place(t, r);
    printf("  train loss %.4f", r->train_loss);
    if (r->test.images > 0)
        printf("  test loss %.4f", r->test.loss);
    if (!isnan(r->test.accuracy))
        printf("  test accuracy %.2f %%", 100 * r->test.accuracy);
    evaluation_text(&r->test, false, measures);
    fputs(measures, stdout);
    if (t->run.schedule != NULL)
        printf("  lr %s", say_number(lr, "%.4g", r->lr));
    printf("  (%.1f s, %s %ss/s)%s\n", r->train_seconds, say_count(rate, (uint64_t)(r->images_per_second + 0.5)),
           session_noun(s), t->best.now && r->test.images > 0 ? "  best" : "");
    fflush(stdout);
}

int train_tell(struct training *t, const struct epoch_result *result)
{
    print_epoch(t, result);
    if (log_json_epoch(&t->log, result) != EXIT_CODE_OK)
        stop_for_log(t);
    return watch_epoch(t, result);
}

static int end_epoch(struct training *t, struct epoch_result *result)
{
    int code = validation_after(t, result);
    if (code != EXIT_CODE_OK || stopping_is_due(t))
        return code;
    finite_tell_large(t, result);
    code = train_tell(t, result);
    if (code != EXIT_CODE_OK)
        return code;
    tenka_loader_rewind(t->run.train_loader);
    t->run.epoch++;
    t->evaluating = false;
    if (t->run.epoch < t->session.options->epochs)
        stopping_look_at_clock(t);
    const int stepped = steps_end_epoch(t, result);
    return stepped == EXIT_CODE_OK ? train_checkpoint(t) : stepped;
}

static int run_epochs(struct training *t)
{
    while (t->run.epoch < t->session.options->epochs && !best_is_over(t) && !stopping_is_due(t)) {
        struct epoch_result result;
        int code = train_epoch(t, (uint32_t)t->run.epoch, &result);
        if (code == EXIT_CODE_OK && !stopping_is_due(t) && !best_is_over(t))
            code = end_epoch(t, &result);
        if (code != EXIT_CODE_OK)
            return code;
    }
    return EXIT_CODE_OK;
}

/* ---- The end ---- */

static int finish(struct training *t)
{
    const struct options *o = t->session.options;
    const bool stopped = stopping_is_due(t);
    int code = EXIT_CODE_OK;
    if (stopped && !t->evaluating) {
        code = finite_read(t, NULL);
        if (code == EXIT_CODE_OK)
            code = train_checkpoint(t);
    }
    /* From here on the network is the average. */
    if (code == EXIT_CODE_OK)
        code = average_take(t);
    if (code == EXIT_CODE_OK && o->save != NULL)
        code = finite_check_weights(t);
    if (code == EXIT_CODE_OK && o->save != NULL)
        code = rescue_save(t);
    if (stopped && code == EXIT_CODE_OK)
        stopping_say(t);
    else if (o->save != NULL && code == EXIT_CODE_OK && !o->quiet)
        print_text(stdout, "saved    %s\n", o->save);
    if (!stopped && code == EXIT_CODE_OK)
        best_say(t);
    if (code == EXIT_CODE_OK)
        code = watch_finish(t, stopped);
    return stopped && code == EXIT_CODE_OK ? stopping_status(t) : code;
}

/* Says what a failed call of the library means for the training, and what to do. */
static int explain(struct training *t, struct options *o)
{
    const tenka_status status = tenka_last_status(t->session.ctx);
    /* With --validate the failure is a message of the validation layer: no device has failed. */
    if (status == TENKA_E_DEVICE && !o->validate)
        return fallback_say_failed(t, o);
    if (status == TENKA_E_NOMEM && t->run.optimizer != NULL)
        return fit_say_failed(t);
    return say_library_failed(t->session.ctx);
}

/* One run, or the part of it on one device: *o then has the options of the next part. */
static int train(struct options *o)
{
    const struct options now = *o;
    struct training t = {.run = TENKA_TRAINING_DEFAULTS};
    int code = session_open(&t.session, &now, true);
    if (code == EXIT_CODE_OK)
        code = set_up(&t);
    if (code == EXIT_CODE_OK)
        code = now.find_lr ? find_lr(&t) : run_epochs(&t);
    if (code == EXIT_CODE_OK && !now.find_lr)
        code = finish(&t);
    progress_end(&t.progress);
    if (code == EXIT_CODE_LIBRARY)
        code = explain(&t, o);
    const int closed = tear_down(&t);
    return code != EXIT_CODE_OK ? code : closed;
}

/* Called before the training. */
static void tell_format(const struct options *o, const char *option, const char *path)
{
    if (path != NULL && promises_other_format(path))
        say_notice(o,
                   "%s: %s becomes a safetensors file; only a name that ends in .pt or .pth asks for another "
                   "format",
                   option, path);
}

/* Called before anything is written: of two outputs to one file one would be lost. */
static int check_outputs(const struct options *o)
{
    const struct {
        const char *option, *path, *other_option, *other;
    } pairs[] = {
        {"--save", o->save, "--checkpoint", o->checkpoint},
        {"--best", o->best_file, "--save", o->save},
        {"--best", o->best_file, "--checkpoint", o->checkpoint},
        {"--best", o->best_file, "--resume", o->resume},
        {"--best", o->best_file, "--load", o->load},
        {"--log", o->log, "--best", o->best_file},
        {"--report", o->report, "--best", o->best_file},
        {"--log", o->log, "--save", o->save},
        {"--log", o->log, "--checkpoint", o->checkpoint},
        {"--log", o->log, "--resume", o->resume},
        {"--log", o->log, "--load", o->load},
        {"--report", o->report, "--save", o->save},
        {"--report", o->report, "--checkpoint", o->checkpoint},
        {"--report", o->report, "--log", o->log},
        {"--report", o->report, "--resume", o->resume},
        {"--report", o->report, "--load", o->load},
    };
    int code = check_save_path("--save", o->save);
    if (code == EXIT_CODE_OK)
        code = check_save_path("--checkpoint", o->checkpoint);
    if (code == EXIT_CODE_OK)
        code = check_save_path("--best", o->best_file);
    if (code == EXIT_CODE_OK)
        code = check_save_path("--report", o->report);
    const char *const outputs[][2] = {{"--save", o->save},
                                      {"--best", o->best_file},
                                      {"--checkpoint", o->checkpoint},
                                      {"--log", o->log},
                                      {"--report", o->report}};
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]) && code == EXIT_CODE_OK; i++)
        code = check_not_input(o, outputs[i][0], outputs[i][1]);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && code == EXIT_CODE_OK; i++)
        code = check_other_file(pairs[i].option, pairs[i].path, pairs[i].other_option, pairs[i].other);
    if (code == EXIT_CODE_OK)
        code = keep_check("--save", o->save, o->checkpoint);
    if (code == EXIT_CODE_OK)
        code = keep_check("--best", o->best_file, o->checkpoint);
    return code == EXIT_CODE_OK ? keep_check("--log", o->log, o->checkpoint) : code;
}

int command_train(const struct options *options)
{
    struct options full = *options;
    if (full.test_batch_size == 0)
        full.test_batch_size = full.batch_size;
    full.begun = seconds_now();
    if (full.find_lr)
        find_lr_settle(&full);
    interrupt_catch();
    int code = check_outputs(&full);
    if (code != EXIT_CODE_OK)
        return code;
    tell_format(&full, "--save", full.save);
    tell_format(&full, "--best", full.best_file);
    do
        code = train(&full);
    while (code == EXIT_CODE_AGAIN && interrupt_signal() == 0);
    return code == EXIT_CODE_AGAIN ? EXIT_CODE_SIGNAL + interrupt_signal() : code;
}
