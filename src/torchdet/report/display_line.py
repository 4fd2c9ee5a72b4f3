"""A line of source code as a terminal shows it: tabs, wide characters, control characters."""

from __future__ import annotations

from dataclasses import dataclass

from torchdet.report.characters import COMMAND, printable

TAB_WIDTH = 4
_HIDDEN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class DisplayLine:
    """The text to print, and where each character of the source stands in it.

    ``cells[i]`` is what the source's character ``i`` prints, ``columns[i]`` the zero-based
    terminal column at which it begins; ``columns`` has one entry more, for the end of the line.
    """

    cells: tuple[str, ...]
    columns: tuple[int, ...]

    @property
    def width(self) -> int:
        """How many terminal columns the line takes."""
        return self.columns[-1]

    def column(self, index: int) -> int:
        """The terminal column of the source's character ``index``; the end for those beyond."""
        return self.columns[max(0, min(index, len(self.columns) - 1))]

    def crop(self, window: Window) -> str:
        """The part inside ``window``, with an ellipsis where something was cut off."""
        if window.whole:
            return "".join(self.cells)
        shown = [
            cell
            if begin >= window.left and end <= window.right
            else " " * (min(end, window.right) - max(begin, window.left))
            for cell, begin, end in zip(self.cells, self.columns, self.columns[1:], strict=False)
            if begin < window.right and end > window.left
        ]
        before = ("…" if self.width else " ") if window.left else ""
        return f"{before}{''.join(shown)}{'…' if self.width > window.right else ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Window:
    """The terminal columns from ``left`` up to, not including, ``right``, of lines too long."""

    left: int = 0
    right: int = 0

    @property
    def whole(self) -> bool:
        """Whether lines are shown from end to end."""
        return self.right == 0

    def place(self, column: int) -> int:
        """Where ``column`` is printed; columns outside go to the nearest edge."""
        if self.whole:
            return column
        shift = self.left - 1 if self.left else 0
        return max(self.left, min(column, self.right)) - shift


def display_line(text: str) -> DisplayLine:
    """Lay out one line of source.

    A tab goes to the next multiple of four; control characters, lone surrogates and those that
    turn the direction of writing or that nobody sees print as a replacement character, and so does
    the beginning of what a CI service would obey: source code cannot steer what shows it.
    """
    if text.isascii() and text.isprintable() and COMMAND.search(text) is None:
        return DisplayLine(tuple(text), tuple(range(len(text) + 1)))
    cells = []
    columns = [0]
    commands = {match.start() for match in COMMAND.finditer(text)}
    for index, character in enumerate(text):
        cell, width = _cell(character, columns[-1])
        if index in commands:
            cell, width = _HIDDEN, 1
        cells.append(cell)
        columns.append(columns[-1] + width)
    return DisplayLine(tuple(cells), tuple(columns))


def _cell(character: str, column: int) -> tuple[str, int]:
    if character == "\t":
        width = TAB_WIDTH - column % TAB_WIDTH
        return " " * width, width
    if character < " ":
        return chr(0x2400 + ord(character)), 1  # the control pictures: ␌ for a form feed
    if printable(character) != character:
        return _HIDDEN, 1
    return character, max(0, _width(character))


def _width(character: str) -> int:
    if character.isascii():
        return 1
    from wcwidth import wcwidth  # its tables take longer to load than most reports to write

    return wcwidth(character)


def window_around(column: int, end: int, width: int, limit: int) -> Window:
    """A window of ``limit`` columns on lines of ``width``, so that ``column`` is in sight.

    It begins at the left edge when the text up to ``end`` fits in there.
    """
    if width <= limit:
        return Window()
    if end <= limit:
        return Window(0, limit)
    left = max(0, column - limit // 4)
    return Window(left, left + limit)
