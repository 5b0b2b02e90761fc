/** The commands as a shell's completion needs them, from the command table. */
import type { Command, CommandTable, Flag } from "../../command.ts";
import { helpFlag } from "../../args/flags.ts";

/** What can be completed at one place of a command line. */
export type Choice =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "paths" }
  | { readonly kind: "anything" }
  | { readonly kind: "nothing" };

export interface FlagOutline {
  readonly name: string;
  readonly short: string | undefined;
  readonly description: string;
  /** What its value may be; `nothing` for a flag without one. */
  readonly value: Choice;
}

export interface CommandOutline {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagOutline[];
  readonly operands: Choice;
}

/** Every one of `commands`, loaded for its flags. */
export async function outline(commands: CommandTable): Promise<CommandOutline[]> {
  return await Promise.all(
    Object.entries(commands).map(async ([name, { summary, load }]) => {
      const command = await load();
      return { name, summary, flags: [...command.flags, helpFlag].map(flagOf), operands: operandsOf(command) };
    }),
  );
}

function flagOf({ name, short, description, value, values }: Flag): FlagOutline {
  return { name, short, description, value: value === undefined ? { kind: "nothing" } : valueOf(value, values) };
}

/** Values that the help calls FILE or DIR are paths. */
function valueOf(value: string, words: readonly string[] | undefined): Choice {
  if (words !== undefined) return { kind: "words", words };
  return /^(FILE|DIR|PATH)\b/.test(value) ? { kind: "paths" } : { kind: "anything" };
}

function operandsOf({ operandsMax, operands }: Command): Choice {
  if (operandsMax === 0) return { kind: "nothing" };
  return operands === undefined ? { kind: "paths" } : { kind: "words", words: operands };
}

/** A description that can be put between single quotes in any shell. */
export function plain(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("'", "’").replaceAll("\\", "");
}
