"use client";
import { createContext, useContext, useEffect, useId, useRef, useState, useSyncExternalStore } from "react";
import { createKeyRegistry, type KeyBinding, type KeyRegistry } from "./key-registry.ts";

const Context = createContext<KeyRegistry | null>(null);

/** One registry of all keys for the page. */
export function KeysProvider({ children }: { readonly children: React.ReactNode }) {
  const [registry] = useState(createKeyRegistry);
  useEffect(() => registry.listen(window), [registry]);
  return <Context value={registry}>{children}</Context>;
}

export interface KeysOptions {
  /** Title of the group in the list of all keys. */
  readonly group: string;
  /** While this is set, only these keys and later ones act: an open dialog. */
  readonly modal?: boolean;
  readonly enabled?: boolean;
}

/** Binds keys while the component is shown. The latest bound wins where two bind the same key. */
export function useKeys(bindings: readonly KeyBinding[], { group, modal = false, enabled = true }: KeysOptions): void {
  const registry = useContext(Context);
  const id = useId();
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  const keys = bindings.map(({ keys, does }) => `${keys}\u0000${does}`).join("\u0001");
  useEffect(() => {
    if (registry === null || !enabled) return;
    const stable =
      keys === ""
        ? []
        : keys.split("\u0001").map((text, index) => {
            const [combination = "", does = ""] = text.split("\u0000");
            return { keys: combination, does, run: (event: KeyboardEvent) => latest.current[index]?.run(event) };
          });
    return registry.add({ id, group, modal, bindings: stable });
  }, [registry, id, group, modal, enabled, keys]);
}

/** Every key that acts now, by group: for the list under `?`. */
export function useKeyGroups(): ReturnType<KeyRegistry["groups"]> {
  const registry = useContext(Context);
  return useSyncExternalStore(
    (changed) => registry?.subscribe(changed) ?? (() => {}),
    () => registry?.groups() ?? NONE,
    () => NONE,
  );
}
const NONE: ReturnType<KeyRegistry["groups"]> = [];
