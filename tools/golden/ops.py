#!/usr/bin/python3
"""Writes PyTorch's float64 numbers for every operator: values, and gradients for a dy that is not all ones.

    tools/golden/ops.py tests/golden/ops.txt.gz

tests/test_golden_ops.c repeats them on each device. It fails when src/op/ops.def has an operator, or a public header a
function, that is neither here nor in its list of exceptions. Each case draws from a seed of its own, so that a new one
leaves the numbers of the others alone.

The format, a case being the lines from "case" to "end":
    case NAME KIND WHY           KIND: plain; tiny: near 0; far: where functions overflow, saturate, are not defined
    options NUMBER...
    in ROLE SHAPE NUMBER...      ROLE: var, differentiated; const; buffer, written by the operator; i32; u8; none
    y DTYPE SHAPE NUMBER...
    dy f32 SHAPE NUMBER...
    grad INPUT SHAPE NUMBER...
    after INPUT SHAPE NUMBER...  content of a buffer or a parameter afterwards
    end
and the last line is "cases" and how many there are. What goes in (in, dy) is float32, in as few digits as tell it from
its neighbours, and is computed with as float64. What comes out has 15 digits.

An elementwise operator is a row in elementwise.py beside this file, and nothing else. Needs Debian's python3-torch.
"""
import gzip
import pathlib
import re
import sys

import torch
import torch.nn.functional as F

from cases import INF, NAN, begin, case, exact, ints, lines, of, seeded, uniform, write
from elementwise import BINARY, CANCELS, STEPS, UNARY
from losses import wide_losses
from normalisation import batches, gates, instance_normalisation, normalisation, row_normalisation

ELEMENTS = pathlib.Path(__file__).resolve().parents[2] / "shaders" / "common" / "elementwise.def"

LARGEST = 3.4028234663852886e38
# The zeros come first: a device without subnormal numbers takes those for them. dy is the same for all.
TINY = [0.0, -0.0] + [sign * x for x in (1e-45, 1e-40, 1e-38, 2e-38, 1e-30, 1e-20, 1e-10, 1e-7, 1e-5, 1e-4, 1e-3)
                      for sign in (1, -1)]
FAR = [NAN, INF, -INF, 0.0, -0.0] + [
    sign * x for x in (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 9, 10, 13, 20, 21, 30, 50, 88, 89, 103, 104, 128, 200, 1000,
                       65504, 8388609, 1e9, 1e20, 1e30, LARGEST) for sign in (1, -1)]
PAIRED = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 3.0, -1e30, 1e30, 1e-30, 100.0, LARGEST]
SHAPES = [((37,), (37,)), ((), ()), ((), (3, 5)), ((3, 5), ()), ((5, 6), (6,)), ((5, 6), (5, 1)), ((5, 1), (1, 6)),
          ((3, 1, 1), (2, 3, 2, 3)), ((2, 1, 3, 1, 2, 1), (1, 2, 1, 2, 1, 3))]


# ---- Elementwise ----


def same(a, b):
    return torch.allclose(a, b, 1e-13, 0, equal_nan=True)


def made_of(function, values, n, dy, dtype=torch.float64):
    """What PyTorch makes of an element repeated n times: the value, then the gradients."""
    inputs = [v.to(dtype).repeat(n).requires_grad_() for v in values]
    y = function(*inputs)
    if y.requires_grad:
        y.backward(torch.full_like(y, dy))
    return [y.detach()[:1].double()] + [t.grad[:1] for t in inputs if t.grad is not None]


def agrees(function, *values):
    """Whether PyTorch's loop over vectors makes of an element what its loop over the rest does, a zero's sign too."""
    (y, *grads), (wide, *wide_grads) = (made_of(function, values, n, 1.5) for n in (1, 64))
    return same(y, wide) and (y.isnan().item() or torch.equal(y.signbit(), wide.signbit())) and all(
        map(same, grads, wide_grads))


def fits(function, *values):
    """Whether PyTorch's gradients in float32 are finite where float32 can hold those of float64: on the way to them there
    may be a number that it cannot hold."""
    exactly, roughly = (made_of(function, values, 64, 0.25, dtype) for dtype in (torch.float64, torch.float32))
    return all(torch.equal(e.float().isfinite(), r.isfinite()) for e, r in zip(exactly, roughly))


def defined(name, function, *inputs):
    """The elements of which PyTorch makes the same wherever they stand, and in float32 as in float64; the others are not
    held against anybody."""
    elements = [[t[i:i + 1] for t in inputs] for i in range(len(inputs[0]))]
    keep = [agrees(function, *element) and fits(function, *element) for element in elements]
    left_out = [tuple(t[i].item() for t in inputs) for i, kept in enumerate(keep) if not kept]
    if left_out:
        print(f"{name}: PyTorch, which contradicts itself, is not asked at", *left_out, file=sys.stderr)
    return [t[torch.tensor(keep)] for t in inputs]


