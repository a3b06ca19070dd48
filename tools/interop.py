"""What tools/interop runs: see there."""
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
MEAN, STD = 0.1307, 0.3081
STEPS, BATCH, COUNT = 20, 100, 200
BOUND = 1e-5  # of the largest output, or of 1


class Net(nn.Module):
    """The reference network."""

    def __init__(self):
        super().__init__()
        self.base_net = nn.Sequential(
            nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, 40, 5), nn.ReLU())
        # The name is spelled so in the original program, and state_dict keys follow it.
        self.classfier = nn.Sequential(
            nn.Linear(2560, 100), nn.ReLU(), nn.Linear(100, 10), nn.LogSoftmax(dim=1))

    def forward(self, x):
        return self.classfier(self.base_net(x).view(-1, 2560))


def batch_norm_net():
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, groups=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(576, 10))


NETS = {"reference": Net, "batch_norm": batch_norm_net}


# ---- Files ----

def load_safetensors(path):
    """The format is 8 bytes of length, a JSON header, and the tensors' bytes."""
    raw = path.read_bytes()
    begin = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:begin])
    header.pop("__metadata__", None)
    types = {"F32": np.float32, "I64": np.int64}
    state = {}
    for name, tensor in header.items():
        first, last = tensor["data_offsets"]
        values = np.frombuffer(raw[begin + first:begin + last], types[tensor["dtype"]])
        state[name] = torch.from_numpy(values.reshape(tensor["shape"]).copy())
    return state


def save_safetensors(state, path):
    header, data = {}, b""
    for name, tensor in state.items():
        values = tensor.numpy()
        bytes_ = values.tobytes()
        header[name] = {"dtype": {"float32": "F32", "int64": "I64"}[str(values.dtype)], "shape": list(values.shape),
                        "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_idx(name, header):
    with gzip.open(DATA / name) as file:
        return np.frombuffer(file.read(), dtype=np.uint8, offset=header)


def make_data(folder):
    """The training images as they are, and few test images, so that testing is quick."""
    images = read_idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[:COUNT]
    labels = read_idx("t10k-labels-idx1-ubyte.gz", 8)[:COUNT]
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        (folder / name).symlink_to(DATA / name)
    (folder / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, COUNT, 28, 28) + images.tobytes())
    (folder / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, COUNT) + labels.tobytes())
    x = torch.from_numpy(images.reshape(-1, 1, 28, 28).copy()).to(torch.float32).div(255)
    return x.sub_(torch.tensor(MEAN)).div_(torch.tensor(STD)), torch.from_numpy(labels.astype(np.int64))


# ---- The two sides ----

class Interop:
    def __init__(self, tenka, forward, folder):
        self.tenka, self.forward_program, self.folder = tenka, forward, folder
        self.data = folder / "data"
        self.data.mkdir()
        self.images, self.labels = make_data(self.data)
        self.failures = 0

    def backends(self):
        done = subprocess.run([self.tenka, "devices", "--json"], check=True, stdout=subprocess.PIPE)
        devices = json.loads(done.stdout)
        vulkan = any(device["usable"] and device["kind"] != "cpu" for device in devices)
        return ["cpu", "cpu-f64"] + (["vulkan"] if vulkan else [])

    def train(self, backend, net, path):
        subprocess.run([self.tenka, "train", "--quiet", "--backend", backend, "--data", self.data, "--net", net,
                        "--limit", str(STEPS * BATCH), "--batch-size", str(BATCH), "--epochs", "1", "--save", path],
                       check=True, stdout=subprocess.DEVNULL)

    def tenka_forward(self, backend, net, weights):
        done = subprocess.run([self.forward_program, backend, net, weights, self.data, str(COUNT)], check=True,
                              stdout=subprocess.PIPE)
        return torch.from_numpy(np.frombuffer(done.stdout, np.float32).reshape(COUNT, -1).copy())

    def torch_forward(self, module):
        module.eval()
        with torch.no_grad():
            return module(self.images)

    def report(self, what, good, detail):
        self.failures += not good
        print(f"{'ok' if good else 'FAILED'}: {what}: {detail}", flush=True)

    def compare(self, what, a, b):
        difference = (a - b).abs().max().item()
        bound = BOUND * max(1.0, b.abs().max().item())
        self.report(what, difference <= bound, f"largest difference {difference:.2e}, bound {bound:.2e}")

    def to_torch(self, backend, name, net):
        """Tenka trains, PyTorch loads."""
        states = []
        for suffix, load in ((".pt", torch.load), (".safetensors", load_safetensors)):
            path = self.folder / f"from_tenka_{name}_{backend}{suffix}"
            self.train(backend, net, path)
            module = NETS[name]()
            states.append(load(path))
            module.load_state_dict(states[-1], strict=True)
            self.compare(f"{name}, {backend} -> {suffix} -> PyTorch", self.tenka_forward(backend, net, path),
                         self.torch_forward(module))
        same = states[0].keys() == states[1].keys() and all(torch.equal(states[0][k], states[1][k]) for k in states[0])
        self.report(f"{name}, {backend}: both formats", same, f"{len(states[0])} tensors, the same bits")
        counts = {int(value) for key, value in states[0].items() if key.endswith("num_batches_tracked")}
        self.report(f"{name}, {backend}: num_batches_tracked", counts <= {STEPS}, sorted(counts))

    def from_torch(self, backends, name, net):
        """PyTorch trains, Tenka loads."""
        torch.manual_seed(1)
        module = NETS[name]()
        optimizer = torch.optim.Adam(module.parameters())
        for images, labels in zip(self.images.split(COUNT // STEPS), self.labels.split(COUNT // STEPS)):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(images), labels).backward()
            optimizer.step()
        expected = self.torch_forward(module)
        state = module.state_dict()
        plain, wrapped, tensors, old, parallel = (self.folder / f"from_torch_{name}{suffix}" for suffix in
                                                  (".pt", "_wrapped.pth", ".safetensors", "_old.pt", "_parallel.pt"))
        torch.save(state, plain)
        torch.save({"epoch": 1, "model": state, "optimizer": optimizer.state_dict()}, wrapped)
        save_safetensors(state, tensors)
        torch.save({"net": state, "best": np.float64(0.9)}, old, _use_new_zipfile_serialization=False)
        torch.save(nn.DataParallel(module).state_dict(), parallel, pickle_protocol=4)
        for backend in backends:
            for path in (plain, wrapped, tensors, old, parallel):
                self.compare(f"{name}, PyTorch -> {path.name} -> {backend}", self.tenka_forward(backend, net, path),
                             expected)


def main():
    with tempfile.TemporaryDirectory(prefix="tenka-interop-") as folder:
        interop = Interop(sys.argv[1], sys.argv[2], pathlib.Path(folder))
        backends = sys.argv[3:] or interop.backends()
        for name, make in NETS.items():
            # The text that print(model) shows is the network that Tenka trains.
            net = pathlib.Path(folder) / f"{name}.txt"
            net.write_text(f"{make()}\n")
            for backend in backends:
                interop.to_torch(backend, name, net)
            interop.from_torch(backends, name, net)
        print(f"{', '.join(backends)}: {interop.failures or 'no'} failures; PyTorch {torch.__version__}")
        return interop.failures != 0


if __name__ == "__main__":
    sys.exit(main())
