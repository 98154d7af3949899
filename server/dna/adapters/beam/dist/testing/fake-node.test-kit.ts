/** A node that is none: shakes hands as one does, by bytes written by hand, and then does what a test wants. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";

export const FAKE_COOKIE = "fake";
export const FAKE_NAME = "fake@127.0.0.1";
const ALL_FLAGS = 0xf_ffff_ffffn;

export interface FakeNode {
  readonly port: number;
  /** How often somebody has connected. */
  connections(): number;
  close(): void;
}

export interface FakeStages {
  readonly connected?: (socket: Socket) => void;
  /** Instead of "ok". */
  readonly status?: Buffer;
  /** Instead of a challenge. */
  readonly challenge?: Buffer;
  /** Instead of the right proof; `null` = it closes, as one does that does not know the cookie. */
  readonly ack?: Buffer | null;
  /** The handshake is done, or another frame of the other side has arrived after it. */
  readonly frame?: (socket: Socket, frame: Buffer | null) => void;
}

const two = (content: Buffer): Buffer =>
  Buffer.concat([Buffer.of(content.length >> 8, content.length & 0xff), content]);
export const four = (content: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
};
const goodChallenge = (): Buffer => {
  const fixed = Buffer.alloc(19);
  fixed.write("N", 0, "latin1");
  fixed.writeBigUInt64BE(ALL_FLAGS, 1);
  fixed.writeUInt32BE(99, 9);
  fixed.writeUInt32BE(5, 13);
  fixed.writeUInt16BE(FAKE_NAME.length, 17);
  return Buffer.concat([fixed, Buffer.from(FAKE_NAME)]);
};

export async function startFakeNode(stages: FakeStages): Promise<FakeNode> {
  let count = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    count += 1;
    sockets.push(socket);
    socket.on("error", () => undefined);
    stages.connected?.(socket);
    serve(socket, stages);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    connections: () => count,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(socket: Socket, stages: FakeStages): void {
  let arrived = Buffer.alloc(0);
  let stage: "name" | "reply" | "open" = "name";
  socket.on("data", (chunk) => {
    arrived = Buffer.concat([arrived, chunk]);
    for (;;) {
      const header = stage === "open" ? 4 : 2;
      if (arrived.length < header) return;
      const length = arrived.readUIntBE(0, header);
      if (arrived.length < header + length) return;
      const frame = arrived.subarray(header, header + length);
      arrived = arrived.subarray(header + length);
      if (stage === "name") {
        socket.write(two(stages.status ?? Buffer.from("sok")));
        socket.write(two(stages.challenge ?? goodChallenge()));
        stage = "reply";
      } else if (stage === "reply") {
        if (stages.ack === null) socket.end();
        else socket.write(two(stages.ack ?? proof(frame.readUInt32BE(1))));
        stage = "open";
        if (stages.ack === undefined) stages.frame?.(socket, null);
      } else stages.frame?.(socket, frame);
    }
  });
}

const proof = (challenge: number): Buffer =>
  Buffer.concat([Buffer.from("a"), createHash("md5").update(`${FAKE_COOKIE}${challenge}`).digest()]);
