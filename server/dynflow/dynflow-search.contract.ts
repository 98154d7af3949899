import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodePayload } from "./codec/payload.ts";
import {
  actionCells,
  type OpenedTables,
  type OpenTables,
  planCells,
  stepCells,
  uuid,
} from "./dynflow-tables.contract.ts";
import type { PlanFilter, PlanQuery, ScanHit, ScanNeedle, ScanQuery } from "./ports.ts";

const ANY: PlanFilter = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null };
const NO_NEEDLE: ScanNeedle = { errorText: null, inputText: null, actionClass: null, worldId: null };
/** Hides all that follows a colon after "secret". */
const SHOWN: ScanQuery["shown"] = {
  payload: (value) => (JSON.stringify(value).includes("secret") ? null : value),
  text: (text) => text.replace(/secret:.*/, "secret: ••••"),
};
const WORLD = "dddddddd-1111-4222-8333-444444444444";

const query = (more: Partial<PlanQuery> = {}): PlanQuery => ({
  filter: ANY,
  sort: "id",
  descending: false,
  limit: 50,
  from: null,
  ...more,
});
const numberOf = (id: string): number => Number.parseInt(id.slice(-12), 16);
const numbers = (rows: readonly { readonly id: string }[]): number[] => rows.map((row) => numberOf(row.id));

/** What every `DynflowStore` promises of searching, jumping and what a list shows beside its rows. */
export function dynflowSearchContract(name: string, open: OpenTables): void {
  describe(`DynflowStore contract, search: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
      await seed(tables);
    });
    afterEach(() => tables.close());
    const context: Context = { tables: () => tables };
    describe("filters", () => filterPromises(context));
    describe("jumps", () => jumpPromises(context));
    describe("scans", () => scanPromises(context));
    describe("beside a list", () => besidePromises(context));
  });
}

interface Context {
  tables(): OpenedTables;
}

const error = (message: string, exception = "Lab::Broken") =>
  encodePayload({
    class: "Dynflow::ExecutionPlan::Steps::Error",
    exception_class: exception,
    message,
    backtrace: ["lib/lab.rb:7:in `run'"],
  });

/**
 * 1 success, 2 failed, 3 a sub-plan of 2 that failed, 4 scheduled without a label, 5 running since long, 6 whose input
 * tells of a host.
 */
async function seed({ insert }: OpenedTables): Promise<void> {
  const plans: readonly Parameters<typeof planCells>[1][] = [
    { label: "Lab::Fine", real_time: 12.5, started_at: "2026-11-22 05:00:00", ended_at: "2026-11-22 05:00:12.500" },
    { label: "Lab::Parent", state: "paused", result: "error", real_time: 0, started_at: "2026-11-22 05:10:00" },
    {
      label: "Lab::Child",
      result: "error",
      real_time: 3,
      started_at: "2026-11-22 05:10:01",
      ended_at: "2026-11-22 05:10:04",
    },
    { label: null, state: "scheduled", result: "pending" },
    { label: "100%_!Übel", state: "running", result: "pending", real_time: 0, started_at: "2026-11-21 00:00:00" },
    { label: "lab::fine", real_time: 600, started_at: "2026-11-22 04:00:00", ended_at: "2026-11-22 04:10:00" },
  ];
  for (const [index, cells] of plans.entries()) await insert("dynflow_execution_plans", planCells(index + 1, cells));
  const history = [{ time: 1_700_000_000, name: "start execution", world_id: WORLD }];
  await insert(
    "dynflow_execution_plans",
    planCells(7, { label: "Lab::Ran", execution_history: encodePayload(history) }),
  );
  for (let plan = 1; plan <= 7; plan += 1) {
    const called = plan === 3 ? { caller_execution_plan_id: uuid(2), caller_action_id: 1 } : {};
    const own = plan === 6 ? { caller_execution_plan_id: uuid(6), caller_action_id: 1 } : {};
    const input = plan === 6 ? { hosts: [{ name: "Web-01.example.test" }], count: 42 } : { plan };
    const cells = { class: `Lab::Root${plan}`, input: encodePayload(input), ...called, ...own };
    await insert("dynflow_actions", actionCells(plan, 1, cells));
    await insert(
      "dynflow_steps",
      stepCells(plan, 1, { action_class: `Lab::Root${plan}`, class: "Dynflow::ExecutionPlan::Steps::PlanStep" }),
    );
  }
  await insert("dynflow_actions", actionCells(5, 2, { class: "Lab::Deep::Download" }));
  await insert("dynflow_steps", stepCells(2, 2, { state: "skipped", error: error("an old fault") }));
  await insert("dynflow_steps", stepCells(2, 3, { state: "error", error: error("No space left on Device 7") }));
  await insert("dynflow_steps", stepCells(3, 2, { state: "error", error: error("no space LEFT, either") }));
  await insert("dynflow_steps", stepCells(5, 2, { state: "error", error: new Uint8Array([0xc1]) }));
  await insert("dynflow_delayed_plans", {
    execution_plan_uuid: uuid(4),
    start_at: "2026-11-23 00:00:00",
    start_before: null,
    args_serializer: "Dynflow::Serializers::Noop",
    frozen: false,
    serialized_args: encodePayload([]),
    data: null,
  });
}

