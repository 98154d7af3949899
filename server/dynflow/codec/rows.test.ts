import { describe, expect, it } from "vitest";
import * as hand from "./by-hand.test-kit.ts";
import { bytesOf } from "./by-hand.test-kit.ts";
import { historyValue, stepErrorValue } from "./columns.ts";
import { encodeMsgpack } from "./msgpack-encode.ts";
import type { MsgpackValue } from "./msgpack-value.ts";
import {
  decodeActionPayloads,
  decodeActionRow,
  decodeDelayedRow,
  decodeExactCell,
  decodePayloadCell,
  decodePlanRow,
  decodeStepRow,
  NO_STEP,
} from "./rows.ts";
import { NO_BLOB, type StoredBlob } from "./stored.ts";
import { toRubyTimeText, toSqlInstant, toUtcMicros } from "./utc-text.ts";

const blob = (hex: string): StoredBlob => ({ bytes: bytesOf(hex), length: hex.length / 2 });

const HEAD = {
  id: "0f2d9bf1-7d44-4d00-8579-d748d1a9c850",
  label: "Lab::Echo",
  state: "stopped",
  result: "success",
  startedAt: "2026-11-22T05:45:46.995000Z",
  endedAt: "2026-11-22T05:45:47.277000Z",
  realTimeSec: 0.282193725,
  executionTimeSec: 0.004374866,
  rootPlanStepId: 1,
};

const PLAN = {
  head: HEAD,
  runFlow: blob(hand.int(2)),
  finalizeFlow: blob(hand.list(hand.text("S"))),
  history: blob(
    hand.list(
      hand.map(["time", hand.int(1_795_326_347)], ["name", hand.text("start execution")], ["world_id", hand.text("w")]),
      hand.map(["time", hand.int(1_795_326_348)], ["name", hand.text("timeout")], ["world_id", hand.nil]),
    ),
  ),
  stepIds: blob(hand.list(hand.int(1), hand.int(2))),
  data: NO_BLOB,
};

/** As a release of the JSON era wrote it, kept by the migrations as msgpack. */
const OLD_RECORD = hand.map(
  ["id", hand.text(HEAD.id)],
  ["class", hand.text("Dynflow::ExecutionPlan")],
  ["state", hand.text("paused")],
  ["result", hand.text("error")],
  ["root_plan_step_id", hand.int(3)],
  ["run_flow", hand.map(["class", hand.text("Dynflow::Flows::Atom")], ["step_id", hand.int(9)])],
  ["finalize_flow", hand.map(["class", hand.text("Dynflow::Flows::Sequence")], ["flows", hand.list()])],
  ["step_ids", hand.list(hand.int(3), hand.int(9))],
  ["started_at", hand.text("2014-05-06 07:08:09")],
  ["ended_at", hand.nil],
  ["execution_time", hand.float(1.5)],
  ["real_time", hand.int(2)],
  ["execution_history", hand.nil],
);

