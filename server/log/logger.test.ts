import { describe, expect, it } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { createLogger } from "./logger.ts";
import { toTerminalLine } from "./terminal-lines.ts";

const TOKEN = `wl_${"a".repeat(43)}`;

function capture() {
  const lines: string[] = [];
  const log = createLogger({ write: (line) => void lines.push(line) }, "info");
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "{}") as Record<string, unknown> };
}

describe("a log line", () => {
  it("has its instant, level, event and fields, and those of its child", () => {
    const { log, last } = capture();
    log.child({ request: "r1" }).info("http.answered", { status: 200, big: 2n ** 63n });
    expect(last()).toMatchObject({
      level: "info",
      event: "http.answered",
      request: "r1",
      status: 200,
      big: "9223372036854775808",
    });
    expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it("is not written below the level", () => {
    const { log, lines } = capture();
    log.debug("noise");
    expect(lines).toEqual([]);
  });

  it.each([
    [{ password: "hunter2" }],
    [{ headers: { authorization: "hunter2", cookie: "hunter2", "set-cookie": ["hunter2"] } }],
    [{ dbPassword: { nested: "hunter2" } }],
    [{ url: "postgres://ops:hunter2@db/x" }],
    [{ header: "Bearer hunter2" }],
    [{ error: new Error("connect postgres://ops:hunter2@db failed") }],
    [{ error: new OpsError("refused", "no", { cause: new Error("x"), details: { secret: "hunter2" } }) }],
    [{ token: "hunter2" }],
  ])("hides the secret in %j", (fields) => {
    const { log, lines } = capture();
    log.warn("x", fields);
    log.child(fields).warn("x");
    expect(lines.join()).not.toContain("hunter2");
  });

  it("hides a token of ours wherever it stands, and keeps its id", () => {
    const { log, lines, last } = capture();
    log.warn("x", { path: `/api?t=${TOKEN}`, list: [{ deep: TOKEN }], tokenId: "t1" });
    expect(lines.join()).not.toContain(TOKEN);
    expect(last().tokenId).toBe("t1");
  });

  it("tells an error with its stack and causes", () => {
    const { log, last } = capture();
    log.error("x", { error: new OpsError("conflict", "moved", { cause: new Error("root") }) });
    expect(last().error).toMatchObject({
      name: "OpsError",
      code: "conflict",
      message: "moved",
      cause: { message: "root" },
    });
    expect(JSON.stringify(last().error)).toContain("logger.test.ts");
  });

  it("ends, whatever is in it", () => {
    const { log, last } = capture();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log.warn("x", {
      circle,
      long: "y".repeat(100_000),
      many: Array.from({ length: 5_000 }, () => 1),
      bytes: Buffer.alloc(9),
    });
    expect(JSON.stringify(last()).length).toBeLessThan(20_000);
    expect(last().bytes).toBe("(9 bytes)");
  });
});

describe("a line for a terminal", () => {
  it("is short, and no name in it can write to the terminal", () => {
    const line = toTerminalLine(
      JSON.stringify({
        time: "2026-11-22T08:00:01.000Z",
        level: "info",
        event: "http.listening",
        url: "http://x",
        name: "\u001b[2J\u202eevil",
      }),
    );
    expect(line).toBe("08:00:01 info  http.listening url=http://x name=\\u001b[2J\\u202eevil\n");
  });

  it("is kept as it is when it is not JSON", () => {
    expect(toTerminalLine("plain")).toBe("plain\n");
  });
});
