/** One node made by hand whose instances can be stopped, a register beside it, and a console over both. */
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createHandBeam } from "./beam.test-kit.ts";
import type { BeamInstance, BeamStopOutcome, DnaBeam } from "./beam-ports.ts";
import type { ActorKey, Incarnation } from "./domain/identity.ts";
import { toIncarnationId } from "./domain/identity.ts";
import type { ActorRow, DnaStore } from "./ports.ts";
import type { DnaSource } from "./source-view.ts";

export const OWNER: Incarnation = { createdAt: epochMs(1_000), id: 7n };
export const OTHER: Incarnation = { createdAt: epochMs(2_000), id: -8n };
export const NODE = "dna@10.0.0.7";
export const key = (name: string): ActorKey => ({ namespace: "weather", moduleId: 0, name });

interface Running {
  readonly instance: BeamInstance;
  buffered: number;
  mailbox: number;
}

export function createStopWorld(clock: Clock) {
  const running = new Map<string, Running>();
  const rows = new Map<string, ActorRow>();
  /** Every stop that reached the node, by the process that it named. */
  const sent: string[] = [];
  const state = {
    identity: OWNER,
    act: true,
    evaluate: true,
    access: true,
    /** Nobody answers, and nothing can be sent. */
    unreachable: false,
    /** What the next stops answer instead of the truth; `lost-done` = carried out, and the answer is lost. */
    faults: [] as ("lost-done" | "lost-undone" | "not-sent")[],
    /** Called before a stop takes effect. */
    onStop: (_ref: string): void => undefined,
  };
  let processes = 100;

  function start(name: string, partition = 0, backlog: { buffered?: number; mailbox?: number } = {}): BeamInstance {
    processes += 1;
    const instance: BeamInstance = { key: key(name), partition, ref: `<0.${processes}.0>` };
    running.set(name, { instance, buffered: backlog.buffered ?? 0, mailbox: backlog.mailbox ?? 0 });
    rows.set(name, { name, owner: OWNER, claimedAt: null });
    return instance;
  }

  function answering(node: string): void {
    if (state.unreachable || node !== NODE) throw new OpsError("upstream-unavailable", `${node}: nobody listens`);
  }

  function stop(node: string, seen: BeamInstance, safe: boolean): BeamStopOutcome {
    const fault = state.faults.shift();
    if (fault === "not-sent") throw new OpsError("upstream-unavailable", `${node}: nobody listens`);
    answering(node);
    state.onStop(seen.ref);
    sent.push(seen.ref);
    if (fault === "lost-undone") return { kind: "unknown", reason: "no answer in time" };
    const found = running.get(seen.key.name);
    if (found?.instance.ref !== seen.ref) return { kind: "moved", detail: "another process runs under the key" };
    const { buffered, mailbox } = found;
    if (safe && buffered + mailbox > 0) return { kind: "busy", buffered, mailbox };
    running.delete(seen.key.name);
    return fault === "lost-done" ? { kind: "unknown", reason: "no answer in time" } : { kind: "stopped" };
  }

  const beam: DnaBeam = {
    ...createHandBeam(clock).beam,
    get evaluate() {
      return state.evaluate;
    },
    async identity(node) {
      answering(node);
      return state.identity;
    },
    async instance(node, { name }) {
      answering(node);
      return running.get(name)?.instance ?? null;
    },
    cachedOwner: async () => null,
    peers: async () => ({ peers: [], lastRefreshMs: 100, unreadable: 0 }),
    async partitions(node) {
      answering(node);
      const all = [...running.values()];
      return [0, 1].map((index) => ({
        index,
        alive: true,
        running: all.filter(({ instance }) => instance.partition === index).length,
      }));
    },
    async instances(node, { partition, type, limit }) {
      answering(node);
      const found = [...running.values()]
        .map(({ instance }) => instance)
        .filter((each) => each.partition === partition && (type === null || type.moduleId === each.key.moduleId));
      return { instances: found.slice(0, limit), more: found.length > limit };
    },
    inspect: async (_node, instances) =>
      instances.map(({ key: { name } }) => ({
        memoryBytes: 2_600,
        mailbox: running.get(name)?.mailbox ?? 0,
        reductions: 1,
        status: "waiting",
        currentFunction: null,
      })),
    async backlog(_node, { key: { name } }) {
      const found = running.get(name);
      if (found === undefined) return { kind: "ended" };
      const { buffered, mailbox } = found;
      return { kind: "known", phase: buffered > 0 ? "pending_storage" : "idle", buffered, mailbox, memoryBytes: 2_600 };
    },
    stopForced: async (node, seen) => stop(node, seen, false),
    stopSafe: async (node, seen) => stop(node, seen, true),
  };
  const actor: DnaStore["actor"] = async ({ name }) => rows.get(name) ?? null;

  const source = {
    id: "eu-1",
    get act() {
      return state.act;
    },
    get beam() {
      return state.access ? beam : null;
    },
    store: { actor },
    actors: { look: (asked: ActorKey) => actor(asked, "quorum") },
    liveness: {
      sight: (incarnation: Incarnation) => ({
        incarnation,
        node: toIncarnationId(incarnation) === toIncarnationId(OWNER) ? NODE : null,
        state: null,
        silentMs: 0,
      }),
    },
    fold: () => EMPTY_DNA,
  } as unknown as DnaSource;
  return { source, beam, state, running, rows, sent, start };
}
