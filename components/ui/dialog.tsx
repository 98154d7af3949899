"use client";
import { useEffect, useId, useRef } from "react";
import { Icon } from "./icons.tsx";
import { useKeys } from "./keys.tsx";

interface DialogProps {
  readonly title: React.ReactNode;
  readonly sub?: React.ReactNode;
  readonly onClose: () => void;
  /** While something is under way it cannot be closed by accident. */
  readonly busy?: boolean;
  readonly wide?: boolean;
  readonly children: React.ReactNode;
}

/**
 * A dialog on the native element: focus stays inside and goes back, Escape and the cross close it, what is behind is
 * inert. Shown as long as it is rendered.
 */
export function Dialog({ title, sub, onClose, busy = false, wide = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null || dialog.open) return;
    const before = document.activeElement;
    dialog.showModal();
    const first = dialog.querySelector("[data-first]");
    (first instanceof HTMLElement ? first : dialog).focus();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement || before instanceof SVGElement) before.focus();
    };
  }, []);
  const close = () => {
    if (!busy) onClose();
  };
  useKeys([{ keys: "Escape", does: "close the dialog", run: close }], { group: "Dialog", modal: true });
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does what a click on the backdrop does
    <dialog
      ref={ref}
      tabIndex={-1}
      className={wide ? "dlg wide" : "dlg"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === ref.current) close();
      }}
    >
      <div className="dlg-in">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: no control, and in a dialog no banner either */}
        <header role="none">
          <div>
            <h2 id={titleId}>{title}</h2>
            {sub !== undefined && <p className="small t2 wrap">{sub}</p>}
          </div>
          <button
            type="button"
            className="btn-icon"
            aria-label="Close"
            aria-disabled={busy || undefined}
            onClick={close}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
