/**
 * What the unit of `init systemd` allows of the kernel, without systemd: its
 * SystemCallFilter and RestrictAddressFamilies as a filter of seccomp(2), made with
 * the library that systemd itself makes it with, and its ProcSubset and ProtectProc.
 * As a program it applies the filter of a unit to itself and becomes another one:
 *
 *     deno run -A sandbox.ts UNIT COMMAND...
 */

/** Runs what follows with a /proc as ProcSubset=pid and ProtectProc=invisible make it; as root. */
export const PROCESSES_ALONE: readonly string[] = [
  ...["unshare", "--mount", "--propagation", "private", "sh", "-c"],
  'mount -t proc -o subset=pid,hidepid=invisible proc /proc && exec "$@"',
  "sh",
];

/** Runs what follows with the filter of the unit in this file. */
export function filteredAs(unit: string): string[] {
  return [Deno.execPath(), "run", "-A", "--no-config", new URL(import.meta.url).pathname, unit];
}

export function lackOfSeccomp(): string | undefined {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") return "needs Linux on x86-64";
  try {
    openLibraries();
    return undefined;
  } catch {
    return "needs libseccomp, which comes with the Debian package systemd";
  }
}

function openLibraries() {
  const seccomp = Deno.dlopen("libseccomp.so.2", {
    seccomp_init: { parameters: ["u32"], result: "pointer" },
    seccomp_attr_set: { parameters: ["pointer", "i32", "u32"], result: "i32" },
    seccomp_syscall_resolve_name: { parameters: ["buffer"], result: "i32" },
    seccomp_rule_add_array: { parameters: ["pointer", "u32", "i32", "u32", "buffer"], result: "i32" },
    seccomp_load: { parameters: ["pointer"], result: "i32" },
  });
  const libc = Deno.dlopen("libc.so.6", { execvp: { parameters: ["buffer", "buffer"], result: "i32" } });
  return { ...seccomp.symbols, ...libc.symbols };
}

// <seccomp.h>
const ACT_ALLOW = 0x7fff0000;
const ACT_ERRNO = 0x00050000;
const ATTR_TSYNC = 4;
const CMP_EQ = 4;
const CMP_GT = 6;
const EPERM = 1;
const EAFNOSUPPORT = 97;

/** Address families by number; those above the last one are not used by anything. */
const FAMILIES: Readonly<Record<string, number>> = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10 };
const FAMILY_MAX = 45;

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

/** The system calls in `groups` (`@system-service`, or names) as systemd knows them. */
function callsIn(groups: readonly string[]): Set<string> {
  const calls = new Set<string>();
  for (const group of groups) {
    if (!group.startsWith("@")) {
      calls.add(group);
      continue;
    }
    const { stdout } = new Deno.Command("systemd-analyze", { args: ["syscall-filter", group] }).outputSync();
    const lines = new TextDecoder().decode(stdout).split("\n").slice(1).map((line) => line.trim());
    for (const call of callsIn(lines.filter((line) => line !== "" && !line.startsWith("#")))) calls.add(call);
  }
  return calls;
}

/** The values of a setting, one list for each of its lines. */
function settings(unit: string, name: string): string[][] {
  return unit.split("\n").filter((line) => line.startsWith(`${name}=`)).map((line) =>
    line.slice(name.length + 1).split(" ")
  );
}

function become([unitPath, ...command]: readonly string[]): void {
  const unit = Deno.readTextFileSync(unitPath);
  const { execvp, ...seccomp } = openLibraries();
  const load = (
    otherwise: number,
    fill: (rule: (action: number, call: string, comparison?: BigUint64Array) => void) => void,
  ) => {
    const filter = seccomp.seccomp_init(otherwise);
    seccomp.seccomp_attr_set(filter, ATTR_TSYNC, 1);
    fill((action, call, comparison) => {
      const number = seccomp.seccomp_syscall_resolve_name(text(call));
      // A call of another processor.
      if (number < 0) return;
      const status = seccomp.seccomp_rule_add_array(
        filter,
        action,
        number,
        comparison === undefined ? 0 : 1,
        new Uint8Array((comparison ?? new BigUint64Array(3)).buffer as ArrayBuffer),
      );
      if (status !== 0) throw new Error(`rule for ${call}: ${status}`);
    });
    if (seccomp.seccomp_load(filter) !== 0) throw new Error("the filter cannot be loaded");
  };

  const filters = settings(unit, "SystemCallFilter");
  const allowed = callsIn(filters.filter(([first]) => !first.startsWith("~")).flat());
  const denied = filters.filter(([first]) => first.startsWith("~")).flatMap((
    [first, ...rest],
  ) => [first.slice(1), ...rest]);
  for (const call of callsIn(denied)) allowed.delete(call);
  const families = settings(unit, "RestrictAddressFamilies").flat().map((name) => FAMILIES[name]);
  if (allowed.size === 0 || families.length === 0) throw new Error(`${unitPath} filters nothing`);
  // Made before the filter is there: what this runtime needs for it may not be allowed then.
  const words = command.map(text);
  const pointers = BigUint64Array.from([
    ...words.map((word) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(word))),
    0n,
  ]);

  /** struct scmp_arg_cmp: the argument's index and the operator, 32 bits each, and two values. */
  const familyThat = (operator: number, value: number) => BigUint64Array.of(BigInt(operator) << 32n, BigInt(value), 0n);
  load(ACT_ALLOW, (rule) => {
    for (let family = 0; family <= FAMILY_MAX; family++) {
      if (!families.includes(family)) rule(ACT_ERRNO | EAFNOSUPPORT, "socket", familyThat(CMP_EQ, family));
    }
    rule(ACT_ERRNO | EAFNOSUPPORT, "socket", familyThat(CMP_GT, FAMILY_MAX));
  });
  load(ACT_ERRNO | EPERM, (rule) => {
    for (const call of allowed) rule(ACT_ALLOW, call);
  });
  execvp(words[0], new Uint8Array(pointers.buffer));
  throw new Error(`${command[0]} cannot be run`);
}

if (import.meta.main) become(Deno.args);
