/* What the files of `tenka predict` share. */
#ifndef TENKA_TOOL_PREDICT_H
#define TENKA_TOOL_PREDICT_H

#include <stdio.h>

#include "tenka.h"

/* A picture of the batch that is being gathered. */
struct prediction {
    const char *path;
    char *failure;          /* why it could not be read; NULL: it is in the batch */
    size_t row;             /* of the batch */
    uint32_t width, height; /* of the picture */
};

struct predictor {
    struct session session;
    struct pictures pictures;
    struct tenka_shape image; /* of the network's input: channels, height, width; of an array whatever it is */
    float mean[TENKA_MAX_CHANNELS], std[TENKA_MAX_CHANNELS];
    struct class_names given; /* by --classes */
    enum label_scores labels; /* the outputs are such, and no scores of classes */
    const char *const *names; /* of classes; NULL: they have numbers */
    size_t n_names;
    uint32_t outputs, batch_size, top;
    uint32_t mask_height, mask_width; /* of what the network gives for each picture; 1: it gives no masks */
    char **mask_paths;                /* of all pictures; NULL: no masks are written */
    struct progress progress;
    struct prediction *predictions;  /* batch_size */
    size_t count, rows;              /* of predictions; of those in the batch */
    tenka_transform *transform;      /* NULL: pictures are resized */
    tenka_transform_room *room;      /* its */
    uint32_t decoded;                /* channels of the pictures that it transforms */
    uint8_t *bytes;                  /* of the batch, without a transform */
    float *reals;                    /* of the batch, with one */
    float *scores;                   /* of the batch: what the network gives */
    uint64_t done, failed, negative; /* pictures: through; not read; that look like negatives */
    uint64_t unanswered;             /* lines of a table that lack a value */
    FILE *csv; /* a table of the answers, in memory until all are there; NULL: none is asked for */
    char *csv_text;
    size_t csv_bytes;
    tenka_table_others *others; /* of a table whose rows are answered what else they have; NULL: nothing */
};

/* A class, and what the network gives it. */
struct candidate {
    uint32_t index;
    double probability;
};

/* ---- predict.c ---- */

/* Samples in a batch, of which each takes so many bytes of input. */
uint32_t predict_batch_size(const struct options *options, size_t each, size_t count);
/* The names of the outputs' classes. Says what is wrong with them. */
int predict_find_names(struct predictor *p);

/* ---- predict_transform.c ---- */

/* Makes the transform of the session, and finds the shape of the network's input. Says what is wrong. */
int predict_open_transform(struct predictor *p);
#define PREDICT_WHY 2048
/* Transforms a picture into the batch's next row; false: why says why not. */
bool predict_transform(struct predictor *p, const char *path, const tenka_image *picture, char why[static PREDICT_WHY]);

/* ---- predict_masks.c ---- */

/* Finds a name for the mask of each picture, and makes the folders. Says what is wrong. */
int predict_open_masks(struct predictor *p);
void predict_close_masks(struct predictor *p);
/* Writes the masks of the pictures of the batch. */
int predict_write_masks(struct predictor *p);

/* ---- predict_arrays.c ---- */

/* Whether an array is asked for, and not pictures. */
bool predict_is_array(const struct options *options);
int predict_array(struct predictor *p);

/* ---- predict_csv.c ---- */

/* Whether --out asks for a table. */
bool predict_wants_csv(const struct options *options);
int predict_csv_open(struct predictor *p);
/* The header: what the rows are named by, then the likeliest class, unless they are labels, and all probabilities. */
void predict_csv_classes(struct predictor *p, const char *key);
/* A row of that, the first is 1; candidates: of all classes in their order; NULL: there are none, and the cells stay
 * empty. */
void predict_csv_row(struct predictor *p, const char *name, size_t row, const struct candidate *candidates);
/* The header of numbers: the names of a table's targets where there are such, else output, or output_0 and so on. */
void predict_csv_outputs(struct predictor *p, const char *table, size_t count);
/* Behind a row's name what else the table of its input has there; row 0: the names. */
void predict_csv_others(struct predictor *p, size_t row);
/* A number behind others of the row; wide: with all digits of a double. */
void predict_csv_number(struct predictor *p, double number, bool wide);
/* Writes the file. */
int predict_csv_save(struct predictor *p);
/* ---- predict_report.c ---- */

#define CLASS_NAME 256
/* The name of a class; buffer holds it where it is a number, or the column of a label. */
const char *predict_class_name(const struct predictor *p, uint32_t index, char buffer[static CLASS_NAME]);
/* Notes why the picture or sample has no answer; says so where there is no memory for it. */
int predict_fail(struct prediction *picture, const char *why);
/* Notes that the network's outputs for the picture are no finite numbers. */
int predict_fail_scores(struct predictor *p, struct prediction *picture);
/* Whether all that was printed has arrived; says so when it has not. */
int predict_check_output(void);
/* Begins the JSON or the table. */
int predictions_begin(struct predictor *p);
/* The pictures of the batch. A score that is no number is said, and counts as a failure. */
int predictions_print(struct predictor *p);
int predictions_end(const struct predictor *p);

#endif
