#!/usr/bin/python3
"""Writes trainings by PyTorch on arrays, which the command must repeat (tests/test_recipes.sh).

    tools/golden/recipes.py tests/golden/recipes

For each row of RECIPES:
  NAME.npz  x and y, and for one with a test half x_train, y_train, x_test and y_test
  NAME.txt  the command's arguments, one a line, then a line "losses", and for each step its loss in float64
            (initialised in float32, then .double()) and the bound max(1e-5, 10 times the gap to float32); in the end
            "test LOSS BOUND", the mean over the test samples, where there is a test half

Needs Debian's python3-torch.
"""
import argparse
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED, EPOCHS, BATCH = 0, 2, 8


def mlp():
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3))


def normalised():
    return nn.Sequential(nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 1))


def layer_normed():
    return nn.Sequential(nn.Linear(6, 16), nn.LayerNorm(16), nn.Tanh(), nn.Linear(16, 3))


def deep():
    return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))


def places():
    return nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 4, 1))


def floats(rng, n):
    x = rng.standard_normal((n, 6)).astype("f4")
    return x, (np.tanh(x @ rng.standard_normal((6, 3))) * 2).astype("f4")


def zeros_and_ones(rng, n):
    x, y = floats(rng, n)
    return x, (y > 0).astype("f8")


def classes(rng, n):
    x, y = floats(rng, n)
    return x, y.argmax(1).astype("i8")


def some_ignored(rng, n):
    x, y = classes(rng, n)
    y[rng.random(n) < 0.3] = -100
    return np.asfortranarray(x.astype(">f8")), y.astype(">i4")


def images(rng, n):
    """Bytes as input, and a class for each place, 255 for none."""
    x = rng.integers(0, 4, (n, 2, 5, 4), "u1")
    y = (x.sum(1) % 4).astype("u1")
    y[rng.random(y.shape) < 0.2] = 255
    return x, y


class Steps:
    """How steps are taken, in PyTorch and by the command's arguments."""

    def __init__(self, *arguments, epochs=EPOCHS, accumulate=1, clip=None, schedule=None, by_step=False, groups=None):
        self.arguments, self.epochs, self.accumulate, self.clip = list(arguments), epochs, accumulate, clip
        self.schedule, self.by_step, self.groups = schedule, by_step, groups

    def command(self):
        arguments = self.arguments + ["--accumulate", self.accumulate]
        if self.clip:
            arguments += [f"--clip-grad-{self.clip[0]}", self.clip[1]]
        if self.schedule:
            arguments += ["--schedule", self.schedule]
        return arguments

    def clip_gradients(self, net):
        if self.clip:
            getattr(nn.utils, f"clip_grad_{self.clip[0]}_")(net.parameters(), self.clip[1])


def undecayed_norms(net):
    """--no-decay-norms and --group '3: lr=0.02'."""
    plain, small, small_bias = [net[0].weight], [net[3].weight], [net[3].bias]
    still = [net[0].bias, *net[1].parameters()]
    return [dict(params=plain), dict(params=still, weight_decay=0), dict(params=small, lr=0.02),
            dict(params=small_bias, lr=0.02, weight_decay=0)]


def frozen_trunk(net, statistics):
    for layer in net[:2]:
        layer.requires_grad_(False)
    if statistics:
        net[1].eval()


def fixed(net):
    """The trunk is frozen, and its BatchNorm2d normalises by its statistics, which stay."""
    frozen_trunk(net, True)


def counting(net):
    """The trunk is frozen, but its BatchNorm2d goes on counting, as PyTorch lets it."""
    frozen_trunk(net, False)


def last_alone(net):
    net[:4].requires_grad_(False)
    net[4].bias.requires_grad_(False)


def anew(net):
    for layer in net[::2]:
        nn.init.kaiming_uniform_(layer.weight, mode="fan_out", nonlinearity="relu")
    nn.init.constant_(net[4].bias, 0.25)
    net[2].reset_parameters()


# What is done to a network before it is trained, in PyTorch and by the command.
CHANGES = {
    fixed: ["--freeze", "0", "--freeze", "1", "--freeze-stats"],
    counting: ["--freeze", "*", "--train", "3*"],
    last_alone: ["--freeze", "*", "--train", "4", "--freeze", "*.bias"],
    anew: ["--init", 'kaiming_uniform_(mode="fan_out", nonlinearity="relu")', "--init", "4.bias: constant_(0.25)",
           "--reset", "2"],
}


