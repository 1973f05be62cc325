"""The cases that are measured, and the targets that they should meet."""

from dataclasses import dataclass

APPROXIMATE = "search=approximate"
GPU = "search=torch"


@dataclass(frozen=True)
class Target:
    """A bound on one side of a case.

    Attributes
    ----------
    measure : str
        "faster": at least `bound` times as fast as `versus`; "share": at most `bound`
        times the seconds of `versus`; "seconds" and "gib": at most `bound`; "apart":
        no value differs by more than `bound` from that of `versus`, relatively.
    bound : float
    versus : str, optional
        Another side of the case.
    side : str
    """

    measure: str
    bound: float
    versus: str | None = None
    side: str = "ours"


@dataclass(frozen=True)
class Case:
    """One piece of work on one synthetic data set, done by several sides in turn.

    Attributes
    ----------
    work : str
        A key of ``sides.SIDES``.
    n, d, n_classes : int
        Numbers of samples, dimensions and classes of each embedding.
    sides : tuple of str
        Names in ``sides.SIDES[work]``, or "search=" and the name of a neighbor search.
    targets : tuple of Target
    rounds : int
        How often each side runs, one after the other in each round.
    once : tuple of str
        Sides that run in the first round only, because they are slow.
    n_models : int
        Number of embeddings that are scored in one run.
    quick : bool
        Whether it is part of the short run.
    memory_mapped : bool
        Whether the features lie in a file.
    """

    work: str
    n: int
    n_classes: int
    sides: tuple[str, ...] = ("ours", "published form")
    targets: tuple[Target, ...] = ()
    rounds: int = 5
    once: tuple[str, ...] = ()
    n_models: int = 1
    quick: bool = False
    memory_mapped: bool = False
    d: int = 768

    @property
    def name(self) -> str:
        """The case in words."""
        return f"{self.work}, n = {self.n:,}, {self.n_classes} classes"


def _metric(work: str, n_classes: int, faster: float | None) -> Case:
    """Return the case of a metric beside its published form."""
    targets = (Target("faster", faster, "published form"),) if faster else ()
    return Case(work, 1000, n_classes, targets=targets, quick=n_classes > 10)


DIFFUSION = "diffusion_score"

CASES = (
    Case(
        DIFFUSION,
        n=1000,
        n_classes=10,
        sides=("ours", "dense", "pydiffmap", "limit"),
        targets=(Target("faster", 5, "dense"),),
        rounds=9,
        quick=True,
    ),
    Case(
        DIFFUSION,
        n=1000,
        n_classes=397,
        sides=("ours", "dense"),
        targets=(Target("faster", 10, "dense"),),
        quick=True,
    ),
    Case(
        DIFFUSION,
        n=3000,
        n_classes=10,
        sides=("ours", "dense", "pydiffmap", "limit"),
        rounds=3,
        quick=True,
    ),
    Case(
        DIFFUSION,
        n=10_000,
        n_classes=10,
        sides=("ours", "dense", "pydiffmap", "limit"),
        targets=(
            Target("faster", 40, "dense"),
            Target("faster", 1.5, "pydiffmap"),
            Target("share", 1.5, "limit"),
        ),
        once=("dense",),
    ),
    Case(
        DIFFUSION,
        n=30_000,
        n_classes=10,
        sides=("ours", "pydiffmap", "limit"),
        rounds=1,
    ),
    Case(
        DIFFUSION,
        n=100_000,
        n_classes=10,
        sides=("ours", "limit"),
        targets=(Target("share", 1.0, "limit"), Target("gib", 8)),
        rounds=1,
    ),
    Case(
        "score_grid",
        n=1000,
        n_classes=10,
        sides=("ours",),
        targets=(Target("seconds", 1.2),),
        quick=True,
    ),
    Case(
        "score_grid",
        n=10_000,
        n_classes=10,
        sides=("ours",),
        targets=(Target("seconds", 20),),
        rounds=1,
    ),
    Case(
        "the grid of a task",
        n=1000,
        n_classes=10,
        sides=("ours",),
        targets=(Target("seconds", 15),),
        rounds=1,
        n_models=10,
    ),
    _metric("logme", 10, 2.5),
    _metric("logme", 397, 2.5),
    _metric("sfda", 10, None),
    _metric("sfda", 397, 5),
    _metric("gbc", 397, 10),
    _metric("ncti", 10, 1.3),
    _metric("ncti", 397, 1.3),
    Case(
        "all metrics of a task",
        n=1000,
        n_classes=10,
        sides=("ours",),
        targets=(Target("seconds", 5),),
        rounds=3,
        n_models=10,
        quick=True,
    ),
)
"""The cases of ``make bench``; those without a target are points of the plot."""

MILLION = (
    Case(
        DIFFUSION,
        n=100_000,
        n_classes=10,
        sides=("ours", APPROXIMATE),
        targets=(Target("apart", 0.01, "ours", APPROXIMATE),),
        rounds=1,
    ),
    Case(
        DIFFUSION,
        n=1_000_000,
        n_classes=10,
        sides=(APPROXIMATE,),
        targets=(
            Target("seconds", 3600, side=APPROXIMATE),
            Target("gib", 16, side=APPROXIMATE),
        ),
        rounds=1,
        memory_mapped=True,
    ),
)

ON_GPU = (
    Case(
        DIFFUSION,
        n=100_000,
        n_classes=10,
        sides=(GPU, "ours", "limit"),
        targets=(
            Target("seconds", 10, side=GPU),
            Target("apart", 1e-8, "ours", GPU),
        ),
        rounds=3,
        once=("ours", "limit"),
    ),
)
