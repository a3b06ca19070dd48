#!/usr/bin/python3
"""Writes small PNG, JPEG and BMP files of every kind that Tenka reads, and pixels.txt: what Pillow makes of them.

    tools/golden/images.py tests/golden/images

A line of pixels.txt is one of

    decode FILE CHANNELS ALPHA WIDTH HEIGHT PIXELS
    resize FILE CHANNELS LEFT TOP RIGHT BOTTOM WIDTH HEIGHT PIXELS

with ALPHA ignore, black or white, and pixels in hexadecimal digits, row after row. Needs Debian's python3-pil and
python3-numpy. What metadata says is checked by Pillow 12 and later, which read more of it: run it with one of them into
another folder, whose said_* files must be the same.
"""
import io
import pathlib
import struct
import sys
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


# ---- A PNG writer, since Pillow writes a part of the kinds alone ----

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack_rows(samples, depth):
    """Height x width x channels numbers of depth bits as unfiltered rows."""
    rows = b""
    for row in samples:
        flat = row.reshape(-1)
        if depth == 16:
            packed = flat.astype(">u2").tobytes()
        else:
            bits = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:]
            packed = np.packbits(bits.reshape(-1)).tobytes()
        rows += b"\0" + packed
    return rows


def png(samples, kind, depth, interlaced=False, extra=()):
    height, width = samples.shape[:2]
    if interlaced:
        passes = (samples[y::dy, x::dx] for x, y, dx, dy in ADAM7)
        rows = b"".join(pack_rows(part, depth) for part in passes if part.size)
    else:
        rows = pack_rows(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*e) for e in extra)
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


# ---- What the files show ----

def photo(width, height, channels=3):
    """Something smooth with edges and noise, in 16 bits."""
    random = np.random.RandomState(width * height)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    planes = [0.5 + 0.5 * np.sin(9 * x + 5 * y * (c + 1) + c) for c in range(channels)]
    image = np.stack(planes, axis=2)
    image[(x - 0.5) ** 2 + (y - 0.3) ** 2 < 0.04] *= 0.3
    image += random.uniform(-0.08, 0.08, image.shape)
    return (np.clip(image, 0, 1) * 65535).astype(np.uint16)


def exif(orientation, big_endian):
    order = ">" if big_endian else "<"
    head = b"MM\0*" if big_endian else b"II*\0"
    # A tag before it, as cameras write.
    return head + struct.pack(order + "IH", 8, 2) + struct.pack(order + "HHIHH", 0x0103, 3, 1, 6, 0) \
        + struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0) + struct.pack(order + "I", 0)


def png_files():
    wide = photo(19, 13, 4)
    grey, rgb = wide[:, :, :1], wide[:, :, :3]
    colours = np.random.RandomState(1).randint(0, 256, (256, 3)).astype(np.uint8).tobytes()
    for depth in (1, 2, 4, 8, 16):
        yield f"grey{depth}.png", png(grey >> (16 - depth), GREY, depth)
    for depth in (8, 16):
        yield f"rgb{depth}.png", png(rgb >> (16 - depth), RGB, depth)
        yield f"rgba{depth}.png", png(wide >> (16 - depth), RGBA, depth)
        yield f"grey_alpha{depth}.png", png(wide[:, :, 2:] >> (16 - depth), GREY_ALPHA, depth)
    for depth in (1, 2, 4, 8):
        palette = (b"PLTE", colours[:3 << depth])
        yield f"palette{depth}.png", png(grey >> (16 - depth), PALETTE, depth, extra=(palette,))
    transparent = ((b"PLTE", colours[:48]), (b"tRNS", bytes(range(0, 160, 16))))
    yield "palette4_trns.png", png(grey >> 12, PALETTE, 4, extra=transparent)
    # Of fewer than 8 bits Pillow compares the value with another one.
    yield "grey8_trns.png", png((grey >> 12) * 17, GREY, 8, extra=((b"tRNS", struct.pack(">H", 119)),))
    few = (rgb >> 14) * 85
    yield "rgb8_trns.png", png(few, RGB, 8, extra=((b"tRNS", struct.pack(">HHH", *few[4, 7])),))
    yield "interlaced_grey1.png", png(grey >> 15, GREY, 1, True)
    yield "interlaced_rgb8.png", png(rgb >> 8, RGB, 8, True)
    yield "interlaced_rgba16.png", png(wide, RGBA, 16, True)
    yield "interlaced_palette4.png", png(grey >> 12, PALETTE, 4, True, extra=((b"PLTE", colours[:48]),))
    yield "one_pixel.png", png(rgb[:1, :1] >> 8, RGB, 8, True)
    yield "turned6.png", png(rgb >> 8, RGB, 8, extra=((b"eXIf", exif(6, True)),))


