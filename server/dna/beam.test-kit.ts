/** Nodes made by hand, behind the port to the nodes: for tests of what asks them. */
import { type Clock, epochMs, type MonotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { BeamInstance, BeamInstanceQuery, BeamLink, BeamPartition, DnaBeam } from "./beam-ports.ts";
import type { ActorKey, Incarnation } from "./domain/identity.ts";

export interface HandNode {
  incarnation: Incarnation;
  /** `mute` = frozen: registered, and never answers; `gone` = its VM has ended; `refusing` = it turns us away. */
  state: "up" | "mute" | "gone" | "refusing";
  /** Whether its host runs a port mapper that we can ask. */
  mapper: boolean;
  readonly partitions: number;
  instances: BeamInstance[];
  lastRefreshAt: MonotonicMs | null;
}

export interface HandBeam {
  readonly beam: DnaBeam;
  /** Calls made, by name. */
  readonly calls: Map<string, number>;
  /** Most calls under way at one moment. */
  mostAtOnce(): number;
  add(name: string, incarnation?: Incarnation): HandNode;
  node(name: string): HandNode;
  /** Starts an instance of the key there. */
  start(name: string, key: ActorKey): BeamInstance;
  stop(name: string, key: ActorKey): void;
}

const sameKey = (a: ActorKey, b: ActorKey): boolean =>
  a.namespace === b.namespace && a.moduleId === b.moduleId && a.name === b.name;

export function createHandBeam(clock: Clock, latencyMs = 1): HandBeam {
  const nodes = new Map<string, HandNode>();
  const calls = new Map<string, number>();
  let underWay = 0;
  let most = 0;
  let processes = 300;

  function nodeOf(name: string): HandNode {
    const node = nodes.get(name);
    if (node === undefined) throw new OpsError("upstream-unavailable", `${name}: nobody listens`);
    return node;
  }

  async function call<T>(what: string, name: string, answer: (node: HandNode) => T): Promise<T> {
    calls.set(what, (calls.get(what) ?? 0) + 1);
    underWay += 1;
    most = Math.max(most, underWay);
    try {
      await clock.sleep(latencyMs);
      const node = nodeOf(name);
      if (node.state === "mute") return await new Promise<T>(() => undefined);
      if (node.state !== "up") throw new OpsError("upstream-unavailable", `${name}: ${node.state}`);
      return answer(node);
    } finally {
      underWay -= 1;
    }
  }

  function partitionsOf(node: HandNode): BeamPartition[] {
    return Array.from({ length: node.partitions }, (_, index) => ({
      index,
      alive: true,
      running: node.instances.filter(({ partition }) => partition === index).length,
    }));
  }

  const unused = (): never => {
    throw new OpsError("refused", "not part of these nodes");
  };

  const beam: DnaBeam = {
    evaluate: false,
    link(name): BeamLink {
      const node = nodes.get(name);
      if (node === undefined || node.state === "gone")
        return { kind: "unreachable", reason: "connection refused", retryInMs: 1_000 };
      if (node.state === "refusing") return { kind: "refused", reason: "wrong cookie", retryInMs: 300_000 };
      return node.state === "up" ? { kind: "connected", otpRelease: "25" } : { kind: "idle" };
    },
    async registration(name) {
      calls.set("registration", (calls.get("registration") ?? 0) + 1);
      const node = nodes.get(name);
      if (node === undefined || !node.mapper) return { kind: "unknown", reason: "no port mapper answers" };
      return node.state === "gone" ? { kind: "not-registered" } : { kind: "registered", port: 9_100 };
    },
    abilities: (name) => call("abilities", name, () => ({ otpRelease: "25", elixir: "1.14.0", missing: {} })),
    identity: (name) => call("identity", name, ({ incarnation }) => incarnation),
    partitions: (name) => call("partitions", name, partitionsOf),
    vitals: (name) =>
      call("vitals", name, ({ instances }) => ({
        processes: 100 + instances.length,
        processLimit: 262_144,
        atoms: 20_000,
        atomLimit: 1_048_576,
        runQueue: 0,
        schedulersOnline: 4,
        memoryBytes: { total: 64_000_000, processes: 20_000_000, binary: 1_000_000, ets: 2_000_000, atom: 500_000 },
        uptimeMs: clock.monotonic(),
      })),
    peers: (name) => call("peers", name, () => ({ peers: [], lastRefreshMs: 100, unreadable: 0 })),
    lastRefresh: (name) =>
      call("lastRefresh", name, ({ lastRefreshAt }) =>
        lastRefreshAt === null ? null : clock.monotonic() - lastRefreshAt,
      ),
    cachedOwner: (name) => call("cachedOwner", name, () => null),
    instance: (name, key) =>
      call("instance", name, ({ instances }) => instances.find((instance) => sameKey(instance.key, key)) ?? null),
    instances: (name, query) =>
      call("instances", name, ({ instances }) => {
        const found = instances.filter((instance) => matches(instance, query));
        return { instances: found.slice(0, query.limit), more: found.length > query.limit };
      }),
    inspect: (name, asked) =>
      call("inspect", name, ({ instances }) =>
        asked.map(({ ref }) =>
          instances.some((instance) => instance.ref === ref)
            ? { memoryBytes: 2_600, mailbox: 0, reductions: 100, status: "waiting", currentFunction: null }
            : null,
        ),
      ),
    backlog: (name) =>
      call("backlog", name, () => ({ kind: "known", phase: "idle", buffered: 0, mailbox: 0, memoryBytes: 2_600 })),
    top: unused,
    stopForced: unused,
    stopSafe: unused,
    stopVm: unused,
    clearOwnerCache: unused,
    close: async () => undefined,
  };

  return {
    beam,
    calls,
    mostAtOnce: () => most,
    node: nodeOf,
    add(name, incarnation = { createdAt: epochMs(clock.now()), id: BigInt(nodes.size + 1) }) {
      const node: HandNode = {
        incarnation,
        state: "up",
        mapper: true,
        partitions: 2,
        instances: [],
        lastRefreshAt: clock.monotonic(),
      };
      nodes.set(name, node);
      return node;
    },
    start(name, key) {
      processes += 1;
      const node = nodeOf(name);
      const instance = { key, partition: processes % node.partitions, ref: `<0.${processes}.0>` };
      node.instances.push(instance);
      return instance;
    },
    stop(name, key) {
      const node = nodeOf(name);
      node.instances = node.instances.filter((instance) => !sameKey(instance.key, key));
    },
  };
}

function matches({ key, partition }: BeamInstance, query: BeamInstanceQuery): boolean {
  const name = Buffer.from(key.name);
  const { type, prefix, from, below } = query;
  return (
    partition === query.partition &&
    (type === null || (type.namespace === key.namespace && type.moduleId === key.moduleId)) &&
    key.name.startsWith(prefix) &&
    (from === undefined || name.compare(Buffer.from(from)) >= 0) &&
    (below === undefined || name.compare(Buffer.from(below)) < 0)
  );
}
