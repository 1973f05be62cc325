from dataclasses import replace
from itertools import product

import pytest

from peftdiff.runtime import UserError
from peftdiff.stages.noah.evolution import Evolution, evolve
from peftdiff.stages.noah.space import Candidate, MutationRates, Space, parameters

TINY = Space((1, 2), (1, 2), 2)
VECTORS = [(1, 0), (2, 0), *product((1, 2), repeat=2)]
ALL = [Candidate(*vectors) for vectors in product(VECTORS, repeat=3)]
HOW = Evolution(
    population=20,
    generations=8,
    parents=4,
    mutations=8,
    crossovers=8,
    tries=10,
    parameter_limit=10**6,
    mutation=MutationRates(0.5, 0.4, 0.4),
)


def cost(candidate):
    return parameters(candidate, 4)


def hilly(candidate):
    """Prefer sizes that stand in no simple order, the modules depending on another."""
    a, lora, p = candidate
    return -abs(sum(a) - 3) - abs(lora[0] - 2 * p[1]) - (p == (2, 2)) * lora[1] - a[1]


def recorded(fitness):
    """Return a fitness and the list of what it is asked for."""
    asked = []

    def ask(candidate):
        asked.append(candidate)
        return fitness(candidate)

    return ask, asked


@pytest.mark.parametrize("limit", [10**6, 90, 70])
@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_best_of_all(seed, limit):
    fitness, asked = recorded(hilly)
    how = replace(HOW, parameter_limit=limit)
    found = evolve(TINY, how, fitness=fitness, cost=cost, seed=seed)
    allowed = [candidate for candidate in ALL if cost(candidate) <= limit]
    assert len(allowed) < len(ALL) or limit == 10**6
    top = max(map(hilly, allowed))
    assert (hilly(found.best), found.fitness) == (top, top)
    assert len(asked) == len(set(asked))
    assert set(asked) <= set(allowed)


def test_few_of_many_suffice():
    space = Space((1, 5, 10), (3, 6, 9, 12), 12)  # 10^15 candidates and more

    def fitness(candidate):
        return -sum((a - 5) ** 2 for a in candidate.adapter) - sum(candidate.lora)

    asked, count = recorded(fitness)
    how = replace(HOW, population=50, generations=15, mutations=25, crossovers=25)
    found = evolve(space, how, fitness=asked, cost=cost, seed=0)
    assert len(count) <= 50 * 16
    bests = [row["best"] for row in found.generations]
    assert bests == sorted(bests)
    # At random as many candidates do much worse.
    blind = replace(how, mutations=0, crossovers=0)
    assert (
        found.fitness > evolve(space, blind, fitness=fitness, cost=cost, seed=0).fitness
    )


def test_the_last_generation_is_ranked():
    asked = []

    def later_is_better(candidate):
        asked.append(candidate)
        return len(asked)

    found = evolve(TINY, HOW, fitness=later_is_better, cost=cost, seed=0)
    assert found.best == asked[-1]
    assert found.fitness == len(asked)
    assert found.generations[-1]["best"] == len(asked)


def test_the_fittest_so_far_are_the_parents():
    """With mutation off, a child is made of parents' vectors, the best ones' alone."""
    fitness, asked = recorded(hilly)
    how = replace(HOW, population=12, generations=1, parents=2, mutations=0)
    how = replace(how, crossovers=6)
    found = evolve(TINY, how, fitness=fitness, cost=cost, seed=3)
    first = asked[:12]
    parents = sorted(first, key=lambda c: (-hilly(c), cost(c), c))[:2]
    made = [Candidate(*v) for v in product(*zip(*parents, strict=True))]
    children = [c for c in made if c not in first]
    assert children
    assert set(asked[12 : 12 + len(children)]) == set(children)
    assert found.generations[1]["candidates"] == 12


def test_among_equals_the_smallest_wins():
    large, small = Candidate((1, 0), (2, 2), (1, 0)), Candidate((2, 0), (1, 0), (2, 0))
    assert cost(small) < cost(large)
    how = replace(HOW, generations=200, tries=100)
    found = evolve(
        TINY, how, fitness=lambda c: float(c in (large, small)), cost=cost, seed=0
    )
    assert found.best == small


def test_a_space_that_is_used_up_ends_the_search():
    fitness, asked = recorded(hilly)
    how = replace(HOW, generations=200, tries=100)
    found = evolve(TINY, how, fitness=fitness, cost=cost, seed=0)
    assert sorted(asked) == sorted(ALL)
    assert len(found.generations) < 200
    assert sum(row["candidates"] for row in found.generations) == len(ALL)


def test_the_same_seed_has_the_same_result():
    runs = [recorded(hilly) for _ in range(3)]
    for (fitness, _), seed in zip(runs, (0, 0, 1), strict=True):
        evolve(TINY, HOW, fitness=fitness, cost=cost, seed=seed)
    (_, one), (_, same), (_, other) = runs
    assert one == same
    assert one != other


def test_a_limit_below_every_candidate_is_a_sentence():
    how = replace(HOW, parameter_limit=3)
    with pytest.raises(UserError, match="at most 3 parameters; raise 'parameter_lim"):
        evolve(TINY, how, fitness=hilly, cost=cost, seed=0)
