"""Losses by the text of torch.nn's classes, for ops.py: those with weights, and those of several outputs."""
import torch

from cases import case, exact, ints, of, seeded, uniform

WIDE_LOSSES = ["CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 0.0, 1.25]))",
               "CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), ignore_index=2, label_smoothing=0.3)",
               "CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), reduction='sum', label_smoothing=0.1)",
               "NLLLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]))",
               "MultiMarginLoss()", "MultiMarginLoss(p=2, margin=0.7, weight=torch.tensor([0.5, 2.0, 1.0, 1.25]))",
               "CrossEntropyLoss(label_smoothing=0.2, reduction='mean')",
               "CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), label_smoothing=0.2, reduction='sum')",
               "BCELoss()", "BCELoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), reduction='sum')",
               "BCEWithLogitsLoss(pos_weight=torch.tensor([0.5, 2.0, 1.0, 1.25]))",
               "BCEWithLogitsLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]), pos_weight=torch.tensor([3.0]))",
               "KLDivLoss()", "KLDivLoss(reduction='batchmean', log_target=True)", "KLDivLoss(reduction='sum')",
               "PoissonNLLLoss()", "PoissonNLLLoss(full=True)", "PoissonNLLLoss(log_input=False, eps=0.001)",
               "SoftMarginLoss()", "HingeEmbeddingLoss(margin=0.5)",
               "MultiLabelSoftMarginLoss()", "MultiLabelSoftMarginLoss(weight=torch.tensor([0.5, 2.0, 1.0, 1.25]))",
               "GaussianNLLLoss()", "GaussianNLLLoss(full=True, eps=0.3, reduction='sum')",
               "CosineEmbeddingLoss(margin=0.2)", "MarginRankingLoss(margin=0.3)",
               "TripletMarginLoss()", "TripletMarginLoss(margin=0.5, p=1.0, swap=True)", "TripletMarginLoss(p=3.0)",
               "MultiMarginLoss(margin=-0.5)", "MultiMarginLoss(p=2, margin=-0.5)"]


def signs(shape):
    return 2.0 * (uniform(shape) > 0) - 1


def wide_loss(number, text):
    """A loss in float64, with what it takes: outputs, and constants."""
    loss = eval("torch.nn." + text.replace("])", "], dtype=torch.float64)"))
    x, which = uniform((7, 4), -3, 3), (number,)
    if "reduction='mean'" in text or "smoothing=0.2, reduction='sum'" in text:
        case("loss_of", text + " of shares", loss, of(x) + [("const", uniform((7, 4), 0, 1))], which)
    elif text.startswith(("Cross", "NLL", "MultiMargin")):
        for shape in ((7, 4), (3, 4, 2, 3)) if "Multi" not in text else ((7, 4),):
            target = ints((shape[0],) + shape[2:], 4)
            case("loss_of", text, lambda x, t: loss(x, t.long()), of(uniform(shape, -3, 3)) + [("i32", target)], which)
    elif text.startswith("BCELoss"):
        case("loss_of", text, loss, of(uniform((7, 4), 0.01, 0.99)) + [("const", uniform((7, 4), 0, 1))], which)
        case("loss_of", text + " at its ends", loss,
             of(exact([[0, 0, 1, 1], [1e-20, 0.5, 1, 0]])) + [("const", exact([[0, 1, 0, 1], [1, 0.5, 0.5, 0.5]]))], which)
    elif text.startswith("KL"):
        target = uniform((7, 4), -3, 0) if "log_target" in text else torch.relu(uniform((7, 4)))
        case("loss_of", text, loss, of(uniform((7, 4), -4, 0)) + [("const", target)], which)
    elif text.startswith("Poisson"):
        x = uniform((7, 4), 0, 3) if "log_input" in text else x
        case("loss_of", text, loss, of(x) + [("const", ints((7, 4), 6).double())], which)
    elif text.startswith(("Soft", "Hinge")):
        case("loss_of", text, loss, of(x) + [("const", signs((7, 4)))], which)
    elif text.startswith("Gaussian"):
        variance = uniform((7, 4), 0.1, 2)
        case("loss_of", text, lambda x, v, t: loss(x, t, v), of(x, variance) + [("const", uniform((7, 4)))], which)
    elif text.startswith("Cosine"):
        case("loss_of", text, loss, of(x, uniform((7, 4))) + [("const", signs((7,)))], which)
    elif text.startswith("MarginRanking"):
        case("loss_of", text, loss, of(x, uniform((7, 4))) + [("const", signs((7, 4)))], which)
    elif text.startswith("Triplet"):
        case("loss_of", text, loss, of(x, uniform((7, 4)), uniform((7, 4))), which)
    else:
        case("loss_of", text, loss, of(x) + [("const", uniform((7, 4), 0, 1))], which)


def wide_losses(before):
    """before: how many texts stand before these."""
    seeded("wide losses")
    for i, text in enumerate(WIDE_LOSSES):
        wide_loss(before + i, text)
