import type { BeamRegistration } from "#server/dna/beam-ports.ts";
import { EPMD_PORT, portPlease, readPortAnswer } from "#server/dna/codec/dist/epmd.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { startDeadline } from "./deadline.ts";
import { EPMD_TIMEOUT_MS } from "./options.ts";
import { openSocket } from "./sockets.ts";

/** No answer of a mapper is longer: it has a name and an extra of at most 64 KB, and we need its first bytes only. */
const ANSWER_MAX_BYTES = 256 * 1024;

/**
 * Asks the port mapper of a host for a name. Never throws: whatever is not an answer is `unknown`, with the reason.
 * Only the mapper itself saying so is `not-registered`.
 */
export async function askEpmd(
  clock: Clock,
  {
    host,
    alive,
    port = EPMD_PORT,
  }: { readonly host: string; readonly alive: string; readonly port?: number | undefined },
): Promise<BeamRegistration> {
  const deadline = startDeadline(clock, EPMD_TIMEOUT_MS);
  try {
    const socket = await openSocket(host, port, null, deadline.signal);
    return await new Promise<BeamRegistration>((resolve) => {
      let arrived = Buffer.alloc(0);
      const settle = (answer: BeamRegistration): void => {
        socket.destroy();
        resolve(answer);
      };
      const unknown = (reason: string): void => settle({ kind: "unknown", reason: `${host}:${port} ${reason}` });
      const onTimeout = (): void => unknown(`did not answer within ${EPMD_TIMEOUT_MS} ms`);
      deadline.signal.addEventListener("abort", onTimeout, { once: true });
      socket.on("error", (cause) => unknown(`broke off: ${cause.message}`));
      socket.on("close", () => unknown("closed without an answer"));
      socket.on("data", (chunk) => {
        arrived = Buffer.concat([arrived, chunk]);
        const answer = answerOf(arrived);
        if (typeof answer === "string") unknown(answer);
        else if (answer !== null) settle(answer);
      });
      socket.write(portPlease(alive));
    });
  } catch (cause) {
    return { kind: "unknown", reason: messageOf(cause) };
  } finally {
    deadline.clear();
  }
}

/** `null` = more must come; a text = why it is no answer. */
function answerOf(arrived: Buffer): BeamRegistration | string | null {
  try {
    const answer = readPortAnswer(arrived);
    if (answer.kind === "registered") return { kind: "registered", port: answer.port };
    if (answer.kind === "not-registered") return { kind: "not-registered" };
    return arrived.length > ANSWER_MAX_BYTES ? "answers without end" : null;
  } catch (cause) {
    return messageOf(cause);
  }
}
