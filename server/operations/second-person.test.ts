/** An agreement holds for exactly the parameters that were asked about. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { type ApprovalTerms, canonicalTerms, termsOf } from "#server/contract/approval-terms.ts";
import { termLines, termsMoved } from "#server/contract/approval-words.ts";
import { WHOLE_NODE_ACTION_NAMES, type WholeNodeAction } from "#server/contract/safety.ts";
import { stopManyInput } from "#server/contract/wire/dna-actors.ts";
import { drainAdvanceInput } from "#server/contract/wire/dna-drain.ts";
import { failoverStartInput } from "#server/contract/wire/dna-failover.ts";
import { deleteRowInput } from "#server/contract/wire/dna-node-row.ts";
import { invalidateInput } from "#server/contract/wire/dynflow-worlds.ts";
import { askInput, TERMS } from "#server/contract/wire/safety.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createRequestGate } from "./gate.ts";
import { createOperations } from "./operations.ts";
import { createSafetyService } from "./safety-service.ts";

const SEED = 20_261_123;
const RUNS = 60;
const STREAM = "dna:eu-1";
const TARGET = "1795325909191:-614";
const HEX = "0123456789abcdef";

let lastId = 0;
const newId = (): string => {
  lastId += 1;
  return `01JD${String(lastId).padStart(22, "0")}`;
};
const callerOf = (id: string): Caller => ({
  principal: { id, role: "admin", kind: "token", sources: null, tokenId: "t" },
  address: "::1",
});
const act = () => ({ reason: "because of the test", requestId: newId() });

const nodeName = fc.stringMatching(/^dna@[a-z]{1,9}$/);
const heir = fc.record({
  incarnation: fc.integer({ min: 1, max: 99 }).map((id) => `1795325909191:${id}`),
  weight: fc.integer({ min: 1, max: 1_000 }),
});
const fingerprint = fc.string({ unit: fc.constantFrom(...HEX), minLength: 64, maxLength: 64 });

/** What each parameter may be: a parameter without an entry fails the test below that looks for it. */
const PARAMETERS: Readonly<Record<WholeNodeAction, Readonly<Record<string, fc.Arbitrary<ApprovalTerms[string]>>>>> = {
  "dna.failover.start": {
    targets: fc.option(fc.uniqueArray(heir, { minLength: 1, maxLength: 4, selector: (each) => each.incarnation })),
    expectedState: fc.constantFrom("silent", "gone"),
    expectedNode: nodeName,
    expectedKeys: fc.nat(),
  },
  "dna.actors.stopMany": {
    partition: fc.option(fc.nat({ max: 1_023 })),
    type: fc.option(fc.record({ namespace: nodeName, moduleId: fc.nat({ max: 99 }) })),
    list: fingerprint,
    expectedTotal: fc.integer({ min: 1, max: 99_999 }),
    force: fc.boolean(),
  },
  "dna.nodes.deleteRow": { expectedState: fc.constantFrom("silent", "gone"), expectedNode: nodeName },
  "dna.drain.stopVm": {
    step: fc.constant("stop_vm"),
    how: fc.constantFrom("do", "force"),
    expectedNode: nodeName,
    expectedRunning: fc.option(fc.nat()),
  },
  "dynflow.worlds.invalidate": { expectedPlans: fc.nat({ max: 999 }) },
};
const termsFor = (action: WholeNodeAction) => fc.record(PARAMETERS[action]) as fc.Arbitrary<ApprovalTerms>;

