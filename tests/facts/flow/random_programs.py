"""Small random programs that note, when they run, which definition each use has seen.

``D(7)`` makes a value that remembers its definition, ``U(3, x)`` notes which value use 3 has got,
``C(5)`` is a coin that notes its outcome, ``E(2)`` may raise.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

NAMES = ("a", "b", "c")


class Boom(Exception):
    """What a program of this kind raises and catches."""


class Stop(BaseException):
    """The program has run long enough."""


@dataclass(slots=True)
class Observed:
    """What one run has noted: (use, definition) pairs, and coins that lie for a use."""

    pairs: set[tuple[int, int]] = field(default_factory=set)
    coins_at: list[tuple[int, dict[int, bool]]] = field(default_factory=list)
    unbound_on_row: int | None = None


class Writer:
    """Writes one program."""

    def __init__(self, rng: random.Random, *, branches: bool = True) -> None:
        self._rng = rng
        self._branches = branches
        self._lines: list[str] = []
        self._number = 0
        self._functions = 0
        self._in_class = False

    def program(self) -> str:
        self._block(0, 4, loop=False, function=False)
        self._lines.append(f"U({self._next()}, {self._name()})")
        return "\n".join(self._lines) + "\n"

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _name(self) -> str:
        return self._rng.choice(NAMES)

    def _emit(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)

    def _block(self, depth: int, size: int, *, loop: bool, function: bool) -> None:
        for _ in range(self._rng.randint(1, size)):
            self._statement(depth, loop=loop, function=function)

    def _statement(self, depth: int, *, loop: bool, function: bool) -> None:
        kinds = ["assign", "use", "assign", "use", "augment", "unpack", "walrus"]
        if self._branches:
            kinds += ["del", "short", "ternary", "raise?"]
            if not self._in_class:
                kinds += ["comprehension"]  # a walrus in one is no syntax in a class body
            if depth < 4:
                kinds += ["if", "if", "while", "for", "try", "try", "finally", "match", "with"]
            if depth < 2 and self._functions < 3:
                kinds += ["function", "class"]
            if loop:
                kinds += ["break", "continue"]
            if function:
                kinds += ["return"]
        getattr(self, "_" + self._rng.choice(kinds).strip("?"))(depth, loop, function)

    def _assign(self, depth: int, *_: bool) -> None:
        self._emit(depth, f"{self._name()} = D({self._next()})")

    def _use(self, depth: int, *_: bool) -> None:
        self._emit(depth, f"U({self._next()}, {self._name()})")

    def _augment(self, depth: int, *_: bool) -> None:
        self._emit(depth, f"{self._name()} += D({self._next()})")

    def _unpack(self, depth: int, *_: bool) -> None:
        self._emit(depth, f"({self._name()}, [*{self._name()}]) = P({self._next()})")

    def _walrus(self, depth: int, *_: bool) -> None:
        self._emit(depth, f"U({self._next()}, ({self._name()} := D({self._next()})))")

    def _del(self, depth: int, *_: bool) -> None:
        self._emit(depth, f"del {self._name()}")

    def _raise(self, depth: int, *_: bool) -> None:
        self._emit(depth, f"E({self._next()})")

    def _short(self, depth: int, *_: bool) -> None:
        word = self._rng.choice(["and", "or"])
        use = f"U({self._next()}, {self._name()})"
        self._emit(depth, f"C({self._next()}) {word} (not C({self._next()})) {word} {use}")

    def _ternary(self, depth: int, *_: bool) -> None:
        uses = [f"U({self._next()}, {self._name()})" for _ in range(2)]
        self._emit(depth, f"{uses[0]} if C({self._next()}) else {uses[1]}")

    def _comprehension(self, depth: int, *_: bool) -> None:
        name, inner = self._name(), self._name()
        bound = f"({inner} := D({self._next()}))" if inner != name else "0"
        text = f"[(U({self._next()}, {self._name()}), {bound}) for {name} in "
        text += f"L({self._next()}) if C({self._next()})]"
        self._emit(depth, text)

    def _if(self, depth: int, loop: bool, function: bool) -> None:
        test = f"C({self._next()})"
        if self._rng.random() < 0.4:
            word = self._rng.choice(["and", "or"])
            test = f"{test} {word} not C({self._next()})"
        self._emit(depth, f"if {test}:")
        self._block(depth + 1, 2, loop=loop, function=function)
        if self._rng.random() < 0.4:
            self._emit(depth, f"elif C({self._next()}):")
            self._block(depth + 1, 2, loop=loop, function=function)
        if self._rng.random() < 0.5:
            self._emit(depth, "else:")
            self._block(depth + 1, 2, loop=loop, function=function)

    def _while(self, depth: int, _: bool, function: bool) -> None:
        test = "True" if self._rng.random() < 0.2 else f"C({self._next()})"
        self._emit(depth, f"while {test}:")
        self._emit(depth + 1, "T()")
        self._block(depth + 1, 3, loop=True, function=function)
        if self._rng.random() < 0.3:
            self._emit(depth, "else:")
            self._block(depth + 1, 2, loop=False, function=function)

    def _for(self, depth: int, _: bool, function: bool) -> None:
        self._emit(depth, f"for {self._name()} in L({self._next()}):")
        self._block(depth + 1, 3, loop=True, function=function)
        if self._rng.random() < 0.3:
            self._emit(depth, "else:")
            self._block(depth + 1, 2, loop=False, function=function)

    def _try(self, depth: int, loop: bool, function: bool) -> None:
        self._emit(depth, "try:")
        self._block(depth + 1, 3, loop=loop, function=function)
        kinds = ["Boom", f"Boom as {self._name()}", "NameError", "(Boom, NameError)"]
        caught = self._rng.choice(kinds)
        self._emit(depth, f"except {caught}:")
        self._block(depth + 1, 2, loop=loop, function=function)
        if self._rng.random() < 0.3:
            self._emit(depth, "else:")
            self._block(depth + 1, 2, loop=loop, function=function)
        if self._rng.random() < 0.3:
            self._emit(depth, "finally:")
            self._block(depth + 1, 2, loop=False, function=False)

    def _finally(self, depth: int, loop: bool, function: bool) -> None:
        self._emit(depth, "try:")
        self._block(depth + 1, 3, loop=loop, function=function)
        self._emit(depth, "finally:")
        self._block(depth + 1, 2, loop=False, function=False)

    def _with(self, depth: int, loop: bool, function: bool) -> None:
        manager = self._rng.choice(["nullcontext", "suppress_boom"])
        self._emit(depth, f"with {manager}(D({self._next()})) as {self._name()}:")
        self._block(depth + 1, 3, loop=loop, function=function)

    def _match(self, depth: int, loop: bool, function: bool) -> None:
        self._emit(depth, f"match L({self._next()}):")
        self._emit(depth + 1, f"case [{self._name()}] if C({self._next()}):")
        self._block(depth + 2, 2, loop=loop, function=function)
        self._emit(depth + 1, f"case [_, *{self._name()}]:")
        self._block(depth + 2, 2, loop=loop, function=function)
        if self._rng.random() < 0.5:
            self._emit(depth + 1, f"case {self._name()}:")
            self._block(depth + 2, 2, loop=loop, function=function)

    def _break(self, depth: int, *_: bool) -> None:
        self._emit(depth, "break")

    def _continue(self, depth: int, *_: bool) -> None:
        self._emit(depth, "continue")

    def _return(self, depth: int, *_: bool) -> None:
        self._emit(depth, "return")

    def _function(self, depth: int, loop: bool, function: bool) -> None:
        self._functions += 1
        name = f"f{self._functions}"
        parameter = self._name()
        self._emit(depth, f"def {name}({parameter}=D({self._next()})):")
        others = [each for each in NAMES if each != parameter]
        if self._rng.random() < 0.6:
            self._emit(depth + 1, f"global {others[0]}")
        self._block(depth + 1, 3, loop=False, function=True)
        if self._rng.random() < 0.5:
            self._statement(depth, loop=loop, function=function)
        self._emit(depth, f"{name}()")

    def _class(self, depth: int, *_: bool) -> None:
        self._emit(depth, f"class K{self._next()}:")
        self._in_class = True
        self._block(depth + 1, 2, loop=False, function=False)
        self._in_class = False


class Run:
    """Runs one program and notes."""

    def __init__(self, rng: random.Random) -> None:
        self.observed = Observed()
        self._rng = rng
        self._coins: dict[int, bool] = {}
        self._steps = 0

    def execute(self, text: str) -> Observed:
        names = {
            name: getattr(self, f"_{name.lower()}") for name in ("D", "U", "C", "E", "L", "P", "T")
        }
        names |= {"Boom": Boom, "nullcontext": _Manager, "suppress_boom": _Suppressing}
        try:
            exec(compile(text, "<random>", "exec"), names)
        except NameError as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                if trace.tb_next.tb_frame.f_code.co_filename != "<random>":
                    break
                trace = trace.tb_next
            self.observed.unbound_on_row = trace.tb_lineno if trace is not None else None
        except (Boom, Stop):
            pass
        return self.observed

    def _d(self, number: int) -> _Value:
        self._t()
        return _Value(number)

    def _u(self, number: int, value: object) -> None:
        self._t()
        if isinstance(value, _Value):
            self.observed.pairs.add((number, value.number))
        self.observed.coins_at.append((number, dict(self._coins)))

    def _c(self, number: int) -> bool:
        self._t()
        self._coins[number] = self._rng.random() < 0.5
        return self._coins[number]

    def _e(self, _: int) -> None:
        self._t()
        if self._rng.random() < 0.4:
            raise Boom

    def _l(self, number: int) -> list[_Value]:
        self._t()
        return [_Value(number) for _ in range(self._rng.randint(0, 2))]

    def _p(self, number: int) -> tuple[_Value, list[_Value]]:
        return _Value(number), [_Value(number)]

    def _t(self) -> None:
        self._steps += 1
        if self._steps > 120:
            raise Stop


class _Value:
    def __init__(self, number: int) -> None:
        self.number = number

    def __iadd__(self, other: object) -> object:
        return other

    def __radd__(self, other: object) -> object:
        return self


class _Manager:
    def __init__(self, value: object) -> None:
        self._value = value

    def __enter__(self) -> object:
        return self._value

    def __exit__(self, *_: object) -> bool:
        return False


class _Suppressing(_Manager):
    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, Boom)
