"use client";
import { useEffect, useId, useRef, useState } from "react";

interface MenuProps {
  readonly title: string;
  readonly children: React.ReactNode;
}

/** A button that unfolds something below it; Escape, and a click anywhere else, fold it again. */
export function Menu({ title, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const elsewhere = (event: PointerEvent) => {
      if (event.target instanceof Node && box.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
  }, [open]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape in whatever has the focus folds what is around it
    <div
      ref={box}
      className="menu"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        ref={button}
        type="button"
        className="btn"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {title}
      </button>
      {open && (
        <div id={id} className="menu-body">
          {children}
        </div>
      )}
    </div>
  );
}
