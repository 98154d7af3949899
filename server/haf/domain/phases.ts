/** In which phases a stack is: the set-up process as a pure function of what is known now. */
import { HAF_PHASES, type HafAppState, type HafPhase } from "#server/contract/haf.ts";
import { STAGE_LIVE } from "./app-state.ts";

export interface StackFacts {
  /** `null` = the database was never read. */
  readonly syncState: string | null;
  readonly ready: boolean | null;
  readonly apps: readonly { readonly state: HafAppState; readonly stage: string | null }[];
  /** Indexes that apps have registered and that are not created yet. */
  readonly appIndexesPending: number;
  /** Containers that build indexes run now. */
  readonly buildersAlive: boolean;
  /** A set-up of some app runs now. */
  readonly setupAlive: boolean;
}

export interface Phases {
  /** As `HAF_PHASES` order them. */
  readonly phases: readonly HafPhase[];
  readonly evidence: string;
}

const REPLAYING: readonly string[] = ["WAIT", "REINDEX_WAIT", "REINDEX", "P2P"];

/** `null` = nothing that is known says so: an unknown word changes nothing. */
export function phasesOf(facts: StackFacts): Phases | null {
  const { syncState, ready, buildersAlive, appIndexesPending } = facts;
  if (syncState === null)
    return buildersAlive
      ? only("index_building", "a container builds indexes")
      : only("not_started", "nothing is seen");
  if (syncState === "START") {
    if (buildersAlive) return only("index_building", "a container builds indexes");
    const waiting = appIndexesPending === 0 ? "" : `, ${appIndexesPending} indexes of apps are not built`;
    return only("haf_starting", `hived has not connected yet${waiting}`);
  }
  if (REPLAYING.includes(syncState)) return only("replay", `hived is in ${syncState}`);
  if (syncState !== "LIVE") return null;
  if (ready !== true) return only("replay", ready === null ? "LIVE, not known whether ready" : "LIVE, and not ready");
  return livePhases(facts);
}

const only = (phase: HafPhase, evidence: string): Phases => ({ phases: [phase], evidence });

function livePhases({ apps, appIndexesPending, buildersAlive, setupAlive }: StackFacts): Phases {
  const found = new Set<HafPhase>();
  for (const app of apps) for (const phase of phasesOfApp(app)) found.add(phase);
  if (setupAlive) found.add("app_setup");
  if (appIndexesPending > 0 || buildersAlive) found.add("index_building");
  if (apps.every(({ state }) => state === "removed") && !setupAlive) found.add("live_trigger_fired");
  const counts = [...found].length === 1 && found.has("live_trigger_fired") ? "no app yet" : countApps(apps);
  return { phases: HAF_PHASES.filter((phase) => found.has(phase)), evidence: `LIVE and ready, ${counts}` };
}

function phasesOfApp({ state, stage }: StackFacts["apps"][number]): readonly HafPhase[] {
  switch (state) {
    case "missing":
    case "installing":
      return ["app_setup"];
    case "installed":
    case "indexes_pending":
    case "waiting_for_haf":
    case "massive":
      return ["app_sync"];
    case "live":
      // In sync, and its stage was not evaluated anew yet: its detector is about to see it.
      return stage === null || stage === STAGE_LIVE ? ["api_serving"] : ["app_live_wait", "api_serving"];
    case "lagging":
    case "detached":
      return ["api_serving"];
    default:
      return [];
  }
}

function countApps(apps: StackFacts["apps"]): string {
  const counts = new Map<string, number>();
  for (const { state } of apps) counts.set(state, (counts.get(state) ?? 0) + 1);
  if (counts.size === 0) return "no app yet";
  return [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
}
