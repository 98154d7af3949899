/** What a stack is watched for: each check judged from one look. Pure; the words for people are the contract's. */
import { HAF_CHECKS, type HafAppState, type HafCheck, type HafIndexFacts } from "#server/contract/haf.ts";
import { blockAgeMs, type InstanceFacts, STALE_AFTER_MS } from "./instance.ts";

/** An app that has not done anything for this long is worth a look. */
export const SILENT_AFTER_MS = 10 * 60_000;
/** HAF detaches an app that was silent for this long, at its next round. */
export const AUTO_DETACH_AFTER_MS = 4 * 3_600_000;
/** From here on it says so. */
export const AUTO_DETACH_WARNS_AFTER_MS = 3.5 * 3_600_000;
/** What happens in an instant is told for this long after. */
export const RECENT_MS = 10 * 60_000;
/** Locks that keep us from reading for this long want somebody. */
export const BUSY_WARNS_AFTER_MS = 10 * 60_000;
const ABOUT_MAX = 50;

export interface CheckVerdict {
  readonly level: "critical" | "warning" | "not-known" | "ok";
  readonly evidence: string;
  readonly about: readonly string[];
}

/** Checks of what happens in an instant. */
export const RECENT_CHECKS = ["odd-transition", "block-went-down", "fork", "app-slow", "hived-restarted"] as const;
export type RecentCheck = (typeof RECENT_CHECKS)[number];

/** The last time such a thing happened. */
export interface Recent {
  readonly agoMs: number;
  readonly evidence: string;
  readonly about: readonly string[];
}

export interface AppCheckFacts {
  readonly name: string;
  readonly state: HafAppState;
  /** Since it last did anything; `null` = cannot be told. */
  readonly silentMs: number | null;
}

export interface CheckLook {
  readonly instance: InstanceFacts | null;
  readonly busy: { readonly forMs: number; readonly reason: string } | null;
  /** `null` = not known yet. */
  readonly seesApps: boolean | null;
  readonly ready: boolean | null;
  readonly apps: readonly AppCheckFacts[];
  readonly indexes: HafIndexFacts | null;
  /** Names of containers that ended badly and were not replaced; `null` = they are not looked at, or cannot be. */
  readonly failedContainers: readonly string[] | null;
  readonly zone: { readonly correctMs: number; readonly inFuture: boolean };
  readonly recent: Readonly<Partial<Record<RecentCheck, Recent>>>;
}

const ok = (evidence: string): CheckVerdict => ({ level: "ok", evidence, about: [] });
const notKnown = (evidence: string): CheckVerdict => ({ level: "not-known", evidence, about: [] });
const verdict = (level: "critical" | "warning", evidence: string, about: readonly string[] = []): CheckVerdict => ({
  level,
  evidence,
  about: about.toSorted().slice(0, ABOUT_MAX),
});

/** Every check, in the order of `HAF_CHECKS`. */
export function judgeChecks(look: CheckLook): readonly (CheckVerdict & { readonly check: HafCheck })[] {
  return HAF_CHECKS.map((check) => ({ check, ...JUDGES[check](look) }));
}

const JUDGES: Readonly<Record<HafCheck, (look: CheckLook) => CheckVerdict>> = {
  stale: judgeStale,
  busy: judgeBusy,
  "sees-no-apps": ({ seesApps }) => {
    if (seesApps === null) return notKnown("the database was not read yet");
    if (seesApps) return ok("the role sees the contexts of apps");
    return verdict("warning", "row-level security hides every context from the role that reads: apps are not known");
  },
  "odd-transition": recently("odd-transition", "warning", "hived goes its usual way"),
  "block-went-down": recently("block-went-down", "warning", "blocks go forward"),
  fork: recently("fork", "warning", "no switch of forks lately"),
  "index-stuck": ({ indexes }) => {
    if (indexes === null) return notKnown("indexes were not read yet");
    const { stuck } = indexes;
    if (stuck.length === 0) return ok("what is being created is being built");
    return verdict("warning", `${stuck.length} said to be created, and nobody builds: hived has to start again`, stuck);
  },
  "app-silent": judgeSilent,
  "app-auto-detach": judgeAutoDetach,
  "app-lagging": inState("lagging", "warning", "behind, at blocks older than 60 s"),
  "app-slow": judgeSlow,
  "app-detached": inState("detached", "critical", "detached after having been live"),
  "container-failed": ({ failedContainers }) => {
    if (failedContainers === null) return notKnown("containers are not looked at");
    if (failedContainers.length === 0) return ok("no container ended badly");
    return verdict("critical", `${failedContainers.length} ended badly`, failedContainers);
  },
  "clock-zone": ({ zone: { correctMs, inFuture } }) => {
    if (correctMs === 0 && !inFuture) return ok("times of activity fit the database's clock");
    const how = inFuture ? "apps were last active in the future" : "apps that go on seem to have been active long ago";
    return verdict("warning", `${how}: times are written ${hours(Math.abs(correctMs))} off UTC`);
  },
  "hived-restarted": recently("hived-restarted", "warning", "hived runs on"),
};

