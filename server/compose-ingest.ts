/** The gateway for agents of this process: its doors, the way to the receivers, and what it tells of its agents. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { ulid } from "ulid";
import { limitKey } from "#server/auth/login-limit.ts";
import { readOrMakeKey } from "#server/auth/session-key.ts";
import { isWildcard } from "#server/config/addresses.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { followerText } from "#server/contract/view/journal-status.ts";
import { clientAddress, createProxyList } from "#server/http/address.ts";
import { type Accounts, createAccounts } from "#server/ingest/accounts.ts";
import { createTokenMint } from "#server/ingest/adapters/accounts/jwt.ts";
import { openRecordsFile } from "#server/ingest/adapters/accounts/records-file.ts";
import { createPasswordHasher } from "#server/ingest/adapters/accounts/scrypt.ts";
import type { DoorCounts } from "#server/ingest/adapters/doors/door.ts";
import { createIngestGate, type IngestGate } from "#server/ingest/adapters/doors/gate.ts";
import { onAgentChange } from "#server/ingest/agent-changes.ts";
import type { AgentData } from "#server/ingest/agent-data-service.ts";
import type { GatewayFigures } from "#server/ingest/agent-figures.ts";
import { createAgentMonitor } from "#server/ingest/agent-monitor.ts";
import { createAgentWatch } from "#server/ingest/agent-watch.ts";
import { agentRules } from "#server/ingest/domain/agent-judgement.ts";
import { journalRefusal } from "#server/ingest/journal-refusal.ts";
import type { AgentWatch, PasswordHasher, SessionClaims, SessionDesk } from "#server/ingest/ports.ts";
import { createSessionDesk, SESSION_LIFE_MS } from "#server/ingest/sessions.ts";
import type { HiddenText, IngestSettings, PipelineSettings } from "#server/ingest/settings.ts";
import type { SharedNotes } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { LiveRecorder } from "#server/live/recorder.ts";
import { openPipeline } from "./compose-pipeline.ts";

/** Beside the journal, where the configuration names no key. */
export const GATEWAY_KEY_FILE = "ingest.key";
/** Beside the journal: what waits for receivers. */
export const GATEWAY_FOLDER = "ingest";
/** Deliveries in hand are given this long to end. */
const STOP_MS = 1_200;

export interface IngestDeps {
  readonly settings: IngestSettings;
  /** Folder of what this console keeps for itself. */
  readonly folder: string;
  readonly notes: SharedNotes;
  /** Other consoles may be on the same journal. */
  readonly shared: boolean;
  readonly recorder: LiveRecorder;
  /** Real time: agents are measured by it, however fast a demo runs. */
  readonly clock: Clock;
  readonly masks: MaskRules;
  readonly log: Logger;
  /** The settings as they stand in the configuration now. Throws what is wrong with it. */
  readonly reread: () => PipelineSettings;
}

/** Counts of a gateway's doors, for `/metrics`. */
export type IngestDoorCounts = Readonly<Record<string, DoorCounts>>;

export interface IngestGateway extends AgentData {
  readonly title: string;
  /** Watches over agents for every gateway: run by whoever writes the journal, and by nobody else. */
  monitor(signal: AbortSignal): Promise<void>;
  /** Opens the doors. @throws OpsError `refused` when the port cannot be had */
  start(): Promise<{ readonly port: number }>;
  /** The port that is listened on; `null` before `start`. */
  port(): number | null;
  doors(): IngestDoorCounts;
  /** Figures of agents in the text format of Prometheus; empty when there are none. */
  figuresText(): string;
  /** Closes the doors, delivers what is in hand, tells the others. Within 2 s. */
  stop(): Promise<void>;
}

