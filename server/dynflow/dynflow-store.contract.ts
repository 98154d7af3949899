import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodePayload } from "./codec/payload.ts";
import {
  actionCells,
  type OpenedTables,
  type OpenTables,
  planCells,
  recordCells,
  stepCells,
  uuid,
} from "./dynflow-tables.contract.ts";
import type { PlanListRow, PlanQuery, PlanSort } from "./ports.ts";
import { PLAN_SORTS } from "./ports.ts";

const ANY = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null } as const;
const query = (more: Partial<PlanQuery> = {}): PlanQuery => ({
  filter: ANY,
  sort: "startedAt",
  descending: true,
  limit: 10,
  from: null,
  ...more,
});

/** What every `DynflowStore` promises. Run against each adapter; never edited to suit one of them. */
export function dynflowStoreContract(name: string, open: OpenTables): void {
  describe(`DynflowStore contract: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
    });
    afterEach(() => tables.close());
    const context: Context = { tables: () => tables };
    describe("the database", () => databasePromises(context));
    describe("the plan list", () => listPromises(context));
    describe("pages", () => pagePromises(context));
    describe("one plan", () => planPromises(context));
    describe("followed plans", () => followPromises(context));
    describe("one action", () => actionPromises(context));
    describe("coordinator records", () => recordPromises(context));
    describe("the lap", () => lapPromises(context));
  });
}

/** The part on the lap alone, for an adapter that has two ways of going round. */
export function dynflowLapContract(name: string, open: OpenTables): void {
  describe(`DynflowStore contract, the lap: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
    });
    afterEach(() => tables.close());
    lapPromises({ tables: () => tables });
  });
}

interface Context {
  tables(): OpenedTables;
}

const numberOf = (id: string): number => Number.parseInt(id.slice(-12), 16);
const numbers = (rows: readonly { readonly id: string }[]): number[] => rows.map((row) => numberOf(row.id));

function databasePromises({ tables }: Context): void {
  it("is of schema 25, of its own dialect", async () => {
    expect(await tables().store.capabilities()).toMatchObject({ schemaVersion: 25, dialect: tables().dialect });
  });

  it.each([26, 4, 0])("of schema %i is refused by every question, naming the number", async (version) => {
    await tables().run(`update dynflow_schema_info set version = ${version}`);
    const refusal = { code: "upstream-malformed", message: expect.stringContaining(`schema ${version}`) };
    const { store } = tables();
    await expect(store.recordKeys()).rejects.toMatchObject(refusal);
    await expect(store.capabilities()).rejects.toMatchObject(refusal);
    await expect(store.plans(query())).rejects.toMatchObject(refusal);
  });

  it("is looked at again once its schema is right", async () => {
    await tables().run("update dynflow_schema_info set version = 26");
    await expect(tables().store.recordKeys()).rejects.toMatchObject({ code: "upstream-malformed" });
    await tables().run("update dynflow_schema_info set version = 25");
    expect(await tables().store.recordKeys()).toEqual([]);
  });

  it("without a schema number is no Dynflow database", async () => {
    await tables().run("delete from dynflow_schema_info");
    await expect(tables().store.capabilities()).rejects.toMatchObject({ code: "upstream-malformed" });
    await tables().run("drop table dynflow_schema_info");
    await expect(tables().store.capabilities()).rejects.toMatchObject({ code: "upstream-malformed" });
  });
}

const SEEDS: readonly Parameters<typeof planCells>[1][] = [
  { label: "Zebra", state: "stopped", result: "success", started_at: "2026-11-22 05:45:46", real_time: 1.5 },
  { label: "apple", state: "paused", result: "error", started_at: "2026-11-22 05:45:46.9", execution_time: 0.25 },
  { label: "Äpfel", state: "running", result: "pending", started_at: "2026-11-22 05:45:46.900001", real_time: 1.5 },
  { label: null, state: "scheduled", result: "pending", started_at: null, root_plan_step_id: null },
  {
    label: "apple",
    state: "paused",
    result: "warning",
    started_at: "2026-11-22 05:45:46.900",
    ended_at: "2026-11-22 06:00:00",
  },
  { label: "apple pie", state: "stopped", result: "error", started_at: "2025-01-01 00:00:00.000001", real_time: 1e-9 },
  {
    label: "漢字",
    state: "hovering",
    result: "unheard of",
    started_at: "2026-11-22 05:45:47",
    real_time: 12_345_678.25,
  },
  { label: "🐎", state: "pending", result: "pending", started_at: null, ended_at: "2026-11-22 06:00:00.000000" },
  {
    label: "100%_\\ '\"; --",
    state: "planned",
    result: "pending",
    started_at: "2026-11-21 23:59:59.999999",
    root_plan_step_id: 7,
  },
  { label: "apple", state: "stopped", result: "cancelled", started_at: "2026-11-22 05:45:46.000", class: "Other" },
];

