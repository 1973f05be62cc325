import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_info, threadpool_limits

from peftdiff import threads
from peftdiff.threads import in_threads, one_thread, shared_product


def blas_threads():
    return [each["num_threads"] for each in threadpool_info()]


@pytest.mark.parametrize("count", [0, 1, 50])
def test_results_come_in_the_order_of_the_pieces(count):
    assert in_threads(lambda piece: piece**2, range(count)) == [
        piece**2 for piece in range(count)
    ]


def test_an_error_in_a_thread_is_raised_and_blas_gets_its_threads_back():
    with threadpool_limits(2):
        before = blas_threads()
        with pytest.raises(ZeroDivisionError):
            in_threads(lambda piece: 1 / piece, [1, 0])
        assert blas_threads() == before


def test_blas_has_one_thread_meanwhile():
    with threadpool_limits(2, user_api="blas"):
        for inside in in_threads(lambda _: threads._count(threads._blas()), [0, 1]):
            assert inside == 1
        with one_thread():
            assert threads._count(threads._blas()) == 1
        assert threads._count(threads._blas()) == 2


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_shared_product_is_the_same_to_the_last_bit(monkeypatch, count):
    rng = np.random.default_rng(0)
    matrix = sparse.random_array((60, 60), density=0.1, rng=rng, format="csr")
    monkeypatch.setattr(threads, "WORTH_SHARING", 0)
    monkeypatch.setattr(threads, "_count", lambda blas: count)
    for x in (rng.normal(size=60), rng.normal(size=(60, 4))):
        with shared_product(matrix) as product:
            assert np.array_equal(product(x), matrix @ x)
