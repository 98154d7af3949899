/**
 * Which role of the process a compose service plays, and for which app. Pure.
 *
 * Source of facts: haf_api_node@d22ca041 compose files; contexts as its apps name them.
 */
import type { HafRole } from "#server/contract/haf.ts";

export interface ServiceRole {
  readonly role: HafRole;
  /** The app as the service names it; `null` for roles of the stack. */
  readonly app: string | null;
}

const OF_THE_STACK: Readonly<Record<string, HafRole>> = { haf: "haf", "live-trigger": "live_trigger" };

/** In their order: the first that fits. What is not listed here plays no role of the process. */
const OF_APPS: readonly (readonly [RegExp, HafRole])[] = [
  [/^(?:mib|haf-maintenance)-(.+)$/, "mib"],
  [/^(.+)-(?:mib|maintenance|indexes)$/, "mib"],
  [/^(.+)-install(?:-.+)?$/, "setup"],
  [/^(.+)-setup$/, "setup"],
  [/^(.+)-block-processing$/, "sync"],
  [/^(.+)-sync$/, "sync"],
  [/^(.+)-(?:live-)?detector$/, "detector"],
  [/^(.+)-postgrest$/, "api"],
  [/^(.+)-(?:api|server)$/, "api"],
];

/** `null` = it is no part of the process: databases' helpers, rewriters, removals. */
export function roleOfService(service: string): ServiceRole | null {
  const name = service.replaceAll("_", "-").toLowerCase();
  const role = Object.hasOwn(OF_THE_STACK, name) ? OF_THE_STACK[name] : undefined;
  if (role !== undefined) return { role, app: null };
  for (const [pattern, ofApp] of OF_APPS) {
    const app = pattern.exec(name)?.[1];
    if (app !== undefined) return { role: ofApp, app };
  }
  return null;
}

/** What a service calls an app, and how its context may be called. */
const ALIASES: readonly (readonly string[])[] = [
  ["hivemind"],
  ["hafah"],
  ["reputationtracker", "reptracker"],
  ["balancetracker", "btracker"],
  ["blockexplorer", "hafbe", "hafblockexplorer"],
  ["nfttracker"],
  ["hivesense"],
];

const bare = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .replace(/app$/, "");

const familyOf = (name: string): readonly string[] => ALIASES.find((family) => family.includes(name)) ?? [name];

/** The app among those known that a service means by a name; the name itself where none is known. */
export function appOfService(named: string, apps: readonly string[]): string {
  if (apps.includes(named)) return named;
  const family = familyOf(bare(named));
  return apps.find((app) => family.includes(bare(app))) ?? named;
}

const API_SUFFIX = /[-_]postgrest$/i;

/** The app whose API server calls itself so at the database; `null` = it is none. */
export function appOfConnection(application: string, apps: readonly string[]): string | null {
  if (!API_SUFFIX.test(application)) return null;
  const app = appOfService(application.replace(API_SUFFIX, ""), apps);
  return apps.includes(app) ? app : null;
}
