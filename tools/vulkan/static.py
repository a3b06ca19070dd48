"""The static gate: kernels and steps as compiled for a chip that is not there, held to tests/portability/static.
  kernels.tsv     measures.KERNEL of each kernel, variant and shape that shader_stats --all compiles
  steps.tsv       those, measures.DISPATCH and microseconds of each dispatch of step_stats
  exceptions.tsv  kernels that do not meet a threshold, each with its worst value: the list only gets shorter
  before.tsv      steps.tsv of commit d436218, for docs/compiled.md
  static.py compare FOLDER KERNELS STEPS          compares such outputs; KERNELS may be -, then only steps are looked at
  static.py accept FOLDER KERNELS STEPS"""
import pathlib
import sys

import isa
import measures
import model

KERNEL_KEY, STEP_KEY = ("kernel", "variant", "shape"), ("step", "kernel", "variant", "shapes", "number")
MICROSECONDS = tuple(device.name for device in model.DEVICES)
KERNEL_COLUMNS = ("chosen", *measures.KERNEL)
FLOORS = tuple(f"{device} floor" for device in MICROSECONDS)
STEP_COLUMNS = (*measures.EVERY, *MICROSECONDS, *FLOORS)


class Wrong(ValueError):
    """A sentence about a file or an output."""


# ---- Outputs of the programs ----

def printed(text, program, what):
    """Cells and assembler's blocks of each line that the program has printed."""
    lines = [(line.split("\t"), blocks) for line, blocks in isa.kernels(text)]
    if not lines:
        raise Wrong(f"{program} printed no {what}")
    for cells, blocks in lines:
        if blocks is None:
            raise Wrong(f"{cells[0]}, {cells[1]}: no assembler was printed before it")
    return lines


def read_kernels(text):
    """{key: values} of shader_stats --all --tsv with its assembler."""
    return {tuple(cells[:3]): {"chosen": 1 if cells[3] else 0, **measures.of_kernel(blocks)}
            for cells, blocks in printed(text, "shader_stats", "kernel")}


def read_steps(text):
    """The same of step_stats, whose dispatches are numbered where they are alike."""
    rows = {}
    for cells, blocks in printed(text, "step_stats", "dispatch"):
        number = 1 + sum(key[:4] == tuple(cells[:4]) for key in rows)
        rows[(*cells[:4], str(number))] = measures.of_dispatch(measures.work_of(cells[4:]), blocks)
    return rows


# ---- Tables ----

def cell(value):
    return "" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


def write(path, key, columns, rows):
    lines = ["\t".join((*key, *columns))]
    lines += ["\t".join((*name, *(cell(values[column]) for column in columns))) for name, values in rows.items()]
    path.write_text("\n".join(lines) + "\n")


def read(path, key, columns):
    head, *lines = path.read_text().splitlines() or [""]
    if tuple(head.split("\t")) != (*key, *columns):
        raise Wrong(f"{path} is no table of {', '.join((*key, *columns))}")
    rows = {}
    for line in lines:
        cells = line.split("\t")
        values = [float(one) if one else None for one in cells[len(key):]]
        rows[tuple(cells[:len(key)])] = dict(zip(columns, values, strict=True))
    return rows


