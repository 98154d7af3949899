import type { LiveMessage } from "#server/contract/live.ts";
import type { Audience } from "#server/contract/mask.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import type { VisibleStreams } from "#server/contract/visibility.ts";
import type { Journal } from "#server/journal/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { HubView } from "./audience-group.ts";
import { missedBetween, resumable } from "./backlog.ts";
import { createEventRing } from "./event-ring.ts";
import { createMail, type MailCounts } from "./mail.ts";
import { createMembership, type Group, type Member, type MembershipLimits, type StreamOwner } from "./membership.ts";
import { collectNews } from "./news.ts";
import { toSseFrame } from "./sse.ts";
import { createSubscriber, type LiveSink } from "./subscriber.ts";

const FLUSH_EVERY_MS = 250;
/** A client that hears nothing for more than two of these has lost its connection. */
export const PULSE_EVERY_MS = 5_000;

export interface HubLimits extends MembershipLimits {
  /** What may wait to leave for one client before it is taken out, to be given a snapshot later. */
  readonly bufferedBytes: number;
  /** A client that has missed more is given a snapshot. */
  readonly replayEvents: number;
}

const LIMITS: HubLimits = {
  streamsPerPrincipal: 12,
  streamsTotal: 2_000,
  bufferedBytes: 1_048_576,
  replayEvents: 5_000,
};

export interface SubscribeRequest {
  readonly owner: StreamOwner;
  readonly audience: Audience;
  readonly visible: VisibleStreams;
  /** What the client took in last, as it was given; anything else is answered by a snapshot. */
  readonly cursor: string | null;
  /** When the login ends by itself. */
  readonly expiresAt: EpochMs | null;
  readonly sink: LiveSink;
}

export interface HubStats extends MailCounts {
  readonly streams: number;
}

export interface Hub {
  /**
   * Sends what was missed since the cursor, or a snapshot, and everything from there on, without gap or repetition.
   * Answers the way to leave.
   *
   * @throws OpsError `limit-exceeded` before anything is written, `cancelled` once the hub is stopped
   */
  subscribe(request: SubscribeRequest): Promise<() => void>;
  /** Ends the streams that match for good: the clients are told to log in again. */
  endWhere(match: (owner: StreamOwner) => boolean, reason: string): void;
  end(principalId: string, reason: string): void;
  endAll(reason: string): void;
  /** Sends now what waits for the next flush. */
  flush(): void;
  stats(): HubStats;
  /** Closes every stream without a word: the clients come back with their cursors. */
  stop(): void;
}

export interface HubOptions {
  readonly view: HubView;
  readonly journal: Pick<Journal, "after">;
  /** Paces the feed and ends logins: real time. */
  readonly clock: Clock;
  /** What the events are dated by, told to clients as the server's time; `clock` unless the demo runs at another speed. */
  readonly eventClock?: Clock;
  readonly log: Logger;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
  readonly limits?: Partial<HubLimits>;
  readonly encode?: (message: LiveMessage) => Uint8Array;
}

/** Starts to publish, every 250 ms what there is. */
export function createHub(options: HubOptions): Hub {
  const { view, journal, clock, log, masks = DEFAULT_MASK_RULES } = options;
  const limits = { ...LIMITS, ...options.limits };
  const ring = createEventRing(limits.replayEvents);
  const membership = createMembership(view, { clock, eventClock: options.eventClock ?? clock, masks }, limits);
  const mail = createMail(options.encode ?? toSseFrame);
  const news = collectNews(
    view,
    (events) => ring.push(events),
    () => membership.count() > 0,
  );
  const stopped = new AbortController();
  /** Ends the rest of a hub that nobody listens to. */
  let somebody = Promise.withResolvers<void>();

  function flush(): void {
    const { events, sampled, statusChanged } = news.take();
    for (const group of [...membership.groups()]) {
      for (const member of group.members) if (isOver(member, clock)) finish(group, member, "The login has expired");
      const isDue = statusChanged || clock.monotonic() - group.saidAt >= PULSE_EVERY_MS;
      const listens = [...group.members].some(({ subscriber }) => subscriber.isCurrent());
      const message = listens ? (group.batch(events, sampled) ?? (isDue ? group.pulse() : null)) : null;
      if (message !== null) {
        group.saidAt = clock.monotonic();
        mail.toAll(group, message);
      }
      for (const member of group.members) mend(group, member);
    }
  }

  /** A slow client that has caught up is current again by a snapshot; one that never does is let go. */
  function mend(group: Group, member: Member): void {
    const { subscriber } = member;
    if (subscriber.isDrained()) subscriber.begin(mail.snapshotOf(group, news.moment()));
    if (!subscriber.isStuck()) return;
    membership.leave(group, member);
    subscriber.finish(null);
  }

  function finish(group: Group, member: Member, reason: string): void {
    membership.leave(group, member);
    member.subscriber.finish(mail.encoded({ type: "ended", reason }));
  }

  function endWhere(match: (owner: StreamOwner) => boolean, reason: string): void {
    for (const group of [...membership.groups()]) {
      for (const member of group.members) if (match(member.owner)) finish(group, member, reason);
    }
  }

  /** Everybody stands at the same position when this returns, the newcomer too. */
  async function welcome(group: Group, member: Member, cursor: string | null): Promise<void> {
    const before = group.positions();
    const known = resumable(cursor, group.scope, before, limits.replayEvents);
    const source = { ring, journal, log, eventsMax: limits.replayEvents };
    const missed = known === null ? null : await missedBetween(known.positions, before, source);
    if (member.subscriber.isClosed()) return;
    flush();
    const meanwhile = ring.between(before, group.positions());
    const events = missed === null || meanwhile === null ? null : [...missed, ...meanwhile];
    const replay = events === null ? null : (group.batch(events, null) ?? group.pulse());
    member.subscriber.begin(replay === null ? mail.snapshotOf(group, news.moment()) : mail.encoded(replay));
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      if (membership.count() === 0) await somebody.promise;
      await clock.sleep(FLUSH_EVERY_MS, stopped.signal);
      news.tick();
      try {
        flush();
      } catch (cause) {
        log.error("live.flush.failed", { cause: messageOf(cause) });
      }
    }
  }
  run().catch((cause: unknown) => log.debug("live.hub.ended", { cause: messageOf(cause) }));

  return {
    async subscribe({ owner, audience, visible, cursor, expiresAt, sink }) {
      if (stopped.signal.aborted) throw new OpsError("cancelled", "The live feed is stopping");
      const subscriber = createSubscriber(sink, limits.bufferedBytes, clock);
      const member: Member = { owner, expiresAt, subscriber };
      const group = membership.join(member, audience, visible);
      somebody.resolve();
      somebody = Promise.withResolvers();
      const leave = () => {
        membership.leave(group, member);
        subscriber.finish(null);
      };
      try {
        await welcome(group, member, cursor);
      } catch (cause) {
        leave();
        throw cause;
      }
      return leave;
    },
    endWhere,
    end: (principalId, reason) => endWhere((owner) => owner.principalId === principalId, reason),
    endAll: (reason) => endWhere(() => true, reason),
    flush,
    stats: () => ({ streams: membership.count(), ...mail.counts() }),
    stop() {
      stopped.abort(new OpsError("cancelled", "The live feed is stopped"));
      somebody.resolve();
      news.stop();
      for (const group of [...membership.groups()]) {
        for (const member of group.members) {
          membership.leave(group, member);
          member.subscriber.finish(null);
        }
      }
    },
  };
}

const isOver = ({ expiresAt }: Member, clock: Clock): boolean => expiresAt !== null && expiresAt <= clock.now();
