/** `npm run agent`: measures this host and sends it to a gateway, until it is told to stop. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { createAgent } from "#server/agent/agent.ts";
import type { LinkIdentity } from "#server/agent/gateway-link.ts";
import { createHostCollector } from "#server/agent/host-collector.ts";
import { ownAddresses } from "#server/agent/host-figures.ts";
import { createHttpLink } from "#server/agent/http-link.ts";
import { createSocketLink } from "#server/agent/socket-link.ts";
import { createLogOutput } from "#server/log/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const USAGE = `usage: npm run agent -- --url URL [--id ID] [--user NAME] [--every SECONDS] [--ring ITEMS] [--websocket]

  --url        of the gateway, such as http://127.0.0.1:3001   (WORLDLINE_AGENT_URL)
  --id         of this agent; the name of the host if left out (WORLDLINE_AGENT_ID)
  --user       who opens the session                           (WORLDLINE_AGENT_USER)
  --every      seconds between measurements, 5 if left out
  --ring       items kept while the gateway cannot be reached, 1000 if left out
  --websocket  over one connection instead of calls

The password is read from WORLDLINE_AGENT_PASSWORD; WORLDLINE_AGENT_TOKEN takes a bootstrap token in its place.`;

const DEFAULT_EVERY_S = 5;
const DEFAULT_RING = 1_000;
const RING_MAX = 1_000_000;

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${USAGE}\n`);
  process.exit(2);
}

function read() {
  try {
    return parseArgs({
      options: {
        url: { type: "string" },
        id: { type: "string" },
        user: { type: "string" },
        every: { type: "string" },
        ring: { type: "string" },
        websocket: { type: "boolean" },
        help: { type: "boolean" },
      },
      strict: true,
    }).values;
  } catch (cause) {
    return fail(cause instanceof Error ? cause.message : String(cause));
  }
}

function numberOf(text: string | undefined, otherwise: number, name: string, [least, most]: readonly [number, number]) {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isFinite(value) || value < least || value > most) fail(`--${name} is to be from ${least} to ${most}`);
  return value;
}

function urlOf(text: string | undefined): string {
  if (text === undefined) fail("--url is missing");
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) fail(`--url ${text} is no http or https URL`);
  return text;
}

function loginOf(user: string | undefined): LinkIdentity["login"] {
  const token = process.env.WORLDLINE_AGENT_TOKEN;
  if (token !== undefined && token !== "") return { by: "token", token };
  const password = process.env.WORLDLINE_AGENT_PASSWORD;
  if (user === undefined && password === undefined) return { by: "nobody" };
  if (user === undefined || password === undefined) {
    fail("Set both --user and WORLDLINE_AGENT_PASSWORD, or WORLDLINE_AGENT_TOKEN, or nothing of these on loopback");
  }
  return { by: "password", user, password };
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { readonly version?: unknown }).version);
}

const given = read();
if (given.help === true) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
const identity: LinkIdentity = {
  url: urlOf(given.url ?? process.env.WORLDLINE_AGENT_URL),
  agentId: given.id ?? process.env.WORLDLINE_AGENT_ID ?? hostname(),
  bootId: randomUUID(),
  about: { hostname: hostname(), addresses: ownAddresses(), program: `worldline-agent ${version()}` },
  login: loginOf(given.user ?? process.env.WORLDLINE_AGENT_USER),
};
const clock = createSystemClock();
const { log, flush } = createLogOutput({ level: "info", terminal: process.stdout.isTTY === true });
const stop = new AbortController();
const agent = createAgent({
  link: given.websocket === true ? createSocketLink(identity, clock) : createHttpLink(identity, clock),
  collectors: [createHostCollector(numberOf(given.every, DEFAULT_EVERY_S, "every", [0.1, 86_400]) * 1_000)],
  ringSize: Math.floor(numberOf(given.ring, DEFAULT_RING, "ring", [1, RING_MAX])),
  clock,
  random: Math.random,
  log,
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => stop.abort(new Error(`told to stop by ${signal}`)));
}
log.info("agent.begins", { agent: identity.agentId, url: identity.url });
await agent.run(stop.signal);
log.info("agent.ended", { ...agent.figures() });
flush();
process.exit(0);
