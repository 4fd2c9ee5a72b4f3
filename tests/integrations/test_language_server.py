"""The language server as an editor speaks with it: a process, and the protocol."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

pytest.importorskip("pygls")

from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient

from tests.patience import PATIENCE

MODEL = """import torch

x = "\N{GRINNING FACE}", torch.zeros(3).cuda()
torch.cuda.synchronize()
y = torch.Tensor.index_add_
"""


class Editor:
    """An editor with a server: what it was told, by the address of each text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = BaseLanguageClient("editor", "1")
        self.told: dict[str, list[types.Diagnostic]] = {}
        self.news = asyncio.Event()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = list(params.diagnostics)
            self.news.set()

    async def start(self) -> None:
        await self.client.start_io(sys.executable, "-m", "torchdet", "server", cwd=self.folder)
        answer = await self.client.initialize_async(
            types.InitializeParams(types.ClientCapabilities(), root_uri=self.folder.as_uri())
        )
        assert answer.server_info is not None
        assert answer.server_info.name == "torchdet"
        self.client.initialized(types.InitializedParams())

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> str:
        item = types.TextDocumentItem(self.uri(name), "python", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return item.uri

    def change(self, uri: str, text: str, version: int = 2) -> None:
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    async def codes(self, uri: str, wanted: list[str]) -> None:
        """Wait until the text has the ``wanted`` codes."""

        async def as_wanted() -> None:
            while uri not in self.told or self.seen(uri) != wanted:
                self.news.clear()
                await self.news.wait()

        try:
            await asyncio.wait_for(as_wanted(), PATIENCE)
        except TimeoutError:
            pytest.fail(f"{wanted} never came; last was {self.told.get(uri)}")

    def seen(self, uri: str) -> list[str]:
        return [str(each.code) for each in self.told[uri]]

    async def actions(self, uri: str, place: types.Range, *only: str) -> list[types.CodeAction]:
        asked = types.CodeActionParams(
            types.TextDocumentIdentifier(uri),
            place,
            types.CodeActionContext(self.told[uri], only=list(only) or None),
        )
        found = await self.client.text_document_code_action_async(asked)
        return [each for each in found or () if isinstance(each, types.CodeAction)]


def edited(text: str, action: types.CodeAction, uri: str) -> str:
    """``text`` after ``action``; positions count UTF-16 units, as editors do by default."""
    assert action.edit is not None
    assert action.edit.changes is not None
    lines = text.splitlines(keepends=True)

    def offset(place: types.Position) -> int:
        before = sum(map(len, lines[: place.line]))
        line = lines[place.line] if place.line < len(lines) else ""
        units = line.rstrip("\n").encode("utf-16-le")[: place.character * 2]
        return before + len(units.decode("utf-16-le"))

    for edit in reversed(action.edit.changes[uri]):
        start, end = offset(edit.range.start), offset(edit.range.end)
        text = f"{text[:start]}{edit.new_text}{text[end:]}"
    return text


@pytest.fixture
def talk(tmp_path: Path) -> Callable[[Callable[[Editor], Awaitable[None]]], None]:
    """Runs a conversation with a server in a project of its own."""
    (tmp_path / "torchdet.toml").write_text("select = ['DET302', 'DET303']\n")

    def run(conversation: Callable[[Editor], Awaitable[None]]) -> None:
        async def whole() -> None:
            editor = Editor(tmp_path)
            await editor.start()
            try:
                await conversation(editor)
            finally:
                await editor.stop()

        asyncio.run(asyncio.wait_for(whole(), 2 * PATIENCE))

    return run


Talk = Callable[[Callable[[Editor], Awaitable[None]]], None]


def test_findings_come_while_typing_and_go_when_mended(talk: Talk) -> None:
    async def conversation(editor: Editor) -> None:
        uri = editor.open("model.py", MODEL)
        await editor.codes(uri, ["DET302", "DET303"])
        method, api = editor.told[uri]
        # The face is one character to Python and two to an editor.
        assert (method.range.start, method.range.end) == (
            types.Position(2, 25),
            types.Position(2, 29),
        )
        assert method.severity is types.DiagnosticSeverity.Warning
        assert api.code_description is not None
        assert api.code_description.href.endswith("/rules/cuda-api/")
        editor.change(uri, "x = 1\n")
        await editor.codes(uri, [])
        editor.change(uri, MODEL, 3)
        editor.change(uri, "import torch\n\ntorch.cuda.synchronize()\n", 4)
        await editor.codes(uri, ["DET303"])
        identifier = types.TextDocumentIdentifier(uri)
        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
        await editor.codes(uri, [])

    talk(conversation)


def test_a_fix_a_suppression_and_all_fixes(talk: Talk) -> None:
    async def conversation(editor: Editor) -> None:
        uri = editor.open("model.py", MODEL)
        await editor.codes(uri, ["DET302", "DET303"])
        there = editor.told[uri][1].range
        fix, suppress = await editor.actions(uri, there, "quickfix")
        assert fix.is_preferred
        assert "torch.accelerator.synchronize()" in edited(MODEL, fix, uri)
        assert "torch.cuda.synchronize()  # noqa: DET303\n" in edited(MODEL, suppress, uri)
        [everything] = await editor.actions(uri, there, "source.fixAll.torchdet")
        assert edited(MODEL, everything, uri) == MODEL.replace("cuda.sync", "accelerator.sync")
        assert len(await editor.actions(uri, there)) == 3
        assert await editor.actions(uri, there, "refactor") == []
        editor.change(uri, edited(MODEL, suppress, uri))
        await editor.codes(uri, ["DET302"])

    talk(conversation)


def test_hover_tells_of_the_rule_and_of_the_operation(talk: Talk) -> None:
    async def conversation(editor: Editor) -> None:
        uri = editor.open("model.py", MODEL)
        await editor.codes(uri, ["DET302", "DET303"])

        async def hover(line: int, character: int) -> str:
            place = types.Position(line, character)
            params = types.HoverParams(types.TextDocumentIdentifier(uri), place)
            shown = await editor.client.text_document_hover_async(params)
            return str(getattr(getattr(shown, "contents", None), "value", ""))

        assert "cuda-method (DET302)" in await hover(2, 26)
        assert "index_add_" in await hover(4, 20)
        assert await hover(1, 0) == ""

    talk(conversation)


def test_a_changed_configuration_counts_at_once(talk: Talk, tmp_path: Path) -> None:
    async def conversation(editor: Editor) -> None:
        uri = editor.open("model.py", MODEL)
        await editor.codes(uri, ["DET302", "DET303"])
        config = tmp_path / "torchdet.toml"
        for text, codes in (
            ("select = ['DET303']\n", ["DET303"]),
            ("exclude = ['model.py']\n", []),
            ("slect = []\n", ["DET901"]),
            ("select = ['DET302']\n", ["DET302"]),
        ):
            config.write_text(text)
            change = types.FileEvent(config.as_uri(), types.FileChangeType.Changed)
            params = types.DidChangeWatchedFilesParams([change])
            editor.client.workspace_did_change_watched_files(params)
            await editor.codes(uri, codes)

    talk(conversation)


def test_each_folder_has_its_own_configuration(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "torchdet.toml").write_text("select = ['DET303']\n")

    async def conversation(editor: Editor) -> None:
        here, there = editor.open("a.py", MODEL), editor.open("other/a.py", MODEL)
        await editor.codes(here, ["DET302", "DET303"])
        await editor.codes(there, ["DET303"])

    talk(conversation)


def test_text_that_does_not_parse_is_said_where_it_is(talk: Talk) -> None:
    async def conversation(editor: Editor) -> None:
        uri = editor.open("model.py", "import torch\ntorch.cuda.synchronize(\n")
        await editor.codes(uri, ["DET901"])
        editor.change(uri, MODEL)
        await editor.codes(uri, ["DET302", "DET303"])

    talk(conversation)


def test_a_notebook_is_checked_across_its_cells(talk: Talk) -> None:
    texts = ["import torch", "# Title", "%time\ntorch.cuda.synchronize()\nx = torch.ones(1).cuda()"]
    kinds = [
        types.NotebookCellKind.Code,
        types.NotebookCellKind.Markup,
        types.NotebookCellKind.Code,
    ]

    async def conversation(editor: Editor) -> None:
        uris = [f"vscode-notebook-cell:{editor.folder}/n.ipynb#{n}" for n in range(3)]
        document = types.NotebookDocument(
            editor.uri("n.ipynb"),
            "jupyter-notebook",
            1,
            [types.NotebookCell(kind, uri) for kind, uri in zip(kinds, uris, strict=True)],
        )
        items = [
            types.TextDocumentItem(uri, "python", 1, text)
            for uri, text, kind in zip(uris, texts, kinds, strict=True)
            if kind is types.NotebookCellKind.Code
        ]
        editor.client.notebook_document_did_open(
            types.DidOpenNotebookDocumentParams(document, items)
        )
        await editor.codes(uris[2], ["DET303", "DET302"])
        assert editor.seen(uris[0]) == []
        place = editor.told[uris[2]][0].range
        assert place.start.line == 1
        fix, *_ = await editor.actions(uris[2], place, "quickfix")
        assert "torch.accelerator.synchronize()" in edited(texts[2], fix, uris[2])
        [everything] = await editor.actions(uris[2], place, "source.fixAll")
        assert edited(texts[2], everything, uris[2]).startswith("%time\ntorch.accelerator.")

    talk(conversation)
