import type { JournalEvent, Maskable } from "#server/contract/event.ts";
import type {
  HafAppFacts,
  HafCheck,
  HafDatabaseFacts,
  HafDockerState,
  HafEventBodies,
  HafIndexFacts,
  HafLifecycleFact,
  HafPhase,
  HafProgressFacts,
  HafRoleRef,
  HafRoleState,
} from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import { COPYING, type RecordEditor } from "./record.ts";
import { reduceSource, type SourceFold, UNKNOWN_SOURCE } from "./source.ts";

export interface HafAppFold extends HafAppFacts {
  readonly stateSince: EpochMs;
  /** When any of it was last seen to change. */
  readonly movedAt: EpochMs;
  /** How often an app of this name was created: the generation of its roles. */
  readonly life: number;
}

export interface HafRoleFold extends HafRoleRef {
  readonly state: HafRoleState;
  readonly inferred: boolean;
  readonly since: EpochMs;
  readonly exitCode: number | null;
  readonly container: HafEventBodies["haf.role.changed"]["container"];
}

export interface HafCheckFold {
  readonly level: HafEventBodies["haf.check.changed"]["to"];
  readonly since: EpochMs;
  readonly evidence: string;
  readonly about: readonly string[];
}

export interface HafFold {
  readonly family: "haf";
  readonly source: SourceFold;
  readonly database: HafDatabaseFacts | null;
  /** As `HAF_PHASES` order them; empty = nothing was read yet. */
  readonly phases: readonly HafPhase[];
  readonly phasesSince: EpochMs;
  readonly syncState: string | null;
  readonly ready: boolean | null;
  readonly indexes: HafIndexFacts | null;
  readonly progress: HafProgressFacts | null;
  readonly fork: { readonly id: DecimalText; readonly block: number } | null;
  readonly hived: {
    readonly connectionId: DecimalText;
    readonly gitSha: string | null;
    readonly since: EpochMs;
  } | null;
  readonly docker: {
    readonly state: HafDockerState;
    readonly since: EpochMs;
    readonly reason: Maskable<string> | null;
  };
  readonly apps: Readonly<Record<string, HafAppFold>>;
  /** By `hafRoleKey`. */
  readonly roles: Readonly<Record<string, HafRoleFold>>;
  readonly checks: Readonly<Partial<Record<HafCheck, HafCheckFold>>>;
  /** What happened, oldest first, at most `HAF_FACTS_MAX`; older ones are in the journal. */
  readonly facts: readonly HafLifecycleFact[];
}

export const HAF_FACTS_MAX = 500;

export const EMPTY_HAF: HafFold = {
  family: "haf",
  source: UNKNOWN_SOURCE,
  database: null,
  phases: [],
  phasesSince: 0 as EpochMs,
  syncState: null,
  ready: null,
  indexes: null,
  progress: null,
  fork: null,
  hived: null,
  docker: { state: "none", since: 0 as EpochMs, reason: null },
  apps: {},
  roles: {},
  checks: {},
  facts: [],
};

/** Pure and total; an event of another kind changes nothing. */
export function reduceHaf(state: HafFold, event: JournalEvent, _edit: RecordEditor = COPYING): HafFold {
  switch (event.kind) {
    case "source.state_changed":
      return { ...state, source: reduceSource(state.source, event) };
    default:
      return state;
  }
}
