"""The elementwise operators of tools/golden/ops.py: one is a row here, and nothing else. A row whose operator
shaders/common/elementwise.def does not have yet is left out, and the script says so; an operator without a row is an
error. The name is Tenka's, and so is the order of the numbers."""
import torch
import torch.nn.functional as F

NONE = ((),)

# PyTorch's x - tanh(x) has no digits where x is small: those cases are left out.
CANCELS = {"tanhshrink"}


def expm1_where_negative(x, alpha, scale):
    """alpha (exp(scale x) - 1) where x is not positive: PyTorch takes expm1 since version 2, which keeps -0, and before it
    took exp(x) - 1."""
    return alpha * torch.expm1(torch.where(x > 0, torch.zeros_like(x), x) * scale)


def elu(x, alpha):
    return torch.where(x > 0, x, expm1_where_negative(x, alpha, 1))


def celu(x, alpha):
    return torch.where(x > 0, x, expm1_where_negative(x, alpha, 1 / alpha))


def softshrink(x, lambd):
    """NaN stays since version 2."""
    return torch.where(x.isnan(), x.detach(), F.softshrink(x, lambd))


def selu(x):
    return 1.0507009873554805 * elu(x, 1.6732632423543773)


# name, PyTorch's function of x and the numbers, a list of numbers, range of ordinary values
UNARY = [
    ("relu", F.relu, NONE, (-1, 1)),
    ("tanh", torch.tanh, NONE, (-3, 3)),
    ("sqrt", torch.sqrt, NONE, (0.25, 9)),
    ("scale", lambda x, factor: x * factor, ((-0.7,), (3.0,), (0.0,)), (-1, 1)),
    ("sigmoid", torch.sigmoid, NONE, (-6, 6)),
    ("silu", F.silu, NONE, (-6, 6)),
    ("gelu", F.gelu, NONE, (-4, 4)),
    ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), NONE, (-4, 4)),
    ("mish", F.mish, NONE, (-6, 6)),
    ("elu", elu, ((1.0,), (0.3,)), (-3, 3)),
    ("celu", celu, ((1.0,), (0.5,)), (-3, 3)),
    ("selu", selu, NONE, (-3, 3)),
    ("leaky_relu", F.leaky_relu, ((0.01,), (0.25,)), (-1, 1)),
    ("relu6", F.relu6, NONE, (-4, 8)),
    ("hardtanh", F.hardtanh, ((-1.0, 1.0), (-0.5, 2.0)), (-3, 3)),
    ("clamp", torch.clamp, ((-1.0, 1.0), (-0.5, 2.0)), (-3, 3)),
    ("hardsigmoid", F.hardsigmoid, NONE, (-4, 4)),
    ("hardswish", F.hardswish, NONE, (-4, 4)),
    ("softplus", F.softplus, ((1.0, 20.0), (2.0, 5.0)), (-6, 6)),
    ("softsign", F.softsign, NONE, (-3, 3)),
    ("logsigmoid", F.logsigmoid, NONE, (-6, 6)),
    ("log_sigmoid", F.logsigmoid, NONE, (-6, 6)),
    ("tanhshrink", F.tanhshrink, NONE, (-3, 3)),
    ("softshrink", softshrink, ((0.5,), (1.0,)), (-3, 3)),
    ("hardshrink", F.hardshrink, ((0.5,), (1.0,)), (-3, 3)),
    ("threshold", F.threshold, ((0.5, -2.0),), (-3, 3)),
    ("abs", torch.abs, NONE, (-1, 1)),
    ("neg", torch.neg, NONE, (-1, 1)),
    ("square", torch.square, NONE, (-3, 3)),
    ("reciprocal", torch.reciprocal, NONE, (0.25, 4)),
    ("rsqrt", torch.rsqrt, NONE, (0.25, 9)),
    ("exp", torch.exp, NONE, (-4, 4)),
    ("exp2", torch.exp2, NONE, (-4, 4)),
    ("expm1", torch.expm1, NONE, (-4, 4)),
    ("log", torch.log, NONE, (0.125, 8)),
    ("log2", torch.log2, NONE, (0.125, 8)),
    ("log10", torch.log10, NONE, (0.125, 8)),
    ("log1p", torch.log1p, NONE, (-0.75, 8)),
    ("erf", torch.erf, NONE, (-3, 3)),
    ("sin", torch.sin, NONE, (-6, 6)),
    ("cos", torch.cos, NONE, (-6, 6)),
    ("tan", torch.tan, NONE, (-1.25, 1.25)),
    ("asin", torch.asin, NONE, (-0.875, 0.875)),
    ("acos", torch.acos, NONE, (-0.875, 0.875)),
    ("atan", torch.atan, NONE, (-3, 3)),
    ("sinh", torch.sinh, NONE, (-3, 3)),
    ("cosh", torch.cosh, NONE, (-3, 3)),
    ("add_scalar", lambda x, number: x + number, ((0.75,),), (-1, 1)),
    ("pow_scalar", torch.pow, ((2.0,), (0.5,), (-1.5,)), (0.25, 4)),
]

