import { describe, expect, it } from "vitest";
import { tablesOf } from "./older-schemas.ts";
import { substituted } from "./schema-view.ts";

const SUBSTITUTES = new Map([["dynflow_steps", "(select t.*, null as queue from dynflow_steps t)"]]);
const put = (text: string): string => substituted(text, SUBSTITUTES);
const STEPS = "(select t.*, null as queue from dynflow_steps t)";

describe("a table that lacks something in an older schema", () => {
  it.each([
    ["select id from dynflow_steps where id = ", `select id from ${STEPS} dynflow_steps where id = `],
    ["select s.id from dynflow_steps s where", `select s.id from ${STEPS} s where`],
    ["select s.id from dynflow_steps as s where", `select s.id from ${STEPS} s where`],
    ["from x join dynflow_steps s on s.id = x.id", `from x join ${STEPS} s on s.id = x.id`],
    ["FROM DYNFLOW_STEPS\n  order by id", `FROM ${STEPS} DYNFLOW_STEPS\n  order by id`],
    ["exists (select 1 from dynflow_steps)", `exists (select 1 from ${STEPS} dynflow_steps)`],
    ["from dynflow_steps", `from ${STEPS} dynflow_steps`],
  ])("is read as if it did not: %s", (text, expected) => {
    expect(put(text)).toBe(expected);
  });

  it.each([
    "delete from dynflow_steps where id = 1",
    "update dynflow_steps set state = 'x'",
    "insert into dynflow_steps (id) values (1)",
    "select id from dynflow_execution_plans",
    "select 'from' as dynflow_steps",
    "select id from dynflow_steps_of_others",
  ])("is not touched where nothing is read from it: %s", (text) => {
    expect(put(text)).toBe(text);
  });
});

describe("tables by schema", () => {
  it.each([
    [5, [], ["dynflow_scheduled_plans", "dynflow_delayed_plans", "dynflow_output_chunks"]],
    [7, ["dynflow_scheduled_plans"], ["dynflow_delayed_plans"]],
    [8, ["dynflow_delayed_plans"], ["dynflow_scheduled_plans", "dynflow_output_chunks"]],
    [21, ["dynflow_output_chunks"], ["dynflow_execution_plan_dependencies"]],
    [25, ["dynflow_execution_plan_dependencies", "dynflow_coordinator_records", "dynflow_envelopes"], []],
  ] as const)("of schema %i", (schema, there, missing) => {
    const tables = tablesOf(schema);
    for (const table of there) expect(tables).toContain(table);
    for (const table of missing) expect(tables).not.toContain(table);
  });
});
