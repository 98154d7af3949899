import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "#bench/figure.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { appendFigures } from "./append.ts";
import { openJournal, writeHistory } from "./history.ts";
import { replayFigure } from "./replay.ts";
import { seekFigure } from "./seek.ts";
import { startFigure } from "./start.ts";
import { stateAtFigure } from "./state-at.ts";
import { subscriberFigures } from "./subscribers.ts";

/** The journal: what it costs to write, to fold again, to ask for a past instant, to start on, to tell a crowd of. */
export async function* benchJournal(): AsyncIterable<Figure> {
  yield* appendFigures();
  yield* subscriberFigures();
  yield await seekFigure();
  const directory = mkdtempSync(join(tmpdir(), "worldline-bench-journal-"));
  const path = join(directory, "journal");
  try {
    const span = await writeHistory(path);
    const journal = await openJournal(path, createSystemClock());
    try {
      yield await stateAtFigure(journal, span);
      yield await replayFigure(journal, directory);
    } finally {
      await journal.close();
    }
    yield await startFigure(directory, path);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
