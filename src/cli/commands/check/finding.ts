/** What `check` finds out about the machine. */
export interface Finding {
  /** A note is good to know; a warning is a limit that can be met; an error keeps the route from running. */
  readonly kind: "note" | "warning" | "error";
  readonly text: string;
  readonly hint?: string;
}
