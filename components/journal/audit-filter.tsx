"use client";
import { useId, useState } from "react";
import { parseInstant } from "#components/ui/format.ts";
import { OPERATION_PHASES } from "#server/contract/fold/operator-state.ts";
import { toIso } from "#server/kernel/clock.ts";
import type { JournalQuery } from "./journal-query.ts";

/** Actions that this version knows; others can be typed. */
const ACTIONS: readonly string[] = [
  "dna.failover.start",
  "dna.failover.startKey",
  "dna.actors.stop",
  "dna.actors.stopMany",
  "dynflow.plans.resume",
  "dynflow.plans.skip",
  "dynflow.plans.cancel",
  "dynflow.plans.cancelStep",
  "dynflow.plans.abort",
  "dynflow.plans.halt",
  "dynflow.plans.startNow",
  "dynflow.plans.bulkStart",
  "dynflow.plans.reveal",
  "dynflow.worlds.ping",
  "dynflow.worlds.status",
  "dynflow.worlds.probe",
  "dynflow.worlds.invalidate",
  "jobs.pause",
  "jobs.resume",
  "jobs.cancel",
  "jobs.retry",
  "session.login",
];

interface AuditFilterProps {
  readonly query: JournalQuery;
  readonly onChange: (query: JournalQuery) => void;
}

/** Who, which action, how it ended, and when; all of it stands in the address. */
export function AuditFilter({ query, onChange }: AuditFilterProps) {
  const actions = useId();
  return (
    <fieldset className="q-audit">
      <legend className="vh">Who did it, what, and when</legend>
      <TextPart label="user" value={query.user} hint="whole id" onChange={(user) => onChange({ ...query, user })} />
      <TextPart
        label="action"
        value={query.action}
        hint="dynflow.plans"
        list={actions}
        onChange={(action) => onChange({ ...query, action })}
      />
      <datalist id={actions}>
        {ACTIONS.map((action) => (
          <option key={action} value={action} />
        ))}
      </datalist>
      <label className="q-part">
        <span className="lbl">{query.view === "actions" ? "stands at" : "phase"}</span>
        <select
          className="field"
          value={query.phase ?? ""}
          onChange={({ target: { value } }) =>
            onChange({ ...query, phase: OPERATION_PHASES.find((phase) => phase === value) ?? null })
          }
        >
          <option value="">any</option>
          {OPERATION_PHASES.map((phase) => (
            <option key={phase} value={phase}>
              {phase}
            </option>
          ))}
        </select>
      </label>
      <InstantPart label="from (UTC)" value={query.from} onChange={(from) => onChange({ ...query, from })} />
      <InstantPart label="to (UTC)" value={query.to} onChange={(to) => onChange({ ...query, to })} />
    </fieldset>
  );
}

interface TextPartProps {
  readonly label: string;
  readonly value: string | null;
  readonly hint: string;
  readonly list?: string;
  readonly onChange: (value: string | null) => void;
}

/** Taken when it is left or confirmed, not while it is typed. */
function TextPart({ label, value, hint, list, onChange }: TextPartProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const take = () => {
    if (typed === null) return;
    setTyped(null);
    const next = typed.trim() === "" ? null : typed.trim();
    if (next !== value) onChange(next);
  };
  return (
    <label className="q-part">
      <span className="lbl">{label}</span>
      <input
        className="field"
        type="text"
        placeholder={hint}
        autoComplete="off"
        spellCheck={false}
        list={list}
        value={typed ?? value ?? ""}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") take();
        }}
      />
    </label>
  );
}

/** The clock's own form of an instant in UTC: `2026-11-22T06:52:14`. */
const toField = (iso: string | null): string => (iso === null ? "" : iso.slice(0, 19));

function InstantPart({ label, value, onChange }: Omit<TextPartProps, "hint" | "list">) {
  return (
    <label className="q-part">
      <span className="lbl">{label}</span>
      <input
        className="field"
        type="datetime-local"
        step={1}
        value={toField(value)}
        onChange={({ target }) => {
          const at = target.value === "" ? null : parseInstant(`${target.value}Z`);
          onChange(at === null ? null : toIso(at));
        }}
      />
    </label>
  );
}
