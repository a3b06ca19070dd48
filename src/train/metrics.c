/* Counts of right and wrong answers, and sums of errors. */
#include "tenka/metrics.h"

#include <math.h>

#include "graph/graph.h"

/* nothing: there is nothing to count; else there was no memory. */
static tenka_status fail_create(const char *what, bool nothing)
{
    struct tenka_error *const err = tenka_ctx_error(NULL);
    return nothing ? tenka_fail(err, TENKA_E_INVALID, "%s: out is NULL, or there is nothing to count", what)
                   : tenka_fail_nomem(err);
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void measure(uint64_t actual, uint64_t predicted, uint64_t right, struct tenka_class_measures *out)
{
    const double a = (double)actual, p = (double)predicted, r = (double)right;
    *out = (struct tenka_class_measures){
        actual, predicted, right, share(r, p), share(r, a), share(2 * r, a + p), share(r, a + p - r)};
}

/* ---- Classes ---- */

/* Counts of one class. */
struct counts {
    uint64_t actual, predicted, right;
};

struct tenka_confusion {
    uint32_t classes, top;
    int32_t ignore;
    uint64_t total, right, right_in_top;
    struct counts *of; /* classes */
    uint64_t *matrix;  /* classes x classes, a row of answers for each target; NULL: there are too many classes */
};

tenka_status tenka_confusion_create(uint32_t classes, uint32_t top, int32_t ignore, tenka_confusion **out)
{
    if (out != NULL)
        *out = NULL;
    if (out == NULL || classes == 0)
        return fail_create("confusion_create", true);
    tenka_confusion *c = tenka_alloc(sizeof(*c));
    if (c == NULL)
        return fail_create("confusion_create", false);
    *c = (tenka_confusion){.classes = classes, .top = top, .ignore = ignore};
    const bool small = classes <= TENKA_MAX_CONFUSION;
    c->of = tenka_alloc_array(classes, sizeof(c->of[0]));
    c->matrix = small ? tenka_alloc_array((size_t)classes * classes, sizeof(c->matrix[0])) : NULL;
    if (c->of == NULL || (small && c->matrix == NULL)) {
        tenka_confusion_destroy(&c);
        return fail_create("confusion_create", false);
    }
    *out = c;
    return TENKA_OK;
}

void tenka_confusion_destroy(tenka_confusion **confusion)
{
    if (confusion == NULL || *confusion == NULL)
        return;
    tenka_free((*confusion)->of);
    tenka_free((*confusion)->matrix);
    tenka_free(*confusion);
    *confusion = NULL;
}

/* Whether score a, that of the class i, comes before score b, that of j. */
static bool comes_before(float a, size_t i, float b, size_t j)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && (!isnan(b) || i < j);
    return a > b || (a == b && i < j);
}

/* scores: of one place, stride floats from class to class. */
static void add_answer(tenka_confusion *c, const float *scores, size_t stride, uint32_t target)
{
    size_t best = 0;
    uint32_t before = 0; /* scores that come before the target's */
    for (size_t i = 0; i < c->classes; i++) {
        if (comes_before(scores[i * stride], i, scores[best * stride], best))
            best = i;
        before += comes_before(scores[i * stride], i, scores[target * stride], target);
    }
    c->total++;
    c->right += best == target;
    c->right_in_top += before < c->top;
    c->of[target].actual++;
    c->of[best].predicted++;
    c->of[target].right += best == target;
    if (c->matrix != NULL)
        c->matrix[(size_t)target * c->classes + best]++;
}

void tenka_confusion_add(tenka_confusion *c, const float *scores, const int32_t *targets, size_t samples, size_t places)
{
    for (size_t i = 0; i < samples; i++)
        for (size_t k = 0; k < places; k++) {
            const int32_t target = targets[i * places + k];
            if (target >= 0 && (uint32_t)target < c->classes && target != c->ignore)
                add_answer(c, scores + i * c->classes * places + k, places, (uint32_t)target);
        }
}

uint32_t tenka_confusion_classes(const tenka_confusion *c)
{
    return c->classes;
}

