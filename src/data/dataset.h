/* Datasets as loaders see them, and as they are made. */
#ifndef TENKA_DATA_DATASET_H
#define TENKA_DATA_DATASET_H

#include "core/core.h"
#include "tenka/data.h"

/* Makes samples when they are wanted, such as pictures that are decoded, on whatever thread. */
struct tenka_reader {
    void *user;
    /* Writes the bytes of one sample. epoch: a number of the epoch's own, for what is drawn anew in each. */
    tenka_status (*read)(void *user, struct tenka_error *err, uint32_t index, uint64_t epoch, void *dst);
    const char *(*name)(void *user, uint32_t index); /* of a sample, such as its file */
    /* Adds to a CRC32 what a sample is made of, as it is before anything is drawn for it. Errors: E_IO. */
    tenka_status (*sum)(void *user, struct tenka_error *err, uint32_t index, uint32_t *sum);
    /* Moves the samples for which moved says so into a reader of their own, *rest; both keep their order.
     * Errors: E_NOMEM, E_INVALID (no longer possible), and nothing is moved. */
    tenka_status (*divide)(void *user, struct tenka_error *err, const bool *moved, void **rest);
    void (*free)(void *user);
};

/* What a dataset has of each sample. */
struct tenka_column {
    enum tenka_dtype dtype;   /* F32: reals as the devices have them that the dataset is for */
    struct tenka_shape shape; /* of a sample */
    size_t bytes;             /* of a sample */
    void *data;               /* of all samples, whole 32-bit words; NULL: the reader makes them */
    struct tenka_reader reader;
};

void tenka_column_finish(struct tenka_column *column);
/* A real number of an F32 column in memory, be it a float or a double. */
double tenka_column_real(const struct tenka_column *column, size_t at);
void tenka_column_set_real(struct tenka_column *column, size_t at, double value);
/* Makes a column of the samples for which moved says so, of count, in their order. A reader's are gone afterwards; those
 * in memory stay until the gaps are closed. Errors: E_NOMEM, and nothing is moved. */
tenka_status tenka_column_divide(struct tenka_column *column, struct tenka_error *err, const bool *moved, size_t count,
                                 struct tenka_column *rest);
void tenka_column_close_gaps(struct tenka_column *column, const bool *moved, size_t count);
/* A checksum of the inputs of up to 256 samples, evenly chosen, before any transform, and of their targets where a
 * reader makes them. Errors: those of the readers. */
tenka_status tenka_dataset_sum(const tenka_dataset *dataset, uint32_t *out);
/* The bytes of one sample. Errors: those of the reader. */
tenka_status tenka_column_read(const struct tenka_column *column, struct tenka_error *err, size_t sample,
                               uint64_t epoch, void *dst);

/* Keeps the columns alive until a tenka_dataset_destroy of its own. */
tenka_dataset *tenka_dataset_hold(const tenka_dataset *dataset);
const struct tenka_column *tenka_dataset_input(const tenka_dataset *dataset);
const struct tenka_column *tenka_dataset_target(const tenka_dataset *dataset);

/* A dataset without data: whoever makes it fills the columns with what tenka_alloc has given, and then names the
 * classes. Errors: E_NOMEM; the dataset is then to be destroyed. */
tenka_status tenka_dataset_make(tenka_ctx *ctx, size_t count, const struct tenka_desc *input,
                                const struct tenka_desc *target, tenka_dataset **out);
struct tenka_column *tenka_dataset_column(tenka_dataset *dataset, bool input);
/* Moves the samples for which moved says so into a dataset of the same classes. Errors: E_INVALID (a loader has the
 * samples already), E_NOMEM. */
tenka_status tenka_dataset_divide(tenka_dataset *dataset, const bool *moved, tenka_dataset **rest);
/* A reader's samples get another shape and type. Errors: E_INVALID (a loader has them already), E_NOMEM. */
tenka_status tenka_dataset_reform(tenka_dataset *dataset, const struct tenka_desc *sample);
/* The text of the transform that samples are made by, which is freed with the dataset; NULL: they are not. */
void tenka_dataset_take_transform(tenka_dataset *dataset, char *transform);
tenka_ctx *tenka_dataset_ctx(const tenka_dataset *dataset);
/* Whether a loader reads the samples. */
bool tenka_dataset_is_held(const tenka_dataset *dataset);
/* The inputs of a table, or its targets where they are numbers, with all their digits, which standardising needs;
 * data NULL: it has none. */
struct tenka_column *tenka_dataset_exact(tenka_dataset *dataset, bool input);
/* The description of a table, which is freed with the dataset. */
void tenka_dataset_take_table(tenka_dataset *dataset, char *table);
/* Counts the classes of integer targets. from: whose they are, for sentences. Errors: E_INVALID, E_NOMEM. */
tenka_status tenka_dataset_count_classes(tenka_dataset *dataset, const char *from);
/* Targets of that number belong to no class; must come before they are counted. */
void tenka_dataset_pass_over(tenka_dataset *dataset, int32_t target);
/* That number, where there is one. */
int32_t tenka_dataset_passed_over(const tenka_dataset *dataset);
/* Numbers as names of so many classes, where a reader makes the targets. Errors: E_NOMEM. */
tenka_status tenka_dataset_name_classes(tenka_dataset *dataset, uint32_t classes);

#endif
