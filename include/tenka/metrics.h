/* How good a network's answers are, beyond the loss: counted on the host, from plain arrays of what a network gave and
 * of what it should have given. No context, no device and no step is needed; a program reads a batch's output and
 * target (tenka_keep, or tenka_read), adds them, and asks when all batches are through.
 *
 *     tenka_confusion_create(10, 5, -100, &confusion);
 *     tenka_confusion_add(confusion, scores, labels, batch.size, 1);     once for each batch
 *     tenka_confusion_summary(confusion, &summary);                      summary.accuracy, .f1, .mean_iou
 *
 * Numbers are those of scikit-learn where it has them: shares are from 0 to 1, a share of nothing is 0, and a mean over
 * classes is that of the classes that occur among the targets or the answers. Functions that create return E_INVALID or
 * E_NOMEM, and tenka_last_error(NULL) then has the sentence. */
#ifndef TENKA_METRICS_H
#define TENKA_METRICS_H

#include "tenka/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of one class, or of one label. */
struct tenka_class_measures {
    uint64_t actual;    /* targets that are this class */
    uint64_t predicted; /* answers that are */
    uint64_t right;     /* both */
    double precision;   /* right / predicted */
    double recall;      /* right / actual */
    double f1;          /* 2 right / (actual + predicted) */
    double iou;         /* right / (actual + predicted - right): intersection over union */
};

/* ---- Targets that are classes: of a sample, or of each of its places ---- */

typedef struct tenka_confusion tenka_confusion;

/* Classes of the largest matrix; of more, each class's own counts are kept alone. */
#define TENKA_MAX_CONFUSION 4096

/* Counts of nothing.
 *   classes  scores of an answer
 *   top      an answer is also counted as right in the top where the target is among so many of the largest scores
 *   ignore   targets of that number count for nothing, as do all that are no class
 *   out      owned by the caller */
TENKA_API tenka_status tenka_confusion_create(uint32_t classes, uint32_t top, int32_t ignore, tenka_confusion **out);
TENKA_API void tenka_confusion_destroy(tenka_confusion **confusion);
/* Adds a batch. The answer of a place is its largest score, of equal ones the first, and a NaN before all, as
 * tenka_argmax takes it.
 *   scores   [samples, classes, places], whatever grows with probability
 *   targets  [samples, places]; places is 1 where a sample has one class */
TENKA_API void tenka_confusion_add(tenka_confusion *confusion, const float *scores, const int32_t *targets,
                                   size_t samples, size_t places);

TENKA_API uint32_t tenka_confusion_classes(const tenka_confusion *confusion);
/* How many targets of the class actual were answered by predicted; 0 where there is no matrix. */
TENKA_API uint64_t tenka_confusion_at(const tenka_confusion *confusion, uint32_t actual, uint32_t predicted);
TENKA_API void tenka_confusion_class(const tenka_confusion *confusion, uint32_t index,
                                     struct tenka_class_measures *out);

struct tenka_class_summary {
    uint64_t total, right, right_in_top; /* targets that count, and those that were answered rightly */
    uint32_t occurring;                  /* classes among targets or answers */
    double accuracy;                     /* of places it is pixel accuracy; NaN where no target counts */
    double top_accuracy;
    double precision, recall, f1, mean_iou; /* means over the classes that occur */
};
TENKA_API void tenka_confusion_summary(const tenka_confusion *confusion, struct tenka_class_summary *out);

/* ---- Targets that are several labels, of which each is there or not ---- */

typedef struct tenka_label_counts tenka_label_counts;

TENKA_API tenka_status tenka_label_counts_create(size_t labels, tenka_label_counts **out);
TENKA_API void tenka_label_counts_destroy(tenka_label_counts **counts);
/* Adds a batch.
 *   scores     [samples, labels]
 *   targets    [samples, labels]; a label is there where its target is more than 0.5
 *   threshold  a label is answered where its score is more: 0.5 of probabilities, 0 of logits */
TENKA_API void tenka_label_counts_add(tenka_label_counts *counts, const float *scores, const float *targets,
                                      size_t samples, double threshold);
TENKA_API size_t tenka_label_counts_labels(const tenka_label_counts *counts);
TENKA_API void tenka_label_counts_label(const tenka_label_counts *counts, size_t index,
                                        struct tenka_class_measures *out);

struct tenka_label_summary {
    uint64_t samples, exact;      /* exact: samples of which every label was answered rightly */
    double accuracy;              /* exact / samples; NaN of no samples */
    double precision, recall, f1; /* means over all labels */
    double micro_f1;              /* of all labels' counts together */
};
TENKA_API void tenka_label_counts_summary(const tenka_label_counts *counts, struct tenka_label_summary *out);

/* ---- Targets that are numbers ---- */

typedef struct tenka_number_errors tenka_number_errors;

/* numbers: of a sample, such as channels x height x width of a picture. */
TENKA_API tenka_status tenka_number_errors_create(size_t numbers, tenka_number_errors **out);
TENKA_API void tenka_number_errors_destroy(tenka_number_errors **errors);
/* Adds a batch; outputs, targets: [samples, numbers]. */
TENKA_API void tenka_number_errors_add(tenka_number_errors *errors, const float *outputs, const float *targets,
                                       size_t samples);

/* All NaN of no samples. */
struct tenka_number_summary {
    uint64_t samples;
    double mae;  /* mean of |output - target| over all numbers */
    double rmse; /* root of the mean of (output - target)^2 */
    double r2; /* share of the targets' variance that is explained, 1 at best: of each number over the samples, and the
                  * mean of these. A number that is the same in all targets counts 1 where it is met, else 0 */
    double psnr; /* decibels: 20 log10(range / rmse), range being the largest target less the smallest. Infinite where
                  * nothing is wrong */
};
TENKA_API void tenka_number_errors_summary(const tenka_number_errors *errors, struct tenka_number_summary *out);
/* The same of one of a sample's numbers, which may be in another unit than the others; psnr, which is of pictures, is
 * NaN. All NaN also of a number that there is not. */
TENKA_API void tenka_number_errors_number(const tenka_number_errors *errors, size_t number,
                                          struct tenka_number_summary *out);

#ifdef __cplusplus
}
#endif
#endif
