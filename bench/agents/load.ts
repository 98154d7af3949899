/** 200 logical agents in this process, and what the gateway's process takes meanwhile. */
import { readFileSync } from "node:fs";
import type { GatewayProcess, LogicalAgent } from "#server/compose-ingest.test-kit.ts";

const SECOND_MS = 1_000;
const TICKS_PER_SECOND = 100;
const KIB = 1_024;

export interface LoadOutcome {
  readonly seconds: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Of each batch, ms from sent to answered. */
  readonly latenciesMs: readonly number[];
  /** Resident memory of the gateway each second, MiB. */
  readonly memoryMib: readonly number[];
  /** Share of one core that the gateway took. */
  readonly cores: number;
  /** Worst age of what waited for a receiver, ms, by receiver. */
  readonly lagMs: Readonly<Record<string, number>>;
}

/** Each agent sends so many items each second, at an instant of its own, and waits for no other. */
export async function sustain(
  gateway: GatewayProcess,
  agents: readonly LogicalAgent[],
  { itemsEachSecond, seconds }: { readonly itemsEachSecond: number; readonly seconds: number },
): Promise<LoadOutcome> {
  const before = totals(agents);
  const latenciesMs: number[] = [];
  const lagMs: Record<string, number> = {};
  const startedAt = performance.now();
  const cpuBefore = cpuSeconds(gateway.pid);
  const watch = watchProcess(gateway, lagMs);
  await Promise.all(
    agents.map(async (agent, index) => {
      const offsetMs = (index / agents.length) * SECOND_MS;
      for (let turn = 0; turn < seconds; turn += 1) {
        const due = startedAt + offsetMs + turn * SECOND_MS - performance.now();
        if (due > 0) await new Promise<void>((resolve) => setTimeout(resolve, due));
        const sentAt = performance.now();
        // What was refused goes with the next one.
        if (await agent.send(gateway.port, itemsEachSecond)) latenciesMs.push(performance.now() - sentAt);
      }
    }),
  );
  const elapsed = (performance.now() - startedAt) / SECOND_MS;
  const cores = (cpuSeconds(gateway.pid) - cpuBefore) / elapsed;
  const memoryMib = watch.stop();
  const after = totals(agents);
  return {
    ...{ seconds: elapsed, latenciesMs, memoryMib, cores, lagMs },
    acknowledged: after.acknowledged - before.acknowledged,
    refused: after.refused - before.refused,
  };
}

/** Items a second when every agent sends as fast as it is answered. */
export async function blast(
  gateway: GatewayProcess,
  agents: readonly LogicalAgent[],
  { items, seconds }: { readonly items: number; readonly seconds: number },
): Promise<number> {
  const before = totals(agents).acknowledged;
  const startedAt = performance.now();
  await Promise.all(
    agents.map(async (agent) => {
      while (performance.now() - startedAt < seconds * SECOND_MS) await agent.send(gateway.port, items);
    }),
  );
  return (totals(agents).acknowledged - before) / ((performance.now() - startedAt) / SECOND_MS);
}

const totals = (agents: readonly LogicalAgent[]) => ({
  acknowledged: agents.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
  refused: agents.reduce((sum, agent) => sum + agent.refused(), 0),
});

function watchProcess(gateway: GatewayProcess, lagMs: Record<string, number>) {
  const memory: number[] = [];
  const timer = setInterval(() => {
    memory.push(residentMib(gateway.pid));
    for (const id of ["live", "store"]) lagMs[id] = Math.max(lagMs[id] ?? 0, gateway.told(id)?.lagMs ?? 0);
  }, SECOND_MS);
  return {
    stop() {
      clearInterval(timer);
      return memory;
    },
  };
}

function residentMib(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return Number(kib) / KIB;
}

/** User and system time of the whole process, `proc(5)` fields 14 and 15. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
