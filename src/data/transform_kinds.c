/* The transforms that are known: names, order and defaults of their arguments. Source: torchvision.transforms. */
#include <float.h>
#include <math.h>

#include "data/transform.h"

#define ARG(name, kind, flags, a, b, least, most, words)             \
    {                                                                \
        name, TENKA_PY_ARG_##kind, flags, {a, b}, least, most, words \
    }
#define REQUIRED TENKA_PY_ARG_REQUIRED
#define INTEGERS TENKA_PY_ARG_INTEGERS

#define SIZE(name) ARG(name, NUMBERS, REQUIRED | INTEGERS, 0, 0, 1, TENKA_IMAGE_MAX_SIDE, "0|1|2")
#define PADDING(flags) ARG("padding", NUMBERS, (flags) | INTEGERS, NAN, NAN, 0, TENKA_IMAGE_MAX_SIDE, "0|1|2|4")
#define FILTER(fallback)                                               \
    ARG("interpolation", MEMBER, 0, fallback, 0, 0, TENKA_FILTERS - 1, \
        "nearest|lanczos|bilinear|bicubic|box|hamming|nearest_exact|nearest-exact")
#define FILL(fallback) ARG("fill", NUMBERS, 0, fallback, NAN, 0, 255, "0|1|3")
#define NO_FILL FILL(NAN)
#define MODE ARG("padding_mode", WORD, 0, MODE_CONSTANT, 0, 0, 0, "constant|edge|reflect|symmetric")
#define P(fallback) ARG("p", REAL, 0, fallback, 0, 0, 1, NULL)
#define FLAG(name) ARG(name, FLAG, 0, 0, 0, 0, 1, NULL)
#define ANY(name) ARG(name, ANY, 0, NAN, NAN, 0, 0, NULL)
#define ANGLES(name, flags, counts) ARG(name, NUMBERS, flags, NAN, NAN, -1e6, 1e6, counts)
#define CENTER ARG("center", NUMBERS, 0, NAN, NAN, -1e6, 1e6, "2")
#define RATIO(a, b) ARG("ratio", NUMBERS, 0, a, b, 1e-6, 1e6, "2")
#define FACTOR(name) ARG(name, NUMBERS, 0, NAN, NAN, 0, 1e6, "0|2")
#define BINS ARG("num_magnitude_bins", WHOLE, 0, 31, 0, 2, 1e6, NULL)

