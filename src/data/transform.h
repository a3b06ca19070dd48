/* Transforms: the steps that a text is made into, and what runs them. */
#ifndef TENKA_DATA_TRANSFORM_H
#define TENKA_DATA_TRANSFORM_H

#include "core/core.h"
#include "data/resample.h"
#include "python/arguments.h"
#include "tenka/transform.h"

enum tenka_step_kind {
    TENKA_STEP_COMPOSE,
    TENKA_STEP_APPLY,
    TENKA_STEP_CHOICE,
    TENKA_STEP_ORDER,
    TENKA_STEP_RESIZE,
    TENKA_STEP_CENTER_CROP,
    TENKA_STEP_RANDOM_CROP,
    TENKA_STEP_RESIZED_CROP,
    TENKA_STEP_PAD,
    TENKA_STEP_FLIP_X,
    TENKA_STEP_FLIP_Y,
    TENKA_STEP_ROTATION,
    TENKA_STEP_AFFINE,
    TENKA_STEP_PERSPECTIVE,
    TENKA_STEP_JITTER,
    TENKA_STEP_GREY,
    TENKA_STEP_RANDOM_GREY,
    TENKA_STEP_BLUR,
    TENKA_STEP_INVERT,
    TENKA_STEP_POSTERIZE,
    TENKA_STEP_SOLARIZE,
    TENKA_STEP_SHARPNESS,
    TENKA_STEP_AUTOCONTRAST,
    TENKA_STEP_EQUALIZE,
    TENKA_STEP_RAND_AUGMENT,
    TENKA_STEP_TRIVIAL_AUGMENT,
    TENKA_STEP_AUTO_AUGMENT,
    TENKA_STEP_TO_TENSOR,
    TENKA_STEP_PIL_TO_TENSOR,
    TENKA_STEP_CONVERT,
    TENKA_STEP_NORMALIZE,
    TENKA_STEP_ERASING,
    TENKA_STEP_PRESET, /* of a text alone: it becomes a Compose */
    TENKA_STEP_KINDS
};

#define TENKA_STEP_ARGS 8

struct tenka_step {
    enum tenka_step_kind kind;
    uint32_t position;                                 /* in the text: what is drawn depends on it */
    double arg[TENKA_STEP_ARGS][TENKA_PY_MAX_NUMBERS]; /* in the order of the class's args; NaN: None */
    int count[TENKA_STEP_ARGS];                        /* of NUMBERS, as in tenka_py_call */
    struct tenka_step *child, *next;
    double *weights; /* of RandomChoice's children; NULL: all are chosen alike */
    uint32_t children;
    bool coloured; /* an argument has a number for each of three channels */
};

struct tenka_transform {
    struct tenka_arena arena; /* holds the steps */
    struct tenka_step *root;
    uint32_t steps;
    bool masks; /* it is for pixels that are classes */
};

/* Arguments by their place, of which several functions ask. */
enum { RESIZE_SIZE, RESIZE_INTERPOLATION, RESIZE_MAX };
enum { CROP_SIZE, CROP_PADDING, CROP_IF_NEEDED, CROP_FILL, CROP_MODE };
enum { RESIZED_SIZE, RESIZED_SCALE, RESIZED_RATIO, RESIZED_INTERPOLATION };
enum { PAD_PADDING, PAD_FILL, PAD_MODE };
enum { ROTATION_DEGREES, ROTATION_INTERPOLATION, ROTATION_EXPAND, ROTATION_CENTER, ROTATION_FILL };
enum { AFFINE_DEGREES, AFFINE_TRANSLATE, AFFINE_SCALE, AFFINE_SHEAR, AFFINE_INTERPOLATION, AFFINE_FILL, AFFINE_CENTER };
enum { PERSPECTIVE_DISTORTION, PERSPECTIVE_P, PERSPECTIVE_INTERPOLATION, PERSPECTIVE_FILL };
enum { JITTER_BRIGHTNESS, JITTER_CONTRAST, JITTER_SATURATION, JITTER_HUE };
enum { BLUR_SIZE, BLUR_SIGMA };
enum { NORMALIZE_MEAN, NORMALIZE_STD };
enum { ERASING_P, ERASING_SCALE, ERASING_RATIO, ERASING_VALUE };
enum { RAND_OPS, RAND_MAGNITUDE, RAND_BINS, RAND_INTERPOLATION, RAND_FILL };
enum { TRIVIAL_BINS, TRIVIAL_INTERPOLATION, TRIVIAL_FILL };
enum { AUTO_POLICY, AUTO_INTERPOLATION, AUTO_FILL };
enum { PRESET_CROP, PRESET_RESIZE, PRESET_MEAN, PRESET_STD, PRESET_INTERPOLATION };
enum { CONVERT_F32, CONVERT_FLOAT, CONVERT_U8 };
enum { MODE_CONSTANT, MODE_EDGE, MODE_REFLECT, MODE_SYMMETRIC };
#define TENKA_MAX_AUGMENT_OPS 16