class Baseline:
    """What a folder has; parts are None where there is no file."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.kernels = self.part("kernels.tsv", KERNEL_KEY, KERNEL_COLUMNS)
        self.steps = self.part("steps.tsv", STEP_KEY, STEP_COLUMNS)
        listed = self.part("exceptions.tsv", ("kernel", "measure"), ("worst",))
        self.exceptions = None if listed is None else {key: values["worst"] for key, values in listed.items()}

    def part(self, name, key, columns):
        path = self.folder / name
        return read(path, key, columns) if path.exists() else None


# ---- Judging ----

def judged(kernels, steps):
    """Rows that thresholds are for, as (kernel, name, measures): variants that are only measured need not meet them."""
    for key, values in kernels.items():
        if values["chosen"]:
            yield key[0], ", ".join(key), {name: values[name] for name in measures.KERNEL}
    for key, values in steps.items():
        yield key[1], ", ".join(key[:4]), {name: values[name] for name in measures.EVERY}


def violations(kernels, steps):
    """{(kernel, measure): (worst value, name of the row)}"""
    found = {}
    for kernel, name, values in judged(kernels, steps):
        for measure, value in values.items():
            if not measures.below(measure, value):
                continue
            known = found.get((kernel, measure))
            if known is None or measures.EVERY[measure].side * (value - known[0]) < 0:
                found[kernel, measure] = (value, name)
    return found


def said(measure, value):
    limit = measures.EVERY[measure]
    bound = "at least" if limit.side == measures.AT_LEAST else "at most"
    return f"{cell(value)} {limit.what}, {bound} {cell(limit.value)} wanted"


def not_excepted(found, exceptions):
    """Sentences of what meets no threshold and is not in the list, or is worse than it says there."""
    sentences = []
    for (kernel, measure), (value, name) in found.items():
        worst = exceptions.get((kernel, measure))
        if worst is None:
            sentences.append(f"{name}: {said(measure, value)}, and {kernel} is no exception")
        elif measures.worse(measure, value, worst):
            sentences.append(f"{name}: {said(measure, value)}, and as an exception {kernel} has {cell(worst)}")
    return sentences


def got_worse(rows, before, columns, where):
    sentences = []
    for key, values in rows.items():
        name = ", ".join(key[:4])
        if key not in before:
            sentences.append(f"{name}: is not in {where}")
            continue
        sentences += [f"{name}: {column} went from {cell(before[key][column])} to {cell(values[column])}"
                      for column in columns if measures.worse(column, values[column], before[key][column])]
    return sentences + [f"{', '.join(key[:4])}: is in {where} alone" for key in before if key not in rows]


def totals(steps):
    """{step: microseconds on each device}"""
    sums = {}
    for key, values in steps.items():
        have = sums.setdefault(key[0], dict.fromkeys(MICROSECONDS, 0))
        for device in MICROSECONDS:
            have[device] += values[device]
    return sums


def summary(kernels, steps):
    """One line: the time of each step on each device."""
    times = "; ".join(f"{step} " + ", ".join(f"{sums[device]:.0f} us {device}" for device in MICROSECONDS)
                      for step, sums in totals(steps).items())
    return (f"{len(kernels)} kernels, " if kernels else "") + f"{len(steps)} dispatches: {times}"


def compare(baseline, kernels, steps):
    """Sentences of what fails. kernels: {} where only steps were compiled."""
    if None in (baseline.kernels, baseline.steps, baseline.exceptions):
        raise Wrong(f"{baseline.folder} lacks a table: tools/portability --accept static:navi21 writes them")
    sentences = not_excepted(violations(kernels, steps), baseline.exceptions)
    # Fewer workgroups may be better, as long as there are enough.
    columns = [column for column in STEP_COLUMNS if column not in ("groups", *FLOORS)]
    sentences += got_worse(steps, baseline.steps, columns, "steps.tsv")
    if kernels:
        sentences += got_worse(kernels, baseline.kernels, tuple(measures.KERNEL), "kernels.tsv")
    return sentences


def accept(baseline, kernels, steps):
    """Writes the tables. What meets no threshold and is not in the list stays out of it, and fails."""
    found = violations(kernels, steps)
    listed = baseline.exceptions
    if listed is None:
        kept = {key: value for key, (value, _) in found.items()}
    else:
        kept = {key: value if not measures.worse(key[1], value, listed[key]) else listed[key]
                for key, (value, _) in found.items() if key in listed}
    baseline.folder.mkdir(parents=True, exist_ok=True)
    write(baseline.folder / "kernels.tsv", KERNEL_KEY, KERNEL_COLUMNS, kernels)
    write(baseline.folder / "steps.tsv", STEP_KEY, STEP_COLUMNS, steps)
    write(baseline.folder / "exceptions.tsv", ("kernel", "measure"), ("worst",),
          {key: {"worst": value} for key, value in sorted(kept.items())})
    return not_excepted(found, kept)


def changes(baseline, kernels, steps):
    """Sentences of what an accepted result changes, the steps' times first."""
    before = totals(baseline.steps or {})
    found = [f"{step}: {device} {cell(before[step][device])} to {cell(now[device])} us" for step, now in
             totals(steps).items() for device in MICROSECONDS if step in before and now != before[step]]
    for rows, old, columns in ((steps, baseline.steps, STEP_COLUMNS), (kernels, baseline.kernels, KERNEL_COLUMNS)):
        for key, values in rows.items():
            was = (old or {}).get(key)
            differing = [] if was is None else [c for c in columns if cell(was[c]) != cell(values[c])]
            if was is None or differing:
                found.append(f"{', '.join(key[:4])}: " + ("new" if was is None else ", ".join(
                    f"{c} {cell(was[c]) or 'none'} to {cell(values[c]) or 'none'}" for c in differing)))
        found += [f"{', '.join(key[:4])}: gone" for key in old or {} if key not in rows]
    return found


def main():
    words = sys.argv[1:]
    if len(words) != 4 or words[0] not in ("compare", "accept"):
        print(__doc__, file=sys.stderr)
        return 2
    baseline = Baseline(words[1])
    kernels = {} if words[2] == "-" else read_kernels(pathlib.Path(words[2]).read_text(errors="replace"))
    steps = read_steps(pathlib.Path(words[3]).read_text(errors="replace"))
    sentences = (compare if words[0] == "compare" else accept)(baseline, kernels, steps)
    print("\n".join(sentences) if sentences else "nothing is worse than the baseline")
    return 1 if sentences else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as error:
        sys.exit(f"static.py: {error}")