/** Nothing is listened on, and nothing delivered, before `start`. */
export async function openIngest(deps: IngestDeps): Promise<IngestGateway> {
  const { settings, recorder, clock, notes } = deps;
  const gateway = `${hostname()}:${process.pid}`;
  const log = deps.log.child({ gateway: settings.id });
  const directory = path.join(deps.folder, GATEWAY_FOLDER);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const hasher = createPasswordHasher();
  const records = openRecordsFile(deps.folder);
  const shared = deps.shared ? { notes, space: `ingest-ended:${settings.id}`, owner: gateway } : null;
  const accounts = createAccounts({ records, shared, hasher, clock, log });
  const rules = agentRules(settings.inactiveAfterMs, settings.forgottenAfterHours);
  const watch = createAgentWatch({
    ...{ ingestId: settings.id, gateway, host: hostname(), notes, rules, clock, log },
    figures: () => figures(),
  });
  const { masks } = deps;
  const opened = await openPipeline({ settings, directory, watch, recorder, alone: !deps.shared, clock, masks, log });
  const { pipeline, live, prometheus, spool } = opened;
  let routes: PipelineSettings = settings;
  const intake = journalRefusal(pipeline.intake, {
    settings: () => routes,
    refusal() {
      const { follows } = recorder.journalStatus();
      return follows === undefined ? null : followerText(follows.holder);
    },
  });
  const gate = openGate(deps, { accounts, hasher, watch, intake, log });
  const doorRates = createDoorRates(gate, clock);
  const figures = (): GatewayFigures => ({ ...pipeline.figures(), doors: doorRates() });
  const monitor = createAgentMonitor({
    ...{ ingestId: settings.id, notes, rules, recorder, view: recorder, clock, log },
  });
  const doorsAbort = new AbortController();
  const abort = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  let stopTelling = (): void => undefined;
  let port: number | null = null;

  return {
    ...{ id: settings.id, title: settings.title, gateway, pipeline, live, spool, table: opened.table },
    async reload() {
      const next = deps.reread();
      await pipeline.reload(next);
      routes = next;
      return `${next.types.length} types, ${next.receivers.length} receivers and ${next.routes.length} routes hold now`;
    },
    monitor: (signal) => monitor.run(signal),
    async start() {
      await accounts.start(doorsAbort.signal);
      stopTelling = onAgentChange({ view: recorder, ingestId: settings.id, gateway }, (change) =>
        pipeline.agentChanged(change),
      );
      running = Promise.all([pipeline.run(abort.signal), watch.run(abort.signal)]);
      const address = await gate.open();
      port = address.port;
      log.info("ingest.ready", { host: settings.listen.host, port, poa: settings.poa !== null });
      return address;
    },
    port: () => port,
    doors: () => gate.figures.read(),
    figuresText: () => prometheus.text(),
    async stop() {
      if (port !== null) await gate.close();
      stopTelling();
      doorsAbort.abort(new OpsError("cancelled", "The gateway stops"));
      abort.abort(new OpsError("cancelled", "The gateway stops"));
      await endWithin(running, clock, log);
      await accounts.settled().catch((cause: unknown) => {
        log.error("ingest.revocation_not_written", { error: messageOf(cause) });
      });
      await records.close();
      await opened.close();
    },
  };
}

async function endWithin(running: Promise<unknown>, clock: Clock, log: Logger): Promise<void> {
  const late = new AbortController();
  const outcome = await Promise.race([
    running.then(() => "done" as const),
    clock.sleep(STOP_MS, late.signal).then(
      () => "late" as const,
      () => "done" as const,
    ),
  ]);
  late.abort();
  if (outcome === "late") log.warn("ingest.stop_late", { ms: STOP_MS });
}

interface GateParts {
  readonly accounts: Accounts;
  readonly hasher: PasswordHasher;
  readonly watch: AgentWatch;
  readonly intake: Parameters<typeof createIngestGate>[0]["intake"];
  readonly log: Logger;
}

function openGate({ settings, folder, clock }: IngestDeps, parts: GateParts): IngestGate {
  const { accounts, hasher, watch, intake, log } = parts;
  const { listen, limits, poa } = settings;
  const mint = createTokenMint(new TextEncoder().encode(keyOf(settings, folder)), clock);
  const deskOf = (audience: SessionClaims["audience"], lifeMs: number): SessionDesk =>
    createSessionDesk({
      accounts,
      users: settings.users.map(({ name, password, agents, types }) => givenUser(name, password, agents, types)),
      bootstrap: settings.bootstrap.map(({ name, token, agents, types }) => givenUser(name, token, agents, types)),
      // The configuration refuses to listen beyond loopback with nobody named.
      open: audience === "ingest",
      mint,
      hasher,
      clock,
      newId: ulid,
      same: sameText,
      audience,
      lifeMs,
    });
  const proxies = createProxyList(listen.trustedProxies);
  const own = listen.host.includes(":") ? `[${listen.host.replace(/[[\]]/g, "")}]` : listen.host;
  const names = [...listen.allowedHosts, ...(isWildcard(listen.host) ? [] : [own])];
  return createIngestGate({
    ...{ intake, watch, limits, clock, log, listen },
    desk: deskOf("ingest", SESSION_LIFE_MS),
    allowedHosts: new Set(names.map((name) => name.toLowerCase())),
    addressOf: (request) =>
      clientAddress(request.socket.remoteAddress, request.headersDistinct["x-forwarded-for"]?.join(","), proxies),
    rateKeyOf: limitKey,
    poa:
      poa === null
        ? null
        : {
            desk: deskOf("poa", poa.tokenSeconds * 1_000),
            mint,
            accounts,
            admins: poa.admins.map(({ name, password }) => ({ name, secret: password })),
            same: sameText,
            newPassword: () => randomBytes(12).toString("base64url").slice(0, 15),
            newName: () => randomBytes(6).toString("hex").slice(0, 8),
          },
  });
}

