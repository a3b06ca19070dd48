"""What a kernel would take on two devices that are not there, from its assembler (isa.py) and its work (step_stats):
good for ranks and for before and after, not for promises. docs/compiled.md has the model in words, its constants and
where it is off."""
import collections
import dataclasses
import math

import isa


@dataclasses.dataclass
class Device:
    name: str
    units: int  # compute units or multiprocessors
    simds: int  # schedulers of a unit
    wave: int  # 0: as compiled
    clock: float  # cycles of a microsecond
    registers: int  # of a lane, in all waves of a SIMD that are 32 wide
    waves: int  # of a SIMD at most
    shared: int  # bytes of a unit
    memory: int  # cycles until a load is there, from a cache of the whole device
    local: int  # the same from shared memory
    scalar: int  # and of scalars
    descriptors: bool  # whether buffers are described by what must be loaded
    load_bytes: int  # a unit loads in a cycle
    launch: float  # microseconds
    bytes: float  # of memory in a microsecond
    flops: float  # in a microsecond


# RX 6800: AMD's figures of Navi 21. H200: its ceilings as measured (docs/benchmarks.md); 240 cycles a dependent load
# are what BatchNorm's kernels of one thread a sum took there. All other latencies are assumed.
DEVICES = (
    Device("navi21", 60, 2, 0, 2100, 1024, 16, 65536, 420, 64, 120, True, 64, 4.0, 512e3, 16.2e6),
    Device("H200", 132, 4, 32, 1980, 512, 16, 228 * 1024, 240, 30, 120, False, 64, 2.33, 3266e3, 63.97e6),
)
SHARED_BYTES = 128  # that a unit takes from shared memory in a cycle, on both
BARRIER = 30  # cycles
TURNS = 3  # of a loop until it is taken to be in its rhythm


def wave_of(device, blocks):
    """Invocations of a subgroup: masks of 32 bits are named so in the assembler."""
    text = " ".join(one.text for _, body in blocks for one in body)
    return device.wave or (32 if "exec_lo" in text or "_b32_e32 vcc_lo" in text or "saveexec_b32" in text else 64)


def issue(device, one, wave):
    """Cycles in which a SIMD issues nothing else."""
    if one.kind in ("fma", "valu", "slow"):
        return wave // 32 * (4 if one.kind == "slow" else 1)
    if one.kind == "scalar" and isa.DESCRIPTOR.match(one.name) and not device.descriptors:
        return 0
    return 0 if one.kind == "wait" else 1


def arrived(now, pending, left):
    """The time when all but the newest `left` are there, which are still pending then."""
    while len(pending) > left:
        now = max(now, pending.popleft())
    return now


def alone(device, body, wave):
    """Cycles that a wave without company takes for a turn of a loop, one instruction after the other."""
    now, begin, loads, others = 0, 0, collections.deque(), collections.deque()
    for _ in range(TURNS):
        begin = now
        for one in body:
            if one.kind == "wait":
                for pending, name in ((loads, "vmcnt"), (others, "lgkmcnt")):
                    left = isa.counter(one.text, name)
                    now = now if left is None else arrived(now, pending, left)
            now += issue(device, one, wave) + (BARRIER if one.kind == "barrier" else 0)
            if one.kind == "load":
                loads.append(now + device.memory)
            elif one.kind == "lds":
                others.append(now + device.local)
            elif one.kind == "scalar":
                here = device.descriptors or not isa.DESCRIPTOR.match(one.name)
                others.append(now + (device.scalar if here else 0))
    return now - begin


@dataclasses.dataclass
class Room:
    """How a dispatch fills a device: waves of a SIMD, those of them of one workgroup, and rounds until all have run."""
    waves: float
    of_group: float
    rounds: int


def room(device, work, blocks, wave):
    waves = math.ceil(work.local / wave)
    most = min(device.waves, device.registers * 32 // (isa.registers(blocks) * wave))
    fit = max(1, min(device.simds * most // waves, device.shared // work.shared if work.shared else 32))
    rounds = math.ceil(work.groups / (device.units * fit))
    on_unit = min(fit, math.ceil(work.groups / device.units))
    return Room(max(1, on_unit * waves / device.simds), max(1, waves / device.simds), rounds)


def turn(device, body, wave, filled):
    """Cycles of a SIMD until all of its waves have done a turn. Waves hide what others wait for, but not those of a
    workgroup that meets at a barrier in it."""
    busy = sum(issue(device, one, wave) for one in body)
    single = alone(device, body, wave)
    lanes = 4 * wave * filled.waves * device.simds
    loads = lanes * sum(one.dwords for one in body if one.kind == "load") / device.load_bytes
    shared = lanes * sum(one.dwords for one in body if one.kind == "lds") / SHARED_BYTES
    meeting = filled.of_group * busy + single - busy if isa.count(body)["barrier"] else single
    return max(filled.waves * busy, meeting, loads, shared)


def times_of(work, found, hot, loop):
    """Turns of a loop that stages nothing."""
    inside = isa.count(loop.body)
    threads = work.groups * work.local
    if loop is hot:
        return work.computed / threads / inside["fma"]
    if work.computed or not inside["load"] or (work.each and not isa.outer(found, loop)):
        return 1
    return max(1, work.reads / 4 / threads / sum(one.dwords for one in loop.body if one.kind == "load"))


def turns(work, blocks):
    """How often each loop runs: [(times, instructions)]. Multiply-adds are conserved; where there are none, loads are,
    within what ops.def states for all loops together; what is staged is charged to the loops that load and neither
    multiply nor hold the loop that does."""
    found = isa.loops(blocks)
    hot = isa.hottest(found, "fma") if work.computed else None
    times = [times_of(work, found, hot, loop) for loop in found]
    if not work.computed and sum(times) > max(work.loops, len(times)):
        times = [max(1, one * work.loops / sum(times)) for one in times]
    staging = [i for i, loop in enumerate(found) if hot and not isa.count(loop.body)["fma"] and hot not in loop.inner]
    loads = sum(isa.count(found[i].body)["load"] for i in staging)
    for i in staging if work.staged and loads else ():
        times[i] = work.staged / loads
    return [(1, isa.straight(blocks))] + [(one, loop.body) for one, loop in zip(times, found)]


def microseconds(device, work, blocks):
    wave = wave_of(device, blocks)
    filled = room(device, work, blocks, wave)
    cycles = sum(times * turn(device, body, wave, filled) for times, body in turns(work, blocks))
    return device.launch + max(filled.rounds * cycles / device.clock, work.bytes / device.bytes,
                               2 * work.sums / device.flops)


def floor(device, work):
    """What memory and arithmetic alone would take."""
    return device.launch + max(work.bytes / device.bytes, 2 * work.sums / device.flops)
