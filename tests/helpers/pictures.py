"""Image files written byte by byte, so that what they show is known without Pillow."""

import struct
import zlib

import numpy as np

GREY, COLOR, PALETTE, GREY_ALPHA, COLOR_ALPHA = 0, 2, 3, 4, 6  # kinds of PNG
ORIENTATION = 274


def turned(pixels, orientation):
    """Return pixels as they are shown where a camera notes this orientation."""
    return {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p.swapaxes(0, 1)[:, ::-1],
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: p.swapaxes(0, 1)[::-1],
    }[orientation](pixels)


def shown(shares, alpha=None, orientation=1):
    """Return what is seen on a white page: RGB from 0 to 255, not rounded.

    `shares` are of white, (height, width, 1 or 3), as `alpha` is of what covers it.
    """
    alpha = np.ones(shares.shape[:2]) if alpha is None else alpha
    covered = alpha[..., None]
    page = np.broadcast_to(covered * shares + (1 - covered), (*alpha.shape, 3))
    return 255 * turned(page, orientation)


def exif(orientation):
    """Return the bytes of EXIF that hold an orientation."""
    return b"II*\0" + struct.pack(
        "<IHHHIHHI", 8, 1, ORIENTATION, 3, 1, orientation, 0, 0
    )


def png(samples, kind, depth, *, palette=None, transparent=None, orientation=None):
    """Return a PNG file.

    `samples` are integers, (height, width, channels); an orientation is noted behind
    the pixels, where it is negative.
    """
    height, width, _ = samples.shape
    rows = [_packed(row.reshape(-1), depth) for row in samples]
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    chunks = [(b"IHDR", head)]
    notes = (b"eXIf", exif(abs(orientation))) if orientation else None
    if notes and orientation > 0:
        chunks.append(notes)
    if palette is not None:
        chunks.append((b"PLTE", np.asarray(palette, np.uint8).tobytes()))
    if transparent is not None:
        chunks.append((b"tRNS", transparent))
    chunks.append((b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))))
    if notes and orientation < 0:
        chunks.append(notes)
    chunks.append((b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body))
        + name
        + body
        + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def _packed(values, depth):
    if depth == 16:
        return values.astype(">u2").tobytes()
    bits = np.unpackbits(values.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
    return np.packbits(bits).tobytes()


def tiff(samples, *, order="<", tags=()):
    """Return a TIFF file of samples (height, width, channels), of their own type.

    `tags` are more of its tags, or others: number, type and values.
    """
    height, width, channels = samples.shape
    bits, kind = 8 * samples.dtype.itemsize, "uif".index(samples.dtype.kind) + 1
    body = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    entries = {
        256: ("H", [width]),
        257: ("H", [height]),
        258: ("H", [bits] * channels),
        259: ("H", [1]),
        262: ("H", [1 if channels < 3 else 2]),
        273: ("I", [8]),
        277: ("H", [channels]),
        278: ("H", [height]),
        279: ("I", [len(body)]),
        339: ("H", [kind] * channels),
        **{number: (code, values) for number, code, values in tags},
    }
    body += b"\0" * (len(body) % 2)
    directory, extra = struct.pack(f"{order}H", len(entries)), b""
    start = 8 + len(body)
    end = start + 2 + 12 * len(entries) + 4
    for number, (code, values) in sorted(entries.items()):
        content = struct.pack(f"{order}{len(values)}{code}", *values)
        number_of_type = {"B": 1, "H": 3, "I": 4, "i": 9, "f": 11, "d": 12}[code]
        directory += struct.pack(f"{order}HHI", number, number_of_type, len(values))
        if len(content) <= 4:
            directory += content.ljust(4, b"\0")
        else:
            directory += struct.pack(f"{order}I", end + len(extra))
            extra += content
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HI", 42, start)
    return head + body + directory + struct.pack(f"{order}I", 0) + extra
