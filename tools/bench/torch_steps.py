"""PyTorch's side of the comparison: times steps as it is told on its standard input, a JSON object a line.

    {"network": "reference", "batch": 100, "mode": "training", "device": "cpu", "layout": "contiguous",
     "graph": false, "threads": 2, "seconds": 1.0}   ->   {"ms": 19.2, "best_ms": 18.1, "steps": 60}

A training step is: selecting the batch by 100 indices of a shuffled order, forward, loss, backward, Adam. Inference is
selecting the batch and forward. The images lie in memory as normalised floats, on the device, so that selecting a batch
is one indexing. Nothing is read back; the clock stops when the device is done.
"""
import json
import statistics
import sys
import time

import torch
from torch import nn

from networks import NETWORKS

IMAGES = 10000
WARM_STEPS = 3
GROUP_SECONDS, MAX_GROUP, MIN_GROUPS = 0.02, 1000, 5  # as `tenka bench` does it


class Steps:
    """One network with its data, ready to run steps."""

    def __init__(self, network, batch, mode, device, layout, graph):
        make, image, _ = NETWORKS[network]
        self.device, self.batch, self.training = torch.device(device), batch, mode == "training"
        torch.manual_seed(0)
        count = max(IMAGES, 10 * batch)
        self.net = make().to(self.device).train(self.training)
        self.shape, self.channels_last = image, layout == "channels_last"
        self.rows = torch.randn(count, image[0] * image[1] * image[2], device=self.device)
        self.labels = (torch.arange(count) % 10).to(self.device)
        if self.channels_last:
            self.net = self.net.to(memory_format=torch.channels_last)
        self.loss = nn.NLLLoss() if isinstance(list(self.net.modules())[-1], nn.LogSoftmax) else nn.CrossEntropyLoss()
        capturable = {"capturable": True} if graph else {}
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3, **capturable) if self.training else None
        self.position = count
        self.run = self.make_graph() if graph else self.eager

    def indices(self):
        if self.position + self.batch > len(self.rows):
            self.order, self.position = torch.randperm(len(self.rows)).to(self.device), 0
        chosen = self.order[self.position:self.position + self.batch]
        self.position += self.batch
        return chosen

    def select(self, chosen):
        rows, (c, h, w) = self.rows.index_select(0, chosen), self.shape
        return rows.view(-1, h, w, c).permute(0, 3, 1, 2) if self.channels_last else rows.view(-1, c, h, w)

    def compute(self, chosen):
        x = self.select(chosen)
        if not self.training:
            with torch.inference_mode():
                return self.net(x)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.net(x), self.labels[chosen])
        loss.backward()
        self.optimizer.step()
        return loss

    def eager(self):
        self.compute(self.indices())

    def make_graph(self):
        """The step captured as a CUDA graph, as PyTorch's notes on CUDA semantics say."""
        chosen = self.indices().clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_STEPS):
                self.compute(chosen)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.compute(chosen)

        def replay():
            chosen.copy_(self.indices())
            graph.replay()
        return replay

    def group(self, n):
        start = time.perf_counter()
        for _ in range(n):
            self.run()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) / n

    def measure(self, seconds):
        self.group(WARM_STEPS)
        n = max(1, min(MAX_GROUP, int(GROUP_SECONDS / self.group(1))))
        times, end = [], time.perf_counter() + seconds
        while len(times) < MIN_GROUPS or time.perf_counter() < end:
            times.append(self.group(n))
        return {"ms": 1e3 * statistics.median(times), "best_ms": 1e3 * min(times), "steps": n * len(times)}


def blas():
    """The library that multiplies matrices, as far as the system tells: Debian's PyTorch takes what is installed."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as file:
            names = {line.split("/")[-1].strip() for line in file if "/" in line}
    except OSError:
        return "unknown"
    found = sorted(name for name in names if any(word in name for word in ("openblas", "libblas", "mkl", "blis")))
    return ", ".join(found) or "PyTorch's own"


def main():
    key, steps = None, None
    for line in sys.stdin:
        order = json.loads(line)
        if "network" not in order:  # what is here
            cuda = torch.cuda.is_available()
            answer = {"torch": torch.__version__, "blas": blas(),
                      "cuda": torch.cuda.get_device_name() if cuda else None}
        else:
            torch.set_num_threads(order["threads"])
            asked = tuple(order[k] for k in ("network", "batch", "mode", "device", "layout", "graph"))
            if asked != key:
                steps = None  # frees its memory first
                key, steps = asked, Steps(*asked)
            answer = steps.measure(order["seconds"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
