"""What tools/portability runs, once the programs are built and the drivers lie there: see there."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import resource
import subprocess
import sys
import textwrap
import time

import static
import tables

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BASELINES = SOURCE / "tests" / "portability"
GOLDEN = SOURCE / "tests" / "golden" / "reference_seed0_batch100.txt"

# Targets of tools/vulkan/run that execute: subgroup size, and what the device's name must show, so that a driver that
# was not the one meant is noticed.
EXECUTE = {
    "system:128": (4, "llvmpipe.*128 bits"),
    "system:256": (8, "llvmpipe.*256 bits"),
    "system:512": (16, "llvmpipe.*512 bits"),
    "lavapipe:256": (8, "llvmpipe.*256 bits.*Mesa 2[6-9]"),
    "swiftshader": (4, "SwiftShader"),
}
# Those that compile alone, oldest first, and their names in tables.
COMPILE = {
    "amd:polaris10": "POLARIS10",
    "amd:navi10": "NAVI10",
    "amd:navi21": "NAVI21",
    "amd:navi31": "NAVI31",
    "amd:gfx1201": "GFX1201",
    "nvidia:134": "NVK",
    "nvidia:140": "NVK",
    "nvidia:162": "NVK",
    "nvidia:172": "NVK",
    "qualcomm:660": "Adreno.* 660",
    "apple:m1": "Apple M1",
}
# Those whose assembler is measured, static.py, and the targets that print it.
STATIC = {"static:navi21": "amd:navi21"}
# A stand-in keeps what it prints in its memory, which is that of a small card: so many programs one after the other.
STATIC_PARTS = 4
# Whose figures say less of what will run: there a variant that is only measured may spill as it does in the baseline.
TOLERANT = ("qualcomm:660", "apple:m1")
# The operators that the subgroup size can matter to, or that compile quickly; convolution compiles for minutes, and the
# 20 training steps have its kernels.
FAST_OPERATORS = ("matmul", "linear", "linear_backward", "sum", "softmax", "log_softmax", "batch_norm2d",
                  "max_pool2d", "cross_entropy", "argmax", "chain")


TIME_LIMIT = 1800  # seconds of a program; a fake device that is waited for never ends


class Failure(Exception):
    """A sentence that says what failed."""


class Result:
    def __init__(self, target):
        self.target, self.driver, self.operators, self.training, self.compiled = target, "", "", "", ""
        self.failures = []


class Gate:
    def __init__(self, options):
        self.build, self.work, self.fast = pathlib.Path(options.build), pathlib.Path(options.work), options.fast
        self.accept = options.accept
        self.begun = time.monotonic()
        targets = options.targets or list(EXECUTE) + list(COMPILE) + list(STATIC)
        targets = [t for t in targets if not (options.accept and t in EXECUTE)]
        self.results = {target: Result(target) for target in targets}
        for folder in ("cache", "log", "tables"):
            (self.work / folder).mkdir(parents=True, exist_ok=True)

    def say(self, text):
        print(f"== [{time.monotonic() - self.begun:.0f} s] {text}", flush=True)

    def run(self, target, name, *command, assembler=False):
        """The output of a program on a target; with assembler what AMD's compiler makes, before the row of each kernel.
        Each has caches of its own: lavapipe does not tell what it compiled for vectors of another length."""
        log = self.work / "log" / f"{stem(target)}.{name}"
        cache = self.work / "cache" / stem(target)
        cache.mkdir(exist_ok=True)
        env = dict(os.environ, XDG_CACHE_HOME=str(cache), MESA_SHADER_CACHE_DIR=str(cache), TENKA_REQUIRE_VULKAN="1",
                   OMP_WAIT_POLICY="passive", RUST_BACKTRACE="0", TENKA_TEST_VALIDATE="0")
        env.pop("TENKA_VALIDATE", None)
        if assembler:
            env["RADV_DEBUG"] = "asm"
        with open(log, "w") as out, open(f"{log}.err", "w") as err:
            try:
                status = subprocess.run([HERE / "run", target, *command], env=env, stdout=out,
                                        stderr=out if assembler else err, stdin=subprocess.DEVNULL,
                                        timeout=TIME_LIMIT).returncode
            except subprocess.TimeoutExpired:
                raise Failure(f"{pathlib.Path(command[0]).name} took more than {TIME_LIMIT // 60} minutes ({log})")
        text = log.read_text(errors="replace")
        if status != 0:
            last = [line for line in (text + pathlib.Path(f"{log}.err").read_text(errors="replace")).splitlines()
                    if line.strip()][-1:]
            raise Failure(f"{pathlib.Path(command[0]).name} ended with status {status}: {''.join(last)} ({log})")
        return text

    # ---- Parts, each a job of its own: what it found in words, and sentences of what failed ----

    def operators(self, result):
        program = self.build / "tests" / "test_ops"
        if self.fast:
            text = "".join(self.run(result.target, f"ops.{name}", program, "vulkan", name) for name in FAST_OPERATORS)
        else:
            text = self.run(result.target, "ops", program, "vulkan")
        result.driver = text.split("\n", 1)[0].removeprefix("vulkan: ")
        if not re.search(EXECUTE[result.target][1], result.driver):
            raise Failure(f"it was run on {result.driver}, which is another driver")
        counts = [tuple(map(int, found)) for found in re.findall(r"^ +(\d+) cases, (\d+) skipped", text, re.M)]
        if not counts:
            raise Failure("test_ops ran no case")
        cases, skipped = map(sum, zip(*counts))
        result.operators = f"{len(counts)} operators, {cases} cases" + (f", {skipped} skipped" if skipped else "")
        return result.operators, []

    def training(self, result):
        text = self.run(result.target, "golden", self.build / "tests" / "test_golden", "vulkan", GOLDEN)
        log = self.work / "log" / f"{stem(result.target)}.golden.err"
        found = re.search(r"(\d+) losses, the worst is off by (\S+)", text + log.read_text(errors="replace"))
        if not found:
            raise Failure("test_golden compared no losses")
        result.training = f"{found[1]} steps, off by {float(found[2]):.1e}"
        return result.training, []

    def compiled(self, result):
        stats = self.build / "tests" / "shader_stats"
        text = self.run(result.target, "compiled", stats, "--all", "--tsv")
        table = tables.Table(text, f"the output for {result.target}")
        if not re.search(COMPILE[result.target], table.driver):
            raise Failure(f"it was compiled for {table.driver}, which is another device")
        (self.work / "tables" / f"{stem(result.target)}.tsv").write_text(table.text())
        result.driver = table.driver.removeprefix("vulkan: ")
        registers = [tables.number(row, "registers") or 0 for row in table.rows.values()]
        spilling = sum(bool(tables.spills(row)) for row in table.rows.values())
        result.compiled = f"{len(table.rows)} compiled, {max(registers)} registers at most, {spilling} spill"
        baseline = self.baseline(result.target)
        if self.accept:
            failures = self.write(result, baseline, table)
        elif baseline is None:
            raise Failure(f"there is no baseline: tools/portability --accept {result.target} writes it")
        else:
            failures = self.judge(result, baseline, table)
        return result.compiled, failures

    def measured(self, result):
        """The assembler of the steps' dispatches and, but for --fast, of all kernels."""
        target, programs = STATIC[result.target], self.build / "tests"
        steps = static.read_steps(self.run(target, "steps", programs / "step_stats", assembler=True))
        kernels = {}
        for part in range(0 if self.fast else STATIC_PARTS):
            text = self.run(target, f"assembler.{part}", programs / "shader_stats", "--all", "--tsv", "--part",
                            f"{part}/{STATIC_PARTS}", assembler=True)
            kernels |= static.read_kernels(text)
            result.driver = re.search("^# vulkan: (.*)", text, re.M)[1]
        result.driver = result.driver or target
        baseline = static.Baseline(BASELINES / "static")
        if self.accept:
            for change in static.changes(baseline, kernels, steps):
                print(f"   {result.target}: {change}", flush=True)
            failures = static.accept(baseline, kernels, steps)
        else:
            failures = static.compare(baseline, kernels, steps)
        result.compiled = static.summary(kernels, steps)
        return result.compiled, failures

    # ---- Tables ----

    def baseline(self, target):
        path = BASELINES / f"{stem(target)}.tsv"
        return tables.read(path) if path.exists() else None

    def judge(self, result, baseline, table):
        failures, improved = tables.compare(baseline, table, result.target not in TOLERANT)
        if failures and baseline.driver != table.driver:
            failures.append(f"the baseline is of {baseline.driver}, this is {table.driver}: where the kernels are the "
                            "same, accept it")
        if improved:
            result.compiled += f"; {improved} take fewer registers than the baseline, --accept keeps that"
        return failures

    def write(self, result, baseline, table):
        found = tables.changes(baseline, table)
        result.compiled += f"; {len(found)} changes" if found else "; as before"
        for change in found:
            print(f"   {result.target}: {change}", flush=True)
        BASELINES.mkdir(exist_ok=True)
        (BASELINES / f"{stem(result.target)}.tsv").write_text(table.text())
        return [f"{', '.join(key)}: {tables.spills(row)}" for key, row in table.rows.items()
                if tables.spills(row) and tables.must_not_spill(row, result.target not in TOLERANT)]

    # ---- All of it ----

    def job(self, target, part):
        result, begun = self.results[target], time.monotonic()
        try:
            text, failures = part(result)
        except (Failure, OSError, ValueError) as failure:
            text, failures = "", [str(failure)]
        result.failures += failures
        self.say(f"{target}, {part.__name__}: {f'FAILED, {failures[0]}' if failures else text}"
                 + (f", and {len(failures) - 1} more" if len(failures) > 1 else "")
                 + f" ({time.monotonic() - begun:.0f} s)")

    def run_all(self, jobs):
        # What takes longest begins first: SwiftShader, then convolutions on lavapipe, then NVIDIA's compiler.
        parts = [(t, p) for t in reversed(self.results) if t in EXECUTE for p in (self.training, self.operators)]
        parts += [(t, self.measured) for t in self.results if t in STATIC]
        parts += [(t, self.compiled) for t in sorted(self.results, reverse=True) if t in COMPILE]
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for done in [pool.submit(self.job, *part) for part in parts]:
                done.result()

    def summary(self):
        """The table as rows of cells."""
        rows = [("target", "device", "result")]
        for target, r in self.results.items():
            what = f"{r.operators}; {r.training}" if target in EXECUTE else r.compiled
            rows.append((target, r.driver or "-", f"FAILED ({len(r.failures)})" if r.failures else what))
        return rows

    def failed(self):
        return [target for target, r in self.results.items() if r.failures]