const seed = async (tables: OpenedTables): Promise<void> => {
  // Put in backwards, so that no order of rows is the asked one by accident.
  for (const [index, cells] of [...SEEDS.entries()].reverse())
    await tables.insert("dynflow_execution_plans", planCells(index + 1, cells));
};

const micros = (text: string): string => {
  const [whole = "", fraction = ""] = text.split(".");
  return `${whole.replace(" ", "T")}.${fraction.padEnd(6, "0")}Z`;
};

const COLUMNS: Readonly<Record<PlanSort, string>> = {
  startedAt: "started_at",
  endedAt: "ended_at",
  label: "label",
  state: "state",
  result: "result",
  realTime: "real_time",
  executionTime: "execution_time",
  rootPlanStepId: "root_plan_step_id",
  class: "class",
  id: "uuid",
};

/** The promised order, worked out from the seeds alone. */
function expectedOrder(sort: PlanSort, descending: boolean): readonly number[] {
  const rows = SEEDS.map((cells, index) => ({ number: index + 1, cells: planCells(index + 1, cells) }));
  const key = (cells: ReturnType<typeof planCells>): string | number | null => {
    const value = Object.entries(cells).find(([column]) => column === COLUMNS[sort])?.[1] ?? null;
    if (typeof value === "number" || value === null) return value;
    return COLUMNS[sort].endsWith("_at") ? micros(String(value)) : String(value);
  };
  const compare = (a: string | number, b: string | number) =>
    typeof a === "number" && typeof b === "number"
      ? a - b
      : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
  return rows
    .toSorted((a, b) => {
      const [x, y] = [key(a.cells), key(b.cells)];
      if (x === null || y === null) return x === y ? a.number - b.number : x === null ? 1 : -1;
      return (descending ? compare(y, x) : compare(x, y)) || a.number - b.number;
    })
    .map((row) => row.number);
}

const ORDERS = PLAN_SORTS.flatMap((sort) => [true, false].map((descending) => ({ sort, descending })));

