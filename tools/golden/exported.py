#!/usr/bin/env python3
"""Writes what torch.export prints of the networks of traced.py, with a batch of any size and with a fixed one: for
Tenka's tests of networks whose text shows forward. Needs PyTorch 2.6 or newer.

    tools/golden/exported.py tests/golden/traced

NAME.exported.txt is of any batch size, NAME.fixed.txt of an example of 3 images; both without the comments that show
where each line comes from. The numbers are those of traced.py.
"""
import pathlib
import sys

import torch

from traced import (CHANNELS, SIDE, Attention, Branches, Lookup, Parts, Planes, Pools, Residual, Segments, Squeeze, Weights,
                    Writes)


def without_comments(text):
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("# File:", "# No stacktrace"))]
    return "\n".join(lines) + "\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    example = torch.zeros(3, CHANNELS, SIDE, SIDE)
    for net in (Residual, Branches, Squeeze, Pools, Planes, Parts, Weights, Attention, Segments, Lookup, Writes):
        model, name = net().train(), net.__name__.lower()
        free = torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
        (folder / f"{name}.exported.txt").write_text(without_comments(str(free)))
        (folder / f"{name}.fixed.txt").write_text(without_comments(str(torch.export.export(model, (example,)))))


if __name__ == "__main__":
    main()
