/** Rows that no Dynflow should have written, through every query that a plan's page asks: each answers, whatever it is. */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import * as wire from "#server/contract/wire/dynflow.ts";
import * as payloadWire from "#server/contract/wire/dynflow-payload.ts";
import * as partsWire from "#server/contract/wire/dynflow-plan-parts.ts";
import * as stepsWire from "#server/contract/wire/dynflow-steps.ts";
import * as subPlansWire from "#server/contract/wire/dynflow-sub-plans.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { emptySqliteDatabase } from "./adapters/sqlite/empty-database.test-kit.ts";
import { createSqliteStore } from "./adapters/sqlite/sqlite-store.ts";
import { encodeMsgpack } from "./codec/msgpack-encode.ts";
import { MsgpackFloat } from "./codec/msgpack-value.ts";
import { encodePayload } from "./codec/payload.ts";
import { actionCells, type Cell, planCells, stepCells, uuid } from "./dynflow-tables.contract.ts";
import { createPayloadService } from "./payload-service.ts";
import { createPlanListService } from "./plan-list-service.ts";
import { createPlanPartsService } from "./plan-parts-service.ts";
import { createDynflowService } from "./service.ts";
import type { DynflowSource } from "./source-view.ts";
import { createStepsService } from "./steps-service.ts";
import { createSubPlansService } from "./sub-plans-service.ts";

const SOURCE = "foreman";
const PLAN = uuid(1);
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

const OPERATOR: Caller = {
  principal: { id: "ann", role: "operator", kind: "token", sources: null, tokenId: "ann" },
  address: "127.0.0.1",
};

let file: ReturnType<typeof emptySqliteDatabase>;
let direct: DatabaseSync;
let store: ReturnType<typeof createSqliteStore>;

beforeEach(() => {
  file = emptySqliteDatabase();
  direct = new DatabaseSync(file.path, { enableForeignKeyConstraints: false });
  store = createSqliteStore({ path: file.path });
});
afterEach(async () => {
  direct.close();
  await store.close();
  file.remove();
});

function insert(table: string, row: Readonly<Record<string, Cell>>): void {
  const values = Object.values(row).map((cell) => (typeof cell === "boolean" ? Number(cell) : cell));
  const places = Object.keys(row).map(() => "?");
  direct.prepare(`INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${places.join()})`).run(...values);
}

/** A plan of two steps with one of everything. */
function aPlan(): void {
  insert(
    "dynflow_execution_plans",
    planCells(1, { state: "paused", result: "error", step_ids: encodePayload([1, 2]) }),
  );
  insert("dynflow_actions", actionCells(1, 1, { plan_step_id: 1, run_step_id: 2 }));
  insert("dynflow_steps", stepCells(1, 1, { class: "Dynflow::ExecutionPlan::Steps::PlanStep" }));
  insert("dynflow_steps", stepCells(1, 2, { state: "error" }));
  insert("dynflow_delayed_plans", { execution_plan_uuid: PLAN, args_serializer: "Dynflow::Serializers::Noop" });
  insert("dynflow_output_chunks", {
    execution_plan_uuid: PLAN,
    action_id: 1,
    timestamp: "2026-11-22 05:45:46.000001",
    chunk: encodePayload("line"),
  });
}

