"""A file that is no configuration is named, with the line at fault."""

import pytest

from peftdiff.config.files import check_file
from peftdiff.runtime import UserError
from tests.helpers.configuration import OVERLAYS
from tests.helpers.project import ROOT

WRONG = [
    (b"data:\n\ttrain_images: 5\n", "line 2"),
    (b"data: {a: 1\nb: 2\n", "line 2"),
    (b"a: 1\n# caf\xe9\n", "line 2"),
    (
        b"a: 1\nb: {c: 1}\na: 2\n",
        "'a' stands twice in one mapping, in line 1 and in line 3",
    ),
    (
        b"a:\n  b: 1\n  c: 2\n  b: 3\n",
        "'b' stands twice in one mapping, in line 2 and in",
    ),
    (b'{"a": {"b": 1, "b": 2}}', "'b' stands twice in one mapping"),
    (b"", "empty"),
    (b"# nothing but a comment\n", "empty"),
    (b"- 1\n", "keys at its top level"),
    (b"text\n", "keys at its top level"),
    (b"1\n", "keys at its top level"),
    (b"a: *b\n", "line 1"),
    (b"a: \x00\n", "no valid YAML"),
]


@pytest.mark.parametrize(("content", "words"), WRONG)
def test_what_is_wrong_with_a_file_is_one_sentence(content, words, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        check_file(path)
    assert str(caught.value).startswith(f"the configuration file {path}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["gone.yaml", ""])
def test_what_is_no_file_is_named(name, tmp_path):
    with pytest.raises(UserError, match=r"cannot be read \(.*correct its name"):
        check_file(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        "a: 1\n",
        '{"a": {"b": 1}, "c": {"b": 1}}',
        "a: {b: 1}\nc: {b: 1}\n",
        "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\n",
        "true: 1\n",
    ],
)
def test_a_right_file_passes(content, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    check_file(path)


@pytest.mark.parametrize("name", ["config.yaml", *(f"configs/{o}" for o in OVERLAYS)])
def test_the_projects_own_files_pass(name):
    check_file(ROOT / name)
