"""AMD's assembler as RADV prints it, RADV_DEBUG=asm: the loops of a kernel, and what is in them. For gfx10, whose waits
name the counters vmcnt (loads from memory) and lgkmcnt (shared memory and scalars)."""
import collections
import dataclasses
import re

# A kernel's assembler comes before the row of shader_stats or step_stats that names it.
START, LABEL, BRANCH = "Compute Shader", re.compile(r"(BB\d+):"), re.compile(r"s_c?branch\w*\s+(BB\d+)")
ROW = re.compile(r"([a-z]+-\d+\t)?[a-z][a-z0-9]*(_[a-z0-9]+)+\t")

FMA = re.compile(r"v_(dual_|pk_)?(fma|fmac|mac|mad|fmaak|fmamk|fmaak)_(f32|legacy_f32)")
QUARTER_RATE = re.compile(r"v_(mul_lo|mul_hi|mad_u64|mad_i64|rcp|rsq|sqrt|exp|log|sin|cos)_")
RECIPROCAL = re.compile(r"v_rcp_(iflag_)?f32")
# A scalar load of more than two words at a time from a constant address: of a descriptor.
DESCRIPTOR = re.compile(r"s_load_dwordx(4|8)\b")
WIDTHS = {"b8": 1, "u8": 1, "i8": 1, "b16": 1, "u16": 1, "i16": 1, "b32": 1, "b64": 2, "b96": 3, "b128": 4}


@dataclasses.dataclass
class Instruction:
    name: str
    kind: str  # fma, valu, slow, salu, lds, load, store, scalar, wait, barrier, branch
    text: str
    dwords: int = 0


@dataclasses.dataclass
class Loop:
    head: int  # of its blocks, by index, the first and the last
    last: int
    body: list  # instructions, without those of inner loops
    inner: list  # loops


def kind_of(name):
    if FMA.match(name):
        return "fma"
    if name.startswith("v_"):
        return "slow" if QUARTER_RATE.match(name) else "valu"
    if name.startswith("ds_"):
        return "lds"
    if name.startswith(("buffer_", "global_", "flat_", "image_", "scratch_", "tbuffer_")):
        return "store" if "store" in name else "load"
    if name.startswith(("s_load", "s_buffer_load")):
        return "scalar"
    if name.startswith("s_waitcnt"):
        return "wait"
    if name.startswith("s_barrier"):
        return "barrier"
    return "branch" if name.startswith(("s_branch", "s_cbranch")) else "salu"


def dwords_of(name, kind):
    if kind == "lds":
        width = WIDTHS.get(re.sub(r"_addtid|_st64", "", name).rsplit("_", 1)[-1], 1)
        return width * (2 if "read2" in name or "write2" in name else 1)
    if kind in ("load", "store"):
        found = re.search(r"dwordx(\d)", name)
        return int(found[1]) if found else 1
    return 0


def instruction(text):
    name = text.split(None, 1)[0]
    kind = kind_of(name)
    return Instruction(name, kind, text, dwords_of(name, kind))


def kernels(text):
    """The rows of a program, each with the blocks of the kernel that was compiled last before it: [(name, list)]."""
    blocks = None
    for line in text.splitlines():
        label = LABEL.match(line)
        if line.startswith(START):
            blocks = [("", [])]
        elif blocks is not None and label:
            blocks.append((label[1], []))
        elif blocks is not None and line.startswith("\t") and ";" in line:
            blocks[-1][1].append(instruction(line.split(";")[0].strip()))
        elif ROW.match(line):
            yield line, blocks
            blocks = None


def loops(blocks):
    """Outermost first, in order."""
    at = {name: i for i, (name, _) in enumerate(blocks)}
    ends = {}
    for i, (_, instructions) in enumerate(blocks):
        for one in instructions:
            to = BRANCH.match(one.text)
            if to and at.get(to[1], i + 1) <= i:
                ends[at[to[1]]] = i
    found = [Loop(head, last, [], []) for head, last in sorted(ends.items(), key=lambda end: (end[0], -end[1]))]
    for loop in found:
        loop.inner = [other for other in found if other is not loop and loop.head <= other.head <= loop.last]
        loop.body = outside(blocks[loop.head:loop.last + 1], [(i.head - loop.head, i.last - loop.head)
                                                               for i in loop.inner])
    return found


def outside(blocks, spans):
    """The instructions of blocks that are in none of the spans of them."""
    return [one for i, (_, instructions) in enumerate(blocks) if not any(a <= i <= b for a, b in spans)
            for one in instructions]


def straight(blocks):
    """What is in no loop."""
    return outside(blocks, [(loop.head, loop.last) for loop in loops(blocks)])


def count(body):
    return collections.Counter(one.kind for one in body)


def counter(text, name):
    """How many may be on their way after a wait; None: it does not wait for these."""
    found = re.search(name + r"\((\d+)\)", text)
    return int(found[1]) if found else None


def round_trips(body):
    """Loads from memory, and how often they are waited for: a wait counts where loads were issued since the last one
    that counted, and what is still on its way at the end is waited for in the next turn, or not at all."""
    pending = loads = trips = 0
    fresh = False
    for one in body:
        if one.kind == "load":
            pending, loads, fresh = pending + 1, loads + 1, True
        left = counter(one.text, "vmcnt") if one.kind == "wait" else None
        if left is not None and pending > left:
            trips, fresh, pending = trips + fresh, False, left
    return loads, trips + fresh


def divisions(body):
    """Divisions of integers by what is not known when compiling: reciprocals whose products become integers."""
    reciprocals = sum(bool(RECIPROCAL.match(one.name)) for one in body)
    return min(reciprocals, sum(one.name.startswith("v_cvt_u32_f32") for one in body))


def registers(blocks):
    """Vector registers of an invocation, in eights."""
    used = [int(n) for _, body in blocks for one in body for n in re.findall(r"\bv(\d+)\b", one.text)]
    used += [int(n) for _, body in blocks for one in body for n in re.findall(r"\bv\[\d+:(\d+)\]", one.text)]
    return (max(used, default=0) + 8) // 8 * 8


def hottest(found, kind):
    """The loop that has the most instructions of a kind outside of its inner loops; None: no loop has one."""
    most = max(found, key=lambda loop: count(loop.body)[kind], default=None)
    return most if most and count(most.body)[kind] else None


def outer(found, loop):
    """Whether a loop stands in another."""
    return any(loop in other.inner for other in found)
