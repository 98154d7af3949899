"use client";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { useRefusal } from "#components/ui/session.ts";
import {
  isUnfinished,
  LASTING_SECONDS,
  LASTING_WORDS,
  type Lasting,
  labelText,
  type PlansQuery,
  parseLabel,
  parsePlanId,
  WITHIN_HOURS,
  WITHIN_WORDS,
  type Within,
} from "./plans-query.ts";

interface FilterPanelProps {
  readonly query: PlansQuery;
  /** World ids that are known, to choose from. */
  readonly worlds: readonly { readonly id: string; readonly title: string }[];
  readonly onChange: (part: Partial<PlansQuery>) => void;
}

/** Conditions that the search box does not take; each stands in the address once it is set. */
export function FilterPanel({ query, worlds, onChange }: FilterPanelProps) {
  const refusal = useRefusal("plans:search-text");
  /** Whoever looks for an error means finished plans, too, unless states were chosen. */
  const search = (part: Partial<PlansQuery>) =>
    onChange(isUnfinished(query.states) && query.states.length > 1 ? { ...part, states: [] } : part);
  return (
    <fieldset className="panel" aria-label="Filters">
      <TextPart
        title="Class of the root action"
        hint="Actions::*, *Sync*"
        value={labelText(query.rootClass)}
        onSet={(text) => onChange({ rootClass: parseLabel(text) })}
      />
      <TextPart
        title="Sub-plans of plan"
        hint="a plan id"
        value={query.caller ?? ""}
        fault={(text) => (text === "" || parsePlanId(text) !== null ? null : "This is no plan id.")}
        onSet={(text) => onChange({ caller: parsePlanId(text) })}
      />
      <Choice
        title="Held by world"
        value={query.heldBy}
        options={worlds.map(({ id, title }) => [id, title])}
        onSet={(heldBy) => onChange({ heldBy })}
      />
      <Choice
        title="Lasting at least"
        value={query.lasting}
        options={Object.keys(LASTING_SECONDS).map((key) => [key, LASTING_WORDS[key as Lasting]])}
        onSet={(lasting) => onChange({ lasting: lasting as Lasting | null })}
      />
      <Choice
        title="Ended within"
        value={query.ended}
        options={Object.keys(WITHIN_HOURS).map((key) => [key, WITHIN_WORDS[key as Within]])}
        onSet={(ended) => onChange({ ended: ended as Within | null })}
      />
      <Choice
        title="Delayed start"
        value={query.delayed === null ? null : query.delayed ? "yes" : "no"}
        options={[
          ["yes", "kept"],
          ["no", "none"],
        ]}
        onSet={(delayed) => onChange({ delayed: delayed === null ? null : delayed === "yes" })}
      />
      <label className="panel-check">
        <input
          type="checkbox"
          checked={query.topLevel}
          onChange={({ target }) => onChange({ topLevel: target.checked })}
        />
        only plans that no other planned
      </label>
      <p className="panel-note small t3">
        These are found plan by plan: it takes a while, says how far it is, and can be cancelled.
      </p>
      <TextPart
        title="Text in errors"
        hint="No space left"
        verb="Search"
        value={query.error ?? ""}
        refusal={refusal}
        fault={tooShort}
        onSet={(error) => search({ error: error === "" ? null : error })}
      />
      <TextPart
        title="Text in inputs"
        hint="web-01.example"
        verb="Search in inputs"
        value={query.input ?? ""}
        refusal={refusal}
        fault={tooShort}
        onSet={(input) => search({ input: input === "" ? null : input })}
      />
      <TextPart
        title="Class of any action"
        hint="Pulp3::Repository"
        verb="Search"
        value={query.action ?? ""}
        fault={tooShort}
        onSet={(action) => search({ action: action === "" ? null : action })}
      />
      <TextPart
        title="Ran in world"
        hint="a world id"
        verb="Search"
        value={query.ran ?? ""}
        onSet={(ran) => search({ ran: ran === "" ? null : ran })}
      />
    </fieldset>
  );
}

const tooShort = (text: string): string | null => (text.length === 1 ? "At least two characters." : null);

interface TextPartProps {
  readonly title: string;
  readonly hint: string;
  readonly value: string;
  /** What the button says where setting it costs something. */
  readonly verb?: string;
  readonly refusal?: string | null;
  readonly fault?: (text: string) => string | null;
  readonly onSet: (text: string) => void;
}

function TextPart({ title, hint, value, verb, refusal = null, fault, onSet }: TextPartProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const text = (typed ?? value).trim();
  const wrong = fault?.(text) ?? null;
  const set = () => {
    if (wrong !== null || refusal !== null) return;
    setTyped(null);
    // The same again is asked again: that is how a search is begun once more.
    if (text !== value || verb !== undefined) onSet(text);
  };
  return (
    <form
      className="panel-part"
      onSubmit={(event) => {
        event.preventDefault();
        set();
      }}
    >
      <label className="q-part">
        <span className="lbl">{title}</span>
        <input
          className="field"
          placeholder={hint}
          autoComplete="off"
          spellCheck={false}
          aria-invalid={wrong !== null || undefined}
          value={typed ?? value}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={() => {
            if (verb === undefined) set();
          }}
        />
      </label>
      {verb !== undefined && (
        <Button small submit refusal={refusal ?? (typed !== null ? wrong : null)} onPress={() => undefined}>
          {verb}
        </Button>
      )}
    </form>
  );
}

interface ChoiceProps {
  readonly title: string;
  readonly value: string | null;
  readonly options: readonly (readonly [string, string])[];
  readonly onSet: (value: string | null) => void;
}

function Choice({ title, value, options, onSet }: ChoiceProps) {
  const known = value === null || options.some(([key]) => key === value);
  return (
    <label className="q-part">
      <span className="lbl">{title}</span>
      <select
        className="field"
        value={value ?? ""}
        onChange={({ target }) => onSet(target.value === "" ? null : target.value)}
      >
        <option value="">any</option>
        {options.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
        {!known && <option value={value ?? ""}>{value}</option>}
      </select>
    </label>
  );
}
