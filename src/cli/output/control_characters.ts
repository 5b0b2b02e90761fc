/**
 * Text that comes from peers, files or the configuration, in a form that can
 * neither begin a line of its own nor steer a terminal.
 */

// deno-lint-ignore no-control-regex -- those are what it is about
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;
// deno-lint-ignore no-control-regex -- those are what it is about
const CONTROLS_BUT_TAB = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;

/** Each control character as `\u000a`: for a log line. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\u${hexOf(character, 4)}`);
}

/** Each control character as `?`: for a table, where what is shown must not grow. */
export function maskControls(text: string): string {
  return text.replace(CONTROLS, "?");
}

/** Each control character but the tab as `\x0a`: for the content of frames. */
export function escapeFrame(text: string): string {
  return text.replace(CONTROLS_BUT_TAB, (character) => `\\x${hexOf(character, 2)}`);
}

function hexOf(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, "0");
}