uint64_t tenka_confusion_at(const tenka_confusion *c, uint32_t actual, uint32_t predicted)
{
    if (c->matrix == NULL || actual >= c->classes || predicted >= c->classes)
        return 0;
    return c->matrix[(size_t)actual * c->classes + predicted];
}

void tenka_confusion_class(const tenka_confusion *c, uint32_t index, struct tenka_class_measures *out)
{
    const struct counts none = {0}, *const of = index < c->classes ? &c->of[index] : &none;
    measure(of->actual, of->predicted, of->right, out);
}

void tenka_confusion_summary(const tenka_confusion *c, struct tenka_class_summary *out)
{
    *out = (struct tenka_class_summary){.total = c->total, .right = c->right, .right_in_top = c->right_in_top};
    for (uint32_t i = 0; i < c->classes; i++) {
        struct tenka_class_measures of;
        tenka_confusion_class(c, i, &of);
        out->occurring += of.actual + of.predicted > 0;
        out->precision += of.precision;
        out->recall += of.recall;
        out->f1 += of.f1;
        out->mean_iou += of.iou;
    }
    out->precision = share(out->precision, out->occurring);
    out->recall = share(out->recall, out->occurring);
    out->f1 = share(out->f1, out->occurring);
    out->mean_iou = share(out->mean_iou, out->occurring);
    out->accuracy = c->total > 0 ? (double)c->right / (double)c->total : (double)NAN;
    out->top_accuracy = c->total > 0 ? (double)c->right_in_top / (double)c->total : (double)NAN;
}

/* ---- Labels ---- */

struct tenka_label_counts {
    size_t labels;
    uint64_t samples, exact;
    struct counts *of;
};

tenka_status tenka_label_counts_create(size_t labels, tenka_label_counts **out)
{
    if (out != NULL)
        *out = NULL;
    if (out == NULL || labels == 0)
        return fail_create("label_counts_create", true);
    tenka_label_counts *c = tenka_alloc(sizeof(*c));
    if (c == NULL)
        return fail_create("label_counts_create", false);
    c->labels = labels;
    c->of = tenka_alloc_array(labels, sizeof(c->of[0]));
    if (c->of == NULL) {
        tenka_label_counts_destroy(&c);
        return fail_create("label_counts_create", false);
    }
    *out = c;
    return TENKA_OK;
}

void tenka_label_counts_destroy(tenka_label_counts **counts)
{
    if (counts == NULL || *counts == NULL)
        return;
    tenka_free((*counts)->of);
    tenka_free(*counts);
    *counts = NULL;
}

void tenka_label_counts_add(tenka_label_counts *c, const float *scores, const float *targets, size_t samples,
                            double threshold)
{
    for (size_t i = 0; i < samples; i++) {
        bool exact = true;
        for (size_t k = 0; k < c->labels; k++) {
            const bool answered = scores[i * c->labels + k] > threshold, there = targets[i * c->labels + k] > 0.5f;
            c->of[k].actual += there;
            c->of[k].predicted += answered;
            c->of[k].right += there && answered;
            exact = exact && there == answered;
        }
        c->exact += exact;
    }
    c->samples += samples;
}

size_t tenka_label_counts_labels(const tenka_label_counts *c)
{
    return c->labels;
}

void tenka_label_counts_label(const tenka_label_counts *c, size_t index, struct tenka_class_measures *out)
{
    const struct counts none = {0}, *const of = index < c->labels ? &c->of[index] : &none;
    measure(of->actual, of->predicted, of->right, out);
}

void tenka_label_counts_summary(const tenka_label_counts *c, struct tenka_label_summary *out)
{
    struct counts all = {0};
    struct tenka_class_measures of;
    *out = (struct tenka_label_summary){.samples = c->samples, .exact = c->exact};
    for (size_t i = 0; i < c->labels; i++) {
        tenka_label_counts_label(c, i, &of);
        out->precision += of.precision / (double)c->labels;
        out->recall += of.recall / (double)c->labels;
        out->f1 += of.f1 / (double)c->labels;
        all.actual += of.actual;
        all.predicted += of.predicted;
        all.right += of.right;
    }
    measure(all.actual, all.predicted, all.right, &of);
    out->micro_f1 = of.f1;
    out->accuracy = c->samples > 0 ? (double)c->exact / (double)c->samples : (double)NAN;
}

