"""Inputs of the fuzzer: small projects made of pieces of real files, and mutated."""

from __future__ import annotations

import ast
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

_LONGEST_PIECE = 60  # lines: small inputs run fast, and a fault needs few lines
_BLOCK = re.compile(rb"^```python[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TOKEN = re.compile(
    rb"(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)"
    rb"|(?P<text>\"[^\"\n]*\"|'[^'\n]*')|(?P<operator>[-+*/%=<>!&|^~@:.,()\[\]{}]+)"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A few statements of a real file, after the imports that its names come from."""

    imports: bytes
    statements: bytes

    @property
    def code(self) -> bytes:
        """The piece as a file."""
        return self.imports + self.statements


@dataclass(frozen=True, slots=True)
class Corpus:
    """The pieces, and the tokens that occur in them, by kind."""

    pieces: tuple[Piece, ...]
    tokens: dict[str, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Input:
    """Files by their name, one of which may be a configuration; ``kinds`` says what was done."""

    kinds: tuple[str, ...]
    files: dict[bytes, bytes]


def read_corpus(paths: Iterable[Path]) -> Corpus:
    """Cut the Python files, and the code blocks of Markdown, at ``paths`` into pieces."""
    pieces = sorted(
        {piece for path in paths for text in _texts(path) for piece in _pieces(text)},
        key=lambda piece: piece.code,
    )
    if not pieces:
        raise ValueError("there is no Python code at the paths")
    tokens: dict[str, dict[bytes, None]] = {}
    for piece in pieces:
        for match in _TOKEN.finditer(piece.code):
            tokens.setdefault(str(match.lastgroup), {})[match[0]] = None
    return Corpus(tuple(pieces), {kind: tuple(found) for kind, found in tokens.items()})


def _texts(path: Path) -> Iterator[bytes]:
    """The sources below the folder ``path``, or in the wheel that it is."""
    if path.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist() if name.endswith(".py"))
        return
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.suffix == ".py" and file.is_file():
            yield file.read_bytes()
        elif file.suffix == ".md" and file.is_file():
            yield from (match[1] for match in _BLOCK.finditer(file.read_bytes()))


def _pieces(text: bytes) -> Iterator[Piece]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return
    lines = text.splitlines(keepends=True)
    of_import = [each for each in body if isinstance(each, ast.Import | ast.ImportFrom)]
    imports = b"".join(_lines(lines, each) for each in of_import if b"torch" in _lines(lines, each))
    for each in body:
        statement = _lines(lines, each)
        if isinstance(each, ast.ClassDef) and statement.count(b"\n") > _LONGEST_PIECE:
            for method in each.body:
                inner = _lines(lines, method)
                if inner.count(b"\n") <= _LONGEST_PIECE:
                    yield Piece(imports, b"class C(torch.nn.Module):\n" + inner)
        elif statement.count(b"\n") <= _LONGEST_PIECE and each not in of_import:
            yield Piece(imports, statement)


def _lines(lines: list[bytes], node: ast.stmt) -> bytes:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    text = b"".join(lines[first - 1 : node.end_lineno])
    return text if text.endswith(b"\n") else text + b"\n"


# --- mutations: each takes a file and gives it back changed -------------------------------------


def _bytes(data: bytes, random: Random, _corpus: Corpus) -> bytes:
    at = random.randrange(len(data) + 1)
    to = min(len(data), at + random.randrange(1, 40))
    some = random.randbytes(random.randrange(1, 4))
    odd = random.choice([b"\0", b"\x0c", b"\x1a", b"\xff", b"\xe2\x80\xae", b"\r", b"\x1b[0m"])
    changed = [data[:at] + some + data[at:], data[:at] + data[to:], data[:at] + odd + data[at:]]
    changed += [data[:at], data[:to] + data[at:], data[:at] + some + data[at + len(some) :]]
    return random.choice(changed)


def _tokens(data: bytes, random: Random, corpus: Corpus) -> bytes:
    found = list(_TOKEN.finditer(data))
    chosen = random.sample(found, min(len(found), random.randrange(1, 5)))
    for match in sorted(chosen, key=lambda each: each.start(), reverse=True):
        if random.random() < 0.3:
            token = random.choice(found)[0]  # of this file: other uses of the same names
        else:
            token = random.choice(corpus.tokens[str(match.lastgroup)])
        data = data[: match.start()] + token + data[match.end() :]
    return data


def _rows(data: bytes, random: Random, corpus: Corpus) -> bytes:
    lines = data.splitlines(keepends=True) or [b"\n"]
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    action = random.randrange(5)
    if action == 0:
        del lines[at]
    elif action == 1:
        lines.insert(at, lines[other])
    elif action == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif action == 3:
        lines[at] = random.choice([b"    " + lines[at], lines[at].lstrip(), b"\t" + lines[at]])
    else:
        foreign = random.choice(corpus.pieces).statements.splitlines(keepends=True)
        lines.insert(at, random.choice(foreign))
    return b"".join(lines)


_AROUND = [
    b"def f(self, device=None):\n", b"if torch.cuda.is_available():\n", b"for _ in range(3):\n",
    b"while x:\n", b"with torch.no_grad():\n", b"class K:\n", b"if __name__ == '__main__':\n",
    b"async def g():\n", b"def f(x): pass\nif f:\n", b"match x:\n  case [device, *_]:\n",
]  # fmt: skip


def _statements(data: bytes, random: Random, corpus: Corpus) -> bytes:
    other = random.choice(corpus.pieces)
    if random.random() < 0.5:
        return other.imports + data + other.statements
    around = random.choice(_AROUND)
    indented = b"".join(b"    " + line for line in data.splitlines(keepends=True))
    return other.imports + around + indented


_CODECS = [
    "latin-1", "utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "cp1252", "idna", "punycode",
    "shift_jis", "iso2022_jp", "raw_unicode_escape", "unicode_escape", "cp037", "rot13", "hex",
    "base64", "undefined", "mbcs", "utf8-\u00e9", "x" * 300, "ascii",
]  # fmt: skip
_COOKIES = ["# coding: {}\n", "#!/x\n# -*- coding:{} -*-\n", "", "\n# vim: set fileencoding={} :\n"]


def _encoding(data: bytes, random: Random, _corpus: Corpus) -> bytes:
    name = random.choice(_CODECS)
    text = data.decode("utf-8", "replace") + random.choice(["", "# \u00e9\u6f22\u2028\n", "\ufeff"])
    text = random.choice(_COOKIES).format(name) + text
    action = random.randrange(4)
    if action == 0:
        ends = random.choice(["\r\n", "\r", "\f\n", "\u2028", "\x85", "\n\r"])
        return text.replace("\n", ends).encode("utf-8", "replace")
    if action == 1:
        return random.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]) + text.encode()
    try:
        return text.encode(name, "replace")
    except (LookupError, UnicodeError, TypeError, ValueError):
        return text.encode("utf-8", "surrogatepass")


def _nesting(data: bytes, random: Random, _corpus: Corpus) -> bytes:
    depth = random.choice([3, 10, 30, 100, 300]) if random.random() < 0.95 else 3000
    inner = random.choice([b"x", b"torch.zeros(1)", b'"cuda"', b"f"])
    opening, closing = random.choice(
        [(b"(", b")"), (b"[", b"]"), (b"f(", b")"), (b"{1: ", b"}"), (b"-", b""), (b"not ", b""),
         (b"x if y else ", b""), (b"lambda: ", b""), (b"torch.cat([", b"])"), (b"", b".cuda()"),
         (b"", b'.to("cuda")'), (b"", b"[0]"), (b'"cuda" + ', b""), (b"x and ", b"")]
    )  # fmt: skip
    nested = b"y = " + opening * depth + inner + closing * depth + b"\n"
    if random.random() < 0.3:
        depth = min(depth, 90)
        heads = (b" " * row + b"if torch.cuda.is_available():\n" for row in range(depth))
        nested = b"".join(heads) + b" " * depth + b'x = y.to("cuda")\n'
    elif random.random() < 0.3:
        chain = b'elif d == "cuda":\n    x.cuda()\n' * min(depth, 100)
        nested = b"if x:\n    pass\n" + chain
    return random.choice([data + nested, nested + data])


_VALUES = [
    b"true", b"1", b'"x"', b'["DET3"]', b'["["]', b"[]", b"{}", b'"../../etc"', b'["*a*a*a*a*a*b"]',
    b'"certain"', b"1979-05-27", b"nan", b'["cuda", "tpu9"]', b'"99.9"', b'"2.6"', b'[""]', b"'''",
    b'["DET"]', b'"inject"', b'"facade"', b"[[[[[[[[", b'{"a.py" = ["DET3"]}', b'["\\u0000"]',
]  # fmt: skip
_KEYS = [
    b"select", b"ignore", b"extend-select", b"exclude", b"extend-exclude", b"policy", b"severity",
    b"runtime-modules", b"facade-module", b"min-confidence", b"respect-gitignore", b"slect",
    b"target-devices", b"torch-version", b"per-file-ignores", b"a.b.c.d", b"[x]\nselect",
]  # fmt: skip


def _configuration(random: Random) -> tuple[bytes, bytes]:
    rows = [
        random.choice(_KEYS) + b" = " + random.choice(_VALUES) for _ in range(random.randrange(4))
    ]
    text = b"\n".join(rows) + b"\n"
    if random.random() < 0.2:
        at = random.randrange(len(text))
        text = text[:at] + random.randbytes(3) + text[at:]
    if random.random() < 0.3:
        return b"pyproject.toml", b"[tool.torchdet]\n" + text
    return b"torchdet.toml", text


def _name(random: Random) -> bytes:
    if random.random() < 0.3:
        kept = random.randbytes(random.randrange(1, 12)).translate(None, b"\0/")
        return b"n" + kept + b".py"
    names = [
        b"a b.py", b"-.py", b"--help.py", b"\n::error::x.py", b"\x1b[31m.py", b"caf\xc3\xa9.py",
        b"\xff.py", b"__init__.py", b"test_x.py", b"conftest.py", b"torch.py", b"train.py",
        b"setup.py", b"*.py", b"[a].py", b"a.pyi", b"a.ipynb", b"\xe2\x80\xae.py", b"%s.py",
        b"{x}.py", b"n" * 200 + b".py",
    ]  # fmt: skip
    return random.choice(names)


def _document(data: bytes, random: Random) -> tuple[bytes, bytes]:
    """A name, and ``data`` in a document of that kind."""
    if random.random() < 0.5:
        fence = random.choice([b"```", b"~~~", b"````", b"``"])
        return b"a.md", b"# Title\n\n" + fence + b"python\n" + data + b"\n" + fence + b"\ntext\n"
    rows = b"".join(b"   " + row for row in data.splitlines(keepends=True))
    return b"a.rst", b"Title\n=====\n\n.. code-block:: python\n\n" + rows + b"\n\n>>> x.cuda()\n"


def _program_configuration(random: Random) -> tuple[bytes, bytes]:
    """A name, and a configuration of a program in YAML or JSON; often a damaged one."""
    rows = [b"defaults:", b"  - model", b"trainer:", b"  accelerator: gpu", b"  devices: [0, 1]",
            b"device: cuda:0  # noqa", b"device_map: {\"\": 0}", b"x: &a [*a]",
            b"y: !!python/name:os",
            b"gpus: 1", b"_target_: a.b", b"- - - device: 'cuda'", b"{\"device\": \"cuda\",",
            b"device: " + b"[" * random.randrange(300), b"? device", b"<<: *a", b"|",
            b"\t"]  # fmt: skip
    text = b"\n".join(random.choices(rows, k=random.randrange(1, 12))) + b"\n"
    if random.random() < 0.3:
        at = random.randrange(len(text))
        text = text[:at] + random.randbytes(3) + text[at:]
    return random.choice([b"train.yaml", b"conf.yml", b"train_config.json"]), text


def _notebook(data: bytes, random: Random) -> bytes:
    """A notebook whose cells hold ``data``, with magics between them; seldom a damaged one."""
    cells: list[dict[str, object]] = []
    for part in re.split(r"\n(?=\S)", data.decode("utf-8", "replace")):
        above = random.choice(["", "", "%matplotlib inline\n", "!pip install x\n", "%%time\n"])
        source = f"{above}{part}"
        cells.append(
            {
                "cell_type": random.choice(["code", "code", "code", "markdown"]),
                "metadata": {},
                "source": source.splitlines(keepends=True) if random.random() < 0.5 else source,
            }
        )
        if cells[-1]["cell_type"] == "code":
            cells[-1] |= {"execution_count": None, "outputs": []}
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    text = json.dumps(document, indent=random.choice([None, 1]), ensure_ascii=False).encode()
    if random.random() < 0.1:
        at = random.randrange(len(text))
        text = text[:at] + random.randbytes(3) + text[at:]
    return text


_MUTATIONS: dict[str, Callable[[bytes, Random, Corpus], bytes]] = {
    "bytes": _bytes,
    "tokens": _tokens,
    "lines": _rows,
    "statements": _statements,
    "encoding": _encoding,
    "nesting": _nesting,
}
_WEIGHTS = (2, 8, 3, 5, 1, 1)


def make_input(corpus: Corpus, seed: int, number: int) -> Input:
    """The input with this number: the same one for the same corpus and seed."""
    random = Random(f"{seed}:{number}")
    data = random.choice(corpus.pieces).code
    kinds = random.choices(list(_MUTATIONS), _WEIGHTS, k=random.randrange(4))
    for kind in kinds:
        data = _MUTATIONS[kind](data, random, corpus)
    name, files = b"a.py", dict[bytes, bytes]()
    if random.random() < 0.1:
        name = _name(random)
        kinds.append("name")
    if random.random() < 0.08:
        name, data = b"a.ipynb", _notebook(data, random)
        kinds.append("notebook")
    elif random.random() < 0.06:
        name, data = _document(data, random)
        kinds.append("document")
    files[name] = data
    if random.random() < 0.06:
        other, text = _program_configuration(random)
        files[other] = text
        kinds.append("program configuration")
    if random.random() < 0.1:
        config, text = _configuration(random)
        files[config] = text
        kinds.append("configuration")
    return Input(tuple(kinds) or ("none",), files)
