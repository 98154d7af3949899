/**
 * Knows what truly happens in a simulation and says what a console must tell of it, by rules of its own: nothing is
 * shared with the console's judge. It goes by the true instants of beats, looks back over what each read could have
 * seen, and keeps no state machine.
 */
import type { TraceEvent } from "#server/demo/dna/trace.ts";
import { createRegister, type DoubleOwner, type LostEvents, type RunningDouble } from "./register.ts";

const LATE_MS = 10_000;
const SILENT_MS = 20_000;
const STEADY_MS = 30_000;
const YOUNG_MS = 10_000;
const OLD_MS = 30_000;
const GAP_MS = 5_000;
const LOOP_LATE_MS = 1_000;
const RELEASE_MS = 75_000;

export type ExpectedState = "observing" | "alive" | "late" | "silent" | "gone" | "returned";

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
