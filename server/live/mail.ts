/** Makes messages into bytes, once for all who get them, and counts. */
import type { LiveMessage } from "#server/contract/live.ts";
import type { Group } from "./membership.ts";

export interface MailCounts {
  /** Messages made, and how often one was written to somebody. */
  readonly made: number;
  readonly written: number;
  /** Of all that was written, snapshots left out. */
  readonly bytes: number;
  /** Times a slow client was taken out until it had caught up. */
  readonly fellBehind: number;
}

export interface Mail {
  encoded(message: LiveMessage): Uint8Array;
  /** Writes one frame to everybody in the group who keeps up. */
  toAll(group: Group, message: LiveMessage): void;
  /** The snapshot of a moment: the same bytes for all who ask for it. */
  snapshotOf(group: Group, moment: number): Uint8Array;
  counts(): MailCounts;
}

export function createMail(encode: (message: LiveMessage) => Uint8Array): Mail {
  let made = 0;
  let written = 0;
  let bytes = 0;
  let fellBehind = 0;
  const encoded = (message: LiveMessage) => {
    made += 1;
    return encode(message);
  };
  return {
    encoded,
    toAll(group, message) {
      const frame = encoded(message);
      for (const { subscriber } of group.members) {
        if (!subscriber.isCurrent()) continue;
        if (!subscriber.offer(frame)) {
          fellBehind += 1;
          continue;
        }
        written += 1;
        bytes += frame.byteLength;
      }
    },
    snapshotOf(group, moment) {
      if (group.kept?.moment !== moment) group.kept = { moment, frame: encoded(group.snapshot()) };
      return group.kept.frame;
    },
    counts: () => ({ made, written, bytes, fellBehind }),
  };
}
