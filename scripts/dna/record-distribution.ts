/**
 * `node scripts/dna/record-distribution.ts`: speaks with a real node (Debian's Erlang) by our own client and records both
 * sides byte for byte into `server/dna/codec/dist/__golden__`, for tests of the pure codec. The cookie in it was made for
 * this one conversation.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startBeam } from "#scripts/testing/beam.ts";
import { startRelay } from "#scripts/testing/relay.ts";
import { createRemoteNodes } from "#server/dna/adapters/beam/dist/node-pool.ts";
import { atom, charlist, externalFun, list, type Term, text, tuple } from "#server/dna/codec/etf/term.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const TARGET = fileURLToPath(new URL("../../server/dna/codec/dist/__golden__/session-otp-25.json", import.meta.url));
const OWN_NAME = "worldline-recorder@127.0.0.1";
/** The node then speaks every second when it has nothing to say. */
const TICK_TIME = ["-kernel", "net_ticktime", "4"];
const TICKS_MS = 3_500;
const CALLS: readonly (readonly [string, string, ...Term[]])[] = [
  ["erlang", "node"],
  ["lists", "seq", 1, 1_000],
  ["lists", "map", externalFun("erlang", "process_info", 1), list([])],
  ["io", "format", charlist("printed by us~n"), list([])],
  ["erlang", "memory"],
  ["erlang", "error", tuple(atom("badmatch"), text("x"))],
  ["erlang", "exit", atom("out")],
  ["erlang", "throw", 7],
  ["no_such", "thing"],
  ["binary", "copy", text("0123456789abcdef"), 512],
  ["ets", "tab2list", atom("ac_tab")],
  ["supervisor", "which_children", atom("kernel_sup")],
  ["erlang", "ports"],
];

const node = await startBeam({ prefix: "recorded", fixedPort: true, erlangArguments: TICK_TIME });
const relay = await startRelay(node.fixedPort ?? 0);
const nodes = createRemoteNodes({
  name: OWN_NAME,
  cookie: { reveal: () => node.cookie },
  reach: { kind: "fixed", port: relay.port },
  tls: null,
  clock: createSystemClock(),
  log: silentLogger,
});
const ask = ([module, name, ...args]: (typeof CALLS)[number], timeoutMs = 5_000): Promise<unknown> =>
  nodes.call(node.name, { module, function: name, args }, { timeoutMs }).catch((cause: unknown) => cause);
try {
  for (const call of CALLS) await ask(call);
  await ask(["timer", "sleep", 60_000], 100);
  await new Promise((resolve) => setTimeout(resolve, TICKS_MS));
  const session = {
    otp: 25,
    node: node.name,
    ownName: OWN_NAME,
    cookie: node.cookie,
    said: relay.said().toString("base64"),
    answered: relay.answered().toString("base64"),
  };
  writeFileSync(TARGET, `${JSON.stringify(session, null, 1)}\n`);
  process.stdout.write(`${relay.said().length} bytes said, ${relay.answered().length} answered\n`);
} finally {
  await nodes.close();
  relay.close();
  await node.remove();
}
