/* Texts of transforms: what torchvision's versions print, what people write, and wrong ones, with their sentences. */
#include "inputs.h"

#define SHORT "Compose(\n    ToTensor()\n)"

static char *canonical(tenka_ctx *ctx, const char *text)
{
    tenka_transform *transform;
    if (tenka_transform_parse(ctx, text, &transform) != TENKA_OK)
        fail_msg("%s\n%s", text, tenka_last_error(ctx));
    char *const out = tenka_transform_print(transform);
    tenka_transform_destroy(&transform);
    assert_null(transform);
    return out;
}

/* ---- Ways to write the same ---- */

static const struct {
    const char *text, *printed;
} same[] = {
    {"ToTensor()", "ToTensor()"},
    {"Compose([ToTensor()])", SHORT},
    {"Compose((ToTensor(),))", SHORT},
    {"  torchvision.transforms.Compose(transforms=[T.ToTensor()])\n\n", SHORT},
    {"transforms.Compose([\n    transforms.ToTensor(),  # to [0, 1]\n])", SHORT},
    {"# mine\nCompose([ToTensor()\n\n])", SHORT},
    {"Compose(ToTensor())", SHORT},
    {"Compose(\nToTensor()\n)", SHORT},
    {"Compose(\r\n    ToTensor()\r\n)\r\n", SHORT},
    {"Compose(\n    RandomInvert(p=0.5)\n    # then\n    ToTensor()\n)",
     "Compose(\n    RandomInvert(p=0.5)\n    ToTensor()\n)"},
    {"Compose([RandomInvert(), RandomInvert(p=1/4)])",
     "Compose(\n    RandomInvert(p=0.5)\n    RandomInvert(p=0.25)\n)"},
    /* torchvision 0.14, and 0.15 to 0.16 */
    {"Compose(\n    Resize(size=256, interpolation=bilinear, max_size=None, antialias=None)\n"
     "    RandomResizedCrop(size=(224, 224), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear), "
     "antialias=None)\n    PILToTensor()\n    ConvertImageDtype()\n)",
     NULL},
    {"RandomResizedCrop(size=(8, 8), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear), antialias=warn)",
     "RandomResizedCrop(size=(8, 8), scale=(0.08, 1.0), ratio=(0.75, 1.3333), interpolation=bilinear, antialias=True)"},
    {"Resize(size=(3, 4), antialias=True)",
     "Resize(size=(3, 4), interpolation=bilinear, max_size=None, antialias=True)"},
    {"Resize([224], InterpolationMode.BICUBIC)",
     "Resize(size=224, interpolation=bicubic, max_size=None, antialias=True)"},
    {"Resize(7, interpolation=PIL.Image.LANCZOS)",
     "Resize(size=7, interpolation=lanczos, max_size=None, antialias=True)"},
    {"Resize(7, 3, 9)", "Resize(size=7, interpolation=bicubic, max_size=9, antialias=True)"},
    {"Resize(7, 'nearest-exact')", "Resize(size=7, interpolation=nearest, max_size=None, antialias=True)"},
    {"RandomCrop(32, 4, True, (1, 2, 3), 'reflect')",
     "RandomCrop(size=(32, 32), padding=4, pad_if_needed=True, fill=(1, 2, 3), padding_mode=reflect)"},
    {"RandomCrop((3, 4))", "RandomCrop(size=(3, 4), padding=None)"},
    {"Pad(padding=[1, 2])", "Pad(padding=(1, 2), fill=0, padding_mode=constant)"},
    {"RandomPerspective(0.25, 1, fill=0.5)", "RandomPerspective(distortion_scale=0.25, p=1.0, fill=0.5)"},
    {"RandomRotation(10, fill=None)",
     "RandomRotation(degrees=[-10.0, 10.0], interpolation=nearest, expand=False, fill=0)"},
    {"AutoAugment(AutoAugmentPolicy.SVHN, InterpolationMode.BILINEAR)",
     "AutoAugment(policy=AutoAugmentPolicy.SVHN, interpolation=InterpolationMode.BILINEAR, fill=None)"},
    {"ColorJitter(brightness=None, contrast=0, hue=(-0.1, 0.2))",
     "ColorJitter(brightness=None, contrast=None, saturation=None, hue=(-0.1, 0.2))"},
    {"ColorJitter(2)", "ColorJitter(brightness=(0.0, 3.0), contrast=None, saturation=None, hue=None)"},
    {"Compose([PILToTensor(), ConvertImageDtype(torch.uint8), ConvertImageDtype(dtype=torch.float32)])",
     "Compose(\n    PILToTensor()\n    ConvertImageDtype(dtype=uint8)\n    ConvertImageDtype()\n)"},
    {"RandomApply([RandomInvert()], 0.25)", "RandomApply(\n    p=0.25\n    RandomInvert(p=0.5)\n)"},
    {"RandomChoice([RandomInvert(), RandomEqualize()], [1, 3])",
     "RandomChoice(\n    RandomInvert(p=0.5)\n    RandomEqualize(p=0.5)\n)(p=[1.0, 3.0])"},
    {"Compose([ToTensor(), Normalize(0.5, 0.25), RandomErasing(value='random', inplace=True)])",
     "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.25,))\n    RandomErasing(p=0.5, scale=(0.02, 0.33), "
     "ratio=(0.3, 3.3), value=random, inplace=False)\n)"},
    {"ImageClassification(\n    crop_size=[224]\n    resize_size=[256]\n    mean=[0.485, 0.456, 0.406]\n"
     "    std=[0.229, 0.224, 0.225]\n    interpolation=InterpolationMode.BILINEAR\n)",
     "Compose(\n    Resize(size=256, interpolation=bilinear, max_size=None, antialias=True)\n"
     "    CenterCrop(size=(224, 224))\n    PILToTensor()\n    ConvertImageDtype()\n"
     "    Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))\n)"},
    {"ImageClassification(crop_size=224)", NULL},
};