function listPromises({ tables }: Context): void {
  beforeEach(() => seed(tables()));

  it.each(ORDERS)("is in order of $sort (descending: $descending), NULLs last, ties by id", async (order) => {
    const page = await tables().store.plans(query(order));
    expect(numbers(page.rows)).toEqual(expectedOrder(order.sort, order.descending));
  });

  it("tells instants to the microsecond, in UTC, whatever zone this process and the server are in", async () => {
    const { rows } = await tables().store.plans(query({ sort: "id", descending: false }));
    expect(rows.map((row) => row.startedAt)).toEqual(
      SEEDS.map((cells) => (typeof cells?.started_at === "string" ? micros(cells.started_at) : null)),
    );
  });

  it("tells states and results that nobody told us of as they stand", async () => {
    const [row] = (await tables().store.plans(query({ filter: { ...ANY, states: ["hovering"] } }))).rows;
    expect(row).toMatchObject({ id: uuid(7), state: "hovering", result: "unheard of" });
  });

  it("names a plan by the class of its root action, too", async () => {
    await tables().insert("dynflow_actions", actionCells(4, 1));
    await tables().insert("dynflow_steps", stepCells(4, 1, { action_class: "Lab::Later" }));
    await tables().run(`update dynflow_execution_plans set root_plan_step_id = 1 where uuid = '${uuid(4)}'`);
    const { rows } = await tables().store.plans(query({ filter: { ...ANY, ids: [uuid(4), uuid(5)] } }));
    expect(rows.map((row) => row.rootActionClass)).toEqual([null, "Lab::Later"]);
  });

  it.each<[string, Partial<PlanQuery["filter"]>, readonly number[]]>([
    ["states", { states: ["paused", "hovering"] }, [2, 5, 7]],
    ["results", { results: ["pending"] }, [3, 4, 8, 9]],
    ["state and result", { states: ["stopped"], results: ["error", "cancelled"] }, [6, 10]],
    ["an exact label", { label: { kind: "exact", text: "apple" } }, [2, 5, 10]],
    ["the start of a label", { label: { kind: "prefix", text: "apple" } }, [2, 5, 6, 10]],
    ["the start of a label, by case", { label: { kind: "prefix", text: "Apple" } }, []],
    ["a start outside ASCII", { label: { kind: "prefix", text: "🐎" } }, [8]],
    ["a start that looks like a pattern", { label: { kind: "prefix", text: "%" } }, []],
    ["a label full of SQL", { label: { kind: "exact", text: "100%_\\ '\"; --" } }, [9]],
    ["the start of it", { label: { kind: "prefix", text: "100%_\\ '" } }, [9]],
    ["an empty start: all that have a label", { label: { kind: "prefix", text: "" } }, [1, 2, 3, 5, 6, 7, 8, 9, 10]],
    ["a lower bound, which belongs to it", { startedFrom: "2026-11-22T05:45:46.900000Z" }, [2, 3, 5, 7]],
    ["an upper bound, which does not", { startedTo: "2026-11-22T05:45:46.900000Z" }, [1, 6, 9, 10]],
    ["both bounds", { startedFrom: "2026-11-22T05:45:46.900001Z", startedTo: "2026-11-22T05:45:47.000000Z" }, [3]],
    ["ids", { ids: [uuid(3), uuid(1), uuid(99), uuid(3)] }, [1, 3]],
    ["nothing but what is no id", { ids: ["'; drop table x; --", "not-an-id"] }, []],
    ["text that is nowhere", { states: ["' or 1=1 --"] }, []],
  ])("is filtered by %s, and so are the counts", async (_what, filter, expected) => {
    const full = { ...ANY, ...filter };
    const { rows } = await tables().store.plans(query({ filter: full, sort: "id", descending: false }));
    expect(numbers(rows)).toEqual(expected);
    const counts = await tables().store.counts(full);
    const tally = Map.groupBy(rows, (row) => `${row.state}/${row.result}`);
    expect(Object.fromEntries(counts.map((each) => [`${each.state}/${each.result}`, each.count]))).toEqual(
      Object.fromEntries([...tally].map(([key, group]) => [key, group.length])),
    );
  });

  it("refuses bounds that are no instants, and filters without end", async () => {
    const bad = { ...ANY, startedFrom: "yesterday" };
    await expect(tables().store.plans(query({ filter: bad }))).rejects.toMatchObject({ code: "invalid-input" });
    const endless = { ...ANY, states: Array.from({ length: 501 }, (_, index) => `s${index}`) };
    await expect(tables().store.counts(endless)).rejects.toMatchObject({ code: "limit-exceeded" });
  });
}

/** Walks the whole list page by page, forwards, then backwards from the last page. */
async function walk(tables: OpenedTables, order: { sort: PlanSort; descending: boolean }, limit: number) {
  const forwards: PlanListRow[][] = [];
  let page = await tables.store.plans(query({ ...order, limit }));
  const first = page;
  forwards.push([...page.rows]);
  while (page.nextCursor !== null) {
    page = await tables.store.plans(query({ ...order, limit, from: { cursor: page.nextCursor, direction: "next" } }));
    forwards.push([...page.rows]);
  }
  const backwards: PlanListRow[][] = [[...page.rows]];
  while (page.previousCursor !== null) {
    const from = { cursor: page.previousCursor, direction: "previous" } as const;
    page = await tables.store.plans(query({ ...order, limit, from }));
    backwards.unshift([...page.rows]);
  }
  return { first, forwards, backwards };
}