function judgeStale({ instance }: CheckLook): CheckVerdict {
  if (instance === null) return notKnown("the database was not read yet");
  if (instance.syncState !== "LIVE") return notKnown(`hived is in ${instance.syncState}: it is not at the head yet`);
  const age = blockAgeMs(instance);
  if (age === null) return notKnown("the last irreversible block is not there");
  const told = `the last irreversible block is ${seconds(age)} old`;
  return age > STALE_AFTER_MS ? verdict("critical", told) : ok(told);
}

function judgeBusy({ busy }: CheckLook): CheckVerdict {
  if (busy === null) return ok("nothing keeps us from reading");
  const told = `busy changing indexes: ${busy.reason}`;
  return busy.forMs > BUSY_WARNS_AFTER_MS ? verdict("warning", `${told}, for ${minutes(busy.forMs)}`) : notKnown(told);
}

/** Those that should go on by themselves. */
const GOES_ON: readonly HafAppState[] = ["massive", "live", "lagging"];

const silentFor = ({ apps }: CheckLook, ms: number): readonly AppCheckFacts[] =>
  apps.filter(({ state, silentMs }) => GOES_ON.includes(state) && silentMs !== null && silentMs > ms);

function judgeSilent(look: CheckLook): CheckVerdict {
  const silent = silentFor(look, SILENT_AFTER_MS);
  if (silent.length === 0) return ok("every app that runs has been active lately");
  return verdict("warning", listed(silent, "has done nothing for"), silent.map(nameOf));
}

function judgeAutoDetach(look: CheckLook): CheckVerdict {
  const silent = silentFor(look, AUTO_DETACH_WARNS_AFTER_MS);
  if (silent.length === 0) return ok("no app is about to be detached");
  const when = look.ready === true ? "HAF detaches it after 4 h" : "HAF detaches it after 4 h, once it is ready";
  return verdict("critical", `${listed(silent, "has done nothing for")}: ${when}`, silent.map(nameOf));
}

const nameOf = ({ name }: AppCheckFacts): string => name;
const listed = (apps: readonly AppCheckFacts[], what: string): string =>
  apps
    .slice(0, 3)
    .map(({ name, silentMs }) => `${name} ${what} ${minutes(silentMs ?? 0)}`)
    .join(", ") + (apps.length > 3 ? ` and ${apps.length - 3} more` : "");

function inState(state: HafAppState, level: "critical" | "warning", what: string) {
  return ({ apps, seesApps }: CheckLook): CheckVerdict => {
    if (seesApps === false) return notKnown("apps are not seen");
    const found = apps.filter((app) => app.state === state).map(nameOf);
    if (found.length === 0) return ok(`no app is ${state}`);
    return verdict(level, `${found.slice(0, 3).join(", ")}: ${what}`, found);
  };
}

/** A chain that pauses makes every iteration slow. */
function judgeSlow(look: CheckLook): CheckVerdict {
  const found = recently("app-slow", "warning", "no app took long for a block lately")(look);
  if (found.level === "ok" || judgeStale(look).level !== "critical") return found;
  return { ...found, evidence: `${found.evidence}; the chain stands still, which gives these too` };
}

function recently(check: RecentCheck, level: "critical" | "warning", well: string) {
  return ({ recent }: CheckLook): CheckVerdict => {
    const last = recent[check];
    if (last === undefined || last.agoMs > RECENT_MS) return ok(well);
    return verdict(level, last.evidence, last.about);
  };
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
const minutes = (ms: number): string => (ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : hours(ms));
const hours = (ms: number): string => {
  const whole = Math.round(ms / 60_000);
  return whole % 60 === 0 ? `${whole / 60} h` : `${Math.floor(whole / 60)} h ${whole % 60} min`;
};