def unary(name, function, numbers, span):
    for values in numbers:
        def f(x):
            return function(x, *values)
        seeded(name, values)
        said = f" with {', '.join(map(str, values))}" if values else ""
        case(name, "ordinary values" + said, f, of(uniform((3, 43), *span)), values)
        case(name, "a scalar" + said, f, of(uniform((), *span)), values)
        tiny, = defined(name, f, exact(TINY))
        far, = defined(name, f, exact(FAR + [v for v in values if v not in FAR]))
        if not torch.equal(tiny[:2].signbit(), torch.tensor([False, True])):
            sys.exit(f"ops.py: {name} needs its zeros: see TINY")
        if name not in CANCELS:
            case(name, "near 0" + said, f, of(tiny), values, "tiny", torch.full_like(tiny, 1.5))
        case(name, "far away" + said, f, of(far), values, "far")


def binary(name, function, span_a, span_b):
    for a, b in SHAPES:
        seeded(name, a, b)
        case(name, f"{list(a)} and {list(b)}", function, of(uniform(a, *span_a), uniform(b, *span_b)))
    a, b = torch.meshgrid(exact(PAIRED), exact(PAIRED), indexing="ij")
    hurt = defined(name, function, a.flatten(), b.flatten())
    case(name, "pairs of values that hurt", function, of(*hurt), kind="far")


def elementwise():
    there = set(re.findall(r"^TENKA_(?:UNARY|ACTIVATION|BINARY)\((\w+)", ELEMENTS.read_text(), re.M))
    later = []
    for rows, write_row in ((UNARY, unary), (STEPS, unary), (BINARY, binary)):
        for name, function, *rest in rows:
            if name not in there:
                later.append(name)
            elif rows is STEPS:
                unary(name, lambda x, f=function: f(x.detach()), *rest)
            else:
                write_row(name, function, *rest)
    print("not in elementwise.def yet, left out: " + " ".join(later), file=sys.stderr)
    lacking = there - {row[0] for row in UNARY + STEPS + BINARY}
    if lacking:
        sys.exit("ops.py: no row for " + " ".join(sorted(lacking)))


# ---- Shapes, selection, reductions ----


def shapes():
    seeded("shapes")
    case("reshape", "to other axes", lambda x: x.reshape(4, 3, 5), of(uniform((6, 10))), (4, 3, 5))
    case("reshape", "to a scalar", lambda x: x.reshape(()), of(uniform((1, 1))))
    case("flatten", "all axes", lambda x: torch.flatten(x, 0), of(uniform((2, 3, 4))), (0,))
    case("flatten", "but the first", lambda x: torch.flatten(x, 1), of(uniform((2, 3, 4))), (1,))
    case("transpose", "a matrix", lambda x: x.transpose(0, 1), of(uniform((5, 7))), (0, 1))
    case("transpose", "outer axes of four", lambda x: x.transpose(3, 0), of(uniform((2, 3, 4, 5))), (3, 0))
    for shape, axis, start, end in (((7,), 0, 2, 5), ((4, 64), 0, 1, 3), ((4, 6), 1, 5, 6), ((2, 3, 5), 1, 0, 3)):
        part = [slice(None)] * axis + [slice(start, end)]
        case("slice", f"{start} to {end} of axis {axis}", lambda x: x[part], of(uniform(shape)), (axis, start, end))
    case("narrow", "two columns", lambda x: x.narrow(1, 1, 2), of(uniform((3, 4))), (1, 1, 2))
    for axis in (0, 1, 2):
        parts = [[2, 3, 4], [2, 3, 4], [2, 3, 4]]
        for k, part in enumerate(parts):
            part[axis] = k + 1
        case("concat", f"three along axis {axis}", lambda *x: torch.cat(x, axis), of(*map(uniform, parts)), (axis, 3))
    condition = torch.tensor([[0.0, 1.0, NAN], [-0.0, -2.0, 0.0]], dtype=torch.float64)
    case("where", "zeros of both signs, NaN", lambda c, a, b: torch.where(c != 0, a, b),
         [("const", condition)] + of(uniform((2, 3)), uniform((3,))))
    for axes in ((1, 0), (2, 0, 1), (0, 2, 3, 1), (3, 2, 1, 0), (5, 0, 4, 1, 3, 2)):
        shape = (2, 3, 4, 2, 3, 2)[:len(axes)]
        case("permute", f"axes {axes}", lambda x: x.permute(axes), of(uniform(shape)), axes)
    for shape, wide in (((), (3, 4)), ((1,), (7,)), ((3, 1), (3, 5)), ((4,), (2, 3, 4)),
                        ((2, 1, 3, 1, 2, 1), (2, 2, 3, 2, 2, 3))):
        case("expand", f"{list(shape)} to {list(wide)}", lambda x: x.expand(wide), of(uniform(shape)), wide)
    index = torch.tensor([3, 0, 3, 6, 1, 3])
    for shape in ((7,), (7, 5), (7, 2, 3)):
        case("gather", f"rows of {list(shape)}, one of them three times", lambda x, i: x[i.long()],
             of(uniform(shape)) + [("i32", index)])
    case("gather", "of integers", lambda x, i: x[i.long()], [("i32", ints((7, 3), 1000)), ("i32", index)])
    case("gather_range", "three indices from the second", lambda x, i: x[i.long()[1:4]],
         of(uniform((7, 5))) + [("i32", index)], (1, 3))


