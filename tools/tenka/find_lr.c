/* --find-lr: the range test of Smith, "Cyclical Learning Rates for Training Neural Networks" (2017). Updates with ever
 * larger learning rates show where the loss falls, and from where on it diverges. Nothing of it is kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "train.h"

#define LEAST 1e-7
#define MOST 10.0
#define DECADES 8
#define UPDATES 100
#define EARLY 10  /* updates that are taken in any case */
#define STAYS 0.8 /* of the mean by which it is seen that the loss diverges */
#define WIDTH 2.5 /* updates: the standard deviation of the weights by which the curve is smoothed */
#define ROWS 12   /* of the plot */
#define CELLS 9   /* for each decade */
#define COLUMNS (CELLS * DECADES + 1)

struct range {
    double lr[UPDATES], loss[UPDATES], smooth[UPDATES];
    size_t count;
    size_t least;    /* where the smoothed loss is the smallest */
    size_t steepest; /* where it falls fastest before that; 0: it does not fall */
};

/* ---- Updates ---- */

/* Groups with a learning rate of their own keep their proportion. */
static int set_lr(const struct training *t, double lr)
{
    tenka_optimizer *const opt = t->run.optimizer;
    const double first = tenka_optimizer_initial_lr(opt, 0);
    for (size_t g = 0; g < tenka_optimizer_groups(opt); g++) {
        const double part = first > 0 ? tenka_optimizer_initial_lr(opt, g) / first : 1;
        if (tenka_optimizer_set_lr(opt, g, lr * part) != TENKA_OK)
            return EXIT_CODE_LIBRARY;
    }
    return EXIT_CODE_OK;
}

/* The batches of an update; *mean: of their losses. The data begin anew where they end. */
static int take_update(struct training *t, double *mean, uint64_t *images)
{
    tenka_loader *const loader = t->run.train_loader;
    double sum = 0, batches = 0;
    do {
        struct tenka_batch batch;
        tenka_tensor loss;
        double value;
        if (tenka_loader_position(loader) == tenka_loader_batches(loader))
            tenka_loader_rewind(loader);
        if (tenka_loader_next(loader, &batch) != TENKA_OK)
            return EXIT_CODE_LIBRARY;
        const int code = steps_take(t, &batch, &loss);
        if (code != EXIT_CODE_OK)
            return code;
        if (tenka_item(loss, &value) != TENKA_OK)
            return EXIT_CODE_LIBRARY;
        sum += value;
        batches++;
        *images += batch.size;
    } while (!steps_are_whole(t));
    *mean = sum / batches;
    return EXIT_CODE_OK;
}

/* Whether the loss has left the range in which it was: twice as far above its beginning as it has fallen below, and
 * more than the beginning itself. */
static bool diverges(double first, double least, double now)
{
    return !isfinite(now) || now > first + fmax(2 * (first - least), fabs(first));
}

static int take_updates(struct training *t, struct range *r)
{
    double mean = 0, weight = 0, least = INFINITY;
    uint64_t images = 0;
    const uint64_t all = (uint64_t)UPDATES * t->session.options->batch_size * t->session.options->accumulate;
    progress_begin(&t->progress, "learning rates", 0, all);
    tenka_module_train(t->session.net, true);
    while (r->count < UPDATES && interrupt_signal() == 0) {
        const size_t i = r->count;
        r->lr[i] = LEAST * pow(MOST / LEAST, (double)i / (UPDATES - 1));
        int code = set_lr(t, r->lr[i]);
        if (code == EXIT_CODE_OK)
            code = take_update(t, &r->loss[i], &images);
        if (code != EXIT_CODE_OK)
            return code;
        mean = STAYS * mean + (1 - STAYS) * r->loss[i];
        weight = STAYS * weight + 1 - STAYS;
        least = fmin(least, mean / weight);
        if (!isfinite(r->loss[i]) || (i >= EARLY && diverges(r->loss[0], least, mean / weight)))
            break;
        r->count++;
        progress_update(&t->progress, images);
    }
    progress_end(&t->progress);
    return EXIT_CODE_OK;
}

/* ---- What it shows ---- */

static void smooth(struct range *r)
{
    for (size_t i = 0; i < r->count; i++) {
        double sum = 0, weights = 0;
        for (size_t k = 0; k < r->count; k++) {
            const double away = ((double)k - (double)i) / WIDTH, weight = exp(-away * away / 2);
            sum += weight * r->loss[k];
            weights += weight;
        }
        r->smooth[i] = sum / weights;
        r->least = r->smooth[i] < r->smooth[r->least] ? i : r->least;
    }
}

/* How far single losses are from the curve: a fall that is smaller is none. */
static double noise(const struct range *r)
{
    double sum = 0;
    for (size_t i = 0; i <= r->least; i++)
        sum += pow(r->loss[i] - r->smooth[i], 2);
    return sqrt(sum / (double)(r->least + 1));
}

