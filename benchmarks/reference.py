"""The scores in their plainest form: dense matrices, loops over classes.

Each function follows its paper's formulas with the choices of the published code, as a
reader would first write them down. They are the slow side of the benchmark, and the
reference of tests of the library.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh
from scipy.sparse.linalg import eigsh
from scipy.special import softmax
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import kneighbors_graph

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def dense_diffusion(
    features: ArrayLike,
    labels: Codes,
    *,
    neighbors: int = 20,
    components: int = 32,
    diffusion_time: float = 10,
    variant: str = "as_published",
    seed: int = 0,
) -> tuple[float, float]:
    """Return PEFTDiff's (intra, inter) by n x n matrices (ICCV 2025).

    Parameters
    ----------
    features : array_like, shape (n, d)
        All samples are used: without the published class filter and limit on n.
    labels : ndarray of int, shape (n,)
    neighbors, components, diffusion_time, seed
        k, c, t, and the seed of the eigensolver's start vector.
    variant : {"as_published", "symmetric"}
        The published chain gives P = D^-1 K of the directed graph to a solver for
        symmetric matrices and averages root distances between classes; the symmetric
        one makes K symmetric, solves D^-1/2 K D^-1/2 and averages squared distances.
    """
    kernel = _dense_kernel(np.asarray(features, dtype=np.float64), neighbors)
    start = np.random.default_rng(seed).uniform(-1, 1, len(kernel))
    if variant == "as_published":
        walk = kernel / kernel.sum(axis=1, keepdims=True)
        values, vectors = eigsh(walk, k=components, which="LM", v0=start)
    else:
        kernel = np.maximum(kernel, kernel.T)
        degrees = kernel.sum(axis=1)
        conjugate = kernel / np.sqrt(np.outer(degrees, degrees))
        values, vectors = eigsh(conjugate, k=components, which="LA", v0=start)
        vectors = vectors / np.sqrt(degrees / degrees.sum())[:, None]
    weights = np.abs(values) ** (2 * diffusion_time)
    within, means = [], []
    for members in _classes(labels):
        mean = vectors[members].mean(axis=0)
        within.append((((vectors[members] - mean) ** 2) @ weights).mean())
        means.append(mean)
    between = []
    for one, other in itertools.combinations(means, 2):
        squared = ((one - other) ** 2) @ weights
        between.append(np.sqrt(squared) if variant == "as_published" else squared)
    return float(np.mean(within)), float(np.mean(between))


def _dense_kernel(features: Floats, neighbors: int) -> Floats:
    """Return exp(-||z_i - z_j||^2 / 2) on unit rows, 0 beyond the nearest k."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    kernel = np.exp(-(pairwise_distances(unit) ** 2) / 2)
    graph = kneighbors_graph(unit, neighbors, mode="connectivity", include_self=True)
    return kernel * graph.toarray()


def logme(features: ArrayLike, labels: Codes) -> float:
    """Return LogME by the published fixed point (You et al., ICML 2021).

    At most 11 steps from alpha = beta = 1, class by class, on the singular vectors of
    X'X. For n <= d a part of the evidence is missing, as published.
    """
    x = np.asarray(features, dtype=np.float64)
    n, d = x.shape
    if n > d:
        _, squares, rows = np.linalg.svd(x.T @ x)
        kept = np.sqrt(squares) > 1e-10
        squares, rows = squares[kept], rows[kept]
        left = x @ rows.T / np.sqrt(squares)
    else:
        left, roots, _ = np.linalg.svd(x, full_matrices=False)
        squares = roots**2
    evidence = [
        _fixed_point(squares, left, members.astype(np.float64), n, d)
        for members in _classes(labels)
    ]
    return float(np.mean(evidence))


def _fixed_point(squares: Floats, left: Floats, y: Floats, n: int, d: int) -> float:
    """Return one class's log evidence divided by n."""
    shares = (left.T @ y) ** 2
    residual = y @ y - shares.sum()
    alpha = beta = 1.0
    for _ in range(11):
        t = alpha / beta
        explained = (squares / (squares + t)).sum()
        length = (squares * shares / (squares + t) ** 2).sum()
        error = (shares / (1 + squares / t) ** 2).sum() + residual
        alpha = explained / (length + 1e-5)
        beta = (n - explained) / (error + 1e-5)
        if abs(alpha / beta - t) <= 1e-3 * t:
            break
    evidence = d * np.log(alpha) + n * np.log(beta) - n * np.log(2 * np.pi)
    evidence -= np.log(alpha + beta * squares).sum() + beta * error + alpha * length
    return float(evidence / (2 * n))


