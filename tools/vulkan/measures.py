"""What is held against kernels without running them: measures of their assembler and of their work, and thresholds."""
import dataclasses
import math
import types

import isa
import model

AT_LEAST, AT_MOST = 1, -1


@dataclasses.dataclass
class Threshold:
    side: int
    value: float
    what: str  # as a sentence about a kernel says it


# In the order of the tables' columns. A kernel without such a thing (loads in a loop, multiply-adds) has no value.
KERNEL = {
    "loads": Threshold(AT_LEAST, 4, "loads a round trip in the loop that loads most"),
    "density": Threshold(AT_LEAST, 0.6, "of the hottest loop's instructions multiply and add"),
    "divisions": Threshold(AT_MOST, 0, "run-time divisions in loops"),
    "descriptors": Threshold(AT_MOST, 0, "loads of descriptors in loops"),
    "shared": Threshold(AT_MOST, 0.3, "words of shared memory a multiply-add"),
    "width": Threshold(AT_LEAST, 2, "words an access to shared memory beside multiply-adds"),
    "barriers": Threshold(AT_MOST, 1 / 128, "barriers a multiply-add"),
}
# Compute units of devices that a dispatch should fill, with two workgroups each.
UNITS = (132, 60, 20)
DISPATCH = {
    "groups": Threshold(AT_LEAST, 2 * UNITS[0], "workgroups"),
    "waste": Threshold(AT_MOST, 1.25, "multiply-adds for each that the shape asks for"),
    "chain": Threshold(AT_MOST, 2000, "round trips to memory one after the other"),
}
EVERY = {**KERNEL, **DISPATCH}

# What may grow by so much from one version of a compiler's mind to the next; counts may not at all.
TOLERANCE = 0.05
COUNTS = ("divisions", "descriptors")
# Loops with fewer multiply-adds are not what a kernel is for, and what loads less often needs no more at a time.
FEW_SUMS, FEW_LOADS = 16, 8


def below(name, value):
    """Whether a value does not meet its threshold; one that is not there does."""
    limit = EVERY[name]
    return value is not None and limit.side * (value - limit.value) < 0


def worse(name, value, before):
    if value is None or before is None:
        return value is not None and name in EVERY and below(name, value)
    side = EVERY[name].side if name in EVERY else AT_MOST
    slack = 0 if name in COUNTS else TOLERANCE * abs(before)
    return side * (value - before) < -slack - 1e-9


def loads_of(blocks, found):
    """Of the loop that loads most; where two load as much, the one that waits more often. Without loops of all that
    there is, where that is enough to matter."""
    most = [isa.round_trips(loop.body) for loop in found if isa.count(loop.body)["load"]]
    if most:
        loads, trips = max(most)
        return loads / trips
    loads, trips = isa.round_trips(isa.straight(blocks))
    return loads / trips if loads > FEW_LOADS else None


def of_sums(hot):
    inside = isa.count(hot.body)
    sums = inside["fma"]
    words = [one.dwords for one in hot.body if one.kind == "lds"]
    issued = sum(n for kind, n in inside.items() if kind != "wait")
    return {"density": sums / issued, "shared": sum(words) / sums,
            "width": sum(words) / len(words) if words else None, "barriers": inside["barrier"] / sums}


def of_kernel(blocks):
    found = isa.loops(blocks)
    hot = isa.hottest(found, "fma")
    values = dict.fromkeys(KERNEL)
    values["loads"] = loads_of(blocks, found)
    values["divisions"] = sum(isa.divisions(loop.body) for loop in found)
    values["descriptors"] = sum(bool(isa.DESCRIPTOR.match(one.name)) for loop in found for one in loop.body)
    if hot and isa.count(hot.body)["fma"] >= FEW_SUMS:
        values.update(of_sums(hot))
    return values


def work_of(cells):
    """The numbers of a row of step_stats, behind the shapes."""
    names = ("groups", "local", "each", "sums", "computed", "reads", "bytes", "shared", "staged", "loops")
    return types.SimpleNamespace(**{name: int(cell) for name, cell in zip(names, cells, strict=True)})


def fills(groups):
    """The most compute units that have two workgroups each, of UNITS; 0: none of them."""
    return max((units for units in UNITS if groups >= 2 * units), default=0)


def chain(work, blocks):
    """Loads of an invocation that wait for one another."""
    return sum(times * isa.round_trips(body)[1] for times, body in model.turns(work, blocks))


def of_dispatch(work, blocks):
    values = of_kernel(blocks)
    values["groups"] = work.groups
    values["waste"] = work.computed / work.sums if work.sums else None
    values["chain"] = math.ceil(chain(work, blocks))
    for device in model.DEVICES:
        values[device.name] = model.microseconds(device, work, blocks)
        values[f"{device.name} floor"] = model.floor(device, work)
    return values
