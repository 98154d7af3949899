/**
 * The life of an envelope: a message between worlds that waits in the table until its receiver takes it. Frozen; the
 * list of what waits takes its states from `envelopeState` here.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/connectors/database.rb, lib/dynflow/persistence_adapters/sequel.rb
 * (`push_envelope`, `pull_envelopes`, `prune_undeliverable_envelopes`).
 */
import { dynflowSource, type Machine, machine, ownSource, ways } from "./machine.ts";

export const ENVELOPE_STATES = ["queued", "drained", "stuck", "unreadable", "withdrawn"] as const;
export type EnvelopeState = (typeof ENVELOPE_STATES)[number];

export const ENVELOPE_MACHINE: Machine<EnvelopeState> = machine({
  kind: "envelope",
  group: "Dynflow",
  name: "envelope",
  title: "Life of an envelope",
  system: "envelope",
  states: ENVELOPE_STATES,
  means: {
    queued: "waits in its receiver's inbox, for milliseconds where the receiver is well",
    drained: "its receiver has taken the row away: what it does with it is told by a reply, if at all",
    stuck: "its receiver has no record: nobody will take it, until an executor that starts deletes it",
    unreadable: "it cannot be decoded: whoever takes it loses all that waits together with it",
    withdrawn: "its row was deleted before anybody took it: by its sender, or as undeliverable",
  },
  transitions: ways<EnvelopeState>([
    ["queued", "drained", "its receiver takes it"],
    ["queued", "stuck", "its receiver is gone"],
    ["queued", "withdrawn", "its sender takes it back"],
    ["stuck", "withdrawn", "an executor starts"],
    ["unreadable", "drained", "taken, and lost"],
    ["unreadable", "withdrawn", "an executor starts"],
  ]),
  first: ["queued", "unreadable"],
  last: ["drained", "withdrawn"],
  sources: [
    dynflowSource("lib/dynflow/connectors/database.rb, persistence_adapters/sequel.rb"),
    ownSource("server/contract/diagram/envelope-lifecycle.ts, from the rows that wait and the worlds there are"),
  ],
});

/** The state of an envelope that waits. */
export function envelopeState(envelope: {
  readonly decodes: boolean;
  /** Its receiver has a coordinator record. */
  readonly hasReceiver: boolean;
}): "queued" | "stuck" | "unreadable" {
  if (!envelope.decodes) return "unreadable";
  return envelope.hasReceiver ? "queued" : "stuck";
}
