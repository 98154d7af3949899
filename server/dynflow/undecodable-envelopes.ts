import { dynflowStream } from "#server/contract/event.ts";
import type { StateStore } from "#server/journal/ports.ts";
import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";
import { sha256Of } from "./codec/digest.ts";

/** Different envelopes kept of one source; the one that came longest ago gives way. */
export const UNDECODABLE_KEPT_MAX = 100;
/** Of one envelope so many bytes are kept; its length and digest are of all of it. */
const KEPT_BYTES_MAX = 64 * 1024;
/** What is shown of it and goes into the journal. */
export const UNDECODABLE_HEAD_BYTES = 64;
const REASON_MAX = 300;

/** An envelope for our own world that we could not decode. It was taken from the table and is kept here instead. */
export interface UndecodableEnvelope {
  /** SHA-256 of its bytes, in hex; the same envelope again is counted, not kept twice. */
  readonly sha256: string;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
  readonly times: number;
  readonly reason: string;
  readonly bytes: number;
  /** Its first 64 bytes in hex. Not for viewers. */
  readonly head: string;
}

/** Keeps envelopes that came for us and say nothing to us, durably and bounded. */
export interface UndecodableEnvelopes {
  /** What an earlier life of the console has kept. */
  load(): Promise<void>;
  /** Keeps these before they are deleted where they came from. Never rejects: what the store does not take is in memory only. */
  keep(envelopes: readonly { readonly data: Uint8Array; readonly reason: string }[]): Promise<void>;
  /** Journals what was kept and is not journalled yet. Never rejects: it is tried again with the next. */
  tell(worldId: string): Promise<void>;
  /** Latest first. */
  list(): readonly UndecodableEnvelope[];
}

export function createUndecodableEnvelopes(options: {
  readonly sourceId: string;
  readonly state: Pick<StateStore, "list" | "putAll">;
  readonly recorder: Pick<Recorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}): UndecodableEnvelopes {
  const { sourceId, state, recorder, clock, log } = options;
  const namespace = `dynflow-undecodable:${sourceId}`;
  /** By digest, in order of the last time each came. */
  const kept = new Map<string, UndecodableEnvelope>();
  const untold = new Map<string, UndecodableEnvelope>();

  function take(data: Uint8Array, reason: string): { readonly key: string; readonly value: string } {
    const sha256 = sha256Of(data);
    const known = kept.get(sha256);
    const now = clock.now();
    const one: UndecodableEnvelope = {
      sha256,
      firstAt: known?.firstAt ?? now,
      lastAt: now,
      times: (known?.times ?? 0) + 1,
      reason: reason.slice(0, REASON_MAX),
      bytes: data.length,
      head: Buffer.from(data.subarray(0, UNDECODABLE_HEAD_BYTES)).toString("hex"),
    };
    kept.delete(sha256);
    kept.set(sha256, one);
    if (known === undefined) untold.set(sha256, one);
    const base64 = Buffer.from(data.subarray(0, KEPT_BYTES_MAX)).toString("base64");
    return { key: sha256, value: JSON.stringify({ ...one, data: base64 }) };
  }

  function dropOldest(): readonly { readonly key: string; readonly value: null }[] {
    const tooMany = [...kept.keys()].slice(0, Math.max(0, kept.size - UNDECODABLE_KEPT_MAX));
    for (const key of tooMany) kept.delete(key);
    return tooMany.map((key) => ({ key, value: null }));
  }

  return {
    async load() {
      const stored = (await state.list(namespace)).flatMap(({ value }) => parseKept(value) ?? []);
      for (const one of stored.toSorted((a, b) => a.lastAt - b.lastAt)) kept.set(one.sha256, one);
    },
    async keep(envelopes) {
      const entries = new Map(
        envelopes.map(({ data, reason }) => take(data, reason)).map((entry) => [entry.key, entry]),
      );
      const dropped = dropOldest();
      const stays = [...entries.values()].filter(({ key }) => kept.has(key));
      try {
        await state.putAll(namespace, [...stays, ...dropped]);
      } catch (cause) {
        log.error("dynflow.envelope.not_kept", { sourceId, envelopes: envelopes.length, cause });
      }
    },
    async tell(worldId) {
      for (const [key, { reason, bytes, sha256, head, lastAt }] of [...untold]) {
        try {
          await recorder.record(dynflowStream(sourceId), [
            {
              kind: "dynflow.envelope.undecodable",
              subject: worldId,
              occurredAt: lastAt,
              body: { reason, bytes, sha256, head },
            },
          ]);
          untold.delete(key);
        } catch (cause) {
          log.error("dynflow.envelope.not_journalled", { sourceId, sha256, cause });
          return;
        }
      }
    },
    list: () => [...kept.values()].toReversed(),
  };
}

/** What an earlier life wrote; `null` when it is no such thing (another version's). */
function parseKept(text: string): UndecodableEnvelope | null {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) return null;
  const { sha256, firstAt, lastAt, times, reason, bytes, head } = value as Readonly<Record<string, unknown>>;
  if (typeof sha256 !== "string" || typeof reason !== "string" || typeof head !== "string") return null;
  if (typeof firstAt !== "number" || typeof lastAt !== "number") return null;
  if (typeof times !== "number" || typeof bytes !== "number") return null;
  return { sha256, firstAt: epochMs(firstAt), lastAt: epochMs(lastAt), times, reason, bytes, head };
}
