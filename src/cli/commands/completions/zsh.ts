/** Completion for zsh. */
import { type Choice, type CommandOutline, type FlagOutline, plain } from "./outline.ts";

/** A script to be sourced after compinit, or kept as `_spillway` in a directory of $fpath. */
export function zshScript(commands: readonly CommandOutline[]): string {
  const list = commands.map(({ name, summary }) => `      '${name}:${plain(summary)}'`).join("\n");
  return `#compdef spillway
# zsh completion for spillway: source <(spillway completions zsh)
_spillway() {
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(
${list}
    )
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}
if [[ $funcstack[1] = _spillway ]]; then _spillway "$@"; else compdef _spillway spillway; fi
`;
}

function commandCase({ name, flags, operands }: CommandOutline): string {
  const specs = [...flags.map(flagSpec), ...operandSpec(operands)];
  return `    ${name})\n      _arguments \\\n${specs.map((spec) => `        ${spec}`).join(" \\\n")} ;;`;
}

function flagSpec({ name, short, description, value }: FlagOutline): string {
  const about = `[${plain(description).replace(/[[\]:]/g, "\\$&")}]${action(value)}`;
  return short === undefined ? `'--${name}${about}'` : `'(-${short} --${name})'{-${short},--${name}}'${about}'`;
}

function action(value: Choice): string {
  switch (value.kind) {
    case "words":
      return `:value:(${value.words.join(" ")})`;
    case "paths":
      return ":path:_files";
    case "anything":
      return ":value: ";
    case "nothing":
      return "";
  }
}

function operandSpec(operands: Choice): string[] {
  if (operands.kind === "words") return [`'1:operand:(${operands.words.join(" ")})'`];
  return operands.kind === "paths" ? ["'*:path:_files'"] : [];
}