# ---- Metadata that says how a picture is turned: in all ways, and in all places ----

XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
XMP_ELEMENT = b"<x:xmpmeta><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>"
XMP_KEY = b"XML:com.adobe.xmp\0"


def tiff(order, entries, head=None):
    """EXIF data of (tag, type, count, bytes of the values), which begin at byte 8 + 2 + 12 a piece + 4."""
    data, places = b"", 14 + 12 * len(entries)
    result = (head or {"<": b"II*\0", ">": b"MM\0*"}[order]) + struct.pack(order + "IH", 8, len(entries))
    for tag, kind, count, values in entries:
        inline = values.ljust(4, b"\0") if len(values) <= 4 else struct.pack(order + "I", places + len(data))
        data += values if len(values) > 4 else b""
        result += struct.pack(order + "HHI", tag, kind, count) + inline
    return result + struct.pack(order + "I", 0) + data


def orientation(order, kind, letter, *values):
    return tiff(order, [(0x0112, kind, len(values), struct.pack(f"{order}{len(values)}{letter}", *values))])


def app1(data):
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def exif_segment(data):
    return app1(b"Exif\0\0" + data)


def xmp_segment(text):
    return app1(b"http://ns.adobe.com/xap/1.0/\0" + text)


def profile(data):
    """As ImageMagick writes it."""
    digits = (b"Exif\0\0" + data).hex()
    lines = "\n".join(digits[at:at + 72] for at in range(0, len(digits), 72))
    return f"\nexif\n{len(data) + 6:8}\n{lines}\n".encode()


def exif_numbers():
    """(name, EXIF data, the orientation that it says)"""
    short = struct.pack("<H", 6), struct.pack("<H", 1)
    name = (0x010f, 2, 8, b"a camera")
    for order, end in ("<", ""), (">", "_big"):
        yield f"long{end}", orientation(order, 4, "I", 6), 6
        yield f"three{end}", orientation(order, 3, "H", 6, 1, 1), 6
    yield "two", orientation("<", 3, "H", 6, 1), 6
    yield "ifd", orientation(">", 13, "I", 6), 6
    yield "signed", orientation("<", 9, "i", 6), 6
    yield "signed_byte", orientation(">", 6, "b", 6), 6
    yield "long8", orientation(">", 16, "Q", 6), 6
    yield "float", orientation("<", 11, "f", 6), 6
    yield "double", orientation(">", 12, "d", 6), 6
    yield "rational", tiff("<", [(0x0112, 5, 1, struct.pack("<II", 12, 2))]), 6
    yield "order", orientation("<", 3, "H", 6).replace(b"II*\0", b"II\0*"), 6
    yield "unsorted", tiff("<", [(0x0132, 2, 2, b"x\0"), name, (0x0112, 3, 1, short[0])]), 6
    yield "first", tiff("<", [(0x0112, 3, 1, short[0]), (0x0112, 3, 1, short[1])]), 6
    yield "byte", orientation("<", 1, "B", 6), 1
    yield "nine", tiff("<", [(0x0112, 3, 1, b"\x09\0"), (0x0112, 3, 1, short[0])]), 1
    yield "much", orientation("<", 4, "I", 65536 + 6), 1
    yield "none", tiff("<", [(0x0112, 3, 0, short[0])]), 1
    yield "half", tiff("<", [(0x0112, 5, 1, struct.pack("<II", 13, 2))]), 1
    yield "beyond", tiff("<", [(0x0112, 3, 3, b"\xff\xff\xff\x7f")]), 1
    yield "broken", tiff("<", [(0x010f, 2, 8, b"\0\0\0\x80"), (0x0112, 3, 1, short[0])]), 1
    # Its size, not its place, is what cannot be.
    yield "large", tiff("<", [(0x010f, 2, 1 << 31, b"\x26\0\0\0"), (0x0112, 3, 1, short[0])]), 6
    yield "no_tiff", b"XX" + orientation("<", 3, "H", 6)[2:], 1


