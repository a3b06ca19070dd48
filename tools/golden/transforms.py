#!/usr/bin/env python3
"""Writes what torchvision's transforms make of small pictures, and how what they draw is distributed.

    tools/golden/transforms.py tests/golden/transforms.txt.gz

Needs torchvision 0.17 and Pillow 13, or later ones. A line is one of

    picture NAME WIDTH HEIGHT CHANNELS PIXELS
    pixels PICTURE WIDTH HEIGHT CHANNELS TEXT | NUMBERS | PIXELS      TEXT's transform, which drew NUMBERS
    floats PICTURE WIDTH HEIGHT CHANNELS TEXT | FLOATS                a tensor, the bits of its floats
    print TEXT | PRINTED                                              what print() shows, with \\n for a new line
    drawn WIDTH HEIGHT INDEX TEXT | MEAN DEVIATION ACTS | QUANTILES   number INDEX of what is drawn; how often it acts
    policy WIDTH HEIGHT TEXT | OPERATION:SHARE:MEAN:DEVIATION ...     operations and their magnitudes
    mix ALPHA MEAN DEVIATION QUANTILES                                lambda

Pixels are hexadecimal digits, row after row; floats are those of their bits, plane after plane.
"""
import gzip
import io
import math
import sys

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T
from torchvision.transforms import autoaugment
from torchvision.transforms import functional as F
from torchvision.transforms.functional import InterpolationMode as M

DRAWS = 20000
QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
MODES = {mode.value: mode for mode in M}
WARPS = ("nearest", "bilinear", "bicubic")
NAMES = {name: getattr(T, name) for name in T.__dict__ if isinstance(getattr(T, name), type)}
NAMES.update({mode.value: mode for mode in M if mode is not M.NEAREST_EXACT})
NAMES.update(constant="constant", edge="edge", reflect="reflect", symmetric="symmetric", random="random",
             imagenet=T.AutoAugmentPolicy.IMAGENET, cifar10=T.AutoAugmentPolicy.CIFAR10,
             svhn=T.AutoAugmentPolicy.SVHN, torch=torch)


def scene(width, height, channels):
    """Something smooth with an edge and noise; the shades do not reach black and white in every channel."""
    random = np.random.RandomState(width * 100 + height * 10 + channels)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    planes = [0.5 + (0.35 + 0.1 * c) * np.sin(8 * x + 5 * y * (c + 1) + c) for c in range(channels)]
    image = np.stack(planes, axis=2)
    image[(x - 0.5) ** 2 + (y - 0.3) ** 2 < 0.05] *= 0.4
    image += random.uniform(-0.06, 0.06, image.shape)
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def image_of(pixels):
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def bytes_of(image):
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def make(text):
    return eval(text, dict(NAMES))


# ---- Functions with given numbers ----

def act(transform, image, v):
    """What a transform does that drew v."""
    t = transform
    name = type(t).__name__
    if name == "RandomHorizontalFlip":
        return F.hflip(image)
    if name == "RandomVerticalFlip":
        return F.vflip(image)
    if name == "RandomCrop":
        if t.padding is not None:
            image = F.pad(image, t.padding, t.fill, t.padding_mode)
        if t.pad_if_needed and image.width < t.size[1]:
            image = F.pad(image, [t.size[1] - image.width, 0], t.fill, t.padding_mode)
        if t.pad_if_needed and image.height < t.size[0]:
            image = F.pad(image, [0, t.size[0] - image.height], t.fill, t.padding_mode)
        return F.crop(image, int(v[0]), int(v[1]), *t.size)
    if name == "RandomResizedCrop":
        return F.resized_crop(image, *map(int, v), t.size, t.interpolation)
    if name == "RandomRotation":
        return F.rotate(image, v[0], t.interpolation, t.expand, t.center, t.fill)
    if name == "RandomAffine":
        return F.affine(image, v[0], [int(v[1]), int(v[2])], v[3], [v[4], v[5]], t.interpolation, t.fill, t.center)
    if name == "RandomPerspective":
        w, h = image.size
        start = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
        end = [[int(v[i]), int(v[i + 1])] for i in range(0, 8, 2)]
        return F.perspective(image, start, end, t.interpolation, t.fill)
    if name == "ColorJitter":
        adjust = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for which in map(int, v[:4]):
            if not math.isnan(v[4 + which]):
                image = adjust[which](image, v[4 + which])
        return image
    if name == "RandomGrayscale":
        return F.rgb_to_grayscale(image, len(image.getbands()))
    if name == "GaussianBlur":
        return F.gaussian_blur(image, t.kernel_size, [v[0], v[0]])
    if name == "RandomInvert":
        return F.invert(image)
    if name == "RandomPosterize":
        return F.posterize(image, t.bits)
    if name == "RandomSolarize":
        return F.solarize(image, t.threshold)
    if name == "RandomAdjustSharpness":
        return F.adjust_sharpness(image, t.sharpness_factor)
    if name == "RandomAutocontrast":
        return F.autocontrast(image)
    if name == "RandomEqualize":
        return F.equalize(image)
    if name in ("RandAugment", "TrivialAugmentWide", "AutoAugment"):
        for i in range(int(v[0])):
            image = autoaugment._apply_op(image, OPERATIONS[int(v[1 + 2 * i])], v[2 + 2 * i], t.interpolation, t.fill)
        return image
    return t(image)