def reductions():
    seeded("reductions")
    for name, function in (("sum", torch.sum), ("mean", torch.mean)):
        for shape, axes in (((37,), (0,)), ((5, 7), (0,)), ((5, 7), (1,)), ((5, 7), (0, 1)), ((2, 3, 4, 5), (1,)),
                            ((2, 3, 4, 5), (0, 2)), ((2, 3, 4, 5), (0, 2, 3)), ((2, 3, 2, 3, 2, 3), (1, 3, 5)),
                            ((600, 2), (0,))):
            for keep in (False, True):
                case(name, f"of {list(shape)} over {axes}" + keep * ", which stay",
                     lambda x: function(x, axes, keepdim=keep), of(uniform(shape)), (sum(1 << a for a in axes), keep))
        hurt = exact([[1, INF, 2], [INF, -INF, 0], [NAN, 1, 1], [-INF, 1, -INF], [-0.0, -0.0, -0.0], [1e30, 1, 2]])
        case(name, "NaN and infinities", lambda x: function(x, (1,)), of(hurt), (2, False))
    for shape, dim in (((9,), 0), ((5, 7), 0), ((5, 7), 1), ((3, 4, 5), 1)):
        case("argmax", f"of {list(shape)} along {dim}", lambda x: x.argmax(dim), [("const", uniform(shape))], (dim,))
    hurt = exact([[1, 3, 3, 2], [NAN, 1, 2, 3], [5, NAN, INF, NAN], [-INF] * 4, [-0.0, 0.0, -0.0, -1], [7] * 4,
                  [-INF, -1, -2, -1], [1, INF, INF, 0]])
    case("argmax", "equal numbers, NaN, infinities", lambda x: x.argmax(1), [("const", hurt)], (1,))
    case("equal_count", "small integers", lambda a, b: (a == b).sum().double(),
         [("i32", ints((300,), 4)), ("i32", ints((300,), 4))])


# ---- Linear algebra, convolution, pooling ----


def products():
    seeded("products")
    for m, k, n in ((1, 1, 1), (5, 7, 3), (9, 37, 18)):
        for ta in (0, 1):
            for tb in (0, 1):
                for batch in ((), (3,)) if m < 9 else ((),):
                    a, b = batch + ((k, m) if ta else (m, k)), batch + ((n, k) if tb else (k, n))
                    why = f"{list(a)} by {list(b)}" + ta * ", the first transposed" + tb * ", the second transposed"
                    case("matmul", why, lambda x, y: torch.matmul(x.mT if ta else x, y.mT if tb else y),
                         of(uniform(a), uniform(b)), (ta, tb))
    hurt = uniform((4, 5))
    hurt[1, 2], hurt[3, 0] = INF, NAN
    for a, b in (((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((2, 5, 3), (3,)), ((3,), (2, 3, 4)), ((2, 5, 3), (3, 4)),
                 ((5, 3), (2, 3, 4)), ((2, 1, 5, 3), (4, 3, 6)), ((2, 2, 1, 2, 4, 3), (2, 1, 3, 5))):
        case("matmul", f"{list(a)} by {list(b)}, broadcast", torch.matmul, of(uniform(a), uniform(b)), (0, 0))
    case("matmul", "[2, 3, 5] by [4, 3], both transposed, broadcast", lambda x, y: torch.matmul(x.mT, y.mT),
         of(uniform((2, 3, 5)), uniform((4, 3))), (1, 1))
    case("matmul", "NaN and an infinity", torch.matmul, of(hurt, uniform((5, 3))), (0, 0))
    for shape, out in (((6,), 4), ((1, 1), 1), ((13, 19), 17), ((2, 3, 5), 4), ((3, 100), 10)):
        x, w, b = uniform(shape), uniform((out, shape[-1])), uniform((out,))
        case("linear", f"{list(shape)} to {out}", F.linear, of(x, w, b))
        case("linear", f"{list(shape)} to {out}, no bias", F.linear, of(x, w) + [("none", None)])
    x, w, b = uniform((5, 6)), uniform((4, 6)), uniform((4,))
    case("linear", "data", F.linear, [("const", x)] + of(w, b))
    case("linear", "frozen", F.linear, of(x) + [("const", w), ("const", b)])
    case("bias_add", "to a matrix", lambda x, b: x + b, of(uniform((5, 7)), uniform((7,))))
    case("bias_add", "to images", lambda x, b: x + b[:, None, None], of(uniform((2, 3, 4, 5)), uniform((3,))))


def attention():
    seeded("attention")
    def attend(q, k, v, mask, scale, causal):
        scores = q @ k.mT * scale
        if causal:
            scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), -INF)
        return torch.softmax(scores if mask is None else scores + mask, -1) @ v
    # the batch, t, s, d, dv, the mask's shape
    for batch, t, s, d, dv, mask in (((), 1, 1, 1, 1, None), ((2, 3), 5, 5, 8, 8, None), ((2,), 6, 35, 4, 6, (6, 35)),
                                     ((2, 3), 9, 6, 5, 3, (3, 9, 6)), ((3, 2), 4, 5, 2, 4, (3, 1, 1, 5)),
                                     ((2, 1, 2), 18, 20, 3, 2, (18, 20))):
        for causal in (0, 1) if t >= s or mask is None else (0,):
            scale = d**-0.5
            inputs = of(uniform((*batch, t, d)), uniform((*batch, s, d)), uniform((*batch, s, dv)))
            inputs += [("none", None)] if mask is None else of(uniform(mask))
            case("attention", f"{[*batch, t, s, d, dv]}, mask {mask}" + causal * ", causal",
                 lambda q, k, v, m: attend(q, k, v, m, scale, causal), inputs, (scale, causal))
    hidden = exact([[0, -INF, 1, 0], [-INF] * 4, [1, 2, -INF, -INF]])
    case("attention", "keys that are hidden, all of them in a row", lambda q, k, v, m: attend(q, k, v, m, 1, 0),
         of(uniform((3, 2)), uniform((4, 2)), uniform((4, 3))) + [("const", hidden)], (1, 0), "far")
    for i, number in enumerate((NAN, INF)):
        q = uniform((4, 2))
        q[1, 0] = number
        case("attention", f"{number} in a query", lambda q, k, v, m: attend(q, k, v, m, 1, 0),
             of(q, uniform((3, 2), 0.5, 1), uniform((3, 2))) + [("none", None)], (1, 0), "far")


