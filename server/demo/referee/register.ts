/** What the referee knows of owners and instances, by what truly happens: who serves a key beside its owner, and why. */
import type { OwnerChange, TraceEvent } from "#server/demo/dna/trace.ts";

/** One refresh with its duration, and the age of the read that the release rests on. */
const UNSEEN_AWAKE_MS = 5_000 + 200 + 2_000;

/** Two nodes served one key as its owner. */
export interface DoubleOwner {
  readonly at: number;
  readonly key: string;
  /** The VM that served it without being the owner by the register. */
  readonly serving: string;
  /** Who took the key from it: DNA itself, a release or a claim of the console, or nobody that is known. */
  readonly cause: "taken-over" | "released" | "claimed" | "other";
  /** What the console could not have seen when it acted; `null` when there was nothing of the kind. */
  readonly residual: Residual | null;
}

/**
 * Why a release or claim may double an owner in spite of everything: its cluster worker hung while the rest worked; its
 * VM was suspended with its clock, and woke up with what it knew before; it woke up so shortly before that no read could
 * see a beat of it yet; another VM bears its name, so that what is found at its address proves nothing.
 */
export const RESIDUALS = ["hung-worker", "suspended-vm", "just-woken", "second-vm"] as const;
export type Residual = (typeof RESIDUALS)[number];

/** Instances of one key that run at the same time. */
export interface RunningDouble {
  readonly key: string;
  /** VMs that run one, sorted. */
  readonly vms: readonly string[];
}

/** Accepted events that were lost, by how. */
export interface LostEvents {
  readonly crashed: number;
  readonly stopped: number;
  readonly emptied: number;
}

/** Who owns what by the register, who runs what, and who serves what beside its owner. */
export function createRegister() {
  const owners = new Map<string, string | null>();
  /** Key and former owner to how it lost the key. */
  const lost = new Map<string, Pick<DoubleOwner, "cause" | "residual">>();
  /** Key to the VMs that run an instance of it, each with its incarnation. */
  const running = new Map<string, Map<string, string>>();
  /** Incarnation to its VM, as far as its beats told. */
  const homes = new Map<string, string>();
  const vms = createVmWatch();
  const doubleOwners: DoubleOwner[] = [];
  const lostBy = { crashed: 0, stopped: 0, emptied: 0 };
  let falseDeaths = 0;

  const runs = (key: string): Map<string, string> => {
    const known = running.get(key) ?? new Map<string, string>();
    running.set(key, known);
    return known;
  };

  function served({ at, key, vm, incarnation }: Extract<TraceEvent, { kind: "delivered" }>): void {
    const owner = owners.get(key);
    if (owner === undefined || owner === incarnation) return;
    if (![...runs(key).keys()].some((other) => other !== vm && !vms.hasEnded(other))) return;
    const how = lost.get(`${key} ${incarnation}`) ?? { cause: "other", residual: null };
    doubleOwners.push({ at, key, serving: vm, ...how });
  }

  return {
    doubleOwners,
    orphans(): number {
      let count = 0;
      for (const [key, instances] of running) {
        for (const [vm, incarnation] of instances) {
          if (!vms.hasEnded(vm) && owners.has(key) && owners.get(key) !== incarnation) count += 1;
        }
      }
      return count;
    },
    doubled(): readonly RunningDouble[] {
      const doubles: RunningDouble[] = [];
      for (const [key, instances] of running) {
        if (instances.size < 2) continue;
        const alive = [...instances.keys()].filter((vm) => !vms.hasEnded(vm));
        if (alive.length > 1) doubles.push({ key, vms: alive.sort() });
      }
      return doubles;
    },
    lostEvents: (): LostEvents => ({ ...lostBy }),
    falseDeaths: (): number => falseDeaths,
    watch(event: TraceEvent): void {
      switch (event.kind) {
        case "owner-changed": {
          owners.set(event.key, event.to);
          if (event.from === null) break;
          const cause = causeOf(event.by);
          const home = homes.get(event.from);
          if (event.by === "replace" && home !== undefined && vms.runs(home)) falseDeaths += 1;
          const residual = cause === "taken-over" ? null : vms.residual(home ?? "", event.at);
          lost.set(`${event.key} ${event.from}`, { cause, residual });
          break;
        }
        case "started":
          runs(event.key).set(event.vm, event.incarnation);
          homes.set(event.incarnation, event.vm);
          break;
        case "ended":
          runs(event.key).delete(event.vm);
          lostBy[event.cause === "stop" ? "stopped" : "crashed"] += event.lost;
          break;
        case "emptied":
          for (const instances of running.values()) instances.delete(event.vm);
          lostBy.emptied += event.lost;
          break;
        case "delivered":
          served(event);
          break;
        case "vm":
        case "hung":
          vms.watch(event);
          break;
        case "beat":
          homes.set(event.incarnation, event.vm);
          break;
        case "row-deleted":
        case "raised":
          break;
        default:
          event satisfies never;
      }
    },
  };
}

function causeOf(by: OwnerChange): "taken-over" | "released" | "claimed" {
  switch (by) {
    case "release":
      return "released";
    case "claim":
      return "claimed";
    case "insert":
    case "replace":
      return "taken-over";
    default:
      return by satisfies never;
  }
}

/** In what state each VM truly is, and what became of it in its present life. */
function createVmWatch() {
  const states = new Map<string, string>();
  const wokeAt = new Map<string, number>();
  const hung = new Set<string>();
  const suspended = new Set<string>();
  /** A second VM of one name has a mark behind its name, and ever since it was there the address proves little. */
  const nameOf = (vm: string): string => vm.split("#")[0] ?? vm;
  const shared = new Set<string>();
  const hasNamesake = (vm: string): boolean => shared.has(nameOf(vm));

  return {
    hasEnded: (vm: string): boolean => states.get(vm) === "halted",
    runs: (vm: string): boolean => states.get(vm) === "running",
    residual(vm: string, at: number): Residual | null {
      if (hung.has(vm)) return "hung-worker";
      if (suspended.has(vm)) return "suspended-vm";
      if (hasNamesake(vm)) return "second-vm";
      const awake = states.get(vm) === "running";
      return awake && at - (wokeAt.get(vm) ?? Number.NEGATIVE_INFINITY) <= UNSEEN_AWAKE_MS ? "just-woken" : null;
    },
    watch(event: Extract<TraceEvent, { kind: "vm" | "hung" }>): void {
      const { vm, at } = event;
      if (nameOf(vm) !== vm) shared.add(nameOf(vm));
      if (event.kind === "hung") {
        hung.add(vm);
        return;
      }
      if (event.state === "frozen") suspended.add(vm);
      if (event.state === "running" && states.has(vm)) wokeAt.set(vm, at);
      if (event.state === "halted") {
        hung.delete(vm);
        suspended.delete(vm);
      }
      states.set(vm, event.state);
    },
  };
}
