/** Completion for fish. */
import { type Choice, type CommandOutline, type FlagOutline, plain } from "./outline.ts";

/** A script to be sourced, or kept in ~/.config/fish/completions. */
export function fishScript(commands: readonly CommandOutline[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c spillway -n __fish_use_subcommand -a ${command.name} -d '${plain(command.summary)}'`,
    ...command.flags.map((flag) => flagLine(command.name, flag)),
    ...operandLine(command),
  ]);
  return `# fish completion for spillway: spillway completions fish | source
complete -c spillway -f
${lines.join("\n")}
`;
}

function flagLine(command: string, { name, short, description, value }: FlagOutline): string {
  const brief = short === undefined ? "" : ` -s ${short}`;
  return `complete -c spillway -n '__fish_seen_subcommand_from ${command}'${brief} -l ${name}${takes(value)} -d '${
    plain(description)
  }'`;
}

function takes(value: Choice): string {
  switch (value.kind) {
    case "words":
      return ` -x -a '${value.words.join(" ")}'`;
    case "paths":
      return " -r -F";
    case "anything":
      return " -x";
    case "nothing":
      return "";
  }
}

function operandLine({ name, operands }: CommandOutline): string[] {
  const condition = `complete -c spillway -n '__fish_seen_subcommand_from ${name}'`;
  if (operands.kind === "words") return [`${condition} -a '${operands.words.join(" ")}'`];
  return operands.kind === "paths" ? [`${condition} -F`] : [];
}