static void test_same(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        char *const first = canonical(ctx, same[i].text), *const second = canonical(ctx, first);
        if (same[i].printed != NULL)
            assert_string_equal(first, same[i].printed);
        assert_string_equal(second, first);
        tenka_text_free(first);
        tenka_text_free(second);
    }
    tenka_ctx_destroy(&ctx);
}

/* ---- Wrong ones ---- */

static const struct {
    const char *text, *sentence;
} wrong[] = {
    {"", "line 1, column 1: the text is empty"},
    {" # nothing\n", "line 2, column 1: the text is empty"},
    {"Compose", "expected '(' behind Compose"},
    {"Compose(", "expected"},
    {"Compose([ToTensor()]", "expected ',' or ')'"},
    {"Compose([ToTensor()]))", "line 1, column 22: expected the end of the text, found ')'"},
    {"Compose([ToTensor])", "line 1, column 10: expected '(' behind ToTensor"},
    {"Compose([\n    Resize(8),\n    ToTensr()\n])",
     "line 3, column 5: there is no transform ToTensr; do you mean ToTensor?"},
    {"Compose(\n    Resize(size=8)\n    T0Tensor()\n)", "line 3, column 5: there is no transform T0Tensor"},
    {"Blur()", "there is no transform Blur; those that are known: Compose, RandomApply"},
    {"3", "line 1, column 1: expected a transform, such as ToTensor()"},
    {"Compose([3])", "line 1, column 10: expected a transform"},
    {"Compose(3)", "Compose: transforms must be a list"},
    {"Compose([ToTensor()], [ToTensor()])", "Compose takes one list of transforms, and not this"},
    {"Compose([ToTensor()], transforms=[ToTensor()])", "Compose: transforms are given twice"},
    {"Compose([ToTensor()], p=1)", "Compose has no argument p; it has transforms"},
    {"Lambda(lambda x: x)", "expected ',' or ')', found 'x'"},
    {"Compose([Lambda(f)])", "Lambda of torchvision is not supported: its function is not in the text"},
    {"FiveCrop(3)", "FiveCrop of torchvision is not supported: it makes five pictures of one"},
    {"ToTensor()()", "ToTensor is called twice"},
    {"ToTensor(3)", "ToTensor takes no 1 arguments without their names"},
    {"ToTensor(x=3)", "ToTensor has no argument x"},
    {"Resize()", "Resize: the argument size is missing"},
    {"Resize(0)", "Resize: size must be a whole number from 1.0 to 65535.0"},
    {"Resize(2.5)", "Resize: size must be a whole number from 1.0 to 65535.0"},
    {"Resize(1e400)", "Resize: size must be"},
    {"Resize((1, 2, 3))", "Resize: size must be a whole number or a tuple of 1 or 2"},
    {"Resize(())", "Resize: size must be a whole number or a tuple of 1 or 2"},
    {"Resize('8')", "Resize: size must be a whole number or a tuple of 1 or 2"},
    {"Resize(None)", "Resize: size must be"},
    {"Resize(8, size=9)", "Resize: size is given twice"},
    {"Resize(8, sise=9)", "Resize has no argument sise; it has size, interpolation, max_size, antialias"},
    {"Resize(8, 'cubic')", "Resize: interpolation must be one of nearest/lanczos/bilinear"},
    {"Resize(8, 6)", "Resize: interpolation must be one of"},
    {"Resize(8, max_size=8)", "Resize: max_size = 8 must be greater than size = 8"},
    {"Resize((8, 8), max_size=9)", "Resize: max_size is for a size that is one number"},
    {"RandomCrop(8, padding=(1, 2, 3))", "RandomCrop: padding must be a whole number or a tuple of 1 or 2 or 4"},
    {"RandomCrop(8, padding=-1)", "RandomCrop: padding must be a whole number from 0.0 to 65535.0"},
    {"RandomCrop(8, fill=256)", "RandomCrop: fill must be a number from 0.0 to 255.0"},
    {"RandomCrop(8, padding_mode=mirror)", "RandomCrop: padding_mode must be one of constant/edge/reflect/symmetric"},
    {"RandomResizedCrop(8, scale=(1, 0.5))", "RandomResizedCrop: scale must be (least, most)"},
    {"RandomResizedCrop(8, ratio=0)", "RandomResizedCrop: ratio must be a tuple of 2"},
    {"RandomHorizontalFlip(1.5)", "RandomHorizontalFlip: p must be a number from 0.0 to 1.0"},
    {"RandomRotation(-3)", "RandomRotation: degrees must be of at least 0.0, if it is one number"},
    {"RandomRotation(3, interpolation=box)", "RandomRotation: interpolation must be one of nearest/bilinear/bicubic"},
    {"RandomAffine(0, translate=(0.1, 2))", "RandomAffine: translate must be a number from 0.0 to 1.0"},
    {"RandomAffine(0, scale=(0, 1))", "RandomAffine: scale must be a number from 1e-06"},
    {"RandomAffine(0, shear=(1, 2, 4, 3))", "RandomAffine: shear must be (least x, most x, least y, most y)"},
    {"ColorJitter(-1)", "ColorJitter: brightness must be a number from 0.0"},
    {"ColorJitter(hue=0.6)", "ColorJitter: hue must be a number from -0.5 to 0.5"},
    {"ColorJitter(hue=-0.1)", "ColorJitter: hue must be of at least 0.0, if it is one number"},
    {"Grayscale(2)", "Grayscale: num_output_channels must be 1 or 3"},
    {"GaussianBlur(4)", "GaussianBlur: kernel_size must be odd"},
    {"GaussianBlur(3, sigma=0)", "GaussianBlur: sigma must be a number from 1e-06"},
    {"RandomPosterize(9)", "RandomPosterize: bits must be a whole number from 1.0 to 8.0"},
    {"RandomSolarize()", "RandomSolarize: the argument threshold is missing"},
    {"RandAugment(magnitude=31)", "RandAugment: magnitude = 31 must be less than num_magnitude_bins = 31"},
    {"AutoAugment(imagenet21k)", "AutoAugment: policy must be one of imagenet/cifar10/svhn"},
    {"Compose([PILToTensor(), ConvertImageDtype(torch.float16)])", "ConvertImageDtype: dtype must be one of float32"},
    {"Compose([ToTensor(), Normalize((0.5, 0.5), (1, 1))])", "Normalize: mean must be a number or a tuple of 1 or 3"},
    {"Compose([ToTensor(), Normalize((0.5,), (0,))])", "Normalize: std must be a number from 1e-30"},
    {"Compose([ToTensor(), RandomErasing(value='noise')])",
     "RandomErasing: value must be a number or a tuple of 1 or 3 or 'random'"},
    {"Normalize((0.5,), (0.5,))", "Normalize must stand behind ToTensor()"},
    {"Compose([RandomErasing(), ToTensor()])", "RandomErasing must stand behind ToTensor()"},
    {"Compose([ToTensor(), Resize(8)])", "Resize must stand before ToTensor() and PILToTensor()"},
    {"Compose([PILToTensor(), ColorJitter(1)])", "ColorJitter must stand before ToTensor() and PILToTensor()"},
    {"Compose([ToTensor(), ToTensor()])", "ToTensor: it is a tensor already"},
    {"Compose([ToTensor(), RandomErasing(), RandomHorizontalFlip()])",
     "RandomHorizontalFlip must stand before RandomErasing()"},
    {"Compose([ToTensor(), Normalize(0.5, 0.5), RandomCrop(8, padding=1)])",
     "RandomCrop must stand before Normalize(), because of its padding"},
    {"Compose([ToTensor(), Pad(2, fill=0.5)])", "Pad: behind ToTensor() fill must be 0 or 1"},
    {"Compose([ToTensor(), ConvertImageDtype(torch.uint8)])", "ConvertImageDtype: floats are not made bytes again"},
    {"RandomApply([ToTensor()])", "RandomApply may not have a transform that others depend on"},
    {"RandomOrder([PILToTensor(), RandomHorizontalFlip()])", "RandomOrder may not have"},
    {"RandomApply([RandomInvert()], p=2)", "RandomApply: p must be a number from 0.0 to 1.0"},
    {"RandomApply([RandomInvert()], 0.5, p=0.5)", "RandomApply: p is given twice"},
    {"RandomChoice([])", "RandomChoice: there is no transform to choose from"},
    {"RandomChoice([RandomInvert()], p=[0.5, 0.5])", "RandomChoice: p has 2 numbers for 1 transforms"},
    {"RandomChoice([RandomInvert()], p=[0])", "RandomChoice: p must be None or a list with a number above 0"},
    {"RandomChoice([RandomInvert()], p=[-1])", "RandomChoice: p must have numbers of at least 0.0"},
    {"RandomChoice([RandomInvert()])(q=1)", "RandomChoice has no argument q; it has transforms, p"},
    {"Compose([RandomInvert()])\nToTensor()", "line 2, column 1: expected the end of the text, found 'ToTensor'"},
    {"ImageClassification()", "ImageClassification: the argument crop_size is missing"},
};

