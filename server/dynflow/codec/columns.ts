/** The other serialized columns of plans and steps: history, step ids, children, errors. */
import type { HistoryEntry, StepError } from "#server/dynflow/domain/model.ts";
import { isMsgpackArray, isMsgpackMap, type MsgpackValue, safeIntegerOf, textOf } from "./msgpack-value.ts";
import { toPayload } from "./payload.ts";
import { type Parsed, parsed, unparsed } from "./stored.ts";
import { readableText } from "./utf8.ts";

/** Unix seconds that have a date people could read. */
const YEAR_0_SEC = -62_167_219_200;
const YEAR_9999_SEC = 253_402_300_799;

/** NULL = no events. Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_history.rb `Event`, `new_from_hash`. */
export function parseHistory(value: MsgpackValue): Parsed<readonly HistoryEntry[]> {
  if (value === null) return parsed([]);
  if (!isMsgpackArray(value)) return unparsed("a history that is no list");
  const entries: HistoryEntry[] = [];
  for (const item of value) {
    if (!isMsgpackMap(item)) return unparsed("a history entry that is no map");
    const timeSec = safeIntegerOf(item.get("time"));
    const name = textOf(item.get("name"));
    if (timeSec === null || name === null) return unparsed("a history entry without time or name");
    if (timeSec < YEAR_0_SEC || timeSec > YEAR_9999_SEC) return unparsed(`a history entry of no year: ${timeSec} s`);
    entries.push({ timeSec, name, worldId: textOf(item.get("world_id")) });
  }
  return parsed(entries);
}

/** Ids in the order in which steps were added. NULL is a fault to Ruby too (execution_plan.rb `steps_from_hash`). */
export function parseStepIds(value: MsgpackValue): Parsed<readonly number[]> {
  if (value === null) return unparsed("no list of steps is stored");
  return parseIntegers(value, "step_ids");
}

/** Ids of the plan steps planned below one; NULL for run and finalize steps. */
export const parseChildren = (value: MsgpackValue): Parsed<readonly number[] | null> =>
  value === null ? parsed(null) : parseIntegers(value, "children");

function parseIntegers(value: MsgpackValue, column: string): Parsed<readonly number[]> {
  if (!isMsgpackArray(value)) return unparsed(`${column} is no list`);
  const ids: number[] = [];
  for (const item of value) {
    const id = safeIntegerOf(item);
    if (id === null) return unparsed(`${column} holds something that is no integer`);
    ids.push(id);
  }
  return parsed(ids);
}

/**
 * Text that Ruby holds without an encoding (what came from a socket or a program) is stored as bytes: they are read as
 * the text that they are. A message can be whatever a class of exceptions makes of it; none is empty.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/execution_plan/steps/error.rb `to_hash`; msgpack-ruby `ext/msgpack/packer.h`
 * `msgpack_packer_write_string_value` (a string in ASCII-8BIT is written as `bin`).
 */
export function parseStepError(value: MsgpackValue): Parsed<StepError | null> {
  if (value === null) return parsed(null);
  if (!isMsgpackMap(value)) return unparsed("an error that is no map");
  const exceptionClass = lineOf(value.get("exception_class"));
  const message = value.get("message") ?? null;
  if (exceptionClass === null) return unparsed("an error without a class");
  const backtrace = value.get("backtrace");
  const lines = isMsgpackArray(backtrace) ? backtrace.flatMap((line) => lineOf(line) ?? []) : [];
  return parsed({ exceptionClass, message: messageOf(message), backtrace: lines });
}

/** A text, whether it was stored as one or as bytes. */
const lineOf = (value: MsgpackValue | undefined): string | null =>
  value instanceof Uint8Array ? readableText(value) : textOf(value);

const messageOf = (value: MsgpackValue): string =>
  value === null ? "" : (lineOf(value) ?? JSON.stringify(toPayload(value)));

/** The map that Ruby stores for an error. */
export const stepErrorValue = (error: StepError): MsgpackValue =>
  new Map<MsgpackValue, MsgpackValue>([
    ["class", "Dynflow::ExecutionPlan::Steps::Error"],
    ["exception_class", error.exceptionClass],
    ["message", error.message],
    ["backtrace", error.backtrace],
  ]);

/** The list that Ruby stores for a history. */
export const historyValue = (entries: readonly HistoryEntry[]): MsgpackValue =>
  entries.map(
    (entry) =>
      new Map<MsgpackValue, MsgpackValue>([
        ["time", entry.timeSec],
        ["name", entry.name],
        ["world_id", entry.worldId],
      ]),
  );