static const struct tenka_py_arg resize_args[] = {
    SIZE("size"),
    FILTER(TENKA_FILTER_BILINEAR),
    ARG("max_size", WHOLE, 0, NAN, NAN, 1, TENKA_IMAGE_MAX_SIDE, NULL),
    ANY("antialias"),
};
static const struct tenka_py_arg center_crop_args[] = {SIZE("size")};
static const struct tenka_py_arg random_crop_args[] = {
    SIZE("size"), PADDING(0), FLAG("pad_if_needed"), FILL(0), MODE,
};
static const struct tenka_py_arg resized_crop_args[] = {
    SIZE("size"),
    ARG("scale", NUMBERS, 0, 0.08, 1, 0, 1e6, "2"),
    RATIO(3.0 / 4, 4.0 / 3),
    FILTER(TENKA_FILTER_BILINEAR),
    ANY("antialias"),
};
static const struct tenka_py_arg pad_args[] = {PADDING(REQUIRED), FILL(0), MODE};
static const struct tenka_py_arg p_half_args[] = {P(0.5)};
static const struct tenka_py_arg p_tenth_args[] = {P(0.1)};
static const struct tenka_py_arg rotation_args[] = {
    ANGLES("degrees", REQUIRED, "0|2"), FILTER(TENKA_FILTER_NEAREST), FLAG("expand"), CENTER, NO_FILL,
};
static const struct tenka_py_arg affine_args[] = {
    ANGLES("degrees", REQUIRED, "0|2"),
    ARG("translate", NUMBERS, 0, NAN, NAN, 0, 1, "2"),
    ARG("scale", NUMBERS, 0, NAN, NAN, 1e-6, 1e6, "2"),
    ANGLES("shear", 0, "0|2|4"),
    FILTER(TENKA_FILTER_NEAREST),
    NO_FILL,
    CENTER,
};
static const struct tenka_py_arg perspective_args[] = {
    ARG("distortion_scale", REAL, 0, 0.5, 0, 0, 1, NULL),
    P(0.5),
    FILTER(TENKA_FILTER_BILINEAR),
    NO_FILL,
};
static const struct tenka_py_arg jitter_args[] = {
    FACTOR("brightness"),
    FACTOR("contrast"),
    FACTOR("saturation"),
    ARG("hue", NUMBERS, 0, NAN, NAN, -0.5, 0.5, "0|2"),
};
static const struct tenka_py_arg grey_args[] = {ARG("num_output_channels", WHOLE, 0, 1, 0, 1, 3, NULL)};
static const struct tenka_py_arg blur_args[] = {
    ARG("kernel_size", NUMBERS, REQUIRED | INTEGERS, 0, 0, 1, 1023, "0|1|2"),
    ARG("sigma", NUMBERS, 0, 0.1, 2, 1e-6, 1e6, "0|2"),
};
static const struct tenka_py_arg posterize_args[] = {ARG("bits", WHOLE, REQUIRED, 0, 0, 1, 8, NULL), P(0.5)};
static const struct tenka_py_arg solarize_args[] = {
    ARG("threshold", REAL, REQUIRED, 0, 0, -1e6, 1e6, NULL),
    P(0.5),
};
static const struct tenka_py_arg sharpness_args[] = {
    ARG("sharpness_factor", REAL, REQUIRED, 0, 0, 0, 1e6, NULL),
    P(0.5),
};
static const struct tenka_py_arg rand_args[] = {
    ARG("num_ops", WHOLE, 0, 2, 0, 0, TENKA_MAX_AUGMENT_OPS, NULL),
    ARG("magnitude", WHOLE, 0, 9, 0, 0, 1e6, NULL),
    BINS,
    FILTER(TENKA_FILTER_NEAREST),
    NO_FILL,
};
static const struct tenka_py_arg trivial_args[] = {BINS, FILTER(TENKA_FILTER_NEAREST), NO_FILL};
static const struct tenka_py_arg auto_args[] = {
    ARG("policy", MEMBER, 0, 0, 0, 0, -1, "imagenet|cifar10|svhn"),
    FILTER(TENKA_FILTER_NEAREST),
    NO_FILL,
};
static const struct tenka_py_arg convert_args[] = {
    ARG("dtype", MEMBER, 0, CONVERT_F32, 0, 0, -1, "float32|float|uint8"),
};
static const struct tenka_py_arg normalize_args[] = {
    ARG("mean", NUMBERS, REQUIRED, 0, 0, -1e6, 1e6, "0|1|3"),
    ARG("std", NUMBERS, REQUIRED, 0, 0, 1e-30, 1e30, "0|1|3"),
    ANY("inplace"),
};
static const struct tenka_py_arg erasing_args[] = {
    P(0.5),          ARG("scale", NUMBERS, 0, 0.02, 0.33, 0, 1, "2"),
    RATIO(0.3, 3.3), ARG("value", NUMBERS, 0, 0, NAN, -1e6, 1e6, "0|1|3|random"),
    ANY("inplace"),
};

static const struct tenka_py_arg preset_args[] = {
    ARG("crop_size", NUMBERS, REQUIRED | INTEGERS, 0, 0, 1, TENKA_IMAGE_MAX_SIDE, "0|1"),
    ARG("resize_size", NUMBERS, INTEGERS, 256, NAN, 1, TENKA_IMAGE_MAX_SIDE, "0|1"),
    ARG("mean", NUMBERS, 0, NAN, NAN, -1e6, 1e6, "1|3"),
    ARG("std", NUMBERS, 0, NAN, NAN, 1e-30, 1e30, "1|3"),
    FILTER(TENKA_FILTER_BILINEAR),
    ANY("antialias"),
};