OPERATIONS = ("Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast",
              "Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize", "Invert")


def pixel_cases():
    for mode in ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"):
        for size in ("(9, 7)", "(40, 33)", "(5, 31)", "12", "37"):
            yield f"Resize({size}, interpolation={mode})", ()
        yield f"RandomResizedCrop((8, 11), interpolation={mode})", (3, 2, 13, 17)
    yield "Resize(20, max_size=24)", ()
    yield "Resize((17, 23))", ()
    yield "Resize((17, 9))", ()
    for size in ("8", "(5, 11)", "(40, 10)", "(33, 41)", "(18, 30)"):
        yield f"CenterCrop({size})", ()
    for padding in ("2", "(1, 3)", "(4, 0, 2, 1)"):
        for mode in ("constant", "edge", "reflect", "symmetric"):
            yield f"Pad({padding}, padding_mode={mode})", ()
    yield "Pad(3, fill=77)", ()
    yield "Pad((40, 30), padding_mode=reflect)", ()
    yield "Pad((40, 30), padding_mode=symmetric)", ()
    yield "RandomCrop(12, padding=4)", (5, 7)
    yield "RandomCrop((30, 40), padding=(1, 2), pad_if_needed=True, fill=9)", (7, 11)
    yield "RandomCrop((30, 20), pad_if_needed=True, padding_mode=reflect)", (3, 1)
    yield "RandomHorizontalFlip()", ()
    yield "RandomVerticalFlip()", ()
    for mode in WARPS:
        for angle in (0.0, 90.0, 180.0, 270.0, 33.7, -12.25, 359.0, 1e-7, 200.0):
            yield f"RandomRotation(180, interpolation={mode})", (angle,)
        yield f"RandomRotation(180, interpolation={mode}, expand=True)", (33.7,)
        yield f"RandomRotation(180, interpolation={mode}, expand=True)", (90.0,)
        yield f"RandomRotation(180, interpolation={mode}, center=(3, 14), fill=99)", (-50.5,)
        yield f"RandomAffine(0, interpolation={mode})", (0.0, 0, 0, 1.0, 0.0, 0.0)
        yield f"RandomAffine(0, interpolation={mode})", (0.0, 3, -2, 1.0, 0.0, 0.0)
        yield f"RandomAffine(0, interpolation={mode})", (0.0, 0, 0, 1.37, 0.0, 0.0)
        yield f"RandomAffine(0, interpolation={mode}, fill=50)", (21.5, 2, 1, 0.8, 7.0, -11.0)
        yield f"RandomAffine(0, interpolation={mode}, center=(2, 5))", (-70.0, -3, 4, 1.6, -20.0, 0.0)
        yield f"RandomPerspective(interpolation={mode})", (2, 1, 19, 3, 21, 15, 1, 13)
        yield f"RandomPerspective(interpolation={mode}, fill=200)", (5, 3, 17, 0, 14, 10, 4, 16)
        yield f"RandomPerspective(interpolation={mode})", (0, 0, 22, 0, 22, 16, 0, 16)
    nan = math.nan
    for i, factors in enumerate(((0.0, 0.5, 1.0, 1.3, 2.5), (0.0, 0.5, 1.0, 1.3, 2.5), (0.0, 0.5, 1.0, 1.3, 2.5),
                                 (-0.5, -0.1, 0.0, 0.05, 0.33, 0.5))):
        for factor in factors:
            yield "ColorJitter(1, 1, 1, 0.5)", (0, 1, 2, 3) + tuple(factor if j == i else nan for j in range(4))
    yield "ColorJitter(1, 1, 1, 0.5)", (3, 1, 0, 2, 1.2, 0.7, 1.4, -0.07)
    yield "ColorJitter(1, 1, 1, 0.5)", (2, 3, 1, 0, 0.6, 1.3, 0.2, 0.11)
    yield "Grayscale(1)", ()
    yield "Grayscale(3)", ()
    yield "RandomGrayscale()", ()
    for size in ("3", "(5, 9)", "(13, 1)"):
        for sigma in (0.3, 1.1, 2.0):
            yield f"GaussianBlur({size})", (sigma,)
    yield "RandomInvert()", ()
    for bits in range(1, 9):
        yield f"RandomPosterize({bits})", ()
    for threshold in ("0", "127.5", "128", "255", "256"):
        yield f"RandomSolarize({threshold})", ()
    for factor in ("0", "0.4", "1", "2", "7.5"):
        yield f"RandomAdjustSharpness({factor})", ()
    yield "RandomAutocontrast()", ()
    yield "RandomEqualize()", ()
    for which, magnitudes in enumerate(((0,), (0.3, -0.17), (0.29, -0.3), (7.9, -7.9), (5.2, -0.4), (30.0, -13.0),
                                        (0.9, -0.9), (0.5, -0.4), (0.7, -0.99), (0.9, -0.6), (4, 8), (0.0, 90.3), (0,),
                                        (0,), (0,))):
        for magnitude in magnitudes:
            yield "RandAugment()", (1, which, magnitude)
            yield "TrivialAugmentWide(interpolation=bilinear, fill=30)", (1, which, magnitude)
    yield "AutoAugment(cifar10)", (2, 9, 0.3, 3, 7.0)


