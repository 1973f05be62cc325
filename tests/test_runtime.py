import errno
import logging
import warnings
from types import SimpleNamespace

import pytest
import torch

from peftdiff import runtime
from peftdiff.models.device import Setting, describe_device, resolve_setting
from peftdiff.runtime import UserError, digest, job, measure, params_as_kwargs


def test_a_digest_tells_values_apart_and_not_their_order():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 1.5})
    assert digest([0, "head"]) != digest([0, "order"])


def test_ctrl_c_ends_a_job_quietly(tmp_path, capsys):
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit) as ended, job(str(log)):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert "goes on where it was" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert capsys.readouterr() == ("", "")
    logging.captureWarnings(False)


def test_a_job_writes_its_messages_and_warnings_to_its_log(tmp_path, capsys):
    log = tmp_path / "job.log"
    with job(str(log)):
        runtime.logger.info("epoch 1/2")
        print("printed")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("a warning", UserWarning, stacklevel=1)
    text = log.read_text()
    assert "epoch 1/2" in text
    assert "printed" in text
    assert "a warning" in text
    assert capsys.readouterr() == ("", "")
    assert not runtime.logger.handlers
    logging.captureWarnings(False)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("labels hold one class"), "labels hold one class"),
        (ValueError("two\nlines"), "two lines"),
        (
            PermissionError(13, "Permission denied", "results/mini"),
            "results/mini: permission denied; free or repair that path and start again",
        ),
        (
            OSError(errno.EMFILE, "Too many open files", "models/lora.safetensors"),
            "models/lora.safetensors: too many open files; allow more of them (ulimit",
        ),
        (OSError(errno.EMFILE, "Too many open files"), "too many open files; allow"),
        (OSError(errno.ENOSPC, "No space left on device"), "no space left on device; "),
        (OSError("no image"), "no image"),
        (
            OSError(errno.EROFS, "Read-only file system", "results"),
            "results: read-only file system; run from a folder that can be written",
        ),
        (MemoryError(), "the job ran out of memory; give it more, or lower its"),
        (
            torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total"
                " capacity of 79.11 GiB"
            ),
            "the GPU ran out of memory (CUDA out of memory. Tried to allocate 2.00 GiB)"
            "; lower the batch size in the configuration, or let fewer jobs share",
        ),
        (
            RuntimeError(
                "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"
            ),
            "the GPU ran out of memory (CUDA error: CUBLAS_STATUS_ALLOC_FAILED",
        ),
    ],
)
def test_a_failure_is_one_sentence_and_an_exit_code(tmp_path, capsys, error, sentence):
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit) as caught, job(str(log)):
        raise error
    assert caught.value.code == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"Error: {sentence}")
    assert shown.count("\n") == 1
    assert "Traceback" in log.read_text()
    logging.captureWarnings(False)


def test_memory_that_torch_does_not_get_is_a_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit), job(str(tmp_path / "job.log")):
        torch.empty(2**50)
    shown = capsys.readouterr().err
    assert shown.startswith("Error: the job ran out of memory; give it more")
    logging.captureWarnings(False)


@pytest.mark.parametrize("error", [KeyError("bug"), RuntimeError("shapes differ")])
def test_a_mistake_of_ours_keeps_its_traceback(tmp_path, error):
    log = tmp_path / "job.log"
    with pytest.raises(type(error)), job(str(log)):
        raise error
    assert "Traceback" in log.read_text()
    logging.captureWarnings(False)


def test_settings_resolve_to_what_the_machine_has(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_setting("auto", "auto") == Setting("cpu", "float32")
    assert resolve_setting("cpu", "bfloat16") == Setting("cpu", "bfloat16")
    with pytest.raises(UserError, match="'device' asks for cuda"):
        resolve_setting("cuda", "auto")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda emulated: emulated)
    assert resolve_setting("auto", "auto") == Setting("cuda", "float32")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda emulated: not emulated)
    assert resolve_setting("auto", "auto") == Setting("cuda", "bfloat16")
    assert resolve_setting("cpu", "auto") == Setting("cpu", "float32")


def test_the_version_is_no_argument():
    assert params_as_kwargs({"task": "digits", "version": 3}) == {"task": "digits"}


@pytest.mark.parametrize(
    ("clock", "calls", "expected"),
    [
        ([0.03, 0.01, 0.02, 9.0], 3, 0.02),
        ([0.05, 7.0, 0.01, 9.0], 3, 0.05),
        ([0.1, 9.0], 1, 0.1),
        ([5.0, 9.0], 1, 5.0),
    ],
)
def test_short_work_is_timed_three_times(monkeypatch, clock, calls, expected):
    seconds, done = iter(clock), []
    monkeypatch.setattr(
        runtime, "Stopwatch", lambda: SimpleNamespace(seconds=lambda: next(seconds))
    )

    def work():
        done.append(len(done))
        return done[-1]

    assert measure(work) == (calls - 1, expected)
    assert len(done) == calls


def test_a_device_is_described(monkeypatch):
    assert describe_device(Setting("cpu", "float32")) == "cpu"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a fast one")
    assert describe_device(Setting("cuda", "bfloat16")) == "cuda (a fast one)"
