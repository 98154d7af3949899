/** A relay of one's own between two who speak TCP: it sees what both say. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { fail } from "./own-server.ts";

export interface Relay {
  /** Of 127.0.0.1, where it listens. */
  readonly port: number;
  /** What who connects has said, of all connections. */
  said(): Buffer;
  /** What was answered. */
  answered(): Buffer;
  close(): void;
}

/** Passes on to a port of 127.0.0.1. */
export async function startRelay(port: number): Promise<Relay> {
  const sockets: Socket[] = [];
  const [said, answered]: [Buffer[], Buffer[]] = [[], []];
  const server = createServer((near) => {
    const far = connect({ host: "127.0.0.1", port });
    near.on("data", (chunk) => said.push(chunk)).pipe(far);
    far.on("data", (chunk) => answered.push(chunk)).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
    sockets.push(near, far);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : fail("no port"),
    said: () => Buffer.concat(said),
    answered: () => Buffer.concat(answered),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
