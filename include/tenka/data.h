/* Datasets and loaders.
 *
 * A dataset is host memory: images as bytes and a class for each, or arrays of numbers and a target for each sample; or
 * it is files of pictures. A loader puts it on its context's device once, shuffles as PyTorch's DataLoader does and
 * hands out batches that are gathered on the device, images normalised there. Where it does not fit, a thread gathers
 * the batches on the host, ahead of the training; they are the same bit for bit. Pictures are decoded by threads in the
 * same way. */
#ifndef TENKA_DATA_H
#define TENKA_DATA_H

#include "tenka/array.h"
#include "tenka/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_dataset tenka_dataset;

/* Reads one half of a data set like MNIST: a file of images and one of labels in a folder, plain or with .gz. Their
 * names are those of MNIST, Fashion-MNIST and KMNIST, with a dash or a dot before idx, as some unpackers write it, or
 * with the name of a data set before them, as EMNIST and QMNIST have it:
 *     train-images-idx3-ubyte  train-labels.idx1-ubyte.gz  t10k-images-idx3-ubyte  t10k-labels-idx1-ubyte
 *     emnist-letters-train-images-idx3-ubyte  emnist-letters-test-labels-idx1-ubyte.gz
 *     qmnist-train-images-idx3-ubyte.gz  qmnist-test-labels-idx2-int.gz
 * Of a file that is there in several spellings the plain one wins, then the one with a dash. Names without a data set's
 * win over those with one.
 *   ctx    receives the sentence of a failure
 *   dir    the folder; where several data sets lie in it, the folder, a slash and the name of one, such as
 *          emnist/emnist-letters
 *   train  which half
 *   out    owned by the caller
 * Class names are 0 to the largest label, or Fashion-MNIST's when dir's last part contains "fashion" and there are ten
 * classes at most. Mean and deviation are 0.1307 and 0.3081, the reference program's. EMNIST's images lie on their side
 * in its files, and stay so; its letters have labels from 1 on, which makes 27 classes with one that never occurs.
 * Labels are bytes, or QMNIST's 32-bit integers in 8 columns, of which the first is the class.
 * Errors: E_IO (missing: the sentence has what is in the folder instead; unreadable), E_INVALID (several data sets are
 * in the folder: the sentence has their names), E_FORMAT (not gzip, truncated, wrong magic, counts that differ),
 * E_NOMEM. */
TENKA_API tenka_status tenka_dataset_load_idx(tenka_ctx *ctx, const char *dir, bool train, tenka_dataset **out);
/* The same from two files of any name, which are compressed where it ends in .gz. The folder of the images says whether
 * they are Fashion-MNIST's. */
TENKA_API tenka_status tenka_dataset_load_idx_files(tenka_ctx *ctx, const char *images, const char *labels,
                                                    tenka_dataset **out);

/* A dataset from memory, copied.
 *   images  count x channels x height x width bytes
 *   labels  count classes, each >= 0 */
TENKA_API tenka_status tenka_dataset_create(tenka_ctx *ctx, const uint8_t *images, const int32_t *labels, size_t count,
                                            uint32_t channels, uint32_t height, uint32_t width, tenka_dataset **out);

/* A dataset from arrays of any rank, whose first axes, of one length, are the samples.
 *   input   becomes F32, by value: bytes are 0 to 255 and are not normalised
 *   target  integers become I32, classes of a sample or of each of its places; floats become F32
 * -100 among the classes is none of them: PyTorch's ignore_index. F32 columns are kept as the devices of ctx's backend
 * have them, so that float64 keeps its digits on cpu-f64; a loader on another precision refuses the dataset.
 * Errors: E_SHAPE, E_INVALID (a class below 0, or of a million and more; a float that is not finite), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_from_arrays(tenka_ctx *ctx, const tenka_array *input, const tenka_array *target,
                                                 tenka_dataset **out);
/* The same of two .npy files. Errors: those of tenka_array_read as well. */
TENKA_API tenka_status tenka_dataset_load_npy(tenka_ctx *ctx, const char *input, const char *target,
                                              tenka_dataset **out);
/* The same of an .npz: of its arrays x_train and y_train where half is "train", x_test and y_test where it is "test",
 * x_val and y_val where it is "val", x and y where it is NULL. *out is NULL, with OK, where it has neither of the two;
 * one of them alone is E_FORMAT. */
