#!/usr/bin/env python3
"""Writes what torchvision's MixUp and CutMix make of batches, and the loss and its gradient of what they become.

    tools/golden/mixing.py > tests/golden/mixing.txt

The format, a case being the lines from "case" to "end":
    case NAME COUNT CHANNELS HEIGHT WIDTH CLASSES SMOOTHING
    drawn LAMBDA LEFT TOP RIGHT BOTTOM     the rectangle is 0 0 0 0 of MixUp
    bytes HEX                              the pictures, which (x / 255 - 0.45) / 0.25 normalises
    labels NUMBER...
    mixed HEX                              the bits of each float32; the partner is the picture before
    shares HEX                             the targets, likewise
    logits NUMBER...
    loss NUMBER                            CrossEntropyLoss(label_smoothing=SMOOTHING), in float64
    grad NUMBER...                         of logits
    end
Needs torchvision 0.16 or a later one.
"""
import torch
from torchvision.transforms import v2


def floats(what, tensor):
    print(what, tensor.flatten().numpy().astype(">f4").tobytes().hex())


def numbers(what, tensor):
    print(what, *(f"{v:.15g}" for v in tensor.flatten().tolist()))


def case(name, transform, shape, classes, smoothing):
    """transform draws, and what it has drawn is written."""
    drawn = {}
    draw = transform.make_params
    transform.make_params = lambda inputs: drawn.setdefault("params", draw(inputs))
    pictures = torch.randint(0, 256, shape, dtype=torch.uint8)
    labels = torch.randint(0, classes, shape[:1])
    x = pictures.float().div(255).sub(0.45).div(0.25)
    mixed, shares = transform(x, labels)
    logits = torch.tensor([round(v, 3) for v in torch.randn(shape[0] * classes).tolist()], dtype=torch.float32)
    logits = logits.double().reshape(shape[0], classes).requires_grad_()
    loss = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, shares.double())
    loss.backward()
    params = drawn["params"]
    print("case", name, *shape, classes, smoothing)
    print("drawn", repr(params.get("lam", params.get("lam_adjusted"))), *params.get("box", (0, 0, 0, 0)))
    print("bytes", bytes(pictures.flatten().tolist()).hex())
    print("labels", *labels.tolist())
    floats("mixed", mixed)
    floats("shares", shares)
    numbers("logits", logits.detach())
    numbers("loss", loss.detach())
    numbers("grad", logits.grad)
    print("end")


def main():
    torch.manual_seed(15)
    for name, of, alpha in (("mixup", v2.MixUp, 0.2), ("mixup", v2.MixUp, 1.0), ("cutmix", v2.CutMix, 1.0),
                            ("cutmix", v2.CutMix, 0.3)):
        for shape, classes, smoothing in (((4, 3, 5, 6), 3, 0.1), ((7, 1, 6, 5), 10, 0.0), ((1, 3, 4, 4), 2, 0.1)):
            case(name, of(alpha=alpha, num_classes=classes), shape, classes, smoothing)


if __name__ == "__main__":
    main()
