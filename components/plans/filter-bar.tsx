"use client";
import { Search } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useKeys } from "#components/ui/keys.tsx";
import { usePreferences } from "#components/ui/preferences.tsx";
import {
  isDescendingFirst,
  isUnfinished,
  labelText,
  type PlansQuery,
  parseLabel,
  parsePlanId,
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
  readonly onPlanId: (planId: string) => void;
}

/** Label, time, source and order of the list; all of it stands in the address. */
export function FilterBar({ query, sources, shownSource, onChange, onPlanId }: FilterBarProps) {
  const ids = { label: useId(), within: useId(), source: useId(), sort: useId() };
  const change = (part: Partial<PlansQuery>, replace = false) =>
    onChange({ ...query, position: null, ...part }, { replace });
  const [custom, setCustom] = useState(query.from !== null || query.to !== null);
  const needsAllowed = isUnfinished(query.states);
  return (
    <search className="q">
      <LabelField id={ids.label} query={query} onChange={(label) => change({ label }, true)} onPlanId={onPlanId} />
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
    </search>
  );
}

interface LabelFieldProps {
  readonly id: string;
  readonly query: PlansQuery;
  readonly onChange: (label: PlansQuery["label"]) => void;
  readonly onPlanId: (planId: string) => void;
}

/** `Actions::*`, or the id of a plan: that one is opened by Enter. */
function LabelField({ id, query, onChange, onPlanId }: LabelFieldProps) {
  const inUrl = labelText(query.label);
  const [typed, setTyped] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const text = typed ?? inUrl;
  const planId = parsePlanId(text);
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    if (typed === null || parsePlanId(typed) !== null) return;
    const timer = setTimeout(() => {
      setTyped(null);
      if (typed !== inUrl) latest.current(parseLabel(typed));
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, inUrl]);
  useKeys(
    [
      {
        keys: "/",
        does: "filter by label",
        run: () => {
          input.current?.focus();
          input.current?.select();
        },
      },
    ],
    { group: "List" },
  );
  return (
    <div className="field q-label">
      <Search size={14} aria-hidden="true" />
      <input
        ref={input}
        id={id}
        type="search"
        aria-label="Label, Prefix* or a plan id"
        placeholder="Label, Prefix* or a plan id"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") input.current?.blur();
          if (event.key !== "Enter") return;
          if (planId !== null) onPlanId(planId);
          else if (typed !== null) {
            setTyped(null);
            onChange(parseLabel(typed));
          }
        }}
      />
      {planId === null ? (
        <span aria-hidden="true">
          <kbd>/</kbd>
        </span>
      ) : (
        <span className="small t3 nowrap">Enter opens the plan</span>
      )}
    </div>
  );
}

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
