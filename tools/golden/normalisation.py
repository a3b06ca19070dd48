"""The cases of ops.py that normalise, that make batches, and those of gates with weights."""
import torch
import torch.nn.functional as F

from cases import INF, NAN, case, exact, ints, of, seeded, uniform


def normalisation():
    seeded("normalisation")
    flat = uniform((3, 2, 3, 4))
    flat[:, 1] = 0.5
    hurt = uniform((3, 2, 3, 4))
    hurt[1, 0, 0, 0], hurt[2, 1, 1, 1] = NAN, INF
    inputs = [("ordinary images", uniform((4, 3, 5, 6)), 0.1, 1e-5),
              ("of one pixel", uniform((16, 5, 1, 1)), 0.3, 1e-3),
              ("away from 0", uniform((2, 2, 8, 8), 3, 5), 1.0, 1e-5), ("a channel of one number", flat, 0.1, 1e-5),
              ("NaN and an infinity", hurt, 0.1, 1e-5)]
    for why, x, momentum, eps in inputs:
        c = x.shape[1]
        weight, bias = uniform((c,), 0.5, 1.5), uniform((c,))
        running = [("buffer", uniform((c,))), ("buffer", uniform((c,), 0.5, 2))]
        def f(training):
            return lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, training, momentum, eps)
        case("batch_norm2d", why, f(True), of(x, weight, bias) + running, (momentum, eps))
        case("batch_norm2d", why + ", nothing kept", f(True), of(x, weight, bias) + [("none", None)] * 2,
             (momentum, eps))
        case("batch_norm2d_eval", why, f(False), of(x, weight, bias) + running, (momentum, eps))
    x, weight, bias = uniform((2, 1, 45, 46)), uniform((1,), 0.5, 1.5), uniform((1,))
    case("batch_norm2d", "as many numbers as Vulkan adds up in parts",
         lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, True, 0.1, 1e-5),
         of(x, weight, bias) + [("none", None)] * 2, (0.1, 1e-5))
    images = ints((3, 2, 4, 5), 256)
    images[0, 0, 0, :2] = torch.tensor([0, 255])
    def normalize(x, mean, std):
        """In float32, as torchvision does it for whatever network."""
        mean, std = mean.float()[:, None, None], std.float()[:, None, None]
        return x.float().div(255).sub(mean).div(std).double()
    case("normalize_bytes", "images of two channels", normalize,
         [("u8", images), ("const", exact([0.5, 0.13])), ("const", exact([0.25, 0.31]))])


def batches():
    seeded("batches")
    case("one_hot", "classes, one of them never", lambda x: F.one_hot(x.long(), 5).double(),
         [("i32", torch.tensor([3, 0, 4, 1, 0, 3]))], (5,))
    partner = torch.tensor([2, 0, 3, 1, 4])
    for shape in ((5,), (5, 7), (5, 2, 3), (5, 3, 4, 6), (5, 2, 2, 3, 4)):
        case("mix_samples", f"{list(shape)} blended", lambda x, i: x * 0.3 + x[i.long()] * (1 - 0.3),
             [("const", uniform(shape)), ("i32", partner)], (0.3, 0, 0, 0, 0))
    def paste(x, i):
        y = x.clone()
        y[..., 1:3, 2:5] = x[i.long()][..., 1:3, 2:5]
        return y
    for shape in ((5, 4, 6), (5, 3, 4, 6)):
        case("mix_samples", f"a rectangle of {list(shape)}", paste, [("const", uniform(shape)), ("i32", partner)],
             (0.75, 2, 1, 5, 3))


