"""Files on disk: written completely or not at all, and checked when they are read.

Arrays are safetensors files with metadata, tables are CSV files; nothing is pickled.
"""

from peftdiff.records.arrays import (
    Tensors,
    read_arrays,
    read_metadata,
    streaming_arrays,
    write_arrays,
    write_npz,
)
from peftdiff.records.files import (
    read_json,
    replacing,
    write_json,
    write_text,
)
from peftdiff.records.tables import (
    UNAVAILABLE,
    read_table,
    read_tables,
    read_usage,
    with_columns,
    write_table,
)
from peftdiff.records.unavailability import (
    propagate_unavailable,
    unavailable,
    write_unavailable,
)

__all__ = [
    "UNAVAILABLE",
    "Tensors",
    "propagate_unavailable",
    "read_arrays",
    "read_json",
    "read_metadata",
    "read_table",
    "read_tables",
    "read_usage",
    "replacing",
    "streaming_arrays",
    "unavailable",
    "with_columns",
    "write_arrays",
    "write_json",
    "write_npz",
    "write_table",
    "write_text",
    "write_unavailable",
]