FLOATS = (
    "ToTensor()",
    "PILToTensor()",
    "Compose([PILToTensor(), ConvertImageDtype(torch.float)])",
    "Compose([ToTensor(), Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])",
    "Compose([ToTensor(), Normalize([0.5], [0.25]), Normalize((0.1,), (3,))])",
    "Compose([Resize(12), CenterCrop(10), ToTensor(), Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])",
    "Compose([ToTensor(), CenterCrop((20, 9)), RandomHorizontalFlip(1), Pad(1), Normalize((0.5,), (0.5,))])",
    "Compose([ToTensor(), Normalize((0.5,), (0.5,)), RandomVerticalFlip(1)])",
)


# ---- What is printed ----

PRINTED = (
    "Compose([Resize(256), CenterCrop(224), ToTensor(), Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])",
    "Compose([RandomResizedCrop(224), RandomHorizontalFlip(), PILToTensor(), ConvertImageDtype(torch.float)])",
    "Compose([RandomCrop(32, padding=4), RandomHorizontalFlip(p=0.25), RandomVerticalFlip(), ToTensor()])",
    "Compose([Resize((128, 96), interpolation=bicubic), Pad((1, 2), fill=3, padding_mode=edge)])",
    "Compose([RandomRotation(15), RandomRotation((-5, 90), interpolation=bilinear, expand=True, center=(3, 4))])",
    "Compose([RandomAffine(10), RandomAffine((-3, 4), translate=(0.1, 0.2), scale=(0.5, 1.5), shear=(1, 2, 3, 4), "
    "interpolation=bilinear, fill=7, center=(0, 1))])",
    "Compose([RandomAffine(0, shear=10), RandomPerspective(), RandomPerspective(p=1.0)])",
    "Compose([ColorJitter(0.4, 0.4, 0.4, 0.1), ColorJitter(brightness=(0.5, 0.6)), ColorJitter(hue=0.5)])",
    "Compose([Grayscale(), Grayscale(3), RandomGrayscale(), RandomGrayscale(0.2), GaussianBlur(5)])",
    "Compose([GaussianBlur((3, 7), sigma=(0.2, 1.5)), GaussianBlur(9, 1.5), RandomInvert(), RandomPosterize(2)])",
    "Compose([RandomSolarize(128), RandomAdjustSharpness(2.0, p=0.3), RandomAutocontrast(), RandomEqualize(0.1)])",
    "Compose([RandAugment(), RandAugment(3, 5, 10, bilinear, 3), TrivialAugmentWide(), AutoAugment()])",
    "Compose([AutoAugment(svhn), TrivialAugmentWide(num_magnitude_bins=7), AutoAugment(cifar10)])",
    "Compose([ToTensor(), RandomErasing(), RandomErasing(0.1, (0.02, 0.2), (0.5, 2.0), value='random')])",
    "Compose([RandomApply([ColorJitter(0.5), Grayscale(3)], p=0.3), RandomChoice([RandomInvert(), RandomEqualize()])])",
    "Compose([RandomOrder([RandomInvert(), RandomEqualize()]), RandomChoice([RandomInvert(), RandomEqualize()], "
    "p=[0.25, 0.75])])",
    "Compose([Compose([RandomInvert()]), RandomApply([RandomApply([RandomEqualize()])])])",
    "Resize(12)",
    "Compose([])",
)


