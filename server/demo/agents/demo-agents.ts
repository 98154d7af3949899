/**
 * Agents of the demo: one measures this very host, the others say that they run on hosts of the simulated nodes and
 * executors. All of them are the reference agent, and send through the real doors of the gateway on this machine.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { type Agent, type Collector, createAgent, SILENT } from "#server/agent/agent.ts";
import type { LinkIdentity } from "#server/agent/gateway-link.ts";
import { createHostCollector } from "#server/agent/host-collector.ts";
import { ownAddresses } from "#server/agent/host-figures.ts";
import { createHttpLink } from "#server/agent/http-link.ts";
import { createSocketLink } from "#server/agent/socket-link.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";

const RING_ITEMS = 500;
const HOST_EVERY_MS = 5_000;
const SIMULATED_EVERY_MS = 2_000;

/** A host of the simulated estate on which an agent runs. */
export interface DemoHost {
  /** Of the agent, for people. */
  readonly agentId: string;
  readonly hostname: string;
  readonly address: string;
  /** What runs there, by which its figures go. */
  readonly runs: "node" | "executor" | "both";
  /** How far its clock is ahead. */
  readonly aheadMs?: number;
  readonly websocket?: boolean;
}

export interface DemoAgents {
  /** Until it is aborted: then each says bye. */
  run(signal: AbortSignal, port: number | null): Promise<void>;
  /** Kills one, so that it falls silent, and starts it again after a while. Answers what was done, in words. */
  stop(agentId: string, forMs: number): string;
}

/** One run of one agent; `restartMs` is set when it was killed. */
interface Life {
  readonly abort: AbortController;
  restartMs: number | null;
}

/** @param clock real time: agents are measured by it */
export function createDemoAgents({
  hosts,
  clock,
  log,
}: {
  readonly hosts: readonly DemoHost[];
  readonly clock: Clock;
  readonly log: Logger;
}): DemoAgents {
  const running = new Map<string, Life>();

  async function live(agentId: string, make: () => Agent, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const abort = new AbortController();
      const entry: Life = { abort, restartMs: null };
      running.set(agentId, entry);
      const both = new AbortController();
      const end = (from: AbortSignal) => both.abort(from.reason);
      abort.signal.addEventListener("abort", () => end(abort.signal), { once: true });
      signal.addEventListener("abort", () => end(signal), { once: true });
      await make().run(both.signal);
      running.delete(agentId);
      if (entry.restartMs === null) return;
      await clock.sleep(entry.restartMs, signal).catch(() => undefined);
    }
  }

  return {
    async run(signal, port) {
      if (port === null) return;
      const url = `http://127.0.0.1:${port}`;
      const agentOf = (identity: LinkIdentity, its: Clock, collector: Collector, websocket: boolean): Agent =>
        createAgent({
          link: websocket ? createSocketLink(identity, its) : createHttpLink(identity, its),
          collectors: [collector],
          ringSize: RING_ITEMS,
          clock: its,
          random: Math.random,
          log: log.child({ agent: identity.agentId }),
        });
      const here = () => agentOf(identityOf(url, THIS_HOST), clock, createHostCollector(HOST_EVERY_MS), false);
      await Promise.all([
        live(THIS_HOST.agentId, here, signal),
        ...hosts.map((host, place) => {
          const its = aheadOf(clock, host.aheadMs ?? 0);
          const make = () =>
            agentOf(identityOf(url, host), its, simulated(host, place, clock), host.websocket === true);
          return live(host.agentId, make, signal);
        }),
      ]);
    },
    stop(agentId, forMs) {
      const entry = running.get(agentId);
      if (entry === undefined) throw new OpsError("not-found", `No agent ${agentId} of the demo runs now`);
      entry.restartMs = forMs;
      entry.abort.abort(SILENT);
      return `${agentId} is killed: it says nothing, and comes back in ${Math.round(forMs / 1_000)} s`;
    },
  };
}

/** Simulated agents are told apart by their hosts; this one is the machine that the console runs on. */
export const THIS_HOST: DemoHost & { readonly addresses: readonly string[] } = {
  agentId: "this-host",
  hostname: hostname(),
  address: "",
  addresses: ownAddresses(),
  runs: "node",
};

const identityOf = (url: string, host: DemoHost & { readonly addresses?: readonly string[] }): LinkIdentity => ({
  url,
  agentId: host.agentId,
  bootId: randomUUID(),
  about: {
    hostname: host.hostname,
    addresses: host.addresses ?? [host.address],
    program: "worldline-agent demo",
  },
  // The gateway of a demo listens on this machine only, and takes whoever comes.
  login: { by: "nobody" },
});

const aheadOf = (clock: Clock, aheadMs: number): Clock => ({
  ...clock,
  now: () => epochMs(clock.now() + aheadMs),
});

/** Figures that swing as those of a host do: each host in its own rhythm, busier where an executor runs. */
function simulated({ runs }: DemoHost, place: number, clock: Clock): Collector {
  const cpu = runs === "node" ? 22 : 48;
  const wave = (periodMs: number, shift: number) => Math.sin((clock.now() / periodMs + shift) * 2 * Math.PI);
  const round = (value: number) => Math.round(Math.max(0, value) * 10) / 10;
  let restarted = true;
  return {
    everyMs: SIMULATED_EVERY_MS,
    async measure() {
      const busy = cpu + 12 * wave(97_000, place / 7) + 5 * wave(13_000, place / 3);
      const memory = 58 + 4 * wave(611_000, place / 5);
      const figures = { cpu_load: round(busy), memory_usage: round(memory), disk_usage: round(41 + 3 * place) };
      const first = restarted ? [{ type: "actor_metrics", kind: "restart", body: { by: "the demo" } }] : [];
      restarted = false;
      return [
        ...first,
        { type: "system_metrics", kind: "statistics", body: figures },
        ...(runs === "executor"
          ? []
          : [
              {
                type: "actor_metrics",
                kind: "mailbox",
                body: { waiting: Math.round(Math.max(0, 4 + 6 * wave(47_000, place / 4))) },
              },
            ]),
        ...(runs === "node"
          ? []
          : [
              {
                type: "plan_metrics",
                kind: "queue",
                body: { waiting: Math.round(Math.max(0, 3 + 5 * wave(71_000, place / 6))) },
              },
            ]),
      ];
    },
  };
}

/** Where agents run in the demo: on hosts of executors and nodes; the first two carry both. */
export function demoHosts(nodeAddresses: readonly string[], suffix: string): readonly DemoHost[] {
  const [one = "10.1.1.11", two = "10.1.1.12", three = "10.1.1.13", four = "10.1.1.14"] = nodeAddresses;
  return [
    { agentId: "dynflow-1", hostname: `dynflow-1${suffix}`, address: one, runs: "both" },
    { agentId: "dynflow-2", hostname: `dynflow-2${suffix}`, address: two, runs: "both", websocket: true },
    { agentId: "foreman", hostname: `foreman${suffix}`, address: "10.1.9.40", runs: "executor" },
    { agentId: "node-3", hostname: `node-3${suffix}`, address: three, runs: "node" },
    { agentId: "node-4", hostname: `node-4${suffix}`, address: four, runs: "node", aheadMs: 90_000 },
  ];
}
