#!/usr/bin/python3
"""Writes files as people have them, all with the weights of Linear(2, 1) as layer 0 of a Sequential: 0.weight is
[[1.5, -3]] and 0.bias [0.25]. tests/test_torch_files.c knows which of them load, and what is said of the others. The
names begin with "torch1_" or "torch2_", by the version of PyTorch that runs this.

    tools/golden/torch_files.py tests/golden/torch_files

Needs Debian's python3-torch, or PyTorch 2 in a virtual environment for the other half.
"""
import argparse
import collections
import datetime
import enum
import pathlib
import sys

import numpy as np
import torch
from torch import nn


class Colour(enum.Enum):
    RED = 1


class Config(dict):
    """A dict of a class of its own, with attributes."""

    def __init__(self):
        super().__init__(width=3)
        self.frozen = True


class Slots:
    __slots__ = ("width",)

    def __init__(self):
        self.width = 3


def beside():
    """What stands beside the weights, of every kind that a pickle can hold."""
    loop = [1]
    loop.append((loop,))
    return {
        "epoch": 3, "none": None, "text": "é" * 200, "zero": "a\0b", "bytes": b"\xff\0", "bytearray": bytearray(b"ab"),
        "large": 2 ** 100, "negative": -2 ** 2100, "complex": 1 + 2j, "set": {1, 2}, "frozenset": frozenset([1]),
        "loop": loop, "best": np.float64(1.5), "count": np.int64(3), "array": np.arange(3.0), "dtype": np.dtype("f4"),
        "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("runs")), "colour": Colour.RED,
        "when": datetime.datetime(2020, 1, 2), "config": Config(), "slots": Slots(),
        "lists": collections.defaultdict(list, {1: [2]}), "counter": collections.Counter("abca"),
        "device": torch.device("cpu"), "torch_dtype": torch.float16, "size": torch.Size([1, 2]),
        "function": nn.functional.relu, "best_tensor": torch.tensor(0.5), "complex_tensor": torch.ones(1).cfloat(),
        "conjugate": torch.ones(1).cfloat().conj(), "axes": torch.ones(1, 1, 1, 1, 1, 1, 1),
        "sparse": torch.eye(2).to_sparse(), "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    }


def renamed(state, change):
    return collections.OrderedDict((change(key), value) for key, value in state.items())


def with_attributes(state):
    parameter, tensor = nn.Parameter(state["0.weight"].clone()), state["0.bias"].clone()
    parameter.tag = tensor.tag = 5
    return {"0.weight": parameter, "0.bias": tensor}


def main():
    folder, major = pathlib.Path(sys.argv[1]), torch.__version__.split(".")[0]
    net = nn.Sequential(nn.Linear(2, 1))
    state = collections.OrderedDict([("0.weight", torch.tensor([[1.5, -3.0]])), ("0.bias", torch.tensor([0.25]))])
    net.load_state_dict(state)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(3, 2)).sum().backward()
    optimizer.step()
    net.load_state_dict(state)

    def save(name, value, protocol=2, old=False):
        torch.save(value, folder / f"torch{major}_{name}.pt", pickle_protocol=protocol,
                   _use_new_zipfile_serialization=not old)

    checkpoint = {**beside(), "model_state_dict": state, "optimizer_state_dict": optimizer.state_dict()}
    for protocol in (2, 3, 4, 5):
        save(f"checkpoint{protocol}", checkpoint, protocol)
    save("old2", checkpoint, 2, old=True)
    save("old4", checkpoint, 4, old=True)
    save("attributes", with_attributes(state), 4)
    save("parameters", collections.OrderedDict(net.named_parameters()))
    save("averaged", torch.optim.swa_utils.AveragedModel(net).state_dict())
    save("parallel", nn.DataParallel(net).state_dict(), old=True)
    save("whole", net)
    save("whole_beside", {"epoch": 1, "model": nn.DataParallel(net)})
    if major == "1":
        return 0
    save("compiled", torch.compile(net).state_dict())
    save("eights", {"model": state, "ema": {"0.weight": torch.ones(1).to(torch.float8_e4m3fn)}}, 5)
    save("eight_weight", {**state, "0.weight": state["0.weight"].to(torch.float8_e4m3fn)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
