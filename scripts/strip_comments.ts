/**
 * TypeScript without what cannot name anything: comments, and on request the
 * insides of strings. Replaced by spaces, so that lines keep their numbers.
 */

/**
 * Whether a slash begins a regular expression is guessed from the character
 * before it, which is right for code that deno fmt has formatted. What stands
 * in `${}` of a template is kept as code.
 */
export function stripComments(source: string, options: { readonly strings: "keep" | "blank" }): string {
  return new Stripper(source, options.strings === "keep").run();
}

class Stripper {
  #at = 0;
  #out = "";
  /** Of each template that is open: how many braces are open in its `${`. */
  readonly #templates: number[] = [];

  constructor(readonly source: string, readonly keepStrings: boolean) {}

  run(): string {
    while (this.#at < this.source.length) this.#token();
    return this.#out;
  }

  #token(): void {
    const { source } = this;
    const character = source[this.#at];
    const two = source.slice(this.#at, this.#at + 2);
    if (two === "//") this.#blank(indexOr(source, "\n", this.#at));
    else if (two === "/*") this.#blank(indexOr(source, "*/", this.#at + 2) + 2);
    else if (character === '"' || character === "'") this.#string(character);
    else if (character === "`") this.#template();
    else if (character === "/" && /(^|[(,=:[!&|?{};+\n]|=>|\breturn)\s*$/.test(this.#out.slice(-20))) this.#regex();
    else if (character === "{" && this.#templates.length > 0) {
      this.#templates[this.#templates.length - 1]++;
      this.#keep();
    } else if (character === "}" && this.#templates.length > 0 && --this.#templates[this.#templates.length - 1] === 0) {
      this.#templates.pop();
      this.#template();
    } else this.#keep();
  }

  #keep(): void {
    this.#out += this.source[this.#at++];
  }

  #blank(end: number): void {
    this.#out += this.source.slice(this.#at, end).replace(/[^\n]/g, " ");
    this.#at = end;
  }

  #string(quote: string): void {
    let end = this.#at + 1;
    while (end < this.source.length && this.source[end] !== quote) end += this.source[end] === "\\" ? 2 : 1;
    this.#inside(end + 1);
  }

  /** From a back quote, or from the brace that ends a `${}`, to the next of either. */
  #template(): void {
    let end = this.#at + 1;
    while (end < this.source.length && this.source[end] !== "`") {
      if (this.source.startsWith("${", end)) {
        this.#templates.push(0);
        return this.#inside(end + 1);
      }
      end += this.source[end] === "\\" ? 2 : 1;
    }
    this.#inside(end + 1);
  }

  #regex(): void {
    let end = this.#at + 1;
    for (let inClass = false; end < this.source.length && (inClass || this.source[end] !== "/"); end++) {
      if (this.source[end] === "\\") end++;
      else if (this.source[end] === "[") inClass = true;
      else if (this.source[end] === "]") inClass = false;
    }
    this.#inside(end + 1);
  }

  #inside(end: number): void {
    if (!this.keepStrings) return this.#blank(end);
    this.#out += this.source.slice(this.#at, end);
    this.#at = end;
  }
}

function indexOr(source: string, text: string, from: number): number {
  const index = source.indexOf(text, from);
  return index < 0 ? source.length : index;
}
