/**
 * The state of one app on a stack, from its context and what was known of it. Pure.
 *
 * Source of facts: openhive-network/haf@e4fd584f `hafd.contexts`, `hafd.contexts_attachment`, `hive.is_app_in_sync`.
 */
import type { HafAppFacts, HafAppState } from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";

export interface ContextFacts {
  readonly id: number;
  readonly name: string;
  readonly owner: string;
  readonly currentBlock: number;
  readonly eventsId: DecimalText | null;
  readonly forkId: DecimalText | null;
  readonly forking: boolean;
  readonly lastActiveAt: EpochMs;
  readonly asOf: EpochMs;
  readonly attached: boolean | null;
  readonly loop: { readonly stage: string | null } | null;
  readonly currentBlockAt: EpochMs | null;
}

/** An app whose block is older than this lags. */
export const LAGGING_AFTER_MS = 60_000;
/** An app in sync is at most so many blocks behind the last irreversible one. */
const IN_SYNC_WITHIN_BLOCKS = 1;
/** `events_id` of a context that was detached; one that never iterated has 0. */
export const DETACHED_MARKER: DecimalText = "9223372036854775807";

export const STAGE_LIVE = "live";
export const STAGE_WAIT_FOR_HAF = "wait_for_haf";

export interface AppLook {
  readonly context: ContextFacts;
  /** The last irreversible block; `null` = none yet. */
  readonly consistentBlock: number | null;
  /** Its indexes that are not created yet. */
  readonly indexesPending: number;
  /** What was known of this life of it; `null` = nothing. */
  readonly known: Pick<HafAppFacts, "state" | "stage" | "block"> | null;
}

export const stageOf = ({ loop }: Pick<ContextFacts, "loop">): string | null => loop?.stage ?? null;

/** Attached, and at most one block behind: what HAF calls in sync. The stage may still say otherwise. */
export const isInSync = (
  { attached, currentBlock }: Pick<ContextFacts, "attached" | "currentBlock">,
  consistentBlock: number | null,
): boolean => attached === true && consistentBlock !== null && consistentBlock - currentBlock <= IN_SYNC_WITHIN_BLOCKS;

/** Age of the block it is at; `null` = that block is not here (pruned, or none yet). */
export const appBlockAgeMs = ({ currentBlockAt, asOf }: Pick<ContextFacts, "currentBlockAt" | "asOf">) =>
  currentBlockAt === null ? null : Math.max(0, asOf - currentBlockAt);

/** The state of an app that has a context. */
export function judgeApp(look: AppLook): HafAppState {
  const { context, consistentBlock, indexesPending } = look;
  const stage = stageOf(context);
  if (isInSync(context, consistentBlock)) return "live";
  const wasLive = hasBeenLive(look);
  if (wasLive && context.attached === true) return isLagging(look) ? "lagging" : "live";
  if (stage === STAGE_WAIT_FOR_HAF) return "waiting_for_haf";
  if (wasLive && !runsUpAgain(look)) return "detached";
  if (hasIterated(context)) return "massive";
  return indexesPending > 0 ? "indexes_pending" : "installed";
}

/** In this life of it. One that is seen for the first time in its last stage has been live before we came. */
function hasBeenLive({ known, context }: AppLook): boolean {
  if (known !== null && WAS_LIVE.includes(known.state)) return true;
  return stageOf(context) === STAGE_LIVE;
}
const WAS_LIVE: readonly HafAppState[] = ["live", "lagging", "detached"];

/** Attached, behind, and its block is old. Where that block is not here the distance must do. */
function isLagging({ context, consistentBlock }: AppLook): boolean {
  const age = appBlockAgeMs(context);
  if (age !== null) return age > LAGGING_AFTER_MS;
  return consistentBlock !== null && consistentBlock - context.currentBlock > LAGGING_BLOCKS;
}
const LAGGING_BLOCKS = LAGGING_AFTER_MS / 3_000;

/** Detached, and yet it takes blocks: in batches, as apps do that are far behind. */
function runsUpAgain({ context, known }: AppLook): boolean {
  const stage = stageOf(context);
  if (stage === null || stage === STAGE_LIVE) return false;
  if (known === null) return true;
  const moved = known.block !== null && context.currentBlock > known.block;
  return stage !== known.stage || (known.state === "detached" && moved);
}

/** It has taken a block, or at least begun: the marker of the detached and any queue position but 0 say so. */
function hasIterated(context: ContextFacts): boolean {
  const { eventsId, currentBlock } = context;
  return stageOf(context) !== null || currentBlock > 0 || (eventsId !== null && eventsId !== "0");
}

/** What is known of it, to be compared with what was. */
export function appFacts(look: AppLook, state: HafAppState): HafAppFacts {
  const { id, owner, attached, currentBlock, forkId, forking } = look.context;
  return {
    contextId: id,
    state,
    stage: stageOf(look.context),
    attached: attached === true,
    inSync: isInSync(look.context, look.consistentBlock),
    block: currentBlock,
    forkId,
    forking,
    owner,
  };
}

/** An app of which there is nothing to see. */
export const absentApp = (state: "missing" | "installing" | "removed"): HafAppFacts => ({
  contextId: null,
  state,
  stage: null,
  attached: false,
  inSync: false,
  block: null,
  forkId: null,
  forking: false,
  owner: null,
});

/** Why it is in its state, in words. */
export function appEvidence(look: AppLook, state: HafAppState): string {
  const { context, consistentBlock, indexesPending } = look;
  const stage = stageOf(context) ?? "none";
  const at = `block ${context.currentBlock} of ${consistentBlock ?? "none"}`;
  switch (state) {
    case "live":
      return `attached, ${at}, stage ${stage}`;
    case "lagging":
      return `attached, ${at}, its block is ${seconds(appBlockAgeMs(context))} old`;
    case "detached":
      return `its context is detached, ${at}`;
    case "massive":
      return `stage ${stage}, ${at}`;
    case "waiting_for_haf":
      return "its stage is wait_for_haf: it waits until HAF is live";
    case "indexes_pending":
      return `${indexesPending} of its indexes are not created yet`;
    default:
      return "its context exists";
  }
}

const seconds = (ms: number | null): string => (ms === null ? "of unknown age, and" : `${Math.round(ms / 1_000)} s`);
