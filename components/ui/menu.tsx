"use client";
import { useEffect, useId, useRef, useState } from "react";
import { Icon } from "./icons.tsx";

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  /** The key that does the same. */
  readonly shortcut?: string;
  /** What it does, or, when it cannot be done, why not: `null` = it can. */
  readonly says: string;
  readonly refusal: string | null;
  readonly onPress: () => void;
}

interface MenuProps {
  readonly label: string;
  readonly shortcut?: string;
  readonly items: readonly MenuItem[];
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}

/**
 * A button with a list of actions under it. One that cannot be done now stays in the list, can be reached, and says why.
 * Arrows, Home and End move, Escape closes and gives the focus back.
 */
export function Menu({ label, shortcut, items, open, onOpen }: MenuProps) {
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const [at, setAt] = useState(0);

  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && box.current?.contains(event.target) !== true) onOpen(false);
    };
    window.addEventListener("pointerdown", outside);
    return () => window.removeEventListener("pointerdown", outside);
  }, [open, onOpen]);
  const opened = useRef(false);
  useEffect(() => {
    const found = box.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [];
    const first = [...found].findIndex((item) => item.getAttribute("aria-disabled") !== "true");
    const to = opened.current ? at : Math.max(0, first);
    opened.current = open;
    if (!open) return;
    setAt(to);
    found[to]?.focus();
  }, [open, at]);

  const close = () => {
    onOpen(false);
    button.current?.focus();
  };
  function onKeyDown(event: React.KeyboardEvent): void {
    const last = items.length - 1;
    const to = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at === 0 ? last : at - 1, Home: 0, End: last }[
      event.key
    ];
    if (to !== undefined) setAt(to);
    else if (event.key === "Escape") close();
    else {
      if (event.key === "Tab") onOpen(false);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="menu" ref={box}>
      <button
        ref={button}
        type="button"
        className="btn"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-keyshortcuts={shortcut}
        onClick={() => onOpen(!open)}
      >
        {label}
        <Icon name="down" />
        {shortcut !== undefined && (
          <span aria-hidden="true">
            <kbd>{shortcut}</kbd>
          </span>
        )}
      </button>
      {open && (
        <div className="menu-list" role="menu" id={id} aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
          {items.map((item, index) => (
            <button
              key={item.id}
              type="button"
              role="menuitem"
              className="menu-item"
              tabIndex={index === at ? 0 : -1}
              aria-disabled={item.refusal !== null || undefined}
              aria-keyshortcuts={item.shortcut}
              onClick={() => {
                if (item.refusal !== null) return;
                close();
                item.onPress();
              }}
            >
              <span className="menu-name">{item.label}</span>
              {item.shortcut !== undefined && (
                <span aria-hidden="true">
                  <kbd>{item.shortcut}</kbd>
                </span>
              )}
              <span className="menu-says">{item.refusal ?? item.says}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