static void test_wrong(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        tenka_transform *transform;
        const tenka_status status = tenka_transform_parse(ctx, wrong[i].text, &transform);
        if (status == TENKA_OK)
            fail_msg("it is taken: %s", wrong[i].text);
        assert_null(transform);
        assert_non_null(strstr(tenka_last_error(ctx), "transform, line "));
        assert_fails(ctx, status, TENKA_E_FORMAT, wrong[i].sentence);
    }
    assert_true(sizeof(wrong) / sizeof(wrong[0]) >= 40);
    assert_int_equal(tenka_transform_parse(ctx, NULL, &(tenka_transform *){NULL}), TENKA_E_INVALID);
    tenka_ctx_destroy(&ctx);
}

/* Each text cut off at each byte, and with each byte replaced: a sentence or a transform. */
static void test_damaged(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        for (size_t at = 0; same[i].text[at] != '\0'; at++)
            for (const char *with = "\0(),=\n'#", *end = with + 8; with < end; with++) {
                char text[600];
                tenka_transform *transform;
                snprintf(text, sizeof(text), "%s", same[i].text);
                text[at] = *with;
                const tenka_status status = tenka_transform_parse(ctx, text, &transform);
                assert_true((status == TENKA_OK) == (transform != NULL));
                assert_true(status == TENKA_OK || status == TENKA_E_FORMAT);
                tenka_transform_destroy(&transform);
            }
    tenka_ctx_destroy(&ctx);
}

/* Lists in lists end somewhere. */
static void test_deep(void **state)
{
    (void)state;
    enum { DEPTH = 5000 };
    static char text[DEPTH * 10];
    tenka_ctx *ctx = cpu(0);
    tenka_transform *transform;
    char *at = text;
    for (int i = 0; i < DEPTH; i++)
        at += sprintf(at, "Compose([");
    assert_fails(ctx, tenka_transform_parse(ctx, text, &transform), TENKA_E_FORMAT, "nested too deeply");
    memset(text, '(', sizeof(text) - 1);
    assert_fails(ctx, tenka_transform_parse(ctx, text, &transform), TENKA_E_FORMAT, "nested too deeply");
    tenka_ctx_destroy(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
