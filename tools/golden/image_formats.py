#!/usr/bin/python3
"""Writes small GIF, WebP and TIFF files of every kind that Tenka reads, and formats.txt: what Pillow makes of them, in
the lines of images.py.

    tools/golden/image_formats.py tests/golden/images

Needs Pillow 12 or later, with libwebp and libtiff, and NumPy. Older ones leave a TIFF file as it lies.
"""
import io
import pathlib
import struct
import sys

import numpy as np
from PIL import Image

from images import XMP, exif, expected, open_upright, photo

WIDTH, HEIGHT = 19, 13


def bytes_of(picture, channels):
    return (picture[:, :, :channels] >> 8).astype(np.uint8)


# ---- GIF: of several shapes that Pillow does not write ----

def lzw(pixels, bits, until=4096):
    """The codes of the pixels as bytes, cleared whenever `until` of them are in use."""
    clear, result, have, held = 1 << bits, bytearray(), 0, 0
    width, table = bits + 1, {}

    def put(code):
        nonlocal have, held
        held |= code << have
        have += width
        while have >= 8:
            result.append(held & 255)
            held >>= 8
            have -= 8

    put(clear)
    count, string = clear + 2, ()
    for pixel in (int(p) for p in pixels):
        if string + (pixel,) in table or not string:
            string += (pixel,)
            continue
        put(table[string] if len(string) > 1 else string[0])
        if count < until:
            table[string + (pixel,)] = count
            if count == 1 << width and width < 12:
                width += 1
            count += 1
        elif until < 4096:
            put(clear)
            count, width, table = clear + 2, bits + 1, {}
        string = (pixel,)
    put(table[string] if len(string) > 1 else string[0])
    if count == 1 << width and width < 12:
        width += 1
    put(clear + 1)
    if have:
        result.append(held & 255)
    return bytes(result)


def blocks(data):
    return b"".join(bytes([len(data[at:at + 255])]) + data[at:at + 255] for at in range(0, len(data), 255)) + b"\0"


def gif_picture(index, bits, at=(0, 0), palette=b"", interlaced=False, until=4096):
    height, width = index.shape
    lines = [y for begin, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(begin, height, step)]
    index = index[lines] if interlaced else index
    flags = (0x40 if interlaced else 0) | (0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0)
    return (b"," + struct.pack("<HHHHB", *at, width, height, flags) + palette + bytes([bits])
            + blocks(lzw(index.reshape(-1), bits, until)))


def gif(pictures, size=(WIDTH, HEIGHT), palette=b"", version=b"89a"):
    flags = 0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0
    return b"GIF" + version + struct.pack("<HHBBB", *size, flags, 0, 0) + palette + pictures + b";"


def control(transparent):
    return b"!\xf9\x04" + struct.pack("<BHB", 1, 10, transparent) + b"\0"


def gif_files():
    grey = photo(WIDTH, HEIGHT)[:, :, 0]
    colours = np.random.RandomState(1).randint(0, 256, (256, 3)).astype(np.uint8).tobytes()
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes()
    large = np.random.RandomState(2).randint(0, 256, (64, 66)).astype(np.uint8)
    for bits in (1, 2, 4, 8):
        yield f"gif{bits}.gif", gif(gif_picture(grey >> (16 - bits), max(bits, 2)), palette=colours[:3 << bits])
    yield "gif_87.gif", gif(gif_picture(grey >> 12, 4), palette=colours[:48], version=b"87a")
    yield "gif_grey.gif", gif(gif_picture(grey >> 8, 8), palette=ramp)
    yield "gif_none.gif", gif(gif_picture(grey >> 8, 8))
    yield "gif_short.gif", gif(gif_picture(grey >> 10, 6), palette=colours[:48])
    yield "gif_local.gif", gif(gif_picture(grey >> 12, 4, palette=colours[96:144]), palette=colours[:48])
    yield "gif_interlaced.gif", gif(gif_picture(grey >> 12, 4, interlaced=True), palette=colours[:48])
    yield "gif_flat.gif", gif(gif_picture(np.zeros((HEIGHT, WIDTH), np.uint8), 2), palette=colours[:12])
    yield "gif_trns.gif", gif(control(5) + gif_picture(grey >> 12, 4), palette=colours[:48])
    yield "gif_grey_trns.gif", gif(control(200) + gif_picture(grey >> 8, 8), palette=ramp)
    yield "gif_offset.gif", gif(gif_picture(grey[:5, :7] >> 12, 4, (3, 6)), palette=colours[:48])
    yield "gif_offset_trns.gif", gif(control(9) + gif_picture(grey[:5, :7] >> 12, 4, (3, 6)), palette=colours[:48])
    yield "gif_beyond.gif", gif(gif_picture(grey[:9] >> 12, 4, (4, 8)), palette=colours[:48])
    comment = b"!\xfe\x05hello\0!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    yield "gif_comment.gif", gif(comment + gif_picture(grey >> 12, 4), palette=colours[:48])
    second = gif_picture(np.zeros((4, 4), np.uint8), 4)
    yield "gif_animated.gif", gif(comment + gif_picture(grey >> 12, 4) + second, palette=colours[:48])
    # So many codes that the table is full, and one that is cleared.
    yield "gif_full.gif", gif(gif_picture(large, 8), (66, 64), colours)
    yield "gif_cleared.gif", gif(gif_picture(large, 8, until=700), (66, 64), colours)
    file = io.BytesIO()
    Image.fromarray(large).save(file, "GIF")
    yield "gif_pillow.gif", file.getvalue()


