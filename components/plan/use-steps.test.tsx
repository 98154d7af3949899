// @vitest-environment happy-dom
import { fireEvent, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { renderInConsole } from "#components/ui/render.test-kit.tsx";
import { FLOW_TOKENS } from "#server/contract/view/flow-tokens.ts";
import { type LargeFlows, useLargeFlows } from "./use-steps.ts";

const asOf = "2026-11-22T06:52:14.000Z";
const tokens = [FLOW_TOKENS.concurrence, 3, 5, FLOW_TOKENS.close];
const flows = { asOf, faults: [], runFlow: { tokens }, finalizeFlow: { tokens: [] }, stepIds: null, stepCount: 9_000 };

const given: (LargeFlows | undefined)[] = [];
function Asks({ as }: { readonly as: string }) {
  const had = useLargeFlows("foreman", "p1", true);
  given.push(had);
  return <p>{`${as} ${had === undefined ? "waits" : "has them"}`}</p>;
}
function Page() {
  const [later, setLater] = useState(false);
  return (
    <>
      <Asks as="head" />
      {later && <Asks as="steps" />}
      <button type="button" onClick={() => setLater(true)}>
        later
      </button>
    </>
  );
}

it("reads the flows of a large plan once for head and steps, and makes their trees once", async () => {
  const { asked } = renderInConsole(<Page />, { procedures: { "dynflow.plans.flows": () => flows } });
  await screen.findByText("head has them");
  fireEvent.click(screen.getByText("later"));
  await screen.findByText("steps has them");
  expect(asked.map(({ path }) => path)).toEqual(["dynflow.plans.flows"]);
  const made = new Set(given.filter((one) => one !== undefined));
  expect([...made].map(({ runFlow }) => runFlow)).toEqual([
    { kind: "concurrence", flows: [3, 5].map((stepId) => ({ kind: "step", stepId })) },
  ]);
});
