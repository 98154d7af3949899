import type { StateStore } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { EndedSessions } from "./ports.ts";

const NAMESPACE = "auth.ended-sessions";

/** Kept with the journal's state, so that a logged-out cookie stays worthless after a restart. */
export async function createEndedSessions(deps: {
  readonly state: Pick<StateStore, "list" | "putAll">;
  readonly clock: Clock;
}): Promise<EndedSessions> {
  const { state, clock } = deps;
  const stored = await state.list(NAMESPACE);
  const forgetAt = new Map(stored.map(({ key, value }) => [key, Number(value)]));

  /** Those whose cookie has ended by itself. */
  const forgettable = () => [...forgetAt].filter(([, at]) => !(at > clock.now())).map(([id]) => id);

  return {
    has: (sessionId) => forgetAt.has(sessionId),
    async end(sessionId, at) {
      const old = forgettable();
      forgetAt.set(sessionId, at);
      for (const id of old) forgetAt.delete(id);
      const drops = old.map((key) => ({ key, value: null }));
      await state.putAll(NAMESPACE, [...drops, { key: sessionId, value: String(at) }]);
    },
  };
}
