"""The server itself: what an editor says and asks, and what it is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from torchdet import __version__
from torchdet.findings.documentation import explanation
from torchdet.findings.registry import all_rules
from torchdet.integrations.language_server.analysis import Analysis, Checked
from torchdet.integrations.language_server.conversion import (
    FIX_ALL,
    SOURCE,
    at,
    column_of,
    diagnostics,
    fix_edit,
    line_edits,
    suppression_edit,
    title,
)
from torchdet.integrations.language_server.documents import (
    Document,
    Module,
    Notebook,
    NotebookCell,
)
from torchdet.model.fix import Applicability
from torchdet.torch_api.lookup import UnknownOperationError, find_operations
from torchdet.torch_api.presentation import operation_text

_PAUSE = 0.05  # seconds without a keystroke after which a document is checked
_DOTTED = re.compile(r"[A-Za-z_][\w.]*")
_CONFIGURES = (
    *("torchdet.toml", "pyproject.toml", "setup.cfg", "setup.py", "requirements*.txt"),
    *(".gitignore", "tox.ini", "pytest.ini"),
)


class TorchdetServer(LanguageServer):
    """Keeps the report on each open document, and makes a new one when it has changed.

    One thread checks, so that the editor is answered meanwhile. A check that has not begun when
    its document changes again is dropped.
    """

    def __init__(self) -> None:
        super().__init__(
            SOURCE,
            __version__,
            # Columns and rows are counted by torchdet, which breaks lines as Python does.
            text_document_sync_kind=types.TextDocumentSyncKind.Full,
            notebook_document_sync=types.NotebookDocumentSyncOptions(
                [
                    types.NotebookDocumentFilterWithNotebook(
                        notebook="*", cells=[types.NotebookCellLanguage("python")]
                    )
                ],
                save=True,
            ),
        )
        self._analysis = Analysis()
        self._checking = ThreadPoolExecutor(1)
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._checked: dict[str, Checked] = {}

    @property
    def encoding(self) -> str:
        """How the editor counts the characters of a line."""
        return str(getattr(self.workspace.position_encoding, "value", "utf-16"))

    def changed(self, uri: str) -> None:
        """Check the document that the text ``uri`` belongs to, once it stays as it is."""
        key = self._key(uri)
        before = self._waiting.pop(key, None)
        if before is not None:
            before.cancel()
        task = asyncio.get_running_loop().create_task(self._check_soon(key))
        self._waiting[key] = task

    def closed(self, key: str, uris: Sequence[str]) -> None:
        """Forget a document, and take back what was said of its texts."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            waiting.cancel()
        self._checked.pop(key, None)
        for uri in uris:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def reload(self) -> None:
        """Read configurations anew, and check all that is open."""
        self._analysis.reload()
        for key in self._open():
            self.changed(key)

    async def current(self, uri: str) -> Checked | None:
        """The report on the document of ``uri`` as it stands; None where it is closed."""
        key = self._key(uri)
        document = self._document(key)
        kept = self._checked.get(key)
        if document is None or (kept is not None and kept.document == document):
            return kept
        return await self._check(key, document)

    async def all_fixed(self, checked: Checked) -> types.WorkspaceEdit | None:
        """The change that applies every safe fix; None where there is none."""
        loop = asyncio.get_running_loop()
        after = await loop.run_in_executor(self._checking, self._analysis.fixed, checked)
        if after is None:
            return None
        before = checked.document.texts(checked.document.data())
        texts = checked.document.texts(after)
        changes = {
            uri: line_edits(before[uri], text) for uri, text in texts.items() if text != before[uri]
        }
        return types.WorkspaceEdit(changes=changes)

    async def _check_soon(self, key: str) -> None:
        await asyncio.sleep(_PAUSE)
        document = self._document(key)
        if document is not None:
            await self._check(key, document)

    async def _check(self, key: str, document: Document) -> Checked:
        loop = asyncio.get_running_loop()
        checked = await loop.run_in_executor(self._checking, self._analysis.check, document)
        if self._document(key) == document:
            self._checked[key] = checked
            for uri, found in diagnostics(checked, self.encoding).items():
                params = types.PublishDiagnosticsParams(uri, found)
                self.text_document_publish_diagnostics(params)
        return checked

    def _open(self) -> list[str]:
        return [
            *self.workspace.notebook_documents,
            *(uri for uri in self.workspace.text_documents if self._key(uri) == uri),
        ]

    def _key(self, uri: str) -> str:
        """The notebook that the text ``uri`` is a cell of, or the text itself."""
        notebook = self.workspace.get_notebook_document(cell_uri=uri)
        return uri if notebook is None else notebook.uri

    def _document(self, key: str) -> Document | None:
        """What is open under ``key``; None where nothing is any longer."""
        notebook = self.workspace.notebook_documents.get(key)
        texts = self.workspace.text_documents
        path = to_fs_path(key) or key.rpartition("/")[2] or "untitled.py"
        if notebook is None:
            text = texts.get(key)
            return None if text is None else Module(key, path, _text(text.source))
        cells = [
            NotebookCell(
                cell.document,
                _text(texts[cell.document].source) if cell.document in texts else "",
                cell.kind == types.NotebookCellKind.Code and cell.document in texts,
            )
            for cell in notebook.cells
        ]
        return Notebook(str(Path(path).with_suffix(".ipynb")), tuple(cells))


