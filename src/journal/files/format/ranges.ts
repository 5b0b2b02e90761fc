/** Part of a file. */

/** The bytes [offset, offset + bytes) of a file. */
export interface FileRange {
  readonly offset: number;
  readonly bytes: number;
}
