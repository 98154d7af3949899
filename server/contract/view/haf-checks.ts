/**
 * The checks of a HAF stack: what each asks, why it matters and what to do. A closed list of texts; what a check says of
 * a stack is in the fold (`HafFold.checks`), now and as of any past instant.
 */
import type { HafCheckFold, HafFold } from "#server/contract/fold/haf.ts";
import { HAF_CHECKS, type HafCheck } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface HafCheckText {
  /** What is well when it is. */
  readonly title: string;
  /** What is wrong when it is not, as the head of a finding. */
  readonly trouble: string;
  readonly explanation: string;
  readonly remedy: string;
}

export const HAF_CHECK_TEXTS: Readonly<Record<HafCheck, HafCheckText>> = {
  stale: {
    title: "The last irreversible block is fresh",
    trouble: "No irreversible block for over a minute",
    explanation:
      "HAF says LIVE, but its last irreversible block is older than 60 s. The database goes on answering with its last values when hived has stopped.",
    remedy: "Look whether hived runs and has peers. If it does, the chain itself may stand still.",
  },
  busy: {
    title: "Nothing keeps the database from answering",
    trouble: "Indexes are being changed for long",
    explanation:
      "hived holds locks while it drops or restores indexes and keys. Reads of those tables end without an answer meanwhile; that is no failure.",
    remedy: "Wait. If it takes much longer than the tables' size explains, look for sessions that block each other.",
  },
  "sees-no-apps": {
    title: "The role that reads may see apps",
    trouble: "The role that reads may not see any app",
    explanation:
      "Row-level security shows contexts only to members of hive_applications_group. Any other role gets no rows and no error.",
    remedy: "Make the login a member of hive_applications_group, with default_transaction_read_only on.",
  },
  "odd-transition": {
    title: "hived goes its usual way",
    trouble: "hived went a way that it does not know",
    explanation: "The synchronisation state changed in a way that hived itself never takes without a restart.",
    remedy: "Look into hived's log around that time; somebody may have changed hive_state by hand.",
  },
  "block-went-down": {
    title: "Blocks go forward",
    trouble: "A block number went down",
    explanation:
      "An app goes back when it is detached and when it follows another fork. The last irreversible block itself never does, unless the database was restored from an older copy.",
    remedy: "Read the row of the log that says why. For the irreversible block, ask who restored the database.",
  },
  fork: {
    title: "No switch of forks",
    trouble: "The chain switched to another fork",
    explanation: "Reversible blocks were replaced. Apps that follow forks undo them and go on; others wait for LIB.",
    remedy: "Nothing, if it stays at one. Many in a row mean that this node sees another part of the network.",
  },
  "index-stuck": {
    title: "Indexes that are being created are being built",
    trouble: "Indexes are said to be created, and nobody builds them",
    explanation:
      "An index whose build failed stays in the state creating. hived sets it back to missing only when it starts.",
    remedy: "Look for the error in PostgreSQL's log, make room or mend what it says, then restart hived.",
  },
  "app-silent": {
    title: "Apps are active",
    trouble: "An app has not done anything for over 10 minutes",
    explanation: "An app writes when it was last active at every iteration. It may hang, or its process may be gone.",
    remedy: "Look whether its block processor runs, and what it waits for.",
  },
  "app-auto-detach": {
    title: "No app is about to be detached",
    trouble: "An app will be detached",
    explanation:
      "HAF looks every 30 minutes for apps that were silent for 4 hours, and detaches them: they start again from the irreversible block.",
    remedy: "Start its block processor again before the 4 hours are over.",
  },
  "app-lagging": {
    title: "Live apps are at the head",
    trouble: "An app that was live lags",
    explanation: "It is attached, and the block it is at is older than 60 s.",
    remedy: "Look at the load of the database and at how long its iterations take.",
  },
  "app-slow": {
    title: "Apps take their blocks in time",
    trouble: "An app took longer for a block than it may",
    explanation:
      "An iteration took longer than the threshold of its stage: 3 s when live. A chain that pauses gives this too.",
    remedy: "Look for slow statements of that app; if many apps say it at once, at the database itself.",
  },
  "app-detached": {
    title: "Live apps stay attached",
    trouble: "An app that was live is detached",
    explanation:
      "Its context takes no blocks any more: it was detached by itself, or because it was silent for 4 hours.",
    remedy: "Start its block processor: it attaches again and catches up.",
  },
  "container-failed": {
    title: "No container ended badly",
    trouble: "A container ended badly",
    explanation: "It ended with another exit code than 0, and was not started again.",
    remedy: "Read its last log lines. What waited for it has not been started.",
  },
  "clock-zone": {
    title: "Times are written in UTC",
    trouble: "Times are written in another zone",
    explanation:
      "HAF stores when an app was active without a zone, in the zone of the writer's session. Elsewhere than in UTC every age is wrong by the offset; it is corrected here as far as it can be told.",
    remedy: "Set TimeZone to UTC for the roles that apps use.",
  },
  "hived-restarted": {
    title: "hived runs on",
    trouble: "hived was started again",
    explanation: "A new row of hived_connections: hived started, and begins with what it finds.",
    remedy: "Nothing, if it was meant. Else look into its log for why it ended.",
  },
};

export type HafCheckLevel = HafCheckFold["level"];

export interface HafCheckView extends HafCheckText {
  readonly id: HafCheck;
  readonly level: HafCheckLevel;
  readonly evidence: string;
  readonly about: readonly string[];
  /** `null` = never judged. */
  readonly since: EpochMs | null;
}

const WORST_FIRST: readonly HafCheckLevel[] = ["critical", "warning", "not-known", "ok"];

/** Every check as it was last judged, worst first. One that was never judged is not known. */
export function hafChecksOf({ checks }: Pick<HafFold, "checks">): readonly HafCheckView[] {
  return HAF_CHECKS.map((id): HafCheckView => {
    const { level, evidence, about, since } = checks[id] ?? NEVER;
    return { id, ...HAF_CHECK_TEXTS[id], level, evidence, about, since };
  }).toSorted((a, b) => WORST_FIRST.indexOf(a.level) - WORST_FIRST.indexOf(b.level));
}

const NEVER = { level: "not-known", evidence: "not judged yet", about: [], since: null } as const;
