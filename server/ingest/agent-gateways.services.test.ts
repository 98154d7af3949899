/** Two gateways on one journal in Cassandra, of which one follows: what each has heard reaches the one that judges. */
import { afterAll, expect, it } from "vitest";
import { createPlace, type Place } from "#server/journal/adapters/scylla/place.test-kit.ts";
import type { SharedNotes } from "#server/journal/ports.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { NO_FIGURES } from "./agent-figures.ts";
import { createAgentMonitor } from "./agent-monitor.ts";
import { createAgentWatch } from "./agent-watch.ts";
import { agentRules } from "./domain/agent-judgement.ts";
import type { Sign } from "./ports.ts";

/** Generous: the machine may be busy with other tests. */
const RULES = agentRules(4_000, 24);
const SILENCE_MS = 3 * RULES.graceMs + 20_000;
const POLL_MS = 250;
const INGEST = "agents";

const places: Place[] = [];
const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  for (const place of places) await place.drop();
});

it(
  "an agent of a follower is judged by the writer, and stays active when its gateway dies and the other hears it",
  async () => {
    const clock = createSystemClock();
    const place = await createPlace();
    places.push(place);
    const writer = await place.open({ holder: "one:1" });
    const follower = await place.open({ holder: "two:2" });
    closing.push(
      () => writer.close(),
      () => follower.close(),
    );
    expect([writer.role.state().role, follower.role.state().role]).toEqual(["writer", "follower"]);
    await expect(follower.state.put("ingest:agents", "k", "v")).rejects.toMatchObject({ code: "refused" });

    const memory = createMemoryRecorder(clock);
    const run = (work: (signal: AbortSignal) => Promise<void>) => {
      const abort = new AbortController();
      const ended = work(abort.signal);
      const stop = async () => {
        abort.abort(new Error("over"));
        await ended;
      };
      closing.push(stop);
      return stop;
    };
    const gateway = (name: string, notes: SharedNotes) => {
      const watch = createAgentWatch({
        ...{ ingestId: INGEST, gateway: name, host: name, notes, rules: RULES, clock, log: silentLogger },
        figures: () => NO_FIGURES,
      });
      return { watch, stop: run((signal) => watch.run(signal)) };
    };
    let cut = false;
    const cutOff: SharedNotes = {
      put: async (...given) => (cut ? undefined : follower.notes.put(...given)),
      list: follower.notes.list,
      drop: follower.notes.drop,
    };
    const [near, far] = [gateway("one:1", writer.notes), gateway("two:2", cutOff)];
    const monitor = createAgentMonitor({
      ...{ ingestId: INGEST, notes: writer.notes, rules: RULES, clock, log: silentLogger },
      recorder: memory.recorder,
      view: memory.recorder,
    });
    run((signal) => monitor.run(signal));

    const sign = (agentId: string): Sign => ({
      ...{ agentId, bootId: "boot-1", door: "http", peer: "10.0.0.7", sentAt: null, roundTripMs: null },
      receivedAt: clock.now(),
    });
    const path = (agentId: string) =>
      memory.events.flatMap((event) =>
        event.kind === "agent.state_changed" && event.subject === agentId ? [event.body.to] : [],
      );
    const during = async (act: () => void, done: () => boolean) => {
      const until = performance.now() + SILENCE_MS;
      while (!done()) {
        expect(performance.now(), "it took too long").toBeLessThan(until);
        act();
        await clock.sleep(POLL_MS);
      }
    };
    const both = () => {
      far.watch.sign(sign("moves"));
      far.watch.sign(sign("stays"));
    };
    await during(both, () => path("moves").length > 0 && path("stays").length > 0);

    cut = true;
    const gone = () => memory.recorder.ingest(INGEST).gateways["two:2"]?.state === "gone";
    await during(() => undefined, gone);
    await during(
      () => near.watch.sign(sign("moves")),
      () => path("stays").includes("inactive"),
    );
    expect(path("moves")).not.toContain("inactive");
    expect(memory.recorder.ingest(INGEST).agents.moves).toMatchObject({ state: "active", gateway: "one:1" });
    expect(path("stays").filter((state) => state === "inactive")).toHaveLength(1);
  },
  2 * SILENCE_MS + 60_000,
);