/* ---- transform_kinds.c: the classes, and where they may stand ---- */

/* What the numbers are at a place of the pipeline. */
enum tenka_stage {
    TENKA_STAGE_PICTURE = 1,    /* bytes, until ToTensor or PILToTensor */
    TENKA_STAGE_BYTES = 2,      /* a tensor of bytes */
    TENKA_STAGE_VALUES = 4,     /* a tensor of byte / 255 */
    TENKA_STAGE_NORMALISED = 8, /* behind Normalize */
    TENKA_STAGE_ERASED = 16,    /* behind RandomErasing */
};

struct tenka_step_info {
    unsigned shown;    /* a bit for each argument that print() shows always */
    const char *comma; /* between arguments */
    unsigned stages;   /* at which it may stand */
    bool random;
};

extern const struct tenka_py_class tenka_step_classes[TENKA_STEP_KINDS];
extern const struct tenka_step_info tenka_step_infos[TENKA_STEP_KINDS];

/* ---- transform.c ---- */

/* tenka_transform_apply, but for the numbers behind ToTensor, of which the bytes are written that they stand for. For
 * transforms that tenka_transform_normalization knows. */
tenka_status tenka_transform_apply_bytes(const tenka_transform *transform, tenka_transform_room *room,
                                         const struct tenka_transform_key *key,
                                         const struct tenka_transform_picture *picture, void *out, size_t bytes,
                                         struct tenka_transformed *result);

/* ---- transform_masks.c ---- */

/* A pixel of a mask that has no class. */
#define TENKA_MASK_NOTHING 255

/* Makes a transform one for the masks of its pictures: with the same key it moves the pixels of a mask to where those of
 * the picture go, without mixing them, leaves them else as they are, and puts TENKA_MASK_NOTHING where there were none. */
void tenka_transform_for_masks(tenka_transform *transform);

/* ---- transform_text.c ---- */

/* Errors: E_FORMAT, E_NOMEM. */
tenka_status tenka_transform_read(struct tenka_error *err, const char *text, tenka_transform *out);
/* Writes commas into a text where print() begins another line, so that it is Python. */
void tenka_transform_as_python(char *text);

/* ---- transform_settle.c ---- */

/* The arguments as they are used: a size as height and width, degrees as a range. at: for sentences. */
tenka_status tenka_step_settle(const struct tenka_py_reader *r, const struct tenka_py *at, struct tenka_step *step);
/* Whether each step may stand where it does. *stage: what comes in, and then what comes out. */
tenka_status tenka_step_check(const struct tenka_py_reader *r, const struct tenka_py *at, const struct tenka_step *step,
                              enum tenka_stage *stage);

/* ---- transform_draws.c: what is drawn ---- */

/* Random numbers of one step for one sample. */
struct tenka_draws {
    uint32_t low, high, block, position, sample, epoch;
    uint32_t word[4], left; /* of the words */
};
struct tenka_draws tenka_draws_of(const struct tenka_transform_key *key, uint32_t position);
uint32_t tenka_draw_word(struct tenka_draws *d);
double tenka_draw_unit(struct tenka_draws *d);                          /* 24 bits, as torch.rand(1) */
double tenka_draw_uniform(struct tenka_draws *d, double lo, double hi); /* a float, as uniform_(lo, hi) */
uint32_t tenka_draw_below(struct tenka_draws *d, uint32_t n);           /* 0 to n - 1; n > 0 */
double tenka_draw_normal(struct tenka_draws *d);
void tenka_draw_order(struct tenka_draws *d, uint32_t *out, uint32_t n); /* 0 to n - 1, shuffled */