function pagePromises({ tables }: Context): void {
  it.each(ORDERS)("by $sort (descending: $descending) hold every plan once, forwards and backwards", async (order) => {
    await seed(tables());
    const expected = expectedOrder(order.sort, order.descending);
    for (const limit of [1, 3, 4]) {
      const { first, forwards, backwards } = await walk(tables(), order, limit);
      expect(first.previousCursor).toBeNull();
      expect(numbers(forwards.flat())).toEqual(expected);
      expect(numbers(backwards.flat())).toEqual(expected);
      expect(forwards.slice(0, -1).every((rows) => rows.length === limit)).toBe(true);
    }
  });

  it("follow the filter", async () => {
    await seed(tables());
    const filter = { ...ANY, label: { kind: "prefix", text: "apple" } } as const;
    const first = await tables().store.plans(query({ filter, limit: 3 }));
    const from = { cursor: first.nextCursor ?? "", direction: "next" } as const;
    const second = await tables().store.plans(query({ filter, limit: 3, from }));
    expect(numbers(first.rows)).toEqual([2, 5, 10]);
    expect(numbers(second.rows)).toEqual([6]);
    expect(second.nextCursor).toBeNull();
  });

  it("neither repeat nor hide a plan when others come and go between them", async () => {
    await seed(tables());
    const order = { sort: "label", descending: false } as const;
    const first = await tables().store.plans(query({ ...order, limit: 4 }));
    await tables().insert("dynflow_execution_plans", planCells(50, { label: "0 before all" }));
    await tables().insert("dynflow_execution_plans", planCells(51, { label: "zz behind" }));
    const last = first.rows.at(-1)?.id;
    await tables().run(`delete from dynflow_execution_plans where uuid = '${last}'`);
    const from = { cursor: first.nextCursor ?? "", direction: "next" } as const;
    const rest = await tables().store.plans(query({ ...order, limit: 10, from }));
    const seen = [...numbers(first.rows), ...numbers(rest.rows)];
    expect(seen.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 51]);
  });

  it("that turn out empty still lead back, the row of the cursor included", async () => {
    await seed(tables());
    const order = { sort: "id", descending: false, limit: 5 } as const;
    const first = await tables().store.plans(query(order));
    await tables().run(`delete from dynflow_execution_plans where uuid > '${uuid(5)}'`);
    const ahead = { cursor: first.nextCursor ?? "", direction: "next" } as const;
    const empty = await tables().store.plans(query({ ...order, from: ahead }));
    expect(empty).toMatchObject({ rows: [], nextCursor: null });
    const behind = { cursor: empty.previousCursor ?? "", direction: "previous" } as const;
    expect(numbers((await tables().store.plans(query({ ...order, from: behind }))).rows)).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    ["nonsense", "nonsense"],
    ["an empty text", ""],
    ["another order's", Buffer.from(JSON.stringify(["label", "x", uuid(1), false])).toString("base64url")],
    ["an id that is none", Buffer.from(JSON.stringify(["startedAt", null, "'; --", false])).toString("base64url")],
    ["a time that is none", Buffer.from(JSON.stringify(["startedAt", "soon", uuid(1), false])).toString("base64url")],
    ["a megabyte", "A".repeat(1_000_000)],
  ])("refuse a cursor that is none: %s", async (_what, cursor) => {
    const asked = tables().store.plans(query({ from: { cursor, direction: "next" } }));
    await expect(asked).rejects.toMatchObject({ code: "invalid-input" });
  });

  it.each([0, -1, 501, 1.5, Number.NaN])("refuse a size of %d", async (limit) => {
    await expect(tables().store.plans(query({ limit }))).rejects.toMatchObject({ code: "invalid-input" });
  });

  it("of an empty table are empty, and there are no counts", async () => {
    expect(await tables().store.plans(query())).toEqual({ rows: [], previousCursor: null, nextCursor: null });
    expect(await tables().store.counts(ANY)).toEqual([]);
  });
}

const ERROR = encodePayload({
  class: "Dynflow::ExecutionPlan::Steps::Error",
  exception_class: "Lab::Boom",
  message: "<img src=x onerror=alert(1)>",
  backtrace: ["a.rb:1"],
});