describe("plan rows", () => {
  it("are read from their columns when data is NULL", () => {
    expect(decodePlanRow(PLAN)).toEqual({
      head: HEAD,
      runFlow: { ok: true, value: { kind: "step", stepId: 2 } },
      finalizeFlow: { ok: true, value: { kind: "sequence", flows: [] } },
      history: {
        ok: true,
        value: [
          { timeSec: 1_795_326_347, name: "start execution", worldId: "w" },
          { timeSec: 1_795_326_348, name: "timeout", worldId: null },
        ],
      },
      stepIds: { ok: true, value: [1, 2] },
    });
  });

  it("are read from data alone when it is not NULL, whatever the columns say", () => {
    expect(decodePlanRow({ ...PLAN, data: blob(OLD_RECORD) })).toEqual({
      head: {
        ...HEAD,
        state: "paused",
        result: "error",
        startedAt: "2014-05-06T07:08:09.000000Z",
        endedAt: null,
        realTimeSec: 2,
        executionTimeSec: 1.5,
        rootPlanStepId: 3,
      },
      runFlow: { ok: true, value: { kind: "step", stepId: 9 } },
      finalizeFlow: { ok: true, value: { kind: "sequence", flows: [] } },
      history: { ok: true, value: [] },
      stepIds: { ok: true, value: [3, 9] },
    });
  });

  it("lose only the part that will not decode", () => {
    const row = decodePlanRow({ ...PLAN, runFlow: blob("c1"), stepIds: blob(hand.list(hand.float(1))) });
    expect(row.runFlow).toEqual({ ok: false, reason: "no such tag: 0xc1", bytes: 1 });
    expect(row.stepIds).toMatchObject({ ok: false });
    expect(row.history.ok && row.finalizeFlow.ok).toBe(true);
    expect(row.head).toEqual(HEAD);
  });

  it("keep the head of the columns when data is corrupt, and say so of the rest", () => {
    const row = decodePlanRow({ ...PLAN, data: blob("81") });
    expect(row.head).toEqual(HEAD);
    expect(row.runFlow).toMatchObject({ ok: false, bytes: 1 });
  });

  it("say of a cell that was too long to be read how long it is", () => {
    const row = decodePlanRow({ ...PLAN, history: { bytes: null, length: 9_000_000 } });
    expect(row.history).toMatchObject({ ok: false, bytes: 9_000_000 });
  });

  it("hold no steps and no flow in NULL columns, but an empty history", () => {
    const row = decodePlanRow({ ...PLAN, runFlow: NO_BLOB, stepIds: NO_BLOB, history: NO_BLOB });
    expect(row).toMatchObject({ runFlow: { ok: false }, stepIds: { ok: false }, history: { ok: true, value: [] } });
  });

  it("take times of a record that are msgpack times", () => {
    const data = blob(hand.map(["started_at", hand.ext(0, "1d6f34546553f100")]));
    expect(decodePlanRow({ ...PLAN, data }).head.startedAt).toBe("2023-11-14T22:13:20.123456Z");
  });
});

const STEP = {
  id: 2,
  class: "Dynflow::ExecutionPlan::Steps::RunStep",
  state: "error",
  actionId: 1,
  actionClass: "Lab::Echo",
  queue: "default",
  startedAt: null,
  endedAt: null,
  realTimeSec: 0,
  executionTimeSec: 0,
  progressDone: 0.5,
  progressWeight: 1,
  error: blob(
    hand.map(
      ["class", hand.text("Dynflow::ExecutionPlan::Steps::Error")],
      ["exception_class", hand.text("Lab::Boom")],
      ["message", hand.text("💥")],
      ["backtrace", hand.list(hand.text("a.rb:1"), hand.text("b.rb:2"))],
    ),
  ),
  children: NO_BLOB,
  data: NO_BLOB,
};

describe("step rows", () => {
  it.each([
    ["PlanStep", "plan"],
    ["RunStep", "run"],
    ["FinalizeStep", "finalize"],
    ["SomethingNew", "unknown"],
  ])("of class %s are of phase %s", (name, phase) => {
    expect(decodeStepRow({ ...STEP, class: `Dynflow::ExecutionPlan::Steps::${name}` }).phase).toBe(phase);
  });

  it("carry their error and children", () => {
    const row = decodeStepRow({ ...STEP, children: blob(hand.list(hand.int(3), hand.int(5))) });
    expect(row.error).toEqual({
      ok: true,
      value: { exceptionClass: "Lab::Boom", message: "💥", backtrace: ["a.rb:1", "b.rb:2"] },
    });
    expect(row.children).toEqual({ ok: true, value: [3, 5] });
    expect(decodeStepRow(STEP).children).toEqual({ ok: true, value: null });
  });

  it("of the JSON era are read from data", () => {
    const data = blob(
      hand.map(
        ["class", hand.text("Dynflow::ExecutionPlan::Steps::PlanStep")],
        ["state", hand.text("success")],
        ["action_id", hand.int(8)],
        ["action_class", hand.text("Old::One")],
        ["error", hand.nil],
        ["children", hand.list(hand.int(4))],
        ["started_at", hand.text("2014-05-06 07:08:09")],
        ["progress_done", hand.int(1)],
      ),
    );
    expect(decodeStepRow({ ...STEP, data })).toMatchObject({
      id: 2,
      phase: "plan",
      state: "success",
      actionId: 8,
      actionClass: "Old::One",
      queue: null,
      error: { ok: true, value: null },
      children: { ok: true, value: [4] },
      startedAt: "2014-05-06T07:08:09.000000Z",
      progressDone: 1,
      progressWeight: null,
    });
  });

  it("keep a state that nobody told us of", () => {
    expect(decodeStepRow({ ...STEP, state: "hovering" }).state).toBe("hovering");
  });
});