TENKA_API tenka_status tenka_dataset_load_npz(tenka_ctx *ctx, const char *path, const char *half, tenka_dataset **out);

/* Reads one half of CIFAR-10 or CIFAR-100 in their binary version: a folder with data_batch_1.bin to data_batch_5.bin and
 * test_batch.bin, or with train.bin and test.bin, whose fine labels are taken; or the archive of it, tar, plain or
 * compressed by gzip, of which nothing is written to the disk. Class names are those of batches.meta.txt or
 * fine_label_names.txt, where they are there, mean and deviation those of the data set.
 * Errors: E_IO (unreadable, or nothing of CIFAR in it); E_FORMAT (cut off; damaged; an archive of more than 2 GiB, or
 * with names that lead out of it; the version for Python); E_NOMEM. */
TENKA_API tenka_status tenka_dataset_load_cifar(tenka_ctx *ctx, const char *path, bool train, tenka_dataset **out);

/* What the targets of a CSV file are. */
enum tenka_csv_targets {
    TENKA_CSV_AUTO,    /* texts, and whole numbers from 0 on of which none up to 99 is left out, are classes */
    TENKA_CSV_NUMBERS, /* numbers */
    TENKA_CSV_CLASSES, /* classes: texts, or whole numbers from 0 on */
};
/* What becomes of values that are missing: empty cells, NA, N/A, NaN, null, and ?. */
enum tenka_csv_missing {
    TENKA_CSV_MISSING_ERROR, /* an error */
    TENKA_CSV_MISSING_DROP,  /* lines that lack one in a column which is read are left out */
    TENKA_CSV_MISSING_MEAN,  /* in the input they are filled in, by tenka_dataset_fill; lines that lack a target are left
                              * out */
};
/* How often. */
struct tenka_csv_counts {
    size_t lines; /* left out; or, where answers are wanted of all lines, those without a sample */
    size_t cells; /* filled in */
};
struct tenka_csv_params {
    size_t size;
    const char *const *targets; /* names of the columns that are to be told; NULL: see table */
    size_t n_targets;
    const char *const *without; /* columns that are no inputs either */
    size_t n_without;
    enum tenka_csv_targets kind;
    const char *table; /* of another file, by tenka_dataset_table: this one is read as that was, with its categories, its
                        * standardisation and what it does about missing values, by its columns' names; the members
                        * above, and missing, do not count. NULL: none */
    enum tenka_csv_missing missing;
    struct tenka_csv_counts *counts; /* receives how many were missing; NULL: nobody asks */
};
#define TENKA_CSV_DEFAULTS                      \
    {                                           \
        .size = sizeof(struct tenka_csv_params) \
    }
/* A table: a CSV file in UTF-8 whose first line names its columns, with commas, semicolons or tabs between cells, which
 * may be quoted. A column whose cells are numbers is one number of the input; one of texts is as many as there are
 * different texts, of which one is 1 and the others 0, in the order of the texts. Inputs are F32 [numbers]. One target
 * of classes is I32, with their names; targets that are numbers are F32 [targets].
 *   params  needs targets or a table
 * Errors: E_IO; E_INVALID (there is no such column, nothing is left for the input, a target of several is no number);
 * E_FORMAT (no header; and with line and column: a value that is missing, unless something is done about it, or no
 * finite number, a row of another length, quotes that do not end, more than 1,000 different texts, or one that the table
 * has not; no line, or a column without any value; no UTF-8); E_NOMEM. */
TENKA_API tenka_status tenka_dataset_load_csv(tenka_ctx *ctx, const char *path, const struct tenka_csv_params *params,
                                              tenka_dataset **out);
/* Of a table that was loaded with TENKA_CSV_MISSING_MEAN, whose missing inputs are 0 until then: puts in the mean of the
 * column's other values, or of texts the one that is most frequent, of several the first in their order. The table then
 * has them, so that other files are filled in alike. To be called after a split, so that nothing of what is tested is in
 * them, and before tenka_dataset_standardize.
 *   other  is filled in by the same values, such as the half for testing; may be NULL
 * Errors, after which both are as they were: E_INVALID (no such table; filled in already; a loader has the samples),
 * E_FORMAT (a column has no value in any sample of dataset), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_fill(tenka_dataset *dataset, tenka_dataset *other);
/* What such a text says about missing values; TENKA_CSV_MISSING_ERROR also of what is none, or without memory. */
TENKA_API enum tenka_csv_missing tenka_table_missing(const char *table);
/* The inputs alone, as an array of float64, of a file in which targets may be missing. Of a line that the table would
 * leave out all are NaN.
 *   table   of tenka_dataset_table
 *   counts  may be NULL */
