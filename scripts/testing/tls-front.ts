/** Ways to a server of tests that change how it is spoken with: one that adds TLS, and one that takes it away. */
import { once } from "node:events";
import { connect, createServer as createPlainServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { pemOf, type TestPair } from "./certificates.ts";
import { fail } from "./own-server.ts";

export interface TlsFront {
  /** Of 127.0.0.1, where it listens. */
  readonly port: number;
  /** Of each handshake that was asked for a name: which one. */
  readonly asked: readonly string[];
  /** Of each connection: who showed a certificate of his own, by its common name; `null` = none. */
  readonly clients: readonly (string | null)[];
  close(): void;
}

/** Ends TLS and passes on to a server (`address:port`) that has none. With `clientCa` it takes known clients only. */
export async function startTlsFront(server: string, pair: TestPair, clientCa?: string): Promise<TlsFront> {
  const asked: string[] = [];
  const clients: (string | null)[] = [];
  const [host, port] = server.split(":");
  const front = createTlsServer({
    cert: pemOf(pair.certificateFile),
    key: pemOf(pair.keyFile),
    ...(clientCa === undefined ? {} : { ca: pemOf(clientCa), requestCert: true, rejectUnauthorized: true }),
  });
  return listening(front, (near: TLSSocket) => {
    if (typeof near.servername === "string") asked.push(near.servername);
    const subject: { readonly CN?: string | string[] } | undefined = near.getPeerCertificate().subject;
    clients.push(typeof subject?.CN === "string" ? subject.CN : null);
    return { near, far: connect({ host, port: Number(port) }) };
  }).then((opened) => ({ ...opened, asked, clients }));
}

/** Bit of the server's capabilities (MySQL protocol, initial handshake) that says it speaks TLS. */
const SSL_BIT = 0x08;
/** Behind the version text: thread id, first part of the nonce, a filler, the low byte of the capabilities. */
const BYTES_TO_SSL_BIT = 1 + 4 + 8 + 1 + 1;
const VERSION_AT = 5;

/** Passes everything on but a MySQL server's word that it speaks TLS: what somebody in between would do. */
export async function startMysqlDowngrade(port: number): Promise<Pick<TlsFront, "port" | "close">> {
  return listening(createPlainServer(), (near: Socket) => {
    const far = connect({ host: "127.0.0.1", port });
    far.once("data", (greeting: Buffer) => {
      const at = greeting.indexOf(0, VERSION_AT) + BYTES_TO_SSL_BIT;
      greeting[at] = (greeting[at] ?? 0) & ~SSL_BIT;
    });
    return { near, far };
  });
}

async function listening<T extends Socket>(
  server: Server,
  open: (near: T) => { readonly near: Socket; readonly far: Socket },
): Promise<Pick<TlsFront, "port" | "close">> {
  const sockets: Socket[] = [];
  const event = "setSecureContext" in server ? "secureConnection" : "connection";
  server.on(event, (socket: T) => {
    const { near, far } = open(socket);
    far.pipe(near).pipe(far);
    for (const one of [near, far])
      one.on("error", () => one.destroy()).on("close", () => [near, far].map((s) => s.destroy()));
    sockets.push(near, far);
  });
  server.on("tlsClientError", () => undefined); // told to who connects
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : fail("no port"),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
