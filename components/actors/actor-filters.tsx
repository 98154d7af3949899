"use client";
import { useEffect, useId, useRef, useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { SlashHint } from "#components/ui/find-field.tsx";
import { useKeys } from "#components/ui/keys.tsx";
import { routes } from "#components/ui/routes.ts";

/** A walk inside one partition is started when the typing pauses. */
const TYPING_MS = 250;
const PREFIX_MAX = 1_000;

interface ActorType {
  readonly namespace: string;
  readonly moduleId: number;
  readonly module?: string | null;
}

interface ActorFiltersProps {
  readonly source: string;
  readonly sources: readonly string[];
  readonly types: readonly ActorType[];
  readonly chosen: ActorType | null;
  readonly prefix: string;
}

const typeKey = ({ namespace, moduleId }: ActorType): string => JSON.stringify([namespace, moduleId]);

/** `weather / 0 City` */
export const typeTitle = ({ namespace, moduleId, module }: ActorType): string =>
  `${namespace} / ${moduleId}${module == null ? "" : ` ${module}`}`;

/** Source, type, and the beginning of the name; all of it in the address. */
export function ActorFilters({ source, sources, types, chosen, prefix }: ActorFiltersProps) {
  const { go } = useAddress();
  const ids = { source: useId(), type: useId(), prefix: useId() };
  const known = chosen === null || types.some((type) => typeKey(type) === typeKey(chosen));
  const all = known || chosen === null ? types : [chosen, ...types];
  return (
    <search className="filters">
      <div>
        <label className="fl" htmlFor={ids.source}>
          Source
        </label>
        <select
          id={ids.source}
          className="field"
          value={source}
          onChange={(event) => go(routes.actors({ source: event.target.value }))}
        >
          {(sources.includes(source) ? sources : [source, ...sources]).map((id) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label className="fl" htmlFor={ids.type}>
          Type: namespace / module
        </label>
        <select
          id={ids.type}
          className="field"
          value={chosen === null ? "" : typeKey(chosen)}
          onChange={(event) => {
            const type = all.find((one) => typeKey(one) === event.target.value);
            if (type !== undefined)
              go(routes.actors({ source, namespace: type.namespace, moduleId: type.moduleId, prefix }));
          }}
        >
          {chosen === null && <option value="">reading…</option>}
          {all.map((type) => (
            <option key={typeKey(type)} value={typeKey(type)}>
              {typeTitle(type)}
            </option>
          ))}
        </select>
      </div>
      <div className="grow">
        <label className="fl" htmlFor={ids.prefix}>
          Name begins with, or is
        </label>
        <PrefixField
          key={`${source} ${chosen === null ? "" : typeKey(chosen)}`}
          id={ids.prefix}
          prefix={prefix}
          onExact={
            chosen === null
              ? null
              : (name) =>
                  go(routes.actors({ source, namespace: chosen.namespace, moduleId: chosen.moduleId, prefix, name }))
          }
          onPrefix={(text) =>
            go(
              routes.actors({
                source,
                namespace: chosen?.namespace ?? null,
                moduleId: chosen?.moduleId ?? null,
                prefix: text,
              }),
              { replace: true },
            )
          }
        />
      </div>
    </search>
  );
}

interface PrefixFieldProps {
  readonly id: string;
  readonly prefix: string;
  readonly onPrefix: (text: string) => void;
  /** Looks up the key of exactly this name; `null` = no type is chosen yet. */
  readonly onExact: ((name: string) => void) | null;
}

function PrefixField({ id, prefix, onPrefix, onExact }: PrefixFieldProps) {
  const [text, setText] = useState(prefix);
  const field = useRef<HTMLInputElement>(null);
  const send = useRef(onPrefix);
  const resting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    send.current = onPrefix;
  });
  useEffect(() => {
    if (text === prefix) return;
    resting.current = setTimeout(() => send.current(text), TYPING_MS);
    return () => clearTimeout(resting.current);
  }, [text, prefix]);
  const lookUp = () => {
    if (text === "" || onExact === null) return;
    // What is looked up is on its way: a walk that began by itself would lead back to the list.
    clearTimeout(resting.current);
    onExact(text);
  };
  useKeys([{ keys: "/", does: "filter by name", run: () => field.current?.focus() }], { group: "List" });
  return (
    <div className="field">
      <input
        ref={field}
        id={id}
        className="mono"
        value={text}
        maxLength={PREFIX_MAX}
        autoComplete="off"
        spellCheck={false}
        placeholder="any; Enter looks up exactly this name"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
          if (event.key === "Enter") lookUp();
        }}
      />
      {text === "" || onExact === null ? (
        <SlashHint />
      ) : (
        <button type="button" className="btn-plain" onClick={lookUp}>
          Look up <kbd>↵</kbd>
        </button>
      )}
    </div>
  );
}