TENKA_API tenka_status tenka_array_read_csv(tenka_ctx *ctx, const char *path, const char *table,
                                            struct tenka_csv_counts *counts, tenka_array **out);
/* What the columns of a table are, as text: to be saved with the network, and for files that are read like this one.
 * The dataset's; NULL: it is no table. */
TENKA_API const char *tenka_dataset_table(const tenka_dataset *dataset);
/* The name of a target's column in such a text, the first being number 0: into out, cut off at size. False: there is no
 * such target, the text is no table's, or memory is out. */
TENKA_API bool tenka_table_target(const char *table, size_t index, char *out, size_t size);
/* What the first targets are in the table's unit: mean + std times what the network gives.
 *   count      of the targets, and of what there is room for in mean and std
 *   mean, std  0 and 1 of targets that are not standardised, which classes never are
 * False: none is standardised; or the text is no table's, or memory is out, and all are 0 and 1. */
TENKA_API bool tenka_table_scale(const char *table, size_t count, double *mean, double *std);
/* Whether like and table, two such texts, have the same columns in the same order, categories included, and like says
 * that some are standardised. False as well: one is no table's text, or memory is out. */
TENKA_API bool tenka_table_standardizes(const char *like, const char *table);
typedef struct tenka_table_others tenka_table_others;

/* Of a CSV file the columns that such a text has neither as inputs nor as targets, such as a number by which rows are
 * known. Errors: those of tenka_array_read_csv about the file, but for what is in the table's cells.
 *   out  owned by the caller */
TENKA_API tenka_status tenka_table_others_read(tenka_ctx *ctx, const char *path, const char *table,
                                               tenka_table_others **out);
/* Their names in row 0, then what row 1, 2 ... below the first line has: as CSV with a comma before each cell,
 * ",id,name"; "" where there are no such columns. Stays until they are destroyed; NULL behind the last row. */
TENKA_API const char *tenka_table_others_row(const tenka_table_others *others, size_t row);
TENKA_API void tenka_table_others_destroy(tenka_table_others **others);
/* Subtracts from each number of a table's input its mean, and divides it by its deviation (that of all samples, with n
 * below; 1 where all are equal), which the table then has. Categories stay as they are.
 *   other    becomes the same by the same numbers, such as the half for testing; may be NULL
 *   targets  whether targets that are numbers are standardised too, so that large ones are learnt as fast as small ones;
 *            tenka_table_scale says what a network's answers are then
 *   like     the text of a table with the same columns, whose means and deviations are taken, as for a network that was
 *            trained on it and is to learn on; NULL: they are those of dataset
 * Errors: E_INVALID (no table; already standardised; its missing values are not filled in; like has other columns; a
 * loader has the samples), E_FORMAT (like is no table's text), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_standardize(tenka_dataset *dataset, tenka_dataset *other, bool targets,
                                                 const char *like);

struct tenka_folder_params {
    size_t size;
    enum tenka_image_alpha alpha; /* what becomes of transparency */
    uint32_t max_pixels;          /* a larger picture is a bad one; 0: TENKA_IMAGE_MAX_PIXELS */
    bool skip_bad;                /* leave bad pictures out, each of which the log names, instead of failing: all are
                                   * decoded once for that */
    uint64_t keep_bytes;          /* samples that were made are kept up to so many bytes; 0: up to half of the memory */
};
#define TENKA_FOLDER_DEFAULTS                      \
    {                                              \
        .size = sizeof(struct tenka_folder_params) \
    }