static void find_steepest(struct range *r)
{
    double best = 0;
    if (r->count < EARLY || r->smooth[0] - r->smooth[r->least] <= noise(r))
        return;
    for (size_t i = 1; i < r->least; i++) {
        const double rise = r->smooth[i + 1] - r->smooth[i - 1];
        if (rise < best) {
            best = rise;
            r->steepest = i;
        }
    }
}

/* ---- For people ---- */

static size_t column_of(double lr)
{
    return (size_t)(log10(lr / LEAST) * CELLS + 0.5);
}

/* The curve up to where it is three times as far above its least as it has fallen. */
static void draw(const struct range *r, char cells[ROWS][COLUMNS + 1], double *low, double *high)
{
    const double first = r->smooth[0];
    *low = r->smooth[r->least];
    *high = *low;
    for (size_t i = 0; i < r->count; i++)
        *high = fmax(*high, fmin(r->smooth[i], *low + 3 * (first - *low)));
    const double range = *high > *low ? *high - *low : 1;
    for (size_t row = 0; row < ROWS; row++) {
        memset(cells[row], ' ', COLUMNS);
        cells[row][COLUMNS] = '\0';
        if (r->steepest > 0)
            cells[row][column_of(r->lr[r->steepest])] = '|';
    }
    for (size_t i = 0; i < r->count; i++)
        if (r->smooth[i] <= *high)
            cells[ROWS - 1 - (size_t)((r->smooth[i] - *low) / range * (ROWS - 1) + 0.5)][column_of(r->lr[i])] = '*';
}

static void print_plot(const struct range *r)
{
    static char cells[ROWS][COLUMNS + 1];
    double low, high;
    draw(r, cells, &low, &high);
    puts("\nLoss of updates with ever larger learning rates, smoothed:");
    for (size_t row = 0; row < ROWS; row++) {
        const double value = high - (high - low) * (double)row / (ROWS - 1);
        printf(row % 4 == 0 || row == ROWS - 1 ? "%9.4g |" : "          |", value);
        for (size_t end = COLUMNS; end > 0 && cells[row][end - 1] == ' '; end--)
            cells[row][end - 1] = '\0';
        puts(cells[row]);
    }
    printf("          +");
    for (size_t i = 0; i < COLUMNS; i++)
        putchar(i % CELLS == 0 ? '+' : '-');
    printf("\n          ");
    for (int decade = 0; decade <= DECADES; decade++)
        printf(decade < DECADES ? " %-8g" : " %g", LEAST * pow(10, decade));
    puts("");
}

static void print_advice(const struct options *o, const struct range *r)
{
    const bool call = strchr(o->optimizer, '(') != NULL;
    char lr[32];
    if (r->steepest == 0) {
        puts("\nThe loss falls at no learning rate: look at the data, or at how the network begins; more images in a "
             "batch (--batch-size) make the curve smoother.");
        return;
    }
    snprintf(lr, sizeof(lr), "%.2g", r->lr[r->steepest]);
    printf("\nThe loss falls fastest at %s and is lowest at %.2g%s: %s%s%s is a good beginning.\n", lr, r->lr[r->least],
           r->count < UPDATES ? ", above which it diverges" : "", call ? "lr=" : "--lr ", lr,
           call ? " in --optimizer" : "");
}

/* ---- The report ---- */

static int write_report(struct training *t, const struct range *r, double seconds)
{
    struct history *const h = &t->watch.history;
    const struct report report = {
        .s = &t->session, .history = h, .range = true, .state = "range test of the learning rate", .seconds = seconds};
    for (size_t i = 0; i < r->count; i++)
        if (!history_add_point(h, &(struct history_point){i, r->loss[i], r->lr[i]}))
            return say_failed("out of memory");
    const int code = report_write(&report, t->session.options->report);
    if (code == EXIT_CODE_OK && !t->session.options->quiet)
        print_text(stdout, "report   %s\n", t->session.options->report);
    return code;
}

void find_lr_settle(struct options *o)
{
    o->save = o->checkpoint = o->log = o->tensorboard = o->best_file = o->schedule = NULL;
    o->checkpoint_every = o->patience = 0;
    o->best_by = BEST_USUAL;
    o->schedule_per = TENKA_SCHEDULE_USUAL;
    o->ema = o->max_time = 0;
    o->check_finite = o->fallback = false;
}

int find_lr(struct training *t)
{
    static struct range range;
    const double begun = seconds_now();
    const int code = take_updates(t, &range);
    if (code != EXIT_CODE_OK)
        return code;
    if (interrupt_signal() != 0) {
        say_failed("stopped by a signal after %zu of %d learning rates; nothing was saved", range.count, UPDATES);
        return EXIT_CODE_SIGNAL + interrupt_signal();
    }
    if (range.count == 0)
        return say_failed("the loss is no finite number at the first update, with a learning rate of 1e-07");
    smooth(&range);
    find_steepest(&range);
    print_plot(&range);
    print_advice(t->session.options, &range);
    return t->session.options->report != NULL ? write_report(t, &range, seconds_now() - begun) : EXIT_CODE_OK;
}
