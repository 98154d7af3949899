/** The owners of watched keys as the journal tells them, against what truly happened in the demo's estate. */
import { describe, expect, it } from "vitest";
import { actorSubject } from "#server/contract/actor-key.ts";
import type { JournalEvent, OwnerFacts } from "#server/contract/event.ts";
import { createDemoEstate } from "#server/demo/dna/estate.ts";
import { hotKeysOf } from "#server/demo/dna/load.ts";
import { createActorWatch, WATCH_PERIOD_MS } from "#server/dna/actor-watch.ts";
import { toIncarnationId } from "#server/dna/domain/identity.ts";
import { createDnaReader } from "#server/dna/reader.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";

const HOT_KEYS = 400;
const WATCHED = 20;
/** Far shorter than the watch's own period. */
const STEP_MS = 250;
const LENGTH_MS = 90_000;

interface Span {
  readonly owner: string | null;
  readonly from: number;
}

/** A node dies while its hottest keys are watched; answers what was told, and who truly owned each key from when on. */
async function play(seed: number) {
  const clock = createManualClock();
  const estate = createDemoEstate({ clock, seed });
  const [source] = estate.sources;
  if (source === undefined) throw new Error("the estate has no source");
  const { simulation } = source.driver;
  const { recorder, events } = createMemoryRecorder(clock);
  const abort = new AbortController();
  const common = { sourceId: source.id, store: source.store, recorder, view: recorder, clock, log: silentLogger };
  const loopDelay = { maxLateSince: () => 0 };
  const reader = createDnaReader({ ...common, clusterFilter: source.cluster, loopDelay });
  const watch = createActorWatch(common);
  const running = [estate.run(abort.signal), reader.run(abort.signal), watch.run(abort.signal)];
  await clock.advance(5_000);
  const [table] = simulation.database.tables(source.keyspace);
  const victim = simulation.nodes(source.keyspace)[0]?.worker().incarnation;
  if (table === undefined || victim === undefined) throw new Error("there is nothing to watch");
  const keys = hotKeysOf(table, HOT_KEYS)
    .filter((key) => key.table.get(key.name)?.owner?.id === victim.id)
    .slice(0, WATCHED);
  const truth = new Map<string, Span[]>();
  const look = () => {
    source.driver.catchUp();
    for (const { name } of keys) {
      const found = table.get(name)?.owner ?? null;
      const owner = found === null ? null : toIncarnationId(found);
      const spans = truth.get(name) ?? [];
      if (spans.length === 0 || spans.at(-1)?.owner !== owner) spans.push({ owner, from: clock.now() });
      truth.set(name, spans);
    }
  };
  look();
  const { namespace, moduleId } = table.spec;
  const looks = keys.map(({ name }) => watch.look({ namespace, moduleId, name }));
  await clock.advance(1_000);
  await Promise.all(looks);
  estate.killNode(source.id, toIncarnationId(victim));
  for (let at = 0; at < LENGTH_MS; at += STEP_MS) {
    await clock.advance(STEP_MS);
    look();
  }
  abort.abort();
  await clock.advance(0);
  await Promise.all(running);
  const told = (name: string): readonly JournalEvent[] =>
    events.filter((event) => event.subject === actorSubject({ namespace, moduleId, name }));
  return { truth, told, victim: toIncarnationId(victim), end: clock.now() };
}

const ownersAt = (spans: readonly Span[], from: number, to: number): readonly (string | null)[] =>
  spans.flatMap((span, index) => (span.from <= to && (spans[index + 1]?.from ?? to + 1) > from ? [span.owner] : []));
const ownerOf = ({ incarnation }: OwnerFacts): string | null => incarnation;

describe("the owners of watched keys", () => {
  it("are told as they truly were, with an interval that holds the change, and none is left out", async () => {
    const { truth, told, victim, end } = await play(7);
    let changes = 0;
    for (const [name, spans] of truth) {
      const [first, ...later] = told(name);
      if (first?.kind !== "dna.actor.seen") throw new Error(`${name} was not seen`);
      expect(ownerOf(first.body.owner)).toBe(victim);
      let known = victim as string | null;
      for (const event of later) {
        if (event.kind !== "dna.actor.owner_changed") throw new Error(`${event.kind} was told of ${name}`);
        const { from, to, notKnownFrom } = event.body;
        changes += 1;
        expect(ownerOf(from)).toBe(known);
        known = ownerOf(to);
        // Sampled truth is late by a step at most.
        expect(ownersAt(spans, notKnownFrom - STEP_MS, notKnownFrom + STEP_MS)).toContain(ownerOf(from));
        expect(ownersAt(spans, notKnownFrom, event.observedAt + STEP_MS)).toContain(ownerOf(to));
        expect(event.observedAt - notKnownFrom).toBeLessThanOrEqual(2 * WATCH_PERIOD_MS);
      }
      const owners = new Set([first, ...later].flatMap((event) => ownersIn(event)));
      for (const [index, { owner, from }] of spans.entries())
        if ((spans[index + 1]?.from ?? end) - from > 3 * WATCH_PERIOD_MS) expect(owners).toContain(owner);
    }
    expect(truth.size).toBeGreaterThan(5);
    expect(changes).toBeGreaterThan(2);
  });
});

function ownersIn(event: JournalEvent): readonly (string | null)[] {
  switch (event.kind) {
    case "dna.actor.seen":
      return [ownerOf(event.body.owner)];
    case "dna.actor.owner_changed":
      return [ownerOf(event.body.from), ownerOf(event.body.to)];
    default:
      return [];
  }
}
