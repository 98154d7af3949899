/** One event with what it came from and what came of it. */
import type { JournalEvent } from "#server/contract/event.ts";
import type { WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/journal.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { causeTerm } from "./domain/terms.ts";
import type { Journal } from "./ports.ts";
import { ANY, readSeen, type Sight } from "./sight.ts";

const EFFECTS_MAX = 200;

type AroundJournal = Pick<Journal, "range" | "byId">;

/** @throws OpsError `not-found` for an id that the caller sees nowhere */
export async function aroundEvent(journal: AroundJournal, sight: Sight, id: string): WireOut<typeof wire.aroundOutput> {
  const event = await findEvent(journal, sight, id);
  if (event === null) throw new OpsError("not-found", "No such event, or it is not kept any more");
  const [cause, effects] = await Promise.all([
    event.causedBy === null ? null : findEvent(journal, sight, event.causedBy),
    readSeen(journal, sight, {
      ...ANY,
      streams: sight.queried,
      term: causeTerm(id),
      newestFirst: false,
      limit: EFFECTS_MAX,
    }),
  ]);
  return {
    event: sight.shown(event),
    cause: cause === null ? null : sight.shown(cause),
    effects: effects.events.map(sight.shown),
  };
}

/** In any stream that the caller sees; ids are unique in theirs, and made so that they are unique in all. */
export async function findEvent(
  journal: Pick<Journal, "byId">,
  { streams, sees }: Sight,
  id: string,
): Promise<JournalEvent | null> {
  const found = await Promise.all(streams.map((stream) => journal.byId(stream, id)));
  return found.find((event) => event !== null && sees(event)) ?? null;
}
