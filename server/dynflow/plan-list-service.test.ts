import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { type DynflowFold, EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { plansInput } from "#server/contract/wire/dynflow.ts";
import { plansExportInput } from "#server/contract/wire/dynflow-export.ts";
import { searchTextInput } from "#server/contract/wire/dynflow-search.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createPlanListService } from "./plan-list-service.ts";
import type { DynflowStore, PlanListRow, ScanQuery, ScanSlice } from "./ports.ts";
import type { DynflowSource } from "./source-view.ts";

const NOW = Date.UTC(2026, 10, 22, 6, 52, 14);
const CANARY = "canary-c4n4ry";

const callerOf = (role: "viewer" | "operator"): Caller => ({
  principal: { id: role, role, kind: "token", sources: null, tokenId: role },
  address: "127.0.0.1",
});
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const row = (number: number, over: Partial<PlanListRow> = {}): PlanListRow => ({
  id: id(number),
  label: "Lab::Fails",
  state: "stopped",
  result: "error",
  startedAt: "2026-11-22T05:00:00.000000Z",
  endedAt: null,
  realTimeSec: 1,
  executionTimeSec: 1,
  rootPlanStepId: 1,
  rootActionClass: "Lab::Fails",
  ...over,
});

/** A clock that only the service itself moves on: by what its reads take, and by its rests. */
function scene(store: Partial<DynflowStore>, fold: Partial<DynflowFold> = {}) {
  let nowMs = 0;
  const clock: Clock = {
    now: () => epochMs(NOW + nowMs),
    monotonic: () => monotonicMs(nowMs),
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  } as Clock;
  const source = {
    id: "foreman",
    title: "Foreman",
    store,
    fold: () => ({ ...EMPTY_DYNFLOW, ...fold }),
    planProgress: () => null,
  } as unknown as DynflowSource;
  const service = createPlanListService({ sources: [source], clock });
  const passes = (ms: number) => {
    nowMs += ms;
  };
  return { service, passes };
}

const tooSlow = () => new OpsError("upstream-unavailable", "PostgreSQL answered 57014: canceling statement");

describe("counts of a list", () => {
  it("are put to the database seldom in proportion to what they cost", async () => {
    let asked = 0;
    const { service, passes } = scene({
      counts: async () => {
        asked += 1;
        passes(100);
        return [{ state: "paused", result: "error", count: 3 }];
      },
    });
    const { filter } = plansInput.parse({ source: "foreman" });
    const ask = () => service.counts(callerOf("viewer"), { source: "foreman", filter });
    expect(await Promise.all([ask(), ask()])).toMatchObject([{ total: 3, tooSlow: false }, { total: 3 }]);
    passes(1_900);
    await ask();
    expect(asked).toBe(1);
    passes(200);
    await ask();
    expect(asked).toBe(2);
  });

  it("say that they took too long, never that there is nothing, and are not tried again at once", async () => {
    let asked = 0;
    const { service } = scene({
      counts: () => {
        asked += 1;
        return Promise.reject(tooSlow());
      },
    });
    const { filter } = plansInput.parse({ source: "foreman" });
    for (let time = 0; time < 3; time += 1) {
      const answer = await service.counts(callerOf("viewer"), { source: "foreman", filter });
      expect(answer).toMatchObject({ tooSlow: true, counts: [] });
    }
    expect(asked).toBe(1);
  });

  it("fail with the database, and are asked for again", async () => {
    let asked = 0;
    const { service } = scene({
      counts: () => {
        asked += 1;
        return Promise.reject(new OpsError("upstream-unavailable", "PostgreSQL did not answer: ECONNREFUSED"));
      },
    });
    const { filter } = plansInput.parse({ source: "foreman" });
    const ask = () => service.counts(callerOf("viewer"), { source: "foreman", filter });
    await expect(ask()).rejects.toMatchObject({ code: "upstream-unavailable" });
    await expect(ask()).rejects.toMatchObject({ code: "upstream-unavailable" });
    expect(asked).toBe(2);
  });
});

describe("a page of a list", () => {
  it("looks durations and holders up before it asks the database", async () => {
    const lock = {
      class: "Dynflow::Coordinator::ExecutionLock",
      id: `execution-plan:${id(7)}`,
      ownerId: "world:w",
      planId: id(7),
      worldId: "w",
      clientWorldId: null,
      requestId: null,
      unreadable: null,
      seenSince: epochMs(NOW),
    };
    const asked: unknown[] = [];
    const { service } = scene(
      {
        plans: async ({ filter }) => {
          asked.push(filter);
          return { rows: [], previousCursor: null, nextCursor: null };
        },
      },
      { locks: { a: lock } },
    );
    const input = plansInput.parse({ source: "foreman", filter: { heldBy: "w", minDurationSec: 3_600 } });
    await service.plans(callerOf("viewer"), input);
    const lasting = { seconds: 3_600, startedBefore: "2026-11-22T05:52:10.000000Z" };
    expect(asked).toMatchObject([{ among: [id(7)], lasting }]);
  });

  it("that takes longer than a statement may is told as too much, not as a database that is down", async () => {
    const { service } = scene({ plans: () => Promise.reject(tooSlow()) });
    const asked = service.plans(callerOf("viewer"), plansInput.parse({ source: "foreman" }));
    await expect(asked).rejects.toMatchObject({ code: "limit-exceeded" });
  });
});

describe("a search", () => {
  const slice = (over: Partial<ScanSlice> = {}): ScanSlice => ({
    hits: [],
    plans: 1,
    rows: 1,
    bytes: 1,
    notLookedInto: 0,
    next: id(1),
    ...over,
  });
  const input = (needle: object) => searchTextInput.parse({ source: "foreman", needle });

  it("answers in less than a second with how far it is, and goes on where it stopped", async () => {
    const asked: ScanQuery[] = [];
    const { service, passes } = scene({
      scan: async (query) => {
        asked.push(query);
        passes(150);
        return slice({ next: id(asked.length), plans: query.plans });
      },
    });
    const part = await service.searchText(callerOf("operator"), input({ errorText: "no space" }));
    expect(part).toMatchObject({ next: id(2), hits: [] });
    expect(part.tookMs).toBeLessThan(1_000);
    expect(asked.map(({ from }) => from)).toEqual([null, id(1)]);
    expect(part.looked.plans).toBe(asked.reduce((sum, { plans }) => sum + plans, 0));
  });

  it("takes smaller slices when one took too long, and gives the error up to whoever asked when none is small enough", async () => {
    const sizes: number[] = [];
    const { service } = scene({
      scan: async ({ plans }) => {
        sizes.push(plans);
        if (plans > 50) throw tooSlow();
        return slice({ next: null });
      },
    });
    expect(await service.searchText(callerOf("operator"), input({ errorText: "xx" }))).toMatchObject({ next: null });
    expect(sizes).toEqual([500, 63, 10]);
    const never = scene({ scan: () => Promise.reject(tooSlow()) });
    await expect(never.service.searchText(callerOf("operator"), input({ errorText: "xx" }))).rejects.toThrow(/57014/);
  });

  it("begins no statement after it was cancelled", async () => {
    const controller = new AbortController();
    let asked = 0;
    const { service, passes } = scene({
      scan: async () => {
        asked += 1;
        passes(1);
        controller.abort();
        return slice();
      },
    });
    const searched = service.searchText(callerOf("operator"), input({ errorText: "xx" }), controller.signal);
    await expect(searched).rejects.toMatchObject({ code: "cancelled" });
    expect(asked).toBe(1);
  });

  it("in errors and inputs is refused to whoever may not read them; in classes and worlds it is not", async () => {
    const { service } = scene({ scan: async () => slice({ next: null }) });
    const viewer = callerOf("viewer");
    for (const needle of [{ errorText: "xx" }, { inputText: "xx" }, { inputText: "xx", actionClass: "Lab" }]) {
      await expect(service.searchText(viewer, input(needle))).rejects.toMatchObject({ code: "not-permitted" });
    }
    expect(await service.search(viewer, input({ actionClass: "Lab" }))).toMatchObject({ next: null });
    const sly = { ...input({}), needle: { ...input({}).needle, errorText: CANARY } };
    const asked: ScanQuery[] = [];
    const spied = scene({
      scan: async (query) => {
        asked.push(query);
        return slice({ next: null });
      },
    });
    await spied.service.search(viewer, sly);
    expect(asked[0]?.needle.errorText).toBeNull();
  });

  it("looks into nothing that is masked for everybody", async () => {
    const asked: ScanQuery[] = [];
    const { service } = scene({
      scan: async (query) => {
        asked.push(query);
        return slice({ next: null });
      },
    });
    await service.searchText(callerOf("operator"), input({ inputText: CANARY }));
    const shown = asked[0]?.shown;
    expect(JSON.stringify(shown?.payload({ root_password: CANARY, host: "a" }))).not.toContain(CANARY);
    expect(shown?.text(`password=${CANARY} on host a`)).not.toContain(CANARY);
  });
});

describe("a file of a list", () => {
  const failure = {
    planId: id(1),
    stepId: 4,
    actionClass: "Lab::Fails",
    exceptionClass: "Lab::Broken",
    message: `=HYPERLINK("http://evil") ${CANARY}, token=abcdef`,
  };
  const store: Partial<DynflowStore> = {
    counts: async () => [{ state: "stopped", result: "error", count: 2 }],
    callers: async () => [{ planId: id(2), callerPlanId: id(1), callerActionId: 3 }],
    failures: async () => [failure],
    plans: async ({ from }) =>
      from === null
        ? { rows: [row(1, { label: '=cmd|" /C calc"!A0' })], previousCursor: null, nextCursor: "c" }
        : { rows: [row(2)], previousCursor: null, nextCursor: null },
  };
  const written = async (role: "viewer" | "operator", format: "csv" | "json", over: Partial<DynflowStore> = {}) => {
    const pieces: string[] = [];
    const { service } = scene({ ...store, ...over });
    const asked = plansExportInput.parse({ source: "foreman", format });
    for await (const piece of service.export(callerOf(role), asked)) pieces.push(piece);
    return pieces.join("");
  };

  it("holds every page, as CSV that no spreadsheet runs", async () => {
    const lines = (await written("operator", "csv")).split("\r\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^source,id,label,/);
    expect(lines[1]).toContain(`"'=cmd|"" /C calc""!A0"`);
    expect(lines[1]).toContain(`"'=HYPERLINK(`);
    expect(lines[2]).toContain(`${id(2)},Lab::Fails`);
    expect(lines[2]).toContain(id(1));
  });

  it("is JSON as a whole, with its source, age and order", async () => {
    const file: unknown = JSON.parse(await written("operator", "json"));
    expect(file).toMatchObject({ source: "foreman", matching: 2, order: "startedAt descending", cut: null });
    expect(file).toMatchObject({
      plans: [
        { id: id(1), failedStepId: 4 },
        { id: id(2), callerPlanId: id(1) },
      ],
    });
    const none = { plans: async () => ({ rows: [], previousCursor: null, nextCursor: null }) };
    expect(JSON.parse(await written("operator", "json", none))).toMatchObject({ plans: [] });
  });

  it.each(["csv", "json"] as const)("as %s tells a viewer nothing of what failed but its class", async (format) => {
    expect(await written("viewer", format)).not.toContain(CANARY);
    expect(await written("viewer", format)).toContain("Lab::Broken");
    const operators = await written("operator", format);
    expect(operators).toContain(CANARY);
    expect(operators).not.toContain("abcdef");
  });

  it("ends at its bound and says so in itself", async () => {
    let pages = 0;
    const endless: Partial<DynflowStore> = {
      callers: async () => [],
      failures: async () => [],
      plans: async () => {
        pages += 1;
        const rows = Array.from({ length: 500 }, (_, index) => row(pages * 1_000 + index));
        return { rows, previousCursor: null, nextCursor: "c" };
      },
    };
    const lines = (await written("operator", "csv", endless)).trimEnd().split("\r\n");
    expect(lines).toHaveLength(100_002);
    expect(lines.at(-1)).toContain("cut: a file holds at most 100000 plans");
    expect(pages).toBe(201);
  }, 30_000);

  it("is in order of id where any other would scan the table for each page", async () => {
    const sorts: string[] = [];
    const many = { counts: async () => [{ state: "stopped", result: "success", count: 50_000 }] };
    const plans: DynflowStore["plans"] = async ({ sort }) => {
      sorts.push(sort);
      return { rows: [], previousCursor: null, nextCursor: null };
    };
    expect(JSON.parse(await written("operator", "json", { ...many, plans }))).toMatchObject({ order: "id" });
    expect(sorts).toEqual(["id"]);
  });
});
