#!/usr/bin/python3
"""Writes what PyTorch shows of some networks: print(model), the state_dict's names, output shapes, parameter counts.

    tools/golden/model_text.py > tests/golden/model_text.txt

Needs Debian's python3-torch. Fields of a line are separated by tabs; "text N" is followed by N lines of
print(model).
"""
import platform
import sys
import warnings
from collections import OrderedDict

import torch
from torch import nn


class Net(nn.Module):
    """The reference network; the view between its halves is not in its text."""

    def __init__(self):
        super().__init__()
        self.base_net = nn.Sequential(
            nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, 40, 5), nn.ReLU())
        self.classfier = nn.Sequential(
            nn.Linear(2560, 100), nn.ReLU(), nn.Linear(100, 10), nn.LogSoftmax(dim=1))

    def forward(self, x):
        return self.classfier(self.base_net(x).view(-1, 2560))


class Block(nn.Module):
    def __init__(self, channels, out, p):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(p)

    def forward(self, x):
        return self.drop(self.act(self.bn(self.conv(x))))


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(OrderedDict([
            ("conv", nn.Conv2d(3, 8, kernel_size=(3, 5), stride=(2, 1), padding=(1, 2))), ("relu", nn.ReLU())]))
        self.blocks = nn.ModuleList([Block(8, 8, 0.25), Block(8, 16, 0)])
        self.nothing = nn.Sequential()
        self.spare = nn.ModuleList()
        self.head = nn.ModuleDict({"flat ten": nn.Flatten(), "out-put": nn.Linear(16 * 16 * 32, 7)})

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        x = self.nothing(x)
        for layer in self.head.values():
            x = layer(x)
        return x


class Réseau(nn.Module):
    def __init__(self):
        super().__init__()
        self.été = nn.Linear(4, 2)

    def forward(self, x):
        return self.été(x)


def deep(levels):
    model = nn.Sequential(nn.Linear(3, 3))
    for _ in range(levels):
        model = nn.Sequential(model, nn.ReLU())
    return model


def frozen():
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
    model[0].requires_grad_(False)
    return model


