"use client";
import { useCallback, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

/** A browser may keep nothing at all: then it is as if nothing had been kept. */
function read(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, text: string | null): boolean {
  try {
    if (text === null) window.localStorage.removeItem(key);
    else window.localStorage.setItem(key, text);
  } catch {
    return false;
  }
  for (const listener of listeners) listener();
  return true;
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  window.addEventListener("storage", changed);
  return () => {
    listeners.delete(changed);
    window.removeEventListener("storage", changed);
  };
}

/** A text that this browser keeps, the same in all its tabs. Setting tells whether it could be kept. */
export function useKeptHere(key: string): readonly [string | null, (text: string | null) => boolean] {
  const text = useSyncExternalStore(
    subscribe,
    () => read(key),
    () => null,
  );
  return [text, useCallback((next: string | null) => write(key, next), [key])];
}
