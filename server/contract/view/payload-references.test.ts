import { expect, it } from "vitest";
import { referencesOf, withResolved } from "./payload-references.ts";

const reference = (step_id: number, ...subkeys: string[]) => ({
  $ref: { execution_plan_id: "p", step_id, action_id: 2, subkeys },
  $text: `Step(${step_id}).output`,
});
const VALUE = { a: reference(4, "token"), list: [reference(5), reference(4)], plain: 1 };

it("names each step that is pointed to once, and no more than it is asked for", () => {
  expect(referencesOf(VALUE, 9).map(({ stepId }) => stepId)).toEqual([4, 5]);
  expect(referencesOf(VALUE, 1).map(({ stepId }) => stepId)).toEqual([4]);
});

it("puts what is known in the place of a reference, and leaves the others", () => {
  const outputs: Readonly<Record<number, unknown>> = { 4: { token: "abc" } };
  const shown = withResolved(VALUE, ({ stepId }) => (stepId === null ? undefined : outputs[stepId]));
  expect(shown).toEqual({ a: "abc", list: [reference(5), { token: "abc" }], plain: 1 });
});