def said_jpeg_files():
    """(name, file, orientation)"""
    small = jpeg(Image.fromarray((photo(5, 3)[:, :, 0] >> 8).astype(np.uint8)), quality=70)
    tables, scan = small.index(b"\xff\xdb"), small.index(b"\xff\xda")
    six, one, nothing = (orientation("<", 3, "H", 6), orientation("<", 3, "H", 1), tiff("<", []))

    def at(place, *segments):
        return small[:place] + b"".join(segments) + small[place:]

    for name, data, result in exif_numbers():
        yield f"said_{name}.jpg", at(2, exif_segment(data)), result
    yield "said_late.jpg", at(scan, app1(b"other"), b"\xff\xfe\0\x04hi", exif_segment(six)), 6
    yield "said_marked.jpg", at(tables, exif_segment(b"Exif\0\0" + six)), 6
    yield "said_split.jpg", at(2, exif_segment(six[:15]), app1(b"other"), exif_segment(six[15:])), 6
    yield "said_xmp.jpg", at(tables, xmp_segment(XMP)), 6
    yield "said_xmp_element.jpg", at(2, exif_segment(nothing), xmp_segment(XMP_ELEMENT)), 6
    yield "said_xmp_last.jpg", at(2, xmp_segment(XMP.replace(b"6", b"1")), xmp_segment(XMP)), 6
    yield "said_xmp_other.jpg", at(2, exif_segment(one), xmp_segment(XMP)), 1
    yield "said_xmp_single.jpg", at(2, xmp_segment(XMP.replace(b'"', b"'"))), 1


def said_png_files():
    """(name, file, orientation)"""
    grey = photo(5, 3)[:, :, :1] >> 8
    six, one, nothing = (orientation(">", 4, "I", 6), orientation("<", 3, "H", 1), tiff("<", []))
    text = b"Raw profile type exif\0"
    xmp = (b"iTXt", XMP_KEY + b"\0\0\0\0" + XMP)
    ways = {
        "long": [(b"eXIf", six)], "marked": [(b"eXIf", b"Exif\0\0" + six)], "bytes": [(b"tEXt", b"exif\0" + six)],
        "text": [(b"tEXt", text + profile(six))], "packed": [(b"zTXt", text + b"\0" + zlib.compress(profile(six)))],
        "xmp": [xmp], "xmp_packed": [(b"iTXt", XMP_KEY + b"\1\0en\0key\0" + zlib.compress(XMP_ELEMENT))],
        "xmp_text": [(b"tEXt", XMP_KEY + XMP)], "xmp_ztxt": [(b"zTXt", XMP_KEY + b"\0" + zlib.compress(XMP))],
        "xmp_exif": [(b"eXIf", nothing), xmp]}
    for name, extra in ways.items():
        data = png(grey, GREY, 8, extra=extra)
        yield f"said_{name}.png", data, 6
        # The same behind the pixels.
        chunks, plain = b"".join(chunk(*e) for e in extra), png(grey, GREY, 8)
        yield f"said_{name}_late.png", plain[:-12] + chunks + plain[-12:], 6
    yield "said_two.png", png(grey, GREY, 8, extra=[(b"eXIf", one), (b"eXIf", six)]), 6
    yield "said_other.png", png(grey, GREY, 8, extra=[(b"eXIf", one), (b"tEXt", text + profile(six)), xmp]), 1


def check_upright(path, orientation):
    """What the tables say is what Pillow does; older ones do less."""
    if int(PIL.__version__.split(".")[0]) < 12:
        return
    with Image.open(path) as image:
        assert ImageOps.exif_transpose(image).tobytes() == turned(image, orientation).tobytes(), path


def turned(image, orientation):
    return image.transpose(Image.Transpose.ROTATE_270) if orientation == 6 else image.copy()


