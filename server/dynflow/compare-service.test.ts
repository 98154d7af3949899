import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createSqliteStore } from "./adapters/sqlite/sqlite-store.ts";
import { createCompareService } from "./compare-service.ts";
import type { DynflowStore, PlanListRow } from "./ports.ts";
import type { DynflowSource } from "./source-view.ts";

const ANY = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null } as const;
const viewer: Caller = {
  principal: { id: "v", role: "viewer", kind: "token", sources: null, tokenId: "v" },
  address: "127.0.0.1",
};

describe.each(["v25", "v20"])("runs of the same label in %s, written by real worlds", (fixture) => {
  const directory = mkdtempSync(join(tmpdir(), "worldline-compare-"));
  let store: DynflowStore;
  let rows: readonly PlanListRow[];
  let service: ReturnType<typeof createCompareService>;
  beforeAll(async () => {
    const path = join(directory, "plans.sqlite");
    copyFileSync(`fixtures/dynflow/${fixture}.sqlite`, path);
    store = createSqliteStore({ path });
    ({ rows } = await store.plans({ filter: ANY, sort: "startedAt", descending: true, limit: 200, from: null }));
    const source = { id: "lab", store, fold: () => EMPTY_DYNFLOW } as unknown as DynflowSource;
    service = createCompareService({ sources: [source], clock: createManualClock() });
  });
  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it("are found for every plan: newest first, never the plan itself, with the last success before it", async () => {
    let suggestions = 0;
    for (const row of rows) {
      const found = await service.runs(viewer, { source: "lab", planId: row.id });
      expect(found.label).toBe(row.label);
      expect(found.runs.map((run) => run.id)).not.toContain(row.id);
      expect(found.runs.every((run) => run.label === row.label)).toBe(true);
      const successes = rows.filter(
        (each) =>
          each.id !== row.id && each.label === row.label && each.result === "success" && each.state === "stopped",
      );
      const before = successes.find((each) => row.startedAt === null || (each.startedAt ?? "") < row.startedAt);
      if (row.label !== null) expect(found.suggested).toBe((before ?? successes[0])?.id ?? null);
      if (found.suggested !== null) suggestions += 1;
    }
    expect(suggestions).toBeGreaterThan(3);
  });

  it("are compared with themselves without a difference, and with each other without losing a step", async () => {
    let compared = 0;
    for (const row of rows.slice(0, 40)) {
      const same = await service.compare(viewer, { source: "lab", planId: row.id, otherId: row.id });
      expect(same.pairs.every(({ left, right, by }) => by === "place" && left?.id === right?.id)).toBe(true);
      const { suggested } = await service.runs(viewer, { source: "lab", planId: row.id });
      if (suggested === null) continue;
      const { pairs } = await service.compare(viewer, { source: "lab", planId: row.id, otherId: suggested });
      const ids = pairs.flatMap(({ left }) => (left === null ? [] : [left.id]));
      expect(new Set(ids).size).toBe(same.pairs.length);
      expect(pairs.every(({ left, right, by }) => (by === null) === (left === null || right === null))).toBe(true);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(3);
  });

  it("that do not exist are not found", async () => {
    const missing = "00000000-0000-4000-8000-000000000000";
    await expect(service.runs(viewer, { source: "lab", planId: missing })).rejects.toMatchObject({ code: "not-found" });
    await expect(
      service.compare(viewer, { source: "lab", planId: rows[0]?.id ?? "", otherId: missing }),
    ).rejects.toMatchObject({ code: "not-found" });
  });
});
