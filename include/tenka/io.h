/* Saving and loading models: the tensors of the state_dict under their PyTorch names.
 * As safetensors, with metadata that says what is needed to use them (network text, input shape, normalisation, class
 * names). Format: https://github.com/huggingface/safetensors ("Format").
 * As PyTorch's .pt, what torch.save(model.state_dict(), file) writes: tensors alone. Such files are read as data:
 * whatever else is in a pickle is passed over, and nothing in it is ever run. */
#ifndef TENKA_IO_H
#define TENKA_IO_H

#include "tenka/data.h"
#include "tenka/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENKA_MAX_CHANNELS 16

/* How a model wants its input, and where the images are that it was trained on. */
struct tenka_preprocessing {
    struct tenka_shape image; /* rank 3: channels, height, width; rank 0: not known */
    double mean[TENKA_MAX_CHANNELS], std[TENKA_MAX_CHANNELS];
    uint32_t classes;               /* 0: not known */
    const char *const *class_names; /* classes entries, or NULL */
    const char *data;               /* a name that the program understands, such as an absolute path; NULL: not known */
    double split;                   /* what tenka_dataset_split took of it for testing; 0: nothing */
    uint64_t split_seed, split_of;  /* of how many samples */
    const char *table;              /* what the columns of a table are, by tenka_dataset_table; NULL: it was none */
    const char *transform;          /* what makes an input of a picture, for tenka_transform_parse: mean and std are in
                                     * it; NULL: pictures are resized to image, and normalised */
    const char *loss;               /* what it was trained with, for tenka_loss_parse; NULL: not known */
    bool target_is_input;           /* it was trained to give again what it is given */
};

/* Fills how from a dataset, which does not know its data; arrays have no image, nor have pictures whose samples are
 * floats. Pointers stay the dataset's. */
TENKA_API tenka_status tenka_preprocessing_of(tenka_ctx *ctx, const tenka_dataset *dataset,
                                              struct tenka_preprocessing *how, const char **names, size_t max_names);

/* Writes net's state to path, as .pt when path ends in .pt or .pth, else as safetensors: to a temporary file in the
 * same folder, which then replaces path at once, so that a failure leaves an older file as it was. Where path is a
 * symbolic link, the file that it leads to is replaced, or made, in its own folder, and the link stays. An older file's
 * owner, group and permissions are kept as far as the system allows. how may be NULL; a .pt has no room for it. A
 * network that tenka_module_has_own_forward is saved as one that only its program can run, with the names of its
 * classes by tenka_nn_custom.
 * Errors: E_INVALID (how holds what no file takes: an image without channels, height or width or of more than
 * TENKA_MAX_CHANNELS, a std of 0, more than 1,000,000 class names or more than 2 MiB of them, or names that are no UTF-8
 * text; data that is empty, of more than 64 KiB, or no UTF-8 text; a split, table, transform or loss that is none), E_IO
 * (full disk, permissions; path is something else than a file, or a mount point), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_model_save(tenka_module *net, const struct tenka_preprocessing *how, const char *path);

/* Whether tenka_model_save could write such a file: for a program that is about to train for hours. Leaves nothing, and
 * an older file as it is. What it cannot know is whether the disk will have room for all of it. Errors: as there. */
TENKA_API tenka_status tenka_model_save_check(tenka_module *net, const struct tenka_preprocessing *how,
                                              const char *path);
/* The same before there is a network: whether a file can be written as path and replace what is there. ctx may be NULL,
 * and tenka_last_error(NULL) then has the sentence. Errors: E_INVALID, E_IO, E_NOMEM. */
TENKA_API tenka_status tenka_save_check(tenka_ctx *ctx, const char *path);

/* Writes bytes to a file in the same way: it appears under its name whole or not at all. For what a program writes
 * beside its models, such as a report. Errors: as there. */
TENKA_API tenka_status tenka_save_bytes(tenka_ctx *ctx, const char *path, const void *data, size_t bytes);

