"""Recipes selected on held-out training images."""

import itertools
from dataclasses import replace
from operator import attrgetter

import numpy as np
import pandas as pd
import pytest

import fine_tune
import validate_recipe
from peftdiff.data.images import hold_out, write_images
from peftdiff.models.device import Setting
from peftdiff.records import read_table
from peftdiff.stages import TrainingContext
from peftdiff.stages.experiment import experiment_plans, referenced_runs
from peftdiff.stages.fine_tuning import candidate_recipes, select_recipe
from peftdiff.stages.plan import recipe_of
from peftdiff.stages.status import runs_by_stage
from peftdiff.stages.store import Run, RunStore, write_models
from tests.helpers.configuration import changed
from tests.helpers.plans import CHECKSUMS

CPU = Setting()
GRID = {"learning_rates": [1e-3, 1e-2, 5e-2], "weight_decays": [0.1, 0.0]}
TRUTH = {
    "seeds": [4, 7],
    "recipe": {
        "epochs": 7,
        "batch_size": 9,
        "learning_rate": 1e-2,
        "head_learning_rate": 2e-2,
        "weight_decay": 0.0,
        "drop_path": 0.1,
    },
    "learning_rates": {"linear": 0.1},
    "selection": {"share": 0.25, **GRID},
}
SIZES = {"lora": {"rank": 2}, "linear": {}}


def test_the_candidates_are_a_grid_around_the_configured_recipe():
    found = candidate_recipes(TRUTH, "lora")
    keys = ("learning_rate", "weight_decay", "head_learning_rate")
    assert [attrgetter(*keys)(recipe) for recipe in found] == [
        (rate, decay, pytest.approx(2 * rate))
        for rate in GRID["learning_rates"]
        for decay in GRID["weight_decays"]
    ]
    assert all(recipe.epochs == 7 for recipe in found)
    assert found[3] == recipe_of(TRUTH, "lora")
    # This method's head has a fifth of its rate.
    assert candidate_recipes(TRUTH, "linear")[0].head_learning_rate == (
        pytest.approx(1e-3 / 5)
    )


def test_without_a_rate_of_its_own_the_head_has_the_methods():
    recipe = {k: v for k, v in TRUTH["recipe"].items() if k != "head_learning_rate"}
    for candidate in candidate_recipes({**TRUTH, "recipe": recipe}, "lora"):
        assert candidate.head_learning_rate is None


def test_of_equally_good_recipes_the_first_is_taken():
    candidates = candidate_recipes(TRUTH, "lora")
    assert select_recipe(TRUTH, "lora", [50, 70, 60, 70, 70, 0]) == candidates[1]
    assert select_recipe(TRUTH, "lora", [50] * 6) == candidates[0]
    with pytest.raises(ValueError, match="longer than argument"):
        select_recipe(TRUTH, "lora", [50] * 5)