def row_normalisation():
    """PyTorch 1.13 has no gradient of a bias without a weight, so the bias is added."""
    def normalise(function, x, group, w, b, eps):
        if w is not None or b is None:
            return function(x, group, w, b, eps)
        y = function(x, group, None, None, eps)
        return y + (b if function is F.layer_norm else b[(...,) + (None,) * (x.dim() - 2)])
    seeded("row normalisation")
    flat, hurt = uniform((4, 7)), uniform((4, 7))
    flat[1] = 0.5
    hurt[1, 2], hurt[3, 0] = NAN, INF
    for why, x, axes, eps in [("the last axis", uniform((5, 13)), 1, 1e-5), ("two axes", uniform((3, 4, 5)), 2, 1e-3),
                              ("all axes", uniform((3, 5)), 2, 1e-5), ("long rows", uniform((3, 200), 3, 5), 1, 1e-5),
                              ("four axes, channels last", uniform((2, 3, 4, 6)), 1, 1e-6),
                              ("a row of one number", flat, 1, 1e-5), ("NaN and an infinity", hurt, 1, 1e-5)]:
        shape = x.shape[x.dim() - axes:]
        weight, bias = of(uniform(shape, 0.5, 1.5), uniform(shape))
        none = ("none", None)
        for said, w, b in (("", weight, bias), (", no bias", weight, none), (", no weight", none, bias),
                           (", neither", none, none)):
            case("layer_norm", why + said, lambda x, w, b: normalise(F.layer_norm, x, shape, w, b, eps), of(x) + [w, b],
                 (axes, eps))
    hurt = uniform((3, 4, 2, 3))
    hurt[0, 1, 1, 1], hurt[2, 3, 0, 0] = NAN, -INF
    for why, x, groups, eps in [("two groups", uniform((3, 6, 4, 5)), 2, 1e-5),
                                ("one group", uniform((2, 4, 3, 3)), 1, 1e-3),
                                ("a group a channel", uniform((3, 4, 4, 5)), 4, 1e-5),
                                ("without planes", uniform((5, 9)), 3, 1e-5), ("signals", uniform((2, 6, 30)), 2, 1e-5),
                                ("NaN and an infinity", hurt, 2, 1e-5)]:
        weight, bias = of(uniform(x.shape[1:2], 0.5, 1.5), uniform(x.shape[1:2]))
        none = ("none", None)
        for said, w, b in (("", weight, bias), (", no bias", weight, none), (", no weight", none, bias),
                           (", neither", none, none)):
            case("group_norm", why + said, lambda x, w, b: normalise(F.group_norm, x, groups, w, b, eps),
                 of(x) + [w, b], (groups, eps))


def instance_normalisation():
    seeded("instance normalisation")
    none = ("none", None)
    for why, x in (("images", uniform((3, 4, 3, 5))), ("signals", uniform((2, 3, 7))),
                   ("far", uniform((2, 2, 4, 4), 3, 5))):
        c = x.shape[1]
        for said, w, b in (("", *of(uniform((c,), 0.5, 1.5), uniform((c,)))), (", no weight", none, none)):
            running = [("buffer", uniform((c,))), ("buffer", uniform((c,), 0.5, 2))]
            def f(training):
                return lambda x, w, b, m, v: F.instance_norm(x, m, v, w, b, training, 0.3, 1e-5)
            case("instance_norm", why + said, f(True), of(x) + [w, b, none, none], (0.3, 1e-5))
            case("instance_norm", why + said + ", kept", f(True), of(x) + [w, b] + running, (0.3, 1e-5))
            case("instance_norm_eval", why + said, f(False), of(x) + [w, b] + running, (0.3, 1e-5))
    for shape, size, alpha, beta, k in (((2, 7, 3, 4), 5, 1e-4, 0.75, 1.0), ((2, 6, 5), 2, 0.5, 0.5, 2.0),
                                        ((1, 3, 2, 2), 5, 1.0, 1.5, 1.0), ((2, 4, 3, 3), 1, 0.1, 0.75, 0.5)):
        case("local_response_norm", f"{list(shape)}, size {size}",
             lambda x: F.local_response_norm(x, size, alpha, beta, k), of(uniform(shape)), (size, alpha, beta, k))
    for shape in ((5, 3), (4, 3, 6), (2, 3, 2, 3, 2)):
        x, weight, bias = uniform(shape), uniform((3,), 0.5, 1.5), uniform((3,))
        running = [("buffer", uniform((3,))), ("buffer", uniform((3,), 0.5, 2))]
        case("batch_norm2d", f"{len(shape)} axes", lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, True, 0.1, 1e-5),
             of(x, weight, bias) + running, (0.1, 1e-5))
        case("batch_norm2d", f"{len(shape)} axes, no weight",
             lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, True, 0.1, 1e-5), of(x) + [none, none] + running, (0.1, 1e-5))
        case("batch_norm2d_eval", f"{len(shape)} axes, no weight",
             lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, False, 0.1, 1e-5), of(x) + [none, none] + running, (0.1, 1e-5))


def gates():
    seeded("gates")
    for shape, weights in (((5, 7), 1), ((5, 7), 7), ((2, 3, 4), 3), ((2, 4, 3, 2), 4), ((6,), 1)):
        x = uniform(shape, -3, 3)
        x.view(-1)[:2] = exact([0.0, -0.0])
        case("prelu", f"{list(shape)} by {weights}", F.prelu, of(x, uniform((weights,))))
    case("prelu", "NaN and infinities", F.prelu, of(exact([[NAN, INF, -INF, 0.0, -0.0, 1]]), uniform((1,), 0.1, 1)))
    for shape, dim in (((4, 6), 1), ((4, 6), 0), ((2, 6, 3), 1), ((1, 2, 3, 8), 3)):
        case("glu", f"{list(shape)} along {dim}", lambda x: F.glu(x, dim), of(uniform(shape, -3, 3)), (dim,))
