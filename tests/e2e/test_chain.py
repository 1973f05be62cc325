"""The whole chain at smoke size, run as its user would."""

import json
import re
import shlex
import shutil
import signal
import time
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from tests.helpers.engine import call
from tests.helpers.webpage import text_of

pytestmark = pytest.mark.e2e

TRUTH = "results/smoke/parts/ground_truth/digits.csv"

COLUMNS = {
    "ground_truth": [
        *("experiment", "task", "group", "method", "in_pool", "seed", "accuracy"),
        *("epochs", "train_seconds", "trainable_parameters"),
    ],
    "scores": [
        *("experiment", "task", "group", "method", "seed", "metric", "score"),
        "seconds",
    ],
    "components": ["experiment", "task", "group", "model", "seed", "intra", "inter"],
    "correlation": [
        *("experiment", "task", "group", "metric", "weighted_tau", "n_methods"),
        *("p_value", "ci_low", "ci_high", "null_sd", "note"),
    ],
    "reliability": ["experiment", "task", "group", "seeds", "reliability", "note"],
    "summary": ["experiment", "metric", "mean_weighted_tau", "n_tasks", "null_sd"],
    "friedman": ["experiment", "metric", "mean_rank", "n_tasks", "n_metrics"],
    "nemenyi": ["experiment", "metric", "other", "rank_difference", "p_value"],
    "stability": ["experiment", "metric", "left_out", "mean_weighted_tau", "n_tasks"],
}

FIGURES = ("accuracy", "scores", "tau", "critical_difference", "diffusion_map")
STUDIES = {"ablation": 2 * 3, "grid": 2 * 8, "grid_choice": 2 * 4, "choices": 2 * 15}
STUDY_FIGURES = (
    *("ablation", "grid_curves", "grid_maps", "choices", "start_seeds"),
    *("times", "scree"),
)


def test_tables_are_complete(finished):
    tables = {
        name: pd.read_csv(finished.live / "tables" / f"{name}.csv") for name in COLUMNS
    }
    for name, columns in COLUMNS.items():
        assert list(tables[name].columns)[: len(columns)] == columns
    truth, scores = tables["ground_truth"], tables["scores"]
    pool = truth[truth["in_pool"]]
    assert len(pool) == 2 * 3 * 2  # tasks, methods, seeds
    assert set(truth.loc[~truth["in_pool"], "method"]) == {"linear", "full"}
    assert truth["accuracy"].between(0, 100).all()
    assert truth["accuracy"].nunique() > 3
    assert len(scores) == 2 * 3 * 2 * 3
    assert np.isfinite(scores["score"]).all()
    backbone = tables["components"].query("model == 'backbone'")
    assert len(backbone) == 2
    assert backbone["seed"].isna().all()
    metrics = {"peftdiff", "logme", "ncti", "static", "parameter_count", "random"}
    assert set(tables["correlation"]["metric"]) == metrics
    assert set(tables["summary"]["metric"]) == metrics
    assert set(tables["friedman"]["metric"]) == metrics - {"random"}
    assert len(tables["stability"]) == 5 * 3  # metrics and baselines, methods
    assert tables["correlation"]["ci_low"].isna().all()  # two seeds are too few


def test_figures_sheets_and_provenance_are_there(finished):
    for name in FIGURES:
        for kind in ("png", "svg"):
            assert (finished.live / "figures" / f"{name}.{kind}").stat().st_size > 5000
    for task in ("digits", "dsloc"):
        assert (finished.live / "arrays" / f"contact_sheet_{task}.png").exists()
    record = json.loads((finished.live / "tables/provenance.json").read_text())
    assert record["source_seeds"] == [0, 1]
    assert record["devices"] == ["cpu"]
    assert {"config_digest", "git_revision", "packages", "date"} <= record.keys()


def test_logs_show_one_line_per_epoch(finished):
    log = (finished.live / "logs/fine_tune/digits.log").read_text()
    lines = [line for line in log.splitlines() if "epoch" in line]
    assert len(lines) == 5 * 2 * 10  # methods and references, seeds, epochs
    assert "lora seed 0  epoch  1/10  loss" in lines[0]


def test_times_and_complexity_have_a_row_for_each_model(studied):
    tables = studied.live / "tables"
    timing = pd.read_csv(tables / "timing.csv")
    assert timing["seconds"].notna().all()
    rows = timing["stage"].value_counts()
    assert rows["embed"] == 2 * (1 + 3 * 2)  # tasks, backbone, methods and seeds
    assert rows["score:logme"] == rows["fine_tune"] == 2 * 3 * 2
    assert rows["score:peftdiff"] == rows["score:ncti"] == rows["embed"]
    assert rows["source_training"] == 3 * 2
    page = (tables / "times.md").read_text()
    assert "199.77x" in page
    assert "n/a" not in page
    complexity = pd.read_csv(tables / "complexity.csv")
    assert len(complexity) == 2 * (1 + 3 * 2 + 1)
    assert complexity["fraction_95"].between(0, 1).all()
    assert set(complexity["dimension"]) == {16}
    words = (tables / "complexity.md").read_text().split()
    assert "(a small ResNet)." in " ".join(words)