class Job:
    """The inputs of the two jobs on one task, at the smallest size."""

    def __init__(self, folder, architecture, images):
        import torch

        from peftdiff.models.vit import build_backbone

        torch.manual_seed(0)
        state = build_backbone(architecture).state_dict()
        self.backbone = {name: tensor.numpy() for name, tensor in state.items()}
        self.folder, self.architecture = folder, architecture
        self.train = images.part(slice(0, 60))
        self.test = images.part(slice(60, None))
        # Noise on the labels, so that recipes differ in accuracy.
        labels = self.train.labels.copy()
        labels[::4] = (labels[::4] + 1) % 3
        self.train = replace(self.train, labels=labels)
        write_models(self.path("backbone"), {0: Run("backbone", {}, self.backbone)})
        write_models(self.path("lora"), {0: Run("lora", {}, self.lora())})

    def path(self, name):
        return str(self.folder / f"{name}.safetensors")

    def model(self, method, seed=0, weights=None, drop_path=0.0):
        from peftdiff.stages import start_model

        return start_model(
            self.architecture,
            self.backbone,
            method,
            SIZES[method],
            seed=seed,
            weights=weights,
            drop_path=drop_path,
        )

    def lora(self):
        from peftdiff.methods import method_state

        state = method_state(self.model("lora", seed=9))
        return {name: tensor.numpy() + 0.05 for name, tensor in state.items()}

    def write(self, name, *splits):
        data = {split: getattr(self, split) for split in splits}
        pairs = {split: (d.pixels, d.labels) for split, d in data.items()}
        write_images(self.path(name), pairs, [["a", "b", "c"]])
        return self.path(name)

    def run(self, script, images, path, *, sizes=SIZES, **more):
        script.main(
            images,
            path,
            backbone_path=self.path("backbone"),
            method_paths=[self.path(method) for method in sizes if method == "lora"],
            sizes_path=None,
            names={"experiment": "test", "task": "digits", "group": "natural"},
            architecture=self.architecture,
            hyperparameters=sizes,
            truth=TRUTH,
            context=TrainingContext.prepare(
                store=str(self.folder / "runs"),
                retrain=False,
                device="cpu",
                precision="auto",
                normalization={"mean": 0.5, "std": 0.28},
            ),
            **more,
        )
        return read_table(path)

    def accuracy(self, method, rates, seed, train, test):
        """Train and measure without plans, scripts and run store."""
        from peftdiff.models.forward import accuracy
        from peftdiff.models.vit import set_head
        from peftdiff.training.loop import fit
        from peftdiff.training.recipe import Recipe
        from peftdiff.training.seeds import generator

        rate, decay = rates
        own = TRUTH["learning_rates"].get(method, 1e-2)
        chosen = {"learning_rate": rate, "weight_decay": decay}
        chosen["head_learning_rate"] = 2e-2 * (rate / own)
        weights = self.lora() if method == "lora" else None
        model = self.model(method, seed, weights, drop_path=0.1)
        set_head(model, 3, generator(seed, "head"))
        recipe = Recipe(**TRUTH["recipe"] | chosen)
        fit(model, train, recipe, seed=seed, name="by hand", setting=CPU)
        return accuracy(model, test, setting=CPU)


@pytest.fixture(scope="module")
def job(tmp_path_factory, architecture, images):
    return Job(tmp_path_factory.mktemp("selection"), architecture, images)


@pytest.fixture(scope="module")
def compared(job):
    """The table of the candidates; the job is given a file without test images."""
    images = job.write("training images alone", "train")
    return job.run(validate_recipe, images, str(job.folder / "recipe.csv"))


def test_selection_equals_a_loop_over_the_grid(job, compared):
    first, last = hold_out(job.train, 0.25)
    assert (len(first.labels), len(last.labels)) == (45, 15)
    images = job.write("images", "train", "test")
    selection = str(job.folder / "recipe.csv")
    truth = job.run(
        fine_tune, images, str(job.folder / "truth.csv"), selection_path=selection
    )
    grid = list(itertools.product(*GRID.values()))
    for method in SIZES:
        held_out = [job.accuracy(method, rates, 4, first, last) for rates in grid]
        own = compared[compared["method"] == method]
        np.testing.assert_allclose(own["accuracy"], held_out)
        assert set(own["seed"]) == {4}
        best = int(np.argmax(held_out))
        rows = truth[truth["method"] == method]
        assert rows["seed"].tolist() == [4, 7]
        assert set(rows["learning_rate"]) == {grid[best][0]}
        assert set(rows["weight_decay"]) == {grid[best][1]}
        np.testing.assert_allclose(rows["validation_accuracy"], held_out[best])
        expected = [
            job.accuracy(method, grid[best], seed, job.train, job.test)
            for seed in (4, 7)
        ]
        np.testing.assert_allclose(rows["accuracy"], expected)
    assert compared["accuracy"].nunique() > 2


def test_a_job_of_one_method_finds_the_same(job, compared):
    images = job.write("images", "train", "test")
    whole = job.run(
        fine_tune, images, str(job.folder / "whole.csv"), selection_path=None
    )
    parts = []
    for method, sizes in SIZES.items():
        own = {method: sizes}
        path = str(job.folder / f"{method}.csv")
        part = job.run(validate_recipe, images, path, sizes=own)
        expected = compared[compared["method"] == method].reset_index(drop=True)
        pd.testing.assert_frame_equal(part, expected, check_dtype=False)
        parts.append(job.run(fine_tune, images, path, sizes=own, selection_path=None))
    keys = ["method", "seed", "accuracy", "trainable_parameters"]
    found = [row for part in parts for row in part[keys].to_numpy().tolist()]
    assert found == whole[keys].to_numpy().tolist()
    assert "validation_accuracy" not in whole


SELECTED = {"ground_truth__protocol": "val_selected", "tasks": ["digits", "cells"]}
METHODS = 10  # nine and the linear probe


