/**
 * Knows what truly happens in a simulation and says what a console must tell of it, by rules of its own: nothing is
 * shared with the console's judge. It goes by the true instants of beats, looks back over what each read could have
 * seen, and keeps no state machine.
 */
import type { OwnerChange, TraceEvent } from "#server/demo/dna/trace.ts";

const LATE_MS = 10_000;
const SILENT_MS = 20_000;
const STEADY_MS = 30_000;
const YOUNG_MS = 10_000;
const OLD_MS = 30_000;
const GAP_MS = 5_000;
const LOOP_LATE_MS = 1_000;
const RELEASE_MS = 75_000;
/** One refresh with its duration, and the age of the read that the release rests on. */
const UNSEEN_AWAKE_MS = 5_000 + 200 + 2_000;

export type ExpectedState = "observing" | "alive" | "late" | "silent" | "gone" | "returned";

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

/** What one read could see of one incarnation. */
interface Look {
  readonly at: number;
  /** When its visible row was written; `null` = no row. */
  readonly writtenAt: number | null;
  /** Silence as a reader can count it: since the first look that could see the last beat. */
  readonly silentMs: number;
}

interface Life {
  readonly vm: string;
  /** `null` = no row at present. */
  writtenAt: number | null;
  looks: Look[];
  /** Some read has shown it. */
  known: boolean;
  /** A read of an earlier series has shown its row: how old its write is says nothing then, as nobody may have been able to write. */
  seenBefore: boolean;
}

export interface Referee {
  watch(event: TraceEvent): void;
  /** The console reads successfully at this instant; `loopLateMs` is how late its main loop was since the read before. */
  read(at: number, loopLateMs: number): void;
  /** What it must say of each incarnation it can know, as of the last read. */
  expected(at: number): ReadonlyMap<string, ExpectedState>;
  /** Whether the incarnation has truly been silent, and watched without a gap, for as long as a release needs. */
  mayRelease(incarnation: string, at: number): boolean;
  readonly doubleOwners: readonly DoubleOwner[];
  /** Running instances of VMs that the register does not name as owner. */
  orphans(): number;
  /** Keys of which more than one VM that has not ended runs an instance. */
  doubled(): readonly RunningDouble[];
  lostEvents(): LostEvents;
  /** Keys that DNA took from an owner whose VM was running. */
  falseDeaths(): number;
}

export function createReferee(): Referee {
  const lives = new Map<string, Life>();
  const register = createRegister();
  let lastReadAt: number | null = null;
  let seriesSince = 0;

  function breakSeries(): void {
    for (const life of lives.values()) {
      life.seenBefore ||= life.looks.some((look) => look.writtenAt !== null);
      life.looks = [];
    }
  }

  return {
    watch(event) {
      if (event.kind === "beat") {
        const life = lives.get(event.incarnation) ?? {
          vm: event.vm,
          writtenAt: null,
          looks: [],
          known: false,
          seenBefore: false,
        };
        life.writtenAt = event.at;
        lives.set(event.incarnation, life);
      } else if (event.kind === "row-deleted") {
        const life = lives.get(event.incarnation);
        if (life !== undefined) life.writtenAt = null;
      }
      register.watch(event);
    },
    read(at, loopLateMs) {
      const broken = lastReadAt === null || at - lastReadAt > GAP_MS || loopLateMs > LOOP_LATE_MS;
      if (broken) {
        breakSeries();
        seriesSince = at;
      }
      lastReadAt = at;
      for (const life of lives.values()) {
        life.known ||= life.writtenAt !== null;
        if (life.known) life.looks.push(lookOf(life, at));
      }
    },
    expected(at) {
      const states = new Map<string, ExpectedState>();
      const judged = lastReadAt !== null && at - lastReadAt <= GAP_MS;
      for (const [id, life] of lives) if (life.known) states.set(id, judged ? stateAt(life) : "observing");
      return states;
    },
    mayRelease(incarnation, at) {
      const life = lives.get(incarnation);
      if (life === undefined || lastReadAt === null || at - lastReadAt > GAP_MS) return false;
      const beatAt = life.looks.reduce((latest, look) => Math.max(latest, look.writtenAt ?? latest), seriesSince);
      return lastReadAt - beatAt >= RELEASE_MS;
    },
    doubleOwners: register.doubleOwners,
    orphans: register.orphans,
    doubled: register.doubled,
    lostEvents: register.lostEvents,
    falseDeaths: register.falseDeaths,
  };
}

function lookOf({ looks, writtenAt }: Life, at: number): Look {
  const beatAt = looks.reduce(
    (latest, look) => Math.max(latest, look.writtenAt ?? latest),
    writtenAt ?? Number.NEGATIVE_INFINITY,
  );
  const seenAt = looks.find((look) => look.at >= beatAt)?.at ?? at;
  return { at, writtenAt, silentMs: at - seenAt };
}

/** By looking back only: is the row there, how long silent, and what was the last trouble before. */
function stateAt({ looks, seenBefore }: Pick<Life, "looks" | "seenBefore">): ExpectedState {
  const last = looks.at(-1);
  if (last === undefined) return "observing";
  if (last.writtenAt === null) return "gone";
  if (last.silentMs >= SILENT_MS) return "silent";
  if (last.silentMs >= LATE_MS) return "late";
  const trouble = lastTrouble(looks);
  if (trouble !== null) {
    return trouble.state !== "late" && last.at - trouble.overAt < STEADY_MS ? "returned" : "alive";
  }
  const first = looks[0] ?? last;
  if (looks.some((look) => look.writtenAt !== first.writtenAt)) return "alive";
  const ageMs = Math.floor(first.at) - Math.floor(first.writtenAt ?? first.at);
  if (ageMs < YOUNG_MS) return "alive";
  return ageMs > OLD_MS && !seenBefore ? "late" : "observing";
}

/** The last look of the past at which it was late, silent or gone, and the first look after it. */
function lastTrouble(looks: readonly Look[]): { readonly state: ExpectedState; readonly overAt: number } | null {
  for (let index = looks.length - 2; index >= 0; index -= 1) {
    const past = looks[index];
    const overAt = looks[index + 1]?.at ?? 0;
    if (past === undefined) continue;
    if (past.writtenAt === null) return { state: "gone", overAt };
    if (past.silentMs >= SILENT_MS) return { state: "silent", overAt };
    if (past.silentMs >= LATE_MS) return { state: "late", overAt };
  }
  return null;
}

/** Who owns what by the register, who runs what, and who serves what beside its owner. */
function createRegister() {
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
