#!/usr/bin/python3
"""Writes the weight files of PyTorch that Tenka's tests read: Linear(3, 2) and Linear(2, 2), with every storage that
has something special. All values are exact in every dtype used; tests/test_pt_files.c knows them.

    tools/golden/weights.py tests/golden/weights

Needs Debian's python3-torch.
"""
import collections
import pathlib
import sys

import torch


def main():
    folder = pathlib.Path(sys.argv[1])
    base = torch.arange(15, dtype=torch.float64).view(5, 3)     # 0 .. 14
    shared = torch.tensor([9.0, 8.0, 7.0, -0.5, 2.0 ** -20])
    state = collections.OrderedDict()
    state["0.weight"] = base.t()[1:, 2:]                        # f64, transposed, offset: [[7, 10, 13], [8, 11, 14]]
    state["0.bias"] = torch.tensor([-2.0 ** -24, 65504.0]).half()
    state["1.weight"] = torch.tensor([[1.5], [-3.0]]).bfloat16().expand(2, 2)
    state["1.bias"] = shared[3:]
    # A second view of one storage, under a name that an optimizer might use.
    torch.save({"epoch": 3, "lr": 1e-3, "model": state, "optimizer": {"momentum": shared[:2], "groups": [0, 1, None]}},
               folder / "torch_dtypes.pt")
    state["2.extra"] = torch.zeros(2)
    torch.save({"state_dict": state}, folder / "torch_extra.pt")
    torch.save(state, folder / "torch_legacy.pt", _use_new_zipfile_serialization=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