def fine_tunings(config, results=None, **how):
    known = {"results": results or {}, **how}
    plans = experiment_plans(config, CHECKSUMS, CPU, **known)
    return [plan for plan in plans if plan.stage == "fine_tune"]


def accuracies_of(plans):
    """Return results in which the second candidate is always the best."""
    second = changed()["ground_truth"]["selection"]["learning_rates"][1]
    return {
        plan.key: {
            "accuracy": 90.0 if plan.recipe.learning_rate == second else 50.0,
            "train_seconds": 1.0,
        }
        for plan in plans
    }


def compares(plan):
    return "validation_share" in plan.data


def test_the_main_job_has_the_selection_and_a_run_for_each_seed():
    config = changed(**SELECTED)
    plans = fine_tunings(config, studies=False)
    assert sum(map(compares, plans)) == METHODS * 2 * 3
    assert len(plans) == METHODS * 2 * (3 + 2)
    results = accuracies_of(filter(compares, plans))
    decided = fine_tunings(config, results, studies=False)
    assert len({plan.key for plan in decided}) == len(decided) == len(plans)
    chosen = [plan for plan in decided if not compares(plan)]
    assert {plan.recipe.learning_rate for plan in chosen} == {2e-2}
    assert {plan.seed for plan in chosen} == {0, 1}


def test_pruning_keeps_what_was_selected_and_what_may_yet_be():
    config = changed(**SELECTED)
    compared = [plan for plan in fine_tunings(config) if compares(plan)]
    results = accuracies_of(compared)
    undecided = referenced_runs(config, CHECKSUMS, CPU)
    decided = referenced_runs(config, CHECKSUMS, CPU, results)
    assert decided < undecided
    assert len(undecided - decided) == METHODS * 2 * 2 * (3 - 1)
    # Without one of its accuracies a method is undecided on that task.
    results.pop(compared[0].key)
    some = referenced_runs(config, CHECKSUMS, CPU, results)
    assert len(some - decided) == 2 * (3 - 1)
    # Fixed recipes keep the comparison too: choose_recipe made it.
    fixed = referenced_runs(changed(tasks=SELECTED["tasks"]), CHECKSUMS, CPU)
    assert {plan.key for plan in compared} < fixed


def test_status_counts_the_selection_and_what_follows():
    config = changed(**SELECTED)

    def counts(results):
        table = runs_by_stage(config, CHECKSUMS, CPU, results, ()).set_index("stage")
        return table.loc["fine_tune", ["runs", "done", "left"]].tolist()

    compared = [plan for plan in fine_tunings(config) if compares(plan)]
    results = accuracies_of(compared)
    assert counts({}) == [100, 0, 100]
    # Runs of a candidate that a fixed recipe has made are not taken for the selected.
    old = fine_tunings(changed(tasks=SELECTED["tasks"]), studies=False)
    made = {plan.key: {"accuracy": 1.0, "train_seconds": 1.0} for plan in old}
    assert counts(made) == [100, 0, 100]
    assert counts(results) == [100, 60, 40]
    assert counts(results | made) == [100, 100, 0]


def test_a_published_ground_truth_has_no_such_runs():
    config = changed(**SELECTED, ground_truth__source="method_papers")
    assert fine_tunings(config) == []


def test_pruning_reads_the_store(tmp_path, monkeypatch):
    import prune_runs
    from peftdiff.stages import store as runs

    config = changed(**SELECTED, device="cpu", precision="float32")
    compared = [plan for plan in fine_tunings(config) if compares(plan)]
    results = accuracies_of(compared)
    store = RunStore(tmp_path)
    for plan in compared:
        store.ensure(plan, lambda _, plan=plan: (results[plan.key], {}))
    kept = next(p for p in fine_tunings(config, results) if not compares(p))
    lost = replace(kept, recipe=compared[0].recipe)
    assert lost.key in referenced_runs(config, CHECKSUMS, CPU)
    for plan in (kept, lost):
        store.ensure(plan, lambda _: ({"accuracy": 1.0, "train_seconds": 1.0}, {}))
    monkeypatch.setattr(prune_runs, "read_checksums", lambda path: CHECKSUMS[path])
    prune_runs.main(list(CHECKSUMS), config=config, store=str(tmp_path))
    assert runs.RunStore(tmp_path).results().keys() == {*results, kept.key}
