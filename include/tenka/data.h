/* Datasets and loaders.
 *
 * A dataset is host memory: images as bytes and a class for each. A loader puts it on its context's device once,
 * shuffles as PyTorch's DataLoader does and hands out batches that are gathered and normalised on the device. Where it
 * does not fit, a thread gathers the batches on the host, ahead of the training; they are the same bit for bit. */
#ifndef TENKA_DATA_H
#define TENKA_DATA_H

#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_dataset tenka_dataset;

/* Reads one half of an MNIST-like folder: the IDX files train-images-idx3-ubyte and train-labels-idx1-ubyte, or
 * t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or with .gz (the plain one wins).
 *   ctx    receives the sentence of a failure
 *   dir    the folder
 *   train  which half
 *   out    owned by the caller
 * Class names are 0 to the largest label, or Fashion-MNIST's when the folder's last part contains "fashion".
 * Mean and deviation are 0.1307 and 0.3081, the reference program's.
 * Errors: E_IO (missing, unreadable), E_FORMAT (not gzip, truncated, wrong magic, counts that differ), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_load_idx(tenka_ctx *ctx, const char *dir, bool train, tenka_dataset **out);

/* A dataset from memory, copied.
 *   images  count x channels x height x width bytes
 *   labels  count classes, each >= 0 */
TENKA_API tenka_status tenka_dataset_create(tenka_ctx *ctx, const uint8_t *images, const int32_t *labels, size_t count,
                                            uint32_t channels, uint32_t height, uint32_t width, tenka_dataset **out);
TENKA_API void tenka_dataset_destroy(tenka_dataset **dataset);

TENKA_API size_t tenka_dataset_count(const tenka_dataset *dataset);
/* Channels, height and width of one image, rank 3. */
TENKA_API struct tenka_shape tenka_dataset_image_shape(const tenka_dataset *dataset);
/* One more than the largest label. */
TENKA_API uint32_t tenka_dataset_classes(const tenka_dataset *dataset);
/* Name of a class; the dataset's; NULL beyond the last. */
TENKA_API const char *tenka_dataset_class_name(const tenka_dataset *dataset, uint32_t index);
/* Names the classes; texts are copied.
 *   count  tenka_dataset_classes(dataset)
 * Errors: E_INVALID (another count), E_NOMEM. */
TENKA_API tenka_status tenka_dataset_set_class_names(tenka_dataset *dataset, const char *const *names, size_t count);
TENKA_API const uint8_t *tenka_dataset_images(const tenka_dataset *dataset);
TENKA_API const int32_t *tenka_dataset_labels(const tenka_dataset *dataset);
/* Keeps the first count elements; more than there are changes nothing. */
TENKA_API void tenka_dataset_truncate(tenka_dataset *dataset, size_t count);
/* Normalisation of a channel: (byte / 255 - mean) / std; std > 0. E_INVALID for a channel that is not there. */
TENKA_API tenka_status tenka_dataset_set_normalization(tenka_dataset *dataset, uint32_t channel, double mean,
                                                       double std);
TENKA_API void tenka_dataset_normalization(const tenka_dataset *dataset, uint32_t channel, double *mean, double *std);

typedef struct tenka_loader tenka_loader;

/* Where a loader's images lie. */
enum tenka_images_at {
    TENKA_IMAGES_AUTO,   /* on the device where they fit and leave room for the network, else on the host */
    TENKA_IMAGES_DEVICE,
    TENKA_IMAGES_HOST,
};

struct tenka_loader_params {
    size_t size;
    uint32_t batch_size;
    bool shuffle;   /* a new order each epoch, drawn from the context's generator as PyTorch draws it */
    bool drop_last; /* leave out a last batch that is smaller */
    enum tenka_images_at images_at;
};
#define TENKA_LOADER_DEFAULTS { .size = sizeof(struct tenka_loader_params), .batch_size = 1 }

struct tenka_batch {
    tenka_tensor input;  /* F32 [size, channels, height, width], normalised */
    tenka_tensor target; /* I32 [size] */
    uint32_t size;       /* images in this batch */
    uint32_t index;      /* 0, 1, ... within the epoch */
};

/* A loader of dataset on ctx's device. The dataset is copied to the device, or its memory held: it may be destroyed or
 * given to other loaders. params NULL: the defaults. Errors: E_INVALID, E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_loader_create(tenka_ctx *ctx, const tenka_dataset *dataset,
                                           const struct tenka_loader_params *params, tenka_loader **out);
TENKA_API void tenka_loader_destroy(tenka_loader **loader);
/* Batches of an epoch. */
TENKA_API size_t tenka_loader_batches(const tenka_loader *loader);
/* The next batch, or TENKA_END after the last one of an epoch; the call after that begins the next epoch.
 * Its tensors belong to the step that is traced now. Errors: E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_loader_next(tenka_loader *loader, struct tenka_batch *batch);
/* How many batches of the current epoch were handed out; 0 between epochs. */
TENKA_API size_t tenka_loader_position(const tenka_loader *loader);
/* Gives up the rest of the epoch: the next call begins a new one. */
TENKA_API void tenka_loader_rewind(tenka_loader *loader);

#ifdef __cplusplus
}
#endif
#endif
