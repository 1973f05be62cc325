import re

from peftdiff.paths import Experiment, one_of


def test_a_wildcard_is_one_of_the_names_and_nothing_else():
    assert re.fullmatch(one_of(["lora", "vpt"]), "vpt")
    assert not re.fullmatch(one_of(["lora", "vpt"]), "noah")
    assert not re.fullmatch(one_of([]), "")


def test_tables_that_are_there(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/grid.csv").touch()
    assert Experiment(str(tmp_path)).existing_tables(["choices", "grid"]) == ["grid"]
