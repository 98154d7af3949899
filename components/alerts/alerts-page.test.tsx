// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import { attention } from "#server/contract/view/attention.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { AlertsPage } from "./alerts-page.tsx";

const stream = "dynflow:foreman";
const down = { state: "down" as const, since: epochMs(TEST_NOW - 60_000), reason: "no route" };
const folds = { [stream]: { ...EMPTY_DYNFLOW, source: down } };
const [need] = attention(folds, epochMs(TEST_NOW));
const until = "2026-11-23T04:00:00.000Z";
const procedures = {
  "alerts.list": () => ({ asOf: until, sinks: [], toldBy: null }),
  "alerts.silence": () => ({ journalId: "j", phase: "verified", note: null, until }),
};

it("silences one finding that is there now, at its source, for as long as was chosen", async () => {
  const { asked } = renderInConsole(<AlertsPage />, { folds, procedures, permissions: ["alerts:silence"] });
  fireEvent.click(screen.getByRole("button", { name: "Silence…" }));
  const dialog = await screen.findByRole("dialog");
  fireEvent.change(within(dialog).getByLabelText("What"), { target: { value: `finding ${need?.id}` } });
  expect(within(dialog).getByLabelText("Where")).toMatchObject({ value: stream, disabled: true });
  fireEvent.change(within(dialog).getByLabelText(/^Reason/), { target: { value: "moved to another rack" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Silence for 1 hour" }));
  await waitFor(() => expect(asked.some(({ path }) => path === "alerts.silence")).toBe(true));
  expect(asked.find(({ path }) => path === "alerts.silence")?.input).toMatchObject({
    ...{ kind: null, stream, finding: need?.id, minutes: 60, reason: "moved to another rack" },
  });
});

it("names a finding that is silenced by its title while it is there, and by its id when it is over", async () => {
  const silence = { kind: null, stream, until: epochMs(Date.UTC(2999, 0, 1)), by: null, at: epochMs(TEST_NOW) };
  const silences = { s1: { ...silence, finding: need?.id ?? "" }, s2: { ...silence, finding: "over by now" } };
  renderInConsole(<AlertsPage />, { folds: { ...folds, operator: { ...EMPTY_OPERATOR, silences } }, procedures });
  const rows = within(await screen.findByRole("table", { name: "Silences" })).getAllByRole("row");
  expect(rows.map(({ textContent }) => textContent)).toEqual([
    expect.anything(),
    expect.stringContaining(need?.title ?? "?"),
    expect.stringContaining("over by now"),
  ]);
});