/* Pictures in a folder for each class, dir/cat/1.jpg, as torchvision's ImageFolder takes them: classes are the folders
 * of dir in the order of their names, and have them; the pictures of a class lie in its folder and in those below,
 * which links may lead to, and come by folder and name. What is hidden, or no picture by its name's end, is passed over.
 * Files are read when a loader wants them, by as many threads as there are processors, and what was made of them is kept
 * where it fits. Before that all headers are looked at, so that what is cut off, empty, unreadable or too large is found
 * at once. Targets are I32. Normalisation begins as that of torchvision's networks: mean 0.485, 0.456, 0.406, deviation
 * 0.229, 0.224, 0.225; for grey 0.449 and 0.226.
 *   params  NULL: the defaults
 * tenka_dataset_set_image_shape or tenka_dataset_set_transform is to be called before there is a loader.
 * Errors: E_INVALID (no folders of classes; one without pictures, or whose name is no UTF-8 text; a link that leads in a
 * circle); E_IO, E_FORMAT (a folder or picture that cannot be read, with the first one's sentence), E_UNSUPPORTED
 * (pictures that this build does not read); E_NOMEM. */
TENKA_API tenka_status tenka_dataset_load_folder(tenka_ctx *ctx, const char *dir,
                                                 const struct tenka_folder_params *params, tenka_dataset **out);
/* Pictures with a mask for each, of which each pixel is the class of the picture's: dir/1.jpg and masks/1.png, also in
 * folders within, dir/a/1.jpg and masks/a/1.png. Masks are PNG files as tenka_image_params.indices reads them: grey values
 * or indices of a palette, 0 for the first class, and 255 where no class counts. Targets are I32 [height, width], classes,
 * or 255, which is for the loss's ignore_index; after tenka_dataset_ignore, its number in the place of 255. Classes are
 * 0 to the largest in the masks, all of which are decoded once for that, and are called by their numbers.
 * What makes samples of the pictures makes them of their masks: a size is taken by the nearest pixel, and of a transform
 * what moves pixels, by the same draws, without mixing them; where it puts a border or a corner, there is 255.
 *   params  NULL: the defaults; skip_bad leaves out pictures without a mask, too
 * Errors: as tenka_dataset_load_folder; E_INVALID (a picture has no mask), E_FORMAT (a mask has another size than its
 * picture, or is no such PNG file). */
TENKA_API tenka_status tenka_dataset_load_masks(tenka_ctx *ctx, const char *dir, const char *masks,
                                                const struct tenka_folder_params *params, tenka_dataset **out);
/* Pictures of a folder become samples of channels (1: grey, 3: colour) x height x width: resized as by
 * tenka_image_resize where they have another size. Their normalisation begins anew. Errors: E_INVALID (the dataset is
 * no folder's; bad sizes; a loader has the samples already), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_set_image_shape(tenka_dataset *dataset, uint32_t channels, uint32_t height,
                                                     uint32_t width);
/* Pictures become samples by a transform of tenka_transform_parse's texts: those of a folder, which are decoded in colour,
 * as torchvision's ImageFolder does it, or images in memory of 1 or 3 channels, of which tenka_dataset_images and
 * tenka_dataset_measure then know no more. What is random is drawn anew for each sample in each epoch, by the context's
 * generator, and is the same on any number of threads and after a resume.
 * The samples are tenka_transform_size's tensors. They are bytes, which the loader normalises, where
 * tenka_transform_normalization knows how, which then is the dataset's normalisation; else F32.
 * Errors: E_INVALID (no pictures; a loader has the samples already; no tensor of floats comes out: there is no
 * ToTensor), E_FORMAT (the text), E_SHAPE (pictures become different sizes, or one cannot be transformed: the
 * sentence names it), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_set_transform(tenka_dataset *dataset, const char *text);
/* That transform, as tenka_transform_print shows it; the dataset's; NULL: there is none. */
TENKA_API const char *tenka_dataset_transform(const tenka_dataset *dataset);
/* What the headers of a folder's pictures say. */
struct tenka_picture_sizes {
    uint32_t least_width, most_width, least_height, most_height; /* of pictures that stand upright */
    size_t grey;                                                 /* pictures without colour */
};
/* Errors: E_INVALID (the dataset is no folder's). */
TENKA_API tenka_status tenka_dataset_picture_sizes(const tenka_dataset *dataset, struct tenka_picture_sizes *out);

