/** The assertions of @std/assert with their types, which the npm package does not ship. */
import { assertEquals as equals } from "@std/assert/equals";
import { assert as truth } from "@std/assert/assert";
import { assertRejects as rejects } from "@std/assert/rejects";
import { assertThrows as throws } from "@std/assert/throws";
import { assertMatch as matches } from "@std/assert/match";

export const assertEquals: <T>(actual: T, expected: T, message?: string) => void = equals;
export const assert: (condition: unknown, message?: string) => asserts condition = truth;
export const assertMatch: (actual: string, expected: RegExp, message?: string) => void = matches;

// deno-lint-ignore no-explicit-any -- any constructor is an error class here, as in @std/assert
type ErrorClass<E extends Error> = abstract new (...parameters: any[]) => E;

export const assertRejects: <E extends Error>(
  action: () => Promise<unknown>,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
) => Promise<E> = rejects;
export const assertThrows: <E extends Error>(
  action: () => unknown,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
) => E = throws;
