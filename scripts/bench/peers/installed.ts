/** What programs this machine has. Nothing is installed or downloaded. */

const known = new Map<string, string | undefined>();

/** All that the program prints about its version; undefined if it does not run. */
export function versionText(command: string, argument: string): string | undefined {
  const key = `${command} ${argument}`;
  if (!known.has(key)) known.set(key, ask(command, argument));
  return known.get(key);
}

function ask(command: string, argument: string): string | undefined {
  try {
    const { success, stdout, stderr } = new Deno.Command(command, { args: [argument] }).outputSync();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return success ? text(stdout) + text(stderr) : undefined;
  } catch {
    return undefined;
  }
}

/** The number in what it prints, "1.7.4.4"; undefined if it does not run. */
export function versionNumber(command: string, argument: string): string | undefined {
  return versionText(command, argument)?.match(/\d+\.\d+[\w.]*/)?.[0];
}

/** Why it cannot take part; undefined if it can. */
export function missing(command: string, argument: string, debianPackage = command): string | undefined {
  return versionText(command, argument) === undefined
    ? `${command} is not in PATH (Debian package ${debianPackage})`
    : undefined;
}
