"""answers.py make FOLDER: arrays for each kind of target. answers.py check KIND FOLDER JSON OUTPUTS: what `tenka test
--json` says of them is what NumPy makes of the network's outputs."""
import json
import sys

import numpy as np

KINDS = ("classes", "many", "numbers", "labels", "pixels", "pictures")


def make(folder):
    rng = np.random.default_rng(1)
    for kind in KINDS:
        for half, n in (("train", 40), ("test", 33)):
            x = rng.standard_normal((n, 6)).astype(np.float32)
            if kind in ("classes", "many"):
                y = (np.abs(x).argmax(1) * (1 if kind == "classes" else 5)).astype(np.int64)
                y[0] = 5 if kind == "classes" else 29
            elif kind == "numbers":
                y = np.stack([x[:, 0] + x[:, 1], 3 * x[:, 2], np.ones(n, np.float32)], 1).astype(np.float32)
            elif kind == "labels":
                y = (x[:, :4] > 0.2).astype(np.float32)
            else:
                x = rng.random((n, 1, 6, 5)).astype(np.float32)
                y = x if kind == "pictures" else np.minimum(2, (3 * x[:, 0])).astype(np.int32)
                if kind == "pixels":
                    y[:, 0, 0] = -100
            np.save(f"{folder}/{kind}_x_{half}.npy", x)
            np.save(f"{folder}/{kind}_y_{half}.npy", y)


def near(what, got, want):
    assert got is not None and abs(got - want) <= 1e-5 * (1 + abs(want)), f"{what}: {got} instead of {want}"


def share(a, b):
    return a / b if b else 0.0


def per_class(got, actual, predicted, right, what):
    for key, want in (
        ("count", actual), ("predicted", predicted), ("right", right), ("precision", share(right, predicted)),
        ("recall", share(right, actual)), ("f1", share(2 * right, actual + predicted)),
        ("iou", share(right, actual + predicted - right)),
    ):
        near(f"{what} {key}", got[key], want)


def worst(report, losses):
    order = np.argsort(-losses, kind="stable")[: len(report["worst"])]
    assert [w["index"] for w in report["worst"]] == list(order), (report["worst"], order)
    for w in report["worst"]:
        near("loss", w["loss"], losses[w["index"]])


def check_classes(report, y, out):
    classes = out.shape[1]
    scores = np.moveaxis(out, 1, -1).reshape(-1, classes)
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    true = y.reshape(-1)
    counted = true >= 0
    answer = scores.argmax(1)
    losses = -np.log(p[np.arange(len(true)), np.where(counted, true, 0)]) * counted
    worst(report, losses.reshape(len(y), -1).sum(1) / counted.reshape(len(y), -1).sum(1))
    if y.ndim == 1:
        for w in report["worst"]:
            assert w["actual"] == true[w["index"]] and w["predicted"] == answer[w["index"]]
            near("probability", w["probability"], p[w["index"]].max())
    top = np.argsort(-scores, axis=1, kind="stable")[:, : report["top"]]
    near("top", report["top_accuracy"], (top == true[:, None]).any(1)[counted].mean())
    near("accuracy", report["accuracy"], (answer == true)[counted].mean())
    true, answer = true[counted], answer[counted]
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (true, answer), 1)
    assert report["confusion"] == matrix.tolist()
    for i in range(classes):
        per_class(report["classes"][i], matrix[i].sum(), matrix[:, i].sum(), matrix[i, i], f"class {i}")
    occurs = matrix.sum(0) + matrix.sum(1) > 0
    for key in ("precision", "recall", "f1"):
        near(key, report[key], np.mean([c[key] for c, o in zip(report["classes"], occurs) if o]))
    near("mean_iou", report["mean_iou"], np.mean([c["iou"] for c, o in zip(report["classes"], occurs) if o]))


def check_labels(report, y, out):
    answer, there = out > 0, y > 0.5
    for i in range(y.shape[1]):
        right = (answer & there)[:, i].sum()
        per_class(report["labels"][i], there[:, i].sum(), answer[:, i].sum(), right, f"label {i}")
    near("exact", report["exact"], (answer == there).all(1).mean())
    near("f1", report["f1"], np.mean([c["f1"] for c in report["labels"]]))
    p = 1 / (1 + np.exp(-out.astype(float)))
    worst(report, -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(1))


def check_numbers(report, y, out):
    y, out = (a.reshape(len(a), -1).astype(float) for a in (y, out))
    near("mae", report["mae"], np.abs(y - out).mean())
    near("rmse", report["rmse"], np.sqrt(((y - out) ** 2).mean()))
    spread, error = ((y - y.mean(0)) ** 2).sum(0), ((y - out) ** 2).sum(0)
    near("r2", report["r2"], np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1), 0).mean())
    for k, target in enumerate(report.get("targets", [])):
        assert target["target"] == k
        near("mae of a target", target["mae"], np.abs(y - out)[:, k].mean())
        near("rmse of a target", target["rmse"], np.sqrt(error[k] / len(y)))
        near("r2 of a target", target["r2"], 1 - error[k] / spread[k])
    worst(report, ((y - out) ** 2).mean(1))
    return (y.max() - y.min()) / np.sqrt(((y - out) ** 2).mean())


def check(kind, folder, report, outputs):
    with open(report, encoding="utf-8") as file:
        report = json.load(file)
    y, out = np.load(f"{folder}/{kind}_y_test.npy"), np.load(outputs)
    assert report["samples"] == len(y)
    if kind in ("classes", "many", "pixels"):
        check_classes(report, y, out)
    elif kind == "labels":
        check_labels(report, y, out)
    else:
        psnr = check_numbers(report, y, out)
        assert len(report.get("targets", [])) == (0 if kind == "pictures" else y.shape[1])
        if kind == "pictures":
            near("psnr", report["psnr"], 20 * np.log10(psnr))


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    check(*sys.argv[2:])
