/* What a network answered in an evaluation, beyond the mean loss: counted on the host (tenka/metrics.h), with the samples
 * that it was most wrong about. */
#ifndef TENKA_TOOL_ANSWERS_H
#define TENKA_TOOL_ANSWERS_H

#include "tenka.h"

enum answer_kind {
    ANSWERS_NONE,    /* neither of these: only loss and accuracy are known */
    ANSWERS_CLASSES, /* of a sample, or of each of its places */
    ANSWERS_LABELS,  /* several, each there or not */
    ANSWERS_NUMBERS,
};
/* By the loss and the targets. */
enum answer_kind answers_kind(const struct session *s);

struct sample {
    uint64_t index;           /* in the order of the loader */
    double loss;              /* of classes and labels the negative logarithm of what was right, of numbers the squared
                               * error: the mean over the sample */
    double actual, predicted; /* classes of a sample with one class; of numbers the first one */
    double probability;       /* of predicted; of several classes or labels the share that is right; NaN of numbers */
    tenka_image *picture;     /* what the network saw; NULL: it was not asked for, or is none */
};

#define TOP_DEFAULT 5
#define FIRST_SAMPLES 8

struct answers {
    /* What is wanted: set before answers_begin. */
    uint32_t top;     /* classes of which one must be right; 0: TOP_DEFAULT */
    size_t max_worst; /* samples with the largest losses */
    bool first;       /* FIRST_SAMPLES of the first batch, too */
    bool pictures;    /* of these samples */

    enum answer_kind kind;
    size_t outputs, places, numbers; /* of a sample: classes and places of each; all of its output's numbers */
    tenka_confusion *confusion;
    tenka_label_counts *labels;
    tenka_number_errors *errors;
    struct table_scale *scale; /* of numbers */
    struct sample *worst;      /* the largest loss first */
    size_t n_worst;
    struct sample firsts[FIRST_SAMPLES];
    size_t n_firsts;

    /* Of a batch: what is kept on the device, of whole batches and of a smaller last one, and what was read of it. */
    struct kept_batch {
        tenka_variable *output, *target, *input;
    } kept[2];
    uint32_t whole;
    size_t room, input_room; /* bytes of the two below each, and of the third */
    float *scores;
    void *targets;
    float *input;
    uint64_t seen; /* samples */
};

/* Begins an evaluation; what was counted before is forgotten. */
void answers_begin(struct answers *a, const struct session *s);
/* In the step of a batch: keeps what is to be looked at. */
tenka_status answers_keep(struct answers *a, const struct tenka_batch *batch, tenka_tensor output);
/* After it has ended: looks at it. */
tenka_status answers_take(struct answers *a, const struct session *s, const struct tenka_batch *batch);
/* Frees all; the device must still be there. */
void answers_free(struct answers *a);
/* Targets that are numbers, of a sample that has several, each in a unit of its own perhaps; 0: it has one, or they are
 * a picture's or alike. */
size_t answers_targets(const struct answers *a, const struct session *s);
/* Puts the numbers that are known into the evaluation's result. */
void answers_summarise(const struct answers *a, const struct session *s, struct evaluation *out);

/* The name of a class of the session's data; buffer holds it where it is a number. */
#define LABEL_NAME 256
/* The name of a label, a table's column; "" where it has none. Returns buffer. */
const char *answers_label_name(const struct session *s, uint32_t index, char buffer[static LABEL_NAME]);
const char *answers_class_name(const struct session *s, uint32_t index, char buffer[static 16]);

/* The file of a sample of the test half; NULL: it has none of its own. */
const char *answers_sample_file(const struct session *s, const struct sample *sample);

/* ---- sample_picture.c ---- */

/* The picture that a test sample of the network's input shows: bytes as they were before they were normalised; of arrays the
 * least number is black and the largest white. *out is NULL, with OK, where it is none. */
tenka_status sample_picture(const struct session *s, const float *input, tenka_image **out);

/* ---- answers_print.c: for people ---- */

#define ANSWERS_PAIRS 20
struct answers_pair {
    uint32_t actual, predicted;
    uint64_t count;
};
/* The pairs of classes of which one is taken for the other most often, in that order; returns how many there are. */
size_t answers_pairs(const struct answers *a, struct answers_pair out[ANSWERS_PAIRS]);

void answers_print_confusion(const struct answers *a, const struct session *s);
void answers_print_table(const struct answers *a, const struct session *s);
/* The measures of each of several targets. */
void answers_print_targets(const struct answers *a, const struct session *s);
void answers_print_worst(const struct answers *a, const struct session *s);

/* ---- answers_json.c: members of a JSON object, each behind a comma ---- */

void answers_json(const struct answers *a, const struct session *s, FILE *file);

/* ---- test_report.c ---- */

/* What `tenka test` prints, by its options. */
int test_report(const struct session *s, const struct evaluation *e, const struct answers *a);

#endif
