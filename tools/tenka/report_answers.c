/* What a network answered: which class it takes for which, how sure it is of each, and its worst mistakes. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define MAX_CELLS 30    /* classes of a matrix whose numbers can still be read */
#define MAX_PIXELS 1024 /* of one that is shown as a picture */
#define MAX_ROWS 1000   /* of a table */

/* ---- The matrix ---- */

/* A cell is the darker the larger its share of the row is. */
static void write_cell(const struct answers *a, uint32_t actual, uint32_t predicted, uint64_t all, FILE *file)
{
    const uint64_t count = tenka_confusion_at(a->confusion, actual, predicted);
    const double part = all > 0 ? (double)count / (double)all : 0;
    fprintf(file, "<td class=\"%s%s\" style=\"--v:%.3f\">", actual == predicted ? "right" : "wrong",
            part > 0.5 ? " deep" : "", part);
    if (count > 0)
        fprintf(file, "%" PRIu64, count);
    fputs("</td>", file);
}

static void write_cells(const struct report *r, FILE *file)
{
    const struct answers *const a = r->answers;
    char number[16];
    fputs("<div class=\"wide\"><table class=\"matrix\"><tr><td></td>", file);
    for (uint32_t k = 0; k < a->outputs; k++) {
        fputs("<th><span>", file);
        html_text(file, answers_class_name(r->s, k, number));
        fputs("</span></th>", file);
    }
    fputs("</tr>\n", file);
    for (uint32_t i = 0; i < a->outputs; i++) {
        struct tenka_class_measures m;
        tenka_confusion_class(a->confusion, i, &m);
        fputs("<tr><th>", file);
        html_text(file, answers_class_name(r->s, i, number));
        fputs("</th>", file);
        for (uint32_t k = 0; k < a->outputs; k++)
            write_cell(a, i, k, m.actual, file);
        fputs("</tr>\n", file);
    }
    fputs("</table></div>\n", file);
}

/* A pixel for each pair: white is nobody, black all of the row's class. */
static void write_picture(const struct report *r, FILE *file)
{
    const struct answers *const a = r->answers;
    const size_t n = a->outputs;
    uint8_t *const pixels = calloc(n, n);
    tenka_image *image = NULL;
    for (uint32_t i = 0; i < n && pixels != NULL; i++) {
        struct tenka_class_measures m;
        tenka_confusion_class(a->confusion, i, &m);
        for (uint32_t k = 0; k < n; k++) {
            const double part = (double)tenka_confusion_at(a->confusion, i, k) / (double)(m.actual > 0 ? m.actual : 1);
            pixels[i * n + k] = (uint8_t)(255.5 - 255 * sqrt(part));
        }
    }
    if (pixels != NULL && tenka_image_create(r->s->ctx, pixels, (uint32_t)n, (uint32_t)n, 1, &image) == TENKA_OK)
        html_picture(file, r->s->ctx, image, 600, "confusion matrix");
    tenka_image_destroy(&image);
    free(pixels);
}

static void write_pairs(const struct report *r, FILE *file)
{
    struct answers_pair pairs[ANSWERS_PAIRS];
    char number[16];
    const size_t n = answers_pairs(r->answers, pairs);
    if (n == 0)
        return;
    fputs("<table><tr><th>Class</th><th>answered as</th><th class=\"n\">times</th></tr>\n", file);
    for (size_t i = 0; i < n; i++) {
        fputs("<tr><td>", file);
        html_text(file, answers_class_name(r->s, pairs[i].actual, number));
        fputs("</td><td>", file);
        html_text(file, answers_class_name(r->s, pairs[i].predicted, number));
        fprintf(file, "</td><td class=\"n\">%" PRIu64 "</td></tr>\n", pairs[i].count);
    }
    fputs("</table>\n", file);
}

static void write_confusion(const struct report *r, FILE *file)
{
    const size_t classes = r->answers->outputs;
    if (r->answers->confusion == NULL || classes > TENKA_MAX_CONFUSION)
        return;
    fputs(
        "<section id=\"confusion\"><h2>Confusion</h2><p class=\"note\">A row for each class, a column for each answer; "
        "the diagonal is right.</p>\n",
        file);
    if (classes <= MAX_CELLS)
        write_cells(r, file);
    else if (classes <= MAX_PIXELS)
        write_picture(r, file);
    if (classes > MAX_CELLS)
        write_pairs(r, file);
    fputs("</section>\n", file);
}

/* ---- Classes ---- */

static void write_share(double value, FILE *file)
{
    fprintf(file, "<td class=\"n bar\" style=\"--v:%.4f\">%.4f</td>", value, value);
}

static void write_measures(const struct tenka_class_measures *m, bool places, FILE *file)
{
    write_share(m->precision, file);
    write_share(m->recall, file);
    write_share(m->f1, file);
    if (places)
        write_share(m->iou, file);
    fprintf(file, "<td class=\"n\">%" PRIu64 "</td></tr>\n", m->actual);
}

static void write_mean(const struct answers *a, FILE *file)
{
    struct tenka_class_summary classes;
    struct tenka_label_summary labels;
    struct tenka_class_measures m = {0};
    if (a->confusion != NULL) {
        tenka_confusion_summary(a->confusion, &classes);
        m = (struct tenka_class_measures){.actual = classes.total,
                                          .precision = classes.precision,
                                          .recall = classes.recall,
                                          .f1 = classes.f1,
                                          .iou = classes.mean_iou};
    } else {
        tenka_label_counts_summary(a->labels, &labels);
        m = (struct tenka_class_measures){
            .actual = labels.samples, .precision = labels.precision, .recall = labels.recall, .f1 = labels.f1};
    }
    fputs("<tr class=\"mean\"><td>mean</td>", file);
    write_measures(&m, a->places > 1, file);
}