/* ---- Numbers ---- */

/* Of one of a sample's numbers. Mean and squares by Welford: "Note on a method for calculating corrected sums of squares
 * and products" (1962). */
struct sums {
    double mean, squares; /* of the targets; squares of their distances from the mean */
    double error;         /* squares of output - target */
    double absolute;      /* |output - target| */
};

struct tenka_number_errors {
    size_t numbers;
    uint64_t samples;
    double least, most;
    struct sums *of;
};

tenka_status tenka_number_errors_create(size_t numbers, tenka_number_errors **out)
{
    if (out != NULL)
        *out = NULL;
    if (out == NULL || numbers == 0)
        return fail_create("number_errors_create", true);
    tenka_number_errors *e = tenka_alloc(sizeof(*e));
    if (e == NULL)
        return fail_create("number_errors_create", false);
    *e = (tenka_number_errors){.numbers = numbers, .least = INFINITY, .most = -INFINITY};
    e->of = tenka_alloc_array(numbers, sizeof(e->of[0]));
    if (e->of == NULL) {
        tenka_number_errors_destroy(&e);
        return fail_create("number_errors_create", false);
    }
    *out = e;
    return TENKA_OK;
}

void tenka_number_errors_destroy(tenka_number_errors **errors)
{
    if (errors == NULL || *errors == NULL)
        return;
    tenka_free((*errors)->of);
    tenka_free(*errors);
    *errors = NULL;
}

void tenka_number_errors_add(tenka_number_errors *e, const float *outputs, const float *targets, size_t samples)
{
    for (size_t i = 0; i < samples; i++) {
        e->samples++;
        for (size_t k = 0; k < e->numbers; k++) {
            const double target = (double)targets[i * e->numbers + k];
            const double error = (double)outputs[i * e->numbers + k] - target;
            const double before = target - e->of[k].mean;
            e->of[k].mean += before / (double)e->samples;
            e->of[k].squares += before * (target - e->of[k].mean);
            e->of[k].error += error * error;
            e->of[k].absolute += fabs(error);
            e->least = fmin(e->least, target);
            e->most = fmax(e->most, target);
        }
    }
}

static double explained_of(const struct sums *of)
{
    return of->squares > 0 ? 1 - of->error / of->squares : of->error == 0 ? 1 : 0 * of->error;
}

void tenka_number_errors_number(const tenka_number_errors *e, size_t number, struct tenka_number_summary *out)
{
    *out = (struct tenka_number_summary){.mae = NAN, .rmse = NAN, .r2 = NAN, .psnr = NAN};
    if (e->samples == 0 || number >= e->numbers)
        return;
    out->samples = e->samples;
    out->mae = e->of[number].absolute / (double)e->samples;
    out->rmse = sqrt(e->of[number].error / (double)e->samples);
    out->r2 = explained_of(&e->of[number]);
}

void tenka_number_errors_summary(const tenka_number_errors *e, struct tenka_number_summary *out)
{
    const double all = (double)e->samples * (double)e->numbers;
    double error = 0, absolute = 0, explained = 0;
    *out = (struct tenka_number_summary){.mae = NAN, .rmse = NAN, .r2 = NAN, .psnr = NAN};
    if (e->samples == 0)
        return;
    for (size_t k = 0; k < e->numbers; k++) {
        error += e->of[k].error;
        absolute += e->of[k].absolute;
        explained += explained_of(&e->of[k]);
    }
    out->samples = e->samples;
    out->mae = absolute / all;
    out->rmse = sqrt(error / all);
    out->r2 = explained / (double)e->numbers;
    out->psnr = 20 * log10((e->most - e->least) / out->rmse);
}
