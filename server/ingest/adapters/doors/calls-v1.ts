import type { IncomingMessage } from "node:http";
import { readBye, readData, readPing, readSession } from "#server/ingest/codec/calls.ts";
import type { Decoded } from "#server/ingest/codec/malformed.ts";
import { mayBe } from "#server/ingest/domain/scope.ts";
import type { SessionPass, Sign } from "#server/ingest/ports.ts";
import { type EpochMs, toIso } from "#server/kernel/clock.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import { answerOf } from "./answers.ts";
import { credentialsOf, openSession } from "./credentials.ts";
import type { DoorDeps, DoorState } from "./door.ts";
import { bodyFormat, readBody } from "./read-body.ts";
import { Refusal } from "./refusal.ts";

/** Bodies that hold no items need no more. */
const SMALL_BODY_BYTES = 16_384;

export interface CallAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

type Handler = (request: IncomingMessage) => Promise<CallAnswer>;

/** The calls of `/ingest/v1/`, by their last name. Each throws `Refusal` for what it does not take. */
export function createCalls(deps: DoorDeps, state: DoorState): ReadonlyMap<string, Handler> {
  const { intake, watch, desk, limits, clock } = deps;

  const signOf = (
    request: IncomingMessage,
    pass: SessionPass,
    call: { readonly agentId: string; readonly bootId: string },
    receivedAt: EpochMs,
  ): Sign => ({
    agentId: call.agentId,
    bootId: call.bootId,
    door: "http",
    peer: deps.addressOf(request),
    receivedAt,
    sentAt: null,
    roundTripMs: null,
    about: state.about.take(pass.tokenId),
  });

  async function session(request: IncomingMessage): Promise<CallAnswer> {
    bodyFormat(request);
    const address = deps.addressOf(request);
    const wait = await state.rates.byFailures(address);
    if (wait !== null) throw new Refusal(429, { error: "too-many-failures" }, { retryAfterMs: wait });
    const call = sound(readSession(await readBody(request, SMALL_BODY_BYTES)));
    const opened = await openSession(desk, credentialsOf(request.headers.authorization), call.agentId);
    switch (opened.kind) {
      case "stranger":
        await state.rates.failed(address);
        throw new Refusal(401, { error: "not-authenticated" });
      case "not-allowed":
        throw new Refusal(403, { error: "agent-not-allowed" });
      case "opened":
        break;
    }
    if (call.about !== null) state.about.keep(opened.pass.tokenId, call.about);
    return {
      status: 200,
      body: {
        token: opened.token,
        expires_at: toIso(opened.pass.expiresAt),
        ping_every_ms: watch.pingEveryMs,
        inactive_after_ms: watch.inactiveAfterMs,
        max_batch: limits.maxBatch,
        max_bytes: limits.maxBytes,
      },
    };
  }

  /** Format, then token, then rate, and only then a byte of the body. */
  async function enter(request: IncomingMessage, maxBytes: number): Promise<{ pass: SessionPass; body: JsonObject }> {
    bodyFormat(request);
    const pass = await passOf(request, deps);
    const wait = await state.rates.byToken(pass.tokenId);
    if (wait !== null) throw new Refusal(429, { error: "too-many-calls" }, { retryAfterMs: wait });
    return { pass, body: await readBody(request, maxBytes) };
  }

  function heard(
    request: IncomingMessage,
    pass: SessionPass,
    call: { readonly agentId: string; readonly bootId: string },
    receivedAt: EpochMs,
    more: Pick<Partial<Sign>, "sentAt" | "roundTripMs"> = {},
  ): Sign {
    if (!mayBe(pass.scope.agents, call.agentId)) throw new Refusal(403, { error: "agent-not-allowed" });
    // It may have been ended while its body came in.
    if (!desk.inForce(pass)) throw new Refusal(401, { error: "not-authenticated" });
    return { ...signOf(request, pass, call, receivedAt), ...more };
  }

  async function data(request: IncomingMessage): Promise<CallAnswer> {
    const { pass, body } = await enter(request, limits.maxBytes);
    const receivedAt = clock.now();
    const call = sound(readData(body, limits.maxBatch));
    watch.sign(heard(request, pass, call, receivedAt));
    const taken = await intake.take({
      agentId: call.agentId,
      bootId: call.bootId,
      door: "http",
      scope: pass.scope,
      items: call.items,
      refusedSeqs: call.refused.map(({ seq }) => seq),
      receivedAt,
    });
    return answerOf(taken, call.refused);
  }

  async function ping(request: IncomingMessage): Promise<CallAnswer> {
    const { pass, body } = await enter(request, SMALL_BODY_BYTES);
    const receivedAt = clock.now();
    const call = sound(readPing(body));
    watch.sign(heard(request, pass, call, receivedAt, { sentAt: call.sentAt, roundTripMs: call.roundTripMs }));
    return { status: 200, body: { received_at: toIso(receivedAt), credit: intake.credit() } };
  }

  async function bye(request: IncomingMessage): Promise<CallAnswer> {
    const { pass, body } = await enter(request, SMALL_BODY_BYTES);
    const call = sound(readBye(body));
    watch.bye(heard(request, pass, call, clock.now()), call.reason);
    // Whoever has copied it cannot bring the agent back.
    desk.end(pass);
    return { status: 200, body: {} };
  }

  return new Map([
    ["session", session],
    ["data", data],
    ["ping", ping],
    ["bye", bye],
  ]);
}

/** @throws Refusal 400 that names the field */
export function sound<T>(decoded: Decoded<T>): T {
  if (decoded.ok) return decoded.value;
  throw new Refusal(400, { error: "malformed", ...decoded.fault });
}

/** @throws Refusal 401 */
export async function passOf(request: IncomingMessage, { desk }: Pick<DoorDeps, "desk">): Promise<SessionPass> {
  const credentials = credentialsOf(request.headers.authorization);
  if (credentials.kind !== "bearer") throw new Refusal(401, { error: "not-authenticated" });
  const checked = await desk.check(credentials.token);
  switch (checked.kind) {
    case "sound":
      return checked.pass;
    case "expired":
      throw new Refusal(401, { error: "token_expired" });
    case "none":
      throw new Refusal(401, { error: "not-authenticated" });
  }
}
