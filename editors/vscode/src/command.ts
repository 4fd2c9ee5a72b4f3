/** How to start the server: pure, so that it can be tested without an editor. */

export interface Settings {
  /** The command that runs torchdet; empty where none is set. */
  readonly path: readonly string[];
  /** The Python that torchdet is installed in; empty where none is set. */
  readonly interpreter: string;
}

export interface Command {
  readonly command: string;
  readonly args: string[];
}

/**
 * The command line of the server: the configured command, else the module in the configured or
 * selected Python, else `torchdet` from PATH.
 */
export function serverCommand(settings: Settings, selected: string | undefined): Command {
  const [command, ...args] = settings.path;
  if (command !== undefined) {
    return { command, args: [...args, "server"] };
  }
  const python = settings.interpreter || selected;
  if (python) {
    return { command: python, args: ["-m", "torchdet", "server"] };
  }
  return { command: "torchdet", args: ["server"] };
}
