/** Elements of the page. Text goes in as text, never as markup: names and errors come from peers. */

export type Child = Node | string;

/** A new element; `names` are its classes. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  names: string,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (names !== "") made.className = names;
  made.append(...children);
  return made;
}

/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Writes only what changed, so that a selection of text stays. */
export function setText(of: HTMLElement, text: string): void {
  if (of.textContent !== text) of.textContent = text;
}