function planPromises({ tables }: Context): void {
  const plan = async (number: number) => (await tables().store.plan(uuid(number))) ?? expect.fail("no such plan");

  it("is null when there is none, also for what is no id", async () => {
    expect(await tables().store.plan(uuid(1))).toBeNull();
    expect(await tables().store.plan("'; drop table dynflow_steps; --")).toBeNull();
    expect(await tables().store.plan("")).toBeNull();
  });

  it("has its steps in listed order, those not listed last, with their errors and children", async () => {
    const cells = { step_ids: encodePayload([3, 1]), run_flow: encodePayload(["S", 3, 4]), root_plan_step_id: 1 };
    await tables().insert("dynflow_execution_plans", planCells(1, cells));
    await tables().insert(
      "dynflow_actions",
      actionCells(1, 1, { plan_step_id: 1, run_step_id: 3, caller_action_id: 9 }),
    );
    for (const id of [4, 3, 2])
      await tables().insert("dynflow_steps", stepCells(1, id, { error: ERROR, state: "error" }));
    const root = { class: "Dynflow::ExecutionPlan::Steps::PlanStep", children: encodePayload([3]), queue: null };
    await tables().insert("dynflow_steps", stepCells(1, 1, root));
    const record = await plan(1);
    expect(record.steps.map((step) => step.id)).toEqual([3, 1, 2, 4]);
    expect(record.steps[0]?.error).toMatchObject({ ok: true, value: { message: "<img src=x onerror=alert(1)>" } });
    expect(record.steps[1]).toMatchObject({ phase: "plan", children: { ok: true, value: [3] }, queue: null });
    expect(record.runFlow).toMatchObject({ ok: true, value: { kind: "sequence" } });
    expect(record.actions).toEqual([
      {
        id: 1,
        class: "Lab::Echo",
        planStepId: 1,
        runStepId: 3,
        finalizeStepId: null,
        callerPlanId: null,
        callerActionId: 9,
      },
    ]);
  });

  it("is told in outline with all its steps, and of its actions with that of its root step alone", async () => {
    const root = { class: "Dynflow::ExecutionPlan::Steps::PlanStep", action_id: 3 };
    const cells = { step_ids: encodePayload([2, 4]), root_plan_step_id: 2 };
    await tables().insert("dynflow_execution_plans", planCells(1, cells));
    for (const id of [1, 3, 4]) await tables().insert("dynflow_actions", actionCells(1, id));
    await tables().insert("dynflow_steps", stepCells(1, 2, root));
    await tables().insert("dynflow_steps", stepCells(1, 4, { action_id: 4 }));
    const outline = await tables().store.outline(uuid(1));
    expect(outline?.plan.steps.map(({ id }) => id)).toEqual([2, 4]);
    expect(outline?.plan.actions.map(({ id }) => id)).toEqual([3]);
    expect((await plan(1)).actions.map(({ id }) => id)).toEqual([1, 3, 4]);
  });

  it("is told in outline with the action of its root step also where only its records say which that is", async () => {
    const data = encodePayload({ state: "stopped", result: "success", root_plan_step_id: 2, step_ids: [2] });
    await tables().insert("dynflow_execution_plans", planCells(1, { root_plan_step_id: null, data }));
    for (const id of [1, 3]) await tables().insert("dynflow_actions", actionCells(1, id));
    const step = { state: "success", action_id: 3, action_class: "Lab::Echo" };
    await tables().insert("dynflow_steps", stepCells(1, 2, { action_id: null, data: encodePayload(step) }));
    const outline = await tables().store.outline(uuid(1));
    expect(outline?.plan.actions.map(({ id }) => id)).toEqual([3]);
  });

  it("is told in outline without an action where there is none", async () => {
    await tables().insert("dynflow_execution_plans", planCells(1, { root_plan_step_id: null }));
    expect((await tables().store.outline(uuid(1)))?.plan.actions).toEqual([]);
  });

  it("loses only the parts that will not decode", async () => {
    const cells = { run_flow: new Uint8Array([0xc1]), step_ids: new Uint8Array([0x92, 1]), execution_history: null };
    await tables().insert("dynflow_execution_plans", planCells(1, cells));
    await tables().insert("dynflow_actions", actionCells(1, 1));
    await tables().insert("dynflow_steps", stepCells(1, 1, { error: new Uint8Array([0xff, 0xff]) }));
    expect(await plan(1)).toMatchObject({
      head: { state: "stopped" },
      runFlow: { ok: false, bytes: 1 },
      finalizeFlow: { ok: true },
      history: { ok: true, value: [] },
      stepIds: { ok: false, bytes: 2 },
      steps: [{ id: 1, state: "success", error: { ok: false, bytes: 2 }, children: { ok: true } }],
    });
  });

  it("is read from data where a row has its whole record there", async () => {
    const data = encodePayload({
      state: "paused",
      started_at: "2014-05-06 07:08:09",
      run_flow: { class: "Dynflow::Flows::Atom", step_id: 2 },
      finalize_flow: { class: "Dynflow::Flows::Sequence", flows: [] },
      step_ids: [2],
      execution_history: [],
    });
    await tables().insert("dynflow_execution_plans", planCells(1, { data, run_flow: null, step_ids: null }));
    await tables().insert("dynflow_actions", actionCells(1, 1));
    const step = encodePayload({ state: "error", action_class: "Old::One", action_id: 1 });
    await tables().insert("dynflow_steps", stepCells(1, 2, { data: step }));
    expect(await plan(1)).toMatchObject({
      head: { state: "paused", startedAt: "2014-05-06T07:08:09.000000Z" },
      runFlow: { ok: true, value: { kind: "step", stepId: 2 } },
      stepIds: { ok: true, value: [2] },
      steps: [{ id: 2, state: "error", actionClass: "Old::One" }],
    });
  });

  it("does not read a flow of ten megabytes, but says how long it is", async () => {
    await tables().insert("dynflow_execution_plans", planCells(1, { run_flow: new Uint8Array(10_000_000) }));
    expect((await plan(1)).runFlow).toMatchObject({ ok: false, bytes: 10_000_000 });
  });

  it("has its delay, its prerequisites, those that wait for it, and its sub-plans", async () => {
    for (const number of [1, 2, 3, 4, 5]) await tables().insert("dynflow_execution_plans", planCells(number));
    const delayed = {
      execution_plan_uuid: uuid(1),
      start_at: "2099-01-02 03:04:05",
      start_before: null,
      args_serializer: "Dynflow::Serializers::Noop",
      frozen: true,
      serialized_args: encodePayload([{ text: "later" }]),
      data: null,
    };
    await tables().insert("dynflow_delayed_plans", delayed);
    const blocked = (plan_: number, by: number) => ({ execution_plan_uuid: uuid(plan_), blocked_by_uuid: uuid(by) });
    for (const by of [3, 2, 3]) await tables().insert("dynflow_execution_plan_dependencies", blocked(1, by));
    await tables().insert("dynflow_execution_plan_dependencies", blocked(4, 1));
    const caller = { caller_execution_plan_id: uuid(1), caller_action_id: 1 };
    for (const [number, id] of [
      [5, 1],
      [4, 1],
      [4, 2],
      [1, 1],
    ] as const) {
      await tables().insert("dynflow_actions", actionCells(number, id, caller));
    }
    expect(await plan(1)).toMatchObject({
      delayed: {
        startAt: "2099-01-02T03:04:05.000000Z",
        startBefore: null,
        frozen: true,
        serializer: "Dynflow::Serializers::Noop",
        args: { ok: true, value: [{ text: "later" }] },
      },
      blockedBy: [uuid(2), uuid(3)],
      blocks: [uuid(4)],
      subPlanIds: [uuid(4), uuid(5)],
      actions: [{ callerPlanId: null }],
    });
    expect((await plan(4)).actions.map((action) => action.callerPlanId)).toEqual([uuid(1), uuid(1)]);
    expect((await plan(2)).delayed).toBeNull();
  });
}

