"""What is measured, and what is asked of it."""

from dataclasses import dataclass, replace

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
        Of each embedding.
    sides : tuple of str
    targets : tuple of Target
    rounds : int
        How often each side runs, one after the other in each round.
    once : tuple of str
        Sides that run in the first round only, because they are slow.
    n_models : int
        Embeddings scored in one run.
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


def _diffusion(n: int, sides: str, *targets: Target, **options: object) -> Case:
    case = Case("diffusion_score", n, 10, tuple(sides.split()), targets)
    return replace(case, **options)  # type: ignore[arg-type]


def _rival(work: str, n_classes: int, faster: float | None) -> Case:
    targets = (Target("faster", faster, "published form"),) if faster else ()
    return Case(work, 1000, n_classes, targets=targets, quick=n_classes > 10)


CASES = (
    _diffusion(
        1000,
        "ours dense pydiffmap limit",
        Target("faster", 5, "dense"),
        rounds=9,
        quick=True,
    ),
    _diffusion(
        1000, "ours dense", Target("faster", 10, "dense"), n_classes=397, quick=True
    ),
    _diffusion(3000, "ours dense pydiffmap limit", rounds=3, quick=True),
    _diffusion(
        10_000,
        "ours dense pydiffmap limit",
        Target("faster", 40, "dense"),
        Target("faster", 1.5, "pydiffmap"),
        Target("share", 1.5, "limit"),
        rounds=5,
        once=("dense",),
    ),
    _diffusion(30_000, "ours pydiffmap limit", rounds=1),
    _diffusion(
        100_000,
        "ours limit",
        Target("share", 1.0, "limit"),
        Target("gib", 8),
        rounds=1,
    ),
    Case("score_grid", 1000, 10, ("ours",), (Target("seconds", 1.2),), quick=True),
    Case("score_grid", 10_000, 10, ("ours",), (Target("seconds", 20),), rounds=1),
    Case(
        *("the grid of a task", 1000, 10, ("ours",)),
        targets=(Target("seconds", 15),),
        rounds=1,
        n_models=10,
    ),
    _rival("logme", 10, 2.5),
    _rival("logme", 397, 2.5),
    _rival("sfda", 10, None),
    _rival("sfda", 397, 5),
    _rival("gbc", 397, 10),
    _rival("ncti", 10, 1.3),
    _rival("ncti", 397, 1.3),
    Case(
        *("all metrics of a task", 1000, 10, ("ours",)),
        targets=(Target("seconds", 5),),
        rounds=3,
        n_models=10,
        quick=True,
    ),
)
"""What ``make bench`` measures; those without a target are points of the plot."""

MILLION = (
    _diffusion(
        100_000,
        f"ours {APPROXIMATE}",
        Target("apart", 0.01, "ours", APPROXIMATE),
        rounds=1,
    ),
    _diffusion(
        1_000_000,
        APPROXIMATE,
        Target("seconds", 3600, side=APPROXIMATE),
        Target("gib", 16, side=APPROXIMATE),
        rounds=1,
        memory_mapped=True,
    ),
)

ON_GPU = (
    _diffusion(
        100_000,
        f"{GPU} ours limit",
        Target("seconds", 10, side=GPU),  # "in seconds"
        Target("apart", 1e-8, "ours", GPU),
        rounds=3,
        once=("ours", "limit"),
    ),
)
