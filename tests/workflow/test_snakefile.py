"""The workflow as its user meets it: plans, lint, and mistakes told in a sentence."""

import fcntl
import re
import shutil

import pytest
import yaml

from peftdiff.paths import TABLES
from peftdiff.reporting.figures import FIGURES
from tests.helpers import checkpoints, vtab
from tests.helpers.engine import call
from tests.helpers.project import ROOT


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A copy of the workflow, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("workflow") / "a project"
    folder.mkdir()
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / name, folder)
    for name in ("configs", "profiles", "workflow", "envs"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def vtab1k(at, **source):
    """Return what plans VTAB-1k with other values of the section `source`."""
    overlay = at / "overlay.yaml"
    overlay.write_text(yaml.safe_dump({"source": source}))
    return ["-n", "--configfile", "configs/vtab1k.yaml", str(overlay)]


def jobs(plan):
    """Return how often each rule stands in a dry-run's job table."""
    table = plan.split("Job stats:")[1].split("\n\n")[0].splitlines()[3:]
    return {row.split()[0]: int(row.split()[1]) for row in table}


def test_lint_finds_nothing(project):
    code, text = call(project, "--lint")
    assert code == 0, text


@pytest.mark.parametrize(
    ("arguments", "tasks", "methods"),
    [
        ([], 6, 9),
        (["--configfile", "configs/mini_long.yaml"], 8, 9),
        (["--configfile", "configs/smoke.yaml"], 2, 3),
    ],
)
def test_experiments_plan_few_coarse_jobs(project, arguments, tasks, methods):
    code, text = call(project, "-n", *arguments)
    assert code == 0, text
    counts = jobs(text)
    for rule in ("prepare_task", "embed_task", "score_task", "fine_tune"):
        assert counts[rule] == tasks
    assert counts["train_method"] == methods
    assert counts["pretrain_backbone"] == 1
    assert "validate_recipe" not in counts


def test_noahs_search_is_planned_once_where_it_is_on(project):
    smoke = ("-n", "--configfile", "configs/smoke.yaml", "--config")
    pool = "methods=[lora,noah]"
    code, text = call(project, *smoke, pool)
    assert code == 0, text
    assert "search_noah" not in jobs(text)
    for level in ("lite", "full"):
        code, text = call(project, *smoke, pool, f"noah={{search: {level}}}")
        assert code == 0, text
        assert jobs(text)["search_noah"] == 1
        assert jobs(text)["train_method"] == 2
    # The search waits for no method, and no method but noah waits for it.
    model = "results/smoke/models/{}.safetensors"
    on = (*smoke, pool, "noah={search: lite}", "--")
    assert "search_noah" in jobs(call(project, *on, model.format("noah"))[1])
    assert "search_noah" not in jobs(call(project, *on, model.format("lora"))[1])
    code, text = call(project, *smoke, "noah={search: lite}")
    assert code == 0, text
    assert "search_noah" not in jobs(text)  # noah is not in this pool


def test_vtab_1k_plans_a_download_once_and_a_job_a_task(project, tmp_path):
    overlay = ["-n", "--configfile", "configs/vtab1k.yaml"]
    code, text = call(project, *overlay)
    assert code == 0, text
    counts = jobs(text)
    assert counts["fetch_vtab"] == counts["fetch_backbone"] == 1
    assert "pretrain_backbone" not in counts
    for rule in ("prepare_vtab", "embed_task", "score_task", "fine_tune"):
        assert counts[rule] == 19
    root = vtab.make(tmp_path / "some where", vtab.ALL[:12], distinct=1)
    given = ["--config", f"data={{vtab_root: {root}}}"]
    code, text = call(project, *overlay, *given)
    assert code != 0
    assert "7 of 19 tasks are missing: clevr_dist (" in text
    assert "Traceback" not in text
    given = ["--config", f"data={{vtab_root: {root}, missing_tasks: skip}}"]
    code, text = call(project, *overlay, *given)
    assert code == 0, text
    assert "7 of 19 tasks are missing and left out: clevr_dist, dmlab," in text
    counts = jobs(text)
    assert counts["prepare_vtab"] == 12
    assert "fetch_vtab" not in counts


def test_a_file_of_weights_is_an_input_of_the_backbone(project, tmp_path):
    target = ("--", "results/vtab1k/models/backbone.safetensors")
    weights, overlay = tmp_path / "ViT.npz", tmp_path / "overlay.yaml"
    named = {"architecture": checkpoints.NAME, "image_size": checkpoints.SIZE}
    overlay.write_text(yaml.safe_dump({"backbone": named | {"weights": str(weights)}}))
    call_it = ("-n", "--configfile", "configs/vtab1k.yaml", str(overlay), *target)
    code, text = call(project, *call_it)
    assert code != 0
    assert f"config key 'backbone.weights' is {weights}, which does not exist" in text
    weights.touch()
    code, text = call(project, *call_it)
    assert code != 0
    assert "(config key 'backbone.weights') is cut off or no .npz file" in text
    checkpoints.save_npz(checkpoints.tiny(), weights)
    code, text = call(project, *call_it)
    assert code == 0, text
    assert jobs(text).keys() == {"fetch_backbone", "total"}


def test_drawn_tasks_do_not_fit_a_large_backbone(project, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    vit = "{architecture: vit_base_patch16_224.orig_in21k, image_size: 224}"
    overlay.write_text(f"backbone: {vit}")
    code, text = call(project, "-n", "--configfile", str(overlay))
    assert code != 0
    assert "config key 'tasks' has digits, texture," in text
    assert "Traceback" not in text


def test_a_published_ground_truth_plans_no_fine_tuning(project):
    overlay = ["-n", "--configfile", "configs/vtab1k.yaml", "--config"]
    truth = "ground_truth={source: osu_unified_study}"
    code, text = call(project, *overlay, truth)
    assert code == 0, text
    assert (
        "the published ground truth (OSU's unified study) lacks 2 of 9 methods"
        " (convpass_attn, noah)" in text
    )
    counts = jobs(text)
    assert counts["take_published_truth"] == counts["collect_truth"] == 1
    assert counts["train_method"] == 9
    assert counts["embed_task"] == 19
    assert not counts.keys() & {"fine_tune", "validate_recipe"}


@pytest.mark.parametrize(("job", "count"), [("task", 2), ("method", 2 * 5)])
def test_fine_tuning_is_a_job_a_task_or_a_job_a_method(project, job, count):
    smoke = ("-n", "--configfile", "configs/smoke.yaml", "--config")
    code, text = call(project, *smoke, f"ground_truth={{job: {job}}}")
    assert code == 0, text
    assert jobs(text)["fine_tune"] == count
    assert "validate_recipe" not in jobs(text)
    whom = {"task": "every method", "method": "linear"}[job]
    assert f"Fine-tune {whom} on digits" in text
    selected = f"ground_truth={{job: {job}, protocol: val_selected}}"
    code, text = call(project, *smoke, selected)
    assert code == 0, text
    assert jobs(text)["fine_tune"] == jobs(text)["validate_recipe"] == count


@pytest.mark.parametrize(
    ("overlay", "sentence"),
    [
        (
            [],
            "config key 'ground_truth.source' is 'osu_unified_study', a table that"
            " shares no task with the experiment: it has",
        ),
        (
            [
                "tasks=[cifar,digits]",
                "figures={map_task: cifar}",
                "methods=[lora,noah]",
            ],
            "a table that shares only the method lora with the experiment: it has",
        ),
        (
            ["tasks=[cifar,digits]", "figures={map_task: digits}"],
            "config key 'figures.map_task' is 'digits', on which the published",
        ),
        (["ground_truth={source: osu}"], "config key 'ground_truth.source' is 'osu'"),
    ],
)
def test_a_published_ground_truth_that_does_not_fit_is_a_sentence(
    project, overlay, sentence
):
    given = ["ground_truth={source: osu_unified_study}", *overlay]
    code, text = call(project, "-n", "--config", *given)
    assert code != 0
    assert sentence in " ".join(text.split())
    assert "Traceback" not in text


def test_vtab_1k_takes_its_source_from_the_hub_or_a_folder(project, tmp_path):
    empty = "'source.folder' and 'source.hub' are empty: methods are trained on"
    code, text = call(project, *vtab1k(tmp_path))
    assert code == 0, text
    assert empty not in text
    assert jobs(text)["fetch_source"] == jobs(text)["prepare_source_folder"] == 1
    assert "prepare_sources" not in jobs(text)  # nothing is pre-trained here
    recorded = text.split("Record what the tables come from")[1].split("Job ")[0]
    assert "results/vtab1k/data/source.safetensors" in recorded
    code, text = call(project, *vtab1k(tmp_path, folder=str(tmp_path)))
    assert code == 0, text
    assert empty not in text
    assert jobs(text)["prepare_source_folder"] == 1
    assert not {"fetch_source", "prepare_sources"} & jobs(text).keys()


@pytest.mark.parametrize(
    ("source", "key"), [({"shots": None}, "shots"), ({"hub": None}, "folder")]
)
def test_a_source_that_cannot_be_is_a_sentence(project, tmp_path, source, key):
    code, text = call(project, *vtab1k(tmp_path, **source))
    assert code != 0
    assert f"Error: config key 'source.{key}' is null" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("key", ["source.folder", "data.vtab_root"])
def test_what_is_given_and_is_not_there_is_named(project, key):
    section, _, name = key.partition(".")
    code, text = call(project, "-n", "--config", f"{section}={{{name}: nowhere}}")
    assert code != 0
    assert f"config key '{key}' is nowhere, which does not exist; correct it" in text
    assert "Traceback" not in text


def test_gpus_that_nothing_counts_are_warned_of(project, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    warning = "nothing counts this machine's GPUs"
    for given, warned in [
        ([], True),
        (["--resources", "gpu=1"], False),
        (["--config", "device=cpu"], False),
    ]:
        code, text = call(project, "-n", *given)
        assert code == 0, text
        assert (warning in text) == warned


def test_images_of_the_hub_are_drawn_once_for_all_that_choose_the_same(
    project, tmp_path
):
    def fetched(experiment="vtab1k", **source):
        how = vtab1k(tmp_path, **source)
        target = f"results/{experiment}/data/source.safetensors"
        named = ("--config", f"experiment={experiment}", "--", target)
        code, text = call(project, *how, *named)
        assert code == 0, text
        assert jobs(text).keys() == {"fetch_source", "prepare_source_folder", "total"}
        return set(re.findall(r"results/downloads/sources/[^ ,]+/source.json", text))

    first = fetched()
    assert len(first) == 1
    assert fetched("another", stored_size=300, seeds=[0]) == first
    others = [{"shots": 8}, {"draw_seed": 1}, {"hub": {"revision": "v2"}}]
    assert len(first.union(*(fetched(**other) for other in others))) == 4


def test_own_tasks_plan_beside_the_others(project, tmp_path):
    given = ["--configfile", "configs/smoke.yaml", "--config"]
    own = f"data={{image_folders: {{mine: {tmp_path}}}}}"
    code, text = call(project, "-n", *given, own, "tasks=[digits,mine]")
    assert code == 0, text
    counts = jobs(text)
    assert counts["prepare_task"] == counts["prepare_image_folder"] == 1
    own = own.replace(str(tmp_path), str(tmp_path / "nowhere"))
    code, text = call(project, "-n", *given, own, "tasks=[digits,mine]")
    assert code != 0
    assert "nowhere does not exist); add them, take them off config key" in text


def test_studies_plan_one_job_a_task_and_are_no_part_of_the_main_job(project):
    smoke = ("-n", "--configfile", "configs/smoke.yaml")
    code, text = call(project, *smoke, "--", "studies")
    assert code == 0, text
    counts = jobs(text)
    for rule in ("search_grid", "compare_choices", "fine_tune"):
        assert counts[rule] == 2
    once = ("ablate_score", "correlate_grid", "correlate_choices", "compare_times")
    for rule in (*once, "train_cnn", "measure_complexity"):
        assert counts[rule] == 1
    drawn = {rule for rule in counts if rule.startswith("draw_")}
    assert drawn == {
        *("draw_ablation", "draw_grid_curves", "draw_grid_maps", "draw_choices"),
        *("draw_start_seeds", "draw_times", "draw_scree"),
    }
    main = jobs(call(project, *smoke)[1])
    assert not main.keys() & {"search_grid", "compare_choices", "ablate_score"}
    assert not main.keys() & {"compare_times", "train_cnn", "measure_complexity"}


def test_every_figure_of_the_table_has_its_rule(project):
    code, text = call(project, "--list-rules")
    assert code == 0, text
    drawn = {word for word in text.split() if word.startswith("draw_")}
    assert drawn == {"draw_contact_sheet", *(f"draw_{name}" for name in FIGURES)}


def test_a_new_figure_is_a_file_and_a_line(project):
    folder = project / "workflow/peftdiff/reporting/figures"
    table = (folder / "__init__.py").read_text()
    line = '        FigureEntry("ranks", "a new figure", ("friedman",)),\n    ]'
    (folder / "ranks.py").write_text("from .critical_difference import draw\n")
    (folder / "__init__.py").write_text(table.replace("    ]", line, 1))
    caption = project / "workflow/report/ranks.rst"
    caption.write_text("What it shows.\n")
    tables = project / "results/cached/mini/tables"
    tables.mkdir(parents=True)
    shutil.copy(ROOT / "results/cached/mini/tables/friedman.csv", tables)
    (tables / "provenance.json").write_text("{}")
    target = "results/cached/mini/figures/ranks.svg"
    planned = jobs(call(project, "-n", "--configfile", "configs/smoke.yaml")[1])
    code, text = call(project, "--cores", "1", "--", target)
    drawn = (project / target).exists()
    (folder / "__init__.py").write_text(table)
    (folder / "ranks.py").unlink()
    caption.unlink()
    shutil.rmtree(project / "results/cached")
    assert code == 0, text
    assert drawn
    assert planned["draw_ranks"] == 1


def test_a_cnn_that_timm_has_trained_needs_no_images(project):
    smoke = ("-n", "--configfile", "configs/smoke.yaml")
    fetched = ("--config", "studies={cnn: {architecture: resnet152.a1_in1k}}")
    target = ("--", "results/smoke/models/cnn.safetensors")
    assert jobs(call(project, *smoke, *target)[1])["prepare_sources"] == 1
    code, text = call(project, *smoke, *fetched, *target)
    assert code == 0, text
    assert jobs(text).keys() == {"train_cnn", "total"}


def test_a_cached_study_that_is_missing_says_who_makes_it(project):
    tables = project / "results/cached/smoke/tables"
    tables.mkdir(parents=True)
    (tables / "provenance.json").write_text("{}")
    (tables / "ablation.csv").write_text("")
    figures = "results/cached/smoke/figures"
    code, text = call(project, "-n", f"{figures}/ablation.png")
    assert code == 0, text
    code, text = call(project, "-n", f"{figures}/choices.png")
    shutil.rmtree(project / "results/cached")
    assert code != 0
    assert "results/cached/smoke/tables/choices.csv is missing" in text
    assert "'studies' and then 'freeze_results' make it" in text


def test_a_page_is_made_of_the_studies_that_are_there(project):
    tables = project / "results/cached/smoke/tables"
    tables.mkdir(parents=True)
    for name in TABLES:
        (tables / f"{name}.csv").touch()
    (tables / "provenance.json").write_text("{}")
    (tables.parent / "arrays").mkdir()
    (tables.parent / "arrays/diffusion_map.npz").touch()
    before = jobs(call(project, "-n", "cached_pages")[1])
    (tables / "timing.csv").touch()  # a table without a figure of its own
    (tables / "ablation.csv").touch()
    code, text = call(project, "-n", "cached_pages")
    shutil.rmtree(project / "results/cached")
    assert code == 0, text
    assert before["write_summary"] == jobs(text)["write_summary"] == 1
    assert "draw_ablation" not in before
    assert jobs(text)["draw_ablation"] == 1
    assert "fine_tune" not in jobs(text)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("taks=[]", "the configuration has an unknown key 'taks'"),
        ("methods=[lora,lorra]", "config key 'methods' has 'lorra'"),
        ("methods=[]", "config key 'methods' is []"),
        ("device=tpu", "config key 'device' is 'tpu'"),
        ("source={images: 5}", "config key 'source.images' is '5' (which is text"),
    ],
)
@pytest.mark.parametrize("quiet", [[], ["--quiet", "all"]])
def test_a_mistake_in_the_configuration_is_a_sentence(project, change, sentence, quiet):
    code, text = call(project, "-n", *quiet, "--config", change)
    assert code == 1
    (line,) = [line for line in text.splitlines() if line.startswith("Error")]
    assert text.splitlines()[-1] == line  # nothing of the engine's follows
    assert line.startswith(f"Error: {sentence}")
    assert "Traceback" not in text


NAMED = {"backbone": {"architecture": "vit_base_patch14_dinov2.lvd142m"}}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            ["a: 1\na: 2\n"],
            "the configuration file ../a0.yaml: the key 'a' stands twice",
        ),
        (["configs/vtab1k.yaml", NAMED | {"methods": ["lora", "noah"]}], None),
        (
            ["configs/vtab1k.yaml", {"backbone": {"image_size": 225}}],
            "config key 'backbone.image_size' is 225; it must be a multiple of 16",
        ),
        (
            [
                "configs/vtab1k.yaml",
                {"backbone": {"architecture": "resnet50.a1_in1k"}},
            ],
            "config key 'backbone.architecture' is 'resnet50.a1_in1k', which is no",
        ),
        (
            ["configs/vtab1k.yaml", {"hyperparameters": {"lora": {"rank": 769}}}],
            "config key 'hyperparameters.lora.rank' is 769, but the backbone's",
        ),
    ],
)
def test_what_files_say_is_checked_before_anything_runs(project, files, sentence):
    given = []
    for place, content in enumerate(files):
        given.append(content)
        if not str(content).startswith("configs"):
            given[-1] = f"../a{place}.yaml"
            text = content if isinstance(content, str) else yaml.safe_dump(content)
            (project / given[-1]).write_text(text)
    code, text = call(project, "-n", "--configfile", *given)
    assert (code == 0) == (sentence is None), text
    assert "Traceback" not in text
    if sentence:
        (line,) = [line for line in text.splitlines() if line.startswith("Error")]
        assert line.startswith(f"Error: {sentence}")