MODELS = [
    ("reference", Net, (2, 1, 28, 28)),
    ("nested", Nested, (2, 3, 32, 32)),
    ("parallel", lambda: nn.DataParallel(nn.Sequential(nn.Linear(4, 4))), (2, 4)),
    ("letters", Réseau, (3, 4)),
    ("deep", lambda: deep(20), (2, 3)),
    ("one layer", lambda: nn.Linear(5, 4, bias=False), (2, 5)),
    ("convolutions", lambda: nn.Sequential(
        nn.Conv2d(4, 8, 3), nn.Conv2d(8, 8, (3, 1), (2, 1), (1, 0), (2, 1), 4, True),
        nn.Conv2d(8, 6, [3, 5], groups=2, bias=False, padding=[2, 1]), nn.Conv2d(6, 6, 3, padding="same"),
        nn.Conv2d(6, 6, (5, 3), dilation=(1, 2), padding="same", bias=False),
        nn.Conv2d(6, 2, 3, padding="valid", stride=2)), (2, 4, 24, 24)),
    ("pooling", lambda: nn.Sequential(
        nn.MaxPool2d(2), nn.MaxPool2d(3, 2, 1), nn.MaxPool2d((2, 1), (1, 2)), nn.MaxPool2d([2, 2], ceil_mode=True),
        nn.MaxPool2d(kernel_size=2, stride=1, dilation=2), nn.MaxPool2d(2, padding=(1, 0), stride=[1, 1])),
     (2, 3, 80, 80)),
    ("means", lambda: nn.Sequential(
        nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1), nn.AvgPool2d((2, 1), (1, 2), padding=(1, 0)), nn.AdaptiveMaxPool2d((9, 7)),
        nn.AdaptiveAvgPool2d(5), nn.AdaptiveMaxPool2d(3)), (2, 3, 80, 80)),
    ("one axis", lambda: nn.Sequential(
        nn.MaxPool1d(2), nn.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True), nn.AvgPool1d(2),
        nn.AvgPool1d((3,), 2, (1,)), nn.AdaptiveAvgPool1d(7), nn.AdaptiveMaxPool1d(5), nn.Upsample(scale_factor=1.5),
        nn.Upsample(9, mode="linear"), nn.ConstantPad1d(1, 0.5), nn.ReflectionPad1d((2, 1)), nn.ReplicationPad1d((-1, 2))),
     (2, 3, 80)),
    ("planes", lambda: nn.Sequential(
        nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=(0.5, 1.5), mode="bilinear"), nn.Upsample(5),
        nn.Upsample((5, 6), mode="bilinear"), nn.UpsamplingNearest2d(scale_factor=2), nn.UpsamplingBilinear2d((8, 8)),
        nn.ZeroPad2d(2), nn.ZeroPad2d((1, -1, 0, 2)), nn.ConstantPad2d(1, 3.5), nn.ConstantPad2d([1, 2, 0, 0], 3),
        nn.ReflectionPad2d(1), nn.ReplicationPad2d((1, 0, 0, 2)), nn.ConstantPad3d((1, 1, 1, 1, 2, 2), -1), nn.Identity(),
        nn.AdaptiveAvgPool2d(8), nn.PixelShuffle(2), nn.PixelUnshuffle(4), nn.ChannelShuffle(4), nn.Unflatten(1, (4, -1)),
        nn.Flatten(1, 2), nn.Conv2d(32, 2, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(2, 2, (2, 4), padding="same", padding_mode="circular"), nn.Conv2d(2, 2, 2, padding="same")),
     (2, 4, 4, 5)),
    ("norms", lambda: nn.Sequential(
        nn.BatchNorm2d(3), nn.BatchNorm2d(3, 1e-3, 0.25), nn.BatchNorm2d(3, affine=False),
        nn.BatchNorm2d(3, track_running_stats=False), nn.BatchNorm2d(3, eps=1, momentum=1, affine=False,
                                                                     track_running_stats=False)), (4, 3, 5, 5)),
    ("more norms", lambda: nn.Sequential(
        nn.BatchNorm2d(4, momentum=None), nn.InstanceNorm2d(4), nn.InstanceNorm2d(4, 1e-3, 0.2, True, True),
        nn.GroupNorm(2, 4), nn.GroupNorm(4, 4, 1e-3, False), nn.LayerNorm(5),
        nn.LayerNorm((5, 5), eps=1e-6, elementwise_affine=False), nn.LayerNorm([4, 5, 5]), nn.LocalResponseNorm(3),
        nn.LocalResponseNorm(2, 1e-3, 0.5, 2), nn.Dropout2d(0.2, True), nn.AlphaDropout(), nn.PReLU(),
        nn.PReLU(4, init=0.1), nn.GLU(1), nn.GLU(-3)), (2, 4, 5, 5)),
    ("signals", lambda: nn.Sequential(
        nn.Conv1d(4, 6, 3), nn.BatchNorm1d(6, momentum=None), nn.InstanceNorm1d(6, affine=True), nn.Dropout1d(0.1),
        nn.Conv1d(6, 6, (3,), padding="same", dilation=2, groups=3, bias=False), nn.Conv1d(6, 4, [5], 2, (2,)),
        nn.ConvTranspose1d(4, 4, 3), nn.ConvTranspose1d(4, 6, [4], 2, 1, 1, 2, False, (3,)), nn.Flatten(),
        nn.BatchNorm1d(234, affine=False)), (2, 4, 30)),
    ("transposed", lambda: nn.Sequential(
        nn.ConvTranspose2d(4, 6, 3), nn.ConvTranspose2d(6, 4, (3, 2), stride=2, padding=1, output_padding=1, groups=2,
                                                        bias=False, dilation=(2, 1)),
        nn.ConvTranspose2d(4, 2, [2, 2], [2, 1], output_padding=(1, 0))), (2, 4, 5, 6)),
    ("plain", lambda: nn.Sequential(
        nn.ReLU(True), nn.Dropout(), nn.Dropout(0.1234567890123, True), nn.Dropout(1e-7), nn.Dropout(p=1),
        nn.Dropout(1 / 3), nn.Identity(), nn.Identity(54, unused=0.1), nn.Tanh(),
        nn.Softmax(dim=-1), nn.Softmax(1), nn.Softmax(),
        nn.LogSoftmax(-2), nn.LogSoftmax(), nn.Flatten(0), nn.Softmax()), (3, 4)),
    ("activations", lambda: nn.Sequential(
        nn.Sigmoid(), nn.SiLU(), nn.SiLU(True), nn.GELU(), nn.GELU("tanh"), nn.GELU(approximate="none"), nn.ELU(),
        nn.ELU(2), nn.ELU(0.5, True), nn.SELU(), nn.SELU(True), nn.CELU(), nn.CELU(2.0, True), nn.LeakyReLU(),
        nn.LeakyReLU(0.2, True), nn.ReLU6(), nn.ReLU6(True), nn.Hardtanh(), nn.Hardtanh(-2, 2.5, inplace=True),
        nn.Hardswish(), nn.Hardswish(True), nn.Hardsigmoid(), nn.Hardsigmoid(True), nn.Softplus(), nn.Softplus(2.0, 10.5),
        nn.Softplus(3), nn.Softsign(), nn.Mish(), nn.Mish(True), nn.LogSigmoid(), nn.Hardshrink(), nn.Hardshrink(1),
        nn.Tanhshrink(), nn.Threshold(0.1, 20), nn.Threshold(1, -2.5, True), nn.Tanh()), (3, 4)),
    ("flatten", lambda: nn.Sequential(
        nn.Flatten(2), nn.Softmax(), nn.Flatten(1, 2), nn.Flatten(-1, -1), nn.Flatten(0, 1)), (2, 3, 4, 5)),
    ("three axes", lambda: nn.Sequential(nn.Linear(5, 6), nn.LogSoftmax(), nn.Flatten(-2, -1)), (2, 3, 5)),
    ("frozen", frozen, (2, 6)),
    ("rows", lambda: nn.Sequential(nn.Embedding(10, 3), nn.Flatten(), nn.Linear(15, 2)), (2, 5)),
    ("padded rows", lambda: nn.Embedding(7, 4, padding_idx=-2), (3, 4, 2)),
]