function followPromises({ tables }: Context): void {
  beforeEach(async () => {
    for (const number of [1, 2, 3]) {
      await tables().insert("dynflow_execution_plans", planCells(number, { state: "running" }));
      await tables().insert("dynflow_actions", actionCells(number, 1));
    }
    await tables().insert("dynflow_steps", stepCells(1, 2, { state: "suspended", progress_done: 0.5 }));
    await tables().insert("dynflow_steps", stepCells(1, 1, { action_class: "Lab::Root" }));
    await tables().insert("dynflow_steps", stepCells(3, 2));
  });

  it("come with their steps and the class of their root action, as far as they exist", async () => {
    const followed = await tables().store.follow([uuid(1), uuid(9), uuid(3), "no id"]);
    const byNumber = followed.toSorted((a, b) => numberOf(a.head.id) - numberOf(b.head.id));
    expect(byNumber.map((each) => [numberOf(each.head.id), each.rootActionClass, each.steps.map((s) => s.id)])).toEqual(
      [
        [1, "Lab::Root", [1, 2]],
        [3, null, [2]],
      ],
    );
    expect(byNumber[0]?.steps[1]).toMatchObject({ state: "suspended", progressDone: 0.5 });
  });

  it("tell what keeps a scheduled plan waiting, or that nothing does", async () => {
    for (const number of [4, 5])
      await tables().insert("dynflow_execution_plans", planCells(number, { state: "scheduled" }));
    await tables().insert("dynflow_delayed_plans", {
      execution_plan_uuid: uuid(4),
      start_at: "2026-11-22 12:00:00",
      start_before: null,
      args_serializer: "Dynflow::Serializers::Noop",
      frozen: true,
      serialized_args: null,
      data: null,
    });
    const followed = await tables().store.follow([uuid(1), uuid(4), uuid(5)]);
    const delays = new Map(followed.map(({ head, delay }) => [numberOf(head.id), delay]));
    expect(delays.get(4)).toEqual({
      startAt: "2026-11-22T12:00:00.000000Z",
      startBefore: null,
      frozen: true,
      serializer: "Dynflow::Serializers::Noop",
    });
    expect(delays.get(5)).toBeNull();
    expect(delays.get(1)).toBeUndefined();
  });

  it("can be had as heads alone", async () => {
    expect(numbers(await tables().store.heads([uuid(2), uuid(9)]))).toEqual([2]);
    expect(await tables().store.heads([])).toEqual([]);
    expect(await tables().store.follow([])).toEqual([]);
  });

  it("are at most 500 at once", async () => {
    const ids = Array.from({ length: 501 }, (_, index) => uuid(index + 1));
    await expect(tables().store.follow(ids)).rejects.toMatchObject({ code: "limit-exceeded" });
    expect(await tables().store.follow(ids.slice(0, 500))).toHaveLength(3);
  });
}

