#!/usr/bin/python3
"""Writes 20 steps of each optimizer as PyTorch takes them, which tests/test_optimizers.c repeats.

    tools/golden/optimizers.py > tests/golden/optimizers.txt

Needs PyTorch 2. Lion and Lamb are not in torch.optim: below are the steps of lion-pytorch's and of timm's class.
A run is
  run TEXT             the optimizer as PyTorch writes it
  [group CHANGES]      what another group, of the biases, has instead
  [clip norm|value X]
  [average DECAY]      a moving average is kept, and the network has BatchNorm1d, whose buffers are averaged as well
  loss STEP F64 F32    of a network whose weights are those of seed 0, initialised in float32
  tensor NAME F64...   after the last step: weights, and states as the optimizer calls them, before the weight's name;
                       of an average all that has floats, "average" before its name
"""
import torch
from torch import nn

STEPS, ROWS = 20, 12

# optimizer; changes of the biases' group; clipping
RUNS = [
    ("SGD(lr=0.1)", None, None),
    ("SGD(lr=0.05, momentum=0.9, dampening=0.2, weight_decay=0.01)", None, None),
    ("SGD(lr=0.01, momentum=0.9, nesterov=True, maximize=True)", None, None),
    ("Adam(lr=0.02)", None, None),
    ("Adam(lr=0.02, betas=(0.8, 0.95), weight_decay=0.01, amsgrad=True)", None, None),
    ("Adam(lr=0.001, maximize=True)", None, None),
    ("AdamW(lr=0.02)", None, None),
    ("AdamW(lr=0.02, weight_decay=0.1, amsgrad=True)", "weight_decay=0, lr=0.005", None),
    ("RMSprop(lr=0.005)", None, None),
    ("RMSprop(lr=0.002, alpha=0.9, weight_decay=0.01, momentum=0.8)", None, None),
    ("RMSprop(lr=0.002, centered=True)", None, None),
    ("RMSprop(lr=0.001, alpha=0.95, eps=1e-6, momentum=0.5, centered=True)", "centered=False", None),
    ("Adagrad(lr=0.05)", None, None),
    ("Adagrad(lr=0.1, lr_decay=0.05, weight_decay=0.01, initial_accumulator_value=0.1)", None, None),
    ("Adadelta()", None, None),
    ("Adadelta(lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.01)", None, None),
    ("NAdam()", None, None),
    ("NAdam(lr=0.01, betas=(0.8, 0.95), weight_decay=0.05, momentum_decay=0.1, decoupled_weight_decay=True)", None, None),
    ("RAdam(lr=0.01)", None, None),
    ("RAdam(lr=0.01, betas=(0.8, 0.9), weight_decay=0.02, decoupled_weight_decay=True)", "weight_decay=0", None),
    ("Adamax(lr=0.01)", None, None),
    ("Adamax(lr=0.02, betas=(0.8, 0.9), weight_decay=0.01)", None, None),
    ("Lion(lr=0.002)", None, None),
    ("Lion(lr=0.002, betas=(0.95, 0.98), weight_decay=0.5)", None, None),
    ("Lamb(lr=0.01)", None, None),
    ("Lamb(lr=0.01, bias_correction=False, betas=(0.8, 0.95), weight_decay=0, grad_averaging=False, max_grad_norm=None, "
     "trust_clip=True, always_adapt=True)", None, None),
    ("Lamb(lr=0.02, weight_decay=0.1, max_grad_norm=0.2)", "weight_decay=0", None),
    ("SGD(lr=0.2, momentum=0.9)", None, ("norm", 0.1)),
    ("SGD(lr=0.2)", None, ("norm", 100)),
    ("SGD(lr=0.2, momentum=0.9)", None, ("value", 0.02)),
]
# the same with the decay of an average
AVERAGES = [
    ("SGD(lr=0.1, momentum=0.9)", None, None, 0.9),
    ("AdamW(lr=0.02)", "weight_decay=0", None, 0.25),
    ("Adam(lr=0.01)", None, ("norm", 0.1), 1),
]


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["exp_avg"] = torch.zeros_like(p)
                average = state["exp_avg"]
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_((average * beta1).add(p.grad, alpha=1 - beta1).sign_(), alpha=-group["lr"])
                average.mul_(beta2).add_(p.grad, alpha=1 - beta2)