def test_the_summary_page_opens_with_the_answer(finished):
    page = (finished.live / "summary.html").read_text()
    assert "2 tasks, 3 methods and 2 seeds" in text_of(page)
    for rule in ("fine_tune", "pretrain_backbone"):  # their times, as measured
        assert f'data-text="{rule}"' in page


def test_the_command_that_the_page_names_runs_the_studies(project):
    page = (project.live / "summary.html").read_text()
    found = re.search(r'<code class="command">(.*?)</code>', page)
    engine, *arguments = shlex.split(unescape(found[1]))
    assert Path(engine).name == "snakemake"
    code, text = call(project.root, "-n", *arguments)
    assert code == 0, text
    assert "ablate_score" in text


def test_a_second_call_has_nothing_to_do(project):
    assert "Nothing to be done" in project.run()


def test_a_comment_retrains_nothing(project):
    before = project.runs()
    with open(project.root / "workflow/scripts/fine_tune.py", "a") as file:
        file.write("\n# a comment\n")
    assert "fine_tune" in project.run("--", TRUTH)
    assert project.runs() == before
    assert "epoch" not in (project.live / "logs/fine_tune/digits.log").read_text()


def test_a_new_method_trains_that_method_alone(project):
    before = project.runs()
    overlay = {"methods": ["lora", "vpt", "bitfit", "adapter"]}
    project.run("--", TRUTH, overlay=overlay)
    after = project.runs()
    assert {key: after[key] for key in before} == before
    assert len(after) - len(before) == 2 + 2  # source training, fine-tuning on one task
    truth = pd.read_csv(project.root / TRUTH)
    assert "adapter" in set(truth["method"])


def test_a_hyperparameter_retrains_its_method_and_prune_forgets_the_old_runs(project):
    before = project.runs()
    overlay = {"hyperparameters": {"lora": {"rank": 2}}}
    project.run("--", TRUTH, overlay=overlay)
    after = project.runs()
    assert {key: after[key] for key in before} == before
    assert len(after) - len(before) == 2 + 2
    project.run("prune_runs", overlay=overlay)
    left = project.runs()
    assert len(before.keys() - left.keys()) == 2 + 2 * 2  # source, two tasks
    assert after.keys() - before.keys() <= left.keys()


@pytest.mark.parametrize(
    ("section", "rule"), [("source", "train_method"), ("ground_truth", "fine_tune")]
)
def test_a_learning_rate_makes_what_it_trains_anew(project, section, rule):
    assert "Nothing to be done" in project.run("--dry-run", "--", TRUTH)
    overlay = {section: {"learning_rates": {"lora": 3.0e-3}}}
    assert rule in project.run("--dry-run", "--", TRUTH, overlay=overlay)


def test_a_new_backbone_is_trained_and_so_is_what_starts_from_it(project):
    before = project.runs()
    overlay = {"backbone": {"recipe": {"epochs": 2}}}
    project.run("--", "results/smoke/models/lora.safetensors", overlay=overlay)
    after = project.runs()
    assert {key: after[key] for key in before} == before
    assert len(after) - len(before) == 1 + 2


def test_prune_keeps_the_runs_of_the_present_configuration(studied, tmp_path):
    project = studied.copy(tmp_path / "a project")
    before = project.runs()
    project.run("prune_runs")
    assert project.runs() == before  # the CNN's among them


def test_retrain_repeats_runs_and_finds_the_same_weights(project):
    name = "models/lora.safetensors"
    before, weights = project.runs(), (project.live / name).read_bytes()
    project.run("--config", "retrain=true", "--", f"results/smoke/{name}")
    after = project.runs()
    assert after.keys() == before.keys()
    assert sum(after[key] > before[key] for key in before) == 1 + 2
    assert (project.live / name).read_bytes() == weights


def test_a_killed_run_goes_on_and_ends_with_the_same_numbers(finished, fresh):
    made = ("ground_truth", "scores", "components")  # the rest is made of these
    targets = [f"results/smoke/tables/{name}.csv" for name in made]
    engine = fresh.start("--", *targets)
    logs = fresh.live / "logs"
    for log in (logs / "pretrain_backbone/all.log", logs / "fine_tune/digits.log"):
        _wait_for(lambda log=log: log.exists() and "epoch" in log.read_text(), engine)
        # The engine dies, its job lives on as an orphan, beside the next engine's.
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        engine = fresh.start("--", *targets)
    assert engine.wait() == 0
    whole = finished.tables()
    assert fresh.tables() == {f"{name}.csv": whole[f"{name}.csv"] for name in made}
    assert fresh.runs().keys() == finished.runs().keys()
    left = [path.name for path in (fresh.live / "runs").iterdir() if path.is_file()]
    assert left == []


