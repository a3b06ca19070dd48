"""test_bad_data.py TENKA GOLDEN WORK: data that people have and that are wrong. Each case is one run of the command,
which must end with status 1, or 0 where it can go on, say one sentence that has the pattern in it, and leave no file:
none that was asked for, and no temporary one. Runs on the CPU. See test_bad_data.sh."""
import io
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

TENKA, GOLDEN, WORK = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
PICTURES = GOLDEN / "images"
failures = 0


# ---- Making data ----

def npy(descr, shape, data, version=1, order="False", header=None):
    if header is None:
        header = f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}\n"
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header.encode() + data


def floats(*shape):
    count = 1
    for size in shape:
        count *= size
    return npy("<f4", shape, struct.pack(f"<{count}f", *(i % 7 for i in range(count))))


def classes(*values):
    return npy("<i8", (len(values),), struct.pack(f"<{len(values)}q", *values))


X, Y = floats(6, 3), classes(0, 1, 2, 0, 1, 2)


def write(name, data):
    path = WORK / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def arrays(x=X, y=Y, y_test=Y):
    return ",".join(str(write(name, data)) for name, data in
                    (("x.npy", x), ("y.npy", y), ("x_test.npy", X), ("y_test.npy", y_test)))


def npz(kind=zipfile.ZIP_DEFLATED, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name + ".npy", data)
    return file.getvalue()


def csv(text):
    return str(write("a.csv", text))


def png(width, height):
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c))
                                          for c in (header, data, b"IEND"))


def folder(count=3, names=("cat", "dog"), halves=("train", "test")):
    for half in halves:
        for name in names:
            for i in range(count):
                write(pathlib.PurePath(half, name, f"{i}.png"), (PICTURES / "rgb8.png").read_bytes())
    return WORK / "data"


def tar(*members, gz=True):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz" if gz else "w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return str(write("cifar-10-binary.tar.gz", file.getvalue()))


CIFAR = bytes(3073) + b"\1" + bytes(3072)


# ---- The cases: (name, status, pattern, data, options) ----

TABLE = ("--target", "t", "--net", "Linear(1, 2)")
WIDE = ("--target", "t", "--net", "Linear(1, 1)")
ARRAY = ("--net", "Linear(3, 3)")
PICTURE = ("--net", "AdaptiveAvgPool2d(2) Flatten() Linear(12, 2)", "--input", "3,16,16")
IMAGES = ("--net", "Flatten() Linear(3072, 10)")


def spoilt(data, name="train/cat/1.png", **options):
    path = folder(**options)
    write(name, data)
    return path


