#!/usr/bin/python3
"""Tables of what drivers' compilers made of the kernels, as build/tests/shader_stats --tsv prints them.
   tables.py compare [--measured-may-spill] BASELINE TABLE
                                      what is worse than the baseline allows; exit status 1 when anything is
   tables.py compiled FOLDER          docs/compiled.md, of the baselines in the folder
tools/portability does both."""
import pathlib
import re
import sys
import textwrap

import steps_page

KEY = ("kernel", "variant", "shape")
COUNTS = ("registers", "spilled", "moved", "scratch", "shared", "occupancy", "instructions")
HEAD = KEY + ("chosen",) + COUNTS
FAILED = "failed"


class Table:
    """rows: the counts and whether the driver gets the variant unmeasured, by kernel, variant and shape."""

    def __init__(self, text, name):
        lines = text.splitlines()
        if len(lines) < 2 or not lines[0].startswith("#") or tuple(lines[1].split("\t")) != HEAD:
            raise ValueError(f"{name} is no table of shader_stats --tsv")
        self.driver = " ".join(lines[0].lstrip("#").split())
        self.rows = {}
        for line in lines[2:]:
            fields = line.split("\t")
            if len(fields) != len(HEAD) or tuple(fields[:3]) in self.rows:
                raise ValueError(f"{name}: a row has other columns, or is there twice: {line}")
            self.rows[tuple(fields[:3])] = dict(zip(HEAD[3:], fields[3:]))

    def text(self):
        rows = ["\t".join(key + tuple(self.rows[key].values())) for key in sorted(self.rows)]
        return "\n".join([f"# {self.driver}", "\t".join(HEAD)] + rows) + "\n"


def read(path):
    return Table(pathlib.Path(path).read_text(), path)


def number(row, column):
    """None where the driver does not say, or its compiler failed."""
    return int(row[column]) if row[column].isdigit() else None


def spills(row):
    """In words what the kernel has in memory since its registers do not suffice; nothing: "". Scratch memory counts: an
    array in it is no better. What moves between kinds of registers does not, but must not grow."""
    return " and ".join(f"{row[column]} {unit}" for column, unit in
                        (("spilled", "values spilled"), ("scratch", "bytes of scratch memory")) if number(row, column))


def faults(row, before):
    """What is wrong with a row, beside that of the baseline."""
    if row["registers"] == FAILED:
        return [] if before["registers"] == FAILED else ["the driver's compiler fails on it"]
    if number(row, "registers") is None or number(row, "spilled") is None:
        return ["the driver does not say how many registers it takes, and how many are spilled"]
    found = [f"{column} grew from {before[column]} to {row[column]}" for column in ("registers", "moved", "spilled", "scratch")
             if number(before, column) is not None and (number(row, column) or 0) > number(before, column)]
    old, new = number(before, "occupancy"), number(row, "occupancy")
    if old is not None and new is not None and new < old:
        found.append(f"occupancy fell from {old} to {new}")
    return found


def better(row, before):
    return any(None not in (number(row, c), number(before, c)) and number(row, c) < number(before, c)
               for c in ("registers", "moved"))


def must_not_spill(row, strict):
    return strict or bool(row["chosen"])


def compare(baseline, table, strict=True):
    """Sentences of what fails, and the number of rows that got better. Unless strict, what a device only measures may
    spill as much as it did in the baseline."""
    sentences, improved = [], 0
    for key, row in table.rows.items():
        name = ", ".join(key)
        before = baseline.rows.get(key)
        if spills(row) and (must_not_spill(row, strict) or not before):
            sentences.append(f"{name}: {spills(row)}")
        if not before:
            sentences.append(f"{name}: is not in the baseline")
            continue
        sentences += [f"{name}: {fault}" for fault in faults(row, before)]
        improved += better(row, baseline.rows[key])
    sentences += [f"{', '.join(key)}: is in the baseline alone" for key in baseline.rows if key not in table.rows]
    return sentences, improved


