/* Metrics against golden numbers (tools/golden/metrics.py), and at the edges. test_metrics GOLDEN */
#include "core/core.h"
#include "support.h"

static FILE *golden;
#define MAX_NUMBERS 4096

/* The row of that name. */
static size_t read_row(const char *name, double out[MAX_NUMBERS])
{
    char found[32];
    size_t count;
    if (fscanf(golden, "%31s %zu", found, &count) != 2 || strcmp(found, name) != 0 || count > MAX_NUMBERS)
        fail_msg("the golden file has no row %s", name);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(fscanf(golden, "%lf", &out[i]), 1);
    return count;
}

static void read_floats(const char *name, float out[MAX_NUMBERS])
{
    double row[MAX_NUMBERS];
    const size_t count = read_row(name, row);
    for (size_t i = 0; i < count; i++)
        out[i] = (float)row[i];
}

static void same(const char *what, double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * (1 + fabs(want))))
        fail_msg("%s: %.17g instead of %.17g", what, got, want);
}

static void same_measures(const char *what, const struct tenka_class_measures *m, const double *row)
{
    same(what, (double)m->actual, row[0]);
    same(what, (double)m->predicted, row[1]);
    same(what, (double)m->right, row[2]);
    same(what, m->precision, row[3]);
    same(what, m->recall, row[4]);
    same(what, m->f1, row[5]);
    same(what, m->iou, row[6]);
}

/* ---- Against golden numbers ---- */

static void check_classes(const char *name)
{
    static float scores[MAX_NUMBERS], targets[MAX_NUMBERS];
    static double row[MAX_NUMBERS];
    static int32_t labels[MAX_NUMBERS];
    size_t samples, places;
    uint32_t classes, top;
    int ignore;
    tenka_confusion *c;
    struct tenka_class_measures m;
    struct tenka_class_summary s;
    assert_int_equal(fscanf(golden, "%zu %u %zu %u %d", &samples, &classes, &places, &top, &ignore), 5);
    read_floats("scores", scores);
    read_floats("targets", targets);
    for (size_t i = 0; i < samples * places; i++)
        labels[i] = (int32_t)targets[i];
    must(NULL, tenka_confusion_create(classes, top, ignore, &c));
    /* In two batches. */
    tenka_confusion_add(c, scores, labels, 2, places);
    tenka_confusion_add(c, scores + 2 * classes * places, labels + 2 * places, samples - 2, places);
    read_row("matrix", row);
    for (uint32_t i = 0; i < classes; i++)
        for (uint32_t k = 0; k < classes; k++)
            same(name, (double)tenka_confusion_at(c, i, k), row[i * classes + k]);
    read_row("each", row);
    for (uint32_t i = 0; i < classes; i++) {
        tenka_confusion_class(c, i, &m);
        same_measures(name, &m, row + 7 * i);
    }
    read_row("summary", row);
    tenka_confusion_summary(c, &s);
    const double got[] = {(double)s.total, (double)s.right, (double)s.right_in_top,
                          s.occurring,     s.accuracy,      s.top_accuracy,
                          s.precision,     s.recall,        s.f1,
                          s.mean_iou};
    for (size_t i = 0; i < sizeof(got) / sizeof(got[0]); i++)
        same(name, got[i], row[i]);
    tenka_confusion_destroy(&c);
    assert_null(c);
}

static void check_labels(const char *name)
{
    static float scores[MAX_NUMBERS], targets[MAX_NUMBERS];
    static double row[MAX_NUMBERS];
    size_t samples, labels;
    double threshold;
    tenka_label_counts *c;
    struct tenka_class_measures m;
    struct tenka_label_summary s;
    assert_int_equal(fscanf(golden, "%zu %zu %lf", &samples, &labels, &threshold), 3);
    read_floats("scores", scores);
    read_floats("targets", targets);
    must(NULL, tenka_label_counts_create(labels, &c));
    tenka_label_counts_add(c, scores, targets, 1, threshold);
    tenka_label_counts_add(c, scores + labels, targets + labels, samples - 1, threshold);
    read_row("each", row);
    for (size_t i = 0; i < labels; i++) {
        tenka_label_counts_label(c, i, &m);
        same_measures(name, &m, row + 7 * i);
    }
    read_row("summary", row);
    tenka_label_counts_summary(c, &s);
    const double got[] = {(double)s.samples, (double)s.exact, s.accuracy, s.precision, s.recall, s.f1, s.micro_f1};
    for (size_t i = 0; i < sizeof(got) / sizeof(got[0]); i++)
        same(name, got[i], row[i]);
    tenka_label_counts_destroy(&c);
}

