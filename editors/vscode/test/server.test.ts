import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";

import { serverCommand } from "../src/command";

test("the configured command goes before the interpreter, and that before PATH", () => {
  const none = { path: [], interpreter: "" };
  assert.deepEqual(serverCommand({ ...none, path: ["uvx", "torchdet[lsp]"] }, "/py"), {
    command: "uvx",
    args: ["torchdet[lsp]", "server"],
  });
  assert.equal(serverCommand({ ...none, interpreter: "/mine" }, "/py").command, "/mine");
  assert.deepEqual(serverCommand(none, "/py").args, ["-m", "torchdet", "server"]);
  assert.equal(serverCommand(none, undefined).command, "torchdet");
});

test("the real server answers what the extension starts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "torchdet-"));
  writeFileSync(join(folder, "torchdet.toml"), "select = ['DET303']\n");
  const { command, args } = serverCommand(
    { path: [], interpreter: process.env["TORCHDET_PYTHON"] ?? "" },
    undefined,
  );
  const server = spawn(command, args, { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  const told = new Promise<{ diagnostics: { code: string }[] }>((resolve) => {
    connection.onNotification("textDocument/publishDiagnostics", resolve);
  });
  connection.listen();
  await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    capabilities: {},
  });
  await connection.sendNotification("initialized", {});
  const uri = pathToFileURL(join(folder, "a.py")).href;
  const text = "import torch\ntorch.cuda.synchronize()\n";
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "python", version: 1, text },
  });
  assert.deepEqual((await told).diagnostics.map(({ code }) => code), ["DET303"]);
  await connection.sendRequest("shutdown");
  await connection.sendNotification("exit");
  connection.dispose();
  server.kill();
});