static void write_classes(const struct report *r, FILE *file)
{
    const struct answers *const a = r->answers;
    char number[16], label[LABEL_NAME];
    if (a->confusion == NULL && a->labels == NULL)
        return;
    fprintf(file,
            "<section id=\"classes\"><h2>%s</h2><div class=\"wide\"><table><tr><th>%s</th><th class=\"n\">precision"
            "</th><th class=\"n\">recall</th><th class=\"n\">F1</th>%s<th class=\"n\">count</th></tr>\n",
            a->confusion != NULL ? "Classes" : "Labels", a->confusion != NULL ? "Class" : "Label",
            a->places > 1 ? "<th class=\"n\">IoU</th>" : "");
    for (uint32_t i = 0; i < a->outputs && i < MAX_ROWS; i++) {
        struct tenka_class_measures m;
        if (a->confusion != NULL)
            tenka_confusion_class(a->confusion, i, &m);
        else
            tenka_label_counts_label(a->labels, i, &m);
        fputs("<tr><td>", file);
        if (a->labels != NULL)
            fprintf(file, "%u ", i);
        html_text(file,
                  a->confusion != NULL ? answers_class_name(r->s, i, number) : answers_label_name(r->s, i, label));
        fputs("</td>", file);
        write_measures(&m, a->places > 1, file);
    }
    write_mean(a, file);
    fputs("</table></div>", file);
    if (a->outputs > MAX_ROWS)
        fprintf(file, "<p class=\"note\">The first %d of %zu.</p>", MAX_ROWS, a->outputs);
    fputs("</section>\n", file);
}

/* ---- Several numbers ---- */

static void write_targets(const struct report *r, FILE *file)
{
    const size_t count = answers_targets(r->answers, r->s);
    char label[LABEL_NAME];
    if (count == 0)
        return;
    fputs(
        "<section id=\"targets\"><h2>Targets</h2><div class=\"wide\"><table><tr><th>Target</th><th class=\"n\">MAE</th>"
        "<th class=\"n\">RMSE</th><th class=\"n\">R2</th></tr>\n",
        file);
    for (size_t i = 0; i < count && i < MAX_ROWS; i++) {
        struct tenka_number_summary m;
        tenka_number_errors_number(r->answers->errors, i, &m);
        fprintf(file, "<tr><td>%zu ", i);
        html_text(file, answers_label_name(r->s, (uint32_t)i, label));
        fprintf(file, "</td><td class=\"n\">%.4g</td><td class=\"n\">%.4g</td>", m.mae, m.rmse);
        fprintf(file, "<td class=\"n\">%.4f</td></tr>\n", m.r2);
    }
    fputs("</table></div>", file);
    if (count > MAX_ROWS)
        fprintf(file, "<p class=\"note\">The first %d of %zu.</p>", MAX_ROWS, count);
    fputs("</section>\n", file);
}

/* ---- The worst ---- */

static void write_sample(const struct report *r, const struct sample *sample, FILE *file)
{
    const struct answers *const a = r->answers;
    const char *const name = answers_sample_file(r->s, sample);
    char number[2][16], about[64];
    snprintf(about, sizeof(about), "number %" PRIu64, sample->index);
    fputs("<figure>", file);
    if (sample->picture != NULL)
        html_picture(file, r->s->ctx, sample->picture, 112, about);
    fputs("<figcaption>", file);
    if (a->kind == ANSWERS_CLASSES && a->places == 1) {
        const bool right = sample->actual == sample->predicted;
        fputs("<b>", file);
        html_text(file, answers_class_name(r->s, (uint32_t)sample->actual, number[0]));
        fprintf(file, "</b><br><span class=\"%s\">", right ? "good" : "bad");
        html_text(file, answers_class_name(r->s, (uint32_t)sample->predicted, number[1]));
        fprintf(file, "</span> %.1f %%", 100 * sample->probability);
    } else if (a->kind == ANSWERS_NUMBERS) {
        fprintf(file, "<b>%.6g</b><br><span class=\"bad\">%.6g</span>", sample->actual, sample->predicted);
    } else {
        fprintf(file, "<b>%.1f %%</b> right", 100 * sample->probability);
    }
    fprintf(file, "<br><small>loss %.4g, ", sample->loss);
    if (name != NULL)
        html_text(file, name);
    else
        fprintf(file, "number %" PRIu64, sample->index);
    fputs("</small></figcaption></figure>\n", file);
}

static void write_worst(const struct report *r, FILE *file)
{
    const struct answers *const a = r->answers;
    if (a->n_worst == 0)
        return;
    fprintf(file,
            "<section id=\"worst\"><h2>The largest losses</h2><p class=\"note\">%s; numbers count the %ss of the "
            "test half from 0.</p><div class=\"samples\">\n",
            a->kind == ANSWERS_NUMBERS ? "What was wanted, and beneath it what the network gives, of the first number"
            : a->kind == ANSWERS_CLASSES && a->places == 1 ? "The class, and beneath it what the network takes it for"
                                                           : "How much of a sample is right",
            session_noun(r->s));
    for (size_t i = 0; i < a->n_worst; i++)
        write_sample(r, &a->worst[i], file);
    fputs("</div></section>\n", file);
}

void report_answers(const struct report *r, FILE *file)
{
    if (r->answers == NULL)
        return;
    write_confusion(r, file);
    write_classes(r, file);
    write_targets(r, file);
    write_worst(r, file);
}
