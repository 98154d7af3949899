import type { StateStore } from "#server/journal/ports.ts";
import { type Clock, type EpochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import {
  type ClientWorldCounts,
  type ClientWorldEffect,
  type ClientWorldEvent,
  nextDueAt,
  startClientWorld,
  stepClientWorld,
} from "./client-world.ts";
import type { Reply, Request } from "./codec/envelope.ts";
import { type DecodedEnvelope, decodeEnvelope } from "./codec/envelope-decode.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import type { StoredForm } from "./codec/stored.ts";
import { toUtcMicros } from "./codec/utc-text.ts";
import { encodeClientWorld, encodeInhibitionLock } from "./codec/world-record.ts";
import { CLIENT_WORLD_CLASS } from "./domain/records.ts";
import { createPause } from "./pause.ts";
import type { DynflowMailbox, EnvelopeHandle, SendGuard, SendOutcome, SkipWrite, WriteOutcome } from "./ports.ts";
import type { UndecodableEnvelopes } from "./undecodable-envelopes.ts";

/** Leaving is a courtesy: a stop of the console does not wait longer for it. */
const LEAVE_TIMEOUT_MS = 1_500;

export interface ClientWorldOptions {
  readonly sourceId: string;
  readonly mailbox: DynflowMailbox;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** LISTEN/NOTIFY can be had on this database. */
  readonly notifies: boolean;
  readonly hostname: string;
  readonly pid: number;
  /** A random UUID; asked for once in the life of the journal. */
  readonly newWorldId: () => string;
  /** How this database's worlds write what they serialize (`domain/protocol.ts`); absent = msgpack. */
  readonly encoding?: StoredForm;
  /** Absent = such envelopes are only counted. */
  readonly undecodable?: Pick<UndecodableEnvelopes, "keep" | "tell">;
}

export type OnReply = (reply: Reply, senderId: string) => void;

/** Our own world in one Dynflow database, and the only way in which anything is sent there. */
export interface ClientWorld {
  /** `null` until it is registered for the first time, and while its record is missing. */
  worldId(): string | null;
  counts(): ClientWorldCounts;
  /** A request id that was never used and never will be: durable before it is answered. */
  nextRequestId(): Promise<string>;
  /**
   * Hands over replies to this request until the returned function is called. More than one can come, much later and
   * from another world than was asked.
   */
  onReply(requestId: string, listener: OnReply): () => void;
  /**
   * Stores one message for its receiver, validated strictly before.
   *
   * @throws OpsError `invalid-input` for a message that Ruby could not decode (nothing was sent); `refused` while we are
   * not registered (nothing was sent); `upstream-unavailable` when nobody answered: it may have been stored
   */
  send(requestId: string, receiverId: string, message: Request): Promise<EnvelopeHandle>;
  /** Stores these for one receiver while the guard holds, all or none. Throws as `send`. */
  sendGuarded(
    guard: Omit<SendGuard, "inhibit">,
    receiverId: string,
    messages: readonly { readonly requestId: string; readonly message: Request }[],
  ): Promise<SendOutcome>;
  /** A Halt of this plan along with the lock that inhibits its execution. Throws as `send`. */
  halt(halt: {
    readonly guard: Omit<SendGuard, "inhibit" | "openStepIds">;
    readonly receiverId: string;
    readonly requestId: string;
    /** An inhibition lock that is held already is a leftover and is taken over. */
    readonly takeOver: boolean;
  }): Promise<SendOutcome>;
  /** See `DynflowMailbox`. */
  withdrawHalt: DynflowMailbox["withdrawHalt"];
  releaseInhibition: DynflowMailbox["releaseInhibition"];
  /** See `DynflowMailbox`. Refused while we are not registered: then nothing was written. */
  skip(write: SkipWrite): Promise<WriteOutcome>;
  freeze(planId: string, frozen: boolean): Promise<boolean>;
  /** Marks a scheduled plan as cancelled and has this executor halt it, all or nothing. Throws as `send`. */
  cancelScheduled(cancel: {
    readonly planId: string;
    readonly rootStepId: number;
    readonly executorId: string;
    readonly requestId: string;
  }): ReturnType<DynflowMailbox["cancelScheduled"]>;
  /** True = taken back before anybody read it; false = it was delivered. */
  withdraw(handle: EnvelopeHandle): Promise<boolean>;
  /**
   * Lives until the signal is aborted, then leaves: record, locks and inbox are deleted. Aborted with `refused`, because
   * another console has taken the journal over and is this world from now on, it leaves them to that one.
   */
  run(signal: AbortSignal): Promise<void>;
}

export async function openClientWorld(options: ClientWorldOptions): Promise<ClientWorld> {
  const { mailbox, clock, log, sourceId, undecodable, encoding = "msgpack" } = options;
  const namespace = `dynflow-world:${sourceId}`;
  const id = await identityOf(options, namespace);
  const listeners = new Map<string, Set<OnReply>>();
  const pause = createPause(clock);
  let state = startClientWorld({ notifies: options.notifies, awaited: [], at: clock.monotonic() });
  let isTakenOver = false;
  let endListening: (() => Promise<void>) | null = null;

  function advance(event: ClientWorldEvent): void {
    const step = stepClientWorld(state, event, clock.monotonic());
    if (step.state.phase !== state.phase) log.info("dynflow.world", { sourceId, id, phase: step.state.phase });
    state = step.state;
    for (const effect of step.effects) void perform(effect);
  }

  /** Something came from outside the loop: it has to look at its due times again. */
  function dispatch(event: ClientWorldEvent): void {
    advance(event);
    pause.end();
  }

  /** Runs one effect and tells how it ended. Never rejects: a database that does not answer is tried again. */
  async function perform(effect: ClientWorldEffect): Promise<void> {
    switch (effect.kind) {
      case "register":
        return dispatch({ kind: "register-ended", ok: await succeeds("register", register()) });
      case "check":
        return dispatch({ kind: "check-ended", registered: await answerOf("check", mailbox.registered(id)) });
      case "listen":
        return dispatch({ kind: "listen-ended", ok: await succeeds("listen", listen()) });
      case "pull": {
        const rows = await answerOf("pull", mailbox.pull(id, keepUnread));
        dispatch({ kind: "pull-ended", envelopes: rows?.map((data) => decodeEnvelope(data, encoding)) ?? null });
        await undecodable?.tell(id);
        return;
      }
      case "reply":
        await succeeds("reply", post(effect.envelope));
        return;
      case "deliver": {
        const { requestId, message, senderId } = effect.envelope;
        for (const listener of listeners.get(requestId) ?? []) listener(message, senderId);
        return;
      }
      case "leave":
        await leave();
        return dispatch({ kind: "left" });
    }
  }

  async function answerOf<T>(what: string, attempt: Promise<T>): Promise<T | null> {
    try {
      return await attempt;
    } catch (cause) {
      log.warn("dynflow.world.failed", { sourceId, what, cause });
      return null;
    }
  }
  const succeeds = async (what: string, attempt: Promise<unknown>): Promise<boolean> =>
    (await answerOf(
      what,
      attempt.then(() => true),
    )) === true;

  /** Whatever says nothing to us is kept before it is deleted; the others of the batch are handled all the same. */
  async function keepUnread(rows: readonly Uint8Array[]): Promise<void> {
    const unread = rows.flatMap((data) => {
      const reason = unreadReason(decodeEnvelope(data, encoding));
      return reason === null ? [] : [{ data, reason }];
    });
    if (unread.length > 0) await undecodable?.keep(unread);
  }

  function register(): Promise<void> {
    const { hostname, pid } = options;
    const data = encodeClientWorld({ id, hostname, pid, lastSeenText: lastSeenText(clock.now()) }, encoding);
    return mailbox.register({ id, class: CLIENT_WORLD_CLASS, data });
  }

  async function listen(): Promise<void> {
    endListening = await mailbox.listen(
      id,
      () => dispatch({ kind: "notified" }),
      (cause) => {
        log.info("dynflow.world.deaf", { sourceId, cause });
        endListening = null;
        dispatch({ kind: "listen-lost" });
      },
    );
  }

  const post = async (envelope: Parameters<typeof encodeEnvelope>[0]): Promise<EnvelopeHandle> =>
    mailbox.send(envelope.receiverId, bytesOf(envelope, encoding));

  function requireRegistered(): void {
    if (state.phase !== "registered") throw new OpsError("refused", "Our own world is not registered at present");
  }

  async function leave(): Promise<void> {
    const timeout = new AbortController();
    const goodbye = (async () => {
      await endListening?.();
      if (!isTakenOver) await mailbox.leave(id);
    })();
    await Promise.race([succeeds("leave", goodbye), clock.sleep(LEAVE_TIMEOUT_MS, timeout.signal).catch(() => false)]);
    timeout.abort();
  }

  return {
    worldId: () => (state.phase === "registered" ? id : null),
    counts: () => state.counts,
    async nextRequestId() {
      return `${id}-${await options.state.increment(namespace, "requests")}`;
    },
    onReply(requestId, listener) {
      const waiting = listeners.get(requestId) ?? new Set();
      listeners.set(requestId, waiting.add(listener));
      dispatch({ kind: "awaited", requestId });
      return () => {
        waiting.delete(listener);
        if (waiting.size > 0) return;
        listeners.delete(requestId);
        dispatch({ kind: "abandoned", requestId });
      };
    },
    async send(requestId, receiverId, message) {
      requireRegistered();
      return post({ requestId, senderId: id, receiverId, message });
    },
    async sendGuarded(guard, receiverId, messages) {
      requireRegistered();
      const envelopes = messages.map(({ requestId, message }) =>
        bytesOf({ requestId, senderId: id, receiverId, message }, encoding),
      );
      return mailbox.sendGuarded({ ...guard, inhibit: null }, receiverId, envelopes);
    },
    async halt({ guard, receiverId, requestId, takeOver }) {
      requireRegistered();
      const { planId } = guard;
      const message = { type: "Halt", planId } as const;
      const inhibit = { data: encodeInhibitionLock(planId, encoding), takeOver };
      return mailbox.sendGuarded({ ...guard, openStepIds: [], inhibit }, receiverId, [
        bytesOf({ requestId, senderId: id, receiverId, message }, encoding),
      ]);
    },
    withdrawHalt: (halt) => mailbox.withdrawHalt(halt),
    releaseInhibition: (planId) => mailbox.releaseInhibition(planId),
    async skip(write) {
      requireRegistered();
      return mailbox.skip(write);
    },
    async freeze(planId, frozen) {
      requireRegistered();
      return mailbox.freeze(planId, frozen);
    },
    async cancelScheduled({ planId, rootStepId, executorId, requestId }) {
      requireRegistered();
      const message = { type: "Halt", planId } as const;
      const halt = bytesOf({ requestId, senderId: id, receiverId: executorId, message }, encoding);
      return mailbox.cancelScheduled({
        planId,
        rootStepId,
        executorId,
        halt,
        inhibition: encodeInhibitionLock(planId, encoding),
      });
    },
    withdraw: (handle) => mailbox.withdraw(handle),
    async run(signal) {
      signal.addEventListener("abort", () => pause.end(), { once: true });
      while (!signal.aborted) {
        advance({ kind: "ticked" });
        const now = clock.monotonic();
        await pause.sleep(Math.max(0, nextDueAt(state, now) - now));
      }
      isTakenOver = signal.reason instanceof OpsError && signal.reason.code === "refused";
      await depart();
    },
  };

  async function depart(): Promise<void> {
    const step = stepClientWorld(state, { kind: "leave" }, clock.monotonic());
    state = step.state;
    for (const effect of step.effects) await perform(effect);
  }
}

/** @throws OpsError `invalid-input` for a message that Ruby could not decode */
function bytesOf(envelope: Parameters<typeof encodeEnvelope>[0], encoding: StoredForm): Uint8Array {
  const bytes = encodeEnvelope(envelope, encoding);
  if (!bytes.ok) throw new OpsError("invalid-input", `This message must not be sent: ${bytes.reason}`);
  return bytes.value;
}

/** The world id is chosen once and kept beside the journal, so that replies to an earlier life still arrive. */
async function identityOf(options: ClientWorldOptions, namespace: string): Promise<string> {
  const known = await options.state.get(namespace, "id");
  if (known !== null) return known;
  const id = options.newWorldId();
  await options.state.put(namespace, "id", id);
  return id;
}

/** `2026-11-22 05:48:11.644`: Ruby parses it, so it has to be there. */
const lastSeenText = (now: EpochMs): string => (toUtcMicros(toIso(now)) ?? "").slice(0, 23).replace("T", " ");

/** Why an envelope says nothing to us; `null` = it is a message of ours, known to the protocol. */
function unreadReason(decoded: DecodedEnvelope): string | null {
  if (!decoded.ok) return decoded.reason;
  if (decoded.envelope.message.type !== "Unknown") return null;
  return decoded.deviations.at(-1) ?? "an unknown message";
}