# name: network, data, loss, optimizer as PyTorch prints them; whether it shuffles, and has a test half
RECIPES = {
    "mse_sgd": (mlp, floats, "MSELoss()", "SGD(lr=0.05, momentum=0.9)", False, True),
    "smoothing_adamw": (mlp, classes, "CrossEntropyLoss(label_smoothing=0.1)", "AdamW(lr=1e-2)", True, True),
    "ignored_nesterov": (mlp, some_ignored, "CrossEntropyLoss(ignore_index=-100, label_smoothing=0.2)",
                         "SGD(lr=0.1, momentum=0.8, weight_decay=1e-3, nesterov=True)", True, False),
    "places_adam": (places, images, "CrossEntropyLoss(ignore_index=255)",
                    "Adam(lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.01)", False, False),
    "huber": (mlp, floats, "HuberLoss(delta=0.5)", "SGD(lr=0.1)", False, False),
    "smooth_l1_sum": (mlp, floats, "SmoothL1Loss(reduction='sum', beta=0.7)", "SGD(lr=0.01)", True, True),
    "l1": (mlp, floats, "L1Loss()", "SGD(lr=0.1, momentum=0.5, dampening=0.1)", False, False),
    "frozen_fixed": (normalised, images, "CrossEntropyLoss(ignore_index=255)", "SGD(lr=0.5, momentum=0.9)", True, True,
                     fixed),
    "frozen_counting": (normalised, images, "CrossEntropyLoss(ignore_index=255)", "SGD(lr=0.5, momentum=0.9)", True,
                        True, counting),
    "frozen_last": (deep, floats, "MSELoss()", "AdamW(lr=0.01)", False, False, last_alone),
    "anew": (deep, floats, "MSELoss()", "SGD(lr=0.05)", False, False, anew),
    "bce": (mlp, zeros_and_ones, "BCEWithLogitsLoss()", "Adam(lr=0.02)", False, False),
    "accumulated": (deep, floats, "MSELoss()", "AdamW(lr=0.02)", True, True,
                    Steps(epochs=3, accumulate=3, clip=("norm", 0.3), schedule="OneCycleLR(max_lr=0.05, total_steps=6)",
                          by_step=True)),
    "grouped": (layer_normed, classes, "CrossEntropyLoss()", "SGD(lr=0.1, momentum=0.9, weight_decay=0.1)", True, True,
                Steps("--no-decay-norms", "--group", "3: lr=0.02", epochs=4, clip=("value", 0.05),
                      schedule="StepLR(step_size=1, gamma=0.5)", groups=undecayed_norms)),
    "plateau": (mlp, floats, "MSELoss()", "RMSprop(lr=0.05, momentum=0.5, centered=True)", False, True,
                Steps(epochs=6, accumulate=2, schedule="ReduceLROnPlateau(factor=0.3, patience=0, threshold=0.05)")),
}


def native(array):
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))


def tensors(x, y, dtype):
    target = torch.from_numpy(native(y))
    target = target.to(dtype) if y.dtype.kind == "f" else target.long()
    return TensorDataset(torch.from_numpy(native(x)).to(dtype), target)


def make(text, namespace, *first):
    name, arguments = text.split("(", 1)
    values = eval("dict(" + arguments, {"__builtins__": {"dict": dict, "True": True}})
    return getattr(namespace, name)(*first, **values)


def steps_of(row):
    """Functions that change the network, and how steps are taken."""
    return [f for f in row[6:] if not isinstance(f, Steps)], next((s for s in row[6:] if isinstance(s, Steps)), Steps())


def train(row, train_half, test_half, dtype):
    network, _, loss_text, optimizer_text, shuffle = row[:5]
    change, steps = steps_of(row)
    torch.manual_seed(SEED)
    net = network()
    for function in change:
        function(net)
    net.to(dtype)
    loss = make(loss_text, nn)
    optimizer = make(optimizer_text, torch.optim, steps.groups(net) if steps.groups else net.parameters())
    schedule = make(steps.schedule, torch.optim.lr_scheduler, optimizer) if steps.schedule else None
    batches = DataLoader(tensors(*train_half, dtype), BATCH, shuffle=shuffle)
    tests = DataLoader(tensors(*test_half, dtype), BATCH, shuffle=shuffle) if test_half else None
    losses, test = [], None
    for _ in range(steps.epochs):
        net.train()
        for function in change:
            if function is fixed:
                function(net)
        for i, (x, y) in enumerate(batches):
            value = loss(net(x), y)
            if i % steps.accumulate == 0:
                optimizer.zero_grad()
            (value / steps.accumulate).backward()
            losses.append(value.item())
            if (i + 1) % steps.accumulate != 0 and i + 1 < len(batches):
                continue
            steps.clip_gradients(net)
            optimizer.step()
            if steps.by_step:
                schedule.step()
        if tests is not None:
            net.eval()
            with torch.no_grad():
                total = sum(loss(net(x), y).item() * (1 if loss.reduction == "sum" else len(x)) for x, y in tests)
            test = total / len(tests.dataset)
        if schedule and not steps.by_step:
            schedule.step(*([test] if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau) else []))
    return losses, test


def bound(exact, rounded):
    return f"{exact:.17g} {max(1e-5, 10 * abs(exact - rounded)):.3g}"


def write(folder, name, row):
    _, data, loss, optimizer, shuffle, tested = row[:6]
    change, steps = steps_of(row)
    rng = np.random.default_rng(len(name))
    x, y = data(rng, 43)
    halves = ((x[:30], y[:30]), (x[30:], y[30:])) if tested else ((x, y), None)
    path = os.path.join(folder, name)
    if tested:
        np.savez_compressed(path, x_train=halves[0][0], y_train=halves[0][1], x_test=halves[1][0], y_test=halves[1][1])
    else:
        np.savez(path, x=x, y=y)
    exact, exact_test = train(row, *halves, torch.float64)
    rounded, rounded_test = train(row, *halves, torch.float32)
    torch.manual_seed(SEED)
    net = " ".join(repr(layer) for layer in row[0]())
    arguments = ["--net", net, "--loss", loss, "--optimizer", optimizer, "--epochs", steps.epochs, "--batch-size", BATCH]
    if not shuffle:
        arguments.append("--no-shuffle")
    for function in change:
        arguments += CHANGES[function]
    if any(isinstance(extra, Steps) for extra in row[6:]):
        arguments += steps.command()
    with open(path + ".txt", "w", encoding="utf-8") as out:
        print(*arguments, "losses", sep="\n", file=out)
        for pair in zip(exact, rounded):
            print(bound(*pair), file=out)
        if tested:
            print("test", bound(exact_test, rounded_test), file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    folder = parser.parse_args().folder
    torch.set_num_threads(1)
    os.makedirs(folder, exist_ok=True)
    for name, row in RECIPES.items():
        write(folder, name, row)


if __name__ == "__main__":
    main()
