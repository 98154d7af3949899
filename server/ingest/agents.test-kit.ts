import { ingestStream, type JournalEvent } from "#server/contract/event.ts";
import { createMemoryNotes } from "#server/journal/adapters/memory/shared-notes.ts";
import type { SharedNotes } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { type GatewayFigures, NO_FIGURES } from "./agent-figures.ts";
import { createAgentMonitor } from "./agent-monitor.ts";
import { createAgentWatch, type GatewayWatch } from "./agent-watch.ts";
import { type AgentRules, agentRules } from "./domain/agent-judgement.ts";
import type { Sign } from "./ports.ts";

export const INGEST = "agents";
export const RULES = agentRules(7_000, 24);

/** Gateways and monitors on one store of notes and one journal, under a clock that is stepped. */
export function createAgentWorld(rules: AgentRules = RULES) {
  const clock = createManualClock();
  const shared = createMemoryNotes();
  const memory = createMemoryRecorder(clock);
  const running = new Set<AbortController>();
  /** Processes that cannot reach the store. */
  const cutOff = new Set<string>();

  const notesOf = (owner: string): SharedNotes => {
    const demand = () => {
      if (cutOff.has(owner)) throw new OpsError("journal-unavailable", "No host answers");
    };
    return {
      async put(...given) {
        demand();
        await shared.put(...given);
      },
      async list(space) {
        demand();
        return shared.list(space);
      },
      async drop(...given) {
        demand();
        await shared.drop(...given);
      },
    };
  };

  function start(run: (signal: AbortSignal) => Promise<void>): { stop(): Promise<void>; kill(): void } {
    const abort = new AbortController();
    running.add(abort);
    const ended = run(abort.signal);
    return {
      async stop() {
        abort.abort(new Error("stopped"));
        await ended;
      },
      kill: () => abort.abort(new Error("killed")),
    };
  }

  return {
    clock,
    memory,
    cutOff,
    gateway(name: string, figures: () => GatewayFigures = () => NO_FIGURES) {
      const host = name.split(":", 1)[0] ?? name;
      const watch: GatewayWatch = createAgentWatch({
        ...{ ingestId: INGEST, gateway: name, host, notes: notesOf(name), rules, figures, clock },
        log: silentLogger,
      });
      const handle = start((signal) => watch.run(signal));
      return {
        watch,
        stop: handle.stop,
        /** Without a last word, as by kill -9. */
        kill() {
          cutOff.add(name);
          handle.kill();
        },
      };
    },
    /** Begins to judge, as a console does that comes to write the journal. */
    monitor(name = "writer", agentsMax?: number) {
      const monitor = createAgentMonitor({
        ...(agentsMax === undefined ? {} : { agentsMax }),
        ...{ ingestId: INGEST, notes: notesOf(name), rules, clock, log: silentLogger },
        recorder: memory.recorder,
        view: memory.recorder,
      });
      return start((signal) => monitor.run(signal));
    },
    sign: (agentId: string, part: Partial<Sign> = {}): Sign => ({
      ...{ agentId, bootId: "boot-1", door: "http", peer: "10.0.0.7", sentAt: clock.now(), roundTripMs: 3 },
      ...{ receivedAt: clock.now(), about: { hostname: "build-7", addresses: ["10.0.0.7"], program: "agent 1" } },
      ...part,
    }),
    /** Second by second, so that everybody has acted in between. */
    async pass(seconds: number, each: () => void = () => undefined) {
      for (let second = 0; second < seconds; second += 1) {
        each();
        await clock.advance(1_000);
      }
    },
    fold: () => memory.recorder.ingest(INGEST),
    events: (kind: JournalEvent["kind"], agentId?: string) =>
      memory.events.filter(
        (event) =>
          event.stream === ingestStream(INGEST) &&
          event.kind === kind &&
          (agentId === undefined || event.subject === agentId),
      ),
    /** States that an agent went through, in order. */
    path(agentId: string) {
      return memory.events.flatMap((event) =>
        event.kind === "agent.state_changed" && event.subject === agentId ? [event.body.to] : [],
      );
    },
    at: (ms: number) => epochMs(clock.now() + ms),
    stopAll() {
      for (const abort of running) abort.abort(new Error("the test is over"));
    },
  };
}