const contains = (text: string) => ({ kind: "contains", text }) as const;
const FILTERS: readonly (readonly [string, Partial<PlanFilter>, readonly number[]])[] = [
  ["a part of the label, whatever its case", { label: contains("LAB::F") }, [1, 6]],
  ["a part that looks like a pattern", { label: contains("%_!") }, [5]],
  ["a part that stands for nothing else", { label: contains("_") }, [5]],
  ["a part outside ASCII", { label: contains("Übel") }, [5]],
  [
    "the class of the root action, of a plan without label, too",
    { rootClass: { kind: "exact", text: "Lab::Root4" } },
    [4],
  ],
  ["the beginning of that class", { rootClass: { kind: "prefix", text: "Lab::Root" } }, [1, 2, 3, 4, 5, 6, 7]],
  ["a part of that class", { rootClass: contains("root6") }, [6]],
  ["the beginning of an id", { idStart: "00000000-0000-4000" }, [1, 2, 3, 4, 5, 6, 7]],
  ["a whole id as its beginning", { idStart: uuid(3).toUpperCase() }, [3]],
  ["the beginning of an id that is none", { idStart: "zz" }, []],
  ["text anywhere: in a label", { anyText: "child" }, [3]],
  ["text anywhere: in the class of what has no label", { anyText: "root4" }, [4]],
  ["text anywhere: at the end of an id", { anyText: "000000000005" }, [5]],
  ["text anywhere: an id as it is shown shortened", { anyText: "0000…0002" }, [2]],
  ["text anywhere, which is nowhere", { anyText: "' or 1=1 --" }, []],
  ["among these", { among: [uuid(2), uuid(7), "no-id"] }, [2, 7]],
  ["among none", { among: [] }, []],
  ["the plan that planned it", { callerPlanId: uuid(2) }, [3]],
  ["a caller that is the plan itself, which does not count", { callerPlanId: uuid(6) }, []],
  ["a caller that is no id", { callerPlanId: "2" }, []],
  ["not being a sub-plan", { topLevel: true }, [1, 2, 4, 5, 6, 7]],
  ["having lasted", { lasting: { seconds: 12.5, startedBefore: "2026-11-21T12:00:00.000000Z" } }, [1, 5, 6]],
  ["a lower bound of the end", { endedFrom: "2026-11-22T05:00:12.500000Z" }, [1, 3]],
  ["an upper bound of the end, which does not belong to it", { endedTo: "2026-11-22T05:00:12.500000Z" }, [6]],
  ["a delayed start", { delayed: true }, [4]],
  ["no delayed start", { delayed: false }, [1, 2, 3, 5, 6, 7]],
  ["several at once", { topLevel: true, delayed: false, label: contains("lab"), results: ["success"] }, [1, 6, 7]],
];

