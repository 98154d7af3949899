// @vitest-environment happy-dom
import { fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import type { FailoverJobOutput } from "#server/contract/wire/dna-failover.ts";
import { FailoverPlan } from "./failover-plan.tsx";

vi.mock("next/navigation", () => ({ usePathname: () => "/", useSearchParams: () => new URLSearchParams() }));

const show = (answer: FailoverJobOutput) =>
  renderInConsole(<FailoverPlan source="eu-1" jobId="01JOB" ended={false} />, {
    folds: {},
    procedures: { "dna.failover.job": () => answer },
  });

describe("FailoverPlan", () => {
  it("tells each node with its share and what it was given", async () => {
    const target = (number: number, weight: number, given: number) => ({
      incarnation: `2000:${number}`,
      node: `dna@10.0.0.${number}`,
      weight,
      given,
    });
    show({ plan: { key: null, targets: [target(1, 50, 12), target(2, 150, 40)] } });
    await screen.findByRole("table", { name: "Keys given to each node" });
    const rows = screen.getAllByRole("row").map((row) => row.textContent);
    expect(rows).toContain("dna@10.0.0.15025 %12");
    expect(rows).toContain("dna@10.0.0.215075 %40");
  });

  it("reads once more when the job has ended: what was read before may be of before the last rounds", async () => {
    let given = 12;
    const target = () => ({ incarnation: "2000:1", node: "dna@10.0.0.1", weight: 1, given });
    const procedures = { "dna.failover.job": () => ({ plan: { key: null, targets: [target()] } }) };
    const Ending = () => {
      const [ended, setEnded] = useState(false);
      return (
        <>
          <button type="button" onClick={() => setEnded(true)}>
            end
          </button>
          <FailoverPlan source="eu-1" jobId="01JOB" ended={ended} />
        </>
      );
    };
    renderInConsole(<Ending />, { folds: {}, procedures });
    await screen.findByText("12");
    given = 50;
    fireEvent.click(screen.getByRole("button", { name: "end" }));
    await screen.findByText("50", {}, { timeout: 10_000 });
  });

  it("says that a release gives them to nobody, and when it does not know", async () => {
    show({ plan: { key: null, targets: null } });
    await screen.findByText(/^Nobody: their rows are deleted/);
    show({ plan: null });
    await screen.findByText(/^Not known here/);
  });
});
