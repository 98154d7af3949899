"use client";
import { useId, useState } from "react";
import { FindField, SlashHint, useTyped } from "#components/ui/find-field.tsx";
import { usePreferences } from "#components/ui/preferences.tsx";
import {
  conditionsOf,
  isDescendingFirst,
  isLive,
  labelText,
  type PlansQuery,
  parsePlanId,
  parseTyped,
  SORT_WORDS,
  SORTS,
  WITHIN_HOURS,
  WITHIN_WORDS,
  type Within,
} from "./plans-query.ts";

/** Typing is not a question yet until it rests this long. */
const TYPING_MS = 350;
const CUSTOM = "custom";

interface FilterBarProps {
  readonly query: PlansQuery;
  readonly sources: readonly { readonly id: string; readonly title: string }[];
  /** In an order of the database the list is of one source. */
  readonly shownSource: string | null;
  readonly onChange: (query: PlansQuery, how: { readonly replace: boolean }) => void;
  /** Somebody pressed Enter: what is the only one of its kind is opened. */
  readonly onEnter: (text: string) => void;
  /** What stands right of the box. */
  readonly children: React.ReactNode;
}

/** What is looked for, time, source and order of the list; all of it stands in the address. */
export function FilterBar({ query, sources, shownSource, onChange, onEnter, children }: FilterBarProps) {
  const ids = { within: useId(), source: useId(), sort: useId() };
  const change = (part: Partial<PlansQuery>, replace = false) =>
    onChange({ ...query, position: null, row: null, ...part }, { replace });
  const [custom, setCustom] = useState(query.from !== null || query.to !== null);
  const needsAllowed = isLive(query);
  return (
    <search className="q">
      <SearchField
        query={query}
        onChange={(next) => onChange({ ...next, position: null, row: null }, { replace: true })}
        onEnter={onEnter}
      />
      <label className="q-part">
        <span className="lbl">started</span>
        <select
          id={ids.within}
          className="field"
          value={query.within ?? (custom ? CUSTOM : "")}
          onChange={({ target: { value } }) => {
            setCustom(value === CUSTOM);
            const within = value !== "" && value !== CUSTOM ? (value as Within) : null;
            change(value === CUSTOM ? { within } : { within, from: null, to: null });
          }}
        >
          <option value="">any time</option>
          {Object.keys(WITHIN_HOURS).map((within) => (
            <option key={within} value={within}>
              within {WITHIN_WORDS[within as Within]}
            </option>
          ))}
          <option value={CUSTOM}>from – to</option>
        </select>
      </label>
      {custom && query.within === null && (
        <>
          <InstantField label="from" value={query.from} onChange={(from) => change({ from })} />
          <InstantField label="to" value={query.to} onChange={(to) => change({ to })} />
        </>
      )}
      {sources.length > 1 && (
        <label className="q-part">
          <span className="lbl">source</span>
          <select
            id={ids.source}
            className="field"
            value={query.source ?? shownSource ?? ""}
            onChange={({ target: { value } }) => change({ source: value === "" ? null : value })}
          >
            {query.sort === "needs" && <option value="">all</option>}
            {sources.map(({ id, title }) => (
              <option key={id} value={id}>
                {title === id ? id : `${title} (${id})`}
              </option>
            ))}
          </select>
        </label>
      )}
      <label className="q-part">
        <span className="lbl">order</span>
        <select
          id={ids.sort}
          className="field"
          value={query.sort}
          onChange={({ target: { value } }) => {
            const sort = SORTS.find((known) => known === value) ?? "startedAt";
            change({ sort, descending: isDescendingFirst(sort) });
          }}
        >
          {SORTS.filter((sort) => sort !== "needs" || needsAllowed).map((sort) => (
            <option key={sort} value={sort}>
              {SORT_WORDS[sort]}
            </option>
          ))}
        </select>
      </label>
      {query.sort !== "needs" && (
        <button
          type="button"
          className="btn"
          aria-label={query.descending ? "Descending; turn round" : "Ascending; turn round"}
          title={query.descending ? "the greatest first" : "the least first"}
          onClick={() => change({ descending: !query.descending })}
        >
          {query.descending ? "↓" : "↑"}
        </button>
      )}
      {children}
    </search>
  );
}

interface SearchFieldProps {
  readonly query: PlansQuery;
  readonly onChange: (query: PlansQuery) => void;
  readonly onEnter: (text: string) => void;
}

/** Part of a label, class or id, or `Actions::*`; before it stand the other conditions, each to be dropped. */
function SearchField({ query, onChange, onEnter }: SearchFieldProps) {
  const labelTyped = query.label !== null && query.label.kind !== "exact";
  const inUrl = query.text ?? (labelTyped ? labelText(query.label) : "");
  const parse = (said: string): PlansQuery => {
    const next = parseTyped(said);
    // A label of a link stands before the box and stays.
    return { ...query, text: next.text, label: next.label ?? (labelTyped ? null : query.label) };
  };
  const tell = (said: string) => {
    if (said.trim() !== inUrl) onChange(parse(said));
  };
  const [typed, setTyped] = useTyped({ restMs: TYPING_MS, onRest: tell, waits: isId });
  const text = typed ?? inUrl;
  const enter = () => {
    if (text.trim() === "") return;
    if (!isId(text)) {
      setTyped(null);
      tell(text);
    }
    onEnter(text.trim());
  };
  return (
    <FindField
      label="Label, class or id, or a part of it"
      placeholder="Label, class or id, or a part of it"
      does="find plans"
      selects
      text={text}
      onText={setTyped}
      onEnter={enter}
      before={conditionsOf(query)
        .filter(({ inBox }) => inBox)
        .map(({ words, without }) => (
          <span key={words} className="tok">
            <bdi>{words}</bdi>
            <button type="button" aria-label={`Drop ${words}`} onClick={() => onChange(without)}>
              ×
            </button>
          </span>
        ))}
      after={isId(text) ? <span className="small t3 nowrap">Enter opens the plan</span> : <SlashHint />}
    />
  );
}

/** The whole id of a plan: it is opened, not looked for. */
const isId = (text: string): boolean => parsePlanId(text) !== null;

interface InstantFieldProps {
  readonly label: string;
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
}

/** An instant in the chosen zone, to the minute. */
function InstantField({ label, value, onChange }: InstantFieldProps) {
  const { zone } = usePreferences();
  const shown = value === null ? "" : zone === "utc" ? value.slice(0, 16) : localText(new Date(value));
  return (
    <label className="q-part">
      <span className="lbl">
        {label} ({zone === "utc" ? "UTC" : "local"})
      </span>
      <input
        type="datetime-local"
        className="field"
        value={shown}
        onChange={({ target }) => {
          const at = Date.parse(zone === "utc" ? `${target.value}Z` : target.value);
          onChange(Number.isNaN(at) ? null : new Date(at).toISOString());
        }}
      />
    </label>
  );
}

function localText(at: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