/** Everything that the page of a plan asks, in the shape of the wire: whatever does not fit it fails here. */
async function page({ planId = PLAN, without = [] }: { planId?: string; without?: readonly string[] } = {}) {
  const clock = createManualClock();
  const source = {
    id: SOURCE,
    title: "Foreman",
    store,
    commands: null,
    cancellable: [],
    fold: () => EMPTY_DYNFLOW,
    capabilities: () => null,
    planProgress: () => null,
    look: () => undefined,
  } as unknown as DynflowSource;
  const deps = { sources: [source], clock, newToken: () => "token" };
  const unused = { preview: () => Promise.reject(new Error()), start: () => Promise.reject(new Error()) };
  const plans = createDynflowService({ ...deps, bulk: unused });
  const parts = createPlanPartsService(deps);
  const operations = { known: () => null, perform: () => Promise.reject(new Error()) };
  const payloads = createPayloadService({ ...deps, operations: operations as never });
  const asked = { source: SOURCE, planId };
  const list = wire.plansInput.parse({ source: SOURCE });
  const plan = wire.planOutput.parse(await plans.plan(OPERATOR, asked));
  const steps = wire.stepsOutput.parse(await plans.steps(OPERATOR, asked));
  const history = wire.historyOutput.parse(await plans.history(OPERATOR, asked));
  wire.plansOutput.parse(await createPlanListService(deps).plans(OPERATOR, list));
  stepsWire.flowsOutput.parse(await createStepsService(deps).flows(OPERATOR, asked));
  const compact = stepsWire.stepsCompactInput.parse(asked);
  stepsWire.stepsCompactOutput.parse(await createStepsService(deps).stepsCompact(OPERATOR, compact));
  partsWire.dependenciesOutput.parse(await parts.dependencies(OPERATOR, asked));
  partsWire.delayedOutput.parse(await parts.delayed(OPERATOR, asked));
  partsWire.planPhaseOutput.parse(await parts.planPhase(OPERATOR, asked));
  const subPlans = subPlansWire.subPlansInput.parse(asked);
  subPlansWire.subPlansOutput.parse(await createSubPlansService(deps).subPlans(OPERATOR, subPlans));
  const walk = subPlansWire.subPlanWalkInput.parse({ ...asked, until: "failure" });
  subPlansWire.subPlanWalkOutput.parse(await createSubPlansService(deps).subPlanWalk(OPERATOR, walk));
  const action = wire.actionOutput.parse(await plans.action(OPERATOR, { ...asked, stepId: 2 }));
  const chunks = payloadWire.chunksOutput.parse(
    await payloads.chunks(OPERATOR, payloadWire.chunksInput.parse({ ...asked, stepId: 2 })),
  );
  for (const [row, id] of [
    ["plan", null],
    ["step", 2],
    ["action", 1],
    ["delayed", null],
  ] as const) {
    if (without.includes(row)) continue;
    const raw = payloadWire.rawInput.parse({ ...asked, row, id });
    payloadWire.rawOutput.parse(await payloads.raw(OPERATOR, raw));
  }
  return { plan, steps, history, action, chunks };
}

const COLUMNS: readonly (readonly [table: string, column: string])[] = [
  ["dynflow_execution_plans", "run_flow"],
  ["dynflow_execution_plans", "finalize_flow"],
  ["dynflow_execution_plans", "execution_history"],
  ["dynflow_execution_plans", "step_ids"],
  ["dynflow_execution_plans", "data"],
  ["dynflow_actions", "input"],
  ["dynflow_actions", "output"],
  ["dynflow_actions", "data"],
  ["dynflow_steps", "error"],
  ["dynflow_steps", "children"],
  ["dynflow_steps", "data"],
  ["dynflow_delayed_plans", "serialized_args"],
  ["dynflow_delayed_plans", "data"],
  ["dynflow_output_chunks", "chunk"],
];

const record = (cells: readonly (readonly [string, MsgpackFloat | string | bigint])[]) =>
  encodeMsgpack(new Map(cells.map(([key, value]) => [key, value])));

