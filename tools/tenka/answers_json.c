/* A network's answers for programs. */
#include <inttypes.h>
#include <math.h>

#include "answers.h"

/* JSON has neither NaN nor infinity. */
static void member(FILE *file, const char *key, double value)
{
    if (isfinite(value))
        fprintf(file, ",\"%s\":%.9g", key, value);
    else
        fprintf(file, ",\"%s\":null", key);
}

static void write_measures(FILE *file, const struct tenka_class_measures *m)
{
    fprintf(file, ",\"count\":%" PRIu64 ",\"predicted\":%" PRIu64 ",\"right\":%" PRIu64, m->actual, m->predicted,
            m->right);
    member(file, "precision", m->precision);
    member(file, "recall", m->recall);
    member(file, "f1", m->f1);
    member(file, "iou", m->iou);
}

static void write_matrix(const struct answers *a, FILE *file)
{
    fputs(",\"confusion\":[", file);
    for (uint32_t i = 0; i < a->outputs && a->outputs <= TENKA_MAX_CONFUSION; i++) {
        fputs(i > 0 ? ",\n[" : "\n[", file);
        for (uint32_t k = 0; k < a->outputs; k++)
            fprintf(file, "%s%" PRIu64, k > 0 ? "," : "", tenka_confusion_at(a->confusion, i, k));
        fputc(']', file);
    }
    fputc(']', file);
}

static void write_classes(const struct answers *a, const struct session *s, FILE *file)
{
    struct tenka_class_summary all;
    struct tenka_class_measures m;
    char number[16];
    tenka_confusion_summary(a->confusion, &all);
    fprintf(file, ",\"top\":%u", a->top > 0 ? a->top : TOP_DEFAULT);
    member(file, "top_accuracy", all.top_accuracy);
    member(file, "precision", all.precision);
    member(file, "recall", all.recall);
    member(file, "f1", all.f1);
    member(file, "mean_iou", all.mean_iou);
    fputs(",\"classes\":[", file);
    for (uint32_t i = 0; i < a->outputs; i++) {
        fputs(i > 0 ? ",\n{\"name\":" : "\n{\"name\":", file);
        log_json_string(file, answers_class_name(s, i, number));
        tenka_confusion_class(a->confusion, i, &m);
        write_measures(file, &m);
        fputc('}', file);
    }
    fputc(']', file);
    write_matrix(a, file);
}

static void write_labels(const struct answers *a, const struct session *s, FILE *file)
{
    char name[LABEL_NAME];
    struct tenka_label_summary all;
    struct tenka_class_measures m;
    tenka_label_counts_summary(a->labels, &all);
    member(file, "exact", all.accuracy);
    member(file, "precision", all.precision);
    member(file, "recall", all.recall);
    member(file, "f1", all.f1);
    member(file, "micro_f1", all.micro_f1);
    fputs(",\"labels\":[", file);
    for (size_t i = 0; i < a->outputs; i++) {
        fprintf(file, "%s{\"label\":%zu", i > 0 ? ",\n" : "\n", i);
        if (answers_label_name(s, (uint32_t)i, name)[0] != '\0') {
            fputs(",\"name\":", file);
            log_json_string(file, name);
        }
        tenka_label_counts_label(a->labels, i, &m);
        write_measures(file, &m);
        fputc('}', file);
    }
    fputc(']', file);
}

static void write_target(const struct answers *a, const struct session *s, size_t i, FILE *file)
{
    char name[LABEL_NAME];
    struct tenka_number_summary m;
    fprintf(file, "%s{\"target\":%zu", i > 0 ? ",\n" : "\n", i);
    if (answers_label_name(s, (uint32_t)i, name)[0] != '\0') {
        fputs(",\"name\":", file);
        log_json_string(file, name);
    }
    tenka_number_errors_number(a->errors, i, &m);
    member(file, "mae", m.mae);
    member(file, "rmse", m.rmse);
    member(file, "r2", m.r2);
    fputc('}', file);
}

static void write_numbers(const struct answers *a, const struct session *s, FILE *file)
{
    const size_t targets = answers_targets(a, s);
    struct tenka_number_summary all;
    tenka_number_errors_summary(a->errors, &all);
    member(file, "mae", all.mae);
    member(file, "rmse", all.rmse);
    member(file, "r2", all.r2);
    member(file, "psnr", all.psnr);
    if (targets > 0)
        fputs(",\"targets\":[", file);
    for (size_t i = 0; i < targets; i++)
        write_target(a, s, i, file);
    if (targets > 0)
        fputc(']', file);
}

static void write_worst(const struct answers *a, const struct session *s, FILE *file)
{
    fputs(",\"worst\":[", file);
    for (size_t i = 0; i < a->n_worst && i < s->options->worst; i++) {
        const struct sample *const sample = &a->worst[i];
        fprintf(file, "%s{\"index\":%" PRIu64, i > 0 ? ",\n" : "\n", sample->index);
        if (answers_sample_file(s, sample) != NULL) {
            fputs(",\"file\":", file);
            log_json_string(file, answers_sample_file(s, sample));
        }
        member(file, "loss", sample->loss);
        if (a->kind == ANSWERS_NUMBERS || (a->kind == ANSWERS_CLASSES && a->places == 1)) {
            member(file, "actual", sample->actual);
            member(file, "predicted", sample->predicted);
        }
        if (a->kind != ANSWERS_NUMBERS)
            member(file, a->kind == ANSWERS_CLASSES && a->places == 1 ? "probability" : "right", sample->probability);
        fputc('}', file);
    }
    fputc(']', file);
}

void answers_json(const struct answers *a, const struct session *s, FILE *file)
{
    if (a->confusion != NULL)
        write_classes(a, s, file);
    if (a->labels != NULL)
        write_labels(a, s, file);
    if (a->errors != NULL)
        write_numbers(a, s, file);
    write_worst(a, s, file);
}
