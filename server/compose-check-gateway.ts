/** What `worldline check` looks at of the gateway for agents: nothing is sent to a receiver, and nothing made. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { SESSION_KEY_TEXT } from "#server/auth/session-key.ts";
import type { SourceProbe } from "#server/cli/source-probe.ts";
import type { IngestConfiguration, ReceiverConfiguration } from "#server/config/ingest-model.ts";
import { ACCOUNTS_FILE } from "#server/ingest/adapters/accounts/records-file.ts";
import { probePoints } from "#server/ingest/adapters/stores/scylla-probe.ts";
import { messageOf, unreachable } from "#server/kernel/errors.ts";
import { type Finding, found } from "#server/kernel/finding.ts";
import { lookAtPlace } from "#server/runtime/place-look.ts";
import { lookAtPort } from "#server/runtime/port-look.ts";
import { GATEWAY_FOLDER, GATEWAY_KEY_FILE } from "./compose-ingest.ts";
import { pointsPlaceOf, SPOOL_MAX_BYTES } from "./compose-pipeline.ts";
import { probeCqlTls, probeTls, WELL_KNOWN_TLS } from "./compose-tls.ts";

const ASK_TIMEOUT_MS = 2_000;
/** With less nothing sensible can wait on disk. */
const ROOM_LEAST_BYTES = 64 * 1024 ** 2;
/** What the gateway answers to a browser, and nobody else does. */
const GATEWAY_MARK = "browsers-not-allowed";
const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/** @param folder of what this console keeps for itself */
export const toGatewayProbe = (ingest: IngestConfiguration, folder: string): SourceProbe => ({
  ...{ id: ingest.id, kind: "ingest", title: ingest.title },
  async probe() {
    const receivers = await Promise.all(ingest.receivers.map(probeReceiver));
    return [await probeListener(ingest.listen), ...probeFiles(ingest, folder), ...receivers.flat()];
  },
});

async function probeListener({ host, port }: IngestConfiguration["listen"]): Promise<Finding> {
  const where = `port ${port} of ${host}`;
  if (port === 0) return found.connection.note(`listens on any free port of ${host}`);
  const look = await lookAtPort(host, port);
  switch (look.kind) {
    case "free":
      return found.connection.ok(`${where} is free`);
    case "refused":
      return found.connection.missing(`${where} cannot be listened on (${look.code})`);
    case "taken":
      return (await isGateway(host, port))
        ? found.connection.ok(`${where} is listened on by a gateway: a console runs`)
        : found.connection.missing(`${where} is taken by another program`);
    default:
      return unreachable(look);
  }
}

async function isGateway(host: string, port: number): Promise<boolean> {
  const near = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  try {
    const answer = await fetch(`http://${near.replace("[[", "[").replace("]]", "]")}:${port}/`, {
      headers: { origin: "https://check.invalid" },
      redirect: "manual",
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    return answer.status === 403 && (await answer.text()).includes(GATEWAY_MARK);
  } catch {
    return false; // whoever listens there speaks no HTTP, or does not answer
  }
}

function probeFiles({ key }: IngestConfiguration, folder: string): readonly Finding[] {
  return [
    ...(key === null ? [probeKey(path.join(folder, GATEWAY_KEY_FILE))] : []),
    probeFile(path.join(folder, ACCOUNTS_FILE), "users and revoked tokens"),
    ...probeSpool(path.join(folder, GATEWAY_FOLDER)),
  ];
}

function probeFile(file: string, what: string): Finding {
  const { exists, fault } = lookAtPlace(file);
  if (fault !== null) return found.rights.missing(`${what}: ${fault}`);
  return found.rights.ok(`${what}: ${file} ${exists ? "can be written" : "will be made"}`);
}

function probeKey(file: string): Finding {
  const what = "key of tokens";
  const writable = probeFile(file, what);
  if (writable.verdict === "missing" || !lookAtPlace(file).exists) return writable;
  if (SESSION_KEY_TEXT.test(readFileSync(file, "utf8").trim())) return writable;
  return found.rights.missing(`${what}: ${file} is no key of tokens: remove it, and agents log in again`);
}

function probeSpool(folder: string): readonly Finding[] {
  const { freeBytes } = lookAtPlace(folder);
  const free = `${megabytes(freeBytes)} free for what waits for receivers, which may take ${megabytes(SPOOL_MAX_BYTES)}`;
  const room =
    freeBytes < ROOM_LEAST_BYTES
      ? found.capability.missing(`no room on disk: ${free}`)
      : freeBytes < SPOOL_MAX_BYTES
        ? found.capability.note(`little room on disk: ${free}`)
        : found.capability.ok(free);
  return [probeFile(folder, "what waits for receivers"), room];
}

const megabytes = (bytes: number): string => `${Math.floor(bytes / 1024 ** 2)} MB`;

async function probeReceiver(one: ReceiverConfiguration): Promise<readonly Finding[]> {
  const named = (finding: Finding): Finding => ({ ...finding, text: `receiver ${one.id}: ${finding.text}` });
  return (await findingsOf(one)).map(named);
}

async function findingsOf(one: ReceiverConfiguration): Promise<readonly Finding[]> {
  switch (one.use) {
    case "live-view":
    case "event-log":
    case "prometheus":
      return [];
    case "sqlite-table":
      return [probeFile(one.path, "table of points")];
    case "scylla-table":
      return [...(await probeCqlTls(one.database)), ...(await probePoints(pointsPlaceOf(one.database)))];
    case "webhook":
      return [await probeWebhook(one.url)];
    default:
      return unreachable(one);
  }
}

/** That somebody is there, and by whom its certificate is signed. What it makes of a call only a call would show. */
async function probeWebhook(url: string): Promise<Finding> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol === "https:") return probeTls(host, Number(port || HTTPS_PORT), WELL_KNOWN_TLS);
  const at = Number(port || HTTP_PORT);
  const fault = await reach(host, at);
  return fault === null
    ? found.connection.ok(`${host}:${at} answers, in the clear`)
    : found.connection.missing(`${host}:${at} is not reached: ${fault}`);
}

function reach(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ASK_TIMEOUT_MS });
    const end = (fault: string | null): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.once("connect", () => end(null)).once("timeout", () => end("no answer"));
    socket.on("error", (cause) => end(messageOf(cause)));
  });
}
