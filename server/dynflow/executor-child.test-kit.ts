/**
 * A stand-in executor in a process of its own, so that it can be killed (-9) in the middle of a step that never ends.
 * Told the database's URL by its one argument; says its world's id on a line once it takes work.
 */
import { randomUUID } from "node:crypto";
import { createExecutorWorld } from "#server/demo/dynflow/executor-world.ts";
import { openPostgresDatabase } from "#server/demo/dynflow/postgres-database.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const STEP_LASTS_MS = 3_600_000;

const [url] = process.argv.slice(2);
if (url === undefined) throw new Error("the URL of a database is wanted");
const database = openPostgresDatabase(url);
const id = randomUUID();
const world = createExecutorWorld({
  database,
  clock: createSystemClock(),
  log: silentLogger,
  id,
  hostname: "exec-doomed",
  pid: process.pid,
  queues: { default: 5 },
  behaviour: () => ({ kind: "success", afterMs: STEP_LASTS_MS, output: {} }),
  delayedExecutor: false,
  newId: randomUUID,
  listen: database.listen,
});
await world.start();
process.stdout.write(`${id}\n`);
