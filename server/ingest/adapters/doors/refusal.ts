import type { ServerResponse } from "node:http";

/** A call that is not taken, and what its sender is told. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: object | null;
  readonly retryAfterMs: number | null;

  constructor(
    status: number,
    body: object | null,
    options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(`refused with ${status}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Refusal";
    this.status = status;
    this.body = body;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Whole seconds, as `Retry-After` takes them, and never none. */
export const retryAfterSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

export function answer(response: ServerResponse, status: number, body: object | null): void {
  response.statusCode = status;
  response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  if (body === null) {
    response.end();
    return;
  }
  response.setHeader("content-type", "application/json; charset=utf-8");
  response.end(JSON.stringify(body));
}

export function answerRefusal(response: ServerResponse, refusal: Refusal): void {
  if (refusal.status === 401) response.setHeader("www-authenticate", "Bearer");
  if (refusal.retryAfterMs !== null) response.setHeader("retry-after", retryAfterSeconds(refusal.retryAfterMs));
  // What was not read of its body is not read any more.
  if (refusal.status === 413 || refusal.status === 415 || refusal.status === 401) {
    response.setHeader("connection", "close");
  }
  answer(response, refusal.status, refusal.body);
}