const chunk = (id: number, cells: Readonly<Record<string, null | string | Uint8Array>> = {}) => ({
  id,
  execution_plan_uuid: uuid(1),
  action_id: 1,
  kind: "stdout",
  timestamp: "2026-11-22 05:45:55.927732",
  chunk: encodePayload(`line ${id}`),
  ...cells,
});

function actionPromises({ tables }: Context): void {
  beforeEach(() => tables().insert("dynflow_execution_plans", planCells(1)));
  const action = async (after?: number) =>
    (await tables().store.action(uuid(1), 1, after)) ?? expect.fail("no such action");

  it("is null when there is none", async () => {
    expect(await tables().store.action(uuid(1), 1)).toBeNull();
    expect(await tables().store.action("no id", 1)).toBeNull();
    expect(await tables().store.action(uuid(1), 2 ** 40)).toBeNull();
    expect(await tables().store.action(uuid(1), -1.5)).toBeNull();
  });

  it("has input and output, and none while nothing was saved", async () => {
    await tables().insert("dynflow_actions", actionCells(1, 1, { input: encodePayload({ a: ["ž漢🐎"] }) }));
    expect(await action()).toMatchObject({
      input: { ok: true, value: { a: ["ž漢🐎"] } },
      output: { ok: true, value: null },
      inputBytes: encodePayload({ a: ["ž漢🐎"] }).length,
      outputBytes: 0,
      chunks: [],
      chunksCut: false,
    });
  });

  it("loses only what will not decode, and does not read what is too long", async () => {
    const cells = { input: new Uint8Array([0xc1]), output: new Uint8Array(5_000_000) };
    await tables().insert("dynflow_actions", actionCells(1, 1, cells));
    expect(await action()).toMatchObject({
      input: { ok: false, bytes: 1 },
      output: { ok: false, bytes: 5_000_000 },
      outputBytes: 5_000_000,
    });
  });

  it("has its chunks in order, each decoded by itself", async () => {
    await tables().insert("dynflow_actions", actionCells(1, 1));
    await tables().insert("dynflow_output_chunks", chunk(12, { kind: null, chunk: encodePayload({ x: [1, null] }) }));
    await tables().insert("dynflow_output_chunks", chunk(3));
    await tables().insert("dynflow_output_chunks", chunk(7, { chunk: new Uint8Array([0xc1]) }));
    expect((await action()).chunks).toEqual([
      { id: 3, kind: "stdout", timestamp: "2026-11-22T05:45:55.927732Z", chunk: { ok: true, value: "line 3" } },
      {
        id: 7,
        kind: "stdout",
        timestamp: "2026-11-22T05:45:55.927732Z",
        chunk: expect.objectContaining({ ok: false }),
      },
      { id: 12, kind: null, timestamp: "2026-11-22T05:45:55.927732Z", chunk: { ok: true, value: { x: [1, null] } } },
    ]);
  });

  it("gives many chunks in pages", async () => {
    await tables().insert("dynflow_actions", actionCells(1, 1));
    for (let id = 1; id <= 230; id += 1) await tables().insert("dynflow_output_chunks", chunk(id));
    const first = await action();
    expect(first.chunksCut).toBe(true);
    const rest = await action(first.chunks.at(-1)?.id);
    expect([...first.chunks, ...rest.chunks].map((each) => each.id)).toEqual(
      Array.from({ length: 230 }, (_, index) => index + 1),
    );
    expect(rest.chunksCut).toBe(false);
  });
}

