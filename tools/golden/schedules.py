#!/usr/bin/python3
"""Writes the learning rates of 200 steps of each schedule as PyTorch computes them, for tests/test_schedules.c.

    tools/golden/schedules.py | gzip -9n > tests/golden/schedules.txt.gz

Needs PyTorch 2. For each schedule a line "schedule OPTIMIZER TEXT", then for each step from 0 on the learning rates of
two groups, which begin at 0.1 and 0.03, and the momentum of the first. WarmupCosine is a LambdaLR with the function of
Hugging Face's get_cosine_schedule_with_warmup.
"""
import math
import warnings

import torch
from torch.optim import lr_scheduler

STEPS = 200

SCHEDULES = [
    "StepLR(30)",
    "StepLR(step_size=7, gamma=0.8)",
    "MultiStepLR([20, 50, 50, 120])",
    "MultiStepLR(milestones=[0, 3], gamma=0.5)",
    "ConstantLR()",
    "ConstantLR(factor=0.25, total_iters=40)",
    "LinearLR()",
    "LinearLR(start_factor=0.1, end_factor=0.9, total_iters=77)",
    "LinearLR(1.0, 0.0, 100)",
    "ExponentialLR(0.97)",
    "PolynomialLR()",
    "PolynomialLR(total_iters=150, power=2.5)",
    "CosineAnnealingLR(T_max=10)",
    "CosineAnnealingLR(T_max=90, eta_min=1e-3)",
    "CosineAnnealingWarmRestarts(T_0=13)",
    "CosineAnnealingWarmRestarts(10, 2, 1e-4)",
    "OneCycleLR(max_lr=0.2, total_steps=200)",
    "OneCycleLR([0.2, 0.5], epochs=20, steps_per_epoch=10, pct_start=0.2, anneal_strategy='linear', div_factor=10.0, "
    "final_div_factor=100.0)",
    "OneCycleLR(0.1, 200, three_phase=True, base_momentum=0.7, max_momentum=0.9)",
    "OneCycleLR(0.1, 200, cycle_momentum=False)",
    "CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=20)",
    "CyclicLR(0.01, [0.1, 0.3], 15, 25, mode='triangular2', base_momentum=0.6, max_momentum=0.95)",
    "CyclicLR([0.001, 0.002], 0.1, step_size_up=9, mode='exp_range', gamma=0.99, cycle_momentum=False)",
    "ReduceLROnPlateau()",
    "ReduceLROnPlateau('max', 0.5, 3, 0.01, 'abs', 2, 1e-3)",
    "ReduceLROnPlateau(factor=0.9, patience=0, threshold=0.0, min_lr=[0.01, 0.02], eps=1e-3)",
    "WarmupCosine(warmup=20, total=180)",
    "WarmupCosine(0, 100, cycles=1.5)",
    "SequentialLR([LinearLR(0.1, total_iters=10), CosineAnnealingLR(100)], [10])",
    "SequentialLR([ConstantLR(0.1, 20), ExponentialLR(0.95), StepLR(10, 0.5), PolynomialLR(30)], [20, 60, 120])",
    "SequentialLR([WarmupCosine(5, 40), CosineAnnealingWarmRestarts(20), MultiStepLR([10, 30], 0.3)], [40, 100])",
    "SequentialLR([ExponentialLR(0.9), OneCycleLR(0.05, total_steps=180)], milestones=[20])",
    "SequentialLR([StepLR(5), LinearLR(0.5, 1.0, 8)], milestones=[17])",
    "ChainedScheduler([ConstantLR(0.1, 10), ExponentialLR(0.98)])",
    "ChainedScheduler([LinearLR(0.2, total_iters=15), CosineAnnealingLR(60), StepLR(50, 0.7)])",
    "ChainedScheduler([SequentialLR([LinearLR(0.1), ExponentialLR(0.99)], [5]), StepLR(40)])",
]


def warmup_cosine(optimizer, warmup, total, cycles=0.5):
    def factor(step):
        if step < warmup:
            return float(step) / float(max(1, warmup))
        progress = float(step - warmup) / float(max(1, total - warmup))
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * float(cycles) * 2.0 * progress)))
    return lr_scheduler.LambdaLR(optimizer, factor)


def make(text, optimizer):
    def bound(kind):
        return lambda *args, **named: kind(optimizer, *args, **named)
    names = {name: bound(getattr(lr_scheduler, name)) for name in lr_scheduler.__all__ if name != "ChainedScheduler"}
    names.update(ChainedScheduler=lr_scheduler.ChainedScheduler, WarmupCosine=bound(warmup_cosine))
    return eval(text, {"__builtins__": {}}, names)


def metric(step):
    return (step * 37 % 50) / 50 + 1 / (step + 1)


def write(text, kind, **options):
    groups = [dict(params=[torch.zeros(1, dtype=torch.float64)], lr=lr) for lr in (0.1, 0.03)]
    optimizer = kind(groups, **options)
    schedule = make(text, optimizer)
    print(f"schedule {kind.__name__} {text}")
    for step in range(STEPS + 1):
        group = optimizer.param_groups[0]
        momentum = group["momentum"] if "momentum" in group else group["betas"][0]
        print(*(f"{g['lr']:.17g}" for g in optimizer.param_groups), f"{momentum:.17g}")
        if step == STEPS:
            break
        optimizer.step()
        if isinstance(schedule, lr_scheduler.ReduceLROnPlateau):
            schedule.step(metric(step))
        else:
            schedule.step()


def main():
    warnings.filterwarnings("ignore")
    print(f"# Written by tools/golden/schedules.py with PyTorch {torch.__version__.split('+')[0]}.")
    for text in SCHEDULES:
        write(text, torch.optim.SGD, lr=0.1, momentum=0.9)
    for text in SCHEDULES[16:23]:
        write(text, torch.optim.AdamW)


if __name__ == "__main__":
    main()
