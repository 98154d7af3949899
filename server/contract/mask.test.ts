import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { isMasked } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import { anyEvent, anyHistory } from "./fold/events.contract.ts";
import { type Folds, reduceFolds } from "./fold/fold.ts";
import { maskEvent, maskFolds } from "./mask.ts";

const CANARY = "canary-7f3a";
const RUNS = { numRuns: 500 };
const fold = (events: readonly JournalEvent[]): Folds => events.reduce(reduceFolds, {});

/** The same event with the canary in every place that a viewer may not read. */
function poisoned(event: JournalEvent): JournalEvent {
  const replaced = JSON.stringify(event, (name, value: unknown) =>
    ["message", "address", "upstream"].includes(name) || ((name === "found" || name === "note") && value !== null)
      ? `${CANARY} ${String(value)}`
      : value,
  );
  const copy = JSON.parse(replaced) as JournalEvent;
  return copy.kind === "dna.database.changed" ? { ...event } : copy;
}

/** Reasons that operators gave are theirs. */
const isActor = (name: string, event: JournalEvent): boolean => name === "reason" && !event.kind.startsWith("source.");

/** They hide addresses, reasons or bodies: each has its own test. */
const HIDES_MORE: ReadonlySet<string> = new Set([
  "agent.seen",
  "agent.message",
  "haf.docker.changed",
  "ingest.receiver.changed",
  "console.reader.changed",
  "alert.sink.changed",
]);

