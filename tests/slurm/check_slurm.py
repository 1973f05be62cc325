"""The smallest experiment on a real SLURM, with jobs that are cancelled and killed.

Not collected by itself, since it starts a SLURM on this machine: `make test-slurm`.
"""

import contextlib
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.helpers.working_copy import copy_of_the_project
from tests.slurm.one_node import install, one_node

CLUSTER = [
    *("--workflow-profile", "profiles/slurm", "--latency-wait", "10"),
    # There is no accounting here, and nobody is spared by asking seldom.
    *("--slurm-status-command", "squeue", "--seconds-between-status-checks", "2"),
    *("--slurm-init-seconds-before-status-checks", "3"),
]
# Jobs ask for a GPU unless the device is a CPU; torch sees none in those of this node.
# The backbone takes long enough to be caught at it.
OVERLAY = {"device": "auto", "backbone": {"recipe": {"epochs": 30}}}
FORMAT = "JobArrayID:|,State:|,MinMemory:|,tres-per-job:|,TimeLimit:|,Comment:|"
FIELDS = ("id", "state", "memory", "gpus", "limit", "comment")


def jobs():
    """Return all jobs that SLURM remembers, oldest first."""
    ask = ["squeue", "--states=all", "--array", "--noheader", "--sort=i", "-O", FORMAT]
    text = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
    found = []
    for line in text.splitlines():
        job = dict(zip(FIELDS, line.split("|"), strict=False))
        job["rule"] = job["comment"].split("_wildcards_")[0].removeprefix("rule_")
        found.append(job)
    return found


def of_rule(all_jobs, rule):
    return [job for job in all_jobs if job["rule"] == rule]


def megabytes(job):
    number, unit = float(job["memory"][:-1]), job["memory"][-1]
    return number * {"M": 1, "G": 1024}[unit]


def seconds(job):
    """Return a time limit that is printed as [days-][[hours:]minutes:]seconds."""
    days, _, clock = job["limit"].rpartition("-")
    parts = map(int, reversed(clock.split(":")))
    return 86_400 * int(days or 0) + sum(p * 60**i for i, p in enumerate(parts))


def without_cores(command):
    """Return a command without the cores of this machine: the cluster has its own."""
    return command[: command.index("--cores")]


def wait_for(condition, engine, patience=900):
    """Return what the condition gives as soon as it gives something."""
    end = time.monotonic() + patience
    while not (value := condition()):
        assert engine.poll() is None, "the engine has ended"
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return value


def written(log):
    """Return what a job has written; its log is a new one each time it is repeated."""
    with contextlib.suppress(FileNotFoundError):
        return log.read_text()
    return ""


