"""Score every method's embedding of a task with every metric."""

from typing import Any

import pandas as pd

from peftdiff.embeddings import read_embedding
from peftdiff.metrics.fitting import fit_parameters
from peftdiff.metrics.scoring import join_components, score_models
from peftdiff.records import propagate_unavailable, with_columns, write_table
from peftdiff.runtime import job, params_as_kwargs


def main(
    embedding_path: str,
    scores_path: str,
    components_path: str,
    *,
    names: dict[str, str],
    metrics: dict[str, dict[str, Any]],
) -> None:
    """Write the scores, and what pool-normalized metrics combine."""
    if propagate_unavailable(embedding_path, scores_path, components_path, **names):
        return
    features, labels = read_embedding(embedding_path)
    scored = [
        score_models(
            features, labels, metric, fit_parameters(metric, parameters, labels)
        )
        for metric, parameters in metrics.items()
    ]
    scores, parts = zip(*scored, strict=True)
    write_table(
        scores_path, with_columns(pd.concat(scores, ignore_index=True), **names)
    )
    write_table(components_path, with_columns(join_components(parts), **names))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input[0],
            snakemake.output.scores,
            snakemake.output.components,
            **params_as_kwargs(snakemake.params),
        )
