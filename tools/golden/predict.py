#!/usr/bin/python3
"""Writes networks, pictures and what PyTorch says of them, for the test of `tenka predict`.

    tools/golden/predict.py tests/golden/predict

A line of probabilities.txt is: network, picture, option of tenka predict or -, and a probability for each class. The
pictures are Fashion-MNIST's first test images, as they are and as people would have them: larger, of other
proportions, in colour, dark on white. They are read by Pillow and resized by torchvision. Needs Debian's
python3-torchvision and dataset-fashion-mnist.
"""
import gzip
import json
import pathlib
import struct
import sys

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn
from torchvision import transforms

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
NAMES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
MEAN, STD = 0.1307, 0.3081


def read_idx(name, header):
    with gzip.open(DATA / name) as file:
        return np.frombuffer(file.read(), dtype=np.uint8, offset=header)


def images(half):
    return read_idx(f"{half}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)


# ---- Networks ----

def grey_layers():
    """Small, so that its files are."""
    return [nn.Conv2d(1, 4, 5, stride=3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 10)]


def train(net):
    x = torch.from_numpy(images("train").copy()).view(-1, 1, 28, 28).float().div(255).sub(MEAN).div(STD)
    y = torch.from_numpy(read_idx("train-labels-idx1-ubyte.gz", 8).astype(np.int64))
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for _ in range(3):
        for part in torch.randperm(len(x)).split(200):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[part]), y[part]).backward()
            optimizer.step()


def save(net, path, shape, mean, std, names):
    header, data = {}, b""
    for name, tensor in net.state_dict().items():
        raw = tensor.numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    header["__metadata__"] = {
        "format": "pt", "tenka.net": str(net), "tenka.input": ",".join(map(str, shape)),
        "tenka.mean": ",".join(map(str, mean)), "tenka.std": ",".join(map(str, std)),
        "tenka.classes": json.dumps(names)}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def networks(folder):
    """(name, network, preparation) of each."""
    torch.manual_seed(0)
    layers = grey_layers()
    train(nn.Sequential(*layers))
    grey = transforms.Compose([transforms.Grayscale(), transforms.Resize((28, 28)), transforms.ToTensor(),
                               transforms.Normalize(MEAN, STD)])
    endings = {"logits": [], "log_softmax": [nn.LogSoftmax(dim=1)], "softmax": [nn.Softmax(dim=1), nn.Dropout(0.5)]}
    for name, ending in endings.items():
        net = nn.Sequential(*layers, *ending).eval()
        save(net, folder / f"{name}.safetensors", (1, 28, 28), [MEAN], [STD], NAMES)
        yield name, net, grey, (28, 28)
    # Untrained, but with outputs that differ.
    net = nn.Sequential(nn.Conv2d(3, 4, 5, stride=3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 6 * 9, 3)).eval()
    with torch.no_grad():
        net[3].weight *= 8
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    save(net, folder / "colour.safetensors", (3, 20, 30), mean, std, ["red", "green", "blue"])
    yield "colour", net, transforms.Compose([transforms.Resize((20, 30)), transforms.ToTensor(),
                                             transforms.Normalize(mean, std)]), (20, 30)


# ---- Pictures ----

def pictures(folder):
    """(file, option) of each."""
    test = [Image.fromarray(image) for image in images("t10k")[:8]]
    for i in range(3):
        test[i].save(folder / f"plain{i}.png")
        yield f"plain{i}.png", "-"
    test[3].resize((93, 93), Image.Resampling.BICUBIC).convert("RGB").save(folder / "large.jpg", quality=90)
    yield "large.jpg", "-"
    ImageOps.invert(test[4]).resize((60, 80), Image.Resampling.BICUBIC).save(folder / "white.png")
    yield "white.png", "--invert"
    ImageOps.pad(test[5], (50, 28)).save(folder / "wide.png")
    yield "wide.png", "-"
    yield "wide.png", "--fit=crop"
    ImageOps.colorize(test[6], "navy", "orange").resize((70, 70)).quantize(32).save(folder / "palette.png")
    yield "palette.png", "-"
    test[7].resize((9, 14)).save(folder / "small.jpg", quality=95)
    yield "small.jpg", "-"


def crop(image, size):
    """The middle, as large as it can be, in the proportions of size; sides of whole pixels."""
    ratio = size[1] / size[0]
    width, height = min(image.width, round(image.height * ratio)), min(image.height, round(image.width / ratio))
    return transforms.CenterCrop((height, width))(image)


def predict(net, prepare, size, path, option):
    image = Image.open(path).convert("RGB")
    if option == "--invert":
        image = ImageOps.invert(image)
    if option == "--fit=crop":
        image = crop(image, size)
    with torch.no_grad():
        scores = net(prepare(image)[None])[0].double()
    if isinstance(net[-1], nn.LogSoftmax):
        return scores.exp()
    return scores if isinstance(net[-1], nn.Dropout) else scores.softmax(0)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    files = list(pictures(folder))
    lines = []
    for name, net, prepare, size in networks(folder):
        for file, option in files:
            if name == "colour" and option == "--fit=crop":
                continue  # its middle has half pixels
            numbers = " ".join(f"{p:.7f}" for p in predict(net, prepare, size, folder / file, option))
            lines.append(f"{name}.safetensors {file} {option} {numbers}")
    (folder / "probabilities.txt").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
