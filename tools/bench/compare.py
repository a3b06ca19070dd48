"""Tenka and PyTorch side by side: the same network, batch size and number of threads, in turns (A B A B ...), so that
whatever else the machine does hits both. Prints medians over the rounds and their ratios. docs/benchmarks.md says what
a step contains on both sides.

    tools/bench/compare                                    all cases on the CPU backend
    tools/bench/compare --cases reference-100,mlp-100 --quick
    tools/bench/compare --backend cpu,vulkan --json > out.json
"""
import argparse
import gzip
import importlib.util
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import torch

from networks import NETWORKS

HERE = pathlib.Path(__file__).resolve().parent
DATA = "/usr/share/datasets/fashion-mnist"
MODES = ("training", "inference")
CASES = {f"{name}-{batch}": (name, batch) for name, (_, _, batches) in NETWORKS.items() for batch in batches}
PROGRAM = "program"


class Stop(Exception):
    """A sentence for the user."""


# ---- PyTorch ----

# How PyTorch can be set up on a CPU: threads of its BLAS, memory layout. The first is its steadiest.
SETTINGS = {
    "steady": (False, "contiguous"),
    "channels_last": (False, "channels_last"),
    "blas threads": (True, "contiguous"),
    "blas threads, channels_last": (True, "channels_last"),
}
CUDA_SETTINGS = {"eager": ("contiguous", False), "graphs": ("contiguous", True),
                 "eager, channels_last": ("channels_last", False), "graphs, channels_last": ("channels_last", True)}


def torch_environment(threads, blas_threads):
    """OpenBLAS's own threads beside those of OpenMP get into each other's way: one is PyTorch's steadiest setting."""
    return dict(os.environ, OPENBLAS_NUM_THREADS=str(threads if blas_threads else 1), OMP_NUM_THREADS=str(threads))


class TorchProcess:
    """A PyTorch that stays open, since its start takes seconds. While nothing is asked of it it sleeps."""

    def __init__(self, threads, blas_threads):
        # In a session of its own, so that Ctrl-C reaches this program alone, which then closes it.
        self.process = subprocess.Popen([sys.executable, HERE / "torch_steps.py"], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, start_new_session=True,
                                        env=torch_environment(threads, blas_threads))

    def ask(self, **order):
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise Stop(f"PyTorch's side ended while it was asked for {order}") from None

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Torch:
    """All settings of PyTorch on one device."""

    def __init__(self, options, device):
        self.options, self.device, self.processes = options, device, {}
        if device == "cuda":
            self.settings = {name: (False, *how) for name, how in CUDA_SETTINGS.items()}
        else:
            wanted = SETTINGS if options.settings == "all" else list(SETTINGS)[:2]
            self.settings = {name: (*SETTINGS[name], False) for name in wanted}
        self.about = self.process(False).ask()

    def process(self, blas_threads):
        if blas_threads not in self.processes:
            self.processes[blas_threads] = TorchProcess(self.options.threads, blas_threads)
        return self.processes[blas_threads]

    def measure(self, setting, network, batch, mode):
        blas_threads, layout, graph = self.settings[setting]
        return self.process(blas_threads).ask(
            network=network, batch=batch, mode=mode, device=self.device, layout=layout, graph=graph,
            threads=self.options.threads, seconds=self.options.seconds)

    def close(self):
        for process in self.processes.values():
            process.close()


# ---- Tenka ----

