"use client";
import { useState } from "react";
import { Icon } from "#components/ui/icons.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useReadOnly } from "#components/ui/read-only.ts";
import { usePermitted, useSession } from "#components/ui/session.ts";

const ReadOnlyDialog = onDemand(() => import("./read-only-dialog.tsx").then((module) => module.ReadOnlyDialog));

/** The brake over everything; not there once it is pulled, as the banner says so then. */
export function Brake() {
  const [open, setOpen] = useState(false);
  const held = useReadOnly() !== null;
  const configured = useSession()?.readOnly ?? false;
  const permitted = usePermitted("safety:read-only");
  return (
    <>
      {permitted && !held && !configured && (
        <button
          type="button"
          className="btn-icon"
          aria-label="Make everything read-only…"
          title="Make everything read-only…"
          onClick={() => setOpen(true)}
        >
          <Icon name="stop" size={15} />
        </button>
      )}
      {open && <ReadOnlyDialog on onClose={() => setOpen(false)} />}
    </>
  );
}
