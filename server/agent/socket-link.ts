/** The way to the gateway over one WebSocket: the token is had over HTTP, the rest goes in frames. */
import { WebSocket } from "ws";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { DataAnswer, GatewayLink, LinkFault, LinkIdentity, PingAnswer } from "./gateway-link.ts";
import { createHttpLink, creditOf, takenOf } from "./http-link.ts";

const ANSWER_TIMEOUT_MS = 5_000;
const FRAME_BYTES_MAX = 100_000;
const BUSY_MS = 1_000;

type Frame = Readonly<Record<string, unknown>>;
type Waiter = (frame: Frame | null) => void;

const GONE: LinkFault = { kind: "unreachable", reason: "the connection ended" };

export function createSocketLink(identity: LinkIdentity, clock: Clock): GatewayLink {
  const { agentId, bootId, about } = identity;
  const http = createHttpLink(identity, clock);
  const address = `${identity.url.replace(/\/+$/, "").replace(/^http/, "ws")}/ingest/v1/ws`;
  let socket: WebSocket | null = null;
  /** One question at a time is under way. */
  let waiter: { readonly ops: ReadonlySet<string>; readonly tell: Waiter } | null = null;

  function settle(frame: Frame | null): void {
    const waiting = waiter;
    if (waiting === null || (frame !== null && !waiting.ops.has(String(frame.op)))) return;
    waiter = null;
    waiting.tell(frame);
  }

  /** `null` = no answer came. */
  function ask(frame: object, ops: readonly string[]): Promise<Frame | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), ANSWER_TIMEOUT_MS);
      waiter = {
        ops: new Set([...ops, "error"]),
        tell(answer) {
          clearTimeout(timer);
          resolve(answer);
        },
      };
      socket?.send(JSON.stringify(frame), (fault) => {
        if (fault instanceof Error) settle(null);
      });
    });
  }

  function connect(signal: AbortSignal): Promise<LinkFault | null> {
    drop();
    return new Promise((resolve) => {
      const next = new WebSocket(address, { maxPayload: FRAME_BYTES_MAX, handshakeTimeout: ANSWER_TIMEOUT_MS });
      socket = next;
      next.once("open", () => resolve(null));
      next.on("message", (data) => settle(frameOf(String(data))));
      next.on("error", (cause) => resolve({ kind: "unreachable", reason: messageOf(cause) }));
      next.on("close", () => {
        if (socket === next) {
          socket = null;
          settle(null);
        }
        resolve(GONE);
      });
      signal.addEventListener("abort", () => resolve(GONE), { once: true });
    });
  }

  function drop(): void {
    socket?.terminate();
    socket = null;
  }

  /** Without a connection the token is as good as none: a new session brings both. */
  function faultOf(frame: Frame | null): LinkFault {
    if (frame === null) {
      drop();
      return { kind: "unauthorised" };
    }
    const code = String(frame.code);
    if (code === "unavailable" || code === "full") return { kind: "wait", afterMs: BUSY_MS, reason: code };
    return { kind: "refused", status: 422, reason: code };
  }

  return {
    async open(signal) {
      const session = await http.open(signal);
      if (session.kind !== "open") return session;
      const fault = await connect(signal);
      if (fault !== null) return fault;
      const { token } = session.welcome;
      const hello = { op: "hello", token, agent_id: agentId, boot_id: bootId, about };
      const answer = await ask(hello, ["welcome"]);
      if (answer?.op === "welcome") return session;
      drop();
      return answer === null ? GONE : { kind: "refused", status: 422, reason: String(answer.code) };
    },
    async data(_token, items): Promise<DataAnswer> {
      if (socket === null) return { kind: "unauthorised" };
      const answer = await ask({ op: "data", items }, ["ack"]);
      return answer?.op === "ack" ? takenOf(answer) : faultOf(answer);
    },
    async ping(_token, lastRoundTripMs): Promise<PingAnswer> {
      if (socket === null) return { kind: "unauthorised" };
      const begun = clock.monotonic();
      const rtt = lastRoundTripMs === null ? {} : { last_rtt_ms: lastRoundTripMs };
      const answer = await ask({ op: "ping", sent_at: clock.now(), ...rtt }, ["pong"]);
      if (answer?.op !== "pong") return faultOf(answer);
      return { kind: "pong", roundTripMs: clock.monotonic() - begun, credit: creditOf(answer) };
    },
    async bye(_token, reason) {
      await new Promise<void>((resolve) => {
        if (socket === null) return resolve();
        socket.once("close", () => resolve());
        socket.send(JSON.stringify({ op: "bye", reason }), () => socket?.close(1_000));
        setTimeout(resolve, BUSY_MS).unref();
      });
    },
    close: drop,
  };
}

/** What is no frame is nobody's answer. */
function frameOf(text: string): Frame {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    // Cut, or of another protocol.
    return {};
  }
}