/* What a step does to one sample. */
struct tenka_choice {
    bool acts; /* false: it leaves the sample as it is */
    double v[4 + 2 * TENKA_MAX_AUGMENT_OPS];
};
/* Draws a step that is no container, for a picture of a size:
 *   flips, RandomGrayscale, RandomInvert ...  nothing
 *   RandomCrop         top, left; the padded picture's size is asked about
 *   RandomResizedCrop  top, left, height, width
 *   RandomRotation     the angle
 *   RandomAffine       angle, translation x and y, scale, shear x and y
 *   RandomPerspective  x and y of the corners, clockwise from the left top
 *   ColorJitter        the order of four changes, then factors of brightness, contrast, saturation and hue, NaN: none
 *   GaussianBlur       sigma
 *   RandomErasing      top, left, height, width
 *   RandAugment, TrivialAugmentWide, AutoAugment  how many, then operation and magnitude of each */
void tenka_step_draw(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height,
                     struct tenka_choice *out);
void tenka_augment_draw(const struct tenka_step *step, struct tenka_draws *d, uint32_t width, uint32_t height,
                        struct tenka_choice *out); /* ---- transform_augment.c ---- */

/* ---- Pictures on their way ---- */

struct tenka_room_buffer {
    void *memory;
    size_t bytes;
};

struct tenka_transform_room {
    struct tenka_error err;
    struct tenka_room_buffer pixels[2], result, scratch;
    struct tenka_resampler resampler;
};

/* A picture, which lies in the caller's memory or in one of the room's buffers. */
struct tenka_pixels {
    tenka_transform_room *room;
    struct tenka_view view;
    int buffer; /* of the room; -1: the caller's memory */
    enum tenka_stage stage;
    bool tensor;
    bool classes;        /* the pixels are such, of which TENKA_MASK_NOTHING is none */
    float table[3][256]; /* stage VALUES and NORMALISED: the number of a byte, for each channel */
    float *planes;       /* all numbers, once they are needed; else NULL */
    void *out;           /* the caller's room for the result; NULL: the room's */
    size_t out_bytes;
};

/* Room for at least so many bytes, not zeroed, which an earlier content is lost for. Errors: E_NOMEM. */
tenka_status tenka_room_take(tenka_transform_room *room, struct tenka_room_buffer *buffer, uint64_t bytes, void *out);
/* A buffer for another picture of that size, which becomes p's by tenka_pixels_replace. Errors: E_SHAPE, E_NOMEM. */
tenka_status tenka_pixels_other(struct tenka_pixels *p, const char *what, uint64_t width, uint64_t height,
                                uint32_t channels, uint8_t **out);
void tenka_pixels_replace(struct tenka_pixels *p, uint32_t width, uint32_t height, uint32_t channels);
/* The pixels without gaps, where they may be written. */
tenka_status tenka_pixels_own(struct tenka_pixels *p, uint8_t **out);
/* Where the result goes: the caller's room or the room's. transform.c. Errors: E_INVALID, E_NOMEM. */
tenka_status tenka_pixels_target(struct tenka_pixels *p, uint64_t bytes, void **out);

/* ---- transform_run.c ---- */

/* Draws and does a step and those in it. */
tenka_status tenka_steps_run(const struct tenka_step *step, const struct tenka_transform_key *key,
                             struct tenka_pixels *p);
/* What RandomCrop does before it draws: its border. Errors: E_SHAPE (the crop is larger all the same), E_NOMEM. */
tenka_status tenka_crop_pad(const struct tenka_step *step, struct tenka_pixels *p);
/* Which of RandomChoice's children. */
uint32_t tenka_choose(const struct tenka_step *step, struct tenka_draws *d);
/* Does to p what was drawn. d: for what is drawn for each pixel. */
tenka_status tenka_step_run(const struct tenka_step *step, const struct tenka_choice *choice, struct tenka_draws *d,
                            struct tenka_pixels *p);

/* ---- transform_part.c ---- */

struct tenka_part; /* data/image.h */
/* The part of a picture of that size that the transform looks at, as it will be drawn; false: all of it. */
bool tenka_transform_part(const tenka_transform *transform, const struct tenka_transform_key *key, uint32_t width,
                          uint32_t height, struct tenka_part *out);

/* ---- transform_sizes.c ---- */

/* 0: not known, or not fixed. */
struct tenka_extent {
    uint32_t width, height, channels;
};
void tenka_resized_size(const struct tenka_step *step, uint32_t width, uint32_t height, uint64_t *new_width,
                        uint64_t *new_height);