#define TENKA_MEASURED_CHANNELS 16
struct tenka_measures {
    uint32_t channels; /* of images at most the first 16; 1: all numbers of arrays together */
    double mean[TENKA_MEASURED_CHANNELS], std[TENKA_MEASURED_CHANNELS];
};
/* Mean and deviation of the inputs as they are in the data: of images, whose bytes are 0 to 1 here, channel by channel,
 * before they are normalised; of files of pictures in the size that they have, which decodes each, in grey where none
 * has colour. Errors: E_INVALID (no samples, whole numbers, or images that a transform changes), E_IO, E_FORMAT (a
 * picture), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_measure(const tenka_dataset *dataset, struct tenka_measures *out);

/* Moves a part of the samples into a dataset of their own, *rest, to be destroyed as any: of each class the fraction,
 * rounded, but neither all nor none; where targets are no classes, of all. Which ones, is a permutation's of seed; both
 * keep their order. For testing on what is not trained on where data has no halves. Of a folder's pictures it comes
 * before tenka_dataset_set_image_shape and tenka_dataset_set_transform, which then are called for both.
 * Errors: E_INVALID (fraction is not between 0 and 1; a class of a single sample, or data of one; a loader has the
 * samples already, or what pictures become is set), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_split(tenka_dataset *dataset, double fraction, uint64_t seed,
                                           tenka_dataset **rest);
TENKA_API void tenka_dataset_destroy(tenka_dataset **dataset);

TENKA_API size_t tenka_dataset_count(const tenka_dataset *dataset);
/* Channels, height and width of one image, rank 3, with zeros while the size of pictures is not set; of arrays the shape
 * of one sample of the input. */
TENKA_API struct tenka_shape tenka_dataset_image_shape(const tenka_dataset *dataset);
/* Says that the numbers of an array are whole ones, as an Embedding looks them up: the input becomes I32. To be said
 * before there is a loader of it. Errors: E_INVALID (images; a number that is not whole, or beyond 2^24 where the array
 * is kept as float32), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_set_input_whole(tenka_dataset *dataset);
/* Says that the targets are the inputs, as a loader hands them out, normalised and transformed: for networks that give
 * again what they are given. There are no classes any more. To be said before there is a loader of it, and before a
 * split, which then takes a part of all samples. Errors: E_INVALID (a loader has the samples already). */
TENKA_API tenka_status tenka_dataset_set_target_input(tenka_dataset *dataset);
TENKA_API bool tenka_dataset_target_is_input(const tenka_dataset *dataset);
/* U8: images of bytes, which a loader normalises; F32 or, after the function above, I32: an array, or pictures that a
 * transform has made, which it hands out as they are. */
TENKA_API enum tenka_dtype tenka_dataset_input_dtype(const tenka_dataset *dataset);
/* I32: classes; F32: numbers. The shape is that of one sample, rank 0 for one class or number. */
TENKA_API enum tenka_dtype tenka_dataset_target_dtype(const tenka_dataset *dataset);
TENKA_API struct tenka_shape tenka_dataset_target_shape(const tenka_dataset *dataset);
/* One more than the largest label, or what tenka_dataset_set_classes has said; 0: the targets are F32. */
TENKA_API uint32_t tenka_dataset_classes(const tenka_dataset *dataset);
/* Says that there are more classes than these labels show, as where one occurs in the other half alone. The classes
 * have their first names again.
 * Errors: E_INVALID (fewer than there are, or more than a million), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_set_classes(tenka_dataset *dataset, uint32_t count);
/* Says that targets of that number belong to no class, as a loss's ignore_index does, and counts the classes again. Of
 * masks it is to be said before their pictures get a size or a transform.
 * Errors: E_INVALID, E_NOMEM. */
TENKA_API tenka_status tenka_dataset_ignore(tenka_dataset *dataset, int32_t target);
/* How many targets each class has, of samples or of their places; of masks of pixels as they are in the files, which are
 * decoded for that.
 *   out  room for tenka_dataset_classes(dataset) numbers
 * Errors: E_INVALID (the targets are no classes), E_IO, E_FORMAT (a mask), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_count_targets(const tenka_dataset *dataset, uint64_t *out);
/* Name of a class; the dataset's; NULL beyond the last. */
TENKA_API const char *tenka_dataset_class_name(const tenka_dataset *dataset, uint32_t index);
/* Names the classes; texts are copied.
 *   count  tenka_dataset_classes(dataset)
 * Errors: E_INVALID (another count), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_set_class_names(tenka_dataset *dataset, const char *const *names, size_t count);
/* Images of bytes, and classes; NULL where the dataset has another input, or other targets. */
TENKA_API const uint8_t *tenka_dataset_images(const tenka_dataset *dataset);
TENKA_API const int32_t *tenka_dataset_labels(const tenka_dataset *dataset);
/* The bytes of one sample's input as they are stored, such as channels x height x width of an image. Errors: E_INVALID
 * (no such sample), E_IO, E_FORMAT (its file cannot be read), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_read(const tenka_dataset *dataset, size_t index, void *dst);
/* The file that a sample comes from, the dataset's; NULL: it has none of its own. */
TENKA_API const char *tenka_dataset_sample_name(const tenka_dataset *dataset, size_t index);
/* Keeps the first count elements; more than there are changes nothing. */
TENKA_API void tenka_dataset_truncate(tenka_dataset *dataset, size_t count);
/* Normalisation of a channel: (byte / 255 - mean) / std; std > 0. E_INVALID for a channel that is not there. */
TENKA_API tenka_status tenka_dataset_set_normalization(tenka_dataset *dataset, uint32_t channel, double mean,
                                                       double std);
