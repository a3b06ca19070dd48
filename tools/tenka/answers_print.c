/* What `tenka test` shows of a network's answers. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"

#define MAX_SHOWN 20 /* classes of a matrix that a person still reads */
#define NAME_COLUMNS 24

/* ---- The matrix ---- */

/* Columns that the largest count takes, or a class's number. */
static int count_width(const struct answers *a)
{
    char number[32];
    int width = 3;
    for (uint32_t i = 0; i < a->outputs; i++)
        for (uint32_t k = 0; k < a->outputs; k++) {
            const int digits = snprintf(number, sizeof(number), "%" PRIu64, tenka_confusion_at(a->confusion, i, k));
            width = digits > width ? digits : width;
        }
    return width;
}

/* A name in so many columns, of which it takes fewer where it is shorter. */
static void print_name(const char *name, size_t columns)
{
    char text[300];
    snprintf(text, sizeof(text), "%s", name);
    make_harmless(text);
    text_cut(text, columns);
    printf("%s%*s", text, (int)(columns - text_columns(text)), "");
}

static void print_matrix(const struct answers *a, const struct session *s)
{
    char number[16];
    const int width = count_width(a);
    printf("\nConfusion: a row for each class, a column for each answer\n%*s", NAME_COLUMNS + 4, "");
    for (uint32_t k = 0; k < a->outputs; k++)
        printf(" %*u", width, k);
    putchar('\n');
    for (uint32_t i = 0; i < a->outputs; i++) {
        printf("%3u ", i);
        print_name(answers_class_name(s, i, number), NAME_COLUMNS);
        for (uint32_t k = 0; k < a->outputs; k++) {
            const uint64_t count = tenka_confusion_at(a->confusion, i, k);
            if (count > 0)
                printf(" %*" PRIu64, width, count);
            else
                printf(" %*s", width, ".");
        }
        putchar('\n');
    }
}

/* ---- The worst pairs ---- */

size_t answers_pairs(const struct answers *a, struct answers_pair out[ANSWERS_PAIRS])
{
    size_t n = 0;
    for (uint32_t i = 0; i < a->outputs; i++)
        for (uint32_t k = 0; k < a->outputs; k++) {
            const struct answers_pair pair = {i, k, tenka_confusion_at(a->confusion, i, k)};
            size_t at = n;
            if (i == k || pair.count == 0)
                continue;
            while (at > 0 && pair.count > out[at - 1].count)
                at--;
            if (at == ANSWERS_PAIRS)
                continue;
            n += n < ANSWERS_PAIRS;
            memmove(out + at + 1, out + at, (n - 1 - at) * sizeof(out[0]));
            out[at] = pair;
        }
    return n;
}

static void print_pairs(const struct answers *a, const struct session *s)
{
    struct answers_pair pairs[ANSWERS_PAIRS];
    char number[16];
    const size_t n = answers_pairs(a, pairs);
    if (a->outputs > TENKA_MAX_CONFUSION) {
        printf("\nOf more than %u classes no matrix is kept.\n", TENKA_MAX_CONFUSION);
        return;
    }
    printf("\nConfusion: %s\n",
           n == 0 ? "no class is taken for another" : "the classes that are taken for others most often");
    for (size_t i = 0; i < n; i++) {
        print_name(answers_class_name(s, pairs[i].actual, number), NAME_COLUMNS);
        fputs(" answered as ", stdout);
        print_name(answers_class_name(s, pairs[i].predicted, number), NAME_COLUMNS);
        printf(" %8" PRIu64 "\n", pairs[i].count);
    }
}

void answers_print_confusion(const struct answers *a, const struct session *s)
{
    if (a->confusion == NULL)
        return;
    if (a->outputs <= MAX_SHOWN)
        print_matrix(a, s);
    else
        print_pairs(a, s);
}

/* ---- Precision and its kin ---- */

static void print_measures(const char *name, bool places, const struct tenka_class_measures *m)
{
    print_name(name, NAME_COLUMNS + 4);
    printf(" %9.4f %9.4f %9.4f", m->precision, m->recall, m->f1);
    if (places)
        printf(" %9.4f", m->iou);
    printf(" %9" PRIu64 "\n", m->actual);
}