/* The name of the file that saving to path replaces: path, or what it leads to as a symbolic link, be it there or not.
 * With a suffix the name of another file beside that one: the name and the suffix, or, for a name of more than 100
 * bytes, "tenka-", 16 digits that are made of it, and the suffix, since folders take no names of any length. To be
 * freed with tenka_text_free. NULL: links lead in a circle, or no memory. */
TENKA_API char *tenka_save_name(const char *path, const char *suffix);

/* Reads the tensors of a file of either format, told apart by its content, into net, all or nothing. F16, BF16 and F64
 * are converted to float. A .pt may be of any version of PyTorch but the oldest, which wrote tar archives, and of
 * pickle protocol 2 to 5. Of it are taken the state_dict itself, or that under "state_dict", "model_state_dict",
 * "model", "net", "weights" and the like of a dict, or the only dict of tensors in one; where there are tensors beside
 * that, they are the state_dict unless it has several and more elements than they. An empty dict is taken only where
 * there is nothing else. What stands beside the state_dict is ignored.
 * Where the names do not fit, they are taken without what wrappers put into them, when they fit then: DataParallel's
 * "module.", torch.compile's "_orig_mod." and their like, and a "model." or "net." that all names begin with. The log
 * says so once, as TENKA_LOG_INFO.
 * Errors: E_IO, E_FORMAT (neither format; a model that was pickled as a whole, a TorchScript program, a tar archive or
 * a pointer of Git LFS, with the line that helps; or for another network: the sentence lists missing, unexpected and
 * wrongly shaped names as PyTorch does), E_UNSUPPORTED (the file's network has a class with a forward in C, and net has
 * no class of that name by tenka_nn_custom: the same weights would be another network), E_NOMEM, E_DEVICE. */
TENKA_API tenka_status tenka_model_load(tenka_module *net, const char *path);

/* Takes what fits: each of net's tensors that the file has under its name, with or without what wrappers put into
 * names, and in its shape; the others stay as they are. For beginning with another network's weights, as where the last
 * layer has other classes.
 *   report  a sentence's part, "60 of 62 tensors are taken; of another shape: fc.weight ([1000, 512] there, ...", with
 *           the names that are left on either side; to be freed with tenka_text_free
 * Errors: E_IO, E_FORMAT (neither format; or nothing fits), E_NOMEM, E_DEVICE. Whose code the file's network is, is not
 * asked. */
TENKA_API tenka_status tenka_model_load_partial(tenka_module *net, const char *path, char **report);
/* Whether a file of either format describes its network, so that tenka_model_open can make it; a .pt never does, nor a
 * file whose network has its forward in a program's code.
 * Errors: E_IO, E_FORMAT, E_NOMEM. */
TENKA_API tenka_status tenka_model_has_net(tenka_ctx *ctx, const char *path, bool *out);

/* Where the images are that the network of a file of either format was trained on: the data that was saved with it,
 * also in a file that describes no network. *out is NULL when the file does not say, as no .pt does; else it is to be
 * freed with tenka_text_free. Errors: E_IO, E_FORMAT, E_NOMEM. */
TENKA_API tenka_status tenka_model_data(tenka_ctx *ctx, const char *path, char **out);

/* What the columns of the table were that it was trained on, in the same way. */
TENKA_API tenka_status tenka_model_table(tenka_ctx *ctx, const char *path, char **out);

/* A saved model as a whole. */
typedef struct tenka_model tenka_model;
/* Makes the network that the file describes and loads its tensors. Errors: as tenka_model_load; E_FORMAT when the file
 * has no network text; E_UNSUPPORTED when that is not all, since classes of tenka_nn_custom are code. */
TENKA_API tenka_status tenka_model_open(tenka_ctx *ctx, const char *path, tenka_model **out);
TENKA_API tenka_module *tenka_model_net(tenka_model *model);                                     /* the model's */
TENKA_API const struct tenka_preprocessing *tenka_model_preprocessing(const tenka_model *model); /* the model's */
TENKA_API void tenka_model_destroy(tenka_model **model);                                         /* its network too */

#ifdef __cplusplus
}
#endif
#endif