# ---- WebP ----

def webp(image, **options):
    file = io.BytesIO()
    image.save(file, "WEBP", **options)
    return file.getvalue()


def riff(*chunks):
    body = b"".join(k + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for k, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def u24(number):
    return struct.pack("<I", number)[:3]


def webp_files():
    wide = bytes_of(photo(WIDTH, HEIGHT, 4), 4)
    rgb, rgba = Image.fromarray(wide[:, :, :3].copy()), Image.fromarray(wide)
    yield "lossy.webp", webp(rgb, quality=80)
    yield "lossless.webp", webp(rgb, lossless=True)
    yield "lossy_alpha.webp", webp(rgba, quality=80)
    yield "lossless_alpha.webp", webp(rgba, lossless=True, exact=True)
    yield "grey.webp", webp(rgb.convert("L"), lossless=True)
    yield "animated.webp", webp(rgba, lossless=True, save_all=True, append_images=[rgba.transpose(0)])
    yield "turned6.webp", webp(rgb, lossless=True, exif=b"Exif\0\0" + exif(6, True))
    yield "turned_xmp.webp", webp(rgb, lossless=True, xmp=XMP)
    # An animation whose first picture does not cover it.
    part = webp(Image.fromarray(wide[:5, :7]), lossless=True, exact=True)
    stream = b"VP8L" + part.split(b"VP8L", 1)[1]
    frame = u24(3) + u24(2) + u24(6) + u24(4) + u24(100) + b"\0" + stream
    yield "offset.webp", riff((b"VP8X", b"\x12\0\0\0" + u24(WIDTH - 1) + u24(HEIGHT - 1)), (b"ANIM", bytes(6)),
                              (b"ANMF", frame))


# ---- TIFF ----

def tiff_file(tags, parts, order="<", big=False):
    """tags: {tag: (type, values)}; parts: the bytes of each strip or tile, whose places go to tag 273 or 324."""
    inline, count, letters = (8, "Q", "Q") if big else (4, "I", "I")
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + ("HHHQ" if big else "HI"),
                                                            *((43, 8, 0, 16) if big else (42, 8)))
    tiles = 322 in tags
    tags = dict(tags)
    tags[325 if tiles else 279] = (4, [len(p) for p in parts])
    tags[324 if tiles else 273] = (4, [0] * len(parts))
    entry, number = (20, 8) if big else (12, 2)
    data_at = len(head) + number + entry * len(tags) + inline
    kinds = {1: "B", 3: "H", 4: "I"}
    longer = sum(struct.calcsize(f"={len(v)}{kinds[k]}") for k, v in tags.values()
                 if struct.calcsize(f"={len(v)}{kinds[k]}") > inline)
    places, at = [], data_at + longer
    for part in parts:
        places.append(at)
        at += len(part)
    tags[324 if tiles else 273] = (4, places)
    body, data = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}{kinds[kind]}", *values)
        body += struct.pack(f"{order}HH{count}", tag, kind, len(values))
        if len(packed) <= inline:
            body += packed.ljust(inline, b"\0")
        else:
            body += struct.pack(order + letters, data_at + len(data))
            data += packed
    return head + struct.pack(order + ("Q" if big else "H"), len(tags)) + body + bytes(inline) + data + b"".join(parts)


def tags_of(bits, samples, photometric, **more):
    tags = {256: (4, [WIDTH]), 257: (4, [HEIGHT]), 258: (3, [bits] * samples), 259: (3, [1]),
            262: (3, [photometric]), 277: (3, [samples]), 278: (4, [HEIGHT])}
    tags.update({int(key[1:]): value for key, value in more.items()})
    return tags


def packed(samples, bits, order="<"):
    if bits == 16:
        return samples.astype(order + "u2").tobytes()
    flat = samples.reshape(samples.shape[0], -1).astype(np.uint8)
    return np.packbits(np.unpackbits(flat[:, :, None], axis=2)[:, :, 8 - bits:].reshape(HEIGHT, -1), axis=1).tobytes()


def saved_tiff(image, **options):
    file = io.BytesIO()
    image.save(file, "TIFF", **options)
    return file.getvalue()


