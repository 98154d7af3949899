import type { RawData, WebSocket } from "ws";
import { decodeBody, encodeBody, type WireFormat } from "#server/ingest/codec/body.ts";
import { type AgentFrame, type Claim, readFrame } from "#server/ingest/codec/frames.ts";
import { mayBe } from "#server/ingest/domain/scope.ts";
import type { Batch, IntakeAnswer, SessionPass, Sign } from "#server/ingest/ports.ts";
import { toIso } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import type { DoorDeps, DoorState } from "./door.ts";

/** Who connects says who it is within this time. */
const HELLO_TIMEOUT_MS = 10_000;
/** More than a hello takes: nothing is made of what is larger before it is known who sends it. */
const HELLO_BYTES_MAX = 16_384;
/** Neither a frame nor an answer to our own question for so long: nobody is there. */
const SILENCE_MAX_MS = 35_000;
/** Answers that nobody reads. */
const UNREAD_MAX_BYTES = 1_048_576;
/** While it is full, the next look comes after this at the latest. */
const HOLD_LOOK_MS = 1_000;

/** Why a connection ends, as its close frame tells it. */
export const END = {
  bye: { code: 1000, reason: "bye" },
  goingAway: { code: 1001, reason: "gateway stops" },
  malformed: { code: 4400, reason: "malformed" },
  notAuthenticated: { code: 4401, reason: "not-authenticated" },
  notAllowed: { code: 4403, reason: "agent-not-allowed" },
  noHello: { code: 4408, reason: "no-hello" },
  tooLarge: { code: 1009, reason: "too-large" },
  failed: { code: 1011, reason: "internal" },
} as const;
type EndReason = (typeof END)[keyof typeof END];

export interface AgentConnection {
  /** Ends it when its token has ended, or nobody is there; asks whether somebody is, when told to. */
  look(probes: boolean): void;
  end(why: EndReason): void;
}

interface Agent {
  readonly pass: SessionPass;
  readonly agentId: string;
  readonly bootId: string;
}

/**
 * One agent on one WebSocket. Frames are taken one after the other: while one is under way, or nothing more fits, the
 * socket is not read, and so the agent's own sending comes to rest.
 */
