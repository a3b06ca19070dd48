#!/usr/bin/env python3
"""metrics.py FILE: inputs of the metrics and their results, for tests/test_metrics.c, by formulas in NumPy; where
scikit-learn is installed its results must be the same."""
import sys

import numpy as np

try:
    import sklearn.metrics as sk
except ImportError:
    sk = None


def same(ours, theirs, what):
    if sk is not None and not np.allclose(ours, theirs(), rtol=1e-12, atol=1e-15):
        sys.exit(f"{what}: {ours}, but scikit-learn has {theirs()}")


def write(out, name, values):
    values = np.asarray(values).ravel()
    out.write(f"{name} {len(values)}\n" + " ".join(repr(float(v)) for v in values) + "\n")


def share(a, b):
    return np.divide(a, b, out=np.zeros(len(a)), where=b > 0)


def per_class(actual, predicted, right):
    a, p, r = (x.astype(float) for x in (actual, predicted, right))
    return share(r, p), share(r, a), share(2 * r, a + p), share(r, a + p - r)


def classes(out, rng, name, samples, classes, places, top, ignore, never=None):
    scores = rng.standard_normal((samples, classes, places)).astype(np.float32)
    targets = rng.integers(0, classes, (samples, places))
    if never is not None:
        targets[targets == never] = (never + 1) % classes
        scores[:, never] = -9
    # Most answers right, and some scores equal: the first counts.
    for i in range(samples):
        for k in range(places):
            if rng.random() < 0.6:
                scores[i, targets[i, k], k] += 2
            if rng.random() < 0.1:
                scores[i, :, k] = np.round(scores[i, :, k])
    targets[rng.random(targets.shape) < 0.1] = ignore
    flat = scores.transpose(0, 2, 1).reshape(-1, classes)[targets.ravel() != ignore]
    true = targets.ravel()[targets.ravel() != ignore]
    order = np.argsort(-flat, axis=1, kind="stable")
    answer = order[:, 0]
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (true, answer), 1)
    actual, predicted, right = matrix.sum(1), matrix.sum(0), matrix.diagonal()
    precision, recall, f1, iou = per_class(actual, predicted, right)
    occurs = actual + predicted > 0
    in_top = (order[:, :top] == true[:, None]).any(1)
    summary = [len(true), right.sum(), in_top.sum(), occurs.sum(), right.sum() / len(true), in_top.mean()]
    summary += [x[occurs].mean() for x in (precision, recall, f1, iou)]
    if sk is not None:
        quiet = {"zero_division": 0}
        same(matrix, lambda: sk.confusion_matrix(true, answer, labels=range(classes)), "confusion_matrix")
        theirs = sk.precision_recall_fscore_support(true, answer, labels=range(classes), **quiet)
        for ours, other in zip((precision, recall, f1, actual), theirs):
            same(ours, lambda other=other: other, "precision_recall_fscore_support")
        theirs = sk.precision_recall_fscore_support(true, answer, average="macro", **quiet)
        same(summary[6:9], lambda: theirs[:3], "macro")
        same(summary[4], lambda: sk.accuracy_score(true, answer), "accuracy_score")
        same(summary[9], lambda: sk.jaccard_score(true, answer, average="macro", **quiet), "jaccard_score")
    out.write(f"classes {name} {samples} {classes} {places} {top} {ignore}\n")
    write(out, "scores", scores)
    write(out, "targets", targets)
    write(out, "matrix", matrix)
    write(out, "each", np.stack([actual, predicted, right, precision, recall, f1, iou], 1))
    write(out, "summary", summary)


def labels(out, rng, name, samples, count, threshold):
    scores = rng.standard_normal((samples, count)).astype(np.float32)
    targets = (scores + rng.standard_normal(scores.shape) > 0.3).astype(np.float32)
    targets[:, 0] = 0
    answer = scores > threshold
    there = targets > 0.5
    actual, predicted, right = there.sum(0), answer.sum(0), (there & answer).sum(0)
    precision, recall, f1, iou = per_class(actual, predicted, right)
    exact = (there == answer).all(1)
    micro = 2 * right.sum() / (actual.sum() + predicted.sum())
    summary = [samples, exact.sum(), exact.mean(), precision.mean(), recall.mean(), f1.mean(), micro]
    if sk is not None:
        quiet = {"zero_division": 0}
        theirs = sk.precision_recall_fscore_support(there, answer, average="macro", **quiet)
        same(summary[3:6], lambda: theirs[:3], "labels, macro")
        same(micro, lambda: sk.f1_score(there, answer, average="micro"), "labels, micro")
        same(summary[2], lambda: sk.accuracy_score(there, answer), "labels, exact")
    out.write(f"labels {name} {samples} {count} {threshold!r}\n")
    write(out, "scores", scores)
    write(out, "targets", targets)
    write(out, "each", np.stack([actual, predicted, right, precision, recall, f1, iou], 1))
    write(out, "summary", summary)


def numbers(out, rng, name, samples, count, offset=0.0, constant=False):
    targets = (rng.standard_normal((samples, count)) + offset).astype(np.float32)
    if constant:
        targets[:, 0] = 3
    outputs = (targets + 0.5 * rng.standard_normal(targets.shape)).astype(np.float32)
    t, o = targets.astype(float), outputs.astype(float)
    mae, mse = np.abs(o - t).mean(), ((o - t) ** 2).mean()
    error, spread = ((o - t) ** 2).sum(0), ((t - t.mean(0)) ** 2).sum(0)
    r2 = np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1), np.where(error == 0, 1, 0)).mean()
    psnr = 10 * np.log10((t.max() - t.min()) ** 2 / mse)
    if sk is not None:
        same(mae, lambda: sk.mean_absolute_error(t, o), "mae")
        same(mse, lambda: sk.mean_squared_error(t, o), "mse")
        same(r2, lambda: sk.r2_score(t, o), "r2")
    out.write(f"numbers {name} {samples} {count}\n")
    write(out, "outputs", outputs)
    write(out, "targets", targets)
    write(out, "summary", [samples, mae, np.sqrt(mse), r2, psnr])


def main():
    rng = np.random.default_rng(15)
    with open(sys.argv[1], "w", encoding="ascii") as out:
        classes(out, rng, "ten", 60, 10, 1, 3, -100)
        classes(out, rng, "never", 40, 5, 1, 2, -100, never=2)
        classes(out, rng, "pixels", 3, 4, 20, 2, 0)
        labels(out, rng, "logits", 30, 5, 0.0)
        labels(out, rng, "probabilities", 20, 3, 0.5)
        numbers(out, rng, "one", 50, 1)
        numbers(out, rng, "far", 40, 3, offset=1000.0)
        numbers(out, rng, "constant", 20, 2, constant=True)


main()
