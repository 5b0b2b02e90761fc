/** Errors as they are printed, and the exit codes they stand for. */
import { assert, assertEquals } from "../../support/assert.ts";
import { SpillwayError, SystemError } from "../../../src/base/error.ts";
import { printError } from "../../../src/cli/output/print_error.ts";
import { ConfigError } from "../../../src/config/problem.ts";

Deno.test("an error of the world is printed with its hint and without a stack", () => {
  const error = new SpillwayError("port 9000 is in use", { hint: "stop it", exit: 75 });
  assertEquals(printError(error, false), { text: "error: port 9000 is in use\nhint: stop it\n", exit: 75 });
  assertEquals(printError(new SpillwayError("x"), false), { text: "error: x\n", exit: 1 });
});

Deno.test("every problem of a configuration is printed with its own hint", () => {
  const error = new ConfigError([{ message: "a", hint: "b" }, { message: "c", hint: "d" }]);
  assertEquals(printError(error, false), { text: "error: a\nhint: b\nerror: c\nhint: d\n", exit: 2 });
});

Deno.test("a failed system call is printed with its errno", () => {
  const { text, exit } = printError(new SystemError("ENOENT", "open", "/x"), false);
  assertEquals([text, exit], ["error: open /x: no such file or directory (ENOENT)\n", 1]);
  const { text: failing } = printError(new SystemError("EIO", "read", "/x"), false);
  assertEquals(
    failing,
    "error: read /x: input/output error (EIO)\nhint: the disk may be failing: look at dmesg and smartctl -a\n",
  );
});

Deno.test("a file that may not be read has a hint which user may; an address is no file", () => {
  const lines = (syscall: string) => printError(new SystemError("EACCES", syscall, "/x"), false).text.split("\n");
  assertEquals(lines("open"), [
    "error: open /x: permission denied (EACCES)",
    "hint: run it as the user that this belongs to; a journal belongs to the user that the daemon runs as",
    "",
  ]);
  assertEquals(lines("connect"), ["error: connect /x: permission denied (EACCES)", ""]);
});

Deno.test("nothing is said when the reader of the output has gone", () => {
  assertEquals(printError(new SystemError("EPIPE", "write", "standard output"), false), { text: "", exit: 1 });
});

Deno.test("a defect is printed with its stack and says that it is one", () => {
  const { text, exit } = printError(new TypeError("x is not a function"), false);
  assert(text.includes("print_error_test.ts"), text);
  assert(text.includes("error: internal: x is not a function\nhint: this is a defect of spillway"), text);
  assertEquals(exit, 1);
});

Deno.test("colour marks the labels alone", () => {
  const { text } = printError(new SpillwayError("a", { hint: "b" }), true);
  assertEquals(text, "\x1b[1;31merror:\x1b[0m a\n\x1b[1;36mhint:\x1b[0m b\n");
});