# ---- What is drawn ----

def draw(transform, width, height):
    """One sample of what the transform draws; None: it does nothing."""
    t = transform
    name = type(t).__name__
    if getattr(t, "p", None) is not None and not torch.rand(1) < t.p:
        return None
    if name == "RandomCrop":
        return t.get_params(torch.empty(3, height, width), t.size)[:2]
    if name == "RandomResizedCrop":
        return t.get_params(torch.empty(3, height, width), t.scale, t.ratio)
    if name == "RandomRotation":
        return (t.get_params(t.degrees),)
    if name == "RandomAffine":
        angle, move, scale, shear = t.get_params(t.degrees, t.translate, t.scale, t.shear, [width, height])
        return (angle, *move, scale, *shear)
    if name == "RandomPerspective":
        return sum(t.get_params(width, height, t.distortion_scale)[1], [])
    if name == "ColorJitter":
        order, *factors = t.get_params(t.brightness, t.contrast, t.saturation, t.hue)
        return (*map(float, order), *(math.nan if f is None else f for f in factors))
    if name == "GaussianBlur":
        return (t.get_params(*t.sigma),)
    if name == "RandomErasing":
        i, j, h, w, v = t.get_params(torch.empty(3, height, width), t.scale, t.ratio, [0.0])
        return None if v.shape[-1] == width else (i, j, h, w)
    return ()


DRAWN = (
    (60, 40, "RandomHorizontalFlip()"),
    (60, 40, "RandomVerticalFlip(0.2)"),
    (60, 40, "RandomCrop((11, 32))"),
    (60, 40, "RandomResizedCrop(224)"),
    (500, 375, "RandomResizedCrop(224, scale=(0.5, 0.9), ratio=(0.9, 2.0))"),
    (300, 20, "RandomResizedCrop(224, scale=(0.8, 1.0))"),
    (20, 300, "RandomResizedCrop(224, scale=(0.8, 1.0))"),
    (60, 40, "RandomRotation(30)"),
    (60, 40, "RandomRotation((5, 95))"),
    (60, 40, "RandomAffine(15, translate=(0.1, 0.3), scale=(0.7, 1.3), shear=(-5, 5, 1, 9))"),
    (60, 40, "RandomAffine((0, 3), shear=8)"),
    (61, 41, "RandomPerspective()"),
    (60, 40, "RandomPerspective(0.9, 0.3)"),
    (60, 40, "ColorJitter(0.4, 0.3, 0.7, 0.1)"),
    (60, 40, "ColorJitter(brightness=(0.5, 3), hue=(-0.2, 0.5))"),
    (60, 40, "RandomGrayscale()"),
    (60, 40, "GaussianBlur(5)"),
    (60, 40, "RandomErasing()"),
    (60, 40, "RandomErasing(0.9, (0.3, 1.0), (0.2, 5.0))"),
    (60, 40, "RandomEqualize(0.7)"),
)