def jpeg(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def jpeg_files():
    image = Image.fromarray((photo(37, 21) >> 8).astype(np.uint8))
    yield "grey.jpg", jpeg(image.convert("L"), quality=90)
    yield "ycc420.jpg", jpeg(image, quality=85)
    yield "ycc444.jpg", jpeg(image, quality=85, subsampling=0)
    yield "progressive.jpg", jpeg(image, quality=85, progressive=True)
    yield "cmyk.jpg", jpeg(image.convert("CMYK"), quality=90)
    small = Image.fromarray((photo(12, 7) >> 8).astype(np.uint8))
    for orientation in range(1, 9):
        data = b"Exif\0\0" + exif(orientation, orientation % 2 == 0)
        yield f"turned{orientation}.jpg", jpeg(small, quality=70, exif=data)
    yield "photo.jpg", jpeg(Image.fromarray((photo(211, 137) >> 8).astype(np.uint8)), quality=80)


# ---- BMP ----

def bmp(rows, width, height, bits, palette=b"", masks=b"", header=40):
    """rows: packed, from the bottom up unless height is negative."""
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, 3 if masks else 0, len(rows), 2835, 2835,
                           len(palette) // 4, 0)
        info += (masks if header > 40 else b"").ljust(header - 40, b"\0") + (masks if header == 40 else b"")
    start = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + info + palette + rows


def bmp_rows(samples):
    """Rows of bytes, padded to words, the last one first."""
    return b"".join(row.tobytes() + b"\0" * (-row.nbytes % 4) for row in samples[::-1])


def bmp_files():
    wide = photo(19, 13, 4)
    grey, colours = wide[:, :, 0], np.random.RandomState(1).randint(0, 256, (256, 4)).astype(np.uint8)
    rgb = (wide[:, :, 2::-1] >> 8).astype(np.uint8)  # blue, green, red
    for bits in (1, 4, 8):
        index = (grey >> (16 - bits)).astype(np.uint8)
        packed = np.packbits(np.unpackbits(index[:, :, None], axis=2)[:, :, 8 - bits:].reshape(13, -1), axis=1)
        yield f"bmp{bits}.bmp", bmp(bmp_rows(packed), 19, 13, bits, colours[:1 << bits].tobytes())
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1).tobytes()
    yield "bmp_grey.bmp", bmp(bmp_rows((grey >> 8).astype(np.uint8)), 19, 13, 8, ramp)
    yield "bmp24.bmp", bmp(bmp_rows(rgb), 19, 13, 24)
    yield "bmp24_down.bmp", bmp(bmp_rows(rgb[::-1]), 19, -13, 24)
    yield "bmp_core.bmp", bmp(bmp_rows(rgb), 19, 13, 24, header=12)
    yield "bmp32.bmp", bmp(bmp_rows((wide[:, :, [2, 1, 0, 3]] >> 8).astype(np.uint8)), 19, 13, 32)
    r, g, b = (wide[:, :, c].astype(np.uint16) for c in range(3))
    yield "bmp555.bmp", bmp(bmp_rows(((r >> 11) << 10 | (g >> 11) << 5 | b >> 11).astype("<u2")), 19, 13, 16)
    masks = struct.pack("<III", 0xf800, 0x7e0, 0x1f)
    yield "bmp565.bmp", bmp(bmp_rows(((r >> 11) << 11 | (g >> 10) << 5 | b >> 11).astype("<u2")), 19, 13, 16, masks=masks)
    masks = struct.pack("<IIII", 0xff0000, 0xff00, 0xff, 0)
    yield "bmp_v5.bmp", bmp(bmp_rows((wide[:, :, [2, 1, 0, 3]] >> 8).astype(np.uint8)), 19, 13, 32, masks=masks,
                            header=124)


# ---- What Pillow makes of them ----

def open_upright(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode == "I":  # 16-bit grey, which convert() would clip instead of scaling
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image


def laid_on(image, colour):
    image = image.convert("RGBA")
    background = Image.new("RGB", image.size, colour)
    background.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return background


def has_alpha(image):
    return image.mode in ("LA", "RGBA") or "transparency" in image.info


def expected(name, image):
    for channels, mode in ((1, "L"), (3, "RGB")):
        pixels = image.convert(mode)
        yield f"decode {name} {channels} ignore {image.width} {image.height} {pixels.tobytes().hex()}"
        for colour in ("black", "white") if has_alpha(image) else ():
            pixels = laid_on(image, colour).convert(mode)
            yield f"decode {name} {channels} {colour} {image.width} {image.height} {pixels.tobytes().hex()}"


def resized(name, image):
    boxes = [(0, 0, *image.size, *size) for size in ((28, 28), (300, 9), (5, 200), (211, 40), (40, 137), (1, 1))]
    boxes += [(37, 0, 174, 137, 28, 28), (10.25, 20.5, 30.75, 22.5, 16, 16), (0, 0, 211, 137, 211, 137)]
    for left, top, right, bottom, width, height in boxes:
        for channels, mode in ((1, "L"), (3, "RGB")):
            # The colours of the largest ones would show nothing new.
            if channels == 3 and width * height > 3000:
                continue
            pixels = image.convert(mode).resize((width, height), Image.Resampling.BILINEAR,
                                                box=(left, top, right, bottom))
            yield (f"resize {name} {channels} {left} {top} {right} {bottom} {width} {height} "
                   f"{pixels.tobytes().hex()}")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    lines = []
    for name, data in (*png_files(), *jpeg_files(), *bmp_files()):
        (folder / name).write_bytes(data)
        lines += expected(name, open_upright(folder / name)) if name != "photo.jpg" else ()
    for name, data, orientation in (*said_png_files(), *said_jpeg_files()):
        (folder / name).write_bytes(data)
        check_upright(folder / name, orientation)
        lines += expected(name, turned(Image.open(folder / name), orientation))
    lines += resized("photo.jpg", open_upright(folder / "photo.jpg"))
    (folder / "pixels.txt").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
