"""Source text: decoding as Python does it, and offsets to rows and columns."""

from __future__ import annotations

import codecs
import re
import warnings
from bisect import bisect_right
from functools import cached_property

from torchdet.model.cells import Cell
from torchdet.model.location import Location

_NEWLINE = re.compile(r"\r\n|\r|\n")
_BLANK_OR_COMMENT = re.compile(rb"^[ \t\f]*(?:#.*)?$")
# PEP 263: the declaration stands in the first or second line, alone or after white space.
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")

# Where and why these fail, each Python version says in its own way, if at all.
_VAGUE_CODECS = frozenset({"idna", "punycode", "undefined"})
_FAMILIES = {"utf-8": "utf-8", "latin-1|iso-8859-1|iso-latin-1": "iso8859-1"}


class DecodeError(ValueError):
    """The bytes of a file are not text in the encoding that they declare.

    ``row`` and ``column`` are one-based and point at the offending byte.
    """

    def __init__(self, reason: str, row: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row
        self.column = column


class EncodeError(ValueError):
    """A text cannot be given back as bytes; the message says why."""


def is_utf_16(data: bytes) -> bool:
    """Whether ``data`` begins as UTF-16 or UTF-32 does, in which no name is found as bytes."""
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


class SourceText:
    """The decoded text of one file, without its byte order mark.

    Offsets count characters of ``text``; rows and columns are one-based. A line ends at
    ``\\n``, ``\\r\\n`` or a lone ``\\r``, as in Python's own tokenizer; form feeds and other
    characters that ``str.splitlines`` breaks at do not end one.

    >>> source = SourceText.decode(b"x = 1\\ny = 2\\n")
    >>> source.location(6)
    Location(row=2, column=1, offset=6)
    >>> source.line(2)
    'y = 2'
    """

    def __init__(self, text: str, encoding: str = "utf-8", bom: bytes = b"") -> None:
        self.text = text
        self.encoding = encoding
        self.bom = bom
        self._is_reversible = True

    @classmethod
    def decode(cls, data: bytes) -> SourceText:
        """Decode ``data`` by its byte order mark or PEP 263 declaration, else as UTF-8.

        Raises ``DecodeError`` for an unknown encoding, a declaration that contradicts the byte
        order mark, bytes that the encoding does not have, and NUL characters (which Python
        refuses in source code).
        """
        if is_utf_16(data):
            raise DecodeError("UTF-16 or UTF-32, which Python does not read; save it as UTF-8")
        bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        body = data[len(bom) :]
        encoding = _declared_encoding(body) or "utf-8"
        if bom and encoding != "utf-8":
            raise DecodeError(f"a UTF-8 byte order mark contradicts the declared {encoding!r}")
        try:
            text = _decoded(body, encoding)
        except UnicodeDecodeError as error:
            row, column = _byte_position(body, error.start)
            if encoding in _VAGUE_CODECS:
                raise DecodeError(f"not {encoding}") from None
            raise DecodeError(
                f"not {encoding}: byte 0x{body[error.start]:02x} ({error.reason})", row, column
            ) from None
        except Exception:  # noqa: BLE001 -- codecs are anybody's code, and raise what they like
            raise DecodeError(f"not {encoding}") from None
        source = cls(text, encoding, bom)
        source._is_reversible = encoding == "utf-8" or _encoded(text, encoding) == body
        nul = text.find("\0")
        if nul >= 0:
            location = source.location(nul)
            raise DecodeError("source code cannot contain NUL", location.row, location.column)
        return source

    def encode(self, text: str) -> bytes:
        """Give ``text`` back as bytes in this file's encoding, byte order mark included.

        Raises ``EncodeError`` when the encoding cannot express ``text``, and when it has several
        spellings for a text, of which this file does not use the one that Python writes: bytes
        would change where nothing is edited. The same holds where ``text`` declares another
        encoding, as when a comment about one moves up to the second row.
        """
        if not self._is_reversible:
            raise EncodeError(
                f"{self.encoding} has several spellings of a text, and the file would change where "
                "nothing is edited; save it as UTF-8"
            )
        try:
            data = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            missing = ascii(error.object[error.start : error.end])
            raise EncodeError(f"{self.encoding} cannot express {missing}") from None
        except Exception:  # noqa: BLE001 -- codecs are anybody's code, and raise what they like
            raise EncodeError(f"{self.encoding} cannot express the text") from None
        if self.encoding != "utf-8" and _decoded(data, self.encoding) != text:
            raise EncodeError(f"{self.encoding} reads the text as another")
        if not self._declares_the_same(data):
            raise EncodeError(
                "a comment would come to declare another encoding, or no longer do so"
            )
        return self.bom + data

    def _declares_the_same(self, data: bytes) -> bool:
        """Whether Python reads ``data`` in this file's encoding: only two rows can declare it."""
        try:
            return (_declared_encoding(data) or "utf-8") == self.encoding
        except DecodeError:
            return False

    def with_text(self, text: str) -> SourceText:
        """The same file with another ``text``."""
        changed = SourceText(text, self.encoding, self.bom)
        changed._is_reversible = self._is_reversible
        return changed

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of a notebook; none in any other file."""
        return ()

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _NEWLINE.finditer(self.text))]

    @cached_property
    def newline(self) -> str:
        """How rows end in this text: as the first one does; ``\\n`` when there is only one."""
        match = _NEWLINE.search(self.text)
        return match.group() if match is not None else "\n"

    @property
    def row_count(self) -> int:
        """How many rows there are, the one after a last newline included."""
        return len(self._line_starts)

    def location(self, offset: int) -> Location:
        """Where the character at ``offset`` stands."""
        row = bisect_right(self._line_starts, offset)
        return Location(row, offset - self._line_starts[row - 1] + 1, offset)

    def offset(self, row: int, column: int) -> int:
        """The offset of one-based ``row`` and ``column``; the inverse of ``location``."""
        return self._line_starts[row - 1] + column - 1

    def line(self, row: int) -> str:
        """The text of one-based ``row`` without its line ending."""
        start = self._line_starts[row - 1]
        end = self._line_starts[row] if row < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


def _decoded(body: bytes, encoding: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the file's escapes, which its reader will see
        return body.decode(encoding)


def _encoded(text: str, encoding: str) -> bytes | None:
    """The bytes of ``text``; None where the codec has none, whatever it raises."""
    try:
        return text.encode(encoding)
    except Exception:  # noqa: BLE001 -- codecs are anybody's code, and raise what they like
        return None


def _declared_encoding(body: bytes) -> str | None:
    """The normalised name of the encoding that the first two lines declare, if they do."""
    for line in re.split(rb"\r\n|\r|\n", body[:4096], maxsplit=2)[:2]:
        match = _CODING.match(line)
        if match is not None:
            return _python_codec(match.group(1).decode("ascii", "replace"))
        if _BLANK_OR_COMMENT.match(line) is None:
            return None
    return None


def _python_codec(declared: str) -> str:
    """Python's name for a text encoding. Raises ``DecodeError`` when there is none."""
    # As in Python's own tokenizer, which leaves room for Emacs' "utf-8-unix".
    for name, family in _FAMILIES.items():
        if re.match(f"(?:{name})(?:-|$)", declared.lower().replace("_", "-")):
            return family
    try:
        codec = codecs.lookup(declared)
    except LookupError:
        raise DecodeError(f"unknown encoding {declared!r}") from None
    if not codec._is_text_encoding:  # hex, zip and the like turn bytes into bytes
        raise DecodeError(f"{declared!r} is not a text encoding")
    return codec.name


def _byte_position(body: bytes, index: int) -> tuple[int, int]:
    before = body[:index]
    rows = re.split(rb"\r\n|\r|\n", before)
    return len(rows), len(rows[-1]) + 1