const ACTION = {
  id: 1,
  class: "Lab::Echo",
  planStepId: 1,
  runStepId: 2,
  finalizeStepId: null,
  callerPlanId: null,
  callerActionId: 7,
  data: NO_BLOB,
};

describe("action and delayed rows", () => {
  it("of the JSON era name their own plan as caller: that is no sub-plan", () => {
    const data = blob(
      hand.map(
        ["class", hand.text("Old::One")],
        ["caller_execution_plan_id", hand.text("plan-1")],
        ["caller_action_id", hand.int(1)],
        ["input", hand.map(["a", hand.int(1)])],
        ["output", hand.nil],
      ),
    );
    expect(decodeActionRow("plan-1", { ...ACTION, data })).toMatchObject({ class: "Old::One", callerPlanId: null });
    expect(decodeActionRow("plan-2", { ...ACTION, data })).toMatchObject({ callerPlanId: "plan-1", runStepId: null });
    expect(decodeActionPayloads({ input: NO_BLOB, output: blob("c1"), data })).toEqual({
      input: { ok: true, value: { a: 1 } },
      output: { ok: true, value: null },
    });
  });

  it("have input and output apart: one corrupt does not cost the other", () => {
    const payloads = decodeActionPayloads({
      input: blob("c1"),
      output: blob(hand.map(["x", hand.yes])),
      data: NO_BLOB,
    });
    expect(payloads).toMatchObject({ input: { ok: false }, output: { ok: true, value: { x: true } } });
  });

  it("delayed: from columns and from data", () => {
    const columns = {
      startAt: "2099-01-02T03:04:05.000000Z",
      startBefore: null,
      frozen: true,
      serializer: "Dynflow::Serializers::Noop",
      args: blob(hand.list(hand.map(["text", hand.text("later")]))),
      data: NO_BLOB,
    };
    expect(decodeDelayedRow(columns)).toEqual({
      startAt: "2099-01-02T03:04:05.000000Z",
      startBefore: null,
      frozen: true,
      serializer: "Dynflow::Serializers::Noop",
      args: { ok: true, value: [{ text: "later" }] },
    });
    const data = blob(
      hand.map(["start_at", hand.text("2030-01-01 00:00:00.5")], ["serialized_args", hand.list(hand.int(5))]),
    );
    expect(decodeDelayedRow({ ...columns, data })).toMatchObject({
      startAt: "2030-01-01T00:00:00.500000Z",
      frozen: false,
      args: { ok: true, value: [5] },
    });
  });
});

describe("columns are written as Ruby stores them", () => {
  it("errors", () => {
    const error = { exceptionClass: "Lab::Boom", message: "💥", backtrace: ["a.rb:1", "b.rb:2"] };
    expect(encodeMsgpack(stepErrorValue(error))).toEqual(STEP.error.bytes);
  });
  it("histories", () => {
    const history = [
      { timeSec: 1_795_326_347, name: "start execution", worldId: "w" },
      { timeSec: 1_795_326_348, name: "timeout", worldId: null },
    ];
    expect(encodeMsgpack(historyValue(history))).toEqual(PLAN.history.bytes);
  });
});

describe("an error", () => {
  const errorOf = (...entries: readonly (readonly [string, MsgpackValue])[]) => {
    const cell = encodeMsgpack(new Map<MsgpackValue, MsgpackValue>([["exception_class", "IOError"], ...entries]));
    return decodeStepRow({ ...NO_STEP, error: { bytes: cell, length: cell.length } }).error;
  };
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

  it("whose message and backtrace Ruby holds without an encoding is told in full", () => {
    const error = errorOf(["message", bytes("no \xc3\xa9, \xff")], ["backtrace", [bytes("a.rb:1"), "b.rb:2", 3]]);
    expect(error).toEqual({
      ok: true,
      value: { exceptionClass: "IOError", message: "no é, \\xff", backtrace: ["a.rb:1", "b.rb:2"] },
    });
  });

  it.each<readonly [string, MsgpackValue, string]>([
    ["none", null, ""],
    ["a map", new Map([["code", 5]]), '{"code":5}'],
    ["a number", 404, "404"],
  ])("keeps its class whatever its message is: %s", (_what, message, text) => {
    expect(errorOf(["message", message])).toMatchObject({ value: { exceptionClass: "IOError", message: text } });
  });

  it("without a class is none", () => {
    expect(errorOf(["exception_class", null])).toMatchObject({ ok: false });
  });
});

