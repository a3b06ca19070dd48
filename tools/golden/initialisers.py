#!/usr/bin/python3
"""Writes what torch.nn.init draws, which tenka_module_init must draw (tests/test_fine_tuning.c).

    tools/golden/initialisers.py tests/golden/initialisers.txt

A line for each call: CALL, a tab, then the elements of the weight of Linear(5, 7), which has 35, and those of a second
one of Linear(3, 4), which has 12: PyTorch draws few normal numbers in another way than many. Both are made, and then
initialised, after manual_seed(7). Needs Debian's python3-torch.
"""
import sys

import torch
from torch import nn

CALLS = ["uniform_(a=-0.5, b=2)", "normal_(mean=0.5, std=0.02)", "normal_()", "trunc_normal_(std=0.02)",
         "trunc_normal_(0, 1, -1, 0.5)", "constant_(0.25)", "zeros_()", "ones_()", "xavier_uniform_(gain=1.5)",
         "xavier_normal_()", "kaiming_uniform_(a=1)", "kaiming_uniform_(mode='fan_out', nonlinearity='relu')",
         "kaiming_normal_(nonlinearity='tanh')", "kaiming_normal_(0.5, 'fan_out')",
         "kaiming_normal_(nonlinearity='selu')", "kaiming_normal_(nonlinearity='sigmoid')"]


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        for call in CALLS:
            torch.manual_seed(7)
            layers = nn.Linear(5, 7), nn.Linear(3, 4)
            function, arguments = call.split("(", 1)
            for layer in layers:
                eval(f"nn.init.{function}(layer.weight, {arguments}")
            values = torch.cat([layer.weight.detach().flatten() for layer in layers]).tolist()
            print(call, " ".join(f"{value:.9g}" for value in values), sep="\t", file=out)


if __name__ == "__main__":
    main()
