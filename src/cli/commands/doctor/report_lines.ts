/** What the doctor's reports for people have in common. */
import type { Finding } from "../../../doctor/finding.ts";

const COLUMNS = 80;

export function headline(findings: readonly Finding[]): string {
  const slow = findings.filter(({ level }) => level === "slow");
  if (slow.length === 0) return "Nothing is wrong here.";
  return slow.every(({ kind }) => kind === "absent") ? "Nobody is there." : "Something is slow.";
}

/** What a finding is about, what it says and what it advises. */
export function findingLines({ about, kind, level, certainty, text, advice }: Finding): string[] {
  const isSlow = level === "slow" && kind !== "absent";
  return [
    about,
    ...wrapped(`${isSlow ? `slow, ${certainty}: ` : ""}${text}`, "  "),
    ...advice.flatMap((each) => wrapped(`> ${each}`, "  ")),
  ];
}

export function unseenLines(unseen: readonly string[]): string[] {
  return unseen.length === 0 ? [] : ["", ...unseen.flatMap((each) => wrapped(`not seen: ${each}`, ""))];
}

/** Broken at blanks into lines of at most 80 characters; a command is one line. */
export function wrapped(text: string, indent: string): string[] {
  if (text.startsWith("> sysctl ")) return [`${indent}${text}`];
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length >= COLUMNS && line !== indent) {
      lines.push(line.trimEnd());
      line = indent + (text.startsWith("> ") ? "  " : "");
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
