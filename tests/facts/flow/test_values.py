"""Where values come from and where they go."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst
import pytest

from torchdet.facts.flow.uses import UseKind

from .asking import Program


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("x = a or 1\ny = x\nuse(y)", ["1", "a"]),
        ("use(1 if c else 2)", ["1", "2"]),
        ("a, (b, x) = 1, (2, 3)\nuse(x)", ["3"]),
        ("d = {'k': 1, 'l': 2}\nuse(d['k'])", ["1"]),
        ("d = {}\nd['k'] = 1\nd['l'] = 2\nuse(d['k'])", ["1"]),
        ("d = {}\nd.update(k=1)\nuse(d['k'])", ["1"]),
        ("x = []\nx.append(1)\nuse(x[0])", ["1"]),
        ("x = [1, 2]\nfor y in x:\n    use(y)", ["1", "2"]),
        ("x = [f(y) for y in z]\nuse(x[0])", ["f(y)"]),
        ("def f():\n    return 1\nuse(f())", ["1"]),
        ("def f():\n    return 1, 2\na, b = f()\nuse(b)", ["2"]),
        ("def _f(x):\n    use(x)\n_f(1)\n_f(x=2)", ["1", "2"]),
        ("def _f(x=3):\n    use(x)\n_f()", ["3"]),
        ("def f(x):\n    return x\nf(1)\nuse(f(2))", ["2"]),
        ("f = lambda x: x\nuse(f(1))", ["1"]),
        ("def f(x=1):\n    use(x)", ["1", "x=1"]),
        (
            "class A:\n    def __init__(self):\n        self.x = 1\n"
            "    def f(self):\n        use(self.x)",
            ["1"],
        ),
        (
            "class B:\n    def __init__(self):\n        self.x = 1\n"
            "class A(B):\n    def f(self):\n        use(self.x)",
            ["1"],
        ),
        ("class A:\n    x = 1\n    def f(self):\n        use(self.x)", ["1"]),
        (
            "class A:\n    def __init__(self, x):\n        self.x = x\na = A(1)\nuse(a.x)",
            ["1"],
        ),
        (
            "class A:\n    @property\n    def x(self):\n        return 1\n"
            "    def f(self):\n        use(self.x)",
            ["1"],
        ),
        (
            "p.add_argument('--device', default='cuda')\nargs = p.parse_args()\nuse(args.device)",
            ["'cuda'"],
        ),
        (
            "def make():\n    p.add_argument('--my-device', default='cuda')\n"
            "    return p.parse_args()\n"
            "def _run(args):\n    use(args.my_device)\n_run(make())",
            ["'cuda'"],
        ),
        (
            "@click.option('--device', default='cuda')\ndef main(device):\n    use(device)",
            ["'cuda'"],
        ),
        (
            "@dataclass\nclass Args:\n    device: str = 'cuda'\n"
            "parser = HfArgumentParser((Args,))\n"
            "args, = parser.parse_args_into_dataclasses()\nuse(args.device)",
            ["'cuda'"],
        ),
        (
            "@dataclass\nclass Saved:\n    a: int\n    b: int\n"
            "    @classmethod\n    def take(cls):\n        return cls(1, b=2)\n"
            "    def put(self):\n        use(self.b)",
            ["2"],
        ),
        ("root = 1\nwhile c:\n    root = root / 's'\nuse(root)", ["1", "root / 's'"]),
        ("x = f(a)\nuse(x)", ["f(a)"]),
    ],
)
def test_sources(text: str, ends: list[str]) -> None:
    program = Program(text)
    assert program.ends(program.asked()) == ends


def passes(node: cst.BaseExpression) -> Sequence[cst.BaseExpression] | None:
    """What a rule knows: ``.to()``, ``str()``, ``sorted()`` and ``/`` pass a value on."""
    if isinstance(node, cst.BinaryOperation):
        return [node.left]
    if not isinstance(node, cst.Call):
        return None
    if isinstance(node.func, cst.Attribute) and node.func.attr.value == "to":
        return [node.func.value]
    if isinstance(node.func, cst.Name) and node.func.value in {"str", "sorted"}:
        return [node.args[0].value]
    return None


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("use(str(a).to(1))", ["a"]),
        ("root = 1\nwhile c:\n    root = root / 's'\nuse(root)", ["1"]),
        ("root = root / 's'\nuse(root)", ["root"]),
    ],
)
def test_a_rule_says_what_calls_pass_on(text: str, ends: list[str]) -> None:
    program = Program(text)
    found = program.flow.sources(program.asked(), passes)
    assert sorted(program.code(each.node) for each in found.every) == ends


@pytest.mark.parametrize(
    ("text", "complete", "certain"),
    [
        ("x = 1\nuse(x)", True, True),
        ("use(1 if c else 2)", True, False),
        ("def f(x):\n    use(x)\nf(1)", False, False),
        ("def _f(x):\n    use(x)\n_f(1)", True, True),
        ("def _f(x):\n    use(x)\n_f(*y)", False, True),
        ("def _f(x=1):\n    use(x)\n_f()\ng(_f)", False, False),
        ("class A(B):\n    x = 1\n    def f(self):\n        use(self.x)", False, True),
        ("p.add_argument('--d', default=1)\nuse(p.parse_args().d)", False, False),
    ],
)
def test_says_when_there_may_be_more(text: str, complete: bool, certain: bool) -> None:
    program = Program(text)
    found = program.sources(program.asked())
    assert found.complete is complete
    assert found.every[0].certain is certain


def test_conditions_on_the_way() -> None:
    program = Program("x = 1\nif c:\n    x = 2\nuse(x if d else 3)")
    found = {
        program.code(each.node): [(program.code(b.test), b.holds) for b in each.conditions]
        for each in program.sources(program.asked()).every
    }
    assert found == {
        "1": [("d", True), ("c", False)],
        "2": [("d", True), ("c", True)],
        "3": [("d", False)],
    }


def test_the_part_of_an_unknown_value_is_told_as_a_path() -> None:
    program = Program("def f(cfg):\n    use(cfg.model['device'])")
    (end,) = program.sources(program.asked()).every
    assert program.code(end.node) == "cfg"
    assert program.code(end.expression) == "cfg.model['device']"


def test_a_circle_of_parts_ends() -> None:
    program = Program("while c:\n    x = x[0]\nuse(x)")
    assert not program.sources(program.asked()).complete


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("use(start())", [(UseKind.ARGUMENT, "use")]),
        ("x = start()\nuse(x)", [(UseKind.ARGUMENT, "use")]),
        (
            "x = start()\nuse(x)\nx = sorted(x)\nlast(x)",
            [(UseKind.ARGUMENT, "last"), (UseKind.ARGUMENT, "use")],
        ),
        ("def f():\n    return start()\nuse(f())", [(UseKind.ARGUMENT, "use")]),
        ("def f(x):\n    use(x)\nf(start())", [(UseKind.ARGUMENT, "use")]),
        ("a, b = start(), 1\nuse(a)\nlast(b)", [(UseKind.ARGUMENT, "use")]),
        ("d = {'k': start()}\nuse(d['k'])\nlast(d['l'])", [(UseKind.ARGUMENT, "use")]),
        ("x = []\nx.append(start())\nfor y in x:\n    use(y)", [(UseKind.ARGUMENT, "use")]),
        ("use(start() if c else 1)", [(UseKind.ARGUMENT, "use")]),
        ("for y in start(): pass", [(UseKind.ITERATED, "")]),
        ("start() == 1", [(UseKind.COMPARED, "")]),
        (
            "class A:\n    x = start()\n    def f(self):\n        use(self.x)\nlast(A.x)",
            [(UseKind.ARGUMENT, "last"), (UseKind.ARGUMENT, "use")],
        ),
        ("def f(x=start()):\n    use(x)", [(UseKind.ARGUMENT, "use")]),
        (
            "@dataclass\nclass A:\n    y: int\n    x: int\n    def f(self):\n        use(self.x)\n"
            "A(1, start())",
            [(UseKind.ARGUMENT, "use")],
        ),
        (
            "parser.add_argument('--x', default=start())\nargs = make(parser).parse_args()\n"
            "use(args.x)\nlast(args.y)",
            [(UseKind.ARGUMENT, "use")],
        ),
        (
            "args, rest = p.parse_known_args()\np.add_argument('-x', const=start())\nuse(args.x)",
            [(UseKind.ARGUMENT, "use")],
        ),
        (
            "@click.option('--x', default=start())\ndef f(x):\n    use(x)",
            [(UseKind.ARGUMENT, "use")],
        ),
        (
            "class A:\n    def f(self):\n        self.x = start()\n"
            "    def g(self):\n        use(self.x)",
            [(UseKind.ARGUMENT, "use")],
        ),
        (
            "class A:\n    x = start()\n    def g(self):\n        use(self.x)",
            [(UseKind.ARGUMENT, "use")],
        ),
    ],
)
def test_reaches(text: str, kinds: list[tuple[UseKind, str]]) -> None:
    program = Program(text)
    found = program.flow.reaches(program.find("start()"), passes)
    ends = [
        (each.use.kind, program.code(each.use.by.func) if isinstance(each.use.by, cst.Call) else "")
        for each in found.ends
        if not each.path
    ]
    assert sorted(ends, key=lambda end: end[1]) == kinds


def test_an_element_that_nothing_seen_puts_in() -> None:
    program = Program("x = []\nfill(x)\nuse(x[0])")
    found = program.sources(program.asked())
    assert not found.complete
    assert [program.code(each.node) for each in found.every] == ["x[0]"]
