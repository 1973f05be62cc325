"""The METHODS table, and how a method is attached to a vision transformer.

Adding a method is one line in the table and one module of the same name with a function
`build(model, *, generator, ...)`, whose further keywords are its hyper-parameters.
Their annotations (`peftdiff.parameters`) say what a configuration may give. The table
and `hyperparameters` are read without torch; the rest imports it when it is used.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from peftdiff.parameters import keywords

if TYPE_CHECKING:
    from peftdiff.methods.lifecycle import (
        attach,
        load_method_state,
        merge,
        method_state,
        trainable_parameters,
    )

__all__ = [
    "METHODS",
    "Method",
    "attach",
    "hyperparameters",
    "load_method_state",
    "merge",
    "method_state",
    "trainable_parameters",
]


@dataclass(frozen=True)
class Method:
    """One line of the METHODS table.

    Attributes
    ----------
    slug
        Its name in configurations, tables and file names, and its module's name.
    label
        Its name in figures.
    family
        "addition", "partial" or "unified"; "reference" for a method that is trained for
        comparison only.
    reference
        The paper that defines it.
    mergeable
        Whether it can be folded into the backbone's weights.
    """

    slug: str
    label: str
    family: str
    reference: str
    mergeable: bool = False

    @property
    def in_pool(self) -> bool:
        """Whether the method is one of those that are ranked."""
        return self.family != "reference"


def method_table(*methods: Method) -> dict[str, Method]:
    """Return methods by slug, in order; a slug given twice raises ValueError."""
    table: dict[str, Method] = {}
    for method in methods:
        if method.slug in table:
            raise ValueError(f"method '{method.slug}' is in the table twice")
        table[method.slug] = method
    return table


METHODS = method_table(
    Method("adapter", "Adapter", "addition", "Houlsby et al. 2019, ICML"),
    Method("lora", "LoRA", "partial", "Hu et al. 2022, ICLR", mergeable=True),
    Method("vpt", "VPT", "addition", "Jia et al. 2022, ECCV"),
    Method("bitfit", "BitFit", "partial", "Ben Zaken et al. 2022, ACL", mergeable=True),
    Method("convpass", "Convpass", "addition", "Jie and Deng 2022, arXiv"),
    Method("convpass_attn", "Convpass-Attn", "addition", "Jie and Deng 2022, arXiv"),
    Method("fact_tt", "FacT-TT", "partial", "Jie and Deng 2023, AAAI", mergeable=True),
    Method("fact_tk", "FacT-TK", "partial", "Jie and Deng 2023, AAAI", mergeable=True),
    Method("noah", "NOAH", "unified", "Zhang et al. 2022, arXiv"),
    Method("linear", "Linear probe", "reference", "Zhai et al. 2019", mergeable=True),
    Method("full", "Full fine-tuning", "reference", "Zhai et al. 2019", mergeable=True),
)


def hyperparameters(method: str) -> dict[str, Any]:
    """Return a method's hyper-parameters and their default values.

    Raises
    ------
    ValueError
        If there is no such method; the message lists the known ones.
    """
    if method not in METHODS:
        known = ", ".join(METHODS)
        raise ValueError(f"unknown method '{method}'; the methods are: {known}")
    taken = keywords(f"{__name__}.{method}", "build")
    return {name: keyword.default for name, keyword in taken.items()}


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from peftdiff.methods import lifecycle

    return getattr(lifecycle, name)