def test_a_grid_beyond_the_images_stops_the_studies_alone(project, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("studies: {grid: {neighbors: [4, 161]}}")
    files = ["--configfile", "configs/smoke.yaml", str(overlay)]
    code, text = call(project, "-n", *files)
    assert code == 0, text
    code, text = call(project, "-n", "studies", *files)
    assert code == 1
    (line,) = [line for line in text.splitlines() if line.startswith("Error")]
    assert text.splitlines()[-1] == line
    assert line.startswith(
        "Error: config key 'studies.grid.neighbors' is 161, but only"
    )


def test_a_results_folder_that_is_a_file_is_named(project):
    results = project / "results"
    shutil.rmtree(results, ignore_errors=True)
    results.write_text("not a folder")
    code, text = call(project, "-n")
    results.unlink()
    assert code != 0
    assert "the results folder results cannot be written" in text
    assert "Traceback" not in text


def test_a_stale_lock_is_cleared_and_a_living_one_respected(project):
    locks = project / ".snakemake" / "locks"
    target = "results/smoke/data/digits.safetensors"
    arguments = ["--cores", "1", "--configfile", "configs/smoke.yaml", "--", target]
    locks.mkdir(parents=True, exist_ok=True)
    stale = locks / "0.output.lock"
    stale.write_text(f"{target}\n")
    with open(project / ".snakemake" / "alive", "w") as alive:
        fcntl.flock(alive, fcntl.LOCK_SH)  # as another, living engine would
        code, text = call(project, *arguments)
        assert code != 0
        assert "LockException" in text or "locked" in text
        assert stale.exists()
    code, text = call(project, *arguments)
    assert code == 0, text
    assert (project / target).exists()
    assert not stale.exists()
