/** Everybody who may read the same: what they are sent is made once for all of them. */
import { encodeCursor, type Positions } from "#server/contract/cursor.ts";
import type { JournalEvent, StreamName } from "#server/contract/event.ts";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import type { LiveMessage, Samples } from "#server/contract/live.ts";
import { type Audience, maskEvent, maskFolds } from "#server/contract/mask.ts";
import { DEFAULT_MASK_RULES } from "#server/contract/mask-rules.ts";
import {
  seesEvent,
  seesStream,
  type VisibleStreams,
  visibleFolds,
  visibleSamples,
} from "#server/contract/visibility.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { LiveRecorder } from "./recorder.ts";

/** What the hub publishes from. */
export type HubView = Pick<LiveRecorder, "folds" | "samples" | "positions" | "journalStatus" | "onEvents" | "onSample">;

export interface AudienceGroup {
  readonly key: string;
  /** Goes into cursors: a client that may read something else, or folds otherwise, cannot go on from them. */
  readonly scope: string;
  positions(): Positions;
  snapshot(): LiveMessage;
  /** The events as this audience may read them, with the samples of the streams named (`null` = all); `null` when nothing of it concerns them. */
  batch(events: readonly JournalEvent[], sampled: ReadonlySet<StreamName> | null): LiveMessage | null;
  /** Nothing new but the time. */
  pulse(): LiveMessage;
}

export const groupKey = (audience: Audience, visible: VisibleStreams): string =>
  JSON.stringify([audience, visible === "all" ? null : [...visible].sort()]);

export function createAudienceGroup(
  audience: Audience,
  visible: VisibleStreams,
  view: HubView,
  clock: Clock,
  masks = DEFAULT_MASK_RULES,
): AudienceGroup {
  const key = groupKey(audience, visible);
  const scope = `${FOLD_VERSION}.${hashOf(JSON.stringify([key, masks.patterns]))}`;
  const sees = (stream: StreamName) => seesStream(visible, stream);
  const positions = () => Object.fromEntries(Object.entries(view.positions()).filter(([stream]) => sees(stream)));
  const head = () => ({
    cursor: encodeCursor({ scope, positions: positions() }),
    journal: view.journalStatus(),
    serverNow: clock.now(),
  });
  const samplesOf = (streams: ReadonlySet<StreamName> | null): Samples => {
    const wanted = Object.entries(view.samples()).filter(([stream]) => streams === null || streams.has(stream));
    return visibleSamples(visible, Object.fromEntries(wanted), visibleFolds(visible, view.folds()));
  };
  return {
    key,
    scope,
    positions,
    snapshot: () => ({
      type: "snapshot",
      ...head(),
      folds: maskFolds(visibleFolds(visible, view.folds()), audience, masks),
      samples: samplesOf(null),
      foldVersion: FOLD_VERSION,
    }),
    batch(events, sampled) {
      const seen = events
        .filter((event) => seesEvent(visible, event))
        .map((event) => maskEvent(event, audience, masks));
      const samples = samplesOf(sampled);
      if (seen.length === 0 && Object.keys(samples).length === 0) return null;
      return { type: "batch", ...head(), events: seen, samples };
    },
    pulse: () => ({ type: "batch", ...head(), events: [], samples: {} }),
  };
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** FNV-1a of 64 bits in base 36: tells audiences apart, and is no secret. */
function hashOf(text: string): string {
  let hash = FNV_OFFSET;
  for (const unit of text) hash = BigInt.asUintN(64, (hash ^ BigInt(unit.codePointAt(0) ?? 0)) * FNV_PRIME);
  return hash.toString(36);
}