def run_tenka(options, *arguments):
    done = subprocess.run([options.tenka, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        raise Stop(f"{options.tenka} {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


class Tenka:
    def __init__(self, options, backend, folder):
        self.options, self.backend, self.nets = options, backend, {}
        for name, (make, _, _) in NETWORKS.items():
            self.nets[name] = folder / f"{name}.txt"
            self.nets[name].write_text(f"{make()}\n")
        self.device = None

    def device_options(self):
        name = ["--device", self.options.device] if self.options.device and self.backend == "vulkan" else []
        return ["--backend", self.backend, "--threads", str(self.options.threads), "--quiet", *name]

    def measure(self, network, batch):
        """Both modes, since a process costs its start."""
        image = ",".join(map(str, NETWORKS[network][1]))
        result = json.loads(run_tenka(
            self.options, "bench", "--only", "steps", "--json", "--net", self.nets[network], "--input", image,
            "--batch-size", str(batch), "--seconds", str(self.options.seconds), *self.device_options()))
        self.device = result["device"]
        return {step["mode"]: step for step in result["steps"]}


# ---- One comparison ----

def compare_case(options, case, tenka, torch_side, report):
    network, batch = CASES[case]
    modes = [mode for mode in MODES if mode in options.modes]
    times = {mode: {"tenka": [], **{setting: [] for setting in torch_side.settings}} for mode in modes}
    for number in range(options.rounds):
        say(options, f"{case}, {tenka.backend}: round {number + 1} of {options.rounds}")
        measured = tenka.measure(network, batch)
        for mode in modes:
            times[mode]["tenka"].append(measured[mode])
        for setting in torch_side.settings:
            for mode in modes:
                times[mode][setting].append(torch_side.measure(setting, network, batch, mode))
    for mode in modes:
        report.add_steps(case, batch, mode, tenka, torch_side, times[mode])


class Report:
    def __init__(self, options):
        self.options, self.rows, self.sides = options, [], []

    def begin(self, backend, torch_side):
        about = {"backend": backend, "torch_device": torch_side.about["cuda"] if torch_side.device == "cuda" else "cpu",
                 "blas": torch_side.about["blas"]}
        self.sides.append(about)
        if not self.options.json:
            print(f"\nBackend {backend}; PyTorch on {about['torch_device']}, BLAS {about['blas']}\n")
            self.title = True

    def add_steps(self, case, batch, mode, tenka, torch_side, measured):
        times = {name: [m["ms"] for m in values] for name, values in measured.items()}
        shortest = {name: min(m["best_ms"] for m in values) for name, values in measured.items()}
        medians = {name: statistics.median(values) for name, values in times.items()}
        steady = next(iter(torch_side.settings))
        best = min(torch_side.settings, key=medians.get)
        row = {
            "case": case, "mode": mode, "batch_size": batch, "backend": tenka.backend, "device": tenka.device,
            "torch_device": torch_side.device, "tenka_ms": medians["tenka"],
            "torch_ms": {name: medians[name] for name in torch_side.settings},
            "tenka_images_per_s": 1e3 * batch / medians["tenka"],
            "ratio": {name: medians[name] / medians["tenka"] for name in torch_side.settings},
            "rounds": [{name: values[i] for name, values in times.items()} for i in range(self.options.rounds)],
            "steady": steady, "best": best, "shortest_ms": shortest,
            "shortest_ratio": {name: shortest[name] / shortest["tenka"] for name in torch_side.settings},
        }
        self.rows.append(row)
        if self.options.json:
            return
        if self.title:
            self.title = False
            self.line("case", "mode", "Tenka ms", "images/s", f"{steady} ms", "ratio", "best ms", "ratio",
                      "PyTorch's best", f"ratios to {steady}", "of shortest")
        ratios = [t / a for t, a in zip(times[steady], times["tenka"])]
        self.line(case, mode, f"{medians['tenka']:.3f}", f"{row['tenka_images_per_s']:,.0f}", f"{medians[steady]:.3f}",
                  f"{row['ratio'][steady]:.2f}", f"{medians[best]:.3f}", f"{row['ratio'][best]:.2f}", best,
                  f"{min(ratios):.2f} to {max(ratios):.2f}", f"{row['shortest_ratio'][steady]:.2f}")

    def line(self, *cells):
        """A row of the table; a rule under a title's, as Markdown wants it."""
        widths = (14, 9, 9, 9, 10, 6, 9, 6, 27, 16, 11)
        sides = ("<", "<", ">", ">", ">", ">", ">", ">", "<", "<", ">")
        print("| " + " | ".join(f"{c:{s}{w}}" for c, s, w in zip(cells, sides, widths)) + " |", flush=True)
        if cells[0] == "case":
            print("|" + "|".join("-" * (w + 1) + (":" if s == ">" else "-") for s, w in zip(sides, widths)) + "|")

    def add_program(self, backend, times, memory, last_lines):
        medians = {name: statistics.median(values) for name, values in times.items()}
        row = {"case": PROGRAM, "backend": backend, "epochs": self.options.epochs,
               "images": self.options.limit or 60000,
               "tenka_s": medians["tenka"], "torch_s": medians["torch"], "ratio": medians["torch"] / medians["tenka"],
               "rounds": times, "peak_mib": memory, "last_epoch": last_lines}
        self.rows.append(row)
        if self.options.json:
            return
        print(f"\nThe reference program, {row['epochs']} epochs of {row['images']:,} images, from start to end of the "
              f"process, on {backend}\n"
              f"  Tenka    {medians['tenka']:8.2f} s  {memory['tenka']:6.0f} MiB at most  {last_lines['tenka']}\n"
              f"  PyTorch  {medians['torch']:8.2f} s  {memory['torch']:6.0f} MiB at most  {last_lines['torch']}\n"
              f"  ratio    {row['ratio']:8.2f}", flush=True)


def say(options, text):
    """Progress, where somebody looks on."""
    if sys.stderr.isatty() and not options.quiet:
        print(f"\r{text}\033[K", end="\r", file=sys.stderr, flush=True)


# ---- The whole program ----

def unpack_data(folder):
    """As torchvision leaves the files after its first run."""
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in pathlib.Path(DATA).glob("*.gz"):
        with gzip.open(packed) as source, open(raw / packed.stem, "wb") as target:
            shutil.copyfileobj(source, target)


def resident_at_most(pid):
    """MiB. (What wait4() says would include this interpreter's own, from before the program replaced it.)"""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0


def timed(command, environment):
    """Seconds of the whole process, its peak memory in MiB, and the line it printed after its last epoch."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        memory = 0
        try:
            while process.poll() is None:
                memory = max(memory, resident_at_most(process.pid))
                time.sleep(0.02)
        except KeyboardInterrupt:
            process.kill()
            raise
        seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise Stop(f"{command[0]} failed: {err.read().strip()[-500:]}")
        lines = [line for line in out if line.startswith("epoch")]
    return seconds, memory, re.sub(r"  \(.*", "", lines[-1].strip())


def compare_program(options, tenka, folder, report):
    if not (folder / "FashionMNIST").exists():
        unpack_data(folder)
    limit = ["--limit", str(options.limit)] if options.limit else []
    ours = [options.tenka, "train", "--epochs", str(options.epochs), "--data", DATA, *limit, *tenka.device_options()]
    theirs = [sys.executable, str(HERE / "torch_program.py"), str(folder), str(options.epochs), str(options.limit)]
    times, memory, last = {"tenka": [], "torch": []}, {}, {}
    for number in range(options.program_rounds):
        say(options, f"{PROGRAM}, {tenka.backend}: round {number + 1} of {options.program_rounds}")
        for name, command, environment in (("tenka", ours, None),
                                           ("torch", theirs, torch_environment(options.threads, False))):
            seconds, memory[name], last[name] = timed(command, environment)
            times[name].append(seconds)
    report.add_program(tenka.backend, times, memory, last)


# ---- All of it ----

def parse():
    parser = argparse.ArgumentParser(prog="tools/bench/compare", allow_abbrev=False, description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*CASES, PROGRAM]
    parser.add_argument("--tenka", default=str(HERE.parent.parent / "build" / "tenka"), help="default: build/tenka")
    parser.add_argument("--cases", default=",".join(names), help="of " + ", ".join(names) + "; default: all")
    parser.add_argument("--modes", default=",".join(MODES), help="of training, inference; default: both")
    parser.add_argument("--backend", default="cpu", help="Tenka's backends: cpu, vulkan; default cpu")
    parser.add_argument("--device", help="Tenka's Vulkan device, as `tenka devices` lists them")
    parser.add_argument("--torch-device", choices=("auto", "cpu", "cuda"), default="auto",
                        help="auto: CUDA beside a Vulkan GPU where PyTorch has it, else the CPU")
    parser.add_argument("--settings", choices=("few", "all"), default="all",
                        help="of PyTorch on the CPU; few: without those with threads of its BLAS, half the time")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of both sides; default: all cores")
    parser.add_argument("--rounds", type=int, help="default 7")
    parser.add_argument("--program-rounds", type=int, default=1, help="of the whole program; default 1")
    parser.add_argument("--seconds", type=float, help="of each measurement in a round; default 1")
    parser.add_argument("--epochs", type=int, help="of the whole program; default 5")
    parser.add_argument("--limit", type=int, help="training images of the whole program; default: all")
    parser.add_argument("--quick", action="store_true", help="a first impression: 3 rounds of 0.3 s, 1 epoch of 6000")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    options = parser.parse_args()
    options.cases, options.modes = options.cases.split(","), options.modes.split(",")
    for name, known, given in (("--cases", names, options.cases), ("--modes", MODES, options.modes)):
        for item in given:
            if item not in known:
                parser.error(f"{name}: there is no '{item}'; choose among {', '.join(known)}")
    if options.threads < 1 or (options.rounds is not None and options.rounds < 1) or options.program_rounds < 1:
        parser.error("--threads, --rounds and --program-rounds are at least 1")
    options.rounds = options.rounds or (3 if options.quick else 7)
    options.seconds = options.seconds or (0.3 if options.quick else 1.0)
    options.epochs = options.epochs or (1 if options.quick else 5)
    options.limit = options.limit or (6000 if options.quick else 0)
    return options


def torch_device(options, backend):
    if options.torch_device != "auto":
        return options.torch_device
    return "cuda" if backend == "vulkan" and torch.cuda.is_available() else "cpu"


def compare_backend(options, backend, folder, report):
    tenka, torch_side = Tenka(options, backend, folder), Torch(options, torch_device(options, backend))
    report.begin(backend, torch_side)
    try:
        for case in options.cases:
            if case != PROGRAM:
                compare_case(options, case, tenka, torch_side, report)
    finally:
        torch_side.close()
    if PROGRAM in options.cases:
        compare_program(options, tenka, folder, report)


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def check_program():
    """Before anything is measured."""
    if not os.path.isdir(DATA):
        raise Stop(f"the case '{PROGRAM}' needs {DATA} (Debian: dataset-fashion-mnist); leave it out with --cases")
    if importlib.util.find_spec("torchvision") is None:
        raise Stop(f"the case '{PROGRAM}' needs torchvision (Debian: python3-torchvision); leave it out with --cases")


def main():
    options = parse()
    if PROGRAM in options.cases:
        check_program()
    report = Report(options)
    versions = {"tenka": run_tenka(options, "--version").split()[-1], "torch": torch.__version__,
                "python": platform.python_version(), "processor": processor(), "cores": os.cpu_count(),
                "threads": options.threads}
    if not options.json:
        print(f"Tenka {versions['tenka']}, PyTorch {versions['torch']}, {versions['threads']} threads each, "
              f"{versions['processor']}, {versions['cores']} cores")
        print(f"Medians of {options.rounds} rounds in turns, {options.seconds:g} s each. Ratio over 1: Tenka is faster. "
              "Of shortest: the ratio of each side's shortest time, which a busy machine disturbs least")
    with tempfile.TemporaryDirectory(prefix="tenka-compare-") as folder:
        for backend in options.backend.split(","):
            compare_backend(options, backend, pathlib.Path(folder), report)
    if options.json:
        print(json.dumps({"versions": versions, "sides": report.sides, "rounds": options.rounds,
                          "seconds": options.seconds, "results": report.rows}, indent=1))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Stop as stop:
        sys.exit(f"compare: {stop}")
    except FileNotFoundError as missing:
        sys.exit(f"compare: {missing.filename} is not there: build it, or name the command with --tenka")
    except KeyboardInterrupt:
        sys.exit(130)
