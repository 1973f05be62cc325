import numpy as np
import pandas as pd
import pytest

from peftdiff.evaluation.studies.times import NOT_RECORDED, gather_times, times_by_group
from peftdiff.reporting.pages.times import times_page

TASKS = {"digits": "natural", "svhn": "natural", "land": "specialized"}
METHODS = ("lora", "vpt")
POSTER = pd.DataFrame(
    {
        "group": ["natural", "structured", "total"],
        "peftdiff_minutes": [17.18, 28.39, 55.44],
        "fine_tuning_minutes": [3748.5, 5220, 11074.5],
        "speed_up": [218.23, 184.5, 199.77],
    }
)
MACHINE = {"system": "Linux", "architecture": "x86_64", "cores": 2, "python": "3.11"}
SECONDS = {"peftdiff": 3.0, "logme": 1.0, "tune": 600.0, "embed": 5.0, "source": 90.0}


def tables(seeds=(0, 1), tuned_seeds=(0, 1), tasks=TASKS):
    """Return scores, components, truth, embedding and source times, all round."""

    def rows(**more):
        seeds = more.pop("seeds")
        return pd.DataFrame(
            [
                {"experiment": "test", "task": task, "group": group}
                | {"method": method, "seed": seed, **more}
                for task, group in tasks.items()
                for method in METHODS
                for seed in seeds
            ]
        )

    scores = pd.concat(
        [
            rows(seeds=seeds, metric=metric, score=0.5, seconds=SECONDS[metric])
            for metric in ("peftdiff", "logme")
        ]
    )
    more = {"train_seconds": SECONDS["tune"], "device": "cuda", "epochs": 10}
    truth = rows(seeds=tuned_seeds, in_pool=True, **more)
    reference = truth.assign(method="full", in_pool=False)
    models = rows(seeds=seeds).rename(columns={"method": "model"})
    backbone = models.drop_duplicates("task").assign(model="backbone", seed=np.nan)
    embedded = pd.concat([backbone, models])
    components = embedded.assign(peftdiff_seconds=SECONDS["peftdiff"])
    embedding = embedded.assign(seconds=SECONDS["embed"], device="cuda", n_images=1000)
    source = models[["model", "seed"]].drop_duplicates()
    source = source.assign(seconds=SECONDS["source"], device="cuda")
    return scores, components, pd.concat([truth, reference]), embedding, source


def test_every_stage_of_every_model_has_a_row():
    timing = gather_times(*tables())
    counts = timing["stage"].value_counts().to_dict()
    assert counts == {
        "embed": 3 * 5,  # tasks; the backbone, two methods of two seeds
        "score:peftdiff": 3 * 5,  # normalized over the pool: the backbone, too
        "score:logme": 3 * 4,
        "fine_tune": 3 * 4,  # no reference
        "source_training": 4,
    }
    columns = ["experiment", "task", "group", "stage", "seconds", "device"]
    assert list(timing.columns)[:6] == columns
    assert timing["seconds"].notna().all()
    assert (timing["note"] == "").all()
    assert timing.set_index("stage").loc["fine_tune", "epochs"].unique() == [10]


def test_source_training_has_no_task():
    timing = gather_times(*tables())
    source = timing["stage"] == "source_training"
    assert timing.loc[source, ["task", "group"]].isna().all(axis=None)
    assert timing.loc[~source, ["task", "group"]].notna().all(axis=None)


def test_minutes_add_up():
    minutes = times_by_group(gather_times(*tables())).set_index(["metric", "group"])
    ours = minutes.loc[("peftdiff", "natural")]
    assert ours["n_tasks"] == 2
    assert ours["embedding_minutes"] == pytest.approx(2 * 5 * 5 / 60)
    assert ours["metric_minutes"] == pytest.approx(2 * 5 * 3 / 60)
    assert ours["scoring_minutes"] == pytest.approx(2 * 5 * 8 / 60)
    assert ours["fine_tuning_minutes"] == pytest.approx(2 * 4 * 600 / 60)
    assert ours["speed_up"] == pytest.approx(2 * 4 * 600 / (2 * 5 * 8))
    other = minutes.loc[("logme", "total")]
    assert other["scoring_minutes"] == pytest.approx(3 * 4 * 6 / 60)  # no backbone
    assert other["fine_tuning_minutes"] == pytest.approx(3 * 4 * 10)
    parts = minutes.loc["logme"].drop("total")["scoring_minutes"]
    assert parts.sum() == pytest.approx(other["scoring_minutes"])