#define CLASS(name, args)                             \
    {                                                 \
        name, args, sizeof(args) / sizeof(args[0]), 0 \
    }
#define BARE(name)       \
    {                    \
        name, NULL, 0, 0 \
    }
const struct tenka_py_class tenka_step_classes[TENKA_STEP_KINDS] = {
    [TENKA_STEP_COMPOSE] = BARE("Compose"),
    [TENKA_STEP_APPLY] = BARE("RandomApply"),
    [TENKA_STEP_CHOICE] = BARE("RandomChoice"),
    [TENKA_STEP_ORDER] = BARE("RandomOrder"),
    [TENKA_STEP_RESIZE] = CLASS("Resize", resize_args),
    [TENKA_STEP_CENTER_CROP] = CLASS("CenterCrop", center_crop_args),
    [TENKA_STEP_RANDOM_CROP] = CLASS("RandomCrop", random_crop_args),
    [TENKA_STEP_RESIZED_CROP] = CLASS("RandomResizedCrop", resized_crop_args),
    [TENKA_STEP_PAD] = CLASS("Pad", pad_args),
    [TENKA_STEP_FLIP_X] = CLASS("RandomHorizontalFlip", p_half_args),
    [TENKA_STEP_FLIP_Y] = CLASS("RandomVerticalFlip", p_half_args),
    [TENKA_STEP_ROTATION] = CLASS("RandomRotation", rotation_args),
    [TENKA_STEP_AFFINE] = CLASS("RandomAffine", affine_args),
    [TENKA_STEP_PERSPECTIVE] = CLASS("RandomPerspective", perspective_args),
    [TENKA_STEP_JITTER] = CLASS("ColorJitter", jitter_args),
    [TENKA_STEP_GREY] = CLASS("Grayscale", grey_args),
    [TENKA_STEP_RANDOM_GREY] = CLASS("RandomGrayscale", p_tenth_args),
    [TENKA_STEP_BLUR] = CLASS("GaussianBlur", blur_args),
    [TENKA_STEP_INVERT] = CLASS("RandomInvert", p_half_args),
    [TENKA_STEP_POSTERIZE] = CLASS("RandomPosterize", posterize_args),
    [TENKA_STEP_SOLARIZE] = CLASS("RandomSolarize", solarize_args),
    [TENKA_STEP_SHARPNESS] = CLASS("RandomAdjustSharpness", sharpness_args),
    [TENKA_STEP_AUTOCONTRAST] = CLASS("RandomAutocontrast", p_half_args),
    [TENKA_STEP_EQUALIZE] = CLASS("RandomEqualize", p_half_args),
    [TENKA_STEP_RAND_AUGMENT] = CLASS("RandAugment", rand_args),
    [TENKA_STEP_TRIVIAL_AUGMENT] = CLASS("TrivialAugmentWide", trivial_args),
    [TENKA_STEP_AUTO_AUGMENT] = CLASS("AutoAugment", auto_args),
    [TENKA_STEP_TO_TENSOR] = BARE("ToTensor"),
    [TENKA_STEP_PIL_TO_TENSOR] = BARE("PILToTensor"),
    [TENKA_STEP_CONVERT] = CLASS("ConvertImageDtype", convert_args),
    [TENKA_STEP_NORMALIZE] = CLASS("Normalize", normalize_args),
    [TENKA_STEP_ERASING] = CLASS("RandomErasing", erasing_args),
    [TENKA_STEP_PRESET] = CLASS("ImageClassification", preset_args),
};

/* ---- How they are printed, and where they may stand ---- */