function recordPromises({ tables }: Context): void {
  const PREFIX = "Dynflow::Coordinator::";

  it("are listed by key and read by key; those that are gone are left out", async () => {
    const world = encodePayload({ class: `${PREFIX}ClientWorld`, id: uuid(1) });
    await tables().insert("dynflow_coordinator_records", recordCells("ClientWorld", uuid(1), world));
    const lock = encodePayload({ execution_plan_id: uuid(2) });
    const id = `execution-plan:${uuid(2)}`;
    await tables().insert("dynflow_coordinator_records", recordCells("ExecutionLock", id, lock, `world:${uuid(1)}`));
    await tables().insert("dynflow_coordinator_records", recordCells("PlanningLock", id, new Uint8Array([0xc1]), "w"));
    const keys = await tables().store.recordKeys();
    expect(keys).toEqual([
      { class: `${PREFIX}ClientWorld`, id: uuid(1) },
      { class: `${PREFIX}ExecutionLock`, id },
      { class: `${PREFIX}PlanningLock`, id },
    ]);
    const gone = { class: `${PREFIX}ClientWorld`, id: "gone' --" };
    const records = await tables().store.records([gone, ...keys]);
    expect(records.toSorted((a, b) => (a.class < b.class ? -1 : 1))).toEqual([
      { class: `${PREFIX}ClientWorld`, id: uuid(1), ownerId: null, data: expect.objectContaining({ ok: true }) },
      {
        class: `${PREFIX}ExecutionLock`,
        id,
        ownerId: `world:${uuid(1)}`,
        data: { ok: true, value: { execution_plan_id: uuid(2) } },
      },
      { class: `${PREFIX}PlanningLock`, id, ownerId: "w", data: expect.objectContaining({ ok: false, bytes: 1 }) },
    ]);
  });

  it("are none in an empty table", async () => {
    expect(await tables().store.recordKeys()).toEqual([]);
    expect(await tables().store.records([])).toEqual([]);
  });
}

/** What gives room back after a clean-up. */
const REBUILD = {
  postgres: "vacuum dynflow_execution_plans",
  mysql: "optimize table dynflow_execution_plans",
  sqlite: "vacuum",
} as const;

function lapPromises({ tables }: Context): void {
  const whole = async (rows: number) => {
    const found: string[] = [];
    let slices = 0;
    let at: string | null = null;
    do {
      const slice: Awaited<ReturnType<OpenedTables["store"]["lap"]>> = await tables().store.lap(at, rows);
      found.push(...slice.unfinished);
      at = slice.next;
      slices += 1;
    } while (at !== null && slices < 10_000);
    return { found, slices };
  };

  it("finds every plan that is not stopped, also in states nobody told us of", async () => {
    const states = ["stopped", "running", "hovering", "paused", "pending"];
    for (let number = 1; number <= 200; number += 1) {
      const state = states[number % states.length] ?? null;
      await tables().insert("dynflow_execution_plans", planCells(number, { state, label: "x".repeat(200) }));
    }
    const unfinished = Array.from({ length: 200 }, (_, index) => index + 1).filter((number) => number % 5 !== 0);
    for (const rows of [1, 7, 10_000]) {
      const { found, slices } = await whole(rows);
      expect(found.map(numberOf).toSorted((a, b) => a - b)).toEqual(unfinished);
      if (rows === 1) expect(slices).toBeGreaterThan(1);
    }
  });

  it("is complete on a table that was cleaned, rebuilt and filled again", async () => {
    for (let number = 1; number <= 300; number += 1) {
      const state = number % 10 === 0 ? "paused" : "stopped";
      await tables().insert("dynflow_execution_plans", planCells(number, { state, label: "x".repeat(200) }));
    }
    await tables().run(`delete from dynflow_execution_plans where state = 'stopped' and uuid < '${uuid(250)}'`);
    await tables().run(REBUILD[tables().dialect]);
    // Ids in no order, so that they come to lie wherever there is room.
    for (let number = 1; number <= 60; number += 1) {
      const plan = 1_000 + ((number * 37) % 61);
      await tables().insert("dynflow_execution_plans", planCells(plan, { state: "running", label: "y".repeat(100) }));
    }
    const unfinished = [
      ...Array.from({ length: 30 }, (_, index) => (index + 1) * 10),
      ...Array.from({ length: 60 }, (_, index) => 1_001 + index),
    ];
    for (const rows of [7, 50]) {
      const { found } = await whole(rows);
      expect(found.map(numberOf).toSorted((a, b) => a - b)).toEqual(unfinished);
    }
  });

  it("of an empty table is done at once", async () => {
    expect(await tables().store.lap(null, 100)).toEqual({ unfinished: [], next: null });
  });

  it.each(["nowhere", "-1", "1; --", ""])("refuses a place that is none: %j", async (from) => {
    await expect(tables().store.lap(from, 10)).rejects.toMatchObject({ code: "invalid-input" });
  });
}