def test_a_speed_up_compares_one_seed_with_one_seed():
    equal = times_by_group(gather_times(*tables()))
    more = times_by_group(gather_times(*tables(tuned_seeds=(0, 1, 2, 3))))
    np.testing.assert_allclose(more["speed_up"], equal["speed_up"])
    ratio = more["fine_tuning_minutes"] / equal["fine_tuning_minutes"]
    np.testing.assert_allclose(ratio, 2)


def test_a_task_that_was_not_fine_tuned_is_left_out():
    scores, components, truth, *more = tables()
    truth = truth[truth["task"] != "land"]
    minutes = times_by_group(gather_times(scores, components, truth, *more))
    assert set(minutes["group"]) == {"natural", "total"}
    assert set(minutes["n_tasks"]) == {2}


def test_what_was_not_recorded_is_empty_with_a_note():
    scores, components, truth, *_ = tables()
    timing = gather_times(scores, components, truth)
    lost = timing["seconds"].isna()
    assert set(timing.loc[lost, "stage"]) == {"embed", "source_training"}
    assert set(timing.loc[lost, "note"]) == {NOT_RECORDED}
    minutes = times_by_group(timing)
    assert minutes[["scoring_minutes", "speed_up"]].isna().all(axis=None)
    assert minutes[["metric_minutes", "fine_tuning_minutes"]].notna().all(axis=None)
    assert set(minutes["note"]) == {f"{NOT_RECORDED}: embedding"}


def test_one_model_that_was_not_timed_leaves_its_group_empty():
    scores, components, truth, embedding, source = tables()
    hole = (embedding["task"] == "land") & (embedding["model"] == "vpt")
    timing = gather_times(scores, components, truth, embedding[~hole], source)
    minutes = times_by_group(timing).set_index(["metric", "group"])["scoring_minutes"]
    assert minutes.isna().to_dict() == {
        (metric, group): group != "natural"
        for metric in ("peftdiff", "logme")
        for group in ("natural", "specialized", "total")
    }


def test_components_without_seconds_leave_the_backbone_empty():
    scores, components, *more = tables()
    bare = components.drop(columns="peftdiff_seconds")
    minutes = times_by_group(gather_times(scores, bare, *more)).set_index("metric")
    assert minutes.loc["peftdiff", "scoring_minutes"].isna().all()
    assert minutes.loc["logme", "scoring_minutes"].notna().all()


def test_the_tables_survive_being_written(tmp_path):
    timing = gather_times(*tables())
    timing.to_csv(tmp_path / "timing.csv", index=False)
    again = pd.read_csv(tmp_path / "timing.csv")
    pd.testing.assert_frame_equal(times_by_group(again), times_by_group(timing))
    assert page_of(again) == page_of(timing)


def page_of(timing):
    return times_page(times_by_group(timing), timing, POSTER, MACHINE)


def cells(page, row, number=0):
    lines = [line for line in page.splitlines() if line.startswith(f"| {row} ")]
    return [cell.strip() for cell in lines[number].strip("|").split("|")]


def test_the_page_has_the_posters_row_beside_ours():
    page = page_of(gather_times(*tables()))
    total = cells(page, "total")
    assert total[1:5] == ["3", "2.00", "120", "60.0x"]
    assert total[5:] == ["55.44", "11074.5", "199.77x"]
    assert cells(page, "structured")[1:5] == [""] * 4
    assert cells(page, "specialized")[5:] == [""] * 3
    assert page.index("| structured") < page.index("| total")
    assert cells(page, "logme")[1:] == ["0.800", "0.400", "1.20", "0.200", "100x"]
    assert cells(page, "(fine-tuning)")[1:4] == ["80.0", "40.0", "120"]
    assert max(map(len, page.splitlines())) <= 100


def test_the_page_says_what_the_minutes_are_for():
    page = page_of(gather_times(*tables()))
    words = " ".join(page.split())
    assert "Scored: 2 methods x 2 seeds, 1000 images a task." in words
    assert "Fine-tuned: 2 methods x 2 seeds, 10 epochs each." in words
    assert "Source training: 6.00 minutes (2 methods x 2 seeds)" in words
    assert "embedding on cuda, metrics on cpu, fine-tuning on cuda; Linux" in words
    assert "2 cores" in words
    assert "side by side" in words
    assert NOT_RECORDED not in words
    assert "other seeds on either side" not in words


def test_the_page_says_what_is_missing_or_unequal():
    scores, components, truth, *_ = tables(tuned_seeds=(0,))
    page = page_of(gather_times(scores, components, truth))
    words = " ".join(page.split())
    assert "not recorded: embed (15 of 15 models), source_training (4 of 4" in words
    assert "There are other seeds on either side" in words
    assert cells(page, "total")[2:5] == ["n/a", "60.0", "n/a"]
    assert "Source training: n/a minutes" in words