def script_of(rule, root):
    """Return the process that runs a rule's script below a folder, or None."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or [""]
        if str(root) in words[-1] and words[-1].endswith(f".{rule}.py"):
            return process
    return None


def interfere(project, engine):
    """Cancel the backbone's job, and kill the process of a source training."""
    checkpoints = project.live / "runs"
    wait_for(lambda: any(checkpoints.glob("[!.]*.checkpoint.safetensors")), engine)
    (job,) = of_rule(jobs(), "pretrain_backbone")
    subprocess.run(["scancel", job["id"]], check=True)
    wait_for(lambda: script_of("train_method", project.root), engine).kill()


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A function that waits for a project that runs without SLURM, beside the other."""
    project = copy_of_the_project(tmp_path_factory.mktemp("local") / "a project")
    with ThreadPoolExecutor(1) as beside:
        run = beside.submit(project.run, overlay=OVERLAY)
        yield lambda: run.result() and project


@pytest.fixture(scope="module")
def node():
    """A SLURM."""
    install()
    with one_node():
        yield


@contextlib.contextmanager
def submitting(project, *options, overlay):
    """Run a project on SLURM; what is printed is in `printed.log`."""
    command = [*without_cores(project.command(overlay=overlay)), *CLUSTER, *options]
    log = project.root / "printed.log"
    with open(log, "w") as file:
        how = {"cwd": project.root, "stdout": file, "stderr": subprocess.STDOUT}
        engine = subprocess.Popen(command, **how)
        try:
            yield engine
        finally:
            engine.kill()
            engine.wait()
            print(log.read_text())


@pytest.fixture(scope="module")
def cluster(local, node, tmp_path_factory):
    """A project that ran on SLURM, with what became of its jobs."""
    project = copy_of_the_project(tmp_path_factory.mktemp("slurm") / "a project")
    with submitting(project, overlay=OVERLAY) as engine:
        interfere(project, engine)
        engine.wait(1800)
    project.jobs = jobs()
    assert engine.returncode == 0
    return project


def test_the_results_are_those_of_a_local_run(cluster, local):
    assert cluster.tables() == local().tables()
    assert cluster.runs().keys() == local().runs().keys()


def test_a_cancelled_job_goes_on_with_more_memory(cluster):
    first, second = of_rule(cluster.jobs, "pretrain_backbone")
    assert (first["state"], second["state"]) == ("CANCELLED", "COMPLETED")
    assert megabytes(second) == 2 * megabytes(first)
    log = cluster.live / "logs/pretrain_backbone/all.log"
    assert "resumed after epoch" in written(log)


def test_a_job_whose_process_is_killed_is_repeated(cluster):
    states = [job["state"] for job in of_rule(cluster.jobs, "train_method")]
    assert sorted(states) == ["COMPLETED"] * 3 + ["FAILED"]


def test_jobs_with_models_ask_for_a_gpu_and_others_do_not(cluster):
    on_gpu = {job["rule"] for job in cluster.jobs if "gpu" in job["gpus"]}
    assert on_gpu == {"pretrain_backbone", "train_method", "embed_task", "fine_tune"}
    assert {"prepare_task", "score_task"} <= {job["rule"] for job in cluster.jobs}


def test_no_other_job_fails(cluster):
    # In a job array, which the profile therefore leaves alone, others would.
    failed = [job["rule"] for job in cluster.jobs if job["state"] != "COMPLETED"]
    assert failed == ["pretrain_backbone", "train_method"]


def test_what_takes_seconds_is_no_job(cluster):
    rules = {job["rule"] for job in cluster.jobs}
    assert not {rule for rule in rules if rule.startswith(("draw_", "collect_"))}


def test_a_job_that_expires_says_so_and_goes_on_with_more_time(node, tmp_path):
    project = copy_of_the_project(tmp_path / "a project")
    endless = {"backbone": {"recipe": {"epochs": 5000}}}
    target = "results/smoke/models/backbone.safetensors"
    before = {job["id"] for job in jobs()}
    log = project.live / "logs/pretrain_backbone/all.log"

    def attempts():
        mine = [job for job in jobs() if job["id"] not in before]
        return of_rule(mine, "pretrain_backbone")

    with submitting(project, "--", target, overlay=endless) as engine:
        wait_for(lambda: "epoch  2/" in written(log), engine)
        (job,) = attempts()
        now = ["scontrol", "update", f"JobId={job['id']}", "EndTime=now"]
        subprocess.run(now, check=True)
        wait_for(lambda: "resumed after epoch" in written(log), engine)
        first, second = attempts()
        subprocess.run(["scancel", second["id"]], check=True)
    assert first["state"] == "TIMEOUT"
    assert seconds(second) == 2 * seconds(job)  # as it was before
    assert "TIMEOUT" in (project.root / "printed.log").read_text()


def test_the_profile_for_any_scheduler_submits_by_its_command(node, tmp_path):
    project = copy_of_the_project(tmp_path / "a project")
    target = "results/smoke/data/digits.safetensors"
    before = {job["id"] for job in jobs()}
    profile = ["--workflow-profile", "profiles/cluster_generic", "--latency-wait", "10"]
    subprocess.run(
        [*without_cores(project.command()), *profile, "--", target],
        cwd=project.root,
        check=True,
        timeout=600,
    )
    assert (project.root / target).exists()
    (job,) = (job for job in jobs() if job["id"] not in before)
    assert (job["state"], megabytes(job)) == ("COMPLETED", 2000)


def test_the_log_of_a_cancelled_job_is_kept(cluster):
    logs = (cluster.root / "results/slurm_logs").rglob("*.log")
    assert any("CANCELLED" in log.read_text() for log in logs)
