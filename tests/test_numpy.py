"""test_numpy.py TENKA WORK: arrays as NumPy writes them: each dtype, order of bytes and of axes, version of the format;
archives stored, deflated and with zip64; gzip. A network that changes nothing gives back what was read, which must be
NumPy's own float32, and its own float64 of a target. See test_numpy.sh."""
import gzip
import io
import json
import pathlib
import struct
import subprocess
import sys
import zipfile

import numpy as np

TENKA, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
DTYPES = ("b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8")
cases = failures = 0


def values(dtype, shape):
    """Extremes, what rounds, and numbers at random."""
    kind, random = np.dtype(dtype), np.random.default_rng(3)
    count = int(np.prod(shape))
    if kind.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        some = [info.min, info.max, info.max - 1, 0, 1]
        if info.bits == 64:
            some += [2**60 + 2**36 + 1, 2**53 + 1, 2**24 + 1, 2**61 - 2**37 + 2**36 + 1]
        flat = random.integers(info.min, info.max, count, dtype=kind.newbyteorder("="), endpoint=True)
        flat[:len(some)] = some
        return flat.reshape(shape)
    info = np.finfo(kind)
    flat = random.standard_normal(count)
    flat[:9] = [info.max, -info.max, info.tiny, np.inf, -np.inf, np.nan, -0.0, 1 / 3, float(info.smallest_subnormal)]
    return flat.astype(kind.newbyteorder("=")).reshape(shape)


def bad(what, detail):
    global failures
    failures += 1
    print(f"FAILED: {what}: {detail}")


def run(*arguments):
    return subprocess.run([TENKA, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def check(what, name, expected):
    global cases
    cases += 1
    out = WORK / "y.npy"
    result = run("predict", "--backend", "cpu", "--net", "Flatten()", "--load", WORK / "nothing.safetensors", name, "--out",
                 out)
    if result.returncode != 0:
        bad(what, result.stderr)
        return
    with np.errstate(over="ignore"):
        right = expected.astype(np.float32).reshape(len(expected), -1)
    got = np.load(out)
    same = got.shape == right.shape and got.tobytes() == right.tobytes()
    if not same and not np.array_equal(got, right, equal_nan=True):
        bad(what, f"{np.argwhere((got != right) & ~np.isnan(right))[:3].tolist()} differ")


def save(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def check_arrays():
    for dtype in DTYPES:
        for order in "<>":
            array = values(dtype, (7, 2, 3)).astype(order + dtype)
            for fortran in (False, True):
                path = WORK / "x.npy"
                path.write_bytes(save(np.asfortranarray(array) if fortran else array))
                check(f"{order}{dtype}, {'Fortran' if fortran else 'C'}", path, array)
    array = values("f4", (5, 4))
    for version in ((1, 0), (2, 0), (3, 0)):
        (WORK / "x.npy").write_bytes(save(array, version))
        check(f"version {version}", WORK / "x.npy", array)
    for shape in ((11, 1), (11, 1, 1, 1)):
        np.save(WORK / "x.npy", values("i2", shape))
        check(f"shape {shape}", WORK / "x.npy", values("i2", shape))
    np.save(WORK / "x.npy", values("i4", (12, 6))[::2, ::-1])
    check("a view", WORK / "x.npy", values("i4", (12, 6))[::2, ::-1])
    # gzip is told by its first bytes.
    (WORK / "x.npy").write_bytes(gzip.compress(save(array)))
    check("gzip", WORK / "x.npy", array)


def zip_of(kind, zip64, **arrays):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, array in arrays.items():
            with archive.open(name + ".npy", "w", force_zip64=zip64) as member:
                member.write(save(array))
    return file.getvalue()


def check_archives():
    """Read whole, and each sample in its place: a loss of what is known says so."""
    global cases
    x = np.arange(24, dtype=np.float32).reshape(8, 3)
    y = x.sum(1, keepdims=True)
    loss = float((y.astype(np.float64) ** 2).mean())
    zeros = {"0.weight": np.zeros((1, 3), np.float32), "0.bias": np.zeros(1, np.float32)}
    (WORK / "zero.safetensors").write_bytes(tensors(zeros))
    ways = {"savez": None, "savez_compressed": None, "stored": (zipfile.ZIP_STORED, False),
            "deflated": (zipfile.ZIP_DEFLATED, False), "zip64": (zipfile.ZIP_STORED, True),
            "zip64, deflated": (zipfile.ZIP_DEFLATED, True), "bzip2": (zipfile.ZIP_BZIP2, False),
            "LZMA": (zipfile.ZIP_LZMA, False)}
    for names in (("x", "y"), ("x_test", "y_test"), ("x_val", "y_val")):
        for way, how in ways.items():
            cases += 1
            arrays = dict(zip(names, (np.asfortranarray(x), y.astype(">f8"))))
            if how is None:
                getattr(np, way)(WORK / "a.npz", **arrays)
            else:
                (WORK / "a.npz").write_bytes(zip_of(*how, **arrays))
            result = run("test", "--backend", "cpu", "--net", "Sequential((0): Linear(3, 1))", "--load",
                         WORK / "zero.safetensors", "--data", WORK / "a.npz", "--json")
            # What the system's libzip was built without is named.
            if result.returncode != 0 and way in ("bzip2", "LZMA") and "ompression method" in result.stderr:
                continue
            if result.returncode != 0:
                bad(f"{way}, {names}", result.stderr)
            elif abs(json.loads(result.stdout)["loss"] - loss) > 1e-6 * loss:
                bad(f"{way}, {names}", f"another loss than {loss}: {result.stdout[:300]}")


def tensors(arrays):
    entries, data = [], b""
    for name, array in arrays.items():
        begin, data = len(data), data + array.tobytes()
        entries.append(f'"{name}":{{"dtype":"F32","shape":{list(array.shape)},"data_offsets":[{begin},{len(data)}]}}')
    header = "{" + ",".join(entries) + "}"
    return struct.pack("<Q", len(header)) + header.encode() + data


def main():
    (WORK / "nothing.safetensors").write_bytes(tensors({}))
    check_arrays()
    check_archives()
    print(f"{cases} cases, {failures} failures")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
