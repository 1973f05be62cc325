"""A description of the machine, by which a reader can judge times."""

import datetime
import os
import platform
from importlib import metadata
from typing import Any

import psutil
from threadpoolctl import threadpool_info

from peftdiff.reporting.provenance import git_revision, processor

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "threadpoolctl",
    "pydiffmap",
    "torch",
    "faiss-cpu",
    "pynndescent",
    "usearch",
)
BLAS_FIELDS = ("user_api", "internal_api", "version", "architecture", "num_threads")


def describe() -> dict[str, Any]:
    """Return processor, memory, BLAS, versions and date; no user's names or paths."""
    # Imported first, so that their BLAS libraries are listed.
    import scipy.linalg  # noqa: F401
    import sklearn.metrics  # noqa: F401

    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "usable_cores": _usable_cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "threads": os.environ.get("OMP_NUM_THREADS", "not limited"),
        "blas": [
            {field: library.get(field) for field in BLAS_FIELDS}
            for library in threadpool_info()
        ],
        "packages": {name: _version(name) for name in PACKAGES},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "git_revision": git_revision(),
    }


def _usable_cores() -> int | None:
    """Return how many cores this process may use, if the system knows; else all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
