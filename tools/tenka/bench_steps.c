#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* Of the made data set: so many that shuffling them for a new epoch adds little to a step, as with real data. */
#define IMAGES 10000u
#define DATA_BYTES ((size_t)32 << 20)
#define WARM_STEPS 3
/* Seconds that a GPU is given to reach its full clock. */
#define LEAST_WARMTH 0.3
#define MOST_WARMTH 1.0
/* The device is waited for after as many steps as take about this long. */
#define GROUP_SECONDS 0.02
#define MAX_GROUP 1000
#define MIN_GROUPS 5
#define MAX_GROUPS 10000

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *values, size_t n)
{
    if (n == 0)
        return NAN;
    qsort(values, n, sizeof(*values), compare_doubles);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* ---- Data ---- */

/* The training images of --data. */
static int load_dataset(struct stepper *s, const char *data)
{
    int code = session_load_half(&s->session, data, true, &s->data);
    if (code == EXIT_CODE_OK)
        code = table_check_options(&s->session, data, s->data);
    if (code == EXIT_CODE_OK)
        code = pictures_set_size(&s->session, &s->data, 1);
    if (code != EXIT_CODE_OK)
        return code;
    s->input = batch_shape(s->data, s->input.dim[0]);
    return EXIT_CODE_OK;
}

/* Ten batches, and more where images are small. */
static size_t data_count(uint32_t batch, size_t image_bytes)
{
    const size_t fit = DATA_BYTES / image_bytes, wanted = fit < IMAGES ? fit : IMAGES, least = (size_t)batch * 10;
    return wanted > least ? wanted : least;
}

/* Bytes and classes of no meaning, the same at each run. */
static tenka_status make_dataset(struct stepper *s, uint32_t classes)
{
    const struct tenka_shape *input = &s->input;
    const size_t bytes = (size_t)input->dim[1] * input->dim[2] * input->dim[3];
    const size_t count = data_count(input->dim[0], bytes);
    uint8_t *images = malloc(count * bytes);
    int32_t *labels = malloc(count * sizeof(*labels));
    uint32_t state = 1;
    tenka_status status = TENKA_E_NOMEM;
    if (images != NULL && labels != NULL) {
        for (size_t i = 0; i < count * bytes; i++)
            images[i] = (uint8_t)((state = state * 1664525u + 1013904223u) >> 24);
        for (size_t i = 0; i < count; i++)
            labels[i] = (int32_t)(i % classes);
        status = tenka_dataset_create(s->session.ctx, images, labels, count, input->dim[1], input->dim[2],
                                      input->dim[3], &s->data);
    }
    free(images);
    free(labels);
    return status;
}

static int make_loader(struct stepper *s, uint32_t classes)
{
    struct tenka_loader_params params = TENKA_LOADER_DEFAULTS;
    params.batch_size = s->input.dim[0];
    params.shuffle = true;
    params.drop_last = true;
    tenka_status status = s->data != NULL ? TENKA_OK : make_dataset(s, classes);
    if (status == TENKA_E_NOMEM && s->data == NULL)
        return say_failed("out of memory");
    if (status != TENKA_OK)
        return say_library_failed(s->session.ctx);
    if (tenka_dataset_count(s->data) < params.batch_size)
        return say_failed("--data: there %s %zu image%s, fewer than a batch of %u; use a smaller --batch-size",
                          tenka_dataset_count(s->data) == 1 ? "is" : "are", tenka_dataset_count(s->data),
                          plural(tenka_dataset_count(s->data)), params.batch_size);
    if (tenka_dataset_classes(s->data) > classes)
        return say_failed("--data: the labels have %u classes, 0 to %u, but the network gives %u output%s: it needs "
                          "one for each class",
                          tenka_dataset_classes(s->data), tenka_dataset_classes(s->data) - 1, classes, plural(classes));
    status = tenka_loader_create(s->session.ctx, s->data, &params, &s->loader);
    tenka_dataset_destroy(&s->data);
    return status == TENKA_OK ? EXIT_CODE_OK : say_library_failed(s->session.ctx);
}

/* ---- A network ready to run ---- */

static int check_network(struct stepper *s, uint32_t *classes)
{
    struct tenka_shape output;
    if (tenka_module_check(s->session.net, s->input, &output) != TENKA_OK)
        return batches_say_misfit(&s->session, s->input);
    const bool numbers = s->data != NULL && tenka_dataset_target_dtype(s->data) == TENKA_F32;
    if (output.rank != 2 && !numbers && (s->data == NULL || tenka_dataset_target_shape(s->data).rank == 0))
        return say_failed("the network gives a tensor of rank %u; it must end with one row of class scores for each "
                          "image",
                          output.rank);
    if (tenka_module_parameter_count(s->session.net) == 0)
        return say_failed("the network has no parameters to train");
    *classes = output.dim[1];
    const int code = session_find_ending(&s->session, s->input);
    return code == EXIT_CODE_OK ? session_choose_loss(&s->session, numbers ? TENKA_F32 : TENKA_I32) : code;
}

static int open_network(struct stepper *s, const struct options *options, uint32_t batch, bool sizing)
{
    const struct tenka_shape image = options->input.rank == 0 ? tenka_shape_of(1, 28, 28) : options->input;
    memset(s, 0, sizeof(*s));
    const int code = session_open_network(&s->session, options, sizing);
    if (code != EXIT_CODE_OK)
        return code;
    if (image.rank != 3)
        return say_failed("--input: an image has three numbers, channels, height and width, such as 1,28,28");
    s->input = tenka_shape_of(batch, image.dim[0], image.dim[1], image.dim[2]);
    return EXIT_CODE_OK;
}

int stepper_check(const struct options *options, const uint32_t *batches, size_t n)
{
    struct stepper s;
    uint32_t classes;
    int code = open_network(&s, options, batches[0], true);
    for (size_t i = 0; i < n && code == EXIT_CODE_OK; i++) {
        s.input.dim[0] = batches[i];
        code = check_network(&s, &classes);
    }
    stepper_close(&s);
    return code;
}

int stepper_open(struct stepper *s, const struct options *options, uint32_t batch, struct progress *progress)
{
    uint32_t classes = 0;
    int code = open_network(s, options, batch, false);
    s->progress = progress;
    if (code == EXIT_CODE_OK && options->data != NULL)
        code = load_dataset(s, options->data);
    if (code == EXIT_CODE_OK)
        code = check_network(s, &classes);
    return code == EXIT_CODE_OK ? make_loader(s, classes) : code;
}

void stepper_close(struct stepper *s)
{
    tenka_optimizer_destroy(&s->optimizer);
    tenka_loader_destroy(&s->loader);
    tenka_dataset_destroy(&s->data);
    session_close(&s->session);
}

int stepper_set_training(struct stepper *s, bool training)
{
    s->training = training;
    tenka_module_train(s->session.net, training);
    const tenka_status status = training && s->optimizer == NULL ? train_optimizer(&s->session, &s->optimizer)
                                                                 : TENKA_OK;
    return status == TENKA_OK ? EXIT_CODE_OK : say_failed("%s", failure_sentence(s->session.ctx, status));
}

static tenka_status run_training(struct stepper *s, const struct tenka_batch *batch)
{
    tenka_backward(session_loss(&s->session, batch, true, NULL));
    return tenka_optimizer_step(s->optimizer);
}

static tenka_status run_inference(struct stepper *s, const struct tenka_batch *batch)
{
    tenka_no_grad_begin(s->session.ctx);
    tenka_forward(s->session.net, batch->input);
    const tenka_status status = tenka_step_end(s->session.ctx);
    tenka_no_grad_end(s->session.ctx);
    return status;
}

tenka_status stepper_run(struct stepper *s)
{
    struct tenka_batch batch;
    tenka_status status = tenka_loader_next(s->loader, &batch);
    if (status == TENKA_END)
        status = tenka_loader_next(s->loader, &batch);
    if (status != TENKA_OK)
        return status;
    return s->training ? run_training(s, &batch) : run_inference(s, &batch);
}

/* ---- Timing ---- */

tenka_status stepper_warm_up(struct stepper *s, double budget)
{
    return tenka_bench_warm_up(s->session.ctx, fmin(fmax(budget, LEAST_WARMTH), MOST_WARMTH));
}

/* Runs n steps and waits for them; *seconds and *host are those of one step. */
static tenka_status run_group(struct stepper *s, size_t n, double *seconds, double *host)
{
    const double start = seconds_now(), cpu = thread_seconds_now();
    tenka_status status = TENKA_OK;
    for (size_t i = 0; i < n && status == TENKA_OK; i++)
        status = stepper_run(s);
    if (status == TENKA_OK)
        status = tenka_synchronize(s->session.ctx);
    *host = (thread_seconds_now() - cpu) / (double)n;
    *seconds = (seconds_now() - start) / (double)n;
    return status;
}

static size_t group_size(double step_seconds)
{
    const double n = GROUP_SECONDS / step_seconds;
    return n < 1 ? 1 : n > MAX_GROUP ? MAX_GROUP : (size_t)n;
}

/* Resident memory of the process, in bytes; 0 where the system does not say. */
static uint64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    uint64_t pages = 0;
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %" SCNu64, &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void note_memory(const struct stepper *s, struct step_result *out)
{
    struct tenka_ctx_stats stats = {.size = sizeof(stats)};
    tenka_ctx_stats(s->session.ctx, &stats);
    out->dispatches = stats.dispatches;
    out->device_bytes = stats.device_bytes;
    out->resident_bytes = resident_bytes();
}

/* Groups of n steps until the time is over. */
static tenka_status run_groups(struct stepper *s, size_t n, double budget, double *seconds, double *host, size_t *count)
{
    const double end = seconds_now() + budget;
    tenka_status status = TENKA_OK;
    for (*count = 0; *count < MAX_GROUPS && interrupt_signal() == 0; (*count)++) {
        if (*count >= MIN_GROUPS && seconds_now() >= end)
            break;
        if ((status = run_group(s, n, &seconds[*count], &host[*count])) != TENKA_OK)
            break;
    }
    return status;
}

static tenka_status measure(struct stepper *s, double budget, double *seconds, double *host, struct step_result *out)
{
    tenka_status status = run_group(s, WARM_STEPS, &seconds[0], &host[0]);
    if (status == TENKA_OK)
        status = stepper_warm_up(s, budget);
    if (status == TENKA_OK)
        status = run_group(s, 1, &seconds[0], &host[0]);
    if (status != TENKA_OK)
        return status;
    const size_t n = group_size(seconds[0]);
    size_t count = 0;
    status = run_groups(s, n, budget, seconds, host, &count);
    out->steps = n * count;
    out->seconds = median(seconds, count);
    out->best = count > 0 ? seconds[0] : NAN;
    out->host_seconds = median(host, count);
    /* The CPU backends compute on the calling thread, whose time then is not the host's alone. */
    if (tenka_ctx_backend(s->session.ctx) != TENKA_BACKEND_VULKAN)
        out->host_seconds = NAN;
    return status;
}

int stepper_measure(struct stepper *s, double seconds, struct step_result *out)
{
    char text[96];
    *out = (struct step_result){.training = s->training, .batch = s->input.dim[0]};
    snprintf(text, sizeof(text), "%s, batch %u ...", s->training ? "training" : "inference", out->batch);
    progress_say(s->progress, text);
    double *values = malloc(2 * MAX_GROUPS * sizeof(*values));
    if (values == NULL)
        return say_failed("out of memory");
    const tenka_status status = measure(s, seconds, values, values + MAX_GROUPS, out);
    free(values);
    if (status != TENKA_OK)
        return say_library_failed(s->session.ctx);
    note_memory(s, out);
    progress_clear();
    return EXIT_CODE_OK;
}

/* ---- Kernels ---- */

#define MAX_PROFILED 200

/* Times of the kernels of some steps of one structure. */
struct profile {
    struct tenka_kernel_time *kernels; /* of the step that ran last */
    double *seconds;                   /* of kernel k in step i at [k * MAX_PROFILED + i] */
    size_t n_kernels, n_steps;
};

static tenka_status profile_init(struct stepper *s, struct profile *p)
{
    tenka_status status = stepper_run(s);
    if (status == TENKA_OK)
        status = tenka_profile_kernels(s->session.ctx, NULL, 0, &p->n_kernels);
    p->kernels = calloc(p->n_kernels + 1, sizeof(*p->kernels));
    p->seconds = calloc(p->n_kernels * MAX_PROFILED + 1, sizeof(*p->seconds));
    return status;
}

/* Waiting for each step leaves a GPU idle, so it is warmed up before each. */
static tenka_status profile_step(struct stepper *s, double budget, struct profile *p)
{
    tenka_status status = stepper_warm_up(s, budget);
    size_t count = 0;
    if (status == TENKA_OK)
        status = stepper_run(s);
    if (status == TENKA_OK)
        status = tenka_profile_kernels(s->session.ctx, p->kernels, p->n_kernels, &count);
    for (size_t k = 0; status == TENKA_OK && k < p->n_kernels; k++)
        p->seconds[k * MAX_PROFILED + p->n_steps] = p->kernels[k].seconds;
    p->n_steps += status == TENKA_OK;
    return status;
}

static tenka_status profile_steps(struct stepper *s, double budget, struct profile *p)
{
    const double end = seconds_now() + budget;
    tenka_status status = TENKA_OK;
    while (status == TENKA_OK && interrupt_signal() == 0 && p->n_steps < MAX_PROFILED &&
           (p->n_steps < MIN_GROUPS || seconds_now() < end))
        status = profile_step(s, budget, p);
    for (size_t k = 0; k < p->n_kernels && p->n_steps > 0; k++) {
        p->kernels[k].seconds = median(p->seconds + k * MAX_PROFILED, p->n_steps);
        p->kernels[k].best = p->seconds[k * MAX_PROFILED];
    }
    return status;
}

int stepper_profile(struct stepper *s, double seconds, struct tenka_kernel_time **out, size_t *count)
{
    struct profile p = {.n_steps = 0};
    tenka_ctx *ctx = s->session.ctx;
    progress_say(s->progress, "kernels of a training step ...");
    tenka_status status = tenka_profile_begin(ctx);
    if (status == TENKA_OK)
        status = profile_init(s, &p);
    const bool room = p.kernels != NULL && p.seconds != NULL;
    if (status == TENKA_OK && room)
        status = profile_steps(s, seconds, &p);
    progress_clear();
    free(p.seconds);
    *out = p.kernels;
    *count = p.n_kernels;
    if (status != TENKA_OK)
        return say_library_failed(ctx);
    return room ? EXIT_CODE_OK : say_failed("out of memory");
}
