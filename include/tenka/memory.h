/* What a training step takes, before it is run. */
#ifndef TENKA_MEMORY_H
#define TENKA_MEMORY_H

#include "tenka/data.h"
#include "tenka/loss.h"
#include "tenka/optim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Device memory of a training step, in bytes. */
struct tenka_memory_estimate {
    size_t size;
    uint64_t parameters;  /* the network's parameters and buffers */
    uint64_t optimizer;   /* what the optimizer keeps for them, such as Adam's moments */
    uint64_t temporaries; /* the batch, activations and gradients at their peak */
    uint64_t inputs;      /* what the host sends along, for all steps that may be pending; 0 on the CPU */
    uint64_t gradients;   /* kept from batch to batch, where the step accumulates */
    uint64_t total;
    /* Given to tenka_training_memory: whether gradients of several batches are added up before an update, and whether
     * the losses of the network's further outputs count too. */
    bool accumulates, others;
};
#define TENKA_MEMORY_ESTIMATE_DEFAULTS               \
    {                                                \
        .size = sizeof(struct tenka_memory_estimate) \
    }

/* Such as tenka_nll_loss and tenka_cross_entropy. */
typedef tenka_tensor (*tenka_loss_fn)(tenka_tensor output, tenka_tensor target);

/* Plans a training step (batch, forward, loss, backward, update) and says what it will hold in device memory, without
 * running it. net and opt may have been made after tenka_sizing_begin: then nothing at all is allocated on the device.
 *   input  shape of a batch, such as [100, 1, 28, 28]; it comes from images of bytes as a loader's batch does
 *   loss   gets the network's output and I32 [input.dim[0]] classes
 *   out    its size must be set (TENKA_MEMORY_ESTIMATE_DEFAULTS)
 * Not included: the data set itself, pipelines, what the driver keeps, and rounding by its allocator. No step may be
 * open (E_INVALID). Errors: E_SHAPE with the layer's name in the sentence, E_NOMEM (also when the step is larger than
 * any that can be planned), E_UNSUPPORTED (also when out was filled, but a limit of the device beside memory forbids
 * the step: the size of a tensor that a kernel can bind, or how often an invocation may loop). */
TENKA_API tenka_status tenka_training_memory(tenka_module *net, tenka_optimizer *opt, struct tenka_shape input,
                                             tenka_loss_fn loss, struct tenka_memory_estimate *out);

/* Whether there is room for the steps of a batch. */
struct tenka_memory_fit {
    size_t size;
    bool fits;
    bool lacks_memory;  /* memory is what limits the batch; else the context's last error says what it is */
    uint64_t needed;    /* bytes that a step takes beside the variables: of one that is too large to be planned in
                         * proportion to the largest batch that fits; where none does, of one image; 0: not even that
                         * can be planned */
    uint64_t available; /* bytes that there are for it; 0: not known; 1: nothing is left */
    uint64_t network;   /* bytes of the network and its optimizer, which lie there already */
    uint32_t largest;   /* images of the largest batch that fits, at most what was asked for; 0: none does */
    /* Given to tenka_memory_fits_data: whether the loader mixes the samples (data.h), and into shares of how many
     * classes; 0: as the dataset has. */
    bool mixes;
    uint32_t classes;
    bool accumulates; /* given too: gradients of several batches are added up before an update */
};
#define TENKA_MEMORY_FIT_DEFAULTS               \
    {                                           \
        .size = sizeof(struct tenka_memory_fit) \
    }

/* Compares a step, as in tenka_training_memory, with what is left: on Vulkan of the device's memory beside the
 * context's variables (what other programs hold is not seen), on the CPU what the system can give to this process. The
 * device's limits of tensors count as well. Make network, optimizer and loaders first.
 *   opt  NULL: a step that evaluates, without gradients
 *   out  its size must be set (TENKA_MEMORY_FIT_DEFAULTS). When it does not fit and lacks_memory is false, the
 *        context's last error says why the smallest batch fails that does not fit, of largest + 1 images.
 * Errors: as tenka_training_memory, but for E_NOMEM and E_UNSUPPORTED, which are answers. */
TENKA_API tenka_status tenka_memory_fits(tenka_module *net, tenka_optimizer *opt, struct tenka_shape input,
                                         tenka_loss_fn loss, struct tenka_memory_fit *out);
/* The same of a step on rows samples of a dataset, of images or of arrays. */
TENKA_API tenka_status tenka_memory_fits_data(tenka_module *net, tenka_optimizer *opt, const tenka_dataset *data,
                                              uint32_t rows, const tenka_loss *loss, struct tenka_memory_fit *out);

#ifdef __cplusplus
}
#endif
#endif
