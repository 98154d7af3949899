"use client";
import { Dialog } from "#components/ui/dialog.tsx";

/** Finds any object and any action; shown while it is rendered. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Find or do" onClose={onClose}>
      <div className="dbody" />
    </Dialog>
  );
}
