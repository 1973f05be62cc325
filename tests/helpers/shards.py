"""A small dataset in Parquet files, as `datasets` writes them, and its draw by hand."""

import io
import json

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

REPOSITORY = "somebody/flowers"
# Names that a folder, a CSV file or its reader could stumble upon.
NAMES = ("tench, Tinca tinca", 'a "great/white"', "NA")


def picture(seed):
    """Return an encoded image, a JPEG or a PNG."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (9 + seed % 5, 12, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG" if seed % 2 else "PNG")
    return stream.getvalue()


def noted(features):
    """Return what `datasets` notes in a schema of its columns."""
    return {b"huggingface": json.dumps({"info": {"features": features}}).encode()}


def encode(labels, images, names=NAMES, pairs=True, columns=("image", "label")):
    """Return a Parquet file of images, in row groups of a few rows."""
    if pairs:
        images = [
            {"bytes": image, "path": "a.JPEG"} if isinstance(image, bytes) else image
            for image in images
        ]
    table = pa.table(dict(zip(columns, (images, labels), strict=True)))
    if names is not None:
        label = {"_type": "ClassLabel", "names": list(names)}
        features = {columns[0]: {"_type": "Image"}, columns[1]: label}
        table = table.replace_schema_metadata(noted(features))
    stream = io.BytesIO()
    parquet.write_table(table, stream, row_group_size=7)
    return stream.getvalue()


def make(count=6, rows=20, shuffled=True, **how):
    """Return the files of a dataset by name, and the rows of each: label and image."""
    labels = np.arange(count * rows) * len(NAMES) // (count * rows)
    if shuffled:
        labels = np.random.default_rng(0).permutation(labels)
    files, known = {"README.md": b"A dataset."}, {}
    for number in range(count):
        name = f"data/train-{number:05d}-of-{count:05d}.parquet"
        part = [int(label) for label in labels[number * rows : (number + 1) * rows]]
        images = [picture(rows * number + row) for row in range(rows)]
        files[name] = encode(part, images, **how)
        known[name] = list(zip(part, images, strict=True))
    files["data/validation-00000-of-00001.parquet"] = b"not to be read"
    return files, known


def draw(known, shots, seed):
    """Return the files that are read, and the images drawn, as {(file, row): label}."""
    random = np.random.default_rng(seed)
    names, read, of_class = (
        sorted(known),
        [],
        {label: [] for label in range(len(NAMES))},
    )
    for number in random.permutation(len(names)):
        read.append(names[number])
        for row, (label, _) in enumerate(known[names[number]]):
            of_class[label].append((names[number], row))
        if min(map(len, of_class.values())) >= shots:
            break
    drawn = {}
    for label, places in of_class.items():
        for chosen in random.choice(len(places), shots, replace=False):
            drawn[places[chosen]] = label
    return read, drawn
