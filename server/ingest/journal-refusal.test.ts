import { expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { journalRefusal } from "./journal-refusal.ts";
import type { Batch, Intake } from "./ports.ts";
import type { PipelineSettings } from "./settings.ts";

const queued = { queue: 10, batch: 1, flushMs: 10 };
const SETTINGS: PipelineSettings = {
  types: [
    { type: "host", kinds: ["load", "restart"], schema: null },
    { type: "node", kinds: ["beat"], schema: null },
  ],
  receivers: [
    { ...queued, id: "live", use: "live-view", overflow: "keep-latest" },
    { ...queued, id: "log", use: "event-log", overflow: "block" },
  ],
  routes: [
    { types: ["*"], kinds: [], to: ["live"] },
    { types: ["host"], kinds: ["restart"], to: ["log"] },
  ],
};
const batchOf = (...items: readonly [string, string][]): Batch => ({
  ...{ agentId: "a", bootId: "b", door: "http", scope: { agents: ["a"], types: [] }, receivedAt: epochMs(0) },
  items: items.map(([type, kind], index) => ({ seq: index + 1, at: epochMs(0), type, kind, body: {} })),
});

it("while another console writes the journal, what has to reach it is not taken, and that one is named", async () => {
  const taken: Batch[] = [];
  let refusal: string | null = "east:17 writes the journal";
  const behind: Intake = {
    async take(batch) {
      taken.push(batch);
      return { kind: "taken", accepted: batch.items.length, duplicates: 0, rejected: [], credit: 1 };
    },
    credit: () => 1,
    onCredit: () => () => undefined,
    pipeline: () => ({ types: [], receivers: [], routes: [], inactiveAfterMs: 1, poa: false }),
  };
  const intake = journalRefusal(behind, { settings: () => SETTINGS, refusal: () => refusal });
  const mixed = batchOf(["node", "beat"], ["host", "restart"]);
  expect(await intake.take(mixed)).toEqual({ kind: "unavailable", reason: "east:17 writes the journal" });
  expect(taken).toEqual([]);
  expect((await intake.take(batchOf(["node", "beat"], ["host", "load"]))).kind).toBe("taken");
  refusal = null;
  expect((await intake.take(mixed)).kind).toBe("taken");
});
