"""Scripts are short: what can be tested stands above the tail."""

import pytest

from tests.helpers.project import ROOT

SCRIPTS = sorted(path.stem for path in ROOT.glob("workflow/scripts/*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_a_screenful_with_a_short_tail(name):
    text = (ROOT / "workflow/scripts" / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 90
    body, tail = text.split('if __name__ == "__main__":')
    assert "snakemake" not in body
    assert "with job(snakemake.log[0]):" in tail