def tiff_files():
    wide = photo(WIDTH, HEIGHT, 5)
    grey, rgb, rgba = wide[:, :, :1], wide[:, :, :3], wide[:, :, :4]
    for bits in (1, 2, 4, 8, 16):
        for order, end in (("<", ""), (">", "_big")):
            data = packed(grey >> (16 - bits), bits, order)
            yield f"tiff_grey{bits}{end}.tif", tiff_file(tags_of(bits, 1, 1), [data], order)
        if bits < 16:
            yield f"tiff_white{bits}.tif", tiff_file(tags_of(bits, 1, 0), [packed(grey >> (16 - bits), bits)])
    colours = np.random.RandomState(1).randint(0, 65536, 768)
    for bits in (1, 2, 4, 8):
        palette = np.concatenate([colours[c * 256:c * 256 + (1 << bits)] for c in range(3)]).tolist()
        yield f"tiff_palette{bits}.tif", tiff_file(tags_of(bits, 1, 3, t320=(3, palette)),
                                                   [packed(grey >> (16 - bits), bits)])
    for bits in (8, 16):
        for order, end in (("<", ""), (">", "_big")):
            yield f"tiff_rgb{bits}{end}.tif", tiff_file(tags_of(bits, 3, 2), [packed(rgb >> 16 - bits, bits, order)],
                                                        order)
        for kind, name in ((0, "unsaid"), (1, "multiplied"), (2, "alpha")):
            yield f"tiff_rgb{bits}_{name}.tif", tiff_file(tags_of(bits, 4, 2, t338=(3, [kind])),
                                                          [packed(rgba >> 16 - bits, bits)])
        yield f"tiff_cmyk{bits}.tif", tiff_file(tags_of(bits, 4, 5), [packed(rgba >> 16 - bits, bits)])
    yield "tiff_grey_alpha.tif", tiff_file(tags_of(8, 2, 1, t338=(3, [2])), [packed(wide[:, :, 3:] >> 8, 8)])
    yield "tiff_grey_unsaid.tif", tiff_file(tags_of(8, 2, 1, t338=(3, [0])), [packed(wide[:, :, 3:] >> 8, 8)])
    yield "tiff_rgb_more.tif", tiff_file(tags_of(8, 5, 2, t338=(3, [2, 0])), [packed(wide >> 8, 8)])
    yield "tiff_rgb_missing.tif", tiff_file(tags_of(8, 4, 2), [packed(rgba >> 8, 8)])
    small = bytes_of(wide, 3)
    planes = [small[:, :, c].tobytes() for c in range(3)]
    yield "tiff_planes.tif", tiff_file(tags_of(8, 3, 2, t284=(3, [2])), planes)
    rows = [small[y:y + 4].tobytes() for y in range(0, HEIGHT, 4)]
    yield "tiff_strips.tif", tiff_file(tags_of(8, 3, 2, t278=(4, [4])), rows)
    filled = np.zeros((16, 32, 3), np.uint8)
    filled[:HEIGHT, :WIDTH] = small
    tiles = [filled[:, x:x + 16].tobytes() for x in (0, 16)]
    tiled = tags_of(8, 3, 2, t322=(4, [16]), t323=(4, [16]))
    del tiled[278]
    yield "tiff_tiles.tif", tiff_file(tiled, tiles)
    reverse = bytes(int(f"{b:08b}"[::-1], 2) for b in range(256))
    yield "tiff_fill.tif", tiff_file(tags_of(1, 1, 1, t266=(3, [2])), [packed(grey >> 15, 1).translate(reverse)])
    yield "tiff_huge.tif", tiff_file(tags_of(8, 3, 2), [small.tobytes()], big=True)
    for orientation in range(1, 9):
        yield f"tiff_turned{orientation}.tif", tiff_file(tags_of(8, 1, 1, t274=(3, [orientation])),
                                                         [packed(grey >> 8, 8)])
    image = Image.fromarray(small)
    for name in ("lzw", "adobe_deflate", "packbits", "jpeg", "zstd"):
        yield f"tiff_{name}.tif", saved_tiff(image, compression="tiff_" + name if name != "packbits" else name)
    yield "tiff_jpeg_grey.tif", saved_tiff(image.convert("L"), compression="jpeg")
    yield "tiff_group4.tif", saved_tiff(image.convert("1"), compression="group4")
    yield "tiff_pages.tif", saved_tiff(image, save_all=True, append_images=[image.transpose(0)])


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = []
    for name, data in (*gif_files(), *webp_files(), *tiff_files()):
        (folder / name).write_bytes(data)
        lines += expected(name, upright(folder / name))
    (folder / "formats.txt").write_text("\n".join(lines) + "\n")
    return 0


def upright(path):
    # Pillow puts a TIFF file upright itself when it is loaded; one that lies on the disk, unpacked, it maps with height
    # and width exchanged, so that pixels are mixed up.
    image = open_upright(path) if path.suffix != ".tif" else Image.open(io.BytesIO(path.read_bytes()))
    image.load()
    # 16-bit grey of the other order of bytes.
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)) if image.mode.startswith("I;16") else image


if __name__ == "__main__":
    sys.exit(main())
