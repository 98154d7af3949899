// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { ApprovalTerms } from "#server/contract/approval-terms.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import type { ApprovalFold } from "#server/contract/safety.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { DrainDialog } from "./drain-dialog.tsx";

const NODE = "dna@b";
const INCARNATION = "1:2";
const by = (user: string) => ({ user, role: "admin", address: "::1", reason: "its disk fails" }) as const;

function open(running: number, agreed: ApprovalTerms | null) {
  const step = (name: string, state: string) => ({
    step: name,
    state,
    evidence: [],
    refusal: null,
    at: null,
    by: null,
  });
  const approval: ApprovalFold = {
    ...{ action: "dna.drain.stopVm", stream: "dna:eu-1", target: INCARNATION, title: NODE, state: "granted" },
    ...{ askedBy: by("ann"), askedAt: epochMs(TEST_NOW), decidedBy: by("bob"), decidedAt: epochMs(TEST_NOW) },
    until: epochMs(Date.now() + 60_000),
    ...(agreed === null ? {} : { terms: agreed }),
  };
  const advance = vi.fn((_input: unknown) => ({ journalId: "j", phase: "executed", note: null }));
  const ask = vi.fn((_input: unknown) => ({ approvalId: "a", until: "2026-11-22T07:07:14.000Z" }));
  renderInConsole(<DrainDialog source="eu-1" incarnation={INCARNATION} onClose={() => undefined} />, {
    secondPerson: true,
    permissions: ["dna:nodes", "safety:approve"],
    folds: { operator: { ...EMPTY_OPERATOR, approvals: agreed === null ? {} : { a: approval } } },
    procedures: {
      "dna.drain.get": () => ({
        ...{ asOf: null, faults: [], incarnation: INCARNATION, node: NODE, cluster: "prod", state: "alive" },
        ...{ since: "2026-11-22T06:00:00.000Z", running, others: ["dna@a"] },
        steps: [step("balancer", "done"), step("stop_vm", "open")],
      }),
      "dna.drain.advance": advance,
      "safety.approvals.ask": ask,
    },
  });
  return { advance, ask };
}

async function press(verb: string) {
  fireEvent.click(await screen.findByRole("button", { name: "Stop the VM…" }));
  fireEvent.change(await screen.findByLabelText(/^Reason/), { target: { value: "its disk fails" } });
  fireEvent.change(screen.getByLabelText(/^Type/), { target: { value: NODE } });
  fireEvent.click(await screen.findByRole("button", { name: verb }));
}

const STOP = { step: "stop_vm", how: "do", expectedNode: NODE };

describe("stopping a VM where that takes a second person", () => {
  it("asks about at most so many actors, with room for those that come meanwhile", async () => {
    const { ask, advance } = open(200, null);
    await press("Ask a second person");
    await waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
    expect(ask.mock.calls[0]?.[0]).toMatchObject({ terms: { ...STOP, expectedRunning: 240 } });
    expect(advance).not.toHaveBeenCalled();
  });

  it("does what was agreed to while no more actors run than that", async () => {
    const { advance } = open(230, { ...STOP, expectedRunning: 240 });
    await press("Stop the VM");
    await waitFor(() => expect(advance).toHaveBeenCalledTimes(1));
    expect(advance.mock.calls[0]?.[0]).toMatchObject({ ...STOP, expectedRunning: 240 });
  });

  it("asks anew once more run than was agreed to, and says so", async () => {
    const { advance, ask } = open(241, { ...STOP, expectedRunning: 240 });
    await press("Ask a second person");
    await waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
    expect(advance).not.toHaveBeenCalled();
  });
});
