"""What was read of a user's images is told in lines and on the page."""

import pytest

from peftdiff.reporting.own_images import own_images, told
from tests.helpers.webpage import text_of

RECORD = {
    "images": {
        "cifar": {"from": {}, "images": {"train": 1000, "test": 10_000}},
        "pets": {
            "from": {"kind": "own"},
            "images": {
                "train": {"cat": 1900, "<b>dog</b>": 30},
                "test": {"cat": 95, "<b>dog</b>": 5},
            },
            "left_out": [
                {
                    "reason": "not an image",
                    "count": 7,
                    "by_class": {"": 1, "cat": 6},
                    "first": ["cat/1.txt", "cat/2.txt", "cat/3.txt", "a", "b"],
                }
            ],
            "notes": ["there are only 100 test images: add images"],
        },
    }
}


def test_a_few_lines_tell_it():
    (own,) = own_images(RECORD)
    first, second, third = told(own).splitlines()
    assert first.startswith(
        "pets: 2,030 images in 2 classes: 1,930 training images and"
    )
    assert "not an image: cat/1.txt" in second
    assert second.endswith("and 2 more.")
    assert "only 100 test images" in third
    assert own_images({}) == []


@pytest.mark.parametrize("classes", [2, 30])
def test_the_page_tells_it(whole, classes):
    record = {"images": {"pets": dict(RECORD["images"]["pets"])}}
    more = {f"class {n}": 3 for n in range(classes - 2)}
    images = record["images"]["pets"]["images"]
    record["images"]["pets"]["images"] = {k: v | more for k, v in images.items()}
    html = whole.html(record=record)
    section = html[html.index('<section id="images"') :].split("</section>")[0]
    words = text_of(section)
    assert "7 as not an image: cat/1.txt" in words
    assert "There are only 100 test images: add images." in words
    assert "<b>dog</b>" in words
    assert "<b>dog" not in section
    assert ("<details>" in section) == (classes > 20)
    assert section.count('<th scope="row"') == classes


def test_the_page_has_no_such_section_without_own_images(whole):
    assert 'id="images"' not in whole.html()