static void print_head(const char *first, bool places)
{
    printf("\n%-*s %9s %9s %9s", NAME_COLUMNS + 4, first, "precision", "recall", "F1");
    if (places)
        printf(" %9s", "IoU");
    printf(" %9s\n", "count");
}

void answers_print_table(const struct answers *a, const struct session *s)
{
    char name[300], number[16], label[LABEL_NAME];
    struct tenka_class_measures m;
    struct tenka_class_summary classes;
    struct tenka_label_summary labels;
    const bool places = a->places > 1;
    if (a->confusion == NULL && a->labels == NULL)
        return;
    print_head(a->confusion != NULL ? "Class" : "Label", places);
    for (uint32_t i = 0; i < a->outputs; i++) {
        if (a->confusion != NULL)
            tenka_confusion_class(a->confusion, i, &m);
        else
            tenka_label_counts_label(a->labels, i, &m);
        snprintf(name, sizeof(name), "%3u %.290s", i,
                 a->confusion != NULL ? answers_class_name(s, i, number) : answers_label_name(s, i, label));
        if (m.actual + m.predicted > 0 || a->outputs <= MAX_SHOWN)
            print_measures(name, places, &m);
    }
    if (a->confusion != NULL) {
        tenka_confusion_summary(a->confusion, &classes);
        m = (struct tenka_class_measures){classes.total,   0, 0, classes.precision, classes.recall, classes.f1,
                                          classes.mean_iou};
    } else {
        tenka_label_counts_summary(a->labels, &labels);
        m = (struct tenka_class_measures){labels.samples, 0, 0, labels.precision, labels.recall, labels.f1, 0};
    }
    print_measures("    mean", places, &m);
}

void answers_print_targets(const struct answers *a, const struct session *s)
{
    char name[300], label[LABEL_NAME], text[3][32];
    struct tenka_number_summary m;
    const size_t count = answers_targets(a, s), shown = count < MAX_SHOWN ? count : MAX_SHOWN;
    if (count == 0)
        return;
    printf("\n%-*s %11s %11s %9s\n", NAME_COLUMNS + 4, "Target", "MAE", "RMSE", "R2");
    for (size_t i = 0; i < shown; i++) {
        tenka_number_errors_number(a->errors, i, &m);
        snprintf(name, sizeof(name), "%3zu %.290s", i, answers_label_name(s, (uint32_t)i, label));
        print_name(name, NAME_COLUMNS + 4);
        printf(" %11s %11s %9s\n", say_number(text[0], "%.4g", m.mae), say_number(text[1], "%.4g", m.rmse),
               say_number(text[2], "%.4f", m.r2));
    }
    if (count > shown)
        printf("and %zu more, which --json has\n", count - shown);
}

/* ---- The worst samples ---- */

static void print_sample(const struct answers *a, const struct session *s, const struct sample *sample)
{
    const char *const file = answers_sample_file(s, sample);
    char number[2][16], loss[32];
    printf("%8" PRIu64 " %9s  ", sample->index, say_number(loss, "%.4f", sample->loss));
    if (a->kind == ANSWERS_CLASSES && a->places == 1)
        print_text(stdout, "%s, answered as %s with %.2f %%",
                   answers_class_name(s, (uint32_t)sample->actual, number[0]),
                   answers_class_name(s, (uint32_t)sample->predicted, number[1]), 100 * sample->probability);
    else if (a->kind == ANSWERS_NUMBERS)
        printf("%s%.6g, answered as %.6g", a->numbers > 1 ? "the first number is " : "", sample->actual,
               sample->predicted);
    else
        printf("%.2f %% of its %s right", 100 * sample->probability,
               a->kind == ANSWERS_LABELS ? "labels are" : "places are");
    if (file != NULL)
        print_text(stdout, "  %s", file);
    putchar('\n');
}

void answers_print_worst(const struct answers *a, const struct session *s)
{
    const size_t n = a->n_worst < s->options->worst ? a->n_worst : s->options->worst;
    if (n == 0)
        return;
    printf("\n%8s %9s  the %s%s with the largest loss%s, counted from 0\n", "Number", "loss", session_noun(s),
           plural(n), n == 1 ? "" : "es");
    for (size_t i = 0; i < n; i++)
        print_sample(a, s, &a->worst[i]);
}