static void check_numbers(const char *name)
{
    static float outputs[MAX_NUMBERS], targets[MAX_NUMBERS];
    static double row[MAX_NUMBERS];
    size_t samples, numbers;
    tenka_number_errors *e;
    struct tenka_number_summary s;
    assert_int_equal(fscanf(golden, "%zu %zu", &samples, &numbers), 2);
    read_floats("outputs", outputs);
    read_floats("targets", targets);
    must(NULL, tenka_number_errors_create(numbers, &e));
    tenka_number_errors_add(e, outputs, targets, 7);
    tenka_number_errors_add(e, outputs + 7 * numbers, targets + 7 * numbers, samples - 7);
    read_row("summary", row);
    tenka_number_errors_summary(e, &s);
    const double got[] = {(double)s.samples, s.mae, s.rmse, s.r2, s.psnr};
    for (size_t i = 0; i < sizeof(got) / sizeof(got[0]); i++)
        same(name, got[i], row[i]);
    /* Of each number the measures are those of a sample that has it alone, and the means of them are those of all. */
    double mae = 0, squares = 0, r2 = 0;
    for (size_t k = 0; k < numbers; k++) {
        struct tenka_number_summary one, alone;
        tenka_number_errors *column;
        must(NULL, tenka_number_errors_create(1, &column));
        for (size_t i = 0; i < samples; i++)
            tenka_number_errors_add(column, outputs + i * numbers + k, targets + i * numbers + k, 1);
        tenka_number_errors_number(e, k, &one);
        tenka_number_errors_summary(column, &alone);
        assert_true(one.samples == samples && isnan(one.psnr));
        assert_true(one.mae == alone.mae && one.rmse == alone.rmse && one.r2 == alone.r2);
        mae += one.mae / (double)numbers;
        squares += one.rmse * one.rmse / (double)numbers;
        r2 += one.r2 / (double)numbers;
        tenka_number_errors_destroy(&column);
    }
    same(name, mae, s.mae);
    same(name, sqrt(squares), s.rmse);
    same(name, r2, s.r2);
    tenka_number_errors_destroy(&e);
}

static void test_golden(void **state)
{
    (void)state;
    char kind[16], name[32];
    int cases = 0;
    for (; fscanf(golden, "%15s %31s", kind, name) == 2; cases++) {
        if (strcmp(kind, "classes") == 0)
            check_classes(name);
        else if (strcmp(kind, "labels") == 0)
            check_labels(name);
        else
            check_numbers(name);
    }
    assert_int_equal(cases, 8);
}

/* ---- Edges ---- */

static void test_classes_edges(void **state)
{
    (void)state;
    tenka_confusion *c;
    struct tenka_class_summary s;
    struct tenka_class_measures m;
    /* Nothing, then targets that are none of the classes. */
    must(NULL, tenka_confusion_create(2, 1, -100, &c));
    tenka_confusion_summary(c, &s);
    assert_true(isnan(s.accuracy) && s.f1 == 0 && s.total == 0);
    const float scores[] = {NAN, 5, 1, NAN, 2, 2};
    const int32_t targets[] = {-1, 2, 1};
    tenka_confusion_add(c, scores, targets, 3, 1);
    tenka_confusion_summary(c, &s);
    assert_int_equal(s.total, 1); /* of 2, 2 the first is the answer */
    assert_int_equal(tenka_confusion_at(c, 1, 0), 1);
    assert_int_equal(tenka_confusion_at(c, 1, 2), 0); /* there is no such class */
    /* A NaN is the answer. */
    tenka_confusion_add(c, scores, (const int32_t[]){0, 0}, 2, 1);
    assert_int_equal(tenka_confusion_at(c, 0, 0), 1);
    assert_int_equal(tenka_confusion_at(c, 0, 1), 1);
    tenka_confusion_class(c, 7, &m);
    assert_int_equal(m.actual, 0);
    tenka_confusion_destroy(&c);
    tenka_confusion_destroy(&c);
    assert_int_equal(tenka_confusion_create(0, 1, -100, &c), TENKA_E_INVALID);
    assert_null(c);
    assert_int_equal(tenka_confusion_create(2, 1, -100, NULL), TENKA_E_INVALID);
}

