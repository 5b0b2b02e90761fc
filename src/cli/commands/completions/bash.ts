/** Completion for bash, 3.2 and later. */
import type { Choice, CommandOutline } from "./outline.ts";

/** A script that defines `_spillway` and registers it. */
export function bashScript(commands: readonly CommandOutline[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return `# bash completion for spillway: source <(spillway completions bash)
_spillway_words() { COMPREPLY=($(compgen -W "$1" -- "$2")); }
_spillway_paths() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$1"))
  compopt -o filenames 2>/dev/null
}
_spillway() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  # --flag=value is three words here.
  if [ "$before" = "=" ]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [ "$word" = "=" ]; then word=""; fi
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _spillway_words "${names}" "$word"
    return 0
  fi
  case "$command $before" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$command $word" in
${commands.map(flagCase).join("\n")}
  esac
  case "$command" in
${commands.flatMap(operandCase).join("\n")}
  esac
  return 0
}
complete -F _spillway spillway
`;
}

/** After a flag that has a value. */
function valueCases({ name, flags }: CommandOutline): string[] {
  return flags.filter(({ value }) => value.kind !== "nothing").map((flag) => {
    const forms = [`--${flag.name}`, ...flag.short === undefined ? [] : [`-${flag.short}`]];
    const patterns = forms.map((form) => `"${name} ${form}"`).join(" | ");
    return `    ${patterns}) ${doFor(flag.value)}return 0 ;;`;
  });
}

function flagCase({ name, flags }: CommandOutline): string {
  const words = flags.flatMap((flag) => [`--${flag.name}`, ...flag.short === undefined ? [] : [`-${flag.short}`]]);
  return `    "${name} -"*) _spillway_words "${words.join(" ")}" "$word"; return 0 ;;`;
}

function operandCase({ name, operands }: CommandOutline): string[] {
  const action = doFor(operands);
  return action === "" ? [] : [`    ${name}) ${action};;`];
}

function doFor(choice: Choice): string {
  if (choice.kind === "words") return `_spillway_words "${choice.words.join(" ")}" "$word"; `;
  return choice.kind === "paths" ? '_spillway_paths "$word"; ' : "";
}