# The same for functions without a gradient, or of 0 everywhere.
STEPS = [
    ("sign", torch.sign, NONE, (-1, 1)),
    ("floor", torch.floor, NONE, (-3, 3)),
    ("ceil", torch.ceil, NONE, (-3, 3)),
    ("round", torch.round, NONE, (-3, 3)),
    ("trunc", torch.trunc, NONE, (-3, 3)),
    ("is_nan", torch.isnan, NONE, (-1, 1)),
    ("isnan", torch.isnan, NONE, (-1, 1)),
    ("isinf", torch.isinf, NONE, (-1, 1)),
    ("isfinite", torch.isfinite, NONE, (-1, 1)),
    ("logical_not", torch.logical_not, NONE, (-1, 1)),
]


def leaky(a, b):
    """PReLU's with as many channels as elements."""
    a, b = torch.broadcast_tensors(a, b)
    return torch.nn.functional.prelu(a.reshape(1, -1), b.reshape(-1)).reshape(a.shape)


# name, PyTorch's function of a and b, range of a, range of b
BINARY = [
    ("add", torch.add, (-1, 1), (-1, 1)),
    ("sub", torch.sub, (-1, 1), (-1, 1)),
    ("mul", torch.mul, (-1, 1), (-1, 1)),
    ("div", torch.div, (-1, 1), (0.25, 2)),
    ("maximum", torch.maximum, (-1, 1), (-1, 1)),
    ("minimum", torch.minimum, (-1, 1), (-1, 1)),
    ("pow", torch.pow, (0.25, 3), (-2, 2)),
    ("atan2", torch.atan2, (-1, 1), (-1, 1)),
    ("keep_where", lambda c, b: torch.where(c == 0, torch.full_like(b, -0.0), b), (-1, 1), (-1, 1)),
    ("keep_unless", lambda c, b: torch.where(c == 0, b, torch.full_like(b, -0.0)), (-1, 1), (-1, 1)),
    ("leaky", leaky, (-1, 1), (-1, 1)),
    ("leaky_slope", lambda a, b: torch.where(a > 0, torch.ones_like(a), b).detach(), (-1, 1), (-1, 1)),
    ("eq", torch.eq, (-1, 1), (-1, 1)),
    ("ne", torch.ne, (-1, 1), (-1, 1)),
    ("lt", torch.lt, (-1, 1), (-1, 1)),
    ("le", torch.le, (-1, 1), (-1, 1)),
    ("gt", torch.gt, (-1, 1), (-1, 1)),
    ("ge", torch.ge, (-1, 1), (-1, 1)),
    ("equal", torch.eq, (-1, 1), (-1, 1)),
    ("not_equal", torch.ne, (-1, 1), (-1, 1)),
    ("less", torch.lt, (-1, 1), (-1, 1)),
    ("less_equal", torch.le, (-1, 1), (-1, 1)),
    ("greater", torch.gt, (-1, 1), (-1, 1)),
    ("greater_equal", torch.ge, (-1, 1), (-1, 1)),
]