TENKA_API void tenka_dataset_normalization(const tenka_dataset *dataset, uint32_t channel, double *mean, double *std);

typedef struct tenka_loader tenka_loader;

/* Where a loader's images lie. */
enum tenka_images_at {
    TENKA_IMAGES_AUTO, /* on the device where they fit and leave room for the network, else on the host */
    TENKA_IMAGES_DEVICE,
    TENKA_IMAGES_HOST,
};

struct tenka_loader_params {
    size_t size;
    uint32_t batch_size;
    bool shuffle;   /* a new order each epoch, drawn from the context's generator as PyTorch draws it */
    bool drop_last; /* leave out a last batch that is smaller, each epoch other images of those that are shuffled; with
                     * fewer images than a batch nothing would be left, which is E_INVALID */
    enum tenka_images_at images_at;
    /* Mixing the samples of each batch (transform.h), on the device: the alpha of mixup and of cutmix, at most 1e6; 0: not.
     * Of both, one is drawn for each batch, either as often as the other. What is drawn depends on a number that the
     * context's generator gives each epoch, and on that of the batch within it alone, so that it is the same after a
     * resume. The targets, which are one class for each sample, or F32, become F32: shares, as CrossEntropyLoss takes
     * them. */
    double mixup, cutmix;
    uint32_t classes; /* of the shares, of which a network gives so many; 0: as the dataset has */
};
#define TENKA_LOADER_DEFAULTS                                       \
    {                                                               \
        .size = sizeof(struct tenka_loader_params), .batch_size = 1 \
    }

struct tenka_batch {
    tenka_tensor input;  /* F32 [size, channels, height, width], normalised; of arrays F32 or I32 [size, ...] */
    tenka_tensor target; /* I32 [size]; of masks I32 [size, height, width]; of arrays I32 or F32 [size, ...]; mixed
                          * classes: F32 [size, classes]; the input, after tenka_dataset_set_target_input */
    uint32_t size;       /* samples in this batch */
    uint32_t index;      /* 0, 1, ... within the epoch */
};

/* A loader of dataset on ctx's device. The dataset is copied to the device, or its memory held: it may be destroyed or
 * given to other loaders. params NULL: the defaults. Errors: E_INVALID (with a reason; such as what cannot be mixed: an
 * input of whole numbers, targets that are no class, for cutmix samples that are not channels x height x width), E_IO (a
 * picture's file), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_loader_create(tenka_ctx *ctx, const tenka_dataset *dataset,
                                           const struct tenka_loader_params *params, tenka_loader **out);
TENKA_API void tenka_loader_destroy(tenka_loader **loader);
/* Batches of an epoch. */
TENKA_API size_t tenka_loader_batches(const tenka_loader *loader);
/* The next batch, or TENKA_END after the last one of an epoch; the call after that begins the next epoch.
 * Its tensors belong to the step that is traced now. Errors: E_NOMEM, E_DEVICE; E_IO, E_FORMAT (a picture of the batch
 * cannot be read). A call that failed can be made again: it reads the same batch anew. */
TENKA_API tenka_status tenka_loader_next(tenka_loader *loader, struct tenka_batch *batch);
/* How many batches of the current epoch were handed out; 0 between epochs. */
TENKA_API size_t tenka_loader_position(const tenka_loader *loader);
/* Gives up the rest of the epoch: the next call begins a new one. */
TENKA_API void tenka_loader_rewind(tenka_loader *loader);

#ifdef __cplusplus
}
#endif
#endif
