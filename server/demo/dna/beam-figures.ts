/** What a simulated node says of its size and of its processes: plausible, and the same for the same state. */
import type { BeamBacklog, BeamProcess, BeamVitals } from "#server/dna/beam-ports.ts";
import type { SimulatedNode } from "./node.ts";
import { mix32 } from "./random.ts";
import type { InstancePhase, RunningInstance } from "./registry.ts";

const PROCESS_BYTES = 2_704;
const STATE_BYTES_MAX = 24_000;
const EVENT_BYTES = 620;
const SYSTEM_PROCESSES = 214;
const PROCESSES_OF_PARTITION = 3;
const ATOMS = 21_480;
const PROCESS_LIMIT = 262_144;
const ATOM_LIMIT = 1_048_576;
const CODE_BYTES = 38_000_000;
const ATOM_BYTES = 622_000;
const ETS_BYTES = 4_100_000;
const ENTRY_BYTES = 410;

/** An actor's state, by its name, and what waits in it. */
export function memoryOf({ key, buffered, mailbox, heldBytes }: RunningInstance): number {
  const state = mix32(key.name.length * 7_919 + Number(key.name.slice(-4).replace(/\D/g, "") || 0)) % STATE_BYTES_MAX;
  return PROCESS_BYTES + state + heldBytes + (buffered + mailbox) * EVENT_BYTES;
}

export function processOf(instance: RunningInstance, nowMs: number): BeamProcess {
  const inCallback = instance.busyUntil > nowMs;
  return {
    memoryBytes: memoryOf(instance),
    mailbox: instance.mailbox,
    reductions: instance.reductions,
    status: inCallback ? "running" : "waiting",
    currentFunction: inCallback ? "Elixir.Demo.Actor:handle/3" : "gen_server:loop/7",
  };
}

/** `copies` = its state may be copied out of the node. */
export function backlogOf(
  instance: RunningInstance,
  phase: InstancePhase,
  nowMs: number,
  copies: boolean,
): BeamBacklog {
  const { mailbox, buffered } = instance;
  const memoryBytes = memoryOf(instance);
  if (instance.busyUntil > nowMs) return { kind: "busy", mailbox, memoryBytes };
  if (!copies) return { kind: "too-large", mailbox, memoryBytes };
  return { kind: "known", phase, buffered, mailbox, memoryBytes };
}

export function vitalsOf(node: SimulatedNode): BeamVitals {
  const { registry, vm } = node;
  const all = Array.from({ length: registry.partitions }, (_, index) => [...registry.list(index)]).flat();
  const processes = all.reduce((sum, instance) => sum + memoryOf(instance), 9_000_000);
  const binary = 2_400_000 + all.length * 64;
  const ets = ETS_BYTES + all.length * ENTRY_BYTES;
  return {
    processes: SYSTEM_PROCESSES + registry.partitions * PROCESSES_OF_PARTITION + all.length,
    processLimit: PROCESS_LIMIT,
    atoms: ATOMS,
    atomLimit: ATOM_LIMIT,
    runQueue: all.filter((instance) => instance.buffered > 0).length % (registry.partitions + 1),
    schedulersOnline: registry.partitions,
    memoryBytes: {
      total: CODE_BYTES + processes + binary + ets + ATOM_BYTES,
      processes,
      binary,
      ets,
      atom: ATOM_BYTES,
    },
    uptimeMs: vm.uptimeMs(),
  };
}