const WRONG: readonly (readonly [what: string, cell: Cell])[] = [
  ["cut in the middle", encodePayload({ class: "Lab::Echo", backtrace: ["a.rb:1"] }).slice(0, 12)],
  ["no bytes at all", new Uint8Array()],
  ["a tag that there is not", hex("c1")],
  ["Ruby's Marshal", hex("04087b063a0661690a")],
  ["nested too deep", new Uint8Array(5_000).fill(0x91)],
  ["another kind of value", encodePayload({ a: [1, { b: null }] })],
  ["a list of maps", encodePayload([{ time: 9e15, name: "start execution" }])],
  ["an ext type nobody knows", hex("d45500")],
  ["a string that is no text", hex("a3ff00fe")],
  ["an integer beyond all ids", hex("cfffffffffffffffff")],
  ["JSON text", '{"state":"paused","step_ids":[1,'],
  [
    "numbers that are none",
    record([
      ["real_time", new MsgpackFloat(Number.NaN)],
      ["execution_time", new MsgpackFloat(Infinity)],
      ["started_at", "in the year 2525"],
      ["progress_done", new MsgpackFloat(-Infinity)],
      ["action_id", 2n ** 63n],
    ]),
  ],
];

describe("a plan's page", () => {
  it.each(COLUMNS)("answers whatever is in %s.%s", async (table, column) => {
    aPlan();
    const broken: string[] = [];
    for (const [what, cell] of WRONG) {
      direct.prepare(`UPDATE ${table} SET ${column} = ?`).run(typeof cell === "boolean" ? Number(cell) : cell);
      await page().catch((cause: unknown) => broken.push(`${what}: ${String(cause)}`));
    }
    expect(broken).toEqual([]);
  });

  it("says of a missing step row that the plan is invalid, and shows the rest", async () => {
    aPlan();
    direct.exec("DELETE FROM dynflow_steps WHERE id = 1");
    const { plan, steps } = await page();
    expect(plan).toMatchObject({ valid: false, result: "N/A", storedResult: "error" });
    expect(plan.invalidReason).toContain("1");
    expect(steps.steps.map(({ id }) => id)).toEqual([2]);
  });

  it("shows states, results, classes and serializers that nobody knows as they stand", async () => {
    aPlan();
    direct.exec("UPDATE dynflow_execution_plans SET state = 'dreaming', result = 'perhaps', label = 'Ghost::Plan'");
    direct.exec(
      "UPDATE dynflow_steps SET state = 'hibernating', class = 'Next::Step', action_class = 'Ghost::Vanished'",
    );
    direct.exec("UPDATE dynflow_actions SET class = 'Ghost::Vanished'");
    direct.exec("UPDATE dynflow_delayed_plans SET args_serializer = 'Ghost::Serializer'");
    const { plan, steps } = await page();
    expect(plan).toMatchObject({
      state: "dreaming",
      storedResult: "perhaps",
      delayed: { serializer: "Ghost::Serializer" },
    });
    expect(steps.steps[0]).toMatchObject({ state: "hibernating", phase: "unknown", actionClass: "Ghost::Vanished" });
  });

  it("shows the length and digest of Ruby's Marshal, and nothing else of it", async () => {
    aPlan();
    direct.prepare("UPDATE dynflow_actions SET input = ?").run(Buffer.from("\x04\x08secret"));
    const { action } = await page();
    expect(action.input).toMatchObject({ value: { $marshal: { class: null, bytes: 8 } } });
    expect(JSON.stringify(action)).not.toContain("secret");
  });

  it("reads text that a column keeps as bytes, and a number that SQLite took JSON for", async () => {
    aPlan();
    direct.prepare("UPDATE dynflow_execution_plans SET label = ?, run_flow = 2").run(Buffer.from("Café::Plan"));
    direct.prepare("UPDATE dynflow_steps SET state = ? WHERE id = 2").run(Buffer.from("error"));
    direct.prepare("UPDATE dynflow_delayed_plans SET frozen = 't'").run();
    const { plan, steps } = await page();
    expect(plan).toMatchObject({ label: "Café::Plan", delayed: { frozen: true }, result: "error" });
    expect(plan.runFlow).toEqual({ kind: "step", stepId: 2 });
    expect(steps.steps.map(({ state }) => state)).toEqual(["success", "error"]);
  });

  it("loses no page and no list over one integer beyond all bounds", async () => {
    aPlan();
    direct.exec("UPDATE dynflow_execution_plans SET root_plan_step_id = 9223372036854775807, label = 'Big'");
    direct.exec("UPDATE dynflow_steps SET action_id = 9223372036854775807, queue = 'q' WHERE id = 2");
    const { plan, steps, action } = await page();
    expect(plan).toMatchObject({ label: "Big", state: "paused" });
    expect(steps.steps[1]).toMatchObject({ id: 2, actionId: 0, queue: "q" });
    expect(action.step).toMatchObject({ id: 2 });
  });

  it("shows a step and its error where the row of its action is missing", async () => {
    aPlan();
    direct.exec("DELETE FROM dynflow_actions");
    const error = { exception_class: "RuntimeError", message: "boom", backtrace: ["a.rb:1"] };
    direct.prepare("UPDATE dynflow_steps SET error = ? WHERE id = 2").run(encodePayload(error));
    const { action, chunks } = await page({ without: ["action"] });
    expect(action.error).toMatchObject({ exceptionClass: "RuntimeError", message: "boom" });
    expect(action.input).toEqual({ unreadable: "the plan has no row of action 1", bytes: 0 });
    expect(chunks.chunks).toEqual([]);
  });

  it("takes 200 kB of input, and keeps an ext type that nobody knows as bytes with the reason", async () => {
    aPlan();
    const log = "x".repeat(200_000);
    direct.prepare("UPDATE dynflow_actions SET input = ?, output = ?").run(encodePayload({ log }), hex("d45501"));
    const { action } = await page();
    expect(action.input).toMatchObject({ value: { log } });
    expect(action.output).toMatchObject({ value: { $ext: 0x55, $bytes: "AQ==", $reason: expect.any(String) } });
  });

  it("has ten thousand chunks by the page, never all at once", async () => {
    aPlan();
    direct.exec("BEGIN");
    const chunk = encodePayload("line");
    for (let at = 0; at < 10_000; at += 1) {
      const timestamp = "2026-11-22 05:45:46.000001";
      insert("dynflow_output_chunks", { execution_plan_uuid: PLAN, action_id: 1, timestamp, chunk });
    }
    direct.exec("COMMIT");
    const { chunks, action } = await page();
    expect(Array.isArray(chunks.chunks) ? chunks.chunks.length : 0).toBeLessThanOrEqual(500);
    expect(chunks.next).not.toBe(null);
    expect(action.chunksCut).toBe(true);
  });

  it("ends where sub-plans, dependencies and plan steps run in circles or to themselves", async () => {
    for (const [number, other] of [
      [1, 2],
      [2, 3],
      [3, 1],
    ] as const) {
      insert("dynflow_execution_plans", planCells(number, { state: "paused", step_ids: encodePayload([1, 2]) }));
      const caller = { caller_execution_plan_id: uuid(other), caller_action_id: 1 };
      insert("dynflow_actions", actionCells(number, 1, { plan_step_id: 1, run_step_id: 2, ...caller }));
      const planStep = { class: "Dynflow::ExecutionPlan::Steps::PlanStep", children: encodePayload([1]) };
      insert("dynflow_steps", stepCells(number, 1, planStep));
      insert("dynflow_steps", stepCells(number, 2, { state: "error" }));
      for (const blocker of [other, number]) {
        insert("dynflow_execution_plan_dependencies", {
          execution_plan_uuid: uuid(number),
          blocked_by_uuid: uuid(blocker),
        });
      }
    }
    insert("dynflow_actions", actionCells(1, 2, { caller_execution_plan_id: PLAN, caller_action_id: 2 }));
    insert("dynflow_delayed_plans", { execution_plan_uuid: PLAN });
    const { plan } = await page();
    expect(plan.blockedBy.toSorted()).toEqual([uuid(1), uuid(2)]);
  });
});
