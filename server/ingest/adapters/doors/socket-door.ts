import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { DoorDeps, DoorState } from "./door.ts";
import { type AgentConnection, createAgentConnection, END } from "./socket-connection.ts";

/** How often tokens are looked at again: a revocation ends a connection within a second. */
const SWEEP_EVERY_MS = 200;
/** The gateway's own question whether anybody is there, beside the agent's pings. */
const PROBE_EVERY_MS = 10_000;

/** `GET /ingest/v1/ws`: one agent a connection. */
export interface SocketDoor {
  accept(request: IncomingMessage, socket: Socket, head: Buffer): void;
  size(): number;
  /** Tells every agent that the gateway goes. */
  close(): void;
  /** Ends what is left. */
  terminate(): void;
}

export function createSocketDoor(deps: DoorDeps, state: DoorState): SocketDoor {
  const { limits, clock } = deps;
  const server = new WebSocketServer({
    noServer: true,
    // Frames are small, and a compressed one could be any size when it is open.
    perMessageDeflate: false,
    maxPayload: limits.maxBytes,
    clientTracking: false,
  });
  const connections = new Map<WebSocket, AgentConnection>();
  let sweeping: AbortController | null = null;

  async function sweep(signal: AbortSignal): Promise<void> {
    let probedAt = clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(SWEEP_EVERY_MS, signal).catch(() => undefined);
      const probes = clock.monotonic() - probedAt >= PROBE_EVERY_MS;
      if (probes) probedAt = clock.monotonic();
      for (const connection of connections.values()) connection.look(probes);
    }
  }

  function follow(socket: WebSocket, request: IncomingMessage): void {
    const connection = createAgentConnection(deps, state, socket, deps.addressOf(request));
    connections.set(socket, connection);
    state.figures.opened("websocket");
    socket.once("close", () => {
      connections.delete(socket);
      state.figures.closed("websocket");
      if (connections.size > 0) return;
      sweeping?.abort();
      sweeping = null;
    });
    if (sweeping !== null) return;
    sweeping = new AbortController();
    void sweep(sweeping.signal);
  }

  return {
    accept(request, socket, head) {
      server.handleUpgrade(request, socket, head, (webSocket) => follow(webSocket, request));
    },
    size: () => connections.size,
    close() {
      for (const connection of connections.values()) connection.end(END.goingAway);
    },
    terminate() {
      for (const socket of connections.keys()) socket.terminate();
    },
  };
}