function filterPromises({ tables }: Context): void {
  it.each(FILTERS)("find by %s, and so do the counts", async (_what, part, expected) => {
    const filter = { ...ANY, ...part };
    const { rows } = await tables().store.plans(query({ filter }));
    expect(numbers(rows)).toEqual(expected);
    const counts = await tables().store.counts(filter);
    expect(counts.reduce((sum, each) => sum + each.count, 0)).toBe(expected.length);
  });
}

function jumpPromises({ tables }: Context): void {
  const page = (from: PlanQuery["from"], more: Partial<PlanQuery> = {}) =>
    tables().store.plans(query({ limit: 2, from, ...more }));

  it("begin after so many rows, and lead on and back from there", async () => {
    const third = await page({ offset: 4 });
    expect(numbers(third.rows)).toEqual([5, 6]);
    expect(numbers((await page({ cursor: third.nextCursor ?? "", direction: "next" })).rows)).toEqual([7]);
    expect(numbers((await page({ cursor: third.previousCursor ?? "", direction: "previous" })).rows)).toEqual([3, 4]);
    expect((await page({ offset: 0 })).previousCursor).toBeNull();
    expect(await page({ offset: 70 })).toMatchObject({ rows: [], nextCursor: null });
  });

  it("end with the last row, in each order", async () => {
    const last = await page({ last: true });
    expect(numbers(last.rows)).toEqual([6, 7]);
    expect(last.nextCursor).toBeNull();
    const before = await page({ cursor: last.previousCursor ?? "", direction: "previous" });
    expect(numbers(before.rows)).toEqual([4, 5]);
    const byStart = await page({ last: true }, { sort: "startedAt", descending: true });
    expect(numbers(byStart.rows)).toEqual([4, 7]);
    const all = await page({ last: true }, { limit: 50 });
    expect(all).toMatchObject({ previousCursor: null, nextCursor: null });
    expect(numbers(all.rows)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("refuse what is no place", async () => {
    await expect(page({ offset: -1 })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(page({ offset: 1e12 })).rejects.toMatchObject({ code: "invalid-input" });
  });
}

function scanPromises({ tables }: Context): void {
  const whole = async (part: Partial<ScanNeedle>, filter: Partial<PlanFilter> = {}, plans = 3) => {
    const hits: ScanHit[] = [];
    let [looked, notLookedInto, slices] = [0, 0, 0];
    let from: string | null = null;
    do {
      const needle = { ...NO_NEEDLE, ...part };
      const slice: Awaited<ReturnType<OpenedTables["store"]["scan"]>> = await tables().store.scan({
        filter: { ...ANY, ...filter },
        needle,
        from,
        plans,
        rows: 400,
        shown: SHOWN,
      });
      hits.push(...slice.hits);
      looked += slice.plans;
      notLookedInto += slice.notLookedInto;
      slices += 1;
      from = slice.next;
    } while (from !== null && slices < 100);
    return { hits, looked, notLookedInto, slices };
  };

  it("find text in errors, and say what was not looked into", async () => {
    for (const plans of [1, 3, 1_000]) {
      const { hits, looked, notLookedInto, slices } = await whole({ errorText: "no SPACE left" }, {}, plans);
      expect(numbers(hits)).toEqual([2, 3]);
      expect([looked, notLookedInto]).toEqual([7, 1]);
      expect(slices).toBe(plans === 1_000 ? 1 : plans === 1 ? 8 : 3);
      expect(hits[0]?.evidence).toEqual([
        { where: "error", id: 3, text: "Echo Lab::Broken: No space left on Device 7" },
      ]);
    }
    expect(numbers((await whole({ errorText: "lab.rb:7" })).hits)).toEqual([2, 3]);
  });

  it("find keys and values in inputs at any depth", async () => {
    const { hits } = await whole({ inputText: "web-01" });
    expect(hits.map(({ id, evidence }) => [numberOf(id), evidence])).toEqual([
      [6, [{ where: "input", id: 1, text: "hosts.0.name: Web-01.example.test" }]],
    ]);
    expect(numbers((await whole({ inputText: "hosts" })).hits)).toEqual([6]);
    expect(numbers((await whole({ inputText: "42" })).hits)).toEqual([6]);
  });

  it("never find what nobody may read as it is", async () => {
    await tables().insert("dynflow_actions", actionCells(1, 9, { input: encodePayload({ secret: "hunter2" }) }));
    const cells = { state: "error", error: error("no space, secret: hunter2") };
    await tables().insert("dynflow_steps", stepCells(1, 9, cells));
    expect((await whole({ inputText: "hunter" })).hits).toEqual([]);
    expect((await whole({ errorText: "hunter" })).hits).toEqual([]);
    const [hit] = (await whole({ errorText: "no space, secret" })).hits;
    expect(hit?.evidence[0]?.text).toBe("Echo Lab::Broken: no space, secret: ••••");
  });

  it("find any action's class, and worlds in histories", async () => {
    expect(numbers((await whole({ actionClass: "deep::down" })).hits)).toEqual([5]);
    const { hits } = await whole({ worldId: WORLD });
    expect(hits.map(({ id, evidence }) => [numberOf(id), evidence])).toEqual([
      [7, [{ where: "history", id: null, text: "start execution" }]],
    ]);
  });

  it("join what is looked for with the filter and with one another", async () => {
    expect(numbers((await whole({ errorText: "no space" }, { topLevel: true })).hits)).toEqual([2]);
    expect(numbers((await whole({ errorText: "no space", actionClass: "root3" })).hits)).toEqual([3]);
    expect(numbers((await whole({ errorText: "no space", worldId: WORLD })).hits)).toEqual([]);
    expect(numbers((await whole({}, { rootClass: contains("root") })).hits)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("go on within a plan of more rows than one statement reads", async () => {
    for (let id = 10; id < 460; id += 1) {
      await tables().insert("dynflow_steps", stepCells(4, id, { state: "error", error: error(`fault ${id}`) }));
    }
    const { hits, looked } = await whole({ errorText: "fault 455" }, { states: ["scheduled"] }, 1_000);
    expect(numbers(hits)).toEqual([4]);
    expect(looked).toBe(7);
  }, 30_000);

  it("are refused at a place that is none, and end between statements when they are cancelled", async () => {
    const scan = (from: string | null, signal?: AbortSignal) =>
      tables().store.scan(
        { filter: ANY, needle: { ...NO_NEEDLE, errorText: "x" }, from, plans: 10, rows: 100, shown: SHOWN },
        signal,
      );
    await expect(scan("nowhere")).rejects.toMatchObject({ code: "invalid-input" });
    await expect(scan(null, AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
  });
}

function besidePromises({ tables }: Context): void {
  it("are the plans that planned them", async () => {
    expect(await tables().store.callers([uuid(2), uuid(3), uuid(6), "no-id"])).toEqual([
      { planId: uuid(3), callerPlanId: uuid(2), callerActionId: 1 },
    ]);
    expect(await tables().store.callers([])).toEqual([]);
  });

  it("is the class of the root action, also of a row that keeps it in its record", async () => {
    const data = encodePayload({ root_plan_step_id: 1, state: "running" });
    await tables().insert("dynflow_execution_plans", planCells(9, { label: null, root_plan_step_id: null, data }));
    await tables().insert("dynflow_actions", actionCells(9, 1));
    const step = encodePayload({ action_class: "Lab::Old", state: "success" });
    await tables().insert("dynflow_steps", stepCells(9, 1, { action_class: null, data: step }));
    const { rows } = await tables().store.plans(query({ filter: { ...ANY, ids: [uuid(9), uuid(4)] } }));
    expect(rows.map((row) => row.rootActionClass)).toEqual(["Lab::Root4", "Lab::Old"]);
  });

  it("is the first error, one that was skipped only where there is no other", async () => {
    const failures = await tables().store.failures([uuid(1), uuid(2), uuid(3), uuid(5)]);
    expect(failures.map(({ planId, stepId, message }) => [numberOf(planId), stepId, message])).toEqual([
      [2, 3, "No space left on Device 7"],
      [3, 2, "no space LEFT, either"],
    ]);
  });
}