def stem(target):
    return target.replace(":", "-")


def processor_minutes():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / 60


def print_summary(gate):
    rows = gate.summary()
    width = [max(len(row[i]) for row in rows) for i in range(2)]
    print()
    for row in rows:
        print(f"{row[0]:{width[0]}}  {row[1]:{width[1]}}  {row[2]}")
    for target in gate.failed():
        failures = gate.results[target].failures
        print(f"\n{target}:")
        for sentence in failures[:20]:
            print(f"    {sentence}")
        if len(failures) > 20:
            print(f"    and {len(failures) - 20} more")
    print()


def write_compiled():
    (SOURCE / "docs" / "compiled.md").write_text(tables.compiled(BASELINES))


def write_results(gate):
    """The part of docs/portability.md between its two marks."""
    results = gate.results.values()
    lines = ["| target | device and driver | subgroup | operators | training |", "| --- | --- | ---: | --- | --- |"]
    lines += [f"| {r.target} | {r.driver} | {EXECUTE[r.target][0]} | {r.operators or 'FAILED'} "
              f"| {r.training or 'FAILED'} |" for r in results if r.target in EXECUTE]
    lines += ["", "| target | device and driver | result |", "| --- | --- | --- |"]
    lines += [f"| {r.target} | {r.driver} | {r.compiled} |" for r in results if r.target not in EXECUTE]
    lines += ["", *[textwrap.fill(f"- FAILED on {r.target}: {sentence}", 120, subsequent_indent="  ")
                    for r in results for sentence in r.failures]]
    packages = (pathlib.Path(os.environ["TENKA_VULKANS"]) / "versions").read_text().split("\n")
    lines = [textwrap.fill(f"Run on {time.strftime('%Y-%m-%d', time.gmtime())}. The drivers that were unpacked are "
                           f"Debian's {' and '.join(filter(None, packages))}.", 120), ""] + lines
    page = SOURCE / "docs" / "portability.md"
    before, rest = page.read_text().split("<!-- results begin -->\n")
    after = rest.split("<!-- results end -->")[1]
    text = "\n".join(lines).strip()
    page.write_text(f"{before}<!-- results begin -->\n{text}\n<!-- results end -->{after}")


def main():
    if sys.argv[1:2] == ["--check"]:
        return sys.argv[2] not in (*EXECUTE, *COMPILE, *STATIC)
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--jobs", type=int, required=True)
    for word in ("--fast", "--accept", "--document"):
        parser.add_argument(word, action="store_true")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    gate = Gate(options)
    if not gate.results:
        print("None of these targets compiles alone, so there is no baseline to accept: name others, or none.",
              file=sys.stderr)
        return 2
    gate.run_all(options.jobs)
    print_summary(gate)
    if options.accept:
        write_compiled()
    if options.document:
        write_results(gate)
    minutes = (time.monotonic() - gate.begun) / 60
    if gate.failed():
        print(f"FAILED on {', '.join(gate.failed())}, in {minutes:.1f} minutes; what the programs said lies "
              f"in {gate.work / 'log'}.")
        return 1
    print(f"All {len(gate.results)} targets passed, in {minutes:.1f} minutes; processors "
          f"worked for {processor_minutes():.1f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
