"""PACTran with a Gaussian prior (Ding et al., ECCV 2022): a PAC-Bayes bound.

A linear classifier on centered features x, p = softmax(W'x + b), has the empirical risk
L(W, b) = mean_i -log p_i(y_i). With the prior N(0, s I) of the D C weights and a normal
posterior around W, the bound of the paper's family is E[L] + KL / lambda. To second
order in the posterior's spread, with H the Hessian of L in W and the best posterior
variance 1 / (1 / s + lambda tr(H) / (D C)), the smallest bound is

    min_(W, b) [L + |W|^2 / (2 lambda s)]
        + D C / (2 lambda) log(1 + lambda s tr(H) / (D C))

and the score is its negative. H has the diagonal h_jc = mean_i x_ij^2 p_ic (1 - p_ic);
with a variance of its own for each weight the last term becomes
sum_jc log(1 + lambda s h_jc) / (2 lambda), the log-determinant of H's diagonal.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, cg
from scipy.special import log_softmax

from peftdiff.diffusion.inputs import check_choice, check_positive
from peftdiff.metrics.reductions import Embedding, blas_for
from peftdiff.metrics.validity import UndefinedScore, check_squares, warn_if_uninformed
from peftdiff.parameters import OneOf, Positive

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

POSTERIORS = ("isotropic", "diagonal", "as_published")
NEWTON_STEPS = 200
HALVINGS = 30
MOST_PRODUCTS = 1000  # with the Hessian, in one step
CONVERGED = 1e-12  # length of the gradient, relative to that at W = 0, below which
LEAST_GAIN = 1e-22  # the search ends, if a step gains no more, relative to the loss
FINEST = 1e-4  # accuracy of a step, whose error the next one corrects
IN_SINGLE = 1e-5  # a step less accurate than this may be found in single precision,
CONDITION = 1e6  # if the ratio of the Hessian's eigenvalues is below this
MOST_RIDGE = 1e300  # far beyond it, weights are zero
MOST_GAIN = 1e-14  # nats; if rounding prevents a step of a larger gain, the fit fails


def score(
    embedding: Embedding,
    labels: Codes,
    *,
    prior_variance: Positive = 100.0,
    lambda_variance: Positive = 1.0,
    posterior: Annotated[str, OneOf(POSTERIORS)] = "isotropic",
) -> float:
    """Return minus the bound, for an embedding (n, d) and its class codes (n,).

    Parameters
    ----------
    embedding : Embedding
    labels : ndarray
    prior_variance : float
        s times d. The published code reports 10 and 100 (and 1 and 1 000 where
        `lambda_variance` is 0.1 and 10).
    lambda_variance : float
        lambda s / n, the inverse strength of the penalty on W; 0.1, 1 or 10 in the
        published code. So lambda = n d lambda_variance / prior_variance.
    posterior : {"isotropic", "diagonal", "as_published"}
        One variance for all weights; one for each, which makes the score depend on the
        axes; or one for all with the trace of the published code, which sums over the
        samples instead of averaging, and includes the biases b.

    Returns
    -------
    float
        In nats; the published code prints the bound itself. The minimum is unique and
        is found up to rounding, from W = 0; the published code starts at random weights
        and stops after 100 steps of L-BFGS.

    Raises
    ------
    ValueError
        For a bad parameter.
    UndefinedScore
        Where rounding hides the minimum, as with features of an enormous scale.

    Warns
    -----
    SaturatedScore
        For features of so small a scale that weights are not worth their penalty.
    """
    check_positive("prior_variance", prior_variance)
    check_positive("lambda_variance", lambda_variance)
    check_choice("posterior", posterior, POSTERIORS)
    check_squares(embedding.features)
    n, d = embedding.features.shape
    fit = _fit(embedding, labels, 1 / (lambda_variance * n))
    spread = fit.probabilities * (1 - fit.probabilities)
    lambda_s = lambda_variance * n
    centered = embedding.unit * embedding.centered
    strength = prior_variance / (2 * d * lambda_s)
    complexity = _complexity(centered, spread, lambda_s, posterior)
    value = -(fit.loss + complexity * strength)
    shares = np.bincount(labels) / n
    same = np.tile((shares * (1 - shares))[:, None], n)  # p (1 - p) without features
    complexity = _complexity(np.zeros((n, d)), same, lambda_s, posterior)
    uninformed = float(shares @ np.log(shares)) - complexity * strength
    warn_if_uninformed("pactran_gaussian", value, uninformed)
    return value


def _complexity(
    centered: Floats, spread: Floats, lambda_s: float, posterior: str
) -> float:
    """Return 2 lambda times the bound's last term.

    Parameters
    ----------
    centered : ndarray, shape (n, d)
    spread : ndarray, shape (n_classes, n)
        p (1 - p) of each class and sample.
    lambda_s : float
        lambda times the prior's variance s.
    posterior : str
    """
    n, d = centered.shape
    if posterior == "diagonal":
        return float(np.log1p(lambda_s * (spread @ centered**2) / n).sum())
    trace = float(spread.sum(axis=0) @ (centered**2).sum(axis=1)) / n
    if posterior == "as_published":
        trace = n * trace + float(spread.sum())
    n_weights = len(spread) * d
    return n_weights * math.log1p(lambda_s * trace / n_weights)


class Point(NamedTuple):
    """A multinomial regression at some weights.

    Attributes
    ----------
    weights : ndarray, shape (n_classes, r + 1)
        W', and the biases in the last column; with classes in rows, products are fast.
    loss : float
        Mean cross-entropy in nats, plus the penalty.
    probabilities : ndarray, shape (n_classes, n)
    gradient : ndarray, shape (n_classes, r + 1)
    slope : float
        The gradient's length.
    """

    weights: Floats
    loss: float
    probabilities: Floats
    gradient: Floats
    slope: float


class Regression:
    """The loss mean_i -log p_i(y_i) + ridge / 2 |W|^2, and Newton's steps down it.

    The samples are `points` of mean zero along uncorrelated axes, in which `moments`
    are their second moments.
    """

    def __init__(
        self, points: Floats, moments: Floats, labels: Codes, ridge: float
    ) -> None:
        self.labels = labels
        self.design = np.column_stack([points, np.ones(len(points))])
        self.transposed = np.ascontiguousarray(self.design.T)  # for faster products
        self.moments = np.append(np.maximum(moments, 0), 1)
        self.penalty = np.full(self.design.shape[1], ridge)
        self.penalty[-1] = 0

    def at(self, weights: Floats) -> Point:
        """Return the loss and its gradient at weights of shape (n_classes, r + 1)."""
        samples = np.arange(len(self.labels))
        logs = log_softmax(weights @ self.transposed, axis=0)
        probabilities = np.exp(logs)
        residual = probabilities.copy()
        residual[self.labels, samples] -= 1
        gradient = residual @ self.design / len(samples) + self.penalty * weights
        # Its sum over the classes is 0 up to rounding, and made 0: no step then has a
        # share along the shift of all biases, which changes nothing.
        gradient -= gradient.mean(axis=0)
        penalty = float((self.penalty * weights**2).sum()) / 2
        loss = penalty - float(logs[self.labels, samples].mean())
        slope = float(np.linalg.norm(gradient))
        return Point(weights, loss, probabilities, gradient, slope)

    def precision(self, accuracy: float) -> Any:
        """Return the floating-point type in which a step of an accuracy is found."""
        well_conditioned = float(self.moments.max()) < CONDITION * self.penalty[0]
        single = well_conditioned and accuracy > IN_SINGLE
        return np.float32 if single else np.float64

    def newton_step(self, point: Point, accuracy: float) -> Floats:
        """Return - H^-1 gradient by conjugate gradients, to a relative accuracy.

        The preconditioner is the same for all classes: the Hessian of equal
        probabilities, scaled to the present average curvature. Products may be in
        single precision, which takes half the time.
        """
        n_classes, n = point.probabilities.shape
        shape = point.weights.shape
        dtype = self.precision(accuracy)
        design, transposed = self.design.astype(dtype), self.transposed.astype(dtype)
        p = point.probabilities.astype(dtype)
        curvature = max((1 - float(np.vdot(p, p)) / n) / (n_classes - 1), 1e-12)
        diagonal = np.tile(self.moments * curvature + self.penalty, n_classes)

        def hessian(flat: Floats) -> Floats:
            step = flat.reshape(shape)
            weighted = p * (step.astype(dtype) @ transposed)
            weighted -= p * weighted.sum(axis=0)
            return (weighted @ design / n + self.penalty * step).ravel()

        def precondition(flat: Floats) -> Floats:
            return flat / diagonal

        size = (point.gradient.size, point.gradient.size)
        step, _ = cg(
            LinearOperator(size, matvec=hessian, dtype=np.float64),
            -point.gradient.ravel() / point.slope,
            rtol=accuracy,
            maxiter=MOST_PRODUCTS,
            M=LinearOperator(size, matvec=precondition, dtype=np.float64),
        )
        return point.slope * np.asarray(step).reshape(shape)


def _axes(embedding: Embedding) -> tuple[Floats, Floats]:
    """Return the centered features along all principal axes, and their moments.

    Both are in the embedding's unit.
    """
    n = len(embedding.features)
    if embedding.tall:
        points, squares = embedding.components()
        return points, squares / n
    # The weights lie in the span of the n rows, which are rotated into n dimensions.
    rows = np.asarray(np.linalg.qr(embedding.centered.T, mode="r")).T
    with blas_for(n):
        moments, axes = np.linalg.eigh(rows.T @ rows / n)
    return rows @ axes, moments


def _fit(embedding: Embedding, labels: Codes, ridge: float) -> Point:
    """Minimize the loss by Newton's method, from W = 0, until rounding stops it.

    The weights are those of features in the embedding's unit.

    The loss is strictly convex except for a shift of all biases, which no step makes.
    The gradient gets shorter along a Newton step, so that halving a step finds such a
    point.
    """
    unit = embedding.unit
    in_unit = min(ridge / unit / unit, MOST_RIDGE)
    points, moments = _axes(embedding)
    problem = Regression(points, moments, labels, in_unit)
    n_weights = problem.design.shape[1]
    point = problem.at(np.zeros((int(labels.max()) + 1, n_weights)))
    start, gain = point.slope, math.inf
    for _ in range(NEWTON_STEPS):
        if point.slope == 0:
            return point
        accuracy = min(max(math.sqrt(point.slope / start), FINEST), 0.1)
        step = problem.newton_step(point, accuracy)
        gain = -float(np.vdot(point.gradient, step)) / 2
        short = point.slope <= CONVERGED * start
        if short and gain <= LEAST_GAIN * point.loss:
            return point
        for halving in range(HALVINGS):
            trial = problem.at(point.weights + step / 2**halving)
            if trial.slope < (1 - 1e-4 / 2**halving) * point.slope:
                break
        else:
            break
        slower = trial.slope > point.slope / 2
        point = trial
        if slower and gain <= MOST_GAIN:
            break  # rounding prevents further progress
    if not gain <= MOST_GAIN:
        raise UndefinedScore(
            "pactran_gaussian found no minimum of its regression: a step would still "
            f"lower its loss, {point.loss:.1e}, by {gain:.1e}; scale the features down"
        )
    return point