const givenUser = (name: string, secret: HiddenText, agents: readonly string[], types: readonly string[]) => ({
  ...{ name, secret },
  scope: { agents, types },
});

function keyOf({ key }: IngestSettings, folder: string): string {
  const file = path.join(folder, GATEWAY_KEY_FILE);
  return key?.reveal() ?? readOrMakeKey(file, randomBytes, "is no key of tokens: remove it, and agents log in again");
}

/** In constant time whatever their lengths are. */
function sameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text, "utf8").digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** Calls a second since it was asked last. */
function createDoorRates(gate: IngestGate, clock: Clock): () => GatewayFigures["doors"] {
  let before = gate.figures.read();
  let at = clock.monotonic();
  return () => {
    const now = gate.figures.read();
    const elapsedSeconds = Math.max(0.001, (clock.monotonic() - at) / 1_000);
    const rate = (count: number, earlier: number) => Math.round(((count - earlier) * 10) / elapsedSeconds) / 10;
    const of = (door: "http" | "websocket" | "poa") => ({
      perSecond: rate(now[door].taken, before[door].taken),
      refusedPerSecond: rate(now[door].refused, before[door].refused),
    });
    const rates = { http: of("http"), websocket: of("websocket"), poa: of("poa") };
    before = now;
    at = clock.monotonic();
    return rates;
  };
}

/**
 * What the demo takes in: from this machine alone, whoever it is.
 *
 * @param hookUrl of somebody outside whom a receiver tells; left out = nobody is told
 */
export function demoIngestSettings(folder: string, hookUrl?: string): IngestSettings {
  const queued = { batch: 100, flushMs: 500 };
  const hook: IngestSettings["receivers"] =
    hookUrl === undefined
      ? []
      : [
          {
            ...{ ...queued, id: "hook", use: "webhook", queue: 100, overflow: "drop-oldest" },
            ...{ url: hookUrl, token: null, timeoutMs: 2_000 },
          },
        ];
  return {
    id: "agents",
    title: "Agents",
    listen: { host: "127.0.0.1", port: 0, allowedHosts: [], trustedProxies: [] },
    users: [],
    bootstrap: [],
    key: null,
    types: [
      { type: "system_metrics", kinds: ["statistics"], schema: "system_metrics.v1" },
      { type: "networking_metrics", kinds: ["latency"], schema: "networking_metrics.v1" },
      { type: "actor_metrics", kinds: ["mailbox", "flush", "restart"], schema: null },
      { type: "plan_metrics", kinds: ["progress", "queue"], schema: null },
    ],
    receivers: [
      { ...queued, id: "live", use: "live-view", queue: 1_000, overflow: "keep-latest" },
      {
        ...{ ...queued, id: "store", use: "sqlite-table", queue: 20_000, overflow: "block", ttlDays: 1 },
        path: path.join(folder, "points.sqlite"),
      },
      { ...queued, id: "log", use: "event-log", queue: 5_000, overflow: "block" },
      ...hook,
    ],
    routes: [
      { types: ["*"], kinds: [], to: ["live", "store"] },
      { types: ["*"], kinds: ["restart"], to: ["log"] },
      ...(hookUrl === undefined ? [] : [{ types: ["system_metrics"], kinds: [], to: ["hook"] }]),
    ],
    inactiveAfterMs: 7_000,
    forgottenAfterHours: 24,
    limits: { maxBytes: 1_048_576, maxBatch: 500, callsPerToken: 50, callsPerAddress: 500, maxConnections: 4_096 },
    poa: null,
  };
}