describe("mask", () => {
  it("lets no byte of a secret through to viewers, in any kind of event", () => {
    let poisonedEvents = 0;
    fc.assert(
      fc.property(anyEvent(), (event) => {
        const secret = poisoned(event);
        if (JSON.stringify(secret).includes(CANARY)) poisonedEvents += 1;
        expect(JSON.stringify(maskEvent(secret, "public"))).not.toContain(CANARY);
        expect(maskEvent(secret, "operator")).toBe(secret);
      }),
      { numRuns: 2_000 },
    );
    expect(poisonedEvents).toBeGreaterThan(100);
  });

  it("lets no byte of a secret through to viewers in the folds", () => {
    fc.assert(
      fc.property(anyHistory(), (events) => {
        const folds = fold(events.map(poisoned));
        expect(JSON.stringify(maskFolds(folds, "public"))).not.toContain(CANARY);
        expect(maskFolds(folds, "operator")).toBe(folds);
      }),
      RUNS,
    );
  });

  it("commutes with the fold: a browser that folds masked events has the masked fold", () => {
    fc.assert(
      fc.property(anyHistory(), fc.nat(), (events, at) => {
        const cut = events.length === 0 ? 0 : at % (events.length + 1);
        const snapshot = maskFolds(fold(events.slice(0, cut)), "public");
        const rest = events.slice(cut).map((event) => maskEvent(event, "public"));
        expect(canonicalJson(rest.reduce(reduceFolds, snapshot))).toBe(
          canonicalJson(maskFolds(fold(events), "public")),
        );
      }),
      RUNS,
    );
  });

  it("lets no masked value through to operators, in events and folds alike, and tells them the rest", () => {
    const laid = (event: JournalEvent): JournalEvent =>
      JSON.parse(
        JSON.stringify(event, (name, value: unknown) =>
          ["message", "found", "upstream", "note", "reason"].includes(name) &&
          typeof value === "string" &&
          !isActor(name, event)
            ? `login failed: {"api_token":"${CANARY}"}`
            : value,
        ),
      ) as JournalEvent;
    let told = 0;
    fc.assert(
      fc.property(anyHistory(), (events) => {
        const secret = events.map((event) => laid({ ...event, actor: null } as JournalEvent));
        for (const audience of ["operator", "public"] as const) {
          const masked = JSON.stringify(secret.map((event) => maskEvent(event, audience)));
          const folds = JSON.stringify(maskFolds(fold(secret), audience));
          expect(masked).not.toContain(CANARY);
          expect(folds).not.toContain(CANARY);
          if (audience === "operator" && masked.includes("login failed")) told += 1;
        }
        const shown = secret.map((event) => maskEvent(event, "operator"));
        expect(canonicalJson(fold(shown))).toBe(canonicalJson(maskFolds(fold(secret), "operator")));
      }),
      RUNS,
    );
    expect(told).toBeGreaterThan(100);
  });

  it("hides the whole body of a kind that nobody here knows", () => {
    fc.assert(
      fc.property(anyEvent(), (event) => {
        const unknown = { ...event, kind: "dna.tomorrow", body: { deep: [CANARY] } } as unknown as JournalEvent;
        const masked = maskEvent(unknown, "public");
        expect(isMasked(masked.body)).toBe(true);
        expect(JSON.stringify(masked)).not.toContain(CANARY);
      }),
    );
  });

  it("hides what stands under masked keys in what an agent sent, from operators too", () => {
    const sent = (body: JsonValue) =>
      ({
        ...{ id: "1", stream: "ingest:agents", seq: "1", kind: "agent.message", subject: "a", synthetic: false },
        ...{ occurredAt: epochMs(0), observedAt: epochMs(0), causedBy: null, actor: null },
        body: { bootId: "b", seq: 1, type: "t", kind: "k", at: epochMs(0), body },
      }) as JournalEvent;
    const secret = maskEvent(sent({ load: 3, db: { password: CANARY } }), "operator");
    expect(JSON.stringify(secret)).not.toContain(CANARY);
    expect(JSON.stringify(secret)).toContain('"load":3');
    // Keys that are tags in payloads of ours are keys like any other in what somebody sent.
    for (const body of [
      { $ref: 1, password: CANARY },
      { password: { $ref: CANARY } },
      { $time: 1, deep: [{ $map: [], token: { $int: CANARY } }] },
      { $bytes: "", args: ["--secret", { $ref: CANARY }] },
    ])
      expect(JSON.stringify(maskEvent(sent(body), "operator"))).not.toContain(CANARY);
    const plain = sent({ load: 3 });
    expect(maskEvent(plain, "operator")).toBe(plain);
    expect(JSON.stringify(maskEvent(plain, "public"))).not.toContain("load");
  });

  it("hides what an agent says with its bye, and of its program, beside a masked key, from everybody", () => {
    const told = (kind: "agent.seen" | "agent.state_changed", body: object) =>
      ({
        ...{ id: kind, stream: "ingest:agents", seq: "1", kind, subject: "a", synthetic: false, body },
        ...{ occurredAt: epochMs(0), observedAt: epochMs(0), causedBy: null, actor: null },
      }) as JournalEvent;
    const about = { hostname: "web1", addresses: [], program: `agentd --token ${CANARY}` };
    const secret = [
      told("agent.seen", { about, door: "http", peer: "10.0.0.7", bootId: "b", gateway: "g:1" }),
      told("agent.state_changed", {
        ...{ from: "active", to: "left", silentMs: 0, bootId: "b" },
        evidence: `it said bye: cannot log in with password=${CANARY}`,
      }),
    ];
    for (const audience of ["operator", "public"] as const) {
      const masked = secret.map((event) => maskEvent(event, audience));
      const folds = maskFolds(fold(secret), audience);
      expect(JSON.stringify([masked, folds])).not.toContain(CANARY);
      expect(JSON.stringify(folds)).toContain("cannot log in with password=");
      expect(canonicalJson(maskFolds(fold(masked), audience))).toBe(canonicalJson(folds));
    }
  });

  it("leaves an event alone in which nothing is to be hidden", () => {
    fc.assert(
      fc.property(anyEvent(), (event) => {
        const open: JournalEvent = { ...event, actor: null };
        if (
          !/"message"|"head"|"(found|upstream|note)":"/.test(JSON.stringify(open.body)) &&
          !open.kind.startsWith("dynflow.plan.") &&
          !HIDES_MORE.has(open.kind)
        ) {
          expect(maskEvent(open, "public")).toBe(open);
        }
      }),
    );
  });
});