def test_a_killed_job_goes_on_from_its_checkpoint(project, fresh):
    """The job itself dies too: what it had reached must not be trained again."""
    target = "results/smoke/models/backbone.safetensors"
    longer = {"backbone": {"recipe": {"epochs": 30}}}
    log = fresh.live / "logs/pretrain_backbone/all.log"
    engine = fresh.start(target, overlay=longer)
    _wait_for(lambda: any(fresh.live.glob("runs/[!.]*.checkpoint.safetensors")), engine)
    processes = [*psutil.Process(engine.pid).children(recursive=True), engine]
    for process in processes:
        process.kill()
    engine.wait()
    assert not (fresh.root / target).exists()
    fresh.run(target, overlay=longer)
    assert "resumed after epoch" in log.read_text()
    project.run(target, overlay=longer)
    whole, resumed = (p.root / target for p in (project, fresh))
    assert resumed.read_bytes() == whole.read_bytes()


def test_a_job_of_the_gpu_profile_has_a_gpu_to_itself(fresh, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "no-such-gpu")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    profile = ("--workflow-profile", "profiles/gpu")
    target = "results/smoke/models/backbone.safetensors"
    fresh.run(*profile, "--", target, overlay={"device": "auto"})
    log = (fresh.live / "logs/pretrain_backbone/all.log").read_text()
    assert "on GPU no-such-gpu" in log
    locks = [path.name for path in tmp_path.glob("peftdiff-gpus-*/*.lock")]
    assert locks == ["no-such-gpu.0.lock"]


def test_the_studies_have_a_row_for_each_task_and_point(studied):
    for name, rows in STUDIES.items():
        table = pd.read_csv(studied.live / "tables" / f"{name}.csv")
        assert len(table) == rows
        assert table.groupby("task").size().tolist() == [rows // 2] * 2
        explained = table["weighted_tau"].notna() | table["note"].notna()
        assert explained.all(), name
    # Whoever scores the default setting finds the same.
    scored = pd.read_csv(studied.live / "tables" / "components.csv")
    part = pd.read_csv(studied.live / "parts" / "choices" / "digits.csv")
    default = part[part["choice"] == "default"]
    wanted = scored.loc[scored["task"] == "digits", ["intra", "inter"]]
    assert default[["intra", "inter"]].to_numpy() == pytest.approx(wanted.to_numpy())
    for name in STUDY_FIGURES:
        for kind in ("png", "svg"):
            assert (studied.live / "figures" / f"{name}.{kind}").stat().st_size > 5000


def test_cached_figures_need_neither_data_nor_torch(studied, tmp_path):
    project = studied.copy(tmp_path / "a project")
    project.run("freeze_results")
    cached = project.root / "results/cached/smoke"
    assert sum(path.stat().st_size for path in cached.rglob("*.npz")) < 1_000_000
    shutil.rmtree(project.live)
    shutil.rmtree(project.root / ".snakemake")
    # A torch that cannot be imported stands for one that is not there.
    (project.root / "workflow/torch.py").write_text("raise ImportError('no torch')\n")
    for name in ("times.md", "complexity.md"):
        assert (cached / "tables" / name).exists()
    drawn = project.run("cached_figures")
    for rule in ("fine_tune", "train_cnn", "embed_task"):
        assert rule not in drawn
    assert not project.live.exists() or not any(project.live.rglob("*.safetensors"))
    for name in (*FIGURES, *STUDY_FIGURES):
        assert (cached / "figures" / f"{name}.svg").exists()


def test_cached_results_do_not_stand_in_for_the_main_job(project):
    project.run("freeze_results")
    shutil.rmtree(project.live)
    plan = project.run("--dry-run")
    assert "pretrain_backbone" in plan


def test_the_report_holds_figures_and_contact_sheets(project):
    project.run("--report", "results/smoke/report.html")
    page = (project.live / "report.html").read_text()
    for text in (
        *("contact_sheet_digits", "diffusion maps", "weighted tau (table)"),
        *("the answer, on one page", "mean ranks of the metrics", "provenance"),
    ):
        assert text in page


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("models/lora.safetensors", "parts/ground_truth/digits.csv"),
        ("embeddings/digits.safetensors", "parts/scores/digits.csv"),
        ("data/digits.safetensors", "arrays/contact_sheet_digits.png"),
    ],
)
def test_a_cut_off_file_ends_in_one_sentence_and_no_result(project, file, target):
    path = project.live / file
    path.write_bytes(path.read_bytes()[:-10])
    printed = project.run("--", f"results/smoke/{target}", succeed=False)
    assert f"Error: results/smoke/{file} is cut off" in printed
    assert "delete it and start again" in printed
    assert not (project.live / target).exists()


def _wait_for(happened, engine):
    while not happened():
        assert engine.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
