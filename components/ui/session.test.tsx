// @vitest-environment happy-dom
import { act, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { LIVE_STATUS_KEY } from "#components/live/live-cache.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { renderInConsole, TEST_NOW } from "./render.test-kit.tsx";
import { useRefusal } from "./session.ts";

function Shown({ other = null }: { readonly other?: string | null }) {
  return <p>{useRefusal("dna:failover", other) ?? "possible"}</p>;
}

describe("useRefusal", () => {
  it("is silent when it may and can be done", () => {
    renderInConsole(<Shown />, { folds: {} });
    expect(screen.getByText("possible")).toBeTruthy();
  });
  it("says which permission is missing, and whose", () => {
    renderInConsole(<Shown other="not dead" />, { role: "viewer", permissions: ["dna:read"], folds: {} });
    expect(screen.getByText("Needs the permission dna:failover; your role viewer does not have it.")).toBeTruthy();
  });
  it("asks to log in first", () => {
    renderInConsole(<Shown />, { role: null, folds: {} });
    expect(screen.getByText("Log in first.")).toBeTruthy();
  });
  it("refuses while the journal cannot be written: no record, no action", () => {
    const journal = { ok: false, since: epochMs(TEST_NOW), reason: "disk full" };
    renderInConsole(<Shown />, { folds: {}, journal });
    expect(screen.getByText("The journal cannot be written (disk full): no record, no action.")).toBeTruthy();
  });
  it("refuses while the feed is lost: what is seen is old", async () => {
    const { cache } = renderInConsole(<Shown />, { folds: {} });
    act(() => {
      cache.setQueryData(LIVE_STATUS_KEY, { phase: "lost", since: null, reason: null, offsetMs: null });
    });
    expect(await screen.findByText(/^The live feed is lost/)).toBeTruthy();
  });
  it("gives the reason of the thing itself last", () => {
    renderInConsole(<Shown other="It beats." />, { folds: {} });
    expect(screen.getByText("It beats.")).toBeTruthy();
  });
});
