import { afterAll } from "vitest";
import { journalContract } from "#server/journal/journal.contract.ts";
import { retentionContract } from "#server/journal/retention.contract.ts";
import { sharedNotesContract } from "#server/journal/shared-notes.contract.ts";
import type { ManualClock } from "#server/runtime/clock.ts";
import type { ScyllaJournal } from "./options.ts";
import { createPlace, type Place } from "./place.test-kit.ts";

const places: Place[] = [];
const journals: ScyllaJournal[] = [];
afterAll(async () => {
  for (const journal of journals) await journal.close();
  for (const place of places) await place.drop();
});

function contractsOn(name: string, segmentEvents?: number): void {
  let place: Promise<Place> | null = null;
  const empty = async () => {
    place ??= createPlace();
    const found = await place;
    if (!places.includes(found)) places.push(found);
    await found.empty();
    const open = (clock: ManualClock) =>
      found.open({ clock, ...(segmentEvents === undefined ? {} : { segmentEvents }) });
    return { open, remove: async () => undefined };
  };
  journalContract(name, async () => {
    const { open, remove } = await empty();
    return {
      async open(clock) {
        const journal = await open(clock);
        return { journal, state: journal.state };
      },
      remove,
    };
  });
  retentionContract(name, empty);
}

contractsOn("Apache Cassandra 5");
contractsOn("Apache Cassandra 5 with a segment for every seven events", 7);

sharedNotesContract("Apache Cassandra 5, of a writer and of a follower", async () => {
  let place = places[0];
  if (place === undefined) {
    place = await createPlace();
    places.push(place);
  }
  const [writer, follower] = [await place.open({ holder: "one:1" }), await place.open({ holder: "two:2" })];
  journals.push(writer, follower);
  return { one: writer.notes, other: follower.notes };
});
