// @vitest-environment happy-dom
import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { useRefusal } from "#components/ui/session.ts";
import type { JournalStatus } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { Banners } from "./banners.tsx";

const since = epochMs(TEST_NOW);

function Action() {
  return <p>{useRefusal("dna:failover") ?? "possible"}</p>;
}

function show(journal: JournalStatus) {
  const { container } = renderInConsole(
    <>
      <Banners />
      <Action />
    </>,
    { folds: {}, journal },
  );
  return { tone: container.querySelector(".banner")?.className ?? null };
}

describe("the journal's banner", () => {
  it("is not there while all is well", () => {
    expect(show({ ok: true, since, reason: null }).tone).toBeNull();
    expect(screen.getByText("possible")).toBeDefined();
  });

  it("is calm where another console writes, names it, and its reason stands at every action", () => {
    const { tone } = show({ ok: true, since, reason: null, follows: { holder: "alpha" } });
    expect(tone).toContain("t-idle");
    expect(screen.getByText("This console follows")).toBeDefined();
    expect(screen.getByText(/^alpha writes the journal\. What you see is live/)).toBeDefined();
    expect(screen.getByText("This console follows: alpha writes the journal. Act there.")).toBeDefined();
  });

  it("asks for attention when nobody writes", () => {
    expect(show({ ok: true, since, reason: null, follows: { holder: null } }).tone).toContain("t-attention");
  });

  it("is a failure when the journal cannot be written, or not even be read", () => {
    expect(show({ ok: false, since, reason: "disk full" }).tone).toContain("t-failed");
    expect(screen.getByText("The journal cannot be written")).toBeDefined();
    expect(screen.getByText(/\(disk full\): no record, no action/)).toBeDefined();
  });

  it("says of a follower that it cannot read", () => {
    expect(show({ ok: false, since, reason: "nobody answers", follows: { holder: "alpha" } }).tone).toContain(
      "t-failed",
    );
    expect(screen.getByText("The journal cannot be read")).toBeDefined();
  });
});