def changes(baseline, table):
    """Sentences of all that differs, for whoever accepts it. baseline: None when there was none."""
    if baseline is None:
        return [f"new, {len(table.rows)} rows"]
    found = [] if baseline.driver == table.driver else [f"driver: {baseline.driver} is now {table.driver}"]
    for key in sorted(baseline.rows.keys() | table.rows.keys()):
        old, new = baseline.rows.get(key), table.rows.get(key)
        if old is None or new is None:
            found.append(f"{', '.join(key)}: {'new' if old is None else 'gone'}")
        elif old != new:
            differing = [column for column in old if old[column] != new[column]]
            found.append(f"{', '.join(key)}: "
                         + ", ".join(f"{c} {old[c] or 'no'} to {new[c] or 'no'}" for c in differing))
    return found


# ---- docs/compiled.md ----

SHOWN = (("amd-navi21", "navi21"), ("amd-navi31", "navi31"), ("nvidia-172", "Ampere"))

INTRODUCTION = """Every kernel in the variant that a GPU gets without measuring, for the shapes of `tenka bench` (or a
case of its tests), compiled for AMD's navi21 (RX 6800) and navi31 (RX 7900) and for NVIDIA's Ampere by {drivers}. *reg* is
vector registers (AMD) or registers (NVIDIA), *occ* subgroups in flight, at most: per SIMD (AMD) or per multiprocessor
(NVIDIA). AMD's figures are those of the compiler that runs on such cards; NVIDIA's are the open driver's and hint at
the vendor's. {spilling}"""

COMPILED = """# What drivers' compilers make of the kernels

{introduction}

`tools/portability --accept` writes this page; all variants and {chips} chips are in `tests/portability/`, and
[portability.md](portability.md) says what they are for. `build/tests/shader_stats [--all] [KERNEL]` prints the table of
the device at hand, when its driver has `VK_KHR_pipeline_executable_properties`.

{steps}

## Every kernel

| kernel | variant | shape | shared bytes | {heads} |
| --- | --- | --- | ---: | {rule} |"""


def compiled(folder):
    every = {path.stem: read(path) for path in sorted(pathlib.Path(folder).glob("*.tsv"))}
    tables = [every[name] for name, _ in SHOWN]
    drivers = sorted({mesa for table in tables for mesa in re.findall(r"Mesa \S+[^\s)]", table.driver)})
    rows = [row for table in every.values() for row in table.rows.values()]
    bad = [row for row in rows if spills(row) or row["registers"] == FAILED]
    spilling = (f"Of {len(rows)} combinations of kernel, variant, shape and chip, {len(bad)} spill or have scratch "
                f"memory, {sum(bool(row['chosen']) for row in bad)} of them in the variant that is taken unmeasured.")
    introduction = INTRODUCTION.format(drivers=" and ".join(drivers), spilling=spilling)
    lines = [COMPILED.format(chips=len(every), steps=steps_page.text(pathlib.Path(folder) / "static"), introduction=textwrap.fill(introduction, 120, break_on_hyphens=False),
                             heads=" | ".join(f"{title} reg | occ" for _, title in SHOWN),
                             rule=" | ".join(["---: | ---:"] * len(SHOWN)))]
    # Chips may differ in what they choose: a row for each variant that one of them does.
    for key in sorted({key for table in tables for key, row in table.rows.items() if row["chosen"]}):
        found = [table.rows.get(key) for table in tables]
        shared = [row["shared"] for row in found if row and number(row, "shared") is not None]
        cells = [f"{row['registers']} | {row['occupancy']}" if row and row["chosen"] else " | " for row in found]
        lines.append(f"| {' | '.join(key)} | {shared[0] if shared else ''} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    words = [word for word in sys.argv[1:] if word != "--measured-may-spill"]
    if len(words) == 3 and words[0] == "compare":
        sentences, _ = compare(read(words[1]), read(words[2]), strict=len(words) == len(sys.argv) - 1)
        print("\n".join(sentences) if sentences else "nothing is worse than the baseline")
        return 1 if sentences else 0
    if len(words) == 2 and words[0] == "compiled":
        print(compiled(words[1]), end="")
        return 0
    print("usage: tables.py compare [--measured-may-spill] BASELINE TABLE | tables.py compiled FOLDER", file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as error:
        sys.exit(f"tables.py: {error}")
