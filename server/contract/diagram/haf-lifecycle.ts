/**
 * The life of a HAF stack and of an app on it, for the screens. A stack can be in several phases at once from `app_sync`
 * on: each app has its own way through the last three.
 *
 * Source: openhive-network/haf@e4fd584f src/hive_fork_manager (`hafd.hive_state`, `hafd.contexts`,
 * `hafd.contexts_attachment`, `hafd.contexts_log`, `hafd.indexes_constraints`); haf_api_node@d22ca041 compose services.
 */
import type { HafAppState, HafPhase } from "#server/contract/haf.ts";

export interface HafTransition<TState extends string> {
  readonly from: TState;
  readonly to: TState;
  /** What happens on this way; short, for the arrow. */
  readonly label: string;
}

const way = <TState extends string>(from: TState, to: TState, label: string): HafTransition<TState> =>
  Object.freeze({ from, to, label });

/** In the order in which a stack usually meets them. */
export const HAF_STACK_LIFECYCLE: readonly HafTransition<HafPhase>[] = Object.freeze([
  way("not_started", "index_building", "an app asks for indexes"),
  way("not_started", "haf_starting", "HAF is started"),
  way("index_building", "haf_starting", "last indexes are built"),
  way("haf_starting", "replay", "hived connected"),
  way("replay", "live_trigger_fired", "LIVE and ready"),
  way("live_trigger_fired", "app_setup", "first setup runs"),
  way("live_trigger_fired", "app_sync", "apps are set up already"),
  way("app_setup", "app_sync", "last setup ended well"),
  way("app_sync", "app_live_wait", "a detector waits"),
  way("app_live_wait", "api_serving", "the app is live"),
  way("api_serving", "app_sync", "an app fell back"),
  way("app_sync", "replay", "hived replays again"),
  way("api_serving", "replay", "hived replays again"),
]);

/** What each phase says, for people. */
export const HAF_PHASE_LABELS: Readonly<Record<HafPhase, string>> = Object.freeze({
  not_started: "nothing of the stack was seen yet",
  index_building: "indexes that apps need on HAF's own tables are built before the replay",
  haf_starting: "the database is there, hived has not connected yet",
  replay: "hived fills the database: from its own block log, or from peers",
  live_trigger_fired: "HAF is live and ready: the apps can be set up",
  app_setup: "schemas and contexts of the apps are being created, one after another",
  app_sync: "apps process blocks and are not at the head yet",
  app_live_wait: "apps are about to be live: their detectors wait",
  api_serving: "apps are live and answer",
});

/** How each phase is told from what is read. */
export const HAF_PHASE_SOURCES: Readonly<Record<HafPhase, string>> = Object.freeze({
  not_started: "no row in hive_state, no container",
  index_building: "maintenance containers, or indexes_constraints with status creating before hived connected",
  haf_starting: "hive_state.state is START",
  replay: "hive_state.state is WAIT, REINDEX_WAIT, REINDEX or P2P; or LIVE while indexes are missing",
  live_trigger_fired: "hive_state.state is LIVE, events_queue has a row, no index of HAF itself is missing",
  app_setup: "setup containers, or schemas without a row in contexts, after LIVE",
  app_sync: "LIVE, and contexts of apps that are not live",
  app_live_wait: "LIVE, an app is attached and at the consistent block, its API is not seen",
  api_serving: "an app is attached and at most one block behind the consistent block",
});

/** In the order in which an app usually meets them. */
export const HAF_APP_LIFECYCLE: readonly HafTransition<HafAppState>[] = Object.freeze([
  way("missing", "installing", "its schema appears"),
  way("missing", "installed", "its context is created"),
  way("installing", "installed", "its context is created"),
  way("installed", "indexes_pending", "it registers indexes"),
  way("installed", "waiting_for_haf", "HAF is not live yet"),
  way("installed", "massive", "it takes blocks in batches"),
  way("installed", "live", "it is at the head at once"),
  way("indexes_pending", "installed", "its indexes are built"),
  way("indexes_pending", "waiting_for_haf", "HAF is not live yet"),
  way("indexes_pending", "massive", "its indexes are built"),
  way("waiting_for_haf", "massive", "HAF is live"),
  way("waiting_for_haf", "live", "HAF is live, it is at the head"),
  way("massive", "live", "attached and in sync"),
  way("live", "massive", "it fell far behind"),
  way("live", "lagging", "its block is older than 60 s"),
  way("lagging", "live", "caught up"),
  way("live", "detached", "by itself, or silent for 4 h"),
  way("lagging", "detached", "by itself, or silent for 4 h"),
  way("detached", "massive", "attached again, far behind"),
  way("detached", "live", "attached again"),
  way("installed", "removed", "its context is removed"),
  way("massive", "removed", "its context is removed"),
  way("live", "removed", "its context is removed"),
  way("detached", "removed", "its context is removed"),
  way("removed", "installed", "created again: a new life"),
]);

/** What each state says, for people. */
export const HAF_APP_STATE_LABELS: Readonly<Record<HafAppState, string>> = Object.freeze({
  missing: "neither schema nor context of that name",
  installing: "being set up: its schema is there, its context is not, or its setup still runs",
  installed: "its context is there, it has not taken a block yet",
  indexes_pending: "waits for indexes that it registered on HAF's tables",
  waiting_for_haf: "waits until HAF is live",
  massive: "takes blocks in batches, behind the head",
  live: "attached, and at most one block behind the last irreversible one",
  lagging: "was live; the block it is at is older than 60 s",
  detached: "takes no blocks: its context is detached",
  removed: "its context is gone; the log still names it",
});

/** How each state is told from what is read. */
export const HAF_APP_STATE_SOURCES: Readonly<Record<HafAppState, string>> = Object.freeze({
  missing: "configured, no row in contexts, no schema",
  installing: "a schema without a row in contexts, or a setup container that runs",
  installed: "a row in contexts",
  indexes_pending: "indexes_constraints.contexts holds its id, status is not created",
  waiting_for_haf: "contexts.loop: current stage is wait_for_haf",
  massive: "contexts.loop: a current stage, not live",
  live: "contexts_attachment.is_attached, consistent_block - current_block_num <= 1",
  lagging: "created_at of its current block",
  detached: "contexts_attachment.is_attached is false after it was live",
  removed: "contexts_log: its newest row is REMOVED",
});