def sfda(features: ArrayLike, labels: Codes) -> float:
    """Return SFDA: regularized discriminant analysis, twice (Shao et al., ECCV 2022).

    The first fit's confidences pull each sample towards the other classes' means; the
    score is the mean posterior of the true class after a second fit.
    """
    x = np.asarray(features, dtype=np.float64)
    strength = max(np.exp(-5 * _largest_eigenvalue(_within(x, labels))), 1e-10)
    posterior, means = _discriminant(x, labels, strength)
    confidence = softmax(posterior, axis=1)
    mixed = np.empty_like(x)
    for i, label in enumerate(labels):
        others = np.delete(means, label, axis=0).mean(axis=0)
        q = confidence[i, label]
        mixed[i] = q * x[i] + (1 - q) * others
    posterior, _ = _discriminant(mixed, labels, strength)
    return float(posterior[np.arange(len(x)), labels].mean())


def _within(x: Floats, labels: Codes) -> Floats:
    """Return the mean covariance within classes, weighted by their sizes."""
    covariance = np.zeros((x.shape[1], x.shape[1]))
    for members in _classes(labels):
        share = members.mean()
        covariance += share * np.atleast_2d(np.cov(x[members].T, bias=True))
    return covariance


def _largest_eigenvalue(matrix: Floats) -> float:
    """Return the eigenvalue after six steps of power iteration from the row sums."""
    after = matrix.sum(axis=1)
    for _ in range(6):
        before = after
        after = matrix @ before
        after /= np.linalg.norm(after)
    return float(after @ matrix @ before)


def _discriminant(x: Floats, labels: Codes, strength: float) -> tuple[Floats, Floats]:
    """Return the posteriors (n, C) of a regularized fit, and the class means."""
    d = x.shape[1]
    within = _within(x, labels)
    between = np.cov(x.T, bias=True) - within
    shrunk = (1 - strength) * within + strength * np.trace(within) / d * np.eye(d)
    _, directions = eigh(between, shrunk)
    means = np.array([x[members].mean(axis=0) for members in _classes(labels)])
    shares = np.array([members.mean() for members in _classes(labels)])
    weights = means @ directions @ directions.T
    offsets = np.log(shares) - 0.5 * np.diag(means @ weights.T)
    return softmax(x @ weights.T + offsets, axis=1), means


def ncti(
    features: ArrayLike, labels: Codes, svd_solver: str = "auto"
) -> tuple[float, float, float]:
    """Return NCTI's three parts: seli, ncc, log vc (Wang et al., ICCV 2023).

    Nuclear norm of the discriminant projection, mean posterior of the true class, and
    the logarithm of the summed nuclear norms of each class's posteriors.
    """
    x = np.asarray(features, dtype=np.float64)
    pca = PCA(64, svd_solver=svd_solver, random_state=0)
    reduced = pca.fit_transform(x)
    strength = np.exp(-pca.explained_variance_[:32].sum())
    if strength > 1e-10:
        lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=float(strength))
    else:
        lda = LinearDiscriminantAnalysis(solver="svd")
    projected = lda.fit(reduced, labels).transform(reduced)
    posterior = lda.predict_proba(reduced)
    seli = np.linalg.norm(projected - projected.mean(axis=0), "nuc")
    ncc = posterior[np.arange(len(x)), labels].mean()
    spread = sum(np.linalg.norm(posterior[each], "nuc") for each in _classes(labels))
    return float(seli), float(ncc), float(np.log(spread))


def gbc(features: ArrayLike, labels: Codes, svd_solver: str = "auto") -> float:
    """Return GBC with diagonal covariances (Pándy et al., CVPR 2022).

    Minus the sum over ordered pairs of classes of exp(-Bhattacharyya distance), in 64
    principal components, the variances unbiased and at least 1e-4.
    """
    x = np.asarray(features, dtype=np.float64)
    reduced = PCA(64, svd_solver=svd_solver, random_state=0).fit_transform(x)
    moments = []
    for members in _classes(labels):
        variance = reduced[members].var(axis=0, ddof=1)
        moments.append((reduced[members].mean(axis=0), np.maximum(variance, 1e-4)))
    overlap = 0.0
    for (mean, variance), (other, other_variance) in itertools.permutations(moments, 2):
        pooled = (variance + other_variance) / 2
        distance = ((mean - other) ** 2 / pooled).sum() / 8
        distance += np.log(pooled).sum() / 2
        distance -= (np.log(variance).sum() + np.log(other_variance).sum()) / 4
        overlap += np.exp(-distance)
    return float(-overlap)


def _classes(labels: Codes) -> Iterator[NDArray[np.bool_]]:
    """Yield the samples of each class."""
    for label in range(labels.max() + 1):
        yield labels == label
