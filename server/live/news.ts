/** What has happened since the last flush. */
import type { JournalEvent, StreamName } from "#server/contract/event.ts";
import type { HubView } from "./audience-group.ts";

export interface News {
  /** Everything since the last call. */
  take(): {
    readonly events: readonly JournalEvent[];
    readonly sampled: ReadonlySet<StreamName>;
    readonly statusChanged: boolean;
  };
  /** Changes whenever a snapshot would look different. */
  moment(): number;
  /** Time has passed: a snapshot would tell another time. */
  tick(): void;
  stop(): void;
}

/** @param listening while nobody does, events are only handed to `onEvents`: whoever comes is told by a snapshot */
export function collectNews(
  view: HubView,
  onEvents: (events: readonly JournalEvent[]) => void,
  listening: () => boolean,
): News {
  let events: JournalEvent[] = [];
  let sampled = new Set<StreamName>();
  let told = view.journalStatus();
  let moment = 0;
  const stopEvents = view.onEvents((added) => {
    moment += 1;
    onEvents(added);
    if (listening()) events.push(...added);
  });
  const stopSamples = view.onSample((stream) => {
    moment += 1;
    sampled.add(stream);
  });
  return {
    take() {
      const status = view.journalStatus();
      const taken = { events, sampled, statusChanged: status !== told };
      if (taken.statusChanged) moment += 1;
      events = [];
      sampled = new Set();
      told = status;
      return taken;
    },
    moment: () => moment,
    tick() {
      moment += 1;
    },
    stop() {
      stopEvents();
      stopSamples();
    },
  };
}