/* Of a picture that is turned; m is the way back from its pixels, unless it is turned by quarters. */
void tenka_rotated_size(double angle, bool expand, const double *center, uint32_t width, uint32_t height,
                        double matrix[6], uint64_t *new_width, uint64_t *new_height); /* transform_warp.c */
tenka_status tenka_step_extent(struct tenka_error *err, const struct tenka_step *step, struct tenka_extent *e);
/* Whether an argument has a number for each of three channels. transform_settle.c */
bool tenka_is_colour(const struct tenka_step *step, size_t arg);
/* Errors: E_SHAPE, when that does not fit the channels; when a picture of that size cannot be made
 * (transform_geometry.c); when RandomCrop's crop is larger than the picture. */
tenka_status tenka_check_colours(struct tenka_error *err, const struct tenka_step *step, uint32_t channels);
tenka_status tenka_check_extent(struct tenka_error *err, const char *what, uint64_t width, uint64_t height);
tenka_status tenka_check_crop(struct tenka_error *err, const struct tenka_step *step, uint32_t width, uint32_t height);

/* ---- transform_geometry.c ---- */

struct tenka_border {
    uint32_t left, top, right, bottom;
};
struct tenka_border tenka_border_of(const double *padding, int count);
tenka_status tenka_pixels_pad(struct tenka_pixels *p, const char *what, struct tenka_border border, const double *fill,
                              int fills, int mode);
void tenka_pixels_crop(struct tenka_pixels *p, uint32_t left, uint32_t top, uint32_t width, uint32_t height);
tenka_status tenka_pixels_flip_x(struct tenka_pixels *p);
tenka_status tenka_pixels_flip_y(struct tenka_pixels *p);
tenka_status tenka_pixels_center_crop(struct tenka_pixels *p, uint32_t height, uint32_t width);
tenka_status tenka_pixels_resize(struct tenka_pixels *p, const char *what, uint64_t width, uint64_t height, int filter);

/* ---- transform_warp.c ---- */

/* fill, fills: a number for all channels or one for each. */
tenka_status tenka_pixels_rotate(struct tenka_pixels *p, const char *what, double angle, int filter, bool expand,
                                 const double *center, const double *fill, int fills);
tenka_status tenka_pixels_affine(struct tenka_pixels *p, const char *what, const double v[6], int filter,
                                 const double *center, const double *fill, int fills);
tenka_status tenka_pixels_perspective(struct tenka_pixels *p, const char *what, const double corners[8], int filter,
                                      const double *fill, int fills);

/* ---- transform_colour.c ---- */

tenka_status tenka_pixels_adjust_brightness(struct tenka_pixels *p, double factor);
tenka_status tenka_pixels_adjust_contrast(struct tenka_pixels *p, double factor);
tenka_status tenka_pixels_adjust_saturation(struct tenka_pixels *p, double factor);
tenka_status tenka_pixels_adjust_hue(struct tenka_pixels *p, double factor);
tenka_status tenka_pixels_adjust_sharpness(struct tenka_pixels *p, double factor);
tenka_status tenka_pixels_to_grey(struct tenka_pixels *p, uint32_t channels);
tenka_status tenka_pixels_invert(struct tenka_pixels *p);
tenka_status tenka_pixels_posterize(struct tenka_pixels *p, int bits);
tenka_status tenka_pixels_solarize(struct tenka_pixels *p, double threshold);
tenka_status tenka_pixels_autocontrast(struct tenka_pixels *p);
tenka_status tenka_pixels_equalize(struct tenka_pixels *p);
tenka_status tenka_pixels_gaussian_blur(struct tenka_pixels *p, uint32_t width, uint32_t height, double sigma);

/* ---- transform_augment.c ---- */

tenka_status tenka_pixels_augment(const struct tenka_step *step, const struct tenka_choice *choice,
                                  struct tenka_pixels *p);

/* ---- transform_tensor.c ---- */

void tenka_pixels_to_values(struct tenka_pixels *p);
void tenka_pixels_normalize(struct tenka_pixels *p, const struct tenka_step *step);
/* Takes floats for all of p's numbers, unless it has them. */
tenka_status tenka_pixels_materialise(struct tenka_pixels *p);
tenka_status tenka_pixels_erase(struct tenka_pixels *p, const struct tenka_step *step, const double box[4],
                                struct tenka_draws *d);

#endif
