/** What the runtimes throw becomes one error with the errno's name. */
import { SystemError } from "../../src/base/error.ts";
import { errnoName, systemError } from "../../src/runtime/system_error.ts";
import { assertEquals } from "../support/assert.ts";

function thrown(name: string, message: string, code?: string): Error {
  return Object.assign(new Error(message), { name, ...(code === undefined ? {} : { code }) });
}

Deno.test("each runtime's way to say what failed becomes the errno's name", () => {
  const cases: [Error, string][] = [
    [thrown("AddrInUse", "Address already in use (os error 98)", "EADDRINUSE"), "EADDRINUSE"],
    [thrown("Error", "No space left on device (os error 28)"), "ENOSPC"],
    [thrown("BadResource", "Bad resource ID"), "EBADF"],
    [thrown("NotFound", "somewhere"), "ENOENT"],
    [thrown("Error", "failed to lookup address information: Name or service not known"), "ENOTFOUND"],
    [thrown("Error", "getaddrinfo", "EAI_AGAIN"), "ENOTFOUND"],
    [thrown("DNSException", "getaddrinfo", "DNS_ENOTFOUND"), "ENOTFOUND"],
    [thrown("TimeoutError", "a DOMException", undefined), "EUNKNOWN"],
    [thrown("RangeError", "port", "ERR_OUT_OF_RANGE"), "EUNKNOWN"],
  ];
  for (const [error, code] of cases) assertEquals(errnoName(error), code, error.message);
  assertEquals(errnoName("a string"), "EUNKNOWN");
});

Deno.test("a SystemError stays what it is; anything else says call, subject and cause", () => {
  const first = new SystemError("ENOSPC", "write", "/data/feed");
  assertEquals(systemError(first, "read", "elsewhere"), first);
  const cause = thrown("PermissionDenied", "Permission denied (os error 13)", "EACCES");
  const error = systemError(cause, "open", "/data/feed");
  assertEquals([error.code, error.syscall, error.subject, error.cause], ["EACCES", "open", "/data/feed", cause]);
});