def _text(text: str) -> str:
    return text.removeprefix("\ufeff")


def make_server() -> TorchdetServer:
    """A server with all its features, not started yet."""
    server = TorchdetServer()
    _register_documents(server)
    _register_requests(server)
    return server


def _register_documents(server: TorchdetServer) -> None:
    @server.feature(types.INITIALIZED)
    async def initialized(_params: types.InitializedParams) -> None:
        await _watch_configurations(server)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri, [params.text_document.uri])

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    async def notebook_opened(params: types.DidOpenNotebookDocumentParams) -> None:
        server.changed(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    async def notebook_changed(params: types.DidChangeNotebookDocumentParams) -> None:
        server.changed(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    async def notebook_closed(params: types.DidCloseNotebookDocumentParams) -> None:
        uris = [cell.uri for cell in params.cell_text_documents]
        server.closed(params.notebook_document.uri, uris)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def configured(_params: types.DidChangeWatchedFilesParams) -> None:
        server.reload()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def settings_changed(_params: types.DidChangeConfigurationParams) -> None:
        server.reload()


def _register_requests(server: TorchdetServer) -> None:
    kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll, FIX_ALL]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds))
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        checked = await server.current(params.text_document.uri)
        return [] if checked is None else await _actions(server, checked, params)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        checked = await server.current(params.text_document.uri)
        if checked is None:
            return None
        shown = _hover(checked, params.text_document.uri, params.position, server.encoding)
        if not shown:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, shown))


async def _watch_configurations(server: TorchdetServer) -> None:
    """Ask the editor to tell of changed configurations, if it can."""
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    watchers = [types.FileSystemWatcher(f"**/{name}") for name in _CONFIGURES]
    options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    await server.client_register_capability_async(
        types.RegistrationParams([types.Registration("configurations", method, options)])
    )


async def _actions(
    server: TorchdetServer, checked: Checked, params: types.CodeActionParams
) -> list[types.CodeAction]:
    uri, encoding = params.text_document.uri, server.encoding
    actions: list[types.CodeAction] = []
    if _wants(params, types.CodeActionKind.QuickFix.value):
        for each in at(checked, uri, params.range, encoding):
            about = [shown for shown in params.context.diagnostics if shown.code == each.code]
            if each.fix is not None and each.fix.applicability is not Applicability.DISPLAY:
                edit = fix_edit(checked, each.fix.edits, encoding)
                safe = each.fix.applicability is Applicability.SAFE
                if edit is not None:
                    actions.append(_quick_fix(title(each), edit, about, preferred=safe))
            comment = suppression_edit(checked, each)
            actions.append(_quick_fix(f"Suppress {each.code} here", comment, about))
    if _wants(params, FIX_ALL):
        edit = await server.all_fixed(checked)
        if edit is not None:
            actions.append(types.CodeAction("torchdet: apply all safe fixes", FIX_ALL, edit=edit))
    return actions


def _quick_fix(
    name: str,
    edit: types.WorkspaceEdit,
    about: list[types.Diagnostic],
    *,
    preferred: bool = False,
) -> types.CodeAction:
    kind = types.CodeActionKind.QuickFix
    return types.CodeAction(
        name, kind, diagnostics=about or None, is_preferred=preferred or None, edit=edit
    )


def _wants(params: types.CodeActionParams, kind: str) -> bool:
    """Whether actions of ``kind`` are asked for: kinds are a hierarchy, parted by dots."""
    only = [str(getattr(each, "value", each)) for each in params.context.only or ()]
    return not only or any(kind == each or kind.startswith(f"{each}.") for each in only)


def _hover(checked: Checked, uri: str, position: types.Position, encoding: str) -> str:
    """What is known of the rules and of the operation at ``position``, as Markdown."""
    here = types.Range(position, position)
    rules = {rule.code: rule for rule in all_rules()}
    codes = dict.fromkeys(each.code for each in at(checked, uri, here, encoding))
    parts = [_described(operation) for operation in _operations(checked, uri, position, encoding)]
    parts += [explanation(rules[code].info) for code in codes]
    return "\n\n---\n\n".join(parts)


def _operations(checked: Checked, uri: str, position: types.Position, encoding: str) -> list[str]:
    """The catalogue's entries for the dotted name at ``position``."""
    line = checked.document.line(uri, position.line + 1)
    column = column_of(line, position.character, encoding) - 1
    for name in _DOTTED.finditer(line):
        if name.start() <= column <= name.end() and "." in name[0]:
            end = line.find(".", column, name.end())
            spelled = line[name.start() : end if end > 0 else name.end()].rstrip(".")
            if "." in spelled:
                try:
                    return [operation_text(each) for each in find_operations(spelled)]
                except UnknownOperationError:
                    return []
    return []


def _described(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"


def serve() -> None:
    """Speak with an editor over standard input and output until it says goodbye."""
    make_server().start_io()