def picture_cases():
    read = lambda name: (PICTURES / name).read_bytes()
    yield "a class without pictures", 1, "eel: there is no picture in this folder of a class; put some", \
        lambda: (write("train/eel/notes.txt", "none"), folder())[1], PICTURE
    yield "one class alone", 1, "labels of .* have only 1 class, 'cat', so that there is nothing to learn: add", \
        lambda: folder(names=("cat",)), ("--net", "AdaptiveAvgPool2d(2) Flatten() Linear(12, 2)", "--input", "3,16,16")
    yield "one class that is no target", 0, "", lambda: folder(names=("cat",)), \
        ("--net", "Conv2d(3, 3, 1)", "--input", "3,16,16", "--target", "input")
    yield "one picture only", 1, "split", lambda: folder(1, ("cat",), ("",)), (*PICTURE, "--split", "0.5")
    yield "no folders of classes", 1, "or pictures in a folder for each class, as in .*data/cat/1.jpg", \
        lambda: write("1.png", read("rgb8.png")).parent, PICTURE
    yield "an empty folder", 1, "or pictures in a folder for each class", lambda: write("x", "").parent, PICTURE
    yield "there is no such folder", 1, "there is no", lambda: WORK / "data" / "none", PICTURE
    yield "a picture of 0 bytes", 1, "1.png: the file is empty; get it again; --skip-bad", lambda: spoilt(b""), PICTURE
    yield "a picture that is cut off", 1, "1.png: the PNG file is cut off", \
        lambda: spoilt(read("rgb8.png")[:200]), PICTURE
    yield "a text called .png", 1, "1.png: it is no PNG, JPEG, BMP, GIF, WebP or TIFF picture", \
        lambda: spoilt(b"no picture at all, but a text"), PICTURE
    yield "a wrong extension", 0, "", lambda: spoilt(read("ycc420.jpg")), PICTURE
    yield "30,000 x 30,000 pixels", 1, "30000x30000 pixels, more than the limit of 134217728; make it smaller first", \
        lambda: spoilt(png(30000, 30000)), PICTURE
    yield "no pixels", 1, "1.png: .*damaged", lambda: spoilt(png(0, 5)), PICTURE
    yield "CMYK", 0, "", lambda: spoilt(read("cmyk.jpg"), "train/cat/1.jpg"), PICTURE
    yield "16 bits", 0, "", lambda: spoilt(read("rgb16.png")), PICTURE
    yield "an animation", 0, "", lambda: spoilt(read("gif_animated.gif"), "train/cat/1.gif"), PICTURE
    yield "HEIF", 1, "1.png: it is HEIF, but only PNG, JPEG, BMP, GIF, WebP and TIFF pictures can be read; convert", \
        lambda: spoilt(b"\0\0\0 ftypheic" + bytes(40)), PICTURE
    yield "a GIF that is cut off", 1, "1.gif: the GIF file is cut off at byte 100", \
        lambda: spoilt(read("gif8.gif")[:100], "train/cat/1.gif"), PICTURE
    yield "a TIFF that is cut off", 1, "1.tif: (the TIFF file is cut off|this build)", \
        lambda: spoilt(read("tiff_rgb8.tif")[:300], "train/cat/1.tif"), PICTURE
    yield "a WebP that is cut off", 1, "1.webp: (the WebP file is cut off|this build)", \
        lambda: spoilt(read("lossy.webp")[:100], "train/cat/1.webp"), PICTURE
    yield "a bad picture in the test half", 1, "test/dog/2.png: the file is empty", \
        lambda: spoilt(b"", "test/dog/2.png"), PICTURE
    yield "a class that is not tested", 1, "the class 'eel' has a folder in the training half and none in the test", \
        lambda: spoilt(read("rgb8.png"), "train/eel/1.png"), PICTURE
    yield "a class that is not trained", 1, "the class 'eel' has a folder in the test half and none in the training", \
        lambda: spoilt(read("rgb8.png"), "test/eel/1.png"), PICTURE
    yield "a link in a circle", 1, "circle; remove the link", \
        lambda: (folder(), os.symlink("..", WORK / "data/train/cat/loop"))[0], PICTURE
    yield "a broken link", 1, "1.jpg: No such file", \
        lambda: (folder(), os.symlink("nowhere.jpg", WORK / "data/train/cat/1.jpg"))[0], PICTURE
    yield "a name of a class that is no UTF-8", 1, "is no UTF-8 text; rename the folder", \
        lambda: (folder(), shutil.copytree(os.fsencode(WORK / "data/train/cat"), os.fsencode(WORK / "data/train") + b"/\xff\xfe"))[0], \
        PICTURE
    yield "a name of a picture that is no UTF-8", 0, "", \
        lambda: (folder(), shutil.copy(os.fsencode(PICTURES / "rgb8.png"), os.fsencode(WORK / "data/train/cat") + b"/\xff\xfe.png"))[0], \
        PICTURE
    yield "more classes than outputs", 1, "3 classes", lambda: folder(names=("cat", "dog", "eel")), PICTURE
    yield "one picture in a class to be split", 1, "", lambda: folder(1, halves=("",)), (*PICTURE, "--split", "0.9")


