/** Holds the one connection: opens it, notices when it is dead, comes back with its cursor. The browser is handed in. */
import type { LiveMessage } from "#server/contract/live.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type FeedInput, stepFeed } from "./feed-core.ts";
import { type FeedState, initialFeed } from "./feed-state.ts";

const RECONNECT_AFTER_MS = 1_000;
/** The server says something every 5 s. */
const SILENCE_MAX_MS = 12_000;

export interface Connection {
  close(): void;
}

export interface ConnectionEvents {
  /** The data of one server-sent event. */
  onMessage(data: string): void;
  /** Told at most once, and nothing after it: the connection is of no more use. */
  onFailed(why: "lost" | "refused"): void;
}

export interface FeedPorts {
  open(cursor: string | null, events: ConnectionEvents): Connection;
  /** Calls once after `ms`; answers the way to call it off. */
  after(ms: number, call: () => void): () => void;
  now(): EpochMs;
}

export interface Feed {
  state(): FeedState;
  /** Calls after each input that was taken in; answers the way to hear no more. */
  onInput(listener: () => void): () => void;
  /** Connects unless it is connected; after an end it begins anew. */
  start(): void;
  /** Lets the connection go and keeps what is known. */
  stop(): void;
}

export function createFeed(ports: FeedPorts): Feed {
  const listeners = new Set<() => void>();
  let state = initialFeed(ports.now());
  let connection: Connection | null = null;
  let callOff = () => {};

  function take(input: FeedInput): void {
    state = stepFeed(state, input);
    for (const listener of listeners) listener();
  }

  function disconnect(): void {
    callOff();
    connection?.close();
    connection = null;
  }

  function connect(): void {
    const own = ports.open(state.live?.cursor ?? null, {
      onMessage(data) {
        if (connection !== own) return;
        const message = parseMessage(data);
        if (message === null) return fail("lost");
        take({ kind: "message", message, at: ports.now() });
        if (state.phase === "ended") disconnect();
        else watch();
      },
      onFailed(why) {
        if (connection === own) fail(why);
      },
    });
    connection = own;
    watch();
  }

  function watch(): void {
    callOff();
    callOff = ports.after(SILENCE_MAX_MS, () => fail("lost"));
  }

  function fail(why: "lost" | "refused"): void {
    disconnect();
    take({ kind: why, at: ports.now() });
    if (state.phase !== "ended") callOff = ports.after(RECONNECT_AFTER_MS, connect);
  }

  return {
    state: () => state,
    onInput(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    start() {
      if (connection !== null) return;
      callOff();
      if (state.phase === "ended") state = initialFeed(ports.now());
      connect();
    },
    stop: disconnect,
  };
}

function parseMessage(data: string): LiveMessage | null {
  try {
    return JSON.parse(data) as LiveMessage;
  } catch {
    // Cut off on its way: the connection is given up for it, and what it was about comes again.
    return null;
  }
}
