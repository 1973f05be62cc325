"""Shapes, textures, colors and random scalars against closed forms."""

import inspect

import numpy as np
import pytest

from peftdiff.tasks.synthetic import patterns as textures
from peftdiff.tasks.synthetic import shapes, sources
from peftdiff.tasks.synthetic.canvas import (
    blend,
    choose,
    coordinates,
    distant_colors,
    filled,
    second_tone,
    shuffled,
    sigmoid,
)
from peftdiff.tasks.synthetic.sprites import heart
from peftdiff.tasks.synthetic.texture import PATTERNS

ALL_SHAPES = shapes.SOURCE_SHAPES | shapes.UNSEEN_SHAPES | {"heart": heart}
ALL_TEXTURES = (
    textures.BACKGROUNDS | sources.SOURCE_FILLS | sources.UNSEEN_FILLS | PATTERNS
)
FINE = np.linspace(-1.5, 1.5, 601)
U, V = np.meshgrid(FINE, FINE)


def generator(seed=3):
    return np.random.Generator(np.random.PCG64(seed))


def area(inside):
    return inside.mean() * 9


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("disc", np.pi * 0.81),
        ("ellipse", np.pi * 0.96 * 0.48),
        ("triangle", 1.5 * np.sin(2 * np.pi / 3)),
        ("hexagon", 3 * np.sin(np.pi / 3)),
        ("pentagon", 2.5 * np.sin(2 * np.pi / 5)),
        ("square", 2.25),
        ("ring", np.pi * (0.92**2 - 0.48**2)),
        ("star5", np.pi * (0.7**2 + 0.3**2 / 2)),
        ("flower3", np.pi * (0.67**2 + 0.33**2 / 2)),
        ("frame", 4 * (0.8**2 - 0.44**2)),
        ("two discs", 2 * np.pi * 0.42**2),
        ("heart", 0.76**2 * (2 + np.pi / 2)),
    ],
)
def test_area(name, expected):
    inside = ALL_SHAPES[name](U, V) > 0
    assert area(inside) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("name", ALL_SHAPES)
def test_shape_lies_in_its_frame(name):
    inside = ALL_SHAPES[name](U, V) > 0
    assert area(inside) > 0.4
    assert np.hypot(U, V)[inside].max() < 1.15


def test_shapes_are_all_different():
    drawn = [(shape(U, V) > 0).tobytes() for shape in ALL_SHAPES.values()]
    assert len(set(drawn)) == len(ALL_SHAPES)
    assert not set(shapes.SOURCE_SHAPES) & set(shapes.UNSEEN_SHAPES)
    assert not set(sources.SOURCE_FILLS) & set(sources.UNSEEN_FILLS)


def test_heart_is_centered_on_its_centroid():
    inside = heart(U, V) > 0
    assert abs(U[inside].mean()) < 1e-3
    assert abs(V[inside].mean()) < 1e-3


def test_triangle_and_heart_point_up_and_down():
    assert shapes.polygon(np.zeros(2), np.array([-0.9, 0.9]), 3)[0] > 0
    assert shapes.polygon(np.zeros(2), np.array([-0.9, 0.9]), 3)[1] < 0
    assert heart(np.zeros(2), np.array([-0.9, 0.95])).tolist()[1] > 0


def one_mask(shape, x=0.0, y=0.0, radius=0.5, angle=0.0):
    values = (np.array([value]) for value in (x, y, radius, angle))
    return shapes.shape_masks([shape], np.array([0]), *values)[0]


def test_mask_is_moved_turned_and_scaled():
    mask = one_mask(shapes.SOURCE_SHAPES["L"])
    assert np.allclose(one_mask(shapes.SOURCE_SHAPES["L"], x=0.25)[:, 4:], mask[:, :-4])
    assert np.allclose(one_mask(shapes.SOURCE_SHAPES["L"], y=0.25)[4:], mask[:-4])
    # y points down, so a positive quarter turn is clockwise on the screen
    turned = one_mask(shapes.SOURCE_SHAPES["L"], angle=np.pi / 2)
    assert np.allclose(turned, np.rot90(mask, -1))
    small, large = (one_mask(shapes.disc, radius=r).sum() for r in (0.3, 0.6))
    assert large / small == pytest.approx(4, rel=0.05)
    assert large / 256 == pytest.approx(np.pi * (0.9 * 0.6) ** 2, rel=0.02)


