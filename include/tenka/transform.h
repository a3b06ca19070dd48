/* Transforms of pictures, by the text that print(torchvision.transforms.Compose([...])) shows.
 *
 * The pixels are torchvision's of PIL pictures, to one level of 255 (of Pillow 13; older ones resize tall pictures in
 * another order, which changes some pixels by a level or, with bicubic and lanczos, more). Where the ratios of
 * RandomResizedCrop leave less than half a pixel of a side, a pixel is taken instead of none, of which torchvision
 * makes a black picture. What is random is drawn from torchvision's distributions, by seed, epoch and number of the
 * sample alone: on any number of threads, in any order, and again after a resume, a sample is transformed in the same
 * way.
 *
 *     status = tenka_transform_parse(ctx, "Compose([RandomResizedCrop(224), RandomHorizontalFlip(), ToTensor(), "
 *                                         "Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])", &transform);
 *     status = tenka_transform_room_create(ctx, &room);              one for each thread
 *     key = (struct tenka_transform_key){seed, epoch, sample};
 *     status = tenka_transform_apply(transform, room, &key, &picture, batch + sample * bytes, bytes, &out); */
#ifndef TENKA_TRANSFORM_H
#define TENKA_TRANSFORM_H

#include "tenka/image.h"
#include "tenka/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenka_transform tenka_transform;

/* Makes a transform of a text: a constructor, with torchvision's names, order and defaults of arguments, with modules
 * before the names or without (T.Resize(256), torchvision.transforms.Resize(256)); or what print() shows of one, one a
 * line in Compose, RandomApply, RandomChoice and RandomOrder. Known are
 *     Compose RandomApply RandomChoice RandomOrder
 *     Resize CenterCrop RandomCrop RandomResizedCrop Pad RandomHorizontalFlip RandomVerticalFlip
 *     RandomRotation RandomAffine RandomPerspective
 *     ColorJitter Grayscale RandomGrayscale GaussianBlur RandomInvert RandomPosterize RandomSolarize
 *     RandomAdjustSharpness RandomAutocontrast RandomEqualize RandAugment TrivialAugmentWide AutoAugment
 *     ToTensor PILToTensor ConvertImageDtype Normalize RandomErasing
 *     ImageClassification, which print(weights.transforms()) shows of torchvision's classifiers: it becomes a Compose
 * print() leaves arguments out: pad_if_needed, fill and padding_mode of RandomCrop, all but p of RandomPerspective,
 * interpolation of AutoAugment, the dtype of ConvertImageDtype. They are then the defaults; float32 for the dtype.
 *
 * Refused is what would give other numbers than torchvision's: transforms of colours, Resize and what turns pictures
 * must stand before ToTensor and PILToTensor; padding with a constant before Normalize, and behind ToTensor with 0 or 1
 * alone; behind RandomErasing only Normalize and RandomErasing may stand.
 * Errors: E_FORMAT with line, column and what is known; E_NOMEM. */
TENKA_API tenka_status tenka_transform_parse(tenka_ctx *ctx, const char *text, tenka_transform **out);
TENKA_API void tenka_transform_destroy(tenka_transform **transform);

/* As print() shows it, and the arguments that it leaves out where they are not the defaults; tenka_transform_parse
 * makes the same transform of it. To be freed with tenka_text_free. NULL: out of memory. */
TENKA_API char *tenka_transform_print(const tenka_transform *transform);

/* Whether anything is drawn for a sample. */
TENKA_API bool tenka_transform_is_random(const tenka_transform *transform);

/* What a transform makes of pictures.
 *   dtype   U8, or F32 behind ToTensor or ConvertImageDtype
 *   tensor  channels x height x width, as behind ToTensor and PILToTensor; else height x width x channels
 *   fixed   every picture of the size that was asked about becomes one of that shape; if not, shape is 0 x 0 x 0 */
struct tenka_transformed {
    enum tenka_dtype dtype;
    bool tensor, fixed;
    uint32_t channels, height, width;
    const void *data; /* tenka_transform_apply: the numbers */
    size_t bytes;
};

/* What comes out of pictures of width x height pixels with 1 or 3 channels. Of a transform that begins with Resize to a
 * height and width or RandomResizedCrop, it is the same for pictures of any size.
 * Errors: E_SHAPE (a crop larger than the picture, a channel too many for Normalize), with torchvision's reason. */
