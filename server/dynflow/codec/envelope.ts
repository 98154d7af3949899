/**
 * Messages between Dynflow worlds, protocol of 1.9 and 2.0 (`dynflow_envelopes.data` on schema 24 and 25).
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/dispatcher.rb (the types and their fields), lib/dynflow/serializer.rb (how
 * they are dumped), lib/dynflow/action/cancellable.rb, action/polling.rb, action/skip (event atoms).
 */
import type { PayloadValue, UtcMicros } from "#server/dynflow/domain/model.ts";

/** The events we know to exist in Dynflow itself. Others are shown, never sent: a receiver that lacks the class loses its whole inbox. */
export const EVENT_ATOMS = {
  cancel: "Dynflow::Action::Cancellable::Cancel",
  abort: "Dynflow::Action::Cancellable::Abort",
  poll: "Dynflow::Action::Polling::Poll",
  skip: "Dynflow::Action::Skip",
} as const;
export type EventAtom = keyof typeof EVENT_ATOMS;

export type EventValue =
  | { readonly kind: "atom"; readonly atom: EventAtom }
  /** A plain value: text, number, list or map without a class. */
  | { readonly kind: "value"; readonly value: PayloadValue }
  /** A class we do not know, or marshalled Ruby data: never decoded, never sent. */
  | { readonly kind: "opaque"; readonly name: string };

export interface QueueStatus {
  readonly queue: string;
  readonly poolSize: number;
  readonly freeWorkers: number;
  /** Only the asked plan's items when a plan was named. */
  readonly queueSize: number;
}

export type Request =
  | { readonly type: "Execution"; readonly planId: string }
  | { readonly type: "Planning"; readonly planId: string }
  | {
      readonly type: "Event";
      readonly planId: string;
      readonly stepId: number;
      readonly event: EventValue;
      /** When to deliver; `null` = at once. Milliseconds at most are kept. */
      readonly time: UtcMicros | null;
      readonly optional: boolean;
    }
  | { readonly type: "Halt"; readonly planId: string }
  | { readonly type: "Ping"; readonly receiverId: string; readonly useCache: boolean }
  | { readonly type: "Status"; readonly receiverId: string; readonly planId: string | null };

export type Reply =
  | { readonly type: "Accepted" }
  | { readonly type: "Done" }
  | { readonly type: "Pong" }
  | { readonly type: "Failed"; readonly error: string }
  | { readonly type: "ExecutionStatus"; readonly queues: readonly QueueStatus[] };

/** A message of a type that this protocol has not: shown by name, answered by nothing. */
export interface UnknownMessage {
  readonly type: "Unknown";
  readonly name: string;
}

export type Message = Request | Reply | UnknownMessage;

export interface Envelope<TMessage extends Message = Message> {
  /** `<sender id>-<counter>` by convention; replies repeat it. */
  readonly requestId: string;
  readonly senderId: string;
  readonly receiverId: string;
  readonly message: TMessage;
}

export const isReply = (message: Message): message is Reply =>
  message.type === "Accepted" ||
  message.type === "Done" ||
  message.type === "Pong" ||
  message.type === "Failed" ||
  message.type === "ExecutionStatus";

/** The envelope that answers `request`: same request id, sender and receiver swapped (dispatcher.rb `build_response_envelope`). */
export const replyTo = (request: Envelope, message: Reply): Envelope<Reply> => ({
  requestId: request.requestId,
  senderId: request.receiverId,
  receiverId: request.senderId,
  message,
});
