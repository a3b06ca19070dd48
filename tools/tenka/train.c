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
    tenka_loader *train_loader, *test_loader;
    tenka_optimizer *optimizer;
    tenka_meter *loss;
    struct progress progress;
    FILE *log;
    uint64_t step; /* over the whole run */
};

/* ---- Setting up ---- */

/* A wrong path is found now and not after hours of training. */
static int check_save_path(const char *path)
{
    struct stat st;
    char copy[4096];
    if (path == NULL)
        return EXIT_CODE_OK;
    if (path[0] == '\0')
        return say_failed("--save needs the name of a file");
    if (strlen(path) >= sizeof(copy))
        return say_failed("the path of --save is longer than %zu bytes", sizeof(copy) - 1);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return say_failed("cannot save to %s: it is a folder", path);
    strcpy(copy, path);
    if (access(dirname(copy), W_OK | X_OK) != 0)
        return say_failed("cannot save to %s: %s", path, strerror(errno));
    return EXIT_CODE_OK;
}

static tenka_status create_optimizer(struct training *t)
{
    const struct options *o = t->session.options;
    if (o->sgd) {
        struct tenka_sgd_params params = TENKA_SGD_DEFAULTS;
        params.lr = o->lr;
        params.momentum = o->momentum;
        params.weight_decay = o->weight_decay;
        return tenka_sgd_create(t->session.ctx, t->session.net, &params, &t->optimizer);
    }
    struct tenka_adam_params params = TENKA_ADAM_DEFAULTS;
    params.lr = o->lr;
    params.weight_decay = o->weight_decay;
    return tenka_adam_create(t->session.ctx, t->session.net, &params, &t->optimizer);
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

static int set_up(struct training *t)
{
    struct session *s = &t->session;
    const struct options *o = s->options;
    tenka_status status = create_loader(s, s->train_data, o->batch_size, &t->train_loader);
    if (status == TENKA_OK)
        status = create_loader(s, s->test_data, o->test_batch_size, &t->test_loader);
    if (status == TENKA_OK)
        status = create_optimizer(t);
    if (status == TENKA_OK)
        status = tenka_meter_create(s->ctx, &t->loss);
    if (status != TENKA_OK)
        return say_library_failed(s->ctx);
    progress_init(&t->progress, o->quiet);
    const int code = log_json_open(o, &t->log);
    return code != EXIT_CODE_OK ? code : log_json_begin(t->log, s);
}

static int tear_down(struct training *t)
{
    tenka_meter_destroy(&t->loss);
    tenka_optimizer_destroy(&t->optimizer);
    tenka_loader_destroy(&t->train_loader);
    tenka_loader_destroy(&t->test_loader);
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
        const int code = log_json_step(t->log, s->options, epoch, t->step, value);
        if (code != EXIT_CODE_OK)
            return code;
    }
    t->step++;
    if (progress_wants_loss(&t->progress) && tenka_meter_read(t->loss, NULL, &t->progress.loss, NULL) != TENKA_OK)
        return say_library_failed(s->ctx);
    progress_update(&t->progress, images);
    return EXIT_CODE_OK;
}

static int run_batches(struct training *t, uint32_t epoch, uint64_t *images)
{
    struct session *s = &t->session;
    struct tenka_batch batch;
    tenka_status status = TENKA_OK;
    while (interrupt_signal() == 0 && (status = tenka_loader_next(t->train_loader, &batch)) == TENKA_OK) {
        const tenka_tensor loss = session_loss(s, tenka_forward(s->net, batch.input), batch.target);
        tenka_backward(loss);
        tenka_meter_add(t->loss, loss);
        if ((status = tenka_optimizer_step(t->optimizer)) != TENKA_OK)
            break;
        *images += batch.size;
        const int code = after_step(t, epoch, *images, loss);
        if (code != EXIT_CODE_OK)
            return code;
    }
    return status == TENKA_OK || status == TENKA_END ? EXIT_CODE_OK : say_library_failed(s->ctx);
}

static int train_epoch(struct training *t, uint32_t epoch, struct epoch_result *result)
{
    const struct session *s = &t->session;
    char label[32];
    uint64_t images = 0;
    snprintf(label, sizeof(label), "epoch %u/%u", epoch + 1, s->options->epochs);
    progress_begin(&t->progress, label, tenka_dataset_count(s->train_data));
    const double start = seconds_now();
    tenka_module_train(s->net, true);
    if (tenka_meter_reset(t->loss) != TENKA_OK)
        return say_library_failed(s->ctx);
    const int code = run_batches(t, epoch, &images);
    progress_end(&t->progress);
    if (code != EXIT_CODE_OK)
        return code;
    /* The read waits for the last step, so the time is the device's. */
    if (tenka_meter_read(t->loss, NULL, &result->train_loss, NULL) != TENKA_OK)
        return say_library_failed(s->ctx);
    result->epoch = epoch;
    result->train_seconds = seconds_now() - start;
    result->images_per_second = (double)images / result->train_seconds;
    return EXIT_CODE_OK;
}

static void print_epoch(const struct training *t, const struct epoch_result *r)
{
    char rate[32];
    printf("epoch %u/%u  train loss %.4f  test loss %.4f  test accuracy %.2f %%  (%.1f s, %s images/s)\n", r->epoch + 1,
           t->session.options->epochs, r->train_loss, r->test.loss, 100 * r->test.accuracy, r->train_seconds,
           say_count(rate, (uint64_t)(r->images_per_second + 0.5)));
    fflush(stdout);
    if (!isfinite(r->train_loss))
        say_warning("the training loss is not a finite number any more; a smaller --lr may help");
}

static int run_epochs(struct training *t)
{
    for (uint32_t epoch = 0; epoch < t->session.options->epochs; epoch++) {
        struct epoch_result result;
        int code = train_epoch(t, epoch, &result);
        if (code == EXIT_CODE_OK && interrupt_signal() == 0)
            code = evaluate(&t->session, t->test_loader, &t->progress, &result.test);
        if (code != EXIT_CODE_OK || interrupt_signal() != 0)
            return code;
        print_epoch(t, &result);
        code = log_json_epoch(t->log, t->session.options, &result);
        if (code != EXIT_CODE_OK)
            return code;
    }
    return EXIT_CODE_OK;
}

/* ---- The end ---- */

static int finish(struct training *t)
{
    const struct options *o = t->session.options;
    const int number = interrupt_signal();
    const int code = o->save != NULL ? session_save(&t->session, o->save) : EXIT_CODE_OK;
    if (number != 0) {
        const bool saved = o->save != NULL && code == EXIT_CODE_OK;
        say_failed("stopped by a signal after %" PRIu64 " steps; %s%s", t->step,
                   saved ? "the network so far is in " : "nothing was saved", saved ? o->save : "");
    } else if (o->save != NULL && code == EXIT_CODE_OK && !o->quiet) {
        printf("saved    %s\n", o->save);
    }
    return number != 0 && code == EXIT_CODE_OK ? EXIT_CODE_SIGNAL + number : code;
}

int command_train(const struct options *options)
{
    struct options full = *options;
    struct training t = { .log = NULL };
    if (full.test_batch_size == 0)
        full.test_batch_size = full.batch_size;
    int code = check_save_path(full.save);
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
