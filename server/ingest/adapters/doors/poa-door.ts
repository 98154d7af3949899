import type { IncomingMessage } from "node:http";
import { type PoaData, poaData, poaId, poaText } from "#server/ingest/codec/poa-calls.ts";
import { mayBe } from "#server/ingest/domain/scope.ts";
import type { SessionDesk, SessionPass, Sign } from "#server/ingest/ports.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import { credentialsOf, openSession } from "./credentials.ts";
import type { DoorDeps, DoorState } from "./door.ts";
import { createPoaAdmin, type PoaAdminDeps } from "./poa-admin.ts";
import { type PoaAnswer, poaBody } from "./poa-body.ts";
import { createPoaBoots } from "./poa-boots.ts";
import { Refusal } from "./refusal.ts";

const UNAVAILABLE_RETRY_MS = 2_000;
/** More than a login or a ping takes: of whom nobody knows no more is held in memory. */
const STRANGER_BODY_BYTES = 16_384;
const SUCCESS = { result: "success" } as const;

export interface PoaDeps extends PoaAdminDeps {
  /** Its tokens count at these doors alone. */
  readonly desk: SessionDesk;
}

export interface PoaDoor {
  serves(target: string): boolean;
  handle(request: IncomingMessage): Promise<PoaAnswer>;
}

/**
 * The calls of the protocol of 2018, as its agents make them: the same order of checks, the same answers. What was wrong
 * behind them is not: a token is for its agent, unknown types are refused, `/bye` is a leave, and nothing is answered
 * with success before it is taken.
 */
export function createPoaDoor(deps: DoorDeps, poa: PoaDeps, state: DoorState): PoaDoor {
  const { intake, watch, limits, clock } = deps;
  const admin = createPoaAdmin(poa, { maxBytes: STRANGER_BODY_BYTES });
  const boots = createPoaBoots(clock.now());

  async function session(request: IncomingMessage): Promise<PoaAnswer> {
    const body = await poaBody(request, STRANGER_BODY_BYTES);
    const address = deps.addressOf(request);
    const wait = await state.rates.byFailures(address);
    if (wait !== null) throw new Refusal(429, null, { retryAfterMs: wait });
    const credentials = credentialsOf(request.headers.authorization);
    const agentId = poaText(body["agent-id"]);
    const opened = credentials.kind === "basic" ? await openSession(poa.desk, credentials, agentId) : null;
    if (opened?.kind === "opened") return { status: 200, body: { token: opened.token } };
    if (opened?.kind === "not-allowed") throw new Refusal(403, null);
    await state.rates.failed(address);
    throw new Refusal(401, null);
  }

  async function passOf(request: IncomingMessage): Promise<SessionPass | Refusal> {
    const credentials = credentialsOf(request.headers.authorization);
    const checked = credentials.kind === "bearer" ? await poa.desk.check(credentials.token) : null;
    if (checked?.kind === "sound") return checked.pass;
    return new Refusal(401, checked?.kind === "expired" ? { error: "token_expired" } : null);
  }

  /** Who has no token is told so where there is more to read than is read of a stranger. */
  async function strangersBody(request: IncomingMessage, stranger: Refusal): Promise<JsonObject> {
    try {
      return await poaBody(request, STRANGER_BODY_BYTES);
    } catch (cause) {
      throw cause instanceof Refusal && cause.status === 413 ? stranger : cause;
    }
  }

  /** Content type, `id`, token, path: in this order. */
  async function call(request: IncomingMessage, name: string): Promise<PoaAnswer> {
    const pass = await passOf(request);
    const isStranger = pass instanceof Refusal;
    const body = isStranger ? await strangersBody(request, pass) : await poaBody(request, limits.maxBytes);
    const agentId = poaId(body);
    if (agentId === null) throw new Refusal(422, null);
    if (isStranger) throw pass;
    const wait = await state.rates.byToken(pass.tokenId);
    if (wait !== null) throw new Refusal(429, null, { retryAfterMs: wait });
    if (!CALLS.includes(name)) throw new Refusal(404, null);
    if (!mayBe(pass.scope.agents, agentId)) throw new Refusal(403, null);
    const sign = signOf(request, agentId, clock.now());
    switch (name) {
      case "bye":
        watch.bye(sign, null);
        boots.leave(agentId);
        return { status: 200, body: SUCCESS };
      case "data":
        return data(pass, sign, poaData(body));
      default:
        watch.sign(sign);
        return { status: 200, body: SUCCESS };
    }
  }

  const signOf = (request: IncomingMessage, agentId: string, receivedAt: EpochMs): Sign => ({
    ...{ agentId, bootId: boots.of(agentId), door: "poa", peer: deps.addressOf(request), receivedAt },
    ...{ sentAt: null, roundTripMs: null },
  });

  async function data(pass: SessionPass, sign: Sign, sent: PoaData | null): Promise<PoaAnswer> {
    if (sent === null) throw new Refusal(422, null);
    watch.sign(sign);
    const { agentId, bootId, receivedAt } = sign;
    const taken = await boots.inTurn(agentId, (seq) =>
      intake.take({
        ...{ agentId, bootId, door: "poa", scope: pass.scope, receivedAt },
        // Its agents tell no time of their own.
        items: [{ seq, at: receivedAt, ...sent }],
      }),
    );
    switch (taken.kind) {
      case "taken":
        if (taken.rejected.length > 0) throw new Refusal(422, null);
        return { status: 200, body: SUCCESS };
      case "full":
        throw new Refusal(429, null, { retryAfterMs: taken.retryAfterMs });
      case "unavailable":
        throw new Refusal(503, null, { retryAfterMs: UNAVAILABLE_RETRY_MS });
    }
  }

  /** An administrator's password is guessed no faster than an agent's. */
  async function asAdmin(request: IncomingMessage, path: string): Promise<PoaAnswer> {
    const address = deps.addressOf(request);
    const wait = await state.rates.byFailures(address);
    if (wait !== null) throw new Refusal(429, null, { retryAfterMs: wait });
    try {
      return await admin(request, path);
    } catch (cause) {
      if (cause instanceof Refusal && cause.status === 401) await state.rates.failed(address);
      throw cause;
    }
  }

  return {
    serves: (target) => PATHS.test(target),
    async handle(request) {
      const [path = ""] = (request.url ?? "").split("?", 1);
      if (!path.startsWith("/poa/") && path !== "/session") return asAdmin(request, path);
      if (request.method !== "POST") throw new Refusal(404, null);
      return path === "/session" ? session(request) : call(request, path.slice("/poa/".length));
    },
  };
}

const CALLS = ["ping", "data", "bye"];
const PATHS = /^\/(session|user|blacklist|poa)(\/|\?|$)/;
