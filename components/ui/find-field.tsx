"use client";
import { useEffect, useRef, useState } from "react";
import { Icon } from "./icons.tsx";
import { useKeys } from "./keys.tsx";

interface TypedOptions {
  /** Typing is told when it rests this long. */
  readonly restMs: number;
  readonly onRest: (typed: string) => void;
  /** What is typed waits for `Enter`, however long it rests. */
  readonly waits?: (typed: string) => boolean;
}

const NEVER = (): boolean => false;

/** What is being typed, until it rests and is told; `null` = nothing, and the field shows what stands in the address. */
export function useTyped({ restMs, onRest, waits = NEVER }: TypedOptions) {
  const [typed, setTyped] = useState<string | null>(null);
  const latest = useRef(onRest);
  useEffect(() => {
    latest.current = onRest;
  });
  const isToRest = typed !== null && !waits(typed);
  useEffect(() => {
    if (!isToRest) return;
    const timer = setTimeout(() => {
      setTyped(null);
      latest.current(typed);
    }, restMs);
    return () => clearTimeout(timer);
  }, [typed, isToRest, restMs]);
  return [typed, setTyped] as const;
}

interface FindFieldProps {
  /** Its accessible name. */
  readonly label: string;
  readonly placeholder: string;
  /** What the key `/`, which leads here, is said to do. */
  readonly does: string;
  /** The key takes the whole text, to be typed over. */
  readonly selects?: boolean;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onEnter?: () => void;
  /** What stands left of the text. */
  readonly before?: React.ReactNode;
  /** What stands right of the text. */
  readonly after?: React.ReactNode;
}

/** The field of a list in which one types what is looked for: `/` leads to it, `Escape` out of it. */
export function FindField(props: FindFieldProps) {
  const { label, placeholder, does, selects = false, text, onText, onEnter, before, after } = props;
  const input = useRef<HTMLInputElement>(null);
  const enter = () => {
    input.current?.focus();
    if (selects) input.current?.select();
  };
  useKeys([{ keys: "/", does, run: enter }], { group: "List" });
  return (
    <div className="field q-label">
      <Icon name="search" size={14} />
      {before}
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") input.current?.blur();
          if (event.key === "Enter") onEnter?.();
        }}
      />
      {after}
    </div>
  );
}

/** Says in a field that the key `/` leads to it. */
export function SlashHint() {
  return (
    <span aria-hidden="true">
      <kbd>/</kbd>
    </span>
  );
}
