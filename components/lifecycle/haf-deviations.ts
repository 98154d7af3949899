/** Where what was observed of a HAF stack went another way than the plan. Pure. */
import { HAF_PROCESS_PARTIES } from "#server/contract/diagram/haf-process.ts";
import { type HafLifecycleFact, type HafRoleRef, hafRoleKey } from "#server/contract/haf.ts";

const BEGINS: ReadonlySet<string> = new Set(["starting", "alive", "sick"]);
const ENDS: ReadonlySet<string> = new Set(["done", "failed", "destroyed"]);
/** From these phases on HAF is or was live. */
const AFTER_LIVE = ["live_trigger_fired", "app_setup", "app_sync", "app_live_wait", "api_serving"];
/** Roles that the process itself never ends. */
const LASTING: ReadonlySet<string> = new Set(["haf", "sync", "api"]);

/** In words, by the place of the fact; a fact that is as planned is not in it. */
export function deviationsOf(facts: readonly HafLifecycleFact[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const watch = createWatch();
  for (const [index, fact] of facts.entries()) {
    const words = watch(fact);
    if (words.length > 0) found.set(index, words.join("; "));
  }
  return found;
}

function createWatch(): (fact: HafLifecycleFact) => readonly string[] {
  let wasLive = false;
  const alive = new Map<string, HafRoleRef>();
  const appsLive = new Set<string>();
  const early = new Set<string>();
  const had = new Set<string>();

  function beforeLive(app: string | null): readonly string[] {
    if (wasLive || app === null || early.has(app)) return [];
    early.add(app);
    return ["set up before HAF was live"];
  }

  function begins(ref: HafRoleRef): readonly string[] {
    const key = hafRoleKey(ref);
    if (alive.has(key)) return [];
    const others = [...alive.values()];
    alive.set(key, ref);
    const setups = others.filter(({ role }) => role === "setup");
    const words = ref.role === "setup" ? [...beforeLive(ref.app)] : [];
    if (ref.role === "setup" && setups.length > 0) words.push("two setups at once: one after another is meant");
    if (ref.role === "sync" && setups.some(({ app }) => app !== ref.app))
      words.push("began before the last setup ended");
    if (ref.role === "api" && ref.app !== null && !appsLive.has(ref.app)) words.push("began before its app was live");
    if (had.has(key) || ref.generation > 1) words.push("began anew");
    had.add(key);
    return words;
  }

  return (fact) => {
    const { kind, ref, to } = fact;
    if (kind === "phase") {
      wasLive ||= to.split(",").some((phase) => AFTER_LIVE.includes(phase));
      return [];
    }
    if (ref === null) return [];
    if (kind === "log") return to === "CREATED" ? beforeLive(ref.app) : [];
    if (kind === "note") {
      if (to === "live" && ref.app !== null) appsLive.add(ref.app);
      if (to === "detached" || to === "removed") appsLive.delete(ref.app ?? "");
      return [];
    }
    if (BEGINS.has(to)) return begins(ref);
    if (!ENDS.has(to) || !alive.delete(hafRoleKey(ref))) return [];
    if (to === "failed") return [`failed: ${HAF_PROCESS_PARTIES[ref.role].endedBy} is meant to end it`];
    return LASTING.has(ref.role) ? ["ended, though it is meant to stay"] : [];
  };
}