def test_masks_pick_the_kind_of_each_row():
    kinds, zero, one = np.array([1, 0]), np.zeros(2), np.full(2, 0.6)
    masks = shapes.shape_masks(
        [shapes.disc, shapes.square], kinds, zero, zero, one, zero
    )
    assert np.array_equal(masks[0], one_mask(shapes.square, radius=0.6))
    assert np.array_equal(masks[1], one_mask(shapes.disc, radius=0.6))


@pytest.mark.parametrize("name", ALL_TEXTURES)
def test_texture_fills_the_unit_interval(name):
    fields = ALL_TEXTURES[name](generator(), *coordinates(50))
    assert fields.shape == (50, 32, 32)
    assert fields.min() >= 0
    assert fields.max() <= 1
    if name != "solid":
        assert np.median(fields.std(axis=(1, 2))) > 0.1
        assert not np.allclose(fields[0], fields[1])


def test_stripes_are_constant_across_their_direction():
    class Fixed:
        def random(self, shape):
            return np.zeros(shape)

    assert inspect.isfunction(textures.stripes)
    fields = textures.stripes(Fixed(), *coordinates(1))
    assert np.allclose(fields[0], fields[0][:1])
    assert fields[0].std(axis=1).min() > 0.2


def test_upsample_keeps_constants_and_straight_lines():
    assert np.allclose(textures.upsample(np.full((2, 5, 5), 0.3)), 0.3)
    cells = 16
    line = np.tile((2 * np.arange(cells) + 1) / cells - 1, (1, cells, 1))
    x, y = coordinates(1)
    inner = slice(4, -4)
    assert np.allclose(textures.upsample(line)[0, :, inner], x[0, :, inner])
    across = textures.upsample(line.transpose(0, 2, 1))
    assert np.allclose(across[0, inner], y[0, inner])


def test_two_nearest_against_all_distances(monkeypatch):
    points = []
    real = textures._scalars

    def record(*arguments):
        points.append(real(*arguments))
        return points[-1]

    monkeypatch.setattr(textures, "_scalars", record)
    x, y = coordinates(3)
    nearest, second = textures.two_nearest(generator(), x, y)
    spots = 1.3 * np.array([-0.8, -0.4, 0, 0.4, 0.8])
    centers = [(a, b) for a in spots for b in spots]
    distances = [
        np.hypot(x - a - dx, y - b - dy)
        for (a, b), dx, dy in zip(centers, points[::2], points[1::2], strict=True)
    ]
    ordered = np.sort(distances, axis=0)
    assert np.allclose(nearest, ordered[0])
    assert np.allclose(second, ordered[1])


def test_distant_colors_keep_their_distance():
    ground = generator().random((500, 3))
    colors = distant_colors(generator(4), ground, 0.65)
    assert np.sqrt(((colors - ground) ** 2).sum(axis=1)).min() >= 0.65
    assert colors.min() >= 0
    assert colors.max() < 1


def test_second_tone_is_another_color_in_the_cube():
    colors = generator().random((500, 3))
    tone = second_tone(colors)
    assert tone.min() >= 0
    assert tone.max() <= 1
    assert np.abs(tone.mean(axis=1) - colors.mean(axis=1)).min() > 0.25


def test_background_has_the_color_asked_for_and_a_faint_texture():
    colors = 0.2 + 0.6 * generator().random((60, 3))
    kinds = np.arange(60) % len(textures.BACKGROUNDS)
    images = textures.background(generator(), colors, kinds, (0.1, 0.1))
    assert np.abs(images - filled(colors)).max() <= 0.1 + 1e-12


def test_blend():
    below, above = filled(np.zeros((1, 3))), filled(np.ones((1, 3)))
    mask = generator().random((1, 32, 32))
    assert np.allclose(blend(below, above, mask), mask[:, None])


def test_sigmoid_does_not_overflow():
    values = np.array([-1e6, 0.0, 1e6, 1.0])
    assert sigmoid(values).tolist() == pytest.approx([0, 0.5, 1, np.e / (1 + np.e)])


def test_choose_is_uniform_and_shuffled_permutes():
    numbers = np.bincount(choose(generator(), 7, 70_000))
    assert len(numbers) == 7
    assert np.abs(numbers - 10_000).max() < 500
    order = shuffled(generator(), 20, 9)
    assert np.array_equal(np.sort(order, axis=1), np.tile(np.arange(9), (20, 1)))
    assert len(np.unique(order, axis=0)) == 20
