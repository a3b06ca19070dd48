#!/usr/bin/python3
"""Writes what torch.fx prints of small networks, and what they compute: for Tenka's tests of networks whose text shows
forward.

    tools/golden/traced.py tests/golden/traced

NAME.txt is print(torch.fx.symbolic_trace(net)); parts.pt and weights.pt have the shapes that their texts do not show.
expected.txt has a line for each: the largest output in evaluation after a pass in training, the first outputs, and the
losses of three steps of SGD, in float64; weights are those of manual_seed(0), images and labels those of
tests/test_traced.c.
"""
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

IMAGES, CHANNELS, SIDE, CLASSES = 4, 3, 12, 5


class Block(nn.Module):
    """The block of a residual network."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(CHANNELS, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(8, 8, 1), Block(8, 8, 1))
        self.layer2 = nn.Sequential(Block(8, 16, 2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.avgpool(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(x, 1))


class Branches(nn.Module):
    """Branches that are put together, channels that are shuffled, sizes that are computed."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(CHANNELS, 4, 1)
        self.three = nn.Conv2d(CHANNELS, 4, 3, padding=1)
        self.right = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.pool = nn.AdaptiveAvgPool2d(5)
        self.out = nn.Linear(8 * 25, CLASSES)

    def forward(self, x):
        x = torch.cat([F.relu(self.one(x), inplace=True), torch.sigmoid(self.three(x))], 1)
        parts = x.chunk(2, dim=1)
        x = torch.cat((parts[0], self.right(parts[1])), dim=1)
        batch, channels, height, width = x.size(0), x.size(1), x.shape[2], x.shape[-1]
        x = x.view(batch, 2, channels // 2, height, width)
        x = torch.transpose(x, 1, 2).contiguous()
        x = x.view(batch, -1, height, width)
        x = F.max_pool2d(x, kernel_size=2, stride=1)
        return self.out(self.pool(x).flatten(1))


class Squeeze(nn.Module):
    """Attention to channels, arithmetic with numbers, parts of a tensor."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(CHANNELS, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Hardswish())
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.gate = nn.Hardsigmoid()
        self.dropout = nn.Dropout(p=0.0)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.stem(x)
        scale = F.adaptive_avg_pool2d(x, 1)
        scale = self.gate(self.excite(torch.nn.functional.silu(self.squeeze(scale))))
        x = 2 * (scale * x) - x / 4 + 0.5
        x = x + -x[:, :, 1:2, 0:1]
        x = x.mean([2, 3]) + x[:, :, 0, -1] * 0.125
        x = x.unsqueeze(1).permute(0, 2, 1).reshape(-1, 8)
        return F.log_softmax(self.fc(self.dropout(x)), dim=1)


class Pools(nn.Module):
    """Means of windows that tile an image, that overlap, and that are padded."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, 6, 3, padding=1)
        self.tiles = nn.AvgPool2d(2)
        self.overlap = nn.AvgPool2d(kernel_size=3, stride=1, padding=1)
        self.uneven = nn.AdaptiveAvgPool2d((4, 3))
        self.fc = nn.Linear(6 * 12, CLASSES)

    def forward(self, x):
        x = torch.tanh(self.conv(x))
        x = self.overlap(self.tiles(x)) + F.avg_pool2d(x, (3, 4), stride=2, padding=1, count_include_pad=False)
        return self.fc(self.uneven(x).flatten(1))


class Planes(nn.Module):
    """Planes that are padded, made larger and smaller, taken apart, and filled where a maximum came from."""

    def __init__(self):
        super().__init__()
        self.edge = nn.ReflectionPad2d((1, 2, 0, 1))
        self.conv = nn.Conv2d(CHANNELS, 8, 3, padding=1, padding_mode="circular", bias=False)
        self.shuffle = nn.PixelShuffle(2)
        self.up = nn.Upsample(scale_factor=1.5, mode="bilinear")
        self.largest = nn.AdaptiveMaxPool2d((7, 5))
        self.fc = nn.Linear(6 * 35, CLASSES)

    def forward(self, x):
        x = torch.tanh(self.conv(self.edge(x)))
        pooled = F.max_pool2d(x, 3, 2, return_indices=True)
        b = F.max_unpool2d(pooled[0] * 0.5, pooled[1], 3, 2)
        x = F.pad(b, (1, 0, -1, 2), value=0.25) + F.pad(x, (0, 0, 0, 1), mode="replicate")[:, :, :, 0:1]
        x = torch.cat([self.up(self.shuffle(x)), F.interpolate(x, size=(42, 48), mode="bilinear", align_corners=True)[:, 0:2],
                       F.interpolate(x, scale_factor=3)[:, 2:4, 0:42, 0:48]], 1)
        return self.fc(self.largest(x).flatten(1))


class Scale(nn.Module):
    """A module whose parameter the tree of modules does not show, as that of layer_scale in convnext."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(0.5, 1.5, channels)[:, None, None])

    def forward(self, x):
        return x * self.weight


class Parts(nn.Module):
    """Parts of tensors put together again, parameters beside the layers, two results."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, 8, 3, stride=2, padding=1)
        self.scale = Scale(8)
        self.token = nn.Parameter(torch.linspace(-1, 1, 8).view(1, 1, 8))
        self.table = nn.Parameter(torch.linspace(1, -1, 21).view(7, 3))
        self.register_buffer("index", torch.tensor([6, 0, 3, 3, 1, 5, 2, 4]))
        self.fc = nn.Linear(8, CLASSES)
        self.aux = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.scale(self.conv(x))
        torch._assert(x.shape[1] == 8, "channels")
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        parts = torch.split(x, [1, 16, 20], dim=1)
        first, second, rest = parts[0], parts[1], parts[2]
        even, odd = second[:, ::2], second[:, 1::2, :]
        late = torch.roll(rest, shifts=(3, -2), dims=(1, 2)).narrow(1, 4, 8)
        x = torch.stack([even, odd, late], dim=1).flip(3)
        x = x.sum(1) + self.table[self.index].repeat(1, 3)[None, :, :8] + first[:, 0][..., None, :]
        parts = x.unbind(1)
        aux = (parts[1] * 1).relu_() + x.select(1, -1)
        return {"out": self.fc(x.unflatten(1, (2, -1)).mean((1, 2)).unsqueeze(1).squeeze(1)), "aux": self.aux(aux)}


class Weights(nn.Module):
    """Functions that are given the weights and the statistics of layers that nobody runs."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, 6, 3)
        self.up = nn.ConvTranspose2d(6, 4, 3, 2, 1, 1, 2)
        self.signal = nn.Conv1d(4, 6, 5)
        self.bn = nn.BatchNorm2d(6)
        self.instance = nn.InstanceNorm2d(4, affine=True, track_running_stats=True)
        self.group = nn.GroupNorm(2, 6)
        self.norm = nn.LayerNorm((6, 4))
        self.slope = nn.PReLU(6)
        self.fc = nn.Linear(24, CLASSES)

    def forward(self, x):
        c, u, s, b, i = self.conv, self.up, self.signal, self.bn, self.instance
        g, n, f = self.group, self.norm, self.fc
        x = F.conv2d(x, c.weight, c.bias, stride=(2, 1), padding=1)
        x = F.batch_norm(x, b.running_mean, b.running_var, b.weight, b.bias, self.training, 0.2, 1e-4)
        x = F.prelu(x, self.slope.weight)
        x = F.conv_transpose2d(x, u.weight, u.bias, 2, 1, (1, 0), groups=2)
        x = F.instance_norm(x, i.running_mean, i.running_var, i.weight, i.bias, self.training, 0.3)
        x = F.conv1d(torch.tanh(x).flatten(2), s.weight, s.bias, stride=4)
        x = F.group_norm(x, 2, g.weight, g.bias)
        x = F.layer_norm(F.glu(x[:, :, :64].reshape(-1, 6, 4, 16), -1).mean(3), [6, 4], n.weight, n.bias, 1e-6)
        return F.linear(torch.tanh(x).flatten(1), f.weight, f.bias)


# What print does not show of a MultiheadAttention, said by the line that Tenka's error tells.
nn.MultiheadAttention.extra_repr = (
    lambda m: f"num_heads={m.num_heads}, dropout={m.dropout}, batch_first={m.batch_first}")


class Attention(nn.Module):
    """Patches that attend to each other, as a vision transformer's do; products of many matrices."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(CHANNELS, 12, 4, 4)
        self.norm = nn.LayerNorm(12)
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)
        self.later = nn.MultiheadAttention(12, 2, bias=False)
        self.fc = nn.Linear(12, CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x.permute(1, 0, 2)
        y = self.later(query=x, key=x, value=x)[0]
        x = self.norm(x + y).transpose(0, 1).reshape(-1, 9, 3, 4)
        scores = torch.einsum("bihd,bjhd->bhij", x, x)
        y = torch.softmax(scores * 0.5, dim=-1) @ x.transpose(1, 2)
        y = F.normalize(y, dim=-1) + torch.matmul(scores, x.transpose(1, 2)[0]) / 9
        y = y + torch.einsum("bihd,hd->bhi", x, x[0, 0]).unsqueeze(-1)
        return self.fc(y.transpose(1, 2).flatten(2).mean(1))


class Windows(nn.Module):
    """The blocks of torchvision's Swin Transformers, of both versions, whose functions are its own."""

    def __init__(self):
        import torchvision.models.swin_transformer as swin # which exported.py does without
        super().__init__()
        self.patches = nn.Conv2d(CHANNELS, 8, 2, 2, padding=1)
        self.plain = swin.ShiftedWindowAttention(8, [3, 3], [0, 0], 2)
        self.shifted = swin.ShiftedWindowAttention(8, [3, 3], [1, 1], 2)
        self.merge = swin.PatchMerging(8)
        self.cosine = swin.ShiftedWindowAttentionV2(16, [2, 2], [1, 1], 4)
        self.narrow = swin.ShiftedWindowAttention(16, [2, 5], [1, 2], 2)
        self.fc = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = self.patches(x).permute(0, 2, 3, 1)
        x = x + self.shifted(x + self.plain(x))
        x = self.merge(x)
        x = self.narrow(x + self.cosine(x))
        return self.fc(x.mean([1, 2]))


# What print does not show of layers that pool, as Tenka's error tells.
nn.MaxPool2d.extra_repr = (
    lambda m: f"kernel_size={m.kernel_size}, stride={m.stride}, padding={m.padding}, dilation={m.dilation}, "
    + "return_indices=True, " * m.return_indices + f"ceil_mode={m.ceil_mode}")


class Segments(nn.Module):
    """Planes that are pooled and filled again where the maxima were, as in a SegNet; largest elements, variances."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, 6, 3, padding=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.uneven = nn.MaxPool2d(3, 2, 1, return_indices=True)
        self.plain = nn.MaxPool2d(2, 1)
        self.middle = nn.Conv2d(6, 6, 1)
        self.unpool = nn.MaxUnpool2d(2)
        self.sized = nn.MaxUnpool2d(3, stride=2, padding=1)
        self.fc = nn.Linear(10, CLASSES)

    def forward(self, x):
        x = torch.tanh(self.conv(x))
        size = x.size()
        pooled = self.pool(x)
        x = pooled[0]
        small = self.uneven(x)
        x = x + self.sized(self.middle(small[0]), small[1], output_size=x.size())
        x = self.unpool(self.plain(F.pad(x, (0, 1, 0, 1))), pooled[1])
        signal = F.adaptive_max_pool1d(F.max_pool1d(x.flatten(2), 5, 3, return_indices=True)[0], 9, return_indices=True)
        ties = F.relu(x - 0.25)
        y = x.flatten(2).max(2)
        z = torch.min(x, 3, keepdim=True)[0].flatten(1)
        stds = torch.var_mean(x, (1, 2))
        parts = [torch.amax(ties, (2, 3)).sum(1, keepdim=True), x.amin(1).mean((1, 2), dtype=torch.float32)[:, None],
                 y[0].mean(1, keepdim=True), z.std(1, unbiased=False, keepdim=True),
                 x.var((1, 2, 3), keepdim=True).flatten(1), signal[0].var(dim=(1, 2), unbiased=True)[:, None],
                 stds[0].sum(1, keepdim=True) + stds[1][:, :1], (x.max() - torch.min(ties) + x).mean((1, 2, 3))[:, None],
                 ties[:, 0].std((1, 2))[:, None], torch.max(x, ties * 0.5).amax((1, 2, 3))[:, None]]
        return self.fc(torch.cat(parts, 1))


class Lookup(nn.Module):
    """Rows of tables, of which some are paddings, which are not trained."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(CHANNELS, 8, 4, 4)
        self.places = nn.Embedding(9, 8)
        self.kinds = nn.Embedding(5, 8, padding_idx=2)
        self.last = nn.Embedding(3, 5, padding_idx=-1)
        self.register_buffer("kind", torch.tensor([[4, 2, 0], [2, 2, 1], [0, 4, 4]]))
        self.register_buffer("place", torch.arange(9))
        self.register_buffer("some", torch.tensor([2, 2, 1]))
        self.register_buffer("few", torch.tensor([0, 4, 4]))
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.tanh(x + self.places(self.place) + self.kinds(self.kind).flatten(0, 1))
        again = F.embedding(self.few, self.kinds.weight, padding_idx=-1)
        x = x[:, :3] * again + 0.5 * x[:, 3:6]
        return self.fc(x.mean(1)) + self.last(self.some).sum(0)


class Writes(nn.Module):
    """The mask of shifted windows, and other parts of tensors that are written in place, whose views are read on."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(CHANNELS, 8, 2, 2)
        self.qkv = nn.Linear(8, 24)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = torch.roll(self.patches(x), (-1, -1), (2, 3)).permute(0, 2, 3, 1)
        x = x.reshape(-1, 2, 3, 2, 3, 8).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, 9, 8)
        mask, region = x.new_zeros((6, 6)), 0
        for rows in (slice(0, -3), slice(-3, -1), slice(-1, None)):
            for columns in (slice(0, -3), slice(-3, -1), slice(-1, None)):
                mask[rows, columns].fill_(region)
                region += 1
        mask = mask.view(2, 3, 2, 3).permute(0, 2, 1, 3).reshape(4, 9)
        mask = mask.unsqueeze(1) - mask.unsqueeze(2)
        mask = mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)
        parts = self.qkv(x).chunk(3, -1)
        y = torch.softmax(parts[0] @ parts[1].transpose(-2, -1) * 0.5 + mask, -1) @ parts[2]
        some = y.new_ones((4, 9))
        late, few = some.transpose(0, 1), some.split([2, 7], 1)[1]
        few.mul_(0.5)
        few.unbind(0)[2].fill_(0.25)
        late[1::2].narrow(1, 1, 3).sub_(0.125)
        z = 1.5 * torch.tanh(x * late.permute(1, 0).unsqueeze(2) + y)
        turned = z.transpose(1, 3)
        z[:, :, 1::4].mul_(0.5)
        z[..., 2:5].select(3, 1).copy_(z[..., 7])
        turned[:, 0].add_(z[:, 3, 8, 5][:, None, None])
        z.view(-1, 36, 8)[:, 30:].permute(2, 0, 1)[6:].zero_()
        z = z.flatten(1, 2)
        return self.fc(turned.mean((2, 3)) + z.amax(1) + torch.linalg.vector_norm(z[:, 30:], dim=1))


def images():
    values = [math.sin(0.3 + 1.7 * i) for i in range(IMAGES * CHANNELS * SIDE * SIDE)]
    return torch.tensor(values, dtype=torch.float32).double().view(IMAGES, CHANNELS, SIDE, SIDE)


def first(result):
    return result["out"] if isinstance(result, dict) else result


def numbers(net):
    x, labels = images(), torch.tensor([3, 0, 4, 1])
    net.train()
    with torch.no_grad():
        net(x)
    net.eval()
    with torch.no_grad():
        out = first(net(x)).flatten()
    net.train()
    sgd = torch.optim.SGD(net.parameters(), lr=0.05)
    losses = []
    for _ in range(3):
        sgd.zero_grad()
        loss = F.cross_entropy(first(net(x)), labels)
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return [out.abs().max().item()] + out[:6].tolist() + losses


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = ["# Made by tools/golden/traced.py: NAME, the largest output, six outputs, three losses."]
    for net in (Residual, Branches, Squeeze, Pools, Planes, Parts, Weights, Attention, Windows, Segments, Lookup,
                Writes):
        torch.manual_seed(0)
        model = net()
        name = net.__name__.lower()
        (folder / f"{name}.txt").write_text(str(torch.fx.symbolic_trace(model)))
        if net in (Parts, Weights, Windows, Lookup):
            state = model.state_dict()
            for unused in [key for key in state if key.endswith("num_batches_tracked")]:
                del state[unused]
            torch.save(state, folder / f"{name}.pt")
        lines.append(" ".join([name] + [repr(x) for x in numbers(model.double())]))
    (folder / "expected.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
