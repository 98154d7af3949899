import { describe, expect, it } from "vitest";
import { workMs } from "#server/kernel/own-time.test-kit.ts";
import { kindsOf, type LogChunk, logLines, logText } from "./chunk-log.ts";

const chunk = (id: number, value: unknown, kind: string | null = "stdout"): LogChunk => ({
  id,
  kind,
  timestamp: `t${id}`,
  chunk: { value },
});

describe("a log of chunks", () => {
  it("joins text wherever it was cut, and begins anew with another kind", () => {
    const chunks = [
      chunk(1, "fir"),
      chunk(2, "st\nsecond\nth"),
      chunk(3, "ird\n"),
      chunk(4, "oops\n", "stderr"),
      chunk(5, "on\n"),
    ];
    expect(logLines(chunks).map(({ timestamp, kind, text }) => [timestamp, kind, text])).toEqual([
      ["t1", "stdout", "first"],
      ["t2", "stdout", "second"],
      ["t2", "stdout", "third"],
      ["t4", "stderr", "oops"],
      ["t5", "stdout", "on"],
    ]);
    expect(kindsOf(chunks)).toEqual([
      { kind: "stdout", count: 4 },
      { kind: "stderr", count: 1 },
    ]);
    expect(logText(chunks)).toBe("first\nsecond\nthird\noops\non\n");
  });

  it("shows what is no text, and what cannot be read, as lines of their own", () => {
    const unreadable: LogChunk = { id: 2, kind: null, timestamp: "t2", chunk: { unreadable: "cut off", bytes: 3 } };
    const lines = logLines([chunk(1, { done: 1 }), unreadable, chunk(3, "x")]);
    expect(lines.map(({ text, note }) => [text, note])).toEqual([
      ['{"done":1}', true],
      ["could not be decoded: cut off (3 bytes)", true],
      ["x", false],
    ]);
  });

  it("names the chunk in which something is masked", () => {
    const lines = logLines([
      chunk(1, "password="),
      chunk(2, "••••"),
      chunk(3, " end\nplain"),
      chunk(4, { a: { $masked: "" } }),
    ]);
    expect(lines.map(({ text, maskedId }) => [text, maskedId])).toEqual([
      ["password=•••• end", 2],
      ["plain", null],
      ['{"a":{"$masked":""}}', 4],
    ]);
  });

  it("of 10,000 chunks takes a moment", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => chunk(index, `line ${index}\n`));
    const took = workMs(() => {
      expect(logLines(many).length).toBe(10_000);
    });
    expect(took).toBeLessThan(500);
  });
});