describe("JSON that is kept as bytes", () => {
  it.each([
    ['{"a":[1]}', { a: [1] }],
    ["[2]", [2]],
  ])("is read as what it is: %s", (text, value) => {
    expect(decodePayloadCell({ bytes: Buffer.from(text), length: text.length })).toEqual({ ok: true, value });
  });

  it("that is broken is told as bytes that are no msgpack", () => {
    const cell = Buffer.from('{"a":[1}');
    expect(decodePayloadCell({ bytes: cell, length: cell.length })).toMatchObject({ ok: false, bytes: 8 });
    expect(decodePayloadCell({ bytes: Buffer.from("{"), length: 1 })).toEqual({ ok: true, value: 0x7b });
  });
});

describe("bytes that hold text", () => {
  const cell = encodeMsgpack(
    new Map<MsgpackValue, MsgpackValue>([["script", new Uint8Array(Buffer.from("echo café"))]]),
  );
  const stored = { bytes: cell, length: cell.length };

  it("are text in a payload", () => {
    expect(decodePayloadCell(stored)).toEqual({ ok: true, value: { script: "echo café" } });
  });

  it("stay bytes where a cell is shown as it stands, or written again", () => {
    expect(decodeExactCell(stored)).toEqual({ ok: true, value: { script: { $bytes: "ZWNobyBjYWbDqQ==" } } });
  });
});

describe("instants as text", () => {
  it.each([
    ["2026-11-22 05:45:46", "2026-11-22T05:45:46.000000Z"],
    ["2026-11-22 05:45:46.9", "2026-11-22T05:45:46.900000Z"],
    ["2026-11-22 05:45:46.995", "2026-11-22T05:45:46.995000Z"],
    ["2026-11-22 05:45:46.997817", "2026-11-22T05:45:46.997817Z"],
    ["2026-11-22 05:45:46.997817999", "2026-11-22T05:45:46.997817Z"],
    ["2026-11-22T05:45:46Z", "2026-11-22T05:45:46.000000Z"],
    ["2024-02-29 23:59:59.5", "2024-02-29T23:59:59.500000Z"],
    ["2026-12-31T00:00:00.000001", "2026-12-31T00:00:00.000001Z"],
    ["2014-05-06 07:08:09 UTC", "2014-05-06T07:08:09.000000Z"],
    ["2026-11-22 05:45:46.995+00", "2026-11-22T05:45:46.995000Z"],
    ["2026-11-22 00:45:46.997817+0530", "2026-11-21T19:15:46.997817Z"],
    ["2026-11-22 05:45:46 -03:30", "2026-11-22T09:15:46.000000Z"],
    ["2026-11-22 05:45:46+02", "2026-11-22T03:45:46.000000Z"],
  ])("%s is %s", (text, instant) => {
    expect(toUtcMicros(text)).toBe(instant);
  });

  it.each([
    ...["", "infinity", "2026-13-22 05:45:46", "2026-11-22", "22 Nov", "<img>", "2026-11-22 05:45:46 CET"],
    ...["2026-13-22 05:45:46.5", "2026-00-22 05:45:46.5", "2026-11-00 05:45:46.5", "2026-11-32 05:45:46.5"],
    ...["2026-11-22 25:45:46.5", "2026-11-22 05:60:46.5", "2026-11-22 05:45:60.5", "2026-11-22 05:45:46."],
  ])("%j is none", (text) => {
    expect(toUtcMicros(text)).toBeNull();
  });

  it("go back to SQL and to Ruby, cut and never rounded", () => {
    expect(toSqlInstant("2026-11-22T05:45:46.997817Z")).toBe("2026-11-22 05:45:46.997817");
    expect(toRubyTimeText("2026-11-22T05:45:46.997999Z")).toBe("2026-11-22 05:45:46.997");
    expect(toSqlInstant("soon")).toBeNull();
  });
});
