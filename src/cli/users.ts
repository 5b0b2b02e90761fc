/**
 * Names of users for messages. Bun takes its word for who we are from the
 * environment (`unknown` under env -i or systemd), so the number is looked up.
 */
import { readFile } from "node:fs/promises";
import type { Runtime } from "../runtime/runtime.ts";

/** The name that /etc/passwd has for the number, `uid 1000` where it has none; other databases are not asked. */
export async function userNamed(uid: number): Promise<string> {
  const lines = await readFile("/etc/passwd", "utf8").then((text) => text.split("\n"), () => []);
  const entry = lines.map((line) => line.split(":")).find((fields) => fields[2] === String(uid));
  return entry?.[0] ?? `uid ${uid}`;
}

/** The user that this process acts as. */
export async function ownName(runtime: Runtime): Promise<string> {
  return runtime.uid === undefined ? runtime.userName() : await userNamed(runtime.uid);
}
