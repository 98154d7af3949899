import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { EVENT_KINDS, filterOf, isFiltered, KIND_GROUPS, kindsOf, NO_FILTER, parseJournal } from "./journal-query.ts";
import { subjectLink } from "./subject-link.ts";
import { joined } from "./use-journal.ts";

const PLAN = "7be1c0de-41f3-4f0a-9a52-5d0c6c3f1b80";
const event = (over: object): JournalEvent =>
  ({
    id: "01",
    stream: "dynflow:foreman",
    seq: "1",
    subject: PLAN,
    occurredAt: epochMs(0),
    observedAt: epochMs(0),
    synthetic: false,
    causedBy: null,
    actor: null,
    kind: "dynflow.plan.gone",
    body: { from: "running" },
    ...over,
  }) as JournalEvent;

describe("the filter", () => {
  it("lets a group stand for its kinds, and every kind is in a group", () => {
    expect(kindsOf("op.*")).toContain("op.requested");
    expect(kindsOf("op.*")).toHaveLength(7);
    expect(kindsOf("something.new")).toEqual(["something.new"]);
    const grouped = new Set(KIND_GROUPS.flatMap(({ value }) => kindsOf(value)));
    expect([...EVENT_KINDS].filter((kind) => !grouped.has(kind))).toEqual([]);
  });

  it("is read from the address", () => {
    expect(parseJournal(new URLSearchParams("stream=operator&kind=&subject=%20x%20"))).toEqual({
      ...NO_FILTER,
      stream: "operator",
      subject: "x",
    });
    const audit = "user=mira&action=dynflow.plans&phase=failed&from=2026-11-22T03:00:00Z&to=tomorrow&view=actions";
    expect(parseJournal(new URLSearchParams(audit))).toEqual({
      ...NO_FILTER,
      user: "mira",
      action: "dynflow.plans",
      phase: "failed",
      from: "2026-11-22T03:00:00.000Z",
      view: "actions",
    });
    expect(parseJournal(new URLSearchParams("phase=succeeded&view=table"))).toEqual(NO_FILTER);
  });

  it("asks for every phase of the actions, and in the list for the one that is chosen", () => {
    expect(filterOf({ ...NO_FILTER, view: "actions", phase: "failed" }).kinds).toEqual(kindsOf("op.*"));
    expect(filterOf({ ...NO_FILTER, phase: "failed" }).kinds).toEqual(["op.failed"]);
    expect(isFiltered({ ...NO_FILTER, view: "actions" })).toBe(false);
    expect(isFiltered({ ...NO_FILTER, user: "mira" })).toBe(true);
  });
});

describe("subjectLink", () => {
  const operation = (stream: string | null, target: string) =>
    event({
      kind: "op.requested",
      stream: "operator",
      body: { action: "a", stream, target, expected: null, found: null },
    });

  it("leads to the page of what an event is about", () => {
    expect(subjectLink(event({}))).toBe(`/plans/foreman/${PLAN}`);
    expect(
      subjectLink(
        event({
          kind: "dynflow.step.state_changed",
          body: { planId: PLAN, stepId: 4, from: null, to: "error", actionClass: "A" },
        }),
      ),
    ).toBe(`/plans/foreman/${PLAN}?step=4`);
    expect(subjectLink(event({ kind: "dna.node.forgotten", stream: "dna:eu-1", subject: "1:-2", body: {} }))).toBe(
      "/topology?of=eu-1&node=1%3A-2",
    );
    const actor = { namespace: "game", moduleId: 0, name: "city/7" };
    expect(
      subjectLink(
        event({
          kind: "dna.actor.unwatched",
          stream: "dna:eu-1",
          subject: "game:0:city/7",
          body: { ...actor, lastReadAt: 0, reason: "nobody looks" },
        }),
      ),
    ).toBe("/actors?source=eu-1&ns=game&module=0&name=city%2F7");
    expect(subjectLink(operation("dynflow:foreman", PLAN))).toBe(`/plans/foreman/${PLAN}`);
    expect(subjectLink(operation("dna:eu-1", "1:2"))).toBe("/topology?of=eu-1&node=1%3A2");
    expect(subjectLink(operation("dna:eu-1", "game:0:city/7"))).toBe(
      "/actors?source=eu-1&ns=game&module=0&name=city%2F7",
    );
    expect(subjectLink(operation(null, "session"))).toBeNull();
  });

  it("never leads out of the console, whatever the subject is called", () => {
    for (const subject of ["javascript:alert(1)", "//evil.example", "../../x", "https://evil.example"])
      expect(subjectLink(event({ subject }))).toMatch(/^\/plans\/foreman\/[^/]+$/);
  });
});

describe("joined", () => {
  it("puts news on top and shows each event once", () => {
    const page = (ids: string[]) => ({ events: ids.map((id) => event({ id })) });
    const news = [event({ id: "5" }), event({ id: "4" })];
    expect(joined(news, [page(["4", "3"]), page(["2"])]).map(({ id }) => id)).toEqual(["5", "4", "3", "2"]);
  });
});