function setUp() {
  const clock = createManualClock(epochMs(1_795_300_000_000));
  const { recorder, kinds } = createMemoryRecorder(clock);
  const gate = createRequestGate({
    rules: { readOnly: false, wholeNode: true },
    safety: () => recorder.operator(),
    clock,
  });
  const operations = createOperations({ recorder, view: recorder, clock, gate });
  const safety = createSafetyService({
    ...{ view: recorder, recorder, operations, clock, newId },
    holdJobs: async () => 0,
    rules: { readOnly: false, wholeNode: true, minutes: 15 },
  });
  const agree = async (action: WholeNodeAction, terms: ApprovalTerms) => {
    const asked = await safety.ask(callerOf("ann"), { action, stream: STREAM, target: TARGET, terms, ...act() });
    await safety.decide(callerOf("bob"), { approvalId: asked.approvalId, granted: true, ...act() });
    return asked;
  };
  const request = (action: WholeNodeAction, terms?: ApprovalTerms) =>
    operations.request({
      requestId: newId(),
      facts: { action, stream: STREAM, target: TARGET, expected: null },
      actor: { user: "ann", role: "admin", address: "::1", reason: "because" },
      ...(terms === undefined ? {} : { terms }),
    });
  return { recorder, kinds, safety, agree, request };
}

