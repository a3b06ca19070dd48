"""events.py FOLDER...: what event files have, by a reader of its own; and, where the package tensorboard is installed,
by TensorBoard's, which must agree. Prints a line for each value: tag, step, number; pictures with their sizes, texts with
their first line, histograms with how many numbers they have. Also imported by other tests."""
import glob
import struct
import sys
import zlib


def crc32c(data, table=[]):
    if not table:
        for i in range(256):
            for _ in range(8):
                i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
            table.append(i)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + 12 <= len(data):
        length, check = struct.unpack_from("<QI", data, at)
        if at + 16 + length > len(data):
            break  # whoever wrote it was killed
        body = data[at + 12 : at + 12 + length]
        assert crc32c(data[at : at + 8]) == check, "the length's CRC is wrong"
        assert crc32c(body) == struct.unpack_from("<I", data, at + 12 + length)[0], "the record's CRC is wrong"
        yield body
        at += 16 + length


def fields(message):
    """Lists of values by field: numbers, or bytes."""
    out, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            value = varint()
        elif key & 7 == 2:
            length = varint()
            value = message[at : at + length]
            assert len(value) == length
            at += length
        else:
            kind, size = {1: ("<d", 8), 5: ("<f", 4)}[key & 7]
            (value,) = struct.unpack_from(kind, message, at)
            at += size
        out.setdefault(key >> 3, []).append(value)
    return out


def png_size(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR"
    at, packed = 8, b""
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunk = data[at + 4 : at + 8 + length]
        assert zlib.crc32(chunk) == struct.unpack_from(">I", data, at + 8 + length)[0]
        packed += chunk[4:] if chunk[:4] == b"IDAT" else b""
        at += 12 + length
    width, height, depth, kind = struct.unpack_from(">IIBB", data, 16)
    assert depth == 8 and len(zlib.decompress(packed)) == (width * {0: 1, 2: 3}[kind] + 1) * height
    return width, height


def describe(value):
    if 2 in value:
        return value[2][0]
    if 4 in value:
        picture = fields(value[4][0])
        size = (picture[2][0], picture[1][0])
        assert png_size(picture[4][0]) == size
        return "picture %dx%d" % size
    if 5 in value:
        h = fields(value[5][0])
        counts = struct.unpack("<%dd" % (len(h[7][0]) // 8), h[7][0])
        limits = struct.unpack("<%dd" % (len(h[6][0]) // 8), h[6][0])
        assert len(counts) == len(limits) and sum(counts) == h[3][0]
        assert list(limits) == sorted(limits) and limits[-1] == h[2][0]
        return "histogram of %d" % h[3][0]
    tensor = fields(value[8][0])
    plugin = fields(fields(value[9][0])[1][0])
    assert tensor[1] == [7] and plugin[1] == [b"text"]
    return "text " + tensor[8][0].decode().split("\n")[0]


def read(folder):
    """(tag, step, what) in the order of the files, less what a later file begins anew; and the nodes of the last graph."""
    rows, graph = [], []
    for path in sorted(glob.glob(folder + "/*tfevents*")):
        for number, record in enumerate(records(path)):
            event = fields(record)
            step = event.get(2, [0])[0]
            assert event[1][0] > 1e9
            if number == 0:
                assert event[3] == [b"brain.Event:2"]
            if 7 in event:
                assert fields(event[7][0])[1] == [1]
                rows = [row for row in rows if row[1] < step]
            if 4 in event:
                graph = []
                for node in fields(event[4][0])[1]:
                    n = fields(node)
                    graph.append((n[1][0].decode(), n[2][0].decode(), [i.decode() for i in n.get(3, [])]))
            for summary in event.get(5, []):
                for value in fields(summary)[1]:
                    v = fields(value)
                    rows.append((v[1][0].decode(), step, describe(v)))
    return rows, graph


def check_with_tensorboard(folder, rows, graph):
    try:
        from tensorboard.backend.event_processing import event_accumulator as ea
        from tensorboard.util import tensor_util
    except ImportError:
        return False
    a = ea.EventAccumulator(folder, size_guidance=dict.fromkeys((ea.SCALARS, ea.IMAGES, ea.TENSORS, ea.HISTOGRAMS), 0))
    a.Reload()
    theirs = []
    for tag in a.Tags()["scalars"]:
        theirs += [(tag, e.step, e.value) for e in a.Scalars(tag)]
    for tag in a.Tags()["images"]:
        theirs += [(tag, e.step, "picture %dx%d" % (e.width, e.height)) for e in a.Images(tag)]
    for tag in a.Tags()["histograms"]:
        theirs += [(tag, e.step, "histogram of %d" % e.histogram_value.num) for e in a.Histograms(tag)]
    for tag in a.Tags()["tensors"]:
        assert a.SummaryMetadata(tag).plugin_data.plugin_name == "text"
        for e in a.Tensors(tag):
            text = tensor_util.make_ndarray(e.tensor_proto)[0].decode()
            theirs.append((tag, e.step, "text " + text.split("\n")[0]))
    differ = sorted(set(map(repr, theirs)) ^ set(map(repr, rows)))
    assert not differ, "TensorBoard sees something else: %s" % " ".join(differ[:4])
    assert len(theirs) == len(rows), "TensorBoard sees something twice"
    if graph:
        theirs = [(n.name, n.op, list(n.input)) for n in a.Graph().node]
        assert theirs == graph, "TensorBoard sees another graph"
    return True


def main():
    for folder in sys.argv[1:]:
        rows, graph = read(folder)
        for row in rows:
            print(*row)
        for name, operation, inputs in graph:
            print("node", name, operation, *inputs)
        if check_with_tensorboard(folder, rows, graph):
            print("TensorBoard reads the same")


if __name__ == "__main__":
    main()
