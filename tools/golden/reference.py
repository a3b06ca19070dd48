#!/usr/bin/python3
"""Writes the golden losses that Tenka's tests compare with, as PyTorch computes them.

The program is the one of tenka_nn_reference_text(): two convolutions and two linear layers, Adam, batches from
a shuffling DataLoader. It runs twice over the same weights and batches, in float32 and in float64; the distance
of the two says how far float32 itself can be trusted at that step.

    tools/golden/reference.py > tests/golden/reference_seed0_batch100.txt

Needs Debian's python3-torch and dataset-fashion-mnist. torchvision is not needed: its ToTensor and Normalize are
two lines here.
"""
import argparse
import copy
import gzip
import platform
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

MEAN, STD = 0.1307, 0.3081


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.base_net = nn.Sequential(
            nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, 40, 5), nn.ReLU())
        # The name is spelled so in the original program, and state_dict keys follow it.
        self.classfier = nn.Sequential(
            nn.Linear(2560, 100), nn.ReLU(), nn.Linear(100, 10), nn.LogSoftmax(dim=1))

    def forward(self, x):
        return self.classfier(self.base_net(x).view(-1, 2560))


class Images(Dataset):
    """IDX images as torchvision hands them out: float32, (byte / 255 - mean) / std."""

    def __init__(self, folder):
        self.images = read_idx(f"{folder}/train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
        self.labels = read_idx(f"{folder}/train-labels-idx1-ubyte.gz", 8)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index]).to(torch.float32).div(255)
        mean = torch.as_tensor([MEAN], dtype=torch.float32).view(-1, 1, 1)
        std = torch.as_tensor([STD], dtype=torch.float32).view(-1, 1, 1)
        return image.sub_(mean).div_(std), int(self.labels[index])


def read_idx(path, header):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), dtype=np.uint8, offset=header).copy()


def losses(net, dtype, batches):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    for images, labels in batches:
        optimizer.zero_grad()
        loss = nn.NLLLoss()(net(images.to(dtype)), labels)
        loss.backward()
        optimizer.step()
        yield loss.item()


def take(loader, count):
    batches = []
    for batch in loader:
        batches.append(batch)
        if len(batches) == count:
            return batches
    return batches


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()

    data = Images(options.data)
    torch.manual_seed(options.seed)
    net = Net()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    batches = take(DataLoader(data, batch_size=options.batch_size, shuffle=True), options.steps)
    double = copy.deepcopy(net).double()
    single = list(losses(net, torch.float32, batches))
    exact = list(losses(double, torch.float64, batches))

    print(f"# Losses of the reference program on Fashion-MNIST, seed {options.seed}, batch {options.batch_size}.")
    print(f"# Written by tools/golden/reference.py with PyTorch {torch.__version__}, numpy {np.__version__},")
    print(f"# Python {platform.python_version()}, {platform.machine()}. Batches are normalised in float32 in both runs.")
    print("# label INDEX CLASS              classes of the first batch")
    print("# weight NAME FIRST LAST SUM     initial float32 values; the sum is taken in double, in memory order")
    print("# loss STEP FLOAT32 FLOAT64 GAP")
    for index, label in enumerate(batches[0][1].tolist()):
        print(f"label {index} {label}")
    for name, value in state.items():
        flat = value.flatten().tolist()
        print(f"weight {name} {flat[0]:.9g} {flat[-1]:.9g} {sum(flat):.17g}")
    for step, (a, b) in enumerate(zip(single, exact)):
        print(f"loss {step} {a:.17g} {b:.17g} {abs(a - b):.3g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
