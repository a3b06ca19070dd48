#!/usr/bin/python3
"""Writes what PyTorch's dropout on the CPU makes of 1, 2, 3, ...: for Tenka's tests of its masks.

    tools/golden/dropout.py > tests/golden/dropout.txt

Needs Debian's python3-torch, which is built without MKL: PyTorch with MKL draws other masks.
"""
import sys

import torch
import torch.nn.functional as F

SIZES = (1, 2, 7, 15, 16, 17, 100, 313, 1001)
PROBABILITIES = (0.0, 0.1, 0.25, 1 / 3, 0.5, 0.9, 0.999, 1.0)
FNV_BEGIN, FNV_PRIME = 2166136261, 16777619


def fnv(data):
    value = FNV_BEGIN
    for byte in data:
        value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return value


def main():
    if torch.backends.mkl.is_available():
        sys.exit("dropout.py: this PyTorch is built with MKL and draws other masks")
    print("# F.dropout(torch.arange(1, COUNT + 1), P) after manual_seed(SEED), "
          f"PyTorch {torch.__version__} without MKL:")
    print("# FNV-1a of the bytes in float32 and in float64, and the next random_() of an int64.")
    print("# dropout SEED COUNT P FLOAT32 FLOAT64 NEXT")
    for seed, count in enumerate(SIZES):
        for p in PROBABILITIES:
            hashes, following = [], set()
            for dtype in (torch.float32, torch.float64):
                torch.manual_seed(seed)
                y = F.dropout(torch.arange(1, count + 1, dtype=dtype), p, training=True)
                following.add(torch.empty((), dtype=torch.int64).random_().item())
                hashes.append(fnv(y.numpy().tobytes()))
            assert len(following) == 1
            print(f"dropout {seed} {count} {p!r} {hashes[0]:08x} {hashes[1]:08x} {following.pop()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