#define PICTURE TENKA_STAGE_PICTURE
#define ANYWHERE_UNERASED (PICTURE | TENKA_STAGE_BYTES | TENKA_STAGE_VALUES | TENKA_STAGE_NORMALISED)
#define REALS (TENKA_STAGE_VALUES | TENKA_STAGE_NORMALISED | TENKA_STAGE_ERASED)
#define ALL_SHOWN (~0u)
#define BIT(arg) (1u << (arg))

const struct tenka_step_info tenka_step_infos[TENKA_STEP_KINDS] = {
    [TENKA_STEP_COMPOSE] = {ALL_SHOWN, ", ", ANYWHERE_UNERASED | TENKA_STAGE_ERASED, false},
    [TENKA_STEP_APPLY] = {ALL_SHOWN, ", ", ANYWHERE_UNERASED | TENKA_STAGE_ERASED, true},
    [TENKA_STEP_CHOICE] = {ALL_SHOWN, ", ", ANYWHERE_UNERASED | TENKA_STAGE_ERASED, true},
    [TENKA_STEP_ORDER] = {ALL_SHOWN, ", ", ANYWHERE_UNERASED | TENKA_STAGE_ERASED, true},
    [TENKA_STEP_RESIZE] = {ALL_SHOWN, ", ", PICTURE, false},
    [TENKA_STEP_CENTER_CROP] = {ALL_SHOWN, ", ", ANYWHERE_UNERASED, false},
    [TENKA_STEP_RANDOM_CROP] = {BIT(CROP_SIZE) | BIT(CROP_PADDING), ", ", ANYWHERE_UNERASED, true},
    [TENKA_STEP_RESIZED_CROP] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_PAD] = {ALL_SHOWN, ", ", ANYWHERE_UNERASED, false},
    [TENKA_STEP_FLIP_X] = {ALL_SHOWN, ", ", ANYWHERE_UNERASED, true},
    [TENKA_STEP_FLIP_Y] = {ALL_SHOWN, ", ", ANYWHERE_UNERASED, true},
    [TENKA_STEP_ROTATION] = {ALL_SHOWN & ~BIT(ROTATION_CENTER), ", ", PICTURE, true},
    [TENKA_STEP_AFFINE] = {BIT(AFFINE_DEGREES), ", ", PICTURE, true},
    [TENKA_STEP_PERSPECTIVE] = {BIT(PERSPECTIVE_P), ", ", PICTURE, true},
    [TENKA_STEP_JITTER] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_GREY] = {ALL_SHOWN, ", ", PICTURE, false},
    [TENKA_STEP_RANDOM_GREY] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_BLUR] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_INVERT] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_POSTERIZE] = {ALL_SHOWN, ",", PICTURE, true},
    [TENKA_STEP_SOLARIZE] = {ALL_SHOWN, ",", PICTURE, true},
    [TENKA_STEP_SHARPNESS] = {ALL_SHOWN, ",", PICTURE, true},
    [TENKA_STEP_AUTOCONTRAST] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_EQUALIZE] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_RAND_AUGMENT] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_TRIVIAL_AUGMENT] = {ALL_SHOWN, ", ", PICTURE, true},
    [TENKA_STEP_AUTO_AUGMENT] = {BIT(AUTO_POLICY) | BIT(AUTO_FILL), ", ", PICTURE, true},
    [TENKA_STEP_TO_TENSOR] = {ALL_SHOWN, ", ", PICTURE, false},
    [TENKA_STEP_PIL_TO_TENSOR] = {ALL_SHOWN, ", ", PICTURE, false},
    [TENKA_STEP_CONVERT] = {0, ", ", TENKA_STAGE_BYTES | REALS, false},
    [TENKA_STEP_NORMALIZE] = {BIT(NORMALIZE_MEAN) | BIT(NORMALIZE_STD), ", ", REALS, false},
    [TENKA_STEP_ERASING] = {ALL_SHOWN, ", ", REALS, true},
    [TENKA_STEP_PRESET] = {ALL_SHOWN, ", ", PICTURE, false},
};
