#!/usr/bin/python3
"""Writes what torchvision's make_grid makes of pictures, which tenka_image_grid must make (tests/test_grid.c).

    tools/golden/grid.py > tests/golden/grid.txt

Element i of all pictures is (i * 37 % 101) / 50 - 0.5. Needs Debian's python3-torch, and torchvision.
"""
import torch
from torchvision.utils import make_grid

CASES = [((1, 1, 3, 5), 8, 2, 0, 1), ((1, 3, 4, 4), 8, 2, 0, 1), ((2, 1, 3, 5), 8, 2, 0, 1), ((7, 3, 5, 3), 3, 2, 0, 1),
         ((8, 1, 4, 4), 8, 0, -1, 1), ((9, 1, 2, 7), 8, 1, -0.25, 1.25), ((64, 1, 28, 28), 8, 2, -1, 1)]
FNV_BEGIN, FNV_PRIME = 2166136261, 16777619


def fnv(data):
    value = FNV_BEGIN
    for byte in data:
        value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFF
    return value


def main():
    print("# N C H W COLUMNS PADDING LOW HIGH, WIDTH HEIGHT of the grid, FNV-1a of its RGB bytes")
    for shape, columns, padding, low, high in CASES:
        i = torch.arange(torch.Size(shape).numel())
        x = ((i * 37 % 101).float() / 50 - 0.5).reshape(shape)
        grid = make_grid(x, nrow=columns, padding=padding, normalize=True, value_range=(low, high))
        pixels = grid.mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0).to(torch.uint8).contiguous()
        print("grid", *shape, columns, padding, low, high, pixels.shape[1], pixels.shape[0],
              f"{fnv(pixels.numpy().tobytes()):08x}")


if __name__ == "__main__":
    main()