# x, weight, stride, padding, dilation, groups
CONVOLUTIONS = [
    ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((2, 3, 6, 7), (4, 3, 3, 3), (1, 1), (0, 0), (1, 1), 1),
    ((2, 3, 6, 7), (2, 3, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((1, 2, 9, 10), (3, 2, 5, 5), (1, 1), (2, 2), (1, 1), 1),
    ((2, 3, 9, 11), (4, 3, 3, 3), (2, 2), (1, 1), (1, 1), 1),
    ((2, 3, 9, 11), (4, 3, 2, 3), (3, 2), (0, 1), (1, 1), 1),
    ((1, 3, 8, 9), (2, 3, 3, 2), (1, 1), (2, 0), (2, 3), 1),
    ((1, 4, 5, 6), (6, 2, 3, 3), (1, 1), (1, 1), (1, 1), 2),
    ((2, 4, 4, 5), (4, 1, 3, 3), (1, 1), (1, 1), (1, 1), 4),
    ((1, 4, 7, 8), (8, 1, 3, 5), (2, 1), (1, 2), (1, 1), 4),
    ((1, 4, 7, 6), (2, 2, 3, 3), (2, 2), (3, 3), (2, 2), 2),
    ((2, 2, 5, 6), (3, 2, 5, 6), (1, 1), (0, 0), (1, 1), 1),
    ((2, 5, 3, 3), (7, 5, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    # As many pixels as Vulkan adds up in parts.
    ((3, 2, 14, 14), (4, 2, 3, 3), (1, 1), (0, 0), (1, 1), 1),
    ((5, 2, 17, 16), (4, 1, 3, 2), (2, 1), (1, 0), (1, 2), 2),
]


def convolutions():
    seeded("convolutions")
    for x, w, stride, padding, dilation, groups in CONVOLUTIONS:
        def f(x, w, b):
            return F.conv2d(x, w, b, stride, padding, dilation, groups)
        why = f"{list(x)} by {list(w)}, stride {stride}, padding {padding}, dilation {dilation}, groups {groups}"
        options = (*stride, *padding, *dilation, groups)
        image, weight, bias = uniform(x), uniform(w), uniform(w[:1])
        case("conv2d", why, f, of(image, weight, bias), options)
        if groups != 1 or stride != (1, 1):
            case("conv2d", why + ", no bias", f, of(image, weight) + [("none", None)], options)
    hurt = uniform((1, 2, 7, 8))
    hurt[0, 0, 2, 2], hurt[0, 1, 5, 6] = INF, NAN
    case("conv2d", "NaN and an infinity", F.conv2d, of(hurt, uniform((2, 2, 3, 3)), uniform((2,))),
         (1, 1, 0, 0, 1, 1, 1))


# x, weight, stride, padding, output_padding, dilation, groups
TRANSPOSED = [
    ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    ((2, 3, 4, 5), (3, 4, 3, 3), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    ((2, 6, 5, 4), (6, 3, 2, 2), (2, 2), (0, 0), (0, 0), (1, 1), 1),
    ((2, 3, 4, 4), (3, 2, 4, 4), (2, 2), (1, 1), (0, 0), (1, 1), 1),
    ((1, 3, 4, 5), (3, 2, 3, 3), (2, 3), (1, 1), (1, 2), (1, 1), 1),
    ((1, 2, 4, 4), (2, 3, 3, 3), (1, 2), (1, 0), (2, 1), (3, 2), 1),
    ((2, 4, 3, 5), (4, 3, 3, 2), (1, 1), (1, 1), (0, 0), (1, 1), 2),
    ((1, 4, 5, 4), (4, 1, 3, 3), (2, 2), (1, 1), (1, 1), (1, 1), 4),
    ((1, 2, 6, 7), (2, 2, 2, 2), (1, 1), (2, 3), (0, 0), (1, 1), 1),
    ((3, 2, 12, 12), (2, 3, 2, 2), (2, 2), (0, 0), (0, 0), (1, 1), 1),
]


def transposed_convolutions():
    seeded("transposed convolutions")
    for x, w, stride, padding, more, dilation, groups in TRANSPOSED:
        def f(x, w, b):
            return F.conv_transpose2d(x, w, b, stride, padding, more, groups, dilation)
        why = f"{list(x)} by {list(w)}, stride {stride}, padding {padding}, output_padding {more}, "
        why += f"dilation {dilation}, groups {groups}"
        options = (*stride, *padding, *more, *dilation, groups)
        image, weight, bias = uniform(x), uniform(w), uniform((w[1] * groups,))
        case("conv_transpose2d", why, f, of(image, weight, bias), options)
        if stride == (2, 2):
            case("conv_transpose2d", why + ", no bias", f, of(image, weight) + [("none", None)], options)


# x, kernel, stride, padding, dilation, ceil_mode
POOLS = [
    ((2, 3, 8, 8), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((2, 3, 9, 7), (2, 3), (2, 3), (0, 0), (1, 1), False),
    ((2, 3, 9, 7), (3, 3), (1, 1), (1, 1), (1, 1), False),
    ((2, 3, 9, 7), (3, 3), (2, 2), (1, 1), (1, 1), True),
    ((2, 3, 9, 7), (2, 2), (2, 2), (0, 0), (1, 1), True),
    ((2, 3, 9, 7), (2, 2), (3, 3), (1, 1), (1, 1), True),
    ((2, 3, 9, 7), (2, 3), (1, 2), (1, 1), (3, 2), False),
    ((2, 3, 9, 7), (2, 1), (1, 1), (0, 0), (2, 1), True),
    ((1, 1, 5, 6), (5, 6), (5, 6), (0, 0), (1, 1), False),
]

# x, windows
FITTING = [((2, 3, 5, 4), (1, 1)), ((2, 3, 8, 6), (4, 3)), ((2, 3, 14, 13), (4, 4)), ((1, 2, 3, 5), (7, 5)),
           ((3, 7, 5), (2, 3))]


def pools():
    seeded("pools")
    hurt = ints((2, 3, 9, 7), 3).double()
    hurt[0, 0, 1, 1], hurt[0, 1, 4, 4], hurt[0, 2, 5], hurt[1, 0], hurt[1, 1, 3] = NAN, INF, -INF, -INF, -0.0
    hurt[1, 2, :4], hurt[1, 2, 8, 6] = 0.0, NAN
    for shape, kernel, stride, padding, dilation, ceil in POOLS:
        def f(x):
            return F.max_pool2d(x, kernel, stride, padding, dilation, ceil)
        why = f"{kernel} of {list(shape)}, stride {stride}, padding {padding}, dilation {dilation}"
        why += ceil * ", ceil_mode"
        options = (*kernel, *stride, *padding, *dilation, ceil)
        case("max_pool2d", why, f, of(uniform(shape)), options)
        case("max_pool2d", why + ", many equal", f, of(ints(shape, 3).double()), options)
        if shape == hurt.shape:
            case("max_pool2d", why + ", NaN and infinities", f, of(hurt), options)
        case("max_pool2d_with_indices", why + ", many equal",
             lambda x: F.max_pool2d(x, kernel, stride, padding, dilation, ceil, return_indices=True)[1],
             [("const", ints(shape, 3).double())], options)
    for shape, size in FITTING:
        why = f"{size} of {list(shape)}"
        case("adaptive_max_pool2d", why, lambda x: F.adaptive_max_pool2d(x, size), of(uniform(shape)), (*size, 0))
        case("adaptive_max_pool2d", why + ", the indices of many equal",
             lambda x: F.adaptive_max_pool2d(x, size, return_indices=True)[1], [("const", ints(shape, 3).double())],
             (*size, 1))


def unpooling():
    seeded("unpooling")
    for shape, kernel, stride in (((2, 3, 8, 6), 2, 2), ((2, 3, 9, 7), (3, 2), (3, 2)), ((1, 2, 9, 7), 3, 2)):
        x, index = F.max_pool2d(uniform(shape), kernel, stride, return_indices=True)
        case("max_unpool2d", f"{list(x.shape)} to {list(shape)}",
             lambda x, i: F.max_unpool2d(x, i.long(), kernel, stride, output_size=shape[2:]),
             of(x) + [("i32", index)], shape[2:])


# size, scale_factor, recompute_scale_factor
RESIZED = [((8, 10), None, None), ((4, 5), None, None), ((3, 2), None, None), ((13, 11), None, None), ((1, 1), None, None),
           (None, 2, None), (None, (1.5, 2.7), None), (None, (1.5, 2.7), True), (None, 0.6, None), (None, (0.5, 2.3), None)]


def interpolation():
    seeded("interpolation")
    for i, mode in enumerate(("nearest", "nearest-exact", "bilinear")):
        for corners in (False, True) if i == 2 else (None,):
            for shape in ((2, 3, 4, 5), (1, 2, 1, 3)):
                for size, scale, again in RESIZED:
                    if scale is not None and min(shape[2:]) * min(torch.tensor(scale).flatten()) < 1:
                        continue
                    sizes, scales = size or (0, 0), (0, 0) if scale is None else scale if type(scale) is tuple else (scale,) * 2
                    case("interpolate", f"{mode} of {list(shape)}, size {size}, scale_factor {scale}"
                         + bool(again) * " computed again" + bool(corners) * ", corners aligned",
                         lambda x: F.interpolate(x, size, scale, mode, corners, again), of(uniform(shape)),
                         (i, *sizes, *scales, bool(corners), bool(again)))


def padding():
    seeded("padding")
    for i, mode in enumerate(("constant", "reflect", "replicate", "circular")):
        for shape, pad in [((2, 3, 4, 5), (1, 2, 3, 1)), ((2, 3, 6, 7), (4, 0, 0, 2)), ((2, 6, 7), (3, 2)),
                           ((1, 2, 3, 4, 5), (1, 2, 2, 0, 1, 2)), ((2, 3, 6, 7), (-1, 2, 3, -2))]:
            if mode == "circular" and min(pad) < 0:
                continue  # PyTorch 1.13 leaves some of it uninitialised
            case("pad", f"{list(shape)} by {pad}, {mode}", lambda x: F.pad(x, pad, mode), of(uniform(shape)), (i, 0, *pad))
    case("pad", "a value", lambda x: F.pad(x, (1, 2, 0, 1), value=-2.5), of(uniform((3, 4))), (0, -2.5, 1, 2, 0, 1))
    case("pad", "all axes", lambda x: F.pad(x, (1, 0, 0, 1, -1, 1)), of(uniform((3, 4, 2))), (0, 0, 1, 0, 0, 1, -1, 1))


def average_pooling():
    seeded("average pooling")
    for shape, kernel, stride, padding, counted, ceil, divisor in [
            ((2, 3, 8, 6), (2, 2), (2, 2), (0, 0), True, False, None),
            ((2, 3, 8, 6), (4, 3), (4, 3), (0, 0), False, False, None),
            ((2, 3, 7, 9), (3, 3), (2, 2), (1, 1), True, False, None),
            ((2, 3, 7, 9), (3, 3), (2, 2), (1, 1), False, False, None),
            ((1, 2, 5, 8), (2, 5), (1, 3), (1, 2), False, False, None),
            ((1, 1, 4, 4), (4, 4), (1, 1), (0, 0), True, False, None),
            ((2, 3, 8, 9), (3, 2), (3, 3), (1, 0), True, True, None),
            ((2, 3, 8, 9), (3, 2), (3, 3), (1, 1), False, True, None),
            ((2, 3, 8, 9), (3, 3), (1, 1), (1, 1), True, False, 5), ((1, 1, 4, 4), (4, 4), (1, 1), (0, 0), True, False, 3)]:
        why = f"{kernel} of {list(shape)}, stride {stride}, padding {padding}" + ", counted" * counted
        why += ceil * ", ceil_mode" + bool(divisor) * f", divided by {divisor}"
        case("avg_pool2d", why, lambda x: F.avg_pool2d(x, kernel, stride, padding, ceil, counted, divisor),
             of(uniform(shape)), (*kernel, *stride, *padding, counted, ceil, divisor or 0))
    for shape, size in FITTING:
        case("adaptive_avg_pool2d", f"{size} of {list(shape)}", lambda x: F.adaptive_avg_pool2d(x, size),
             of(uniform(shape)), size)


# ---- Losses ----


def losses():
    seeded("losses")
    hurt = exact([[1000, -1000, 0], [INF, 1, 2], [-INF, 1, 2], [-INF, -INF, -INF], [NAN, 1, 2], [-INF, NAN, 0],
                  [90, 89, 88], [-104, -103, 0], [1e30, 1e30, -1e30], [INF, -INF, 0]])
    for name, function in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
        for shape in ((9,), (5, 7), (3, 4, 5), (2, 3, 2, 5)):
            for dim in range(len(shape)):
                case(name, f"{list(shape)} along {dim}", lambda x: function(x, dim), of(uniform(shape, -4, 4)), (dim,))
        case(name, "one class", lambda x: function(x, 1), of(uniform((3, 1))), (1,))
        case(name, "300 classes", lambda x: function(x, 1), of(uniform((1, 300), -4, 4)), (1,))
        case(name, "far away", lambda x: function(x, 1), of(hurt), (1,), "far")
    for n, c in ((1, 1), (7, 10), (100, 3)):
        x, target = uniform((n, c), -4, 4), [("i32", ints((n,), c))]
        for i, reduction in enumerate(("mean", "sum", "none")):
            case("nll_loss_reduced", f"[{n}, {c}], {reduction}",
                 lambda x, t: F.nll_loss(x, t.long(), reduction=reduction), of(x) + target, (i,))
        case("nll_loss", f"[{n}, {c}]", lambda x, t: F.nll_loss(x, t.long()), of(x) + target)
        case("cross_entropy", f"[{n}, {c}]", lambda x, t: F.cross_entropy(x, t.long()), of(x) + target)
        case("mse_loss", f"[{n}, {c}]", F.mse_loss, of(x, uniform((n, c))))
    for i, row in enumerate(hurt):
        target = [("i32", torch.tensor([i % 3]))]
        case("cross_entropy", f"far away, row {i}", lambda x, t: F.cross_entropy(x, t.long()), of(row[None]) + target,
             kind="far")
        case("nll_loss", f"far away, row {i}", lambda x, t: F.nll_loss(x, t.long()), of(row[None]) + target, kind="far")
    case("mse_loss", "an infinity", F.mse_loss, of(exact([1, INF, 2]), exact([1, 1, 4])), kind="far")
    case("mse_loss", "a scalar", F.mse_loss, of(uniform(()), uniform(())))
    parsed_losses()
    for p in (0.0, 1.0):
        case("dropout", f"p = {p}", lambda x: F.dropout(x, p, True), of(uniform((5, 7))), (p,))


# The texts of tests/golden_calls.c, in its order; after them come those of losses.py.
LOSSES = ["CrossEntropyLoss(label_smoothing=0.2)", "CrossEntropyLoss(ignore_index=-100)",
          "CrossEntropyLoss(ignore_index=1, reduction='sum', label_smoothing=0.3)", "CrossEntropyLoss(reduction='sum')",
          "NLLLoss(ignore_index=2)", "NLLLoss()", "MSELoss(reduction='sum')", "L1Loss()", "L1Loss(reduction='sum')",
          "SmoothL1Loss(beta=0.4)", "SmoothL1Loss(beta=0.0)", "HuberLoss(delta=0.7)", "HuberLoss(reduction='sum')",
          "BCEWithLogitsLoss()", "BCEWithLogitsLoss(reduction='sum')"]


def parsed_losses():
    for i, text in enumerate(LOSSES):
        loss = eval("torch.nn." + text)
        for shape in (7, 4), (3, 5, 2, 3):
            x = uniform(shape, -3, 3)
            if text[0] in "CN":
                target = ints((shape[0],) + shape[2:], shape[1])
                if "-100" in text:
                    target.view(-1)[::3] = -100
                case("loss_of", text, lambda x, t: loss(x, t.long()), of(x) + [("i32", target)], (i,))
            else:
                case("loss_of", text, loss, of(x) + [("const", uniform(shape, 0, 1))], (i,))
    far = exact([-1e4, -200, -50, 50, 200, 1e4])
    case("loss_of", "far from 0", torch.nn.BCEWithLogitsLoss(), of(far) + [("const", exact([0, 1, 0.5, 0.5, 0, 1]))],
         (LOSSES.index("BCEWithLogitsLoss()"),))


# ---- What devices make one kernel of ----


def fused():
    seeded("fused")
    x, w, b = uniform((7, 9)), uniform((8, 9)), uniform((8,))
    case("linear_relu", "[7, 9] to 8", lambda x, w, b: F.relu(F.linear(x, w, b)), of(x, w, b))
    case("linear_relu", "[7, 9] to 8, no bias", lambda x, w, b: F.relu(F.linear(x, w)), of(x, w) + [("none", None)])
    case("linear_backward", "[7, 9] to 8 to 5",
         lambda x, v, a, w, b: F.linear(F.relu(F.linear(x, v, a)), w, b), of(x, w, b, uniform((5, 8)), uniform((5,))))
    x, w, b = uniform((2, 3, 6, 6)), uniform((4, 3, 3, 3)), uniform((4,))
    plain = (1, 1, 0, 0, 1, 1, 1)
    case("conv2d_relu", "3x3", lambda x, w, b: F.relu(F.conv2d(x, w, b)), of(x, w, b), plain)
    case("conv2d_relu", "3x3, stride 2, padding 1, no bias", lambda x, w, b: F.relu(F.conv2d(x, w, b, 2, 1)),
         of(x, w) + [("none", None)], (2, 2, 1, 1, 1, 1, 1))
    case("conv2d_dx_relu", "3x3 behind 3x3", lambda x, v, a, w, b: F.conv2d(F.relu(F.conv2d(x, v, a)), w, b),
         of(x, w, b, uniform((2, 4, 3, 3)), uniform((2,))), plain)
    def pooled(x, w, b):
        return F.max_pool2d(F.relu(F.conv2d(x, w, b)), 2)
    case("conv2d_relu_pool", "3x3, 2x2", pooled, of(x, w, b), plain)
    case("conv2d_relu_pool", "3x3, 2x2, of data", pooled, [("const", x)] + of(w, b), plain)
    case("conv2d_relu_pool", "of data, as many pixels as Vulkan adds up in parts", pooled,
         [("const", uniform((3, 3, 14, 14)))] + of(w, b), plain)
    hurt = uniform((2, 3, 6, 6))
    hurt[0, 0, :2], hurt[0, 1, 3, 3], hurt[1, 0, :, ::2], hurt[1, 1, 1, 1] = -0.0, NAN, INF, -INF
    for why, image in (("2x2", uniform((2, 3, 6, 6))), ("2x2, values that hurt", hurt)):
        case("relu_max_pool2d", why, lambda x: F.max_pool2d(F.relu(x), 2), of(image), (2, 2, 2, 2, 0, 0, 1, 1, 0))
        case("relu_max_pool2d", why.replace("2x2", "3x3, stride 1, padding 1"),
             lambda x: F.max_pool2d(F.relu(x), 3, 1, 1), of(image), (3, 3, 1, 1, 1, 1, 1, 1, 0))
    case("batch_norm2d_relu", "ordinary images",
         lambda x, w, b, m, v: F.relu(F.batch_norm(x, m, v, w, b, True, 0.1, 1e-5)),
         of(x, uniform((3,), 0.5, 1.5), uniform((3,))) + [("buffer", uniform((3,))), ("buffer", uniform((3,), 0.5, 2))],
         (0.1, 1e-5))
    case("chain", "five operators", lambda a, b, c: torch.tanh(F.relu(a * b + c) * 0.5) - b,
         of(uniform((5, 7)), uniform((5, 7)), uniform((7,))), (0.5,))


# ---- Updates ----


def optimizer(name, why, make, options):
    """Three steps of one parameter whose gradients are given; Tenka gets them by differentiating a product."""
    seeded("optimizer")
    start = uniform((40,))
    gradients = [uniform((40,)) for _ in range(3)]
    for i, g in enumerate(gradients):
        g[:5] = exact([0.0, 1e-8, -1e-4, 1e3, 1e6 if i == 1 else -1.0])
    begin(name, why, of(start) + [("const", g) for g in gradients], options)
    p = start.clone().requires_grad_()
    opt = make([p])
    for g in gradients:
        p.grad = g.clone()
        opt.step()
    write("after 0", p)
    lines.append("end")


def updates():
    for lr, beta1, beta2, eps, decay in ((1e-3, 0.9, 0.999, 1e-8, 0.0), (0.05, 0.8, 0.95, 1e-3, 0.1)):
        for decoupled, kind in ((0, torch.optim.Adam), (1, torch.optim.AdamW)):
            optimizer("adam", f"{kind.__name__}, weight decay {decay}",
                      lambda p: kind(p, lr, (beta1, beta2), eps, decay), (lr, beta1, beta2, eps, decay, decoupled))
    for momentum, dampening, decay, nesterov in ((0, 0, 0, False), (0, 0, 0.1, False), (0.9, 0, 0, False),
                                                 (0.9, 0.5, 0.1, False), (0.9, 0, 0, True), (0.8, 0, 0.1, True)):
        optimizer("sgd", f"momentum {momentum}, dampening {dampening}, weight decay {decay}" + nesterov * ", Nesterov",
                  lambda p: torch.optim.SGD(p, 0.1, momentum, dampening, decay, nesterov),
                  (0.1, momentum, dampening, decay, nesterov))


def clip(why, gradients, limit):
    zeros = [torch.zeros_like(g) for g in gradients]
    begin("clip_grad_norm", why, of(*zeros) + [("const", g) for g in gradients], (limit,))
    for p, g in zip(zeros, gradients):
        p.requires_grad_().grad = g.clone()
    write("y f32", torch.nn.utils.clip_grad_norm_(zeros, limit))
    for i, p in enumerate(zeros):
        write(f"grad {i}", p.grad)
    lines.append("end")


def clipping():
    seeded("clipping")
    gradients = [uniform((5, 7)), uniform((9,))]
    clip("to less", gradients, 0.5)
    clip("that is less already", gradients, 100.0)
    clip("of zeros", [torch.zeros(4).double(), torch.zeros(3).double()], 1.0)
    clip("of one infinity", [exact([1, INF, -1]), exact([2, 0])], 1.0)
    clip("of one NaN", [exact([1, NAN, -1]), exact([2, 0])], 1.0)
    clip("of small numbers", [exact([1e-7, -2e-7]), exact([3e-7])], 1e-6)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    for part in (elementwise, shapes, reductions, products, attention, convolutions, transposed_convolutions, pools,
                 average_pooling, unpooling, interpolation, padding, normalisation, row_normalisation,
                 instance_normalisation, batches, gates, losses, fused, updates, clipping,
                 lambda: wide_losses(len(LOSSES))):
        part()
    cases = sum(line.startswith("case ") for line in lines)
    head = f"# Written by tools/golden/ops.py with PyTorch {torch.__version__}"
    content = "\n".join([head, *lines, f"cases {cases}", ""])
    pathlib.Path(sys.argv[1]).write_bytes(gzip.compress(content.encode("ascii"), 9, mtime=0))
    print(f"{cases} cases, {len(content) // 1024} KiB of text", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
