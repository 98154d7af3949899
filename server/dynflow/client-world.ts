import { type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";
import { type Envelope, isReply, type Reply, replyTo } from "./codec/envelope.ts";
import type { DecodedEnvelope } from "./codec/envelope-decode.ts";

/** Our own record is looked after this often: a world that was wrongly invalidated is deleted and must come back. */
export const RECORD_CHECK_INTERVAL_MS = 3_000;
/** Where nothing notifies (SQLite), as Ruby does. */
export const POLL_INTERVAL_MS = 1_000;
/** Where LISTEN works, for what a lost notification may leave behind. */
export const SAFETY_POLL_INTERVAL_MS = 30_000;
/** What failed is tried again after this. */
export const RETRY_INTERVAL_MS = 1_000;

/** Registered = our record was there when last looked at. */
export type ClientWorldPhase = "starting" | "registered" | "missing" | "leaving" | "left";

/**
 * A client world among Dynflow's worlds, as pure data: it registers, listens, polls, answers pings and hands replies
 * to whoever waits for them. What it wants done it says as effects; how they ended comes back as events.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/world.rb, connectors/database.rb, connectors/abstract.rb `handle_envelope`.
 */
export interface ClientWorldState {
  readonly phase: ClientWorldPhase;
  /** Notifications can be had at all. */
  readonly notifies: boolean;
  readonly listening: boolean;
  /** Effects under way: each at most once at a time. */
  readonly busy: ReadonlySet<Task>;
  /** Something arrived while a pull was under way: pull again. */
  readonly pullAgain: boolean;
  readonly registerDueAt: MonotonicMs;
  readonly checkDueAt: MonotonicMs;
  readonly listenDueAt: MonotonicMs;
  readonly pullDueAt: MonotonicMs;
  /** Request ids whose replies somebody waits for, of this life or an earlier one. */
  readonly awaited: ReadonlySet<string>;
  readonly counts: ClientWorldCounts;
}

export interface ClientWorldCounts {
  readonly pingsAnswered: number;
  readonly repliesDelivered: number;
  /** Replies to requests that nobody waits for. */
  readonly repliesUnknown: number;
  /** Requests that only executors serve, and messages of types we do not know. */
  readonly requestsIgnored: number;
  readonly undecodable: number;
}

export type ClientWorldEvent =
  | { readonly kind: "ticked" }
  | { readonly kind: "register-ended"; readonly ok: boolean }
  | { readonly kind: "check-ended"; readonly registered: boolean | null }
  | { readonly kind: "listen-ended"; readonly ok: boolean }
  | { readonly kind: "listen-lost" }
  | { readonly kind: "notified" }
  /** `null` = the pull failed; nothing was taken then. */
  | { readonly kind: "pull-ended"; readonly envelopes: readonly DecodedEnvelope[] | null }
  | { readonly kind: "awaited"; readonly requestId: string }
  | { readonly kind: "abandoned"; readonly requestId: string }
  | { readonly kind: "leave" }
  | { readonly kind: "left" };

export type ClientWorldEffect =
  | { readonly kind: "register" }
  | { readonly kind: "check" }
  | { readonly kind: "listen" }
  | { readonly kind: "pull" }
  | { readonly kind: "reply"; readonly envelope: Envelope<Reply> }
  | { readonly kind: "deliver"; readonly envelope: Envelope<Reply> }
  | { readonly kind: "leave" };

export interface ClientWorldStep {
  readonly state: ClientWorldState;
  readonly effects: readonly ClientWorldEffect[];
}

const NO_COUNTS: ClientWorldCounts = {
  pingsAnswered: 0,
  repliesDelivered: 0,
  repliesUnknown: 0,
  requestsIgnored: 0,
  undecodable: 0,
};

export const startClientWorld = (options: {
  readonly notifies: boolean;
  readonly awaited: readonly string[];
  readonly at: MonotonicMs;
}): ClientWorldState => ({
  phase: "starting",
  notifies: options.notifies,
  listening: false,
  busy: new Set(),
  pullAgain: false,
  registerDueAt: options.at,
  checkDueAt: options.at,
  listenDueAt: options.at,
  pullDueAt: options.at,
  awaited: new Set(options.awaited),
  counts: NO_COUNTS,
});

/** Pure; total. `at` is the instant of the event, on the clock that drives `ticked`. */
export function stepClientWorld(state: ClientWorldState, event: ClientWorldEvent, at: MonotonicMs): ClientWorldStep {
  switch (event.kind) {
    case "ticked":
      return start(state, at);
    case "register-ended": {
      const ended = idle(state, "register");
      if (isEnding(state)) return { state: ended, effects: [] };
      if (!event.ok) return { state: { ...ended, registerDueAt: later(at, RETRY_INTERVAL_MS) }, effects: [] };
      return start({ ...ended, phase: "registered", checkDueAt: later(at, RECORD_CHECK_INTERVAL_MS) }, at);
    }
    case "check-ended": {
      const checked = { ...idle(state, "check"), checkDueAt: later(at, RECORD_CHECK_INTERVAL_MS) };
      if (isEnding(state) || event.registered !== false) return { state: checked, effects: [] };
      return start({ ...checked, phase: "missing", registerDueAt: at }, at);
    }
    case "listen-ended": {
      const ended = idle(state, "listen");
      if (!event.ok) return { state: { ...ended, listenDueAt: later(at, RETRY_INTERVAL_MS) }, effects: [] };
      // What was sent before we listened was not told to us.
      return start({ ...ended, listening: true, pullDueAt: at }, at);
    }
    case "listen-lost":
      return {
        state: { ...state, listening: false, listenDueAt: later(at, RETRY_INTERVAL_MS), pullDueAt: at },
        effects: [],
      };
    case "notified":
      return state.busy.has("pull")
        ? { state: { ...state, pullAgain: true }, effects: [] }
        : start({ ...state, pullDueAt: at }, at);
    case "pull-ended":
      return pulled(state, event.envelopes, at);
    case "awaited":
      return { state: { ...state, awaited: new Set([...state.awaited, event.requestId]) }, effects: [] };
    case "abandoned": {
      const awaited = new Set(state.awaited);
      awaited.delete(event.requestId);
      return { state: { ...state, awaited }, effects: [] };
    }
    case "leave":
      if (isEnding(state)) return { state, effects: [] };
      return { state: { ...state, phase: "leaving" }, effects: [{ kind: "leave" }] };
    case "left":
      return { state: { ...state, phase: "left", listening: false }, effects: [] };
  }
}

type Task = "register" | "check" | "listen" | "pull";

/** When something is due next, if nothing happens before. Never infinite: time is looked at now and then anyway. */
export function nextDueAt(state: ClientWorldState, at: MonotonicMs): MonotonicMs {
  const dues = startable(state).map(([, dueAt]) => dueAt);
  return monotonicMs(Math.min(later(at, SAFETY_POLL_INTERVAL_MS), ...dues));
}

/** What may be started, and when. First the record, then the ear, then the inbox. */
function startable(state: ClientWorldState): readonly (readonly [Task, MonotonicMs])[] {
  if (isEnding(state)) return [];
  const tasks: (readonly [Task, MonotonicMs])[] = [];
  if (state.phase !== "registered") tasks.push(["register", state.registerDueAt]);
  else {
    tasks.push(["check", state.checkDueAt]);
    const mute = state.notifies && !state.listening;
    if (mute) tasks.push(["listen", state.listenDueAt]);
    if (!state.busy.has("listen")) tasks.push(["pull", state.pullDueAt]);
  }
  return tasks.filter(([task]) => !state.busy.has(task));
}

function start(state: ClientWorldState, at: MonotonicMs): ClientWorldStep {
  let started = state;
  const effects: ClientWorldEffect[] = [];
  for (const [task] of startable(state)) {
    const isDue = startable(started).some(([kind, dueAt]) => kind === task && dueAt <= at);
    if (!isDue) continue;
    started = { ...started, busy: new Set([...started.busy, task]) };
    effects.push({ kind: task });
  }
  return { state: started, effects };
}

function pulled(
  state: ClientWorldState,
  envelopes: readonly DecodedEnvelope[] | null,
  at: MonotonicMs,
): ClientWorldStep {
  const interval = state.notifies && state.listening ? SAFETY_POLL_INTERVAL_MS : POLL_INTERVAL_MS;
  const pullDueAt = envelopes === null ? later(at, RETRY_INTERVAL_MS) : state.pullAgain ? at : later(at, interval);
  const counts: { -readonly [K in keyof ClientWorldCounts]: number } = { ...state.counts };
  const effects = (envelopes ?? []).flatMap((decoded) => take(state, decoded, counts));
  const next = { ...idle(state, "pull"), pullAgain: false, pullDueAt, counts };
  const more = start(next, at);
  return { state: more.state, effects: [...effects, ...more.effects] };
}

function take(
  state: ClientWorldState,
  decoded: DecodedEnvelope,
  counts: { -readonly [K in keyof ClientWorldCounts]: number },
): ClientWorldEffect[] {
  if (!decoded.ok) {
    counts.undecodable += 1;
    return [];
  }
  const { message } = decoded.envelope;
  if (message.type === "Ping") {
    counts.pingsAnswered += 1;
    return [{ kind: "reply", envelope: replyTo(decoded.envelope, { type: "Pong" }) }];
  }
  if (!isReply(message)) {
    counts.requestsIgnored += 1;
    return [];
  }
  if (!state.awaited.has(decoded.envelope.requestId)) {
    counts.repliesUnknown += 1;
    return [];
  }
  counts.repliesDelivered += 1;
  return [{ kind: "deliver", envelope: { ...decoded.envelope, message } }];
}

const isEnding = (state: ClientWorldState): boolean => state.phase === "leaving" || state.phase === "left";
const later = (at: MonotonicMs, ms: number): MonotonicMs => monotonicMs(at + ms);

function idle(state: ClientWorldState, kind: Task): ClientWorldState {
  const busy = new Set(state.busy);
  busy.delete(kind);
  return { ...state, busy };
}