/* So many classes that there is no matrix: the counts of each class are there all the same. */
static void test_many_classes(void **state)
{
    (void)state;
    enum { CLASSES = 1000000 };
    tenka_confusion *c;
    struct tenka_class_measures m;
    struct tenka_class_summary s;
    float *const scores = calloc(CLASSES, sizeof(scores[0]));
    const int32_t target = CLASSES - 1;
    scores[target] = 1;
    scores[3] = 2;
    must(NULL, tenka_confusion_create(CLASSES, 2, -100, &c));
    tenka_confusion_add(c, scores, &target, 1, 1);
    assert_int_equal(tenka_confusion_at(c, CLASSES - 1, 3), 0);
    tenka_confusion_class(c, CLASSES - 1, &m);
    assert_int_equal(m.actual, 1);
    tenka_confusion_summary(c, &s);
    assert_int_equal(s.right, 0);
    assert_int_equal(s.right_in_top, 1);
    assert_int_equal(s.occurring, 2);
    tenka_confusion_destroy(&c);
    free(scores);
}

static void test_numbers_edges(void **state)
{
    (void)state;
    tenka_number_errors *e;
    struct tenka_number_summary s;
    must(NULL, tenka_number_errors_create(1, &e));
    tenka_number_errors_summary(e, &s);
    assert_true(isnan(s.mae) && isnan(s.rmse) && isnan(s.r2) && isnan(s.psnr));
    tenka_number_errors_number(e, 1, &s);
    assert_true(s.samples == 0 && isnan(s.mae));
    tenka_number_errors_add(e, (const float[]){1, 2}, (const float[]){1, 2}, 2);
    tenka_number_errors_summary(e, &s);
    assert_true(s.mae == 0 && s.rmse == 0 && s.r2 == 1 && isinf(s.psnr));
    tenka_number_errors_add(e, (const float[]){NAN}, (const float[]){3}, 1);
    tenka_number_errors_summary(e, &s);
    assert_true(isnan(s.mae) && isnan(s.rmse) && isnan(s.r2));
    tenka_number_errors_destroy(&e);
    assert_int_equal(tenka_number_errors_create(0, &e), TENKA_E_INVALID);
    tenka_label_counts *c;
    assert_int_equal(tenka_label_counts_create(0, &c), TENKA_E_INVALID);
}

/* Each allocation fails once. */
static void test_memory(void **state)
{
    (void)state;
    const int64_t before = tenka_alloc_live();
    for (uint64_t k = 1; k <= 3; k++) {
        tenka_confusion *confusion;
        tenka_label_counts *counts;
        tenka_number_errors *errors;
        tenka_alloc_fail_at(k);
        assert_int_equal(tenka_confusion_create(3, 1, -100, &confusion), TENKA_E_NOMEM);
        assert_null(confusion);
        tenka_alloc_fail_at(k < 3 ? k : 1);
        assert_int_equal(tenka_label_counts_create(3, &counts), TENKA_E_NOMEM);
        tenka_alloc_fail_at(k < 3 ? k : 1);
        assert_int_equal(tenka_number_errors_create(3, &errors), TENKA_E_NOMEM);
    }
    tenka_alloc_fail_at(0);
    assert_int_equal(tenka_alloc_live(), before);
}

int main(int argc, char **argv)
{
    golden = argc > 1 ? fopen(argv[1], "r") : NULL;
    if (golden == NULL) {
        fputs("usage: test_metrics GOLDEN\n", stderr);
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_classes_edges), cmocka_unit_test(test_many_classes),
        cmocka_unit_test(test_numbers_edges), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
