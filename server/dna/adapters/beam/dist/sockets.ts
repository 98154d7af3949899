import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { BeamTls } from "./options.ts";

/** Why there is no connection, in words and as what it means for the next attempt. */
export class DialFailure extends Error {
  /** `refused` = the other side turned us away, and has noted it in its log. */
  readonly kind: "unreachable" | "refused";

  constructor(kind: "unreachable" | "refused", reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = "DialFailure";
    this.kind = kind;
  }
}

/**
 * A connection over TCP, or TLS over TCP, that is ready to be used. Errors after that are events of the socket.
 * @throws DialFailure
 */
export function openSocket(host: string, port: number, tls: BeamTls | null, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let tcpConnected = false;
    const socket = tls === null ? connectTcp({ host, port, noDelay: true }) : dialTls(host, port, tls);
    const settle = (act: () => void): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError).off("close", onClose);
      act();
    };
    const give = (failure: DialFailure): void =>
      settle(() => {
        socket.on("error", () => undefined); // told already
        socket.destroy();
        reject(failure);
      });
    const where = `${host}:${port}`;
    const onAbort = (): void => give(new DialFailure("unreachable", `${where} does not answer`));
    const onClose = (): void => give(new DialFailure("unreachable", `${where} closed the connection`));
    const onError = (cause: Error): void => give(dialFailure(where, cause, tls !== null && tcpConnected));
    socket.once("connect", () => {
      tcpConnected = true;
    });
    socket.once(tls === null ? "connect" : "secureConnect", () => settle(() => resolve(socket)));
    socket.on("error", onError).on("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function dialTls(host: string, port: number, tls: BeamTls): Socket {
  const socket = connectTls({
    host,
    port,
    ca: tls.ca,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls.key === undefined ? {} : { key: tls.key.reveal() }),
    ...(tls.checkHost ? {} : { checkServerIdentity: () => undefined }),
  });
  return socket.setNoDelay(true);
}

const codeOf = (cause: Error): string =>
  "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;

function dialFailure(where: string, cause: Error, inTls: boolean): DialFailure {
  const code = codeOf(cause);
  if (inTls && code !== "ECONNRESET") return new DialFailure("refused", `${where}: no TLS between us (${code})`, cause);
  const words = code === "ECONNREFUSED" ? "nobody listens at" : "cannot be reached:";
  return new DialFailure(
    "unreachable",
    code === "ECONNREFUSED" ? `${words} ${where}` : `${where} ${words} ${code}`,
    cause,
  );
}
