/** Which build this is. scripts/build.ts puts the two constants in; a program run from its sources has none. */
declare const SPILLWAY_VERSION: string | undefined;
declare const SPILLWAY_COMMIT: string | undefined;

export const version: string = typeof SPILLWAY_VERSION === "string" ? SPILLWAY_VERSION : "dev";
export const commit: string = typeof SPILLWAY_COMMIT === "string" ? SPILLWAY_COMMIT : "unknown";
