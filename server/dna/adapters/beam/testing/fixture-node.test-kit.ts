import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startBeam, type TestBeam, type TestBeamOptions } from "#scripts/testing/beam.ts";
import { keyTerm } from "#server/dna/adapters/beam/node-questions.ts";
import { readIncarnation } from "#server/dna/adapters/beam/reading.ts";
import { atom, float, isAtom, type Term, text } from "#server/dna/codec/etf/term.ts";
import type { BeamSeeding } from "#server/dna/dna-beam.harness.ts";
import { erlCallApply } from "./erl-call.test-kit.ts";

/** Our own Elixir fixture with DNA's registered names. */
export const FIXTURE_SCRIPT = fileURLToPath(new URL("../../../../../fixtures/beam/dna_fixture.exs", import.meta.url));

/** A real BEAM node that runs the fixture. */
export const startFixtureNode = (options: TestBeamOptions = {}): Promise<TestBeam> =>
  startBeam({ prefix: "dna", ...options, script: FIXTURE_SCRIPT });

/** A function of the fixture's own module, by `erl_call`. */
export const fixture = (node: TestBeam, name: string, ...args: readonly Term[]): Term =>
  erlCallApply(node, "Elixir.Dna.Fixture", name, args);

/** What befalls the fixture, told by `erl_call`, which shares no connection with what is tested. */
export function createFixtureSeeding(node: TestBeam): BeamSeeding {
  const tell = (name: string, ...args: readonly Term[]): Term => fixture(node, name, ...args);
  const number = (term: Term): number => (typeof term === "number" ? term : Number.NaN);
  return {
    identity: async () => readIncarnation(erlCallApply(node, "Elixir.Dna.Server.Cluster", "server", [])),
    start: async ({ namespace, moduleId }, prefix, count) =>
      void tell("start", text(namespace), moduleId, text(prefix), count),
    startOne: async (key) => void tell("start_one", keyTerm(key)),
    writesTake: async (ms) => void tell("slow", ms),
    send: async (key, count) => void tell("add", keyTerm(key), count),
    hold: async (key, ms) => void tell("hold", keyTerm(key), ms),
    grow: async (key, bytes) => void tell("grow", keyTerm(key), bytes),
    heat: async (key, ms) => void tell("heat", keyTerm(key), ms),
    kill: async (key) => void tell("kill", keyTerm(key)),
    written: async (key) => number(tell("written", keyTerm(key))),
    suspended: async (key) => isAtom(tell("mode", keyTerm(key)), "suspended"),
    cache: async (key, owner, ttlMs) => void tell("cache", keyTerm(key), owner.createdAt, owner.id, ttlMs),
    peer: async ({ incarnation, node: name, heartbeat, silentMs, load }) =>
      void tell("peer", incarnation.createdAt, incarnation.id, atom(name), heartbeat, silentMs, float(load)),
    async lastRefresh(agoMs) {
      tell("hold_refresh", atom("true"));
      if (agoMs === null) tell("never_refreshed");
      else tell("refreshed", agoMs);
    },
    pass: (ms) => sleep(ms),
  };
}