def output_shapes(model, shape):
    """The shape of every module's last output, by id."""
    shapes = {}

    def remember(module, _, output):
        shapes[id(module)] = output.shape

    hooks = [module.register_forward_hook(remember) for module in model.modules()]
    first = next((m for m in model.modules() if not any(m.children())), model)
    model(torch.zeros(shape, dtype=torch.long if isinstance(first, nn.Embedding) else None))
    for hook in hooks:
        hook.remove()
    return shapes


def dims(shape):
    return "-" if shape is None else " ".join(str(n) for n in shape) or "scalar"


def count(parameters):
    return sum(p.numel() for p in parameters)


def write(name, model, shape):
    text = str(model).split("\n")
    shapes = output_shapes(model, shape)
    modules = list(model.named_modules())
    print(f"model\t{name}\ninput\t{dims(shape)}\ntext\t{len(text)}")
    print("\n".join(text))
    for key, value in model.state_dict().items():
        print(f"state\t{key}\t{dims(value.shape)}")
    for path, module in modules:
        own = list(module.parameters(recurse=False))
        print(f"module\t{path}\t{type(module).__name__}\t{dims(shapes.get(id(module)))}\t{count(own)}")
    every = list(model.parameters())
    print(f"total\t{count(every)}\t{count(p for p in every if p.requires_grad)}\nend")


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    warnings.simplefilter("ignore")  # of dim=None, which is tested here
    print(f"# PyTorch {torch.__version__}, Python {platform.python_version()}; written by tools/golden/model_text.py")
    for name, make, shape in MODELS:
        write(name, make(), shape)


if __name__ == "__main__":
    main()
