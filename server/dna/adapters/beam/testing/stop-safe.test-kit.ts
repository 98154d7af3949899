/**
 * A console of its own, to be run as a process and killed: connects to a node, says so, and begins one safe stop.
 * Arguments: mapper's port, node, name of the actor (of the suite's type), deadline in ms; the cookie comes on the standard input.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createRemoteNodes } from "#server/dna/adapters/beam/dist/node-pool.ts";
import { createDnaBeam } from "#server/dna/adapters/beam/dna-beam.ts";
import { cityKey } from "#server/dna/dna-beam.harness.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [port = "", node = "", name = "", deadlineMs = ""] = process.argv.slice(2);
  const cookie = readFileSync(process.stdin.fd, "utf8");
  const clock = createSystemClock();
  const remote = createRemoteNodes({
    name: "worldline-killed@127.0.0.1",
    cookie: { reveal: () => cookie },
    reach: { kind: "epmd", port: Number(port) },
    tls: null,
    clock,
    log: silentLogger,
  });
  const beam = createDnaBeam(remote, { evaluate: true, clock });
  const instance = await beam.instance(node, cityKey(name));
  if (instance === null) throw new Error(`${name} does not run`);
  const stop = beam.stopSafe(node, instance, Number(deadlineMs));
  process.stdout.write("begun\n");
  process.stdout.write(`${JSON.stringify(await stop)}\n`);
  await beam.close();
}