def drawn_lines(width, height, text):
    transform = make(text)
    samples = [draw(transform, width, height) for _ in range(DRAWS)]
    acts = [s for s in samples if s is not None]
    share = len(acts) / DRAWS
    numbers = np.array(acts, dtype=np.float64).T if acts and len(acts[0]) > 0 else []
    for index, values in enumerate(numbers):
        if np.isnan(values[0]):
            continue
        quantiles = " ".join(f"{q:.6g}" for q in np.quantile(values, QUANTILES))
        mean = f"{values.mean():.6g} {values.std():.6g}"
        yield f"drawn {width} {height} {index} {text} | {mean} {share:.5f} | {quantiles}"
    if len(numbers) == 0:
        yield f"drawn {width} {height} -1 {text} | 0 0 {share:.5f} | 0 0 0 0 0 0 0"


POLICIES = (
    (60, 40, "RandAugment()"),
    (60, 40, "RandAugment(3, 7, 10)"),
    (60, 40, "TrivialAugmentWide()"),
    (60, 40, "TrivialAugmentWide(5)"),
    (60, 40, "AutoAugment(imagenet)"),
    (60, 40, "AutoAugment(cifar10)"),
    (60, 40, "AutoAugment(svhn)"),
)


def policy_line(width, height, text):
    """How often each operation comes, in a sample, and with which magnitudes."""
    transform, seen = make(text), {}
    image = Image.new("RGB", (width, height))
    original = autoaugment._apply_op

    def note(img, name, magnitude, interpolation, fill):
        seen.setdefault(name, []).append(magnitude)
        return img

    autoaugment._apply_op = note
    for _ in range(DRAWS):
        transform(image)
    autoaugment._apply_op = original
    parts = " ".join(f"{OPERATIONS.index(name)}:{len(values) / DRAWS:.5f}:{np.mean(values):.6g}:{np.std(values):.6g}"
                     for name, values in sorted(seen.items(), key=lambda item: OPERATIONS.index(item[0])))
    return f"policy {width} {height} {text} | {parts}"


# ---- Writing ----

def lines():
    pictures = {f"{w}x{h}x{c}": scene(w, h, c) for w, h in ((23, 17), (16, 16), (1, 1), (5, 2)) for c in (1, 3)}
    for name, pixels in pictures.items():
        h, w, c = pixels.shape
        yield f"picture {name} {w} {h} {c} {pixels.tobytes().hex()}"
    for text, numbers in pixel_cases():
        names = ["23x17x3", "23x17x1"]
        if not numbers or text.startswith(("RandomRot", "Color", "RandAug")):
            names += ["16x16x3", "1x1x3", "5x2x1"]
        for name in names:
            try:
                result = bytes_of(act(make(text), image_of(pictures[name]), numbers))
            except (ValueError, RuntimeError, TypeError):
                continue  # a crop larger than the picture, a blur wider than it
            h, w, c = result.shape
            drawn = " ".join(repr(float(v)) for v in numbers)
            yield f"pixels {name} {w} {h} {c} {text} | {drawn} | {result.tobytes().hex()}"
    for text in FLOATS:
        for name in ("23x17x3", "23x17x1", "1x1x3"):
            try:
                result = make(text)(image_of(pictures[name]))
            except RuntimeError:
                continue  # three means for one channel
            if result.dtype == torch.uint8:
                data = result.contiguous().numpy().tobytes().hex()
            else:
                data = "".join(f"{v:08x}" for v in result.contiguous().numpy().view(np.uint32).ravel())
            c, h, w = result.shape
            yield f"floats {name} {w} {h} {c} {text} | {data}"
    for text in PRINTED:
        printed = str(make(text)).replace("\n", "\\n")
        yield f"print {text} | {printed}"
    for width, height, text in DRAWN:
        yield from drawn_lines(width, height, text)
    for case in POLICIES:
        yield policy_line(*case)
    for alpha in (0.1, 0.2, 0.4, 1.0, 2.5):
        values = np.array([torch._sample_dirichlet(torch.tensor([alpha, alpha], dtype=torch.float64))[0].item()
                           for _ in range(DRAWS)])
        quantiles = " ".join(f"{q:.6g}" for q in np.quantile(values, QUANTILES))
        yield f"mix {alpha} {values.mean():.6g} {values.std():.6g} {quantiles}"


def main():
    import warnings
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    text = io.StringIO()
    for line in lines():
        text.write(line + "\n")
    with open(sys.argv[1], "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(text.getvalue().encode())


main()
