"use client";
import { FindField, useTyped } from "#components/ui/find-field.tsx";
import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import type { AgentsPlace } from "#components/ui/routes.ts";
import type { AgentState } from "#server/contract/agents.ts";
import { type AgentFilter, type AgentLine, countByState, LISTED_STATES } from "./agent-lines.ts";

const TYPING_MS = 250;

interface FilterBarProps {
  readonly filter: AgentFilter;
  /** Within the text, whatever the states are. */
  readonly within: readonly AgentLine[];
  readonly asMap: boolean;
  readonly onChange: (part: Partial<AgentsPlace>) => void;
}

/** Search, states with their counts, map or table. */
export function AgentFilterBar({ filter, within, asMap, onChange }: FilterBarProps) {
  const counts = countByState(within);
  const toggle = (state: AgentState) => {
    const next = filter.states.includes(state)
      ? filter.states.filter((one) => one !== state)
      : [...filter.states, state];
    onChange({ state: next.length === 0 || next.length === LISTED_STATES.length ? null : next.join(",") });
  };
  return (
    <div className="agent-filter">
      <SearchBox value={filter.text} onChange={(text) => onChange({ text })} />
      <fieldset className="chips" aria-label="States">
        {LISTED_STATES.map((state) => (
          <button
            key={state}
            type="button"
            className="chip"
            aria-pressed={filter.states.includes(state)}
            onClick={() => toggle(state)}
          >
            <State system="agent" word={state} />
            <b>{formatCount(counts.get(state) ?? 0)}</b>
          </button>
        ))}
      </fieldset>
      <fieldset className="seg push" aria-label="Shown as">
        <button type="button" aria-pressed={!asMap} onClick={() => onChange({ view: null })}>
          Table
        </button>
        <button type="button" aria-pressed={asMap} onClick={() => onChange({ view: "map" })}>
          Map
        </button>
      </fieldset>
    </div>
  );
}

/** Follows the typing, and tells when it rests. */
function SearchBox({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  const [typed, setTyped] = useTyped({ restMs: TYPING_MS, onRest: onChange });
  return (
    <FindField
      label="Filter by agent, host, gateway or program"
      placeholder="agent, host, gateway…"
      does="filter agents"
      text={typed ?? value}
      onText={setTyped}
    />
  );
}
