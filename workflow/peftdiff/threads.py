"""Work that is divided among as many threads as the BLAS library may use.

numpy and scipy let other threads run while they compute, so that sorting, copying and
sparse products are divided too, for which they use one core.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import (
    linalg,  # noqa: F401 -- loads scipy's BLAS library, which is then found
    sparse,
)
from threadpoolctl import ThreadpoolController

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Floats = NDArray[np.float64]
Product = Callable[[Floats], Floats]

# Entries of a sparse matrix; with fewer, dividing them costs more than it gains.
WORTH_SHARING = 400_000


def in_threads(
    work: Callable[[Piece], Result], pieces: Sequence[Piece]
) -> list[Result]:
    """Return the result of `work` for each piece; BLAS has one thread meanwhile."""
    if len(pieces) < 2:
        return [work(piece) for piece in pieces]
    blas = _blas()
    threads = _count(blas)  # before it is limited
    with blas.limit(limits=1), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, pieces))


@contextmanager
def one_thread(small: bool = True) -> Iterator[None]:
    """Let BLAS use one thread if a problem is `small`, which is faster then."""
    with _blas().limit(limits=1) if small else nullcontext():
        yield


@contextmanager
def shared_product(matrix: sparse.csr_array) -> Iterator[Product]:
    """Yield the function that multiplies the matrix with a vector or with columns.

    The threads divide its rows, each of which is summed by one, so that the product is
    the same for any number of threads.
    """
    threads = _count(_blas()) if matrix.nnz >= WORTH_SHARING else 1
    if threads == 1:
        yield matrix.__matmul__
        return
    ends = np.searchsorted(matrix.indptr, matrix.nnz * np.arange(1, threads) / threads)
    blocks = [
        matrix[first:end]
        for first, end in zip([0, *ends], [*ends, len(matrix.indptr) - 1], strict=True)
    ]
    with ThreadPoolExecutor(threads) as pool:
        yield lambda x: np.concatenate(list(pool.map(lambda rows: rows @ x, blocks)))


@cache  # the libraries, not their threads: finding them takes a millisecond
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


def _count(blas: ThreadpoolController) -> int:
    return max((library["num_threads"] for library in blas.info()), default=1)
