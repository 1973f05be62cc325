import numpy as np
import pandas as pd

from peftdiff.statistics import static_ranks, static_scores


def test_static_ranks_by_hand():
    accuracies = pd.DataFrame(
        {"lora": [90.0, 50.0, 70.0], "vpt": [80.0, 60.0, 60.0], "bitfit": [70.0] * 3},
        index=["digits", "caltech", "dsprites"],
    )
    # Ranks: digits 3 2 1, caltech 1 2 3, dsprites 2.5 1 2.5 (lora, vpt, bitfit).
    expected = [[1.75, 1.5, 2.75], [2.75, 1.5, 1.75], [2.0, 2.0, 2.0]]
    found = static_ranks(accuracies)
    np.testing.assert_allclose(found.to_numpy(), expected)
    assert list(found.index) == list(accuracies.index)
    assert list(found.columns) == list(accuracies.columns)


def test_static_ranks_never_look_at_the_task_itself():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.uniform(size=(5, 4)))
    changed = table.copy()
    changed.iloc[2] = changed.iloc[2].to_numpy()[::-1]
    before, after = static_ranks(table), static_ranks(changed)
    assert np.array_equal(before.loc[2], after.loc[2])
    assert not np.array_equal(before.loc[0], after.loc[0])


def test_static_ranks_with_gaps():
    table = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": [2.0, 1.0, 3.0]})
    found = static_ranks(table)
    assert found["a"].tolist() == [2.0, 1.0, 1.5]
    assert found["b"].tolist() == [1.0, 1.5, 1.5]
    assert static_ranks(table[:1]).isna().all(axis=None)


def test_many_tables_at_once():
    tables = np.random.default_rng(0).integers(0, 4, (6, 4, 5)).astype(float)
    tables[2, 1, 3] = np.nan
    found = static_scores(tables)
    for table, ranks in zip(tables, found, strict=True):
        expected = static_ranks(pd.DataFrame(table)).to_numpy()
        np.testing.assert_array_equal(ranks, expected)
