import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { BEATS_KEPT, createBeatMemory } from "./beat-memory.ts";
import { uptimeOf } from "./domain/vm-uptime.ts";
import type { NodeRow } from "./ports.ts";

const row = (heartbeat: bigint, more: Partial<NodeRow> = {}): NodeRow => ({
  incarnation: { createdAt: epochMs(1_000), id: -7n },
  node: "dna@a",
  heartbeat,
  load: 0.5,
  draining: false,
  writeAgeMs: null,
  ...more,
});
const ID = "1000:-7";

describe("beat memory", () => {
  it("tells the interval of each beat by the node's clock and by the database's", () => {
    const memory = createBeatMemory();
    memory.observe([row(-500n, { writtenAtMs: 10_000 })], epochMs(10_000));
    memory.observe([row(-500n, { writtenAtMs: 10_000 })], epochMs(12_000));
    memory.observe([row(4_600n, { writtenAtMs: 15_200, load: 1.5 })], epochMs(16_000));
    expect(memory.of(ID)).toEqual({
      beats: [{ at: 16_000, ownMs: 5_100, databaseMs: 5_200, load: 1.5 }],
      since: 10_000,
      seenAt: 16_000,
      heartbeat: 4_600n,
    });
    expect(memory.of("1:1")).toBeNull();
  });

  it("measures nothing across a gap in the reads, nor when a clock goes back", () => {
    const memory = createBeatMemory();
    memory.observe([row(0n)], epochMs(0));
    memory.observe([row(30_000n)], epochMs(30_000));
    memory.observe([row(20_000n)], epochMs(32_000));
    expect(memory.of(ID)?.beats.map(({ ownMs }) => ownMs)).toEqual([null, null]);
  });

  it("keeps the last 120 beats in order, however many there were", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), (count) => {
        const memory = createBeatMemory();
        for (let beat = 0; beat <= count; beat += 1) memory.observe([row(BigInt(beat * 5_000))], epochMs(beat * 4_000));
        const beats = memory.of(ID)?.beats ?? [];
        expect(beats).toHaveLength(Math.min(count, BEATS_KEPT));
        expect(beats.at(-1)?.at ?? 0).toBe(count * 4_000);
        expect(beats.every(({ ownMs }) => ownMs === 5_000)).toBe(true);
      }),
      { verbose: 1 },
    );
  });

  it("forgets the first when there are too many incarnations", () => {
    const memory = createBeatMemory({ incarnations: 2 });
    for (const id of [1n, 2n, 3n])
      memory.observe([row(0n, { incarnation: { createdAt: epochMs(1), id } })], epochMs(1));
    expect([memory.of("1:1"), memory.of("1:3") === null]).toEqual([null, false]);
  });

  it("passes over rows that cannot be read", () => {
    const memory = createBeatMemory();
    memory.observe([{ malformed: true, key: "1:2", reason: "no heartbeat" }], epochMs(1));
    expect(memory.of("1:2")).toBeNull();
  });
});

describe("uptime", () => {
  it("is told from where the VM's clock starts, and not of one that starts elsewhere", () => {
    expect(uptimeOf(-576_460_752_303n + 3_600_000n)).toBe(3_600_000);
    expect(uptimeOf(-576_460_752_304n)).toBeNull();
    expect(uptimeOf(1_795_000_000_000n)).toBeNull();
  });
});
