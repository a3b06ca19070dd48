#!/usr/bin/python3
"""Writes what PyTorch makes of numbers that hurt, by each elementwise operator: values and gradients in float32.

    tools/golden/elementwise_values.py > tests/golden/elementwise.txt

Needs Debian's python3-torch. A line "op NAME INPUTS FIRST SECOND" has the operator and its numbers; after it come a line
of each input, one of the result, and one of each input's gradient under a gradient of ones, "-" where there is none.
"""
import platform

import torch
import torch.nn.functional as F

NAN, INF = float("nan"), float("inf")
# 32 numbers: of other counts PyTorch computes the last ones otherwise, at kinks too.
X = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3.0, -3.0, 6.0, -6.0, 0.25, -0.25, 2.0, -2.0,
     20.0, -20.0, 100.0, -100.0, 1e4, -1e4, 1e-3, -1e-3, 1e-6, 0.75, -0.75]
NUMBERS = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 0.5, -2.0, 3.0, -3.0, 2.0]
PAIRS = [(a, b) for a in NUMBERS for b in NUMBERS]

UNARY = [
    ("relu", F.relu), ("tanh", torch.tanh), ("sigmoid", torch.sigmoid), ("silu", F.silu), ("gelu", F.gelu),
    ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh")), ("elu", F.elu, 1.5), ("selu", F.selu), ("celu", F.celu, 1.5),
    ("leaky_relu", F.leaky_relu, 0.25), ("relu6", F.relu6), ("hardtanh", F.hardtanh, -1.0, 2.0), ("hardswish", F.hardswish),
    ("hardsigmoid", F.hardsigmoid), ("softplus", F.softplus, 1.0, 20.0), ("softplus", F.softplus, 2.0, 3.0),
    ("softsign", F.softsign), ("mish", F.mish), ("logsigmoid", F.logsigmoid), ("hardshrink", F.hardshrink, 0.5),
    ("tanhshrink", F.tanhshrink), ("threshold", F.threshold, 0.5, 7.0), ("sqrt", torch.sqrt), ("rsqrt", torch.rsqrt),
    ("scale", torch.mul, -0.5), ("exp", torch.exp), ("log", torch.log), ("log1p", torch.log1p), ("expm1", torch.expm1),
    ("sin", torch.sin), ("cos", torch.cos), ("erf", torch.erf), ("abs", torch.abs), ("square", torch.square),
    ("reciprocal", torch.reciprocal), ("pow_scalar", torch.pow, 2.5), ("pow_scalar", torch.pow, 3.0),
    ("pow_scalar", torch.pow, -1.0), ("pow_scalar", torch.pow, 0.0), ("pow_scalar", torch.pow, 1.0),
    ("clamp", torch.clamp, -1.0, 2.0), ("clamp", torch.clamp, 2.0, -1.0), ("sign", torch.sign), ("floor", torch.floor),
    ("ceil", torch.ceil), ("round", torch.round),
]
CONSTANT = ("sign", "floor", "ceil", "round")
BINARY = [
    ("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div), ("maximum", torch.maximum),
    ("minimum", torch.minimum), ("pow", torch.pow), ("lt", torch.lt), ("le", torch.le), ("gt", torch.gt), ("ge", torch.ge),
    ("eq", torch.eq), ("ne", torch.ne),
]


def show(values):
    print(" ".join(f"{v:.9g}" for v in values.tolist()))


def write(name, function, inputs, numbers=(), variable=None):
    """variable: of each input, whether it has a gradient."""
    variable = [True] * len(inputs) if variable is None else variable
    x = [torch.tensor(values, requires_grad=v) for values, v in zip(inputs, variable)]
    y = function(*x, *numbers).to(torch.float32)
    first, second = (list(numbers) + [0.0, 0.0])[:2]
    print(f"op {name} {len(inputs)} {first:.9g} {second:.9g}")
    for values in x:
        show(values.detach())
    show(y.detach())
    if any(variable):
        y.backward(torch.ones_like(y))
    for values in x:
        if values.grad is None:
            print("-")
        else:
            show(values.grad)


def main():
    print(f"# PyTorch {torch.__version__}, Python {platform.python_version()}; written by tools/golden/elementwise_values.py")
    for name, function, *numbers in UNARY:
        write(name, function, [X], numbers, [name not in CONSTANT])
    a, b = zip(*PAIRS)
    for name, function in BINARY:
        compares = len(name) == 2
        write(name, function, [a, b], variable=[not compares] * 2)
    write("where", lambda c, x, y: torch.where(c != 0, x, y), [a, b, b[::-1]], variable=[False, True, True])


if __name__ == "__main__":
    main()