def array_cases():
    yield "labels beyond the outputs", 1, "classes, 0 to 7, but the network gives 3", \
        lambda: arrays(y=classes(0, 1, 2, 7, 1, 2)), ARRAY
    yield "labels below 0", 1, "-5", lambda: arrays(y=classes(0, 1, -5, 0, 1, 2)), ARRAY
    yield "other numbers of samples", 1, "6 samples, but .*y.npy has 5 targets", \
        lambda: arrays(y=classes(0, 1, 2, 0, 1)), ARRAY
    yield "objects", 1, "found the dtype .O; save it with .astype", lambda: arrays(npy("|O", (6,), b"\x80\3K\1.")), ARRAY
    yield "records", 1, "found the dtype of records", \
        lambda: arrays(npy("", "", bytes(48), header="{'descr': [('a', '<f4'), ('b', '<i4')], "
                                                     "'fortran_order': False, 'shape': (6,), }\n")), ARRAY
    yield "texts", 1, "found the dtype <U5; save it", lambda: arrays(npy("<U5", (6,), bytes(120))), ARRAY
    yield "complex numbers", 1, "found the dtype <c8; save it", lambda: arrays(npy("<c8", (6, 3), bytes(144))), ARRAY
    yield "times", 1, r"found the dtype <M8\[ns\]; save it", lambda: arrays(npy("<M8[ns]", (6,), bytes(48))), ARRAY
    yield "no samples", 1, "axis of the array has 0", lambda: arrays(npy("<f4", (0, 3), b"")), ARRAY
    yield "a single number", 1, "found a single number", lambda: arrays(npy("<f4", (), bytes(4))), ARRAY
    yield "an array that is cut off", 1, "expected 72 bytes of elements, found only 42: the array is cut off", \
        lambda: arrays(X[:-30]), ARRAY
    yield "an array with more behind it", 1, "expected 72 bytes of elements, found more", lambda: arrays(X + b"1"), ARRAY
    yield "a header that is cut off", 1, "header of the array is cut off", lambda: arrays(X[:30]), ARRAY
    yield "version 9 of the format", 1, "version 9 of NumPy's format is not known", \
        lambda: arrays(npy("<f4", (6, 3), bytes(72), version=9)), ARRAY
    yield "a shape beyond all memory", 1, "which makes more", \
        lambda: arrays(npy("<f4", (1 << 20, 1 << 20), bytes(72))), ARRAY
    yield "a negative shape", 1, "shape of the array is damaged", lambda: arrays(npy("<f4", (-6, 3), bytes(72))), ARRAY
    yield "an empty .npy", 1, "found something else", lambda: arrays(b""), ARRAY
    yield "NaN among the inputs", 1, "x.npy: sample 5 has a number that is not finite", \
        lambda: arrays(npy("<f4", (6, 3), struct.pack("<18f", *([1.0] * 17), float("nan")))), ARRAY
    yield "infinity among the targets", 1, "y.npy: sample 2 has a number that is not finite", \
        lambda: arrays(y=npy("<f8", (6, 3), struct.pack("<18d", *([1.0] * 8), float("-inf"), *([1.0] * 9)))), \
        (*ARRAY, "--loss", "MSELoss()")
    yield "floats as labels", 1, "CrossEntropyLoss", lambda: arrays(y=floats(6), y_test=floats(6)), \
        (*ARRAY, "--loss", "CrossEntropyLoss()")
    yield "one array alone", 1, "name that of the targets too", lambda: write("x.npy", X), ARRAY
    yield "an .npz that is cut off", 1, "something else, damaged or cut off", \
        lambda: write("a.npz", npz(x=X, y=Y)[:-40]), ARRAY
    yield "an .npz without y", 1, "it has the array x, but none that is called y", lambda: write("a.npz", npz(x=X)), \
        ARRAY
    yield "an .npz of other names", 1, "expected arrays that are called x_train and y_train, or x and y, found a, b$", \
        lambda: write("a.npz", npz(a=X, b=Y)), ARRAY
    yield "an .npz with a damaged array", 1, "damaged or cut off", \
        lambda: write("a.npz", spoil_zip()), ARRAY
    yield "an .npz with nothing in it", 1, "found nothing$", lambda: write("a.npz", npz()), ARRAY
    yield "an .npz packed by LZMA", None, "", lambda: write("a.npz", npz(zipfile.ZIP_LZMA, x=X, y=Y)), ARRAY
    yield "an .npz with x_val as well", 0, "nobody looks at x_val and y_val", \
        lambda: write("a.npz", npz(x_train=X, y_train=Y, x_test=X, y_test=Y, x_val=X, y_val=Y)), ARRAY


