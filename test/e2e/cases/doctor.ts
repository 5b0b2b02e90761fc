/** `spillway doctor --json`, asked by a test. */
import { assertEquals } from "../../support/assert.ts";
import type { Finding } from "../../../src/doctor/finding.ts";
import { finish } from "../cli/program.ts";
import { chosenRuntime, relayCommand } from "../rig/relay_command.ts";
import { until } from "../rig/wait.ts";

export interface Diagnosis {
  readonly slow: boolean;
  readonly findings: readonly Finding[];
  readonly routes: readonly { readonly route: string }[];
  readonly unseen: readonly string[];
}

/** `ss` and the programs of this machine are found by PATH. */
const ENV = { PATH: Deno.env.get("PATH") ?? "" };

export function doctor(...args: readonly string[]): Promise<Diagnosis> {
  return doctorBehind([], ...args);
}

/** Watches for two seconds, and checks that the exit code says the same as the report. `before`: what starts it as somebody else. */
export async function doctorBehind(before: readonly string[], ...args: readonly string[]): Promise<Diagnosis> {
  const command = [...before, ...relayCommand(chosenRuntime()), "doctor", ...args, "--seconds", "2", "--json"];
  const { code, stdout, stderr } = await finish(command, { env: ENV });
  assertEquals(stderr, "");
  const diagnosis: Diagnosis = JSON.parse(stdout);
  assertEquals(code, diagnosis.slow ? 1 : 0);
  return diagnosis;
}

/**
 * The first finding, as soon as it is of this kind: a machine that has too much
 * to do may be what is slow for a while, and a connection just begun is not yet
 * what it will be.
 */
export async function worst(kind: Finding["kind"], ...args: readonly string[]): Promise<Finding> {
  const seen: string[] = [];
  return await until(`the doctor finds: ${kind}`, async () => {
    const [finding] = (await doctor(...args)).findings;
    seen.push(finding.text);
    return finding.kind === kind && finding;
  }, { timeoutMs: 60_000 }).catch((error) => {
    throw new Error(`${error.message}; it found\n${seen.join("\n")}`);
  });
}
