/** `/api/live`: the live feed as server-sent events. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { StreamName } from "#server/contract/event.ts";
import { narrowedTo } from "#server/contract/visibility.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Hub, SubscribeRequest } from "#server/live/hub.ts";
import { SSE_COMMENT, SSE_PREAMBLE } from "#server/live/sse.ts";
import type { LiveSink } from "#server/live/subscriber.ts";

const COMMENT_EVERY_MS = 10_000;
/** What a client that is let go has to take its last bytes. */
const CLOSE_WITHIN_MS = 500;
const RETRY_AFTER_SECONDS = "1";
/** Each set of topics is made into messages of its own. */
const TOPICS_MAX = 50;
const TOPIC_CHARS_MAX = 100;

/** Who asks for the feed and what of it may be sent. */
export type LiveClient = Omit<SubscribeRequest, "cursor" | "sink">;

export interface LiveHandlerOptions {
  readonly hub: Pick<Hub, "subscribe">;
  readonly clock: Clock;
  readonly log: Logger;
  /** `null` = nobody has logged in. Host and origin have been judged before. */
  readonly authenticate: (request: IncomingMessage) => Promise<LiveClient | null>;
}

export type LiveHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Answers 401 to nobody, 400 to topics that are none, 429 beyond the limits, 503 while stopping, else a stream that
 * ends when the client goes or the hub ends it. Continues behind `Last-Event-ID`, else behind `?cursor=`; a cursor is
 * of its topics. Never rejects.
 */
export function createLiveHandler({ hub, clock, log, authenticate }: LiveHandlerOptions): LiveHandler {
  return async (request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      const client = await authenticate(request);
      if (client === null) return refuse(response, 401, "Log in first");
      const { cursor, topics } = askedFor(request);
      const sink = createSink(response, gone.signal, clock);
      const leave = await hub.subscribe({ ...client, visible: narrowedTo(client.visible, topics), cursor, sink });
      if (gone.signal.aborted) return leave();
      gone.signal.addEventListener("abort", leave, { once: true });
      await comment(response, gone.signal, clock);
    } catch (cause) {
      if (gone.signal.aborted) return;
      log.warn("live.refused", { cause: messageOf(cause) });
      refuse(response, statusOf(cause), cause instanceof OpsError ? cause.message : "The live feed is not available");
    }
  };
}

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
} as const;

/** Headers go out with the first frame, so that a refusal before it still is one. */
function createSink(response: ServerResponse, gone: AbortSignal, clock: Clock): LiveSink {
  return {
    write(frame) {
      if (gone.aborted || response.writableEnded) return;
      if (!response.headersSent) {
        response.writeHead(200, HEADERS);
        response.socket?.setNoDelay(true);
        response.write(SSE_PREAMBLE);
      }
      response.write(frame);
    },
    bufferedBytes: () => response.writableLength,
    close() {
      response.end();
      clock.sleep(CLOSE_WITHIN_MS, gone).then(
        () => response.destroy(),
        () => undefined,
      );
    },
  };
}

/** Keeps proxies from closing a quiet stream; ends with it. */
async function comment(response: ServerResponse, gone: AbortSignal, clock: Clock): Promise<void> {
  while (!gone.aborted && !response.writableEnded) {
    await clock.sleep(COMMENT_EVERY_MS, gone);
    if (!response.writableEnded && response.writableLength === 0) response.write(SSE_COMMENT);
  }
}

/** `?topics=dna:eu-1,operator`: only these streams. */
function askedFor(request: IncomingMessage): {
  readonly cursor: string | null;
  readonly topics: readonly StreamName[] | null;
} {
  const { searchParams } = new URL(request.url ?? "/", "http://console");
  const last = request.headers["last-event-id"];
  const cursor = typeof last === "string" && last !== "" ? last : searchParams.get("cursor");
  const topics = searchParams.get("topics")?.split(",") ?? null;
  if (topics?.some((topic) => topic === "" || topic.length > TOPIC_CHARS_MAX) || (topics?.length ?? 0) > TOPICS_MAX) {
    throw new OpsError("invalid-input", `Topics are names of streams, at most ${TOPICS_MAX}, separated by commas`);
  }
  return { cursor, topics };
}

function statusOf(cause: unknown): number {
  if (!(cause instanceof OpsError)) return 500;
  switch (cause.code) {
    case "limit-exceeded":
      return 429;
    case "not-authenticated":
      return 401;
    case "not-permitted":
      return 403;
    case "invalid-input":
      return 400;
    default:
      return 503;
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  const retry = status === 429 || status === 503 ? { "retry-after": RETRY_AFTER_SECONDS } : {};
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...retry });
  response.end(`${message}\n`);
}