def spoil_zip():
    data = bytearray(npz(zipfile.ZIP_STORED, x=X, y=Y))
    at = bytes(data).index(X) + len(X) - 5
    data[at] ^= 1
    return bytes(data)


def table_cases():
    good = "a,t\n1,0\n2,1\n3,0\n"
    yield "NaN in a table", 1, "line 3, column 'a': the value is missing", lambda: csv("a,t\n1,0\nnan,1\n"), TABLE
    yield "infinity in a table", 1, "line 3, column 'a'", lambda: csv("a,t\n1,0\ninf,1\n4,1\n"), TABLE
    yield "an empty cell", 1, "line 3, column 'a': the value is missing", lambda: csv("a,t\n1,0\n,1\n"), TABLE
    yield "a row that is too long", 1, "line 3 has 3 cells, but the first line names 2", \
        lambda: csv("a,t\n1,0\n1,2,3\n"), TABLE
    yield "a row that is too short", 1, "line 3 has 1 cell, but the first line names 2", lambda: csv("a,t\n1,0\n1\n"), \
        TABLE
    yield "one line", 1, "there are no lines below the first", lambda: csv("a,t\n"), TABLE
    yield "a table of 0 bytes", 1, "the file is empty", lambda: csv(""), TABLE
    yield "a table without a header", 1, "the first line must name the columns, but has numbers alone", lambda: csv("1,0\n2,1\n"), TABLE
    yield "no such target", 1, "there is no column 'u'; it has a, t", lambda: csv(good), ("--target", "u", *TABLE[2:])
    yield "no target", 1, "say which of its columns", lambda: csv(good), TABLE[2:]
    yield "two columns of one name", 1, "the first line must name the columns, but", lambda: csv("a,a,t\n1,2,0\n"), TABLE
    yield "quotes that do not end", 1, "quotes that begin in line 2 do not end", lambda: csv('a,t\n"1,0\n2,1\n'), TABLE
    yield "a zero byte", 1, "zero byte", lambda: csv("a,t\n1,\0\n"), TABLE
    yield "UTF-16", 1, "UTF-8", lambda: csv("a,t\n1,0\n2,1\n".encode("utf-16")), TABLE
    yield "Latin-1", 1, "is no UTF-8 text", lambda: csv("a,t\ncaf\xe9,0\nth\xe9,1\n".encode("latin-1")), \
        ("--target", "t", "--net", "Linear(2, 2)")
    yield "decimal commas", 1, "line 2, column 'a': '3,5' is no number: write it with a point", \
        lambda: csv("a;t\n3,5;0\n4,5;1\n"), TABLE
    yield "some decimal commas", 1, "line 3, column 'a': '4,5' is no number: write it with a point", \
        lambda: csv("a;t\n3;0\n4,5;1\n5;1\n"), TABLE
    yield "a word among numbers", 1, "line 3, column 'a': 'two' is no number", lambda: csv("a,t\n1,0\ntwo,1\n3,1\n"), \
        TABLE
    yield "texts as numbers", 1, "column 't' has texts, and the loss takes targets that are numbers", \
        lambda: csv("a,t\n1,low\n2,high\n"), (*WIDE, "--loss", "MSELoss()")
    yield "floats as classes", 1, "line 2, column 't'", lambda: csv("a,t\n1,0.5\n2,1.5\n"), \
        (*TABLE, "--loss", "CrossEntropyLoss()")
    yield "nothing but the target", 1, "no column is left for the input", lambda: csv("t\n1\n2\n"), WIDE
    yield "another table to test with", 1, "b.csv: .*column", \
        lambda: f"{csv(good)},{write('b.csv', 'b,t' + chr(10) + '1,0' + chr(10))}", TABLE
    yield "a byte order mark", 0, "", lambda: csv(b"\xef\xbb\xbf" + good.encode()), TABLE
    yield "lines of Windows", 0, "", lambda: csv(good.replace("\n", "\r\n")), TABLE
    yield "lines in quotes", 0, "", lambda: csv('a,t\n"1",z\n2,"x\ny"\n3,"x\ny"\n4,z\n'), TABLE


