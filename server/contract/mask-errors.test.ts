import { describe, expect, it } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { maskingErrors, withoutHidden } from "./mask-errors.ts";
import { DEFAULT_MASK_RULES } from "./mask-rules.ts";
import { MASK_DOTS } from "./mask-text.ts";

const CANARY = "hunter2-canary";
const TEXT = `connect postgres://ops:${CANARY}@db/foreman failed: password=${CANARY}`;
const port = {
  name: "a port",
  plain: "open",
  hello(word: string) {
    return `${this.name}: ${word}`;
  },
  async reads() {
    return [1, 2];
  },
  async rejects(): Promise<number> {
    throw new OpsError("upstream-unavailable", TEXT, { reasons: [TEXT, "why"], details: { at: 1 } });
  },
  async breaks(): Promise<number> {
    throw new RangeError(TEXT);
  },
  throws(): number {
    throw new OpsError("refused", TEXT);
  },
  async outcome() {
    return { kind: "unknown", reason: TEXT };
  },
  link: () => ({ kind: "unreachable", reason: TEXT, retryInMs: 5 }),
  async *events() {
    yield 1;
    throw new Error(TEXT);
  },
};
const masked = maskingErrors(DEFAULT_MASK_RULES, port);
const caught = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
  } catch (cause) {
    return cause;
  }
  throw new Error("it did not fail");
};

describe("a port whose errors are masked", () => {
  it("answers as before, with its own `this`", async () => {
    expect(masked.plain).toBe("open");
    expect(masked.hello("x")).toBe("a port: x");
    expect(await masked.reads()).toEqual([1, 2]);
    expect({ ...masked }.hello("y")).toBe("a port: y");
  });

  it("says nothing hidden by an error, thrown or rejected, in message or reasons, and keeps its code", async () => {
    const rejected = await caught(() => masked.rejects());
    expect(rejected).toBeInstanceOf(OpsError);
    expect(rejected).toMatchObject({
      code: "upstream-unavailable",
      details: { at: 1 },
      reasons: [expect.anything(), "why"],
    });
    for (const call of [() => masked.rejects(), () => masked.breaks(), () => masked.throws()]) {
      const cause = await caught(call);
      const told = cause instanceof OpsError ? [cause.message, ...cause.reasons].join() : String(cause);
      expect(told).not.toContain(CANARY);
      expect(told).toContain(MASK_DOTS);
      expect(told).toContain("failed");
    }
    expect(await caught(() => masked.breaks())).toMatchObject({ name: "RangeError" });
  });

  it("says nothing hidden by an outcome, nor in the middle of a walk", async () => {
    expect(JSON.stringify([await masked.outcome(), masked.link()])).not.toContain(CANARY);
    expect(masked.link()).toMatchObject({ kind: "unreachable", retryInMs: 5 });
    const seen: unknown[] = [];
    const end = await caught(async () => {
      for await (const item of masked.events()) seen.push(item);
    });
    expect(seen).toEqual([1]);
    expect(String(end)).not.toContain(CANARY);
  });

  it("leaves an error alone in which nothing is hidden", () => {
    const cause = new OpsError("refused", "no host answered", { reasons: ["look again"] });
    expect(withoutHidden(DEFAULT_MASK_RULES, cause)).toBe(cause);
    expect(withoutHidden(DEFAULT_MASK_RULES, null)).toBeNull();
    expect(withoutHidden(DEFAULT_MASK_RULES, TEXT)).not.toContain(CANARY);
  });
});