TENKA_API tenka_status tenka_transform_size(tenka_ctx *ctx, const tenka_transform *transform, uint32_t width,
                                            uint32_t height, uint32_t channels, struct tenka_transformed *out);

/* Whether every number that comes out is (byte / 255 - mean) / std of a byte, with mean and deviation of its channel,
 * as behind ToTensor and Normalize: not of RandomErasing, nor where what happens to the numbers is drawn.
 *   channels   of what comes out, as tenka_transform_size says
 *   mean, std  room for as many numbers; where it is false, those of the numbers that RandomErasing leaves and nothing
 *              else changes */
TENKA_API bool tenka_transform_normalization(const tenka_transform *transform, uint32_t channels, double *mean,
                                             double *std);

/* Memory for what lies between the steps, and the sentence of a failure. Used by one thread at a time. */
typedef struct tenka_transform_room tenka_transform_room;
TENKA_API tenka_status tenka_transform_room_create(tenka_ctx *ctx, tenka_transform_room **out);
TENKA_API void tenka_transform_room_destroy(tenka_transform_room **room);
TENKA_API const char *tenka_transform_room_error(const tenka_transform_room *room);

/* Pixels in rows from the top, the channels of a pixel next to each other, as tenka_image has them. */
struct tenka_transform_picture {
    const uint8_t *pixels;
    uint32_t width, height, channels; /* channels: 1 or 3 */
};

/* What random transforms are drawn by. */
struct tenka_transform_key {
    uint64_t seed;
    uint32_t epoch, sample;
};

/* Transforms a picture. A transform may be applied by several threads at once, each with a room of its own.
 *   picture  is only read
 *   out      room for bytes bytes, where the result begins; NULL: it stays in the room until the next call
 *   result   the result's shape, and where it is
 * Errors, with the sentence in the room: E_SHAPE (a crop larger than the picture), E_INVALID (no such picture; out is
 * too small: the sentence has the bytes), E_NOMEM. */
TENKA_API tenka_status tenka_transform_apply(const tenka_transform *transform, tenka_transform_room *room,
                                             const struct tenka_transform_key *key,
                                             const struct tenka_transform_picture *picture, void *out, size_t bytes,
                                             struct tenka_transformed *result);

/* ---- Mixing the samples of a batch ---- */

/* mixup: x_i becomes lambda x_i + (1 - lambda) x_partner[i], and so do targets. Source: Zhang et al., "mixup: Beyond
 * Empirical Risk Minimization" (2018). cutmix: x_i gets a rectangle of x_partner[i]; its targets are mixed by lambda,
 * which is the share that is left of x_i. Source: Yun et al., "CutMix: Regularization Strategy to Train Strong
 * Classifiers with Localizable Features" (2019). */
struct tenka_mix {
    double lambda;
    uint32_t left, top, right, bottom; /* cutmix: the rectangle, without right and bottom; mixup: 0 */
};

/* Draws lambda from Beta(alpha, alpha) for batch number `batch`, and each sample's partner, a permutation.
 *   alpha    above 0
 *   width, height  of the samples; 0, 0: mixup
 *   partner  room for count numbers
 * Nothing else decides what is drawn. Errors: E_INVALID. */
TENKA_API tenka_status tenka_mix_draw(tenka_ctx *ctx, double alpha, uint32_t width, uint32_t height, uint64_t seed,
                                      uint32_t epoch, uint32_t batch, size_t count, int32_t *partner,
                                      struct tenka_mix *out);

/* Samples x, F32 [N, ...], mixed with those of the batch that partner, I32 [N], names: blended, or where mix has a
 * rectangle, in which the last two axes of x are height and width, with the partner's numbers in it. They are the numbers
 * of torchvision.transforms.v2's MixUp and CutMix, whose partner is the sample before. A partner that is no sample gives
 * NaN. Not differentiable. Targets are mixed by lambda alone:
 *     target = tenka_mix_samples(tenka_one_hot(target, classes), partner, &(struct tenka_mix){.lambda = mix.lambda});
 * and CrossEntropyLoss takes such. A loader does all of this (data.h).
 * Errors: E_SHAPE; E_INVALID (lambda is not within 0 .. 1, the rectangle not within x). */
TENKA_API tenka_tensor tenka_mix_samples(tenka_tensor x, tenka_tensor partner, const struct tenka_mix *mix);

#ifdef __cplusplus
}
#endif
#endif