def archive_cases():
    name = "cifar-10-batches-bin/"
    yield "a way out of a tar", 1, "whose name leads out of it", lambda: tar(("../../evil.bin", CIFAR)), IMAGES
    yield "a tar bomb", 1, "has 314572800 bytes, which are no whole number of images", lambda: tar((name + "data_batch_1.bin", bytes(300 << 20))), IMAGES
    yield "a tar of other files", 1, "", lambda: tar(("readme.txt", b"hello")), IMAGES
    yield "a tar that is cut off", 1, "(cut off|get it again)", \
        lambda: write("cifar-10-binary.tar.gz", pathlib.Path(tar((name + "data_batch_1.bin", CIFAR))).read_bytes()[:90]), \
        IMAGES
    yield "a tar that is none", 1, "", lambda: write("cifar-10-binary.tar.gz", b"no archive" * 100), IMAGES
    yield "half a picture in a tar", 1, "", \
        lambda: tar(*((name + f"data_batch_{i}.bin", CIFAR[:-9]) for i in range(1, 6)), (name + "test_batch.bin", CIFAR)), \
        IMAGES
    yield "a label beyond CIFAR's", 1, "", \
        lambda: tar(*((name + f"data_batch_{i}.bin", b"\xff" + CIFAR[1:]) for i in range(1, 6)),
                    (name + "test_batch.bin", CIFAR)), IMAGES


def output_cases():
    none = WORK / "none"
    for option, file in (("--report", "r.html"), ("--save", "m.st"), ("--log", "l"), ("--checkpoint", "c")):
        yield f"a folder for {option} that is not there", 1, "none", arrays, (*ARRAY, option, str(none / file))
    yield "a report on the data", 1, "are one file: give each a file of its own", arrays, \
        (*ARRAY, "--report", str(WORK / "data" / "x.npy"))


# ---- Running them ----

def bad(name, what, run):
    global failures
    failures += 1
    print(f"FAILED: {name}: {what}: {run.args}")
    print("".join(f"    {line}\n" for line in (run.stderr + run.stdout[-600:]).splitlines()))


def sentences(run):
    return [line for line in run.stderr.splitlines() if line.strip() and not line.startswith("Try ")]


def check(name, status, pattern, data, options):
    shutil.rmtree(WORK / "data", ignore_errors=True)
    shutil.rmtree(WORK / "out", ignore_errors=True)
    (WORK / "data").mkdir()
    (WORK / "out").mkdir()
    where = data()
    outputs = [] if "own" in name or "folder for" in name or "on the data" in name else [
        "--save", "out/m.st", "--log", "out/log", "--report", "out/r.html", "--checkpoint", "out/c"]
    run = subprocess.run([TENKA, "train", "--backend", "cpu", "--threads", "1", "--epochs", "1", "--batch-size", "2",
                          "--data", str(where), *options, *outputs], cwd=WORK, capture_output=True, text=True,
                         errors="backslashreplace", timeout=120)
    said, left = sentences(run), sorted(p.name for p in (WORK / "out").rglob("*"))
    if status is None:
        status = run.returncode if run.returncode in (0, 1) else 1
    if run.returncode != status:
        bad(name, f"status {run.returncode} instead of {status}", run)
    elif status == 1 and (len(said) != 1 or not said[0].startswith("tenka")):
        bad(name, "not one sentence", run)
    elif status == 1 and left:
        bad(name, f"files stay: {left}", run)
    elif [p for p in WORK.rglob("*.tmp-*")]:
        bad(name, "temporary files stay", run)
    elif not re.search(pattern, "\n".join(said), re.MULTILINE):
        bad(name, f"no '{pattern}'", run)
    else:
        print(f"ok: {name}: {said[0] if said else 'goes on'}".encode("ascii", "backslashreplace").decode())


def main():
    cases = [*picture_cases(), *array_cases(), *table_cases(), *archive_cases(), *output_cases()]
    for case in cases:
        check(*case)
    print(f"{len(cases)} cases, {failures} failures")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