class Lamb(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, bias_correction=True, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01,
                 grad_averaging=True, max_grad_norm=1.0, trust_clip=False, always_adapt=False):
        super().__init__(params, dict(
            lr=lr, bias_correction=bias_correction, betas=betas, eps=eps, weight_decay=weight_decay,
            grad_averaging=grad_averaging, max_grad_norm=max_grad_norm, trust_clip=trust_clip,
            always_adapt=always_adapt))
        self.steps = 0

    @torch.no_grad()
    def step(self):
        self.steps += 1
        norm = torch.sqrt(sum(p.grad.pow(2).sum() for group in self.param_groups for p in group["params"]))
        limit, clip = self.defaults["max_grad_norm"], 1.0
        if limit is not None and norm > limit:
            clip = norm / limit
        for group in self.param_groups:
            for p in group["params"]:
                self.update(group, p, p.grad / clip)

    def update(self, group, p, grad):
        beta1, beta2 = group["betas"]
        correction1 = 1 - beta1 ** self.steps if group["bias_correction"] else 1.0
        correction2 = 1 - beta2 ** self.steps if group["bias_correction"] else 1.0
        state = self.state[p]
        if not state:
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
        first, second = state["exp_avg"], state["exp_avg_sq"]
        first.mul_(beta1).add_(grad, alpha=1 - beta1 if group["grad_averaging"] else 1.0)
        second.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        way = (first / correction1).div_((second.sqrt() / correction2 ** 0.5).add_(group["eps"]))
        if group["weight_decay"] != 0:
            way.add_(p, alpha=group["weight_decay"])
        if group["weight_decay"] != 0 or group["always_adapt"]:
            of_weight, of_way, one = p.norm(2.0), way.norm(2.0), torch.tensor(1.0, dtype=p.dtype)
            ratio = torch.where(of_weight > 0, torch.where(of_way > 0, of_weight / of_way, one), one)
            way.mul_(torch.minimum(ratio, one) if group["trust_clip"] else ratio)
        p.add_(way, alpha=-group["lr"])


def arguments(text):
    return eval(f"dict({text})", {"__builtins__": {"dict": dict}})


def make(text, changes, net):
    name, rest = text[:-1].split("(", 1)
    kind = {"Lion": Lion, "Lamb": Lamb}.get(name) or getattr(torch.optim, name)
    if changes is None:
        return kind(net.parameters(), **arguments(rest))
    weights = [p for n, p in net.named_parameters() if not n.endswith("bias")]
    biases = [p for n, p in net.named_parameters() if n.endswith("bias")]
    return kind([dict(params=weights), dict(params=biases, **arguments(changes))], **arguments(rest))


def data(dtype):
    """Small whole numbers / 16, so that any program makes the same."""
    x = torch.tensor([[(i * 7 + k * 5) % 31 - 15 for k in range(5)] for i in range(ROWS)], dtype=dtype) / 16
    y = torch.tensor([[(i * 11 + k * 3) % 17 - 8 for k in range(3)] for i in range(ROWS)], dtype=dtype) / 16
    return x, y


def clip_gradients(clip, net):
    if clip is not None and clip[0] == "norm":
        nn.utils.clip_grad_norm_(net.parameters(), clip[1])
    elif clip is not None:
        nn.utils.clip_grad_value_(net.parameters(), clip[1])


def make_net(averaged):
    torch.manual_seed(0)
    # A bias before the normalisation would have gradients of rounding alone.
    first = [nn.Linear(5, 7, bias=False), nn.BatchNorm1d(7)] if averaged else [nn.Linear(5, 7)]
    return nn.Sequential(*first, nn.Tanh(), nn.Linear(7, 3))


def make_average(net, decay):
    kind = torch.optim.swa_utils
    return kind.AveragedModel(net, multi_avg_fn=kind.get_ema_multi_avg_fn(decay), use_buffers=True)


def train(run, dtype):
    text, changes, clip, decay = run
    net = make_net(decay is not None)
    torch.set_default_dtype(dtype)
    net.to(dtype)
    average = make_average(net, decay) if decay is not None else None
    optimizer, (x, y), losses = make(text, changes, net), data(dtype), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        clip_gradients(clip, net)
        optimizer.step()
        if average is not None:
            average.update_parameters(net)
        losses.append(loss.item())
    torch.set_default_dtype(torch.float32)
    tensors = list(net.named_parameters())
    for name, parameter in net.named_parameters():
        for key, value in optimizer.state[parameter].items():
            if torch.is_tensor(value) and value.shape == parameter.shape:
                tensors.append((f"{key}.{name}", value))
    if average is not None:
        tensors += [(f"average.{n}", v) for n, v in average.module.state_dict().items() if v.is_floating_point()]
    return losses, tensors


def main():
    torch.set_num_threads(1)
    print(f"# Written by tools/golden/optimizers.py with PyTorch {torch.__version__.split('+')[0]}.")
    for run in [(*run, None) for run in RUNS] + AVERAGES:
        losses, tensors = train(run, torch.float64)
        rounded, _ = train(run, torch.float32)
        print("run", run[0])
        if run[1]:
            print("group", run[1])
        if run[2]:
            print("clip", *run[2])
        if run[3] is not None:
            print("average", run[3])
        for step, pair in enumerate(zip(losses, rounded)):
            print("loss", step, *(f"{value:.17g}" for value in pair))
        for name, value in tensors:
            print("tensor", name, *(f"{v:.17g}" for v in value.detach().flatten().tolist()))


if __name__ == "__main__":
    main()
