// @vitest-environment happy-dom
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import type { FailoverKeyPreviewOutput } from "#server/contract/wire/dna-failover.ts";
import { FailoverKey } from "./failover-key.tsx";
import { FailoverKeyDialog } from "./failover-key-dialog.tsx";

vi.mock("next/navigation", () => ({ usePathname: () => "/", useSearchParams: () => new URLSearchParams() }));

const asOf = new Date(TEST_NOW).toISOString();
const PLACE = { source: "eu-1", namespace: "world", moduleId: 0, name: "city-7" };
const OWNER = { incarnation: "1000:1", node: "dna@10.0.0.7", state: "gone" };

const preview = (over: Partial<FailoverKeyPreviewOutput> = {}): FailoverKeyPreviewOutput => ({
  asOf,
  faults: [],
  owner: OWNER,
  claimedAt: asOf,
  releasable: {
    releasable: true,
    certainty: "proven",
    reasons: [{ holds: true, text: "It is gone.", detail: null }],
    readyInMs: 0,
    residualRisk: "A second VM of its name.",
  },
  refusals: [],
  notMoved: null,
  targets: [],
  targetsLeftOut: 0,
  claimRefusal: null,
  ...over,
});

const submit = () => screen.getByRole("button", { name: "Fail over the key" });

function openDialog(answer: FailoverKeyPreviewOutput, procedures: Record<string, (input: unknown) => unknown> = {}) {
  return renderInConsole(<FailoverKeyDialog place={PLACE} onClose={vi.fn()} />, {
    folds: {},
    procedures: { "dna.failover.previewKey": () => answer, ...procedures },
  });
}

describe("FailoverKey", () => {
  it.each([
    ["alive", "keys of a living node are not moved"],
    ["returned", "keys of a living node are not moved"],
  ])("is not offered while its owner is %s, and says why", async (state, why) => {
    const actor = { name: PLACE.name, owner: { ...OWNER, state }, claimedAt: asOf };
    renderInConsole(<FailoverKey place={PLACE} />, {
      folds: {},
      procedures: { "dna.actors.get": () => ({ asOf, faults: [], actor }) },
    });
    await waitFor(() => expect(screen.getByRole("button", { name: /Fail over/ }).title).toContain(why));
    expect(screen.getByRole("button", { name: /Fail over/ }).getAttribute("aria-disabled")).toBe("true");
  });

  it("is offered for a key of a dead node", async () => {
    const actor = { name: PLACE.name, owner: OWNER, claimedAt: asOf };
    renderInConsole(<FailoverKey place={PLACE} />, {
      folds: {},
      procedures: { "dna.actors.get": () => ({ asOf, faults: [], actor }) },
    });
    await waitFor(() =>
      expect(screen.getByRole("button", { name: /Fail over/ }).getAttribute("aria-disabled")).toBeNull(),
    );
  });
});

describe("FailoverKeyDialog", () => {
  it("sends whose key it was, once, and leads to the job", async () => {
    const start = vi.fn(() => ({ journalId: "j", jobId: "01JOB" }));
    const { asked, went } = openDialog(preview(), { "dna.failover.startKey": start });
    await screen.findByText("Proven dead");
    fireEvent.change(screen.getByLabelText(/^Reason/), { target: { value: "its host is gone" } });
    fireEvent.change(screen.getByLabelText(/^Type/), { target: { value: PLACE.name } });
    fireEvent.click(submit());
    await waitFor(() => expect(went).toEqual(["/jobs/01JOB"]));
    expect(asked.find(({ path }) => path === "dna.failover.startKey")?.input).toMatchObject({
      ...PLACE,
      expectedOwner: "1000:1",
      targets: null,
      reason: "its host is gone",
    });
  });

  it("says why a key of a living node is not moved, and sends nothing", async () => {
    const living = preview({
      owner: { ...OWNER, state: "alive" },
      refusals: ["Not yet true: The incarnation is silent or gone."],
      notMoved: "Keys of a living node are not moved.",
    });
    openDialog(living);
    await screen.findByText("Keys of a living node are not moved.");
    expect(submit().getAttribute("aria-disabled")).toBe("true");
  });

  it("has nobody to judge when nobody owns it", async () => {
    openDialog(
      preview({ owner: null, releasable: null, refusals: ["Nobody owns it: the next message to it claims it."] }),
    );
    expect(await screen.findAllByText("Nobody owns it: the next message to it claims it.")).not.toEqual([]);
    expect(screen.queryByText("Proven dead")).toBeNull();
    expect(submit().getAttribute("aria-disabled")).toBe("true");
  });
});