describe("what a second person agrees to", () => {
  it("is every parameter of the action's own input, also one that is added later", () => {
    const inputs: Readonly<Record<WholeNodeAction, readonly string[]>> = {
      "dna.failover.start": Object.keys(failoverStartInput.shape),
      // Its token names a list of one person: in its place stand what was listed and the list's fingerprint.
      "dna.actors.stopMany": [
        ...Object.keys(stopManyInput.shape).filter((name) => name !== "token"),
        ...["partition", "type", "list"],
      ],
      "dna.nodes.deleteRow": Object.keys(deleteRowInput.shape),
      "dna.drain.stopVm": Object.keys(drainAdvanceInput.shape),
      "dynflow.worlds.invalidate": Object.keys(invalidateInput.shape),
    };
    for (const action of WHOLE_NODE_ACTION_NAMES) {
      const sample = Object.fromEntries(inputs[action].map((name) => [name, "x"]));
      const bound = Object.keys(termsOf({ source: "eu-1", ...sample })).toSorted();
      expect(bound).toEqual(Object.keys(TERMS[action].shape).toSorted());
      expect(bound).toEqual(Object.keys(PARAMETERS[action]).toSorted());
    }
  });

  it.each(WHOLE_NODE_ACTION_NAMES)("%s with any parameter changed is refused, and says which", async (action) => {
    await fc.assert(
      fc.asyncProperty(termsFor(action), termsFor(action), async (agreed, other) => {
        const world = setUp();
        await world.agree(action, agreed);
        for (const name of Object.keys(PARAMETERS[action])) {
          const changed: ApprovalTerms = { ...agreed, [name]: other[name] ?? null };
          if (canonicalTerms(changed) === canonicalTerms(agreed)) continue;
          const moved = termsMoved(agreed, changed);
          expect(moved.length).toBeGreaterThan(0);
          await expect(world.request(action, changed)).rejects.toMatchObject({
            code: "refused",
            message: expect.stringContaining("not what a second person was asked about"),
            reasons: expect.arrayContaining([...moved]),
          });
        }
        for (const name of Object.keys(agreed)) {
          const { [name]: _left, ...less } = agreed;
          await expect(world.request(action, less)).rejects.toMatchObject({ code: "refused" });
          await expect(world.request(action, { ...agreed, more: true })).rejects.toMatchObject({ code: "refused" });
        }
        await expect(world.request(action)).rejects.toMatchObject({ code: "refused" });
        expect(world.kinds()).not.toContain("approval.used");
        await world.request(action, agreed);
        expect(world.kinds().at(-1)).toBe("approval.used");
        await expect(world.request(action, agreed)).rejects.toMatchObject({ code: "refused" });
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it("is told in words, each parameter by itself", () => {
    const words = (terms: ApprovalTerms) =>
      termLines(terms, (id) => (id === "1:2" ? "dna@b" : null)).map(({ what, value }) => `${what}: ${value}`);
    const targets = [
      { incarnation: "1:2", weight: 3 },
      { incarnation: "3:4", weight: 1 },
    ];
    expect(words({ targets, expectedState: "gone", expectedNode: "dna@a", expectedKeys: 12 })).toEqual([
      "Its keys: given to 2 chosen nodes",
      "Given to dna@b (1:2): weight 3",
      "Given to 3:4: weight 1",
      "Its state: gone",
      "Its name: dna@a",
      "Keys it holds, as counted: 12",
    ]);
    expect(words({ targets: null })).toEqual(["Its keys: released: the next message to a key claims it"]);
    expect(words({ force: true, partition: null, type: { namespace: "n", moduleId: 0 }, somethingNew: [1] })).toEqual([
      "How: by force: what is buffered and queued is lost",
      "Where: every partition",
      "Which type: n / 0",
      "somethingNew: [1]",
    ]);
  });

  it("does not depend on the order in which nodes were chosen", async () => {
    const world = setUp();
    const [a, b] = [
      { incarnation: "1:2", weight: 3 },
      { incarnation: "3:4", weight: 1 },
    ];
    const rest = { expectedState: "gone", expectedNode: "dna@a", expectedKeys: 12 };
    await world.agree("dna.failover.start", { targets: [a, b], ...rest });
    await world.request("dna.failover.start", { ...rest, targets: [b, a] });
    expect(world.kinds().at(-1)).toBe("approval.used");
  });

  it("asked anew by other parameters, the agreement before counts no more", async () => {
    const world = setUp();
    const terms = (expectedPlans: number) => ({ expectedPlans });
    const first = await world.agree("dynflow.worlds.invalidate", terms(1));
    const about = { action: "dynflow.worlds.invalidate", stream: STREAM, target: TARGET } as const;
    await expect(world.safety.ask(callerOf("eve"), { ...about, terms: terms(1), ...act() })).rejects.toMatchObject({
      code: "conflict",
    });
    const second = await world.safety.ask(callerOf("ann"), { ...about, terms: terms(2), ...act() });
    expect(world.recorder.operator().approvals[first.approvalId]?.state).toBe("replaced");
    await expect(world.request("dynflow.worlds.invalidate", terms(1))).rejects.toMatchObject({ code: "refused" });
    await expect(world.request("dynflow.worlds.invalidate", terms(2))).rejects.toMatchObject({
      reasons: ["It is asked for, and nobody has answered yet."],
    });
    await world.safety.decide(callerOf("bob"), { approvalId: second.approvalId, granted: true, ...act() });
    await world.request("dynflow.worlds.invalidate", terms(2));
  });

  it("is not taken with a parameter missing, unknown or out of bounds", () => {
    const ask = (terms: ApprovalTerms) =>
      askInput.safeParse({ action: "dna.failover.start", stream: STREAM, target: TARGET, terms, ...act() }).success;
    const whole = { targets: null, expectedState: "gone", expectedNode: "dna@a", expectedKeys: 12 };
    const { targets: _none, ...less } = whole;
    expect(ask(whole)).toBe(true);
    expect(ask(less)).toBe(false);
    expect(ask({ ...whole, more: 1 })).toBe(false);
    expect(ask({ ...whole, targets: [] })).toBe(false);
    expect(ask({ ...whole, expectedKeys: -1 })).toBe(false);
  });

  it("that an earlier version asked about without saying what exactly is good for nothing", async () => {
    const world = setUp();
    const { approvalId } = await world.agree("dynflow.worlds.invalidate", { expectedPlans: 1 });
    const { terms: _none, ...before } = world.recorder.operator().approvals[approvalId] ?? { terms: {} };
    expect(before).toMatchObject({ state: "granted" });
    const clock = createManualClock(epochMs(1_795_300_000_000));
    const gate = createRequestGate({
      rules: { readOnly: false, wholeNode: true },
      safety: () => ({ readOnly: null, approvals: { [approvalId]: before as never } }),
      clock,
    });
    const facts = { action: "dynflow.worlds.invalidate", stream: STREAM, target: TARGET, expected: null } as const;
    const actor = { user: "ann", role: "admin", address: "::1", reason: "because" } as const;
    expect(() => gate.pass({ requestId: newId(), facts, actor, terms: { expectedPlans: 1 } })).toThrow(
      "not what a second person was asked about",
    );
  });
});
