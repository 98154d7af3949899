"use client";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { MACHINES } from "#server/contract/diagram/machines.ts";
import { type GlossaryLine, glossaryLines, searchGlossary, sourceText } from "./glossary-lines.ts";

const LINES = glossaryLines(MACHINES);

interface GlossaryProps {
  /** What the address asks for. */
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** Every state that the console shows anywhere: what it means, how it looks, and where that is written. */
export function Glossary({ text, onText }: GlossaryProps) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(text);
  const late = useDeferredValue(typed);
  const found = useMemo(() => searchGlossary(LINES, late), [late]);
  useKeys([{ keys: "/", does: "search the glossary", run: () => input.current?.focus() }], { group: "Life cycles" });
  return (
    <Section
      className="sec-gap"
      title="Glossary"
      note="every state of every life cycle"
      aside={
        <span role="status">
          {found.length === LINES.length
            ? plural(found.length, "state")
            : `${found.length} of ${plural(LINES.length, "state")}`}
        </span>
      }
    >
      <div className="glossary-search">
        <input
          ref={input}
          className="field"
          type="search"
          aria-label="Search the glossary"
          placeholder="State, meaning, look or source"
          value={typed}
          onChange={({ target }) => {
            setTyped(target.value);
            onText(target.value);
          }}
        />
      </div>
      {found.length === 0 ? (
        <Empty title="No state says that.">Every word of the search has to occur.</Empty>
      ) : (
        <div className="tscroll">
          <table className="glossary" aria-label="Glossary of states">
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Of</th>
                <th scope="col" className="w100">
                  What it says
                </th>
                <th scope="col" className="p2">
                  Look
                </th>
                <th scope="col" className="p3">
                  Written in
                </th>
              </tr>
            </thead>
            <tbody>
              {found.map((line) => (
                <Line key={`${line.machine.kind} ${line.state}`} line={line} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

function Line({ line: { machine, state, means, tone, shape, toldBy, sources } }: { readonly line: GlossaryLine }) {
  return (
    <tr>
      <th scope="row" className="nowrap">
        <State system={machine.system} word={state} />
      </th>
      <td className="nowrap">
        <Link href={routes.lifecycles({ kind: machine.kind })} className="plain">
          {machine.name}
        </Link>
      </td>
      <td className="wrap">
        {means}
        {toldBy !== null && <span className="t3 small"> Told by: {toldBy}.</span>}
      </td>
      <td className="p2 t2 nowrap">
        {tone}, {shape}
      </td>
      <td className="p3 t3 small written">{sources.map(sourceText).join("; ")}</td>
    </tr>
  );
}
