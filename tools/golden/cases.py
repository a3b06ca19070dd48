"""How the cases of ops.py are made and written; its head describes the format."""
import zlib

import numpy as np
import torch

INF, NAN = float("inf"), float("nan")

lines = []


def seeded(*what):
    torch.manual_seed(zlib.crc32(repr(what).encode()))


def exact(values):
    """Values as float32 has them."""
    return torch.tensor(values, dtype=torch.float32).double()


def uniform(shape, low=-1.0, high=1.0):
    """Of three decimals: short to write, and in float32 with digits to the end, so that sums round."""
    values = torch.rand(tuple(shape), dtype=torch.float64) * (high - low) + low
    return exact([round(v, 3) for v in values.flatten().tolist()]).reshape(tuple(shape))


def ints(shape, end):
    return torch.randint(0, end, tuple(shape))


def short(value):
    return str(value) if isinstance(value, int) else str(np.float32(value))


def rounded(value):
    return f"{value:.15g}"


def text(tensor, form):
    shape = "x".join(map(str, tensor.shape)) or "-"
    return " ".join([shape] + [form(v) for v in tensor.detach().flatten().tolist()])


def of(*tensors):
    """Inputs that are differentiated."""
    return [("var", t) for t in tensors]


def begin(name, why, inputs, options=(), kind="plain"):
    lines.append(f"case {name} {kind} {why}")
    if options:
        lines.append("options " + " ".join(repr(float(v)) for v in options))
    for role, t in inputs:
        lines.append("in none" if role == "none" else f"in {role} {text(t, short)}")


def write(what, tensor):
    lines.append(f"{what} {text(tensor, rounded)}")


def case(name, why, function, inputs, options=(), kind="plain", dy=None):
    """function of the inputs' tensors; dy is drawn unless given. Buffers are written as they are afterwards."""
    seeded(name, why, options)
    begin(name, why, inputs, options, kind)
    tensors = [None if role == "none" else t.clone().requires_grad_(role == "var") for role, t in inputs]
    y = function(*tensors)
    whole = not y.is_floating_point() and y.dtype != torch.bool
    write("y i32" if whole else "y f32", y if whole else y.double())
    if y.requires_grad:
        dy = uniform(y.shape, 0.25, 1.25) * (1 - 2 * ints(y.shape, 2)) if dy is None else dy
        y.backward(dy)
        lines.append(f"dy f32 {text(dy, short)}")
        for i, t in enumerate(tensors):
            if t is not None and t.requires_grad:
                write(f"grad {i}", torch.zeros_like(t) if t.grad is None else t.grad)
    for i, (role, t) in enumerate(inputs):
        if role == "buffer":
            write(f"after {i}", tensors[i])
    lines.append("end")
