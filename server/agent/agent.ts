/**
 * An agent: measures, keeps what it has not been answered for, and sends it again. Whatever the gateway does it lives on,
 * and waits longer each time; told to stop, it says bye.
 */
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createBackOff } from "./back-off.ts";
import type { GatewayLink, LinkFault, Welcome } from "./gateway-link.ts";
import { createItemRing, type Measurement, type NumberedItem } from "./ring.ts";

const BYE_TIMEOUT_MS = 2_000;
/** Status of HTTP for it. */
const TOO_LARGE = 413;
const LATENCY = { type: "networking_metrics", kind: "latency" } as const;

/** One thing that is measured again and again. What has not changed is not sent. */
export interface Collector {
  readonly everyMs: number;
  /** Rejects when it cannot be measured now: it is tried again. */
  measure(): Promise<readonly Measurement[]>;
}

export interface AgentOptions {
  readonly link: GatewayLink;
  readonly collectors: readonly Collector[];
  /** Items that may wait. */
  readonly ringSize: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export interface AgentFigures {
  readonly waiting: number;
  readonly lost: number;
  readonly sent: number;
  readonly rejected: number;
  readonly connected: boolean;
}

export interface Agent {
  /** Until the signal is aborted. With the reason `SILENT` it ends without a bye, as if it was killed. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  figures(): AgentFigures;
}

/** Reason of an end without a bye. */
export const SILENT = Symbol("without a bye");

export function createAgent({ link, collectors, ringSize, clock, random, log }: AgentOptions): Agent {
  const ring = createItemRing(ringSize);
  const backOff = createBackOff(random);
  const lastSent = new Map<string, string>();
  let session: Welcome | null = null;
  let batchMax = 1;
  let roundTripMs: number | null = null;
  let nextPingAt: number = clock.monotonic();
  let notBefore: number = clock.monotonic();
  let [sent, rejected] = [0, 0];
  let wake: () => void = () => undefined;
  let lastTrouble = "";

  /** Unchanged: nothing is sent. */
  function keep(measurement: Measurement): void {
    const key = `${measurement.type} ${measurement.kind}`;
    const text = JSON.stringify(measurement.body);
    if (lastSent.get(key) === text) return;
    lastSent.set(key, text);
    ring.add(measurement, clock.now());
    wake();
  }

  async function collect({ everyMs, measure }: Collector, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for (const measurement of await measure()) keep(measurement);
      } catch (cause) {
        log.warn("agent.not-measured", { cause: messageOf(cause) });
      }
      await clock.sleep(everyMs, signal).catch(() => undefined);
    }
  }

  function trouble(fault: LinkFault): void {
    const said = fault.kind === "unauthorised" ? "the token or the password is not accepted" : fault.reason;
    if (said !== lastTrouble) log.warn("agent.trouble", { kind: fault.kind, reason: said });
    lastTrouble = said;
    const waitMs = backOff.failedMs();
    // A gateway that is busy still hears that we live.
    if (fault.kind === "wait") notBefore = clock.monotonic() + fault.afterMs + waitMs * random() * 0.2;
    else nextPingAt = notBefore = clock.monotonic() + waitMs;
  }

  function well(): void {
    if (lastTrouble !== "") log.info("agent.well", {});
    lastTrouble = "";
    backOff.succeeded();
  }

  async function enter(signal: AbortSignal): Promise<void> {
    const answer = await link.open(signal);
    if (answer.kind !== "open") return trouble(answer);
    session = answer.welcome;
    batchMax = session.maxBatch;
    nextPingAt = clock.monotonic();
    well();
  }

  /** A token that has ended is replaced at once, and what was not taken is sent again with the new one. */
  async function failed(fault: LinkFault, signal: AbortSignal): Promise<void> {
    if (fault.kind !== "unauthorised") return trouble(fault);
    session = null;
    await enter(signal);
  }

  async function send(token: string, signal: AbortSignal): Promise<void> {
    const items = ring.oldest(batchMax);
    const answer = await link.data(token, items, signal);
    if (answer.kind !== "taken") {
      if (answer.kind === "refused" && answer.status === TOO_LARGE) return tooLarge(items);
      return failed(answer, signal);
    }
    ring.settle(new Set(items.map(({ seq }) => seq)));
    sent += items.length - answer.rejected;
    rejected += answer.rejected;
    well();
    mind(answer.credit);
  }

  /** Half of it may be not; a single item always will be, and holds nothing up. */
  function tooLarge(items: readonly NumberedItem[]): void {
    batchMax = Math.max(1, Math.floor(Math.min(batchMax, items.length) / 2));
    const [first] = items;
    if (first === undefined || items.length > 1) return;
    ring.settle(new Set([first.seq]));
    rejected += 1;
    log.warn("agent.item-too-large", { type: first.type, kind: first.kind });
  }

  /** No credit: the gateway says with a ping when there is some again. */
  function mind(credit: number): void {
    if (session === null) return;
    batchMax = Math.max(1, Math.min(session.maxBatch, credit));
    if (credit <= 0) notBefore = clock.monotonic() + backOff.failedMs();
  }

  async function ping(token: string, every: number, signal: AbortSignal): Promise<void> {
    const answer = await link.ping(token, roundTripMs === null ? null : Math.round(roundTripMs), signal);
    nextPingAt = clock.monotonic() + every;
    if (answer.kind !== "pong") return failed(answer, signal);
    roundTripMs = answer.roundTripMs;
    keep({ ...LATENCY, body: { latency: Math.round(answer.roundTripMs) } });
    if (answer.credit > 0) notBefore = Math.min(notBefore, clock.monotonic());
    well();
  }

  /** One thing that is due; answers how long nothing is. */
  async function act(signal: AbortSignal): Promise<number> {
    const now = clock.monotonic();
    if (session === null) {
      if (now < notBefore) return notBefore - now;
      await enter(signal);
      return 0;
    }
    const { token, pingEveryMs } = session;
    if (now >= nextPingAt) {
      await ping(token, pingEveryMs, signal);
      return 0;
    }
    if (ring.size() > 0 && now >= notBefore) {
      await send(token, signal);
      return 0;
    }
    return Math.max(1, Math.min(nextPingAt - now, ring.size() > 0 ? notBefore - now : Number.POSITIVE_INFINITY));
  }

  async function talk(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const idleMs = await act(signal);
      if (idleMs > 0) await rest(idleMs, signal);
    }
  }

  /** Until then, or until something was measured. */
  async function rest(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    wake = () => woken.abort(new Error("measured"));
    await clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    wake = () => undefined;
  }

  return {
    async run(signal) {
      await Promise.all([talk(signal), ...collectors.map((collector) => collect(collector, signal))]);
      if (session !== null && signal.reason !== SILENT) {
        await link.bye(session.token, "told to stop", AbortSignal.timeout(BYE_TIMEOUT_MS));
      }
      link.close();
    },
    figures: () => ({ waiting: ring.size(), lost: ring.lost(), sent, rejected, connected: session !== null }),
  };
}
