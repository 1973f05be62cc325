"""Small multiples: one panel per task, in groups with their names above."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from peftdiff.reporting import labels

Cell = tuple[int, int]

MOST_COLUMNS = 4


def arrange(sizes: Sequence[int], columns: int) -> list[Cell]:
    """Return the (row, column) of each panel.

    A group starts on a new row unless all of it fits into the current one.
    """
    cells: list[Cell] = []
    row, column = 0, 0
    for size in sizes:
        if column + size > columns and column > 0:
            row, column = row + 1, 0
        for _ in range(size):
            if column == columns:
                row, column = row + 1, 0
            cells.append((row, column))
            column += 1
    return cells


def best_columns(sizes: Sequence[int]) -> int:
    """Return the number of columns that leaves the fewest empty cells.

    One row if everything fits into one; otherwise two columns or more, and among equals
    the greater number.
    """
    total = sum(sizes)
    if total < MOST_COLUMNS:
        return total

    def empty_cells(columns: int) -> int:
        return (arrange(sizes, columns)[-1][0] + 1) * columns - total

    return min(range(MOST_COLUMNS, 1, -1), key=empty_cells)


def add_task_panels(
    figure: Figure,
    tasks: Mapping[str, Sequence[str]],
    columns: int,
    title_lines: int = 1,
) -> dict[str, Axes]:
    """Add one panel per task, titled with its label, and name the groups.

    Parameters
    ----------
    figure
        The figure, still empty.
    tasks
        Task slugs by group slug, both in order.
    columns
        Panels in a row.
    title_lines
        Number of lines of the titles, above which the groups' names are.

    Returns
    -------
    dict
        The panels' axes by task slug, in order.
    """
    cells = arrange([len(members) for members in tasks.values()], columns)
    rows = cells[-1][0] + 1
    grid = figure.add_gridspec(rows, columns)
    axes: dict[str, Axes] = {}
    remaining = iter(cells)
    for group, members in tasks.items():
        for position, task in enumerate(members):
            axes[task] = panel = figure.add_subplot(grid[next(remaining)])
            panel.set_title(labels.task_label(task), loc="left")
            if position == 0 and group:
                _name_group(panel, group, title_lines)
    return axes


def rows_needed(tasks: Mapping[str, Sequence[str]], columns: int) -> int:
    """Return the number of rows that :func:`add_task_panels` fills."""
    sizes = [len(members) for members in tasks.values()]
    return arrange(sizes, columns)[-1][0] + 1


def _name_group(panel: Axes, group: str, title_lines: int) -> None:
    panel.annotate(
        labels.group_label(group),
        xy=(0, 1),
        xycoords="axes fraction",
        xytext=(0, 7 + 10 * title_lines),
        textcoords="offset points",
        fontweight="bold",
        fontsize=9,
    )