export function createAgentConnection(
  deps: DoorDeps,
  state: DoorState,
  socket: WebSocket,
  peer: string,
): AgentConnection {
  const { intake, watch, desk, limits, clock, log } = deps;
  const openedAt = clock.monotonic();
  const inbox: { readonly bytes: Buffer; readonly format: WireFormat }[] = [];
  const gone = new AbortController();
  let format: WireFormat = "json";
  let agent: Agent | null = null;
  let heardAt = openedAt;
  let working = false;
  let held = false;

  const send = (frame: JsonObject): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > UNREAD_MAX_BYTES) {
      socket.terminate();
      return;
    }
    const bytes = encodeBody(frame, format);
    socket.send(format === "json" ? Buffer.from(bytes).toString("utf8") : bytes);
  };

  const end = (why: EndReason): void => {
    gone.abort(new Error(why.reason));
    // A socket that is not read would never see the other side's close.
    socket.resume();
    socket.close(why.code, why.reason);
  };

  const refuse = (why: EndReason, code: string, path = ""): void => {
    state.figures.count("websocket", "refused");
    send({ op: "error", code, path });
    end(why);
  };

  const signOf = (from: Agent, more: Pick<Partial<Sign>, "sentAt" | "roundTripMs" | "about"> = {}): Sign => ({
    agentId: from.agentId,
    bootId: from.bootId,
    door: "websocket",
    peer,
    receivedAt: clock.now(),
    sentAt: null,
    roundTripMs: null,
    ...more,
  });

  async function hello(frame: Extract<AgentFrame, { op: "hello" }>): Promise<void> {
    const checked = await desk.check(frame.token);
    if (checked.kind === "expired") return refuse(END.notAuthenticated, "token_expired");
    if (checked.kind === "none") return refuse(END.notAuthenticated, "not-authenticated");
    if (!mayBe(checked.pass.scope.agents, frame.agentId))
      return refuse(END.notAllowed, "agent-not-allowed", "agent_id");
    agent = { pass: checked.pass, agentId: frame.agentId, bootId: frame.bootId };
    watch.sign(signOf(agent, { about: frame.about ?? state.about.take(checked.pass.tokenId) }));
    state.figures.count("websocket", "taken");
    send({
      op: "welcome",
      ping_every_ms: watch.pingEveryMs,
      inactive_after_ms: watch.inactiveAfterMs,
      max_batch: limits.maxBatch,
      max_bytes: limits.maxBytes,
      credit: intake.credit(),
    });
  }

  /** Waits until the batch fits, without reading on; `null` when the connection has ended meanwhile. */
  async function takeWhenFits(batch: Batch, from: Agent): Promise<Exclude<IntakeAnswer, { kind: "full" }> | null> {
    let told = clock.monotonic();
    for (let turn = 0; !gone.signal.aborted; turn += 1) {
      const taken = await intake.take(batch);
      if (taken.kind !== "full") {
        if (held) send({ op: "credit", credit: intake.credit() });
        held = false;
        return taken;
      }
      held = true;
      if (turn === 0 || clock.monotonic() - told >= watch.pingEveryMs) {
        told = clock.monotonic();
        // The connection stands, and it is we who do not listen.
        watch.sign(signOf(from));
        send({ op: "credit", credit: 0 });
      }
      await creditOr(Math.min(taken.retryAfterMs, HOLD_LOOK_MS));
    }
    return null;
  }

  async function creditOr(ms: number): Promise<void> {
    const over = new AbortController();
    const stop = intake.onCredit(() => over.abort());
    const signal = AbortSignal.any([over.signal, gone.signal]);
    await clock.sleep(ms, signal).catch(() => undefined);
    stop();
  }

  async function data(frame: Extract<AgentFrame, { op: "data" }>, from: Agent): Promise<void> {
    const receivedAt = clock.now();
    watch.sign(signOf(from));
    const { agentId, bootId, pass } = from;
    const batch: Batch = {
      ...{ agentId, bootId, door: "websocket", scope: pass.scope, items: frame.items, receivedAt },
      refusedSeqs: frame.refused.map(({ seq }) => seq),
    };
    const taken = await takeWhenFits(batch, from);
    if (taken === null) return;
    const id: JsonObject = frame.id === null ? {} : { id: frame.id };
    if (taken.kind === "unavailable") {
      state.figures.count("websocket", "refused");
      return send({ op: "error", code: "unavailable", path: "", ...id });
    }
    const rejected: JsonValue[] = [...taken.rejected, ...frame.refused]
      .sort((a, b) => a.seq - b.seq)
      .map(({ seq, code, path }) => ({ seq, code, path }));
    state.figures.count("websocket", "taken");
    send({ op: "ack", ...id, accepted: taken.accepted, duplicates: taken.duplicates, rejected, credit: taken.credit });
  }

  async function frameOf(frame: AgentFrame): Promise<void> {
    if (agent === null) {
      return frame.op === "hello" ? hello(frame) : refuse(END.notAuthenticated, "hello-first", "op");
    }
    if (frame.op === "hello") return refuse(END.malformed, "hello-again", "op");
    const foreign = foreignIn(frame.claim, agent);
    if (foreign !== null) return refuse(END.notAllowed, "agent-not-allowed", foreign);
    if (!desk.inForce(agent.pass)) return refuse(END.notAuthenticated, "not-authenticated");
    const wait = await state.rates.byToken(agent.pass.tokenId);
    if (wait !== null) await clock.sleep(wait, gone.signal).catch(() => undefined);
    switch (frame.op) {
      case "data":
        return data(frame, agent);
      case "ping":
        watch.sign(signOf(agent, { sentAt: frame.sentAt, roundTripMs: frame.roundTripMs }));
        state.figures.count("websocket", "taken");
        return send({ op: "pong", received_at: toIso(clock.now()), credit: intake.credit() });
      case "bye":
        watch.bye(signOf(agent), frame.reason);
        desk.end(agent.pass);
        state.figures.count("websocket", "taken");
        return end(END.bye);
    }
  }

  async function work(): Promise<void> {
    for (let next = inbox.shift(); next !== undefined && !gone.signal.aborted; next = inbox.shift()) {
      if (agent === null) format = next.format;
      if (agent === null && next.bytes.length > HELLO_BYTES_MAX) return refuse(END.tooLarge, "too-large");
      const body = decodeBody(next.bytes, next.format);
      const frame = body.ok ? readFrame(body.value, limits.maxBatch) : body;
      if (frame.ok) await frameOf(frame.value);
      else refuse(END.malformed, frame.fault.code, frame.fault.path);
    }
  }

  function receive(raw: RawData, isBinary: boolean): void {
    heardAt = clock.monotonic();
    if (gone.signal.aborted) return;
    inbox.push({ bytes: toBuffer(raw), format: isBinary ? "msgpack" : "json" });
    if (working) return;
    working = true;
    socket.pause();
    work()
      .catch((cause: unknown) => {
        log.error("ingest.frame_failed", { error: messageOf(cause), cause });
        refuse(END.failed, "internal");
      })
      .finally(() => {
        working = false;
        if (!gone.signal.aborted) socket.resume();
      });
  }

  socket.on("message", receive);
  socket.on("pong", () => {
    heardAt = clock.monotonic();
  });
  socket.on("error", (cause) => {
    state.figures.count("websocket", "refused");
    log.debug("ingest.socket_failed", { error: messageOf(cause) });
  });
  socket.once("close", () => gone.abort(new Error("closed")));

  return {
    look(probes) {
      if (gone.signal.aborted) return;
      const now = clock.monotonic();
      if (agent === null && now - openedAt > HELLO_TIMEOUT_MS) return end(END.noHello);
      if (agent !== null && !desk.inForce(agent.pass)) return refuse(END.notAuthenticated, "not-authenticated");
      if (working) return;
      if (now - heardAt > SILENCE_MAX_MS) return socket.terminate();
      if (probes) socket.ping();
    },
    end,
  };
}

/** Where a frame says that it is somebody else's; `null` = it does not. */
function foreignIn({ agentId, bootId }: Claim, agent: Agent): string | null {
  if (agentId !== null && agentId !== agent.agentId) return "agent_id";
  return bootId !== null && bootId !== agent.bootId ? "boot_id" : null;
}

function toBuffer(raw: RawData): Buffer {
  if (Buffer.isBuffer(raw)) return raw;
  return Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw);
}
