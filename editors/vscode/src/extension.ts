import * as vscode from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";

import { serverCommand } from "./command";

const CONFIGURATIONS = "**/{torchdet.toml,pyproject.toml,setup.cfg,setup.py,requirements*.txt,.gitignore}";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("torchdet", { log: true });
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("torchdet.restart", () => restart(log)),
    vscode.commands.registerCommand("torchdet.showLog", () => log.show()),
    vscode.commands.registerCommand("torchdet.fixAll", fixAll),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("torchdet")) {
        await restart(log);
      }
    }),
  );
  await restart(log);
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

/** Start the server, after the one that runs has stopped. */
async function restart(log: vscode.LogOutputChannel): Promise<void> {
  await client?.stop();
  client = undefined;
  const settings = vscode.workspace.getConfiguration("torchdet");
  if (!settings.get<boolean>("enable", true)) {
    return;
  }
  const { command, args } = serverCommand(
    {
      path: settings.get<string[]>("path", []),
      interpreter: settings.get<string>("interpreter", ""),
    },
    await selectedInterpreter(),
  );
  log.info(`starting ${[command, ...args].join(" ")}`);
  const server: ServerOptions = { command, args };
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "python" },
      { scheme: "untitled", language: "python" },
      { scheme: "vscode-notebook-cell", language: "python" },
    ],
    outputChannel: log,
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher(CONFIGURATIONS) },
  };
  const starting = new LanguageClient("torchdet", "torchdet", server, options);
  try {
    await starting.start();
    client = starting;
  } catch (error) {
    log.error(String(error));
    const choice = await vscode.window.showErrorMessage(
      `torchdet: ${command} cannot be started. Install it with: pip install "torchdet[lsp]"`,
      "Show the log",
    );
    if (choice !== undefined) {
      log.show();
    }
  }
}

/** The Python that the Python extension has selected, if it is there. */
async function selectedInterpreter(): Promise<string | undefined> {
  const python = vscode.extensions.getExtension("ms-python.python");
  if (python === undefined) {
    return undefined;
  }
  const api = await python.activate();
  const active = api?.environments?.getActiveEnvironmentPath?.();
  const resolved = active && (await api.environments.resolveEnvironment(active));
  return resolved?.executable?.uri?.fsPath;
}

async function fixAll(): Promise<void> {
  await vscode.commands.executeCommand("editor.action.codeAction", {
    kind: "source.fixAll.torchdet",
    apply: "first",
  });
}
