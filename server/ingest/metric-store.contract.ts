/** What every table of points promises. Run against each adapter. */
import { expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import type { Envelope, MetricStore } from "./ports.ts";

const DAY_MS = 86_400_000;
/** Noon of a day, so that neighbours of it are of the same one. */
export const NOON = epochMs(1_795_262_400_000);
const signal = () => AbortSignal.timeout(30_000);

export const point = (seq: number, of: Partial<Envelope> = {}): Envelope => ({
  agentId: "a",
  bootId: "b1",
  seq,
  at: epochMs(NOON + seq),
  receivedAt: epochMs(NOON + seq + 5),
  type: "system_metrics",
  kind: "statistics",
  body: { cpu_load: seq, note: "ä\u0000\n'\"" },
  ...of,
});

const all = { type: "system_metrics", kind: null, from: epochMs(NOON - 40 * DAY_MS), to: epochMs(NOON + DAY_MS) };

/** @param fresh a store with nothing of these agents in it */
export function metricStoreContract(fresh: () => Promise<MetricStore>): void {
  it("flaw 3: stores all 50 of a batch of 50, and a batch of one", async () => {
    const store = await fresh();
    const fifty = Array.from({ length: 50 }, (_, n) => point(n + 1, { agentId: "fifty" }));
    await store.write(fifty, signal());
    await store.write([point(51, { agentId: "fifty" })], signal());
    const found = await store.read({ ...all, agentId: "fifty", limit: 100 });
    expect(found.map(({ seq }) => seq)).toEqual(Array.from({ length: 51 }, (_, n) => 51 - n));
    expect(found[50]).toEqual(fifty[0]);
    await store.close();
  });

  it("keeps the same envelope once, however often it is written, and tells boots apart", async () => {
    const store = await fresh();
    const one = point(1, { agentId: "same" });
    await Promise.all([store.write([one, one], signal()), store.write([one], signal())]);
    await store.write([one, { ...one, bootId: "b2" }], signal());
    const found = await store.read({ ...all, agentId: "same", limit: 100 });
    expect(found.map(({ bootId }) => bootId).toSorted()).toEqual(["b1", "b2"]);
    await store.close();
  });

  it("reads a span over several days, newest first, of one kind, at most as many as asked for", async () => {
    const store = await fresh();
    const days = Array.from({ length: 5 }, (_, n) =>
      point(n + 1, { agentId: "days", at: epochMs(NOON - n * DAY_MS), kind: n % 2 === 0 ? "even" : "odd" }),
    );
    await store.write(days, signal());
    const read = (query: object) => store.read({ ...all, agentId: "days", limit: 100, ...query });
    expect((await read({})).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect((await read({ kind: "even" })).map(({ seq }) => seq)).toEqual([1, 3, 5]);
    expect((await read({ limit: 2 })).map(({ seq }) => seq)).toEqual([1, 2]);
    expect((await read({ from: epochMs(NOON - 2 * DAY_MS), to: epochMs(NOON - 1) })).map(({ seq }) => seq)).toEqual([
      2, 3,
    ]);
    expect(await read({ type: "other" })).toEqual([]);
    expect(await read({ agentId: "' OR 1=1 --" })).toEqual([]);
    await store.close();
  });

  it("takes large bodies and many of them at once", async () => {
    const store = await fresh();
    const text = "x".repeat(30_000);
    const large = Array.from({ length: 20 }, (_, n) => point(n + 1, { agentId: "large", body: { text } }));
    await store.write(large, signal());
    expect(await store.read({ ...all, agentId: "large", limit: 100 })).toHaveLength(20);
    await store.close();
  });
}
