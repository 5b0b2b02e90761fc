/** What is logged of producers. */
import type { EventKind } from "./kind.ts";

export const SOURCE_EVENTS = {
  source_connected: {
    level: "info",
    message: "source connected",
    repeats: "counted",
    about: "A producer has connected.",
  },
  source_disconnected: {
    level: "info",
    message: "source disconnected",
    repeats: "counted",
    sums: ["frames", "bytes"],
    about: "Its end: why, for how long, and what it sent.",
  },
  source_refused: {
    level: "warn",
    message: "source connection refused",
    repeats: "counted",
    sums: ["connections"],
    about: "`why` says which limit or rule; raise it if the producer belongs here.",
  },
  source_unreachable: {
    level: "warn",
    message: "cannot connect to the source, trying again",
    repeats: "counted",
    about: "Start the producer, or correct source.connect.",
  },
  source_held_up: {
    level: "error",
    message: "producers are held up",
    repeats: "each",
    about: "Reading has stopped for want of memory: free disk space, or look why the disk is slow.",
  },
  source_held_up_ended: {
    level: "info",
    message: "producers are read again",
    repeats: "each",
    about: "Nothing; `for_s` is how long it lasted.",
  },
  source_bytes_between: {
    level: "info",
    message: "bytes between frames are passed over",
    repeats: "counted",
    about: "They belong to no frame, and count as dropped{between}.",
  },
  source_fault: {
    level: "warn",
    message: "bytes that are no frame, connection closed",
    repeats: "counted",
    sums: ["bytes_dropped"],
    about: "Compare the route's framing with what the producer sends: `first_bytes`.",
  },
  source_unfinished: {
    level: "warn",
    message: "the connection ended within a frame, its beginning is dropped",
    repeats: "counted",
    sums: ["bytes_dropped"],
    about: "The producer has to send that frame again.",
  },
  source_stuck: {
    level: "warn",
    message: "others waited for the memory of an unfinished frame, connection closed",
    repeats: "counted",
    sums: ["bytes_dropped"],
    about: "The producer began a frame and did not go on; a larger memory.max_bytes lets more of them wait.",
  },
  unfinished_frames_wait: {
    level: "warn",
    message: "unfinished frames hold all the memory that they may, connections wait for it",
    repeats: "each",
    about: "Too many producers are in the middle of large frames: raise memory.max_bytes.",
  },
  unfinished_frames_ended: {
    level: "info",
    message: "no connection waits for memory for its unfinished frame any more",
    repeats: "each",
    about: "Nothing.",
  },
  replies_held_up: {
    level: "warn",
    message: "a producer does not read its answers, delivery waits for it",
    repeats: "counted",
    about: "Look at the producer: it has to read what it is sent.",
  },
  replies_held_up_ended: {
    level: "info",
    message: "delivery waits for the producer no more",
    repeats: "counted",
    about: "Nothing.",
  },
  accept_failed: {
    level: "error",
    message: "cannot accept connections, trying again",
    repeats: "counted",
    about: "`error` says why; EMFILE: raise the limit of open files.",
  },
} as const satisfies Readonly<Record<string, EventKind>>;
