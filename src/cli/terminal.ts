/** What is known of the terminal at the other end. */
import { isatty } from "node:tty";
import type { Runtime } from "../runtime/runtime.ts";

/** Colour on standard error: on a terminal, unless NO_COLOR is set to anything (no-color.org). */
export function wantsColour(runtime: Runtime): boolean {
  return isatty(2) && !runtime.env("NO_COLOR");
}

/** Does the locale say that the terminal shows more than ASCII? */
export function isUtf8(runtime: Runtime): boolean {
  const locale = runtime.env("LC_ALL") || runtime.env("LC_CTYPE") || runtime.env("LANG") || "";
  return /utf-?8/i.test(locale);
}
