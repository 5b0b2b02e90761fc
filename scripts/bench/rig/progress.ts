/**
 * How many bytes the load generator has had accepted so far, in a file of 8 bytes
 * on tmpfs: the consumer that is to be half as fast reads it from another process.
 * A read or a write costs a few microseconds.
 */
export class Progress {
  readonly #bytes = new Uint8Array(8);
  readonly #view = new DataView(this.#bytes.buffer);

  private constructor(private readonly file: Deno.FsFile) {}

  static create(path: string): Progress {
    const progress = new Progress(Deno.openSync(path, { create: true, write: true }));
    progress.write(0);
    return progress;
  }

  /** Undefined while the other process has not created it. */
  static open(path: string): Progress | undefined {
    try {
      return new Progress(Deno.openSync(path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  write(count: number): void {
    this.#view.setFloat64(0, count);
    this.file.seekSync(0, Deno.SeekMode.Start);
    this.file.writeSync(this.#bytes);
  }

  /** 0 before the first write. */
  read(): number {
    this.file.seekSync(0, Deno.SeekMode.Start);
    return this.file.readSync(this.#bytes) === this.#bytes.length ? this.#view.getFloat64(0) : 0;
  }
}
