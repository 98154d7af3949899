"use client";
import { useId, useState } from "react";
import { FindField, SlashHint, useTyped } from "#components/ui/find-field.tsx";
import { formatCount } from "#components/ui/format.ts";
import { useMedia, WIDE } from "#components/ui/media.ts";
import { AuditFilter } from "./audit-filter.tsx";
import { EVENT_KINDS, foldedFilters, type JournalQuery, KIND_GROUPS } from "./journal-query.ts";

const TYPING_MS = 400;

interface JournalFilterProps {
  readonly query: JournalQuery;
  readonly streams: readonly string[];
  readonly onChange: (query: JournalQuery, replace: boolean) => void;
}

/**
 * The subject, and behind one button the rest: open where there is room, folded where it would take half the screen; how
 * many of them are set is said either way. All of it stands in the address.
 */
export function JournalFilter({ query, streams, onChange }: JournalFilterProps) {
  const id = useId();
  const wide = useMedia(WIDE);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? wide;
  const set = foldedFilters(query);
  return (
    <search>
      <div className="q">
        <SubjectField
          value={query.subject ?? ""}
          onChange={(subject) => onChange({ ...query, subject: subject === "" ? null : subject }, true)}
        />
        <button type="button" className="btn" aria-expanded={open} aria-controls={id} onClick={() => setChosen(!open)}>
          {set === 0 ? "Filters" : `Filters, ${formatCount(set)} set`}
        </button>
      </div>
      <div id={id} className="q q-folded" hidden={!open}>
        <WhatFilter query={query} streams={streams} onChange={onChange} />
        <AuditFilter query={query} onChange={(next) => onChange(next, false)} />
      </div>
    </search>
  );
}

/** Stream and kind. */
function WhatFilter({ query, streams, onChange }: JournalFilterProps) {
  const listed = query.stream === null || streams.includes(query.stream) ? streams : [...streams, query.stream];
  const kinds = query.kind === null || isListed(query.kind) ? EVENT_KINDS : [...EVENT_KINDS, query.kind];
  return (
    <>
      <label className="q-part">
        <span className="lbl">stream</span>
        <select
          className="field"
          value={query.stream ?? ""}
          onChange={({ target: { value } }) => onChange({ ...query, stream: value === "" ? null : value }, false)}
        >
          <option value="">all</option>
          {listed.map((stream) => (
            <option key={stream} value={stream}>
              {stream}
            </option>
          ))}
        </select>
      </label>
      <label className="q-part">
        <span className="lbl">kind</span>
        <select
          className="field"
          disabled={query.view === "actions"}
          value={query.view === "actions" ? "op.*" : (query.kind ?? "")}
          onChange={({ target: { value } }) => onChange({ ...query, kind: value === "" ? null : value }, false)}
        >
          <option value="">all</option>
          <optgroup label="Together">
            {KIND_GROUPS.map(({ value, words }) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </optgroup>
          <optgroup label="Singly">
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {kind}
              </option>
            ))}
          </optgroup>
        </select>
      </label>
    </>
  );
}

const isListed = (kind: string): boolean =>
  EVENT_KINDS.includes(kind) || KIND_GROUPS.some(({ value }) => value === kind);

function SubjectField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const [typed, setTyped] = useTyped({ restMs: TYPING_MS, onRest: (text) => onChange(text.trim()) });
  return (
    <FindField
      label="Subject: the whole id of a plan, world, incarnation, source or job"
      placeholder="Whole id of a plan, world, incarnation, source or job"
      does="filter by subject"
      text={typed ?? value}
      onText={setTyped}
      after={<SlashHint />}
    />
  );
}
