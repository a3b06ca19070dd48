"""The networks of the comparison. Tenka gets them as the text that print(model) shows."""
from torch import nn


class Reference(nn.Module):
    """The reference program's network."""

    def __init__(self):
        super().__init__()
        self.base_net = nn.Sequential(
            nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, 40, 5), nn.ReLU())
        # The name is spelled so in the original program.
        self.classfier = nn.Sequential(
            nn.Linear(2560, 100), nn.ReLU(), nn.Linear(100, 10), nn.LogSoftmax(dim=1))

    def forward(self, x):
        return self.classfier(self.base_net(x).reshape(-1, 2560))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10), nn.LogSoftmax(dim=1))


def stack():
    """Two 3x3 convolutions with BatchNorm at each of 16, 32 and 64 channels."""
    layers, channels = [], 3
    for width, stride in ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        layers += [nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(width),
                   nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4096, 10))


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(),
                         nn.Linear(1024, 10))


# name: network, shape of an image, batch sizes
NETWORKS = {
    "reference": (Reference, (1, 28, 28), (32, 100, 1000)),
    "lenet": (lenet, (1, 28, 28), (100,)),
    "stack": (stack, (3, 32, 32), (100,)),
    "mlp": (mlp, (1, 28, 28), (100,)),
}
