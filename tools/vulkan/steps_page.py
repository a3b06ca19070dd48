"""The part of docs/compiled.md that is of three training steps: from tests/portability/static."""
import textwrap

import measures
import static

HEADS = {"loads": "loads a trip", "density": "FMA", "groups": "workgroups", "waste": "waste"}

INTRODUCTION = """## Training steps, without a GPU

{words}

### The model

{model}

### Before and after

Microseconds of a whole step, by the model: at commit d436218, now, and what memory, arithmetic and launches alone would
take (*floor*).

| step | dispatches | {heads} |
| --- | ---: | {rule} |
{steps}

### Dispatches

{legend}

{tables}"""

WORDS = """The dispatches of a training step of the reference network (batch 100 and 1000) and of a stack of six 3x3
convolutions (batch 100), as `build/tests/step_stats` plans them, in the variants that are taken unmeasured, compiled
for navi21. `tools/portability` holds them to the thresholds of `tools/vulkan/measures.py`. {exceptions} pairs of kernel
and measure do not meet theirs: they are listed in `tests/portability/static/exceptions.tsv`, which only gets shorter, and
may not get worse."""

# Paragraphs and points.
MODEL = (
    """Times are estimates, good for ranks and for before and after. `tools/vulkan/model.py` walks the assembler
that AMD's compiler makes for navi21, which stands for NVIDIA's, too:""",
    """- *Turns of a loop.* The loop with most multiply-adds runs as often as the multiply-adds of whole tiles ask
for; where there are none, a loop that loads runs as often as the bytes that are read ask for, all loops together
at most as often as ops.def says; loops that stage run as often as ops.def says. All other code runs once.""",
    """- *A turn of one wave* goes through its instructions in order: a cycle each, vector instructions of 64
invocations two on navi21, of quarter rate four times that; a wait lasts until what it names is there: 420 cycles
after a load from memory on navi21, 240 on an H200, 64 and 30 from shared memory, 120 a scalar; a barrier takes
30.""",
    """- *A turn of all waves* of a SIMD takes the longest of: what they issue; one wave alone, or, with a barrier
in the loop, all waves of a workgroup and one's waits; 64 bytes a cycle of loads and 128 of shared memory a
compute unit. Registers and shared memory say how many waves there are at a time, workgroups how many rounds.""",
    """- *A dispatch* takes the sum over its code, but at least its bytes at 512 or 3,266 GB/s and its arithmetic
at 16.2 or 63.97 TFLOP/s, and 4.0 or 2.33 us to be launched. A step is the sum of its dispatches.""",
    """The H200's ceilings and launch were measured ([benchmarks.md](benchmarks.md)); its 240 cycles are what one
turn of a kernel took there that waits for a load in each: BatchNorm's of one thread a sum, 245 and 327. By these
rules a product of 1024^3 in tiles of 128x64, which is taken unmeasured, takes 72 us; measured were 77 to 83, of
the variant that was the fastest there, which the model takes to be another of 56. navi21's ceilings are AMD's;
all latencies but that one are assumed and have not been measured by us.""",
    """*Where it is off*: it does not see which addresses neighbours load, so that uncoalesced loads, as those of
conv2d_dw, whose neighbours are in different images, come out several times too fast, bank conflicts likewise; nor
the code of both sides of a branch, of which it counts both; nor NVIDIA's compiler, which loads weights of direct
convolutions one by one and needs no descriptors; it has no cache but one latency, counts bodies of outer loops
once, cross_entropy_fwd's two copies of its loops both, and lets no dispatches overlap. A factor of two either
way, and more for weights' gradients.""",
)

LEGEND = """*loads a trip*: loads that are on their way together in the loop that loads most; *FMA*: part of the hottest
loop's instructions that multiply and add; *waste*: multiply-adds for each that the shape asks for; *fills*: of
devices of 132, 60 and 20 compute units the largest that has two workgroups for each; us by the model. Alike
dispatches stand together; us are of one. Where commit d436218 had another value it stands before the arrow."""


def filled(text):
    indent = "  " if text.startswith("- ") else ""
    return textwrap.fill(" ".join(text.split()), 120, subsequent_indent=indent, break_on_hyphens=False,
                         break_long_words=False)


def spaced(parts):
    """Paragraphs, with points of a list below each other."""
    points = [part.startswith("- ") for part in parts]
    return parts[0] + "".join(("\n" if one and other else "\n\n") + part
                              for one, other, part in zip(points, points[1:], parts[1:]))


def number(value, digits=2):
    return "" if value is None else f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def step_rows(steps, before):
    old, now = static.totals(before), static.totals(steps)
    for step, sums in now.items():
        count = sum(key[0] == step for key in steps)
        cells = [f"{old[step][device]:.0f} | {sums[device]:.0f} | {old[step][device] / sums[device]:.1f}"
                 for device in static.MICROSECONDS]
        floors = [sum(values[f"{device} floor"] for key, values in steps.items() if key[0] == step)
                  for device in static.MICROSECONDS]
        times = " | ".join(f"{cell} | {floor:.0f}" for cell, floor in zip(cells, floors))
        yield f"| {step} | {count} | {times} |"


def dispatches(step, steps, before):
    """A table; a row for each kernel, variant and shapes."""
    lines = [f"**{step}**", "", "| kernel | variant | shapes | times | " + " | ".join(HEADS.values()) + " | fills | "
             + " | ".join(f"{device} us" for device in static.MICROSECONDS) + " |",
             "| --- | --- | --- |" + " ---: |" * (2 + len(HEADS) + len(static.MICROSECONDS))]
    alike, was = {}, {}
    for key, values in before.items():
        was.setdefault((key[0], key[1], key[3]), values)
    for key, values in steps.items():
        if key[0] == step:
            alike.setdefault(key[1:4], []).append(values)
    for key, rows in alike.items():
        old, now = was.get((step, key[0], key[2]), rows[0]), rows[0]
        cells = [changed(number(old[name]), mark(name, now[name])) for name in HEADS]
        cells.append(changed(str(measures.fills(old["groups"])), str(measures.fills(now["groups"]))))
        cells += [changed(number(old[device], 1), number(now[device], 1)) for device in static.MICROSECONDS]
        lines.append(f"| {' | '.join(key)} | {len(rows)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def mark(name, value):
    """What meets no threshold is bold."""
    text = number(value)
    return f"**{text}**" if measures.below(name, value) else text


def changed(old, new):
    """Both where they differ."""
    return new if old in ("", new.strip("*")) else f"{old} \u2192 {new}"


def text(folder):
    baseline = static.Baseline(folder)
    before = static.read(baseline.folder / "before.tsv", static.STEP_KEY, static.STEP_COLUMNS)
    heads = " | ".join(f"{device} d436218 | now | ratio | floor" for device in static.MICROSECONDS)
    names = dict.fromkeys(key[0] for key in baseline.steps)
    return INTRODUCTION.format(
        words=filled(WORDS.format(exceptions=len(baseline.exceptions))),
        model=spaced([filled(part) for part in MODEL]),
        heads=heads, rule=" | ".join(["---: | ---: | ---: | ---:"] * len(static.MICROSECONDS)),
        steps="\n".join(step_rows(baseline.steps, before)), legend=filled(LEGEND + " Bold: below the threshold."),
        tables="\n\n".join(dispatches(step, baseline.steps, before) for step in names))
