/**
 * The state language: one vocabulary for all systems. A state is drawn as glyph and word together; the word is the
 * upstream system's own, the tone says what it means for a person, the shape departs from the tone's where it must.
 */
export const TONES = ["idle", "queued", "working", "waiting", "good", "attention", "failed", "unknown"] as const;
export type Tone = (typeof TONES)[number];

export const SHAPES = [
  "dot",
  "ring",
  "slash",
  "square",
  "clock",
  "half",
  "diamond",
  "triangle",
  "pause",
  "cross",
  "square-x",
  "stop",
  "skip",
  "hatch",
] as const;
export type Shape = (typeof SHAPES)[number];

/** The shape of a tone, unless the state names another. */
export const TONE_SHAPE: Readonly<Record<Tone, Shape>> = {
  idle: "ring",
  queued: "square",
  working: "half",
  waiting: "diamond",
  good: "dot",
  attention: "triangle",
  failed: "cross",
  unknown: "hatch",
};

type Look = Tone | `${Tone}/${Shape}`;
const table = <T extends Readonly<Record<string, Readonly<Record<string, Look>>>>>(states: T): T => states;

/** System, then state, to tone and shape. Nothing else decides how a state looks. */
export const STATES = table({
  node: {
    observing: "unknown",
    alive: "good",
    late: "attention",
    silent: "failed",
    gone: "idle/slash",
    zombie: "failed/square-x",
    superseded: "idle/slash",
    returned: "waiting",
    name_conflict: "failed/square-x",
  },
  beam: {
    none: "unknown",
    connected: "good",
    unreachable: "attention",
    refused: "failed",
  },
  /** What the cluster worker of a node is at. */
  worker: {
    booting: "working",
    beating: "working",
    listing: "working",
    judging: "working",
    waiting: "good",
    stale: "attention",
    crashed: "failed",
    halted: "failed/stop",
  },
  actor: {
    unknown: "unknown",
    owned: "idle",
    running: "good",
    starting: "working",
    "init storage": "working",
    "init actor": "working",
    idle: "good",
    handling: "working",
    pending: "waiting",
    crashed: "failed",
    "orphan row": "idle/slash",
    duplicate: "failed/square-x",
  },
  plan: {
    pending: "queued",
    scheduled: "queued/clock",
    planning: "working",
    planned: "queued",
    running: "working",
    paused: "attention/pause",
    stopped: "idle/stop",
  },
  result: {
    pending: "queued",
    success: "good",
    warning: "attention",
    error: "failed",
    cancelled: "idle/slash",
    "N/A": "unknown",
  },
  step: {
    scheduling: "working",
    pending: "queued",
    running: "working",
    success: "good",
    suspended: "waiting",
    skipping: "attention/skip",
    skipped: "idle/skip",
    error: "failed",
    cancelled: "idle/slash",
  },
  world: {
    active: "good",
    terminating: "waiting",
    "no pong": "attention",
    "not answering": "failed",
    invalidating: "working",
    invalidated: "idle/slash",
    "not asked": "unknown",
    client: "idle",
    unreadable: "failed/square-x",
    gone: "idle/slash",
  },
  lock: {
    held: "working",
    planning: "working",
    singleton: "waiting",
    inhibition: "waiting",
    orphaned: "failed",
    released: "idle",
  },
  envelope: {
    queued: "queued",
    drained: "good",
    stuck: "attention",
    unreadable: "failed",
    withdrawn: "idle/slash",
  },
  job: {
    previewed: "queued",
    running: "working",
    waiting: "waiting",
    paused: "attention/pause",
    done: "good",
    "done, some refused": "attention",
    stopped: "attention/stop",
    failed: "failed",
    cancelled: "idle/slash",
    "target unknown": "unknown",
  },
  /** What became of one target of a job. */
  target: { applied: "good", moved: "idle/skip", failed: "failed", unknown: "unknown" },
  /** What a check of a cluster says. */
  health: {
    critical: "failed",
    warning: "attention",
    "not-known": "unknown",
    ok: "good",
  },
  /** A walk that counts keys. */
  census: {
    running: "working",
    waiting: "waiting",
    paused: "attention/pause",
    done: "good",
    cut: "attention",
    cancelled: "idle/slash",
    failed: "failed",
  },
  source: {
    up: "good",
    starting: "working",
    slow: "attention",
    down: "failed",
    parked: "failed/square-x",
    "not configured": "idle",
    "not known": "unknown",
  },
  agent: {
    active: "good",
    late: "attention",
    inactive: "failed",
    unknown: "unknown",
    restarted: "working",
    gap: "attention",
    left: "idle/slash",
    forgotten: "idle/slash",
  },
  /** A receiver of what agents send. */
  receiver: { ok: "good", lagging: "attention", failing: "failed", full: "failed/stop", stopped: "idle/slash" },
  sink: { ok: "good", failing: "failed", "not used yet": "idle" },
  gateway: { up: "good", gone: "failed" },
  /** A part of the console that acts on its own. */
  reader: { running: "good", restarting: "attention", parked: "failed/square-x", stopped: "idle/slash" },
  haf: {
    not_started: "idle",
    index_building: "working",
    haf_starting: "working",
    replay: "working",
    live_trigger_fired: "good",
    app_setup: "working",
    app_sync: "working",
    app_live_wait: "waiting",
    api_serving: "good",
    "api_serving, lagging": "attention",
  },
  hafApp: {
    missing: "idle",
    installing: "working",
    installed: "queued",
    indexes_pending: "working",
    waiting_for_haf: "waiting",
    massive: "working",
    live: "good",
    lagging: "attention",
    detached: "failed/stop",
    removed: "idle/slash",
  },
  hafRole: {
    planned: "queued",
    starting: "working",
    alive: "good",
    sick: "attention",
    done: "idle/stop",
    failed: "failed",
    destroyed: "idle/slash",
  },
  operation: {
    requested: "queued",
    denied: "attention",
    executed: "working",
    verified: "good",
    unverified: "attention",
    failed: "failed",
    unknown: "unknown",
  },
});
export type StateSystem = keyof typeof STATES;

/** How one state looks. A word that the table does not know is shown as it is, hatched: never guessed. */
export function lookOf(system: StateSystem, word: string): { readonly tone: Tone; readonly shape: Shape } {
  const states: Readonly<Record<string, Look>> = STATES[system];
  const look = Object.hasOwn(states, word) ? states[word] : undefined;
  const tone = TONES.find((candidate) => candidate === look?.split("/", 1)[0]) ?? "unknown";
  const shape = SHAPES.find((candidate) => look === `${tone}/${candidate}`) ?? TONE_SHAPE[tone];
  return { tone, shape };
}

/** Tones from worst to best: what is shown for several states at once is the first that occurs. */
export const TONES_WORST_FIRST: readonly Tone[] = [
  "failed",
  "attention",
  "unknown",
  "waiting",
  "working",
  "queued",
  "idle",
  "good",
];
