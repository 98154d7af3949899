import { expect, it } from "vitest";
import { WORKER_STATES, WORKER_STEPS, workerPlace } from "./worker-loop.ts";

it("joins every state to the loop: none is out of reach of the first", () => {
  const reached = new Set<string>(["booting"]);
  for (const _ of WORKER_STATES) for (const { from, to } of WORKER_STEPS) if (reached.has(from)) reached.add(to);
  expect([...reached].sort()).toEqual([...WORKER_STATES].sort());
});

it.each([
  [null, ["booting"], false],
  [0, ["waiting"], false],
  [5_000, ["waiting"], false],
  [5_001, ["beating", "listing", "judging"], false],
  [7_001, ["beating", "listing", "judging"], true],
  [10_001, ["stale"], true],
] as const)("a refresh that ended %s ms ago means %j", (ageMs, now, late) => {
  expect(workerPlace(ageMs)).toMatchObject({ now, late });
});
