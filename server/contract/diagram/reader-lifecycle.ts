/** The life of a part of this console that acts on its own. Frozen; `server/runtime/supervisor.ts` goes by it. */
import { READER_STATES, type ReaderState } from "#server/contract/readers.ts";
import { type Machine, machine, ownSource, ways } from "./machine.ts";

export const READER_MACHINE: Machine<ReaderState> = machine({
  kind: "reader",
  group: "Worldline",
  name: "part of the console",
  title: "Life of a part of the console",
  system: "reader",
  states: READER_STATES,
  means: {
    running: "it is at work; a source that does not answer is its daily business and no failure of its own",
    restarting: "an error that it did not expect has ended it; it is started again after a moment",
    parked: "it failed too often and is left alone until somebody starts it again",
    stopped: "it has ended because it was told to, or because it had nothing more to do",
  },
  transitions: ways<ReaderState>([
    ["running", "restarting", "unexpected error"],
    ["restarting", "running", "started again"],
    ["restarting", "parked", "failed too often"],
    ["restarting", "stopped", "console stops"],
    ["parked", "running", "an administrator restarts it"],
    ["parked", "stopped", "console stops"],
    ["running", "stopped", "console stops, or done"],
  ]),
  first: ["running"],
  last: ["stopped"],
  sources: [ownSource("server/runtime/supervisor.ts")],
});
