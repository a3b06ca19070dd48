/* Curves, drawn as SVG. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* Of the drawing's own units; the page scales it. */
enum { WIDTH = 640, HEIGHT = 300, LEFT = 74, RIGHT = 16, TOP = 14, BOTTOM = 46 };
#define MAX_SERIES 3
#define MAX_TICKS 10
#define MAX_DOTS 60 /* points of a curve that are marked, each with its numbers */

struct series {
    const char *name;
    double *x, *y;
    size_t count;
    bool faint; /* beneath another one */
};

struct chart {
    const char *title, *x_name;
    struct series series[MAX_SERIES];
    size_t n_series;
    double x_least, x_most, y_least, y_most;
    double limit;    /* no value is above it; 0: there is none */
    bool below_zero; /* x may be */
};

/* ---- Scales ---- */

/* 1, 2 or 5 times a power of ten, so that at most most of them fit into the range. */
static double tick_width(double range, int most)
{
    const double rough = range / most, power = pow(10, floor(log10(rough)));
    const double part = rough / power;
    return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

static void widen(double *least, double *most, double value)
{
    if (!isfinite(value))
        return;
    *least = fmin(*least, value);
    *most = fmax(*most, value);
}

/* False: there is nothing to draw. */
static bool find_ranges(struct chart *c)
{
    c->x_least = c->y_least = INFINITY;
    c->x_most = c->y_most = -INFINITY;
    for (size_t i = 0; i < c->n_series; i++)
        for (size_t k = 0; k < c->series[i].count; k++)
            if (isfinite(c->series[i].y[k])) {
                widen(&c->x_least, &c->x_most, c->series[i].x[k]);
                widen(&c->y_least, &c->y_most, c->series[i].y[k]);
            }
    if (c->x_least > c->x_most)
        return false;
    /* What differs by rounding alone is drawn as one height. */
    const double range = c->y_most - c->y_least, largest = fmax(fabs(c->y_least), fabs(c->y_most));
    const double room = range > 1e-9 * largest ? 0.06 * range : fmax(1e-12, 0.1 * largest);
    /* What is never below 0 is not drawn as if it could be. */
    c->y_least = c->y_least >= 0 && c->y_least < room ? 0 : c->y_least - room;
    c->y_most = c->limit > 0 ? fmin(c->y_most + room, c->limit) : c->y_most + room;
    if (c->x_least == c->x_most) {
        c->x_least -= 1;
        c->x_most += 1;
    }
    return true;
}

static double x_at(const struct chart *c, double x)
{
    return LEFT + (x - c->x_least) / (c->x_most - c->x_least) * (WIDTH - LEFT - RIGHT);
}

static double y_at(const struct chart *c, double y)
{
    return HEIGHT - BOTTOM - (y - c->y_least) / (c->y_most - c->y_least) * (HEIGHT - TOP - BOTTOM);
}

/* ---- Drawing ---- */

static void draw_axes(const struct chart *c, FILE *file)
{
    const double dy = tick_width(c->y_most - c->y_least, 6), dx = fmax(1, tick_width(c->x_most - c->x_least, 8));
    const double y_first = ceil(c->y_least / dy), x_first = ceil(c->x_least / dx);
    for (int i = 0; i <= MAX_TICKS && (y_first + i) * dy <= c->y_most; i++) {
        const double y = (y_first + i) * dy;
        const double shown = fabs(y) < dy / 1000 ? 0 : y;
        fprintf(file, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH - RIGHT,
                y_at(c, y), y_at(c, y));
        fprintf(file, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%.4g</text>\n", LEFT - 8,
                y_at(c, y) + 5, shown);
    }
    for (int i = 0; i <= MAX_TICKS && (x_first + i) * dx <= c->x_most; i++)
        if (x_first + i >= 0 || c->below_zero)
            fprintf(file, "<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%.10g</text>\n",
                    x_at(c, (x_first + i) * dx), HEIGHT - BOTTOM + 19, (x_first + i) * dx);
    fprintf(file, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT, WIDTH - RIGHT,
            HEIGHT - BOTTOM, HEIGHT - BOTTOM);
    fprintf(file, "<text class=\"tick\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%s</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, c->x_name);
}

/* A curve has gaps where numbers are none. */
static void draw_series(const struct chart *c, const struct series *s, size_t colour, FILE *file)
{
    bool begun = false;
    fprintf(file, "<path class=\"curve c%zu%s\" d=\"", colour, s->faint ? " faint" : "");
    for (size_t i = 0; i < s->count; i++) {
        if (isfinite(s->y[i]))
            fprintf(file, "%s%.1f %.1f", begun ? "L" : "M", x_at(c, s->x[i]), y_at(c, s->y[i]));
        begun = isfinite(s->y[i]);
    }
    fputs("\"/>\n", file);
    for (size_t i = 0; i < s->count && s->count <= MAX_DOTS; i++)
        if (isfinite(s->y[i]))
            fprintf(
                file,
                "<circle class=\"c%zu\" r=\"3\" cx=\"%.1f\" cy=\"%.1f\"><title>%s %.10g: %s %.6g</title></circle>\n",
                colour, x_at(c, s->x[i]), y_at(c, s->y[i]), c->x_name, s->x[i], s->name, s->y[i]);
}

static void draw(struct chart *c, FILE *file)
{
    if (!find_ranges(c))
        return;
    fprintf(file, "<figure class=\"chart\"><figcaption>%s", c->title);
    for (size_t i = 0; i < c->n_series && c->n_series > 1; i++)
        fprintf(file, "<span class=\"key c%zu\">%s</span>", i, c->series[i].name);
    fprintf(file, "</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT,
            c->title);
    draw_axes(c, file);
    for (size_t i = 0; i < c->n_series; i++)
        draw_series(c, &c->series[i], i, file);
    fputs("</svg></figure>\n", file);
}

/* ---- What is drawn ---- */

#define AT(member) offsetof(struct epoch_result, member)

/* Of a chart of the epochs: the numbers at so many bytes in their results. */
struct column {
    const char *name;
    size_t at;
    double times;
    double limit; /* of the value that is drawn; 0: there is none */
};

/* A curve of which no number is known has no place in the legend. */
static void drop_unknown(struct chart *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_series; i++)
        if (c->series[i].count > 0)
            c->series[n++] = c->series[i];
    if (n == 1 && c->n_series > 1)
        c->title = c->series[0].name;
    c->n_series = n;
}

/* Epochs that were not tested have no point, nor has the training loss of a part of one. */
static void add_epochs(const struct history *h, const struct column *column, struct series *s)
{
    for (size_t i = 0; i < h->n_epochs; i++) {
        double value;
        if (h->epochs[i].step > 0 && column->at == AT(train_loss))
            continue;
        memcpy(&value, (const char *)&h->epochs[i] + column->at, sizeof(value));
        if (!isfinite(value))
            continue;
        s->x[s->count] = h->epochs[i].epochs;
        s->y[s->count++] = column->times * value;
    }
}

static void draw_epochs(const struct history *h, const char *title, const struct column *columns, size_t n, FILE *file)
{
    struct chart c = {.title = title, .x_name = "epoch", .n_series = n, .limit = columns[0].limit};
    double *const numbers = calloc(2 * n * h->n_epochs + 1, sizeof(numbers[0]));
    if (numbers == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        c.series[i] = (struct series){columns[i].name, numbers + 2 * i * h->n_epochs,
                                      numbers + (2 * i + 1) * h->n_epochs, 0, false};
        add_epochs(h, &columns[i], &c.series[i]);
    }
    drop_unknown(&c);
    draw(&c, file);
    free(numbers);
}

#define SMOOTH 0.9 /* of the mean that stays at each point of the smoothed curve */

static void draw_steps(const struct history *h, bool loss, FILE *file)
{
    struct chart c = {.title = loss ? "Training loss of single steps" : "Learning rate", .x_name = "step"};
    double *const numbers = calloc(3 * h->n_points + 1, sizeof(numbers[0]));
    double mean = 0, weight = 0;
    if (numbers == NULL)
        return;
    double *const x = numbers, *const y = numbers + h->n_points, *const smooth = y + h->n_points;
    for (size_t i = 0; i < h->n_points; i++) {
        x[i] = (double)h->points[i].step;
        y[i] = loss ? h->points[i].loss : h->points[i].lr;
        mean = SMOOTH * mean + (1 - SMOOTH) * (isfinite(y[i]) ? y[i] : mean);
        weight = SMOOTH * weight + (1 - SMOOTH);
        smooth[i] = mean / weight;
    }
    c.series[0] = (struct series){loss ? "loss" : "learning rate", x, y, h->n_points, loss};
    c.series[1] = (struct series){"smoothed", x, smooth, h->n_points, false};
    c.n_series = loss ? 2 : 1;
    draw(&c, file);
    free(numbers);
}

static void draw_range(const struct history *h, FILE *file)
{
    struct chart c = {.title = "Loss of updates with ever larger learning rates",
                      .x_name = "log10 of the learning rate",
                      .n_series = 1,
                      .below_zero = true};
    double *const numbers = calloc(2 * h->n_points + 1, sizeof(numbers[0]));
    if (numbers == NULL)
        return;
    c.series[0] = (struct series){"loss", numbers, numbers + h->n_points, h->n_points, false};
    for (size_t i = 0; i < h->n_points; i++) {
        c.series[0].x[i] = log10(h->points[i].lr);
        c.series[0].y[i] = h->points[i].loss;
    }
    draw(&c, file);
    free(numbers);
}

void report_charts(const struct report *r, FILE *file)
{
    static const struct column losses[] = {{"training", AT(train_loss), 1, 0}, {"test", AT(test.loss), 1, 0}};
    static const struct column accuracy[] = {{"test accuracy", AT(test.accuracy), 100, 100}};
    static const struct column exact[] = {{"exact", AT(test.exact), 100, 100}};
    static const struct column shares[] = {{"F1", AT(test.f1), 1, 1}, {"mean IoU", AT(test.mean_iou), 1, 1}};
    static const struct column errors[] = {{"MAE", AT(test.numbers.mae), 1, 0}, {"RMSE", AT(test.numbers.rmse), 1, 0}};
    static const struct column r2[] = {{"R2", AT(test.numbers.r2), 1, 1}};
    const struct history *const h = r->history;
    if (h == NULL || h->n_epochs + h->n_points == 0)
        return;
    fputs("<section id=\"curves\"><h2>Curves</h2><div class=\"charts\">\n", file);
    if (r->range) {
        draw_range(h, file);
        fputs("</div></section>\n", file);
        return;
    }
    draw_epochs(h, "Loss", losses, r->s->test_data != NULL ? 2 : 1, file);
    draw_epochs(h, "Test accuracy, %", accuracy, 1, file);
    draw_epochs(h, "Samples with all labels right, %", exact, 1, file);
    draw_epochs(h, "F1 and mean IoU", shares, 2, file);
    draw_epochs(h, "Error on the test half", errors, 2, file);
    draw_epochs(h, "R2 on the test half", r2, 1, file);
    draw_steps(h, true, file);
    draw_steps(h, false, file);
    fputs("</div>\n", file);
    if (h->begins > 0)
        fprintf(file,
                "<p class=\"note\">The run was resumed at step %" PRIu64 "; what came before is in no report that "
                "this one could read.</p>\n",
                h->begins);
    fputs("</section>\n", file);
}
