"use client";
import { useEffect, useId, useRef } from "react";
import { Icon } from "./icons.tsx";
import { useKeys } from "./keys.tsx";
import { IntoDrawer } from "./slots.tsx";

interface DrawerProps {
  readonly title: React.ReactNode;
  /** Under the title: state and since when. */
  readonly sub?: React.ReactNode;
  readonly onClose: () => void;
  readonly children: React.ReactNode;
}

/** Details at the right that keep the list in view; Escape closes it and gives the focus back. */
export function Drawer({ title, sub, onClose, children }: DrawerProps) {
  useKeys([{ keys: "Escape", does: "close the drawer", run: onClose }], { group: "Drawer" });
  return (
    <IntoDrawer>
      <DrawerBox title={title} sub={sub} onClose={onClose}>
        {children}
      </DrawerBox>
    </IntoDrawer>
  );
}

function DrawerBox({ title, sub, onClose, children }: DrawerProps) {
  const titleId = useId();
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      const lost = document.activeElement === document.body || ref.current?.contains(document.activeElement) === true;
      if (lost && (before instanceof HTMLElement || before instanceof SVGElement)) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <aside ref={ref} className="drawer" aria-labelledby={titleId} tabIndex={0}>
      <div className="dhead">
        <div className="row">
          <h2 id={titleId}>{title}</h2>
          <button type="button" className="btn-icon push" aria-label="Close details" onClick={onClose}>
            <Icon name="close" size={15} />
          </button>
        </div>
        {sub !== undefined && <div className="row wrap-row small">{sub}</div>}
      </div>
      {children}
    </aside>
  );
}

/** A part of a drawer under its small head. */
export function DrawerSection({
  title,
  note,
  children,
}: {
  title: string;
  note?: React.ReactNode;
  children: React.ReactNode;
}) {
  return (
    <section className="dsec">
      <h3>
        {title} {note !== undefined && <span className="t3 small">{note}</span>}
      </h3>
      {children}
    </section>
  );
}
